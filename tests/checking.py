"""How signatures are checked under pytest: those that name shapes, and no others.

An int will do where a float is expected, as PEP 484 has it. Signatures without shapes are pyright's: checking them
again at every call took a quarter of the time of tests that train.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import jaxtyping
from beartype import BeartypeConf
from beartype import beartype as _beartype
from jaxtyping import AbstractArray, install_import_hook

check = _beartype(conf=BeartypeConf(is_pep484_tower=True))
_jaxtyped = jaxtyping.jaxtyped


def names_shapes(thing: Any) -> bool:
    """Whether an annotation of a function or class, or of what a method or property wraps, holds a shape."""
    inner = [getattr(thing, name, None) for name in ("__func__", "fget", "fset")]
    if any(inner):
        return any(names_shapes(part) for part in inner if part is not None)
    names = re.findall(r"\w+", " ".join(str(value) for value in getattr(thing, "__annotations__", {}).values()))
    known = vars(sys.modules[thing.__module__])
    return any(_is_shape(known.get(name)) for name in names)


def _is_shape(value: object) -> bool:
    if isinstance(value, type) and issubclass(value, AbstractArray):
        return True
    return getattr(value, "__module__", "") == "jaxtyping"


def jaxtyped(*, typechecker: Callable[..., Any]) -> Callable[[Any], Any]:
    """Stand in for jaxtyping's decorator, which the import hook puts on every function and class."""
    decorate = _jaxtyped(typechecker=typechecker)
    return lambda thing: decorate(thing) if names_shapes(thing) else thing


def install() -> None:
    """Check the shapes of ``auxseg`` from here on; it must not have been imported."""
    setattr(jaxtyping, "jaxtyped", jaxtyped)  # noqa: B010 (pyright knows the original's overloads)
    install_import_hook("auxseg", "tests.checking.check")
