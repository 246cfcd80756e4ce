"""docs/tutorial.ipynb runs from its first cell to its last, and holds no outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"


def test_it_is_kept_without_outputs() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert len(code) > 5
    assert [cell.source for cell in code if cell.outputs or cell.execution_count] == []


@pytest.mark.slow
def test_it_runs(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [cell.outputs[-1]["data"]["text/plain"] for cell in notebook.cells if cell.get("outputs")]
    assert outputs[0] == "{'train': 28, 'val': 4, 'test': 8}"
    assert "box" in outputs[-2]
    assert outputs[-1].endswith("report.html')]") or outputs[-1].endswith("report.html')")
    assert (tmp_path / "notebook" / "study" / "report.html").is_file()
