"""A network with attention, trained for two steps, behind an application."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.deploy.serving.app import create_app
from auxseg.deploy.serving.limits import Limits
from auxseg.deploy.serving.models import Served, open_models
from auxseg.recipe import load_recipe
from auxseg.run import train

SETTINGS = (
    "model.encoder.channels=[8, 12]",
    "model.decoder.base=8",
    "model.sharing.kind=mtan",
    "tasks.edges.kind=edges",
    "tasks.denoising.kind=denoising",
    "training.steps=2",
    "training.batch=4",
    "training.precision=fp32",
    "training.channels_last=false",
)
ADDRESS = "http://127.0.0.1"


@pytest.fixture(scope="session")
def attentive_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose network has attention, and a task with a picture of its own."""
    folder = tmp_path_factory.mktemp("served")
    prepare(SyntheticSource(num_samples=20, size=32), folder / "animals.h5", size=32)
    return train(load_recipe("tiny-mtl", SETTINGS), folder / "animals.h5", folder / "attentive").directory


@pytest.fixture(scope="session")
def models(attentive_run: Path) -> Mapping[str, Served]:
    """The model of that run."""
    return open_models([attentive_run], "cpu")


@pytest.fixture(scope="session")
def photograph() -> bytes:
    """A PNG file of 60 x 40 pixels."""
    return encoded(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8), "PNG")


@pytest.fixture
def make_client(models: Mapping[str, Served]) -> Iterator[Callable[..., TestClient]]:
    """Makes clients of applications that serve the model, with these limits."""
    workers = []

    def make(served: Mapping[str, Served] | None = None, **limits: float) -> TestClient:
        app, worker = create_app(models if served is None else served, Limits(**limits))  # pyright: ignore[reportArgumentType]
        workers.append(worker)
        return TestClient(app, base_url=ADDRESS)

    yield make
    for worker in workers:
        worker.close()


@pytest.fixture
def client(make_client: Callable[..., TestClient]) -> TestClient:
    """A client of an application with the usual limits."""
    return make_client()


def encoded(pixels: np.ndarray, format: str, mode: str | None = None) -> bytes:
    """An image file."""
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(buffer, format=format)
    return buffer.getvalue()
