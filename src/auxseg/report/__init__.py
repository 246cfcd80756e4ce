"""What people see: one self-contained HTML page about a run, about several side by side, or about a study.

Only the files of run and study directories are read, so a page can be made anywhere, also for a run that is still
training.
"""

from __future__ import annotations

from auxseg.report.page import report
from auxseg.report.study_page import is_study, study_page

__all__ = ["is_study", "report", "study_page"]
