"""Pages that a process asks the system for while it frees and allocates tensors."""

import platform
import resource
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from auxseg.training import allocator
from auxseg.training.allocator import freed_memory_kept

BYTES = 64 * 2**20
TIMES = 20

needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is another than glibc")


def faults(work: Callable[[], object]) -> int:
    """Pages that the system had to provide for ``work``."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def fill() -> None:
    for _ in range(TIMES):
        torch.zeros(BYTES, dtype=torch.uint8).add_(1)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@needs_glibc
def test_the_same_memory_is_used_again_inside_and_not_outside():
    with freed_memory_kept():
        fill()
        inside = faults(fill)
    assert inside < faults(fill) / 4


@needs_glibc
@pytest.mark.parametrize("fails", [False, True])
def test_what_was_kept_is_handed_back(fails):
    def work() -> None:
        with freed_memory_kept():
            torch.zeros(4 * BYTES, dtype=torch.uint8).add_(1)
            if fails:
                raise ValueError("on purpose")

    before = resident_bytes()
    with pytest.raises(ValueError, match="on purpose") if fails else nullcontext():
        work()
    assert resident_bytes() - before < BYTES


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(allocator.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: pytest.fail("a C library was loaded"))
    with freed_memory_kept():
        pass
