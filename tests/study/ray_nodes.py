"""Nodes of a Ray cluster on this machine, each of which can be killed like a machine that loses its power."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_START_SECONDS = 120.0


@dataclass
class Nodes:
    """A head, and more nodes beside it."""

    port: int
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, *options: str, inside: Sequence[str] = ()) -> int:
        """Start a node and wait for it; returns its number. ``inside`` runs it in another command."""
        command = [*inside, str(Path(sys.executable).with_name("ray")), "start", *options, "--block"]
        number = len(self.processes)
        with self._log(number).open("wb") as log:
            self.processes.append(self._popen(command, log))
        deadline = time.monotonic() + _START_SECONDS
        while "Ray runtime started" not in self._log(number).read_text():
            if time.monotonic() > deadline or self.processes[number].poll() is not None:
                raise RuntimeError(self._log(number).read_text())
            time.sleep(0.2)
        return number

    def join(self, *options: str, inside: Sequence[str] = ()) -> int:
        """Let a node of one processor join."""
        return self.start(f"--address={self.address}", "--num-cpus=1", *options, inside=inside)

    def kill(self, number: int) -> None:
        """End a node and its workers without letting them do anything about it."""
        process = self.processes[number]
        if process.poll() is not None:  # its number may be another's by now
            return
        family = [*_descendants(process.pid), process.pid]
        for pid in family:
            with _gone():
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def holds(self, number: int, file: Path) -> bool:
        """Whether a process of this node has a file open."""
        family = _descendants(self.processes[number].pid)
        opened = [link for pid in family for link in Path(f"/proc/{pid}/fd").glob("*")]
        return str(file) in map(_target, opened)

    def _popen(self, command: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def _log(self, number: int) -> Path:
        return self.folder / f"node-{number}.log"


@contextmanager
def nodes(processors: int) -> Iterator[Nodes]:
    """A cluster whose head has so many processors; its nodes are killed in the end."""
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # names of sockets must be short
    started = Nodes(_free_port(), folder)
    try:
        started.start(
            "--head",
            f"--port={started.port}",
            f"--num-cpus={processors}",
            f"--temp-dir={folder}",
            "--include-dashboard=false",
            "--disable-usage-stats",
        )
        yield started
    finally:
        for number in reversed(range(len(started.processes))):
            started.kill(number)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def _target(link: Path) -> str:
    with _gone():
        return os.readlink(link)
    return ""


def _descendants(pid: int) -> list[int]:
    """Parents first."""
    children = []
    with _gone():
        for file in Path(f"/proc/{pid}/task").glob("*/children"):
            children += [int(child) for child in file.read_text().split()]
    return [*children, *(each for child in children for each in _descendants(child))]


def _gone() -> AbstractContextManager[None]:
    """What has ended meanwhile is no trouble."""
    return suppress(ProcessLookupError, FileNotFoundError)
