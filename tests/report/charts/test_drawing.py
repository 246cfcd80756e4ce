from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.report.charts import drawing as figures
from auxseg.report.charts.drawing import Curve

VALUES = st.lists(st.none() | st.floats(-100, 100), max_size=40)


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()).strip() for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def line(num_steps: int, label: str = "run", **settings) -> Curve:
    return Curve(label, list(range(1, num_steps + 1)), [1 / step for step in range(1, num_steps + 1)], **settings)


@given(VALUES, st.integers(1, 50))
def test_smooth_is_the_mean_of_the_known_values_in_the_window(values: list[float | None], window: int) -> None:
    smoothed = figures.smooth(values, window)
    for index, value in enumerate(smoothed):
        known = [v for v in values[max(0, index - window + 1) : index + 1] if v is not None]
        if known:
            assert value is not None
            assert math.isclose(value, sum(known) / len(known), abs_tol=1e-9)
        else:
            assert value is None


def test_every_line_has_its_name_in_the_legend() -> None:
    labels = [f"_run {number}" for number in range(30)]
    chart = figures.curves("loss", "loss", "", [line(5, label) for label in labels])
    assert set(labels) <= set(texts(chart.svg))


def test_a_single_line_needs_no_legend() -> None:
    assert "run" not in texts(figures.curves("loss", "loss", "", [line(5)]).svg)


def test_lines_with_gaps_or_one_value_are_drawn() -> None:
    lines = [Curve("a", [1, 2, 3], [None, 0.5, None], dots=True, kept=2), Curve("b", [1, 2], [0.1, None], kept=2)]
    assert {"a", "b"} <= set(texts(figures.curves("loss", "loss", "", lines).svg))


def test_long_trainings_do_not_make_long_files() -> None:
    short, long = (len(figures.curves("loss", "loss", "", [line(steps)]).svg) for steps in (600, 60_000))
    assert long < 2 * short


def test_the_ringed_step_survives_thinning() -> None:
    values: list[float | None] = [0.0] * 5000
    values[4321] = 1.0
    chart = figures.curves("x", "x", "", [Curve("a", list(range(5000)), values, kept=4321)])
    assert "1.0" in texts(chart.svg)  # the axis reaches up to the ringed value


@pytest.mark.parametrize("values", [[0.5], [0.0, 1.0, 1.0], [3.0, 250.0], [-1.0, 0.2]])
def test_histogram_says_its_median(values: list[float]) -> None:
    found = texts(figures.histogram("d", "title", "", values).svg)
    assert f"median {sorted(values)[len(values) // 2] if len(values) % 2 else sum(values) / 2:.3f}" in found


def test_confusion_shades_by_the_share_of_the_row_and_writes_counts() -> None:
    svg = figures.confusion("c", "", ["cat", "dog", "owl"], [[3, 1, 0], [0, 7, 0], [0, 0, 0]]).svg
    assert [text for text in texts(svg) if text.isdigit()] == ["3", "1", "7"]
    assert sorted(re.findall(r"fill: #1b6f78; opacity: ([\d.]+)", svg)) == ["0.25", "0.75"]


def test_confusion_of_many_classes_is_wide_and_without_counts() -> None:
    names = [f"class {index}" for index in range(37)]
    chart = figures.confusion("c", "", names, [[2 * (i == j) for i in range(37)] for j in range(37)])
    assert chart.wide
    assert set(names) <= set(texts(chart.svg))
    assert "2" not in texts(chart.svg)


def test_a_chart_on_the_page_follows_the_page() -> None:
    chart = figures.curves("loss", "loss", "", [line(5), line(6, dots=True, kept=3)])
    svg = figures.for_page(chart.svg, "chart-7")
    root = ET.fromstring(svg)
    assert {"width", "height"}.isdisjoint(root.attrib)
    assert re.findall(r"#[0-9a-f]{6}", svg) == []
    assert "<style" not in svg
    ids = {node.attrib["id"] for node in root.iter() if "id" in node.attrib}
    assert ids
    assert all(name.startswith("chart-7-") for name in ids)
    assert set(re.findall(r'(?:href="|url\()#([\w-]+)', svg)) == ids


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert len({figures.curves("loss", "loss", "", [line(50, kept=7)]).svg for _ in range(2)}) == 1
