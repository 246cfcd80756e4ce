"""YAML as recipes need it: safe, bounded, and without silent losses.

YAML lets a file of a kilobyte stand for gigabytes (aliases of aliases), for code (tags) and for values that nobody
meant (dates, ``12:30`` as 750). So sizes are bounded before anything is made of them, and only the types of JSON are
read. Every YAML that the project reads goes through here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

import yaml

from auxseg.arguments import MAX_DEPTH, MAX_DIGITS
from auxseg.errors import InputError

MAX_BYTES: Final = 256 * 1024
MAX_VALUES: Final = 20_000
"""How many values a text may hold, each counted as often as aliases repeat it."""
MAX_CHARACTERS: Final = 20_000
"""How long one text in it may be."""

_TAG: Final = "tag:yaml.org,2002:"
_WHOLE_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
"""Written in one way only, so that two that are equal look equal."""


@final
class RefusedYAMLError(yaml.YAMLError):
    """YAML that its own reader would take, with a loss, or with a harm."""


@final
class _StrictLoader(yaml.SafeLoader):
    """PyYAML's safe loader with bounds, without tags, and without keys that stand twice in a mapping."""

    def __init__(self, text: str, *, whole_number_keys: bool) -> None:
        super().__init__(text)
        self._whole_number_keys = whole_number_keys
        self._depth = self._count = 0
        self._sizes: dict[int, int] = {}  # by the identity of a node; one that is being made has none yet

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Read the next value, counting depth and values, and those that an alias repeats."""
        line = self.peek_event().start_mark.line + 1
        is_alias = self.check_event(yaml.AliasEvent)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RefusedYAMLError(f"line {line}: nested deeper than {MAX_DEPTH} levels")
        before = self._count
        self._count += 1
        self._refuse_too_many(line)
        node = super().compose_node(parent, index)
        if is_alias:
            if id(node) not in self._sizes:
                raise RefusedYAMLError(f"line {line}: an alias repeats itself")
            self._count += self._sizes[id(node)] - 1
            self._refuse_too_many(line)
        else:
            self._sizes[id(node)] = self._count - before
            if isinstance(node, yaml.MappingNode):
                self._check_keys(node)
        self._depth -= 1
        return node

    def _refuse_too_many(self, line: int) -> None:
        if self._count > MAX_VALUES:
            raise RefusedYAMLError(
                f"line {line}: more than {MAX_VALUES:,} values, counting those that aliases repeat; write fewer"
            )

    def _check_keys(self, mapping: yaml.MappingNode) -> None:
        """Refuse keys that are no texts, and those that stand twice, of which YAML's own reader keeps the last."""
        lines: dict[str, int] = {}
        for key_node, _ in mapping.value:
            line, key = key_node.start_mark.line + 1, key_node.value
            if key_node.tag == f"{_TAG}merge":
                continue
            if not isinstance(key_node, yaml.ScalarNode) or not self._is_key(key_node):
                shown = repr(key[:40]) if isinstance(key, str) else "a list or mapping"
                raise RefusedYAMLError(f"line {line}: expected a text as key, found {shown}; put it in quotes")
            if key in lines:
                raise RefusedYAMLError(
                    f"the key {key[:40]!r} is given twice in one mapping, in lines {lines[key]} and {line}; "
                    "give it once"
                )
            lines[key] = line

    def _is_key(self, node: yaml.ScalarNode) -> bool:
        is_number = self._whole_number_keys and node.tag == f"{_TAG}int" and _WHOLE_NUMBER.fullmatch(node.value)
        return node.tag == f"{_TAG}str" or bool(is_number)

    def construct_text(self, node: yaml.ScalarNode) -> str:
        """A text that can be written and be part of a file's name."""
        text = str(self.construct_scalar(node))
        line = node.start_mark.line + 1
        if len(text) > MAX_CHARACTERS:
            raise RefusedYAMLError(
                f"line {line}: a text of {len(text):,} characters; at most {MAX_CHARACTERS:,} are read"
            )
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise RefusedYAMLError(f"line {line}: a text holds an invalid character: {text[:40]!r}")
        return text

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        """A number of few digits: reading many takes quadratic time."""
        self._refuse_digits(node)
        return self.construct_yaml_int(node)

    def construct_number(self, node: yaml.ScalarNode) -> float:
        """A number of few digits."""
        self._refuse_digits(node)
        return self.construct_yaml_float(node)

    def _refuse_digits(self, node: yaml.ScalarNode) -> None:
        if len(node.value) > MAX_DIGITS:
            line = node.start_mark.line + 1
            raise RefusedYAMLError(
                f"line {line}: a number of {len(node.value):,} digits; at most {MAX_DIGITS} are read"
            )


_StrictLoader.yaml_constructors = {
    f"{_TAG}null": yaml.SafeLoader.construct_yaml_null,
    f"{_TAG}bool": yaml.SafeLoader.construct_yaml_bool,
    f"{_TAG}int": _StrictLoader.construct_integer,
    f"{_TAG}float": _StrictLoader.construct_number,
    f"{_TAG}str": _StrictLoader.construct_text,
    f"{_TAG}seq": yaml.SafeLoader.construct_yaml_seq,
    f"{_TAG}map": yaml.SafeLoader.construct_yaml_map,
    None: yaml.SafeLoader.construct_undefined,
}
_StrictLoader.yaml_implicit_resolvers = {  # a date stays the text that was written
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (f"{_TAG}timestamp", f"{_TAG}value")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@final
class _StrictDumper(yaml.SafeDumper):
    """PyYAML's safe dumper, which quotes texts that this reader, or YAML's own, would take for something else."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """In double quotes where it holds a line break beyond ASCII, which other styles fold."""
        style = '"' if any(mark in text for mark in "\x85\u2028\u2029") else None
        return self.represent_scalar(f"{_TAG}str", text, style=style)


_StrictDumper.add_representer(str, _StrictDumper.represent_text)
for _each in (_StrictLoader, _StrictDumper):
    _each.add_implicit_resolver(  # 1e-3, which YAML 1.1 takes for a text and YAML 1.2 for a number
        f"{_TAG}float", re.compile(r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"), list("-+.0123456789")
    )


def write_yaml(values: Mapping[str, object], *, width: int = 120, allow_unicode: bool = False) -> str:
    """YAML that `read_yaml` reads back to the same values, of the types of JSON; keys stay in their order."""
    return yaml.dump(values, Dumper=_StrictDumper, sort_keys=False, width=width, allow_unicode=allow_unicode)


def read_yaml(text: str, *, whole_number_keys: bool = False) -> object:
    """What YAML says, in the types of JSON. ``whole_number_keys`` allows keys such as ``0`` beside texts.

    Raises `yaml.YAMLError`, of which a `RefusedYAMLError` is a sentence about what YAML allows and this reader does
    not: a key twice in one mapping or that is no text, a size past the bounds above, an alias inside of itself.
    """
    if len(text) > MAX_BYTES:
        raise RefusedYAMLError(f"{len(text):,} characters; at most {MAX_BYTES:,} are read")
    try:
        loader = _StrictLoader(text, whole_number_keys=whole_number_keys)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except (ValueError, OverflowError, LookupError) as error:  # a tag that does not fit, an escape beyond Unicode
        raise RefusedYAMLError(f"not YAML (a value cannot be read: {error})") from None


def parse_mapping(text: str, origin: str, what: str, *, whole_number_keys: bool = False) -> dict[str, object]:
    """The keys and values of a text that holds ``what``, a recipe say. Raises `InputError`, naming ``origin``."""
    try:
        values = read_yaml(text, whole_number_keys=whole_number_keys)
    except RefusedYAMLError as error:
        raise InputError(f"{origin}: {error}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{origin}: not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(values, dict):
        found = "nothing" if values is None else type(values).__name__
        raise InputError(f"{origin}: expected a {what} as a mapping of keys to values, found {found}")
    return values


def read_mapping(path: Path, what: str, *, whole_number_keys: bool = False) -> dict[str, Any]:
    """The keys and values of a file that holds ``what``, see `read_yaml`. Raises `InputError`, naming file and
    reason."""
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: the {what} cannot be read (it is not a file)")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the {what} cannot be read ({getattr(error, 'strerror', error)})") from None
    if len(content) > MAX_BYTES:
        raise InputError(f"{path}: the {what} is larger than {MAX_BYTES // 1024} KiB, the most that is read")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not YAML (not UTF-8: {error.reason} at byte {error.start})") from None
    return parse_mapping(text, str(path), what, whole_number_keys=whole_number_keys)
