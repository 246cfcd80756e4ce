"""`auxseg study`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tyro.conf import Positional

from auxseg.cli.command import RecipeCommand
from auxseg.cli.existing import refuse_existing
from auxseg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, kw_only=True)
class Study(RecipeCommand):
    """Ask which auxiliary tasks help the target: train every set of them on paired seeds and give verdicts.

    `auxseg study --base tiny-mtl --auxiliaries classification,box --seeds 5 --data pets.h5 --out studies/pets`.
    Everything that is finished is kept: the same command goes on where it stopped, more auxiliaries or seeds reuse
    what is there. Verdicts are given, and the test split is read, only when all planned seeds are done.
    """

    when_interrupted: ClassVar[str] = "interrupted; the same command goes on"

    file: Positional[Path | None] = None
    """A YAML file that asks the question, instead of the options below."""

    data: Path
    """The store that `auxseg data prepare` or `auxseg data synthesize` wrote."""

    out: Path = Path("studies/study")
    """The study's directory."""

    base: str | None = None
    """The preset or recipe whose target and settings hold for every arm."""

    auxiliaries: str | None = None
    """Tasks of the base, or kinds of task, with commas between them: classification,box,edges."""

    seeds: int | None = None
    """How many seeds each arm is trained on (default: 5)."""

    design: Literal["each", "all-but-one", "all-subsets"] | None = None
    """each: every auxiliary alone; all-but-one (the default): also all together and all without each; all-subsets."""

    controls: str | None = None
    """Auxiliaries that can carry no information, alone: noise,random-labels."""

    label_fractions: str | None = None
    """Shares of the masks to train on, each answered for itself: 0.05,0.1,1 (default: the base's)."""

    margin: float | None = None
    """The smallest difference of the target's figure that matters (default: 0.005, half a point of IoU)."""

    weights: str | None = None
    """Loss weights of auxiliaries: box=0.5,edges=0.2 (default: the base's, or 0.3)."""

    set: tuple[str, ...] = ()
    """Changes to the base, key=value: training.steps=600 data.size=64."""

    looks: Literal[1, 2] = 2
    """2 allows one extension by more seeds after the first verdicts, at the price of wider intervals; 1 allows none."""

    workers: int = 1
    """How many runs are trained at the same time."""

    threads: int | None = None
    """Threads of each run (default: the machine's, shared between the workers); kept for the whole study."""

    dry_run: bool = False
    """Print the plan with an estimate of its time, and train nothing."""

    best: Path | None = None
    """Leave the recipe of the best arm (by validation) here, ready for `auxseg train`."""

    overwrite: bool = False
    """Replace the file of --best if it exists."""

    def run(self, console: Console) -> dict[str, Any]:
        """Run the study and print its verdicts."""
        from auxseg.report import study_page
        from auxseg.study.directory import StudyDirectory
        from auxseg.study.plan import describe, make_plan
        from auxseg.study.study import Study as StudyRun
        from auxseg.study.study import best_recipe

        if self.workers < 1 or (self.threads is not None and self.threads < 1):
            raise InputError("study: --workers and --threads count from 1")
        if self.best is not None:
            refuse_existing(self.best, overwrite=self.overwrite)
        config = self._config()
        study = StudyRun(config, self.data, StudyDirectory(self.out), self.looks, self.plugins)
        plan = make_plan(config)
        if self.dry_run:
            for line in describe(plan):
                console.print(line, markup=False)
            with console.status("taking a few steps of every arm"):
                seconds = study.estimate_seconds(workers=self.workers, threads=self.threads)
            console.print(f"{len(plan.runs)} runs, about {_duration(seconds)} with {self.workers} worker(s)")
            return {"runs": len(plan.runs), "seconds": seconds}
        if config.seeds < 2:
            console.print("one seed gives no interval: no verdict but 'not enough evidence' will be possible")
        from auxseg.cli.study_progress import StudyProgress

        started = time.monotonic()
        with StudyProgress(console, study.directory) as progress:
            result = study.run(workers=self.workers, threads=self.threads, watch=progress.show)
        page = study_page(self.out)
        for found in result["answers"]:
            if len(result["answers"]) > 1:
                console.print(f"with {100 * found['label_fraction']:g}% of the masks:")
            for arm in found["arms"]:
                console.print(arm["sentence"], markup=False)
        for failed in result["diverged"]:
            console.print(f"diverged: {failed['arm']}, seed {failed['seed']}: {failed['reason']}", markup=False)
        if self.best is not None:
            name, recipe = best_recipe(study, result)
            from auxseg.files import write_atomically

            write_atomically(self.best, recipe.encode())
            console.print(f"best on validation: {name}; its recipe is {self.best}")
        console.print(f"report: {page}   {_duration(time.monotonic() - started)}")
        return result

    def _config(self) -> Any:
        from auxseg.study.plan import check_study, read_study

        given = {
            "base": self.base,
            "auxiliaries": _listed(self.auxiliaries),
            "seeds": self.seeds,
            "design": self.design,
            "controls": _listed(self.controls),
            "label_fractions": _numbers(self.label_fractions, "--label-fractions"),
            "margin": self.margin,
            "weights": _weights(self.weights),
            "settings": self.set or None,
        }
        given = {key: value for key, value in given.items() if value is not None}
        if self.file is None:
            if "base" not in given or "auxiliaries" not in given:
                raise InputError("study wants a YAML file, or --base and --auxiliaries")
            return check_study(given)
        if given:
            raise InputError(f"study: {self.file} asks the question, so --{next(iter(given))} has no place beside it")
        return read_study(self.file)


def _listed(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(text: str | None, option: str) -> tuple[float, ...] | None:
    parts = _listed(text)
    try:
        return None if parts is None else tuple(float(part) for part in parts)
    except ValueError:
        raise InputError(f"{option} {text}: expected numbers with commas between them, such as 0.05,0.1,1") from None


def _weights(text: str | None) -> dict[str, float] | None:
    parts = _listed(text)
    try:
        return None if parts is None else {name: float(value) for name, value in (part.split("=") for part in parts)}
    except ValueError:
        raise InputError(f"--weights {text}: expected name=weight with commas between them, such as box=0.5") from None


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
