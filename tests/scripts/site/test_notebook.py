"""A notebook becomes a page with its text and its code."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.site.notebook import notebook_page


def test_cells_keep_their_order_and_code_is_marked(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": ["a = 1\n", "a"], "outputs": [{"data": {"text/plain": "1"}}]},
    ]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
    assert notebook_page(tmp_path / "a.ipynb") == "# Title\ntext\n\n```python\na = 1\na\n```\n"
