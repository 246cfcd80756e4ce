"""`auxseg data`: how stores are made, and what is done with them."""

from __future__ import annotations

from auxseg.cli.data.prepare import Download, Prepare, Synthesize
from auxseg.cli.data.stores import Convert, Export, Inspect, Join

__all__ = ["Convert", "Download", "Export", "Inspect", "Join", "Prepare", "Synthesize"]
