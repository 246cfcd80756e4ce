"""Grids of settings: every combination once, each with a name that can be a directory's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auxseg.cli.grid import combinations
from auxseg.cli.main import main
from auxseg.errors import InputError
from auxseg.run import Run


def test_no_grid_is_one_combination() -> None:
    assert combinations(()) == [("", [])]


def test_every_combination_of_every_value() -> None:
    assert combinations(["a.b=1,2", "c=x, y"]) == [
        ("-a.b-1-c-x", ["a.b=1", "c=x"]),
        ("-a.b-1-c-y", ["a.b=1", "c=y"]),
        ("-a.b-2-c-x", ["a.b=2", "c=x"]),
        ("-a.b-2-c-y", ["a.b=2", "c=y"]),
    ]


def test_commas_inside_of_brackets_belong_to_the_value() -> None:
    grid = combinations(["balancer={kind: dwa, weights: {a: 1, b: 2}},{kind: equal}", "channels=[8, [1, 2]],[16]"])
    assert grid[0][1] == ["balancer={kind: dwa, weights: {a: 1, b: 2}}", "channels=[8, [1, 2]]"]
    assert grid[3][0] == "-balancer-kind-equal-channels-16"


def test_a_minus_stays_in_the_name() -> None:
    assert [name for name, _ in combinations(["x=-1,1,[-1, 1]"])] == ["-x--1", "-x-1", "-x--1-1"]


@pytest.mark.parametrize("entry", ["x=1,[1]", "x=1,2,1"])
def test_combinations_that_would_be_called_alike_are_refused(entry: str) -> None:
    with pytest.raises(InputError, match="--grid: two combinations would be named '-x-1'"):
        combinations([entry])


@pytest.mark.parametrize("entry", ["a", "a=", "=1", "a=1,,2", "a=1,"])
def test_what_is_no_grid_is_refused(entry: str) -> None:
    with pytest.raises(InputError, match="expected key=value,value"):
        combinations([entry])


def test_a_grid_trains_every_combination_into_one_comparison(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = str(tmp_path / "animals.h5"), tmp_path / "runs"
    assert main(["data", "synthesize", "--out", data, "--samples", "20", "--size", "32", "--processes", "1"]) == 0
    settings = ["model.encoder.channels=[8, 12]", "training.batch=4", "training.precision=fp32", "training.steps=1"]
    grid = ["--grid", "balancer.weights.box=0.1,0.5", "--grid", "balancer.weights.classification=0,1"]
    capsys.readouterr()
    command = ["train", "tiny-mtl", "--data", data, "--out", str(out), "--json", *grid, "--set", *settings]
    assert main([*command, "training.channels_last=false"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert len(runs) == 4
    name = "tiny-mtl-balancer.weights.box-0.5-balancer.weights.classification-0"
    assert runs[name]["run"] == str(out / name)
    weights = {"segmentation": 1.0, "classification": 0.0, "box": 0.5}
    assert vars(Run.open(out / name).recipe.balancer)["weights"] == weights
    page = (out / "report.html").read_text()
    assert all(run in page for run in runs)
