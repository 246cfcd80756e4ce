"""What holds for every task of the registry, whatever it asks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.sample import IGNORE
from auxseg.tasks import Table, Task, task_loss
from tests.tasks.examples import REGISTRY, SIZE, TASKS, erase, make_batch, make_output

every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)

NUM_IMAGES = 7
ERASED = torch.tensor([True, False, False, True, False, False, False])


def _totals(task: Task, target: torch.Tensor) -> dict[str, float]:
    return {name: value.sum().item() for name, value in task.counts(target).items()}


def _loss_and_gradient(task: Task, output: torch.Tensor, target: torch.Tensor, totals: dict[str, float]):
    leaf = output.clone().requires_grad_()
    loss = task_loss(task, leaf, target, totals)
    return loss.detach(), torch.autograd.grad(loss, leaf)[0]


def _join(tables: list[Table]) -> Table:
    return {name: torch.cat([table[name] for table in tables]) for name in tables[0]}


def _assert_same_figures(task: Task, one: Table, other: Table) -> None:
    assert task.figures(one) == pytest.approx(task.figures(other), nan_ok=True, rel=1e-9)


@every_task
def test_names_agree(task: Task) -> None:
    output, target = make_output(task, NUM_IMAGES), task.target(make_batch(NUM_IMAGES))
    table = task.measure(output, target)
    figures, rows = task.figures(table), task.rows(table)
    assert set(task.weights) == set(task.loss(output, target)) == set(task.counts(target))
    assert task.main_figure in figures
    assert set(task.explain()) == set(figures)
    assert all(isinstance(value, float) and not math.isnan(value) for value in figures.values())
    assert all(len(column) == NUM_IMAGES for column in rows.values())
    assert all(isinstance(value, float) for value in rows[task.row_figure])
    assert all(len(column) == NUM_IMAGES for column in table.values())
    for names, counts in task.tables(table).values():
        assert counts.shape == (len(names), len(names))


@every_task
def test_the_main_figure_is_made_of_the_columns_that_are_named(task: Task) -> None:
    table = task.measure(make_output(task, NUM_IMAGES), task.target(make_batch(NUM_IMAGES)))
    figure, rows = task.figures(table)[task.main_figure], task.rows(table)
    assert not (task.mean_figure and task.ratio_figure)
    if task.mean_figure:
        assert sum(rows[task.mean_figure]) / NUM_IMAGES == pytest.approx(figure)
    if task.ratio_figure:
        parts, wholes = (
            [sum(values) for name, values in rows.items() if name.startswith(f"{beginning}.")]
            for beginning in task.ratio_figure
        )
        ratios = [part / whole for part, whole in zip(parts, wholes, strict=True) if whole]
        assert sum(ratios) / len(ratios) == pytest.approx(figure)


@every_task
@pytest.mark.parametrize("num_images", [1, 3])
def test_fault_26_predictions_have_the_form_of_targets_also_of_one_image(task: Task, num_images: int) -> None:
    target = task.target(make_batch(num_images))
    output = make_output(task, num_images, torch.float32)
    prediction = task.predict(output)
    if target.is_floating_point() and target.ndim == 4:
        target = target[:, : output.shape[1]]  # further channels are for the figures
    assert (prediction.shape, prediction.dtype) == (target.shape, target.dtype)


@every_task
@pytest.mark.parametrize("num_images", [1, 3])
def test_fault_26_one_loss_and_count_per_image_also_of_one_image(task: Task, num_images: int) -> None:
    output, target = make_output(task, num_images), task.target(make_batch(num_images))
    for values in (*task.loss(output, target).values(), *task.counts(target).values()):
        assert values.shape == (num_images,)
        assert (values > 0).all()


@every_task
def test_missing_labels_add_exactly_nothing(task: Task) -> None:
    output = make_output(task, NUM_IMAGES).requires_grad_()
    target = task.target(erase(make_batch(NUM_IMAGES), ERASED))
    counts, losses = task.counts(target), task.loss(output, target)
    for name in task.weights:
        missing = counts[name] == 0
        assert missing.equal(ERASED)
        assert (losses[name][missing] == 0).all()
    (gradient,) = torch.autograd.grad(torch.stack(list(losses.values())).sum(), output)
    assert (gradient[ERASED] == 0).all()
    assert all((image != 0).any() for image in gradient[~ERASED])


@every_task
def test_missing_labels_are_in_no_figure_and_no_row(task: Task) -> None:
    output, target = make_output(task, NUM_IMAGES), task.target(erase(make_batch(NUM_IMAGES), ERASED))
    table = task.measure(output, target)
    _assert_same_figures(task, table, task.measure(output[~ERASED], target[~ERASED]))
    for column in task.rows(table).values():
        assert [value is None for value in column] == ERASED.tolist()


@every_task
def test_a_batch_without_labels_is_fine(task: Task) -> None:
    output, target = make_output(task, 3), task.target(erase(make_batch(3), torch.ones(3, dtype=torch.bool)))
    loss, gradient = _loss_and_gradient(task, output, target, _totals(task, target))
    assert loss == 0
    assert (gradient == 0).all()
    figures = task.figures(task.measure(output, target))
    assert all(value == 0 if name.startswith("num_") else math.isnan(value) for name, value in figures.items())


@every_task
@settings(max_examples=10)
@given(cut=st.integers(1, NUM_IMAGES), seed=st.integers(0, 1000), erased=st.booleans())
def test_shares_of_micro_batches_add_up(task: Task, cut: int, seed: int, erased: bool) -> None:
    """Losses and gradients of any parts, with the totals of the whole, are those of the whole."""
    torch.manual_seed(seed)
    batch = erase(make_batch(NUM_IMAGES), ERASED & erased)
    output, target = make_output(task, NUM_IMAGES), task.target(batch)
    totals = _totals(task, target)
    loss, gradient = _loss_and_gradient(task, output, target, totals)
    parts = [
        _loss_and_gradient(task, part, labels, totals)
        for part, labels in zip(output.split(cut), target.split(cut), strict=True)
    ]
    torch.testing.assert_close(torch.stack([part for part, _ in parts]).sum(), loss)
    torch.testing.assert_close(torch.cat([part for _, part in parts]), gradient)


@every_task
@settings(max_examples=10)
@given(cut=st.integers(1, NUM_IMAGES), seed=st.integers(0, 1000))
def test_fault_12_neither_order_nor_cutting_changes_a_figure(task: Task, cut: int, seed: int) -> None:
    torch.manual_seed(seed)
    output, target = make_output(task, NUM_IMAGES), task.target(erase(make_batch(NUM_IMAGES), ERASED))
    whole, order = task.measure(output, target), torch.randperm(NUM_IMAGES)
    parts = zip(output[order].split(cut), target[order].split(cut), strict=True)
    joined = _join([task.measure(part, labels) for part, labels in parts])
    _assert_same_figures(task, joined, whole)
    for name, column in task.rows(whole).items():
        assert task.rows(joined)[name] == pytest.approx([column[index] for index in order])


@every_task
def test_gradients_are_those_of_the_loss(task: Task) -> None:
    output, target = make_output(task, 3).requires_grad_(), task.target(make_batch(3))
    totals = _totals(task, target)
    assert torch.autograd.gradcheck(lambda x: task_loss(task, x, target, totals), (output,), fast_mode=True)


@every_task
def test_half_precision_outputs_have_float32_losses(task: Task, device: torch.device) -> None:
    output = make_output(task, 4, torch.bfloat16).to(device).requires_grad_()
    target = task.target(make_batch(4).to(device))
    with torch.autocast(device.type, dtype=torch.bfloat16):
        losses = task.loss(output, target)
    exact = task.loss(output.double(), target)
    for name, loss in losses.items():
        assert loss.dtype == torch.float32
        torch.testing.assert_close(loss.double(), exact[name], rtol=1e-5, atol=1e-5)
    (gradient,) = torch.autograd.grad(torch.stack(list(losses.values())).sum(), output)
    assert gradient.isfinite().all()


@every_task
def test_a_device_gives_what_the_cpu_gives(task: Task, device: torch.device) -> None:
    batch, output = make_batch(NUM_IMAGES), make_output(task, NUM_IMAGES, torch.float32)
    there = task.measure(output.to(device), task.target(batch.to(device)))
    here = task.measure(output, task.target(batch))
    assert task.figures(there) == pytest.approx(task.figures(here), rel=1e-5)


@every_task
@pytest.mark.parametrize("scale", [1e-6, 1e4, 1e30])
def test_extreme_outputs_have_finite_losses_and_gradients(task: Task, scale: float) -> None:
    if "mse" in task.weights:
        scale = min(scale, 1e15)  # the square of more is no float32
    output, target = make_output(task, 4, torch.float32) * scale, task.target(make_batch(4))
    loss, gradient = _loss_and_gradient(task, output, target, _totals(task, target))
    assert loss.isfinite()
    assert gradient.isfinite().all()


@every_task
def test_drawing_keeps_the_picture_and_shows_something(task: Task) -> None:
    picture = np.full((SIZE, SIZE, 3), 128, np.uint8)
    target = task.target(erase(make_batch(2), torch.tensor([False, True])))
    prediction = task.predict(make_output(task, 2, torch.float32))
    for value, truth in ((target[0], True), (prediction[0], False)):
        drawn = task.draw(picture, value, truth=truth)
        assert (drawn.shape, drawn.dtype) == (picture.shape, picture.dtype)
        assert (drawn != 128).any()
    assert (task.draw(picture, target[1], truth=True) == 128).all()
    assert (task.draw(picture, None, truth=True) == 128).all()
    assert (picture == 128).all()


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
    for label, dependents in (("classes", {"classification", "random-labels"}), ("box", {"box"})):
        without = replace(batch, **{label: getattr(other, label)})
        for kind in (config().kind for config in REGISTRY):
            task = TASKS[kind]
            output = make_output(task, 4)
            before, after = (task.loss(output, task.target(each)) for each in (batch, without))
            silent = all((loss == 0).all() for loss in after.values())
            assert silent == (kind in dependents)
            assert silent or all(torch.equal(before[term], after[term]) for term in before)
