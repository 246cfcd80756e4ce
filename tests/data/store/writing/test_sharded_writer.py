"""Several files are written with one open at a time, and say together what one file would."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.store.store import Store
from auxseg.data.store.writing.sharded_writer import ShardedWriter, check_shard_size
from auxseg.errors import InputError, RunError
from tests.data.store.writing.test_writer import HEADER, SIZE, record, write

PROVENANCE = {"source": "drawn", "notes": {"a note": 4}, "boxes": {"num_boxes": 7}, "seed": 3}


def write_shards(folder: Path, count: int, shard_size: int = 2, **changes: object) -> str:
    folder.mkdir()
    with ShardedWriter(folder, shard_size, SIZE) as writer:
        for number in range(count):
            writer.append(record(number))
        return writer.finish(np.arange(count, dtype=np.uint8) % 3, HEADER | changes, PROVENANCE)


@pytest.mark.parametrize(("count", "lengths"), [(1, [1]), (2, [2]), (5, [2, 2, 1]), (6, [2, 2, 2])])
def test_the_hash_is_that_of_one_file(tmp_path, count, lengths):
    found = write_shards(tmp_path / "many", count)
    records = [record(number) for number in range(count)]
    assert found == write(tmp_path / "one.h5", *records, split=[number % 3 for number in range(count)])
    store = Store.open(tmp_path / "many")
    assert store.content_hash == found
    assert [len(Store.open(file)) for file in store.files] == lengths


def test_each_file_is_a_store_with_all_class_names(tmp_path):
    write_shards(tmp_path / "many", 3, shard_size=1)
    for number, file in enumerate(Store.open(tmp_path / "many").files):
        shard = Store.open(file)
        assert shard.vocabulary.labels == {"breed": ("pug", "tabby")}
        assert shard.ids.tolist() == [f"sample {number}"]
        assert shard.split.tolist() == [number]
        assert shard.provenance == {"source": "drawn", "seed": 3}


def test_what_was_left_out_stands_in_the_index_and_with_its_own_samples(tmp_path):
    left_out = [["bad", "torn"]], [["sample 0", "no box"], ["sample 2", "no mask"], ["sample 2", "no box"]]
    write_shards(tmp_path / "many", 4, skipped=left_out[0], dropped=left_out[1])
    store = Store.open(tmp_path / "many")
    assert store.skipped == (("bad", "torn"),)
    assert store.dropped == (("sample 0", "no box"), ("sample 2", "no mask"), ("sample 2", "no box"))
    shards = [Store.open(file) for file in store.files]
    assert [shard.dropped for shard in shards] == [store.dropped[:1], store.dropped[1:]]
    assert store.provenance == PROVENANCE


def test_without_an_end_there_is_no_store(tmp_path):
    with ShardedWriter(tmp_path, 1, SIZE) as writer:
        writer.append(record(0))
        writer.append(record(1))
    with pytest.raises(InputError, match="is a directory without shards"):
        Store.open(tmp_path)
    with pytest.raises(InputError, match="not a store"):
        Store.open(tmp_path / "shard-0000.h5")


def test_an_index_is_small(tmp_path):
    write_shards(tmp_path / "many", 6)
    assert set(json.loads((tmp_path / "many" / "shards.json").read_text())) == {
        "format",
        "content_hash",
        "shards",
        "provenance",
        "skipped",
        "dropped",
    }


def test_a_disk_that_is_full_is_one_sentence(tmp_path):
    writer = ShardedWriter(tmp_path / "gone", 1, SIZE)
    with pytest.raises(RunError) as found:
        writer.append(record(0))
    assert str(found.value).startswith(f"{tmp_path}: writing the store failed: ")


def test_sizes_that_are_none_or_make_too_many_files_are_refused():
    check_shard_size(1, 10_000)
    with pytest.raises(InputError, match="shard_size must be at least 1 sample per file, not 0"):
        check_shard_size(0, 5)
    sentence = "shard_size 2 makes 10,001 files of 20,001 samples, more than 10,000; take at least 3"
    with pytest.raises(InputError, match=f"^{sentence}$"):
        check_shard_size(2, 20_001)
