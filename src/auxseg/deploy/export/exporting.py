"""Handing a trained network over: to onnxruntime, to PyTorch without this package, to OpenVINO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import torch

from auxseg.arguments import as_names, as_path
from auxseg.deploy.export import onnx_format, openvino_format, torch_format
from auxseg.deploy.export.description import describe
from auxseg.deploy.export.job import Job
from auxseg.deploy.export.parity import sample_images
from auxseg.deploy.export.request import Request, chosen
from auxseg.deploy.export.result import Exported, Format
from auxseg.deploy.export.source import Source
from auxseg.deploy.export.tracing import SomeTasks
from auxseg.run import Run
from auxseg.run.prediction.predictor import answering


def export(
    run: Run | str | Path,
    out: str | Path,
    *,
    format: Format = "onnx",
    tasks: Sequence[str] | None = None,
    int8: bool = False,
    data: str | Path | None = None,
    calibration: int = 100,
    overwrite: bool = False,
) -> Exported:
    """Write the network of a run for use without training data, and without auxseg.

    The file takes float32 images ``batch x 3 x height x width`` in [0, 1] of any size and gives each task's raw output
    under the task's name. It describes itself, see `auxseg.deploy.export.description`. Before it has its name its
    outputs are compared with PyTorch's.

    Args:
        run: a run, or its directory.
        out: the file: ``.onnx``, ``.pt2`` (torch) or ``.xml`` (openvino, with a ``.bin`` beside it).
        format: ``"onnx"``, ``"torch"`` (`torch.export`) or ``"openvino"``.
        tasks: which of the tasks that say something about an image; what only the others need is left out.
        int8: in eight bits, by static quantisation; for ONNX only.
        data: a store; images for the comparison, and for ``int8`` those to calibrate and to measure on.
        calibration: on how many training images ``int8`` finds the ranges of numbers.
        overwrite: replace what is at ``out``.

    Raises:
        InputError: for what cannot be exported so, and for a file that is in the way.
        RunError: if the network cannot be traced, or the file gives other outputs than PyTorch.
    """
    asked = Request(
        as_path(out, "out"),
        format,
        None if tasks is None else as_names(tasks, "tasks"),
        int8,
        None if data is None else as_path(data, "data"),
        calibration,
        overwrite,
    )
    asked.check()
    source = Source.open(run)
    model = source.model
    names = chosen(asked.tasks, list(answering(model)), list(model.tasks))
    store = None if asked.data is None else source.store(asked.data)
    network = model.network.to(memory_format=torch.contiguous_format)
    vocabulary = model.vocabulary
    samples = sample_images(vocabulary.size, network.stride, network.image_size, store, vocabulary.channels)
    texts = describe(model, source.facts, names, source.initial_weights)
    return _WRITERS[format](Job(model, SomeTasks(network, names).eval(), texts, samples, store), asked)


_WRITERS: Final[Mapping[Format, Callable[[Job, Request], Exported]]] = {
    "onnx": onnx_format.write,
    "torch": torch_format.write,
    "openvino": openvino_format.write,
}
