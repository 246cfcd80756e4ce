"""Folders of NumPy arrays, as multi-task data sets are published.

- `npy`: reading a file of one array, bounded and without running anything
- `layout`: which folders and files there are
- `values`: from arrays to images, ids and maps
- `source`: the source
"""

from __future__ import annotations

from auxseg.data.sources.arrays.source import Arrays

__all__ = ["Arrays"]
