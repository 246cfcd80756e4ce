"""The built-in generated data set as a store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from auxseg.data.preparing.prepare import Report, prepare
from auxseg.data.sources.synthetic import SyntheticSource


def synthesize(
    out: str | Path,
    *,
    num_samples: int = 1200,
    size: int = 128,
    seed: int = 0,
    overwrite: bool = False,
    processes: int | None = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Generate pictures of animals with exact labels and write them into a store; see `prepare` for the rest.

    The same settings give the same content hash. Raises `InputError` and `RunError` as `prepare` does.
    """
    source = SyntheticSource(num_samples, size, seed)
    return prepare(source, out, size=size, overwrite=overwrite, seed=seed, processes=processes, progress=progress)
