"""What a recipe asks of colours, of images that have none."""

from __future__ import annotations

from collections.abc import Callable

from auxseg.data.augment import AugmentConfig
from auxseg.data.store.store import Store
from auxseg.recipe import Recipe


def tell_idle_colours(recipe: Recipe, store: Store, tell: Callable[[str], None]) -> None:
    """Say which settings of the augmentation do nothing, because the images are not red, green and blue.

    Only those that the recipe names: the ready-made augmentations are meant for any images.
    """
    augment = recipe.data.augment
    if store.channels.has_colours or not isinstance(augment, AugmentConfig):
        return
    idle = [name for name in ("saturation", "hue", "gray") if getattr(augment, name)]
    if idle and augment.photometric:
        names = ", ".join(f"data.augment.{name}" for name in idle)
        tell(f"{store.path}: the images have {store.channels.in_words()}, so these settings do nothing: {names}")
