"""What people see: one self-contained HTML page about a run, or about several side by side.

Only the files of run directories are read, so a page can be made anywhere, also for a run that is still training.
"""

from __future__ import annotations

from auxseg.report.page import report

__all__ = ["report"]
