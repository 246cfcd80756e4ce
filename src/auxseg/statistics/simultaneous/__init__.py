"""Verdicts on all arms of a study at once: intervals that hold together, and what can be read off them.

- `results`: figures of runs -> one table, arms by seeds by images; gaps by the `additive_fit`
- `variances`: what makes the figures vary: runs, images, the rest
- `moderation`: the variance of an arm, steadied by those of the others
- `constants`: how many standard errors wide intervals are that hold together
- `looks`: the same at several looks
- `criteria`: margin, level and looks, written down before training
- `intervals`: the intervals
- `statements`: *helps, hurts, no meaningful difference, not worth it, does no harm, open*
- `wording`: a statement with its bounds as a sentence
- `designs`: what a study will find out, before it is trained
- `budgets`: seeds and arms that a given time pays for
- `recommendation`: whom to use if one must choose now
"""

from auxseg.statistics.simultaneous.budgets import Affordable, affordable
from auxseg.statistics.simultaneous.constants import FEWEST_SEEDS, LEVEL
from auxseg.statistics.simultaneous.criteria import Criteria
from auxseg.statistics.simultaneous.designs import USUAL, Change, Design, Prospect, changes, prospect, seeds_needed
from auxseg.statistics.simultaneous.intervals import Comparison, Interval, compare
from auxseg.statistics.simultaneous.recommendation import CALIBRATION, Prospects, Recommendation, recommend
from auxseg.statistics.simultaneous.results import Results, tabulate
from auxseg.statistics.simultaneous.statements import Conclusion, Statement, conclude, with_diverged_runs
from auxseg.statistics.simultaneous.variances import Spread
from auxseg.statistics.simultaneous.wording import bounds, said

__all__ = [
    "CALIBRATION",
    "FEWEST_SEEDS",
    "LEVEL",
    "USUAL",
    "Affordable",
    "Change",
    "Comparison",
    "Conclusion",
    "Criteria",
    "Design",
    "Interval",
    "Prospect",
    "Prospects",
    "Recommendation",
    "Results",
    "Spread",
    "Statement",
    "affordable",
    "bounds",
    "changes",
    "compare",
    "conclude",
    "prospect",
    "recommend",
    "said",
    "seeds_needed",
    "tabulate",
    "with_diverged_runs",
]
