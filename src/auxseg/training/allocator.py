"""Memory that was freed stays in the process, so that the next step finds it there.

glibc maps large blocks anew and hands them back when they are freed. A step of training does that with every tensor,
and the system clears each page of it again: measured on a CPU, a sixth of a step of a small network and over a quarter
of one of a large network. mallopt(3) describes the settings.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_MMAP_MAX: Final = -4
"""Names of settings in glibc's malloc.h."""

_NEVER: Final = -1
_USUAL_MMAPS: Final = 65536
_ADAPTED_BYTES: Final = 32 * 2**20
"""Up to where glibc raises the size from which it maps by itself, once larger blocks were freed."""


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep what is freed inside, and hand it back at the end; with another C library than glibc, do nothing.

    It holds for the whole process, and costs it no more than what is fragmented of its peak.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_MMAP_MAX, 0)
    libc.mallopt(_TRIM_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        libc.mallopt(_MMAP_MAX, _USUAL_MMAPS)
        libc.mallopt(_MMAP_THRESHOLD, _ADAPTED_BYTES)
        libc.mallopt(_TRIM_THRESHOLD, 2 * _ADAPTED_BYTES)
        libc.malloc_trim(0)
