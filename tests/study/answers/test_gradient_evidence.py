"""What the looks of several runs say together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auxseg.study.answers.gradient_evidence import STRETCHES, why


def _look(step: int, cosines: dict[str, float | None], affinity: float | None = None) -> dict[str, Any]:
    """A look at which the gradients of box are as long as the step says, and the target's twice as long."""
    norms = {"mask": dict.fromkeys(cosines, 2.0 * step), "box": dict.fromkeys(cosines, 1.0 * step)}
    return {
        "event": "gradients",
        "step": step,
        "norms": norms,
        "cosines": {"box": cosines},
        "affinities": {"box": affinity},
    }


def _write_looks(path: Path, *looks: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in [{"event": "step", "step": 1}, *looks]))
    return path


def _write(path: Path, *looks: tuple[dict[str, float | None], float | None]) -> Path:
    return _write_looks(path, *(_look(1, cosines, affinity) for cosines, affinity in looks))


def test_means_over_the_looks_of_all_runs(tmp_path: Path) -> None:
    one = _write(tmp_path / "one", ({"all": -0.2, "stage 1": 0.1}, 0.01), ({"all": 0.4, "stage 1": 0.3}, None))
    other = _write(tmp_path / "other", ({"all": 0.4, "stage 1": None}, 0.03))
    found = why([one, other], ["box", "edges"])
    assert list(found) == ["box"]
    assert found["box"]["cosines"] == pytest.approx({"all": 0.2, "stage 1": 0.2})
    assert found["box"]["conflicts"] == pytest.approx(1 / 3)
    assert found["box"]["conflicts_by_group"] == pytest.approx({"all": 1 / 3, "stage 1": 0.0})
    assert found["box"]["affinity"] == pytest.approx(0.02)
    assert found["box"]["num_looks"] == 3


def test_looks_without_any_value_have_no_means(tmp_path: Path) -> None:
    (found,) = why([_write(tmp_path / "one", ({"all": None}, None))], ["box"]).values()
    over_time = found.pop("over_time")
    steps = {"steps": [1], "num_looks": [1]}
    assert found == {"cosines": {}, "conflicts": None, "conflicts_by_group": {}, "affinity": None, "num_looks": 1}
    assert {**over_time, "norms": {}} == {**steps, "cosines": {}, "conflicts": {}, "norms": {}}


def test_the_course_of_the_training_is_over_the_looks_of_all_seeds_at_a_step(tmp_path: Path) -> None:
    one = _write_looks(
        tmp_path / "one",
        _look(1, {"all": -0.2, "stage 1": None}),
        _look(51, {"all": 0.1, "stage 1": -0.3}),
    )
    other = _write_looks(
        tmp_path / "other",
        _look(1, {"all": 0.6, "stage 1": None}),
        _look(51, {"all": 0.3, "stage 1": None}),
        _look(101, {"all": -0.4, "stage 1": 0.0}),
    )
    found = why([one, other], ["box"])["box"]["over_time"]
    assert found["steps"] == [1, 51, 101]
    assert found["num_looks"] == [2, 2, 1]
    assert found["cosines"]["all"] == pytest.approx([0.2, 0.2, -0.4])
    assert found["cosines"]["stage 1"] == [None, -0.3, 0.0]
    # A cosine of zero is no conflict, and one that is not known counts on neither side.
    assert found["conflicts"] == {"all": [0.5, 0.0, 1.0], "stage 1": [None, 1.0, 0.0]}
    assert found["norms"]["auxiliary"] == {"all": [1.0, 51.0, 101.0], "stage 1": [1.0, 51.0, 101.0]}
    assert found["norms"]["target"] == {"all": [2.0, 102.0, 202.0], "stage 1": [2.0, 102.0, 202.0]}


def test_a_long_training_is_cut_into_stretches_of_equal_length(tmp_path: Path) -> None:
    # Looked at in every step up to 600, in conflict in the first fifth of each hundred, and at 1,200 again.
    looks = [_look(step, {"all": -1.0 if (step - 1) % 100 < 20 else 1.0}) for step in (*range(1, 601), 1200)]
    found = why([_write_looks(tmp_path / "one", *looks)], ["box"])["box"]["over_time"]
    assert len(found["steps"]) == STRETCHES // 2 + 1  # nothing was looked at between 601 and 1,100
    assert found["num_looks"] == [100] * 6 + [1]
    assert found["steps"] == [50, 150, 250, 350, 450, 550, 1200]
    assert found["conflicts"]["all"] == pytest.approx([0.2] * 6 + [0.0])
    assert found["cosines"]["all"] == pytest.approx([0.6] * 6 + [1.0])


@pytest.mark.parametrize("num_steps", [1, STRETCHES, STRETCHES + 1, 1000])
def test_every_look_is_in_one_stretch(tmp_path: Path, num_steps: int) -> None:
    looks = [_look(1 + 7 * index, {"all": 0.5}) for index in range(num_steps)]
    found = why([_write_looks(tmp_path / "one", *looks)], ["box"])["box"]["over_time"]
    assert len(found["steps"]) == min(num_steps, STRETCHES)
    assert found["steps"] == sorted(set(found["steps"]))
    assert sum(found["num_looks"]) == num_steps
    assert max(found["num_looks"]) - min(found["num_looks"]) <= 1


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
        assert (seen["over_time"]["steps"], seen["over_time"]["num_looks"]) == ([1], [2])
        assert seen["over_time"]["conflicts"]["all"] == [seen["conflicts"]]
        assert seen["over_time"]["norms"]["target"]["stage 1"][0] > 0
