"""A trained network as a graph of tensor operations, for images of any size.

Shape legend: ``N`` images, ``C`` their channels, ``H W`` their size.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import Final, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from auxseg.errors import RunError, first_line
from auxseg.models import Network

_STEPS: Final = (4, 6)
"""Height and width of the traced image in units of the coarsest stride: unequal, and several at every stage."""


@final
class SomeTasks(nn.Module):
    """The network for some of its tasks: what the others alone need is not computed."""

    def __init__(self, network: Network, tasks: Sequence[str]) -> None:
        super().__init__()
        self.network, self.tasks = network, tuple(tasks)

    def forward(self, image: Float[Tensor, "N C H W"]) -> tuple[Tensor, ...]:
        """The raw outputs of the tasks, in their order, for images in [0, 1]."""
        outputs = self.network(image, self.tasks)
        return tuple(outputs[task] for task in self.tasks)


def trace(module: SomeTasks) -> ExportedProgram:
    """The graph, in which only what the tasks need is left. Raises `RunError` if the network cannot be traced.

    Number of images, height and width are free. A backbone that was made for one size keeps it.
    """
    size, stride = module.network.image_size, module.network.stride
    height, width = (size, size) if size is not None else (steps * stride for steps in _STEPS)
    free = {0: Dim.DYNAMIC} if size is not None else {0: Dim.DYNAMIC, 2: Dim.DYNAMIC, 3: Dim.DYNAMIC}
    with quiet(), torch.no_grad():
        try:
            # Without deferred assertions, schemes that compare sizes of several encoders fix the size.
            return torch.export.export(
                module,
                (torch.rand(2, module.network.in_channels, height, width),),
                dynamic_shapes=(free,),
                strict=False,
                prefer_deferred_runtime_asserts_over_guards=True,
            )
        except Exception as error:  # torch raises errors of many kinds for what it cannot trace
            raise RunError(f"torch.export cannot trace this network ({first_line(error)})") from None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep to itself what the libraries say of their own insides while a graph is made."""
    before = logging.root.manager.disable
    try:
        logging.disable(logging.WARNING)  # torch and onnxruntime have loggers at many places, the root among them
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
