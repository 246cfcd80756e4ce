"""One step of a training: what moves, by how much, and what it leaves alone."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from auxseg.balancing import DWAConfig, FixedConfig, UncertaintyConfig
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE
from auxseg.errors import DivergedError
from auxseg.models.network import Network
from auxseg.tasks import ClassificationConfig, SegmentationConfig, Task
from auxseg.training.learner import Learner
from auxseg.training.phases import PhaseConfig
from auxseg.training.schedule import CosineConfig
from tests.tasks.examples import VOCABULARY, erase, make_batch
from tests.training.learning import NUM_STEPS, RATE, make_learner, same, weights_of


def _plain_tasks() -> dict[str, Task]:
    """Tasks whose losses a page of torch can write down: no dropout, no Dice."""
    tasks: dict[str, Task] = {
        "mask": SegmentationConfig(losses={"cross_entropy": 1.0}).build("mask", VOCABULARY),
        "species": ClassificationConfig(label="species", dropout=0.0).build("species", VOCABULARY),
    }
    tasks["mask"].is_target = True
    return tasks


def _losses_in_torch(network: Network, batch: Batch) -> dict[str, torch.Tensor]:
    outputs = network(batch.image)
    return {
        "mask": functional.cross_entropy(outputs["mask"], batch.mask.long(), ignore_index=IGNORE),
        "species": functional.cross_entropy(outputs["species"], batch.classes["species"]),
    }


def _cut(batch: Batch, *sizes: int) -> list[Batch]:
    places = torch.tensor([0, *sizes]).cumsum(0).tolist()
    parts = [slice(start, stop) for start, stop in pairwise(places)]
    return [
        Batch(
            ids=batch.ids[part],
            classes={name: ids[part] for name, ids in batch.classes.items()},
            layers={name: values[part] for name, values in batch.layers.items()},
            **{name: getattr(batch, name)[part] for name in ("image", "clean", "mask", "box", "inside", "keys")},
        )
        for part in parts
    ]


def _assert_close(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> None:
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], rtol=1e-4, atol=1e-6)


def test_a_step_is_that_of_a_loop_written_in_torch() -> None:
    learner = make_learner(tasks=_plain_tasks(), balancer=FixedConfig(weights={"species": 0.25}))
    network = copy.deepcopy(learner.network)
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    schedule = CosineConfig(end=0.1).build(NUM_STEPS)
    for step in range(3):
        batch = make_batch(4)
        result = learner.step([batch], step)
        losses = _losses_in_torch(network, batch)
        optimizer.param_groups[0]["lr"] = RATE * schedule.factor(step)
        optimizer.zero_grad()
        (losses["mask"] + 0.25 * losses["species"]).backward()
        norm = nn.utils.get_total_norm([p.grad for p in network.parameters() if p.grad is not None])
        optimizer.step()
        assert result.losses == pytest.approx({name: loss.item() for name, loss in losses.items()}, rel=1e-4)
        assert result.weights == {"mask": 1.0, "species": 0.25}
        assert result.factor == schedule.factor(step)
        assert result.gradient_norm == pytest.approx(norm.item(), rel=1e-4)
        assert (result.phase, result.look) == (None, None)
    _assert_close(weights_of(learner), network.state_dict())


@pytest.mark.parametrize("sizes", [(6,), (3, 3), (1, 4, 1)])
@pytest.mark.parametrize("erased", [[], [0, 4, 5], [0]])
def test_cutting_a_batch_changes_nothing_however_its_labels_fall(sizes: tuple[int, ...], erased: list[int]) -> None:
    which = torch.zeros(6, dtype=torch.bool)
    which[erased] = True
    torch.manual_seed(5)
    batch = erase(make_batch(6), which)
    whole, parts = make_learner(tasks=_plain_tasks()), make_learner(tasks=_plain_tasks())
    for step in range(2):
        expected, found = whole.step([batch], step), parts.step(_cut(batch, *sizes), step)
        assert found.losses == pytest.approx(expected.losses, rel=1e-4)
        assert found.gradient_norm == pytest.approx(expected.gradient_norm, rel=1e-4)
    _assert_close(weights_of(parts), weights_of(whole))


def test_every_loss_averages_over_the_labels_of_the_whole_step() -> None:
    """A mean of the two parts' means would give the lone label of the second as much as the three of the first."""
    tasks = _plain_tasks()
    learner = make_learner(tasks=tasks)
    batch = erase(make_batch(6), torch.tensor([False, False, False, True, True, False]))
    with torch.no_grad():
        logits = learner.network(batch.image)["species"]
    known = torch.tensor([0, 1, 2, 5])
    expected = functional.cross_entropy(logits[known], batch.classes["species"][known])
    assert learner.step(_cut(batch, 3, 3), 0).losses["species"] == pytest.approx(expected.item(), rel=1e-5)


def test_a_task_without_label_is_in_no_result_and_its_head_stands_still() -> None:
    learner = make_learner()
    nobody = replace(make_batch(4), classes=erase(make_batch(4), torch.ones(4, dtype=torch.bool)).classes)
    before = [parameter.clone() for parameter in learner.network.task_parameters("species")]
    result = learner.step([nobody], 0)
    assert list(result.losses) == list(result.weights) == ["mask"]
    after = learner.network.task_parameters("species")
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


def test_a_clipped_gradient_keeps_its_direction_and_the_norm_that_is_told() -> None:
    free, clipped = make_learner(tasks=_plain_tasks()), make_learner(tasks=_plain_tasks(), clip=0.01)
    batch, before = make_batch(4), weights_of(free)
    expected, found = free.step([batch], 0), clipped.step([batch], 0)
    assert found.gradient_norm == expected.gradient_norm > 0.01
    moved = [{name: value - before[name] for name, value in weights_of(each).items()} for each in (free, clipped)]
    factor = 0.01 / expected.gradient_norm
    for name, value in moved[0].items():
        torch.testing.assert_close(moved[1][name], factor * value, rtol=1e-2, atol=2e-7)


def test_a_loss_that_is_not_finite_ends_the_run_before_anything_moves() -> None:
    learner = make_learner()
    batch = make_batch(3)
    image = batch.image.clone()
    image[0] = torch.nan
    before = weights_of(learner)
    with pytest.raises(DivergedError, match=r"^step 8: the loss of mask is nan; the batch held 0, 1, 2$"):
        learner.step(_cut(replace(batch, image=image), 2, 1), 7)
    assert same(before, weights_of(learner))


def test_a_gradient_that_is_not_finite_ends_the_run_before_anything_moves() -> None:
    learner = make_learner()
    before = weights_of(learner)
    head = learner.network.task_parameters("species")[-1]
    head.register_hook(lambda gradient: gradient * math.inf)
    with pytest.raises(DivergedError, match=r"^step 1: the norm of the gradient is (inf|nan); the batch held 0, 1$"):
        learner.step([make_batch(2)], 0)
    assert same(before, weights_of(learner))


def test_dropout_depends_on_seed_and_step_and_not_on_what_was_drawn_before() -> None:
    batch = make_batch(4)
    one, other, later, otherwise = make_learner(), make_learner(), make_learner(), make_learner(seed=1)
    first = one.step([batch], 3).losses["species"]
    torch.rand(7)
    assert other.step([batch], 3).losses["species"] == first
    assert later.step([batch], 4).losses["species"] != first
    assert otherwise.step([batch], 3).losses["species"] != first


def test_no_gradient_is_left_for_the_next_step() -> None:
    learner = make_learner()
    learner.step([make_batch(2)], 0)
    assert all(parameter.grad is None for parameter in learner.network.parameters())


def test_what_is_validated_is_the_average_and_training_goes_on_with_the_weights() -> None:
    learner = make_learner(average=0.9)
    before = weights_of(learner)
    learner.step([make_batch(4)], 0)
    after = weights_of(learner)
    with learner.averaged() as network:
        decay = min(0.9, 2 / 11)
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, decay * before[name] + (1 - decay) * after[name])
    assert same(after, weights_of(learner))


@pytest.mark.parametrize("balancer", [DWAConfig(every="step"), UncertaintyConfig()])
def test_a_restored_learner_goes_on_to_the_same_bits(balancer: Any) -> None:
    settings: dict[str, Any] = {"balancer": balancer, "average": 0.9, "norm": "batch"}
    batches = [make_batch(4) for _ in range(6)]
    whole = make_learner(**settings)
    for step, batch in enumerate(batches[:3]):
        whole.step([batch], step)
    resumed = make_learner(**settings)
    resumed.restore(copy.deepcopy(whole.state()))
    for step, batch in enumerate(batches[3:], start=3):
        assert resumed.step([batch], step) == whole.step([batch], step)
    assert same(weights_of(whole), weights_of(resumed))
    with whole.averaged(), resumed.averaged():
        assert same(weights_of(whole), weights_of(resumed))


def test_a_look_is_taken_every_so_many_steps_and_changes_no_bit() -> None:
    watched, plain = make_learner(watch=2), make_learner()
    batches = [make_batch(4) for _ in range(4)]
    looks = [watched.step([batch], step).look is not None for step, batch in enumerate(batches)]
    for step, batch in enumerate(batches):
        assert plain.step([batch], step).look is None
    assert looks == [True, False, True, False]
    assert same(weights_of(watched), weights_of(plain))


PHASES = (
    PhaseConfig(name="first", steps=4, tasks=("species",), train=("encoder", "species")),
    PhaseConfig(name="last"),
)


def _moved(learner: Learner, step: int) -> set[str]:
    before = weights_of(learner)
    learner.enter(step)
    learner.step([make_batch(4)], step)
    moved = [name for name, value in weights_of(learner).items() if not torch.equal(value, before[name])]
    return {".".join(name.removeprefix("sharing.").split(".")[:2]) for name in moved}


def test_a_phase_trains_its_tasks_on_its_parts_and_has_a_schedule_of_its_own() -> None:
    learner = make_learner(phases=PHASES, norm="batch")
    assert _moved(learner, 0) == {"encoder.stages", "by_task.species"}
    assert _moved(learner, 4) == {"encoder.stages", "by_task.species", "by_task.mask"}
    learner.enter(3)
    first = learner.step([make_batch(4)], 3)
    learner.enter(4)
    last = learner.step([make_batch(4)], 4)
    assert (first.phase, last.phase) == ("first", "last")
    assert list(first.losses) == ["species"]
    assert list(last.losses) == ["mask", "species"]
    assert first.factor == pytest.approx(0.1)  # the end of a cycle of four steps
    assert last.factor == 1.0  # the beginning of the next


def test_what_stands_still_stays_in_evaluation_after_a_validation() -> None:
    learner = make_learner(phases=PHASES, norm="batch")
    decoder = learner.network.sharing.branches()["mask"].get_submodule("decoder")
    learner.enter(0)
    assert not decoder.training
    learner.network.train()  # as whoever validated leaves it
    learner.enter(1)
    assert not decoder.training
    assert learner.network.sharing.encoders()["encoder"].training
    learner.network.train()
    learner.enter(4)
    assert decoder.training


def test_a_phase_begins_where_it_is_entered_first_and_may_be_entered_in_its_middle() -> None:
    learner = make_learner(phases=PHASES, average=0.9)
    learner.enter(5)  # a run that is resumed
    assert learner.phase.name == "last"
    assert learner.average.num_updates == 0
    learner.step([make_batch(2)], 5)
    learner.enter(6)
    assert learner.average.num_updates == 1
    learner.enter(4)
    assert learner.average.num_updates == 0  # where the phase begins, the average begins anew
    assert learner.balancer is learner.phases[1].balancer
