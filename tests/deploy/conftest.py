"""A small trained run and the files that were exported from it, made once for all tests of a process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.deploy.export import Exported, export
from auxseg.recipe import load_recipe
from auxseg.run import train

SETTINGS = (
    "model.encoder.channels=[8, 12]",
    "model.decoder.base=8",
    "training.batch=6",
    "training.steps=60",
    "training.validate_every=100",
    "training.precision=fp32",
    "training.channels_last=false",
)


@pytest.fixture(scope="session")
def animals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 40 small samples in letterboxes."""
    path = tmp_path_factory.mktemp("data") / "animals.h5"
    prepare(SyntheticSource(40, size=32), path, size=32, resize="letterbox")
    return path


@pytest.fixture(scope="session")
def run(animals: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three tasks."""
    return train(load_recipe("tiny-mtl", SETTINGS), animals, tmp_path_factory.mktemp("runs") / "small").directory


@pytest.fixture(scope="session")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """All its tasks in ONNX."""
    return export(run, tmp_path_factory.mktemp("exported") / "small.onnx")


@pytest.fixture(scope="session")
def in_int8(run: Path, animals: Path, exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The same in eight bits."""
    with traced_already(exported.path):
        return export(run, tmp_path_factory.mktemp("exported") / "int8.onnx", int8=True, data=animals, calibration=8)


@pytest.fixture(scope="session")
def in_openvino(run: Path, exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The same for OpenVINO."""
    with traced_already(exported.path):
        return export(run, tmp_path_factory.mktemp("exported") / "small.xml", format="openvino")


@contextlib.contextmanager
def traced_already(path: Path) -> Iterator[None]:
    """Take the graph from a file, because tracing takes most of the time of an export."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("onnx_format", "openvino_format"):
            patch.setattr(f"auxseg.deploy.export.{module}.trace", lambda module: None)
            patch.setattr(f"auxseg.deploy.export.{module}.to_onnx", lambda program, tasks: onnx.load(path))
        yield
