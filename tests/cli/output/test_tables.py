"""Tables at 80 columns: headings whole, columns by rank, and what is missing is named."""

from __future__ import annotations

import io

import pytest

from auxseg.cli.output.tables import Column, print_table, short_names
from auxseg.cli.output.terminal import SafeConsole

FIGURES = [
    ("segmentation\niou_dataset", 0),
    ("segmentation\niou_image", 1),
    ("classification\naccuracy", 1),
    ("classification\nlog_loss", 2),
    ("box\niou", 1),
    ("box\nerror_in_pixels", 2),
]


def _shown(width: int, name: str = "mobilenet-unet", title: str | None = None) -> str:
    file = io.StringIO()
    columns = [Column("run", [name, "tiny"], 0, is_text=True)]
    columns += [Column(heading, ["0.1234", "0.5678"], rank) for heading, rank in FIGURES]
    print_table(SafeConsole(file=file, width=width), columns, title=title, more="metrics.json has them")
    return file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_headings_are_whole_and_columns_that_do_not_fit_are_named(width: int) -> None:
    lines = _shown(width).splitlines()
    table = [line for line in lines if line[:1] in "┃│"]
    assert max(map(len, lines)) <= width
    words = " ".join(table).replace("┃", " ").replace("│", " ").split()
    told = " ".join(" ".join(line.split()) for line in lines if line[:1] not in "┏┃┡│└")
    for heading, _ in FIGURES:
        task, figure = heading.split("\n")
        assert (task in words and figure in words) or f"{task}.{figure}" in told
    assert "segmentation" in words
    assert "iou_dataset" in words
    assert ("metrics.json has them" in told) == (width < 200)


def test_columns_of_the_highest_rank_go_first() -> None:
    told = " ".join(_shown(80).split()).partition("too narrow: ")[2]
    assert told == "classification.log_loss, box.error_in_pixels; metrics.json has them"


def test_a_name_that_fits_in_no_way_is_folded_and_not_lost() -> None:
    name = "runs-" * 30
    shown = "".join(line.split("│")[1].strip() for line in _shown(60, name).splitlines() if line.startswith("│"))
    assert name in shown


def test_cells_are_text() -> None:
    assert "[/b]\\x1b" in _shown(80, "[/b]\x1b", title="[unlabelled]")


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["runs/pets/a", "runs/pets/b/c"], ["a", "b/c"]),
        (["runs/pets/a"], ["runs/pets/a"]),
        (["a", "b"], ["a", "b"]),
        (["x/y", "x/y/z"], ["y", "y/z"]),
        (["runs/ab", "runs/ac"], ["ab", "ac"]),
        (["/data/runs/a", "other/b"], ["/data/runs/a", "other/b"]),
    ],
)
def test_paths_lose_the_folders_that_all_share(paths: list[str], expected: list[str]) -> None:
    assert short_names(paths) == expected
