"""Where the README's example runs."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _readme_runs_in_an_empty_folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example writes files into the folder it is run in."""
    if request.node.path.name == "README.md":
        monkeypatch.chdir(tmp_path)
