"""Commands in processes of their own that need not import torch again: they are forked from one that has."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import resource
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

from auxseg.cli.main import main


def warm_up() -> None:
    """Start the process that others are forked from, those of studies too, unless it runs."""
    # Found from the root alone; else the second is what studies would have imported.
    multiprocessing.get_context("forkserver").set_forkserver_preload(["tests.warm", "auxseg.study.execution.local"])
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # as studies do
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start(
    arguments: Sequence[object],
    errors: Path,
    largest_file: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> BaseProcess:
    """``auxseg`` with these arguments, which writes its messages to a file and may write no larger one than that."""
    warm_up()
    asked = [str(each) for each in arguments], errors, largest_file, environment or {}
    process = multiprocessing.get_context("forkserver").Process(target=_run, args=asked, daemon=True)  # ends with tests
    process.start()
    return process


def train_in_two(arguments: Sequence[object], folder: Path) -> None:
    """A training in two processes, told of each other as torchrun does it; raises if one of them fails."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    both = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    both |= {"GROUP_RANK": "0", "TORCHELASTIC_RUN_ID": "none"}
    errors = [folder / f"errors-{rank}" for rank in range(2)]
    processes = [
        start(arguments, file, environment=both | {"RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank, file in enumerate(errors)
    ]
    for process in processes:
        process.join(200)
    assert [process.exitcode for process in processes] == [0, 0], [file.read_text() for file in errors]


def _run(arguments: Sequence[str], errors: Path, largest_file: int | None, environment: Mapping[str, str]) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.environ |= environment
    with errors.open("wb") as file:
        os.dup2(file.fileno(), 2)
    if largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
        # Compiled modules would be cut off, and read by whoever comes next.
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    # What other processes of the training are started by, as if this one were ``python -m auxseg``.
    sys.modules["__main__"].__spec__ = importlib.util.find_spec("auxseg.__main__")
    sys.argv = ["auxseg", *arguments]
    raise SystemExit(main(arguments))
