"""What an exported file says of itself: enough to use it without auxseg, and to know where it comes from.

Texts by key, in the form of ONNX's ``metadata_props``. Beside those of a model file (`ModelFacts.pack`), these hold
JSON:

- ``input``: name, form and range of the input, and how an image becomes one
- ``outputs``: by task, what its raw output means, and the names of its classes
- ``provenance``: by which recipe, on which data and from which weights the network was trained
- ``parity``: how near the outputs are to PyTorch's (`Parity`)
- ``int8``: only of a network in eight bits, what they cost (`Cost`) and on how many images they were calibrated
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final

from auxseg.data.channels import RGB, Channels
from auxseg.data.geometry import PADDING_GREY
from auxseg.deploy.export.outputs import describe_output
from auxseg.deploy.export.result import Cost, Parity
from auxseg.deploy.onnx_session import INPUT
from auxseg.evaluation.tiling import OVERLAP
from auxseg.recipe import Recipe, to_values, what_matters, with_changes
from auxseg.records.values.writing import to_json
from auxseg.run.model import Model
from auxseg.run.model_file import ModelFacts

_PREPROCESSING: Final = {
    "squash": (
        "{upright}",
        "{converted}",
        "resize it to {size}, bilinear and antialiased, whatever its aspect ratio",
        "divide by {white}; channels first: batch x {count} x height x width",
    ),
    "letterbox": (
        "{upright}",
        "{converted}",
        "{longer}, bilinear and antialiased, and keep its aspect ratio",
        "put it into the middle of {picture} filled with {padding}; `inside` is its place",
        "divide by {white}; channels first: batch x {count} x height x width",
    ),
}

_BY_TILES: Final = (
    "{upright}",
    "{converted}",
    "scale its height by {down} and its width by {across}, bilinear and antialiased",
    "cut it into tiles of {tile} x {tile} pixels that overlap by {overlap} of their side at least; pad a smaller image "
    "evenly with {padding}",
    "divide by {white}; channels first: batch x {count} x height x width",
    "put the raw maps of the tiles together by a weighted mean, with a Gaussian of an eighth of the tile's side",
)
"""Of a network that was trained on windows of images."""

_RGB_WORDS: Final = {
    "upright": "turn the image upright by its EXIF orientation, unless exif is ignore",
    "converted": "convert it to RGB, 8 bits per channel",
    "padding": "padding_grey",
}

_SQUARE: Final = {
    "size": "size x size",
    "longer": "resize its longer side to size",
    "picture": "a square of size x size",
}
_RECTANGLE: Final = {
    "size": "size[0] x size[1] (height x width)",
    "longer": "resize it to fit into size[0] x size[1] (height x width)",
    "picture": "a picture of this size",
}
"""How preprocessing speaks of ``size``, which is one number or two."""


def describe(model: Model, facts: ModelFacts, tasks: Sequence[str], weights: Mapping[str, str]) -> dict[str, str]:
    """Everything that is known before the exported network is tried.

    ``weights`` says by part of the network where its initial weights are from, with their licence where it is known.
    """
    anonymous = with_changes(facts.recipe, model={"weights": "none"})  # else it would name a file of this machine
    packed = dataclasses.replace(facts, recipe=anonymous).pack(None)
    del packed["validation_figure"]
    outputs = {name: describe_output(model.tasks[name], model.vocabulary) for name in tasks}
    return packed | {
        "input": json.dumps(_input(model)),
        "outputs": json.dumps(outputs),
        "provenance": json.dumps(_provenance(facts, weights)),
    }


def measured(parity: Sequence[Parity], costs: Sequence[Cost], calibrated_on: int) -> dict[str, str]:
    """What was found out when the exported network was tried."""
    found = {"parity": json.dumps(to_json(parity))}
    if calibrated_on:
        found["int8"] = json.dumps({"calibrated_on": calibrated_on, "costs": to_json(costs)})
    return found


def _input(model: Model) -> dict[str, object]:
    network, vocabulary = model.network, model.vocabulary
    only, channels = network.image_size, vocabulary.channels
    words = {
        **(_SQUARE if vocabulary.size.is_square else _RECTANGLE),
        **(_RGB_WORDS if channels == RGB else _words_of(channels)),
        "white": str(channels.white),
        "count": str(len(channels)),
    }
    crop, scale = model.recipe.data.crop, vocabulary.scale or (1.0, 1.0)
    fitting = _PREPROCESSING[vocabulary.resize]
    if crop is not None:
        words |= {"down": f"{scale[0]:g}", "across": f"{scale[1]:g}", "tile": str(crop.size), "overlap": f"{OVERLAP:g}"}
        fitting = _BY_TILES
    return {
        "name": INPUT,
        "type": "float32",
        "shape": ["batch", len(channels), only or "height", only or "width"],
        "channels": "RGB" if channels == RGB else channels.in_words(),
        "range": [0, 1],
        "size": vocabulary.size.to_json(),
        "multiple_of": 1,
        "sizes": "this one only" if only else f"any; the network pads by itself and was trained at {words['size']}",
        "resize": vocabulary.resize,
        "padding_grey": PADDING_GREY,
        "exif": vocabulary.exif,
        "normalisation": "inside of the network",
        "preprocessing": [step.format_map(words) for step in fitting],
        **({} if crop is None else {"tiles": {"size": crop.size, "overlap": OVERLAP}, "scale": scale}),
    }


def _words_of(channels: Channels) -> dict[str, str]:
    return {
        "upright": "take the image as it is stored",
        "converted": f"keep its {channels.in_words()}",
        "padding": "padding_grey" if channels.pads_with_grey else "the mean of each channel in this image",
    }


def _provenance(facts: ModelFacts, weights: Mapping[str, str]) -> dict[str, object]:
    return {
        "recipe_sha256": recipe_digest(facts.recipe),
        "data_content_hash": facts.data,
        "step": facts.step,
        "initial_weights": dict(weights),
    }


def recipe_digest(recipe: Recipe) -> str:
    """Of all settings that change a result, but for the place of a file of weights."""
    values = what_matters(to_values(recipe))
    if values["model"]["weights"] not in ("none", "timm"):
        values["model"]["weights"] = "file"
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
