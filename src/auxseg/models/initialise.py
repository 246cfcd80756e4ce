"""Initial weights that depend on the seed and the part's own name only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from auxseg.keyed import weights_seed


@contextmanager
def own_randomness(seed: int, part: str) -> Iterator[None]:
    """Draw what is drawn inside from a stream of this part's own, and leave the global stream as it was.

    A network with one more task then has the same initial weights in all other parts, which is what makes two task
    sets comparable seed by seed.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(weights_seed(seed, part))
        yield


@final
class Undrawn(TorchFunctionMode):
    """Leaves normal and uniform random numbers undrawn, for networks that are only counted and checked.

    Tensors on the ``meta`` device have no values to draw, but torch would load a compiler for it, which takes seconds.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Run everything else."""
        if func in _DRAWING:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


_DRAWING: Final = {
    *(Tensor.normal_, Tensor.uniform_, nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_),
    *(Tensor.erfinv_, Tensor.clamp_),  # timm draws from a truncated normal distribution by them
}


def initialise_convolutions(module: nn.Module) -> None:
    """Draw every convolution below ``module`` from N(0, 2 / fan_in), right for convolutions before a ReLU.

    He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015, https://arxiv.org/abs/1502.01852.
    """
    for child in module.modules():
        if isinstance(child, nn.Conv2d):
            nn.init.kaiming_normal_(child.weight, nonlinearity="relu")


def initialise_output(layer: nn.Conv2d | nn.Linear) -> None:
    """Start a task's last layer near zero: the first losses are those of a network that knows nothing."""
    nn.init.normal_(layer.weight, std=0.01)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)


def equalise_step_sizes(network: nn.Module, size: float = 0.03) -> None:
    """Scale every convolution that a normalisation follows to the same root mean square, ``size``.

    The normalisation undoes the scale, so the network computes what it did before; but an optimiser of Adam's kind,
    whose steps have one size for every weight, now turns all layers by the same angle per step. Without it the
    depthwise convolutions of mobile networks (drawn ten times larger than dense ones) hardly move in short trainings.
    On scale invariance and effective rates: van Laarhoven, L2 Regularization versus Batch and Weight Normalization,
    2017, https://arxiv.org/abs/1706.05350. A convolution without bias is taken as one that a normalisation follows.
    Weights on the ``meta`` device have no size: scaling them took most of the time of checking a recipe.
    """
    with torch.no_grad():
        for child in network.modules():
            if isinstance(child, nn.Conv2d) and child.bias is None and not child.weight.is_meta:
                rms = child.weight.square().mean().sqrt()
                child.weight.mul_(torch.where(rms > 0, size / rms, 1))
