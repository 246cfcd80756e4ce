"""`auxseg completion`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, final

from tyro.conf import Positional

from auxseg.cli.command import Command
from auxseg.cli.completion.bash import bash_script
from auxseg.cli.completion.fish import fish_script
from auxseg.cli.completion.offered import offered_by
from auxseg.cli.completion.zsh import zsh_script
from auxseg.cli.output.terminal import write_out

if TYPE_CHECKING:
    from rich.console import Console

_SCRIPTS: Final = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}


def completion_command(commands: Mapping[str, Any]) -> type[Command]:
    """The command that prints a script for these ``commands``; it is one of them, so the script is made when it runs.

    A dictionary among them is a command with commands of its own.
    """

    @final
    @dataclass(frozen=True, kw_only=True)
    class Completion(Command):
        """Print a script that lets a shell complete commands, options and names of presets.

        bash and zsh: add `source <(auxseg completion bash)` to ~/.bashrc, or the same with zsh to ~/.zshrc, after
        compinit. fish: `auxseg completion fish > ~/.config/fish/completions/auxseg.fish`.
        """

        shell: Positional[Literal["bash", "zsh", "fish"]]
        """The shell."""

        def run(self, console: Console) -> dict[str, object]:
            """Print to standard output: it is meant to be piped."""
            script = _SCRIPTS[self.shell](offered_by(commands))
            if not self.json:
                write_out(script)
            return {"shell": self.shell, "script": script}

    return Completion
