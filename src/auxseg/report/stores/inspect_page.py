"""The page of `auxseg data inspect`: a store in numbers, then its pictures with labels drawn, suspicious ones first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

import numpy as np

from auxseg.data.channels import DISPLAY_RULE, RGB, displayed
from auxseg.data.preparing.findings import Finding, grouped
from auxseg.data.preparing.inspect import Inspection, layer_rows, share_words
from auxseg.data.sample import IGNORE, MISSING, SPLITS
from auxseg.data.store.store import Store
from auxseg.drawing import TRUTH_COLOUR, data_uri, draw_box, overlay_mask
from auxseg.errors import RunError
from auxseg.files import write_atomically
from auxseg.report.environment import template_environment
from auxseg.tasks.dense_labels.painting import paint_layer

MAX_SHOWN: Final = 4
"""Findings of one kind that are shown with pictures; the rest is listed."""

SAMPLES_PER_SPLIT: Final = 24
_SIDE: Final = 256
_IGNORED_GREY: Final = 128


@final
@dataclass(frozen=True)
class _Thumbnail:
    """A picture with its labels drawn, and what is known of it."""

    id: str
    split: str
    picture: str
    labels: tuple[str, ...]
    layers: dict[str, str]


@final
@dataclass(frozen=True)
class _Kind:
    """The findings of one kind: some with pictures, and what else there is in words."""

    name: str
    shown: list[tuple[Finding, list[_Thumbnail]]]
    others: list[str]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.shown) + len(self.others)


def write_inspect_page(store: Store, inspection: Inspection, page: Path) -> None:
    """Write one self-contained HTML page: every finding in words, and `MAX_SHOWN` of each kind with pictures.

    Raises `RunError` if the page cannot be written.
    """
    if store.own is None:
        small = store.at_size(store.size.resized(min(store.size.longer, _SIDE)))
    else:
        small = replace(store, resize="letterbox").at_size(_SIDE)
    kinds = [
        _Kind(
            kind,
            [(finding, _thumbnails(small, finding)) for finding in findings[:MAX_SHOWN]],
            [finding.text for finding in findings[MAX_SHOWN:]],
        )
        for kind, findings in grouped(inspection.findings).items()
    ]
    samples = {split: [_thumbnail(small, row) for row in _spread(store.rows(split))] for split in SPLITS}
    html = (
        template_environment()
        .get_template("stores/inspect_page.html.j2")
        .render(
            name=store.path.name,
            inspection=inspection,
            kinds=kinds,
            shown=MAX_SHOWN,
            samples={split: thumbnails for split, thumbnails in samples.items() if thumbnails},
            tables=_tables(inspection),
            layers=list(store.layers),
            display_rule="" if store.channels == RGB else DISPLAY_RULE,
        )
    )
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(page, html.encode())
    except OSError as error:
        raise RunError(f"cannot write the page {page}: {error.strerror}") from error


def _spread(rows: np.ndarray) -> list[int]:
    """Some rows, evenly spread over a split."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), SAMPLES_PER_SPLIT)).round().astype(int)
    return rows[places].tolist()


def _thumbnails(store: Store, finding: Finding) -> list[_Thumbnail]:
    return [_thumbnail(store, row) for row in finding.rows[:4]]


def _thumbnail(store: Store, row: int) -> _Thumbnail:
    plain, mask = store.read(row)
    plain = displayed(plain, store.channels)
    image = plain.copy()
    if store.has_mask[row]:
        image[mask == IGNORE] = image[mask == IGNORE] // 2 + _IGNORED_GREY // 2
        image = overlay_mask(image, mask)
    box = store.boxes[row] * store.place(row).size.corners
    if not np.isnan(box).any():
        image = draw_box(image, box.tolist(), TRUTH_COLOUR)
    height, width = store.original_sizes[row].tolist()
    labels = [store.vocabulary.labels[kind][ids[row]] for kind, ids in store.classes.items() if ids[row] != MISSING]
    lacks = [] if store.has_mask[row] else ["no mask"]
    return _Thumbnail(
        str(store.ids[row]),
        SPLITS[store.split[row]],
        data_uri(image),
        (*labels, f"{width} x {height}", *lacks),
        _layers(store, row, plain),
    )


def _layers(store: Store, row: int, picture: np.ndarray) -> dict[str, str]:
    """Pictures of the layers that a sample has, by name."""
    return {
        name: data_uri(paint_layer(picture, values, store.layers[name].form))
        for name, values in store.read_layers(row).items()
        if store.layers[name].present[row]
    }


def _tables(inspection: Inspection) -> dict[str, list[tuple[object, ...]]]:
    """Rows of name and one value per split, for every kind of label and for what is missing."""
    splits = [inspection.splits[split] for split in SPLITS]
    tables: dict[str, list[tuple[object, ...]]] = {
        "share of pixels": [
            *((name, *(share_words(split.mask_shares[name]) for split in splits)) for name in splits[0].mask_shares),
            ("ignored", *(share_words(split.ignored_share) for split in splits)),
        ],
        "without a label": [(name, *(split.missing[name] for split in splits)) for name in splits[0].missing],
    }
    for name, what, values in layer_rows(splits):
        tables.setdefault(f"layer {name}: {splits[0].layers[name].about}", []).append((what, *values))
    if splits[0].boxes:
        tables["boxes"] = [(name, *(split.boxes[name] for split in splits)) for name in splits[0].boxes]
    for kind, names in splits[0].classes.items():
        tables[kind] = [(name, *(split.classes[kind][name] for split in splits)) for name in names]
    return tables
