"""Commands of auxseg in forked processes: everything is imported once, and a process that forks has no threads.

Linux alone: it needs `/proc` and a fork that is safe after imports.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import os
import pkgutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, final

from benchmarks.tools.damage.guard import guard, set_limits
from benchmarks.tools.damage.outcome import MOST_BYTES, MOST_SECONDS, Ending

_MOST_STDERR: Final = 200_000
_PATIENCE: Final = 6
"""On a busy machine a command may wait so many times as long as it may compute."""
_DUMP_SECONDS: Final = 1.0
_GRACE_SECONDS: Final = 5.0

Work = Callable[..., Any]


@final
@dataclass(frozen=True)
class Call:
    """What a process is forked for."""

    folder: Path
    work: Work
    arguments: Sequence[Any]
    seconds: float
    guarded: bool


@final
@dataclass(frozen=True)
class Zygote:
    """The process that forks; made by `zygote`."""

    connection: Connection

    def run(
        self, folder: Path, work: Work, *arguments: Any, seconds: float = MOST_SECONDS, guarded: bool = True
    ) -> Ending:
        """Call a function that can be imported in a process of its own, within ``folder``.

        What it returns is its exit code; it may compute for so many ``seconds``. If it is ``guarded``, it is ended
        when it starts a process or executes what a file holds.
        """
        self.connection.send(Call(folder, work, arguments, seconds, guarded))
        ending = self.connection.recv()
        if isinstance(ending, BaseException):
            raise ending
        return ending


@contextmanager
def zygote(preload: Sequence[str] = ("auxseg",)) -> Iterator[Zygote]:
    """Start it; it ends with the block. Modules of ``preload`` are imported, packages with all that is in them."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    kept = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    os.environ.update(dict.fromkeys(kept, "1"))
    try:
        process = context.Process(target=_serve, args=(theirs, tuple(preload)))
        process.start()
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    theirs.close()
    try:
        yield Zygote(ours)
    finally:
        ours.close()
        process.join(5)
        process.kill()


def _serve(connection: Connection, preload: Sequence[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in preload:
        _import_everything(name)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    gc.freeze()  # a child that collects garbage would otherwise copy every page of what was imported
    with suppress(EOFError):
        while True:
            call = connection.recv()
            try:
                assert len(os.listdir("/proc/self/task")) == 1, "a process with threads must not fork"
                connection.send(_forked(call))
            except Exception as error:
                connection.send(error)
    os._exit(0)  # what was imported need not be taken apart


def _import_everything(name: str) -> None:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
        if not module.name.endswith("__main__"):
            with suppress(ImportError):  # an extra that is not installed
                importlib.import_module(module.name)


def _forked(call: Call) -> Ending:
    reader, writer = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        with suppress(BaseException):
            os.close(reader)
            _child(call, writer)
        os._exit(70)
    os.close(writer)
    status, usage, hung = _waited(pid, started, call.seconds)
    seconds = time.monotonic() - started
    _end_session(pid)
    with os.fdopen(reader, "rb") as pipe:
        held, *guarded = pipe.read().decode(errors="replace").splitlines()
    said = (call.folder / "stderr").read_bytes()
    if len(said) > _MOST_STDERR:
        said = said[: _MOST_STDERR // 2] + said[-_MOST_STDERR // 2 :]
    return Ending(
        status=os.waitstatus_to_exitcode(status),
        seconds=seconds,
        processor_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=max(usage.ru_maxrss * 1024 - int(held), 0),
        hung=hung,
        guarded=guarded,
        stderr=said.decode(errors="replace"),
    )


def _child(call: Call, channel: int) -> None:
    os.setsid()
    os.chdir(call.folder)
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(file, number)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", errors="backslashreplace")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    faulthandler.enable(file=2)
    faulthandler.register(signal.SIGUSR1, file=2, all_threads=True)
    set_limits(2 * MOST_BYTES, 2 * call.seconds)
    os.write(channel, f"{_resident_bytes()}\n".encode())
    if call.guarded:
        guard(channel, call.folder)
    try:
        code = call.work(*call.arguments)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def _waited(pid: int, started: float, seconds: float) -> tuple[int, Any, bool]:
    """Wait for a process, and end it when it has computed for too long, or waits without computing at all."""
    pause, computed_before, looked_at = 0.002, 0.0, started
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return status, usage, False
        now = time.monotonic()
        if now - started > seconds and now - looked_at > 1:
            computed = _processor_seconds(pid)
            is_idle = computed - computed_before < 0.01
            if computed > seconds or is_idle or now - started > _PATIENCE * seconds:
                return *_ended(pid), True
            computed_before, looked_at = computed, now
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def _ended(pid: int) -> tuple[int, Any]:
    """Let it write down where it is, and end it."""
    os.kill(pid, signal.SIGUSR1)
    time.sleep(_DUMP_SECONDS)
    os.killpg(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    return status, usage


def _end_session(leader: int) -> None:
    """Wait for what a command has left behind, which ends with it, and end what does not."""
    deadline = time.monotonic() + _GRACE_SECONDS
    while left := [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _session(pid) == leader]:
        if time.monotonic() > deadline:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _session(pid: int) -> int | None:
    """The session of a process that is alive."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[3]) if fields[0] != "Z" else None
    return None


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_bytes() -> int:
    """Less than the zygote's, which shares pages of libraries that this process has not touched yet."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
