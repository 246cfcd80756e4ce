"""One thread that computes, and a bounded queue ahead of it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar, final

_T = TypeVar("_T")


class Full(Exception):
    """As many requests wait as may."""


@final
class Worker:
    """Does what it is given in the order in which it came, one thing at a time.

    Two predictions at once would share the cores and hold two photographs in memory, and neither would end earlier.
    """

    def __init__(self, places: int) -> None:
        """``places`` is how many may wait, beside the one that is being worked on."""
        self._places = places
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._changed = threading.Condition()
        self._is_busy = self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="auxseg-serve", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], _T]) -> Future[_T]:
        """Queue some work. Raises `Full` if there is no place; once closed, whatever is given is cancelled."""
        future: Future[_T] = Future()
        with self._changed:
            if self._is_closed:
                future.cancel()
                return future
            if len(self._waiting) + self._is_busy > self._places:
                raise Full
            self._waiting.append((future, work))
            self._changed.notify()
        return future

    def withdraw(self, future: Future[Any]) -> None:
        """Free the place of work that nobody waits for any more; what has begun is finished."""
        with self._changed:
            if future.cancel():
                self._waiting = deque(entry for entry in self._waiting if entry[0] is not future)

    @property
    def num_waiting(self) -> int:
        """How many wait."""
        with self._changed:
            return len(self._waiting)

    def close(self) -> None:
        """Take nothing more, and give up what waits."""
        with self._changed:
            self._is_closed = True
            while self._waiting:
                self._waiting.popleft()[0].cancel()
            self._changed.notify()

    def join(self, seconds: float | None = None) -> bool:
        """Wait until the thread has ended, which `close` lets it; gives whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._is_busy = False
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if not self._waiting:
                    return
                future, work = self._waiting.popleft()
                self._is_busy = future.set_running_or_notify_cancel()
            if self._is_busy:
                _settle(future, work)
            del future, work  # a photograph is not to stay until the next one comes


def _settle(future: Future[_T], work: Callable[[], _T]) -> None:
    try:
        result = work()
    except BaseException as error:
        future.set_exception(error.with_traceback(None))  # whose frames would hold the photograph
    else:
        future.set_result(result)
