"""Refusals as JSON that says in one sentence what is wrong, in the form of RFC 9457 (Problem Details for HTTP APIs)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

MEDIA_TYPE: Final = "application/problem+json"
CLIENT_LEFT: Final = 499
"""A client that hung up, in the counts; nobody reads the answer."""

SHUTTING_DOWN: Final = "the server is shutting down"
_TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content", CLIENT_LEFT: "Client Closed Request"}


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The response for a request that is refused or failed."""
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    content = {"title": title, "status": status, "detail": detail}
    return Response(json.dumps(content), status, headers, MEDIA_TYPE)


def answer_problems(app: FastAPI) -> None:
    """Let every refusal of an application, its framework's too, be such a response."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _failed)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path[:100]
    plain = {404: f"there is nothing at {path}", 405: f"{path} does not answer to {request.method}"}
    is_own = error.detail != HTTPStatus(error.status_code).phrase if error.status_code in plain else True
    return problem(error.status_code, error.detail if is_own else plain[error.status_code], error.headers)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return problem(422, f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"[:500])


async def _failed(_: Request, error: Exception) -> Response:
    return problem(500, f"the server failed ({type(error).__name__}); its own messages say more")
