"""Which folders there are, and what they hold by name or type."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.layers import METRES, MapForm, MaskForm
from auxseg.data.sources.arrays.layout import find_layout, form_of
from auxseg.errors import InputError
from tests.data.sources.arrays.folders import put, write_arrays


def test_images_are_in_the_order_of_their_numbers(tmp_path) -> None:
    layout = find_layout(write_arrays(tmp_path, {"train": 12, "val": 2}))
    assert layout.names == {"train": tuple(map(str, range(12))), "val": ("0", "1")}
    assert layout.folders == ("depth", "label", "normal")
    assert layout.mask == "label"


def test_cityscapes_has_several_masks_of_which_the_first_is_the_mask(tmp_path) -> None:
    for name in ("label_19", "label_7", "image"):
        put(tmp_path / "train" / name / "0.npy", np.zeros((4, 4, 3)))
    assert find_layout(tmp_path).mask == "label_7"


@pytest.mark.parametrize(
    ("folder", "values", "form"),
    [
        ("depth", np.zeros((4, 4)), MapForm(unit=METRES)),
        ("normals", np.zeros((3, 4, 4)), MapForm(channels=3, is_vector=True)),
        ("heat", np.zeros((4, 4)), MapForm()),
        ("flow", np.zeros((4, 5, 2), np.float32), MapForm(channels=2)),
        ("parts", np.zeros((4, 4), np.int64), MaskForm(("a", "b"))),
    ],
)
def test_a_folder_holds_what_its_name_or_its_first_array_says(tmp_path, folder, values, form) -> None:
    put(tmp_path / "train" / "image" / "0.npy", np.zeros((4, 4, 3)))
    put(tmp_path / "train" / folder / "0.npy", values)
    assert form_of(tmp_path, find_layout(tmp_path), folder, folder, lambda: ("a", "b")) == form


@pytest.mark.parametrize(
    ("folder", "values", "reason"),
    [
        ("heat", np.zeros((8, 5, 9)), r"arrays in heat have the shape \(8, 5, 9\), expected height and width with at"),
        ("2d", np.zeros((4, 4)), "the name of the folder '2d' should be a letter and at most 63 more"),
        ("words", np.array(["a"]), "words/0.npy holds <U1, expected numbers"),
    ],
)
def test_a_folder_of_anything_else_is_refused(tmp_path, folder, values, reason) -> None:
    put(tmp_path / "train" / "image" / "0.npy", np.zeros((4, 4, 3)))
    put(tmp_path / "train" / folder / "0.npy", values)
    with pytest.raises(InputError, match=reason):
        form_of(tmp_path, find_layout(tmp_path), folder, folder, lambda: ())


def test_a_folder_without_images_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match=r"should hold \.npy files in folders such as train/image"):
        find_layout(tmp_path)
    (tmp_path / "train" / "image").mkdir(parents=True)
    with pytest.raises(InputError, match=r"train/image holds no \.npy files"):
        find_layout(tmp_path)
    (tmp_path / "train" / "heat").mkdir()
    put(tmp_path / "train" / "image" / "0.npy", np.zeros((4, 4, 3)))
    with pytest.raises(InputError, match="the folder heat holds no array for any image"):
        form_of(tmp_path, find_layout(tmp_path), "heat", "heat", lambda: ())
