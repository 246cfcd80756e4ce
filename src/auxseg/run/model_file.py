"""What best.safetensors says beside its weights: all that is needed to build the network and to name its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, final

import yaml
from pydantic import Field

from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.recipe import Recipe, dump_recipe, parse_recipe
from auxseg.records.values.reading import parse_json
from auxseg.run.directory import pack_vocabulary, unpack_vocabulary
from auxseg.strict_yaml import read_yaml
from auxseg.version import __version__

FORMAT: Final = "1"
_MAX_TEXT: Final = 2**20
_MAX_STEP_DIGITS: Final = 15

_Samples = dict[str, Annotated[int, Field(ge=0)]]


@final
@dataclass(frozen=True)
class ModelFacts:
    """The recipe as it was trained, the names behind answers, and the step that the weights are of.

    ``labelled`` says how many training samples had a label for each task, ``data`` is the content hash of the store
    that was trained on; both are `None` in files of a version that did not write them.
    """

    recipe: Recipe
    vocabulary: Vocabulary
    step: int
    labelled: Mapping[str, int] | None = None
    data: str | None = None

    def pack(self, validation_figure: float | None) -> dict[str, str]:
        """As the metadata of a model file: texts by name.

        The keys are ``format``, ``auxseg`` (the version), ``recipe`` (YAML), ``vocabulary`` (JSON), ``step``,
        ``validation_figure``, ``labelled`` (JSON, training samples with a label by task) and ``data`` (content hash).
        """
        metadata = {
            "format": FORMAT,
            "auxseg": __version__,
            "recipe": dump_recipe(self.recipe),
            "vocabulary": pack_vocabulary(self.vocabulary),
            "step": str(self.step),
            "validation_figure": "" if validation_figure is None else repr(validation_figure),
        }
        if self.labelled is not None:
            metadata["labelled"] = json.dumps(dict(self.labelled))
        return metadata if self.data is None else {**metadata, "data": self.data}

    @classmethod
    def unpack(cls, metadata: Mapping[str, str], path: Path) -> ModelFacts:
        """Out of a model file's metadata. Raises `InputError`, naming file and key, for what does not belong there."""
        if metadata.get("format") != FORMAT:
            raise InputError(f"{path}: not a model file that this version of auxseg can read")
        labelled = metadata.get("labelled")
        return cls(
            parse_recipe(_mapping(_text(metadata, "recipe", path), path), str(path)),
            unpack_vocabulary(_text(metadata, "vocabulary", path), str(path)),
            _step(_text(metadata, "step", path), path),
            None if labelled is None else parse_json(labelled.encode(), _Samples, f"{path}, metadata labelled"),
            metadata.get("data"),
        )


def _text(metadata: Mapping[str, str], key: str, path: Path) -> str:
    text = metadata.get(key)
    if text is None:
        raise InputError(f"{path}: expected metadata named {key}, found none; it is not a model file of a run")
    if len(text) > _MAX_TEXT:
        raise InputError(f"{path}: its metadata {key} has {len(text):,} characters, expected at most {_MAX_TEXT:,}")
    return text


def _mapping(text: str, path: Path) -> dict[str, object]:
    try:
        values = read_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: its recipe is not YAML ({' '.join(str(error).split())[:200]})") from None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise InputError(f"{path}: its recipe should be a mapping of keys to values, found {type(values).__name__}")
    return values


def _step(text: str, path: Path) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_STEP_DIGITS):
        raise InputError(f"{path}: its step should be a whole number, found {text[:40]!a}")
    return int(text)
