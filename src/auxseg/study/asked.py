"""A study asked from Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from auxseg.arguments import as_names, as_path, as_paths, plain
from auxseg.errors import InputError
from auxseg.records import study as records
from auxseg.records.values.writing import to_mapping
from auxseg.study.design.config import check_study
from auxseg.study.design.plan import Plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.execution.local import ThisMachine
from auxseg.study.execution.trainings import Execution
from auxseg.study.study import Study
from auxseg.tasks import run_plugin


@final
@dataclass(frozen=True, repr=False)
class StudyResult:
    """What a study found: its directory, and its study.json as a typed value."""

    directory: Path
    found: records.StudyResult

    @property
    def values(self) -> Mapping[str, Any]:
        """What study.json holds, as plain values."""
        return to_mapping(self.found)

    @property
    def verdicts(self) -> dict[str, str]:
        """By arm the strongest statement that holds, such as helps; at the largest share of the masks."""
        answer = max(self.found.answers, key=lambda answer: answer.label_fraction)
        return {arm.name: arm.verdict for arm in answer.arms}

    @property
    def recommended(self) -> str | None:
        """The arm to use if one must choose now, ``None`` for the target alone; at the largest share of the masks."""
        answer = max(self.found.answers, key=lambda answer: answer.label_fraction)
        return None if answer.choice is None else answer.choice.use

    @property
    def sentences(self) -> tuple[str, ...]:
        """Every verdict with its difference and interval, at all shares of the masks."""
        return tuple(arm.sentence for answer in self.found.answers for arm in answer.arms)

    def __repr__(self) -> str:
        said = "; ".join(f"{name}: {verdict}" for name, verdict in self.verdicts.items())
        return f"StudyResult({str(self.directory)!r}, {said})"


def study(
    *,
    base: str | Path,
    data: str | Path,
    out: str | Path,
    auxiliaries: Sequence[str] = (),
    seeds: int = 5,
    settings: Mapping[str, object] | Sequence[str] = (),
    workers: int = 1,
    threads: int | None = None,
    plugins: Sequence[str | Path] = (),
    watch: Callable[[Plan], None] = lambda plan: None,
    **question: object,
) -> StudyResult:
    """Ask which auxiliary tasks help the target; the same call goes on where it stopped.

    Args:
        base: a preset or the path of a recipe, whose target and settings hold for every arm.
        data: the store.
        out: the study's directory.
        auxiliaries: tasks of the base, or kinds of task.
        seeds: on how many each arm is trained.
        settings: changes to the base, as for `auxseg.load_recipe`: ``{"training.steps": 600}``.
        workers: how many runs are trained at the same time on this machine.
        threads: of each run; the machine's, shared by the workers, if none are given.
        plugins: files with kinds of task, which are executed.
        watch: called now and then with the plan that is being trained.
        question: ``first_seed``, ``design``, ``balancers``, ``arms``, ``vary``, ``controls``, ``label_fractions``,
            ``folds``, ``figure``, ``method``, ``margin``, ``looks``, ``mirrored``, ``at``, ``weights``,
            ``tune_weights`` and ``tuning_seeds``, as in `auxseg.study.design.config.StudyConfig`.

    Raises:
        InputError: for all that the command refuses before anything is trained.
        RunError: a worker was lost, or the data changed meanwhile.
    """
    values = {
        **question,
        "base": str(as_path(base, "base")),
        "auxiliaries": as_names(auxiliaries, "auxiliaries"),
        "seeds": seeds,
        "settings": _settings(settings),
    }
    for name, number in (("workers", workers), ("threads", threads)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
            raise InputError(f"{name}: expected a whole number of at least 1, not {number!r}")
    files = tuple(as_paths(plugins, "plugins"))
    for file in files:
        run_plugin(file)
    directory = as_path(out, "out")
    asked = Study(check_study(values), as_path(data, "data"), StudyDirectory(directory), files)
    execution = Execution(site=ThisMachine(workers), threads=threads, watch=watch)
    return StudyResult(directory, asked.run(execution))


def _settings(settings: Mapping[str, object] | Sequence[str]) -> tuple[str, ...]:
    """Changes to the base as the command line gives them."""
    if isinstance(settings, Mapping):
        values = plain(settings, "settings")
        return tuple(f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in values.items())
    return as_names(settings, "settings")
