"""A mirrored evaluation against one of a store whose images and labels were mirrored before it was prepared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import Box, Sample
from auxseg.data.sources.source import Item, Source
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.records import events
from auxseg.report.runs.interval import interval
from auxseg.report.runs.record import read_record
from auxseg.run import Run, evaluate, train
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS, Uneven
from tests.tasks.examples import NEED_OTHER_DATA, REGISTRY

pytestmark = pytest.mark.slow  # tests/evaluation/test_mirrored.py has the same of a network alone

KINDS = [config().kind for config in REGISTRY if config().kind not in NEED_OTHER_DATA]
ONE_SIDED = "left-or-right"
TASKS = [f"tasks.{kind}={{kind: {kind}}}" for kind in KINDS] + [
    f"tasks.{ONE_SIDED}={{kind: flip, axis: horizontal}}",
    "tasks.reconstruction={kind: reconstruction, patch: 8}",
]
WIDTH = 20
"""Of images 32 pixels high, so that a letterbox pads them by 6 on either side."""


class Narrow(Source):
    """The middle of the uneven samples, as it is or mirrored."""

    name = "narrow"

    def __init__(self, *, mirrored: bool) -> None:
        self._whole, self._mirrored = Uneven(36), mirrored
        self.mask_classes = self._whole.mask_classes

    def items(self) -> Sequence[Item]:
        return self._whole.items()

    def read(self, item: Item) -> Sample:
        sample = self._whole.read(item)
        mask = None if sample.mask is None else sample.mask[:, 6 : 6 + WIDTH]
        sides = [(max(box.x0 - 6, 0.0), min(box.x1 - 6, WIDTH), box) for box in sample.boxes]
        if self._mirrored:
            sides = [(WIDTH - x1, WIDTH - x0, box) for x0, x1, box in sides]
        step = -1 if self._mirrored else 1
        return replace(
            sample,
            image=sample.image[:, 6 : 6 + WIDTH][:, ::step].copy(),
            mask=None if mask is None else mask[:, ::step].copy(),
            boxes=tuple(Box(x0, box.y0, x1, box.y1, box.name) for x0, x1, box in sides if x0 < x1),
        )

    def provenance(self) -> dict[str, str]:
        return {"source": self.name}


class Evaluated:
    """What an evaluation left in a run's directory."""

    def __init__(self, run: Run, metrics: Mapping[str, Any]) -> None:
        self.metrics = {name: value for name, value in metrics.items() if name != "seconds"}
        self.record = read_record(run.directory)
        self.columns = self.record.table.columns
        self.numbers = self.record.table.numbers
        files = ("figures/*.png", "per_image.csv", "examples.json")
        paths = [path for pattern in files for path in run.directory.glob(pattern)]
        self.bytes = {str(path.relative_to(run.directory)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    folder = tmp_path_factory.mktemp("narrow")
    for mirrored in (False, True):
        prepare(Narrow(mirrored=mirrored), folder / f"{mirrored}.h5", size=32, resize="letterbox")
    return {mirrored: folder / f"{mirrored}.h5" for mirrored in (False, True)}


@pytest.fixture(scope="module")
def run(stores: dict[bool, Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    recipe = load_recipe("tiny", [*SETTINGS, *TASKS, "training.steps=8"])
    return train(recipe, stores[False], tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def three(run: Run, stores: dict[bool, Path]) -> tuple[Evaluated, Evaluated, Evaluated]:
    """The images as they are, those of the mirrored store, and mirrored scoring."""
    plain = Evaluated(run, evaluate(run, "train"))
    other = Evaluated(run, evaluate(run, "train", stores[True]))
    return plain, other, Evaluated(run, evaluate(run, "train", mirrored=True))


def test_every_row_has_the_mean_of_both(three: tuple[Evaluated, Evaluated, Evaluated]) -> None:
    plain, other, mirrored = three
    assert mirrored.columns["id"] == plain.columns["id"] == other.columns["id"]
    assert list(mirrored.columns) == list(plain.columns)
    for name, cells in mirrored.columns.items():
        if name.startswith(ONE_SIDED) or name.endswith((".truth", ".prediction")):
            assert cells == plain.columns[name]
        elif name != "id":
            pairs = zip(plain.numbers[name], other.numbers[name], strict=True)
            known = [[value for value in pair if value is not None] for pair in pairs]
            expected = [np.mean(pair) if pair else None for pair in known]
            assert [value is None for value in mirrored.numbers[name]] == [value is None for value in expected], name
            assert [value or 0 for value in mirrored.numbers[name]] == pytest.approx(
                [value or 0 for value in expected], rel=1e-4, abs=1e-6
            ), name
    differing = [name for name in plain.numbers if plain.numbers[name] != mirrored.numbers[name]]
    assert {name.partition(".")[0] for name in differing} >= {"segmentation", "box", "denoising", "distance"}


def test_figures_are_those_of_both_together(three: tuple[Evaluated, Evaluated, Evaluated]) -> None:
    plain, other, mirrored = (each.metrics for each in three)
    assert mirrored["mirrored"] is True
    assert "mirrored" not in plain
    assert mirrored["num_images"] == plain["num_images"]
    for task, figures in plain["figures"].items():
        found = mirrored["figures"][task]
        assert list(found) == list(figures)
        assert [found[name] for name in found if name.startswith("num_")] == [
            figures[name] for name in figures if name.startswith("num_")
        ]
        for name in figures.keys() & {"mse", "psnr", "mae_pixels", "colour_error", "iou", "mse_pixels", "accuracy"}:
            both = figures[name] if task == ONE_SIDED else (figures[name] + other["figures"][task][name]) / 2
            assert found[name] == pytest.approx(both, rel=1e-4), (task, name)
    for name, table in plain["tables"].items():
        counts, more = np.array(table["counts"]), np.array(other["tables"][name]["counts"])
        both = counts if name.startswith(ONE_SIDED) else counts + more
        np.testing.assert_array_equal(mirrored["tables"][name]["counts"], both)
    counts = np.array(mirrored["tables"]["segmentation.confusion"]["counts"])
    found = mirrored["figures"]["segmentation"]
    assert found["iou_dataset"] == pytest.approx(counts[1, 1] / (counts.sum() - counts[0, 0]))
    assert found["iou_dataset"] == mirrored["classes"]["segmentation"]["animal"]["iou"]
    for task, loss in plain["losses"].items():
        both = loss if task == ONE_SIDED else (loss + other["losses"][task]) / 2
        assert mirrored["losses"][task] == pytest.approx(both, rel=1e-4), task


def test_sums_of_columns_have_the_ratio_of_the_figure(three: tuple[Evaluated, Evaluated, Evaluated]) -> None:
    *_, mirrored = three
    part, whole = (
        sum(value for value in mirrored.numbers[f"segmentation.{what}.animal"] if value is not None)
        for what in ("intersection", "union")
    )
    assert part / whole == pytest.approx(mirrored.metrics["figures"]["segmentation"]["iou_dataset"], rel=1e-12)


def test_pictures_are_those_of_the_images_as_they_are(three: tuple[Evaluated, Evaluated, Evaluated]) -> None:
    plain, other, mirrored = three
    names = [name for name in plain.bytes if not name.endswith(".csv")]
    assert len(names) > 10
    assert {name: mirrored.bytes[name] for name in names} == {name: plain.bytes[name] for name in names}
    assert other.bytes["figures/same-1.png"] != plain.bytes["figures/same-1.png"]


def test_a_mirrored_evaluation_is_the_same_every_time(run: Run) -> None:
    one, other = (Evaluated(run, evaluate(run, mirrored=True)) for _ in range(2))
    assert one.metrics == other.metrics
    assert one.bytes == other.bytes


def test_the_figure_of_a_mirrored_run_has_an_interval(run: Run) -> None:
    metrics = evaluate(run, mirrored=True)
    assert run.events.of(events.Evaluated)[-1].mirrored
    found = interval(read_record(run.directory))
    assert found is not None
    assert found[0] < metrics["figures"]["segmentation"]["iou_dataset"] < found[1]


def test_a_target_that_tells_left_from_right_is_refused_before_anything_is_read(
    stores: dict[bool, Path], tmp_path: Path
) -> None:
    settings = [*SETTINGS, "tasks.side={kind: flip, axis: horizontal}", "target=side", "training.steps=1"]
    run = train(load_recipe("tiny", settings), stores[False], tmp_path / "run")
    with pytest.raises(InputError, match="left and right mean something for the target side, so mirror images are no"):
        evaluate(run, mirrored=True)
    assert not (run.directory / "metrics.json").exists()
    assert not [event for event in read_events(run.events_file) if event["event"] == "evaluate"]
    assert "mirrored" not in evaluate(run)
