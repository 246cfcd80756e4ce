"""What a person, or a log, is told of a training."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path

import pytest

from auxseg.cli.output import progress
from auxseg.cli.output.progress import TrainingProgress
from auxseg.cli.output.terminal import SafeConsole
from auxseg.training.learner import StepResult
from auxseg.training.loop import Validation

LOSSES = {"segmentation": 0.5, "classification": 1.25, "box": 0.125}


def _trained(
    directory: Path, *, terminal: bool, width: int, steps: int = 600, seen: int = 600, iou: float | None = None
) -> str:
    """Validations after every 10 of the first ``seen`` steps, of which every third is kept."""
    directory.mkdir()
    (directory / "recipe.yaml").write_text(f"training: {{steps: {steps}}}")
    file = io.StringIO()
    console = SafeConsole(file=file, width=width, force_terminal=terminal, highlight=False)
    with TrainingProgress(console, directory) as shown:
        for step in range(1, seen + 1):
            shown.on_step(step, StepResult(LOSSES, {}, 1.0, 1.0), 0.1, 0.0)
            if step % 10 == 0:
                figures = {name: {"iou": step / 1000 if iou is None else iou, "more": 0.0} for name in LOSSES}
                shown.on_validation(Validation(step, step / 10, figures, LOSSES, 0.1, step % 30 == 0))
        if terminal:
            shown._bar.refresh()
    return file.getvalue()


def test_a_log_has_one_line_that_can_be_understood_alone(tmp_path: Path) -> None:
    (line,) = _trained(tmp_path / "pets", terminal=False, width=80).splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  pets  step 600 of 600  ", line)
    assert "mean training loss: segmentation 0.500  classification 1.250  box 0.125" in line
    assert line.endswith("validation: segmentation iou 0.6000  classification iou 0.6000  box iou 0.6000  kept")


def test_a_figure_that_nothing_defines_is_called_so(tmp_path: Path) -> None:
    (line,) = _trained(tmp_path / "pets", terminal=False, width=80, iou=math.nan).splitlines()
    assert "nan" not in line
    assert "  validation: segmentation iou undefined  classification iou undefined" in line


def test_what_is_left_is_said_before_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    lines = _trained(tmp_path / "pets", terminal=False, width=80, seen=20).splitlines()
    assert len(lines) == 2
    assert all(re.search(r"step \d+ of 600, \d+ s left", line) for line in lines)
    assert not [line for line in lines if "kept" in line or "best" in line]


def test_a_validation_that_no_line_was_printed_of_has_one_at_the_end(tmp_path: Path) -> None:
    (line,) = _trained(tmp_path / "pets", terminal=False, width=80, seen=30).splitlines()
    assert "step 30 of 600" in line


def test_a_bar_of_80_columns_has_the_time_left_whatever_the_number_of_tasks(tmp_path: Path) -> None:
    shown = _trained(tmp_path / "pets", terminal=True, width=80, seen=300)
    bar = [line for line in re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown).splitlines() if "300/600" in line][-1]
    assert re.search(r"300/600 \d:\d\d:\d\d (\d:\d\d:\d\d|-:--:--)", bar)
    assert len(bar.rstrip()) <= 80
    assert bar.startswith("pets ")


ALL = "loss segmentation 0.500  classification 1.250  box 0.125"


@pytest.mark.parametrize(("width", "text"), [(10, ""), (18, ""), (28, "loss segmentation 0.500 +2"), (60, ALL)])
def test_losses_that_do_not_fit_are_counted(width: int, text: str) -> None:
    assert progress._fitting(LOSSES, width) == text


def test_a_name_is_text(tmp_path: Path) -> None:
    shown = _trained(tmp_path / "[b]", terminal=True, width=80, seen=20)
    assert "[b] " in shown
