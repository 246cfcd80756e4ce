from __future__ import annotations

import pytest

from auxseg.report import wording


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0 ms"),
        (0.0123, "12.3 ms"),
        (0.09994, "99.9 ms"),
        (0.1, "0.10 s"),
        (9.994, "9.99 s"),
        (9.996, "10.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (185.0, "3 min 05 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"),
        (7620.0, "2 h 07 min"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    assert wording.seconds(value) == text


def test_figures() -> None:
    assert [wording.figure(value) for value in (0.8604, 1.0, 41.27, None)] == [
        "0.860",
        "1.000",
        "41.3",
        wording.NOTHING,
    ]
    assert wording.named_figure("num_images", 1200.0) == "1,200"
    assert wording.named_figure("num_images", None) == wording.NOTHING


def test_changes_carry_their_sign() -> None:
    assert [wording.change(value) for value in (0.02, -0.02, 0.0)] == ["+0.020", "−0.020", "+0.000"]  # noqa: RUF001


def test_memory() -> None:
    assert [wording.memory(value) for value in (300 * 2**20, 3 * 2**29)] == ["300 MiB", "1.50 GiB"]


def test_shares_are_said_in_percent_and_other_figures_as_they_are() -> None:
    assert wording.said("iou_dataset", 0.7589) == "75.9\u00a0%"
    assert wording.said("f1", 0.5) == "50.0\u00a0%"
    assert wording.said("mse_pixels", 41.27) == "41.3"
    assert wording.said("num_images", 1200.0) == "1,200"
    assert wording.said("iou_image", None) == wording.NOTHING


def test_differences_are_points_without_a_negative_zero() -> None:
    assert [wording.points(value) for value in (0.0123, -0.0031, -0.0001, 0.0, None)] == [
        "+1.2",
        "−0.3",  # noqa: RUF001
        "+0.0",
        "+0.0",
        wording.NOTHING,
    ]


def test_figures_have_names_for_people_and_keep_their_own_as_a_tooltip() -> None:
    assert wording.name("iou_image") == '<abbr title="iou_image">IoU (per image)</abbr>'
    assert wording.name("<b>") == "<code>&lt;b&gt;</code>"
    assert wording.labelled("+1 points of iou_dataset, not my_iou_dataset") == (
        "+1 points of IoU (all pixels), not my_iou_dataset"
    )


def test_names_are_listed_as_in_a_sentence() -> None:
    assert [wording.listed(list("abcdef")[:number]) for number in (0, 1, 2, 4, 5)] == [
        "",
        "a",
        "a and b",
        "a, b, c and d",
        "a, b, c and 2 more",
    ]
