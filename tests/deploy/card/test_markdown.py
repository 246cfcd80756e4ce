"""Outside text is shown in Markdown, and does nothing else."""

from __future__ import annotations

import pytest

from auxseg.deploy.card.markdown import escaped, plain, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("american_bulldog", r"american\_bulldog"),
        ("<script>", "&lt;script&gt;"),
        ("a & b", "a &amp; b"),
        ("a|b", r"a\|b"),
        ("[a](b)", r"\[a\](b)"),
        ("`x` *y* ~z~ #w", r"\`x\` \*y\* \~z\~ \#w"),
        ("a\\b", r"a\\b"),
        ("two\n\n# lines", r"two \# lines"),
        ("\x1b[31mred", "\N{REPLACEMENT CHARACTER}\\[31mred"),
        ("x" * 400, "x" * 300),
    ],
)
def test_nothing_from_outside_is_markup(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_half_of_a_character_becomes_one_that_files_can_hold() -> None:
    assert plain("a\udcffb").encode() == b"a?b"


def test_a_row_of_a_table_stays_one_row() -> None:
    assert table(("A", "B"), [("1", "x | y"), ("2", "z\n| 3 |")]).splitlines() == [
        "| A | B |",
        "| --- | --- |",
        r"| 1 | x \| y |",
        r"| 2 | z \| 3 \| |",
    ]
