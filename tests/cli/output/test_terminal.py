"""Outside text in a terminal: text, never markup or an escape code; and readers that leave early."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from auxseg.cli.main import main
from auxseg.cli.output.terminal import SafeConsole, make_console, plain, plain_lines, shortened

EVIL = "[unlabelled] [/b] [link=http://x]y :dog: \x1b[2J\x1b]0;title\x07 \x9b31m \u202egnp.exe"


def _console(*, terminal: bool = False) -> tuple[SafeConsole, io.StringIO]:
    file = io.StringIO()
    return SafeConsole(file=file, width=200, force_terminal=terminal, highlight=False), file


@pytest.mark.parametrize("part", ["x" * 50_000, "x, " * 20_000])
def test_an_error_of_any_length_is_read_to_its_end(part: str) -> None:
    said = shortened(f"labels.csv has the column {part}, which is none; take it out")
    assert len(said) < 1600
    assert said.startswith("labels.csv has the column x")
    assert said.endswith("x, which is none; take it out" if " " not in part else ", which is none; take it out")
    assert shortened("short; do this") == "short; do this"


def test_a_damaged_value_makes_no_long_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "labels.csv").write_text(",".join(["id", "breed", *["x"] * 3000]) + "\n")
    (tmp_path / "images" / "a.png").touch()
    assert main(["data", "prepare", "folder", str(tmp_path), "--out", str(tmp_path / "s.h5")]) == 2
    assert len(capsys.readouterr().err) < 1600


def test_plain_writes_control_characters_out() -> None:
    assert plain("a\x1b[31mb\nc\td") == "a\\x1b[31mb\\nc\\td"
    assert plain("\u202e\x9b\udcff") == "\\u202e\\x9b\\udcff"
    assert plain("Größe 山 é.png") == "Größe 山 é.png"
    assert plain_lines("a\n\tb\x07") == "a\n\tb\\x07"


def test_strings_are_text_wherever_a_console_takes_them() -> None:
    console, file = _console()
    table = Table(title=EVIL)
    table.add_column(EVIL)
    table.add_row(EVIL)
    console.print(EVIL)
    console.print(table)
    console.print(EVIL, markup=True)
    shown = file.getvalue()
    assert shown.count("[unlabelled] [/b] [link=http://x]y :dog: \\x1b[2J\\x1b]0;title\\x07 \\x9b31m \\u202egnp") == 5
    assert not set("\x1b\x07\x9b\u202e") & set(shown)


def test_a_spinner_takes_text(capsys: pytest.CaptureFixture[str]) -> None:
    console, file = _console(terminal=True)
    with console.status(EVIL):
        pass
    assert "[unlabelled] [/b]" in file.getvalue()
    assert "\x1b]0;title" not in file.getvalue()


def test_an_error_names_a_file_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", f"runs/{EVIL}"]) == 2
    shown = capsys.readouterr().err
    assert "[unlabelled] [/b]" in shown
    assert shown.count("\n") == 1
    assert "\x1b" not in shown


def test_logs_are_not_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert make_console().width == 160
    monkeypatch.setenv("COLUMNS", "70")
    assert make_console().width == 70


def _read_by(reader: str, command: str) -> subprocess.CompletedProcess[str]:
    script = f"{sys.executable} -m auxseg {command} | {reader}; exit ${{PIPESTATUS[0]}}"
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["presets --json", "presets", "--help", "train --help"])
def test_a_reader_that_leaves_early_ends_nothing_with_a_traceback(command: str) -> None:
    result = _read_by("true", command)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_reader_of_messages_that_leaves_early_does_not_end_the_work(tmp_path: Path) -> None:
    out = tmp_path / "animals.h5"
    command = f"data synthesize --out {out} --samples 10 --size 32 --processes 1 2>&1"
    assert _read_by("true", command).returncode == 0
    assert out.is_file()


def test_a_console_falls_silent_when_nobody_reads() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as file:
        console = SafeConsole(file=file, highlight=False)
        for _ in range(3):
            console.print("x" * 1000)
        assert console.quiet
        console.print("y")
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_result_that_cannot_be_written_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "auxseg", "presets", "--json"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, "auxseg: No space left on device\n")


def test_closed_streams_are_no_error() -> None:
    script = (
        f"{sys.executable} -m auxseg presets >&- 2>&-; echo $?; {sys.executable} -m auxseg presets nn >&- 2>&-; echo $?"
    )
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("0\n2\n", "")
