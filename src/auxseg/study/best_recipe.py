"""The best arm of a finished study, as a recipe to train with."""

from __future__ import annotations

from auxseg.errors import RunError
from auxseg.recipe import dump_recipe
from auxseg.run.building import open_data
from auxseg.study.answers.validation import refuse_without_validation, validation_figure
from auxseg.study.design.plan import make_plan
from auxseg.study.study import Study
from auxseg.study.tuning import with_tuned


def check_best(study: Study) -> None:
    """Raise `InputError` if nothing can be the best, because the data have no validation split to choose by."""
    recipe = make_plan(study.config).runs[0].recipe
    refuse_without_validation(recipe, open_data(study.data, recipe), "--best")


def best_recipe(study: Study, *, higher_is_better: bool) -> tuple[str, str]:
    """Name and YAML of the arm with the best mean validation figure at the largest share of masks.

    Arms that were judged before take part. Controls stay out, and arms of which a run diverged: the mean over the
    others would flatter them. Chosen on validation, because the test split has just been used for the verdicts. Raises
    `RunError` if every arm diverged.
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
    name = max(values, key=lambda arm: sum(values[arm]) / len(values[arm]))
    recipe = next(run.recipe for run in plan.runs if run.arm.name == name and run.label_fraction == fraction)
    return name, dump_recipe(recipe)
