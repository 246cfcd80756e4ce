"""A Ray cluster as the place where a study's networks are trained.

Ray decides where each is trained, by the processors and GPUs that it is to have.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import ray
from ray.autoscaler.sdk import request_resources

from auxseg.errors import InputError, RunError
from auxseg.recipe import Recipe
from auxseg.records.about import Choices
from auxseg.study.directory.decisions import chosen
from auxseg.study.execution.jobs import Site, choice
from auxseg.study.execution.ray_workers import ROOM_SECONDS, RayWorkers, new_token, room
from auxseg.training.calibrate import Choice

_REACH_SECONDS: Final = 60.0
"""How long a cluster may take to answer."""
_POLL_SECONDS: Final = 0.5
_ADDRESS: Final = re.compile(r"local|auto|[^\s/@]+:\d{1,5}")


@final
@dataclass(frozen=True)
class RayCluster(Site):
    """A cluster that this process is connected to; made by `connected`."""

    address: str
    gpus: float
    """Of each run."""
    limit: int | None
    """The most runs at the same time; ``None`` for as many as there is room for."""

    @property
    def share(self) -> int:
        """One: more runs at the same time make more of processors than more threads do."""
        return 1

    def choose(self, recipe: Recipe, data: Path, threads: int, plugins: Sequence[Path]) -> Choices:
        """Measured on one of the nodes."""
        with self.start(threads, plugins, lambda: None) as at_work:
            (found,) = at_work.do([choice(recipe, data.absolute())], new_token())
        assert isinstance(found, Choice)
        return chosen(found, threads)

    @contextmanager
    def start(self, threads: int, plugins: Sequence[Path], tick: Callable[[], None]) -> Iterator[RayWorkers]:
        """Tasks of this cluster. Raises `InputError` if none of its nodes is large enough for a run."""
        self._wait_for_room(threads, tick)
        yield RayWorkers(threads, self.gpus, self.limit, plugins, tick)

    def _wait_for_room(self, threads: int, tick: Callable[[], None]) -> None:
        """Until a node is large enough for a run; without one Ray would wait for ever."""
        if room(threads, self.gpus):
            return
        deadline = time.monotonic() + (0 if self.address == "local" else ROOM_SECONDS)
        request_resources(bundles=[{"CPU": threads, "GPU": self.gpus}])  # of a cluster that can start nodes
        try:
            while not room(threads, self.gpus):
                if time.monotonic() > deadline:
                    raise InputError(
                        f"--ray {self.address}: no node has the {threads} CPUs and {self.gpus:g} GPUs that a run "
                        f"needs (at most {_largest()}); lower --threads or --gpus-per-run"
                    )
                tick()
                time.sleep(_POLL_SECONDS)
        finally:
            request_resources(bundles=[])


@contextmanager
def connected(address: str, gpus: float = 0, limit: int | None = None) -> Iterator[RayCluster]:
    """Connect to a cluster, or start one of this machine for as long as it is used (``local``).

    ``gpus`` is each run's share, ``limit`` the most runs at the same time. Raises `InputError` if there is no cluster
    at the address.
    """
    if not _ADDRESS.fullmatch(address):
        raise InputError(f"--ray {address}: expected local, auto or HOST:PORT of a cluster's head")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address != "local":
        _refuse_unreachable(address)
    before = signal.getsignal(signal.SIGTERM)  # which Ray replaces
    try:
        with redirect_stdout(sys.stderr):  # Ray says there that a node was lost
            _init(address)
            yield RayCluster(address, gpus, limit)
    finally:
        ray.shutdown()
        signal.signal(signal.SIGTERM, before)


def _refuse_unreachable(address: str) -> None:
    """Try in a process that can be ended: Ray itself would try for a quarter of an hour."""
    host, _, port = address.rpartition(":")
    try:
        if host:
            socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
        # -P: no file of the working directory may pass itself off as Ray.
        command = [sys.executable, "-P", "-c", "import sys, ray; ray.init(sys.argv[1], log_to_driver=False)", address]
        subprocess.run(command, check=True, capture_output=True, timeout=_REACH_SECONDS, text=True)
    except (OSError, OverflowError, subprocess.SubprocessError) as error:
        said = error.stderr.strip().splitlines()[-1:] if isinstance(error, subprocess.CalledProcessError) else []
        raise InputError(
            f"--ray {address}: no Ray cluster that includes this machine answered within {_REACH_SECONDS:.0f} s"
            f"{''.join(f' ({line})' for line in said)}; expected the HOST:PORT that `ray start --head` prints, or "
            "local to start one here"
        ) from None


def _init(address: str) -> None:
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        ray.init(
            address,
            include_dashboard=False if address == "local" else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except Exception as error:  # of any kind, where a part of Ray does not start
        raise RunError(f"--ray {address}: Ray did not start: {error}".splitlines()[0]) from error


def _largest() -> str:
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return " and ".join(f"{max((node.get(kind, 0) for node in nodes), default=0):g} {kind}s" for kind in ("CPU", "GPU"))
