"""`auxseg study --dry-run` and `--budget` as a person meets them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from auxseg.cli.main import main
from auxseg.recipe import Recipe
from auxseg.study.execution.pace import Pace
from tests.study.small import SETTINGS

QUESTION = ["--base", "tiny", "--auxiliaries", "classification,box,edges", "--design", "each", "--set", *SETTINGS]


@pytest.fixture(autouse=True)
def timed(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """A minute for each task of a training; gives the recipes that were timed."""
    recipes: list[Recipe] = []

    def pace(recipe: Recipe, data: Path, passes: int = 0, at: str = "stored") -> Pace:
        recipes.append(recipe)
        return Pace(60.0 * len(recipe.tasks), 0.0, 0.0)

    monkeypatch.setattr("auxseg.study.execution.time_estimate.pace_of", pace)
    return recipes


def ask(*arguments: object) -> int:
    return main(["study", *map(str, arguments)])


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_it_says_what_a_study_will_find_out(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, "--dry-run") == 0
    text = said(capsys)
    assert "20 runs, about 35 min with 1 worker(s)" in text
    assert "5 seeds and 8 test images, each measured mirrored too: every arm will be known to within about" in text
    assert "that rests on what small networks showed on photographs of 64 px" in text
    assert "the margin is 1 point unless you say otherwise: give the smallest difference" in text
    for kind in ("cheaper: 3 seeds, about 21 min", "same: 7 seeds, asking about classification,box alone", "larger: "):
        assert kind in text
    assert not (tmp_path / "study").exists()


def test_each_alternative_is_a_command_that_can_be_typed(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--vary", "training.batch=4,8", "--controls", "noise", "--margin", "0.02", "--looks", "5,10"]
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, *more, "--dry-run") == 0
    lines = [line.strip() for line in capsys.readouterr().err.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("auxseg study")]
    assert len(commands) == 3
    for words in commands:
        assert "--margin" in words
        assert main([*words[1:], "--dry-run"]) == 0
    assert "the margin is" not in " ".join(lines)


@pytest.mark.parametrize(
    ("more", "offered"), [([], True), (["--tune-weights", "0.1,1"], False), (["--folds", "2"], False)]
)
def test_folds_are_offered_where_they_can_be_had(
    more: list[str], offered: bool, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [*QUESTION, "--seeds", "20", "--margin", "0.002", *more]
    assert ask("--data", store, "--out", tmp_path / "study", *asked, "--dry-run") == 0
    text = said(capsys)
    assert "the test images limit this study more than its seeds do: more of them" in text
    assert ("or --folds," in text) == offered
    assert ("folds: 5 folds, so" in text) == offered


def test_what_it_says_is_there_as_json(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, "--dry-run", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["outlook"]["design"] == {
        "num_arms": 3,
        "num_seeds": 5,
        "num_images": 8,
        "mirrored": True,
        "looks": [],
    }
    assert [each["kind"] for each in told["outlook"]["alternatives"]] == ["cheaper", "same", "larger"]


def test_a_question_in_a_file_is_changed_there(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "question.yaml"
    file.write_text(f"base: tiny\nauxiliaries: [box]\nseeds: 6\nsettings: {json.dumps(SETTINGS)}\n")
    assert ask(file, "--data", store, "--out", tmp_path / "study", "--dry-run") == 0
    assert f"in {file}: seeds: 3" in said(capsys)


def test_the_method_per_arm_is_only_timed(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = ["--method", "per-arm", "--dry-run"]
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, *old) == 0
    text = said(capsys)
    assert "about 35 min" in text
    assert "known to within" not in text


def test_a_budget_chooses_seeds_and_arms_and_times_them_once(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], timed: list[Recipe]
) -> None:
    small = ["--budget", "15min", "--controls", "noise", "--dry-run", "--json"]
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, *small) == 0
    captured = capsys.readouterr()
    text = " ".join(captured.err.split())
    assert "a budget of 15 min: 3 seeds of the target alone and of classification, box; about 15 min" in text
    assert "no time for edges, noise" in text
    told = json.loads(captured.out)
    assert told["runs"] == 9
    assert "9 runs, about 15 min with 1 worker(s)" in text
    assert len(timed) == len({frozenset(recipe.tasks) for recipe in timed})


def test_a_budget_that_is_too_small_names_the_smallest(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, "--budget", "5min") == 2
    text = said(capsys)
    assert "a budget of 5 min is too small: 3 seeds of the baseline and classification take 9 min" in text
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "soon"], "--budget soon: expected a time such as 45min, 2h or 1h30m"),
        (["--looks", "soon"], "--looks soon: expected numbers of seeds separated by commas, such as 5,10"),
        (["--looks", "5,10", "--seeds", "6"], "seeds is 6, at which no look is planned; looks are planned at 5, 10"),
        (["--margin", "0"], "margin is 0: input should be greater than 0"),
        (["--vary", "data.target_per_batch"], "expected key=value,value,..., such as"),
        (["--vary", "model.widht=2"], "model.widht is not a setting (did you mean 'width'?)"),
        (["--budget", "1h", "--seeds", "5"], "--budget cannot be combined with --seeds; leave one out"),
        (["--budget", "1h", "--looks", "5,10"], "--budget cannot be combined with looks"),
        (["--budget", "1h", "--method", "per-arm"], "--budget cannot be combined with method per-arm"),
        (["--budget", "1h", "--tune-weights", "0.1,1"], "--budget cannot be combined with tune_weights"),
        (["--vary", "data={train_on: train+val}"], "data.train_on must be the same in all arms"),
        (["--looks", "2"], "looks is 2, which method per-arm understands"),
    ],
)
def test_mistakes_are_one_sentence(
    arguments: list[str], message: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("--data", store, "--out", tmp_path / "study", *QUESTION, *arguments) == 2
    error = capsys.readouterr().err
    assert message in " ".join(error.split())
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_begun_keeps_its_design(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "study"
    small = ["--budget", "9min", "--threads", "1"]
    assert ask("--data", store, "--out", out, *QUESTION, *small) == 0
    first = json.loads((out / "study.json").read_text())
    assert (first["seeds"], [arm["name"] for arm in first["answers"][0]["arms"]]) == (3, ["classification"])
    capsys.readouterr()
    assert ask("--data", store, "--out", out, *QUESTION, "--budget", "5h", "--threads", "1") == 0
    assert "the study is begun, with 3 seeds; --budget changes nothing now" in said(capsys)
    again = json.loads((out / "study.json").read_text())
    assert again["answers"] == first["answers"]
