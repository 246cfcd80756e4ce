"""A notebook as a page: its text and its code, without outputs, which the repository does not keep."""

from __future__ import annotations

import json
from pathlib import Path


def notebook_page(path: Path) -> str:
    """The cells of a notebook in their order."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    parts = []
    for cell in cells:
        text = "".join(cell["source"])
        parts.append(f"```python\n{text}\n```" if cell["cell_type"] == "code" else text)
    return "\n\n".join(parts) + "\n"
