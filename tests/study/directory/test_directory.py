"""A study's directory is held by one process, belongs to one data set, and is never anything else."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from pathlib import Path

import pytest
import torch

import auxseg
from auxseg.data.store.store import Store
from auxseg.data.synthesize import synthesize
from auxseg.errors import InputError
from auxseg.files import write_atomically
from auxseg.records.about import Choices, Question
from auxseg.records.event_log import EventLog
from auxseg.study.design.plan import make_plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.directory.provenance import origin
from auxseg.training.lock import training_in
from tests.records.made_events import make_end, make_step
from tests.study.small import box_alone


def held(path: Path, store: Path, threads: int | None = None) -> Choices:
    with StudyDirectory(path).held(Store.open(store), origin("none"), Choices(threads=threads)) as kept:
        return kept


def test_what_was_chosen_first_is_kept(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "study"
    assert held(path, store, threads=3) == Choices(threads=3)
    assert held(path, store, threads=5) == Choices(threads=3)


def test_a_second_process_is_refused(store: Path, tmp_path: Path) -> None:
    held(tmp_path, store)
    with training_in(tmp_path), pytest.raises(InputError, match="another process is working in this directory"):
        held(tmp_path, store)
    held(tmp_path, store)


def test_other_data_are_refused_and_both_hashes_named(store: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    synthesize(other, num_samples=12, size=32, seed=1)
    held(tmp_path / "study", store)
    with pytest.raises(InputError, match="was begun on other data") as raised:
        held(tmp_path / "study", other)
    assert all(Store.open(path).content_hash[:12] in str(raised.value) for path in (store, other))


def test_it_is_written_down_with_what_it_was_begun(store: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"weights")
    study = StudyDirectory(tmp_path / "study")
    with study.held(Store.open(store), origin(str(weights)), Choices()):
        about = json.loads(study.about_file.read_text())["origin"]
    assert about["versions"] == {
        "auxseg": auxseg.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    assert about["device"] == ("cuda:0" if torch.cuda.is_available() else "cpu")
    assert about["weights"] == hashlib.sha256(b"weights").hexdigest()
    assert origin("none").weights is None


def test_other_weights_are_refused_and_both_hashes_named(store: Path, tmp_path: Path) -> None:
    weights, study, opened = tmp_path / "weights.pth", StudyDirectory(tmp_path / "study"), Store.open(store)
    weights.write_bytes(b"one")
    with study.held(opened, origin(str(weights)), Choices()):
        pass
    weights.write_bytes(b"another")
    with (
        pytest.raises(InputError, match="was begun with other pretrained weights") as raised,
        study.held(opened, origin(str(weights)), Choices()),
    ):
        pass
    assert all(hashlib.sha256(content).hexdigest()[:12] in str(raised.value) for content in (b"one", b"another"))
    weights.unlink()
    with pytest.raises(InputError, match=r"model\.weights: .* is not a file"):
        origin(str(weights))


def begun_with(version: str, of: str, directory: Path) -> None:
    about = StudyDirectory(directory).about_file
    values = json.loads(about.read_text())
    values["origin"]["versions"][of] = version
    about.write_text(json.dumps(values))


def test_another_version_is_refused_and_both_named(store: Path, tmp_path: Path) -> None:
    held(tmp_path, store)
    begun_with("0.0.7", "auxseg", tmp_path)
    said = rf"was begun with auxseg 0\.0\.7, and this is {re.escape(auxseg.__version__)}, .*; use auxseg 0"
    with pytest.raises(InputError, match=said):
        held(tmp_path, store)


def test_other_versions_of_what_it_stands_on_may_go_on(store: Path, tmp_path: Path) -> None:
    held(tmp_path, store, threads=3)
    begun_with("3.0", "python", tmp_path)
    assert held(tmp_path, store) == Choices(threads=3)


def test_a_folder_of_something_else_is_left_as_it_is(store: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match=r"holds files but no study, such as thesis.txt"):
        held(tmp_path, store)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_place_that_cannot_be_a_directory_is_named(store: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be a study's directory"):
        held(tmp_path / "file", store)


def test_another_format_is_refused(store: Path, tmp_path: Path) -> None:
    held(tmp_path, store)
    about = StudyDirectory(tmp_path).about_file
    about.write_text(json.dumps(json.loads(about.read_text()) | {"format": 99}))
    with pytest.raises(InputError, match=r"written by another version of auxseg .format 99, expected 1"):
        held(tmp_path, store)


def test_a_run_is_done_when_it_ended_or_diverged(tmp_path: Path) -> None:
    study, (run, other) = StudyDirectory(tmp_path), make_plan(box_alone(seeds=1)).runs
    log = EventLog(study.run_directory(run) / "events.jsonl")
    log.path.parent.mkdir(parents=True)
    log.append(make_step(1))
    assert not study.is_done(run)
    log.append(make_end(1))
    assert study.is_done(run)
    assert not study.is_done(other)
    write_atomically(study.failure_file(other), b"too steep")
    assert study.is_done(other)
    assert study.failure(other) == "too steep"
    assert study.failure(run) is None


def test_nothing_is_chosen_or_judged_before_it_is_begun(store: Path, tmp_path: Path) -> None:
    study = StudyDirectory(tmp_path / "study")
    study.compare(Question(target="segmentation", label_fractions=(1.0,), base={}))
    assert (study.choices, study.judged) == (Choices(), ())
    assert not study.path.exists()
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot be a study's directory .it is a file"):
        StudyDirectory(tmp_path / "file").check(Store.open(store), origin("none"))


def test_a_damaged_reason_is_still_a_reason(tmp_path: Path) -> None:
    study, run = StudyDirectory(tmp_path), make_plan(box_alone()).runs[0]
    study.failure_file(run).parent.mkdir()
    study.failure_file(run).write_bytes(b"step 1: the loss of \xff\xfe is not finite" + b"x" * 1_000_000)
    assert study.is_done(run)
    assert (study.failure(run) or "").startswith("step 1: the loss of \ufffd\ufffd is not finite")
    assert len(study.failure(run) or "") < 70_000
