"""`auxseg model`: pack, push, card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, final

from tyro.conf import Positional

from auxseg.cli.command import RecipeCommand, optional
from auxseg.cli.output.terminal import write_out
from auxseg.cli.refusals import refuse_no_model_directory, refuse_no_runs
from auxseg.extras import need_extra

if TYPE_CHECKING:
    from rich.console import Console


@final
@dataclass(frozen=True, kw_only=True)
class Pack(RecipeCommand):
    """Write the model of a run into a directory that others use without the training data.

    It holds model.safetensors, config.json (size, normalisation, classes and tasks in plain words) and README.md, a
    model card with the run's figures. No path of this machine is in it. predict, evaluate and `auxseg.load` take it.
    """

    run_directory: Positional[Annotated[Path, optional("RUN")]]
    """The run directory."""

    out: Path
    """The directory to write."""

    overwrite: bool = False
    """Replace an earlier model directory."""

    def run(self, console: Console) -> dict[str, object]:
        """Pack it and say what is there."""
        refuse_no_runs([self.run_directory])
        from auxseg.deploy.packing import pack
        from auxseg.run.packed.description import read_description

        out = pack(self.run_directory, self.out, overwrite=self.overwrite)
        found = read_description(out)
        megabytes = found.weights.bytes / 1e6
        console.print(f"model: {out}   step {found.step:,}, {megabytes:.1f} MB", markup=False, soft_wrap=True)
        return {
            "model": str(out),
            "step": found.step,
            "bytes": found.weights.bytes,
            "sha256": found.weights.sha256,
            "parameters": found.weights.parameters,
        }


@final
@dataclass(frozen=True, kw_only=True)
class Push(RecipeCommand):
    """Upload a packed model to a Hub, after it was checked.

    The repository is created if it does not exist. Only model.safetensors, config.json and README.md are sent. A token
    is taken from HF_TOKEN or from `hf auth login`; HF_ENDPOINT names another Hub.
    """

    directory: Positional[Annotated[Path, optional("DIR")]]
    """The model directory, as `auxseg model pack` wrote it."""

    repository: Positional[Annotated[str, optional("REPO")]]
    """OWNER/NAME on the Hub."""

    private: bool = False
    """Let only its owner see a repository that is created."""

    revision: Annotated[str | None, optional("BRANCH")] = None
    """The branch to upload to; created if it does not exist (default: the main one)."""

    def run(self, console: Console) -> dict[str, object]:
        """Upload it and say where it is."""
        need_extra("hub", "auxseg model push")
        refuse_no_model_directory(self.directory)
        from auxseg.deploy.pushing import push

        pushed = push(self.directory, self.repository, private=self.private, revision=self.revision)
        console.print(f"pushed: {pushed.url}", markup=False, soft_wrap=True)
        console.print(f"use it: auxseg predict {pushed.address} photos --out masks", markup=False, soft_wrap=True)
        return {"url": pushed.url, "address": pushed.address, "commit": pushed.commit}


@final
@dataclass(frozen=True, kw_only=True)
class Card(RecipeCommand):
    """Print the model card that pack writes, in Markdown."""

    run_directory: Positional[Annotated[Path, optional("RUN")]]
    """The run directory."""

    def run(self, console: Console) -> dict[str, object]:
        """Print it, or give it as JSON."""
        refuse_no_runs([self.run_directory])
        from auxseg.deploy.packing import model_card

        text = model_card(self.run_directory)
        if not self.json:
            write_out(text.rstrip("\n"))
        return {"card": text}
