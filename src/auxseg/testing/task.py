"""The contract of a task."""

from __future__ import annotations

from auxseg.data.sample import Vocabulary
from auxseg.testing.examples import EXAMPLE_VOCABULARY
from auxseg.testing.task_answers import ANSWER_RULES
from auxseg.testing.task_case import TaskCase, TaskSettings
from auxseg.testing.task_figures import FIGURE_RULES
from auxseg.testing.task_losses import LOSS_RULES


def check_task(config: TaskSettings, vocabulary: Vocabulary = EXAMPLE_VOCABULARY, *, name: str = "task") -> None:
    """Check that a task keeps what training, evaluation and prediction rely on.

    Losses are sums and counts per image; a missing label adds exactly zero to loss and gradient; the parts of a batch
    add up to the whole; figures depend on neither order nor cutting; the same batch gives the same target, and the
    mirrored one a target of the same form, unless left and right mean something; drawings leave the picture as it is;
    the answer, if the task has one, is in the photograph's own coordinates; masks are measured as outputs are.

    Args:
        config: settings of the task, with ``build(name, vocabulary)``.
        vocabulary: what the data hold. Random pictures with all of these labels are made for the check; give your own
            if the task needs other mask classes or labels.
        name: what the task is called.

    Raises:
        AssertionError: naming the task and the rule that it breaks.
    """
    case = TaskCase.of(config.build(name, vocabulary), vocabulary)
    for rule in (*LOSS_RULES, *FIGURE_RULES, *(ANSWER_RULES if case.task.has_answer else ())):
        rule(case)
