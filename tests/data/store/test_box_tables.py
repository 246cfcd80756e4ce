"""The boxes of a store are those that were prepared, and a damaged table is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.store import Store
from auxseg.errors import InputError, RunError
from tests.data.layered import LayeredSource
from tests.data.pictures import open_hdf5


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = LayeredSource(missing=[(1, "things")])
    return prepare(source, tmp_path_factory.mktemp("store") / "boxes.h5", size=16).path


def _spoilt(path: Path, tmp_path: Path, change: Callable[[Any], None]) -> Path:
    spoilt = tmp_path / "spoilt.h5"
    spoilt.write_bytes(path.read_bytes())
    with open_hdf5(spoilt, "a") as file:
        change(file["layers/things"])
    return spoilt


def test_the_table_holds_the_boxes_of_all_samples_and_none_for_one_without_the_layer(path: Path) -> None:
    store = Store.open(path)
    with open_hdf5(path) as file:
        group: Any = file["layers/things"]
        first = group["first"][:]
        assert (group["box"].shape, group["class"].shape, group["crowd"].shape) == (
            (first[-1], 4),
            (first[-1],),
            (first[-1],),
        )
        assert file.attrs["schema_version"] == 2.1
        assert (np.diff(first) > 0).tolist() == [True, False, True, True]
        np.testing.assert_array_equal(group["box"][: first[1]], store.read_layers(0)["things"][:, :4])
    read = store.read_layers(0)["things"]
    read[:] = 0
    assert store.read_layers(0)["things"].any()  # nobody changes the table


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda group: group["first"].__setitem__(0, 1), "does not divide the"),
        (lambda group: group["first"].__setitem__(1, 10**6), "does not divide the"),
        (lambda group: group["first"].__setitem__(4, 10**6), "does not divide the"),
        (lambda group: group.__delitem__("box"), "/layers/things/box is missing"),
        (lambda group: group.__delitem__("class"), "/layers/things/class is missing"),
    ],
)
def test_a_damaged_table_is_refused_when_the_store_is_opened(path: Path, tmp_path: Path, change, reason: str) -> None:
    with pytest.raises(InputError, match=f"is damaged: .*{reason}"):
        Store.open(_spoilt(path, tmp_path, change))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda group: group["class"].__setitem__(0, 7), "holds a box of class 7"),
        (lambda group: group["box"].__setitem__((0, 2), 99), "not within the 16 x 16 pixels"),
    ],
)
def test_a_box_that_makes_no_sense_is_refused_when_it_is_read(path: Path, tmp_path: Path, change, reason: str) -> None:
    store = Store.open(_spoilt(path, tmp_path, change))
    store.read_layers(2)
    with pytest.raises(RunError, match=f"the layer 'things' of drawn 0 .*{reason}"):
        store.read_layers(0)


def test_the_hash_is_of_form_presence_and_boxes(path: Path, tmp_path: Path) -> None:
    again = prepare(LayeredSource(missing=[(1, "things")]), tmp_path / "a.h5", size=16).path
    other = prepare(LayeredSource(missing=[(2, "things")]), tmp_path / "b.h5", size=16).path
    hashes = [Store.open(each).layers["things"].content_hash for each in (path, again, other)]
    assert hashes[0] == hashes[1] != hashes[2]
