"""The one thing to do after a study, with its command and its time."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.counting import count, in_points
from auxseg.records.names import RECIPE_FILE
from auxseg.records.study import Answer, ArmResult, StudyResult
from auxseg.report import wording
from auxseg.report.studies.headline import ranked
from auxseg.report.studies.study_runs import baseline_name, command_of, runs_of
from auxseg.statistics.simultaneous import FEWEST_SEEDS

MOST_TIMES: Final = 4.0
"""More seeds are advised only if they take at most so many times what the study took."""


@final
@dataclass(frozen=True)
class Recommendation:
    """What to do and why, in words, the command (empty if it is not known), and how long it takes."""

    text: str
    command: str
    time: str


def recommend(study: StudyResult, answer: Answer, directory: Path, *, higher_is_better: bool = True) -> Recommendation:
    """Use what helps; else train more seeds if that is affordable and would decide; else use what is recommended."""
    if study.rules.method is not None:
        return _together(study, answer, directory, higher_is_better=higher_is_better)
    helping = [arm for arm in ranked(answer, higher_is_better=higher_is_better) if arm.verdict == "helps"]
    if helping:
        best = helping[0].name
        return _train(study, answer, directory, best, f"Train with {best}.")
    if not [arm for arm in answer.arms if not arm.is_control]:
        return _train(study, answer, directory, None, f"Train {study.target} alone: the study has no other arm.")
    undecided = [arm for arm in answer.arms if not arm.is_control and arm.verdict == "not enough evidence"]
    more = _more_seeds(study, undecided)
    if more is None:
        return _train(study, answer, directory, None, _alone(study, undecided))
    seeds, text = more
    time = _seconds_per_run(study) * _runs_per_seed(study) * (seeds - study.seeds)
    command = _with_seeds(command_of(directory), seeds)
    hint = "" if command else f" Ask the study again with seeds: {seeds}."
    return Recommendation(f"{text}{hint}", command, _about(time))


def _together(study: StudyResult, answer: Answer, directory: Path, *, higher_is_better: bool) -> Recommendation:
    """The same where arms are judged together: an arm that is open takes as many seeds as the study says."""
    helping = [arm for arm in ranked(answer, higher_is_better=higher_is_better) if arm.verdict == "helps"]
    if helping:
        return _train(study, answer, directory, helping[0].name, f"Train with {helping[0].name}.")
    use = answer.choice.use if answer.choice is not None else None
    what = f"Train with {use}" if use else f"Train {study.target} alone"
    open_arms = [arm for arm in answer.arms if not arm.is_control and arm.verdict in ("open", "no verdict")]
    undecided = [arm.name for arm in open_arms]
    margin = in_points(study.rules.margin)
    if not undecided:
        return _train(study, answer, directory, use, f"{what}: something is known of every arm.")
    names = wording.listed(undecided)
    later = [seeds for seeds in study.rules.looks_at if seeds > study.seeds]
    needed = later[0] if later else answer.seeds_needed
    if needed is not None and needed <= study.seeds:  # foreseen to be enough, and by chance it was not
        needed = round(1.5 * study.seeds)
    if study.seeds < FEWEST_SEEDS:
        time = _seconds_per_run(study) * _runs_per_seed(study) * (5 - study.seeds)
        command = _with_seeds(command_of(directory), 5)
        text = f"Train 5 seeds: with {count(study.seeds, 'seed')} there is no interval, so nothing can be concluded."
        return Recommendation(text, command, _about(time))
    if needed is None:
        return _train(study, answer, directory, use, f"{what}: at a margin of {margin}, {names}: not worth pursuing.")
    if not later:
        names = wording.listed([arm.name for arm in open_arms if arm.advice is not None] or undecided)
    new = needed - study.seeds if later else needed
    time = _seconds_per_run(study) * _runs_per_seed(study) * new
    if new > MOST_TIMES * study.seeds:
        price = f"{needed} seeds and {_about(time)}, over four times this study"
        text = f"{what}: to say something of {names} at a margin of {margin} would take {price}."
        return _train(study, answer, directory, use, text)
    command = _with_seeds(command_of(directory), needed)
    if not later:
        command = _elsewhere(command, directory)
    where = "" if later else " in a new directory, because this study planned one look"
    text = (
        f"Train {count(needed, 'seed')}{where}: then something can probably be said of {names} at a margin of {margin}."
    )
    hint = "" if command else f" Ask the study again with seeds: {needed}."
    return Recommendation(f"{text}{hint}", command, _about(time))


def _elsewhere(command: str, directory: Path) -> str:
    """The command with a directory of its own."""
    words = shlex.split(command)
    if "--budget" in words[:-1]:  # which would choose other seeds
        place = words.index("--budget")
        words = [*words[:place], *words[place + 2 :]]
    out = f"{directory.as_posix()}-more"
    if "--out" in words[:-1]:
        words[words.index("--out") + 1] = out
    elif words:
        words += ["--out", out]
    return _quoted(words) if words else ""


def _more_seeds(study: StudyResult, undecided: Sequence[ArmResult]) -> tuple[int, str] | None:
    """How many seeds in all would decide an arm, and why; ``None`` if none can be decided at a bearable price."""
    if not undecided or len(study.looked_at) >= study.rules.looks:
        return None
    if study.seeds < 2:
        return 5, "Train 5 seeds: one seed gives no interval, so nothing can be concluded."
    numbers = [(seeds, arm.name) for arm in undecided if (seeds := _seeds_that_decide(study, arm)) is not None]
    affordable = [(seeds, name) for seeds, name in numbers if seeds <= (1 + MOST_TIMES) * study.seeds]
    if not affordable:
        return None
    seeds, name = min(affordable)
    return seeds, f"Train {count(seeds - study.seeds, 'more seed')}: this will probably decide on {name}."


def _alone(study: StudyResult, undecided: Sequence[ArmResult]) -> str:
    """Why the target alone is the thing to train."""
    margin = f"{100 * study.rules.margin:g} points"
    if not undecided:
        return f"Train {study.target} alone: no auxiliary gains as much as {margin}, the margin that matters."
    numbers = [seeds for arm in undecided if (seeds := _seeds_that_decide(study, arm)) is not None]
    if len(study.looked_at) >= study.rules.looks:
        return f"Train {study.target} alone: no auxiliary is shown to help, and this study cannot be extended."
    if not numbers and any(arm.num_diverged or arm.missing_seeds for arm in undecided):
        return f"Train {study.target} alone: runs diverged or are missing, so nothing can be said of their arms."
    if not numbers:
        return f"Train {study.target} alone: with these test images, more seeds alone are unlikely to decide."
    if min(numbers) > 1000:
        return f"Train {study.target} alone: deciding on a difference of {margin} is out of reach."
    time = _about(_seconds_per_run(study) * _runs_per_seed(study) * (min(numbers) - study.seeds))
    return f"Train {study.target} alone: deciding would take about {min(numbers)} seeds in all, {time} more."


def _about(seconds: float) -> str:
    """A duration without decimals: an estimate."""
    return f"about {max(round(seconds), 1)} s" if seconds < 59.5 else f"about {wording.seconds(seconds)}"


def _seeds_that_decide(study: StudyResult, arm: ArmResult) -> int | None:
    """How many seeds in all would decide an arm; ``None`` where seeds alone would not.

    The advice counts pairs of runs; a seed whose run is lost stands for none.
    """
    if arm.advice is None or arm.advice.seeds is None or arm.advice.images is not None:
        return None
    return arm.advice.seeds + study.seeds - len(arm.per_seed) if arm.per_seed else arm.advice.seeds


def _seconds_per_run(study: StudyResult) -> float:
    runs = sum(len(each.figure_per_seed) for answer in study.answers for each in (answer.baseline, *answer.arms))
    return study.seconds / max(runs * (study.rules.folds or 1), 1)


def _runs_per_seed(study: StudyResult) -> int:
    return sum(1 + len(answer.arms) for answer in study.answers) * (study.rules.folds or 1)


def _train(study: StudyResult, answer: Answer, directory: Path, arm: str | None, text: str) -> Recommendation:
    """Train the recipe of an arm, or of the target alone."""
    name = arm or baseline_name(directory, [each.name for each in answer.arms])
    runs = list(runs_of(directory, name, answer.label_fraction).values())
    if not runs:
        return Recommendation(text, "", "")
    words = command_of(directory)
    data = words[words.index("--data") + 1] if "--data" in words[:-1] else study.data.path or study.data.name
    out = f"runs/{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-') or 'best'}"
    of_all = ["--set", "data.fold=null"] if study.rules.folds else []
    command = _quoted(["auxseg", "train", str(runs[0] / RECIPE_FILE), "--data", data, "--out", out, *of_all])
    return Recommendation(text, command, _about(_seconds_per_run(study)))


def _with_seeds(words: Sequence[str], seeds: int) -> str:
    """The study's command with another number of seeds."""
    if "--seeds" in words[:-1]:
        place = words.index("--seeds") + 1
        return _quoted([*words[:place], str(seeds), *words[place + 1 :]])
    return _quoted([*words, "--seeds", str(seeds)]) if "--base" in words else ""


def _quoted(words: Sequence[str]) -> str:
    return shlex.join([wording.plain(word) for word in words])
