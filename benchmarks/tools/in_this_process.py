"""A study's work in the process that asks for it: for measurements and tests, which replace or watch what is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auxseg.recipe import Recipe
from auxseg.records.about import Choices
from auxseg.run import choose
from auxseg.study.design.plan import Plan, PlannedRun
from auxseg.study.directory.decisions import chosen
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.execution.jobs import evaluations, trainings


@final
@dataclass(frozen=True)
class InThisProcess:
    """A site with one worker, which is the process itself."""

    number: int = 1
    share: int = 1

    def choose(self, recipe: Recipe, data: Path, threads: int, plugins: Sequence[Path]) -> Choices:
        return chosen(choose(recipe, data), threads)

    @contextmanager
    def start(self, threads: int, plugins: Sequence[Path], tick: Callable[[], None]) -> Iterator[InThisProcess]:
        yield self

    def train(self, study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> None:
        for job in trainings(study, data, runs):
            job.do()

    def evaluate(self, study: StudyDirectory, data: Path, plan: Plan) -> None:
        for job in evaluations(study, data, plan):
            job.do()
