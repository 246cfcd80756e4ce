"""YAML as recipes need it: safe, and without silent losses."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, final

import yaml

from auxseg.errors import InputError


@final
class DuplicateKeyError(yaml.YAMLError):
    """A mapping has the same key twice, of which YAML's own reader would keep the last."""


@final
class _StrictLoader(yaml.SafeLoader):
    """PyYAML's safe loader that refuses a mapping with the same key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Make a dictionary of a mapping whose keys differ."""
        lines: dict[str, int] = {}
        for key_node, _ in node.value:
            line, key = key_node.start_mark.line + 1, key_node.value
            if isinstance(key_node, yaml.ScalarNode) and key in lines:
                raise DuplicateKeyError(
                    f"the key {key!r} stands in line {line} and already in line {lines[key]} of the same mapping; "
                    "give it once"
                )
            if isinstance(key_node, yaml.ScalarNode):
                lines[key] = line
        return super().construct_mapping(node, deep)


def read_yaml(text: str) -> Any:
    """What YAML says. Raises `yaml.YAMLError`, and `DuplicateKeyError` for a key that stands twice in a mapping."""
    return yaml.load(text, Loader=_StrictLoader)


def read_mapping(path: Path, what: str) -> dict[str, Any]:
    """The keys and values of a file that holds ``what``, a recipe say. Raises `InputError`, naming file and reason."""
    try:
        values = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: the {what} cannot be read ({error.strerror})") from None
    except DuplicateKeyError as error:
        raise InputError(f"{path}: {error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: a {what} is a mapping of keys to values, found {type(values).__name__}")
    return values
