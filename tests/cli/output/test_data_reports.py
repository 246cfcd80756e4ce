"""What was prepared is told in whole lines: names from outside as text, and many of one kind cut short."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from auxseg.cli.output.data_reports import print_report
from auxseg.cli.output.terminal import SafeConsole
from auxseg.data.preparing.findings import Finding
from auxseg.data.preparing.prepare import Report


def printed(**values: Any) -> list[str]:
    """The lines about a store in a terminal of 40 columns."""
    file = io.StringIO()
    given: dict[str, Any] = {"path": Path("pets.h5"), "num_written": 3, "skipped": (), "notes": {}, **values}
    print_report(SafeConsole(file=file, width=40), Report(**given))
    return file.getvalue().splitlines()


def test_of_a_store_without_faults_one_line_is_said() -> None:
    assert printed() == ["pets.h5: 3 samples"]
    assert printed(num_written=1) == ["pets.h5: 1 sample"]


def test_everything_that_was_done_has_its_line() -> None:
    assert printed(
        skipped=(("a", "it is torn"),),
        dropped=(("b", "its mask is wet"),),
        notes={"it was turned": 2},
        remarks=("ids have gaps",),
        findings=(Finding("leak", "train and test share an image"),),
    ) == [
        "left out: a: it is torn",
        "label left out: b: its mask is wet",
        "repaired: 2 of 3 samples: it was turned",
        "note: ids have gaps",
        "warning: train and test share an image [leak]",
        "pets.h5: 3 samples, 1 left out, 1 label left out",
    ]


def test_names_are_text_and_lines_are_not_broken() -> None:
    assert printed(skipped=(("[red]a\n" + 50 * "b", "it is torn"),))[0] == f"left out: [red]a\\n{50 * 'b'}: it is torn"


def test_of_many_lines_of_one_kind_twenty_are_said() -> None:
    lines = printed(skipped=tuple((f"{number}", "it is torn") for number in range(1025)))
    assert lines[19:] == [
        "left out: 19: it is torn",
        "left out: 1,005 more; --json lists all 1,025",
        "pets.h5: 3 samples, 1,025 left out",
    ]
