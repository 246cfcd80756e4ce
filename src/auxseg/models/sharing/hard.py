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
from auxseg.models.branch import Branch, HeadBranch
from auxseg.models.decoders.decoder import Decoder
from auxseg.models.encoders.encoder import Encoder
from auxseg.models.sharing.sharing import Builder, Sharing, SharingSettings
from auxseg.tasks.task import Dense


@final
class HardSharing(Sharing):
    """All tasks read the same pyramid; each vector task has a head of its own, each dense task a decoder and a head.

    With a ``decoder``, the dense tasks share that one and have heads alone.
    """

    def __init__(self, encoder: Encoder, branches: Mapping[str, Branch], decoder: Decoder | None = None) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.by_task = nn.ModuleDict(branches)

    def forward(self, image: Float[Tensor, "N _ H W"], tasks: Sequence[str]) -> dict[str, Tensor]:
        """Encode once, then run every task's branch."""
        pyramid = self.encoder(image)
        on_map = [task for task in tasks if isinstance(self.by_task[task], HeadBranch)]
        features = self.decoder(pyramid) if self.decoder is not None and on_map else None
        return {task: self.by_task[task](features if task in on_map else pyramid) for task in tasks}

    def encoders(self) -> Mapping[str, Encoder]:
        """The one encoder."""
        return {"encoder": self.encoder}

    def branches(self) -> Mapping[str, Branch]:
        """The branches by task."""
        return cast(Mapping[str, Branch], dict(self.by_task.items()))

    def shared_parameters(self) -> list[nn.Parameter]:
        """The parameters of the encoder, and of the decoder where it is shared."""
        decoder = [] if self.decoder is None else self.decoder.parameters()
        return [*self.encoder.parameters(), *decoder]

    def task_parameters(self, task: str) -> list[nn.Parameter]:
        """The parameters of the task's branch."""
        return list(self.by_task[task].parameters())


@config
class HardSharingConfig(SharingSettings):
    """One encoder for all tasks; with ``decoder: shared`` also one decoder for all dense ones."""

    kind: Literal["hard"] = "hard"
    decoder: Literal["own", "shared"] = "own"

    def build(self, builder: Builder) -> HardSharing:
        """Build the encoder and a branch per task."""
        encoder = builder.encoder()
        dense = [task for task, output in builder.outputs.items() if isinstance(output, Dense)]
        if self.decoder == "own" or not dense:
            return HardSharing(encoder, {task: builder.branch(task, encoder) for task in builder.outputs})
        decoder = builder.decoder("decoder", encoder)
        branches = {
            task: HeadBranch(builder.dense_head(task, decoder.channels))
            if task in dense
            else builder.branch(task, encoder)
            for task in builder.outputs
        }
        return HardSharing(encoder, branches, decoder)
