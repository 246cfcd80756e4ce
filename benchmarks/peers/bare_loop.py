"""The least PyTorch that trains a network on the same losses: no log, no checks, no averages, nothing to resume."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from auxseg.data.loading.batch import Batch
from auxseg.models.network import Network
from auxseg.tasks import Task, task_loss
from auxseg.training.optimizer import OptimizerConfig


class BareLoop:
    """Forward, loss, backward, update and schedule, on the device of the network."""

    def __init__(
        self, network: Network, tasks: Mapping[str, Task], settings: OptimizerConfig, num_steps: int, dtype: torch.dtype
    ) -> None:
        self.network, self.tasks, self.dtype = network.train(), tasks, dtype
        self.device = next(network.parameters()).device
        whole = {"params": [*network.parameters()], "weight_decay": settings.weight_decay}
        self.optimizer = settings.build([whole])
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, settings.rate, total_steps=num_steps)

    def step(self, batch: Batch) -> None:
        """Take one step."""
        batch = batch.to(self.device)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            outputs = self.network(batch.image)
        loss = torch.zeros((), device=self.device)
        for name, task in self.tasks.items():
            target = task.target(batch)
            totals = {term: float(count.sum()) for term, count in task.counts(target).items()}
            loss = loss + task_loss(task, outputs[name], target, totals)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.step()
