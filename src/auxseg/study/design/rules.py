"""How a study is judged, where its question leaves that open."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from pathlib import Path
from typing import Final

from auxseg.errors import InputError
from auxseg.recipe import Recipe
from auxseg.records.about import Question
from auxseg.study.design.config import PER_ARM, SIMULTANEOUS, Method, StudyConfig
from auxseg.tasks import Task

_MARGINS: Final[dict[Method, float]] = {"simultaneous": 0.01, "per-arm": 0.005}


def with_rules(config: StudyConfig, begun: Question | None, directory: Path) -> StudyConfig:
    """The question with its method, margin and looks.

    ``begun`` is the question that the directory was begun with: a study is judged by the method it was begun under.
    Raises `InputError` if another is asked for.
    """
    method = config.method or (SIMULTANEOUS if begun is None else method_of(begun))
    if begun is not None and method != method_of(begun):
        raise InputError(
            f"{directory}: was begun under method {method_of(begun)}, so method {method} is another question; give "
            "another --out"
        )
    margin = _MARGINS[method] if config.margin is None else config.margin
    if method == PER_ARM:
        config = dataclasses.replace(config, looks=config.looks or 2)
    elif config.looks == 2:
        raise InputError(
            f"study: looks is 2, which method {PER_ARM} understands; name the numbers of seeds at which verdicts are "
            f"given, such as looks: [{config.seeds}, {2 * config.seeds}]"
        )
    return dataclasses.replace(config, method=method, margin=margin)


def method_of(question: Question) -> Method:
    """By which method a directory's question is judged; earlier versions knew but one, and wrote none."""
    return question.method or PER_ARM


def is_mirrored(config: StudyConfig, base: Recipe, tasks: Collection[Task]) -> bool:
    """Whether test images are measured mirrored too, see `StudyConfig`. Raises `InputError` if that has no meaning."""
    one_sided = [task.name for task in tasks if not task.mirrors]
    if config.mirrored and one_sided:
        raise InputError(
            f"study: mirrored is true, but {one_sided[0]} knows left from right; set mirrored to false or leave it out"
        )
    if config.mirrored is not None:
        return config.mirrored
    return config.method != PER_ARM and _is_flipped(base) and not one_sided


def _is_flipped(recipe: Recipe) -> bool:
    return recipe.data.augmentation(pretrained=recipe.model.weights != "none").flip > 0
