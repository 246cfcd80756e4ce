"""Clients of a server: those that behave, and those that send bombs, rubbish, or hang up."""

from __future__ import annotations

import http.client
import json
import socket
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from benchmarks.tools.serving.files import bomb, mutated

_BOUNDARY: Final = "auxseg-benchmark"
_SECONDS: Final = 300
LOST, HUNG_UP = "lost", "hung up"


def post(address: str, content: bytes, path: str = "/v1/predict") -> tuple[int, bytes]:
    """Send a photograph; gives the status and the answer. Raises `OSError` or `HTTPException` if there is none."""
    connection = _connection(address)
    try:
        connection.request("POST", path, _form(content), _kind())
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def hang_up(address: str, content: bytes, rng: np.random.Generator) -> None:
    """Send a photograph or a part of it, and leave without an answer."""
    connection = _connection(address)
    body = _form(content)
    part = body[: int(rng.integers(len(body)))] if rng.random() < 0.5 else body
    connection.putrequest("POST", "/v1/predict")
    for name, value in {**_kind(), "content-length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(part)
    assert connection.sock is not None
    if rng.random() < 0.5:
        connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()


def storm(address: str, photographs: Sequence[bytes], requests: int, clients: int, seed: int) -> Counter[str]:
    """So many requests from so many clients at the same time; counts what became of them.

    Of ten requests one is a bomb, one a damaged photograph and one hangs up. An answer without a ``detail`` where the
    photograph was refused, or without a mask where it was not, is lost.
    """
    large = bomb()

    def ask(number: int) -> str:
        rng = np.random.default_rng([seed, number])
        whole = photographs[number % len(photographs)]
        if number % 10 == 7:
            hang_up(address, whole, rng)
            return HUNG_UP
        content = {3: large, 5: mutated(whole, rng)}.get(number % 10, whole)
        return outcome(address, content)

    with ThreadPoolExecutor(clients) as pool:
        return Counter(pool.map(ask, range(requests)))


def outcome(address: str, content: bytes) -> str:
    """The status of an answer that says what it should, or `LOST`."""
    try:
        status, answer = post(address, content)
        said = json.loads(answer)
    except (OSError, http.client.HTTPException, ValueError):
        return LOST
    is_whole = bool(said.get("answers")) if status == 200 else bool(said.get("detail"))
    return str(status) if is_whole else LOST


def numbers(address: str) -> dict[str, float]:
    """The counts that the server gives, by name and label."""
    connection = _connection(address)
    try:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    found = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in found}


def _connection(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(address).netloc, timeout=_SECONDS)


def _kind() -> dict[str, str]:
    return {"content-type": f"multipart/form-data; boundary={_BOUNDARY}"}


def _form(content: bytes) -> bytes:
    head = f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="image"; filename="image"\r\n\r\n'
    return head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
