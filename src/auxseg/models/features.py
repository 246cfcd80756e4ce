"""What the encoders give, cut off from them while a network runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from torch import Tensor, nn

from auxseg.models.encoders.encoder import Pyramid
from auxseg.models.network import Network


@contextmanager
def features_cut(network: Network, made: list[Tensor], cut: list[Tensor]) -> Iterator[None]:
    """Let everything behind the encoders read copies of their features that gradients do not pass.

    ``made`` gets the features that depend on what learns, ``cut`` a copy of each, which gradients are asked for; what
    was in both before goes. Only encoders that run as a whole are cut: those of hard sharing.
    """
    made.clear()
    cut.clear()

    def separate(encoder: nn.Module, inputs: object, pyramid: Pyramid) -> Pyramid:
        features = []
        for feature in pyramid.features:
            if feature.requires_grad:
                made.append(feature)
                cut.append(feature.detach().requires_grad_())
            features.append(cut[-1] if feature.requires_grad else feature)
        return replace(pyramid, features=tuple(features))

    hooks = [encoder.register_forward_hook(separate) for encoder in network.sharing.encoders().values()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def encoder_parameters(network: Network) -> list[nn.Parameter]:
    """The parameters of all encoders."""
    return [each for encoder in network.sharing.encoders().values() for each in encoder.parameters()]
