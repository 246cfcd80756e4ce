from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auxseg.errors import InputError
from auxseg.records.values.reading import read_json, read_text


@dataclass(frozen=True)
class Point:
    name: str
    places: tuple[float, ...]
    count: int = 0


def write(folder: Path, content: bytes) -> Path:
    (folder / "point.json").write_bytes(content)
    return folder / "point.json"


def test_a_file_becomes_a_typed_value_and_keys_of_newer_versions_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, b'{"name": "a", "places": [1, 2.5], "newer": {}}')
    assert read_json(path, Point) == Point("a", (1.0, 2.5))
    assert read_json(path, dict[str, Any])["newer"] == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"name": "a"', r"expected JSON, found '{\"name\": \"a\"' \(Expecting .* at line 1, column 13\)"),
        (b'{"name": "\xff", "places": []}', r"no UTF-8"),
        (b'{"name": "\\ud800", "places": []}', r"no UTF-8"),
        (b'{"name": "a", "places": [], "count": "1"}', r"count is '1': input should be a valid integer"),
        (b'{"name": "a", "places": [], "count": true}', r"count is True: input should be a valid integer"),
        (b'{"name": "a", "places": [], "count": 1.0}', r"count is 1.0: input should be a valid integer"),
        (b'{"name": 7, "places": []}', r"name is 7: input should be a valid string"),
        (b'{"name": "a", "places": [{}]}', r"places.0 is a mapping of 0: input should be a valid number"),
        (b'{"name": "a"}', r"places is missing"),
        (b"[]", r"the whole is a list of 0"),
        (b'{"name": "a", "places": [NaN]}', r"NaN is not a finite number"),
        (b'{"name": "a", "places": [1e400]}', r"1e400 is not a finite number"),
        (b'{"name": "a", "places": [%s]}' % (b"9" * 5000), r"9{40} is not a finite number"),
        (b'{"name": "a", "name": "b", "places": []}', r"the key 'name' occurs twice"),
        (b'{"name": "a", "places": [], "x": %s}' % (b"[" * 65 + b"]" * 65), r"is nested too deeply"),
        (b"[" * 100_000, r"is nested too deeply"),
        (b'{"name": "a", "places": [], "x": "%s"}' % (b"x" * 300), r"expected at most 200 bytes, found more"),
        (b"", r"expected JSON, found ''"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path, content)
    most = 200 if b"xxx" in content else 10**6
    with pytest.raises(InputError, match=message) as caught:
        read_json(path, Point, max_bytes=most, mend="do it again")
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    assert len(said) < len(str(path)) + 200
    assert most == 200 or said.endswith("; do it again")


def test_what_is_no_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, found in (("pipe", "something else"), ("missing", "nothing"), (".", "something else")):
        with pytest.raises(InputError, match=f"expected a file, found {found}"):
            read_text(tmp_path / name)
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="expected text in UTF-8, found another byte at 3"):
        read_text(tmp_path / "latin")
