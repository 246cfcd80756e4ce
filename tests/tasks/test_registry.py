"""The tasks as a recipe names them."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from auxseg.tasks import BoxConfig, TaskConfig
from tests.tasks.examples import REGISTRY

ADAPTER = TypeAdapter(TaskConfig)


@pytest.mark.parametrize("config", REGISTRY)
def test_a_kind_is_enough_and_comes_back(config: type) -> None:
    values = ADAPTER.dump_python(ADAPTER.validate_python({"kind": config().kind}))
    assert ADAPTER.validate_python(values) == config()


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "bokses"},
        {"kind": "box", "loss": {}},
        {"kind": "box", "losses": {}},
        {"kind": "box", "losses": {"l1": -1}},
        {"kind": "box", "losses": {"l1": float("nan")}},
        {"kind": "box", "beta": 0},
        {"kind": "classification", "label_smoothing": 1.0},
        {"kind": "segmentation", "beta": 0},
    ],
)
def test_wrong_settings_are_refused(values: dict) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(values)


def test_losses_are_replaced_as_a_whole() -> None:
    assert ADAPTER.validate_python({"kind": "box", "losses": {"giou": 2}}) == BoxConfig(losses={"giou": 2.0})
