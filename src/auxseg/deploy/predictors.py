"""Whatever answers about photographs, by where it lies: a run, a packed model, or an exported file."""

from __future__ import annotations

from pathlib import Path

from auxseg.arguments import hub_address
from auxseg.errors import InputError
from auxseg.run.load import load
from auxseg.run.prediction.predictor import Predictor


def open_predictor(path: Path, device: str = "auto") -> Predictor:
    """The model at a path, or on a Hub (``hf://OWNER/NAME``). Raises `InputError` as `load` and `OnnxModel.open` do."""
    if path.suffix != ".onnx" or hub_address(path) is not None:
        return load(path, device)
    if device == "cuda":
        raise InputError(f"--device cuda: {path} is computed by onnxruntime on the CPU; use --device auto")
    from auxseg.deploy.onnx_model import OnnxModel

    return OnnxModel.open(path)
