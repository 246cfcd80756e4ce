"""The parts of a page about attention and mixing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from auxseg.report import report
from tests.report import made_runs as runs
from tests.report.html import Page


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = runs.make_full_run(tmp_path / "mtan")
    Image.new("RGB", (60, 20)).save(path / "figures/attention-1-1.png")
    pictures = {"segmentation": "figures/attention-1-1.png", "box": "figures/gone.png"}
    matrices = {"after stage 1": [[0.9, 0.05, 0.05], [0.1, 0.75, 0.15], [0.0, 0.2, 0.8]]}
    content = {"images": [{"id": "dog-7", "pictures": pictures}], "tasks": list(runs.TASKS), "matrices": matrices}
    (path / "inspection.json").write_text(json.dumps(content))
    return path


def test_shows_masks_by_task_and_matrices_by_stage(run: Path) -> None:
    source = report([run]).read_text(encoding="utf-8")
    page = Page(source)
    assert page.faults == []
    assert "dog-7: the photograph and what segmentation attends to, stage by stage" in source
    assert "dog-7: the photograph and what box" not in source
    assert "This image is missing from the run directory" in source
    assert "After stage 1" in source
    assert "0.750" in source


def test_other_runs_say_nothing_of_it(tmp_path: Path) -> None:
    source = report([runs.make_full_run(tmp_path / "hard")]).read_text(encoding="utf-8")
    assert "Attention" not in source
    assert "Mixing" not in source
