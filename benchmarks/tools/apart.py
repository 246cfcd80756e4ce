"""A side of a comparison in a process of its own, where settings of the whole process touch no other side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from auxseg.processes import forget_peak_memory, peak_memory_bytes

Step = Callable[[], object]

_steps: list[Step] = []


@contextmanager
def apart(build: Callable[..., Step], *arguments: Any) -> Iterator[Step]:
    """Let another process build the side, by a function that it can import; a call of what is given is a step there."""
    with ProcessPoolExecutor(1, get_context("spawn"), _begin, (build, arguments)) as pool:
        yield lambda: pool.submit(_step).result()


def peak_of_step_apart(build: Callable[..., Step], *arguments: Any) -> int:
    """The most memory in bytes that another process holds in the second step of the side that it builds."""
    with ProcessPoolExecutor(1, get_context("spawn"), _begin, (build, arguments)) as pool:
        return pool.submit(_peak_of_second_step).result()


def _peak_of_second_step() -> int:
    """The first makes the optimiser's state. On a GPU it is what is allocated there, else resident memory."""
    _steps[0]()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()
        _steps[0]()
        return torch.cuda.max_memory_allocated()
    forget_peak_memory()
    _steps[0]()
    return peak_memory_bytes()


def _begin(build: Callable[..., Step], arguments: tuple[Any, ...]) -> None:
    _steps.append(build(*arguments))


def _step() -> None:
    _steps[0]()
