"""Which shared parameters belong to which stage of the encoders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import nn

from auxseg.models.encoders.encoder import Encoder, Staged
from auxseg.models.network import Network


def shared_by_stage(network: Network) -> dict[str, list[nn.Parameter]]:
    """The shared parameters by stage, each once, in the order of the encoders; stages without any are left out.

    Encoders that run beside each other (cross-stitch) have their stages in common. The parts of an encoder that is no
    chain of stages go by their own names. ``sharing`` holds what belongs to no encoder: a shared decoder, the
    convolutions of attention, mixing matrices, a head that several tasks read with its decoder.
    """
    left = {id(parameter): parameter for parameter in network.shared_parameters()}
    groups: dict[str, list[nn.Parameter]] = {}
    for encoder in network.sharing.encoders().values():
        for name, modules in _stages(encoder):
            mine = (parameter for module in modules for parameter in module.parameters())
            groups.setdefault(name, []).extend(left.pop(id(each)) for each in list(mine) if id(each) in left)
    groups["sharing"] = list(left.values())
    return {name: parameters for name, parameters in groups.items() if parameters}


def _stages(encoder: Encoder) -> Iterator[tuple[str, Sequence[nn.Module]]]:
    if isinstance(encoder, Staged):
        for stage in range(encoder.num_stages):
            yield f"stage {stage + 1}", encoder.modules_of(stage)
        return
    whole: nn.Module = encoder
    while len(children := list(whole.named_children())) == 1:  # a backbone inside of its encoder, say
        whole = children[0][1]
    yield from ((name, [child]) for name, child in children)
