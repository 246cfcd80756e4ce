"""The thirteen families of files: which files are damaged, how, and by which commands they are then read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

from benchmarks.tools.damage.archives import checkpoint_changes, safetensors_changes
from benchmarks.tools.damage.hdf5 import hdf5_changes
from benchmarks.tools.damage.tables import csv_changes, text_changes, xml_changes
from benchmarks.tools.damage.trees import Change, json_changes, jsonl_changes, yaml_changes
from benchmarks.tools.damage.whole import SIZE

Line = tuple[str, ...]

_INSPECT: Final[Line] = ("data", "inspect", "store.h5")
_TRAIN: Final[Line] = ("train", "recipe.yaml", "--data", "store.h5", "--out", "trained", "--set", "training.steps=1")
_EVALUATE: Final[Line] = ("evaluate", "run", "--data", "store.h5", "--split", "val")
_PREDICT: Final[Line] = ("predict", "run", "photographs", "--out", "predicted")
_RESUME: Final[Line] = (
    "train", "recipe.yaml", "--data", "store.h5", "--out", "run", "--resume", "--set", "training.steps=3",
)  # fmt: skip
_REPORT: Final[Line] = ("report", "run")
_STUDY: Final[Line] = ("study", "study.yaml", "--data", "store.h5", "--out", "study")
_STUDY_REPORT: Final[Line] = ("report", "study")
_PLAN: Final[Line] = ("study", "study.yaml", "--data", "store.h5", "--out", "planned", "--dry-run")
_ONE_STUDY: Final[Line] = (
    "study", "--base", "recipe.yaml", "--auxiliaries", "box", "--data", "store.h5", "--out", "planned", "--dry-run",
)  # fmt: skip


def _prepare(source: str, path: str) -> Line:
    line = ("data", "prepare", source, path, "--out", "prepared.h5", "--size", str(SIZE), "--processes", "1")
    return line if source in ("voc", "split-h5") else (*line, "--split", "60-20-20")


_STORE_LINES: Final = (_INSPECT, _TRAIN, _INSPECT, _EVALUATE, _INSPECT, _PLAN)


def _of_old(line: Line) -> Line:
    """The same of a store that an earlier version wrote."""
    return tuple("old.h5" if part == "store.h5" else part for part in line)


@final
@dataclass(frozen=True)
class Kind:
    """Files that are damaged alike: a pattern of their paths, and what may be changed in them beside bytes."""

    files: str
    lines: Sequence[Line]
    changes: Callable[[bytes], list[Change]] | None = None


@final
@dataclass(frozen=True)
class Family:
    """Files of one use. ``parts`` of the whole files are copied for every case."""

    name: str
    parts: Sequence[str]
    kinds: Sequence[Kind]


def _run_files(folder: str, lines: Sequence[Line]) -> tuple[Kind, ...]:
    return (
        Kind(f"{folder}/recipe.yaml", lines, yaml_changes),
        Kind(f"{folder}/events.jsonl", lines, jsonl_changes),
        Kind(f"{folder}/metrics.json", lines, json_changes),
        Kind(f"{folder}/examples.json", lines, json_changes),
        Kind(f"{folder}/per_image.csv", lines, csv_changes),
        Kind(f"{folder}/history.csv", lines, csv_changes),
    )


_STUDY_LINES: Final = (_STUDY_REPORT, (*_STUDY, "--dry-run"), _STUDY)
_FOLDER: Final = _prepare("folder", "folder")
_VOC: Final = _prepare("voc", "voc")

FAMILIES: Final = (
    Family(
        "stores",
        ("store.h5", "old.h5", "recipe.yaml", "study.yaml", "run"),
        (Kind("store.h5", _STORE_LINES, hdf5_changes), Kind("old.h5", tuple(map(_of_old, _STORE_LINES)), hdf5_changes)),
    ),
    Family("split-h5", ("split",), (Kind("split/*/*.h5", (_prepare("split-h5", "split"),), hdf5_changes),)),
    Family(
        "models",
        ("store.h5", "photographs", "run"),
        (Kind("run/best.safetensors", (_EVALUATE, _PREDICT), safetensors_changes),),
    ),
    Family(
        "checkpoints",
        ("store.h5", "recipe.yaml", "run"),
        (Kind("run/last.pt", (_RESUME,), checkpoint_changes),),
    ),
    Family("runs-report", ("run",), _run_files("run", (_REPORT,))),
    Family("runs-resume", ("store.h5", "recipe.yaml", "run"), _run_files("run", (_RESUME,))),
    Family(
        "studies",
        ("store.h5", "recipe.yaml", "study.yaml", "study"),
        (
            Kind("study/study.json", _STUDY_LINES, json_changes),
            Kind("study/about.json", _STUDY_LINES, json_changes),
            Kind("study.yaml", _STUDY_LINES[1:], yaml_changes),
            *_run_files("study/runs/*", _STUDY_LINES),
        ),
    ),
    Family(
        "recipes",
        ("store.h5", "recipe.yaml"),
        (Kind("recipe.yaml", (("presets", "recipe.yaml"), _TRAIN, _ONE_STUDY), yaml_changes),),
    ),
    Family("study-yaml", ("store.h5", "recipe.yaml", "study.yaml"), (Kind("study.yaml", (_PLAN,), yaml_changes),)),
    Family(
        "coco", ("coco",), (Kind("coco/annotations.json", (_prepare("coco", "coco/annotations.json"),), json_changes),)
    ),
    Family(
        "tables",
        ("folder",),
        (
            Kind("folder/labels.csv", (_FOLDER,), csv_changes),
            Kind("folder/boxes.csv", (_FOLDER,), csv_changes),
            Kind("folder/classes.txt", (_FOLDER,), text_changes),
        ),
    ),
    Family(
        "photographs",
        ("folder", "photographs", "run"),
        (Kind("folder/images/*", (_FOLDER,)), Kind("photographs/*", (_PREDICT,))),
    ),
    Family(
        "masks",
        ("folder", "voc"),
        (
            Kind("folder/masks/*", (_FOLDER,)),
            Kind("voc/SegmentationClass/*", (_VOC,)),
            Kind("voc/Annotations/*", (_VOC,), xml_changes),
            Kind("voc/ImageSets/Segmentation/*.txt", (_VOC,), text_changes),
        ),
    ),
)
"""Stores, what is prepared, what is trained, what is asked."""
