"""`auxseg settings`."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Final, final

from tyro.conf import Positional

from auxseg.cli.command import RecipeCommand, optional
from auxseg.cli.output.terminal import write_out
from auxseg.errors import InputError, nearest

if TYPE_CHECKING:
    from rich.console import Console

    from auxseg.recipe.keys import Setting

_WIDEST: Final = 100


@final
@dataclass(frozen=True)
class Settings(RecipeCommand):
    """List the keys that --set, --grid and recipes take, with type, default and meaning.

    NAME in a key stands for a word of your own, such as the name of a task.
    """

    key: Positional[Annotated[str | None, optional("[KEY]")]] = None
    """Only the keys that begin with this: training, model.encoder, balancer.weights."""

    def run(self, console: Console) -> dict[str, object]:
        """Print to standard output: it is meant to be piped."""
        from auxseg.recipe import Recipe
        from auxseg.recipe.keys import settings_of

        chosen = _chosen(settings_of(Recipe), self.key)
        if not self.json:
            width = min(shutil.get_terminal_size().columns, _WIDEST)
            write_out("\n".join(line for setting in chosen for line in _lines(setting, width)))
        return {"settings": [asdict(setting) for setting in chosen]}


def _chosen(settings: Sequence[Setting], key: str | None) -> list[Setting]:
    """Those under a key. Raises `InputError`, naming the nearest key, if there are none."""
    from auxseg.recipe.keys import NAME
    from auxseg.recipe.words import MEANT

    if key is None:
        return list(settings)
    asked = key.split(".")
    found = []
    for setting in settings:
        parts = setting.key.split(".")[: len(asked)]
        if len(parts) == len(asked) and all(part in (given, NAME) for part, given in zip(parts, asked, strict=True)):
            found.append(setting)
    if found:
        return found
    known = [setting.key for setting in settings]
    named = [each for each in known if each.rpartition(".")[2] == key]
    meant = MEANT.get(key.replace("-", "_")) or (named[0] if named else None)
    hint = f" (did you mean {meant!r}?)" if meant else nearest(key, [*known, *{each.split(".")[0] for each in known}])
    raise InputError(f"settings {key}: unknown key{hint}; `auxseg settings` lists all keys")


def _lines(setting: Setting, width: int) -> list[str]:
    kinds = f"   (kind: {', '.join(setting.kinds)})" if setting.kinds else ""
    about = [f"{setting.type}; default: {setting.default}", *([setting.meaning] if setting.meaning else [])]
    indented = [
        line
        for text in about
        for line in textwrap.wrap(text, width, initial_indent="    ", subsequent_indent="    ", break_long_words=False)
    ]
    return [f"{setting.key}{kinds}", *indented]
