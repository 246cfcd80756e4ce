"""How a study is judged where its question leaves that open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auxseg.errors import InputError
from auxseg.recipe import build_tasks, load_recipe
from auxseg.records.about import Question
from auxseg.study.design.config import StudyConfig
from auxseg.study.design.rules import is_mirrored, method_of, with_rules
from tests.study.small import box_alone
from tests.tasks.examples import VOCABULARY

HERE = Path("studies/pets")


def _question(**values: Any) -> Question:
    return Question(target="segmentation", label_fractions=(1.0,), base={}, **values)


def _asked(**values: Any) -> StudyConfig:
    return box_alone(**{"method": None, **values})


def test_arms_are_judged_together_at_a_margin_of_a_point_by_default() -> None:
    found = with_rules(_asked(), None, HERE)
    assert (found.method, found.margin, found.planned_looks) == ("simultaneous", 0.01, (found.seeds,))
    old = with_rules(_asked(method="per-arm"), None, HERE)
    assert (old.method, old.margin, old.looks) == ("per-arm", 0.005, 2)
    assert with_rules(_asked(margin=0.02), None, HERE).margin == 0.02


def test_a_study_is_judged_by_the_method_it_was_begun_under() -> None:
    before = _question(margin=0.005, looks=2)  # as versions wrote it that knew one method
    assert method_of(before) == "per-arm"
    assert with_rules(_asked(), before, HERE).method == "per-arm"
    now = _question(method="simultaneous", margin=0.01, looks_at=(2,))
    assert with_rules(_asked(), now, HERE).method == "simultaneous"
    for begun, other in ((before, "simultaneous"), (now, "per-arm")):
        with pytest.raises(InputError, match=rf"was begun under method {method_of(begun)}, so method {other} is"):
            with_rules(_asked(method=other), begun, HERE)


def test_two_looks_without_their_seeds_are_refused() -> None:
    with pytest.raises(InputError, match=r"looks is 2, which method per-arm understands; .* such as looks: \[2, 4\]"):
        with_rules(_asked(looks=2), None, HERE)
    assert with_rules(_asked(looks=1), None, HERE).planned_looks == (2,)
    assert with_rules(_asked(looks=[4, 8], seeds=4), None, HERE).planned_looks == (4, 8)


@pytest.mark.parametrize(
    ("config", "settings", "expected"),
    [
        ({}, [], True),
        ({}, ["data.augment=none"], False),  # mirrored images would be new to the network
        ({}, ["tasks.side.kind=flip", "tasks.side.axis=horizontal"], False),
        ({"method": "per-arm"}, [], False),
        ({"method": "per-arm", "mirrored": True}, [], True),
        ({"mirrored": False}, [], False),
        ({"mirrored": True}, ["data.augment=none"], True),
    ],
)
def test_images_are_mirrored_where_left_and_right_are_alike(
    config: dict[str, Any], settings: list[str], expected: bool
) -> None:
    base = load_recipe("tiny", settings)
    tasks = list(build_tasks(base, VOCABULARY).values())
    assert is_mirrored(with_rules(_asked(**config), None, HERE), base, tasks) is expected


def test_a_task_that_knows_left_from_right_is_named() -> None:
    base = load_recipe("tiny", ["tasks.side.kind=flip", "tasks.side.axis=horizontal"])
    tasks = list(build_tasks(base, VOCABULARY).values())
    with pytest.raises(InputError, match=r"^study: mirrored is true, but side knows left from right; set mirrored"):
        is_mirrored(_asked(mirrored=True), base, tasks)
