"""The references of settings and presets have every key and every preset."""

from __future__ import annotations

import re

from auxseg.presets import presets
from auxseg.recipe import Recipe
from auxseg.recipe.keys import settings_of
from scripts.site.settings import presets_page, settings_page


def test_every_setting_is_a_row_of_four_cells_under_its_first_word() -> None:
    page = settings_page()
    rows = re.findall(r"(?m)^\| `([^`]+)`.*$", page)
    assert rows == [setting.key for setting in settings_of(Recipe)]
    assert len(rows) > 80
    assert [row for row in re.findall(r"(?m)^\|.*$", page) if len(re.findall(r"(?<!\\)\|", row)) != 5] == []
    assert "## training\n" in page


def test_every_preset_is_shown_as_its_file() -> None:
    page = presets_page()
    assert re.findall(r"(?m)^## (.+)$", page) == list(presets())
    assert presets()["tiny"].read_text().rstrip() in page
