"""Rules of torchjd, which are given what their tasks' gradients are and keep their memory in the run's state.

torchjd: https://github.com/TorchJD/torchjd (MIT). Nothing here imports it: the settings of a rule do when they build.

Shape legend: ``K`` tasks, ``n`` parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, Final, final

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from auxseg.balancing.combining.gram import cleaned
from auxseg.balancing.combining.method import GramMethod, MatrixMethod, Rows, unit_scaled
from auxseg.keyed import keyed_bytes

_MOST_ASKED: Final = 3

Make = Callable[[], nn.Module]
"""Makes a rule of torchjd anew: one of its weightings (`GramRule`) or aggregators (`MatrixRule`)."""


class _Memory:
    """One rule of torchjd for every set of tasks that was seen together.

    torchjd's rules know rows and no names: some forget all when the number of rows changes, others would take one
    task's memory for another's. So a step that lacks a task's label goes by the memory of such steps alone.
    """

    def __init__(self, make: Make) -> None:
        self._make = make
        self._rules: dict[tuple[str, ...], nn.Module] = {}

    def rule(self, names: tuple[str, ...]) -> nn.Module:
        """The rule of these tasks."""
        if names not in self._rules:
            self._rules[names] = self._make()
        return self._rules[names]

    def state(self) -> dict[str, dict[str, Tensor]]:
        """The buffers of all rules that remember something, by the names of their tasks."""
        found = {" ".join(names): rule.state_dict() for names, rule in self._rules.items()}
        return {names: {key: value.clone() for key, value in state.items()} for names, state in found.items() if state}

    def restore(self, state: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go on from there. A new rule has no buffers to load into, so it is asked about zeros of the shape first."""
        self._rules = {}
        for text, buffers in state.items():
            names = tuple(text.split(" "))
            width = max([value.shape[1] for value in buffers.values() if value.ndim == 2] or [len(names)])
            like = next(value for value in buffers.values() if value.ndim)
            rule = self.rule(names)
            zeros = torch.zeros(len(names), width, dtype=like.dtype, device=like.device)
            for _ in range(_MOST_ASKED):  # some buffers are there from the second step on
                rule(zeros)
                if rule.state_dict().keys() == buffers.keys():
                    break
            rule.load_state_dict(dict(buffers))


@final
class GramRule(GramMethod):
    """A weighting of torchjd that reads the Gram matrix, given in float64 and without rounding errors.

    Args:
        make: makes the weighting anew.
        is_scaled: whether the weighting is given the matrix divided by its largest entry, which is right for all whose
            weights do not depend on the size of the gradients: constants in them are compared with 1 then.
        seed: what random numbers depend on beside the step, for a weighting that draws any.
    """

    def __init__(self, make: Make, *, is_scaled: bool = True, seed: int | None = None) -> None:
        super().__init__()
        self._memory, self.is_scaled, self.seed = _Memory(make), is_scaled, seed

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """What torchjd says."""
        given = cleaned(unit_scaled(gramian)[0] if self.is_scaled else gramian)
        with torch.no_grad(), nullcontext() if self.seed is None else seeded(self.seed, rows.step, gramian.device):
            return self._memory.rule(rows.names)(given)

    def get_extra_state(self) -> dict[str, Any]:
        """What torchjd remembers."""
        return self._memory.state()

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self._memory.restore(state)


@final
class MatrixRule(MatrixMethod):
    """An aggregator of torchjd that reads every coordinate; ``seed`` as in `GramRule`."""

    def __init__(self, make: Make, *, seed: int | None = None) -> None:
        super().__init__()
        self._memory, self.seed = _Memory(make), seed

    def aggregate(self, matrix: Float[Tensor, "K n"], rows: Rows) -> Float[Tensor, " n"]:
        """What torchjd says."""
        with torch.no_grad(), nullcontext() if self.seed is None else seeded(self.seed, rows.step, matrix.device):
            return self._memory.rule(rows.names)(matrix)

    def get_extra_state(self) -> dict[str, Any]:
        """What torchjd remembers."""
        return self._memory.state()

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self._memory.restore(state)


@contextmanager
def seeded(seed: int, step: int, device: torch.device) -> Iterator[None]:
    """Let torch's own generators start from a key in here, the same in every process, and go on as before after it."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(int.from_bytes(keyed_bytes(8, "gradients", seed, step), "little") >> 1)
        yield
