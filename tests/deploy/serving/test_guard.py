"""What is refused before a request is read: hosts, sites, sizes, slowness."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from auxseg.deploy.serving.app import create_app
from auxseg.deploy.serving.limits import Limits
from tests.deploy.serving.running import running

Make = Callable[..., TestClient]


def test_foreign_names_and_sites_are_refused(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 421
    response = client.post("/v1/predict", headers={"origin": "https://evil.example"})
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"
    assert "access-control-allow-origin" not in response.headers


def test_an_upload_is_counted_whatever_its_length_is_said_to_be(make_client: Make, photograph: bytes) -> None:
    client = make_client(bytes=len(photograph) + 1000)
    assert client.post("/v1/predict", files={"image": photograph}).status_code == 200
    response = client.post("/v1/predict", files={"image": photograph + bytes(1000)})
    assert response.status_code == 413
    assert "is the limit" in response.json()["detail"]

    def parts() -> Iterator[bytes]:
        yield b'--x\r\ncontent-disposition: form-data; name="image"; filename="a"\r\n\r\n' + photograph
        yield bytes(1000)
        yield b"\r\n--x--\r\n"

    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post("/v1/predict", content=parts(), headers=kind).status_code == 413


def _head(length: int) -> bytes:
    return (
        "POST /v1/predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; boundary=x\r\n"
        f"content-length: {length}\r\n\r\n"
    ).encode()


def _answer(connection: socket.socket) -> bytes:
    found = b""
    while part := connection.recv(1 << 16):
        found += part
        if b"}" in found:
            break
    return found


def test_a_client_that_is_still_sending_sees_why_it_is_refused() -> None:
    app, worker = create_app({}, Limits(bytes=1000))
    with (
        running(app, worker) as address,
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as client,
    ):
        client.settimeout(20)
        client.sendall(_head(3_000_000))
        for _ in range(30):
            client.sendall(bytes(100_000))
        assert _answer(client).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_stops_sending_is_not_waited_for() -> None:
    app, worker = create_app({}, Limits(upload_seconds=0.3))
    with (
        running(app, worker) as address,
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as client,
    ):
        client.settimeout(20)
        client.sendall(_head(3000) + b"--x\r\n")
        start = time.monotonic()
        answer = _answer(client)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"longer than 0.3 s" in answer
        assert time.monotonic() - start < 10


def test_only_so_many_uploads_are_open_at_a_time() -> None:
    app, worker = create_app({}, Limits(requests=1))
    with running(app, worker) as address:
        port = int(address.rpartition(":")[2])
        with (
            socket.create_connection(("127.0.0.1", port)) as first,
            socket.create_connection(("127.0.0.1", port)) as other,
        ):
            first.sendall(_head(3000))
            time.sleep(0.3)
            other.settimeout(20)
            other.sendall(_head(2) + b"--")
            assert _answer(other).startswith(b"HTTP/1.1 503 ")


def test_an_upload_that_is_open_when_the_server_ends_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("auxseg.deploy.serving.server._GRACE_SECONDS", 0.2)
    app, worker = create_app({}, Limits())
    with socket.socket() as client:
        with running(app, worker) as address:
            client.settimeout(20)
            client.connect(("127.0.0.1", int(address.rpartition(":")[2])))
            client.sendall(_head(3000) + b"--x\r\n")
            time.sleep(0.3)
        answer = _answer(client)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"the server is shutting down" in answer
    assert "Traceback" not in caplog.text
