"""Data sets in Arrow and Parquet files, written as the library ``datasets`` writes them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
from PIL import Image

HW = (12, 16)
IMAGE_TYPE = pyarrow.struct({"bytes": pyarrow.binary(), "path": pyarrow.string()})
SPECIES = ("oak", "elm")


def encoded(values: np.ndarray, format: str = "PNG") -> bytes:
    """An image file."""
    file = io.BytesIO()
    Image.fromarray(values).save(file, format)
    return file.getvalue()


def draw(index: int) -> tuple[np.ndarray, np.ndarray]:
    """An image and its mask of three classes."""
    random = np.random.default_rng(index)
    mask = np.zeros(HW, np.uint8)
    mask[2:6, index % 4 : index % 4 + 6], mask[8:, 3:9] = 1, 2
    return random.integers(0, 256, (*HW, 3), np.uint8), mask


def table(indices: list[int], image: str = "image", mask: str = "annotation") -> pyarrow.Table:
    """Rows with an image, a mask, a class label and a text; every third has no mask."""
    drawn = [draw(index) for index in indices]
    masks = [
        {"bytes": encoded(mask), "path": None} if index % 3 else None
        for index, (_, mask) in zip(indices, drawn, strict=True)
    ]
    columns = {
        image: pyarrow.array(
            [{"bytes": encoded(picture), "path": f"{i}.png"} for i, (picture, _) in zip(indices, drawn, strict=True)],
            IMAGE_TYPE,
        ),
        mask: pyarrow.array(masks, IMAGE_TYPE),
        "species": pyarrow.array([index % 2 if index % 5 else None for index in indices], pyarrow.int64()),
        "caption": [f"tree {index}" for index in indices],
    }
    features = {
        **{name: {"_type": "Image"} for name in (image, mask)},
        "species": {"names": [*SPECIES], "_type": "ClassLabel"},
        "caption": {"dtype": "string", "_type": "Value"},
    }
    made = pyarrow.table(columns)
    return made.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def save_arrow(path: Path, rows: pyarrow.Table, batch: int = 3) -> Path:
    """A stream of batches."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_stream(file, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=batch)
    return path


def save_to_disk(folder: Path, rows: pyarrow.Table, split: str | None = None, num_files: int = 2) -> Path:
    """As ``Dataset.save_to_disk``."""
    step = -(-len(rows) // num_files)
    names = [f"data-{number:05}-of-{num_files:05}.arrow" for number in range(num_files)]
    for number, name in enumerate(names):
        save_arrow(folder / name, rows.slice(number * step, step))
    state = {"_data_files": [{"filename": name} for name in names], "_fingerprint": "0", "_split": split}
    state |= {"_format_columns": None, "_format_kwargs": {}, "_format_type": None, "_output_all_columns": False}
    (folder / "state.json").write_text(json.dumps(state, indent=2))
    info = json.loads(rows.schema.metadata[b"huggingface"])["info"]
    (folder / "dataset_info.json").write_text(json.dumps({"citation": "", "description": "", **info}))
    return folder


def save_dict(folder: Path, splits: dict[str, pyarrow.Table]) -> Path:
    """As ``DatasetDict.save_to_disk``."""
    for name, rows in splits.items():
        save_to_disk(folder / name, rows, name)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(splits)}))
    return folder


def save_parquet(folder: Path, splits: dict[str, pyarrow.Table]) -> Path:
    """As a repository of data has it."""
    for name, rows in splits.items():
        for number in range(2):
            path = folder / "data" / f"{name}-{number:05}-of-00002.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            half = rows.slice(number * (len(rows) // 2), len(rows) // 2 if not number else None)
            pyarrow.parquet.write_table(half, path, row_group_size=3)
    return folder
