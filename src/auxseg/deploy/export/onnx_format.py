"""Writing ONNX, in float32 or in eight bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from auxseg.deploy.export.description import measured
from auxseg.deploy.export.graph import to_onnx
from auxseg.deploy.export.int8 import calibration_images, costs, quantised
from auxseg.deploy.export.job import Job
from auxseg.deploy.export.parity import Images, Runner
from auxseg.deploy.export.request import Request
from auxseg.deploy.export.result import Exported
from auxseg.deploy.export.tracing import trace
from auxseg.deploy.onnx_session import INPUT, open_session
from auxseg.errors import RunError, first_line
from auxseg.files import write_atomically
from auxseg.run.prediction.tiles import own_tiles

if TYPE_CHECKING:
    import numpy as np
    import onnx


def write(job: Job, request: Request) -> Exported:
    """Write one file that describes itself."""
    names = job.module.tasks
    graph = to_onnx(trace(job.module), names)
    in_float = runner(graph.SerializeToString(), names)
    parity = job.compare(in_float)
    found, num_images = (), 0
    if request.int8:
        assert job.store is not None
        recipe = job.model.recipe
        data = recipe.data
        images = calibration_images(job.store, request.calibration, data.crop, recipe.seed, data.label_fraction)
        graph, num_images = quantised(graph, images), len(images)
        in_int8 = runner(graph.SerializeToString(), names)
        is_trained_on, tiles = recipe.data.train_on != "train", own_tiles(recipe)
        parity = job.parity_of(in_int8)
        found = costs(job.tasks, in_float, in_int8, job.store, is_trained_on=is_trained_on, tiles=tiles)
    content = with_texts(graph, {**job.texts, **measured(parity, found, num_images)})
    write_atomically(request.out, content)
    return Exported(request.out, "onnx", names, len(content), parity, found, num_images)


def with_texts(graph: onnx.ModelProto, texts: Mapping[str, str]) -> bytes:
    """The file's content, with these texts in its ``metadata_props`` in place of those that are there."""
    graph.ClearField("metadata_props")
    for key, text in texts.items():
        graph.metadata_props.add(key=key, value=text)
    return graph.SerializeToString()


def runner(content: bytes, tasks: Sequence[str]) -> Runner:
    """Computes the outputs with onnxruntime. Raises `RunError` if it cannot."""
    try:
        session = open_session(content)
    except Exception as error:  # onnxruntime has errors of its own for what it cannot load
        raise RunError(f"onnxruntime cannot load the exported network ({first_line(error)})") from None

    def run(images: Images) -> dict[str, np.ndarray]:
        try:
            return dict(zip(tasks, session.run(list(tasks), {INPUT: images}), strict=True))
        except Exception as error:
            raise RunError(f"onnxruntime cannot run the exported network ({first_line(error)})") from None

    return run
