"""What people call settings: `--epochs 5` and `--set steps=5` are answered with the key that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from auxseg.errors import InputError

_OPTIONS: Final = {
    "train": ("data", "out", "seed", "device", "devices", "threads"),
    "study": ("data", "out", "seeds", "weights", "design", "margin", "workers", "threads", "set"),
}
"""The commands that read recipes, with those of their own options that settings may be taken for."""


def refuse_settings_as_options(arguments: Sequence[str]) -> None:
    """Raise `InputError` for a setting of the recipe that is given as an option of the command."""
    if not arguments or arguments[0] not in _OPTIONS:
        return
    from auxseg.recipe.words import MEANT

    command, *rest = arguments
    for argument, following in pairwise([*rest, ""]):
        option, equals, value = argument.partition("=")
        word = option.removeprefix("--").replace("-", "_")
        if not option.startswith("--") or word in _OPTIONS[command] or word not in MEANT:
            continue
        value = value if equals else following
        value = "VALUE" if not value or value.startswith("--") else value
        raise InputError(
            f"{command} has no option {option}; --set changes settings of the recipe: --set {MEANT[word]}={value}"
        )
