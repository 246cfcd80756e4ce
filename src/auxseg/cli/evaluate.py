"""`auxseg evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional

from auxseg.cli.command import RecipeCommand, optional
from auxseg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Evaluate(RecipeCommand):
    """Measure runs on a split: metrics.json and per_image.csv in each, one table with a row per run.

    Several runs also get a comparison page and grid.png, the same photographs with each run's mask and box, in the
    nearest directory that holds them all; runs on different images or data get no picture.
    """

    runs: Positional[Annotated[tuple[Path, ...], optional("RUN ...")]]
    """Run directories."""

    split: Literal["train", "val", "test"] = "test"
    """Which split. Looking at the test split is recorded in the run."""

    data: Annotated[Path | None, optional("PATH")] = None
    """The store (default: the one that the run was trained on)."""

    def run(self, console: Console) -> dict[str, Any]:
        """Evaluate them all and print the table."""
        if not self.runs:
            raise InputError("evaluate wants at least one run directory")
        places = [path.resolve() for path in self.runs]
        for path, place in zip(self.runs, places, strict=True):
            if places.count(place) > 1:
                raise InputError(f"evaluate was given {path} twice; name every run once")
        from auxseg.report import report
        from auxseg.run import Run, draw_grid, evaluate

        runs = {str(path): Run.open(path) for path in self.runs}
        results = {}
        for name, run in runs.items():
            with console.status(f"evaluating {name} on {self.split}"):
                results[name] = evaluate(run, self.split, self.data)
                report([run.directory])
        _print_table(console, results)
        if len(runs) < 2:
            return {"runs": results}
        page = report([run.directory for run in runs.values()])
        short = {place.name: run for place, run in zip(places, runs.values(), strict=True)}
        try:
            with console.status("drawing all runs on the same photographs"):
                grid = draw_grid(short if len(short) == len(runs) else runs, page.with_name("grid.png"), self.data)
        except InputError as error:  # every run is measured, which must not be lost
            console.print(f"comparison: {page}   without a common picture: {error}")
            return {"runs": results, "report": str(page), "grid": None}
        page = report([run.directory for run in runs.values()], page, grid=grid)
        console.print(f"comparison: {page}   pictures: {grid}")
        return {"runs": results, "report": str(page), "grid": str(grid)}


def _print_table(console: Console, results: dict[str, dict[str, Any]]) -> None:
    from rich.table import Table

    columns = list(
        dict.fromkeys(
            (task, figure)
            for metrics in results.values()
            for task, values in metrics["figures"].items()
            for figure in list(values)[:2]  # all of them are in metrics.json and on the page
            if not figure.startswith("num_")
        )
    )
    table = Table(title="\n".join(dict.fromkeys(_measured_on(metrics) for metrics in results.values())))
    table.add_column("run", overflow="fold")
    for task, figure in columns:
        table.add_column(f"{task}\n{figure}", justify="right", overflow="fold")
    for name, metrics in results.items():
        values = [metrics["figures"].get(task, {}).get(figure) for task, figure in columns]
        table.add_row(name, *("-" if value is None else _shown(value) for value in values))
    console.print(table)


def _measured_on(metrics: dict[str, Any]) -> str:
    """What a run's figures stand for; runs that share a table may differ in it."""
    data = metrics["data"]
    num_images = metrics["figures"][metrics["target"]].get("num_images", metrics["num_images"])
    measured = f"{metrics['split']} split of {data['name']}: {num_images:.0f} images"
    return f"{measured}, {data['size']} px, border {data['border']}"


def _shown(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"
