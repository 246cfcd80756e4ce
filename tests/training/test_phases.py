from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch import nn

from auxseg.balancing import FixedConfig
from auxseg.errors import InputError
from auxseg.models import build_network
from auxseg.tasks.task import Dense, Of, Output
from auxseg.training.average import WeightAverage
from auxseg.training.phases import (
    PhaseConfig,
    build_phases,
    check_phases,
    freeze_all_but,
    in_steps,
    never_trained,
    state_of,
    trained_parameters,
)
from auxseg.training.schedule import OneCycleConfig
from tests.models.cases import MODELS, THREE_TASKS


def _shares(*shares: float | None) -> list[PhaseConfig]:
    return [PhaseConfig(name=str(number), share=share) for number, share in enumerate(shares)]


def _steps(*steps: int | None) -> list[PhaseConfig]:
    return [PhaseConfig(name=str(number), steps=count) for number, count in enumerate(steps)]


@pytest.mark.parametrize(
    ("phases", "num_steps", "expected"),
    [
        (_shares(0.5, None), 10, [5, None]),
        (_shares(1 / 3, 1 / 3, 1 / 3), 10, [3, 4, None]),
        (_shares(0.25, 0.25, None), 7, [2, 2, None]),
        (_steps(3, None), 10, [3, None]),
        (_steps(3, 7), 10, [3, None]),
        (_shares(None), 10, [None]),
        (_shares(1.0), 10, [None]),
        ([], 10, []),
    ],
)
def test_lengths_become_steps(phases: list[PhaseConfig], num_steps: int, expected: list[int | None]) -> None:
    found = in_steps(phases, num_steps)
    assert [phase.steps for phase in found] == expected
    assert all(phase.share is None for phase in found)
    assert in_steps(found, num_steps) == found


@pytest.mark.parametrize(
    ("phases", "reason"),
    [
        (_shares(0.5, 0.6), "shares add up to 1.1, expected 1"),
        (_shares(0.01, None), "do not fit into 10 steps"),
        (_shares(0.999, None), "do not fit into 10 steps"),
        (_shares(None, 0.5), "0 needs either steps or share, found neither"),
        ([PhaseConfig(name="a", steps=1, share=0.5)], "a needs either steps or share, found both"),
        ([*_steps(1), *_shares(0.5)], "found both"),
        (_steps(10, None), "do not fit into 10 steps"),
        (_steps(4, 5), "add up to 9, expected the 10 of the run"),
        (_steps(4, 7), "add up to 11, expected the 10 of the run"),
    ],
)
def test_lengths_that_are_no_run(phases: list[PhaseConfig], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        in_steps(phases, 10)


def test_what_learns_is_named_by_part_or_by_task() -> None:
    network = build_network(MODELS["unet"], THREE_TASKS, seed=0)

    def named(tasks: tuple[str, ...] | None = None, train: tuple[str, ...] | None = None) -> set[str]:
        phase = PhaseConfig(name="a", tasks=tasks, train=train)
        trained = {id(parameter) for parameter in trained_parameters(phase, network)}
        names = {name.removeprefix("sharing.") for name, p in network.named_parameters() if id(p) in trained}
        return {".".join(name.split(".")[: 3 if name.startswith("by_task.segmentation") else 2]) for name in names}

    everything = {"encoder.stages", "by_task.segmentation.decoder", "by_task.segmentation.head"} | {
        "by_task.classification",
        "by_task.box",
    }
    assert named() == everything
    assert named(tasks=("box",)) == {"encoder.stages", "by_task.box"}
    assert named(train=("box", "encoder")) == {"encoder.stages", "by_task.box"}
    assert named(train=("segmentation",)) == {"by_task.segmentation.decoder", "by_task.segmentation.head"}
    assert named(train=("head segmentation",)) == {"by_task.segmentation.head"}
    assert named(tasks=("box",), train=("encoder", "classification")) == {"encoder.stages"}


def test_what_is_frozen_learns_only_where_a_phase_unfreezes_it() -> None:
    encoder = dataclasses.replace(MODELS["unet"].encoder, freeze="all")
    network = build_network(dataclasses.replace(MODELS["unet"], encoder=encoder), THREE_TASKS, seed=0)
    frozen = {id(parameter) for parameter in network.encoder_parameters()}
    without, everything = (
        {id(parameter) for parameter in trained_parameters(PhaseConfig(name="a", unfreeze=unfreeze), network)}
        for unfreeze in (False, True)
    )
    assert everything - without == frozen
    with pytest.raises(InputError, match=r"a trains nothing: model\.encoder\.freeze keeps encoder .* set unfreeze"):
        trained_parameters(PhaseConfig(name="a", train=("encoder",)), network)


def test_what_no_phase_trains_is_counted_by_part() -> None:
    network = build_network(MODELS["unet"], THREE_TASKS, seed=0)
    parts = network.parts()

    def left(*phases: PhaseConfig) -> dict[str, int]:
        built = build_phases(
            phases, 10, network, {}, lambda names: FixedConfig().build(names, "", 0), OneCycleConfig().build
        )
        return never_trained(network, built)

    assert left() == left(PhaseConfig(name="all")) == {}
    heads = PhaseConfig(name="heads", steps=2, train=("segmentation", "box"))
    assert left(heads, PhaseConfig(name="box", train=("box",))) == {
        part: parts[part] for part in ("encoder", "head classification")
    }
    assert left(heads, PhaseConfig(name="all")) == {}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"tasks": ("boxx",)}, "a trains 'boxx', which is not a task of this recipe; the tasks are segmentation"),
        ({"train": ("encodr",)}, "a trains 'encodr', which is not a part of this network; its parts are .* encoder"),
        ({"tasks": ("box",), "train": ("classification",)}, "a trains nothing: classification does not learn from box"),
        ({"tasks": ("box",)}, "no phase trains the target 'segmentation'"),
        ({"tasks": ("segmentation", "box")}, "no phase trains the task 'classification'; name it in one"),
    ],
)
def test_phases_that_do_not_fit_the_network(settings: dict[str, Any], reason: str) -> None:
    network = build_network(MODELS["unet"], THREE_TASKS, seed=0)
    with pytest.raises(InputError, match=reason):
        check_phases([PhaseConfig(name="a", **settings)], network, "segmentation")


def test_a_refinement_learns_with_the_target_and_from_no_other_task() -> None:
    model = dataclasses.replace(MODELS["unet group"], refine_by=("edges",))
    outputs: dict[str, Output] = {**THREE_TASKS, "edges": Dense(1)}
    network = build_network(model, outputs, 0, "segmentation")
    assert network.refinement is not None
    refinement = {id(parameter) for parameter in network.refinement.parameters()}

    def trained(*tasks: str, train: tuple[str, ...] | None = None) -> set[int]:
        return {id(p) for p in trained_parameters(PhaseConfig(name="one", tasks=tasks, train=train), network)}

    assert refinement <= trained("segmentation")
    assert not refinement & trained("edges", "box")
    assert refinement <= trained("segmentation", train=("segmentation",))
    assert not refinement & trained("segmentation", train=("encoder",))
    edges = {id(parameter) for parameter in network.branch_parameters("edges")}
    assert not edges & trained("segmentation")


def test_modules_of_which_nothing_learns_belong_in_evaluation() -> None:
    head = nn.Sequential(nn.Linear(4, 4), nn.Dropout())
    body = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout())
    network = nn.ModuleList([body, head])
    assert freeze_all_but(network, network.parameters()) == []
    assert freeze_all_but(network, head.parameters()) == [body]
    frozen = {id(tensor) for tensor in state_of(network, [body])}
    assert frozen == {id(tensor) for tensor in [*body.parameters(), *body.buffers()]}
    assert freeze_all_but(network, body[1].parameters()) == [body[0], head]
    assert network.training
    assert all(parameter.requires_grad for parameter in body[1].parameters())


def test_average_of_what_stands_still_stands_still() -> None:
    network = nn.ModuleDict({"still": nn.BatchNorm1d(2), "moving": nn.Linear(2, 2)})
    average = WeightAverage(network, decay=0.9)
    with torch.no_grad():
        for value in network.state_dict(keep_vars=True).values():
            value.add_(1)
    average.update()
    still = freeze_all_but(network, network["moving"].parameters())
    average.begin_anew(state_of(network, still))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    average.update()
    with average.swapped_in():
        after = network.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("still"))
        assert not torch.equal(before["moving.weight"], after["moving.weight"])
    assert average.num_updates == 1


def test_a_phase_trains_the_head_that_its_tasks_read_and_no_other_head() -> None:
    outputs: dict[str, Output] = {**THREE_TASKS, "again": Of(Dense(3))}
    network = build_network(MODELS["unet group"], outputs, 0, "segmentation")
    head = {id(parameter) for parameter in network.branch_parameters("segmentation")}

    def trained(*tasks: str, train: tuple[str, ...] | None = None) -> set[int]:
        return {id(p) for p in trained_parameters(PhaseConfig(name="one", tasks=tasks, train=train), network)}

    assert head <= trained("again")
    assert not head & trained("box")
    assert trained("again", train=("segmentation",)) == trained("again", train=("again",)) == head
