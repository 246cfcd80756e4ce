"""One process at a time works in a directory, and a lock is never stale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.training.lock import training_in


def test_lock_is_refused_while_held_and_dies_with_its_holder(tmp_path: Path) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from auxseg.training.lock import training_in\n"
        "with training_in(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="another process is working in this directory"), training_in(tmp_path):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with training_in(tmp_path):
        pass


def test_the_same_process_does_not_hold_it_twice(tmp_path: Path) -> None:
    with training_in(tmp_path):
        with pytest.raises(InputError) as refused, training_in(tmp_path):
            pass
        assert str(refused.value) == (
            f"{tmp_path}: another process is working in this directory; wait for it or give another directory"
        )
        with pytest.raises(InputError), training_in(tmp_path):  # a refusal does not let go of it
            pass


def test_an_error_lets_go_of_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="on purpose"), training_in(tmp_path):
        raise RuntimeError("on purpose")
    with training_in(tmp_path):
        pass


def test_directories_are_held_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with training_in(tmp_path), training_in(tmp_path / "inner"):
        assert (tmp_path / "inner" / ".lock").read_bytes() == b""


def test_a_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("left by somebody")
    with training_in(tmp_path):
        pass
    assert (tmp_path / ".lock").read_text() == "left by somebody"
