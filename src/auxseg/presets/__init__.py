"""Complete recipes that come with the package."""

from __future__ import annotations

from pathlib import Path

from auxseg.callable_package import let_be_called


def presets() -> dict[str, Path]:
    """Name and file of every preset."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.yaml"))}


let_be_called("auxseg.presets", "auxseg.presets")
