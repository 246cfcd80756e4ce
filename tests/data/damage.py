"""Files that are changed at random, and readers that are watched while they read them."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from auxseg.data.preparing.record import RecordSettings, make_record
from auxseg.data.sources.source import SampleError, Source
from auxseg.data.store.store import Store
from auxseg.errors import InputError, RunError
from auxseg.records.values.size import Size

_SECONDS = 20
_BYTES = 2 * 2**30


def mutations(content: bytes, count: int, seed: int, start: int = 0) -> Iterator[bytes]:
    """Contents with one fault each, from ``start`` on: a bit, a byte, zeros, ones, a copy, a missing end."""
    random = np.random.default_rng(seed)
    for number in range(count):
        changed = bytearray(content)
        place, other = (int(each) for each in random.integers(start, len(content) - 64, 2))
        match number % 6:
            case 0:
                changed[place] ^= 1 << int(random.integers(8))
            case 1:
                changed[place] = int(random.integers(256))
            case 2:
                changed[place : place + 64] = bytes(64)
            case 3:
                changed[place : place + 8] = b"\xff" * 8
            case 4:
                changed[place : place + 16], changed[other : other + 16] = (
                    content[other : other + 16],
                    content[place : place + 16],
                )
            case _:
                del changed[place:]
        yield bytes(changed)


def in_time(work: Callable[[], int]) -> int:
    """What a function returns, below 250, in a fork that has little time and memory: HDF5 may hear no signal."""
    child = os.fork()
    if not child:
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (_memory() + _BYTES, resource.RLIM_INFINITY))
            os._exit(work())
        finally:
            os._exit(255)  # the traceback of what went wrong is printed by nobody: run the work itself to see it
    status = os.waitpid(child, 0)[1]
    assert not os.WIFSIGNALED(status), f"it took over {_SECONDS} s ({signal.Signals(os.WTERMSIG(status)).name})"
    assert os.WEXITSTATUS(status) != 255, "it raised what is neither InputError nor RunError"
    return os.WEXITSTATUS(status)


def opened_in_time(contents: Sequence[bytes], path: Path) -> int:
    """How many stores are read, to the last sample; the others must be refused with a sentence."""

    def work() -> int:
        return sum(_is_read(content, path) for content in contents)

    return in_time(work)


def _is_read(content: bytes, path: Path) -> bool:
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    try:
        store = Store.open(path)
        for row in range(len(store)):
            store.read(row)
            store.inside(row)
    except (InputError, RunError):
        return False
    return True


def _memory() -> int:
    """Bytes of address space that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def read_all(open_source: Callable[[], Source]) -> tuple[int, list[str]]:
    """How many samples could be used, and whatever was said about what could not."""
    try:
        source = open_source()
        items = source.items()
    except InputError as error:
        return 0, [str(error)]
    num_used, reasons = 0, list[str]()
    for item in items:
        try:
            record = make_record(source.read(item), RecordSettings(Size.of(16), "squash", source.mask_classes))
        except SampleError as error:
            reasons.append(str(error))
        else:
            num_used += 1
            reasons += record.dropped
    return num_used, reasons
