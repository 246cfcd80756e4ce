"""A side of a comparison in a process of its own, where settings of the whole process touch no other side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

Step = Callable[[], object]

_steps: list[Step] = []


@contextmanager
def apart(build: Callable[..., Step], *arguments: Any) -> Iterator[Step]:
    """Let another process build the side, by a function that it can import; a call of what is given is a step there."""
    with ProcessPoolExecutor(1, get_context("spawn"), _begin, (build, arguments)) as pool:
        yield lambda: pool.submit(_step).result()


def _begin(build: Callable[..., Step], arguments: tuple[Any, ...]) -> None:
    _steps.append(build(*arguments))


def _step() -> None:
    _steps[0]()
