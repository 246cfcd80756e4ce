"""Several values of one setting in one text: ``KEY=A,B``."""

from __future__ import annotations

from auxseg.errors import InputError


def alternatives(text: str, option: str) -> tuple[str, list[str]]:
    """The key and its values; commas in brackets divide nothing.

    ``option`` is where the text was given. Raises `InputError` if it is no ``key=value,...``.
    """
    key, equals, values = text.partition("=")
    found = [value.strip() for value in _split(values)]
    if not key or not equals or not all(found):
        raise InputError(f"{option} {text}: expected key=value,value,..., such as balancer.weights.box=0.1,0.5,1")
    return key, found


def _split(text: str) -> list[str]:
    """Cut at the commas that stand outside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
