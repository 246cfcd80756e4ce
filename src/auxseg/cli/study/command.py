"""`auxseg study`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from tyro.conf import Positional

from auxseg.cli.command import RecipeCommand, optional
from auxseg.cli.output_checks import refuse_existing, refuse_unwritable
from auxseg.cli.refusals import refuse_no_recipe, refuse_no_store, refuse_settings
from auxseg.cli.study.durations import duration, said
from auxseg.cli.study.parsing import candidates, listed, looks, numbers, weights
from auxseg.counting import count
from auxseg.errors import InputError
from auxseg.extras import need_extra

if TYPE_CHECKING:
    from rich.console import Console

    from auxseg.study.design.config import StudyConfig
    from auxseg.study.execution.jobs import Site
    from auxseg.study.execution.time_estimate import Effort
    from auxseg.study.study import Study as StudyRun


@dataclass(frozen=True, kw_only=True)
class Study(RecipeCommand):
    """Find out what helps the target: train it with every set of auxiliaries on paired seeds and give verdicts.

    `auxseg study --base tiny-mtl --auxiliaries classification,box --seeds 5 --data pets.h5 --out studies/pets`.
    Finished runs are kept: the same command continues where it stopped, and more auxiliaries reuse them. Verdicts at
    more than one number of seeds are planned with --looks.
    The study reads the test split and gives verdicts only after all planned seeds are trained.
    """

    when_interrupted: ClassVar[str] = "interrupted; run the same command again to continue"

    file: Positional[Annotated[Path | None, optional("[FILE.yaml]")]] = None
    """A YAML file that asks the question, instead of the options below."""

    data: Path
    """The store that `auxseg data prepare` or `auxseg data synthesize` wrote."""

    out: Path = Path("studies/study")
    """The study's directory."""

    base: Annotated[str | None, optional("NAME")] = None
    """The preset or recipe that gives every arm its target and settings."""

    auxiliaries: Annotated[str | None, optional("A,B")] = None
    """Tasks of the base, or kinds of task, separated by commas: classification,box,edges."""

    vary: Annotated[tuple[str, ...], optional("KEY=A,B ...")] = ()
    """Settings to compare beside auxiliaries; the target alone with each value is an arm: data.target_per_batch=8."""

    seeds: Annotated[int | None, optional("N")] = None
    """Number of seeds for each arm (default: 5). Verdicts need 3."""

    first_seed: Annotated[int | None, optional("N")] = None
    """Count seeds from here, so that an earlier study is repeated with other runs: 100 (default: 0)."""

    budget: Annotated[str | None, optional("TIME")] = None
    """Choose seeds and arms that fit this time, such as 45min or 2h, and say what they can find out."""

    balancers: Annotated[str | None, optional("A,B")] = None
    """Balancers to compare: the auxiliaries together, balanced by each: fixed,dwa (with --design: every set of it)."""

    design: Annotated[Literal["each", "all-but-one", "all-subsets", "together"] | None, optional("DESIGN")] = None
    """each: alone; together: all at once; all-but-one (the default): both, and all without each; all-subsets."""

    controls: Annotated[str | None, optional("A,B")] = None
    """Controls: noise and random-labels carry no information; same-compute trains the target alone for longer."""

    label_fractions: Annotated[str | None, optional("X,Y")] = None
    """Shares of the masks to train on, each with its own verdicts: 0.05,0.1,1 (default: the base's)."""

    folds: Annotated[int | None, optional("K")] = None
    """Train every arm and seed K times, so that every image of train and test is tested once: where images limit."""

    figure: Annotated[str | None, optional("NAME")] = None
    """The target's figure that arms are judged by, such as iou_image or dice_image (default: its main figure)."""

    margin: Annotated[float | None, optional("X")] = None
    """The smallest difference of the target's figure that matters (default: 0.01, one point of IoU)."""

    mirrored: Annotated[Literal["yes", "no"] | None, optional("yes|no")] = None
    """Measure every test image mirrored too, which makes runs vary less (default: yes, if left and right are alike)."""

    at: Annotated[Literal["stored", "original"] | None, optional("SIZE")] = None
    """original compares masks at the size of the images, after data prepare --original-masks (default: stored)."""

    method: Annotated[Literal["simultaneous", "per-arm"] | None, optional("METHOD")] = None
    """How verdicts are found: all arms together (simultaneous, the default), or each by itself, as versions before."""

    weights: Annotated[str | None, optional("A=X,B=Y")] = None
    """Loss weights of auxiliaries: box=0.5,edges=0.2 (default: the base's, or 0.3)."""

    tune_weights: Annotated[tuple[str, ...] | None, optional("X,Y ...")] = None
    """Choose each arm's weight from these on validation, and the target's rate with as many tries: 0.1,0.3,1."""

    set: Annotated[tuple[str, ...], optional("KEY=VALUE ...")] = ()
    """Changes to the base, key=value: training.steps=600 data.size=64."""

    looks: Annotated[str | None, optional("N,M")] = None
    """Numbers of seeds at which verdicts are given, so that you may stop early: 5,10 (default: once, at the end)."""

    workers: Annotated[int | None, optional("N")] = None
    """Number of runs trained at the same time (default: 1; with --ray as many as fit on the cluster)."""

    threads: Annotated[int | None, optional("N")] = None
    """Threads of each run, kept for the whole study (default: the machine's, shared by the workers; with --ray 1)."""

    ray: Annotated[str | None, optional("ADDRESS")] = None
    """Train on a Ray cluster: local starts one on this machine, auto or HOST:PORT joins one (`auxseg[ray]`)."""

    gpus_per_run: float = 0
    """GPUs of each run with --ray: 1, or a share of one; 0 trains on CPUs."""

    dry_run: bool = False
    """Print what the study would find out and how long it takes, with alternatives, and train nothing."""

    screen: bool = False
    """Only rank the auxiliaries, by short trainings and affinity on validation, at most 15% of the study's cost."""

    best: Annotated[Path | None, optional("PATH")] = None
    """Write the recipe of the recommended arm to this file, ready for `auxseg train`."""

    overwrite: bool = False
    """Replace the file of --best if it exists."""

    def run(self, console: Console) -> dict[str, object]:
        """Run the study and print its verdicts."""
        refuse_no_store(self.data)
        refuse_settings(self.set)
        seconds = None if self.budget is None else duration(self.budget)
        if self.file is not None:
            from auxseg.strict_yaml import read_mapping

            read_mapping(self.file, "study")
        elif self.base is not None:
            refuse_no_recipe(self.base)
        started = time.monotonic()
        from auxseg.study.best_recipe import check_best
        from auxseg.study.directory.directory import StudyDirectory
        from auxseg.study.study import Study as StudyRun

        imported = time.monotonic() - started  # which workers do once more
        if any(number is not None and number < 1 for number in (self.workers, self.threads)):
            raise InputError("study: --workers and --threads: expected 1 or more")
        if not 0 <= self.gpus_per_run <= 1 or (self.gpus_per_run and self.ray is None):
            raise InputError(f"study: --gpus-per-run {self.gpus_per_run:g}: expected 0 to 1, together with --ray")
        if self.best is not None:
            refuse_unwritable(self.best, self.out)
            refuse_existing(self.best, overwrite=self.overwrite)
        study = StudyRun(self._config(), self.data, StudyDirectory(self.out), self.plugins)
        timed = None
        if seconds is not None:
            from auxseg.cli.study.planner import within_budget

            study, timed = within_budget(self, study, seconds, console, imported)
        if self.screen:
            from auxseg.cli.study.screen import screen

            return screen(self, study, console)
        if self.best is not None:
            check_best(study)
        if study.config.seeds < (2 if study.config.method == "per-arm" else 3):
            console.print(
                f"{count(study.config.seeds, 'seed')} will give figures and no verdict; use --seeds 5 or more"
            )
        if self.dry_run:
            from auxseg.cli.study.planner import foresee

            return foresee(self, study, console, imported, timed)
        return self._do(study, console)

    def time_left(self, effort: Effort) -> str:
        """How much is to be trained and how long that would take, as a sentence."""
        done = f"{effort.done} of them done, " if effort.done else ""
        where = " of this machine, not of the cluster" if self.ray else ""
        workers = f"{self.workers or 1} worker(s){where}"
        return f"{effort.runs} runs, {done}about {said(effort.seconds)} with {workers}"

    def _do(self, study: StudyRun, console: Console) -> dict[str, object]:
        from auxseg.cli.study.progress import StudyProgress
        from auxseg.records.values.writing import to_mapping
        from auxseg.report import study_page
        from auxseg.report.studies.costs import listed_costs
        from auxseg.study.best_recipe import best_recipe
        from auxseg.study.execution.trainings import Execution

        started = time.monotonic()
        with self.site() as site, StudyProgress(console, study.directory) as progress:
            result = study.run(Execution(site=site, threads=self.threads, watch=progress.show, tell=progress.tell))
        page = study_page(self.out)
        for choice in result.tuned:
            console.print(f"chosen: {choice.sentence}", markup=False)
        for found in result.answers:
            if len(result.answers) > 1:
                console.print(f"with {100 * found.label_fraction:g}% of the masks:")
            for arm in found.arms:
                console.print(arm.sentence, markup=False)
            for group in found.against:
                console.print(f"beside {group.reference} instead of the target alone:", markup=False)
                for beside in group.arms:
                    console.print(f"  {beside.sentence}", markup=False)
            for remark in found.remarks:
                console.print(f"note: {remark}", markup=False)
            if found.choice is not None:
                console.print(found.choice.sentence, markup=False)
            if costs := listed_costs(found):
                console.print(costs, markup=False)
        for failed in result.diverged:
            reason, _, _ = failed.reason.partition("; ")  # the page has the samples too
            console.print(f"diverged: {failed.arm}, seed {failed.seed}: {reason}", markup=False)
        if result.agreement is not None:
            console.print(f"agreement of the screening: {result.agreement.sentence}", markup=False)
        if self.best is not None:
            name, recipe = best_recipe(study, result)
            from auxseg.files import write_atomically

            write_atomically(self.best, recipe.encode())
            how = "recommended" if result.rules.method else "best on validation"
            console.print(f"{how}: {name}; its recipe is {self.best}")
        console.print(f"report: {page}   {said(time.monotonic() - started)}")
        return to_mapping(result)

    @contextmanager
    def site(self) -> Iterator[Site]:
        """This machine's workers, or the cluster of --ray. Raises `InputError` if that cannot be reached."""
        if self.ray is None:
            from auxseg.study.execution.local import ThisMachine

            yield ThisMachine(self.workers or 1)
        else:
            need_extra("ray", "--ray")
            from auxseg.study.execution.ray_cluster import connected

            with connected(self.ray, self.gpus_per_run, self.workers) as cluster:
                yield cluster

    def _config(self) -> StudyConfig:
        from auxseg.study.design.config import check_study, read_study

        given = {
            "base": self.base,
            "auxiliaries": listed(self.auxiliaries),
            "seeds": self.seeds,
            "first_seed": self.first_seed,
            "design": self.design,
            "balancers": listed(self.balancers),
            "controls": listed(self.controls),
            "label_fractions": numbers(self.label_fractions, "--label-fractions"),
            "folds": self.folds,
            "figure": self.figure,
            "margin": self.margin,
            "looks": looks(self.looks),
            "method": self.method,
            "mirrored": None if self.mirrored is None else self.mirrored == "yes",
            "at": self.at,
            "vary": self.vary or None,
            "weights": weights(self.weights),
            "tune_weights": candidates(self.tune_weights),
            "settings": self.set or None,
        }
        given = {key: value for key, value in given.items() if value is not None}
        if self.file is None:
            if "base" not in given or not {"auxiliaries", "vary"} & given.keys():
                raise InputError("study needs a YAML file, or --base and --auxiliaries (or --vary)")
            return check_study(given)
        if given:
            option = {"settings": "set"}.get(name := next(iter(given)), name.replace("_", "-"))
            raise InputError(
                f"study: {self.file} asks the question, so it cannot be combined with --{option}; set it in the file"
            )
        return read_study(self.file)
