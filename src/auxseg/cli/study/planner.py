"""`auxseg study --dry-run` and `--budget`: what a study would find out, and in how much time."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from auxseg.cli.study.durations import said
from auxseg.counting import count, in_points
from auxseg.errors import InputError
from auxseg.records.values.writing import to_mapping
from auxseg.study.design.config import PER_ARM
from auxseg.study.design.plan import describe
from auxseg.study.planner import Alternative, Outlook, designed, fit
from auxseg.study.planner import foresee as look_ahead
from auxseg.study.study import Study as StudyRun

if TYPE_CHECKING:
    from rich.console import Console

    from auxseg.cli.study.command import Study
    from auxseg.study.execution.time_estimate import Effort

_TIMING: Final = "timing a few steps of the arms"


def foresee(
    command: Study, study: StudyRun, console: Console, start: float, timed: Effort | None = None
) -> dict[str, object]:
    """Print what would be trained, how long that takes, what it would find out, and what else one could do.

    Workers take ``start`` seconds until they train. ``timed`` is what `within_budget` timed.
    """
    plan = study.plan(threads=command.threads)
    for line in describe(plan):
        console.print(line, markup=False)
    workers = command.workers or 1
    with console.status(_TIMING):
        effort = study.estimate(plan, workers=workers, threads=command.threads, start=start, timed=timed)
    console.print(command.time_left(effort))
    is_timed = all(arm.name in effort.per_arm for arm in plan.arms)  # nothing is left to be timed of finished arms
    if study.config.method == PER_ARM or not is_timed:
        return dataclasses.asdict(effort)
    found = look_ahead(study, plan, effort, workers)
    for sentence in _sentences(found, mirrored=plan.mirrored):
        console.print(sentence, markup=False)
    if command.margin is None and command.file is None:
        console.print(
            f"the margin is {in_points(found.margin)} unless you say otherwise: give the smallest difference that "
            "would matter to you with --margin",
            markup=False,
        )
    for other in found.alternatives:
        console.print(f"{other.kind}: {_said(other)}", markup=False)
        console.print(f"    {_command(command, other.changes)}", markup=False, soft_wrap=True)
    return {**dataclasses.asdict(effort), "outlook": to_mapping(found)}


def within_budget(
    command: Study, study: StudyRun, budget: float, console: Console, start: float
) -> tuple[StudyRun, Effort | None]:
    """The study with as many arms and seeds as the budget pays for, or with those that it was begun with.

    And what was timed for it: nothing where it is begun.
    """
    _refuse_beside_budget(command, study)
    begun = study.directory.question
    if begun is not None:
        config = designed(study, begun.looks_at)
        console.print(f"the study is begun, with {count(config.seeds, 'seed')}; --budget changes nothing now")
        return dataclasses.replace(study, config=config), None
    workers = command.workers or 1
    plan = study.plan(threads=command.threads)
    with console.status(_TIMING):
        effort = study.estimate(plan, workers=workers, threads=command.threads, start=start)
    config, found = fit(study, plan, effort, budget, workers)
    arms = ", ".join(found.arms)
    console.print(
        f"a budget of {said(budget)}: {count(config.seeds, 'seed')} of the target alone and of {arms}; about "
        f"{said(found.seconds)}; every arm will be known to within about {in_points(found.prospect.half_width)}",
        markup=False,
    )
    if found.dropped:
        console.print(f"no time for {', '.join(found.dropped)}", markup=False)
    return dataclasses.replace(study, config=config), effort


def _refuse_beside_budget(command: Study, study: StudyRun) -> None:
    """Raise `InputError` for what a budget decides itself, or cannot count."""
    asked = {
        "--seeds": command.seeds is not None,
        "looks": isinstance(study.config.looks, tuple),
        f"method {PER_ARM}": study.config.method == PER_ARM,
        "tune_weights": study.config.tune_weights is not None,
    }
    for name, is_asked in asked.items():
        if is_asked:
            raise InputError(f"study: --budget cannot be combined with {name}; leave one out")


def _sentences(found: Outlook, *, mirrored: bool) -> Iterator[str]:
    design, prospect = found.design, found.prospect
    folds = found.num_folds
    tested = (
        f"{count(design.num_images, 'image')} in {count(folds, 'fold')}"
        if folds > 1
        else count(design.num_images, "test image")
    )
    images = f"{tested}{', each measured mirrored too' if mirrored else ''}"
    if prospect is None:
        yield f"{count(design.num_seeds, 'seed')} and {images}: figures and no verdict, which takes 3 seeds"
        return
    yield (
        f"{count(design.num_seeds, 'seed')} and {images}: every arm will be known to within about "
        f"{in_points(prospect.half_width)}, and a gain of {in_points(prospect.detectable)} is found in 80 of 100 such "
        "studies"
    )
    yield f"that rests on {found.known.source}"
    margin = in_points(found.margin)
    if prospect.half_width <= found.margin:
        yield f"so something can be said of every arm at a margin of {margin}"
    elif prospect.seeds_needed is None:
        limit = "the test images limit the study" if prospect.images_limit else "seeds vary too much"
        yield f"a margin of {margin} is not worth pursuing here: {limit}, and even 50 seeds would leave arms open"
    else:
        seconds = found.seconds * prospect.seeds_needed / design.num_seeds
        needed = f"{prospect.seeds_needed} seeds, about {said(seconds)}"
        yield f"to say something of every arm at a margin of {margin} takes {needed}"
    if prospect.half_width > found.margin and prospect.images_limit:
        more = "more of them, or --folds," if found.foldable else "more of them"
        yield f"the test images limit this study more than its seeds do: {more} would help most"


def _said(other: Alternative) -> str:
    known = in_points(other.prospect.half_width)
    return f"{other.words}, about {said(other.seconds)}: every arm known to within about {known}"


def _command(command: Study, changes: Mapping[str, object]) -> str:
    """The command with changes; a question that stands in a file is changed there."""
    if command.file is not None:
        return f"in {command.file}: " + ", ".join(f"{key}: {value or 'none'}" for key, value in changes.items())
    return shlex.join(["auxseg", "study", *_words({**_given(command), **changes})])


def _given(command: Study) -> dict[str, object]:
    """The options that were given, but for those that only ask what would be done."""
    fields = {field.name: field for field in dataclasses.fields(command)}
    left_out = {"dry_run", "budget", "json", "debug"}
    held = {name: getattr(command, name) for name in fields if name not in left_out}
    return {name: value for name, value in held.items() if value is not None and value != fields[name].default}


def _words(options: Mapping[str, object]) -> Iterator[str]:
    for name, value in options.items():
        if value is False or value is None or value == ():
            continue
        yield f"--{name.replace('_', '-')}"
        if isinstance(value, tuple):
            yield from map(str, value)
        elif value is not True:
            yield str(value) if not isinstance(value, Path) else value.as_posix()
