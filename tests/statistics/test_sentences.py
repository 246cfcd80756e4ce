"""Sentences, word for word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from auxseg.statistics import Advice, Context, Estimate, Judgement, MeanSquares, Rules, Verdict, estimate, sentence

CONTEXT = Context("iou_dataset", "at weight 0.5", steps=600)


def _judgement(verdict: Verdict, advice: Advice | None = None, comparisons: int = 5) -> Judgement:
    found = Estimate(0.013, 5, 100, MeanSquares(0.002, 0.001, 0.001))
    return Judgement(found, verdict, (0.0041, 0.0219), 0.01, 0.02, 1.0, comparisons, advice)


def test_helps() -> None:
    assert sentence("box", _judgement(Verdict.HELPS), Rules(), CONTEXT) == (
        "box: helps: +1.30 points of iou_dataset (95% interval +0.41 to +2.19, adjusted for 5 comparisons), at weight "
        "0.5 after 600 steps, 5 seeds, 100 images"
    )


def test_diverged_runs_are_named_beside_the_seeds() -> None:
    context = replace(CONTEXT, num_diverged=3)
    said = sentence("box", _judgement(Verdict.NOT_ENOUGH_EVIDENCE), Rules(), context)
    assert said.endswith("100 images, without 3 runs that diverged")
    for withdrawn, cannot in ((Verdict.HELPS, "help"), (Verdict.NO_MEANINGFUL_DIFFERENCE, "make no difference")):
        judgement = replace(_judgement(Verdict.NOT_ENOUGH_EVIDENCE), withdrawn=withdrawn)
        said = sentence("box", judgement, Rules(), context)
        assert said.endswith(f"100 images, without 3 runs that diverged (and so it cannot be said to {cannot})")
    said = sentence("box", _judgement(Verdict.HURTS), Rules(), replace(CONTEXT, num_diverged=1))
    assert said.endswith("100 images, without 1 run that diverged")


def test_diverged_runs_of_the_target_alone_are_named_too() -> None:
    context = replace(CONTEXT, num_diverged_alone=2)
    judgement = replace(_judgement(Verdict.NOT_ENOUGH_EVIDENCE), withdrawn=Verdict.HURTS)
    said = sentence("box", judgement, Rules(), context)
    assert said.endswith(
        "100 images, without 2 runs of the target alone that diverged (and so it cannot be said to hurt)"
    )
    said = sentence("box", _judgement(Verdict.HELPS), Rules(), replace(context, num_diverged=1))
    assert said.endswith("without 1 run that diverged, without 2 runs of the target alone that diverged")


def test_without_weight_or_several_arms() -> None:
    context = Context("accuracy", "", steps=12_000)
    rules = Rules(looks=2, alpha=0.1)
    assert sentence("box", _judgement(Verdict.HURTS, comparisons=1), rules, context) == (
        "box: hurts: +1.30 points of accuracy (90% interval +0.41 to +2.19, adjusted for two looks), after 12,000 "
        "steps, 5 seeds, 100 images"
    )


def test_the_share_of_the_masks_is_part_of_what_it_holds_for() -> None:
    said = sentence("box", _judgement(Verdict.HELPS), Rules(), replace(CONTEXT, label_fraction=0.1))
    assert said.endswith("at weight 0.5 after 600 steps with 10% of the masks, 5 seeds, 100 images")


def test_no_meaningful_difference_names_the_margin() -> None:
    said = sentence("box", _judgement(Verdict.NO_MEANINGFUL_DIFFERENCE), Rules(looks=2), CONTEXT)
    assert "adjusted for 5 comparisons and two looks" in said
    assert said.endswith("; less than 0.5 points of iou_dataset either way")


def test_advice() -> None:
    for advice, end in (
        (Advice(12), "; about 12 seeds would decide"),
        (
            Advice(9, 1200),
            "; seeds alone are unlikely to decide with 100 test images: about 1,200 test images and 9 seeds would",
        ),
        (Advice(None), "; an interval needs at least 2 seeds and 2 test images"),
    ):
        assert sentence("box", _judgement(Verdict.NOT_ENOUGH_EVIDENCE, advice), Rules(), CONTEXT).endswith(end)


def test_advice_once_no_look_is_left() -> None:
    closed = replace(CONTEXT, can_extend=False)
    for advice, end in (
        (Advice(12), "; a new study with about 12 seeds would decide"),
        (
            Advice(9, 1200),
            "; seeds alone are unlikely to decide with 100 test images: a new study with about 1,200 test images and 9 "
            "seeds would",
        ),
    ):
        assert sentence("box", _judgement(Verdict.NOT_ENOUGH_EVIDENCE, advice), Rules(), closed).endswith(end)


def test_more_seeds_than_a_study_may_have_are_not_advised() -> None:
    for seeds, said in (
        (1000, "; about 1000 seeds would decide"),
        (1001, "; a verdict is out of reach: it needs more than 1,000 seeds"),
    ):
        judgement = _judgement(Verdict.NOT_ENOUGH_EVIDENCE, Advice(seeds))
        assert sentence("box", judgement, Rules(), CONTEXT).endswith(said)


def test_one_seed_and_none() -> None:
    ends = (-np.inf, np.inf)
    for table, said in (
        (np.full((1, 20), 0.01), "+1.00 points of iou_dataset (no interval), at weight 0.5 after 600 steps, 1 seed, "),
        (np.zeros((0, 0)), "no difference measured (no interval), at weight 0.5 after 600 steps, 0 seeds, 0 images"),
    ):
        one = Judgement(estimate(table), Verdict.NOT_ENOUGH_EVIDENCE, ends, 0.05, 1.0, 1.0, 1, Advice(None))
        assert said in sentence("box", one, Rules(), CONTEXT)
