"""Contract checks for components of your own: call them in a test.

- `check_task`: losses, figures, drawing and answer of a kind of task
- `check_balancer`: how losses become gradients, step by step
- `check_sharing`: whose parameters are whose, and that no task depends on which others are computed
- `check_source`: that samples are stable and say what the data say

Each raises `AssertionError` with one sentence that names the component and the rule it breaks. Nothing but auxseg's own
requirements is needed, and random numbers outside of a check are left as they are.
"""

from __future__ import annotations

from auxseg.testing.balancer import check_balancer
from auxseg.testing.sharing import check_sharing
from auxseg.testing.source import check_source
from auxseg.testing.task import check_task

__all__ = ["check_balancer", "check_sharing", "check_source", "check_task"]
