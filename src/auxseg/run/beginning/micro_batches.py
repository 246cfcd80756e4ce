"""Batch normalisation needs more than one value per channel in every micro-batch."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from auxseg.errors import InputError
from auxseg.models import Network
from auxseg.models.layers.norms import moving_batch_norms, running_statistics_kept
from auxseg.recipe import Recipe
from auxseg.records.values.size import Size
from auxseg.training.runtime import Runtime


def refuse_lone_values(recipe: Recipe, network: Network, size: Size, runtime: Runtime) -> None:
    """Raise `InputError` if some batch normalisation would see one value per channel in training.

    That takes a micro-batch of one picture and features of 1 x 1: the combination of ``size``, stride and
    micro-batch. On several GPUs the processes are normalised together, so that there are more.
    """
    training = recipe.training
    share = training.batch // runtime.num_processes
    is_shared = runtime.num_processes > 1 and runtime.device.type == "cuda"
    if share // training.accumulate > 1 or is_shared or not moving_batch_norms(network):
        return
    layer = _lone_layer(network, size, runtime.device)
    if layer is None:
        return
    way = f"training.accumulate={share // 2}" if share > 1 else f"training.batch={2 * runtime.num_processes}"
    key = "data.size" if recipe.data.crop is None else "data.crop.size"
    raise InputError(
        f"{key}={size}, the encoder's stride of {network.stride} and a micro-batch of one image (training.batch="
        f"{training.batch}, training.accumulate={training.accumulate}, processes: {runtime.num_processes}) leave "
        f"batch normalisation a single value per channel in {layer}; set {way}, {key}={2 * network.stride} "
        "or larger, or model.norm=group"
    )


@torch.no_grad()
def _lone_layer(network: Network, size: Size, device: torch.device) -> str | None:
    """The first batch normalisation that a single picture would leave one value per channel."""
    layers = {module: name for name, module in network.named_modules() if isinstance(module, _BatchNorm)}

    def look(layer: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        (values,) = arguments
        if values.numel() == values.shape[1]:
            raise _LoneValueError(layers[layer])  # pyright: ignore[reportArgumentType]

    handles = [layer.register_forward_pre_hook(look) for layer in layers if layer.training]
    devices = [device] if device.type == "cuda" else []
    try:
        with running_statistics_kept(moving_batch_norms(network)), torch.random.fork_rng(devices):
            network(torch.zeros(1, network.in_channels, *size, device=device))
    except _LoneValueError as error:
        return str(error)
    finally:
        for handle in handles:
            handle.remove()
    return None


class _LoneValueError(Exception):
    """Names the layer."""
