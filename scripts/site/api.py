"""The reference of the API: signatures and docstrings of all public names, found by importing them."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cached_property
from types import ModuleType
from typing import Any, get_origin

MODULES = (
    "balancing",
    "data.sources.synthetic",
    "deploy",
    "deploy.export",
    "metrics",
    "models",
    "models.encoders",
    "models.sharing",
    "statistics",
    "statistics.simultaneous",
    "tasks",
    "tasks.losses",
    "testing",
)
"""The packages that are public beside the names of auxseg itself: those that pages and examples import from."""


def api_pages() -> dict[str, str]:
    """By name a page for the package itself (``auxseg``) and for every public module."""
    modules = {name: importlib.import_module(f"auxseg.{name}") for name in MODULES}
    return {"auxseg": _page(importlib.import_module("auxseg")), **{name: _page(each) for name, each in modules.items()}}


def _page(module: ModuleType) -> str:
    lines = [f"# {module.__name__}", text_of(module)]
    for name in module.__all__:
        value = getattr(module, name)
        if not name.startswith("__"):
            lines += _module_lines(name, value) if _is_plain_module(value) else _entry(name, value, "##")
    return "\n\n".join(lines) + "\n"


def _is_plain_module(value: object) -> bool:
    return isinstance(value, ModuleType) and not callable(value)


def _module_lines(name: str, module: ModuleType) -> list[str]:
    """A module among the names: on a page of its own, or if it has none, with its functions."""
    if module.__name__.removeprefix("auxseg.") in MODULES:
        return [f"## {name}", f"{text_of(module).partition(chr(10))[0]} See [{module.__name__}]({name}.md)."]
    lines = [f"## {name}", text_of(module)]
    for inner, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not inner.startswith("_"):
            lines += _entry(f"{name}.{inner}", value, "###")
    return lines


def _entry(name: str, value: Any, heading: str) -> list[str]:
    """A function, a class with its public members, or a constant."""
    if inspect.isclass(value) and get_origin(value) is None:
        lines = [f"{heading} {name}", _code(f"class {name}{_called(value)}"), text_of(value)]
        for member, each in _members(value):
            lines += [_code(f"{name}.{member}{_got(each)}"), text_of(each)]
        return lines
    if callable(value) and get_origin(value) is None:
        return [f"{heading} {name}", _code(f"{name}{_called(value)}"), text_of(value)]
    return [f"{heading} {name}", _code(f"{name} = {textwrap.shorten(repr(value), 300)}")]


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties that a class itself has."""
    for name, value in vars(kind).items():
        inner = getattr(value, "__func__", value)  # of class methods and static methods
        if not name.startswith("_") and (inspect.isfunction(inner) or isinstance(inner, (property, cached_property))):
            yield name, inner


def _got(member: Any) -> str:
    """How a member is called, or what a property is."""
    function = getattr(member, "fget", None) or getattr(member, "func", None)
    if function is None:
        return _called(member)
    return f": {inspect.signature(function).return_annotation}"


def _called(value: Any) -> str:
    """The signature, with a line for each parameter where it is long."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return ""
    parameters = [_parameter(each) for each in signature.parameters.values() if each.name not in ("self", "cls")]
    if parameters == ["*args: Any", "**kwargs: Any"]:
        return ""  # those of torch.nn.Module
    by_keyword = [each for each in signature.parameters.values() if each.kind is each.KEYWORD_ONLY]
    if by_keyword and not any(text.startswith("*") for text in parameters):
        parameters.insert(len(parameters) - len(by_keyword), "*")
    returned = signature.return_annotation
    arrow = "" if inspect.isclass(value) or returned is signature.empty else f" -> {_name(returned)}"
    joined = ", ".join(parameters)
    if len(joined) > 80:
        joined = "\n" + "".join(f"    {each},\n" for each in parameters)
    return f"({joined}){arrow}"


def _parameter(each: inspect.Parameter) -> str:
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(each.kind, "")
    typed = "" if each.annotation is each.empty else f": {_name(each.annotation)}"
    default = "..." if "<" in repr(each.default) else repr(each.default)
    return f"{stars}{each.name}{typed}" + ("" if each.default is each.empty else f" = {default}")


def _name(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def text_of(value: Any) -> str:
    """The docstring as Markdown: its names in double backticks are code, its sections are lists."""
    text = inspect.getdoc(value) or ""
    if inspect.isclass(value) and dataclasses.is_dataclass(value) and text.startswith(f"{value.__name__}("):
        return ""  # made by dataclass, not written
    text = re.sub(r"(?m)^(Args|Attributes|Returns|Raises):\n((?:[ ]{4}.*\n?|\n)+)", _section, text)
    return text.replace("``", "`").strip()


def _section(match: re.Match[str]) -> str:
    lines = textwrap.dedent(match[2]).strip().splitlines()
    items = [re.sub(r"^(\w+): ", r"- `\1`: ", line) if re.match(r"\w+: ", line) else f"  {line}" for line in lines]
    return f"**{match[1]}**\n\n" + "\n".join(items) + "\n\n"
