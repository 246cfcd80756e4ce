"""The list of what takes longest names what there is."""

from __future__ import annotations

import re

from tests.slowest import FURTHER, ROOT, SLOWEST, TOGETHER, is_further, rank

MODULES = [ROOT / name / ("test_any.py" if name.endswith("/") else "") for name in SLOWEST]


def test_every_module_is_there_once() -> None:
    assert all((ROOT / name).exists() for name in SLOWEST)
    assert len(set(SLOWEST)) == len(SLOWEST)
    assert all((ROOT / name).is_dir() for name in TOGETHER)


def test_what_is_left_to_make_slow_is_there_and_is_not_all_of_its_module() -> None:
    for path, patterns in FURTHER.items():
        names = re.findall(r"^def (test_\w+)", (ROOT / path).read_text(), re.MULTILINE)
        for pattern in patterns:
            words = pattern.partition(r"\[")[0]
            assert [name for name in names if words in name], f"{path}: {pattern}"
        assert not all(is_further(f"{path}::{name}") for name in names), path
    assert is_further("tests/run/test_phases.py::test_a_stopped_run_goes_on_in_its_phase_to_the_same_weights[11]")
    assert not is_further("tests/run/test_phases.py::test_a_stopped_run_goes_on_in_its_phase_to_the_same_weights[6]")


def test_they_come_first_in_their_order() -> None:
    paths = [ROOT / "README.md", *reversed(MODULES)]
    assert sorted(paths, key=rank) == [*MODULES, ROOT / "README.md"]
