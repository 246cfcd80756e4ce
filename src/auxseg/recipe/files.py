"""Which file is meant by the name or path of a recipe; importing this loads no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auxseg.arguments import as_path
from auxseg.errors import InputError, nearest
from auxseg.presets import presets
from auxseg.strict_yaml import read_mapping


def read_recipe_file(name_or_path: str | Path) -> tuple[dict[str, Any], str]:
    """The plain values of a preset or a YAML file, and what messages call it. Raises `InputError` if there is none."""
    known, path = presets(), as_path(name_or_path, "recipe")
    if str(name_or_path) in known:
        path = known[str(name_or_path)]
    elif path.suffix not in (".yaml", ".yml"):
        hint = nearest(str(name_or_path), known)
        raise InputError(f"{name_or_path}: neither a preset{hint} nor a .yaml file; `auxseg presets` lists the presets")
    return read_mapping(path, "recipe"), path.stem if str(name_or_path) in known else str(path)
