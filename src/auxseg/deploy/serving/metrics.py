"""Counts of what was served, in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, final

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_STATUS: Final = Path("/proc/self/status")


@final
class Metrics:
    """Counts that any thread may add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: Counter[int] = Counter()
        self._seconds, self._predictions = 0.0, 0

    def count(self, status: int) -> None:
        """A request was answered with this status."""
        with self._lock:
            self._statuses[status] += 1

    def predicted(self, seconds: float) -> None:
        """A prediction took so long."""
        with self._lock:
            self._seconds += seconds
            self._predictions += 1

    def text(self, num_waiting: int) -> str:
        """All of it; ``num_waiting`` is the length of the queue now."""
        with self._lock:
            statuses, seconds, predictions = dict(self._statuses), self._seconds, self._predictions
        lines = [
            *_head("auxseg_requests_total", "counter", "Requests by the status of their answer."),
            *(f'auxseg_requests_total{{status="{status}"}} {statuses[status]}' for status in sorted(statuses)),
            *_head("auxseg_queue_length", "gauge", "Requests that wait for a prediction."),
            f"auxseg_queue_length {num_waiting}",
            *_head("auxseg_prediction_seconds", "summary", "Seconds of predictions, reading the photograph included."),
            f"auxseg_prediction_seconds_sum {seconds:.6f}",
            f"auxseg_prediction_seconds_count {predictions}",
        ]
        resident = resident_bytes()
        if resident is not None:
            lines += [
                *_head("process_resident_memory_bytes", "gauge", "Resident memory of the process."),
                f"process_resident_memory_bytes {resident}",
            ]
        return "\n".join(lines) + "\n"


def resident_bytes(status: Path = _STATUS) -> int | None:
    """The process's resident memory, where the system says it in ``/proc``."""
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), None)


def _head(name: str, kind: str, help_: str) -> Iterator[str]:
    yield f"# HELP {name} {help_}"
    yield f"# TYPE {name} {kind}"
