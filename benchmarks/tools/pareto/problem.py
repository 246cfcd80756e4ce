"""Two quadratic losses of two parameters, of very different scale, whose Pareto front has a closed form.

``L_i(x) = s_i (0.1 + (x - p_i)' D_i (x - p_i) / 2)`` with diagonal ``D_i``. Where neither can fall without the other
rising, ``m grad L_1 + (1 - m) grad L_2 = 0`` for an m in [0, 1], so the front is the curve

    ``x(m) = (m s_1 D_1 + (1 - m) s_2 D_2)^-1 (m s_1 D_1 p_1 + (1 - m) s_2 D_2 p_2)``

from the auxiliary's optimum (m = 0) to the target's (m = 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Float64
from pydantic import TypeAdapter
from torch import Tensor, nn

from auxseg.balancing import Balancer, BalancerConfig, Step

TASKS: Final = ("target", "auxiliary")
SCALES: Final = (1.0, 10.0)
OPTIMA: Final = ((-1.0, -0.5), (1.0, 0.5))
CURVATURES: Final = ((1.0, 0.25), (0.25, 1.0))
FLOOR: Final = 0.1
"""Of both losses, before they are scaled: they have logarithms."""
STARTS: Final = ((-0.5, 1.5), (1.5, 1.5), (-1.5, -1.5), (0.5, -1.5))
NUM_STEPS: Final = 600
RATE: Final = 0.08
"""Of the first step; it falls linearly to 0, so that rules whose directions keep their length come to rest."""
ON_FRONT: Final = 0.02
"""Ends that are nearer to the front than this are on it."""
_STEPS_PER_EPOCH: Final = 10
_SEED: Final = 0


@final
@dataclass(frozen=True)
class End:
    """Where a training came to rest.

    Attributes:
        path: the parameters after every step, the start first.
        distance: of the last one from the front.
        place: of the nearest point of the front, from 0 (the target's optimum) to 1 (the auxiliary's), by length.
    """

    path: Float64[np.ndarray, "steps 2"]
    distance: float
    place: float

    @property
    def is_on_front(self) -> bool:
        """Whether it is within `ON_FRONT` of it."""
        return self.distance < ON_FRONT


def losses(point: Tensor) -> dict[str, Tensor]:
    """Both tasks' losses."""
    found = {}
    for name, scale, optimum, curvature in zip(TASKS, SCALES, OPTIMA, CURVATURES, strict=True):
        away = point - torch.tensor(optimum, dtype=point.dtype)
        found[name] = scale * (FLOOR + (torch.tensor(curvature, dtype=point.dtype) * away**2).sum() / 2)
    return found


def front(shares: Float64[np.ndarray, " m"]) -> Float64[np.ndarray, "m 2"]:
    """The points of the front at which the target's gradient has these shares ``m``."""
    weights = np.stack([shares, 1 - shares], 1)[:, :, None] * (np.array(SCALES)[:, None] * np.array(CURVATURES))
    return (weights * np.array(OPTIMA)).sum(1) / weights.sum(1)


def curve() -> Float64[np.ndarray, "m 2"]:
    """The front as a dense polyline, from the target's optimum to the auxiliary's."""
    odds = np.linspace(-12, 12, 4001)
    return front(np.concatenate([[1.0], 1 / (1 + np.exp(odds)), [0.0]]))


def train(kind: str, start: tuple[float, float], num_steps: int = NUM_STEPS) -> End:
    """Gradient descent with a balancer of this kind, by its default settings."""
    settings = TypeAdapter(BalancerConfig).validate_python({"kind": kind})
    balancer: Balancer = settings.build(TASKS, TASKS[0], _SEED)
    point = nn.Parameter(torch.tensor(start))
    optimizer = torch.optim.SGD([point, *balancer.parameters()], lr=RATE)
    path = [start]
    for number in range(num_steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - number / num_steps)
        if number % _STEPS_PER_EPOCH == 0:
            balancer.begin_epoch(number // _STEPS_PER_EPOCH)
        balancer.begin_step(Step(number, 1, frozenset(TASKS), [point]))
        found = losses(point)
        balancer.backward(found)
        balancer.finish({name: loss.item() for name, loss in found.items()}, lambda tensors: None)
        optimizer.step()
        optimizer.zero_grad()
        path.append(tuple(point.tolist()))
    return _end(np.array(path))


def _end(path: Float64[np.ndarray, "steps 2"]) -> End:
    points = curve()
    distances = np.hypot(*(points - path[-1]).T)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    nearest = int(distances.argmin())
    return End(path, float(distances[nearest]), float(along[nearest] / along[-1]))
