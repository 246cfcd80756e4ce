"""A real server on a free port of this machine, in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from auxseg.deploy.serving.server import address_of, configuration, listen


@contextmanager
def running(app: ASGIApp) -> Iterator[str]:
    """The address of a server, which ends with the context."""
    with listen("127.0.0.1", 0) as listening:
        address = address_of(listening)
        server = uvicorn.Server(configuration(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield address
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
