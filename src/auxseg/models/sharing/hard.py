"""Hard parameter sharing: one encoder for all tasks.

Caruana, "Multitask Learning", Machine Learning 28, 1997, https://doi.org/10.1023/A:1007379606734.

Shape legend: ``N`` images, ``H W`` the input size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, cast, final

from jaxtyping import Float
from torch import Tensor, nn

from auxseg.config import config
from auxseg.models.branch import Branch
from auxseg.models.encoders.encoder import Encoder
from auxseg.models.sharing.sharing import Builder, Sharing


@final
class HardSharing(Sharing):
    """All tasks read the same pyramid; each dense task has a decoder and head of its own, each vector task a head."""

    def __init__(self, encoder: Encoder, branches: Mapping[str, Branch]) -> None:
        super().__init__()
        self.encoder = encoder
        self.by_task = nn.ModuleDict(branches)

    def forward(self, image: Float[Tensor, "N 3 H W"], tasks: Sequence[str]) -> dict[str, Tensor]:
        """Encode once, then run every task's branch."""
        pyramid = self.encoder(image)
        return {task: self.by_task[task](pyramid) for task in tasks}

    def encoders(self) -> Mapping[str, Encoder]:
        """The one encoder."""
        return {"encoder": self.encoder}

    def branches(self) -> Mapping[str, Branch]:
        """The branches by task."""
        return cast(Mapping[str, Branch], dict(self.by_task.items()))

    def shared_parameters(self) -> list[nn.Parameter]:
        """The encoder's parameters."""
        return list(self.encoder.parameters())

    def task_parameters(self, task: str) -> list[nn.Parameter]:
        """The parameters of the task's branch."""
        return list(self.by_task[task].parameters())


@config
class HardSharingConfig:
    """One encoder for all tasks."""

    kind: Literal["hard"] = "hard"

    def build(self, builder: Builder) -> HardSharing:
        """Build the encoder and a branch per task."""
        encoder = builder.encoder()
        return HardSharing(encoder, {task: builder.branch(task, encoder) for task in builder.outputs})
