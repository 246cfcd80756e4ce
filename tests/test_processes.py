"""The most memory of a process, from a moment on."""

from __future__ import annotations

import subprocess
import sys

import pytest

MIB = 2**20

MEASURED = """
from auxseg.processes import forget_peak_memory, peak_memory_bytes

forget_peak_memory()
before = peak_memory_bytes()
filled = bytearray(b"1") * (100 * 2**20)
del filled
held = peak_memory_bytes()
forget_peak_memory()
print(before, held, peak_memory_bytes())
"""
"""In a process of its own: what else a process of tests holds, comes and goes."""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak")
def test_what_was_held_before_is_forgotten() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True)
    before, held, after = map(int, done.stdout.split())
    assert 95 * MIB < held - before < 130 * MIB
    assert after < before + 20 * MIB
