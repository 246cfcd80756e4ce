"""Spoiling stores, and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest


def refused(sentence: str) -> Any:
    """A context in which a part of a store has to be refused with exactly this sentence."""
    return pytest.raises(ValueError, match=f"^{re.escape(sentence)}$")


def put(name: str, where: Any, value: Any) -> Callable[[Any], None]:
    """A change of an open store: other values in one of its datasets."""

    def change(file: Any) -> None:
        file[name][where] = value

    return change
