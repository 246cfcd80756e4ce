"""The contract of a balancer."""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

import torch
from torch import Tensor

from auxseg.balancing.combining.combining import Combining
from auxseg.testing.balancer_problem import NAMES, SEED, BalancerSettings, Trainer
from auxseg.testing.require import are_close, require

STEPS: Final = 8
STOP: Final = 4
"""After how many steps a training is saved: within an epoch, which has three."""


def check_balancer(config: BalancerSettings) -> None:
    """Check that a balancer keeps its part of `begin_step`, `backward` and `finish`.

    Every task that has a label and a weight moves its own parameters, the others do not; neither the order of tasks nor
    cutting a step into parts changes a result; what is saved goes on identically; one task alone learns; losses in
    bfloat16 do no harm.

    Args:
        config: settings of the balancer, with ``build(tasks, target, seed)``.

    Raises:
        AssertionError: naming the balancer and the rule that it breaks.
    """
    case = BalancerCase(config)
    for rule in BALANCER_RULES:
        rule(case)


@final
@dataclass(frozen=True)
class BalancerCase:
    """A balancer's settings, to be tried on a small problem."""

    config: BalancerSettings

    def trainer(self, tasks: tuple[str, ...] = NAMES) -> Trainer:
        """A training that begins anew; the first of `NAMES` is the target."""
        return Trainer(self.config.build(list(tasks), NAMES[0], SEED), tasks)

    def require(self, holds: object, rule: str) -> None:
        """Raise `AssertionError` for a rule that does not hold."""
        if not holds:
            require(holds, type(self.trainer().balancer).__name__, rule)


def every_task_with_a_weight_moves_its_own_parameters(case: BalancerCase) -> None:
    """`finish` says the weight of every labelled task, and leaves gradients that agree with it."""
    trainer = case.trainer()
    for step in range(STEPS):
        labelled = NAMES[:2] if step % 4 == 1 else NAMES
        _, weights = trainer.step(step, labelled=labelled)
        case.require(weights.keys() == set(labelled), "finish gives the weight of every labelled task and no other")
        case.require(all(math.isfinite(weight) for weight in weights.values()), "weights are finite")
        for name, weight in weights.items():
            moved = trainer.gradients[f"heads.{name}"].any()
            case.require(moved or weight == 0, "a labelled task has a gradient unless its weight is 0")
            if not isinstance(trainer.balancer, Combining):  # of which heads go by their own gradients
                case.require(weight != 0 or not moved, "a task of weight 0 moves nothing")


def a_task_without_a_label_is_absent(case: BalancerCase) -> None:
    """Its parameters do not move, not even by momentum; a step without any label moves nothing."""
    trainer = case.trainer()
    for step in range(STEPS):
        before = trainer.weights()
        labelled = {1: NAMES[:2], 5: ()}.get(step, NAMES)
        trainer.step(step, labelled=labelled)
        after = trainer.weights()
        if "box" not in labelled:
            case.require(_same(before, after, "heads.box"), "the parameters of a task without a label do not move")
        if not labelled:
            still = all(_same(before, after, name) for name in before)
            case.require(still, "a step without any label changes nothing")


def the_order_of_tasks_changes_nothing(case: BalancerCase) -> None:
    """Neither where the balancer is built nor where losses are given."""
    here, turned = case.trainer(), case.trainer(NAMES[::-1])
    for step in range(STEPS):
        _, one = here.step(step)
        _, other = turned.step(step)
        same = one.keys() == other.keys() and all(math.isclose(one[n], other[n], rel_tol=1e-5) for n in one)
        case.require(same, "the order of tasks changes no weight")
    case.require(_near(here, turned), "the order of tasks changes nothing that is learned")


def parts_of_a_step_change_nothing(case: BalancerCase) -> None:
    """But for rounding."""
    whole, parts = case.trainer(), case.trainer()
    for step in range(STEPS):
        (_, one), (_, other) = whole.step(step), parts.step(step, num_parts=4)
        same = one.keys() == other.keys() and all(math.isclose(one[n], other[n], rel_tol=1e-4) for n in one)
        case.require(same, "cutting a step into micro-batches changes no weight")
    case.require(_near(whole, parts), "cutting a step into micro-batches changes nothing that is learned")


def what_is_saved_goes_on_identically(case: BalancerCase, stop: int = STOP) -> None:
    """The state is whole, can be read without executing code, and stays what it was when it was saved."""
    whole, stopped, resumed = case.trainer(), case.trainer(), case.trainer()
    for step in range(stop):
        whole.step(step)
        stopped.step(step)
    kept = stopped.balancer.state_dict()
    before = repr({name: value for name, value in kept.items() if not isinstance(value, Tensor)})
    file = io.BytesIO()
    torch.save([kept, stopped.problem.state_dict(), copy.deepcopy(stopped.optimizer.state_dict())], file)
    file.seek(0)
    states = torch.load(file, weights_only=True)
    for part, state in zip((resumed.balancer, resumed.problem, resumed.optimizer), states, strict=True):
        part.load_state_dict(state)
    for step in range(stop, stop + STEPS):
        case.require(resumed.step(step) == whole.step(step), "a balancer whose state is loaded goes on identically")
        stopped.step(step)
    same = all(_same(resumed.weights(), whole.weights(), name) for name in whole.weights())
    case.require(same, "a balancer whose state is loaded goes on identically")
    after = repr({name: value for name, value in kept.items() if not isinstance(value, Tensor)})
    case.require(before == after, "a state that was saved does not change later")


def one_task_alone_learns(case: BalancerCase) -> None:
    """The target without auxiliaries."""
    trainer = case.trainer(NAMES[:1])
    first = trainer.problem.losses(0, slice(None))["mask"].item()
    for step in range(20):
        _, weights = trainer.step(step)
        case.require(0 < weights["mask"] < math.inf, "the weight of one task alone is positive")
    last = trainer.problem.losses(0, slice(None))["mask"].item()
    case.require(last < 0.8 * first, "one task alone learns")


def losses_in_half_precision_do_no_harm(case: BalancerCase) -> None:
    """Autocast may give bfloat16 losses."""
    for num_parts in (1, 2):
        trainer = case.trainer()
        for step in range(STEPS):
            _, weights = trainer.step(step, num_parts, dtype=torch.bfloat16)
            case.require(all(map(math.isfinite, weights.values())), "weights are finite with losses in bfloat16")
        finite = all(value.isfinite().all() for value in trainer.weights().values())
        case.require(finite, "what is learned is finite with losses in bfloat16")


def _same(one: dict[str, Tensor], other: dict[str, Tensor], name: str) -> bool:
    return torch.equal(one[name], other[name])


def _near(one: Trainer, other: Trainer) -> bool:
    expected = other.weights()
    return all(are_close(value, expected[name]) for name, value in one.weights().items())


BALANCER_RULES: Final[tuple[Callable[[BalancerCase], None], ...]] = (
    every_task_with_a_weight_moves_its_own_parameters,
    a_task_without_a_label_is_absent,
    the_order_of_tasks_changes_nothing,
    parts_of_a_step_change_nothing,
    what_is_saved_goes_on_identically,
    one_task_alone_learns,
    losses_in_half_precision_do_no_harm,
)
