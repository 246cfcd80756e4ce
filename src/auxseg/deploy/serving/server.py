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

from auxseg.deploy.serving.hosts import LOOPBACK, Hosts
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
        takes_both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG, dualstack_ipv6=takes_both)
    except (OSError, UnicodeError) as error:
        why = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
        raise InputError(
            f"{host}:{port}: cannot listen there ({why}); --port 0 takes a free port, --host names this machine"
        ) from None


def address_of(listening: socket.socket) -> str:
    """What to type into a browser of this machine."""
    host, port = listening.getsockname()[:2]
    if host == "::":
        host = "::1" if listening.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) else "127.0.0.1"
    elif host == "0.0.0.0":
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def address_elsewhere(listening: socket.socket) -> str | None:
    """What to type into a browser of another machine, if this one listens at all its addresses; else ``None``."""
    host, port = listening.getsockname()[:2]
    return f"http://{socket.gethostname()}:{port}" if host in ("0.0.0.0", "::") else None


def hosts_of(listening: socket.socket, allowed: frozenset[str] = frozenset()) -> Hosts:
    """The names that a server may be called by: those of this machine, or any if other machines reach it."""
    host = listening.getsockname()[0]
    is_private = host == "::1" or host.startswith("127.")
    return Hosts(LOOPBACK | {host} if is_private else None, allowed)


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
