"""The table of `auxseg evaluate`: a row per run, and as many figures as the terminal is wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from auxseg.cli.output.tables import Column, print_table, short_names
from auxseg.counting import count

if TYPE_CHECKING:
    from rich.console import Console

    from auxseg.records.metrics import Metrics


def print_figures(console: Console, results: Mapping[str, Metrics]) -> None:
    """Print the first two figures of every task; the target's first always, second figures only where there is room."""
    first = next(iter(results.values()))
    ranks: dict[tuple[str, str], int] = {}
    for metrics in results.values():
        for task, values in metrics.figures.items():
            chosen = [figure for figure in list(values)[:2] if not figure.startswith("num_")]
            for place, figure in enumerate(chosen):
                ranks.setdefault((task, figure), place + (task != first.target))
    names = short_names(list(results))
    columns = [Column("run", names, 0, is_text=True)]
    columns += [
        Column(f"{task}\n{figure}", [_shown(_value(metrics, task, figure)) for metrics in results.values()], rank)
        for (task, figure), rank in ranks.items()
    ]
    seconds = [f"{metrics.seconds / max(metrics.num_images, 1):.2g}" for metrics in results.values()]
    columns.append(Column("seconds\nper image", seconds, rank=2))
    print_table(console, columns, title=_title(names, results), more="metrics.json and the page have all figures")


def _title(names: Sequence[str], results: Mapping[str, Metrics]) -> str:
    """On what the runs were measured, with their names where they differ in it."""
    runs: dict[str, list[str]] = {}
    for name, metrics in zip(names, results.values(), strict=True):
        runs.setdefault(_measured_on(metrics), []).append(name)
    if len(runs) == 1:
        return next(iter(runs))
    return "\n".join(f"{', '.join(some)}: {measured}" for measured, some in runs.items())


def _value(metrics: Metrics, task: str, figure: str) -> float | None:
    return metrics.figures.get(task, {}).get(figure)


def _measured_on(metrics: Metrics) -> str:
    """What a run's figures stand for; runs that share a table may differ in it."""
    data, found = metrics.data, metrics.figures[metrics.target].get("num_images")
    num_images = metrics.num_images if found is None else found
    images = f"{count(int(num_images), 'image')}{' (each with its mirror image)' if metrics.mirrored else ''}"
    averaged = ", outputs averaged with the mirror image's" if metrics.tta != "none" else ""
    averaged += f", by tiles of {tiles.size} px" if (tiles := metrics.tiles) is not None else ""
    others = f" (other tasks at {data.sizes()})" if len(metrics.figures) > 1 else ""
    original = f", {metrics.target} at the images' original size{others}" if metrics.at == "original" else ""
    return f"{metrics.split} split of {data.name}: {images}, {data.sizes()}{original}, border {data.border}{averaged}"


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"
