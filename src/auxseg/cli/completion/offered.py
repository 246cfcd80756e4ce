"""What may follow each command on a line, found in the fields that it is read into. Nothing heavy is imported."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final, Literal, final, get_args, get_origin, get_type_hints

from tyro.conf import Positional

from auxseg.presets import presets

_POSITIONAL: Final = get_args(Positional[int])[1]


def _sources() -> tuple[str, ...]:
    from auxseg.data.sources import SOURCES

    return tuple(SOURCES)


def _preset_names() -> tuple[str, ...]:
    return tuple(presets())


NAMES: Final[Mapping[tuple[str, str], Callable[[], tuple[str, ...]]]] = {
    ("data prepare", "source"): _sources,
    ("presets", "name"): _preset_names,
    ("train", "names"): _preset_names,
    ("study", "base"): _preset_names,
}
"""By command and field: names that its type does not list."""


@final
@dataclass(frozen=True)
class Offered:
    """What may follow one command. Where nothing is offered a shell completes the names of files.

    Attributes:
        about: one sentence.
        commands: commands of its own; such a command takes nothing else.
        options: with their dashes.
        flags: those of the options that take no value.
        values: of some options, the words to choose from.
        words: words for the arguments without an option.
    """

    about: str
    commands: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] | None = None
    words: tuple[str, ...] = ()


def offered_by(commands: Mapping[str, Any]) -> dict[str, Offered]:
    """What may follow every command, by its words: ``""`` is auxseg itself, then ``data``, ``data prepare`` ..."""
    return dict(_walk(commands, ""))


def _walk(commands: Mapping[str, Any], path: str) -> Iterator[tuple[str, Offered]]:
    options = ("--help",) if path else ("--help", "--version")
    yield path, Offered(", ".join(commands), commands=tuple(commands), options=options, flags=options)
    for name, command in commands.items():
        inner = f"{path} {name}".strip()
        if isinstance(command, dict):
            yield from _walk(command, inner)
        else:
            yield inner, _of(command, inner)


def _of(command: type[Any], path: str) -> Offered:
    hints = get_type_hints(command, include_extras=True)
    options, flags, values, words = ["--help"], ["--help"], dict[str, tuple[str, ...]](), list[str]()
    for field in fields(command):
        known = NAMES[path, field.name]() if (path, field.name) in NAMES else _choices(hints[field.name])
        if _is_positional(hints[field.name]):
            words += known
            continue
        option = f"--{field.name.replace('_', '-')}"
        options.append(option)
        if hints[field.name] is bool:
            flags.append(option)
        elif known:
            values[option] = known
    about = inspect.cleandoc(command.__doc__ or "").partition("\n")[0]
    return Offered(about, (), tuple(options), tuple(flags), values, tuple(words))


def _is_positional(hint: Any) -> bool:
    return get_origin(hint) is Annotated and _POSITIONAL in get_args(hint)


def _choices(hint: Any) -> tuple[str, ...]:
    """The words that a type lists, at any depth."""
    if get_origin(hint) is Literal:
        return tuple(word for word in get_args(hint) if isinstance(word, str))
    return tuple(word for part in get_args(hint) if not isinstance(part, str) for word in _choices(part))
