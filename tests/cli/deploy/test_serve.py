"""`auxseg serve` as a process: its address, its end, and what it refuses before it begins."""

from __future__ import annotations

import io
import json
import math
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from rich.console import Console

from auxseg import extras
from auxseg.cli.deploy.serve import Serve
from auxseg.cli.main import main
from auxseg.errors import InputError


def _refused(*models: Path, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        Serve(models=models, **options).run(Console(file=io.StringIO()))  # pyright: ignore[reportArgumentType]
    return str(caught.value)


def test_what_cannot_be_served_is_refused_in_one_sentence(tmp_path: Path) -> None:
    assert _refused(tmp_path / "none").endswith("none: not a run directory (it does not exist)")
    assert "--port 70000: expected 0 to 65535" in _refused(tmp_path, port=70_000)
    assert "--queue -1: expected 0 or more" in _refused(tmp_path, queue=-1)
    assert "--max-megapixels 101: expected a number above 0, at most 100" in _refused(tmp_path, max_megapixels=101)
    assert "--max-megabytes inf: expected a number above 0, at most 1000" in _refused(tmp_path, max_megabytes=math.inf)
    assert "--allow-host http://a: expected a host name" in _refused(tmp_path, allow_host=("http://a",))
    assert "nowhere.invalid:7860: cannot listen there" in _refused(tmp_path, host="nowhere.invalid")
    assert "at least one run directory" in _refused(port=0)


def test_hosts_may_be_allowed_one_by_one_or_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(Serve, "run", lambda command, console: asked.append(command.allow_host))
    assert main(["serve", str(tmp_path), "--allow-host", "a", "b", "--allow-host", "c"]) == 0
    assert asked == [("a", "b", "c")]


def test_a_port_in_use_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert f"127.0.0.1:{port}: cannot listen there (Address already in use); --port 0" in _refused(
            tmp_path, port=port
        )


def test_a_missing_extra_is_named_with_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "serve", ("fastapi", "no_such_module"))
    assert _refused(tmp_path) == (
        "auxseg serve needs no_such_module, which is not installed; pip install 'auxseg[serve]' installs it"
    )


_DRIVER = """
import sys, time, types
from auxseg.cli.main import main
from auxseg.deploy.serving.worker import Worker

worker = Worker(1)

def predict():
    time.sleep(0.5)
    print("predicted", file=sys.stderr, flush=True)

async def app(scope, receive, send):
    worker.submit(predict)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})

for name in ("app", "models"):
    sys.modules[f"auxseg.deploy.serving.{name}"] = types.ModuleType(name)
sys.modules["auxseg.deploy.serving.models"].open_models = lambda paths, device: {paths[0].name: None}
sys.modules["auxseg.deploy.serving.app"].create_app = lambda models, limits, hosts: (app, worker)
sys.exit(main(sys.argv[1:]))
"""
"""The command around an application that predicts nothing for half a second: a network would take seconds to load."""

_IN_THE_BACKGROUND = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(*eval(sys.argv[1]))"
)
"""As a shell without job control starts what has an ampersand."""


@pytest.mark.parametrize(
    ("number", "code", "is_ignored"),
    [(signal.SIGINT, 130, False), (signal.SIGINT, 130, True), (signal.SIGTERM, 143, False)],
)
def test_the_address_is_told_and_the_end_is_clean(tmp_path: Path, number: int, code: int, is_ignored: bool) -> None:
    command = [sys.executable, "-c", _DRIVER, "serve", str(tmp_path), "--port", "0", "--json"]
    if is_ignored:
        command = [sys.executable, "-c", _IN_THE_BACKGROUND, repr((sys.executable, command))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["address"]
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{address}/healthz", timeout=60) as response:
            assert response.status == 204
        os.kill(process.pid, number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert said == f"serving {tmp_path.name} at {address} (Ctrl-C stops)\npredicted\nstopped\n"
