"""A network that is about to be written, with all that its file says and is tried with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from auxseg.data.store.store import Store
from auxseg.deploy.export.parity import Runner, Samples, compare, parity_of
from auxseg.deploy.export.result import Parity
from auxseg.deploy.export.tracing import SomeTasks
from auxseg.run.model import Model
from auxseg.tasks import Task


@final
@dataclass(frozen=True, eq=False)
class Job:
    """Of a model: the network of some tasks, the texts that describe it, images to try it with, and perhaps data."""

    model: Model
    module: SomeTasks
    texts: Mapping[str, str]
    samples: Samples
    store: Store | None

    @property
    def tasks(self) -> dict[str, Task]:
        """What the exported network gives outputs for, in their order."""
        return {name: self.model.tasks[name] for name in self.module.tasks}

    def compare(self, run: Runner) -> tuple[Parity, ...]:
        """How near these outputs are to PyTorch's, see `compare`."""
        return compare(self.module, self.tasks, run, self.samples)

    def parity_of(self, run: Runner) -> tuple[Parity, ...]:
        """The same of a network that may differ, such as one in eight bits."""
        return parity_of(self.module, self.tasks, run, self.samples)
