"""How signatures are checked under pytest: those that name shapes, and no others.

An int will do where a float is expected, as PEP 484 has it. Signatures without shapes are pyright's: checking them
again at every call took a quarter of the time of tests that train. So did calls that only repeat others: a call is
checked unless one with the same types, element types, shapes and numbers has passed. Shapes are the same to a check
where the same sizes are equal and those are equal that it names.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
import threading
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from types import FunctionType, NoneType
from typing import Any

import jaxtyping
import numpy as np
import torch
from beartype import BeartypeConf
from beartype import beartype as _beartype
from jaxtyping import AbstractArray, install_import_hook

check = _beartype(conf=BeartypeConf(is_pep484_tower=True))
_jaxtyped = jaxtyping.jaxtyped

Decorator = Callable[[Any], Any]


def names_shapes(thing: Any) -> bool:
    """Whether an annotation of a function or class, or of what a method or property wraps, holds a shape."""
    inner = [getattr(thing, name, None) for name in ("__func__", "fget", "fset")]
    if any(inner):
        return any(names_shapes(part) for part in inner if part is not None)
    return any(map(_is_shape, _named(thing)))


def _annotated(thing: Any) -> str:
    return " ".join(str(value) for value in getattr(thing, "__annotations__", {}).values())


def _named(thing: Any) -> list[object]:
    """What the names in its annotations stand for."""
    known = vars(sys.modules[thing.__module__])
    return [known.get(name) for name in re.findall(r"\w+", _annotated(thing))]


def _is_shape(value: object) -> bool:
    if isinstance(value, type) and issubclass(value, AbstractArray):
        return True
    return getattr(value, "__module__", "") == "jaxtyping"


def jaxtyped(*, typechecker: Callable[..., Any]) -> Decorator:
    """Stand in for jaxtyping's decorator, which the import hook puts on every function and class."""
    decorate = _jaxtyped(typechecker=typechecker)

    def checked(thing: Any) -> Any:
        if not names_shapes(thing):
            return thing
        return once_per_kind(thing, decorate) if inspect.isfunction(thing) else decorate(thing)

    return checked


def once_per_kind(function: FunctionType, decorate: Decorator) -> Callable[..., Any]:
    """The function, checked whenever what it takes and gives is of kinds that have not passed yet."""
    passed: set[Hashable] = set()
    always = decorate(function)
    result_of_call = functools.cache(lambda: _Giver(function, decorate))
    kinds = functools.partial(_Kinds, _Signature(function))

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        kind = kinds()
        taken = kind.of_call(args, kwargs)
        if taken is None or taken not in passed:
            result = always(*args, **kwargs)
        else:
            result = function(*args, **kwargs)
            if (taken, kind.of(result)) in passed:
                return result
            result_of_call().check(result, args, kwargs)
        given = kind.of(result)
        if taken is not None and given is not None:
            passed.update((taken, (taken, given)))
        return result

    return wrapped


class _Giver:
    """Checks a result that the function gave already, by a checked function of its signature that gives it again."""

    def __init__(self, function: FunctionType, decorate: Decorator) -> None:
        self._mine = mine = threading.local()

        def give(*args: Any, **kwargs: Any) -> Any:
            return mine.result

        # Annotations are looked up among the globals.
        named = FunctionType(give.__code__, function.__globals__, function.__name__, None, give.__closure__)
        self._checked = decorate(functools.wraps(function)(named))

    def check(self, result: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        __tracebackhide__ = True
        self._mine.result = result
        try:
            self._checked(*args, **kwargs)
        finally:
            del self._mine.result


_ARRAYS = {torch.Tensor, torch.nn.Parameter, np.ndarray}
_VALUES = {int, bool, str, NoneType}


class _Signature:
    """What decides which calls are alike: the sizes that it names, and whether a check looks at one item of a tuple."""

    def __init__(self, function: FunctionType) -> None:
        text = " ".join([_annotated(function), *(getattr(each, "dim_str", "") for each in _named(function))])
        self.computes_sizes = bool(re.search(r"{|\w[-+*/]\w", text))
        self.sizes = {1, *map(int, re.findall(r"\d+", text))}  # 1 may be broadcast
        self.draws_from_tuples = bool(re.search(r"Sequence|Collection|Iterable|, \.\.\.\]", text))


class _Kinds:
    """All that the checks of one call look at of values: equal where one passes if and only if the other does."""

    def __init__(self, signature: _Signature) -> None:
        self._signature = signature
        self._numbers: dict[int, int] = {}

    def of_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Hashable:
        """None where a check may look at more, or draws what it looks at."""
        kinds = tuple(map(self.of, (*args, *kwargs.values())))
        return None if None in kinds else (tuple(kwargs), kinds)

    def of(self, value: Any) -> Hashable:
        """Of an argument or a result."""
        type_ = type(value)
        if type_ in _ARRAYS:
            return type_, value.dtype, self._shape(value.shape)
        if type_ in _VALUES:
            return type_, value
        if type_ in (tuple, list, dict):
            kinds = tuple(map(self.of, value.values() if type_ is dict else value))
            draws = type_ is list or (type_ is tuple and self._signature.draws_from_tuples)
            is_open = None in kinds or (draws and len(set(kinds)) > 1)
            return None if is_open else (type_, kinds, tuple(value) if type_ is dict else None)
        if isinstance(value, type):
            return type_, value
        return None if _may_hold_more(type_) else type_

    def _shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Sizes that the signature does not name are numbered, below zero, in the order in which they come."""
        if self._signature.computes_sizes:
            return shape
        named, numbers = self._signature.sizes, self._numbers
        return tuple(size if size in named else numbers.setdefault(size, -1 - len(numbers)) for size in shape)


@functools.cache
def _may_hold_more(type_: type) -> bool:
    is_named_tuple = issubclass(type_, tuple) and hasattr(type_, "_fields")  # and no more than its class is checked
    return issubclass(type_, Collection | torch.Tensor) and not is_named_tuple


def install() -> None:
    """Check the shapes of ``auxseg`` from here on; it must not have been imported."""
    setattr(jaxtyping, "jaxtyped", jaxtyped)  # noqa: B010 (pyright knows the original's overloads)
    install_import_hook("auxseg", "tests.checking.check")
