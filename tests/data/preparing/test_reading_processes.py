"""Reading processes end with the one that started them, whatever they are doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

STUCK = """
import sys, time
from pathlib import Path
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources.source import Item, Source

class Stuck(Source):
    name = "stuck"
    mask_classes = ("background", "thing")

    def items(self):
        return [Item(str(number), "train") for number in range(50)]

    def read(self, item):
        Path(sys.argv[2], item.id).touch()
        time.sleep(1000)

    def provenance(self):
        return {}

if __name__ == "__main__":
    prepare(Stuck(), sys.argv[1], size=32, processes=2)
"""


def members(group: int) -> list[str]:
    """The processes of a group that are alive."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = stat.read_text().rpartition(") ")
            state, _, its_group = rest.split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(name)
    return found


def wait_for(condition, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("is_early", [True, False], ids=["while they start", "while they read"])
def test_ctrl_c_ends_everybody_at_once_and_leaves_nothing(tmp_path, is_early):
    script, begun, out = tmp_path / "script.py", tmp_path / "begun", tmp_path / "out"
    script.write_text(STUCK)
    begun.mkdir()
    out.mkdir()
    command = [sys.executable, str(script), str(out / "out.h5"), str(begun)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        # The first helper keeps track of what is shared; the others read.
        wait_for(lambda: len(members(process.pid)) > 2 if is_early else any(begun.iterdir()), 60)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=10)
        wait_for(lambda: not members(process.pid), 2)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert errors.count("Traceback") == errors.count("KeyboardInterrupt") == 1  # the script's own
    assert list(out.iterdir()) == []
