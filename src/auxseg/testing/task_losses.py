"""What training relies on: targets and losses."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from auxseg.data.augment import mirror
from auxseg.tasks.task import Dense, form
from auxseg.testing.examples import erase
from auxseg.testing.require import are_close
from auxseg.testing.task_case import ERASED, NUM_IMAGES, TaskCase

SEAM: Final = 0.3
"""By how much, relatively, a loss may miss double its value where a picture occurs twice, for what looks across the
seam; a mean misses it by half."""


def terms_have_one_value_per_image(case: TaskCase) -> None:
    """Weights, counts and losses name the same terms, each with a number per image, also for one image."""
    for num_images in (1, 3):
        output, target = case.output[:num_images], case.task.target(case.batch)[:num_images]
        terms, counts = case.task.loss(output, target), case.task.counts(target)
        case.require(
            set(terms) == set(counts) == set(case.task.weights), "loss, counts and weights name the same terms"
        )
        values = [*terms.values(), *counts.values()]
        case.require(all(value.shape == (num_images,) for value in values), "loss and counts give one number per image")
        case.require(all((count > 0).all() for count in counts.values()), "an image with every label counts")


def targets_are_the_same_every_time(case: TaskCase) -> None:
    """What is drawn at random depends on the sample's key or id, and the batch is left as it is."""
    before = case.batch.image.clone(), case.batch.mask.clone(), case.batch.box.clone()
    one, other = case.task.target(case.batch), case.task.target(case.batch)
    case.require(are_close(one, other, 0, 0), "the same batch gives the same target")
    seen, again = case.task.view.look(case.batch), case.task.view.look(case.batch)
    case.require(are_close(seen, again, 0, 0), "the same batch gives the same picture to look at")
    case.require(seen.shape == case.batch.image.shape, "the picture to look at has the size of the stored picture")
    after = case.batch.image, case.batch.mask, case.batch.box
    left = all(are_close(one, other, 0, 0) for one, other in zip(before, after, strict=True))
    case.require(left, "the batch is left as it is")


def mirror_images_are_samples(case: TaskCase) -> None:
    """Unless left and right mean something (`Task.mirrors`)."""
    if not case.task.mirrors:
        return
    target, batch = case.task.target(case.batch), mirror(case.batch)
    mirrored = case.task.target(batch)
    same = (mirrored.shape, mirrored.dtype) == (target.shape, target.dtype)
    case.require(same, "mirror images have targets of the same form")
    counts = case.task.counts(mirrored).values()
    case.require(all((count > 0).all() for count in counts), "the mirror image of an image with every label counts")
    again = case.task.target(mirror(batch))
    case.require(are_close(again, target), "images that are mirrored twice have the same targets again")
    twice = case.task.mirrored_back(case.task.mirrored_back(case.output))
    case.require(are_close(twice, case.output, 0, 0), "an output that is mirrored back twice is the same again")


def missing_labels_add_exactly_nothing(case: TaskCase) -> None:
    """Neither to a count nor to a loss nor to a gradient."""
    output, target = case.output.clone().requires_grad_(), case.task.target(case.partly)
    counts, losses = case.task.counts(target), case.task.loss(output, target)
    case.require(all((count[ERASED] == 0).all() for count in counts.values()), "a missing label counts as 0")
    case.require(all((loss[ERASED] == 0).all() for loss in losses.values()), "a missing label adds exactly 0 to a loss")
    (gradient,) = torch.autograd.grad(torch.stack([loss.sum() for loss in losses.values()]).sum(), output)
    case.require((gradient[ERASED] == 0).all(), "a missing label adds exactly 0 to the gradient")
    case.require(all((image != 0).any() for image in gradient[~ERASED]), "a label moves the output of its own image")
    nothing = case.task.target(erase(case.batch, torch.ones(NUM_IMAGES, dtype=torch.bool)))
    loss, gradient = case.loss_and_gradient(case.output, nothing, case.totals(nothing))
    case.require(loss == 0 and (gradient == 0).all(), "a batch without any label has the loss 0 and no gradient")


def parts_of_a_batch_add_up(case: TaskCase) -> None:
    """Losses and gradients of any parts, with the totals of the whole, are those of the whole."""
    for batch in (case.batch, case.partly):
        target = case.task.target(batch)
        totals = case.totals(target)
        loss, gradient = case.loss_and_gradient(case.output, target, totals)
        for cut in (1, 3):
            cuts = zip(case.output.split(cut), target.split(cut), strict=True)
            parts = [case.loss_and_gradient(output, labels, totals) for output, labels in cuts]
            case.require(
                are_close(torch.stack([part for part, _ in parts]).sum(), loss),
                "the losses of a batch's parts add up to that of the batch (a loss is a sum per image, not a mean)",
            )
            case.require(
                are_close(torch.cat([part for _, part in parts]), gradient),
                "the gradients of a batch's parts are those of the batch",
            )


def losses_are_sums_over_what_is_counted(case: TaskCase) -> None:
    """A picture that occurs twice in one image has twice the loss where it counts twice."""
    target = case.task.target(case.batch)
    if not isinstance(form(case.task.output), Dense) or target.shape[-2:] != case.output.shape[-2:]:
        return
    twice, both = torch.cat([target, target], dim=-2), torch.cat([case.output, case.output], dim=-2)
    counts, more = case.task.counts(target), case.task.counts(twice)
    losses, found = case.task.loss(case.output, target), case.task.loss(both, twice)
    for term, loss in losses.items():
        expected = loss * more[term] / counts[term].clamp(min=1)
        near = ((found[term] - expected).abs() <= SEAM * expected.abs() + 1e-6).all()
        case.require(near, f"the loss {term!r} is a sum over what counts says that it averages over")


def losses_of_half_precision_outputs_are_float32(case: TaskCase) -> None:
    """What is added up over pixels needs the digits."""
    output, target = case.output.bfloat16().requires_grad_(), case.task.target(case.batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = case.task.loss(output, target)
    case.require(all(loss.dtype == torch.float32 for loss in losses.values()), "losses of bfloat16 outputs are float32")
    (gradient,) = torch.autograd.grad(torch.stack([loss.sum() for loss in losses.values()]).sum(), output)
    finite: list[Tensor] = [*losses.values(), gradient]
    case.require(all(value.isfinite().all() for value in finite), "losses and gradients are finite")


LOSS_RULES: Final = (
    terms_have_one_value_per_image,
    targets_are_the_same_every_time,
    mirror_images_are_samples,
    missing_labels_add_exactly_nothing,
    parts_of_a_batch_add_up,
    losses_are_sums_over_what_is_counted,
    losses_of_half_precision_outputs_are_float32,
)
