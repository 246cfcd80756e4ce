"""What the options of `auxseg study` are read as, and what cannot be meant."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from auxseg.cli.study import command as module
from auxseg.cli.study.command import Study
from auxseg.errors import InputError
from auxseg.study.execution.local import ThisMachine

DATA = Path("x.h5")


def _study(**options: Any) -> Study:
    return Study(**{"data": DATA, "base": "tiny", "auxiliaries": "box", **options})


def _asked(**options: Any) -> Any:
    return _study(**options)._config()


def _refused(**options: Any) -> str:
    with pytest.raises(InputError) as refused:
        _asked(**options)
    return str(refused.value)


def test_options_are_the_question() -> None:
    config = _asked(
        auxiliaries="classification, box,,edges ",
        seeds=3,
        design="each",
        controls="noise,same-compute",
        label_fractions="0.05, 1",
        margin=0.01,
        weights="box=0.5, edges=0",
        set=("training.steps=5", "data.size=64"),
        looks="1",
    )
    assert config.auxiliaries == ("classification", "box", "edges")
    assert config.controls == ("noise", "same-compute")
    assert config.label_fractions == (0.05, 1.0)
    assert config.weights == {"box": 0.5, "edges": 0.0}
    assert config.settings == ("training.steps=5", "data.size=64")
    assert (config.seeds, config.design, config.margin, config.looks) == (3, "each", 0.01, 1)


def test_what_is_not_given_is_left_to_the_question() -> None:
    config = _asked()
    assert (config.seeds, config.design, config.margin, config.looks) == (5, "all-but-one", None, None)
    assert (config.label_fractions, config.tune_weights, config.weights, config.settings) == (None, None, {}, ())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ((), (0.1, 0.3, 1.0)),
        (("0.1,1",), (0.1, 1.0)),
        (("0.1", "0.5", "1"), (0.1, 0.5, 1.0)),
        (("0.1,0.5", "1"), (0.1, 0.5, 1.0)),
    ],
)
def test_weights_to_try_may_stand_apart_and_have_a_default(given: Any, expected: Any) -> None:
    assert _asked(tune_weights=given).tune_weights == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_fractions": "0.1;1"}, "--label-fractions 0.1;1: expected numbers separated by commas, such as "),
        ({"tune_weights": ("a,b",)}, "--tune-weights a,b: expected numbers separated by commas, such as 0.05,0.1"),
        ({"weights": "box"}, "--weights box: expected name=weight separated by commas, such as box=0.5"),
        ({"weights": "box=heavy"}, "--weights box=heavy: expected name=weight separated by commas"),
        ({"weights": "box=1,box=2"}, "--weights box=1,box=2: names box twice"),
        ({"weights": "box=nan"}, "weights"),
        ({"weights": "box=-1"}, "weights"),
        ({"base": None}, "study needs a YAML file, or --base and --auxiliaries"),
        ({"auxiliaries": None}, "study needs a YAML file, or --base and --auxiliaries"),
        ({"auxiliaries": " , "}, "study: auxiliaries is missing; name at least one"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], message: str) -> None:
    assert message in _refused(**options)


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"base": "tiny"}, "--base"),
        ({"seeds": 3}, "--seeds"),
        ({"label_fractions": "0.1"}, "--label-fractions"),
        ({"tune_weights": ()}, "--tune-weights"),
        ({"set": ("training.steps=5",)}, "--set"),
    ],
)
def test_a_file_asks_alone_and_the_option_is_named_as_it_was_typed(
    options: dict[str, Any], option: str, tmp_path: Path
) -> None:
    file = tmp_path / "question.yaml"
    file.write_text("base: tiny\nauxiliaries: [box]\nseeds: 2\n")
    assert _asked(base=None, auxiliaries=None, file=file).seeds == 2
    refusal = _refused(**{"base": None, "auxiliaries": None, "file": file, **options})
    assert refusal == f"study: {file} asks the question, so it cannot be combined with {option}; set it in the file"


@pytest.fixture
def _no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "refuse_no_store", lambda path: None)


@pytest.mark.usefixtures("_no_data")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "study: --workers and --threads: expected 1 or more"),
        ({"threads": -1}, "study: --workers and --threads: expected 1 or more"),
        ({"gpus_per_run": 0.5}, "study: --gpus-per-run 0.5: expected 0 to 1, together with --ray"),
        ({"gpus_per_run": 1.5, "ray": "local"}, "study: --gpus-per-run 1.5: expected 0 to 1, together with --ray"),
        ({"gpus_per_run": -1, "ray": "local"}, "study: --gpus-per-run -1: expected 0 to 1, together with --ray"),
        ({"best": Path("nowhere/best.yaml")}, "nowhere is not a directory"),
    ],
)
def test_numbers_and_places_that_cannot_be_are_refused_before_anything_is_made(
    options: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        _study(out=tmp_path / "study", **options).run(Console(quiet=True))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_no_data")
def test_a_recipe_that_exists_is_replaced_only_if_told(tmp_path: Path) -> None:
    best = tmp_path / "best.yaml"
    best.write_text("precious")
    with pytest.raises(InputError, match=r"best\.yaml already exists; --overwrite replaces it"):
        _study(out=tmp_path / "study", best=best).run(Console(quiet=True))
    assert best.read_text() == "precious"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.4, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (300, "5 min"),
        (5399, "90 min"),
        (5400, "1.5 h"),
        (100_000, "27.8 h"),
    ],
)
def test_times_are_said_as_people_say_them(seconds: float, expected: str) -> None:
    effort: Any = SimpleNamespace(runs=6, done=0, seconds=seconds)
    assert _study().time_left(effort) == f"6 runs, about {expected} with 1 worker(s)"


def test_what_is_done_and_where_it_was_measured_are_said() -> None:
    effort: Any = SimpleNamespace(runs=6, done=2, seconds=60)
    assert _study(workers=3).time_left(effort) == "6 runs, 2 of them done, about 60 s with 3 worker(s)"
    assert _study(ray="auto").time_left(effort).endswith("with 1 worker(s) of this machine, not of the cluster")


@pytest.mark.parametrize(("workers", "expected"), [(None, 1), (3, 3)])
def test_without_a_cluster_this_machine_trains(workers: int | None, expected: int) -> None:
    with _study(workers=workers).site() as site:
        assert isinstance(site, ThisMachine)
        assert site == ThisMachine(expected)
