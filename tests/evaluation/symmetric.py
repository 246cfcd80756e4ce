"""A network that does not tell left from right."""

from __future__ import annotations

import torch
from torch import Tensor

from auxseg.models import Network

MIRRORED_BOX = torch.tensor([-1.0, 1.0, 1.0, 1.0])
"""What mirroring does to the logits of a box's centre and size."""


def symmetrise(network: Network) -> None:
    """Let a network answer by the mean of what it says of an image and, turned back, of the mirror image."""

    def both(_: object, inputs: tuple[Tensor, list[str]], outputs: dict[str, Tensor]) -> dict[str, Tensor]:
        image, names = inputs
        mirrored = network.forward(image.flip(-1), names)
        back = {"segmentation": lambda out: out.flip(-1), "box": lambda out: out * MIRRORED_BOX}
        return {name: (out + back.get(name, lambda out: out)(mirrored[name])) / 2 for name, out in outputs.items()}

    network.register_forward_hook(both)
