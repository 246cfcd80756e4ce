"""Errors say who can mend them, by their kind, in whatever process they were raised."""

from __future__ import annotations

import pickle
from collections.abc import Iterable

import pytest

from auxseg.errors import DivergedError, InputError, RunError, Terminated, first_line, nearest


def test_what_a_user_gave_and_what_a_run_met_are_never_the_same() -> None:
    assert issubclass(InputError, ValueError)
    assert issubclass(RunError, RuntimeError)
    assert not issubclass(InputError, RunError)
    assert not issubclass(RunError, InputError)


def test_a_divergence_is_a_failure_that_can_be_told_from_the_others() -> None:
    with pytest.raises(RunError):
        raise DivergedError("the loss of step 3 is nan")
    assert not isinstance(RunError("the disk is full"), DivergedError)


def test_a_signal_passes_by_those_who_catch_errors() -> None:
    """What cleans up after Ctrl-C cleans up after SIGTERM, and no `except Exception` keeps a process alive."""
    assert issubclass(Terminated, KeyboardInterrupt)
    assert not issubclass(Terminated, Exception)


@pytest.mark.parametrize("kind", [InputError, RunError, DivergedError, Terminated])
def test_errors_travel_between_processes_with_kind_and_sentence(kind: type[BaseException]) -> None:
    error = pickle.loads(pickle.dumps(kind("data.size is 3: expected at least 16")))
    assert type(error) is kind
    assert str(error) == "data.size is 3: expected at least 16"


def test_an_error_of_a_library_is_told_by_its_first_line() -> None:
    assert first_line(KeyError()) == "KeyError"
    assert first_line(ValueError("\nfirst\nsecond")) == "first"
    assert first_line(ValueError("a" * 300)) == "a" * 200


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("widht", ["width", "depth"], " (did you mean 'width'?)"),
        ("width", [], ""),
        ("zzz", ["width", "depth"], ""),
        ("box", {"boxes": 1, "box2": 2}, " (did you mean 'box2'?)"),
    ],
)
def test_the_nearest_word_is_named_if_one_is_near(word: str, known: Iterable[str], hint: str) -> None:
    assert nearest(word, known) == hint
