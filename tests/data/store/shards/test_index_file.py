"""The index of a store of several files is read strictly: what it cannot mean is refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auxseg.data.store.shards import index_file
from auxseg.data.store.shards.index_file import Shard, ShardIndex, read_index_file, shard_name, write_index
from auxseg.errors import InputError, RunError

HASHES = "a" * 64, "b" * 64, "c" * 64
INDEX = ShardIndex(
    HASHES[0],
    (Shard("shard-0000.h5", 3, HASHES[1]), Shard("shard-0001.h5", 2, HASHES[2])),
    {"source": "drawn", "notes": {"a note": 2}},
    (("a", "torn"),),
    (("b", "its mask is torn"),),
)


def test_what_is_written_is_what_is_read(tmp_path):
    write_index(tmp_path, INDEX)
    assert read_index_file(tmp_path) == INDEX
    assert [shard_name(number) for number in (0, 12, 12345)] == ["shard-0000.h5", "shard-0012.h5", "shard-12345.h5"]


def test_what_could_not_be_read_is_not_written(tmp_path, monkeypatch):
    write_index(tmp_path, INDEX)
    num_bytes = (tmp_path / index_file.INDEX_FILE).stat().st_size
    monkeypatch.setattr(index_file, "_MAX_BYTES", num_bytes)
    write_index(tmp_path, INDEX)
    assert read_index_file(tmp_path) == INDEX
    monkeypatch.setattr(index_file, "_MAX_BYTES", num_bytes - 1)
    with pytest.raises(RunError, match="over the limit of"):
        write_index(tmp_path, INDEX)
    with pytest.raises(InputError, match="expected at most"):
        read_index_file(tmp_path)


def put(*keys: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(index: Any) -> None:
        for key in keys[:-1]:
            index = index[key]
        index[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("format", value=2), "written by another version of auxseg (format 2, expected 1)"),
        (put("files", value=[]), "files is a list of 0: unexpected keyword argument"),
        (put("shards", 0, "bytes", value=7), "shards.0.bytes is 7: unexpected keyword argument"),
        (lambda index: index.pop("content_hash"), "content_hash is missing"),
        (lambda index: index["shards"][1].pop("samples"), "shards.1.samples is missing"),
        (put("shards", 0, "samples", value="3"), "shards.0.samples is '3': input should be a valid integer"),
        (put("shards", value=[]), "names 0 shards, expected 1 to 10,000"),
        (put("content_hash", value="0x12"), "content_hash is not a SHA-256 sum"),
        (put("shards", 1, "content_hash", value="C" * 64), "'shard-0001.h5' has a content_hash that is not a SHA-256"),
        (put("shards", 1, "samples", value=-1), "'shard-0001.h5' has -1 samples"),
        (put("shards", 1, "file", value="shard-0000.h5"), "'shard-0000.h5' stands in it twice"),
        (put("provenance", value={}), "provenance does not name a source"),
        (put("provenance", "notes", value={"a": "b"}), "the notes in provenance are not numbers of samples"),
        *(
            (put("shards", 0, "file", value=name), "is not the name of a file in its folder")
            for name in ("../other.h5", "/etc/passwd", "sub/shard.h5", "", ".", "..", "a\\b.h5", "a\0.h5")
        ),
    ],
)
def test_what_it_cannot_mean_is_refused(tmp_path, change, reason):
    write_index(tmp_path, INDEX)
    path = tmp_path / "shards.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    with pytest.raises(InputError) as found:
        read_index_file(tmp_path)
    sentence = str(found.value)
    assert sentence.startswith(f"{path}: ")
    assert reason in sentence
    assert sentence.endswith("restore it, or prepare or join the data again")
    assert "\n" not in sentence


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 1000, '{"format": 1, "format": 1}', '{"format": NaN}', "\0"])
def test_what_is_no_index_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "shards.json").write_text(content)
    with pytest.raises(InputError, match=r"shards\.json: .*; restore it, or prepare or join the data again$"):
        read_index_file(tmp_path)


def test_no_changed_byte_surprises_a_reader(tmp_path):
    write_index(tmp_path, INDEX)
    path = tmp_path / "shards.json"
    content = path.read_bytes()
    num_refused = 0
    for place in range(0, len(content), 3):
        for value in (0, ord('"'), content[place] ^ 4):
            path.write_bytes(content[:place] + bytes([value]) + content[place + 1 :])
            try:
                read_index_file(tmp_path)
            except InputError:
                num_refused += 1
    assert num_refused > len(content) / 3
