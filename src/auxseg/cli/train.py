"""`auxseg train`."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, final

from tyro.conf import Positional

from auxseg.cli.command import RecipeCommand, optional, use_threads
from auxseg.cli.grid import combinations
from auxseg.cli.output.terminal import plain
from auxseg.cli.refusals import refuse_begun, refuse_no_recipe, refuse_no_store, refuse_settings
from auxseg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from auxseg.recipe import Recipe
    from auxseg.run import Run
    from auxseg.training.loop import Observer


@final
@dataclass(frozen=True)
class _Planned:
    """One training: what, on which data, where, by how many processes, and whether it goes on."""

    recipe: Recipe
    data: Path
    directory: Path
    devices: int
    resume: bool


@dataclass(frozen=True)
class Train(RecipeCommand):
    """Train presets or recipes on a store; each writes a run directory.

    `auxseg train tiny --data pets.h5 --out runs/tiny` trains one. Several names, or a --grid of settings, are trained
    one after the other into OUT/NAME, with a comparison in OUT/report.html. Ctrl-C stops after the current step;
    `auxseg train --resume runs/tiny` continues.
    """

    when_interrupted: ClassVar[str] = "interrupted; run the same command with --resume to continue"

    names: Positional[Annotated[tuple[str, ...], optional("RECIPE ...")]]
    """Names of presets (`auxseg presets`) or paths of YAML recipes."""

    data: Annotated[Path | None, optional("PATH")] = None
    """The store that `auxseg data prepare` or `auxseg data synthesize` wrote (default with --resume RUN: the run's)."""

    out: Annotated[Path | None, optional("PATH")] = None
    """The run directory (default: runs/NAME)."""

    seed: Annotated[int | None, optional("N")] = None
    """Seed of initial weights, data order and augmentation (default: the recipe's)."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train."""

    devices: Annotated[int | None, optional("N")] = None
    """Number of processes that train together on this machine, one per GPU or sharing the CPU (default: 1; with
    --resume RUN as many as before)."""

    threads: Annotated[int | None, optional("N")] = None
    """CPU threads of each process (default: torch's choice)."""

    set: Annotated[tuple[str, ...], optional("KEY=VALUE ...")] = ()
    """Changes to the recipe, key=value: training.steps=600 model.width=0.5 tasks.box=off; `auxseg settings` lists
    the keys."""

    grid: Annotated[tuple[str, ...], optional("KEY=A,B ...")] = ()
    """Values to try in every combination, key=value,value: balancer.weights.box=0.1,0.5 seed=0,1. Each run is named
    NAME-KEY-VALUE."""

    tensorboard: bool = False
    """Write curves, weights and images for TensorBoard into the folder tensorboard of the run directory."""

    resume: bool = False
    """Continue a stopped run, or give a finished one more steps: `auxseg train --resume RUN` takes recipe, seed, data,
    threads and processes from the run. With recipes, --data and --out, runs that have not started yet are started."""

    overwrite: bool = False
    """Delete the earlier run in the run directory."""

    def run(self, console: Console) -> dict[str, object] | None:
        """Train them all; only the main process has a result."""
        if not self.names:
            raise InputError(
                "train needs the name of a preset or the path of a recipe; `auxseg presets` lists the presets"
            )
        runs = self._runs()
        results = {name: self._train(planned, console) for name, planned in runs.items()}
        if len(runs) > 1 and all(results.values()):
            from auxseg.report import report

            page = report([planned.directory for planned in runs.values()], (self.out or Path("runs")) / "report.html")
            console.print(f"comparison: {plain(page)}", soft_wrap=True)
        return {"runs": results} if all(results.values()) else None

    def _runs(self) -> dict[str, _Planned]:
        """What to train, by name."""
        if self.resume and self.out is None and all(self._is_run(name) for name in self.names):
            return self._begun_runs()
        if self.data is None:
            raise InputError("train needs --data, the store to train on; only --resume RUN takes it from the run")
        variants = [(name, suffix, chosen) for name in self.names for suffix, chosen in combinations(self.grid)]
        if len({f"{Path(name).stem}{suffix}" for name, suffix, _ in variants}) < len(variants):
            raise InputError("train: two recipes have the same name; each needs its own directory, so rename one")
        out = self.out or Path("runs")
        alone = len(variants) == 1 and not self.grid and self.out is not None
        checked = [(name, [*self._settings, *chosen]) for name, _, chosen in variants]
        self._refuse_early(checked, self.data, out if alone else None)
        from auxseg.recipe import load_recipe

        use_threads(self.threads)
        recipes = {
            f"{Path(name).stem}{suffix}": load_recipe(name, [*self._settings, *chosen])
            for name, suffix, chosen in variants
        }
        directories = {name: out if alone else out / name for name in recipes}
        resumed = self._resumed(directories)
        return {
            name: _Planned(recipe, self.data, directories[name], self.devices or 1, resumed[name])
            for name, recipe in recipes.items()
        }

    def _is_run(self, name: str) -> bool:
        """Whether a run's directory is meant; with --data a preset is, whatever lies here by its name."""
        from auxseg.presets import presets

        return Path(name).is_dir() and (self.data is None or name not in presets())

    def _begun_runs(self) -> dict[str, _Planned]:
        """The runs that are named by their directories, to go on as they were begun."""
        refuse_settings(self._settings)
        if self.grid:
            raise InputError("--grid cannot be combined with --resume RUN, which continues one run; use --set instead")
        from auxseg.recipe import load_recipe
        from auxseg.run import Run

        planned: dict[str, _Planned] = {}
        for name in self.names:
            run = Run.open(name)
            start, data = run.start, run.trained_on[0] if self.data is None else self.data
            if len(self.names) == 1:  # the number of threads decides about the last bits
                use_threads(self.threads or start.threads)
            devices = self.devices or start.processes
            planned[name] = _Planned(load_recipe(run.recipe_file, self._settings), data, run.directory, devices, True)
        return planned

    @property
    def _settings(self) -> list[str]:
        return [*self.set, *([] if self.seed is None else [f"seed={self.seed}"])]

    def _refuse_early(self, variants: list[tuple[str, list[str]]], data: Path, out: Path | None) -> None:
        """Refuse what can be seen to be wrong without torch; ``variants`` are recipes with their settings."""
        for name, settings in variants:
            refuse_no_recipe(name)
            refuse_settings(settings)
        refuse_no_store(data)
        directory = out or (self.out or Path("runs")) / Path(self.names[0]).stem
        is_first = os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"  # the others come to a begun run
        if len(variants) == 1 and not self.grid and not self.resume and not self.overwrite and is_first:
            refuse_begun(directory)

    def _resumed(self, directories: dict[str, Path]) -> dict[str, bool]:
        """Which runs to resume. Several are looked at before the first is trained; one is refused by its training."""
        if len(directories) == 1:
            return dict.fromkeys(directories, self.resume)
        from auxseg.run import Run
        from auxseg.run.beginning.opening import begun

        runs = {name: Run(directory) for name, directory in directories.items()}
        return begun(runs, resume=self.resume, overwrite=self.overwrite)

    def _train(self, planned: _Planned, console: Console) -> dict[str, object]:
        from auxseg.cli.output.progress import TrainingProgress, is_main_process
        from auxseg.report import report
        from auxseg.run import train

        def tell(message: str) -> None:
            if is_main_process():
                console.print(plain(message), soft_wrap=True)

        recipe = planned.recipe
        with ExitStack() as stack:
            observers: list[Observer] = [stack.enter_context(TrainingProgress(console, planned.directory))]
            if self.tensorboard:
                from auxseg.run.observing.tensorboard import TensorBoard

                observers.append(stack.enter_context(TensorBoard(planned.directory, recipe, planned.data)))
            run = train(
                recipe,
                planned.data,
                planned.directory,
                device=self.device,
                devices=planned.devices,
                resume=planned.resume,
                overwrite=self.overwrite,
                observers=observers,
                tell=tell,
            )
        if not is_main_process():
            return {}
        page = report([run.directory])
        kept = _kept_validation(run, recipe.target)
        console.print(f"{_summary(kept)}\nrun: {plain(run.directory)}   report: {plain(page)}", soft_wrap=True)
        lost = _lost(run, recipe.target, console)
        fallbacks = _fallbacks(run, console)
        return {"run": str(run.directory), "report": str(page), "validation": kept, **lost, **fallbacks}


def _kept_validation(run: Run, target: str) -> dict[str, float | None] | None:
    """Step and the target's figures of the model that is kept, also of a run that was finished before."""
    kept = run.events.kept
    return None if kept is None else {"step": kept.step, **kept.figures[target]}


def _lost(run: Run, target: str, console: Console) -> dict[str, object]:
    """Say which classes the model that is kept does not find at all; these with their shares, if there are any."""
    from auxseg.records.recipe import read_recipe
    from auxseg.report.runs.lost_classes import lost_sentence
    from auxseg.report.wording import SPACE

    kept = run.events.kept
    if kept is None or not kept.lost:
        return {}
    said = lost_sentence(kept.lost, read_recipe(run.directory).settings, target).replace(SPACE, " ")
    console.print(f"on validation: {plain(said)}", soft_wrap=True, markup=False)
    return {"lost_classes": dict(kept.lost)}


def _fallbacks(run: Run, console: Console) -> dict[str, object]:
    """Say in how many steps the balancer found no answer, and their number, if there are any."""
    from auxseg.counting import count

    number = run.events.num_fallbacks
    if not number:
        return {}
    said = f"in {count(number, 'step')} the balancer found no answer and followed the mean of the gradients"
    console.print(said, soft_wrap=True, markup=False)
    return {"fallbacks": number}


def _summary(kept: dict[str, float | None] | None) -> str:
    """One line on how it ended. What is kept is near the best, and not always the best itself."""
    if kept is None:
        return "trained without validation; kept the last weights"
    name = next(key for key in kept if key != "step")
    if kept[name] is None:
        from auxseg.report.wording import undefined

        return f"kept the model of step {kept['step']}, the last; on validation, {undefined(name, kept).rstrip('.')}"
    return f"kept the model of step {kept['step']}, validation {name} {kept[name]:.4f}"
