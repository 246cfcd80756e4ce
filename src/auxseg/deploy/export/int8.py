"""Eight bits instead of thirty-two, by static quantisation: ranges of numbers are found on training images.

Activations are unsigned and have one range per tensor, weights are signed and have one per output channel (U8S8); the
graph keeps its operators between pairs of QuantizeLinear and DequantizeLinear (QDQ), which onnxruntime fuses.

Weights use seven of the eight bits: processors without VNNI add pairs of products in sixteen bits, which overflow
otherwise. The first convolutions and the last layers before every output stay in float32.

Shape legend: ``C`` channels of an image, ``H W`` the stored size.
"""

from __future__ import annotations

import contextlib
import io
import math
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from auxseg.data.augment import NO_AUGMENTATION, CropConfig
from auxseg.data.loading.loader import EvaluationLoader, TrainLoader
from auxseg.data.loading.selection import labelled_rows
from auxseg.data.store.store import Store
from auxseg.deploy.export.parity import Runner
from auxseg.deploy.export.result import Cost
from auxseg.deploy.export.tracing import quiet
from auxseg.deploy.onnx_session import INPUT
from auxseg.errors import InputError, RunError, first_line
from auxseg.evaluation.measure import join
from auxseg.evaluation.tiling import Tiles, by_views
from auxseg.tasks import Table, Task

if TYPE_CHECKING:
    import onnx

_BATCH: Final = 8
_SPLIT: Final = "val"
_NUM_IN_FLOAT: Final = 2
_LAYERS: Final = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def calibration_images(
    store: Store, number: int, crop: CropConfig | None = None, seed: int = 0, label_fraction: float = 1.0
) -> list[Float32[np.ndarray, "1 C H W"]]:
    """So many training images, spread evenly over the split, or all there are.

    With ``crop`` one window of each, as a training with this ``seed`` cuts it in its first epoch without augmentation:
    of masks none but those of ``label_fraction`` place windows.
    Raises `InputError` if the store has no training images, or no validation images to measure the cost on.
    """
    for split in ("train", _SPLIT):
        if not len(store.rows(split)):
            raise InputError(f"{store.path}: the split {split} is empty, which --int8 needs; name another store")
    rows = store.rows("train")
    chosen = rows[np.linspace(0, len(rows) - 1, min(number, len(rows))).astype(int)]
    if crop is None:
        return [batch.image.numpy() for batch in EvaluationLoader(store, chosen, 1)]
    first_class = 1 if store.vocabulary.has_background else 0
    labelled = np.intersect1d(chosen, labelled_rows(store, rows, label_fraction))
    loader = TrainLoader(
        store, chosen, 1, augment=NO_AUGMENTATION, seed=seed, labelled=labelled, crop=crop, first_class=first_class
    )
    return [batch.image.numpy() for (batch,) in loader.steps(0, len(chosen))]


def quantised(graph: onnx.ModelProto, images: Sequence[np.ndarray]) -> onnx.ModelProto:
    """The graph in eight bits. Raises `RunError` if onnxruntime cannot quantise it."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    feeds = iter(images)

    @final
    class Reader(CalibrationDataReader):
        """One image after the other, then nothing."""

        def get_next(self) -> dict[str, np.ndarray] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
            image = next(feeds, None)
            return None if image is None else {INPUT: image}

    with tempfile.TemporaryDirectory() as folder, quiet(), contextlib.redirect_stdout(io.StringIO()):
        given, made = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        given.write_bytes(graph.SerializeToString())  # onnxruntime would empty a graph that it is given
        try:
            quantize_static(
                given,
                made,
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                nodes_to_exclude=_sensitive(graph),
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
            return onnx.load(made)
        except Exception as error:  # of onnx or onnxruntime
            raise RunError(f"onnxruntime cannot quantise this network ({first_line(error)})") from None


def _sensitive(graph: onnx.ModelProto) -> list[str]:
    """The names of the first convolutions, and of the layers nearest to each output."""
    nodes = graph.graph.node
    makers = {name: node for node in nodes for name in node.output}
    found = [node.name for node in nodes if node.op_type == "Conv"][:_NUM_IN_FLOAT]
    for output in graph.graph.output:
        before, seen, nearest = deque([output.name]), set[str](), list[str]()
        while before and len(nearest) < _NUM_IN_FLOAT:
            node = makers.get(before.popleft())
            if node is None or node.name in seen:
                continue
            seen.add(node.name)
            nearest += [node.name] if node.op_type in _LAYERS else []
            before.extend(node.input)
        found += nearest
    return list(dict.fromkeys(found))


def costs(
    tasks: Mapping[str, Task],
    in_float: Runner,
    in_int8: Runner,
    store: Store,
    *,
    is_trained_on: bool,
    tiles: Tiles | None = None,
) -> tuple[Cost, ...]:
    """Every task's main figure on the validation split, in float32 and in eight bits; of whole images, or by tiles."""
    rows = store.rows(_SPLIT)
    batches = EvaluationLoader(store, rows, _BATCH if tiles is None else 1)
    before, after = (_figures(tasks, run, batches, tiles) for run in (in_float, in_int8))
    return tuple(
        Cost(name, task.main_figure, _SPLIT, is_trained_on, len(rows), before[name], after[name])
        for name, task in tasks.items()
    )


def _figures(
    tasks: Mapping[str, Task], run: Runner, batches: EvaluationLoader, tiles: Tiles | None
) -> dict[str, float | None]:
    """The main figure of each task; none where nothing is labelled."""

    def compute(pictures: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
        outputs = run(np.ascontiguousarray(pictures.numpy()))
        return {name: torch.from_numpy(outputs[name]) for name in names}

    parts: dict[str, list[Table]] = {name: [] for name in tasks}
    for batch in batches:
        outputs = by_views(compute, tasks, batch, tiles)
        for name, task in tasks.items():
            parts[name].append(task.measure(outputs[name], task.target(batch)))
    found: dict[str, float | None] = {}
    for name, task in tasks.items():
        value = task.figures(join(parts[name]))[task.main_figure]
        found[name] = None if math.isnan(value) else value
    return found
