"""The whole network: from pictures as a camera gives them to the outputs of every task.

Shape legend: ``N`` images, ``C`` channels or ``K`` numbers of an output, ``H W`` the input size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.errors import InputError
from auxseg.models.branch import DenseBranch
from auxseg.models.grey import luminance
from auxseg.models.sharing.sharing import Sharing


@final
class Network(nn.Module):
    """Normalises pictures, pads them to what the encoder can divide, and cuts dense outputs back.

    Pictures of any size will do: rows and columns of the mean colour are added at the bottom and on the right until
    the coarsest stride divides the size. (A backbone made for one size is the exception.)
    """

    mean: Tensor
    std: Tensor

    def __init__(self, sharing: Sharing) -> None:
        super().__init__()
        self.sharing = sharing
        first, *_ = sharing.encoders().values()
        self.stride = first.strides[-1]
        self.image_size = first.image_size
        self.register_buffer("mean", torch.tensor(first.mean).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(first.std).view(-1, 1, 1))

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of all tasks."""
        return tuple(self.sharing.branches())

    @property
    def provenance(self) -> dict[str, str]:
        """Where the initial weights of each encoder come from."""
        return {part: encoder.provenance for part, encoder in self.sharing.encoders().items()}

    def forward(self, image: Float[Tensor, "N 3 H W"], tasks: Sequence[str] | None = None) -> dict[str, Tensor]:
        """Outputs of ``tasks`` (all, if not told) for RGB pictures in [0, 1].

        A dense task gives logits ``N C H W``, a vector task numbers ``N K``. Encoders of one input channel are given
        the pictures' luminance. Raises `InputError` if the backbone takes another size only.
        """
        height, width = image.shape[-2:]
        outputs = self.sharing(self._prepare(image), self.tasks if tasks is None else tasks)
        return {task: out[..., :height, :width] if out.ndim == 4 else out for task, out in outputs.items()}

    def attention_masks(self, image: Float[Tensor, "N 3 H W"], tasks: Sequence[str]) -> dict[str, dict[str, Tensor]]:
        """What each task attends to in RGB pictures in [0, 1], by task and place; empty without attention."""
        return self.sharing.attention_masks(self._prepare(image), tasks)

    def _prepare(self, image: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N _ _ _"]:
        """Normalised and padded, as the encoder wants them."""
        height, width = image.shape[-2:]
        if self.image_size is not None and (height, width) != (self.image_size, self.image_size):
            raise InputError(
                f"this backbone takes images of {self.image_size} x {self.image_size} pixels only "
                f"(model.encoder.image_size), found {height} x {width}"
            )
        if len(self.mean) == 1:
            image = luminance(image)
        return F.pad((image - self.mean) / self.std, (0, -width % self.stride, 0, -height % self.stride))

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
        modules = {**encoders, **own}
        taken = {id(parameter) for module in modules.values() for parameter in module.parameters()}
        rest = [parameter for parameter in self.parameters() if id(parameter) not in taken]
        return {
            **{part: list(encoder.parameters()) for part, encoder in encoders.items()},
            "sharing": rest,
            **{part: list(module.parameters()) for part, module in own.items()},
        }

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Parameters of the encoders, for which a lower learning rate is usual if they are pretrained."""
        return [parameter for encoder in self.sharing.encoders().values() for parameter in encoder.parameters()]

    def shared_parameters(self) -> list[nn.Parameter]:
        """Parameters that more than one task may move."""
        return self.sharing.shared_parameters()

    def task_parameters(self, task: str) -> list[nn.Parameter]:
        """Parameters that only this task moves."""
        return self.sharing.task_parameters(task)
