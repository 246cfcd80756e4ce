"""Phases: stretches of a run that train some tasks on some parts of the network, while the rest stands still.

A phase is like a run of its own on the same network: the schedule of the learning rate, the balancer and its epochs,
and the warm-up of the weights' average begin anew with it. The optimiser's memory of a part stays.

What stands still gets no gradient, so that neither the optimiser nor its weight decay moves it; its normalisation is in
evaluation and leaves its running statistics alone; and it holds its averaged weights, those that were validated, so
that the average does not move either.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated, final

from pydantic import Field
from torch import Tensor, nn

from auxseg.balancing import Balancer
from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models.encoders import standing_still
from auxseg.models.network import Network
from auxseg.tasks import Task
from auxseg.training.schedule import Schedule

Names = Annotated[tuple[str, ...], Field(min_length=1)]


@config
class PhaseConfig:
    """How long a phase is, in ``steps`` or as a ``share`` of the run (the last may leave both out), and what it does.

    ``tasks`` are those whose losses are trained, all unless told. ``train`` names what learns from them: parts of the
    network as `auxseg presets` counts them, or tasks for all that they have of their own. Unless told it is all that
    these tasks can move. With ``unfreeze`` it also trains what ``model.encoder.freeze`` keeps as it is elsewhere.
    """

    name: Annotated[str, Field(min_length=1)]
    steps: Annotated[int, Field(ge=1, le=10**9)] | None = None
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    tasks: Names | None = None
    train: Names | None = None
    unfreeze: bool = False


@final
@dataclass(frozen=True)
class Phase:
    """A phase of a run with what it trains; a run without phases is one phase without a name."""

    name: str | None
    start: int
    length: int
    tasks: Mapping[str, Task]
    trained: Sequence[nn.Parameter]
    balancer: Balancer
    schedule: Schedule


def build_phases(
    phases: Sequence[PhaseConfig],
    num_steps: int,
    network: Network,
    tasks: Mapping[str, Task],
    balancer: Callable[[Sequence[str]], Balancer],
    schedule: Callable[[int], Schedule],
) -> list[Phase]:
    """The phases of a run of this length, or the one that it is without any.

    ``balancer`` makes one for tasks of these names, ``schedule`` one for so many steps.
    """
    if not phases:
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        return [Phase(None, 0, num_steps, tasks, trained, balancer(list(tasks)), schedule(num_steps))]
    built: list[Phase] = []
    start = 0
    for phase in in_steps(phases, num_steps):
        mine = {name: task for name, task in tasks.items() if name in (phase.tasks or tasks)}
        length = num_steps - start if phase.steps is None else phase.steps
        trained = trained_parameters(phase, network)
        built.append(Phase(phase.name, start, length, mine, trained, balancer(list(mine)), schedule(length)))
        start += length
    return built


def in_steps(phases: Sequence[PhaseConfig], num_steps: int) -> tuple[PhaseConfig, ...]:
    """The phases of a run of this length, all but the last with their length in steps; the last lasts to the end.

    Raises `InputError` if the lengths do not fill the run.
    """
    check_lengths(phases)
    if not phases:
        return ()
    *bounded, last = phases
    if phases[0].share is not None:
        ends = [round(num_steps * end) for end in accumulate(phase.share or 0.0 for phase in bounded)]
        lengths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    else:
        lengths = [phase.steps or 0 for phase in bounded]
    rest = num_steps - sum(lengths)
    if min([*lengths, rest]) < 1:
        raise InputError(f"training.phases: {len(phases)} phases of these lengths do not fit into {num_steps} steps")
    if last.steps not in (None, rest):
        total = num_steps - rest + (last.steps or 0)
        raise InputError(f"training.phases: the steps add up to {total}, expected the {num_steps} of the run")
    lengths_known = [
        dataclasses.replace(phase, steps=length, share=None) for phase, length in zip(bounded, lengths, strict=True)
    ]
    return (*lengths_known, dataclasses.replace(last, steps=None, share=None))


def check_lengths(phases: Sequence[PhaseConfig]) -> None:
    """Raise `InputError` if lengths are missing, of two kinds or not a whole run, whatever its length."""
    for phase in phases:
        given = [key for key in ("steps", "share") if getattr(phase, key) is not None]
        if len(given) == 2 or (not given and phase is not phases[-1]):
            found = "both" if given else "neither"
            raise InputError(f"training.phases: {phase.name} needs either steps or share, found {found}")
    kinds = {phase.steps is None for phase in phases if not (phase.steps is None and phase.share is None)}
    if len(kinds) > 1:
        raise InputError("training.phases: expected all lengths in steps or all as shares, found both")
    shares = [phase.share for phase in phases if phase.share is not None]
    if shares and len(shares) == len(phases) and abs(sum(shares) - 1) > 1e-6:
        raise InputError(f"training.phases: the shares add up to {sum(shares):g}, expected 1")


def check_phases(phases: Sequence[PhaseConfig], network: Network, target: str) -> None:
    """Raise `InputError` for tasks or parts that are not there, a phase that trains nothing, or a task that waits."""
    names = [phase.name for phase in phases]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"training.phases: two phases have the name {twice!r}; give every phase its own name")
    for phase in phases:
        trained_parameters(phase, network)
    if phases and not any(target in (phase.tasks or network.tasks) for phase in phases):
        raise InputError(f"training.phases: no phase trains the target {target!r}")
    for task in network.tasks if phases else ():
        if not any(task in (phase.tasks or network.tasks) for phase in phases):
            raise InputError(f"training.phases: no phase trains the task {task!r}; name it in one, or leave it out")


def trained_parameters(phase: PhaseConfig, network: Network) -> list[nn.Parameter]:
    """What learns in a phase: what it names and its tasks can move. Raises `InputError` if that is nothing."""
    tasks = network.tasks if phase.tasks is None else phase.tasks
    for task in tasks:
        if task not in network.tasks:
            raise InputError(
                f"training.phases: {phase.name} trains {task!r}, which is not a task of this recipe; "
                f"the tasks are {', '.join(network.tasks)}"
            )
    moved = _ids(network.parameters_moved_by(tasks))
    if phase.train is not None:
        moved &= _ids(parameter for name in phase.train for parameter in _part(phase, name, network))
    reached = [parameter for parameter in network.parameters() if id(parameter) in moved]
    trained = [parameter for parameter in reached if parameter.requires_grad or phase.unfreeze]
    if not trained:
        names = ", ".join(phase.train or ())
        why = f"{names} does not learn from {', '.join(tasks)}"
        if reached:
            why = f"model.encoder.freeze keeps {names} as it is; set unfreeze: true in this phase to train it here"
        raise InputError(f"training.phases: {phase.name} trains nothing: {why}")
    return trained


def never_trained(network: Network, phases: Sequence[Phase]) -> dict[str, int]:
    """How many parameters no phase trains, by part of the network; parts without any are left out."""
    trained = _ids(parameter for phase in phases for parameter in phase.trained)
    left = {
        part: sum(parameter.numel() for parameter in parameters if id(parameter) not in trained)
        for part, parameters in network.parameters_by_part().items()
    }
    return {part: number for part, number in left.items() if number}


def _part(phase: PhaseConfig, name: str, network: Network) -> list[nn.Parameter]:
    parts = network.parameters_by_part()
    if name in parts:
        return parts[name]
    if name in network.tasks:
        return network.branch_parameters(name)
    known = [*network.tasks, *parts]
    raise InputError(
        f"training.phases: {phase.name} trains {name!r}, which is not a part of this network; "
        f"its parts are {', '.join(known)}"
    )


def freeze_all_but(network: nn.Module, trained: Iterable[nn.Parameter]) -> list[nn.Module]:
    """Let only ``trained`` learn, and return the modules that stand still, which belong in evaluation.

    A module stands still if it has parameters and none of them learns.
    """
    chosen = _ids(trained)
    for parameter in network.parameters():
        parameter.requires_grad_(id(parameter) in chosen)
    network.train()
    return list(standing_still(network))


def state_of(network: nn.Module, still: Iterable[nn.Module]) -> list[Tensor]:
    """Every tensor that must not change while these modules, and all parameters that do not learn, stand still."""
    parameters = [parameter for parameter in network.parameters() if not parameter.requires_grad]
    return [*parameters, *(buffer for module in still for buffer in module.buffers())]


def _ids(parameters: Iterable[nn.Parameter]) -> set[int]:
    return {id(parameter) for parameter in parameters}
