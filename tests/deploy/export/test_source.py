"""Models whose network is not all that an image passes through are not exported."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.deploy.export.source import Source
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from tests.deploy.made_models import untrained_run


def test_a_picture_that_all_tasks_share_is_refused(animals: Path, tmp_path: Path) -> None:
    settings = ("tasks.denoising.kind=denoising", "tasks.denoising.view=shared", "model.encoder.channels=[8, 12]")
    run = untrained_run(tmp_path / "run", animals, "tiny", settings)
    with pytest.raises(InputError, match=r"the picture of denoising \(tasks\.denoising\.view is shared\)"):
        Source.open(run)


def test_initial_weights_are_those_that_the_run_recorded(run: Path, animals: Path, tmp_path: Path) -> None:
    assert Source.open(run).initial_weights == {"encoder": "random"}
    made = untrained_run(tmp_path / "run", animals, "tiny", ("model.encoder.channels=[8, 12]",))
    assert Source.open(made).initial_weights == {}


def test_a_store_is_read_in_the_model_s_words(run: Path, animals: Path) -> None:
    source = Source.open(run)
    store = source.store(animals)
    assert (store.size, store.vocabulary.mask_classes) == (Size.of(32), source.model.vocabulary.mask_classes)
