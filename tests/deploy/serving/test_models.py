from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from auxseg.deploy.serving.models import Served, names_of, open_models
from auxseg.errors import InputError


def test_a_run_tells_what_it_can_be_asked(models: Mapping[str, Served]) -> None:
    (model,) = models.values()
    assert (model.name, model.tasks) == ("attentive", ("segmentation", "classification", "box", "edges"))
    assert model.others == ("denoising",)
    assert model.attend is not None
    assert model.vocabulary.mask_classes[0] == "background"
    assert list(model.ask(np.zeros((5, 7, 3), np.uint8), ("denoising",)).answers) == ["denoising"]


def test_what_is_no_model_is_refused(attentive_run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run directory"):
        open_models([tmp_path / "nowhere"])
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match="images"):
        open_models([tmp_path / "images"])
    without = tmp_path / "without"
    shutil.copytree(attentive_run, without)
    (without / "best.safetensors").unlink()
    with pytest.raises(InputError, match=r"without\b.*best\.safetensors"):
        open_models([without])
    with pytest.raises(InputError, match="at least one run directory or model"):
        open_models([])


def test_names_are_as_short_as_tells_them_apart(tmp_path: Path) -> None:
    one, two, net = (tmp_path / name for name in ("a/run", "b/run", "net.onnx"))
    assert names_of([one]) == ["run"]
    assert names_of([one, net]) == ["run", "net"]
    assert names_of([one, two]) == ["a/run", "b/run"]
    with pytest.raises(InputError, match="given twice"):
        names_of([one, tmp_path / "a/../a/run"])
