"""What the looks of several runs say together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auxseg.records.arm_result import OverTime, Why
from auxseg.records.events import Gradients
from auxseg.study.answers.gradient_evidence import STRETCHES, why
from tests.records.made_events import make_look


def _look(step: int, cosines: dict[str, float | None], affinity: float | None = None) -> Gradients:
    """A look at which the gradients of box are as long as the step says, and the target's twice as long."""
    norms = {"mask": dict.fromkeys(cosines, 2.0 * step), "box": dict.fromkeys(cosines, 1.0 * step)}
    return make_look(step, norms=norms, cosines={"box": cosines}, affinities={"box": affinity})


def _looks(*looks: tuple[dict[str, float | None], float | None]) -> list[Gradients]:
    return [_look(1, cosines, affinity) for cosines, affinity in looks]


def _over_time(looks: list[Gradients]) -> OverTime:
    found = why(looks, ["box"])["box"].over_time
    assert found is not None
    return found


def test_means_over_the_looks_of_all_runs() -> None:
    one = _looks(({"all": -0.2, "stage 1": 0.1}, 0.01), ({"all": 0.4, "stage 1": 0.3}, None))
    found = why([*one, *_looks(({"all": 0.4, "stage 1": None}, 0.03))], ["box", "edges"])
    assert list(found) == ["box"]
    assert found["box"].cosines == pytest.approx({"all": 0.2, "stage 1": 0.2})
    assert found["box"].conflicts == pytest.approx(1 / 3)
    assert found["box"].conflicts_by_group == pytest.approx({"all": 1 / 3, "stage 1": 0.0})
    assert found["box"].affinity == pytest.approx(0.02)
    assert found["box"].num_looks == 3


def test_looks_without_any_value_have_no_means() -> None:
    (found,) = why(_looks(({"all": None}, None)), ["box"]).values()
    over_time = found.over_time
    assert over_time is not None
    expected = Why(cosines={}, conflicts=None, conflicts_by_group={}, affinity=None, num_looks=1, over_time=over_time)
    assert found == expected
    assert (over_time.steps, over_time.num_looks) == ((1,), (1,))
    assert (over_time.cosines, over_time.conflicts) == ({}, {})


def test_the_course_of_the_training_is_over_the_looks_of_all_seeds_at_a_step() -> None:
    one = [_look(1, {"all": -0.2, "stage 1": None}), _look(51, {"all": 0.1, "stage 1": -0.3})]
    other = [
        _look(1, {"all": 0.6, "stage 1": None}),
        _look(51, {"all": 0.3, "stage 1": None}),
        _look(101, {"all": -0.4, "stage 1": 0.0}),
    ]
    found = _over_time([*one, *other])
    assert found.steps == (1, 51, 101)
    assert found.num_looks == (2, 2, 1)
    assert found.cosines["all"] == pytest.approx((0.2, 0.2, -0.4))
    assert found.cosines["stage 1"] == (None, -0.3, 0.0)
    # A cosine of zero is no conflict, and one that is not known counts on neither side.
    assert found.conflicts == {"all": (0.5, 0.0, 1.0), "stage 1": (None, 1.0, 0.0)}
    assert found.norms["auxiliary"] == {"all": (1.0, 51.0, 101.0), "stage 1": (1.0, 51.0, 101.0)}
    assert found.norms["target"] == {"all": (2.0, 102.0, 202.0), "stage 1": (2.0, 102.0, 202.0)}


def test_a_long_training_is_cut_into_stretches_of_equal_length() -> None:
    # Looked at in every step up to 600, in conflict in the first fifth of each hundred, and at 1,200 again.
    looks = [_look(step, {"all": -1.0 if (step - 1) % 100 < 20 else 1.0}) for step in (*range(1, 601), 1200)]
    found = _over_time(looks)
    assert len(found.steps) == STRETCHES // 2 + 1  # nothing was looked at between 601 and 1,100
    assert found.num_looks == (100,) * 6 + (1,)
    assert found.steps == (50, 150, 250, 350, 450, 550, 1200)
    assert found.conflicts["all"] == pytest.approx([0.2] * 6 + [0.0])
    assert found.cosines["all"] == pytest.approx([0.6] * 6 + [1.0])


@pytest.mark.parametrize("num_steps", [1, STRETCHES, STRETCHES + 1, 1000])
def test_every_look_is_in_one_stretch(num_steps: int) -> None:
    looks = [_look(1 + 7 * index, {"all": 0.5}) for index in range(num_steps)]
    found = _over_time(looks)
    assert len(found.steps) == min(num_steps, STRETCHES)
    assert list(found.steps) == sorted(set(found.steps))
    assert sum(found.num_looks) == num_steps
    assert max(found.num_looks) - min(found.num_looks) <= 1


def test_an_auxiliary_that_was_not_looked_at_has_no_evidence() -> None:
    assert why([], ["box"]) == why(_looks(({"all": 0.5}, None)), ["edges"]) == {}


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
