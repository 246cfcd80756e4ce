"""A store of several files is trained on, measured and exported to the same bits as one file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from auxseg.data.exporting.export import export_data
from auxseg.data.preparing.convert import convert
from auxseg.data.preparing.inspect import inspect
from auxseg.data.store.store import Store
from auxseg.recipe import Recipe, load_recipe
from auxseg.report.stores.inspect_page import write_inspect_page
from auxseg.run import Run, train
from auxseg.run.evaluate import evaluate
from tests.data.pictures import hashes
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS
from tests.weights import load_weights


@pytest.fixture(scope="module")
def many(store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert(store_path, tmp_path_factory.mktemp("data") / "uneven", shard_size=9).path


def _recipe(steps: int) -> Recipe:
    return load_recipe("tiny-mtl", [*SETTINGS, f"training.steps={steps}"])


def _losses(run: Run) -> list[object]:
    return [(event["step"], event["losses"]) for event in read_events(run.events_file) if event["event"] == "step"]


def test_the_same_bits_are_trained_resumed_and_measured(store_path: Path, many: Path, tmp_path: Path) -> None:
    runs = [train(_recipe(6), path, tmp_path / path.name) for path in (store_path, many)]
    assert len(_losses(runs[0])) == 6
    assert _losses(runs[1]) == _losses(runs[0])
    # A run knows its data, in however many files they lie.
    resumed = train(_recipe(8), store_path, runs[1].directory, resume=True)
    longer = train(_recipe(8), many, runs[0].directory, resume=True)
    assert len(_losses(resumed)) == 8
    assert _losses(resumed) == _losses(longer)
    weights = [load_weights(run.best_file)[0] for run in (resumed, longer)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    figures = [evaluate(resumed, "test", path) for path in (store_path, many)]
    hashes_of_data = {each["data"].pop("content_hash") for each in figures}
    assert len(hashes_of_data) == 1
    one, other = ({**each, "data": None, "seconds": None} for each in figures)
    assert one == other


def test_what_is_written_of_it_is_the_same(store_path: Path, many: Path, tmp_path: Path) -> None:
    folders = [export_data(Store.open(path), tmp_path / path.name, "folder").path for path in (store_path, many)]
    found = [{file.relative_to(folder): digest for file, digest in hashes(folder).items()} for folder in folders]
    assert found[0] == found[1] != {}
    store = Store.open(many)
    write_inspect_page(store, inspect(store), tmp_path / "page.html")
    assert "uneven" in (tmp_path / "page.html").read_text()
