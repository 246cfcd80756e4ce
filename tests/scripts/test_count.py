"""A small tree is counted as one counts it by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.count import count, main

MODULE = """from typing import Any

X: Any = 1


def long(x: Any) -> int:
    \"\"\"Two
    lines.\"\"\"
    y = x
    return y


def short(): ...
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    source, tests = tmp_path / "src" / "auxseg", tmp_path / "tests" / "deep"
    for folder in (source / "room", tests):
        folder.mkdir(parents=True)
    (source / "room" / "one.py").write_text(MODULE)
    (source / "two.py").write_text("\n" * 7)
    (source / "__init__.py").write_text("not counted\n")
    (tests / "test_one.py").write_text("\n" * 10)
    return tmp_path


def test_what_is_counted(tree: Path) -> None:
    assert count(tree) == {
        "modules": "2",
        "lines of source": "20",
        "lines of a module, median and most": "10, 13",
        "lines of a function, median and most": "2, 3",
        "most files in one folder": "2",
        "lines with `Any` per thousand, imports apart": "100.0",
        "modules with a test file of their name": "50%",
        "lines of tests per line of source": "0.50",
    }


def test_a_column_for_each_tree(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tree), str(tree)])
    assert "| modules | 2 | 2 |" in capsys.readouterr().out
