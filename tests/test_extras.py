"""What only some commands need is named with the way to install it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from auxseg import extras
from auxseg.errors import InputError
from auxseg.extras import EXTRAS, need_extra


def test_modules_are_those_that_the_extras_of_the_project_bring() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    wanted = {
        extra: {re.split(r"[<>=]", each)[0].lower() for each in requirements}
        for extra, requirements in project["optional-dependencies"].items()
    }
    # By name: the distribution multipart brings a module multipart as well, and is another one.
    assert {extra: {module.replace("_", "-") for module in modules} for extra, modules in EXTRAS.items()} == wanted


def test_what_is_installed_is_not_complained_about() -> None:
    for extra in EXTRAS:
        need_extra(extra, "a test")


def test_what_is_missing_is_named_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.EXTRAS, "serve", ("numpy", "no_such_module"))
    with pytest.raises(InputError, match=r"^auxseg serve needs no_such_module, .* pip install 'auxseg\[serve\]'"):
        need_extra("serve", "auxseg serve")
