"""docs/ancestors.md names every capability and, for every fault, tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "ancestors.md").read_text(encoding="utf-8")


def test_every_capability_is_listed() -> None:
    capabilities = PAGE.partition("## Faults")[0]
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", capabilities, re.MULTILINE)] == list(range(1, 49))


def test_every_fault_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| (\d+b?) \|(.*)$", PAGE.partition("## Faults")[2], re.MULTILINE)
    assert [number for number, _ in rows] == [*map(str, range(1, 26)), "25b", *map(str, range(26, 30))]
    for number, row in rows:
        named = re.findall(r"`(test_\w+)` \(([\w/]+\.py)\)", row)
        assert named, number
        for test, file in named:
            assert f"def {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), test
