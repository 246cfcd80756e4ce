"""The process that serves: its socket, its signals and its end."""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Callable
from typing import Final, final

import uvicorn
from starlette.types import ASGIApp

from auxseg.deploy.serving.guard import LOOPBACK
from auxseg.deploy.serving.worker import Worker
from auxseg.errors import InputError, Terminated

_GRACE_SECONDS: Final = 5
"""How long clients are waited for at the end."""

_SILENT_SECONDS: Final = 1.0
"""How long the last prediction is waited for before anything is said about it."""

_BACKLOG: Final = 128


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. Raises `InputError` if that is impossible."""
    if not 0 <= port <= 65535:
        raise InputError(f"--port {port}: expected 0 to 65535")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        why = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
        raise InputError(
            f"{host}:{port}: cannot listen there ({why}); --port 0 takes a free port, --host names this machine"
        ) from None


def address_of(listening: socket.socket) -> str:
    """What to type into a browser."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def hosts_of(listening: socket.socket) -> frozenset[str] | None:
    """The names that a server may be called by: those of this machine, or any if other machines reach it."""
    host = listening.getsockname()[0]
    return LOOPBACK | {host} if host == "::1" or host.startswith("127.") else None


@final
class Server(uvicorn.Server):
    """uvicorn: silent, and not waiting long for clients when it ends.

    The worker is closed before clients are waited for: those in the queue are told at once.
    """

    def __init__(self, app: ASGIApp, worker: Worker) -> None:
        """``worker`` answers the application's requests."""
        self._worker = worker
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the worker, then the connections."""
        self._worker.close()
        await super().shutdown(sockets)


def serve(app: ASGIApp, worker: Worker, listening: socket.socket) -> None:
    """Answer requests until Ctrl-C or SIGTERM, which is raised as `KeyboardInterrupt` once all is closed."""
    warnings.filterwarnings("ignore", module="PIL")  # what clients send is their business
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    Server(app, worker).run(sockets=[listening])
    raise KeyboardInterrupt  # uvicorn raises its signals again, which does nothing where a shell has SIGINT ignored


def end(worker: Worker, tell: Callable[[str], object]) -> None:
    """Wait for what the worker has begun: torch aborts a process that ends while another thread computes.

    Another Ctrl-C or SIGTERM ends the process at once, with the exit code that the command would have.
    """
    worker.close()
    try:
        if not worker.join(_SILENT_SECONDS):
            tell("finishing the prediction that has begun (Ctrl-C ends it at once)")
            worker.join()
    except KeyboardInterrupt as error:
        os._exit(143 if isinstance(error, Terminated) else 130)
