"""What the raw output of a task means, in words of JSON, for readers that have no auxseg."""

from __future__ import annotations

from auxseg.data.sample import Vocabulary
from auxseg.tasks import (
    BoxesTask,
    BoxTask,
    DepthTask,
    EdgesTask,
    KeypointsTask,
    MultiMaskTask,
    NormalsTask,
    SegmentationTask,
    TagsTask,
    Task,
)
from auxseg.tasks.categorical import CategoricalTask
from auxseg.tasks.dense_labels.depth import NEAREST
from auxseg.tasks.task import Dense, form


def describe_output(task: Task, vocabulary: Vocabulary) -> dict[str, object]:
    """How to read an output: its form, what to do with the numbers, and the names of classes."""
    asked = form(task.output)
    if isinstance(asked, Dense):
        shape: list[object] = ["batch", asked.channels, "height", "width"]
    else:
        shape = ["batch", asked.size]
    return {"type": "float32", "shape": shape, **_meaning(task, vocabulary)}


def _meaning(task: Task, vocabulary: Vocabulary) -> dict[str, object]:
    if isinstance(task, SegmentationTask):
        # A further mask has numbers of its own, which are its ids.
        numbers = range(len(task.class_names)) if task.layers else vocabulary.category_ids
        named = zip(task.class_names, numbers, strict=True)
        return {
            "kind": "mask",
            "probabilities": "softmax over axis 1",
            "decision": "argmax over axis 1",
            "resize_back": "cut `inside` out, resize the probabilities bilinearly to the image's size, then decide",
            "classes": [{"id": id_, "name": name, "category_id": given} for id_, (name, given) in enumerate(named)],
        }
    if isinstance(task, MultiMaskTask):
        return {
            "kind": "masks",
            "probabilities": "sigmoid",
            "decision": "a pixel belongs to each class whose number is above 0",
            "resize_back": "cut `inside` out, resize the probabilities bilinearly to the image's size, then decide",
            "classes": [{"id": id_, "name": name} for id_, name in enumerate(task.class_names)],
        }
    if isinstance(task, TagsTask):
        return {
            "kind": "tags",
            "probabilities": "sigmoid",
            "decision": "each tag fits whose number is above 0",
            "classes": [{"id": id_, "name": name} for id_, name in enumerate(task.tags)],
        }
    if isinstance(task, BoxesTask):
        return {
            "kind": "boxes",
            "probabilities": "sigmoid of the channels of the classes, the first ones, minus 2.19",
            "decision": "a box for each pixel whose probability no neighbour exceeds; the next four channels are its "
            "width and height as shares of the input's, and x and y of its centre in pixels from the pixel's middle",
            "classes": [{"id": id_, "name": name} for id_, name in enumerate(task.class_names)],
        }
    if isinstance(task, KeypointsTask):
        return {
            "kind": "points",
            "probabilities": "sigmoid of the numbers minus 2.19",
            "decision": "each point is where the probability of its channel is highest",
            "points": [{"id": id_, "name": name} for id_, name in enumerate(task.point_names)],
        }
    if isinstance(task, CategoricalTask):
        return {
            "kind": "classes",
            "probabilities": "softmax over axis 1",
            "decision": "argmax over axis 1",
            "classes": [{"id": id_, "name": name} for id_, name in enumerate(task.class_names)],
        }
    if isinstance(task, BoxTask):
        return {
            "kind": "box",
            "decision": "sigmoid gives centre x, centre y, width, height as shares of the input's side; clip the "
            "corners to 0..1",
        }
    if isinstance(task, EdgesTask):
        return {"kind": "map", "probabilities": "sigmoid", "decision": "edge where the number is above 0"}
    if isinstance(task, DepthTask):
        return {"kind": "numbers", "decision": f"log(1 + exp(number)) + {NEAREST:g} is the depth"}
    if isinstance(task, NormalsTask):
        return {"kind": "numbers", "decision": "divided by its length over axis 1 it is x, y and z of the normal"}
    return {"kind": "numbers", "decision": "the raw output; auxseg knows what the task makes of it"}
