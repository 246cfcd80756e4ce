"""`auxseg bench damage` finds what it is there to find."""

from __future__ import annotations

import html
import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from auxseg.errors import InputError
from auxseg.training.seal import Owner, examine, sealed
from benchmarks.damage import Options, main
from benchmarks.tools.damage.archives import checkpoint_changes
from benchmarks.tools.damage.cases import injected
from benchmarks.tools.damage.families import FAMILIES
from benchmarks.tools.damage.flips import FLIPS
from benchmarks.tools.damage.guard import MARKUP
from benchmarks.tools.damage.hdf5 import hdf5_changes
from benchmarks.tools.damage.outcome import Ending, Outcome, classify, place
from benchmarks.tools.damage.tables import csv_changes, xml_changes
from benchmarks.tools.damage.trees import json_changes, jsonl_changes, yaml_changes
from benchmarks.tools.damage.zygote import Zygote, zygote
from tests.benchmarks import planted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it needs /proc and fork")


@pytest.fixture(scope="module")
def mother() -> Iterator[Zygote]:
    with zygote(preload=()) as found:
        yield found


@pytest.mark.parametrize(
    ("work", "outcome"),
    [
        (int, Outcome.OK),
        (planted.refuses, Outcome.REFUSED),
        (planted.leaves_some_out, Outcome.FAILED),
        (planted.raises, Outcome.TRACEBACK),
        (planted.succeeds_with_a_traceback, Outcome.TRACEBACK),
        (planted.asks_for_much, Outcome.MEMORY),
        (planted.ends_by_a_signal, Outcome.CRASH),
        (planted.starts_a_program, Outcome.PROCESS),
        (planted.starts_a_shell, Outcome.PROCESS),
        (planted.forks, Outcome.PROCESS),
        (planted.executes, Outcome.CODE),
        (planted.loads_a_name, Outcome.CODE),
        (planted.imports_from_its_folder, Outcome.CODE),
        (planted.says_nothing, Outcome.UNCLEAR),
        (planted.says_a_page, Outcome.UNCLEAR),
        (planted.says_a_code, Outcome.UNCLEAR),
        (planted.says_a_long_name, Outcome.UNCLEAR),
    ],
)
def test_what_a_command_does_is_found(mother: Zygote, tmp_path: Path, work: type[int], outcome: Outcome) -> None:
    ending = mother.run(tmp_path, work)
    assert classify(ending) is outcome, ending


@pytest.mark.parametrize("work", [planted.computes_for_ever, planted.sleeps])
def test_a_hang_is_ended_and_says_where(mother: Zygote, tmp_path: Path, work: type[int]) -> None:
    started = time.monotonic()
    ending = mother.run(tmp_path, work, seconds=0.5)
    assert time.monotonic() - started < 60
    assert classify(ending) is Outcome.HANG
    assert work.__name__ in ending.stderr


def test_resident_memory_is_measured_beside_what_was_there(mother: Zygote, tmp_path: Path) -> None:
    without, with_much = (mother.run(tmp_path, planted.holds, number).peak_bytes for number in (0, 200 * 2**20))
    assert 380 * 2**20 < with_much - without < 420 * 2**20  # the array and its copy
    assert classify(Ending(0, 1.0, 1.0, 2**31 + 1, False, (), "")) is Outcome.MEMORY


def test_the_place_of_a_traceback_is_the_innermost_line_of_ours() -> None:
    text = 'File "/a/src/auxseg/run/load.py", line 3, in load\n  x\nFile "/b/torch/x.py", line 9, in y\nKeyError: 1\n'
    assert place(text) == "auxseg/run/load.py:3 in load: KeyError: 1"


def test_a_planted_text_in_a_page_is_found(tmp_path: Path) -> None:
    page = tmp_path / "run" / "report.html"
    page.parent.mkdir()
    page.write_text(f"<p>{html.escape(MARKUP)}</p>")
    assert injected(tmp_path) == []
    page.write_text(f"<p>{MARKUP}</p>")
    assert injected(tmp_path) == ["code: markup in run/report.html"]
    assert classify(Ending(0, 1.0, 1.0, 0, False, injected(tmp_path), "")) is Outcome.CODE


def test_every_value_of_a_text_is_replaced_and_every_key_dropped_and_doubled() -> None:
    content = json.dumps({"a": [1, {"b": "x"}], "c": None}).encode()
    changed = {name: change() for name, change in json_changes(content)}
    assert json.loads(changed["a.1.b = null"]) == {"a": [1, {"b": None}], "c": None}
    assert b"1e400" in changed["a.0 = 1e400"]
    assert json.loads(changed["c dropped"]) == {"a": [1, {"b": "x"}]}
    assert changed["a.1.b doubled"].count(b'"b": "x"') == 2
    assert json.loads(changed["a renamed"]) == {"ax": [1, {"b": "x"}], "c": None}
    assert all(text != content for text in changed.values())


def test_yaml_is_given_what_runs_code_and_what_multiplies() -> None:
    changed = {name: change() for name, change in yaml_changes(b"seed: 0\ntasks: {box: {kind: box}}\n")}
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(changed["seed = python object"])
    assert yaml.safe_load(changed["tasks.box.kind = infinity"]) == {
        "seed": 0,
        "tasks": {"box": {"kind": float("inf")}},
    }
    assert len(changed["seed = alias bomb"]) < 1000


def test_lines_tables_and_xml_are_changed_in_every_place() -> None:
    lines = {name for name, _ in jsonl_changes(b'{"a": 1}\n{"b": 2}\n')}
    assert {"line 1: a = null", "line 2: b dropped", "line 2: cut"} <= lines
    cells = {name: change() for name, change in csv_changes(b"id,x0\np0,1\n")}
    assert cells["cell 1,1 = 'nan'"] == b"id,x0\np0,nan\n"
    assert cells["column 0 dropped"] == b"x0\n1\n"
    texts = {name: change() for name, change in xml_changes(b"<a><object><x>1</x></object></a>")}
    assert texts["1 = '-1'"] == b"<a><object><x>-1</x></object></a>"
    assert b"<!ENTITY" in texts["entity bomb"]


def test_every_family_is_there_and_every_sort_of_damage_is_repeatable() -> None:
    assert len(FAMILIES) == 13
    content = np.random.default_rng(0).bytes(5000)
    for name, flip in FLIPS.items():
        first, second = (flip(content, np.random.default_rng(3)) for _ in "12")
        assert first == second != content, name


def test_an_hdf5_file_is_changed_in_every_dataset(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["numbers"], file["names"] = np.arange(3), ["a", "b", "c"]
        file["header"] = np.frombuffer(b'{"size": 3}', np.uint8)
        file.attrs["size"] = 3
    changes = dict(hdf5_changes((tmp_path / "x.h5").read_bytes()))
    for name, change in list(changes.items())[::4]:
        content = change()
        assert content[:8] == b"\x89HDF\r\n\x1a\n", name
    assert {"/numbers so many rows", "/names a huge text", "attribute size = -1", "/header: size = 2**63"} <= set(
        changes
    )


def test_a_checkpoint_is_given_code_that_a_careless_reader_runs(mother: Zygote, tmp_path: Path) -> None:
    torch.save({"progress": {"step": 1}}, tmp_path / "last.pt")
    changes = dict(checkpoint_changes((tmp_path / "last.pt").read_bytes()))
    (tmp_path / "bad.pt").write_bytes(changes["pickle: executes code"]())
    assert classify(mother.run(tmp_path, planted.carelessly)) is Outcome.CODE


def test_a_damaged_checkpoint_may_be_sealed_anew(tmp_path: Path) -> None:
    archive = io.BytesIO()
    torch.save({"progress": {"step": 1}}, archive)
    body, seal = sealed(memoryview(archive.getvalue()), 1, Owner("r", "d"), "0")
    changes = dict(checkpoint_changes(bytes(body) + seal))
    path = tmp_path / "last.pt"
    for name, is_whole in (("pickle: a number", False), ("sealed anew: pickle: a number", True)):
        path.write_bytes(changes[name]())
        assert (examine(path) is not None) is is_whole
        assert torch.load(path, weights_only=True) == 1


@pytest.mark.slow
def test_some_families_from_end_to_end(tmp_path: Path) -> None:
    """Without a training, so that it takes seconds; `make slow` tries all of them."""
    result = main(Options(families=("coco", "tables", "masks"), files=9, keep=tmp_path))
    assert [row["files"] for row in result["rows"]] == [3, 3, 3, 9]
    assert result["faults"] == []


@pytest.mark.slow
def test_all_families_from_end_to_end(tmp_path: Path) -> None:
    result = main(Options(files=26, keep=tmp_path))
    assert [row["files"] for row in result["rows"]] == [2] * 13 + [26]
    assert result["faults"] == []


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(InputError, match="no family 'stors'; there are stores, "):
        main(Options(families=("stors",), files=1))
