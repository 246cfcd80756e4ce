"""`auxseg evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from tyro.conf import Positional

from auxseg.arguments import as_typed
from auxseg.cli.command import RecipeCommand, one_size, optional, use_threads
from auxseg.cli.output.evaluate_table import print_figures
from auxseg.cli.output.terminal import plain
from auxseg.cli.refusals import refuse_no_models, refuse_no_store
from auxseg.errors import InputError
from auxseg.records.names import BEST_FILE, STUDY_FILE, failure_file

if TYPE_CHECKING:
    from rich.console import Console

    from auxseg.records.metrics import ClassFigures, Metrics
    from auxseg.report.runs.comparison import Comparison
    from auxseg.run import Run

MOST_CLASSES: Final = 12
"""As many classes have their IoU in one line."""

MAX_IN_GRID: Final = 12
"""More runs than these would be too small in a picture of all of them."""


@dataclass(frozen=True)
class Evaluate(RecipeCommand):
    """Measure runs on a split: metrics.json and per_image.csv in each, one table with a row per run.

    Several runs also get a comparison page and grid.png, the same images with each run's mask and box, in the
    nearest directory that holds them all; runs on different images or data get no picture. A packed model is measured
    on --data, and nothing is written: --json prints what metrics.json would hold.
    """

    runs: Positional[Annotated[tuple[Path, ...], optional("RUN ...")]]
    """Run directories, or folders: all runs inside are measured, of a study those of its verdicts; or packed models:
    model directories and hf://OWNER/NAME."""

    split: Literal["train", "val", "test"] = "test"
    """The split to measure. The run records each reading of the test split."""

    data: Annotated[Path | None, optional("PATH")] = None
    """The store (default: the one that the run was trained on)."""

    mirrored: bool = False
    """Score every image by the mean over itself and its mirror image, which varies less between seeds."""

    tta: Literal["none", "flip"] = "none"
    """flip averages what is said of an image and of its mirror image, in twice the time, as predict can too."""

    at: Literal["stored", "original"] = "stored"
    """original compares the target's masks at the images' own size, as predict writes them; the store must keep them
    (data prepare --original-masks)."""

    tiles: Annotated[tuple[int, ...] | None, optional("[SIZE]")] = None
    """Ask tile by tile, by tiles of so many stored pixels or as large as those trained on; runs with data.crop always
    are."""

    overlap: Annotated[float | None, optional("SHARE")] = None
    """Share of a tile that overlaps the next one (default: 0.5)."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""

    threads: Annotated[int | None, optional("N")] = None
    """CPU threads (default: torch's choice)."""

    def run(self, console: Console) -> dict[str, object]:
        """Evaluate them all and print the table."""
        if not self.runs:
            raise InputError("evaluate needs at least one run directory")
        _refuse_twice(self.runs)
        refuse_no_models(self.runs)
        refuse_no_store(self.data)
        packed, runs, left_out = self._found()
        for name in left_out:
            console.print(f"left out: {name}", markup=False, highlight=False)
        from auxseg.records.values.writing import to_mapping
        from auxseg.report import report
        from auxseg.run.evaluate import How, measured, measured_alone

        use_threads(self.threads)
        tiles = one_size(self.tiles)
        how = How(mirrored=self.mirrored, tta=self.tta, at=self.at, tiles=tiles, overlap=self.overlap)
        results: dict[str, Metrics] = {}
        for path in packed:
            with console.status(f"evaluating {as_typed(path)} on {self.split}"):
                results[as_typed(path)] = measured_alone(path, self.split, self.data, self.device, how)
        for name, run in runs.items():
            with console.status(f"evaluating {name} on {self.split}"):
                results[name] = measured(run, self.split, self.data, self.device, how)
                report([run.directory])
        print_figures(console, results)
        _print_classes(console, results, {name: run.directory for name, run in runs.items()})
        values = {name: to_mapping(metrics) for name, metrics in results.items()}
        result: dict[str, object] = {"runs": values, **({"left_out": left_out} if left_out else {})}
        return result if len(runs) < 2 else result | self._compare(console, runs)

    def _found(self) -> tuple[list[Path], dict[str, Run], list[str]]:
        """The packed models, the runs by name, and what is left out of folders, with the reason.

        Raises `InputError` for a run that is named twice, a folder without runs that could be measured, and the test
        split of a study that is not finished.
        """
        from auxseg.records.finding import is_study, runs_in
        from auxseg.run import Run
        from auxseg.run.packed.finding import is_packed

        packed = [path for path in self.runs if is_packed(path)]
        paths: list[Path] = []
        left_out: list[str] = []
        for given in (path for path in self.runs if path not in packed):
            if self.split == "test" and is_study(given) and not (given / STUDY_FILE).is_file():
                raise InputError(
                    f"{given}: this study is not finished, and its test split is read only after all planned runs are "
                    f"trained; --split val measures the finished runs, and `auxseg report {given}` shows it"
                )
            found = runs_in(given)
            whole = [path for path in found if path == given or not _why_not(path)]
            left_out += [f"{path}: {_why_not(path)}" for path in found if path not in whole]
            if not whole:
                raise InputError(f"{given}: none of its {len(found)} runs can be measured; {left_out[-1]}")
            paths += whole
        _refuse_twice(paths)
        return packed, {str(path): Run.open(path) for path in paths}, left_out

    def _compare(self, console: Console, runs: dict[str, Run]) -> dict[str, object]:
        """Write the page and the picture of several runs, and say in what they are unlike."""
        from auxseg.report import compared, report
        from auxseg.run import draw_grid

        directories = [run.directory for run in runs.values()]
        comparison = compared(directories)
        _print_unlike(console, comparison)
        differences = {
            name: {"difference": row.difference, "unlike": row.unlike}
            for name, row in zip(runs, comparison.rows, strict=True)
        }
        first, page = next(iter(runs)), report(directories)
        found: dict[str, object] = {
            "report": str(page),
            "first": first,
            "differences": differences,
            "remarks": comparison.remarks,
        }
        short = {run.directory.resolve().name: run for run in runs.values()}
        try:
            if len(runs) > MAX_IN_GRID:
                raise InputError(f"{len(runs)} runs do not fit into one picture, which shows at most {MAX_IN_GRID}")
            with console.status("drawing all runs on the same images"):
                named = short if len(short) == len(runs) else runs
                grid = draw_grid(
                    named, page.with_name("grid.png"), self.data, self.tta, one_size(self.tiles), self.overlap
                )
        except InputError as error:  # every run is measured, which must not be lost
            console.print(f"comparison: {page}   no common picture: {error}", markup=False)
            return found | {"grid": None}
        page = report(directories, page, grid=grid)
        console.print(f"comparison: {page}   pictures: {grid}", markup=False)
        return found | {"grid": str(grid)}


def _refuse_twice(paths: Sequence[Path]) -> None:
    places = [path.resolve() for path in paths]
    for path, place in zip(paths, places, strict=True):
        if places.count(place) > 1:
            raise InputError(f"evaluate: {as_typed(path)} is given twice; give each run once")


def _why_not(run: Path) -> str:
    """Why a run that was found in a folder is not measured; empty if it is."""
    if failure_file(run).is_file():
        return "diverged"
    return "" if (run / BEST_FILE).is_file() else "has no model yet"


def _print_classes(console: Console, results: dict[str, Metrics], directories: dict[str, Path]) -> None:
    """IoU by class of the target where there are several, which classes are lost, and why there is no figure.

    ``directories`` are those of the results that belong to runs.
    """
    from auxseg.records.recipe import read_recipe
    from auxseg.report.runs.lost_classes import lost_sentence, lost_shares
    from auxseg.report.wording import SPACE, undefined

    for name, metrics in results.items():
        before = f"{name}: " if len(results) > 1 else ""
        classes = metrics.classes.get(metrics.target, {})
        lines = []
        if len(classes) > 2:
            lines.append(_by_class(classes))
        if lost := lost_shares(classes):
            settings = read_recipe(directories[name]).settings if name in directories else {}
            lines.append(plain(lost_sentence(lost, settings, metrics.target).replace(SPACE, " ")))
        figures = metrics.figures[metrics.target]
        figure, value = next(iter(figures.items()))
        if value is None:
            lines.append(undefined(figure, figures))
        for line in lines:
            console.print(f"{before}{line}", markup=False, highlight=False)


def _by_class(classes: Mapping[str, ClassFigures]) -> str:
    """IoU of all classes, or of the lowest where they are too many for a line."""
    shown = [(key, each.iou) for key, each in classes.items()]
    title = "IoU by class"
    if len(shown) > MOST_CLASSES:
        known = [(iou, key) for key, iou in shown if iou is not None]
        shown = [(key, iou) for iou, key in sorted(known)[:MOST_CLASSES]]
        title = f"{title}, the lowest {len(shown)} of {len(classes)}"
    return f"{title}: {', '.join(f'{key} {_shown(iou)}' for key, iou in shown)}"


def _print_unlike(console: Console, comparison: Comparison) -> None:
    """The differences from the first run, each with what else sets the two apart."""
    first, *others = comparison.rows
    for row in others:
        change = f" {row.change}," if row.change else ""
        if row.unlike:
            said = f"{row.name} against {first.name}:{change} not alike: {'; '.join(row.unlike)}"
            console.print(said, markup=False, highlight=False)
    for remark in comparison.remarks:
        console.print(remark, markup=False, highlight=False)


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"
