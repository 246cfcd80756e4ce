"""The names of files of runs and studies are written out in one place."""

from __future__ import annotations

import re
from pathlib import Path

import auxseg
from auxseg.records import names

SOURCE = Path(auxseg.__file__).parent
FILES = [value for name, value in vars(names).items() if name.endswith("_FILE")]


def test_no_two_files_share_a_name() -> None:
    assert len(set(FILES)) == len(FILES) > 10


def test_a_failure_lies_beside_the_run() -> None:
    assert names.failure_file(Path("runs/box-seed0-1.5")) == Path("runs/box-seed0-1.5.failed")


def test_no_other_room_writes_a_name_out() -> None:
    """Words for people and docstrings may; a path or a constant may not."""
    written = re.compile(rf'"({"|".join(map(re.escape, FILES))})"')
    found = {
        path.relative_to(SOURCE).as_posix(): match[0]
        for path in SOURCE.rglob("*.py")
        if path.name != "names.py" and (match := written.search(path.read_text()))
    }
    assert found == {}


def test_only_records_parses_the_files_of_runs_and_studies() -> None:
    """The rooms above read and write them through their records."""
    for room in ("report", "study"):
        parsing = [
            path.name for path in (SOURCE / room).rglob("*.py") if re.search(r"json\.loads?\(", path.read_text())
        ]
        assert parsing == []
