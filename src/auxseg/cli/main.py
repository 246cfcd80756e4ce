"""The `auxseg` command: reads the line, runs the command, turns errors into one sentence and an exit code."""

from __future__ import annotations

import functools
import inspect
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Union

import tyro

from auxseg.cli.bench import Bench
from auxseg.cli.command import Command, RecipeCommand, with_own_options_first
from auxseg.cli.completion import completion_command
from auxseg.cli.data import Convert, Download, Inspect, Join, Prepare, Synthesize
from auxseg.cli.data import Export as ExportData
from auxseg.cli.deploy.export import Export
from auxseg.cli.deploy.model import Card, Pack, Push
from auxseg.cli.deploy.serve import Serve
from auxseg.cli.evaluate import Evaluate
from auxseg.cli.examples import EXAMPLES, NOTES
from auxseg.cli.output.setting_words import refuse_settings_as_options
from auxseg.cli.output.terminal import flush_out, make_console, plain, shortened, silence, write_error, write_out
from auxseg.cli.predict import Predict
from auxseg.cli.presets import Presets
from auxseg.cli.report import Report
from auxseg.cli.settings import Settings
from auxseg.cli.study.command import Study
from auxseg.cli.train import Train
from auxseg.errors import InputError, RunError, Terminated
from auxseg.version import __version__

_DESCRIPTION = """Do auxiliary tasks make segmentation masks better? Train one network on masks together with cheaper
labels, measure honestly, and use the best model. `auxseg COMMAND --help` explains a command; `auxseg --version` prints
the version."""

_COMMANDS: dict[str, Any] = {
    "data": {
        "synthesize": Synthesize,
        "download": Download,
        "prepare": Prepare,
        "inspect": Inspect,
        "export": ExportData,
        "convert": Convert,
        "join": Join,
    },
    "presets": Presets,
    "settings": Settings,
    "train": Train,
    "study": Study,
    "evaluate": Evaluate,
    "predict": Predict,
    "export": Export,
    "report": Report,
    "model": {"pack": Pack, "push": Push, "card": Card},
    "serve": Serve,
    "bench": Bench,
}
_COMMANDS["completion"] = completion_command(_COMMANDS)
_REPEATABLE = ("--set", "--grid", "--plugins", "--allow-host")
"""Options that may be given several times, with one value or more each."""

_GROUPS = {
    "data": "Create, inspect and download data sets",
    "model": "Turn trained runs into model directories that others use without the data",
}
"""What the commands in a dictionary have in common."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 2 (refused), 1 (failed), 130 (Ctrl-C), 143 (SIGTERM)."""
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    finally:
        flush_out()


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        write_out(f"auxseg {__version__}")
        return 0
    try:
        refuse_settings_as_options(arguments)
    except InputError as error:
        _say(error)
        return 2
    try:
        command = _parse(arguments)
    except BrokenPipeError:  # the reader of the help has left, as in `| head`
        silence("stdout")
        return 0
    console = make_console()
    try:
        with _terminated_like_interrupted():
            if isinstance(command, RecipeCommand):
                command.run_plugins()
            result = command.run(console)
            if command.json and result is not None:
                write_out(json.dumps(result, indent=1))
    except KeyboardInterrupt as error:
        if os.environ.get("LOCAL_RANK", "0") == "0":  # of several processes on a machine, one speaks
            console.print(command.when_interrupted)
        return 143 if isinstance(error, Terminated) else 130
    except (InputError, RunError, OSError) as error:
        if command.debug:
            raise
        _say(error)
        return 2 if isinstance(error, InputError) else 1
    return 1 if result and result.get("failed") else 0


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM be an exception, like Ctrl-C, so that nothing is left half-written."""

    def end(number: int, frame: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _parse(arguments: list[str]) -> Command:
    """What was typed, as a command; tyro itself prints the help and what is wrong, and exits."""
    return tyro.cli(
        _union(_COMMANDS, arguments),
        prog="auxseg",
        description=_DESCRIPTION,
        args=functools.reduce(_join_repeated, _REPEATABLE, arguments or ["--help"]),
        config=(tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff),
    )


def _union(commands: dict[str, Any], asked: Sequence[str], path: str = "") -> Any:
    """The type that tyro reads one of these commands into; a dictionary is a command with commands of its own.

    A command that is ``asked`` for describes itself at length, the others in a line.
    """
    members = tuple(
        Annotated[
            _union(command, asked[1:], f"{path}{name} ")
            if isinstance(command, dict)
            else with_own_options_first(command),
            tyro.conf.subcommand(
                name, description=_description(command, f"{path}{name}", is_asked=asked[:1] == [name])
            ),
        ]
        for name, command in commands.items()
    )
    return Union[members]  # noqa: UP007  (made while running, for tyro)


def _description(command: Any, path: str, *, is_asked: bool) -> str:
    """A command's own description with its examples, or the first line of it."""
    if isinstance(command, dict):
        return f"{_GROUPS[path]}: {', '.join(command)}."
    text = inspect.cleandoc(command.__doc__)
    if not is_asked:
        return text.partition("\n")[0]
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    examples = "Examples:\n" + "\n".join(f"  {each}" for each in EXAMPLES[path])
    return "\n\n".join([*paragraphs, *([NOTES[path]] if path in NOTES else []), examples])


def _join_repeated(arguments: list[str], option: str) -> list[str]:
    """``--set a=1 --set b=2`` as ``--set a=1 b=2``."""
    joined: list[str] = []
    values: list[str] = []
    taking = False
    for argument in arguments:
        if argument == option:
            taking = True
        elif taking and not argument.startswith("--"):
            values.append(argument)
        else:
            taking = False
            joined.append(argument)
    return [*joined, option, *values] if values else arguments


def _say(error: Exception) -> None:
    """One sentence on standard error."""
    write_error(f"auxseg: {shortened(plain(_sentence(error)))}")


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
