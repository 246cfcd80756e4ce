"""A store that is damaged anywhere is read or refused with one sentence, soon and without much memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.data.preparing.prepare import prepare
from tests.data.damage import mutations, opened_in_time
from tests.data.old_stores import write_old
from tests.data.pictures import drawn_source

PICTURES = 6 * 16 * 16 * 4
"""Bytes at the beginning of the file that are mostly pictures: damage to them is not the index's."""


@pytest.fixture(scope="module")
def new(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("store") / "new.h5"
    return prepare(drawn_source(6, bad=["drawn 3"]), out, size=16).path


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("version", [1, 1.1])
def test_no_damage_keeps_a_reader_or_surprises_it(new, tmp_path, version):
    path = new if version == 1.1 else write_old(new, tmp_path / "old.h5")
    content = path.read_bytes()
    changed = [*mutations(content, 30, 0), *mutations(content, 60, 1, PICTURES)]
    assert 0 < opened_in_time(changed, tmp_path / "changed.h5") < len(changed)
