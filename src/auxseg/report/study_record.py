"""What the file of a study says, read and checked."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from auxseg.errors import InputError
from auxseg.report.study_charts import Bar, Course, Point

FORMAT: Final = 1
POINTS: Final = 100.0
"""A figure in [0, 1] is compared in points, hundredths of it."""


@final
@dataclass(frozen=True)
class StudyRecord:
    """A finished study: the directory, and what its study.json holds."""

    path: Path
    values: dict[str, Any]

    def bars(self, answer: dict[str, Any]) -> Iterator[Bar]:
        """What is drawn of the arms at one share of the masks."""
        for arm in answer["arms"]:
            low, high = arm["interval"]
            yield Bar(
                name=arm["name"],
                verdict=arm["verdict"],
                mean=None if arm["difference"] is None else POINTS * arm["difference"],
                interval=None if low is None or high is None else (POINTS * low, POINTS * high),
                seeds=tuple(POINTS * value for value in arm["per_seed"].values()),
            )

    def points(self, answer: dict[str, Any]) -> Iterator[Point]:
        """Affinity and difference of the arms whose gradients were looked at."""
        for arm in answer["arms"]:
            known = [each["affinity"] for each in arm.get("why", {}).values() if each["affinity"] is not None]
            if known and arm["difference"] is not None:
                yield Point(arm["name"], arm["verdict"], 100 * statistics.fmean(known), POINTS * arm["difference"])

    def courses(self, answer: dict[str, Any]) -> Iterator[Course]:
        """The course of the conflicts in the arms with one auxiliary whose gradients were looked at."""
        for arm in answer["arms"]:
            auxiliary, *others = arm["auxiliaries"] or [""]
            over_time = arm.get("why", {}).get(auxiliary, {}).get("over_time")
            if over_time and over_time["conflicts"] and not others:
                yield Course(
                    name=arm["name"],
                    auxiliary=auxiliary,
                    steps=tuple(over_time["steps"]),
                    num_looks=tuple(over_time["num_looks"]),
                    conflicts=over_time["conflicts"],
                )


def is_study(path: Path) -> bool:
    """Whether a directory holds a finished study."""
    return (path / "study.json").is_file()


def read_study_record(path: Path) -> StudyRecord:
    """Read a study's directory. Raises `InputError` if it holds no finished study or one of another format."""
    file = path / "study.json"
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no finished study (it holds no study.json)") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read ({error})") from None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else type(values).__name__
        raise InputError(f"{file}: written by another version of auxseg (format {found}, expected {FORMAT})")
    return StudyRecord(path, values)
