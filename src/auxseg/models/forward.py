"""One forward pass per picture that tasks look at, for training and evaluation alike; and what a teacher says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from auxseg.data.loading.batch import Batch
from auxseg.models.layers.norms import calls_noted, moving_batch_norms, running_statistics_kept
from auxseg.models.network import Network
from auxseg.tasks.task import Task
from auxseg.tasks.views import by_view


def forward(network: Network, tasks: Mapping[str, Task], batch: Batch) -> dict[str, Tensor]:
    """Every task's raw output, with one forward pass per view, the target's first.

    In training each view is normalised by its own batch statistics. The running statistics of a layer are moved by the
    first view that reaches it: the target's, except in parts that only other views use.
    """
    outputs: dict[str, Tensor] = {}
    views = by_view(tasks.values())
    layers = moving_batch_norms(network) if len(views) > 1 else []
    reached: set[_BatchNorm] = set()
    for view, names in views.items():
        with running_statistics_kept(reached), calls_noted(layers, reached):
            outputs |= network(view.look(batch), names)
    return outputs


def with_teacher(network: Network, tasks: Mapping[str, Task], batch: Batch, outputs: Mapping[str, Tensor]) -> Batch:
    """The batch with these outputs, by head, as the words of a teacher for those of the tasks that need one.

    They are the outputs of a teacher in training. Where a model is measured they are its own: it is compared with
    itself on another picture.
    """
    device = batch.image.device
    said = {
        name: outputs[network.head_of(name)].detach().float().to(device)
        for name, task in tasks.items()
        if task.needs_teacher
    }
    return replace(batch, teacher=said) if said else batch
