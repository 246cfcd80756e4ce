"""examples.json and inspection.json come back as they were, and are empty where nothing was drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.records.pictures import (
    Example,
    InspectedImage,
    Inspection,
    read_examples,
    read_inspection,
    write_examples,
    write_inspection_file,
)

EXAMPLES = (Example("dog", "best", 0.9, "figures/best-1.png"), Example("cat", "worst", None, "figures/worst-1.png"))
INSPECTION = Inspection(
    (InspectedImage("dog", {"box": "figures/attention-1-1.png"}),),
    ("segmentation", "box"),
    {"after stage 1": ((0.9, 0.1), (0.2, 0.8))},
)


def test_examples_come_back_as_they_were(tmp_path: Path) -> None:
    assert read_examples(tmp_path) == ()
    write_examples(tmp_path, EXAMPLES)
    assert read_examples(tmp_path) == EXAMPLES


def test_an_inspection_comes_back_as_it_was(tmp_path: Path) -> None:
    assert read_inspection(tmp_path) == Inspection()
    write_inspection_file(tmp_path, INSPECTION)
    assert read_inspection(tmp_path) == INSPECTION


def test_matrices_are_squares_of_the_tasks(tmp_path: Path) -> None:
    write_inspection_file(tmp_path, Inspection(tasks=("segmentation",), matrices=INSPECTION.matrices))
    with pytest.raises(
        InputError, match=r"matrices\.'after stage 1' is not a square of 1 tasks; evaluate the run again"
    ):
        read_inspection(tmp_path)
