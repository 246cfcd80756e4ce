"""The best arm of a finished study, as a recipe to train with."""

from __future__ import annotations

from auxseg.errors import RunError
from auxseg.recipe import dump_recipe, with_changes
from auxseg.records.study import StudyResult
from auxseg.run.building import open_data
from auxseg.study.answers.validation import refuse_without_validation, validation_figure
from auxseg.study.design.config import SIMULTANEOUS
from auxseg.study.design.plan import Plan
from auxseg.study.study import Study
from auxseg.study.tuning import with_tuned


def check_best(study: Study) -> None:
    """Raise `InputError` if nothing can be the best, because the data have no validation split to choose by."""
    if study.config.method == SIMULTANEOUS:
        return
    recipe = study.made.runs[0].recipe
    refuse_without_validation(recipe, open_data(study.data, recipe), "--best")


def best_recipe(study: Study, result: StudyResult) -> tuple[str, str]:
    """Name and YAML of the arm to use, at the largest share of the masks.

    That is the one that the study recommends (`auxseg.statistics.simultaneous.recommendation`); where arms are judged
    one by one, the best on validation. Raises `RunError` if there is none.
    """
    if result.rules.method is None:
        return best_on_validation(study, higher_is_better=result.rules.higher_is_better)
    answer = max(result.answers, key=lambda each: each.label_fraction)
    if answer.choice is None:
        raise RunError(f"{study.directory.path}: no arm has enough runs, so none can be recommended")
    plan = with_tuned(study.plan(), study.directory.choices.tuned)
    return _recipe(plan, answer.choice.use or plan.arms[0].name)


def best_on_validation(study: Study, *, higher_is_better: bool) -> tuple[str, str]:
    """Name and YAML of the arm with the best mean validation figure at the largest share of masks.

    Arms that were judged before take part. Controls stay out, and arms of which a run diverged: the mean over the
    others would flatter them. Raises `RunError` if every arm diverged.
    """
    plan = with_tuned(study.plan(), study.directory.choices.tuned)
    fraction = max(plan.label_fractions)
    values: dict[str, list[float]] = {}
    incomplete = {run.arm for run in plan.runs if run.label_fraction == fraction and study.directory.failure(run)}
    sign = 1 if higher_is_better else -1
    for planned in plan.runs:
        is_control = plan.is_control(planned.arm)
        if planned.label_fraction == fraction and not is_control and planned.arm not in incomplete:
            best = validation_figure(study.directory.run_directory(planned), planned.recipe.target)
            if best is not None:
                values.setdefault(planned.arm.name, []).append(sign * best)
    if not values:
        raise RunError(f"{study.directory.path}: runs of every arm diverged, so no arm can be the best")
    return _recipe(plan, max(values, key=lambda arm: sum(values[arm]) / len(values[arm])))


def _recipe(plan: Plan, name: str) -> tuple[str, str]:
    fraction = max(plan.label_fractions)
    recipe = next(run.recipe for run in plan.runs if run.arm.name == name and run.label_fraction == fraction)
    return name, dump_recipe(with_changes(recipe, data={"fold": None}))
