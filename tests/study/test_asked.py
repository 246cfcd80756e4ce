"""A study asked from Python."""

from __future__ import annotations

from pathlib import Path

import auxseg
from auxseg.study.asked import StudyResult
from tests.study.small import SETTINGS, TOO_MUCH


def test_a_question_in_python_is_that_of_the_command(study: Path, store: Path) -> None:
    """All is done already, so nothing is trained."""
    settings = {key: value for key, _, value in (each.partition("=") for each in SETTINGS)}
    found = auxseg.study(
        base="tiny",
        auxiliaries=["classification", "box", "edges"],
        weights={"classification": 0.0, "edges": TOO_MUCH},
        design="each",
        seeds=2,
        settings=settings,
        data=str(store),
        out=str(study),
    )
    assert isinstance(found, StudyResult)
    assert found.directory == study
    assert found.verdicts["classification"] == "no meaningful difference"
    assert found.verdicts == {arm["name"]: arm["verdict"] for arm in found.values["answers"][0]["arms"]}
    assert len(found.sentences) == 3
    assert repr(found).startswith(f"StudyResult({str(study)!r}, classification: no meaningful difference; box: ")
    assert len(repr(found)) < 250
