"""What every source promises beside its samples."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from auxseg.data.sample import Sample
from auxseg.data.sources import SOURCES, open_source
from auxseg.data.sources.rooms import RoomsSource
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.errors import InputError, RunError
from tests.data.pictures import draw_sample

EVERY = [*SOURCES.values(), SyntheticSource, RoomsSource]


class Two(Source):
    """As little as a source may be."""

    name = "two"
    mask_classes = ("background", "thing")

    def items(self) -> list[Item]:
        return [Item("a", "train"), Item("b")]

    def read(self, item: Item) -> Sample:
        return draw_sample(int(item.id == "b"))

    def provenance(self) -> dict[str, str]:
        return {"name": self.name}


@pytest.mark.parametrize("missing", ["items", "read", "provenance"])
def test_a_source_without_one_of_its_parts_cannot_be_made(missing):
    parts: dict[str, Any] = {name: each for name, each in vars(Two).items() if name != missing}
    broken: Any = type("Broken", (Source,), parts)
    with pytest.raises(TypeError, match=missing):
        broken()


def test_a_source_that_says_nothing_more_has_a_background_and_no_settings():
    source = Two()
    assert source.has_background
    assert not source.box_from_mask
    assert (source.category_ids, source.remarks, source.options) == ((), (), frozenset())


@pytest.mark.parametrize("source", EVERY)
def test_sources_have_names_of_their_own_and_all_parts(source):
    assert [each.name for each in EVERY].count(source.name) == 1
    assert not source.__abstractmethods__
    assert source.__doc__


@pytest.mark.parametrize("name", SOURCES)
def test_a_setting_that_a_source_does_not_have_is_refused_with_those_that_have_it(name):
    with pytest.raises(InputError, match=f"^nonsense is a setting of no source; {name} has none$"):
        open_source(name, "nowhere", nonsense=1)
    for option in {each for source in SOURCES.values() for each in source.options} - SOURCES[name].options:
        having = ", ".join(each for each, source in SOURCES.items() if option in source.options)
        with pytest.raises(InputError, match=f"^{option} is a setting of {having}; {name} has none$"):
            open_source(name, "nowhere", **{option: None})


@pytest.mark.parametrize("name", SOURCES)
def test_a_folder_that_is_not_there_is_refused_and_named(name, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        open_source(name, tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"^path: expected a path"):
        open_source(name, "")


def test_an_unknown_source_is_refused_with_all_that_there_are():
    with pytest.raises(InputError, match=r"^unknown source 'imagenet'; there are: oxford-iiit-pet, split-h5, folder, "):
        open_source("imagenet", "nowhere")


def test_items_are_values():
    assert Item("a") == Item("a", None)
    assert len({Item("a", "train"), Item("a", "train"), Item("a", "val"), Item("a")}) == 3
    assert pickle.loads(pickle.dumps(Item("a", "test"))) == Item("a", "test")


def test_a_bad_sample_is_neither_the_end_of_a_run_nor_of_its_input():
    """So that what leaves out one sample never hides a refusal of the whole data set."""
    assert issubclass(SampleError, ValueError)
    assert not issubclass(SampleError, InputError | RunError)
    assert not issubclass(InputError, SampleError)
    assert str(pickle.loads(pickle.dumps(SampleError("it is torn")))) == "it is torn"
