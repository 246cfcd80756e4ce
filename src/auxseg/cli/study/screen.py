"""`auxseg study --screen`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from auxseg.cli.study.progress import StudyProgress
from auxseg.counting import count
from auxseg.errors import InputError
from auxseg.records.screen import Ranking, ScreenResult
from auxseg.records.values.writing import to_mapping
from auxseg.study.execution.trainings import Execution
from auxseg.study.screening.screening import Screening
from auxseg.study.study import Study as StudyRun

if TYPE_CHECKING:
    from auxseg.cli.study.command import Study

_POINTS = 100.0


def screen(command: Study, study: StudyRun, console: Console) -> dict[str, object]:
    """Rank the auxiliaries and print the ranking, or with --dry-run only what that would take and how long."""
    if command.best is not None:
        raise InputError("study: --best cannot be combined with --screen, which trains no arm to its end")
    screening = Screening(study)
    budget, plan = screening.plan(threads=command.threads)
    seeds = count(budget.seeds, "seed")
    share = budget.cost / budget.cost_of_study
    console.print(
        f"screening: {len(plan.runs)} trainings of {budget.steps} steps on {seeds}, {100 * share:.1f}% of the study's "
        "steps and validations"
    )
    if command.dry_run:
        with console.status("timing a few steps of every arm"):
            effort = screening.estimate(plan, workers=command.workers or 1, threads=command.threads)
        console.print(command.time_left(effort))
        return {**asdict(effort), "steps": budget.steps, "seeds": budget.seeds, "share": share}
    with command.site() as site, StudyProgress(console, screening.directory) as progress:
        result = screening.run(Execution(site=site, threads=command.threads, watch=progress.show, tell=progress.tell))
    for answer in result.answers:
        console.print(_table(result, answer))
        for each in answer.candidates:
            if each.reason is not None:
                console.print(f"diverged: {each.reason}", markup=False)
    if result.agreement is not None:
        console.print(f"agreement: {result.agreement.sentence}", markup=False)
    console.print("a ranking is not a verdict; the study itself gives verdicts", markup=False)
    return to_mapping(result)


def _table(result: ScreenResult, answer: Ranking) -> Table:
    table = Table(title=f"{result.target}, with {100 * answer.label_fraction:g}% of the masks")
    table.add_column("rank", justify="right")
    table.add_column("auxiliary")
    table.add_column(f"validation, points of {result.figure}", justify="right")
    table.add_column("affinity, %", justify="right")
    for each in answer.candidates:
        table.add_row(str(each.rank), each.name, _signed(each.difference), _signed(each.affinity))
    return table


def _signed(value: float | None) -> str:
    return "" if value is None else f"{_POINTS * value:+.2f}"
