"""`auxseg presets`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional

from auxseg.cli.command import Command, optional

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Presets(Command):
    """List the complete recipes, or print one with its number of parameters.

    `auxseg presets tiny > mine.yaml` makes a recipe of your own.
    """

    name: Positional[Annotated[str | None, optional("NAME")]] = None
    """The preset to print."""

    def run(self, console: Console) -> dict[str, Any]:
        """Print to standard output: it is meant to be piped."""
        from auxseg.presets import presets

        if self.name is None:
            summaries = {name: _summary(path) for name, path in presets().items()}
            if not self.json:
                width = max(map(len, summaries))
                print("\n".join(f"{name:{width}}  {summary}" for name, summary in summaries.items()))
            return {"presets": summaries}
        from auxseg.recipe import load_recipe, to_values

        recipe = load_recipe(self.name)
        parts = _parameters(recipe)
        if not self.json:
            path = presets().get(self.name, Path(self.name))
            print(path.read_text(encoding="utf-8").rstrip())
            print("\n# parameters, for two mask classes, cat or dog, and one box:")
            print(
                "\n".join(f"#   {part}: {count:,}" for part, count in {**parts, "total": sum(parts.values())}.items())
            )
        return {"name": self.name, "recipe": to_values(recipe), "parameters": parts}


def _summary(path: Path) -> str:
    """The first line of a recipe's header."""
    return path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")


def _parameters(recipe: Any) -> dict[str, int]:
    """Parameters per part, counted without taking memory for them."""
    from auxseg.data.sample import Vocabulary
    from auxseg.models import outline
    from auxseg.recipe import build_tasks, with_changes

    vocabulary = Vocabulary(256, ("background", "pet"), {"species": ("cat", "dog")})
    outputs = {name: task.output for name, task in build_tasks(recipe, vocabulary).items()}
    return outline(with_changes(recipe, model={"weights": "none"}).model, outputs, recipe.target).parts()
