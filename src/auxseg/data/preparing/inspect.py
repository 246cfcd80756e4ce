"""What is in a store, and what in it looks wrong. Pictures are read one by one, so memory stays small."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from auxseg.data.channels import RGB, Channels
from auxseg.data.preparing.duplicates import MAX_CANDIDATES, same_pictures, similar_pictures
from auxseg.data.preparing.findings import (
    UNDECIDED,
    Finding,
    absent_classes,
    boxes_left_out,
    missing_masks,
    orientations,
    rare_classes,
)
from auxseg.data.preparing.layer_summary import LayerSummary, summarise_layers
from auxseg.data.sample import IGNORE, MISSING, SPLITS
from auxseg.data.store.store import Store
from auxseg.records.values.size import Size

_ROUNDING: Final = 1e-6
_TENTH: Final = 0.0005
"""Below this share a tenth of a percent is rounded to nothing."""

_SMALLEST: Final = 0.00001


@dataclass(frozen=True)
class SplitSummary:
    """One split in numbers.

    ``classes`` counts samples per class name for every kind of label; ``missing`` counts samples without the label,
    for ``mask``, ``box`` and every kind; ``mask_shares`` is each mask class's share of all pixels that count (NaN if
    none does), ``ignored_share`` the share of pixels that do not, both over samples that have a mask. ``boxes`` counts
    the boxes by what they are called, where the source gives them names. ``layers`` are summaries by name.
    """

    num_samples: int
    classes: dict[str, dict[str, int]]
    missing: dict[str, int]
    mask_shares: dict[str, float]
    ignored_share: float
    boxes: dict[str, int]
    layers: dict[str, LayerSummary] = field(default_factory=dict)


@dataclass(frozen=True)
class Inspection:
    """What `inspect` found out; ``original_sizes`` maps smallest, median and largest to (height, width) by area.

    ``skipped`` and ``dropped`` name the samples and the labels that `prepare` left out; ``notes`` says what it
    repaired, and in how many samples; ``remarks`` are those of the source. ``original_masks`` says that masks are also
    kept at the size of their images.
    """

    path: str
    size: Size
    resize: str
    border: str
    source: str
    content_hash: str
    splits: dict[str, SplitSummary]
    original_sizes: dict[str, tuple[int, int]]
    findings: tuple[Finding, ...]
    skipped: tuple[tuple[str, str], ...]
    dropped: tuple[tuple[str, str], ...]
    notes: Mapping[str, int]
    remarks: tuple[str, ...]
    original_masks: bool = False
    channels: Channels = RGB
    own_sizes: str = ""
    """The range of the stored sizes in words, where images have each their own; ``size`` is then the largest."""

    def to_json(self) -> dict[str, object]:
        """The same as plain values; what is not a number becomes ``None``."""
        return {key: _plain(value) for key, value in {**asdict(self), "size": self.size.to_json()}.items()}


def inspect(store: Store | str | Path) -> Inspection:
    """Look at every sample of a store once. The store is only read."""
    store = store if isinstance(store, Store) else Store.open(store)
    pixels = _count_pixels(store)
    return Inspection(
        path=str(store.path),
        size=store.size,
        resize=store.resize,
        border=store.border,
        source=str(store.provenance["source"]),
        content_hash=store.content_hash,
        splits={split: _summarise(store, store.rows(split), pixels) for split in SPLITS},
        original_sizes=_original_sizes(store.original_sizes),
        findings=(
            *_leaks(store),
            *_as_prepared(store),
            *absent_classes(
                store.vocabulary.mask_classes,
                pixels[:, :-1].sum(0) > 0,
                has_background=store.vocabulary.has_background,
            ),
            *rare_classes(store.vocabulary.mask_classes, pixels[:, :-1].sum(0)),
            *missing_masks(store.has_mask, store.split),
            *_odd_masks(store, pixels),
            *_odd_boxes(store),
        ),
        skipped=store.skipped,
        dropped=store.dropped,
        notes=store.provenance.get("notes", {}),
        remarks=tuple(_texts(store.provenance.get("remarks"))),
        original_masks=store.originals is not None,
        channels=store.channels,
        own_sizes="" if store.own is None else store.own.in_words(),
    )


def _count_pixels(store: Store) -> np.ndarray:
    """Pixels of every mask class, row by row, and ignored ones in the last column. Padding is not counted."""
    num_classes = len(store.vocabulary.mask_classes)
    counts = np.zeros((len(store), num_classes + 1), np.int64)
    for row in np.flatnonzero(store.has_mask).tolist():
        mask = store.read_mask(row)
        y0, y1, x0, x1 = store.inside(row)
        values = np.bincount(mask[y0:y1, x0:x1].ravel(), minlength=IGNORE + 1)
        counts[row] = *values[:num_classes], values[IGNORE]
    return counts


def _summarise(store: Store, rows: np.ndarray, pixels: np.ndarray) -> SplitSummary:
    classes = {
        kind: {name: int((ids[rows] == number).sum()) for number, name in enumerate(store.vocabulary.labels[kind])}
        for kind, ids in store.classes.items()
    }
    missing = {"mask": int((~store.has_mask[rows]).sum()), "box": int(np.isnan(store.boxes[rows]).any(1).sum())}
    missing |= {kind: int((ids[rows] == MISSING).sum()) for kind, ids in store.classes.items()}
    for name, layer in store.layers.items():
        missing[f"layer {name}" if name in missing else name] = int((~layer.present[rows]).sum())
    total = pixels[rows].sum(0)
    box_names, box_ids = _box_names(store)
    counted = total[:-1].sum()
    names = store.vocabulary.mask_classes
    return SplitSummary(
        num_samples=len(rows),
        classes=classes,
        missing=missing,
        mask_shares={name: _share(total[number], counted) for number, name in enumerate(names)},
        ignored_share=_share(total[-1], total.sum()),
        boxes={name: int((box_ids[rows] == number).sum()) for number, name in enumerate(box_names)},
        layers=summarise_layers(store, rows),
    )


def _share(part: np.integer, whole: np.integer) -> float:
    return float(part / whole) if whole else float("nan")


def _original_sizes(sizes: np.ndarray) -> dict[str, tuple[int, int]]:
    by_area = np.argsort(sizes[:, 0].astype(np.int64) * sizes[:, 1], kind="stable")
    places = {"smallest": 0, "median": len(by_area) // 2, "largest": -1}
    return {name: (int(sizes[by_area[place], 0]), int(sizes[by_area[place], 1])) for name, place in places.items()}


def _leaks(store: Store) -> Iterator[Finding]:
    for rows in same_pictures(store):
        yield Finding("leak", f"{_named(store, rows)} are the same picture", rows)
    pairs, unfinished = similar_pictures(store)
    for first, second in unfinished:
        text = (
            f"{first} and {second} share over {MAX_CANDIDATES:,} similar hashes; only some were searched for near leaks"
        )
        yield Finding("unfinished search", text, ())
    for pair in pairs:
        yield Finding("near leak", f"{_named(store, pair)} are nearly the same picture", pair)
    splits_of: dict[str, set[int]] = {}
    for group, split in zip(store.groups.tolist(), store.split.tolist(), strict=True):
        splits_of.setdefault(group, set()).add(split)
    for group in sorted(group for group, splits in splits_of.items() if group and len(splits) > 1):
        rows = tuple(np.flatnonzero(store.groups == group).tolist())
        yield Finding("divided group", f"the group {group} is in more than one split", rows)


def _as_prepared(store: Store) -> Iterator[Finding]:
    """What `prepare` found, of which the store keeps no more than it was told."""
    provenance = store.provenance
    undecided = _texts(provenance.get("undecided_orientations"))
    for finding in orientations(store.orientations, store.is_turned, undecided):
        rows = np.flatnonzero(np.isin(store.ids, undecided)) if finding.kind == UNDECIDED else np.empty(0, np.int64)
        yield replace(finding, rows=tuple(rows.tolist()))
    places = {id: row for row, id in enumerate(store.ids.tolist())}
    for id, reason in store.dropped:
        yield Finding("label left out", f"{id}: {reason}", (places[id],) if id in places else ())
    boxes = provenance.get("boxes")
    forms = [layer.form for layer in store.layers.values()]
    yield from boxes_left_out(boxes if isinstance(boxes, dict) else {}, forms)


def _box_names(store: Store) -> tuple[list[str], np.ndarray]:
    """What boxes are called, and every row's index into it; nothing where the source gives no names."""
    boxes = store.provenance.get("boxes")
    names, kept = (boxes.get("names"), boxes.get("kept")) if isinstance(boxes, dict) else (None, None)
    ids = np.array(kept if isinstance(kept, list) else [])
    if ids.shape != (len(store),) or ids.dtype.kind != "i":
        return [], np.empty(0, np.int64)
    return _texts(names), ids


def _texts(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def _named(store: Store, rows: tuple[int, ...]) -> str:
    return " and ".join(f"{store.ids[row]} ({SPLITS[store.split[row]]})" for row in rows)


def _odd_masks(store: Store, pixels: np.ndarray) -> Iterator[Finding]:
    for row in np.flatnonzero(store.has_mask).tolist():
        if not pixels[row, 1:-1].any():
            if not pixels[row, 0]:
                yield Finding("empty mask", f"all pixels of the mask of {store.ids[row]} are ignored", (row,))
            elif store.vocabulary.has_background:
                yield Finding("empty mask", f"the mask of {store.ids[row]} is all background", (row,))


def _odd_boxes(store: Store) -> Iterator[Finding]:
    """Boxes that reach out of the picture, which no store of `prepare` holds, or have become less than a pixel."""
    for row in np.flatnonzero(~np.isnan(store.boxes).any(1)).tolist():
        size = store.place(row).size
        x0, y0, x1, y1 = store.boxes[row].tolist()
        if min(x0, y0) < -_ROUNDING or max(x1, y1) > 1 + _ROUNDING:
            yield Finding("box outside", f"the box of {store.ids[row]} extends beyond the image", (row,))
        elif min((x1 - x0) * size.width, (y1 - y0) * size.height) < 1:
            yield Finding("tiny box", f"the box of {store.ids[row]} is less than one stored pixel wide or high", (row,))


def layer_rows(splits: Sequence[SplitSummary]) -> Iterator[tuple[str, str, list[str]]]:
    """What is known of each layer, as its name, what is told, and a text for each split.

    How much is known; between which numbers a map lies; which classes a mask has.
    """
    for name in splits[0].layers:
        layers = [split.layers[name] for split in splits]
        if layers[0].counted == "boxes":
            yield name, "boxes", [f"{layer.num_counted:,}" for layer in layers]
        else:
            yield name, f"known {layers[0].counted}", [share_words(layer.known_share) for layer in layers]
        for class_name in layers[0].class_shares:
            yield name, class_name, [share_words(layer.class_shares[class_name]) for layer in layers]
        if not layers[0].class_shares:
            low, high = layers[0].range_words
            yield name, low, ["-" if math.isnan(layer.lowest) else f"{layer.lowest:.4g}" for layer in layers]
            yield name, high, ["-" if math.isnan(layer.highest) else f"{layer.highest:.4g}" for layer in layers]


def share_words(share: float) -> str:
    """A share as tables show it: in percent, "absent" for none at all, "-" where there is nothing to share.

    What is small is not rounded to nothing, and what is not quite everything not to everything.
    """
    if share != share:
        return "-"
    if share == 0:
        return "absent"
    if _TENTH < share < 1 - _TENTH or share == 1:
        return f"{share:.1%}"
    return ">99.9%" if share > _TENTH else f"{100 * share:.1g}%" if share >= _SMALLEST else "<0.001%"


def _plain(value: object) -> object:
    match value:
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case float() if value != value:
            return None
        case _:
            return value
