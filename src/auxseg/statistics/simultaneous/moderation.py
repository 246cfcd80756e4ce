"""The variance of an arm's mean difference, steadied by those of the other arms.

A few seeds tell little about the variance of one arm: three give two degrees of freedom. Arms of one study mostly vary
alike, so each arm's own variance is drawn towards the mean over the others,

    v~_a = (d0 o_a + (S - 1) v_a) / (d0 + S - 1) + 2 max(v_a - 2 o_a, 0),   o_a = mean over the other arms of v_b,

with ``v_a = var_s(U_as) / S`` of the arm's differences ``U_as`` to the baseline, S seeds, and the prior's degrees of
freedom ``d0 = 8``. The first term has the form of Smyth 2004, Linear Models and Empirical Bayes Methods for Assessing
Differential Expression in Microarray Experiments, Statistical Applications in Genetics and Molecular Biology 3. We
depart from it:

- ``d0`` is fixed, because its estimate from five arms is often far too large.
- Arms share a baseline, so the constants of `constants` are simulated and are no t quantiles.
- The second term is for an arm that visibly varies more than the others: what its variance has beyond twice theirs
  counts twice more. Without it they would draw it far below what it is. That such an arm should borrow less is the
  observation of Phipson et al. 2016, Robust Hyperparameter Estimation Protects against Hypervariable Genes and Improves
  Power to Detect Differential Expression, The Annals of Applied Statistics 10. They lower its prior's degrees of
  freedom; with two degrees of its own even an arm that borrows nothing would need a larger constant, so more is added
  here. Both twos were chosen by simulation (``auxseg bench study-validity --set measure=simultaneous``).

Shape legend: ``A`` arms, ``S`` seeds, ``*n`` studies.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float
from scipy import special

PRIOR_FREEDOM: Final = 8
"""Degrees of freedom that the other arms count for."""
IN_LINE: Final = 2.0
"""An arm's variance is in line with those of the others up to this multiple of their mean."""
EXCESS: Final = 2.0
"""How many times what is beyond that is added."""


def moderated(
    own: Float[np.ndarray, "*n A"],
    others: Float[np.ndarray, "*n A"],
    freedom: Float[np.ndarray, "#A"] | float,
) -> Float[np.ndarray, "*n A"]:
    """``v~_a``: ``others`` are the means ``o_a`` (`of_others`), ``freedom`` the own degrees of freedom, S - 1."""
    return drawn_towards(others, own, freedom) + EXCESS * np.maximum(own - IN_LINE * others, 0)


def drawn_towards(
    common: Float[np.ndarray, "*n #A"] | float,
    own: Float[np.ndarray, "*n A"],
    freedom: Float[np.ndarray, "#A"] | float,
) -> Float[np.ndarray, "*n A"]:
    """The mean of a common variance and the own ones, weighted by the degrees of freedom that each counts for."""
    return np.asarray((PRIOR_FREEDOM * common + freedom * own) / (PRIOR_FREEDOM + freedom))


def of_others(
    values: Float[np.ndarray, "*n A"], weights: Float[np.ndarray, " A"] | float = 1.0
) -> Float[np.ndarray, "*n A"]:
    """For each arm the weighted mean over the others; NaN where no other has any weight."""
    whole = np.broadcast_to(weights, values.shape)
    sums = (whole * values).sum(-1, keepdims=True) - whole * values
    counts = whole.sum(-1, keepdims=True) - whole
    return np.divide(sums, counts, out=np.full(values.shape, np.nan), where=counts > 0)


def share_of_chance(ratio: float, freedom: float, freedom_of_arms: float) -> float:
    """How often a baseline that varies like the arms has at least this ratio to their variance (an F test)."""
    return float(special.fdtrc(freedom, freedom_of_arms, ratio))
