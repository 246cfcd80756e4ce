"""What can be refused before torch is imported, which takes seconds: files that are missing or no stores, and names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from auxseg.arguments import hub_address
from auxseg.errors import InputError


def refuse_no_store(path: Path | None) -> None:
    """Raise `InputError` if there is no store at ``path``; without one nothing is asked."""
    if path is not None:
        from auxseg.data.store.store import Store

        Store.open(path)


def refuse_no_recipe(name: str) -> None:
    """Raise `InputError` if ``name`` is no preset and no YAML file."""
    from auxseg.recipe.files import read_recipe_file

    read_recipe_file(name)


def refuse_settings(settings: Sequence[str]) -> None:
    """Raise `InputError` for what is no setting at all, and for one that another replaces."""
    from auxseg.recipe.settings import refuse_replaced, refuse_unknown_keys

    refuse_replaced(settings)
    refuse_unknown_keys(settings)


def refuse_begun(directory: Path) -> None:
    """Raise `InputError` if a run is to be started where files are."""
    if directory.is_dir() and any(not path.name.startswith(".") for path in directory.iterdir()):
        raise InputError(f"{directory}: already exists; --resume continues the run, --overwrite starts again")


def refuse_no_runs(paths: Iterable[Path]) -> None:
    """Raise `InputError` for the first path at which there is nothing."""
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: not a run directory (it does not exist)")


def refuse_no_models(paths: Iterable[Path]) -> None:
    """The same for models; one on a Hub is looked for when it is fetched."""
    refuse_no_runs(path for path in paths if hub_address(path) is None)


def refuse_no_model_directory(path: Path) -> None:
    """Raise `InputError` if there is no directory at ``path``."""
    if not path.is_dir():
        raise InputError(f"{path}: not a model directory; `auxseg model pack RUN --out DIR` makes one")


def refuse_no_images(paths: Iterable[Path]) -> None:
    """Raise `InputError` for the first image or folder that does not exist."""
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: the file or folder does not exist")
