"""Deep supervision: weights of the side outputs, and whose figure is given."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.tasks import DeepSupervisionConfig, DeepSupervisionTask, SegmentationConfig, task_loss
from auxseg.tasks.task import IMAGE, Dense, SideOutputs, form
from auxseg.testing import check_task
from tests.tasks.examples import MANY_CLASSES, VOCABULARY, make_batch

LOGIT = 30.0


def _task(settings: DeepSupervisionConfig | None = None, vocabulary: Vocabulary = VOCABULARY) -> DeepSupervisionTask:
    return (settings or DeepSupervisionConfig()).build("deep", vocabulary)


def _certain(mask: torch.Tensor) -> torch.Tensor:
    """Logits of two classes that leave no doubt about a mask."""
    ids = mask.long().masked_fill(mask == IGNORE, 0)
    return functional.one_hot(ids, 2).permute(0, 3, 1, 2).float() * LOGIT


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_the_weight_halves_from_level_to_level(levels: int) -> None:
    settings = DeepSupervisionConfig(losses={"cross_entropy": 1.0}, levels=levels)
    task, target = _task(settings, MANY_CLASSES), make_batch(5, 4).mask
    output = torch.randn(5, 4 * levels, 12, 12)
    means = [
        functional.cross_entropy(output[:, 4 * level : 4 * level + 4], target.long(), ignore_index=IGNORE)
        for level in range(levels)
    ]
    expected = sum((mean * 0.5 ** (level + 1) for level, mean in enumerate(means)), start=torch.tensor(0.0))
    totals = {name: value.sum().item() for name, value in task.counts(target).items()}
    torch.testing.assert_close(task_loss(task, output, target, totals), expected)


def test_every_loss_is_that_of_the_target() -> None:
    target, losses = make_batch(3).mask, {"bce": 0.5, "dice": 2.0}
    masks, output = SegmentationConfig(losses=losses).build("mask", VOCABULARY), torch.randn(3, 4, 12, 12)
    found = _task(DeepSupervisionConfig(losses=losses)).loss(output, target)
    fine, coarse = (masks.loss(logits, target) for logits in output.split(2, dim=1))
    for term in losses:
        torch.testing.assert_close(found[term], fine[term] / 2 + coarse[term] / 4)


def test_figures_are_those_of_the_coarsest_side_output() -> None:
    task, target = _task(), torch.zeros(2, 8, 8, dtype=torch.uint8)
    target[:, :4] = 1
    output = torch.cat([_certain(1 - target), _certain(target)], dim=1)
    table = task.measure(output, target)
    assert task.figures(table) == {"iou_dataset": 1.0, "num_images": 2.0}
    assert task.rows(table)["iou"] == [1.0, 1.0]
    assert torch.equal(task.predict(output), target)
    wrong = task.measure(torch.cat([_certain(target), _certain(1 - target)], dim=1), target)
    assert task.figures(wrong)["iou_dataset"] == 0
    assert set(task.explain()) == set(task.figures(table))


def test_it_reads_coarser_steps_of_the_targets_decoder_and_answers_nothing() -> None:
    task = _task(DeepSupervisionConfig(levels=2))
    assert (task.output, task.view, task.has_answer) == (SideOutputs(Dense(2), 2), IMAGE, False)
    assert form(task.output) == Dense(4)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_keeps_the_contract_of_a_task(levels: int) -> None:
    check_task(DeepSupervisionConfig(levels=levels))


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(InputError, match=r"tasks\.deep: needs masks of at least two classes, but the data have 0"):
        _task(vocabulary=Vocabulary(Size.of(12), (), {}))
    with pytest.raises(InputError, match=r"tasks\.deep\.losses: unknown loss 'fokal'"):
        _task(DeepSupervisionConfig(losses={"fokal": 1.0}))
