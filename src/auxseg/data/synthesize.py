"""The built-in generated data sets as stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, get_args

from auxseg.data.preparing.prepare import Report, prepare
from auxseg.data.sources.rooms import RoomsSource
from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.errors import InputError
from auxseg.records.values.size import SizeLike

Kind = Literal["animals", "rooms"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)


def synthesize(
    out: str | Path,
    *,
    kind: Kind = "animals",
    num_samples: int = 1200,
    size: SizeLike = 128,
    seed: int = 0,
    overwrite: bool = False,
    processes: int | None = 1,
    shard_size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Generate pictures with exact labels and write them into a store; see `prepare` for the rest.

    ``kind`` is ``"animals"`` (masks, species, breeds, head boxes) or ``"rooms"`` (masks of 13 classes, depth, surface
    normals, kinds of room). The same settings give the same content hash.

    Raises `InputError` and `RunError` as `prepare` does.
    """
    if kind not in KINDS:
        raise InputError(f"kind should be one of {', '.join(KINDS)}, not {kind!r}")
    source = (RoomsSource if kind == "rooms" else SyntheticSource)(num_samples, size, seed)
    return prepare(
        source,
        out,
        size=size,
        overwrite=overwrite,
        seed=seed,
        processes=processes,
        shard_size=shard_size,
        progress=progress,
    )
