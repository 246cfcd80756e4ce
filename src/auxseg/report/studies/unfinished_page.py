"""The page of a study that is not finished: what is trained so far, by validation, without any verdict."""

from __future__ import annotations

import datetime
import shlex
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.errors import InputError
from auxseg.records.about import PlannedTraining, read_asked_target, read_planned
from auxseg.records.finding import is_run
from auxseg.records.names import EVENTS_FILE, RECIPE_FILE, RUNS_FOLDER, failure_file
from auxseg.records.values.reading import read_text
from auxseg.report import wording
from auxseg.report.environment import save_page, template_environment
from auxseg.report.runs.record import Record, main_figure, read_record
from auxseg.report.studies.study_runs import command_of

_FRESH_SECONDS: Final = 120.0
_MAX_REASON: Final = 2**16
STATES: Final = ("finished", "running", "stopped", "diverged", "damaged", "missing")


@final
@dataclass(frozen=True)
class RunState:
    """How far one training is.

    Attributes:
        name: of its directory.
        arm: empty if an earlier version began the study, which did not write it down.
        state: one of `STATES`.
        steps: those done, of those planned.
        value: the target's validation figure of the model that is kept so far.
        written: when something was last written into it.
        remark: why it diverged, or what is lost of its log.
    """

    name: str
    arm: str
    seed: str
    masks: str
    state: str
    steps: str
    value: float | None
    written: str
    remark: str


def unfinished_page(directory: Path, out: Path | None = None) -> Path:
    """Write one self-contained page about a study that is not finished, ``report.html`` in its directory.

    Validation figures only: who sees a verdict early is tempted to stop there. Raises `InputError` if a file of the
    study cannot be understood, `RunError` if the page cannot be written.
    """
    states, figure, target = study_so_far(directory)
    template = template_environment().get_template("studies/unfinished_page.html.j2")
    page = template.render(
        name=directory.resolve().name,
        states=[(state, wording.said(figure, state.value)) for state in states],
        arms=_arms(states, figure),
        counts=_counts(states),
        is_planned=bool(read_planned(directory)),
        command=shlex.join(wording.plain(word) for word in command_of(directory)),
        figure=figure,
        target=target,
    )
    return save_page(out or directory / "report.html", page)


def study_so_far(directory: Path) -> tuple[list[RunState], str, str]:
    """How far every training is, and the figure and the target by which they are validated, empty before there is one.

    Raises `InputError` if a file of the study cannot be understood; a damaged run is named in its state.
    """
    target = read_asked_target(directory)
    planned = {training.directory: training for training in read_planned(directory)}
    runs = directory / RUNS_FOLDER
    found = sorted(entry.name for entry in runs.iterdir() if is_run(entry)) if runs.is_dir() else []
    names = list(planned) or found
    states, figure = [], ""
    for name in names:
        state, used, judged = _state(runs / name, planned.get(name))
        states.append(state)
        figure, target = figure or used, target or judged
    return states, figure, target


def _seed(planned: PlannedTraining) -> str:
    return f"{planned.seed}, fold {planned.fold}" if planned.fold else f"{planned.seed}"


def _state(run: Path, planned: PlannedTraining | None) -> tuple[RunState, str, str]:
    """The state of a training, the figure it is validated by and its target."""
    what = (planned.arm, _seed(planned), f"{100 * planned.label_fraction:g}%") if planned else ("", "", "")
    failure = failure_file(run)
    reason = read_text(failure, max_bytes=_MAX_REASON) if failure.is_file() else ""
    if not is_run(run):
        state = "diverged" if reason else "missing"
        return RunState(run.name, *what, state, "", None, "", reason), "", ""
    try:
        record = read_record(run)
    except InputError as error:
        return RunState(run.name, *what, "damaged", "", None, "", str(error)), "", ""
    found = main_figure(record.kept.figures, record.target) if record.kept else None
    written = _last_written(run)
    state = RunState(
        name=run.name,
        arm=what[0],
        seed=what[1] or str(record.recipe.settings.get("seed", "")),
        masks=what[2],
        state="diverged" if reason else _progress(record, written),
        steps=_steps(record),
        value=found[1] if found else None,
        written=datetime.datetime.fromtimestamp(written, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        remark=reason or record.events.loss,
    )
    return state, found[0] if found else "", record.target


def _progress(record: Record, written: float) -> str:
    if record.end is not None:
        return "finished"
    return "running" if time.time() - written < _FRESH_SECONDS else "stopped"


def _last_written(run: Path) -> float:
    return max(path.stat().st_mtime for path in (run / EVENTS_FILE, run / RECIPE_FILE) if path.exists())


def _steps(record: Record) -> str:
    done = record.steps[-1].step if record.steps else 0
    return f"{done:,}" if record.num_planned is None else f"{done:,} of {record.num_planned:,}"


def _counts(states: Sequence[RunState]) -> str:
    counts = {name: sum(state.state == name for state in states) for name in STATES}
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "none has begun"


def _arms(states: Sequence[RunState], figure: str) -> list[tuple[str, str, str, str]]:
    """By arm and share of the masks: how many runs are finished, and their mean validation figure."""
    rows = []
    for arm, masks in dict.fromkeys((state.arm, state.masks) for state in states if state.arm):
        mine = [state for state in states if (state.arm, state.masks) == (arm, masks)]
        done = [state for state in mine if state.state == "finished"]
        values = [state.value for state in done if state.value is not None]
        mean = wording.said(figure, statistics.fmean(values) if values else None)
        rows.append((arm, masks, f"{len(done)} of {len(mine)}", mean))
    return rows
