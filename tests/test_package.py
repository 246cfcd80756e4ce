"""What the package declares: the modules that it imports, and its version in one place."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import yaml

import auxseg
from auxseg.extras import EXTRAS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BESIDE_EXTRAS = {"starlette", "google"}  # the first comes with fastapi, the second (protobuf) with onnx
"""Modules that those of an extra bring, and that are imported where the extra is needed."""
SOURCES = sorted((ROOT / "src" / "auxseg").rglob("*.py"))


def _imported(node: ast.AST) -> Iterator[str]:
    """The modules that are imported when the code runs, at any depth; those for types alone are not."""
    match node:
        case ast.If() if "TYPE_CHECKING" in ast.unparse(node.test):
            return
        case ast.Import():
            yield from (alias.name.partition(".")[0] for alias in node.names)
        case ast.ImportFrom():
            yield (node.module or "").partition(".")[0]
    for child in ast.iter_child_nodes(node):
        yield from _imported(child)


def _outside() -> set[str]:
    """The modules of other projects that the package imports."""
    modules = {name for path in SOURCES for name in _imported(ast.parse(path.read_text()))}
    return modules - set(sys.stdlib_module_names) - {"auxseg", "benchmarks"}


def _declared() -> set[str]:
    names = (re.split(r"[<>=!\[ ]", each)[0] for each in PROJECT["project"]["dependencies"])
    return {_one_form(name) for name in names}


def _one_form(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_is_imported_is_declared_and_nothing_else() -> None:
    brought = packages_distributions()
    of_extras = {module for modules in EXTRAS.values() for module in modules} | BESIDE_EXTRAS
    imported = {_one_form(name) for module in _outside() - of_extras for name in brought.get(module, [module])}
    assert imported == _declared()


def test_the_version_stands_in_one_place() -> None:
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "src/auxseg/version.py"
    written = [path.name for path in SOURCES if f'"{auxseg.__version__}"' in path.read_text()]
    assert written == ["version.py"]


def test_the_citation_names_this_version_and_licence() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == auxseg.__version__
    assert citation["license"] == PROJECT["project"]["license"]


def test_hooks_before_a_commit_are_the_tools_of_the_environment() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"  # nothing is fetched
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    for hook in repository["hooks"]:
        tool = hook["entry"].split()[0].removeprefix(".venv/bin/")
        assert f"$(BIN)/{tool}" in lint


def test_forms_for_issues_ask_for_something() -> None:
    forms = [path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"]
    assert {path.stem for path in forms} == {"bug", "data", "question"}
    for path in forms:
        form = yaml.safe_load(path.read_text())
        assert {"name", "description", "body"} <= form.keys()
        identifiers = [part["id"] for part in form["body"]]
        assert len(set(identifiers)) == len(identifiers)
        assert any(part.get("validations", {}).get("required") for part in form["body"])
