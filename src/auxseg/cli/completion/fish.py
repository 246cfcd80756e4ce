"""The script for fish."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auxseg.cli.completion.offered import Offered


def fish_script(offered: Mapping[str, Offered]) -> str:
    """A line for every command and option; fish completes the names of files beside them."""
    header = "# Completion of auxseg for fish: auxseg completion fish > ~/.config/fish/completions/auxseg.fish"
    return "\n".join([header, *(line for path, each in offered.items() for line in _lines(path, each, offered))])


def _lines(path: str, each: Offered, offered: Mapping[str, Offered]) -> Iterator[str]:
    here = f"complete -c auxseg -n {_quoted(_condition(path, each))}"
    for command in each.commands:
        about = offered[f"{path} {command}".strip()].about
        yield f"{here} -f -a {command} -d {_quoted(about)}"
    if each.words:
        yield f"{here} -a {_quoted(' '.join(each.words))}"
    values = each.values or {}
    for option in each.options:
        if option in values:
            takes = f" -x -a {_quoted(' '.join(values[option]))}"
        else:
            takes = "" if option in each.flags else " -r"
        yield f"{here} -l {option.removeprefix('--')}{takes}"


def _condition(path: str, each: Offered) -> str:
    """Whether the line so far is this command, and no command of its own yet."""
    seen = [f"__fish_seen_subcommand_from {word}" for word in path.split()]
    if each.commands:
        seen.append(f"not __fish_seen_subcommand_from {' '.join(each.commands)}" if path else "__fish_use_subcommand")
    return "; and ".join(seen)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
