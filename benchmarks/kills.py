"""Trainings, studies, prepares and overwrites that are killed and done again: the same bits, or one sentence.

A kill comes at a moment that `seed` draws: after a time, or just before one of the command's own changes to the file
system. What is done again must leave the weights and the losses of every step of one that nobody killed, or be refused
with one sentence, and leave nothing half-written behind. `trainings`, `studies`, `prepares` and `overwrites` say how
often each is killed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, final

import numpy as np
from pydantic import Field
from safetensors import safe_open

from auxseg.config import config
from auxseg.data.store.store import Store
from auxseg.errors import InputError, RunError
from auxseg.records.events import Step
from auxseg.run import Run
from benchmarks.tools.damage.killing import COUNT, counted, moment
from benchmarks.tools.damage.outcome import Ending, Outcome, classify, place
from benchmarks.tools.damage.whole import auxseg, make_for_kills
from benchmarks.tools.damage.zygote import Zygote, zygote

Count = Annotated[int, Field(ge=0)]

_SECONDS: Final = 300.0
"""A command may take so long, killed or not."""


@config
class Options:
    """Settings."""

    trainings: Count = 12
    studies: Count = 2
    prepares: Count = 8
    overwrites: Count = 12
    seed: Count = 0


def main(options: Options) -> dict[str, Any]:
    """Kill and repeat them all."""
    works = {"training": _training, "study": _study, "prepare": _prepare, "overwrite": _overwrite}
    numbers = (options.trainings, options.studies, options.prepares, options.overwrites)
    rows, faults = [], []
    with tempfile.TemporaryDirectory(prefix="auxseg-kills-") as folder, zygote() as mother:
        for (name, work), number in zip(works.items(), numbers, strict=True):
            kills = Kills(mother, Path(folder) / name, np.random.default_rng([options.seed, *name.encode()]))
            found = list(work(kills, number)) if number else []
            counts = Counter(result for result, _ in found)
            counted_results = {result: counts[result] for result in RESULTS}
            rows.append({"killed": name, "kills": kills.number, "done again": len(found), **counted_results})
            faults += [{"killed": name, "result": result, "why": why} for result, why in found if result in FAULTS]
    return {"rows": rows, "faults": faults, "seed": options.seed}


SAME, REFUSED, DIFFERENT, LEFT, SAID = "same bits", "refused", "other bits", "left behind", "no sentence"
RESULTS: Final = (SAME, REFUSED, DIFFERENT, LEFT, SAID)
FAULTS: Final = (DIFFERENT, LEFT, SAID)
Found = tuple[str, str]
"""A result, and what there is to say about it."""


@final
@dataclass
class Kills:
    """Commands in a folder, and the moments at which they are killed."""

    mother: Zygote
    folder: Path
    rng: np.random.Generator
    whole: Path = field(init=False)
    number: int = 0
    """How often a command was killed."""

    def __post_init__(self) -> None:
        self.whole = self.folder / "whole"
        self.whole.mkdir(parents=True)
        self._must(self.mother.run(self.whole, make_for_kills, seconds=_SECONDS, guarded=False))

    def undisturbed(self, *line: str) -> tuple[Path, float, int]:
        """The folder in which nobody killed a command, how long that took and how often it changed the file system."""
        folder = self._fresh("undisturbed")
        ending = self._must(self.mother.run(folder, counted, *line, seconds=_SECONDS, guarded=False))
        return folder, ending.seconds, int((folder / COUNT).read_text())

    def fresh(self) -> Path:
        """A folder with the whole files for the next kill."""
        return self._fresh("killed")

    def kill(self, folder: Path, seconds: float, changes: int, *line: str) -> str:
        """Kill a command in a folder; says when."""
        how, when = moment(self.rng, seconds, changes)
        self.number += 1
        self.mother.run(folder, how, when, *line, seconds=_SECONDS, guarded=False)
        return f"{how.__name__} {when:.4g} of {line[0]}"

    def again(self, folder: Path, when: str, same: Callable[[], bool], *line: str) -> Found:
        """Do a command after a kill, and judge what it leaves."""
        ending = self.mother.run(folder, auxseg, *line, seconds=_SECONDS, guarded=False)
        outcome = classify(ending)
        said = f"{when}, then {' '.join(line)}: {place(ending.stderr)}"
        if outcome.is_fault or outcome is Outcome.FAILED:
            return SAID, said
        if outcome is Outcome.REFUSED:
            return REFUSED, said
        left = partial_files(folder)
        if left:
            return LEFT, f"{when}: {', '.join(left)}"
        return (SAME, when) if same() else (DIFFERENT, said)

    def _fresh(self, name: str) -> Path:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.whole, folder)
        return folder

    def _must(self, ending: Ending) -> Ending:
        if ending.status:
            raise RunError(f"without a kill: {place(ending.stderr)}")
        return ending


def _training(kills: Kills, number: int) -> Iterator[Found]:
    line = ("train", "recipe.yaml", "--data", "store.h5", "--out", "run")
    whole, seconds, changes = kills.undisturbed(*line)
    expected = outcome_of(whole / "run")
    done = 0
    while done < number:
        folder = kills.fresh()
        when = kills.kill(folder, seconds, changes, *line)
        if not (folder / "run").is_dir():  # killed before it had begun
            yield kills.again(folder, when, lambda f=folder: outcome_of(f / "run") == expected, *line)
        else:
            if kills.rng.random() < 0.3:
                when += " and " + kills.kill(folder, seconds, changes, *line, "--resume")
                done += 1
            yield kills.again(folder, when, lambda f=folder: outcome_of(f / "run") == expected, *line, "--resume")
        done += 1


def _study(kills: Kills, number: int) -> Iterator[Found]:
    line = ("study", "study.yaml", "--data", "store.h5", "--out", "study", "--threads", "1")
    whole, seconds, changes = kills.undisturbed(*line)
    expected = _runs(whole / "study")
    for _ in range(number):
        folder = kills.fresh()
        when = kills.kill(folder, seconds, changes, *line)
        yield kills.again(folder, when, lambda f=folder: _runs(f / "study") == expected, *line)


def _runs(study: Path) -> dict[str, Any]:
    return {path.name: outcome_of(path) for path in sorted((study / "runs").iterdir()) if path.is_dir()}


def _prepare(kills: Kills, number: int) -> Iterator[Found]:
    line = ("data", "prepare", "folder", "folder", "--out", "prepared.h5", "--size", "32", "--processes", "1")
    whole, seconds, changes = kills.undisturbed(*line)
    expected = _content(whole / "prepared.h5")
    for _ in range(number):
        folder = kills.fresh()
        when = kills.kill(folder, seconds, changes, *line)
        overwrite = ["--overwrite"] if (folder / "prepared.h5").exists() else []
        if overwrite and _content(folder / "prepared.h5") != expected:
            yield DIFFERENT, f"{when}: what was left is no store"
            continue
        yield kills.again(folder, when, lambda f=folder: _content(f / "prepared.h5") == expected, *line, *overwrite)


def _content(store: Path) -> str:
    try:
        return Store.open(store).content_hash
    except InputError as error:
        return str(error)


def _overwrite(kills: Kills, number: int) -> Iterator[Found]:
    """A finished run of another seed is overwritten; what is resumed afterwards is one of the two, whole."""
    line = ("train", "recipe.yaml", "--data", "store.h5", "--out", "run")
    first, _, _ = kills.undisturbed(*line)
    other = outcome_of(first / "run")
    shutil.copytree(first / "run", kills.whole / "run")
    line = (*line, "--seed", "7", "--overwrite")
    whole, seconds, changes = kills.undisturbed(*line)
    expected = outcome_of(whole / "run")
    for index in range(number):
        folder = kills.fresh()
        when = kills.kill(folder, seconds / (1 + index % 3), changes, *line)
        seed, wanted = (("7", expected), ("0", other))[index % 4 == 3]
        resume = ("train", "recipe.yaml", "--data", "store.h5", "--out", "run", "--seed", seed, "--resume")
        yield kills.again(folder, when, lambda f=folder, w=wanted: outcome_of(f / "run") == w, *resume)


def outcome_of(run: Path) -> dict[str, Any]:
    """All that must be the same after a kill: the weights that are kept, and the losses of every step, once each."""
    with safe_open(run / "best.safetensors", framework="np") as file:
        weights = {name: file.get_tensor(name).tobytes() for name in sorted(file.keys())}
    losses = [(event.step, event.losses) for event in Run(run).events.of(Step)]
    return {"weights": weights, "losses": losses}


def partial_files(folder: Path) -> list[str]:
    """What a killed command left half-written."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if ".partial" in path.name)
