"""What the process imports that workers of studies and commands of tests are forked from; it uses no thread."""

from __future__ import annotations

import auxseg.cli.train
import auxseg.study.execution.local  # noqa: F401
import tests.forked  # noqa: F401
from tests.small_pictures import shrink

shrink()
