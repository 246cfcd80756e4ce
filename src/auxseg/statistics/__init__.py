"""What a table of results allows to conclude: pure functions, useful without the rest of auxseg.

- `simultaneous`: the room of verdicts on all arms at once; the other files judge arm by arm
- `paired_differences`: figures of runs -> a table of differences, seeds by images
- `crossed_effects`: the mean difference over new seeds and new images, with an interval
- `behrens_fisher`: the distribution that interval stands on
- `multiplicity`: the correction for several arms
- `verdicts`: *helps*, *hurts*, *no meaningful difference* or *not enough evidence*
- `planning`: how many seeds a verdict would take
- `sentences`: a verdict as a sentence
- `delta_m`: the relative change over all tasks
"""

from auxseg.statistics.crossed_effects import Estimate, MeanSquares, estimate
from auxseg.statistics.delta_m import RelativeChange, delta_m
from auxseg.statistics.paired_differences import Differences, Figure, MeanFigure, RatioFigure, differences
from auxseg.statistics.planning import Advice, advise
from auxseg.statistics.sentences import Context, sentence
from auxseg.statistics.verdicts import Judgement, Rules, Verdict, judge

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
