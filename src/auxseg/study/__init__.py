"""Studies: which auxiliary tasks help the target. ``auxseg.study(base=..., ...)`` is `auxseg.study.asked.study`.

- `design`: the question, and every run that it takes
- `directory`: where a study lies, and what is decided once for all of its runs
- `execution`: training in processes of this machine or on a cluster
- `answers`: from what the runs measured to what the study says
- `screening`: a ranking of many candidates by short trainings

What is concluded from tables of figures is in `auxseg.statistics`.
"""

from auxseg.callable_package import let_be_called

let_be_called("auxseg.study", "auxseg.study.asked")
