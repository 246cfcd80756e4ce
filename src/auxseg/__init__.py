"""Do auxiliary tasks make segmentation masks better? Train, measure and decide.

The names below are loaded when they are first used, so that ``import auxseg`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auxseg.data.prepare import prepare
    from auxseg.data.synthesize import synthesize
    from auxseg.recipe import Recipe, load_recipe
    from auxseg.report import report
    from auxseg.run import evaluate, load, predict, train

__version__ = "0.1.0"

_HOMES = {
    "Recipe": "auxseg.recipe",
    "evaluate": "auxseg.run",
    "load": "auxseg.run",
    "load_recipe": "auxseg.recipe",
    "predict": "auxseg.run",
    "prepare": "auxseg.data.prepare",
    "report": "auxseg.report",
    "synthesize": "auxseg.data.synthesize",
    "train": "auxseg.run",
}

__all__ = [
    "Recipe",
    "__version__",
    "evaluate",
    "load",
    "load_recipe",
    "predict",
    "prepare",
    "report",
    "synthesize",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'auxseg' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
