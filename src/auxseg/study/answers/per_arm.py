"""Verdicts on each arm by its own variance, with Holm's correction: the method of earlier versions."""

from __future__ import annotations

import numpy as np

from auxseg.records.arm_result import Advice, Variances
from auxseg.statistics.crossed_effects import estimate
from auxseg.statistics.paired_differences import Differences, differences
from auxseg.statistics.sentences import Context, sentence
from auxseg.statistics.verdicts import Judgement, Rules, judge, with_diverged
from auxseg.study.answers.change_of_all_tasks import known
from auxseg.study.answers.verdict import ArmVerdict, Compared, Verdicts
from auxseg.study.design.arm import Arm


def rules(compared: Compared) -> Rules:
    """What was fixed before anything was trained."""
    config = compared.plan.config
    assert config.margin is not None
    assert isinstance(config.looks, int)
    return Rules(margin=config.margin, looks=config.looks, higher_is_better=compared.higher_is_better)


def verdicts(compared: Compared) -> Verdicts:
    """The verdicts on all arms."""
    baseline, *others = compared.plan.arms
    images = {
        arm: {seed: compared.figures.per_image(run) for seed, run in runs.items()}
        for arm, runs in compared.runs.items()
    }
    found = {arm.name: differences(images[baseline], images[arm]) for arm in others}
    estimates = {name: estimate(each.table, each.effective_images) for name, each in found.items()}
    judgements = judge(estimates, rules(compared))
    return Verdicts(arms={arm: _verdict(arm, judgements[arm.name], found[arm.name], compared) for arm in others})


def _verdict(arm: Arm, judgement: Judgement, found: Differences, compared: Compared) -> ArmVerdict:
    of_arm, of_baseline = (compared.num_diverged[each] for each in (arm, compared.plan.arms[0]))
    judged = with_diverged(judgement, of_arm=of_arm, of_baseline=of_baseline)
    context = Context(
        compared.figures.figure,
        compared.plan.weighting(arm, compared.label_fraction),
        compared.steps[arm],
        compared.label_fraction,
        of_arm,
        of_baseline,
        compared.can_extend,
    )
    measured = judgement.estimate
    low, high = judged.interval
    rows = zip(found.seeds, found.table, strict=True)
    return ArmVerdict(
        verdict=str(judged.verdict),
        sentence=sentence(compared.said(arm), judged, rules(compared), context),
        difference=known(measured.mean),
        interval=(known(low), known(high)),
        level=judged.level,
        p_value=judged.p_value,
        p_value_of_equivalence=judged.p_value_of_equivalence,
        advice=None if judged.advice is None else Advice(judged.advice.seeds, judged.advice.images),
        variances=Variances(*(known(measured.variances[name]) for name in ("seed", "image", "rest"))),
        per_seed={str(seed): float(row.mean()) for seed, row in rows if row.size and np.isfinite(row).all()},
        num_images=measured.num_images,
        num_images_left_out=found.num_left_out,
        missing_seeds=tuple(sorted({*found.missing_in_arm, *found.missing_in_baseline})),
    )
