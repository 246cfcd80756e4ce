"""The reference of commands: their help, as it is printed."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

from auxseg.cli.examples import EXAMPLES, NOTES
from auxseg.cli.main import _COMMANDS, main

_INTRODUCTION = """# Commands

Made from the code, as `auxseg COMMAND --help` prints it. Most commands have `--json`.

| exit code | meaning |
|---|---|
| 0 | done |
| 2 | refused before work started |
| 1 | failed at work |
| 130, 143 | interrupted by Ctrl-C, by SIGTERM |
"""


def commands_page() -> str:
    """The page, with a section for every command."""
    return "\n\n".join([_INTRODUCTION, *(_section(name, kind) for name, kind in all_commands(_COMMANDS))]) + "\n"


def all_commands(commands: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, type]]:
    """Every command by its words, such as ``data prepare``; one with commands of its own only by them."""
    for name, command in commands.items():
        if isinstance(command, dict):
            yield from all_commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


def _section(name: str, command: type) -> str:
    """What a command does, lines to copy, and its arguments and options as its help shows them."""
    parts = [f"## auxseg {name}", inspect.cleandoc(command.__doc__ or "").replace("``", "`")]
    parts += [_block("\n".join(EXAMPLES[name]), "bash"), *([_block(NOTES[name])] if name in NOTES else [])]
    shown = help_of(name)
    _, options = re.split(r"(?m)^(?= (?:positional arguments|options)$)", shown, maxsplit=1)
    return "\n\n".join([*parts, _block(re.sub(r"(?m)^ -+\n", "", options))])


def _block(text: str, language: str = "text") -> str:
    return f"````{language}\n{text}\n````"


def help_of(name: str) -> str:
    """What ``--help`` prints, in 88 columns and without a frame."""
    written = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace", write_through=True)
    columns = mock.patch.dict(os.environ, COLUMNS="88")
    with contextlib.redirect_stdout(written), contextlib.suppress(SystemExit), columns:
        main([*name.split(), "--help"])
    written.seek(0)
    return "\n".join(line.rstrip() for line in written.read().strip().splitlines())
