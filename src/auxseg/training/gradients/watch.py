"""One look at how the tasks' gradients agree, which leaves no trace in the training."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from auxseg.data.loading.batch import Batch
from auxseg.models.forward import forward
from auxseg.models.layers.norms import moving_batch_norms, running_statistics_kept
from auxseg.models.network import Network
from auxseg.models.stages import shared_by_stage
from auxseg.tasks import Task, task_loss
from auxseg.training.gradients.affinity import affinities
from auxseg.training.gradients.conflict import Look, gradients_by_task, norms_and_cosines
from auxseg.training.runtime import Precision, Runtime


def look(
    network: Network,
    tasks: Mapping[str, Task],
    batch: Batch,
    targets: Mapping[str, Tensor],
    totals: Mapping[str, Mapping[str, float]],
    runtime: Runtime,
    precision: Precision,
) -> Look | None:
    """Compare the gradients of the labelled tasks on the shared parameters that learn, on one micro-batch.

    ``totals`` is what each loss averages over: this micro-batch of every process. All processes must come here, and
    all get the same. ``None`` if there is nothing to compare: no labelled target or auxiliary, or nothing shared.
    No random number is drawn, no running statistic moved, no gradient left, and the weights keep every bit. Dropout
    drops what the step itself drops.
    """
    started = time.perf_counter()
    tasks = {name: task for name, task in tasks.items() if any(totals[name].values())}
    target = next((task for task in tasks.values() if task.is_target), None)
    learning = {
        name: [parameter for parameter in group if parameter.requires_grad]
        for name, group in shared_by_stage(network).items()
    }
    groups = {name: len(group) for name, group in learning.items() if group}
    parameters = [parameter for group in learning.values() for parameter in group]
    if target is None or len(tasks) < 2 or not parameters:
        return None

    def losses(asked: Mapping[str, Task]) -> dict[str, Tensor]:
        with _same_randomness(runtime.device), runtime.autocast(precision):
            outputs = forward(network, asked, batch)
        return {name: task_loss(task, outputs[name], targets[name], totals[name]) for name, task in asked.items()}

    def values(shares: Mapping[str, Tensor]) -> dict[str, float]:
        whole = torch.stack([share.detach() for share in shares.values()])
        runtime.add([whole])
        return dict(zip(shares, whole.tolist(), strict=True))

    with running_statistics_kept(moving_batch_norms(network)):
        before = losses(tasks)
        gradients = gradients_by_task(before, parameters, runtime.add)
        norms, cosines = norms_and_cosines(gradients, target.name, groups)
        affinity = affinities(
            values(before),
            gradients,
            target.name,
            parameters,
            lambda: values(losses({target.name: target}))[target.name],
        )
    return Look(norms, cosines, affinity, time.perf_counter() - started)


@contextmanager
def _same_randomness(device: torch.device) -> Iterator[None]:
    """Draw the numbers that are next, and leave them to be drawn again."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield
