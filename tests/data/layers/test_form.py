"""What holds for every kind of layer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from auxseg.data.geometry import fit
from auxseg.data.layers import METRES, MapForm, MaskForm, MultiMaskForm
from auxseg.data.layers.parsing import parse_form

FORMS = [
    MapForm(unit=METRES),
    MapForm(channels=3, is_vector=True),
    MapForm(channels=2, unit="px", is_vector=True),
    MapForm(channels=4),
    MaskForm(("none", "leg", "head")),
    MultiMaskForm(tuple("abcdefghi")),
]
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.in_words())


@every_form
def test_blank_values_are_usable_and_not_known(form) -> None:
    blank = form.blank(3, 5)
    assert (blank.shape, blank.dtype) == (form.shape(3, 5), form.dtype)
    assert form.fault(blank, (3, 5)) == ""
    assert not form.known(blank).any()


@every_form
def test_examples_are_usable_and_known(form) -> None:
    values = form.example(7, np.random.default_rng(0))
    assert form.fault(values, (7, 7)) == ""
    assert form.known(values).all()


@every_form
@pytest.mark.parametrize("size", [5, 7, 20])
def test_resized_values_are_usable_again(form, size) -> None:
    resized = form.resized(form.example(7, np.random.default_rng(0)), (size, size + 1))
    assert resized.dtype == form.dtype
    assert form.fault(resized, (size, size + 1)) == ""


@every_form
def test_what_is_unknown_stays_unknown(form) -> None:
    assert not form.known(form.resized(form.blank(8, 8), (3, 5))).any()
    assert not form.known(form.placed(form.blank(8, 4), fit((8, 4), 6, "letterbox"))).any()


@every_form
def test_a_form_travels_as_json(form) -> None:
    assert parse_form(json.loads(json.dumps(form.to_json()))) == form
