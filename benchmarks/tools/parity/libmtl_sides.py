"""LibMTL's weightings, called with given gradients: their network is one parameter, on a CPU.

https://github.com/median-research-group/LibMTL (MIT), which is installed by hand: `pip install --no-deps libmtl`. The
package on PyPI is version 1.1.5, of twelve methods; the others are in the repository.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any, Final
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from auxseg.balancing.combining.torchjd_rules import seeded
from benchmarks.tools.parity.problem import NUM_STEPS, SEED, Given, Side, left, position

MISSING: Final = "LibMTL is not installed: pip install --no-deps libmtl"


def is_installed() -> bool:
    """Whether there is any LibMTL."""
    return "LibMTL" in sys.modules or importlib.util.find_spec("LibMTL") is not None


def has(name: str) -> bool:
    """Whether LibMTL is installed, in a version with this weighting."""
    return is_installed() and hasattr(_weightings(), name)


def _weightings() -> Any:
    """The weightings alone: the package itself begins with networks that need a torchvision of 2021."""
    if "LibMTL" not in sys.modules:
        spec = importlib.util.find_spec("LibMTL")
        package = ModuleType("LibMTL")
        package.__path__ = list((spec and spec.submodule_search_locations) or [])
        sys.modules["LibMTL"] = package
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("LibMTL.weighting")


def weighted(name: str, given_thrice: bool = False, **arguments: object) -> Callable[[int], Side]:
    """What a weighting of this name leaves in the shared parameters, called with these arguments.

    With ``given_thrice`` it is given each step as its three independent batches.
    """

    def side(num_tasks: int) -> Side:
        rule = _made(name, num_tasks)

        def direction(given: Given) -> Tensor:
            parameter = _let_it_see(rule, given)
            losses = given.losses_at(parameter)
            batches = [given.losses_at(parameter) for _ in range(3)] if given_thrice else losses
            _call(rule, batches, arguments, given)
            return left(parameter)

        return direction

    return side


def graddrop(num_tasks: int) -> Side:
    """GradDrop, which wants the gradients by features: those of one image, all of them 1."""
    rule = _made("GradDrop", num_tasks)
    rule.rep_grad = True

    def direction(given: Given) -> Tensor:
        parameter = _let_it_see(rule, given)
        features: Tensor = 1 + parameter[None]
        copies: list[Tensor] = [features.detach().requires_grad_() for _ in rule.task_name]
        rule.rep, rule.rep_tasks = features, dict(zip(rule.task_name, copies, strict=True))
        seen = [each[0] - 1 for each in copies]
        losses = torch.stack([loss for place, each in enumerate(seen) for loss in given.losses_at(each)[place, None]])
        _call(rule, losses, {"leak": 0.0}, given)
        return left(parameter)

    return direction


def famo(num_tasks: int) -> Side:
    """FAMO, which is told of every step's losses as of those after the step before."""
    rule = _made("FAMO", num_tasks)
    before: list[Tensor] = []

    def direction(given: Given) -> Tensor:
        parameter = _let_it_see(rule, given)
        _call(rule, given.losses_at(parameter), {"FAMO_w_lr": 0.025, "FAMO_w_gamma": 1e-3}, given)
        if before:
            rule.prev_losses = before[-1]
            rule.update_w(given.losses)
        before.append(given.losses)
        return left(parameter)

    return direction


def moves_of_gradnorm(num_tasks: int) -> Side:
    """Along what GradNorm's weights go from equal ones, instead of along what the parameters go."""
    rule = _made("GradNorm", num_tasks)

    def direction(given: Given) -> Tensor:
        parameter = _let_it_see(rule, given)
        rule.epoch = given.number + 1
        rule.zero_grad()
        _call(rule, given.losses_at(parameter), {"alpha": 1.5}, given)
        slope: Tensor = rule.loss_scale.grad
        return torch.nn.functional.normalize(-slope, dim=0)

    return direction


def _made(name: str, num_tasks: int) -> Any:
    rule: Any = getattr(_weightings(), name)()
    rule.task_num, rule.task_name = num_tasks, [str(task) for task in range(num_tasks)]
    rule.device, rule.rep_grad, rule.decoders = torch.device("cpu"), False, {}
    rule.train_loss_buffer = np.zeros((num_tasks, NUM_STEPS + 1))
    rule.get_share_params = lambda: [position()]
    rule.init_param()
    if name == "UW":  # its own start is another
        rule.loss_scale.data.zero_()
    return rule


def _let_it_see(rule: Any, given: Given) -> torch.nn.Parameter:
    """A step's parameter, and the losses of the steps so far, each of which is an epoch."""
    parameter = position()
    parameter.grad = torch.zeros_like(parameter)
    rule.get_share_params = lambda: [parameter]
    rule.zero_grad_share_params = parameter.grad.zero_
    rule.encoder = SimpleNamespace(zero_grad=parameter.grad.zero_)
    rule.epoch = given.number
    rule.train_loss_buffer[:, given.number] = given.losses.numpy()
    return parameter


def _call(rule: Any, losses: Tensor | list[Tensor], arguments: Mapping[str, object], given: Given) -> None:
    with warnings.catch_warnings(), _names_of_old(), seeded(SEED, given.number, given.losses.device):
        warnings.simplefilter("ignore")
        rule.backward(losses, **arguments)


@contextmanager
def _names_of_old() -> Iterator[None]:
    """Lend NumPy and torch two functions that LibMTL calls and that their newer versions no longer have."""
    with mock.patch.object(np, "alltrue", np.all, create=True), mock.patch.object(torch, "symeig", _eigh, create=True):
        yield


def _eigh(matrix: Tensor, eigenvectors: bool) -> tuple[Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(matrix)
    return values, vectors
