"""Values that are made when they are asked for."""

from __future__ import annotations

from auxseg.run.prediction.lazily import Lazily


def test_a_value_is_made_when_it_is_asked_for() -> None:
    made: list[str] = []
    values = Lazily({name: lambda name=name: made.append(name) or len(made) for name in "ab"})
    assert (len(values), list(values), made) == (2, ["a", "b"], [])
    assert values["b"] == 1
    assert values["b"] == 2
    assert made == ["b", "b"]
