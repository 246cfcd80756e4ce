"""The list of what takes longest names what there is."""

from __future__ import annotations

from tests.dear import DEAR, ROOT, rank


def test_every_module_is_there_once() -> None:
    assert all((ROOT / name).is_file() for name in DEAR)
    assert len(set(DEAR)) == len(DEAR)


def test_they_come_first_in_their_order() -> None:
    paths = [ROOT / "README.md", *(ROOT / name for name in reversed(DEAR))]
    assert sorted(paths, key=rank) == [*(ROOT / name for name in DEAR), ROOT / "README.md"]
