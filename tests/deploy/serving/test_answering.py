"""Requests that wait: too many, too long, and for clients that left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import httpx
import numpy as np
import pytest
import torch

from auxseg.data.channels import RGB, Channels
from auxseg.data.sample import Vocabulary
from auxseg.deploy.serving import uploads
from auxseg.deploy.serving.app import create_app
from auxseg.deploy.serving.limits import Limits
from auxseg.deploy.serving.models import Served
from auxseg.records.values.size import Size
from auxseg.run.prediction.prediction import Prediction
from tests.deploy.serving.running import running


class Slow:
    """A model that answers when it is let."""

    def __init__(self) -> None:
        self.let, self.asked, self.error = threading.Event(), 0, None

    def ask(self, image: np.ndarray, tasks: tuple[str, ...] | None) -> Prediction:
        self.asked += 1
        assert self.let.wait(60)
        if self.error is not None:
            raise self.error
        return Prediction(image)

    def served(self) -> dict[str, Served]:
        return {"slow": Served("slow", Vocabulary(Size.of(32), ("background", "animal"), {}), (), (), self.ask)}


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.let.set()


def _post(address: str, photograph: bytes, seconds: float = 60) -> httpx.Response:
    return httpx.post(f"{address}/v1/predict", files={"image": photograph}, timeout=seconds, verify=False)


def _queue_length(address: str) -> int:
    lines = httpx.get(f"{address}/metrics", verify=False).text.splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("auxseg_queue_length "))


def _wait_for(condition: object) -> None:
    end = time.monotonic() + 30
    while not condition():  # pyright: ignore[reportCallIssue]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_beyond_the_queue_clients_are_told_when_to_come_back(slow: Slow, photograph: bytes) -> None:
    app, worker = create_app(slow.served(), Limits(waiting=1))
    with running(app, worker) as address, ThreadPoolExecutor(3) as pool:
        first = pool.submit(_post, address, photograph)
        _wait_for(lambda: slow.asked == 1)
        second = pool.submit(_post, address, photograph)
        _wait_for(lambda: _queue_length(address) == 1)
        refused = _post(address, photograph)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert refused.json()["detail"] == "the queue of 1 waiting request is full; try again later"
        slow.let.set()
        assert [first.result().status_code, second.result().status_code] == [200, 200]


def test_a_client_that_leaves_frees_its_place(slow: Slow, photograph: bytes) -> None:
    app, worker = create_app(slow.served(), Limits(waiting=1))
    with running(app, worker) as address, ThreadPoolExecutor(3) as pool:
        first = pool.submit(_post, address, photograph)
        _wait_for(lambda: slow.asked == 1)
        with pytest.raises(httpx.ReadTimeout):
            _post(address, photograph, 0.5)
        _wait_for(lambda: _queue_length(address) == 0)
        third = pool.submit(_post, address, photograph)
        _wait_for(lambda: _queue_length(address) == 1)
        slow.let.set()
        assert [first.result().status_code, third.result().status_code] == [200, 200]
        assert slow.asked == 2
        assert 'auxseg_requests_total{status="499"} 1\n' in httpx.get(f"{address}/metrics", verify=False).text


def test_a_client_that_leaves_does_not_take_the_file_from_the_worker(
    slow: Slow, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, errors = uploads.read_open_file, []

    def read_late(file: IO[bytes], exif: str, max_pixels: int | None = None, channels: Channels = RGB) -> np.ndarray:
        slow.asked += 1
        assert slow.let.wait(60)
        try:
            return read(file, exif, max_pixels, channels)
        except Exception as error:
            errors.append(error)
            raise

    monkeypatch.setattr(uploads, "read_open_file", read_late)
    app, worker = create_app(slow.served(), Limits())
    with running(app, worker) as address:
        with pytest.raises(httpx.ReadTimeout):
            _post(address, photograph, 0.5)
        _wait_for(lambda: 'status="499"} 1\n' in httpx.get(f"{address}/metrics", verify=False).text)
        slow.let.set()
        _wait_for(lambda: slow.asked == 2)
    assert errors == []


def test_what_takes_too_long_is_given_up(slow: Slow, photograph: bytes) -> None:
    app, worker = create_app(slow.served(), Limits(seconds=0.3))
    with running(app, worker) as address:
        response = _post(address, photograph)
        assert (response.status_code, response.json()["detail"]) == (504, "no answer within 0.3 s")
        slow.let.set()
        _wait_for(lambda: _post(address, photograph).status_code == 200)


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (TypeError("secret"), 500, "the prediction failed (TypeError)"),
        (MemoryError(), 503, "memory ran out; send a sma"),
        (torch.OutOfMemoryError("CUDA out of memory"), 503, "memory ran out; send a sma"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 503, "memory ran out; send a sma"),
    ],
)
def test_a_failure_is_told_without_its_inside(
    slow: Slow, photograph: bytes, error: Exception, status: int, detail: str, caplog: pytest.LogCaptureFixture
) -> None:
    slow.error = error  # pyright: ignore[reportAttributeAccessIssue]
    slow.let.set()
    app, worker = create_app(slow.served(), Limits())
    with running(app, worker) as address:
        response = _post(address, photograph)
        assert response.status_code == status
        assert response.json()["detail"].startswith(detail)
        assert "Traceback" not in caplog.text
        slow.error = None
        assert _post(address, photograph).status_code == 200


def test_those_who_wait_when_the_server_ends_are_told(
    slow: Slow, photograph: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("auxseg.deploy.serving.server._GRACE_SECONDS", 1)
    app, worker = create_app(slow.served(), Limits())
    with ThreadPoolExecutor(2) as pool:
        with running(app, worker) as address:
            first = pool.submit(_post, address, photograph)
            _wait_for(lambda: slow.asked == 1)
            second = pool.submit(_post, address, photograph)
            _wait_for(lambda: _queue_length(address) == 1)
        for response in (first.result(), second.result()):
            assert (response.status_code, response.json()["detail"]) == (503, "the server is shutting down")
    assert "Traceback" not in caplog.text
    slow.let.set()
    assert worker.join(30)
    assert slow.asked == 1
