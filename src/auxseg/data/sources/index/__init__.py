"""A table with a row for every sample: the paths of image and mask, and labels in further columns."""

from __future__ import annotations

from auxseg.data.sources.index.source import Index

__all__ = ["Index"]
