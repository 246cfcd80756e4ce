"""The list of what takes longest names what there is."""

from __future__ import annotations

from tests.slowest import ROOT, SLOWEST, TOGETHER, rank

MODULES = [ROOT / name / ("test_any.py" if name.endswith("/") else "") for name in SLOWEST]


def test_every_module_is_there_once() -> None:
    assert all((ROOT / name).exists() for name in SLOWEST)
    assert len(set(SLOWEST)) == len(SLOWEST)
    assert all((ROOT / name).is_dir() for name in TOGETHER)


def test_they_come_first_in_their_order() -> None:
    paths = [ROOT / "README.md", *reversed(MODULES)]
    assert sorted(paths, key=rank) == [*MODULES, ROOT / "README.md"]
