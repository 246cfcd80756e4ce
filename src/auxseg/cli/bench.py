"""`auxseg bench`: the measurements of docs/benchmarks.md."""

from __future__ import annotations

import ast
import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, final

import tyro

from auxseg.cli.command import Command, optional
from auxseg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


@final
@dataclass(frozen=True, kw_only=True)
class Bench(Command):
    """Measure speed, memory or accuracy side by side with a peer; without a name, list what can be measured."""

    name: tyro.conf.Positional[Annotated[str | None, optional("[NAME]")]] = None
    """Which measurement."""

    set: Annotated[tuple[str, ...], optional("KEY=VALUE ...")] = ()
    """Settings of the measurement, key=value: rounds=20; a wrong one is answered with those that exist."""

    def run(self, console: Console) -> dict[str, Any]:
        """Run the measurement, print its table and keep the result under runs/bench."""
        folder = _folder()
        scripts = {path.stem.replace("_", "-"): path for path in sorted(folder.glob("*.py"))}
        if self.name is None:
            for name, path in scripts.items():
                console.print(f"{name}: {_first_line(path)}")
            return {"names": list(scripts)}
        if self.name not in scripts:
            raise InputError(f"bench {self.name}: unknown measurement; expected one of {', '.join(scripts)}")
        sys.path.insert(0, str(folder.parent))
        script = importlib.import_module(f"benchmarks.{scripts[self.name].stem}")
        record = importlib.import_module("benchmarks.tools.record")
        options = record.read_options(script.Options, self.set, f"bench {self.name}")
        return record.publish(self.name, script.main(options), console)


def _first_line(script: Path) -> str:
    """What a script says it measures, without running it."""
    docstring = ast.get_docstring(ast.parse(script.read_text("utf-8")))
    return docstring.splitlines()[0] if docstring else ""


def _folder() -> Path:
    folder = Path(__file__).resolve().parents[3] / "benchmarks"
    if not folder.is_dir():
        raise InputError(
            f"bench: {folder} does not exist; run this command in a checkout of the repository, "
            "which holds the measurements"
        )
    return folder
