"""Every command in README and docs is understood as it is printed: its options, its recipes, its settings.

Commands on lines of their own are parsed whole. Those within a sentence may be parts of a command, so only what they
name has to exist.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from auxseg.cli.command import Command, RecipeCommand
from auxseg.cli.completion.offered import offered_by
from auxseg.cli.main import _COMMANDS, main
from auxseg.cli.refusals import refuse_no_recipe, refuse_settings
from auxseg.cli.study.command import Study
from auxseg.cli.train import Train
from auxseg.strict_yaml import read_mapping
from auxseg.study.design.config import read_study
from scripts.site.commands import all_commands

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
OFFERED = offered_by(_COMMANDS)


def _lines(page: Path) -> Iterator[str]:
    """The lines of code that are no Python, continued lines joined."""
    text = re.sub(r"```python\n.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL).replace("\\\n", " ")
    yield from (match.strip() for match in re.findall(r"(?m)^ {4,}(\S.*)$", text))


def _spans(page: Path) -> Iterator[str]:
    """What is set as code within sentences and tables."""
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page.read_text(encoding="utf-8"))


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


WHOLE = [(_name(page), line) for page in PAGES for line in _lines(page) if line.startswith("auxseg ")]
PARTS = [(_name(page), span) for page in PAGES for span in _spans(page) if re.match(r"auxseg [a-z]", span)]
SCRIPTS = [(_name(page), line) for page in PAGES for line in _lines(page) if line.startswith("python ")]


def test_there_are_commands_to_look_at() -> None:
    assert len(WHOLE) > 30
    assert len(PARTS) > 60
    assert len(SCRIPTS) > 4


@pytest.mark.parametrize(("page", "line"), WHOLE)
def test_a_command_is_understood_as_printed(page: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    understood: list[Command] = []
    for _, kind in all_commands(_COMMANDS):
        monkeypatch.setattr(kind, "run", lambda asked, console: understood.append(asked))
    monkeypatch.setattr(RecipeCommand, "run_plugins", lambda asked: None)
    assert main(shlex.split(line, comments=True)[1:]) == 0
    (asked,) = understood
    if isinstance(asked, (Train, Study)):
        names = asked.names if isinstance(asked, Train) else [asked.base] if asked.base else []
        for name in names:
            if not name.endswith(".yaml"):
                refuse_no_recipe(name)
        refuse_settings([setting for setting in asked.set if not asked.plugins])


@pytest.mark.parametrize(("page", "span"), PARTS)
def test_what_a_part_of_a_command_names_exists(page: str, span: str) -> None:
    words = span.split()[1:]
    path = " ".join(words[:2]) if " ".join(words[:2]) in OFFERED else words[0]
    assert path in OFFERED
    named = re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", span)
    assert [option for option in named if option not in OFFERED[path].options] == []


@pytest.mark.parametrize(("page", "line"), SCRIPTS)
def test_a_script_exists(page: str, line: str) -> None:
    assert (ROOT / shlex.split(line)[1]).is_file()


def test_every_study_of_the_docs_can_be_asked() -> None:
    questions = {path: read_mapping(path, "study") for path in (ROOT / "docs" / "studies").glob("*.yaml")}
    bases = {read_study(path).base for path, values in questions.items() if "base" in values}
    assert len(bases) > 1
    assert {_name(path) for path, values in questions.items() if "base" not in values} <= bases


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    for page in PAGES:
        for line in [*_lines(page), *_spans(page)]:
            if found := re.match(r"(?:[A-Z_]+=\S+ )*make (?:[A-Z_]+=\S+ )*([a-z]+)", line):
                assert found[1] in targets, f"{_name(page)}: {line}"


def test_every_extra_that_is_named_exists() -> None:
    from auxseg.extras import EXTRAS

    named = {extra for page in PAGES for extra in re.findall(r"pip install '?[.\w]+\[(\w+)\]", page.read_text())}
    assert named
    assert named <= set(EXTRAS)
    table = re.findall(r"(?m)^\| ((?:`\w+`(?:, )?)+) \| `auxseg ", (ROOT / "README.md").read_text())
    assert sorted(re.findall(r"\w+", " ".join(table))) == sorted(EXTRAS)
