"""The reference of the API has every public name, as it is called."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pytest

import auxseg
from scripts.site.api import MODULES, _called, _entry, _is_plain_module, api_pages, text_of

ROOT = Path(__file__).parents[3]
PAGES = api_pages()


@pytest.mark.parametrize("module", ["auxseg", *MODULES])
def test_every_public_name_has_an_entry(module: str) -> None:
    names = importlib.import_module("auxseg" if module == "auxseg" else f"auxseg.{module}").__all__
    headings = re.findall(r"(?m)^## (.+)$", PAGES[module])
    assert sorted(headings) == sorted(name for name in names if name != "__version__")


def test_every_package_that_readers_are_told_of_has_a_page() -> None:
    """Those among the names of auxseg, and those from which pages and examples import."""
    told = {name for name in auxseg.__all__ if _is_plain_module(getattr(auxseg, name))}
    texts = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.py")]
    for text in texts:
        told |= set(re.findall(r"from auxseg\.([\w.]+) import", text.read_text()))
    packages = {name for name in told if hasattr(importlib.import_module(f"auxseg.{name}"), "__all__")}
    assert len(packages) > 10
    assert sorted(packages - set(MODULES)) == []
    assert "### segmentation.iou\n" in PAGES["metrics"]


class Example:
    """What it is.

    Args:
        a: the first,
            on two lines.
        b: ``x`` or nothing.

    Raises:
        ValueError: always.
    """

    def __init__(self, a: int = 1, *, b: Literal["x"] | None = None) -> None:
        self.a, self.b = a, b

    @property
    def size(self) -> int:
        """How large."""
        return 1

    @cached_property
    def far(self) -> Sequence[str]:
        """How far."""
        return ()

    @classmethod
    def make(cls, *names: str, **others: Any) -> Example:
        """Make one."""
        return cls()

    def _hidden(self) -> None: ...


def test_a_class_shows_its_signature_its_members_and_its_docstring() -> None:
    assert _entry("Example", Example, "##") == [
        "## Example",
        "```python\nclass Example(a: int = 1, *, b: Literal['x'] | None = None)\n```",
        text_of(Example),
        "```python\nExample.size: int\n```",
        "How large.",
        "```python\nExample.far: Sequence[str]\n```",
        "How far.",
        "```python\nExample.make(*names: str, **others: Any) -> Example\n```",
        "Make one.",
    ]
    assert text_of(Example).splitlines() == [
        "What it is.",
        "",
        "**Args**",
        "",
        "- `a`: the first,",
        "      on two lines.",
        "- `b`: `x` or nothing.",
        "",
        "**Raises**",
        "",
        "- `ValueError`: always.",
    ]


def test_what_has_no_name_of_its_own_is_shown_as_a_value() -> None:
    assert _entry("Table", dict[str, int], "##") == ["## Table", "```python\nTable = dict[str, int]\n```"]
    assert _entry("LEVEL", 0.05, "##") == ["## LEVEL", "```python\nLEVEL = 0.05\n```"]


def test_long_signatures_have_a_line_for_each_parameter_and_no_addresses() -> None:
    def function(
        first: int, *, second: tuple[int, ...] = (), third: object = object(), fourth_parameter: str = ""
    ) -> int:
        return 1

    assert _called(function) == (
        "(\n    first: int,\n    *,\n    second: tuple[int, ...] = (),\n    third: object = ...,\n"
        "    fourth_parameter: str = '',\n) -> int"
    )


def test_docstrings_that_nobody_wrote_are_left_out() -> None:
    @dataclass
    class Bare:
        a: int

    assert text_of(Bare) == ""
