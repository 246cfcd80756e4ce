"""Schedules against torch's own."""

from __future__ import annotations

import pytest
import torch

from auxseg.training.schedule import CosineConfig, OneCycleConfig, PlateauConfig


def _optimizer(rate: float = 1.0) -> torch.optim.SGD:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def test_one_cycle_is_torchs() -> None:
    settings = OneCycleConfig(warmup=0.3, start=0.04, end=0.0001)
    optimizer = _optimizer()
    reference = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        1.0,
        total_steps=50,
        pct_start=0.3,
        div_factor=25,
        final_div_factor=0.04 / 0.0001,
        cycle_momentum=False,
    )
    schedule = settings.build(50)
    for step in range(50):
        assert schedule.factor(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-6)
        optimizer.step()
        if step < 49:
            reference.step()


def test_cosine_is_torchs() -> None:
    optimizer = _optimizer()
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=29, eta_min=0.1)
    schedule = CosineConfig(end=0.1).build(30)
    for step in range(30):
        assert schedule.factor(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-6)
        optimizer.step()
        reference.step()


def test_plateau_is_torchs() -> None:
    figures = [0.1, 0.2, 0.2, 0.15, 0.2, 0.19, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    optimizer = _optimizer()
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=2, threshold=0)
    schedule = PlateauConfig(drop=0.5, patience=2).build(100)
    for figure in figures:
        schedule.observe(figure)
        reference.step(figure)
        assert schedule.factor(0) == pytest.approx(optimizer.param_groups[0]["lr"])


def test_plateau_goes_on_from_its_state() -> None:
    one, other = PlateauConfig(patience=1).build(10), PlateauConfig(patience=1).build(10)
    for figure in (0.5, 0.4):
        one.observe(figure)
    other.restore(one.state())
    for schedule in (one, other):
        schedule.observe(0.3)
    assert one.factor(0) == other.factor(0) == 0.5


@pytest.mark.parametrize("num_steps", [1, 2, 3, 7])
def test_short_runs_have_factors_between_zero_and_one(num_steps: int) -> None:
    for settings in (OneCycleConfig(), CosineConfig()):
        schedule = settings.build(num_steps)
        assert all(0 <= schedule.factor(step) <= 1 for step in range(num_steps + 5))
