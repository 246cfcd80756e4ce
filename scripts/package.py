"""Builds the sdist, the wheel from the sdist, and tries the wheel where nothing but its dependencies is installed.

    .venv/bin/python scripts/package.py

`make package` runs it. Both files are left in ``dist/``. Nothing is downloaded: what the wheel depends on is linked
from the environment that runs this, so the trial has neither the extras nor the tools for development.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, PathDistribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
_QUICK = "--set training.steps=2 training.precision=fp32 training.channels_last=false"
TRIED = (
    "presets",
    "data synthesize --out a.h5 --samples 40 --size 32",
    f"train tiny --data a.h5 --out run {_QUICK}",
    f"study --base tiny --auxiliaries box --design each --seeds 2 --threads 1 --data a.h5 --out study {_QUICK}",
    "model pack run --out model",
)
REFUSED = {
    "export": "export run --out run.onnx",
    "openvino": "export run --format openvino --out run.xml",
    "parquet": "data prepare index table.parquet --out b.h5",
    "ray": "study --base tiny --auxiliaries box --data a.h5 --ray local",
    "serve": "serve run",
    "tensorboard": "train tiny --data a.h5 --out other --tensorboard",
}
"""Commands that need an extra. None for hub, since timm brings huggingface_hub."""
_COMMAND = """#!{python}
import sys
from importlib.metadata import entry_points

if __name__ == "__main__":  # processes that are started import this file again
    (command,) = entry_points(group="console_scripts", name="auxseg")
    sys.exit(command.load()())
"""


def main() -> None:
    """Build and try. Raises `SystemExit` with one sentence for what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        sdist = build("sdist", ROOT)
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        wheel = build("wheel", Path(folder) / sdist.name.removesuffix(".tar.gz"))
        refuse_missing_files(wheel)
        environment = Path(folder) / "environment"
        install(wheel, environment)
        try_commands(environment / "bin" / "auxseg", Path(folder))
    print(f"{sdist.relative_to(ROOT)} and {wheel.relative_to(ROOT)} are built; the wheel was tried")


def build(target: str, source: Path) -> Path:
    """Let hatchling build the ``target`` from ``source`` into ``dist/``; returns the file."""
    run([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", DIST], source)
    ending = ".tar.gz" if target == "sdist" else "-py3-none-any.whl"
    return DIST / f"auxseg-{read_version()}{ending}"


def refuse_missing_files(wheel: Path) -> None:
    """Raise `SystemExit` if the wheel lacks a file of the package, such as a preset, a template or ``py.typed``."""
    tracked = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "src/auxseg"], ROOT).stdout
    expected = {name.removeprefix("src/") for name in tracked.splitlines() if (ROOT / name).exists()}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if not name.split("/")[0].endswith(".dist-info")}
    if packed != expected:
        raise SystemExit(f"{wheel.name}: missing {sorted(expected - packed)}, unexpected {sorted(packed - expected)}")


def install(wheel: Path, environment: Path) -> None:
    """Make an environment of this Python with the wheel and, by links, all that the wheel depends on."""
    venv.create(environment)
    packages = next(environment.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)  # all that an installer does with a wheel of nothing but Python, beside commands
    link(closure(wheel), packages)
    command = environment / "bin" / "auxseg"
    command.write_text(_COMMAND.format(python=environment / "bin" / "python"))
    command.chmod(0o755)


def link(distributions: Iterable[Distribution], target: Path) -> None:
    """Link the folders and modules of the ``distributions`` into a folder of packages."""
    for each in distributions:
        for first in {file.parts[0] for file in each.files or ()} - {"..", "__pycache__"}:
            if not (target / first).exists():
                (target / first).symlink_to(Path(str(each.locate_file(first))))


def closure(wheel: Path) -> list[Distribution]:
    """What the wheel requires without its extras, to any depth. Raises `SystemExit` for what is not installed here."""
    metadata = next(path for path in zipfile.Path(wheel).iterdir() if path.name.endswith(".dist-info"))
    waiting, found = required(PathDistribution(metadata), frozenset()), dict[tuple[str, frozenset[str]], Distribution]()
    while waiting:
        each = waiting.pop()
        key = canonicalize_name(each.name), frozenset(each.extras)
        if key not in found:
            try:
                found[key] = distribution(each.name)
            except PackageNotFoundError:
                raise SystemExit(f"{each} is required but not installed here") from None
            waiting += required(found[key], key[1])
    return list(found.values())


def required(of: Distribution, extras: frozenset[str]) -> list[Requirement]:
    """What a distribution requires on this system with some of its extras."""
    every = [Requirement(text) for text in of.requires or ()]
    given = [{"extra": extra} for extra in extras or {""}]
    return [each for each in every if each.marker is None or any(map(each.marker.evaluate, given))]


def try_commands(auxseg: Path, folder: Path) -> None:
    """Run what a newcomer runs first, and ask for what only an extra brings."""
    version = run([auxseg, "--version"], folder).stdout.strip()
    if version != f"auxseg {read_version()}":
        raise SystemExit(f"auxseg --version says {version!r}, src/auxseg/version.py {read_version()!r}")
    for command in TRIED:
        run([auxseg, *command.split()], folder)
    for extra, command in REFUSED.items():
        refused = run([auxseg, *command.split()], folder, code=2).stderr
        if f"auxseg[{extra}]" not in refused:
            raise SystemExit(f"auxseg {command} does not name the extra {extra}: {refused}")


def read_version() -> str:
    """The version that the source says."""
    return runpy.run_path(str(ROOT / "src" / "auxseg" / "version.py"))["__version__"]


def run(command: Sequence[str | Path], folder: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command that has to end with ``code``; it sees no other packages. Raises `SystemExit` if it does not."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != code:
        words = " ".join(map(str, command))
        raise SystemExit(f"{words}: exit code {done.returncode}, expected {code}\n{done.stdout}{done.stderr}")
    return done


if __name__ == "__main__":
    main()
