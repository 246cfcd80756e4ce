"""Who learns from the average of the weights, of what decay it is, and that it goes on after a stop."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from auxseg.balancing import FixedConfig
from auxseg.data.loading.batch import Batch
from auxseg.errors import InputError
from auxseg.models.forward import forward, with_teacher
from auxseg.tasks import SegmentationConfig, SegmentationTask, Task
from auxseg.tasks.task import Dense, Of
from auxseg.training.learner import Learner
from auxseg.training.phases import PhaseConfig
from auxseg.training.teacher import DECAY, teacher_decay
from tests.tasks.examples import VOCABULARY, make_batch
from tests.training.learning import make_learner, make_tasks, same, weights_of


def _pupil(name: str = "pupil", decay: float | None = None, ramp: float = 0.0) -> Task:
    """Learns masks that the teacher sees: a segmentation that reads the target's output."""
    settings = SegmentationConfig(losses={"cross_entropy": 1.0})
    task = settings.build(name, VOCABULARY)

    def seen(self: SegmentationTask, batch: Batch) -> UInt8[Tensor, "N H W"]:
        return self.predict(batch.teacher[self.name])

    task.__class__ = type("Pupil", (SegmentationTask,), {"target": seen})  # pyright: ignore[reportAttributeAccessIssue]
    task.output, task.needs_teacher, task.teacher_decay, task.ramp = Of(Dense(2), "mask"), True, decay, ramp
    return task


def _learner(*, average: float = 0.9, **settings: Any) -> Learner:
    return make_learner(
        tasks={**make_tasks(), "pupil": _pupil(**settings.pop("pupil", {}))}, average=average, **settings
    )


@pytest.mark.parametrize(
    ("validated", "asked", "expected"),
    [(0.9, [None], 0.9), (0.9, [0.5], 0.5), (0.0, [None], DECAY), (0.0, [0.5, 0.5], 0.5), (0.9, [None, 0.9], 0.9)],
)
def test_the_teachers_decay(validated: float, asked: list[float | None], expected: float) -> None:
    tasks = [_pupil(str(number), decay) for number, decay in enumerate(asked)]
    assert teacher_decay(tasks, validated) == expected
    assert teacher_decay(make_tasks().values(), validated) is None


def test_two_decays_are_refused() -> None:
    with pytest.raises(InputError, match=r"one teacher, expected one decay of its average, found 0.9 for a, 0.5 for b"):
        teacher_decay([_pupil("a"), _pupil("b", 0.5)], 0.9)


@pytest.mark.parametrize(("average", "decay", "own"), [(0.9, None, False), (0.9, 0.5, True), (0.0, None, True)])
def test_an_average_is_kept_for_the_teacher_alone_only_if_it_is_another(
    average: float, decay: float | None, own: bool
) -> None:
    learner = _learner(average=average, pupil={"decay": decay})
    assert learner.teacher is not None
    assert (learner.teacher.average is not learner.average) == own
    assert ("teacher" in learner.state()) == own
    assert learner.teacher.average.decay == (decay or average or DECAY)


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_the_teacher_says_what_the_averaged_weights_say_in_evaluation(average: float) -> None:
    learner, batch = _learner(average=average, norm="batch"), make_batch(4)
    for step in range(3):
        learner.step([batch], step)
    assert learner.teacher is not None
    said = learner.teacher.teach(learner.tasks, batch, lambda: learner.runtime.autocast("fp32")).teacher
    before = weights_of(learner)
    with learner.teacher.average.swapped_in():
        learner.network.eval()
        expected = learner.network(batch.image, ["mask"])["mask"]
    assert list(said) == ["pupil"]
    assert not said["pupil"].requires_grad
    torch.testing.assert_close(said["pupil"], expected)
    assert same(weights_of(learner), before)
    assert not torch.equal(said["pupil"], learner.network(batch.image, ["mask"])["mask"])


def test_every_head_is_computed_once_for_all_who_ask() -> None:
    tasks = {**make_tasks(), "one": _pupil("one"), "other": _pupil("other")}
    learner = make_learner(tasks=tasks, average=0.9)
    assert learner.teacher is not None
    calls: list[Any] = []
    learner.teacher._network.register_forward_pre_hook(lambda _, inputs: calls.append(inputs[1]))
    said = learner.teacher.teach(tasks, make_batch(2), lambda: learner.runtime.autocast("fp32")).teacher
    assert calls == [["mask"]]
    assert said["one"] is not None
    assert torch.equal(said["one"], said["other"])


def test_no_gradient_and_no_optimiser_reaches_the_teacher() -> None:
    learner = _learner()
    assert learner.teacher is not None
    parameters = list(learner.teacher._network.parameters())
    learner.step([make_batch(4)], 0)
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in parameters)
    optimised = {id(p) for group in learner.optimizer.param_groups for p in group["params"]}
    assert not optimised & {id(parameter) for parameter in parameters}


def test_a_run_without_pupils_is_the_same_to_the_bit() -> None:
    """The pupil has weight 0, so that all of it is left out but the teacher."""
    plain = make_learner(average=0.9, norm="batch")
    taught = _learner(average=0.9, norm="batch", balancer=FixedConfig(weights={"pupil": 0.0}))
    for step in range(3):
        batch = make_batch(4)
        plain.step([batch], step)
        taught.step([batch], step)
    assert same(weights_of(plain), weights_of(taught))


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize("decay", [None, 0.5])
def test_a_restored_learner_goes_on_to_the_same_bits(average: float, decay: float | None) -> None:
    settings: dict[str, Any] = {"average": average, "norm": "batch", "pupil": {"decay": decay, "ramp": 0.8}}
    batches = [make_batch(4) for _ in range(6)]
    whole = _learner(**copy.deepcopy(settings))
    for step, batch in enumerate(batches[:3]):
        whole.step([batch], step)
    resumed = _learner(**copy.deepcopy(settings))
    resumed.restore(copy.deepcopy(whole.state()))
    for step, batch in enumerate(batches[3:], start=3):
        assert resumed.step([batch], step) == whole.step([batch], step)
    assert same(weights_of(whole), weights_of(resumed))


def test_cutting_a_batch_changes_nothing_but_rounding() -> None:
    whole, parts, batch = _learner(), _learner(), make_batch(6)
    for step in range(2):
        expected, found = whole.step([batch], step), parts.step(_cut(batch, 2), step)
        assert found.losses["pupil"] == pytest.approx(expected.losses["pupil"], rel=1e-3)


def _cut(batch: Batch, size: int) -> list[Batch]:
    parts = [slice(start, stop) for start, stop in pairwise(range(0, len(batch) + 1, size))]
    names = ("ids", "image", "clean", "mask", "box", "inside", "keys")
    return [
        replace(
            batch,
            classes={name: ids[part] for name, ids in batch.classes.items()},
            layers={name: values[part] for name, values in batch.layers.items()},
            **{name: getattr(batch, name)[part] for name in names},
        )
        for part in parts
    ]


def test_a_ramp_grows_to_the_full_loss_and_begins_anew_with_a_phase() -> None:
    phases = (PhaseConfig(name="first", steps=4), PhaseConfig(name="last"))
    learner = _learner()
    for chosen, length in (((), 10), (phases, 4)):
        learner = _learner(pupil={"ramp": 0.5}, phases=chosen)
        factors = [learner._ramp(learner.tasks["pupil"], step) for step in range(length)]
        assert factors == pytest.approx([min((step + 1) / (length / 2), 1) for step in range(length)])
        assert learner._ramp(learner.tasks["mask"], 0) == 1
    learner.enter(4)
    assert learner._ramp(learner.tasks["pupil"], 4) == pytest.approx(1 / 3)  # of six steps


def test_a_ramp_scales_the_loss_of_its_task_alone() -> None:
    plain, ramped, batch = _learner(), _learner(pupil={"ramp": 1.0}), make_batch(4)
    expected, found = plain.step([batch], 0).losses, ramped.step([batch], 0).losses
    assert found == pytest.approx({**expected, "pupil": 0.1 * expected["pupil"]}, rel=1e-6)


def test_a_phase_asks_the_teacher_only_for_its_own_tasks() -> None:
    phases = (PhaseConfig(name="first", steps=4, tasks=("mask", "species")), PhaseConfig(name="last"))
    learner = _learner(average=0.0, phases=phases)
    learner.enter(0)
    assert "pupil" not in learner.step([make_batch(4)], 0).losses
    learner.enter(4)
    assert "pupil" in learner.step([make_batch(4)], 4).losses


def test_a_measured_model_is_its_own_teacher() -> None:
    learner, batch = _learner(), make_batch(2)
    outputs: dict[str, Float[Tensor, "N ..."]] = forward(learner.network, learner.tasks, batch)
    said = with_teacher(learner.network, learner.tasks, batch, outputs).teacher
    assert list(said) == ["pupil"]
    assert torch.equal(said["pupil"], outputs["mask"])
    assert not said["pupil"].requires_grad
