"""The whole network: from pictures as a camera gives them to the outputs of every task.

Shape legend: ``N`` images, ``I`` their channels, ``C`` channels or ``K`` numbers of an output, ``H W`` the input size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.errors import InputError
from auxseg.models.branch import DenseBranch
from auxseg.models.encoders.low_rank import adapter_parameters
from auxseg.models.grey import as_one, luminance
from auxseg.models.reuse.refinement import Refinement
from auxseg.models.reuse.side_outputs import SideHead, steps_noted
from auxseg.models.sharing.sharing import Sharing


@final
class Network(nn.Module):
    """Normalises pictures, pads them to what the encoder can divide, and cuts dense outputs back.

    Pictures of any size will do: rows and columns of the mean colour are added at the bottom and on the right until
    the coarsest stride divides the size. (A backbone made for one size is the exception.)

    ``reads`` names, by task without a branch of its own, the task whose head it reads. Those with a head in
    ``side_heads`` read that task's decoder instead; only where they are asked for are their maps computed.

    ``refinement`` changes one task's map by those of others, which are then computed with it.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        sharing: Sharing,
        reads: Mapping[str, str] | None = None,
        side_heads: Mapping[str, SideHead] | None = None,
        refinement: Refinement | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.sharing = sharing
        self.reads = dict(reads or {})
        self.side_heads = nn.ModuleDict(side_heads)
        self.refinement = refinement
        self.in_channels = in_channels
        first, *_ = sharing.encoders().values()
        self.stride = first.strides[-1]
        self.image_size = first.image_size
        self.register_buffer("mean", torch.tensor(first.mean).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(first.std).view(-1, 1, 1))

    def normalise_by(self, mean: Sequence[float], std: Sequence[float]) -> None:
        """Normalise pictures from now on by a mean and a deviation per channel, which are saved with the weights."""
        for buffer, values in ((self.mean, mean), (self.std, std)):
            seen = as_one(values) if self.sees_luminance else values
            buffer.copy_(torch.tensor(seen, dtype=buffer.dtype).view(-1, 1, 1))

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of all tasks, those with a branch first."""
        return (*self.sharing.branches(), *self.reads)

    def head_of(self, task: str) -> str:
        """The task whose branch this task's output needs: itself, unless it reads that of another."""
        return self.reads.get(task, task)

    @property
    def provenance(self) -> dict[str, str]:
        """Where the initial weights of each encoder come from."""
        return {part: encoder.provenance for part, encoder in self.sharing.encoders().items()}

    def forward(self, image: Float[Tensor, "N I H W"], tasks: Sequence[str] | None = None) -> dict[str, Tensor]:
        """Outputs of ``tasks`` (all, if not told) for pictures in [0, 1], RGB unless ``in_channels`` says otherwise.

        A dense task gives logits ``N C H W``, a vector task numbers ``N K``. Encoders of one input channel are given
        the luminance of RGB pictures. Raises `InputError` if the backbone takes another size only.
        """
        height, width = image.shape[-2:]
        asked = self.tasks if tasks is None else tasks
        heads = list(dict.fromkeys(map(self.head_of, asked)))
        side = [task for task in asked if task in self.side_heads]
        with steps_noted(self.sharing.branches(), [self.reads[task] for task in side]) as steps:
            outputs = self._refined(self.prepare(image), heads)
        outputs |= {task: self.side_heads[task](steps[self.reads[task]]) for task in side}
        cut = {name: out[..., :height, :width] if out.ndim == 4 else out for name, out in outputs.items()}
        return {task: cut[task if task in side else self.head_of(task)] for task in asked}

    def _refined(self, prepared: Float[Tensor, "N _ _ _"], heads: Sequence[str]) -> dict[str, Tensor]:
        """What these heads give, one of them refined by the maps of others."""
        refinement = self.refinement
        if refinement is None or refinement.task not in heads:
            return self.sharing(prepared, heads)
        outputs = self.sharing(prepared, list(dict.fromkeys([*heads, *refinement.sources])))
        return outputs | {refinement.task: refinement(outputs)}

    def attention_masks(self, image: Float[Tensor, "N I H W"], tasks: Sequence[str]) -> dict[str, dict[str, Tensor]]:
        """What each of these tasks that has a head attends to in pictures in [0, 1], by task and place.

        Empty without attention.
        """
        heads = [task for task in tasks if task not in self.reads]
        return self.sharing.attention_masks(self.prepare(image), heads) if heads else {}

    def prepare(self, image: Float[Tensor, "N I H W"]) -> Float[Tensor, "N _ _ _"]:
        """Pictures in [0, 1] as a sharing scheme is given them: normalised and padded."""
        height, width = image.shape[-2:]
        if self.image_size is not None and (height, width) != (self.image_size, self.image_size):
            raise InputError(
                f"this backbone takes images of {self.image_size} x {self.image_size} pixels only "
                f"(model.encoder.image_size), found {height} x {width}"
            )
        if self.sees_luminance:
            image = luminance(image)
        return F.pad((image - self.mean) / self.std, (0, -width % self.stride, 0, -height % self.stride))

    @property
    def sees_luminance(self) -> bool:
        """Whether one luminance stands for three colours."""
        return len(self.mean) == 1 and self.in_channels > 1

    def parts(self) -> dict[str, int]:
        """Number of parameters of every part; they add up to the whole.

        ``sharing`` counts what belongs neither to an encoder nor to a task's decoder or head.
        """
        return {
            part: sum(parameter.numel() for parameter in parameters)
            for part, parameters in self.parameters_by_part().items()
        }

    def parameters_by_part(self) -> dict[str, list[nn.Parameter]]:
        """The parameters of every part, each parameter once."""
        encoders: dict[str, nn.Module] = dict(self.sharing.encoders())
        own: dict[str, nn.Module] = {}
        for task, branch in self.sharing.branches().items():
            if isinstance(branch, DenseBranch):
                own[f"decoder {task}"] = branch.decoder
            own[f"head {task}"] = branch.head
        own |= {f"head {task}": head for task, head in self.side_heads.items()}
        if self.refinement is not None:
            own[f"refinement {self.refinement.task}"] = self.refinement
        modules = {**encoders, **own}
        taken = {id(parameter) for module in modules.values() for parameter in module.parameters()}
        rest = [parameter for parameter in self.parameters() if id(parameter) not in taken]
        return {
            **{part: list(encoder.parameters()) for part, encoder in encoders.items()},
            "sharing": rest,
            **{part: list(module.parameters()) for part, module in own.items()},
        }

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Parameters of the encoders that pretrained weights fill, for which a lower learning rate is usual then."""
        adapters = {id(parameter) for parameter in adapter_parameters(self)}
        encoders = self.sharing.encoders().values()
        return [each for encoder in encoders for each in encoder.pretrained() if id(each) not in adapters]

    def shared_parameters(self) -> list[nn.Parameter]:
        """Parameters that more than one task may move, such as a head or decoder that another task reads."""
        reused = dict.fromkeys(self.reads.values())
        return [*self.sharing.shared_parameters(), *(p for head in reused for p in self.branch_parameters(head))]

    def task_parameters(self, task: str) -> list[nn.Parameter]:
        """Parameters that only this task moves: of its branch none, if that is another's or another reads it."""
        is_alone = task not in self.reads and task not in self.reads.values()
        return self.branch_parameters(task) if is_alone else self._side_parameters(task)

    def branch_parameters(self, task: str) -> list[nn.Parameter]:
        """Parameters of the head that gives this task's output, and of all that only this head needs."""
        head = self.head_of(task)
        owners = dict.fromkeys([head, task])
        return [*self.sharing.task_parameters(head), *(p for owner in owners for p in self._side_parameters(owner))]

    def parameters_moved_by(self, tasks: Iterable[str]) -> list[nn.Parameter]:
        """Parameters that the losses of these tasks may move, each once."""
        moved = [*self.sharing.shared_parameters(), *(p for task in tasks for p in self.branch_parameters(task))]
        return list(dict.fromkeys(moved))

    def _side_parameters(self, task: str) -> list[nn.Parameter]:
        """Parameters of this task beside its branch."""
        if task in self.side_heads:
            return list(self.side_heads[task].parameters())
        refinement = self.refinement
        return list(refinement.parameters()) if refinement is not None and refinement.task == task else []
