"""The reference of settings and presets: every key of a recipe, and the recipes that come with the package."""

from __future__ import annotations

from auxseg.presets import presets
from auxseg.recipe import Recipe
from auxseg.recipe.keys import Setting, settings_of

_SETTINGS = """# Settings

Made from the code: every key that recipes, `--set` and `--grid` take, as `auxseg settings` lists them. `NAME` in a key
stands for a word of your own, such as the name of a task.
"""

_PRESETS = """# Presets

Made from the files: the complete recipes that come with the package. `auxseg presets NAME > mine.yaml` copies one.
"""


def settings_page() -> str:
    """A section for each first word of a key, with a table of its keys."""
    lines, section = [_SETTINGS], ""
    for setting in settings_of(Recipe):
        first = setting.key.split(".")[0]
        if first != section:
            section = first
            lines += [f"\n## {section}\n", "| key | type | default | meaning |", "|---|---|---|---|"]
        lines.append(_row(setting))
    return "\n".join(lines) + "\n"


def _row(setting: Setting) -> str:
    kinds = f" (kind: {', '.join(setting.kinds)})" if setting.kinds else ""
    return f"| `{setting.key}`{kinds} | {_cell(setting.type)} | `{setting.default}` | {_cell(setting.meaning or '')} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def presets_page() -> str:
    """A section for every preset, with its file."""
    sections = (
        f"## {name}\n\n````yaml\n{path.read_text(encoding='utf-8').rstrip()}\n````\n"
        for name, path in presets().items()
    )
    return "\n".join([_PRESETS, *sections])
