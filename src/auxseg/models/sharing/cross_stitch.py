"""Cross-stitch: an encoder per task, and after every stage each takes a learned share of all the others' features.

Misra, Shrivastava, Gupta, Hebert, "Cross-stitch Networks for Multi-task Learning", CVPR 2016,
https://arxiv.org/abs/1604.03539. What leaves a stage is mixed: ``x_t <- sum_s A[t, s] x_s``. Finer levels that a
decoder joins, and the indices by which it unpools, are those of the task's own encoder.

Shape legend: ``N`` images, ``T`` tasks, ``C`` channels, ``H W`` the input size, ``h w`` the size at a stage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, cast, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models.branch import Branch
from auxseg.models.encoders.encoder import Encoder, Staged, as_stages
from auxseg.models.recompute import recompute
from auxseg.models.sharing.hard import HardSharing
from auxseg.models.sharing.sharing import Builder, Sharing, SharingSettings

_Result = TypeVar("_Result")


@final
class Stitch(nn.Module):
    """A matrix of shares, or one for every channel, that all start with the same values."""

    def __init__(self, initial: Float[Tensor, "T T"], channels: int) -> None:
        super().__init__()
        self.num_tasks = len(initial)
        # A vector, because weight decay spares vectors, and shares must not be pulled to zero.
        self.shares = nn.Parameter(initial.flatten().repeat_interleave(channels))

    def forward(self, features: Sequence[Float[Tensor, "N C h w"]], row: int) -> Float[Tensor, "N C h w"]:
        """What the task of this row takes of all tasks' features, in their precision."""
        shares = self._by_channel()[row, :, :, None, None].to(features[0].dtype)
        mixed = shares[0] * features[0]
        for share, feature in zip(shares[1:], features[1:], strict=True):
            mixed = torch.addcmul(mixed, share, feature)
        return mixed

    def matrix(self) -> Float[Tensor, "T T"]:
        """The shares, as the mean over channels."""
        return self._by_channel().detach().float().mean(2)

    def _by_channel(self) -> Float[Tensor, "T T _"]:
        return self.shares.view(self.num_tasks, self.num_tasks, -1)


@final
class CrossStitch(Sharing):
    """Encoders in step with each other. ``stitches`` holds one for every stage, or one for all.

    With ``shared_stem`` the first encoder's stem serves all of them.
    """

    def __init__(
        self,
        by_task: Mapping[str, Staged],
        stitches: Sequence[Stitch],
        branches: Mapping[str, Branch],
        *,
        shared_stem: bool,
    ) -> None:
        super().__init__()
        self.encoder_by_task = nn.ModuleDict(by_task)
        self.stitches = nn.ModuleList(stitches)
        self.by_task = nn.ModuleDict(branches)
        self.shared_stem = shared_stem
        if shared_stem:
            _, *others = by_task.values()
            for encoder in others:
                encoder.drop_stem()

    def forward(self, image: Float[Tensor, "N _ H W"], tasks: Sequence[str]) -> dict[str, Tensor]:
        """Run all encoders, of which each task needs its neighbours', then the branches of these tasks."""
        encoders = self._encoders()
        levels: list[list[Tensor]] = []
        leaving: list[list[Tensor]] = []
        kept: list[list[Tensor | None]] = [[] for _ in encoders]
        features = [image] * len(encoders)
        for stage in range(encoders[0].num_stages):
            levels.append(self._levels(stage, features))
            unmixed: list[Tensor] = []
            for encoder, level, before in zip(encoders, levels[-1], kept, strict=True):
                x, indices = encoder.down(stage, level)
                unmixed.append(x)
                before.append(indices)
            features = [self._stitch(stage)(unmixed, row) for row in range(len(encoders))]
            leaving.append(features)
        outputs: dict[str, Tensor] = {}
        for number, (task, encoder) in enumerate(zip(self.encoder_by_task, encoders, strict=True)):
            if task in tasks:
                own, left, indices = [level[number] for level in levels], [x[number] for x in leaving], kept[number]
                outputs[task] = self.by_task[task](encoder.assemble(own, left, indices, image.shape[-2:]))
        return outputs

    def _levels(self, stage: int, features: Sequence[Tensor]) -> list[Tensor]:
        """Every encoder's level."""
        encoders = self._encoders()
        if stage == 0 and self.shared_stem:
            u = encoders[0].entry(0, features[0])
            return [_run(encoder, encoder.body, 0, u) for encoder in encoders]
        return [_run(encoder, encoder.run, stage, x)[1] for encoder, x in zip(encoders, features, strict=True)]

    def _encoders(self) -> list[Staged]:
        return cast(list[Staged], list(self.encoder_by_task.values()))

    def _stitch(self, stage: int) -> Stitch:
        return cast(Stitch, self.stitches[min(stage, len(self.stitches) - 1)])

    def encoders(self) -> Mapping[str, Encoder]:
        """An encoder per task."""
        return {f"encoder {task}": cast(Encoder, encoder) for task, encoder in self.encoder_by_task.items()}

    def branches(self) -> Mapping[str, Branch]:
        """The branches by task."""
        return cast(Mapping[str, Branch], dict(self.by_task.items()))

    def shared_parameters(self) -> list[nn.Parameter]:
        """The parameters of all encoders, which every task moves through the mixing, and of the mixing."""
        return [*self.encoder_by_task.parameters(), *self.stitches.parameters()]

    def task_parameters(self, task: str) -> list[nn.Parameter]:
        """The parameters of the task's branch."""
        return list(self.by_task[task].parameters())

    def mixing_matrices(self) -> dict[str, Float[Tensor, "T T"]]:
        """The matrix after each stage, or the one after all."""
        stitches = cast(list[Stitch], list(self.stitches))
        if len(stitches) == 1:
            return {"after every stage": stitches[0].matrix()}
        return {f"after stage {number}": stitch.matrix() for number, stitch in enumerate(stitches, start=1)}


def _run(encoder: Staged, function: Callable[..., _Result], *inputs: Any) -> _Result:
    return recompute(encoder, function, *inputs) if encoder.checkpointing else function(*inputs)


@config
class CrossStitchConfig(SharingSettings):
    """An encoder per task, mixed after every stage.

    ``matrix`` says whether ``one`` matrix serves all stages, or each has one (``stage``), or one for each of its
    channels (``channel``). At the start a task takes ``own`` of its own features and equal parts of what is left to 1
    of the others'; ``rows`` states the matrix instead, tasks in the recipe's order. With ``stem: shared`` the first
    convolution (of a backbone: its first stage) is the same for all. With a single task there is nothing to mix: its
    network is then the plain one.
    """

    kind: Literal["cross-stitch"] = "cross-stitch"
    matrix: Literal["one", "stage", "channel"] = "stage"
    own: Annotated[float, Field(ge=0, le=1)] = 0.9
    rows: tuple[tuple[float, ...], ...] | None = None
    stem: Literal["own", "shared"] = "own"

    def build(self, builder: Builder) -> CrossStitch | HardSharing:
        """Build encoders, branches and matrices. Raises `InputError` for an encoder without stages or other rows."""
        tasks = list(builder.outputs)
        by_task = {
            task: as_stages(builder.encoder(f"encoder {task}"), "model.sharing.kind: cross-stitch") for task in tasks
        }
        branches = {task: builder.branch(task, encoder) for task, encoder in by_task.items()}
        if len(tasks) == 1:
            return HardSharing(by_task[tasks[0]], branches)
        initial, first = self._initial(tasks), by_task[tasks[0]]
        widths = first.channels[: first.num_stages]
        stitches = [Stitch(initial, channels if self.matrix == "channel" else 1) for channels in widths]
        return CrossStitch(
            by_task, stitches[:1] if self.matrix == "one" else stitches, branches, shared_stem=self.stem == "shared"
        )

    def _initial(self, tasks: Sequence[str]) -> Float[Tensor, "T T"]:
        """The matrix to start with."""
        if self.rows is None:
            return torch.full((len(tasks), len(tasks)), (1 - self.own) / (len(tasks) - 1)).fill_diagonal_(self.own)
        if [len(row) for row in self.rows] != [len(tasks)] * len(tasks):
            raise InputError(
                f"model.sharing.rows: expected a row of {len(tasks)} numbers for each of {', '.join(tasks)}, found "
                f"{len(self.rows)} rows of {', '.join(str(len(row)) for row in self.rows)}; set "
                "model.sharing.rows=null to start from model.sharing.own instead"
            )
        return torch.tensor(self.rows)
