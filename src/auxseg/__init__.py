"""Do auxiliary tasks make segmentation masks better? Train, measure and decide.

Verbs: `synthesize`, `prepare`, `inspect`, `presets`, `load_recipe`, `train`, `evaluate`, `load`, `predict`, `study`,
`report`. Values: `Recipe`, `Store`, `Run`, `Model`, `Prediction`, `StudyResult`. Parts of a training loop of one's own:
`build_tasks`, `build_network`, `TrainLoader`, `EvaluationLoader`, and the modules `balancing`, `metrics`, `tasks`. For
tests of components of your own: `testing`.

Paths are texts or `pathlib.Path`. What is refused raises `InputError`, what fails later `RunError`. The names are
loaded when they are first used, so that ``import auxseg`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from auxseg.version import __version__

if TYPE_CHECKING:
    from auxseg import balancing, metrics, models, tasks, testing
    from auxseg.data.loading.loader import EvaluationLoader, TrainLoader
    from auxseg.data.preparing.inspect import inspect
    from auxseg.data.preparing.prepare import prepare
    from auxseg.data.sources import open_source
    from auxseg.data.store.store import Store
    from auxseg.data.synthesize import synthesize
    from auxseg.errors import DivergedError, InputError, RunError
    from auxseg.models import build_network
    from auxseg.presets import presets
    from auxseg.recipe import Recipe, build_tasks, load_recipe
    from auxseg.report.page import report
    from auxseg.run import Model, Prediction, Run, evaluate, load, predict, train
    from auxseg.study.asked import StudyResult, study

_HOMES = {
    "DivergedError": "auxseg.errors",
    "EvaluationLoader": "auxseg.data.loading.loader",
    "InputError": "auxseg.errors",
    "Model": "auxseg.run",
    "Prediction": "auxseg.run",
    "Recipe": "auxseg.recipe",
    "Run": "auxseg.run",
    "RunError": "auxseg.errors",
    "Store": "auxseg.data.store.store",
    "StudyResult": "auxseg.study.asked",
    "TrainLoader": "auxseg.data.loading.loader",
    "build_network": "auxseg.models",
    "build_tasks": "auxseg.recipe",
    "evaluate": "auxseg.run",
    "inspect": "auxseg.data.preparing.inspect",
    "load": "auxseg.run",
    "load_recipe": "auxseg.recipe",
    "open_source": "auxseg.data.sources",
    "predict": "auxseg.run",
    "prepare": "auxseg.data.preparing.prepare",
    "synthesize": "auxseg.data.synthesize",
    "train": "auxseg.run",
}
_MODULES = ("balancing", "metrics", "models", "presets", "report", "study", "tasks", "testing")
"""Of these `presets`, `report` and `study` can be called (`auxseg.callable_package`)."""

__all__ = [
    "DivergedError",
    "EvaluationLoader",
    "InputError",
    "Model",
    "Prediction",
    "Recipe",
    "Run",
    "RunError",
    "Store",
    "StudyResult",
    "TrainLoader",
    "__version__",
    "balancing",
    "build_network",
    "build_tasks",
    "evaluate",
    "inspect",
    "load",
    "load_recipe",
    "metrics",
    "models",
    "open_source",
    "predict",
    "prepare",
    "presets",
    "report",
    "study",
    "synthesize",
    "tasks",
    "testing",
    "train",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"auxseg.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'auxseg' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__} - {"Any", "TYPE_CHECKING", "annotations", "importlib"})
