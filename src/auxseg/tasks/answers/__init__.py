"""What a task says of one photograph, in the photograph's own coordinates.

- `answer`: the value
- `plain`: answers of tasks that give maps or numbers and say nothing more about them
- `labels_back`: class ids in the photograph's pixels
"""

from __future__ import annotations

from auxseg.tasks.answers.answer import Answer, Drawn, FoundBox
from auxseg.tasks.answers.plain import map_answer, vector_answer

__all__ = ["Answer", "Drawn", "FoundBox", "map_answer", "vector_answer"]
