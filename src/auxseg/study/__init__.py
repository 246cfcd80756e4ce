"""Studies: which auxiliary tasks help the target. ``auxseg.study(base=..., ...)`` is `auxseg.study.asked.study`.

The names here are what a study concludes from its runs, as pure functions of what they measured.

- `pairing`: figures of runs -> a table of differences, seeds by images
- `statistics`: the mean difference over new seeds and new images, with an interval
- `sum_of_t`: the distribution that interval stands on
- `holm`: the correction for several arms
- `verdicts`: *helps*, *hurts*, *no meaningful difference* or *not enough evidence*
- `advice`: how many seeds a verdict would take
- `wording`: a verdict as a sentence
- `relative_change`: delta-m over all tasks
"""

from auxseg.callable_package import let_be_called
from auxseg.study.advice import Advice, advise
from auxseg.study.pairing import Differences, Figure, MeanFigure, RatioFigure, differences
from auxseg.study.relative_change import RelativeChange, delta_m
from auxseg.study.statistics import Estimate, MeanSquares, estimate
from auxseg.study.verdicts import Judgement, Rules, Verdict, judge
from auxseg.study.wording import Context, sentence

__all__ = [
    "Advice",
    "Context",
    "Differences",
    "Estimate",
    "Figure",
    "Judgement",
    "MeanFigure",
    "MeanSquares",
    "RatioFigure",
    "RelativeChange",
    "Rules",
    "Verdict",
    "advise",
    "delta_m",
    "differences",
    "estimate",
    "judge",
    "sentence",
]

let_be_called("auxseg.study", "auxseg.study.asked")
