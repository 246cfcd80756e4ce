"""Real studies whose truth is known: of nothing, of a help that was planted, and the same study by one worker and two.

Each is kept under runs/bench and goes on where it stood; it is done anew on other code, data or another machine.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from auxseg.data.store.store import Store
from auxseg.records.study import Answer
from auxseg.run import choose
from auxseg.run.building import open_data
from auxseg.study.answers.answer import answer
from auxseg.study.design.arm import BASELINE, Arm
from auxseg.study.design.config import StudyConfig, check_study
from auxseg.study.design.plan import Plan, make_plan
from auxseg.study.design.rules import with_rules
from auxseg.study.directory.decisions import chosen, with_choices
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.directory.provenance import origin
from auxseg.study.execution.local import ThisMachine, workers
from auxseg.study.execution.trainings import Execution
from auxseg.study.study import Study
from auxseg.tasks import run_plugin
from benchmarks.tools.coarse_shape import store_with_coarse_shapes
from benchmarks.tools.data import synthetic
from benchmarks.tools.once import once

SIZE, SAMPLES = 64, 1200
NUM_NULL_STUDIES = 3
PLUGIN = Path(__file__).parents[1] / "plugins" / "coarse_shape.py"
OTHER_SEEDS = Arm(label="other seeds", settings=("seed=other",))


def nothing(steps: int, seeds: int) -> dict[str, Any]:
    """Three studies of an arm that is the target alone on other seeds: whatever is said to help or hurt is false."""
    data = synthetic(SIZE, SAMPLES)
    config = _config(("box",), steps, seeds)

    def work(folder: Path) -> dict[str, Any]:
        plans = [_of_nothing(config, number) for number in range(NUM_NULL_STUDIES)]
        recipe = plans[0].runs[0].recipe
        directory, store = StudyDirectory(folder), open_data(data, recipe)
        with directory.held(store, origin("none"), chosen(choose(recipe, data))) as choices:
            plans = [with_choices(plan, choices) for plan in plans]
            runs = [run for plan in plans for run in plan.runs]
            with workers(2, 1, (), lambda: None) as at_work:
                at_work.train(directory, data, runs)
                at_work.evaluate(directory, data, dataclasses.replace(plans[0], runs=tuple(runs)))
        answers = [answer(directory, plan, store, [seeds]).answers[0] for plan in plans]
        rows = [row for number, found in enumerate(answers, 1) for row in _rows(f"nothing {number}", found)]
        return {"rows": rows, "false verdicts": sum(row["verdict"] in ("helps", "hurts") for row in rows)}

    return once("study-validity/nothing", (dataclasses.asdict(config), Store.open(data).content_hash), work)


def planted(steps: int, seeds: int) -> dict[str, Any]:
    """An auxiliary that knows the coarse shape of every mask, with 5 % of the masks, beside both controls."""
    run_plugin(PLUGIN)
    data = store_with_coarse_shapes(SIZE, SAMPLES)
    settings = ("data.label_fraction=0.05", "data.target_per_batch=8", "data.augment=none")
    weights = {"coarse-shape": 10.0}  # squared errors of a map of 0 and 1 are small beside the target's loss
    config = _config(("coarse-shape",), steps, seeds, settings, controls=["random-labels", "noise"], weights=weights)

    def work(folder: Path) -> dict[str, Any]:
        study = Study(config, data, StudyDirectory(folder), plugins=(PLUGIN,))
        found = study.run(Execution(site=ThisMachine(2), threads=1, watch=_ignore))
        return {"rows": list(_rows("planted", found.answers[0])), "seconds in training": found.seconds}

    key = (dataclasses.asdict(config), Store.open(data).content_hash, PLUGIN.read_text())
    return once("study-validity/planted", key, work)


def parallel(steps: int, seeds: int) -> dict[str, Any]:
    """The same study from scratch by two workers of one thread and by one: their times, and whether all is equal."""
    data = synthetic(SIZE, SAMPLES)
    question = _config(("box",), steps, seeds)

    def work(folder: Path) -> dict[str, Any]:
        choice = choose(make_plan(question).runs[-1].recipe, data)  # once, so that both sides are the same study
        settings = [
            f"training.precision={choice.precision}",
            f"training.channels_last={str(choice.channels_last).lower()}",
        ]
        config = dataclasses.replace(question, settings=(*question.settings, *settings))
        seconds, results = {}, {}
        for number in (2, 1):  # two first, so that what is only started once is charged to them
            directory = folder / f"workers-{number}"
            shutil.rmtree(directory, ignore_errors=True)
            started = time.perf_counter()
            study = Study(config, data, StudyDirectory(directory))
            results[number] = study.run(Execution(site=ThisMachine(number), threads=1, watch=_ignore)).answers
            seconds[number] = time.perf_counter() - started
        tables = {number: _tables(folder / f"workers-{number}") for number in results}
        return {
            "rows": list(_rows("workers", results[2][0])),
            "seconds, one worker": seconds[1],
            "seconds, two workers": seconds[2],
            "time of two over one": seconds[2] / seconds[1],
            "answers are equal": results[1] == results[2],
            "tables by image are equal": tables[1] == tables[2] and bool(tables[1]),
        }

    return once("study-validity/parallel", (dataclasses.asdict(question), Store.open(data).content_hash), work)


def _config(
    auxiliaries: Sequence[str], steps: int, seeds: int, settings: Sequence[str] = (), **values: Any
) -> StudyConfig:
    question = {"base": "tiny", "auxiliaries": auxiliaries, "design": "each", "seeds": seeds}
    asked = check_study({**question, "settings": [f"training.steps={steps}", *settings], **values})
    return with_rules(asked, None, Path())


def _of_nothing(config: StudyConfig, number: int) -> Plan:
    """The baseline of ``config``, and beside it as an arm the same recipe; no seed is used twice in all studies."""
    plan = make_plan(config)
    runs = [
        dataclasses.replace(run, arm=arm, recipe=dataclasses.replace(run.recipe, seed=run.seed + offset))
        for run in plan.runs
        if run.arm.name == BASELINE
        for arm, offset in (
            (run.arm, 2 * number * config.seeds),
            (OTHER_SEEDS, (2 * number + 1) * config.seeds),
        )
    ]
    return dataclasses.replace(plan, arms=(plan.arms[0], OTHER_SEEDS), runs=tuple(runs))


def _rows(study: str, answer: Answer) -> Iterator[dict[str, Any]]:
    """In points of the target's figure."""
    for arm in answer.arms:
        low, high = (float("nan") if end is None else 100 * end for end in arm.interval)
        assert answer.baseline.figure is not None
        assert arm.difference is not None
        yield {
            "study": study,
            "arm": arm.name,
            "target only": 100 * answer.baseline.figure,
            "difference": 100 * arm.difference,
            "interval": f"{low:+.2f} to {high:+.2f}",
            "verdict": arm.verdict,
            "seeds": len(arm.per_seed),
        }


def _tables(directory: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted(directory.glob("runs/*/per_image.csv"))}


def _ignore(plan: Plan) -> None:
    """Nobody looks."""
