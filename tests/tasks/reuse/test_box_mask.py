"""Boxes as supervision of masks: what is counted, what costs nothing, and which data fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.tasks import BoxMaskConfig
from auxseg.tasks.reuse.box_mask import BoxMaskTask
from auxseg.tasks.task import IMAGE, Dense, Of
from tests.tasks.examples import VOCABULARY, make_batch


def _task(settings: BoxMaskConfig | None = None) -> BoxMaskTask:
    return (settings or BoxMaskConfig()).build("boxes", VOCABULARY)


def _boxed(*rows: Sequence[float]) -> Batch:
    batch = make_batch(len(rows))
    return replace(batch, box=torch.tensor(rows))


def _fill(batch: Batch) -> torch.Tensor:
    """Logits that call exactly the box foreground."""
    box = _task().target(batch)[:, 1].nan_to_num()
    return 60 * torch.stack([0.5 - box, box - 0.5], dim=1)


def test_a_mask_that_fills_its_box_costs_nothing() -> None:
    batch = _boxed([0.25, 0.25, 0.75, 0.5], [0, 0, 1, 1])
    task = _task(BoxMaskConfig(losses={"projection": 1.0}))
    target = task.target(batch)
    assert task.loss(_fill(batch), target)["projection"].tolist() == pytest.approx([0, 0], abs=1e-5)
    assert task.rows(task.measure(_fill(batch), target)) == {"projection_iou": [1.0, 1.0]}
    empty = task.measure(-_fill(batch).abs() * torch.tensor([-1.0, 1.0])[:, None, None], target)
    assert task.rows(empty) == {"projection_iou": [0.0, 0.0]}


def test_a_missing_box_and_padding_count_for_nothing() -> None:
    batch = _boxed([0.25, 0.25, 0.75, 0.5], [torch.nan] * 4, [0.01, 0, 0.02, 1])
    batch.inside[0, :, 8:] = False
    task = _task()
    target = task.target(batch)
    counts = task.counts(target)
    assert counts["projection"].tolist() == [1, 0, 0]
    assert counts["pairwise"][0] > 0
    assert counts["pairwise"][1:].tolist() == [0, 0]
    output = torch.randn(3, 2, 12, 12, requires_grad=True)
    loss = torch.stack([value.sum() for value in task.loss(output, target).values()]).sum()
    (gradient,) = torch.autograd.grad(loss, output)
    assert gradient[0, :, :, :8].any()
    assert not gradient[0, :, :, 8:].any()
    assert not gradient[1:].any()


def test_pixels_of_one_colour_are_pulled_to_one_class() -> None:
    batch = _boxed([0.25, 0.25, 0.75, 0.75])
    flat = torch.full_like(batch.clean, 0.5)
    task = _task(BoxMaskConfig(losses={"pairwise": 1.0}))
    target = task.target(replace(batch, clean=flat))
    uneven, even = torch.randn(1, 2, 12, 12), 60 * torch.tensor([-1.0, 1.0])[None, :, None, None].expand(1, 2, 12, 12)
    assert task.loss(even, target)["pairwise"].item() == pytest.approx(0, abs=1e-4)
    assert task.loss(uneven, target)["pairwise"].item() > 1
    noisy = task.target(replace(batch, clean=torch.rand_like(flat)))
    assert task.loss(uneven, noisy)["pairwise"] < task.loss(uneven, target)["pairwise"] / 10


def test_it_reads_the_targets_output_of_the_targets_picture() -> None:
    task = _task(BoxMaskConfig(ramp=0.2))
    assert (task.output, task.view, task.has_answer, task.ramp) == (Of(Dense(2)), IMAGE, False, 0.2)


@pytest.mark.parametrize(
    ("vocabulary", "reason"),
    [
        (Vocabulary(Size.of(12), (), {}), r"needs masks of at least two classes, but the data have 0"),
        (Vocabulary(Size.of(12), ("sky", "sea"), {}, has_background=False), r"needs the background class.*'sky'"),
    ],
)
def test_data_that_cannot_serve_it_are_refused(vocabulary: Vocabulary, reason: str) -> None:
    with pytest.raises(InputError, match=rf"tasks\.boxes: {reason}"):
        BoxMaskConfig().build("boxes", vocabulary)


def test_a_box_fits_if_it_surrounds_the_mask() -> None:
    batch = _boxed([0.25, 0.25, 0.75, 0.75], [0.25, 0.25, 0.4, 0.4], [0, 0, 1, 1], [torch.nan] * 4, [0, 0, 1, 1])
    mask = torch.zeros(5, 12, 12, dtype=torch.uint8)
    mask[:4, 3:9, 3:9] = 1
    mask[4] = IGNORE
    assert _task().fits(replace(batch, mask=mask)) == [True, False, False, None, None]
