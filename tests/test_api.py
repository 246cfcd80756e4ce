"""The names of ``auxseg``: all there, light, callable whatever was imported before, and careful with arguments."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import pydoc
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

import auxseg
from auxseg.data.synthesize import synthesize

FUNCTIONS = [
    "build_network",
    "build_tasks",
    "evaluate",
    "inspect",
    "load",
    "load_recipe",
    "open_source",
    "predict",
    "prepare",
    "presets",
    "report",
    "study",
    "synthesize",
    "train",
]
CLASSES = ["Model", "Prediction", "Recipe", "Run", "Store", "StudyResult", "TrainLoader", "EvaluationLoader"]
ERRORS = ["InputError", "RunError", "DivergedError"]
MODULES = ["balancing", "metrics", "models", "tasks", "testing"]


def import_all() -> None:
    for module in pkgutil.walk_packages(auxseg.__path__, "auxseg."):
        if module.name not in (
            "auxseg.__main__",
            "auxseg.study.execution.ray_cluster",
            "auxseg.study.execution.ray_workers",
        ):  # need Ray
            importlib.import_module(module.name)


def test_every_name_is_listed_typed_and_found() -> None:
    expected = {*FUNCTIONS, *CLASSES, *ERRORS, *MODULES, "__version__"}
    assert set(auxseg.__all__) == expected
    assert expected <= set(dir(auxseg))
    assert all(getattr(auxseg, name) is not None for name in auxseg.__all__)
    assert (Path(auxseg.__file__).parent / "py.typed").is_file()
    with pytest.raises(AttributeError, match="module 'auxseg' has no attribute 'reprot'"):
        getattr(auxseg, "reprot")  # noqa: B009


def test_help_tells_of_every_name() -> None:
    text = pydoc.plain(pydoc.render_doc(auxseg))
    assert [name for name in auxseg.__all__ if name not in (text + "__version__")] == []


def test_functions_stay_callable_whatever_is_imported() -> None:
    import_all()
    assert [name for name in FUNCTIONS if not callable(getattr(auxseg, name))] == []
    assert isinstance(auxseg.presets(), dict)
    with pytest.raises(auxseg.InputError, match="at least one run directory"):
        auxseg.report([])
    assert next(iter(inspect.signature(auxseg.report).parameters)) == "paths"
    assert "auxiliaries" in inspect.signature(auxseg.study).parameters


def test_no_function_of_a_package_is_hidden_by_its_module() -> None:
    import_all()
    hidden = []
    for name, package in list(sys.modules.items()):
        if name.partition(".")[0] == "auxseg" and hasattr(package, "__path__"):
            for each in getattr(package, "__all__", ()):
                found = getattr(package, each)
                is_module = isinstance(found, ModuleType) and not callable(found)
                if is_module and hasattr(found, each):
                    hidden.append(f"{name}.{each}")
    assert hidden == []


def test_importing_and_listing_costs_nothing() -> None:
    script = "import sys, auxseg; dir(auxseg); auxseg.presets(); print({'torch', 'numpy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


WRONG = """
import json, sys
from pathlib import Path
import numpy as np, torch
import auxseg

store, said = sys.argv[1], {}

def ask(name, call):
    try:
        call()
        said[name] = "nothing"
    except auxseg.InputError as error:
        said[name] = str(error)
    except BaseException as error:
        said[name] = f"{type(error).__name__}: {error}"

recipe = auxseg.load_recipe("tiny", ["training.steps=1", "training.precision=fp32", "training.channels_last=false"])
auxseg.train(recipe, store, "run")
for kind, value in {"number": 3, "empty": "", "bytes": b"x.h5", "nul": "x\\0"}.items():
    ask(f"Store.open {kind}", lambda: auxseg.Store.open(value))
for kind, value in {"none": None, "list": [store]}.items():
    ask(f"Store.open {kind}", lambda: auxseg.Store.open(value))
    ask(f"inspect {kind}", lambda: auxseg.inspect(value))
    ask(f"Run.open {kind}", lambda: auxseg.Run.open(value))
    ask(f"load {kind}", lambda: auxseg.load(value))
    ask(f"evaluate {kind}", lambda: auxseg.evaluate(value))
    ask(f"load_recipe {kind}", lambda: auxseg.load_recipe(value))
    ask(f"train recipe {kind}", lambda: auxseg.train(value, store, "run"))
    ask(f"train data {kind}", lambda: auxseg.train(recipe, value, "run"))
    ask(f"train out {kind}", lambda: auxseg.train(recipe, store, value))
    ask(f"prepare source {kind}", lambda: auxseg.prepare(value, "x.h5"))
    ask(f"synthesize {kind}", lambda: auxseg.synthesize(value))
    ask(f"open_source {kind}", lambda: auxseg.open_source("folder", value))
    ask(f"study data {kind}", lambda: auxseg.study(base="tiny", auxiliaries=["box"], data=value, out="study"))
    ask(f"study out {kind}", lambda: auxseg.study(base="tiny", auxiliaries=["box"], data=store, out=value))
    ask(f"study base {kind}", lambda: auxseg.study(base=value, auxiliaries=["box"], data=store, out="study"))
for kind, value in {"none": None, "number": 3, "empty": "", "nothing": [], "list of none": [None]}.items():
    ask(f"report {kind}", lambda: auxseg.report(value))
model, picture = auxseg.load("run"), np.zeros((20, 30, 3), np.uint8)
wrong = {"none": None, "list": picture.tolist(), "float": picture / 255, "tensor": torch.tensor(picture)}
for kind, value in wrong.items():
    ask(f"predict {kind}", lambda: model.predict(value))
prediction = model.predict(picture, probabilities=True)
said["shapes"] = [list(prediction.masks["segmentation"].shape), list(prediction.probabilities["segmentation"].shape)]
said["repr"] = [repr(prediction), repr(model)]
ask("study auxiliaries", lambda: auxseg.study(base="tiny", auxiliaries="box", data=store, out="study"))
ask("study workers", lambda: auxseg.study(base="tiny", auxiliaries=["box"], data=store, out="study", workers=0))
ask("study unknown", lambda: auxseg.study(base="tiny", auxiliaries=["box"], data=store, out="study", desing="each"))
print(json.dumps(said))
"""


def test_what_is_no_path_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """In a process of its own: the checks of shapes in tests would refuse it before."""
    synthesize(tmp_path / "animals.h5", num_samples=40, size=32)
    script = textwrap.dedent(WRONG)
    command = [sys.executable, "-c", script, str(tmp_path / "animals.h5")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    assert said.pop("shapes") == [[20, 30], [2, 20, 30]]
    assert [len(text) < 120 for text in said.pop("repr")] == [True, True]
    assert said.pop("study unknown").startswith("study: desing is not a setting (did you mean 'design'?)")
    refused = ("expected", "at least one run", "an image should be", "an image array should be")
    assert [words for words in said.values() if not any(part in words for part in refused)] == []
    assert said["Store.open list"] == "data: expected a path, as text or pathlib.Path, not a value of type list"
    assert said["evaluate none"] == "run: expected a path, as text or pathlib.Path, not None"
    assert said["study auxiliaries"] == 'auxiliaries: expected a list of names, such as ["box", "edges"], not \'box\''
    assert sorted(path.name for path in tmp_path.iterdir()) == ["animals.h5", "run"]
