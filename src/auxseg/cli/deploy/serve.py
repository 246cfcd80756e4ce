"""`auxseg serve`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, final

from tyro.conf import Positional

from auxseg.cli.command import RecipeCommand, optional, use_threads
from auxseg.cli.refusals import refuse_no_models
from auxseg.extras import need_extra

if TYPE_CHECKING:
    from rich.console import Console


@final
@dataclass(frozen=True)
class Serve(RecipeCommand):
    """Serve trained models as a web page and an HTTP interface.

    The page takes a photograph and shows what every task of every model says. POST /v1/predict answers the same as
    JSON or PNG; the page /docs describes it. Nothing is loaded from the internet. Only this machine is served unless
    --host names an address that others reach: there is no password, so put a server that asks for one ahead of it.
    """

    when_interrupted: ClassVar[str] = "stopped"

    models: Positional[Annotated[tuple[Path, ...], optional("MODEL ...")]]
    """Run directories, model directories, models on a Hub (hf://OWNER/NAME), or exported files (.onnx)."""

    host: str = "127.0.0.1"
    """Address to listen at; 0.0.0.0 lets other machines in."""

    port: int = 7860
    """Port; 0 takes a free one."""

    queue: int = 16
    """How many requests may wait; further ones are told to come back."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""

    threads: Annotated[int | None, optional("N")] = None
    """CPU threads (default: torch's choice)."""

    max_megabytes: float = 25
    """Largest upload."""

    max_megapixels: float = 50
    """Largest photograph."""

    timeout: float = 60
    """Seconds within which a request is answered."""

    def run(self, console: Console) -> None:
        """Serve until it is interrupted."""
        need_extra("serve", "auxseg serve")
        refuse_no_models(self.models)
        from auxseg.cli.output.terminal import write_out
        from auxseg.deploy.serving.limits import MEGABYTE, MEGAPIXEL, Limits
        from auxseg.deploy.serving.server import address_of, end, hosts_of, listen, serve

        limits = Limits(
            bytes=int(self.max_megabytes * MEGABYTE),
            pixels=int(self.max_megapixels * MEGAPIXEL),
            seconds=self.timeout,
            waiting=self.queue,
        )
        with listen(self.host, self.port) as listening:
            use_threads(self.threads)
            from auxseg.deploy.serving.app import create_app
            from auxseg.deploy.serving.models import open_models

            models = open_models(self.models, self.device)
            app, worker = create_app(models, limits, hosts=hosts_of(listening))
            try:
                address = address_of(listening)
                console.print(f"serving {', '.join(models)} at {address} (Ctrl-C stops)", markup=False, soft_wrap=True)
                if self.json:
                    write_out(f'{{"address": "{address}"}}')
                serve(app, worker, listening)
            finally:
                end(worker, console.print)
