"""The page as a browser shows it. ``AUXSEG_REQUIRE_CHROMIUM=1`` turns a missing browser into a failure."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.report import report, study_page
from tests.chromium import OPTIONS
from tests.report import made_runs as runs
from tests.report.html import Page
from tests.report.made_studies import make_answer, make_arm, make_study


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    one = runs.make_full_run(folder / "baseline", ("segmentation",), 0.84)
    return report([one, runs.make_full_run(folder / "multitask")])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    answer = make_answer()
    answer["arms"] += [make_arm(f"auxiliary {number} of a long name", "hurts", -0.01, 0.004) for number in range(16)]
    return study_page(make_study(tmp_path_factory.mktemp("studies") / "study", answer))


def ask(browser: str, page: Path, *options: str) -> str:
    """Open a page without a network and return what the browser prints."""
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [browser, *OPTIONS, profile, *options, page.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.parametrize(("width", "height"), [(1280, 2400), (500, 2400)])
def test_the_page_is_painted(browser: str, page: Path, tmp_path: Path, width: int, height: int) -> None:
    ask(browser, page, f"--screenshot={tmp_path / 'page.png'}", f"--window-size={width},{height}")
    with Image.open(tmp_path / "page.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape == (height, width, 3)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 200
    # The charts' first two colours: lines in the colours of the page's style sheet were drawn.
    for colour in ((27, 111, 120), (194, 91, 42)):
        assert (pixels == colour).all(axis=-1).sum() > 50


def test_the_browser_understands_the_page(browser: str, page: Path) -> None:
    seen = Page(ask(browser, page, "--dump-dom"))
    assert "2 runs side by side" in seen.text
    assert "multitask 86.0 % +2.0 points 100 test 82.0 % 78.0 %" in seen.text
    assert "segmentation: training loss" in seen.text
    assert seen.faults == []
    assert seen.tags == Page(page.read_text(encoding="utf-8")).tags


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", ["page", "study"])
def test_nothing_is_cut_off_or_stands_beside_the_page(
    browser: str, name: str, width: int, request: pytest.FixtureRequest
) -> None:
    # A browser's window has a smallest width; a frame in it has none.
    shown: Path = request.getfixturevalue(name)
    frame = shown.with_name(f"frame-{width}.html")
    frame.write_text(
        f"""<iframe id="frame" src="{shown.name}" width="{width}" height="900"></iframe><p id="found"></p>
        <script>frame.onload = () => {{
            const inside = frame.contentDocument;
            inside.querySelectorAll("details").forEach(part => part.open = true);
            const wide = [...inside.querySelectorAll("main *")].filter(part => !part.closest(".scroll, svg")
                && part.getBoundingClientRect().right > {width} + 1);
            found.textContent = "beside the page: " + wide.map(part => part.outerHTML.slice(0, 80)).join(", ");
        }}</script>"""
    )
    seen = ask(browser, frame, "--allow-file-access-from-files", "--virtual-time-budget=8000", "--dump-dom")
    assert '<p id="found">beside the page: </p>' in seen
