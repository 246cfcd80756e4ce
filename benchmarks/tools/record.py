"""A measurement's settings, its table, and the record of every result with machine, date and command."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from auxseg.errors import InputError
from auxseg.files import write_atomically

RESULTS = Path("runs/bench")

_Options = TypeVar("_Options")


def read_options(kind: type[_Options], settings: Sequence[str], origin: str) -> _Options:
    """A measurement's settings out of ``key=value``. Raises `InputError` naming the key and those that exist."""
    names: Any = fields(kind)  # pyright: ignore[reportArgumentType]  # every Options is a dataclass
    known = ", ".join(field.name for field in names)
    values = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"{origin}: expected key=value, not {setting!r}; the settings are {known}")
        values[key] = yaml.safe_load(value)
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(f"{origin}: {key}: {first['msg'].lower()}; the settings are {known}") from None


def publish(name: str, result: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """Print a result's ``rows`` as a table and its single values below, with machine, date and command.

    Returns the record, which is also appended to ``runs/bench/NAME.json``; further lists are only there.
    """
    record = {
        **result,
        "machine": machine(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }
    console.print(_table(result["rows"]))
    for key, value in record.items():
        if not isinstance(value, list):
            console.print(f"{key}: {value}", markup=False)
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    earlier = json.loads(path.read_text()) if path.exists() else []
    write_atomically(path, json.dumps([*earlier, record], indent=1).encode())
    return record


def machine() -> str:
    """What speed depends on."""
    import torch

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    bf16 = [flag for flag in facts.get("flags", "").split() if "bf16" in flag]
    gpu = [torch.cuda.get_device_name(), f"CUDA {torch.version.cuda}"] if torch.cuda.is_available() else []
    return ", ".join(
        [
            facts.get("model name", platform.processor() or platform.machine()),
            f"{os.cpu_count()} cores",
            f"bf16 instructions: {' '.join(bf16) or 'none'}",
            f"Python {platform.python_version()}",
            f"torch {torch.__version__}",
            *gpu,
        ]
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table()
    for column, value in rows[0].items():
        table.add_column(column, justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()))
    return table
