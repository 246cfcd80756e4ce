"""Counts what the house is made of: `python scripts/count.py [TREE ...]`, one column for each tree of this project."""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections import Counter
from pathlib import Path


def count(tree: Path) -> dict[str, str]:
    """Figures of a tree by what they count; a tree is a folder with ``src/auxseg`` and ``tests``."""
    source, tests = tree / "src" / "auxseg", tree / "tests"
    modules = [path for path in sorted(source.rglob("*.py")) if path.name != "__init__.py"]
    texts = {path: path.read_text(encoding="utf-8") for path in modules}
    lines = {path: len(text.splitlines()) for path, text in texts.items()}
    functions = [length for text in texts.values() for length in _functions(text)]
    folders = Counter(path.parent for path in source.rglob("*.py"))
    anys = sum(len(re.findall(r"^(?!from typing|import).*?\bAny\b", text, re.MULTILINE)) for text in texts.values())
    named = [path for path in modules if any(tests.rglob(f"test_{path.stem.lstrip('_')}.py"))]
    test_lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in tests.rglob("*.py"))
    total = sum(lines.values())
    return {
        "modules": f"{len(modules)}",
        "lines of source": f"{total:,}",
        "lines of a module, median and most": f"{statistics.median(lines.values()):.0f}, {max(lines.values())}",
        "lines of a function, median and most": f"{statistics.median(functions):.0f}, {max(functions)}",
        "most files in one folder": f"{max(folders.values())}",
        "lines with `Any` per thousand, imports apart": f"{1000 * anys / total:.1f}",
        "modules with a test file of their name": f"{len(named) / len(modules):.0%}",
        "lines of tests per line of source": f"{test_lines / total:.2f}",
    }


def _functions(text: str) -> list[int]:
    """The lines of every function without its docstring."""
    found = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [_lines(node) - (_lines(node.body[0]) if ast.get_docstring(node) is not None else 0) for node in found]


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def main(arguments: list[str]) -> None:
    """Print a table in Markdown."""
    trees = [Path(each) for each in arguments] or [Path(__file__).parents[1]]
    columns = [count(tree) for tree in trees]
    for what in columns[0]:
        sys.stdout.write(f"| {what} | {' | '.join(column[what] for column in columns)} |\n")


if __name__ == "__main__":
    main(sys.argv[1:])
