"""A form from outside is read strictly."""

from __future__ import annotations

import pytest

from auxseg.data.layers import MapForm
from auxseg.data.layers.parsing import parse_form

WHOLE = {"kind": "map", "channels": 2, "unit": "px", "is_vector": True}


def test_other_keys_are_left_alone() -> None:
    assert parse_form(WHOLE | {"hash": "x"}) == MapForm(2, "px", True)


@pytest.mark.parametrize(
    "changes",
    [{"kind": "maps"}, {"channels": "2"}, {"channels": True}, {"channels": 2.0}, {"unit": 3}, {"is_vector": 1}],
)
def test_other_values_are_refused(changes) -> None:
    with pytest.raises(ValueError, match=r"is none of map|whole number"):
        parse_form(WHOLE | changes)


@pytest.mark.parametrize("names", ["ab", None, [1], [["a"]]])
def test_names_are_a_list_of_texts(names) -> None:
    with pytest.raises(ValueError, match=r"is none of map|should be a text"):
        parse_form({"kind": "mask", "names": names})


def test_what_the_form_refuses_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a map has 1 to 4 channels, not 9$"):
        parse_form(WHOLE | {"channels": 9})
