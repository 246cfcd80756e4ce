"""The process that serves: its socket, its signals and its end."""

from __future__ import annotations

import logging
import socket
import warnings
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from auxseg.deploy.serving.guard import LOOPBACK
from auxseg.errors import InputError

_GRACE_SECONDS: Final = 5
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


def configuration(app: ASGIApp) -> uvicorn.Config:
    """How uvicorn serves the application: silent, and not waiting long for clients when it ends."""
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Answer requests until Ctrl-C or SIGTERM, which is raised as `KeyboardInterrupt` once all is closed."""
    warnings.filterwarnings("ignore", module="PIL")  # what clients send is their business
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    uvicorn.Server(configuration(app)).run(sockets=[listening])
