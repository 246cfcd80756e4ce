"""Every room is a package of its own, and none holds so many files that nobody finds one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = sorted({path.parent for path in (ROOT / "src" / "auxseg").rglob("*.py")})


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(ROOT / "src").as_posix())
def test_a_room_is_a_package_of_at_most_fifteen_files(room: Path) -> None:
    assert (room / "__init__.py").is_file()
    assert len(list(room.glob("*.py"))) <= 15


def test_no_source_is_ignored() -> None:
    """What git ignores, a clone lacks, and so does what pip builds."""
    command = ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "--", "src", "tests"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"git cannot tell what it ignores here: {done.stderr.strip()}")
    assert [path for path in done.stdout.splitlines() if "__pycache__" not in path and ".egg-info" not in path] == []


def test_the_picture_of_the_house_has_every_room() -> None:
    picture = (ROOT / "docs" / "pictures" / "house.svg").read_text()
    rooms = [room.name for room in ROOMS if room.parent.name == "auxseg"]
    assert len(rooms) >= 14
    assert [name for name in rooms if f"{name}/" not in picture] == []
