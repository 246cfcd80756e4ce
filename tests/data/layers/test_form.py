"""What holds for every kind of layer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from auxseg.data.geometry import fit
from auxseg.data.layers import (
    METRES,
    BoxesForm,
    FixedForm,
    InstancesForm,
    MapForm,
    MaskForm,
    MultiMaskForm,
    PixelForm,
    PointsForm,
    TagsForm,
)
from auxseg.data.layers.parsing import parse_form
from auxseg.records.values.size import Size

FORMS = [
    MapForm(unit=METRES),
    MapForm(channels=3, is_vector=True),
    MapForm(channels=2, unit="px", is_vector=True),
    MapForm(channels=4),
    MaskForm(("none", "leg", "head")),
    MultiMaskForm(tuple("abcdefghi")),
    TagsForm(("rain", "snow")),
    BoxesForm(("car", "person")),
    PointsForm(("nose", "left eye", "right eye"), (("left eye", "right eye"),)),
    InstancesForm(),
]
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.in_words())
every_pixel_form = pytest.mark.parametrize(
    "form", [form for form in FORMS if isinstance(form, PixelForm)], ids=lambda form: form.in_words()
)


@every_form
def test_blank_values_are_usable_and_not_known(form) -> None:
    blank = form.blank(3, 5)
    assert blank.dtype == form.dtype
    assert form.fault(blank, (3, 5)) == ""
    assert not form.known(blank).any()
    assert form.tally(blank).num_known == 0
    if isinstance(form, FixedForm):
        assert blank.shape == form.shape(3, 5)


@every_form
def test_examples_are_usable_and_known(form) -> None:
    values = form.example(7, np.random.default_rng(0))
    assert form.fault(values, (7, 7)) == ""
    assert form.known(values).all()
    tally = form.tally(values)
    assert tally.num_known == tally.num_all > 0


@every_form
@pytest.mark.parametrize("resize", ["squash", "letterbox"])
@pytest.mark.parametrize("size", [5, 7, 20])
def test_placed_values_are_usable_again_also_when_they_are_cut_out(form, resize, size) -> None:
    values = form.cut(form.example(7, np.random.default_rng(0)), (0, 5, 0, 7))
    assert form.fault(values, (5, 7)) == ""
    place = fit((5, 7), size, resize)
    placed = form.placed(values, place)
    assert placed.dtype == form.dtype
    assert form.fault(placed, (size, size)) == ""
    assert form.fault(form.cut(placed, place.inside), (place.inside[1] - place.inside[0], size)) == ""


@every_pixel_form
@pytest.mark.parametrize("size", [5, 7, 20])
def test_resized_values_are_usable_again(form, size) -> None:
    resized = form.resized(form.example(7, np.random.default_rng(0)), (size, size + 1))
    assert resized.dtype == form.dtype
    assert form.fault(resized, (size, size + 1)) == ""


@every_form
def test_what_is_unknown_stays_unknown(form) -> None:
    assert not form.known(form.placed(form.blank(8, 4), fit((8, 4), 6, "letterbox"))).any()
    assert not form.known(form.cut(form.blank(8, 4), (0, 2, 0, 2))).any()
    if isinstance(form, PixelForm):
        assert not form.known(form.resized(form.blank(8, 8), (3, 5))).any()


@every_form
def test_values_of_several_samples_are_one_array_with_an_axis_of_samples(form) -> None:
    random = np.random.default_rng(0)
    samples = [form.example((5, 7), random), form.blank(5, 7), form.example((5, 7), random)]
    batched = form.batched(samples, Size(5, 7))
    assert len(batched) == 3
    alone = form.batched(samples[:1], Size(5, 7))[0]
    np.testing.assert_array_equal(batched[0][: len(alone)], alone)


@every_form
def test_values_in_the_same_words_are_the_same(form) -> None:
    values = form.example(7, np.random.default_rng(0))
    np.testing.assert_array_equal(form.translated(values, form), values)


@pytest.mark.parametrize("kind", [MaskForm, MultiMaskForm, TagsForm, BoxesForm, PointsForm])
def test_values_in_other_words_keep_what_their_names_say(kind) -> None:
    """Back in the first words everything is there again but the class that the others lack."""
    form, other = kind(("a", "b", "c")), kind(("c", "new", "a"))
    values = form.example(7, np.random.default_rng(0))
    there = form.translated(values, other)
    assert other.fault(there, (7, 7)) == ""
    mine, found = form.tally(values).by_name, other.tally(there).by_name
    for name in ("a", "c"):
        assert found[name][0] == mine[name][0]
    assert found["new"][0] == 0
    back = other.translated(there, form)
    assert form.tally(back).by_name["a"][0] == mine["a"][0]
    assert form.tally(back).by_name["b"][0] == 0


@every_form
def test_a_form_travels_as_json(form) -> None:
    assert parse_form(json.loads(json.dumps(form.to_json()))) == form


@pytest.mark.parametrize("kind", [MaskForm, MultiMaskForm, TagsForm, BoxesForm, PointsForm])
@pytest.mark.parametrize(
    ("names", "reason"), [((), "has 1 to"), (("a", "a"), "have the same name"), (("a\0",), "holds a NUL")]
)
def test_names_that_make_no_sense_are_refused(kind, names, reason) -> None:
    with pytest.raises(ValueError, match=reason):
        kind(names)
