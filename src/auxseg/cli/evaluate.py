"""`auxseg evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tyro.conf import Positional

from auxseg.cli.command import Command
from auxseg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Evaluate(Command):
    """Measure runs on a split: metrics.json and per_image.csv in each, one table with a row per run."""

    runs: Positional[tuple[Path, ...]]
    """Run directories."""

    split: Literal["train", "val", "test"] = "test"
    """Which split. Looking at the test split is recorded in the run."""

    data: Path | None = None
    """The store (default: the one that the run was trained on)."""

    def run(self, console: Console) -> dict[str, Any]:
        """Evaluate them all and print the table."""
        if not self.runs:
            raise InputError("evaluate wants at least one run directory")
        from auxseg.report import report
        from auxseg.run import Run, evaluate

        runs = {str(path): Run.open(path) for path in self.runs}
        results = {}
        for name, run in runs.items():
            with console.status(f"evaluating {name} on {self.split}"):
                results[name] = evaluate(run, self.split, self.data)
                report([run.directory])
        _print_table(console, results)
        return {"runs": results}


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
    first = next(iter(results.values()))
    data = first["data"]
    num_images = first["figures"][first["target"]].get("num_images", first["num_images"])
    measured_on = f"{first['split']} split of {data['name']}: {num_images:.0f} images"
    table = Table(title=f"{measured_on}, {data['size']} px, border {data['border']}")
    table.add_column("run", overflow="fold")
    for task, figure in columns:
        table.add_column(f"{task}\n{figure}", justify="right", overflow="fold")
    for name, metrics in results.items():
        values = [metrics["figures"].get(task, {}).get(figure) for task, figure in columns]
        table.add_row(name, *("-" if value is None else _shown(value) for value in values))
    console.print(table)


def _shown(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"
