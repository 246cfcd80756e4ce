"""Data sets in Arrow and Parquet files, as the library ``datasets`` of Hugging Face writes them.

- `layout`: which files there are, and of which split
- `table`: all of them as one table, of which columns are read in order
- `columns`: which column holds what
- `source`: the source
"""

from __future__ import annotations

from auxseg.data.sources.huggingface.source import HuggingFace

__all__ = ["HuggingFace"]
