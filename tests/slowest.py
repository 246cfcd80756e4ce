"""Modules that take longest, the longest first: they begin before all others, so that none is left to one process.

xdist would begin with those of most tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SLOWEST: Final = (
    "tests/models/test_properties.py",
    "tests/study/answers/test_simultaneous.py",
    "tests/run/test_presets.py",
    "tests/study/screening/test_screening.py",
    "tests/study/test_study_command.py",
    "tests/run/test_train.py",
    "tests/run/test_mirrored.py",
    "tests/study/execution/test_local.py",
    "tests/test_python_page.py",
    "tests/report/test_page.py",
    "tests/study/test_tuning.py",
    "tests/run/test_teaching.py",
    "tests/run/test_failing.py",
    "tests/run/test_balancers.py",
    "tests/study/design/test_plan.py",
)


def rank(path: Path) -> int:
    """The place of a module in the order."""
    name = path.as_posix().removeprefix(f"{ROOT.as_posix()}/")
    return SLOWEST.index(name) if name in SLOWEST else len(SLOWEST)
