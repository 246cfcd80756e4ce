"""What every test starts from: checked shapes, fixed random numbers, one thread, and where real data lie."""

from __future__ import annotations

import functools
import gc
import importlib.metadata
import os
from pathlib import Path

# Before torch is imported, and inherited by the processes that tests start: xdist gives each core its own worker.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pytest
import torch
from xdist.remote import Producer

from tests import checking, chromium, slowest, small_pictures

ROOT = Path(__file__).resolve().parents[1]

# Shapes in signatures are checked from here on, so nothing above may import auxseg.
checking.install()

# Examples that import or trace a network have no predictable duration on a shared machine.
hypothesis.settings.register_profile(
    "auxseg", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize="CI" in os.environ
)
hypothesis.settings.load_profile("auxseg")


# Fabric asks all installed packages for plugins whenever a training begins, and they are the same every time.
setattr(importlib.metadata, "entry_points", functools.cache(importlib.metadata.entry_points))  # noqa: B010 (pyright)

# Nearly nothing becomes garbage while tests are imported, and to search all there is for it takes a sixth of that time.
gc.disable()


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if slowest.is_further(item.nodeid):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: slowest.rank(item.path))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> slowest.Scheduling | None:
    return slowest.Scheduling(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_finish() -> None:
    gc.freeze()  # what is there now stays, and need not be searched again
    gc.enable()
    small_pictures.shrink()


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # else libraries complain of what they leave behind


@pytest.fixture(autouse=True)
def _same_start() -> None:
    """Every test begins with the same random numbers and one thread, whatever ran before it."""
    torch.default_generator.manual_seed(0)
    if torch.cuda.is_initialized():  # else torch.manual_seed would keep a stack trace of every call
        torch.cuda.manual_seed_all(0)
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def browser() -> str:
    """A Chromium that pages are shown in."""
    return chromium.installed()


@pytest.fixture(scope="session")
def device() -> torch.device:
    """Where tests compute: ``AUXSEG_TEST_DEVICE``, the CPU unless told."""
    return torch.device(os.environ.get("AUXSEG_TEST_DEVICE", "cpu"))


@pytest.fixture(scope="session")
def dtype() -> torch.dtype:
    """In which precision tests compute: ``AUXSEG_TEST_DTYPE``, ``float32`` unless told."""
    return getattr(torch, os.environ.get("AUXSEG_TEST_DTYPE", "float32"))


def _outside(variable: str, default: Path, part: str, what: str) -> Path:
    """A path that is not part of the repository; a test skips without it, unless the variable promised it."""
    path = Path(os.environ.get(variable, default)) / part
    if not path.exists():
        reason = f"no {what} at {path}; say where it is with {variable}"
        pytest.fail(reason) if variable in os.environ else pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that holds ``oxford-iiit-pet-sample/``, real photographs that are not part of the repository."""
    return _outside("AUXSEG_REAL_DATA", ROOT / "../shared/data", "oxford-iiit-pet-sample", "real photographs").parent


@pytest.fixture(scope="session")
def real_weights() -> Path:
    """A file with ImageNet weights for timm's ``mobilenetv2_100`` that is not part of the repository."""
    default = ROOT / "../shared/weights/mobilenetv2_100-imagenet-dequantised.safetensors"
    return _outside("AUXSEG_REAL_WEIGHTS", default, "", "pretrained weights")
