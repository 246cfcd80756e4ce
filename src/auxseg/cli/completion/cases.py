"""What bash and zsh have in common: the branches of a ``case`` over the command and the word before the cursor."""

from __future__ import annotations

from collections.abc import Mapping

from auxseg.cli.completion.offered import Offered


def groups(offered: Mapping[str, Offered]) -> str:
    """The commands that have commands of their own, as a pattern of ``case``."""
    return "|".join(path for path, each in offered.items() if path and each.commands) or "-"


def cases_of_values(offered: Mapping[str, Offered]) -> str:
    """Branches by ``"COMMAND OPTION"``: the words to choose from, or none where the option takes anything else."""
    lines = []
    for path, each in offered.items():
        chosen = each.values or {}
        lines += [_case(f"{path} {option}", words) for option, words in chosen.items()]
        free = [option for option in each.options if option not in chosen and option not in each.flags]
        if free:
            pattern = "|".join(f'"{path} {option}"' for option in free)
            lines.append(f"        {pattern}) offered=() ;;")
    return "\n".join(lines)


def cases_of_words(offered: Mapping[str, Offered]) -> str:
    """Branches by ``"COMMAND"``: its own commands or words, and its options where a dash is typed."""
    lines = []
    for path, each in offered.items():
        lines.append(f'        "{path}") offered=({" ".join([*each.commands, *each.words])})')
        lines.append(f"            options=({' '.join(each.options)}) ;;")
    return "\n".join(lines)


def _case(pattern: str, words: tuple[str, ...]) -> str:
    return f'        "{pattern}") offered=({" ".join(words)}) ;;'
