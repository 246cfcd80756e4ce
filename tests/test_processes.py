"""The most memory of a process, from a moment on."""

from __future__ import annotations

import sys

import pytest

from auxseg.processes import forget_peak_memory, peak_memory_bytes

MIB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak")
def test_what_was_held_before_is_forgotten() -> None:
    forget_peak_memory()
    before = peak_memory_bytes()
    filled = bytearray(b"1") * (100 * MIB)
    del filled
    held = peak_memory_bytes() - before
    assert 60 * MIB < held < 130 * MIB  # what else was held may leave memory meanwhile
    forget_peak_memory()
    assert peak_memory_bytes() < before + 20 * MIB
