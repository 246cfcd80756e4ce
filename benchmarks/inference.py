"""One image through an exported network in onnxruntime, in float32 and in eight bits, beside PyTorch's eager mode.

All sides have the same number of threads and compute the target's output for one image. The network of the target
alone, built from the same recipe without the auxiliary tasks, shows whether they cost anything after the export.
On a machine that others use too, ``clock=cpu threads=1`` compares processor times, which suffer less from them.

Weights are random, unless ``run`` names a run: then its network is measured, and what eight bits cost on ``data``.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from auxseg.config import config
from auxseg.data.store.store import Store
from auxseg.deploy.export.graph import to_onnx
from auxseg.deploy.export.int8 import calibration_images, costs, quantised
from auxseg.deploy.export.onnx_format import runner
from auxseg.deploy.export.source import Source
from auxseg.deploy.export.tracing import SomeTasks, trace
from auxseg.models import Network, build_network
from auxseg.recipe import Recipe, build_tasks, load_recipe, with_changes
from auxseg.tasks import Task
from benchmarks.tools.data import synthetic
from benchmarks.tools.timing import Timing, alternate


@config
class Options:
    """Settings."""

    preset: str = "mobilenet-unet-mtl"
    size: int = 128
    threads: int = 2
    rounds: int = 40
    clock: Literal["wall", "cpu"] = "wall"
    calibration: int = 100
    run: str = ""
    data: str = ""


def main(options: Options) -> dict[str, Any]:
    """Time single images."""
    torch.set_num_threads(options.threads)
    store = Store.open(options.data or synthetic(options.size, 200))
    recipe, tasks, network = _network(options, store)
    if options.run:
        store = Source.open(options.run).store(store.path)
    target = recipe.target
    graph = to_onnx(trace(SomeTasks(network, [target])), [target])
    model = with_changes(recipe, model={"weights": "none", "refine_by": []}).model
    alone = build_network(model, {target: tasks[target].output}, 0, target).eval()
    in_float = runner(graph.SerializeToString(), [target])
    in_int8 = runner(quantised(graph, calibration_images(store, options.calibration)).SerializeToString(), [target])
    of_one = runner(to_onnx(trace(SomeTasks(alone, [target])), [target]).SerializeToString(), [target])
    image = np.random.default_rng(0).random((1, 3, options.size, options.size), np.float32)
    timings = alternate(
        {
            "PyTorch eager": _eager(network, image, target, torch.contiguous_format),
            "PyTorch eager, channels_last": _eager(network, image, target, torch.channels_last),
            "onnxruntime, float32": lambda: in_float(image),
            "onnxruntime, float32, network of the target alone": lambda: of_one(image),
            "onnxruntime, int8": lambda: in_int8(image),
        },
        options.rounds,
        warm_up=3,
        clock=time.perf_counter if options.clock == "wall" else time.process_time,
    )
    seen = recipe.data.train_on != "train"
    lost = costs({target: tasks[target]}, in_float, in_int8, store, is_trained_on=seen) if options.run else ()
    return {
        "rows": _rows(timings),
        "float32 over the network of the target alone": _ratio(
            timings, "onnxruntime, float32", "onnxruntime, float32, network of the target alone"
        ),
        "int8, times float32's speed": _ratio(timings, "onnxruntime, float32", "onnxruntime, int8"),
        **{f"{cost.figure} of {cost.task}": f"float32 {cost.float32:.4f}, int8 {cost.int8:.4f}" for cost in lost},
        "preset": options.preset,
        "image": f"1 of {options.size} px",
        "threads": options.threads,
        "clock": options.clock,
    }


def _network(options: Options, store: Store) -> tuple[Recipe, Mapping[str, Task], Network]:
    if options.run:
        model = Source.open(Path(options.run)).model
        return model.recipe, model.tasks, model.network
    recipe = load_recipe(options.preset, {"model.weights": "none"})
    tasks = build_tasks(recipe, store.vocabulary)
    outputs = {name: task.output for name, task in tasks.items()}
    return recipe, tasks, build_network(recipe.model, outputs, 0, recipe.target).eval()


def _eager(
    network: Network, image: np.ndarray, target: str, memory_format: torch.memory_format
) -> Callable[[], object]:
    """The network in a memory format; converting it each time would take its time too."""
    mine = copy.deepcopy(network).to(memory_format=memory_format)
    pixels = torch.from_numpy(image).to(memory_format=memory_format)

    def run() -> object:
        with torch.inference_mode():
            return mine(pixels, [target])

    return run


def _rows(timings: Mapping[str, Timing]) -> list[dict[str, Any]]:
    return [
        {
            "side": name,
            "ms": 1000 * timing.median,
            "times PyTorch's speed": str(timings["PyTorch eager"].over(timing)),
        }
        for name, timing in timings.items()
    ]


def _ratio(timings: Mapping[str, Timing], side: str, other: str) -> str:
    return str(timings[side].over(timings[other]))
