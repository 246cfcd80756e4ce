"""A study's directory: what it is about, and which of its trainings are done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.records.about import (
    About,
    Choices,
    Judged,
    Origin,
    PlannedTraining,
    Question,
    read_about,
    write_about,
    write_planned,
)
from auxseg.records.events import read_events
from auxseg.records.names import ABOUT_FILE, RUNS_FOLDER, SCREENING_FOLDER, failure_file
from auxseg.records.values.writing import to_mapping
from auxseg.study.design.plan import PlannedRun
from auxseg.study.design.question import refuse_another
from auxseg.training.lock import training_in

_LONGEST_REASON: Final = 1 << 16


@final
@dataclass(frozen=True)
class StudyDirectory:
    """The files of one study: ``about.json``, ``runs/``, ``study.json`` ``planned.json`` and ``report.html``."""

    path: Path

    @property
    def about_file(self) -> Path:
        """What must not change: format, data, weights, question, what was chosen once for all runs, and judged."""
        return self.path / ABOUT_FILE

    @property
    def is_begun(self) -> bool:
        """Whether it is written down what the study is about."""
        return self.about_file.is_file()

    @property
    def screening(self) -> StudyDirectory:
        """The folder in which its candidates were ranked beforehand."""
        return StudyDirectory(self.path / SCREENING_FOLDER)

    def run_directory(self, planned: PlannedRun) -> Path:
        """Where a planned training lies."""
        return self.path / RUNS_FOLDER / planned.directory_name

    def failure_file(self, planned: PlannedRun) -> Path:
        """Why a training diverged; it is a result, and not tried again."""
        return failure_file(self.run_directory(planned))

    def is_done(self, planned: PlannedRun) -> bool:
        """Whether a training has ended, well or not."""
        return self.failure(planned) is not None or read_events(self.run_directory(planned)).has_ended

    def failure(self, planned: PlannedRun) -> str | None:
        """The reason why a training diverged."""
        file = self.failure_file(planned)
        if not file.is_file():
            return None
        with file.open("rb") as content:  # words for people: what a damaged file has besides is shown as such
            return content.read(_LONGEST_REASON).decode("utf-8", errors="replace")

    @contextmanager
    def held(self, store: Store, origin: Origin, choices: Choices) -> Iterator[Choices]:
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
            if not self.is_begun:
                write_about(self.path, About(content_hash=store.content_hash, origin=origin, choices=choices))
            self.check(store, origin)  # another process may have begun it meanwhile
            yield self.choices

    def check(self, store: Store, origin: Origin) -> None:
        """Raise `InputError` if it holds something else, or was begun with other versions, data or weights.

        Another Python or device is no reason: the page names those of all runs.
        """
        about = read_about(self.path)
        if about is None:
            self._refuse_other_files()
            return
        if about.content_hash != store.content_hash:
            raise InputError(
                f"{self.path}: was begun on other data: content hash {about.content_hash[:12]}, while "
                f"{store.path} has {store.content_hash[:12]}; give the same data or another --out"
            )
        begun = about.origin or origin
        for name, before, now in (
            ("auxseg", begun.versions.auxseg, origin.versions.auxseg),
            ("torch", begun.versions.torch, origin.versions.torch),
        ):
            if before != now:
                raise InputError(
                    f"{self.path}: was begun with {name} {before}, and this is {now}, which may give other results; "
                    f"use {name} {before} or give another --out"
                )
        if begun.weights != origin.weights:
            raise InputError(
                f"{self.path}: was begun with other pretrained weights: SHA-256 {_short(begun.weights)}, while "
                f"model.weights has {_short(origin.weights)}; give the same weights or another --out"
            )

    @property
    def content_hash(self) -> str | None:
        """Of the data that it was begun with; ``None`` before it is begun."""
        about = read_about(self.path)
        return None if about is None else about.content_hash

    @property
    def choices(self) -> Choices:
        """What was chosen for all runs so far; nothing before it is begun."""
        about = read_about(self.path)
        return Choices() if about is None else about.choices

    def keep_choices(self, choices: Choices) -> None:
        """Write down what was chosen for all runs; what was chosen before is to be among it."""
        write_about(self.path, replace(self._about, choices=choices))

    def keep_planned(self, runs: Sequence[PlannedRun]) -> None:
        """Write down which trainings are planned, for the page of a study that is not finished."""
        trainings = [
            PlannedTraining(run.directory_name, run.arm.name, run.seed, run.label_fraction, run.fold or "")
            for run in runs
        ]
        write_planned(self.path, trainings)

    @property
    def question(self) -> Question | None:
        """The question that it was begun with; ``None`` before that is written down."""
        about = read_about(self.path)
        return None if about is None else about.question

    def compare(self, question: Question) -> None:
        """Raise `InputError` if the directory was begun with another question.

        Looks may be planned anew until the first is taken: nobody has seen a figure of the test split.
        """
        about = read_about(self.path)
        if about is not None and about.question is not None:
            begun = about.question if about.looked_at else replace(about.question, looks_at=question.looks_at)
            refuse_another(to_mapping(begun), to_mapping(question), self.path)

    def keep_question(self, question: Question) -> None:
        """Write down the question that the directory is begun with, which `compare` has compared."""
        about = self._about
        if about.question is None or not about.looked_at:
            write_about(self.path, replace(about, question=question))

    @property
    def judged(self) -> tuple[Judged, ...]:
        """The arms of which verdicts (of a screening: ranks) were given so far."""
        about = read_about(self.path)
        return () if about is None else about.judged

    def keep_judged(self, arms: Sequence[Judged]) -> None:
        """Write down of which arms verdicts or ranks are about to be given."""
        write_about(self.path, replace(self._about, judged=tuple(arms)))

    @property
    def looked_at(self) -> tuple[int, ...]:
        """The numbers of seeds with which verdicts were given so far, ascending."""
        about = read_about(self.path)
        return () if about is None else about.looked_at

    def keep_look(self, seeds: int) -> None:
        """Write down that verdicts are about to be given with so many seeds."""
        about = self._about
        write_about(self.path, replace(about, looked_at=tuple(sorted({*about.looked_at, seeds}))))

    @property
    def _about(self) -> About:
        """What a directory that is held says of itself."""
        about = read_about(self.path)
        if about is None:
            raise InputError(f"{self.path}: its {ABOUT_FILE} was removed while the study worked in it")
        return about

    def _refuse_other_files(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path}: cannot be a study's directory (it is a file)")
        others = [] if not self.path.is_dir() else [entry.name for entry in self.path.iterdir()]
        others = [name for name in others if name != SCREENING_FOLDER and not name.startswith(".")]
        if others:
            raise InputError(f"{self.path}: holds files but no study, such as {others[0]}; give another --out")


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest[:12]
