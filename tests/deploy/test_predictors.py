"""A model is opened by where it lies, and an exported one on the CPU alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.deploy.export import Exported
from auxseg.deploy.onnx_model import OnnxModel
from auxseg.deploy.predictors import open_predictor
from auxseg.errors import InputError
from auxseg.run.model import Model


def test_runs_and_exported_files_are_opened(run: Path, exported: Exported) -> None:
    assert isinstance(open_predictor(run, "cpu"), Model)
    assert isinstance(open_predictor(exported.path), OnnxModel)


def test_a_model_on_a_hub_may_be_called_as_a_file() -> None:
    with pytest.raises(InputError, match=r"^hf://pets\.onnx: expected hf://OWNER/NAME"):
        open_predictor(Path("hf://pets.onnx"))


def test_an_exported_file_has_no_gpu(exported: Exported) -> None:
    with pytest.raises(InputError, match=r"^--device cuda: .*small\.onnx is computed by onnxruntime on the CPU"):
        open_predictor(exported.path, "cuda")
