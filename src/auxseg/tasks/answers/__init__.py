"""What a task says of one photograph, in the photograph's own coordinates.

- `answer`: the value
- `plain`: answers of tasks that give maps or numbers and say nothing more about them
- `points`: answers of tasks that find named points
- `labels_back`: class ids in the photograph's pixels
"""

from __future__ import annotations

from auxseg.tasks.answers.answer import Answer, Drawn, FoundBox, FoundPoint
from auxseg.tasks.answers.plain import map_answer, vector_answer
from auxseg.tasks.answers.points import points_answer

__all__ = ["Answer", "Drawn", "FoundBox", "FoundPoint", "map_answer", "points_answer", "vector_answer"]
