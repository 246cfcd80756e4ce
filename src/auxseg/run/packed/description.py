"""config.json of a model directory: what a model is, in plain words, for people without auxseg.

Everything in it can be found in the model file too. So a description that does not belong to the model beside it is
noticed when the model is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, final

from auxseg.data.channels import RGB, ChannelType
from auxseg.data.geometry import PADDING_GREY
from auxseg.data.luma import LUMA
from auxseg.errors import InputError
from auxseg.records.names import CONFIG_FILE, MODEL_FILE
from auxseg.records.values.differences import differences
from auxseg.records.values.numbers import Count
from auxseg.records.values.reading import read_json, read_versioned
from auxseg.records.values.size import Size
from auxseg.records.values.writing import OMITTED, to_mapping
from auxseg.run.model import Model
from auxseg.run.model_file import ModelFacts
from auxseg.run.prediction.predictor import answering
from auxseg.tasks.answers import Answer
from auxseg.tasks.task import blank_answer
from auxseg.version import __version__

FORMAT: Final = 1
MODEL_TYPE: Final = "auxseg"
MEND: Final = "pack the model again or fetch it anew"
MAX_CONFIG_BYTES: Final = 4 * 2**20
_WORDS: Final = ("preparation",)
"""What another version of auxseg may say in other words."""


@final
@dataclass(frozen=True, kw_only=True)
class Weights:
    """The model file as it was written."""

    file: str = MODEL_FILE
    bytes: Count
    sha256: str
    parameters: Count


@final
@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What the model was trained on: a name, never a path, and the hash of the content."""

    name: str = field(default="", metadata=OMITTED)
    content_hash: str | None = None
    labelled: Mapping[str, Count] | None = None


@final
@dataclass(frozen=True, kw_only=True)
class Input:
    """What the network takes: pictures of ``size`` in [0, 1], normalised by ``mean`` and ``std``.

    ``dtype`` is the type of the images' values, if it is not uint8.
    """

    size: Size
    channels: tuple[str, ...]
    resize: str
    exif: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    dtype: ChannelType = field(default="uint8", metadata=OMITTED)


@final
@dataclass(frozen=True, kw_only=True)
class MaskClass:
    """A class of the masks: its number in the network's output, and the data's own number."""

    id: Count
    name: str
    category_id: int


@final
@dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """A task, and what it says of an image; nothing if it is a control or had no label to learn from."""

    kind: str
    answers: tuple[str, ...]
    classes: tuple[str, ...] = ()


@final
@dataclass(frozen=True, kw_only=True)
class Description:
    """A model in plain words. The fields stand in the order of the file."""

    format: Literal[1] = FORMAT
    model_type: Literal["auxseg"] = MODEL_TYPE
    auxseg_version: str
    target: str
    step: Count
    input: Input
    preparation: tuple[str, ...]
    has_background: bool
    classes: tuple[MaskClass, ...]
    tasks: Mapping[str, TaskFacts]
    data: TrainingData
    weights: Weights

    def refuse_another(self, model: Model, facts: ModelFacts, directory: Path) -> None:
        """Raise `InputError`, naming the first key, if this does not describe a model; its bytes were compared."""
        found = describe(model, facts, size=self.weights.bytes, sha256=self.weights.sha256, data=self.data.name)
        found = replace(found, auxseg_version=self.auxseg_version)
        for key, (said, true) in differences(to_mapping(self), to_mapping(found)):
            if key not in _WORDS:
                raise InputError(
                    f"{directory / CONFIG_FILE}: {key[:80]} is {_shown(said)}, but {MODEL_FILE} says {_shown(true)}; "
                    f"{MEND}"
                )


@final
@dataclass(frozen=True)
class _Kind:
    model_type: object = None


def read_description(directory: Path) -> Description:
    """Read a config.json. Raises `InputError` if it is damaged, or describes a model of another library."""
    path = directory / CONFIG_FILE
    found = read_json(path, _Kind, max_bytes=MAX_CONFIG_BYTES, mend=MEND).model_type
    if found != MODEL_TYPE:
        raise InputError(f"{path}: expected a model of auxseg (model_type {MODEL_TYPE!r}), found {_shown(found)}")
    return read_versioned(path, Description, FORMAT, mend=MEND)


def describe(model: Model, facts: ModelFacts, *, size: int, sha256: str, data: str) -> Description:
    """What config.json says of a model.

    ``size`` in bytes and ``sha256`` are those of its file, ``data`` is the name of what it was trained on.
    """
    vocabulary, network = model.vocabulary, model.network
    names = zip(vocabulary.mask_classes, vocabulary.category_ids, strict=True)
    return Description(
        auxseg_version=__version__,
        target=model.recipe.target,
        step=model.step,
        input=Input(
            size=vocabulary.size,
            channels=("luminance",) if network.sees_luminance else vocabulary.channels.names,
            resize=vocabulary.resize,
            exif=vocabulary.exif,
            mean=tuple(network.mean.flatten().tolist()),
            std=tuple(network.std.flatten().tolist()),
            dtype=vocabulary.channels.dtype,
        ),
        preparation=_preparation(model),
        has_background=vocabulary.has_background,
        classes=tuple(MaskClass(id=id_, name=name, category_id=number) for id_, (name, number) in enumerate(names)),
        tasks=_tasks(model),
        data=TrainingData(name=data, content_hash=facts.data, labelled=facts.labelled),
        weights=Weights(bytes=size, sha256=sha256, parameters=sum(network.parts().values())),
    )


def _tasks(model: Model) -> dict[str, TaskFacts]:
    speaking = answering(model)
    facts: dict[str, TaskFacts] = {}
    for name in model.tasks:
        kind = model.recipe.tasks[name].kind
        answer = blank_answer(speaking[name], model.vocabulary.size) if name in speaking else None
        classes = tuple(answer.classes) if answer is not None and answer.classes is not None else ()
        facts[name] = TaskFacts(kind=kind, answers=_kinds(answer), classes=classes)
    return facts


def _kinds(answer: Answer | None) -> tuple[str, ...]:
    """Which of mask, classes, box, map and vector an answer has."""
    kinds = ("mask", "classes", "box", "map", "vector")
    return tuple(kind for kind in kinds if getattr(answer, kind, None) is not None)


def _preparation(model: Model) -> tuple[str, ...]:
    """What becomes of an image before the network sees it, one step a sentence."""
    vocabulary = model.vocabulary
    size = vocabulary.size.in_pixels()
    padding = PADDING_GREY if vocabulary.channels.pads_with_grey else "each channel's mean in this image"
    resampled = "bilinearly, antialiased where it shrinks"
    padded = "its shorter side" if vocabulary.size.is_square else "what is left"
    fitted = {
        "squash": f"Stretch it to {size} {resampled}; its shape is not kept.",
        "letterbox": f"Resize it to fit into {size} {resampled}, and pad {padded} evenly with {padding}.",
    }
    fitting = fitted[vocabulary.resize]
    if (crop := model.recipe.data.crop) is not None:
        down, across = vocabulary.scale or (1.0, 1.0)
        fitting = (
            f"Scale its height by {down:g} and its width by {across:g} {resampled}, and ask about overlapping tiles of "
            f"{crop.size} x {crop.size} pixels; an image that is smaller is padded evenly with {padding}."
        )
    channels = vocabulary.channels
    turned = "Turn it by its EXIF orientation." if vocabulary.exif == "apply" else "Ignore its EXIF orientation."
    read = ["Read the image as RGB with 8 bits per channel.", turned]
    steps = [
        *(read if channels == RGB else [f"Read the image as it is stored, with {channels.in_words()}."]),
        fitting,
        f"Divide by {channels.white}.",
    ]
    if model.network.sees_luminance:
        red, green, blue = LUMA
        steps.append(f"Take the luminance: {red} red + {green} green + {blue} blue.")
    return (*steps, "Subtract the mean and divide by std, channel by channel.")


def _shown(value: object) -> str:
    if isinstance(value, dict | list | tuple):
        return f"{'a mapping' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
