"""A screening ranks by validation alone, keeps to itself, and goes on where it stood."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auxseg.cli.main import main
from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.store import Store
from auxseg.data.synthesize import synthesize
from auxseg.errors import InputError
from auxseg.records.about import Choices
from auxseg.records.values.writing import to_mapping
from auxseg.study.design.config import StudyConfig
from auxseg.study.design.plan import make_plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.directory.provenance import origin
from auxseg.study.execution.trainings import Execution
from auxseg.study.screening import budget
from auxseg.study.screening.screening import FIRST_SEED, Screening
from auxseg.study.study import Study
from auxseg.study.tuning import tuning_runs
from benchmarks.tools.in_this_process import InThisProcess
from tests.data.pictures import DrawnSource, draw_sample
from tests.raw_events import read_events
from tests.report.html import Page
from tests.study.small import SETTINGS, TOO_MUCH, box_alone, run_study, small_config

LONGER = (*(each for each in SETTINGS if each != "training.steps=4"), "training.steps=40", "training.validate_every=10")
"""What the study would take; the screening gets 4 steps for each training, on 2 seeds."""


@pytest.fixture(scope="module", autouse=True)
def _short() -> Iterator[None]:
    """Let trainings of a few steps be long enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "FEWEST_STEPS", 2)
        patch.setattr(budget, "TWO_SEEDS_FROM", 4)
        yield


def screen(config: StudyConfig, store: Path, out: Path) -> dict[str, Any]:
    screening = Screening(Study(config, store, StudyDirectory(out)))
    return to_mapping(screening.run(Execution(threads=1, watch=lambda plan: None)))


@pytest.fixture(scope="module")
def finished(_short: None, store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a study of which only the screening was done; nobody may change it."""
    out = tmp_path_factory.mktemp("screened") / "study"
    screen(small_config(settings=LONGER), store, out)
    return out


@pytest.fixture
def screened(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "study"))


def result(out: Path) -> dict[str, Any]:
    return json.loads((out / "screen" / "screen.json").read_text())


def last_validation(out: Path, beginning: str, seed: int) -> float:
    (path,) = out.glob(f"screen/runs/{beginning}-masks1-seed{seed}-*/events.jsonl")
    looks = [event for event in read_events(path) if event["event"] == "validation"]
    return looks[-1]["figures"]["segmentation"]["iou_dataset"]


def test_candidates_are_ranked_by_short_trainings(finished: Path) -> None:
    found = result(finished)
    assert (found["seeds"], found["steps"]) == (2, 4)
    of_study = 2 * 4 * (40 + 2 * 4 / 3 / 14)  # 40 steps and 2 validations of 4 images
    assert found["cost_of_study_in_steps"] == pytest.approx(of_study)
    assert found["cost_in_steps"] == pytest.approx(2 * 4 * (4 + 1 * 4 / 3 / 14) + 2 * 3 * 2)
    assert found["cost_in_steps"] <= 0.15 * of_study
    (answer,) = found["answers"]
    candidates = {each["name"]: each for each in answer["candidates"]}
    assert [each["rank"] for each in answer["candidates"]] == [1, 2, 3]
    for seed in (FIRST_SEED, FIRST_SEED + 1):
        difference = last_validation(finished, "box", seed) - last_validation(finished, "target-only", seed)
        assert candidates["box"]["per_seed"][str(seed)] == pytest.approx(difference)
    assert candidates["classification"]["per_seed"] == {"2000": 0.0, "2001": 0.0}  # it has no weight
    assert candidates["box"]["affinity"] is not None
    assert found["seconds"] > 0


def test_what_diverges_stands_last_with_its_reason(finished: Path) -> None:
    last = result(finished)["answers"][0]["candidates"][-1]
    assert (last["name"], last["difference"]) == ("edges", None)
    assert last["reason"].startswith("edges, seed 2000: step 1: the norm of the gradient is ")


def test_its_seeds_are_those_of_no_verdict_and_of_no_search(store: Path, tmp_path: Path) -> None:
    config = box_alone(settings=LONGER, seeds=1000, tune_weights=(0.1, 1.0), tuning_seeds=1000)
    full = make_plan(config)
    taken = {run.seed for run in (*full.runs, *tuning_runs(full, ()))}
    _, plan = Screening(Study(config, store, StudyDirectory(tmp_path))).plan()
    assert {run.seed for run in plan.runs} == {run.recipe.seed for run in plan.runs}
    assert {run.seed for run in plan.runs} == {FIRST_SEED, FIRST_SEED + 1}
    assert not taken & {run.seed for run in plan.runs}


@pytest.mark.usefixtures("sealed_test_split")
def test_it_reads_no_row_of_the_test_split(store: Path, tmp_path: Path) -> None:
    study = Study(box_alone(settings=LONGER), store, StudyDirectory(tmp_path / "study"))
    Screening(study).run(Execution(site=InThisProcess(), threads=1, watch=lambda plan: None))
    assert result(study.directory.path)["answers"][0]["candidates"][0]["difference"] is not None
    with pytest.raises(AssertionError, match="a row of the test split was read"):
        study.plan()


def test_it_keeps_to_its_own_folder_and_evaluates_nothing(screened: Path, store: Path) -> None:
    assert [path.name for path in screened.iterdir()] == ["screen"]
    runs = [path for path in screened.glob("screen/runs/*") if path.is_dir()]
    assert len(runs) == 8
    events = [event["event"] for run in runs for event in read_events(run / "events.jsonl")]
    assert "evaluate" not in events
    assert not list(screened.glob("screen/runs/*/metrics.json"))
    with StudyDirectory(screened).held(Store.open(store), origin("none"), Choices()):
        pass  # the study may begin beside it


def test_data_without_a_test_split_can_be_screened(tmp_path: Path) -> None:
    source = DrawnSource([draw_sample(index) for index in range(20)], [*["train"] * 14, *["val"] * 6])
    path = prepare(source, tmp_path / "untested.h5", size=32).path
    found = screen(box_alone(settings=LONGER), path, tmp_path / "study")
    assert [each["name"] for each in found["answers"][0]["candidates"]] == ["box"]


def test_what_is_finished_is_not_trained_again(screened: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        pytest.fail("nothing was left to be done")

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor.submit", refuse)
    before = result(screened)
    screen(small_config(settings=LONGER), store, screened)
    assert result(screened) == before


def test_it_says_how_far_it_agrees_with_the_study(screened: Path, store: Path) -> None:
    first, second = (each["name"] for each in result(screened)["answers"][0]["candidates"][:2])
    arms = [
        {"name": name, "auxiliaries": [name], "is_control": False, "difference": value}
        for name, value in ((first, 0.01), (second, 0.02))
    ]
    made = {key: result(screened)[key] for key in ("data", "recipes")}
    study = {"format": 1, **made, "rules": {"higher_is_better": True}, "seconds": 1e3}
    other = screened.parent / "neighbour"
    shutil.copytree(screened, other)
    (other / "study.json").write_text(json.dumps({**study, "answers": [{"label_fraction": 1.0, "arms": arms}]}))
    found = screen(small_config(settings=LONGER), store, screened)["agreement"]
    (comparison,) = found["comparisons"]
    assert comparison["study"] == str(other)
    assert comparison["spearman"] == pytest.approx(-1.0)
    assert "the first was the best in 0 of 1" in found["sentence"]


def test_every_share_of_the_masks_is_ranked_by_itself(store: Path, tmp_path: Path) -> None:
    found = screen(box_alone(settings=LONGER, label_fractions=(0.5, 1.0)), store, tmp_path / "study")
    half, whole = found["answers"]
    assert (half["label_fraction"], whole["label_fraction"]) == (0.5, 1.0)
    assert half["candidates"][0]["per_seed"] != whole["candidates"][0]["per_seed"]


@pytest.mark.parametrize("reason", ["trained on", "none", "without masks"])
def test_without_validation_nothing_is_trained(reason: str, tmp_path: Path) -> None:
    samples = [draw_sample(index) for index in range(10)]
    if reason == "without masks":
        samples[6:8] = [replace(sample, mask=None) for sample in samples[6:8]]
    splits = [*["train"] * 6, *["train" if reason == "none" else "val"] * 2, *["test"] * 2]
    path = prepare(DrawnSource(samples, splits), tmp_path / "data.h5", size=32, val_fraction=0).path
    settings = (*LONGER, "data.train_on=train+val") if reason == "trained on" else LONGER
    with pytest.raises(InputError, match=r"--screen (chooses on validation, but|has nothing to choose by)"):
        screen(box_alone(settings=settings), path, tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_other_data_than_those_of_the_study_are_refused(screened: Path, store: Path, tmp_path: Path) -> None:
    with StudyDirectory(screened).held(Store.open(store), origin("none"), Choices()):
        pass
    other = tmp_path / "other.h5"
    synthesize(other, num_samples=20, size=32, seed=1)
    with pytest.raises(InputError, match=f"{screened}: was begun on other data"):
        screen(small_config(settings=LONGER), other, screened)


def ask(store: Path, out: Path, *arguments: str, kind: str = "screen") -> int:
    question = ["--base", "tiny", "--auxiliaries", "classification,box,edges", "--design", "each", "--seeds", "2"]
    weights = ["--weights", f"classification=0,edges={TOO_MUCH}", "--set", *LONGER]
    screening = ["--screen"] if kind == "screen" else []
    return main(["study", *screening, "--data", str(store), "--out", str(out), *arguments, *question, *weights])


def test_the_ranking_is_printed(screened: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(store, screened, "--json") == 0
    captured = capsys.readouterr()
    said = " ".join(captured.err.split())
    assert "screening: 8 trainings of 4 steps on 2 seeds, 13.9% of the study's steps and validations" in said
    assert "affinity" in said
    assert "diverged: edges, seed 2000:" in said
    assert "agreement: no full study of these candidates exists yet" in said
    assert json.loads(captured.out) == result(screened)


def test_a_dry_run_leaves_nothing(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(store, tmp_path / "study", "--dry-run", "--json") == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    cost = 2 * 4 * (4 + 4 / 42) + 12
    share = pytest.approx(cost / (8 * (40 + 2 * 4 / 42)))
    assert told.pop("per_arm").keys() == {"target only", "box", "classification", "edges"}
    assert told == {"runs": 8, "done": 0, "seconds": told["seconds"], "steps": 4, "seeds": 2, "share": share}
    assert told["seconds"] > 0
    assert "8 runs, about" in captured.err
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_counts_what_is_done_and_refuses_what_the_ranking_does(
    screened: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(store, screened, "--dry-run", "--json") == 0
    captured = capsys.readouterr()
    assert "8 runs, 8 of them done, about 0 s" in " ".join(captured.err.split())
    assert ask(store, screened, "--dry-run", "--threads", "3") == 2
    assert "was begun with 1 thread(s) per run" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").touch()
    assert ask(store, tmp_path / "thesis", "--dry-run") == 2
    assert "holds files but no study" in capsys.readouterr().err
    samples = [replace(draw_sample(index), boxes=()) for index in range(20)]
    path = prepare(DrawnSource(samples, [*["train"] * 14, *["val"] * 6]), tmp_path / "boxless.h5", size=32).path
    assert ask(path, tmp_path / "study", "--dry-run") == 2
    assert "no training sample has a label for box" in capsys.readouterr().err


def test_another_question_than_that_of_the_study_or_the_ranking_is_refused(
    screened: Path, store: Path, tmp_path: Path
) -> None:
    before = (screened / "screen" / "screen.json").read_bytes()
    others = small_config(settings=(*LONGER, "training.clip=1.0"))
    with pytest.raises(InputError, match=r"screen: .* another question: base.training.clip was not given"):
        screen(others, store, screened)
    others = small_config(settings=LONGER, weights={"classification": 0.0, "box": 0.7, "edges": TOO_MUCH})
    with pytest.raises(InputError, match=r"another question: .*box was 0.3 and is now 0.7"):
        screen(others, store, screened)
    assert (screened / "screen" / "screen.json").read_bytes() == before
    run_study(small_config(seeds=1), store, tmp_path / "begun")
    with pytest.raises(InputError, match=r"begun: holds a study of another question: base.training.steps was 4"):
        screen(small_config(settings=LONGER), store, tmp_path / "begun")
    assert not (tmp_path / "begun" / "screen").exists()


def test_a_target_that_a_study_refuses_is_refused(store: Path, tmp_path: Path) -> None:
    settings = (*LONGER, "tasks.distance.kind=distance", "target=distance")
    with pytest.raises(InputError, match="the target distance is measured by mae_pixels, which has no values per "):
        screen(box_alone(settings=settings), store, tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_a_length_that_the_question_gives_twice_is_shortened(store: Path, tmp_path: Path) -> None:
    config = box_alone(settings=(*SETTINGS, "training.steps=40", "training.epochs=20"))
    budget, plan = Screening(Study(config, store, StudyDirectory(tmp_path))).plan()
    assert {(run.recipe.training.steps, run.recipe.training.epochs) for run in plan.runs} == {(budget.steps, None)}


@pytest.mark.slow
def test_a_study_says_how_far_the_ranking_before_it_agrees(
    screened: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(store, screened, "--json", kind="study") == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert told["agreement"] == result(screened)["agreement"]
    (comparison,) = told["agreement"]["comparisons"]
    ranked = [each["name"] for each in result(screened)["answers"][0]["candidates"] if each["difference"] is not None]
    assert comparison["candidates"] == ranked
    assert 0 < comparison["share_of_time"] < 1
    assert f"agreement of the screening: {told['agreement']['sentence']}" in " ".join(captured.err.split())
    assert told["agreement"]["sentence"] in Page((screened / "report.html").read_text()).text


def test_best_has_no_place_beside_it(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(store, tmp_path / "study", "--best", str(tmp_path / "best.yaml")) == 2
    assert "--best cannot be combined with --screen" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
