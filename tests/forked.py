"""Commands in a process of their own that need not import torch again: it is forked from one that has."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

from auxseg.cli.main import main


def start(arguments: Sequence[object], errors: Path, largest_file: int | None = None) -> BaseProcess:
    """``auxseg`` with these arguments, which writes its messages to a file and may write no larger one than that."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["auxseg.study.execution.local"])  # as studies do, and it has used no thread
    arguments = [str(each) for each in arguments]
    process = context.Process(target=_run, args=(arguments, errors, largest_file), daemon=True)  # ends with the tests
    process.start()
    return process


def _run(arguments: Sequence[str], errors: Path, largest_file: int | None) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with errors.open("wb") as file:
        os.dup2(file.fileno(), 2)
    if largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    raise SystemExit(main(arguments))
