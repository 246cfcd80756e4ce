"""Where the README's example runs."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _readme_runs_in_an_empty_folder(request: pytest.FixtureRequest) -> None:
    """The example writes files into the folder it is run in; other tests ask for a folder if they need one."""
    if request.node.path.name == "README.md":
        request.getfixturevalue("monkeypatch").chdir(request.getfixturevalue("tmp_path"))
