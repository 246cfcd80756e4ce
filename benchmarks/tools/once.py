"""Results of long trainings, kept under runs/bench and not computed again on the same code, data and machine."""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

import auxseg
from auxseg.files import write_atomically
from benchmarks.tools.record import RESULTS, machine


def once(name: str, key: Sequence[object], work: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """The result that an earlier call left under ``name`` for the same key, code, machine and threads, or the work's.

    The work is given an own directory, which stays.
    """
    text = repr((*key, _code(), machine(), torch.get_num_threads()))
    folder = RESULTS / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    path = folder.with_name(f"{folder.name}.json")
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        measured = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        write_atomically(path, json.dumps({**work(folder), "measured": measured}).encode())
    return json.loads(path.read_text())


@functools.cache  # what this process runs does not change with the files
def _code() -> str:
    folders = (Path(auxseg.__file__).parent, Path(__file__).parents[1] / "peers")
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
