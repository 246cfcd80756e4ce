"""A package that is called does what the function of its name does, and stays a package."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from auxseg.callable_package import let_be_called


def double(number: int, *, times: int = 2) -> int:
    return times * number


def fail(number: int) -> int:
    raise ValueError(f"no {number}")


@pytest.fixture
def package() -> Iterator[ModuleType]:
    """A package ``room.double`` that holds a value, and is called as this module's function of that name."""
    module = ModuleType("room.double")
    module.__dict__["inside"] = 7
    sys.modules[module.__name__] = module
    let_be_called(module.__name__, __name__)
    yield module
    del sys.modules[module.__name__]


def test_it_is_called_with_all_arguments(package) -> None:
    assert package(3) == 6
    assert package(3, times=5) == 15
    with pytest.raises(TypeError, match="unexpected keyword argument 'tims'"):
        package(3, tims=5)


def test_it_stays_the_same_module_with_its_content(package) -> None:
    assert sys.modules["room.double"] is package
    assert isinstance(package, ModuleType)
    assert package.inside == 7


def test_it_has_the_signature_of_the_function(package) -> None:
    assert inspect.signature(package) == inspect.signature(double)


def test_the_function_is_looked_up_only_when_it_is_called(monkeypatch) -> None:
    """So that naming the package imports nothing, and what is put in the function's place counts."""
    module = ModuleType("room.later")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    let_be_called(module.__name__, "room.that.is.nowhere")
    with pytest.raises(ModuleNotFoundError, match="room"):
        vars(type(module))["__call__"](module)
    home = ModuleType("room.that.is.nowhere")
    home.__dict__["later"] = lambda: "now"
    monkeypatch.setitem(sys.modules, home.__name__, home)
    assert vars(type(module))["__call__"](module) == "now"


def test_two_packages_keep_their_own_functions(package, monkeypatch) -> None:
    other = ModuleType("room.fail")
    monkeypatch.setitem(sys.modules, other.__name__, other)
    let_be_called(other.__name__, __name__)
    with pytest.raises(ValueError, match="no 3"):
        vars(type(other))["__call__"](other, 3)
    assert package(3) == 6
