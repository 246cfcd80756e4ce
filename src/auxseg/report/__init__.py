"""What people see: one self-contained HTML page about a run, about several side by side, or about a study.

Only the files of run and study directories are read, so a page can be made anywhere, also for a run that is still
training. ``auxseg.report(...)`` is `report`.
"""

from __future__ import annotations

from auxseg.callable_package import let_be_called
from auxseg.records.finding import is_study, runs_in
from auxseg.report.page import compared, report
from auxseg.report.studies.page import study_page

__all__ = ["compared", "is_study", "report", "runs_in", "study_page"]

let_be_called("auxseg.report", "auxseg.report.page")
