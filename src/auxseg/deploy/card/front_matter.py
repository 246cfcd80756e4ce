"""The metadata of a model card, in YAML, as Hubs of the kind of Hugging Face's read them.

They are written without huggingface_hub, so that a card is the same whether it is installed or not. What the keys mean:
https://huggingface.co/docs/hub/model-cards#model-card-metadata.
"""

from __future__ import annotations

import re
from typing import Final

from auxseg.records.events import Start
from auxseg.records.metrics import Metrics
from auxseg.report import wording
from auxseg.strict_yaml import write_yaml

_LIBRARY: Final = "auxseg"
_PIPELINE: Final = "image-segmentation"
_LICENCE: Final = re.compile(r"; licence ([a-z0-9.+-]{1,40})\)$")
_METRICS: Final = {"iou_dataset": "iou", "iou_image": "iou", "miou_dataset": "mean_iou", "miou_image": "mean_iou"}
"""Figures that Hubs know by another name."""


def front_matter(name: str, metrics: Metrics | None, licence: str | None) -> str:
    """The metadata between two lines of dashes. ``metrics`` are of this very model, or ``None``."""
    values: dict[str, object] = {"library_name": _LIBRARY, "pipeline_tag": _PIPELINE, "tags": [_LIBRARY, _PIPELINE]}
    if licence is not None:
        values["license"] = licence
    if metrics is not None and (results := _results(metrics)):
        values["metrics"] = list(dict.fromkeys(result["type"] for result in results))
        values["model-index"] = [{"name": name, "results": [_result(metrics, results)]}]
    return f"---\n{write_yaml(values, allow_unicode=True)}---\n"


def origin_licence(start: Start | None) -> str | None:
    """The licence of the weights that a training began with, where the run knows it."""
    found = {match[1] for text in (start.weights if start else {}).values() if (match := _LICENCE.search(text))}
    return next(iter(found)) if len(found) == 1 else None


def _result(metrics: Metrics, results: list[dict[str, object]]) -> dict[str, object]:
    data = metrics.data
    dataset = {"name": data.name, "type": data.source or data.name, "split": metrics.split}
    return {
        "task": {"type": _PIPELINE},
        "dataset": {**dataset, "revision": data.content_hash},
        "metrics": results,
    }


def _results(metrics: Metrics) -> list[dict[str, object]]:
    """The target's figures that a Hub knows, or else the one that it is judged by."""
    figures = metrics.figures.get(metrics.target, {})
    chosen = [name for name in figures if name in _METRICS] or list(figures)[:1]
    return [
        {"type": _METRICS.get(name, name), "value": round(value, 4), "name": wording.label(name)}
        for name in chosen
        if (value := figures[name]) is not None
    ]
