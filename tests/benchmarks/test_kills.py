"""`auxseg bench kills` kills when it says so, and tells the same bits from others."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from auxseg.records.event_log import EventLog
from benchmarks.kills import DIFFERENT, LEFT, REFUSED, SAID, SAME, Kills, Options, main, outcome_of
from benchmarks.tools.damage.killing import COUNT, counted, killed_after, killed_before, moment
from benchmarks.tools.damage.outcome import Ending
from benchmarks.tools.damage.zygote import Zygote, zygote
from tests.records.made_events import make_step

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it needs /proc and fork")

LINE = ("data", "synthesize", "--out", "store.h5", "--samples", "3", "--size", "32", "--processes", "1")


@pytest.fixture(scope="module")
def mother() -> Iterator[Zygote]:
    with zygote(preload=("auxseg.cli.main", "auxseg.data.synthesize")) as found:
        yield found


def test_a_command_is_killed_before_each_of_its_changes(mother: Zygote, tmp_path: Path) -> None:
    assert mother.run(tmp_path, counted, *LINE, seconds=60, guarded=False).status == 0
    changes = int((tmp_path / COUNT).read_text())
    assert changes >= 2  # one makes the partial file, one renames it
    for change in (1, changes, changes + 1):
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        ending = mother.run(tmp_path, killed_before, change, *LINE, seconds=60, guarded=False)
        is_killed = change <= changes
        assert ending.status == (-signal.SIGKILL if is_killed else 0), ending
        if not is_killed:
            assert (tmp_path / "store.h5").is_file()


def test_a_command_is_killed_after_a_time(mother: Zygote, tmp_path: Path) -> None:
    line = (*LINE[:4], "--samples", "100000", *LINE[6:])
    ending = mother.run(tmp_path, killed_after, 0.5, *line, seconds=60, guarded=False)
    assert ending.status == -signal.SIGALRM
    assert not (tmp_path / "store.h5").exists()


def test_moments_are_those_of_the_seed_and_lie_within_the_command() -> None:
    drawn = [[moment(rng, 3.0, 20) for _ in range(50)] for rng in (np.random.default_rng(1), np.random.default_rng(1))]
    assert drawn[0] == drawn[1]
    assert {how for how, _ in drawn[0]} == {killed_after, killed_before}
    assert all(1 <= when <= 20 for how, when in drawn[0] if how is killed_before)
    assert all(0 <= when <= 3.06 for how, when in drawn[0] if how is killed_after)


class Told:
    """A zygote that gives the endings that it was told, and leaves the files."""

    def __init__(self, *endings: Ending) -> None:
        self.endings = [Ending(0, 1.0, 1.0, 0, False, (), ""), *endings]

    def run(self, folder: Path, work: Any, *arguments: Any, **settings: Any) -> Ending:
        return self.endings.pop(0)


@pytest.mark.parametrize(
    ("status", "stderr", "same", "partial", "result"),
    [
        (0, "", True, False, SAME),
        (0, "", False, False, DIFFERENT),
        (0, "", True, True, LEFT),
        (2, "auxseg: run: its checkpoint belongs to another recipe", False, False, REFUSED),
        (1, "auxseg: it failed", True, False, SAID),
        (2, "", True, False, SAID),
        (1, "Traceback (most recent call last):\nKeyError: 1", True, False, SAID),
    ],
)
def test_what_is_left_is_judged(
    tmp_path: Path, status: int, stderr: str, same: bool, partial: bool, result: str
) -> None:
    told = cast(Zygote, Told(Ending(status, 1.0, 1.0, 0, False, (), stderr)))
    kills = Kills(told, tmp_path / "kills", np.random.default_rng(0))
    folder = kills.fresh()
    if partial:
        (folder / ".store.h5.77.partial").touch()
    found, why = kills.again(folder, "killed", lambda: same, "train")
    assert found == result
    assert "killed" in why


def test_a_weight_or_a_step_that_differs_is_seen(tmp_path: Path) -> None:
    save_file({"a": torch.ones(3)}, tmp_path / "best.safetensors")
    log = EventLog(tmp_path / "events.jsonl")
    log.append(make_step(1, losses={"segmentation": 0.5}))
    before = outcome_of(tmp_path)
    assert outcome_of(tmp_path) == before
    log.append(make_step(1, losses={"segmentation": 0.5}))  # a step that is there twice
    assert outcome_of(tmp_path) != before
    log.path.unlink()
    log.append(make_step(1, losses={"segmentation": 0.5}))
    assert outcome_of(tmp_path) == before
    save_file({"a": torch.tensor([1.0, 1.0, 1.0 + 2**-20])}, tmp_path / "best.safetensors")
    assert outcome_of(tmp_path) != before


@pytest.mark.slow
def test_all_kinds_from_end_to_end() -> None:
    result = main(Options(trainings=2, studies=1, prepares=2, overwrites=2))
    assert [row["kills"] for row in result["rows"]] == [2, 1, 2, 2]
    assert result["faults"] == []
