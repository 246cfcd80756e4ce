"""What the looks of several runs say together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auxseg.study.why import why


def _write(path: Path, *looks: tuple[dict[str, float | None], float | None]) -> Path:
    events: list[dict[str, Any]] = [
        {"event": "gradients", "step": 1, "cosines": {"box": cosines}, "affinities": {"box": affinity}}
        for cosines, affinity in looks
    ]
    path.write_text("".join(json.dumps(event) + "\n" for event in [{"event": "step", "step": 1}, *events]))
    return path


def test_means_over_the_looks_of_all_runs(tmp_path: Path) -> None:
    one = _write(tmp_path / "one", ({"all": -0.2, "stage 1": 0.1}, 0.01), ({"all": 0.4, "stage 1": 0.3}, None))
    other = _write(tmp_path / "other", ({"all": 0.4, "stage 1": None}, 0.03))
    found = why([one, other], ["box", "edges"])
    assert list(found) == ["box"]
    assert found["box"]["cosines"] == pytest.approx({"all": 0.2, "stage 1": 0.2})
    assert found["box"]["conflicts"] == pytest.approx(1 / 3)
    assert found["box"]["affinity"] == pytest.approx(0.02)
    assert found["box"]["num_looks"] == 3


def test_looks_without_any_value_have_no_means(tmp_path: Path) -> None:
    found = why([_write(tmp_path / "one", ({"all": None}, None))], ["box"])
    assert found == {"box": {"cosines": {}, "conflicts": None, "affinity": None, "num_looks": 1}}


def test_runs_that_were_not_looked_at_say_nothing(tmp_path: Path) -> None:
    assert why([_write(tmp_path / "one"), tmp_path / "missing"], ["box"]) == {}


def test_a_study_says_why_of_every_arm_but_its_baseline(finished: Path) -> None:
    (answer,) = json.loads((finished / "study.json").read_text())["answers"]
    found = {arm["name"]: arm["why"] for arm in answer["arms"]}
    assert found["edges"] == {}  # its runs diverged
    for name in ("classification", "box"):
        seen = found[name][name]
        assert seen["num_looks"] == 2  # the first step of either seed
        assert list(seen["cosines"]) == ["all", "stage 1", "stage 2"]
        assert seen["conflicts"] in (0.0, 0.5, 1.0)
        assert seen["affinity"] is not None
