"""What differs is named once, by its dotted key, in the order in which the keys stand."""

from __future__ import annotations

import pytest

from auxseg.records.values.differences import differences


def test_every_difference_is_named_with_what_each_holds() -> None:
    one = {"model": {"width": 1, "norm": {"kind": "batch"}}, "seed": 0, "target": "mask"}
    two = {"seed": 1, "model": {"norm": {"kind": "group"}, "width": 1}, "target": "mask", "new": 3}
    assert list(differences(one, two)) == [
        ("model.norm.kind", ("batch", "group")),
        ("seed", (0, 1)),
        ("new", (None, 3)),
    ]


def test_a_part_that_one_lacks_is_one_difference() -> None:
    box = {"kind": "box", "losses": {"giou": 1.0}}
    found = list(differences({"tasks": {"box": box}}, {"tasks": {}}, {"tasks": {"box": box}}))
    assert found == [("tasks.box", (box, None, box))]


def test_what_is_missing_is_none() -> None:
    assert list(differences({"clip": None, "phases": {}}, {"phases": {}})) == []


@pytest.mark.parametrize("number", [0, 1])
def test_fewer_than_two_do_not_differ(number: int) -> None:
    assert list(differences(*[{"seed": 1, "model": {"width": 2}}] * number)) == []
