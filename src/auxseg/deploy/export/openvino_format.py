"""Writing OpenVINO's own form, made from the ONNX graph."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from auxseg.deploy.export.description import measured
from auxseg.deploy.export.graph import to_onnx
from auxseg.deploy.export.job import Job
from auxseg.deploy.export.parity import Images, Runner
from auxseg.deploy.export.request import Request, written
from auxseg.deploy.export.result import Exported
from auxseg.deploy.export.tracing import quiet, trace
from auxseg.deploy.onnx_session import INPUT
from auxseg.errors import RunError, first_line
from auxseg.files import write_atomically

if TYPE_CHECKING:
    import numpy as np


def write(job: Job, request: Request) -> Exported:
    """Write the .xml, with its description under ``rt_info``, and the weights in a .bin beside it."""
    graph = to_onnx(trace(job.module), job.module.tasks)
    with tempfile.TemporaryDirectory() as folder:
        network = _converted(graph.SerializeToString(), Path(folder))
        parity = job.compare(_runner(network, job.module.tasks))
        _describe(network, {**job.texts, **measured(parity, (), 0)})
        xml, weights = _saved(network, Path(folder))
    to_xml, to_weights = written(request.out, "openvino")
    write_atomically(to_weights, weights)  # first: a reader looks for the .xml
    write_atomically(to_xml, xml)
    return Exported(request.out, "openvino", job.module.tasks, len(xml) + len(weights), parity)


def _converted(content: bytes, folder: Path) -> Any:
    import openvino

    path = folder / "network.onnx"
    path.write_bytes(content)
    with quiet():
        try:
            return openvino.convert_model(path)
        except Exception as error:
            raise RunError(f"OpenVINO cannot read this network ({first_line(error)})") from None


def _runner(network: Any, tasks: tuple[str, ...]) -> Runner:
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "INFERENCE_PRECISION_HINT": "f32",  # else OpenVINO chooses bfloat16 where the processor has it
    }
    try:
        compiled = openvino.Core().compile_model(network, "CPU", settings)
    except Exception as error:
        raise RunError(f"OpenVINO cannot compile this network ({first_line(error)})") from None

    def run(images: Images) -> dict[str, np.ndarray]:
        try:
            outputs = compiled({INPUT: images})
        except Exception as error:
            raise RunError(f"OpenVINO cannot run this network ({first_line(error)})") from None
        return {name: outputs[name] for name in tasks}

    return run


def _describe(network: Any, texts: Mapping[str, str]) -> None:
    for key, text in texts.items():
        network.set_rt_info(text, ["auxseg", key])


def _saved(network: Any, folder: Path) -> tuple[bytes, bytes]:
    import openvino

    path = folder / "network.xml"
    openvino.save_model(network, path, compress_to_fp16=False)
    return path.read_bytes(), path.with_suffix(".bin").read_bytes()
