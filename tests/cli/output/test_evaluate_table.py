"""The table of several runs: it fits, its headings are whole, and shared folders are not repeated."""

from __future__ import annotations

import dataclasses
import io

from auxseg.cli.output.evaluate_table import print_figures
from auxseg.cli.output.terminal import SafeConsole
from auxseg.records.metrics import Metrics
from tests.records.made_events import DATA


def _metrics(value: float | None) -> Metrics:
    return Metrics(
        split="test",
        target="segmentation",
        num_images=12,
        checkpoint_step=4,
        data=dataclasses.replace(DATA, name="[/b].h5", size=64, border="ignore"),
        figures={
            "classification": {"accuracy": 0.5, "balanced_accuracy": 0.25},
            "segmentation": {"iou_dataset": value, "iou_image": 0.5, "dice": 0.5, "num_images": 10.0},
            "box": {"iou": 0.5, "error_in_pixels": 12.3456},
        },
        seconds=1.0,
    )


def _shown(width: int) -> str:
    file = io.StringIO()
    results = {f"runs/pets/{name}": _metrics(value) for name, value in (("[b]", 0.76543), ("other", None))}
    print_figures(SafeConsole(file=file, width=width), results)
    return file.getvalue()


def test_a_wide_terminal_shows_two_figures_of_every_task() -> None:
    shown = _shown(160)
    for words in ("balanced_accuracy", "error_in_pixels", "12.3", "0.7654", "test split of [/b].h5: 10 images, 64 px"):
        assert words in shown
    assert "too narrow" not in shown
    assert "dice" not in shown


def test_80_columns_keep_the_target_and_name_what_is_left_out() -> None:
    shown = _shown(80)
    assert max(map(len, shown.splitlines())) <= 80
    assert "iou_dataset" in shown
    told = " ".join(shown.split()).partition("too narrow: ")[2]
    assert told.startswith("classification.balanced_accuracy, box.error_in_pixels, seconds.per image; metrics.json")


def test_folders_that_all_runs_share_are_left_out() -> None:
    assert "runs/pets" not in _shown(80)
    assert "│ [b] " in _shown(80)


def test_runs_that_were_measured_in_two_ways_are_named() -> None:
    file = io.StringIO()
    plain = _metrics(0.5)
    results = {"runs/a": plain, "runs/b": dataclasses.replace(plain, at="original"), "runs/c": plain}
    print_figures(SafeConsole(file=file, width=160), results)
    shown = " ".join(file.getvalue().split())
    assert "a, c: test split of [/b].h5: 10 images, 64 px, border ignore" in shown
    assert "b: test split of [/b].h5: 10 images, 64 px, segmentation at the images' original size" in shown
