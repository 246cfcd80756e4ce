"""Complete recipes that come with the package."""

from __future__ import annotations

from pathlib import Path

from auxseg.callable_package import let_be_called


def presets() -> dict[str, Path]:
    """Name and file of every preset: those to start from, and in ``ancestors`` what earlier projects did."""
    return {path.stem: path for path in sorted(Path(__file__).parent.rglob("*.yaml"), key=lambda path: path.stem)}


let_be_called("auxseg.presets", "auxseg.presets")
