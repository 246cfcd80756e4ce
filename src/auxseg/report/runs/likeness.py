"""In what two runs are unlike that moves a figure beside what a comparison is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from auxseg.report.runs.record import Record

_SETTINGS: Final = (
    (("training", "batch"), "batch"),
    (("data", "label_fraction"), "share of the masks"),
    (("data", "train_on"), "splits trained on"),
    (("data", "fold"), "fold"),
    (("data", "size"), "training size"),
    (("data", "crop", "size"), "size of the windows trained on"),
)


def unlike(first: Record, other: Record) -> list[str]:
    """What sets ``other`` apart from ``first``, each as a phrase such as ``steps 200 instead of 400``.

    Steps, precision, data, stored size, border, split, scoring and the settings in `_SETTINGS`. What one of both does
    not say (not trained or measured yet) is no difference.
    """
    pairs = [
        ("steps", _steps(first), _steps(other)),
        ("precision", _precision(first), _precision(other)),
        ("training data", _hash(first), _hash(other)),
        ("measured data", _measured(first, "content_hash"), _measured(other, "content_hash")),
        ("stored size", _measured(first, "size"), _measured(other, "size")),
        ("border", _measured(first, "border"), _measured(other, "border")),
        ("resizing", _measured(first, "resize"), _measured(other, "resize")),
        ("split", _split(first), _split(other)),
        ("scoring", _scoring(first), _scoring(other)),
        *((name, _setting(first, keys), _setting(other, keys)) for keys, name in _SETTINGS),
    ]
    found = {name: (before, now) for name, before, now in pairs if None not in (before, now) and before != now}
    if found.get("training data") == found.get("measured data"):
        found.pop("measured data", None)
    if "stored size" in found:
        found.pop("training size", None)
    return [f"{name} {_shown(now)} instead of {_shown(before)}" for name, (before, now) in found.items()]


def _steps(record: Record) -> int | None:
    return record.steps[-1].step if record.steps else None


def _precision(record: Record) -> str | None:
    return record.start.precision if record.start else None


def _hash(record: Record) -> str | None:
    return record.start.data.content_hash[:12] if record.start else None


def _measured(record: Record, key: str) -> object:
    value = getattr(record.data, key, None)
    return value[:12] if key == "content_hash" and isinstance(value, str) else value


def _split(record: Record) -> str | None:
    if record.metrics is not None:
        return record.metrics.split
    return "val" if record.kept is not None else None


def _scoring(record: Record) -> str | None:
    if record.metrics is None:
        return None
    scoring = "mirrored" if record.metrics.mirrored else "plain"
    scoring += ", averaged over flips" if record.metrics.tta != "none" else ""
    if (tiles := record.metrics.tiles) is not None:
        scoring += f", by tiles of {tiles.size} px"
    return f"{scoring}, at the original size" if record.metrics.at == "original" else scoring


def _setting(record: Record, keys: tuple[str, ...]) -> object:
    value: object = record.recipe.settings
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _shown(value: object) -> str:
    if isinstance(value, list):  # height and width
        return "x".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
