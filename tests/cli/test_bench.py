from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from auxseg.cli import bench
from auxseg.cli.bench import Bench
from auxseg.config import config
from auxseg.errors import InputError
from benchmarks.tools.record import publish, read_options


@config
class Options:
    number: int = 1


def test_lists_what_every_script_says_it_measures() -> None:
    file = io.StringIO()
    assert {"store", "step", "peer", "study-validity"} <= set(Bench().run(Console(file=file, width=200))["names"])
    assert "startup: How long `auxseg --help` takes" in file.getvalue()


def test_refuses_an_unknown_measurement_and_names_the_known() -> None:
    with pytest.raises(InputError, match=r"unknown measurement; expected one of .*store"):
        Bench(name="stor").run(Console(quiet=True))


def test_refuses_outside_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "__file__", str(tmp_path / "site-packages" / "auxseg" / "cli" / "bench.py"))
    with pytest.raises(InputError, match="in a checkout of the repository"):
        Bench().run(Console(quiet=True))


@pytest.mark.parametrize(
    ("setting", "message"),
    [("rounds", "expected key=value"), ("turns=3", "the settings are rounds"), ("rounds=few", "rounds: .*integer")],
)
def test_refuses_a_wrong_setting(setting: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Bench(name="startup", set=(setting,)).run(Console(quiet=True))


def test_prints_and_keeps_every_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = io.StringIO()
    for setting in ("number=3", "number=4"):
        options = read_options(Options, [setting], "bench halves")
        result = {"rows": [{"number": options.number, "half": options.number / 2}], "note": "halved"}
        publish("halves", result, Console(file=file, width=200))
    kept = json.loads((tmp_path / "runs" / "bench" / "halves.json").read_text())
    assert [record["rows"][0]["half"] for record in kept] == [1.5, 2.0]
    assert all({"machine", "date", "command"} <= record.keys() for record in kept)
    assert "half" in file.getvalue()
    assert "note: halved" in file.getvalue()
