"""What differs between plain values, such as recipes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def differences(*values: Mapping[str, object], key: str = "") -> Iterator[tuple[str, tuple[object, ...]]]:
    """The dotted keys at which these differ, each with what every one of them holds there.

    What one of them lacks counts as ``None``; a part that one lacks altogether is one difference. ``key`` is put before
    the others.
    """
    for name in dict.fromkeys(name for mapping in values for name in mapping):
        held = tuple(mapping.get(name) for mapping in values)
        parts = [each for each in held if isinstance(each, Mapping)]
        if len(parts) == len(held):
            yield from differences(*parts, key=f"{key}{name}.")
        elif any(each != held[0] for each in held):
            yield f"{key}{name}", held
