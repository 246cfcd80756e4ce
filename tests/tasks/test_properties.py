"""What holds for every task of the registry, whatever it asks."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.sample import IGNORE
from auxseg.records.values.size import Size
from auxseg.tasks import Task, task_loss
from auxseg.testing import check_task
from auxseg.testing.task_case import NUM_IMAGES, TaskCase
from auxseg.testing.task_figures import (
    neither_order_nor_cutting_changes_a_figure,
    predictions_have_the_form_of_targets,
)
from auxseg.testing.task_losses import parts_of_a_batch_add_up, terms_have_one_value_per_image
from tests.tasks.examples import CONFIGS, REGISTRY, TASKS, erase, make_batch, make_output, taught

every_kind = pytest.mark.parametrize("kind", CONFIGS)
every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


def _case(kind: str, seed: int = 0) -> TaskCase:
    return TaskCase.of(TASKS[kind], CONFIGS[kind][1], seed)


def _totals(task: Task, target: torch.Tensor) -> dict[str, float]:
    return {name: value.sum().item() for name, value in task.counts(target).items()}


def test_left_and_right_mean_something_to_the_flip_of_both_alone() -> None:
    assert [name for name, task in TASKS.items() if not task.mirrors] == ["flip-horizontal"]


@every_kind
def test_every_task_keeps_the_contract(kind: str) -> None:
    config, vocabulary = CONFIGS[kind]
    check_task(config, vocabulary, name=kind)


@pytest.mark.parametrize("kind", REGISTRY, ids=[config().kind for config in REGISTRY])
def test_every_task_keeps_the_contract_on_rectangles(kind: type) -> None:
    config, vocabulary = CONFIGS[kind().kind]
    check_task(config, replace(vocabulary, size=Size(9, 14)), name=kind().kind)


@every_kind
def test_fault_26_predictions_have_the_form_of_targets_also_of_one_image(kind: str) -> None:
    predictions_have_the_form_of_targets(_case(kind))


@every_kind
def test_fault_26_one_loss_and_count_per_image_also_of_one_image(kind: str) -> None:
    terms_have_one_value_per_image(_case(kind))


@every_kind
@settings(max_examples=3)
@given(seed=st.integers(0, 1000))
def test_fault_12_neither_order_nor_cutting_changes_a_figure(kind: str, seed: int) -> None:
    case = _case(kind, seed)
    neither_order_nor_cutting_changes_a_figure(case)
    parts_of_a_batch_add_up(case)


@every_task
def test_gradients_are_those_of_the_loss(task: Task) -> None:
    output, target = make_output(task, 3).requires_grad_(), task.target(taught(make_batch(3), task))
    totals = _totals(task, target)
    assert torch.autograd.gradcheck(lambda x: task_loss(task, x, target, totals), (output,), fast_mode=True)


@every_task
def test_a_device_gives_what_the_cpu_gives(task: Task, device: torch.device) -> None:
    batch = taught(make_batch(NUM_IMAGES), task)
    output = make_output(task, NUM_IMAGES, torch.float32)
    there = task.measure(output.to(device), task.target(batch.to(device)))
    here = task.measure(output, task.target(batch))
    assert task.figures(there) == pytest.approx(task.figures(here), rel=1e-5)


@every_task
@pytest.mark.parametrize("scale", [1e-6, 1e4, 1e30])
def test_extreme_outputs_have_finite_losses_and_gradients(task: Task, scale: float) -> None:
    if "mse" in task.weights:
        scale = min(scale, 1e15)  # the square of more is no float32
    output, target = make_output(task, 4, torch.float32) * scale, task.target(taught(make_batch(4), task))
    leaf = output.requires_grad_()
    loss = task_loss(task, leaf, target, _totals(task, target))
    (gradient,) = torch.autograd.grad(loss, leaf)
    assert loss.isfinite()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("name", ["classification", "segmentation", "edges"])
def test_fault_17_a_sure_and_right_answer_costs_nothing(name: str) -> None:
    """Nothing squashes the logits before the loss, so that it has no floor."""
    task, batch = TASKS[name], make_batch(3)
    target = task.target(batch)
    known = target.long().masked_fill(target == IGNORE, 0)
    if name == "edges":
        output = (known * 200.0 - 100.0)[:, None]
    else:
        num_classes = make_output(task, 1).shape[1]
        output = torch.nn.functional.one_hot(known, num_classes).movedim(-1, 1) * 100.0
    assert all((loss.abs() < 1e-6).all() for loss in task.loss(output, target).values())


def test_fault_20_a_label_that_is_missing_silences_its_own_task_alone() -> None:
    batch, other = make_batch(4), erase(make_batch(4), torch.ones(4, dtype=torch.bool))
    dependents_of = {"classes": {"classification", "random-labels", "tag-mask"}, "box": {"box", "box-mask"}}
    for label, dependents in dependents_of.items():
        without = replace(batch, **{label: getattr(other, label)})
        for kind in (config().kind for config in REGISTRY):
            task = TASKS[kind]
            output = make_output(task, 4)
            before, after = (task.loss(output, task.target(taught(each, task))) for each in (batch, without))
            silent = all((loss == 0).all() for loss in after.values())
            assert silent == (kind in dependents)
            assert silent or all(torch.equal(before[term], after[term]) for term in before)
