"""The page itself: reads runs, fills the template, writes the file."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from auxseg.arguments import as_path, as_paths, short_names
from auxseg.errors import InputError, RunError
from auxseg.files import write_atomically
from auxseg.records.finding import is_study
from auxseg.records.names import FIGURES_FOLDER
from auxseg.report.charts.drawing import Chart
from auxseg.report.environment import save_page, template_environment
from auxseg.report.runs.comparison import Comparison, compare
from auxseg.report.runs.pictures import data_uri
from auxseg.report.runs.record import read_record
from auxseg.report.runs.view import view_run
from auxseg.report.studies.page import study_page


def compared(paths: Sequence[Path]) -> Comparison:
    """Several runs side by side, as their page compares them. Raises `InputError` as `report` does."""
    records = [read_record(path) for path in paths]
    return compare(records, short_names([record.path for record in records]))


def report(
    paths: str | Path | Sequence[str | Path], out: str | Path | None = None, *, grid: Path | None = None
) -> Path:
    """Write one self-contained HTML page about one run, several, or a study, and return where it is.

    The page needs no network and no script. It tells what there is: a run that is still training or was not evaluated
    yet has a page too. With several runs the page begins with a comparison; differences count from the first.

    Args:
        paths: run directories, or the directory of one study.
        out: the page; ``report.html`` in the run's directory or, for several runs, in the nearest directory that holds
            them all. The charts of a single run are then also saved in its ``figures`` directory.
        grid: a picture of several runs on the same photographs, for the comparison.

    Raises:
        InputError: a path is no run directory, or a file in it cannot be understood.
        RunError: the page cannot be written.
    """
    paths, out = as_paths(paths, "runs"), None if out is None else as_path(out, "out")
    if len(paths) == 1 and is_study(paths[0]):
        return study_page(paths[0], out)
    if not paths:
        raise InputError("a report needs at least one run directory, found none")
    records = [read_record(path) for path in paths]
    names = short_names([record.path for record in records])
    runs = [view_run(record, name) for record, name in zip(records, names, strict=True)]
    comparison = compare(records, names) if len(records) > 1 else None
    page = (
        template_environment()
        .get_template("runs/page.html.j2")
        .render(runs=runs, comparison=comparison, grid=grid and data_uri(grid))
    )
    place = save_page(out or _home(paths) / "report.html", page)
    if out is None and comparison is None:
        _save_charts(runs[0].charts, paths[0] / FIGURES_FOLDER)
    return place


def _home(paths: Sequence[Path]) -> Path:
    return paths[0] if len(paths) == 1 else Path(os.path.commonpath([path.resolve().parent for path in paths]))


def _save_charts(charts: Sequence[Chart], folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
        for chart in charts:
            write_atomically(folder / f"{_file_name(chart.name)}.svg", chart.svg.encode())
    except OSError as error:
        raise RunError(f"cannot write the report's charts to {folder}: {error.strerror}") from error


def _file_name(name: str) -> str:
    """A name of letters that any file system takes; a digest keeps apart what would become the same."""
    short = re.sub(r"[^\w-]+", "-", name, flags=re.ASCII)[:60]
    return short if short == name else f"{short}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
