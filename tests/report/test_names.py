"""Names are text, whatever they look like, and a page carries nothing from outside of the run."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image

from auxseg.report import report
from auxseg.report.charts import drawing as figures
from auxseg.report.charts.drawing import Curve
from tests.report import made_runs as runs
from tests.report.html import Page


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (' id="q" href="#a" url(#z)', ' id="q" href="#a" url(#z)'),
        ("#1c2531", "#1c2531"),
        ("$\\alpha$ _x %s", "$\\alpha$ _x %s"),
        ("]]><script>", "]]&gt;&lt;script&gt;"),
        ("a\x1b[31m\x00", "a\ufffd[31m\ufffd"),
        ("\u202eevil", "\ufffdevil"),
    ],
)
def test_charts_show_names_as_they_are(name: str, shown: str) -> None:
    chart = figures.curves("c", name, "c", [Curve(name, [1, 2], [1.0, 2.0]), Curve("_b", [1, 2], [1.0, 2.0])])
    ElementTree.fromstring(chart.svg)
    page = figures.for_page(chart.svg, "p")
    assert page.count(f">{shown}<") == 2
    assert ">_b<" in page


def test_control_characters_do_not_reach_the_page(tmp_path: Path) -> None:
    path = runs.make_full_run(tmp_path / "run", ("segmentation",), first_id="dog\x1b[2J\u202e")
    source = report([path]).read_text(encoding="utf-8")
    assert "dog\ufffd[2J\ufffd" in source
    assert Page(source).faults == []


def test_pictures_outside_of_the_run_are_not_embedded(tmp_path: Path) -> None:
    path = runs.make_full_run(tmp_path / "run", ("segmentation",))
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(secret)
    (path / "figures" / "link.png").symlink_to(secret)
    (tmp_path / "run2").mkdir()
    secret.rename(tmp_path / "run2" / "secret.png")
    (tmp_path / "secret.png").symlink_to(tmp_path / "run2" / "secret.png")
    (path / "figures" / "cut.png").write_bytes((path / "figures" / "best-1.png").read_bytes()[:99])
    Image.new("RGB", (8, 8)).save(path / "figures" / "other.gif")
    examples = json.loads((path / "examples.json").read_text())
    names = [
        "../secret.png",
        str(tmp_path / "run2" / "secret.png"),
        "figures/link.png",
        "../run2/secret.png",
        "figures/cut.png",
        "figures/other.gif",
        "figures",
        "a\0b",
    ]
    for rank in ("mistakes", ""):  # the worst images stand on the first screen, the others below it
        chosen = [example for example in examples if (example["rank"] == "mistakes") == bool(rank)]
        for example, name in zip(chosen, names, strict=False):
            example["picture"] = name
    (path / "examples.json").write_text(json.dumps(examples))
    page = Page(report([path]).read_text(encoding="utf-8"))
    assert len([link for link in page.links if link.startswith("data:")]) == 1
    assert page.text.count("This image is missing from the run directory.") == 8


def test_charts_of_names_that_no_file_can_have_get_files_of_their_own(tmp_path: Path) -> None:
    tasks = ("segmentation", "a/b", "a b", "../x", "x" * 300)
    path = tmp_path / "run"
    runs.write_recipe(path, tasks)
    start, *rest = runs.training_events(("segmentation",), 3)
    for event in rest:
        event["losses"] = dict.fromkeys(tasks, 1.0)
        event["weights"] = dict.fromkeys(tasks, 1.0)
    runs.write_events(path, [start, *rest])
    report([path])
    names = sorted(file.name for file in (path / "figures").iterdir())
    assert len(names) == len(tasks)
    assert all(len(name) < 80 and name.startswith("loss-") for name in names)
