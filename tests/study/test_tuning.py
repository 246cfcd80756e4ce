"""Weights are chosen by validation figures alone, on seeds of their own, with as many tries for the target alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from auxseg.cli.main import main
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.files import write_atomically
from auxseg.recipe import load_recipe
from auxseg.records.about import Choices, Tuned
from auxseg.records.event_log import EventLog
from auxseg.study.design.arm import Arm
from auxseg.study.design.config import check_study
from auxseg.study.design.digests import arm_digest
from auxseg.study.design.plan import Plan, make_plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.directory.provenance import origin
from auxseg.study.tuning import FIRST_SEED, rate_factors, tries_of, tune, tuning_runs, with_tuned
from benchmarks.tools.in_this_process import InThisProcess
from tests.raw_events import read_events
from tests.records.made_events import make_end, make_validation
from tests.study.small import TOO_MUCH, box_alone, run_study

RATE = 0.003


def planned(**values: Any) -> Plan:
    given = {"base": "tiny", "auxiliaries": ["box", "edges"], "tune_weights": [0.1, 0.3, 1.0], "seeds": 2, **values}
    return make_plan(check_study(given))


class Pretended:
    """Trainings whose validation figure is what a function of the arm, the weight and the rate says."""

    def __init__(self, study: StudyDirectory, figures: Any) -> None:
        self.study, self.figures = study, figures
        self.stages: list[Plan] = []

    def train(self, plan: Plan) -> None:
        self.stages.append(plan)
        for run in plan.runs:
            if self.study.is_done(run):
                continue
            weight = max((vars(run.recipe.balancer)["weights"][name] for name in run.arm.auxiliaries), default=None)
            value = self.figures(run.arm.name, weight, run.recipe.training.optimizer.rate / RATE, run.seed)
            if value is None:
                self.study.failure_file(run).parent.mkdir(parents=True, exist_ok=True)
                write_atomically(self.study.failure_file(run), b"too steep")
                continue
            log = EventLog(self.study.run_directory(run) / "events.jsonl")
            log.path.parent.mkdir(parents=True)
            for kept, figure in ((True, value), (False, 0.99)):
                figures = {"segmentation": {"iou_dataset": figure, "x": 0.0}}
                log.append(make_validation(1, best=kept, seconds=1.0, figures=figures))
            log.append(make_end(1))


@pytest.fixture
def directory(store: Path, tmp_path: Path) -> StudyDirectory:
    found = StudyDirectory(tmp_path / "study")
    with found.held(Store.open(store), origin("none"), Choices(threads=1)):
        return found


def chosen(plan: Plan) -> dict[tuple[str, float], float]:
    return {(Arm(each.auxiliaries).name, each.label_fraction): each.chosen for each in plan.tuned}


def entry(plan: Plan, arm: Arm, share: float, candidate: float) -> Tuned:
    """What was chosen for an arm, as it is kept."""
    return Tuned(
        auxiliaries=arm.auxiliaries,
        recipe=arm_digest(plan, arm),
        label_fraction=share,
        chosen=candidate,
        figures={},
    )


def peak(arm: str, weight: float | None, rate: float, seed: int) -> float:
    """Best at twice the rate; box best at 0.1, edges at 1, both together at 0.3, less so on the second seed."""
    best = {"box": 0.1, "edges": 1.0, "box + edges": 0.3}.get(arm)
    return 0.5 - abs(rate - 2) / 10 - (0 if best is None or weight is None else abs(weight - best) / 10) - seed / 1e5


def test_the_target_is_searched_first_and_its_rate_is_everybodys(directory: StudyDirectory) -> None:
    plan, pretended = planned(), Pretended(directory, peak)
    tuned = tune(plan, directory, pretended.train, higher_is_better=True)
    assert chosen(tuned) == {
        ("target only", 1.0): 2.0,
        ("box", 1.0): 0.1,
        ("edges", 1.0): 1.0,
        ("box + edges", 1.0): 0.3,
    }
    first, second = pretended.stages
    assert {run.arm.name for run in first.runs} == {"target only"}
    assert {run.recipe.training.optimizer.rate for run in first.runs} == {RATE / 2, RATE, RATE * 2}
    assert {run.recipe.training.optimizer.rate for run in second.runs} == {RATE * 2}
    for run in tuned.runs:
        assert run.recipe.training.optimizer.rate == RATE * 2
        assert {name: vars(run.recipe.balancer)["weights"][name] for name in run.arm.auxiliaries} == dict.fromkeys(
            run.arm.auxiliaries, chosen(tuned)[run.arm.name, 1.0]
        )


def test_a_study_of_other_seeds_is_tuned_on_other_seeds(directory: StudyDirectory) -> None:
    pretended = Pretended(directory, peak)
    tune(planned(first_seed=8), directory, pretended.train, higher_is_better=True)
    assert {run.seed for stage in pretended.stages for run in stage.runs} == {1008, 1009}


def test_a_figure_of_which_less_is_better_turns_the_choice_around(directory: StudyDirectory) -> None:
    def error(*arguments: Any) -> float:
        return 1 - peak(*arguments)

    tuned = tune(planned(), directory, Pretended(directory, error).train, higher_is_better=False, figure="error")
    assert {each.figure for each in (*tuned.tuned, *directory.choices.tuned)} == {"error"}
    assert chosen(tuned)["box", 1.0] == 0.1
    assert chosen(tuned)["target only", 1.0] == 2.0


def test_the_mean_over_the_seeds_decides(directory: StudyDirectory) -> None:
    def lucky(arm: str, weight: float | None, rate: float, seed: int) -> float:
        if arm != "box":
            return 0.5
        return {0.1: (0.9, 0.1), 0.3: (0.6, 0.6), 1.0: (0.5, 0.5)}[weight or 0][seed - FIRST_SEED]

    tuned = tune(planned(auxiliaries=["box"]), directory, Pretended(directory, lucky).train, higher_is_better=True)
    (box,) = [each for each in tuned.tuned if each.auxiliaries == ("box",)]
    assert (box.chosen, box.figures) == (0.3, {"0.1": 0.5, "0.3": 0.6, "1": 0.5})


def test_everyone_has_as_many_tries_on_seeds_that_no_verdict_has() -> None:
    plan = planned(tuning_seeds=3, controls=["noise", "same-compute"])
    runs = list(tuning_runs(plan, ()))
    arms = {arm: [run for run in runs if run.arm == arm] for arm in plan.arms}
    assert {arm.name: len(found) for arm, found in arms.items()} == {
        **dict.fromkeys(("target only", "box", "edges", "box + edges", "noise"), 9),
        "same-compute": 0,
    }
    assert {run.seed for run in runs} == {1000, 1001, 1002}
    assert {run.recipe.seed for run in runs} == {1000, 1001, 1002}
    with pytest.raises(InputError, match="seeds is 1001"):  # counted from 0
        planned(seeds=FIRST_SEED + 1)
    assert not {run.directory_name for run in runs} & {run.directory_name for run in plan.runs}
    assert len({run.directory_name for run in runs}) == len(runs)
    assert list(tuning_runs(planned(tune_weights=None), ())) == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [(2, (0.5, 1.0)), (3, (0.5, 1.0, 2.0)), (4, (0.25, 0.5, 1.0, 2.0)), (5, (0.25, 0.5, 1, 2, 4))],
)
def test_rates_double_around_the_bases(number: int, expected: tuple[float, ...]) -> None:
    assert rate_factors(number) == expected


def test_a_candidate_that_diverges_is_not_chosen(directory: StudyDirectory) -> None:
    def steep(arm: str, weight: float | None, rate: float, seed: int) -> float | None:
        is_lost = (arm == "box" and weight == 0.1 and seed > FIRST_SEED) or arm == "edges"
        return None if is_lost else peak(arm, weight, rate, seed)

    tuned = tune(planned(), directory, Pretended(directory, steep).train, higher_is_better=True)
    assert chosen(tuned)["box", 1.0] == 0.3
    assert chosen(tuned)["edges", 1.0] == 0.1  # all did: the smallest, whose runs then say so
    (box,) = [each for each in tuned.tuned if each.auxiliaries == ("box",)]
    assert box.sentence.startswith("box: weight 0.3 (validation 0.1: diverged, 0.3: 0.4")


def test_shares_are_tuned_by_themselves(directory: StudyDirectory) -> None:
    plan = planned(label_fractions=[0.5, 1.0], auxiliaries=["box"])
    shares = {run.directory_name: run.label_fraction for run in tuning_runs(plan, ())}
    assert sorted(shares.values()) == [0.5] * 12 + [1.0] * 12
    box = Arm(("box",))
    entries = [entry(plan, Arm(), 0.5, 2.0), entry(plan, box, 0.5, 0.1), entry(plan, box, 1.0, 1.0)]
    tuned = with_tuned(plan, entries)
    assert [tuned.weights(box, share) for share in (0.5, 1.0)] == [{"box": 0.1}, {"box": 1.0}]
    assert {(run.label_fraction, run.recipe.training.optimizer.rate) for run in tuned.runs} == {
        (0.5, 2 * RATE),
        (1.0, RATE),
    }


def test_choices_are_kept_and_not_made_again(directory: StudyDirectory) -> None:
    before = tune(planned(auxiliaries=["box"]), directory, Pretended(directory, peak).train, higher_is_better=True)
    assert directory.choices.threads == 1
    again = Pretended(directory, peak)
    assert tune(planned(auxiliaries=["box"]), directory, again.train, higher_is_better=True) == before
    assert again.stages == []
    after = tune(planned(seeds=3), directory, again.train, higher_is_better=True)
    assert {run.arm.name for stage in again.stages for run in stage.runs} == {"edges", "box + edges"}
    assert [each.chosen for each in after.tuned][:2] == [each.chosen for each in before.tuned]


def test_another_auxiliary_of_the_same_name_is_searched_anew(directory: StudyDirectory) -> None:
    def shifted(arm: str, weight: float | None, rate: float, seed: int) -> float:
        return 0.5 + (weight or 0) / 10  # the largest weight is the best

    before, others = planned(), ["tasks.box={kind: edges, low: 10}"]
    tune(before, directory, Pretended(directory, peak).train, higher_is_better=True)
    again = Pretended(directory, shifted)
    after = tune(planned(settings=others), directory, again.train, higher_is_better=True)
    assert {run.arm.name for stage in again.stages for run in stage.runs} == {"box", "box + edges"}
    assert chosen(after)["box", 1.0] == 1.0
    assert chosen(after)["edges", 1.0] == 1.0
    kept = directory.choices.tuned
    assert len(kept) == len({(*each.auxiliaries, each.label_fraction) for each in kept}) == 4
    recipes = {run.arm.name: run.recipe for run in with_tuned(before, kept).runs}
    assert vars(recipes["box"].balancer)["weights"]["box"] == vars(before.runs[1].recipe.balancer)["weights"]["box"]


@pytest.mark.parametrize("figure", [0.5, None])
def test_equals_leave_the_rate_as_it_is_and_take_the_smallest_weight(
    figure: float | None, directory: StudyDirectory
) -> None:
    def flat(*arguments: Any) -> float | None:
        return figure

    tuned = tune(planned(auxiliaries=["box"]), directory, Pretended(directory, flat).train, higher_is_better=True)
    assert chosen(tuned) == {("target only", 1.0): 1.0, ("box", 1.0): 0.1}


def test_of_equal_rates_the_one_nearest_to_the_bases_is_taken(directory: StudyDirectory) -> None:
    def best_outside(arm: str, weight: float | None, rate: float, seed: int) -> float:
        return 0.1 if rate == 1 else 0.5

    plan = planned(auxiliaries=["box"], tune_weights=[0.1, 0.2, 0.3, 0.4])  # the rate times 0.25, 0.5, 1 and 2
    tuned = tune(plan, directory, Pretended(directory, best_outside).train, higher_is_better=True)
    assert chosen(tuned)["target only", 1.0] == 0.5


def test_a_stop_between_the_searches_goes_on_after_it(directory: StudyDirectory) -> None:
    class _Stopped(Pretended):
        def train(self, plan: Plan) -> None:
            if self.stages:
                raise KeyboardInterrupt
            super().train(plan)

    with pytest.raises(KeyboardInterrupt):
        tune(planned(), directory, _Stopped(directory, peak).train, higher_is_better=True)
    assert [each.auxiliaries for each in directory.choices.tuned] == [()]
    again = Pretended(directory, peak)
    tune(planned(), directory, again.train, higher_is_better=True)
    assert [{run.arm.name for run in stage.runs} for stage in again.stages] == [{"box", "edges", "box + edges"}]


@pytest.fixture(scope="session")
def tuned_study(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tuned") / "study"
    run_study(box_alone(seeds=2, tune_weights=(0.1, TOO_MUCH), tuning_seeds=1), store, path)
    return path


@pytest.mark.usefixtures("sealed_test_split")
def test_tuning_reads_no_row_of_the_test_split(directory: StudyDirectory, store: Path) -> None:
    plan, here = make_plan(box_alone(seeds=1, tune_weights=(0.1, 1.0), tuning_seeds=1)), InThisProcess()
    tuned = tune(plan, directory, lambda stage: here.train(directory, store, stage.runs), higher_is_better=True)
    assert len(tuned.tuned) == 2
    here.train(directory, store, tuned.runs)
    with pytest.raises(AssertionError, match="a row of the test split was read"):
        here.evaluate(directory, store, tuned)


def test_only_the_runs_of_verdicts_are_evaluated(tuned_study: Path) -> None:
    kinds: dict[bool, set[str]] = {True: set(), False: set()}
    for directory in sorted((tuned_study / "runs").iterdir()):
        if directory.is_dir() and (directory / "events.jsonl").is_file():
            is_try = f"-seed{FIRST_SEED}" in directory.name
            kinds[is_try] |= {event["event"] for event in read_events(directory / "events.jsonl")}
            assert (directory / "per_image.csv").exists() is not is_try
            assert (directory / "metrics.json").exists() is not is_try
    assert "evaluate" in kinds[False]
    assert "validation" in kinds[True]
    assert "evaluate" not in kinds[True]


def test_the_verdict_names_what_was_chosen(tuned_study: Path) -> None:
    result = json.loads((tuned_study / "study.json").read_text())
    (answer,) = result["answers"]
    (box,) = answer["arms"]
    assert box["weights"] == {"box": 0.1}
    assert "at weight 0.1 (chosen on validation) after 4 steps" in box["sentence"]
    assert [each["auxiliaries"] for each in result["tuned"]] == [[], ["box"]]
    assert set(box["figure_per_seed"]) == {"0", "1"}
    assert result["tuned"][1]["figures"][f"{TOO_MUCH:g}"] is None


def test_a_tuned_study_goes_on_and_takes_no_other_candidates(store: Path, tuned_study: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(tuned_study, tmp_path / "study"))
    before = (path / "about.json").read_bytes()
    result = run_study(box_alone(seeds=2, tune_weights=(0.1, TOO_MUCH), tuning_seeds=1), store, path)
    assert (path / "about.json").read_bytes() == before
    assert json.loads(json.dumps(result)) == json.loads((tuned_study / "study.json").read_text())
    with pytest.raises(InputError, match=r"tune_weights was \[0.1, 1e\+39\] and is now \[0.1, 0.3\]"):
        run_study(box_alone(tune_weights=(0.1, 0.3), tuning_seeds=1), store, path)
    with pytest.raises(InputError, match=r"another question: tune_weights was \[0.1, 1e\+39\] and is now not given"):
        run_study(box_alone(), store, path)


def test_the_command_says_what_was_chosen_and_leaves_the_best_with_it(
    store: Path, tuned_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, question, best = tmp_path / "study", tmp_path / "question.yaml", tmp_path / "best.yaml"
    shutil.copytree(tuned_study, path)
    question.write_text((path / "study.yaml").read_text())
    asked = ["study", str(question), "--data", str(store), "--out", str(path)]
    assert main([*asked, "--dry-run"]) == 0
    assert "8 runs, 8 of them done, about 0 s" in capsys.readouterr().err
    assert main([*asked, "--best", str(best)]) == 0
    said = " ".join(capsys.readouterr().err.split())
    rate, weight = json.loads((tuned_study / "study.json").read_text())["tuned"]
    assert f"chosen: {rate['sentence']} chosen: {weight['sentence']}" in said
    assert f"target only: {rate['chosen']:g} times the base's learning rate, for all arms" in said
    recipe = load_recipe(best)
    assert recipe.training.optimizer.rate == RATE * rate["chosen"]
    assert vars(recipe.balancer)["weights"] == {"segmentation": 1.0} | ({"box": 0.1} if "box" in recipe.tasks else {})


def test_tuning_without_validation_is_refused_before_any_training(store: Path, tmp_path: Path) -> None:
    settings = (*box_alone().settings, "data.train_on=train+val")
    with pytest.raises(InputError, match=r"tune_weights chooses on validation, but data.train_on is train\+val"):
        run_study(box_alone(tune_weights=(0.1, 1.0), settings=settings), store, tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_tries_hold_what_an_arm_is_tried_with() -> None:
    plan = planned(auxiliaries=["box"])
    tries = tries_of(plan, [entry(plan, Arm(), 1.0, 0.5)], Arm(("box",)), 1.0)
    assert list(tries) == [0.1, 0.3, 1.0]
    for weight, runs in tries.items():
        assert [vars(run.recipe.balancer)["weights"] for run in runs] == [{"segmentation": 1.0, "box": weight}] * 2
        assert {run.recipe.training.optimizer.rate for run in runs} == {RATE / 2}
