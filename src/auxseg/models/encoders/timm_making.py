"""Making backbones of timm, with random weights or those of a file.

timm: Wightman, "PyTorch Image Models", https://github.com/huggingface/pytorch-image-models. Importing it takes seconds,
so it is imported when a backbone is built.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from auxseg.errors import InputError
from auxseg.models.initialise import Undrawn
from auxseg.models.pretrained import check_fit, read_weights


def refuse_unknown(name: str) -> None:
    """Raise `InputError`, with the nearest names, for a name that timm does not know."""
    import timm

    if not timm.is_model(name):
        close = difflib.get_close_matches(name, timm.list_models(), n=3, cutoff=0.5)
        raise InputError(
            f"model.encoder.name: timm knows no backbone {name!r}"
            + (f"; the nearest names are {', '.join(close)}" if close else "")
        )


@functools.cache
def about(name: str) -> tuple[frozenset[str], bool]:
    """The names of what the backbone's class takes, and whether it takes pictures of one size only."""
    with torch.device("meta"), Undrawn():
        model = create(name)
    accepted = frozenset(inspect.signature(type(model).__init__).parameters)
    return accepted, bool(model.pretrained_cfg.get("fixed_input_size"))


def load(name: str, path: Path, **settings: Any) -> Any:
    """Build the backbone with weights of a file, which has to fit the whole model, classifier included.

    Without classifier, timm would pass over missing weights in silence.
    """
    import timm

    state = read_weights(path)
    overlay = {"state_dict": state}
    try:
        timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay)
    except (RuntimeError, KeyError) as error:
        with torch.device("meta"):
            expected = {key: value.shape for key, value in timm.create_model(name).state_dict().items()}
        check_fit(expected, state, str(path), name)
        raise InputError(f"model.weights: {path} does not fit {name} ({error})") from None
    with _without_warnings():  # that the classifier's weights are left over
        return create(name, pretrained=True, pretrained_cfg_overlay=overlay, **settings)


@contextmanager
def _without_warnings() -> Iterator[None]:
    logger = logging.getLogger("timm")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def create(name: str, **settings: Any) -> Any:
    """A backbone with random weights. Raises `InputError` if timm cannot build it so."""
    import timm

    try:
        return timm.create_model(name, **settings)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"model.encoder: timm cannot build {name} ({error})") from None
