"""A real server on a free port of this machine, in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from auxseg.deploy.serving.server import Server, address_of, listen
from auxseg.deploy.serving.worker import Worker


@contextmanager
def running(app: ASGIApp, worker: Worker) -> Iterator[str]:
    """The address of a server, which ends with the context and closes the worker, whatever happens in it."""
    with listen("127.0.0.1", 0) as listening:
        server = Server(app, worker)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield address_of(listening)
        finally:
            server.should_exit = True
            thread.join(20)
        assert not thread.is_alive()
