"""A study's directory: what it is about, and which of its trainings are done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.files import write_atomically
from auxseg.records.about import PLANNED_FILE, read_about
from auxseg.run.directory import Run
from auxseg.study.design.plan import PlannedRun
from auxseg.study.design.question import refuse_another
from auxseg.training.events import read_events
from auxseg.training.lock import training_in

FORMAT: Final = 1
_LONGEST_REASON: Final = 1 << 16
SCREENING: Final = "screen"
"""The folder of a study's directory in which its candidates were ranked beforehand."""


@final
@dataclass(frozen=True)
class StudyDirectory:
    """The files of one study: ``about.json``, ``runs/``, ``study.json`` ``planned.json`` and ``report.html``."""

    path: Path

    @property
    def about_file(self) -> Path:
        """What must not change: format, data, weights, question, what was chosen once for all runs, and judged."""
        return self.path / "about.json"

    @property
    def result_file(self) -> Path:
        """The answer."""
        return self.path / "study.json"

    def run_directory(self, planned: PlannedRun) -> Path:
        """Where a planned training lies."""
        return self.path / "runs" / planned.directory_name

    def failure_file(self, planned: PlannedRun) -> Path:
        """Why a training diverged; it is a result, and not tried again."""
        return self.path / "runs" / f"{planned.directory_name}.failed"

    def is_done(self, planned: PlannedRun) -> bool:
        """Whether a training has ended, well or not."""
        return self.failure(planned) is not None or _has_ended(self.run_directory(planned))

    def failure(self, planned: PlannedRun) -> str | None:
        """The reason why a training diverged."""
        file = self.failure_file(planned)
        if not file.is_file():
            return None
        with file.open("rb") as content:  # words for people: what a damaged file has besides is shown as such
            return content.read(_LONGEST_REASON).decode("utf-8", errors="replace")

    @contextmanager
    def held(self, store: Store, origin: dict[str, Any], choices: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Hold the directory, made if need be; gives the choices that hold for all its runs.

        ``origin`` and ``choices`` are those to begin with. Raises `InputError` if another live process works in it, and
        as `check` does.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be a study's directory ({error.strerror})") from None
        self.check(store, origin)
        with training_in(self.path):
            if not self.about_file.is_file():
                about = {"format": FORMAT, "content_hash": store.content_hash, "origin": origin, "choices": choices}
                self._write(about)
            self.check(store, origin)  # another process may have begun it meanwhile
            yield self._about()["choices"]

    def check(self, store: Store, origin: dict[str, Any]) -> None:
        """Raise `InputError` if it holds something else, or was begun with other versions, data or weights.

        Another Python or device is no reason: the page names those of all runs.
        """
        if not self.about_file.is_file():
            self._refuse_other_files()
            return
        about = self._about()
        if about.get("format") != FORMAT:
            raise InputError(
                f"{self.about_file}: written by another version of auxseg (format {about.get('format')}, expected "
                f"{FORMAT}); give another --out"
            )
        if about["content_hash"] != store.content_hash:
            raise InputError(
                f"{self.path}: was begun on other data: content hash {about['content_hash'][:12]}, while "
                f"{store.path} has {store.content_hash[:12]}; give the same data or another --out"
            )
        begun = about.get("origin", origin)
        for name in ("auxseg", "torch"):
            before, now = (each["versions"][name] for each in (begun, origin))
            if before != now:
                raise InputError(
                    f"{self.path}: was begun with {name} {before}, and this is {now}, which may train in other ways; "
                    f"use {name} {before} or give another --out"
                )
        before, now = (each["weights"] for each in (begun, origin))
        if before != now:
            raise InputError(
                f"{self.path}: was begun with other pretrained weights: SHA-256 {_short(before)}, while model.weights "
                f"has {_short(now)}; give the same weights or another --out"
            )

    @property
    def content_hash(self) -> str | None:
        """Of the data that it was begun with; ``None`` before it is begun."""
        return self._about().get("content_hash")

    @property
    def choices(self) -> dict[str, Any]:
        """What was chosen for all runs so far; nothing before it is begun."""
        return self._about().get("choices", {})

    def keep_choices(self, choices: dict[str, Any]) -> None:
        """Write down what was chosen for all runs; what was chosen before is to be among it."""
        self._write(self._about() | {"choices": choices})

    def keep_planned(self, runs: Sequence[PlannedRun]) -> None:
        """Write down which trainings are planned, for the page of a study that is not finished."""
        planned = [
            {
                "directory": run.directory_name,
                "arm": run.arm.name,
                "seed": run.seed,
                "label_fraction": run.label_fraction,
            }
            for run in runs
        ]
        write_atomically(self.path / PLANNED_FILE, json.dumps(planned, indent=1).encode())

    def compare(self, question: dict[str, Any]) -> None:
        """Raise `InputError` if the directory was begun with another question."""
        refuse_another(self._about().get("question", question), question, self.path)

    def keep_question(self, question: dict[str, Any]) -> None:
        """Write down the question that the directory is begun with, which `compare` has compared."""
        about = self._about()
        if "question" not in about:
            self._write(about | {"question": question})

    @property
    def judged(self) -> list[dict[str, Any]]:
        """The arms of which verdicts (of a screening: ranks) were given so far."""
        return self._about().get("judged", [])

    def keep_judged(self, arms: list[dict[str, Any]]) -> None:
        """Write down of which arms verdicts or ranks are about to be given."""
        self._write(self._about() | {"judged": arms})

    @property
    def looked_at(self) -> list[int]:
        """The numbers of seeds with which verdicts were given so far, ascending."""
        return self._about().get("looked_at", [])

    def keep_look(self, seeds: int) -> None:
        """Write down that verdicts are about to be given with so many seeds."""
        self._write(self._about() | {"looked_at": sorted({*self.looked_at, seeds})})

    def _about(self) -> dict[str, Any]:
        if not self.about_file.is_file():
            return {}
        return read_about(self.about_file)

    def _write(self, about: dict[str, Any]) -> None:
        write_atomically(self.about_file, json.dumps(about, indent=1).encode())

    def _refuse_other_files(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path}: cannot be a study's directory (it is a file)")
        others = [] if not self.path.is_dir() else [entry.name for entry in self.path.iterdir()]
        others = [name for name in others if name != SCREENING and not name.startswith(".")]
        if others:
            raise InputError(f"{self.path}: holds files but no study ({others[0]}, say); give another --out")


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest[:12]


def _has_ended(directory: Path) -> bool:
    run = Run(directory)
    return run.events_file.is_file() and any(event["event"] == "end" for event in read_events(run.events_file))
