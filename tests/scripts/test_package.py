"""What the trial of the package refuses, and what it links; the trial itself is `make package`."""

from __future__ import annotations

import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from auxseg.extras import EXTRAS
from scripts import package


def _wheel(folder: Path, names: list[str], requires: str = "") -> Path:
    path = folder / "auxseg-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
        archive.writestr("auxseg-1.dist-info/METADATA", f"Metadata-Version: 2.4\nName: auxseg\nVersion: 1\n{requires}")
    return path


def test_a_wheel_without_a_file_of_the_package_is_refused(tmp_path: Path) -> None:
    source = package.ROOT / "src"
    names = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]
    names = [name for name in names if "__pycache__" not in name and ".egg-info" not in name]
    assert "auxseg/py.typed" in names
    package.refuse_missing_files(_wheel(tmp_path, names))
    names.remove("auxseg/py.typed")
    with pytest.raises(SystemExit, match=r"missing \['auxseg/py.typed'\], unexpected \[\]"):
        package.refuse_missing_files(_wheel(tmp_path, names))
    with pytest.raises(SystemExit, match=r"unexpected \['tests/a.py'\]"):
        package.refuse_missing_files(_wheel(tmp_path, [*names, "auxseg/py.typed", "tests/a.py"]))


def test_extras_are_no_part_of_what_a_wheel_needs(tmp_path: Path) -> None:
    requires = "Requires-Dist: jinja2>=3\nRequires-Dist: fastapi; extra == 'serve'\n"
    found = [each.name.lower() for each in package.closure(_wheel(tmp_path, [], requires))]
    assert sorted(found) == ["jinja2", "markupsafe"]  # the second for the first


def test_what_is_required_but_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^no-such-thing>=2 is required but not installed here$"):
        package.closure(_wheel(tmp_path, [], "Requires-Dist: no-such-thing>=2\n"))


def test_distributions_are_linked_without_their_commands(tmp_path: Path) -> None:
    package.link([distribution("jinja2")], tmp_path)
    names = sorted(path.name.partition("-")[0] for path in tmp_path.iterdir())
    assert names == ["jinja2", "jinja2"]  # the package and its metadata
    assert (tmp_path / "jinja2" / "__init__.py").is_file()


def test_the_command_of_an_installed_wheel_is_its_entry_point(tmp_path: Path) -> None:
    wheel = tmp_path / "auxseg-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("auxseg_command.py", "def main() -> int:\n    print('called')\n    return 3\n")
        archive.writestr("auxseg-1.dist-info/METADATA", "Metadata-Version: 2.4\nName: auxseg\nVersion: 1\n")
        archive.writestr("auxseg-1.dist-info/entry_points.txt", "[console_scripts]\nauxseg = auxseg_command:main\n")
    package.install(wheel, tmp_path / "environment")
    assert package.run([tmp_path / "environment" / "bin" / "auxseg"], tmp_path, code=3).stdout == "called\n"


def test_every_extra_is_asked_for_that_no_dependency_brings() -> None:
    assert {*package.REFUSED, "hub"} == set(EXTRAS)
    requires = [Requirement(text).name for text in distribution("timm").requires or ()]
    assert "huggingface_hub" in [name.replace("-", "_") for name in requires]


def test_a_command_with_another_exit_code_ends_the_trial(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^false: exit code 1, expected 0"):
        package.run(["false"], tmp_path)
    assert package.run(["false"], tmp_path, code=1).returncode == 1
