"""Data sets in the layout of Ultralytics' YOLO."""

from __future__ import annotations

from auxseg.data.sources.yolo.source import Yolo

__all__ = ["Yolo"]
