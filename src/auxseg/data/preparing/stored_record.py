"""What a store holds as it was when it was written: records and the header."""

from __future__ import annotations

from auxseg.data.preparing.record import Record
from auxseg.data.sample import MISSING, Orientation
from auxseg.data.store.header import Header
from auxseg.data.store.original_masks import pack
from auxseg.data.store.store import Store


def record_of(store: Store, row: int) -> Record:
    """A sample as it was when it was written."""
    image, mask = store.read(row)
    layers = store.read_layers(row)
    original = store.read_original_mask(row) if store.originals is not None else None
    height, width = store.original_sizes[row].tolist()
    names, ids = store.vocabulary.labels, {label: int(values[row]) for label, values in store.classes.items()}
    return Record(
        id=str(store.ids[row]),
        group=str(store.groups[row]),
        image=image,
        mask=mask,
        has_mask=bool(store.has_mask[row]),
        box=store.boxes[row],
        classes={label: names[label][number] for label, number in ids.items() if number != MISSING},
        original_size=(height, width),
        image_hash=str(store.image_hashes[row]),
        perceptual_hash=int(store.perceptual_hashes[row]),
        orientation=Orientation(int(store.orientations[row]), bool(store.is_turned[row])),
        layers={name: values for name, values in layers.items() if store.layers[name].present[row]},
        original_mask=None if original is None else pack(original),
    )


def header_values(header: Header) -> dict[str, object]:
    """What a store says of itself, for `RecordWriter.finish`; what says nothing new is left out, as `prepare` does."""
    news = {
        "dropped": header.dropped,
        "category_ids": header.category_ids,
        "has_background": None if header.has_background else False,
        "exif": None if header.exif == "apply" else header.exif,
    }
    return {key: value for key, value in news.items() if value not in ((), None)} | {
        "size": header.size.to_json(),
        "resize": header.resize,
        "border": header.border,
        "mask_classes": header.mask_classes,
        "box_from_mask": header.box_from_mask,
        "skipped": header.skipped,
    }
