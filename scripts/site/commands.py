"""The reference of commands: their help, as it is printed."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

from auxseg.cli.main import _COMMANDS, main

_INTRODUCTION = """# Commands

Made from the code: this is what `auxseg COMMAND --help` prints. Most commands have `--json`.

| exit code | meaning |
|---|---|
| 0 | done |
| 2 | refused before work started |
| 1 | failed at work |
| 130, 143 | interrupted by Ctrl-C, by SIGTERM |
"""


def commands_page() -> str:
    """The page, with a section for every command."""
    sections = (f"## auxseg {name}\n\n````text\n{help_of(name)}\n````\n" for name in command_names(_COMMANDS))
    return "\n".join([_INTRODUCTION, *sections])


def command_names(commands: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Every command by its words, such as ``data prepare``; one with commands of its own only by them."""
    for name, command in commands.items():
        if isinstance(command, dict):
            yield from command_names(command, f"{path}{name} ")
        else:
            yield f"{path}{name}"


def help_of(name: str) -> str:
    """What ``--help`` prints, in 100 columns and without a frame."""
    written = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace", write_through=True)
    columns = mock.patch.dict(os.environ, COLUMNS="100")
    with contextlib.redirect_stdout(written), contextlib.suppress(SystemExit), columns:
        main([*name.split(), "--help"])
    written.seek(0)
    return "\n".join(line.rstrip() for line in written.read().strip().splitlines())
