"""The variance of an arm's mean difference, steadied by those of the other arms.

A few seeds tell little about the variance of one arm: three give two degrees of freedom. Arms of one study vary alike,
so each arm's own variance is drawn towards the mean over all arms,

    v~_a = (d0 v + (S - 1) v_a) / (d0 + S - 1),   v = mean over arms of v_a,

with ``v_a = var_s(U_as) / S`` of the arm's differences ``U_as`` to the baseline, S seeds, and the prior's degrees of
freedom ``d0 = 8``. The form is that of Smyth 2004, Linear Models and Empirical Bayes Methods for Assessing Differential
Expression in Microarray Experiments, Statistical Applications in Genetics and Molecular Biology 3. We depart from it:
``d0`` is fixed, because its estimate from five arms is often far too large, and arms share a baseline, so that the
constants of `constants` are simulated and no t quantiles.

Shape legend: ``A`` arms, ``S`` seeds, ``*n`` studies.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Float
from scipy import special

PRIOR_FREEDOM: Final = 8
"""Degrees of freedom that the other arms count for."""


def moderated(
    own: Float[np.ndarray, "*n A"],
    common: Float[np.ndarray, "*n #A"],
    freedom: Float[np.ndarray, "#A"] | float,
) -> Float[np.ndarray, "*n A"]:
    """Variances drawn towards a common one; ``freedom`` are their own degrees of freedom, S - 1."""
    return np.asarray((PRIOR_FREEDOM * common + freedom * own) / (PRIOR_FREEDOM + freedom))


def share_of_chance(ratio: float, freedom: float, freedom_of_arms: float) -> float:
    """How often a baseline that varies like the arms has at least this ratio to their variance (an F test)."""
    return float(special.fdtrc(freedom, freedom_of_arms, ratio))
