"""Modules that take longest, the longest first: they begin before all others, so that none is left to one process.

xdist would begin with those of most tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, final

from xdist.scheduler import LoadScopeScheduling

ROOT: Final = Path(__file__).parents[1]
SLOWEST: Final = (
    "tests/deploy/",
    "tests/run/test_train.py",
    "tests/models/test_properties.py",
    "tests/study/test_study_command.py",
    "tests/study/answers/test_simultaneous.py",
    "tests/run/test_presets.py",
    "tests/test_python_page.py",
    "tests/study/screening/test_screening.py",
    "tests/run/test_phases.py",
    "tests/study/design/test_same_compute.py",
    "tests/run/test_balancers.py",
    "tests/data/sources/test_split_h5.py",
    "tests/run/test_teaching.py",
    "tests/report/test_in_chromium.py",
    "tests/run/test_mirrored.py",
    "tests/run/test_grid.py",
    "tests/study/test_planner_command.py",
)
TOGETHER: Final = ("tests/deploy/",)
"""Folders whose modules share what is made once in each process, so that one process takes them all."""


@final
class Scheduling(LoadScopeScheduling):
    """Modules by the process, as ``--dist loadscope`` has it, and some folders as one module."""

    def _split_scope(self, nodeid: str) -> str:
        folder = next((folder for folder in TOGETHER if nodeid.startswith(folder)), None)
        return folder or super()._split_scope(nodeid)


def rank(path: Path) -> int:
    """The place of a module in the order."""
    name = path.as_posix().removeprefix(f"{ROOT.as_posix()}/")
    return next((place for place, slow in enumerate(SLOWEST) if name.startswith(slow)), len(SLOWEST))
