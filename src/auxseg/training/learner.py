"""Everything that changes while a network learns, and one step of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import torch
from torch import Tensor, nn

from auxseg.balancing import Balancer, Features, Step
from auxseg.data.loading.batch import Batch
from auxseg.errors import DivergedError
from auxseg.keyed import step_seed
from auxseg.models.features import encoder_parameters, features_cut
from auxseg.models.forward import forward
from auxseg.models.network import Network
from auxseg.tasks import Task, task_loss
from auxseg.training.average import WeightAverage
from auxseg.training.gradients.conflict import Look
from auxseg.training.gradients.watch import look
from auxseg.training.phases import Phase, freeze_all_but, state_of
from auxseg.training.runtime import Precision, Runtime
from auxseg.training.teacher import Teacher


@dataclass(frozen=True)
class StepResult:
    """What one optimiser step did: mean losses and weights by task, the rate's factor and the gradient's norm.

    A task that nothing in the step had a label for is in neither, nor is one that the step's phase does not train.
    ``look`` is what the tasks' gradients showed before the step, if it was a step in which they are looked at.
    ``num_fallbacks`` is that of the balancer.
    """

    losses: dict[str, float]
    weights: dict[str, float]
    factor: float
    gradient_norm: float
    phase: str | None = None
    look: Look | None = None
    num_fallbacks: int = 0


@final
class Learner:
    """A network with all that trains it.

    One step sees a whole batch, cut into micro-batches and over processes. What every loss averages over is counted
    first, over all of them, so that shares of losses and gradients simply add up: cutting a batch differently
    changes nothing but rounding (and the statistics of BatchNorm). In every ``watch``-th step, the first included, the
    tasks' gradients are looked at before it (`auxseg.training.gradients.watch`). A ``teacher`` answers the tasks that
    learn from one; its average is that of ``average``, or one of its own.
    """

    def __init__(
        self,
        network: Network,
        tasks: Mapping[str, Task],
        phases: Sequence[Phase],
        optimizer: torch.optim.Optimizer,
        average: WeightAverage,
        runtime: Runtime,
        *,
        precision: Precision,
        clip: float | None,
        seed: int,
        watch: int | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        self.network, self.tasks, self.phases = network, tasks, phases
        self.optimizer, self.average, self.runtime = optimizer, average, runtime
        self.precision: Precision = precision
        self.clip, self.seed, self.watch = clip, seed, watch
        self.teacher = teacher
        self._averages = [average] if teacher is None or teacher.average is average else [average, teacher.average]
        self._begin(phases[0])

    @property
    def balancer(self) -> Balancer:
        """The balancer of the phase."""
        return self.phase.balancer

    def enter(self, step: int) -> None:
        """Be in the phase that holds the step number ``step`` (from 0), which is about to be taken."""
        phase = next(phase for phase in reversed(self.phases) if phase.start <= step)
        if phase is not self.phase:
            self._begin(phase)
        for module in self._still:
            module.eval()  # whoever validated put all of the network back into training
        if step == phase.start:
            for average in self._averages:
                average.begin_anew(state_of(self.network, self._still) if average is self.average else ())

    def _begin(self, phase: Phase) -> None:
        self.phase = phase
        self._still = freeze_all_but(self.network, phase.trained)
        self.parameters: list[nn.Parameter] = [*phase.trained, *phase.balancer.parameters()]

    def begin_epoch(self, epoch: int) -> None:
        """Tell the balancer of the phase that an epoch begins (counted from 0)."""
        self.balancer.begin_epoch(epoch)

    def step(self, batches: Sequence[Batch], step: int) -> StepResult:
        """Take the optimiser step number ``step`` (from 0).

        Raises `DivergedError` if a loss or gradient is not finite.
        """
        # Dropout must not depend on when a run resumed.
        torch.manual_seed(step_seed(self.seed, step, self.runtime.rank))
        tasks = self.phase.tasks
        batches = [self._taught(batch.to(self.runtime.device)) for batch in batches]
        targets = [{name: task.target(batch) for name, task in tasks.items()} for batch in batches]
        totals = self._totals(targets)
        labelled = frozenset(name for name, terms in totals.items() if any(terms.values()))
        seen = self._look(batches[0], targets[0]) if self.watch is not None and step % self.watch == 0 else None
        features = Features(parameters=encoder_parameters(self.network) if self.balancer.reads_features else ())
        num_parts = len(batches) * self.runtime.num_processes
        self.balancer.begin_step(Step(step, num_parts, labelled, self.phase.trained, features))
        summed = dict.fromkeys(tasks, torch.zeros((), device=self.runtime.device))
        for batch, target in zip(batches, targets, strict=True):
            reads = self.balancer.reads_features
            cutting = features_cut(self.network, features.made, features.cut) if reads else nullcontext()
            with cutting, self.runtime.autocast(self.precision):
                outputs = forward(self.network, tasks, batch)  # dense: N C H W, vector: N K
            losses = {
                name: self._ramp(task, step) * task_loss(task, outputs[name], target[name], totals[name])
                for name, task in tasks.items()
            }
            self.balancer.backward(losses)
            summed = {name: summed[name] + loss.detach() for name, loss in losses.items()}
        self.runtime.add(list(summed.values()))
        values = dict(zip(summed, torch.stack(list(summed.values())).tolist(), strict=True))
        values = {name: value for name, value in values.items() if name in labelled}
        self._refuse_infinite({f"loss of {name}": value for name, value in values.items()}, step, batches)
        weights = self.balancer.finish(values, self.runtime.add)
        norm = float(nn.utils.clip_grad_norm_(self.parameters, math.inf if self.clip is None else self.clip))
        self._refuse_infinite({"norm of the gradient": norm}, step, batches)
        factor = self._update(step)
        return StepResult(values, weights, factor, norm, self.phase.name, seen, self.balancer.num_fallbacks)

    def _taught(self, batch: Batch) -> Batch:
        """The batch with what the teacher says of it."""
        autocast = partial(self.runtime.autocast, self.precision)
        return batch if self.teacher is None else self.teacher.teach(self.phase.tasks, batch, autocast)

    def _ramp(self, task: Task, step: int) -> float:
        """How much of its loss a task has in this step."""
        if not task.ramp:
            return 1.0
        return min((step - self.phase.start + 1) / (task.ramp * self.phase.length), 1.0)

    def _look(self, batch: Batch, target: Mapping[str, Tensor]) -> Look | None:
        """How the tasks' gradients agree on the first micro-batch of every process."""
        return look(self.network, self.phase.tasks, batch, target, self._totals([target]), self.runtime, self.precision)

    def _totals(self, targets: Sequence[Mapping[str, Tensor]]) -> dict[str, dict[str, float]]:
        """What each loss term averages over, in the whole step."""
        counts: dict[tuple[str, str], Tensor] = {}
        for target in targets:
            for name, task in self.phase.tasks.items():
                for term, count in task.counts(target[name]).items():
                    total = count.sum(dtype=torch.float64)
                    counts[name, term] = counts[name, term] + total if (name, term) in counts else total
        flat = torch.stack(list(counts.values()))
        self.runtime.add([flat])
        totals: dict[str, dict[str, float]] = {name: {} for name in self.phase.tasks}
        for (name, term), value in zip(counts, flat.tolist(), strict=True):
            totals[name][term] = value
        return totals

    def _refuse_infinite(self, values: Mapping[str, float], step: int, batches: Sequence[Batch]) -> None:
        for name, value in values.items():
            if not math.isfinite(value):  # the same in every process, so all of them gather
                mine = [id_ for batch in batches for id_ in batch.ids]
                ids = ", ".join(id_ for part in self.runtime.gather(mine) for id_ in part)
                raise DivergedError(f"step {step + 1}: the {name} is {value}; the batch held {ids}")

    def _update(self, step: int) -> float:
        factor = self.phase.schedule.factor(step - self.phase.start)
        for group in self.optimizer.param_groups:
            group["lr"] = group["base_rate"] * factor
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._agree_on_buffers()
        for average in self._averages:
            average.update()
        return factor

    @torch.no_grad()
    def _agree_on_buffers(self) -> None:
        """Let every process hold the mean of all processes' running statistics, so that they validate one network."""
        if self.runtime.num_processes > 1:
            still = {id(tensor) for tensor in state_of(self.network, self._still)}
            buffers = [b for b in self.network.buffers() if b.is_floating_point() and id(b) not in still]
            self.runtime.add(buffers)
            for buffer in buffers:
                buffer /= self.runtime.num_processes

    @contextmanager
    def averaged(self) -> Iterator[Network]:
        """The network with the weights that are validated and kept."""
        with self.average.swapped_in():
            yield self.network

    def state(self) -> dict[str, object]:
        """All that a checkpoint must keep."""
        of_the_teacher = {} if len(self._averages) == 1 else {"teacher": self._averages[1].state()}
        return {
            "network": self.network.state_dict(),
            "balancers": [phase.balancer.state_dict() for phase in self.phases],
            "optimizer": self.optimizer.state_dict(),
            "schedules": [phase.schedule.state() for phase in self.phases],
            "average": self.average.state(),
            **of_the_teacher,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self.network.load_state_dict(state["network"])
        for phase, balancer, schedule in zip(self.phases, state["balancers"], state["schedules"], strict=True):
            phase.balancer.load_state_dict(balancer)
            phase.schedule.restore(schedule)
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.restore(state["average"])
        for average in self._averages[1:]:
            average.restore(state["teacher"])
