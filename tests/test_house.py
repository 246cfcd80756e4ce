"""Every room is a package of its own, and none holds so many files that nobody finds one."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAX_LINES = 300
ROOMS = sorted({path.parent for path in (ROOT / "src" / "auxseg").rglob("*.py")})


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(ROOT / "src").as_posix())
def test_a_room_is_a_package_of_at_most_fifteen_files(room: Path) -> None:
    assert (room / "__init__.py").is_file()
    assert len(list(room.glob("*.py"))) <= 15


def test_no_module_is_long() -> None:
    """One idea, one file."""
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / "src" / "auxseg").rglob("*.py")}
    assert [str(path) for path, length in lengths.items() if length > MAX_LINES] == []


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")


def _imported(node: ast.AST, modules: Mapping[str, Path]) -> Iterator[str]:
    """What is imported at any depth, in functions too, but for types alone: as modules of ours, the root included."""
    match node:
        case ast.If() if "TYPE_CHECKING" in ast.unparse(node.test):
            children = iter(node.orelse)
        case ast.Import():
            children = iter(())
            yield from (alias.name for alias in node.names if alias.name in modules)
        case ast.ImportFrom():
            children = iter(())
            assert node.level == 0
            module = node.module or ""
            found = {f"{module}.{alias.name}" for alias in node.names}
            yield from found & modules.keys()
            if module == "auxseg" or (module in modules and not found <= modules.keys()):
                yield module
        case _:
            children = ast.iter_child_nodes(node)
    for child in children:
        yield from _imported(child, modules)


def _import_graph() -> dict[str, set[str]]:
    modules = {_module(path): path for path in (ROOT / "src" / "auxseg").rglob("*.py")}
    return {name: set(_imported(ast.parse(path.read_text()), modules)) for name, path in modules.items()}


def test_imports_make_no_circle() -> None:
    """One that a lazy import hides is a circle still: neither file can be understood without the other."""
    try:
        TopologicalSorter(_import_graph()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_module_imports_the_root() -> None:
    assert [name for name, imported in _import_graph().items() if "auxseg" in imported] == []


def test_no_source_is_ignored() -> None:
    """What git ignores, a clone lacks, and so does what pip builds."""
    command = ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "--", "src", "tests"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"git cannot tell what it ignores here: {done.stderr.strip()}")
    assert [path for path in done.stdout.splitlines() if "__pycache__" not in path and ".egg-info" not in path] == []


def test_the_picture_of_the_house_has_every_room_and_no_other() -> None:
    picture = (ROOT / "docs" / "pictures" / "house.svg").read_text()
    rooms = [room.name for room in ROOMS if room.parent.name == "auxseg"]
    files = [path.name for path in (ROOT / "src" / "auxseg").glob("*.py") if not path.name.startswith("__")]
    assert len(rooms) >= 14
    drawn = re.findall(r"[a-z_]+(?:/|\.py)", " ".join(re.findall(r">([^<]+)<", picture)))
    assert sorted(drawn) == sorted([*files, *(f"{name}/" for name in rooms)])


def test_every_layer_of_imports_exists() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    for contract in contracts:
        for container in contract.get("containers", []):
            folder = ROOT / "src" / Path(*container.split("."))
            layers = re.findall(r"\w+", " ".join(contract["layers"]))
            assert [name for name in layers if not [*folder.glob(f"{name}.py"), *folder.glob(name)]] == []


def test_no_message_shows_the_name_of_a_value_in_braces() -> None:
    """What a string without its f would do."""
    forgotten = []
    for path in (ROOT / "src" / "auxseg").rglob("*.py"):
        raised = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Raise))
        texts = (node.value for each in raised for node in ast.walk(each) if isinstance(node, ast.Constant))
        forgotten += [text for text in texts if isinstance(text, str) and re.search(r"\{[a-z_][\w.]*(:[^}]*)?\}", text)]
    assert forgotten == []
