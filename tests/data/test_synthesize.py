"""The generated data set as a store: the same settings make the same content, and every setting counts."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.data.store.store import Store
from auxseg.data.synthesize import synthesize
from auxseg.errors import InputError


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return Store.open(synthesize(tmp_path_factory.mktemp("made") / "a.h5", num_samples=2, size=32, seed=3).path)


def test_the_store_holds_what_the_generator_makes_pixel_by_pixel(store) -> None:
    source = SyntheticSource(2, 32, 3)
    for row, item in enumerate(source.items()):
        sample, (image, mask) = source.read(item), store.read(row)
        np.testing.assert_array_equal(image, sample.image)
        np.testing.assert_array_equal(mask, sample.mask)
        assert store.ids[row] == item.id
        for kind, ids in store.classes.items():
            assert store.vocabulary.labels[kind][ids[row]] == sample.classes[kind]
        (box,) = sample.boxes or [None]
        expected = [np.nan] * 4 if box is None else np.array([box.x0, box.y0, box.x1, box.y1]) / 32
        np.testing.assert_allclose(store.boxes[row], expected, rtol=1e-6)


def test_the_store_says_how_it_was_made(store) -> None:
    assert store.ids[store.rows("train")].tolist() == [f"synthetic-00000{index}" for index in range(2)]
    assert store.vocabulary.mask_classes == ("background", "animal")
    assert store.provenance["source"] == "synthetic"
    assert store.provenance["details"] == SyntheticSource(2, 32, 3).provenance()


def test_the_same_settings_make_the_same_content_and_others_make_another(store, tmp_path) -> None:
    hashes = {}
    for name, change in {"same": {}, "seed": {"seed": 4}, "fewer": {"num_samples": 1}}.items():
        path = synthesize(tmp_path / f"{name}.h5", **({"num_samples": 2, "size": 32, "seed": 3} | change)).path
        hashes[name] = Store.open(path).content_hash
    assert hashes.pop("same") == store.content_hash
    assert len({store.content_hash, *hashes.values()}) == 3


def test_a_folder_of_files_holds_the_same(store, tmp_path) -> None:
    path = synthesize(tmp_path / "many", num_samples=2, size=32, seed=3, shard_size=1).path
    many = Store.open(path)
    assert [file.name for file in many.files] == ["shard-0000.h5", "shard-0001.h5"]
    assert many.content_hash == store.content_hash
    with pytest.raises(InputError, match="shard_size must be at least 1 sample per file, not 0"):
        synthesize(tmp_path / "none", num_samples=2, size=32, shard_size=0)


def test_progress_is_told_and_a_store_is_replaced_only_when_asked(tmp_path) -> None:
    told: list[tuple[int, int]] = []
    report = synthesize(
        tmp_path / "a.h5", num_samples=2, size=32, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 2), (2, 2)]
    assert report.num_written == 2
    with pytest.raises(InputError, match="already exists; --overwrite replaces it"):
        synthesize(tmp_path / "a.h5", num_samples=1, size=32)
    assert synthesize(tmp_path / "a.h5", num_samples=1, size=32, overwrite=True).num_written == 1


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"num_samples": 0}, "synthetic: the number of samples must be from 1 to 1,000,000, not 0"),
        ({"size": 31}, "synthetic: the size must be at least 32 pixels, not 31"),
        ({"seed": -1}, "synthetic: expected a seed of at least 0, not -1"),
        ({"processes": 0}, "processes must be at least 1, not 0"),
    ],
)
def test_settings_that_cannot_work_leave_no_file(tmp_path, settings, reason) -> None:
    with pytest.raises(InputError, match=f"^{reason}$"):
        synthesize(tmp_path / "a.h5", **({"num_samples": 2, "size": 32} | settings))
    assert list(tmp_path.iterdir()) == []
