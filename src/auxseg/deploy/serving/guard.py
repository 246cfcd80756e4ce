"""What is refused before the application sees it: foreign hosts and sites, bodies that are too large or too slow."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, final

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auxseg.deploy.serving.hosts import Hosts
from auxseg.deploy.serving.limits import MEGABYTE, Limits
from auxseg.deploy.serving.metrics import Metrics
from auxseg.deploy.serving.problems import CLIENT_LEFT, SHUTTING_DOWN, problem

_DRAIN_SECONDS: Final = 2.0
"""How long the rest of a refused body is read: a client that is still sending might otherwise not see the answer."""

_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@final
class Guard:
    """Wraps an application (ASGI).

    - Where only this machine is served, other names in ``Host`` are refused: a page of another site could otherwise
      point its own name here and read the answers (DNS rebinding).
    - A page of another site may not post photographs either (``Origin``). `hosts` decides both.
    - Bodies are counted while they arrive, whatever their length is said to be.
    - Every answer tells the browser to load nothing from elsewhere, and is counted.
    """

    def __init__(self, app: ASGIApp, limits: Limits, metrics: Metrics, hosts: Hosts) -> None:
        """``hosts`` says by which names the server may be called, and from where."""
        self._app, self._limits, self._metrics, self._hosts = app, limits, metrics, hosts
        self._num_open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application do it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        body = _Body(receive, headers, self._limits) if has_body else None
        answer = _Answer(send, body, self._metrics)
        self._num_open += has_body
        try:
            await (self._refused(scope, headers) or self._app)(scope, body.receive if body else receive, answer.send)
        except asyncio.CancelledError:  # the server ends, and has waited long enough
            if not answer.has_begun:
                await problem(503, SHUTTING_DOWN)(scope, receive, _Answer(send, None, self._metrics).send)
        finally:
            self._num_open -= has_body

    def _refused(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        try:
            self._hosts.check(scope["method"], headers)
        except HTTPException as error:
            return problem(error.status_code, error.detail)
        if self._num_open > self._limits.requests:
            return problem(503, "too many requests are open; try again later", {"retry-after": "5"})
        return None


@final
class _Body:
    """A request's body as it arrives. Raises `HTTPException` in whoever reads it, once it is too large or too slow."""

    def __init__(self, receive: Receive, headers: Headers, limits: Limits) -> None:
        self._receive, self._limits = receive, limits
        length = headers.get("content-length", "")
        self._declared = int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0
        self._deadline = asyncio.get_running_loop().time() + limits.upload_seconds
        self._num_bytes, self._is_whole = 0, False
        self._is_awaited = "expect" in headers

    async def receive(self) -> Message:
        """The next part; after the last one whatever the server has to say, such as that the client has left."""
        if self._is_whole:
            return await self._receive()
        if max(self._declared, self._num_bytes) > self._limits.bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._take()
        except TimeoutError:
            raise HTTPException(408, f"the upload took longer than {self._limits.upload_seconds:g} s") from None
        if self._num_bytes > self._limits.bytes:
            raise self._too_large()
        return message

    async def drain(self) -> None:
        """Read what is still arriving, for a moment. What a client was not told to send is not waited for."""
        if self._is_awaited and not self._num_bytes:
            return
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self._is_whole:
                    await self._take()
        except TimeoutError:
            pass

    @property
    def is_whole(self) -> bool:
        """Whether nothing more will come."""
        return self._is_whole

    async def _take(self) -> Message:
        message = await self._receive()
        self._num_bytes += len(message.get("body", b""))
        self._is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"the upload has more than {self._limits.bytes / MEGABYTE:g} MB, which is the limit")


@final
class _Answer:
    """Sends an answer with our headers, and its end not before the body was read."""

    def __init__(self, send: Send, body: _Body | None, metrics: Metrics) -> None:
        self._send, self._body, self._metrics = send, body, metrics
        self.has_begun = False

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            self._metrics.count(message["status"])
            headers = MutableHeaders(raw=list(message["headers"]))
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            status = 400 if message["status"] == CLIENT_LEFT else message["status"]  # known to the protocol
            message = {**message, "status": status, "headers": headers.raw}
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if is_last and self._body is not None and not self._body.is_whole:
            await self._send({**message, "more_body": True})
            await self._body.drain()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)
