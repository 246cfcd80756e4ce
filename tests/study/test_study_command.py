"""`auxseg study` as a person types it."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from auxseg.cli.main import main
from auxseg.data.preparing.prepare import prepare
from auxseg.errors import RunError
from auxseg.files import write_atomically
from auxseg.recipe import load_recipe
from auxseg.study.best_recipe import best_on_validation
from auxseg.study.design.plan import make_plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.execution.pace import Pace
from auxseg.study.study import Study
from tests.data.pictures import DrawnSource, draw_sample
from tests.study.small import SETTINGS, TOO_MUCH, run_study, set_validation, small_config

QUESTION = ["--base", "tiny", "--auxiliaries", "box", "--design", "each", "--threads", "1", "--set", *SETTINGS]
PER_ARM = ["--method", "per-arm", *QUESTION]
SAME_QUESTION = [
    *("--base", "tiny", "--auxiliaries", "classification,box,edges", "--design", "each"),
    *("--weights", f"classification=0,edges={TOO_MUCH}", "--seeds", "2", "--set", *SETTINGS),
]


def ask(*arguments: object) -> int:
    return main(["study", *map(str, arguments)])


def unwrapped(text: str) -> str:
    return " ".join(text.split())


def test_verdicts_are_printed_and_shown_on_a_page(study: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--data", store, "--out", study, *SAME_QUESTION, "--json") == 0
    captured = capsys.readouterr()
    said = unwrapped(captured.err)
    assert "classification: no meaningful difference: +0.00 points of iou_dataset (95% interval +0.00 to +0.00" in said
    assert "box: " in said
    assert "diverged: edges, seed 0:" in said
    assert "the batch held" not in said
    assert json.loads(captured.out)["answers"] == json.loads((study / "study.json").read_text())["answers"]
    page = (study / "report.html").read_text()
    assert "What helps segmentation?" in page
    assert "no meaningful difference" in page


def test_the_page_is_made_again_by_report(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(study)]) == 0
    assert "What helps segmentation?" in (study / "report.html").read_text()
    assert main(["report", str(study), "--out", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_bytes() == (study / "report.html").read_bytes()
    assert main(["report", str(study), str(study)]) == 2
    assert "is a study and has its own page" in capsys.readouterr().err


def test_the_best_arm_is_left_as_a_recipe(study: Path, store: Path, tmp_path: Path) -> None:
    for name, value in (("box", 0.9), ("target-only", 0.2), ("classification", 0.3)):
        set_validation(study, name, value)
    best = tmp_path / "best.yaml"
    assert ask("--data", store, "--out", study, *SAME_QUESTION, "--best", best) == 0
    recipe = load_recipe(best)
    assert set(recipe.tasks) == {"segmentation", "box"}
    assert recipe.training.precision == "fp32"
    assert ask("--data", store, "--out", study, *SAME_QUESTION, "--best", best) == 2
    set_validation(study, "classification", 0.95)
    assert ask("--data", store, "--out", study, *SAME_QUESTION, "--best", best, "--overwrite") == 0
    assert set(load_recipe(best).tasks) == {"segmentation", "classification"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nowhere/best.yaml", "nowhere is not a directory"),
        ("file/best.yaml", "file is not a directory"),
        ("folder", "folder is a directory; expected the name of a file"),
    ],
)
def test_a_best_that_could_not_be_written_is_refused_at_once(
    name: str, expected: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    best = ["--best", tmp_path / name, "--overwrite"]
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, *best) == 2
    assert expected in unwrapped(capsys.readouterr().err)
    assert not (tmp_path / "study").exists()


def test_the_best_may_be_left_in_the_studys_own_directory(store: Path, tmp_path: Path) -> None:
    best = tmp_path / "study" / "best.yaml"
    assert ask("--data", store, "--out", tmp_path / "study", *PER_ARM, "--seeds", "1", "--best", best) == 0
    assert load_recipe(best).target == "segmentation"


def test_a_question_may_stand_in_a_file(
    study: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = tmp_path / "question.yaml"
    question.write_text((study / "study.yaml").read_text())
    assert ask(question, "--data", store, "--out", study) == 0
    assert ask(question, "--data", store, "--out", study, "--seeds", "3") == 2
    assert "asks the question, so it cannot be combined with --seeds" in unwrapped(capsys.readouterr().err)


def test_a_dry_run_tells_the_plan_and_leaves_nothing(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "auxseg.study.execution.time_estimate.pace_of",
        lambda recipe, *_: Pace(60.0 * len(recipe.tasks), 0.0, 0.0),
    )
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, "--seeds", "3", "--dry-run", "--json") == 0
    captured = capsys.readouterr()
    assert "box (at weight 0.3): 3 seeds" in captured.err
    assert "6 runs, about 9 min with 1 worker(s)" in unwrapped(captured.err)
    assert "no verdict" not in captured.err
    told = json.loads(captured.out)
    assert (told["runs"], told["done"], told["seconds"]) == (6, 0, pytest.approx(540.0, abs=5))
    assert told["per_arm"] == {"target only": 60.0, "box": 120.0}
    shares = ["--seeds", "1", "--label-fractions", "0.5,1", "--workers", "2"]
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, *shares, "--dry-run") == 0
    said = unwrapped(capsys.readouterr().err)
    assert "1 seed will give figures and no verdict" in said
    assert "each of them with 50%, 100% of the masks" in said
    assert "4 runs, about 3 min with 2 worker(s)" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["--margin", "0.01"], "another question: margin was 0.005 and is now 0.01; give another --out"),
        (["--weights", "classification=0.5"], "balancer.weights.classification was 0.0 and is now 0.5"),
        (["--threads", "2"], "was begun with 1 thread(s) per run"),
        (["--looks", "1"], "another question: looks was 2 and is now 1"),
    ],
)
def test_a_dry_run_refuses_what_the_study_refuses(
    changes: list[str], expected: str, study: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = SAME_QUESTION[: SAME_QUESTION.index("--weights")] if "--weights" in changes else SAME_QUESTION
    rest = ["--seeds", "2", "--set", *SETTINGS] if "--weights" in changes else []
    for dry_run in (["--dry-run"], []):
        assert ask("--data", store, "--out", study, *changes, *question, *rest, *dry_run) == 2
        assert expected in unwrapped(capsys.readouterr().err)


def test_a_dry_run_refuses_an_unpaid_look_and_a_foreign_folder(
    study: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    about = json.loads((study / "about.json").read_text())
    (study / "about.json").write_text(json.dumps(about | {"looked_at": [1, 2]}))
    more = [{"2": "3"}.get(word, word) for word in SAME_QUESTION]
    assert ask("--data", store, "--out", study, *more, "--dry-run") == 2
    assert "verdicts were given with 1 and 2 seeds; one extension was planned" in unwrapped(capsys.readouterr().err)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").touch()
    assert ask("--data", store, "--out", tmp_path / "thesis", *QUESTION, "--dry-run") == 2
    assert "holds files but no study, such as thesis.txt" in unwrapped(capsys.readouterr().err)


@pytest.mark.parametrize("name", ["about.json", "study.json", "study.yaml"])
def test_a_full_disk_is_one_sentence_that_names_the_file(
    name: str, study: Path, store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write, before = Path.write_bytes, (study / name).read_bytes()

    def full(self: Path, content: bytes) -> int:
        if name in self.name:
            write(self, content[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert ask("--data", store, "--out", study, *SAME_QUESTION) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"auxseg: {study / name}: No space left on device"
    assert (study / name).read_bytes() == before
    assert not list(study.glob(".*.partial"))


def test_a_target_without_shares_of_images_is_refused(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = ["tasks.distance.kind=distance", "target=distance"]
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, *other, "--seeds", "2") == 2
    assert "the target distance is measured by mae_pixels, which has no values per image" in capsys.readouterr().err
    assert not (tmp_path / "study").exists()


def test_one_seed_is_warned_about_and_is_no_look(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "study"
    assert ask("--data", store, "--out", out, *PER_ARM, "--seeds", "1") == 0
    said = unwrapped(capsys.readouterr().err)
    assert "1 seed will give figures and no verdict" in said
    assert "(no interval)" in said
    about = [path.read_bytes() for path in sorted(out.glob("runs/*/events.jsonl"))]
    assert ask("--data", store, "--out", out, *PER_ARM, "--seeds", "2") == 0
    assert set(about) < {path.read_bytes() for path in out.glob("runs/*/events.jsonl")}
    assert "95% interval" in unwrapped(capsys.readouterr().err)
    assert json.loads((out / "study.json").read_text())["looked_at"] == [2]
    assert ask("--data", store, "--out", out, *PER_ARM, "--seeds", "1") == 2
    said = unwrapped(capsys.readouterr().err)
    assert "verdicts were given with 2 seeds, and fewer seeds would let you choose among them; " in said
    assert ask("--data", store, "--out", out, *PER_ARM, "--seeds", "3", "--dry-run") == 0
    (out / "study.json").unlink()  # what was looked at stands elsewhere
    about = json.loads((out / "about.json").read_text())
    (out / "about.json").write_text(json.dumps(about | {"looked_at": [2, 3]}))
    assert ask("--data", store, "--out", out, *PER_ARM, "--seeds", "4", "--dry-run") == 2
    said = unwrapped(capsys.readouterr().err)
    assert "verdicts were given with 2 and 3 seeds; one extension was planned" in said


def test_a_study_with_one_look_is_not_extended(
    study: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("--data", store, "--out", study, *SAME_QUESTION, "--looks", "1") == 2
    assert "another question: looks was 2 and is now 1; give another --out" in unwrapped(capsys.readouterr().err)
    about = json.loads((study / "about.json").read_text())
    about["question"]["looks"] = 1
    (study / "about.json").write_text(json.dumps(about))
    more = [{"2": "3"}.get(word, word) for word in SAME_QUESTION]
    assert ask("--data", store, "--out", study, *more, "--looks", "1") == 2
    assert "verdicts were given with 2 seeds; no extension was planned" in unwrapped(capsys.readouterr().err)


def test_other_threads_than_it_was_begun_with_are_refused(
    study: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("--data", store, "--out", study, *SAME_QUESTION, "--threads", "2") == 2
    assert "was begun with 1 thread(s) per run" in unwrapped(capsys.readouterr().err)


def test_the_last_paid_look_advises_a_new_study(study: Path, store: Path) -> None:
    (first,) = json.loads((study / "study.json").read_text())["answers"]
    assert "a new study" not in first["arms"][1]["sentence"]
    about = json.loads((study / "about.json").read_text())
    about["question"]["looks"] = 1
    (study / "about.json").write_text(json.dumps(about))
    (last,) = run_study(small_config(looks=1), store, study)["answers"]
    said = {arm["name"]: arm["sentence"] for arm in last["arms"]}
    assert "a new study with about" in said["box"] or "out of reach" in said["box"]


def test_shares_of_the_masks_are_answered_one_by_one(
    finished: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "study"
    assert ask("--data", store, "--out", out, *PER_ARM, "--seeds", "1", "--label-fractions", "0.5,1") == 0
    said = unwrapped(capsys.readouterr().err)
    assert said.index("with 50% of the masks:") < said.index("with 100% of the masks:")
    half, whole = json.loads((out / "study.json").read_text())["answers"]
    before = json.loads((finished / "study.json").read_text())["answers"][0]
    assert whole["baseline"]["figure_per_seed"]["0"] == before["baseline"]["figure_per_seed"]["0"]
    assert half["baseline"]["figure_per_seed"] != whole["baseline"]["figure_per_seed"]


def test_labels_that_the_data_lack_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = [replace(draw_sample(index), boxes=()) for index in range(12)]
    splits = [*["train"] * 6, *["val"] * 3, *["test"] * 3]
    path = prepare(DrawnSource(samples, splits), tmp_path / "boxless.h5", size=32).path
    assert ask("--data", path, "--out", tmp_path / "study", *QUESTION) == 2
    assert "no training sample has a label for box" in unwrapped(capsys.readouterr().err)
    assert not (tmp_path / "study").exists()


def test_data_without_a_test_split_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = [draw_sample(index) for index in range(6)]
    path = prepare(DrawnSource(samples, ["train"] * 6), tmp_path / "untested.h5", size=32, val_fraction=0).path
    assert ask("--data", path, "--out", tmp_path / "study", *QUESTION) == 2
    assert "no test sample has a label for segmentation" in unwrapped(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--base", "tiny"], "study needs a YAML file, or --base and --auxiliaries"),
        ([*QUESTION, "--workers", "0"], "--workers and --threads: expected 1 or more"),
        ([*QUESTION, "--weights", "box:3"], "--weights box:3: expected name=weight"),
        ([*QUESTION, "--label-fractions", "all"], "--label-fractions all: expected numbers"),
        ([*QUESTION, "--plugins", "nowhere.py"], "nowhere.py: the plugin file does not exist"),
    ],
)
def test_mistakes_are_refused_with_one_sentence(
    arguments: list[str], expected: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("--data", store, "--out", tmp_path / "study", *arguments) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_measured_choices_hold_for_all_runs(study: Path, store: Path) -> None:
    about = json.loads((study / "about.json").read_text())
    assert about["choices"] == {"precision": "fp32", "channels_last": False, "threads": 1}
    opened = small_config(settings=(*SETTINGS, "training.precision=auto"))
    recipes = {run.directory_name for run in make_plan(opened).runs}
    run_study(opened, store, study)
    assert not any((StudyDirectory(study).path / "runs" / name).exists() for name in recipes)


def test_without_validation_there_is_no_best_and_nothing_is_trained(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, best = tmp_path / "study", tmp_path / "best.yaml"
    question = [*PER_ARM, "data.train_on=train+val", "--seeds", "1", "--best", best]
    assert ask("--data", store, "--out", out, *question) == 2
    assert "--best chooses on validation, but data.train_on is train+val" in unwrapped(capsys.readouterr().err)
    samples = [draw_sample(index) for index in range(9)]
    splits = [*["train"] * 6, *["test"] * 3]
    path = prepare(DrawnSource(samples, splits), tmp_path / "unvalidated.h5", size=32, val_fraction=0).path
    assert ask("--data", path, "--out", out, *PER_ARM, "--best", best) == 2
    said = unwrapped(capsys.readouterr().err)
    assert "no validation sample has a label for segmentation, so --best has nothing to choose by" in said
    assert not out.exists()
    assert not best.exists()


def test_a_study_of_which_every_arm_diverged_has_no_best(study: Path, store: Path) -> None:
    config = small_config()
    for run in make_plan(config).runs:
        write_atomically(StudyDirectory(study).failure_file(run), b"too steep")
    with pytest.raises(RunError, match="runs of every arm diverged, so no arm can be the best"):
        best_on_validation(Study(config, store, StudyDirectory(study)), higher_is_better=True)


def test_a_dry_run_counts_what_is_done(study: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in sorted(study.rglob("*"))}
    assert ask("--data", store, "--out", study, *SAME_QUESTION, "--dry-run", "--json") == 0
    captured = capsys.readouterr()
    assert "8 runs, 8 of them done, about 0 s with 1 worker(s)" in unwrapped(captured.err)
    assert json.loads(captured.out) == {"runs": 8, "done": 8, "seconds": 0.0, "per_arm": {}}
    more = [{"2": "3"}.get(word, word) for word in SAME_QUESTION]
    assert ask("--data", store, "--out", study, *more, "--dry-run", "--json") == 0
    left = json.loads(capsys.readouterr().out)
    assert (left["runs"], left["done"]) == (12, 8)
    assert left["seconds"] > 0
    assert {path: path.stat().st_mtime_ns for path in sorted(study.rglob("*"))} == before


@pytest.mark.parametrize(
    ("arguments", "runs", "expected"),
    [
        (["--tune-weights"], 14, "box (weight out of 0.1, 0.3, 1): 1 seed"),
        (["--tune-weights", "0.2,2"], 10, "on validation: 2 tries for each arm and for target only, 2 seeds each"),
        (["--controls", "same-compute"], 3, "(target only, trained 1.004 times as long (same compute as box))"),
    ],
)
def test_a_search_and_longer_training_are_planned(
    arguments: list[str], runs: int, expected: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = [*QUESTION, "--seeds", "1", *arguments, "--dry-run", "--json"]
    assert ask("--data", store, "--out", tmp_path / "study", *question) == 0
    captured = capsys.readouterr()
    assert expected in unwrapped(captured.err)
    assert json.loads(captured.out)["runs"] == runs


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tune-weights", "box"], "--tune-weights box: expected numbers separated by commas"),
        (["--weights", "box=1,box=2"], "--weights box=1,box=2: names box twice"),
        (["--weights", "box"], "--weights box: expected name=weight separated by commas"),
        (["--margin", "inf"], "margin is inf: input should be a finite number"),
        (["--margin", "0.5"], "margin is 0.5: input should be less than 0.5"),
        (["--controls", "edges"], "controls names edges, which carries information; expected noise, random-labels or"),
        (["--label-fractions", "0.0001,0.001"], "label_fractions 0.0001 and 0.001 both mean 1 mask"),
    ],
)
def test_numbers_and_names_that_cannot_be_meant_are_refused(
    arguments: list[str], said: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, *arguments) == 2
    assert said in unwrapped(capsys.readouterr().err)
    assert not (tmp_path / "study").exists()


def test_a_directory_whose_notes_are_cut_off_is_refused(
    study: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text, said in (('{"format": 1', "expected JSON"), ("[]", "the whole is a list of 0")):
        (study / "about.json").write_text(text)
        assert ask("--data", store, "--out", study, *SAME_QUESTION) == 2
        assert f"{study / 'about.json'}: {said}" in unwrapped(capsys.readouterr().err)


def test_the_yaml_that_a_study_leaves_asks_the_same_question(
    study: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", str(study / "study.yaml"), "--data", str(store), "--out", str(study), "--dry-run"]) == 0
    assert "8 of them done" in unwrapped(capsys.readouterr().err)
