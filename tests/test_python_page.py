"""What docs/python.md and the example of a loop say, as a person runs it."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from auxseg.data.synthesize import synthesize
from tests import forked

ROOT = Path(__file__).parents[1]


LINES = r"""42 training samples; \d+ findings
\(32, 32, 3\) \(32, 32\) \('background', 'animal'\)
0\.\d+
\(32, 32\)
\{'box': '.*'\}
studies/box/report.html
"""
"""What the page prints."""


def _script(page: str) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL))


def test_the_page_is_one_script_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without ``if __name__ == "__main__"``: the workers of a study do not execute the script that asks."""
    forked.warm_up()
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "page.py"
    script.write_text(f"with open('executed', 'a') as file:\n    file.write(__name__)\n{_script('python.md')}")
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / "executed").read_text() == "__main__"  # once
    assert re.fullmatch(LINES, capsys.readouterr().out)


@pytest.mark.slow
def test_the_page_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    script.write_text(_script("python.md"))
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(LINES, done.stdout)


def test_the_page_of_statistics_needs_nothing_but_a_table(tmp_path: Path) -> None:
    page, script = (ROOT / "docs" / "statistics.md").read_text(), _script("statistics.md")
    script += '\nimport sys\nassert "torch" not in sys.modules\n'
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    first, *others = done.stdout.splitlines()
    assert first == "with edges: helps, +1.9 points (+1.3 to +2.6)"
    assert len(others) == 4
    assert all(line in page for line in (first, *others))


def test_the_tests_for_authors_of_plugins_need_no_test_runner(tmp_path: Path) -> None:
    script = _script("plugins.md")
    names = re.findall(r"^def (test_\w+)", script, re.MULTILINE)
    script += "".join(f"\n{name}()" for name in names)
    script += '\nassert not {"pytest", "hypothesis", "beartype"} & set(sys.modules)\n'
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert len(names) == 4


def test_the_pages_on_parts_of_ones_own_run_as_one_script(tmp_path: Path) -> None:
    pages = [(ROOT / "docs" / "own" / f"{name}.md").read_text() for name in ("data", "encoder", "balancer")]
    blocks = [block for page in pages for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL)]
    assert len(blocks) == 3
    command = [sys.executable, "-c", "\n".join(blocks)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all(line in "".join(pages) for line in lines)


@pytest.mark.parametrize("name", ["own_encoder", "own_balancer"])
def test_a_part_of_ones_own_is_trained_by_that_loop(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "examples")
    synthesize(tmp_path / "animals.h5", num_samples=40, size=32)
    main = runpy.run_path(str(ROOT / "examples" / f"{name}.py"))["main"]
    assert 0 <= main(tmp_path / "animals.h5", steps=2) <= 1


def test_the_example_of_a_balancer_fades_auxiliaries_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "examples")
    weighting = runpy.run_path(str(ROOT / "examples" / "own_balancer.py"))["FadingWeighting"]("masks", 10)
    assert weighting.weigh(10, {"masks": 1.0, "box": 1.0}) == {"masks": 1.0, "box": 0.5}


def test_a_loop_of_ones_own_learns(tmp_path: Path) -> None:
    synthesize(tmp_path / "animals.h5", num_samples=60, size=32)
    train = runpy.run_path(str(ROOT / "examples" / "own_loop.py"))["train"]
    untrained, trained = (train(tmp_path / "animals.h5", steps=steps, batch=8) for steps in (1, 40))
    assert trained > untrained + 0.1
