"""ExcessMTL: tasks that are far from what they can reach count more."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from torch import nn

from auxseg.balancing.combining.method import MatrixMethod
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.torchjd_rules import MatrixRule
from auxseg.config import config


@config
class ExcessMTLConfig(CombiningConfig):
    """Settings of ExcessMTL, which gives more weight to tasks that are far from what they can reach.

    ``d = sum_i w_i g_i``, with ``w_i`` multiplied by ``exp(eta E_i)`` and divided by their
    sum in every step.

    The excess risk ``E_i = g_i' H_i^-1 g_i`` is measured with the root of the sum of all squared gradients so far as
    the diagonal H, and divided by what it was in the first step, in which all tasks count alike (the paper's warm-up,
    of one step). ``eta`` is the size of the step.

    Source: He, Zhou, Zhang, Yun, Xu, Zeng, Chilimbi and Zhao, Robust Multi-Task Learning with Excess Risks, ICML 2024,
    https://arxiv.org/abs/2402.02009, in the form of torchjd. Cost: K backward passes. State: a number per task and
    shared parameter, as large as the gradients, for every set of tasks that had labels together.
    """

    reads_products: ClassVar[bool] = False
    kind: Literal["excess-mtl"] = "excess-mtl"
    eta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.01

    def method(self, target: str, seed: int) -> MatrixMethod:
        """Make the rule."""
        from torchjd.aggregation import ExcessMTL

        def make() -> nn.Module:
            return ExcessMTL(robust_step_size=self.eta, n_warmup_steps=1)

        return MatrixRule(make)
