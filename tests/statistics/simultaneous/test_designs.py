"""What a design finds out: by formula, against studies that are drawn, and the changes that are proposed."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy import special

from auxseg.errors import InputError
from auxseg.statistics.simultaneous import Criteria, Design, Spread, changes, compare, constants, prospect
from auxseg.statistics.simultaneous.designs import USUAL, seeds_needed
from tests.statistics.simultaneous.studies import draw, study

FIVE = Design(num_arms=5, num_seeds=5, num_images=100)


def test_the_half_width_by_hand() -> None:
    spread = Spread(run=0.003, rest=0.04, arm_image=0.03)
    runs, images = 0.72 * 2 * (0.003**2 + 0.04**2 / 100) / 5, 2 * 0.03**2 / 100
    limit = constants.of_images(5) * constants.of_few_images(100)
    found = prospect(dataclasses.replace(FIVE, mirrored=True), 0.01, spread)
    assert found.half_width == pytest.approx(
        math.hypot(constants.of_runs(5, 5) * math.sqrt(runs), limit * math.sqrt(images))
    )
    assert found.detectable - found.half_width == pytest.approx(special.ndtri(0.8) * math.sqrt(runs + images))
    assert found.share_of_images == pytest.approx(limit**2 * images / found.half_width**2)
    assert found.images_limit


def test_studies_are_as_wide_as_foreseen_and_find_what_they_should() -> None:
    foreseen = prospect(Design(4, 6, 40), 0.01)
    rng = np.random.default_rng(0)
    half_widths, helps = [], []
    for _ in range(50):
        gains = (foreseen.detectable,) * 4
        table = draw(rng, 4, 6, 40, gains=gains, run=USUAL.run, rest=USUAL.rest, arm_image=USUAL.arm_image)
        found = compare(study(table), Criteria()).arms.values()
        half_widths += [one.half_width for one in found]
        helps += [one.low > 0 for one in found]
    assert np.mean(half_widths) == pytest.approx(foreseen.half_width, rel=0.08)  # the mean of roots is below the root
    assert np.mean(helps) == pytest.approx(0.8, abs=0.1)


def test_seeds_needed_are_the_fewest() -> None:
    found = seeds_needed(FIVE, 0.01)
    assert found is not None
    widths = [prospect(dataclasses.replace(FIVE, num_seeds=seeds), 0.01).half_width for seeds in (found - 1, found)]
    assert widths[1] <= 0.01 < widths[0]
    assert prospect(FIVE, 0.01).seeds_needed == found
    assert seeds_needed(FIVE, 0.5) == 3


def test_beyond_fifty_seeds_nothing_is_advised() -> None:
    assert prospect(FIVE, 0.004).seeds_needed is None
    assert prospect(FIVE, 0.0045, Spread(run=0.008, rest=0.0, arm_image=0.0)).seeds_needed in range(31, 51)


def test_every_change_reaches_its_margin_and_the_cheapest_stands_first() -> None:
    design = Design(num_arms=4, num_seeds=6, num_images=100)
    found = changes(design, 0.0115, num_controls=2)
    assert [one.cost for one in found] == sorted(one.cost for one in found)
    for one in found:
        assert prospect(one.design, one.margin).half_width <= one.margin * (1 + 1e-12)
    by_words = {one.what: one for one in found}
    assert by_words["score the mirrored images too"].cost == 1
    assert by_words["ask about 2 arms"].cost == pytest.approx(5 / 7)
    assert by_words["ask about 2 arms"] is found[0]
    assert by_words["train 7 seeds"].cost == pytest.approx(7 / 6)
    assert by_words["be content with a larger margin"].margin == pytest.approx(prospect(design, 0.0115).half_width)
    (images,) = [one for one in found if one.what.startswith("test on")]
    fewer = dataclasses.replace(images.design, num_images=images.design.num_images - 1)
    assert prospect(fewer, 0.0115).half_width > 0.0115
    assert changes(design, 0.05) == []


def test_where_no_number_of_images_is_enough_none_is_proposed() -> None:
    found = changes(Design(5, 3, 100), 0.005)
    assert not any(one.what.startswith("test on") for one in found)
    assert found[-1].margin > 0.015


def test_looks_widen_a_design() -> None:
    looks = dataclasses.replace(FIVE, num_seeds=10, looks=(3, 6, 10))
    once = dataclasses.replace(looks, looks=())
    assert 1 < prospect(looks, 0.01).half_width / prospect(once, 0.01).half_width < 1.06


def test_refuses_two_seeds() -> None:
    with pytest.raises(InputError, match="at least 3 seeds, found 2"):
        prospect(Design(5, 2, 100), 0.01)
