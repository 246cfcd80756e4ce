"""Choosing precision and memory format by measuring them on the run's own network and batch."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch

from auxseg.data.loading.batch import Batch
from auxseg.errors import RunError
from auxseg.models.encoders import standing_still
from auxseg.models.forward import forward, with_teacher
from auxseg.models.network import Network
from auxseg.tasks import Task, task_loss
from auxseg.training.runtime import Precision, Runtime

_ROUNDS: Final = 3
_BUDGET_SECONDS: Final = 5.0
_GAIN: Final = 1.1
_FEW: Final = 2
_HOPELESS: Final = 4.0
"""How many times as long as float32 a precision takes on a few images that is not tried on a whole batch."""
_SURELY_WARM: Final = 2.0
"""Seconds that no step of a few images spends on warming up alone."""
_TOLERANCES: Final = (0.02, 0.25)


@dataclass(frozen=True)
class Choice:
    """A precision and a memory format, and the seconds that a step took in each that was tried."""

    precision: Precision
    channels_last: bool
    seconds: dict[str, float]


def calibrate(
    network: Network,
    tasks: Mapping[str, Task],
    batches: Sequence[Batch],
    runtime: Runtime,
    precision: Precision | None,
    channels_last: bool | None,
) -> Choice:
    """Time forward and backward in every combination that the settings leave open; ``None`` leaves one open.

    The combinations take turns and the median counts. The plain one (float32, NCHW) is left only for a gain of
    10 percent, and bf16 is taken only if its first loss is within 2 percent of float32's and the norm of
    its gradient within 25 (normalisation over small batches magnifies rounding in single gradients). A
    choice that is not open is not measured, and one that does not fit the GPU's memory is not chosen; if that is
    float32, bf16 has nothing to be compared with. Slow networks get fewer rounds, and processors without arithmetic for
    bf16 show that on two images. The network is not changed. Raises
    `RunError` if no choice fits.
    """
    precisions: list[Precision] = ["fp32", "bf16"] if precision is None else [precision]
    formats = [False, True] if channels_last is None else [channels_last]
    combinations: list[tuple[Precision, bool]] = [
        (each, last) for each in precisions for last in formats
    ]  # simplest first
    if len(combinations) == 1:
        return Choice(*combinations[0], seconds={})
    if precision is None and runtime.device.type == "cpu" and _is_bf16_hopeless(network, tasks, batches[0], runtime):
        combinations = [each for each in combinations if each[0] == "fp32"]
        if len(combinations) == 1:
            return Choice(*combinations[0], seconds={})
    trials, signatures = _that_fit(network, tasks, batches[0], runtime, combinations)
    rounds: list[list[float]] = []
    started = time.perf_counter()
    while not rounds or (time.perf_counter() - started < _BUDGET_SECONDS and len(rounds) < _ROUNDS):
        rounds.append([trial.run()[0] for trial in trials])
    medians = [sorted(seconds)[len(rounds) // 2] for seconds in zip(*rounds, strict=True)]
    best = 0
    for number in range(1, len(trials)):
        if medians[number] * _GAIN < medians[best] and _close(signatures[number], signatures[0]):
            best = number
    seconds = {trial.name: median for trial, median in zip(trials, medians, strict=True)}
    return Choice(trials[best].precision, trials[best].channels_last, seconds)


def _is_bf16_hopeless(network: Network, tasks: Mapping[str, Task], batch: Batch, runtime: Runtime) -> bool:
    """Whether bf16 takes so much longer for a few images that a whole batch would only cost time."""
    if len(batch) <= _FEW:
        return False
    few = batch.first(_FEW)
    plain, half = (_Trial(network, tasks, few, runtime, each, channels_last=False) for each in ("fp32", "bf16"))
    for _ in range(2):  # the first one warms up
        reference, seconds = plain.run()[0], half.run()[0]
        if seconds < _HOPELESS * reference:
            return False
        if seconds > _SURELY_WARM:
            break
    return True


def _that_fit(
    network: Network,
    tasks: Mapping[str, Task],
    batch: Batch,
    runtime: Runtime,
    combinations: Sequence[tuple[Precision, bool]],
) -> tuple[list[_Trial], list[tuple[float, float]]]:
    """A trial of every combination that memory suffices for, warmed up, and what it computed."""
    trials: list[_Trial] = []
    signatures: list[tuple[float, float]] = []
    for precision, channels_last in combinations:
        try:
            trial = _Trial(network, tasks, batch, runtime, precision, channels_last)
            signatures.append(trial.run()[1])
            trials.append(trial)
        except torch.OutOfMemoryError:
            continue
        finally:
            trial = None  # else its memory would be held while the next one is tried
            if runtime.device.type == "cuda":
                torch.cuda.empty_cache()
    if not trials:
        raise RunError(
            f"a step of {len(batch.ids)} images does not fit the memory of {runtime.device} in any precision; lower "
            "training.batch, raise training.accumulate, or set model.checkpointing=true"
        )
    return trials, signatures


def _close(values: Sequence[float], reference: Sequence[float]) -> bool:
    return all(
        math.isfinite(value) and abs(value - right) <= tolerance * abs(right)
        for value, right, tolerance in zip(values, reference, _TOLERANCES, strict=True)
    )


class _Trial:
    """Forward and backward of a copy of the network in one precision and memory format."""

    def __init__(
        self,
        network: Network,
        tasks: Mapping[str, Task],
        batch: Batch,
        runtime: Runtime,
        precision: Precision,
        channels_last: bool,
    ) -> None:
        self.precision: Precision = precision
        self.channels_last = channels_last
        self.name = f"{precision} {'channels_last' if channels_last else 'NCHW'}"
        memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.network = copy.deepcopy(network).to(memory_format=memory_format).train()
        for module in standing_still(self.network):
            module.eval()
        self.tasks, self.runtime = tasks, runtime
        self.batch = batch.to(runtime.device)

    def run(self) -> tuple[float, tuple[float, float]]:
        """Seconds, and the loss with the norm of its gradient."""
        torch.manual_seed(0)
        started = time.perf_counter()
        with self.runtime.autocast(self.precision):
            outputs = forward(self.network, self.tasks, self.batch)
        batch = with_teacher(self.network, self.tasks, self.batch, outputs)
        losses = []
        for name, task in self.tasks.items():
            target = task.target(batch)
            totals = {term: float(count.sum()) for term, count in task.counts(target).items()}
            losses.append(task_loss(task, outputs[name], target, totals))
        loss = torch.stack(losses).sum()
        loss.backward()
        norm = torch.nn.utils.get_total_norm([p.grad for p in self.network.parameters() if p.grad is not None])
        signature = (float(loss.detach()), float(norm))
        self.network.zero_grad(set_to_none=True)
        return time.perf_counter() - started, signature
