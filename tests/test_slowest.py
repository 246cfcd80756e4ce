"""The list of what takes longest names what there is."""

from __future__ import annotations

from tests.slowest import ROOT, SLOWEST, rank


def test_every_module_is_there_once() -> None:
    assert all((ROOT / name).is_file() for name in SLOWEST)
    assert len(set(SLOWEST)) == len(SLOWEST)


def test_they_come_first_in_their_order() -> None:
    paths = [ROOT / "README.md", *(ROOT / name for name in reversed(SLOWEST))]
    assert sorted(paths, key=rank) == [*(ROOT / name for name in SLOWEST), ROOT / "README.md"]
