"""Whether a host answers, and what is said when weights would have to come from one that does not."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from auxseg.errors import InputError
from auxseg.models import pretrained
from auxseg.models.network_access import answers


@pytest.fixture
def silent() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_server_that_refuses_the_page_is_there() -> None:
    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(403)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert answers(f"http://127.0.0.1:{server.server_port}")


def test_nobody_is_waited_for(silent: str) -> None:
    started = time.monotonic()
    assert not answers(silent, seconds=0.3)
    assert not answers("http://127.0.0.1:9", seconds=0.3)
    assert not answers("no address", seconds=0.3)
    assert time.monotonic() - started < 3


def test_weights_that_cannot_be_fetched_are_one_sentence_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the downloader tries again for a minute and a half")

    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr("timm.create_model", never)
    with pytest.raises(InputError) as error:
        pretrained.download("resnet18", features_only=True)
    assert str(error.value).startswith(
        "model.weights: timm would fetch the weights of resnet18 from http://127.0.0.1:9, which does not answer; fetch "
        "model.safetensors of timm/resnet18."
    )
    assert "set model.weights to that file, or set model.weights=none for random weights" in str(error.value)


def test_weights_that_were_fetched_before_need_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: "/somewhere/model.safetensors")
    monkeypatch.setattr("timm.create_model", lambda name, **_: name)
    assert pretrained.download("resnet18") == "resnet18"
