"""The words that are known without importing the settings are those of the settings."""

from __future__ import annotations

from auxseg.recipe import Recipe
from auxseg.recipe.keys import settings_of
from auxseg.recipe.schema import fields
from auxseg.recipe.words import KEYS, MEANT, SECTIONS

SETTINGS = settings_of(Recipe)


def test_the_sections_are_the_fields_of_a_recipe() -> None:
    assert set(SECTIONS) == set(fields(Recipe))
    assert len(set(SECTIONS)) == len(SECTIONS)


def test_the_keys_of_the_sections_are_those_that_can_be_set() -> None:
    keys = [setting.key.split(".") for setting in SETTINGS]
    assert {section: {key[1] for key in keys if key[0] == section} for section in KEYS} == {
        section: set(known) for section, known in KEYS.items()
    }


def test_sections_without_keys_are_those_that_a_user_names_or_that_are_one_value() -> None:
    assert set(SECTIONS) - set(KEYS) == {"tasks", "target", "seed"}


def test_what_people_call_settings_leads_to_keys_that_exist() -> None:
    keys = {each.key for each in SETTINGS}
    assert [word for word, key in MEANT.items() if key not in keys] == []


def test_no_word_that_is_a_key_is_taken_for_another() -> None:
    assert [word for word in MEANT if word in SECTIONS] == []


def test_a_key_without_its_section_leads_to_itself() -> None:
    """``batch`` means ``training.batch``: it is what people type first."""
    for word, key in MEANT.items():
        sections = [section for section, known in KEYS.items() if word in known]
        places = [f"{section}.{word}" for section in sections]
        assert not places or any(key in (place, f"{place}.kind") for place in places)
