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
    Name the host of such a proxy with --allow-host, or its requests are refused.
    """

    when_interrupted: ClassVar[str] = "stopped"

    models: Positional[Annotated[tuple[Path, ...], optional("MODEL ...")]]
    """Run directories, model directories, models on a Hub (hf://OWNER/NAME), or exported files (.onnx)."""

    host: str = "127.0.0.1"
    """Address to listen at; 0.0.0.0 lets other machines in."""

    allow_host: Annotated[tuple[str, ...], optional("NAME ...")] = ()
    """Further host names that browsers call this server by, such as that of a proxy; without scheme and port.

    Pages of these hosts may send photographs, whatever their port."""

    port: int = 7860
    """Port; 0 takes a free one."""

    queue: int = 16
    """How many requests may wait; further ones are told to come back."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""

    threads: Annotated[int | None, optional("N")] = None
    """CPU threads (default: torch's choice)."""

    max_megabytes: float = 25
    """Largest upload; the image in it is held in memory while it waits."""

    max_megapixels: float = 50
    """Largest photograph."""

    timeout: float = 60
    """Seconds from the end of an upload to its answer, waiting included; an upload has as long, and at least 60."""

    def run(self, console: Console) -> None:
        """Serve until it is interrupted."""
        need_extra("serve", "auxseg serve")
        refuse_no_models(self.models)
        from auxseg.cli.output.terminal import write_out
        from auxseg.deploy.serving.hosts import allowed_hosts
        from auxseg.deploy.serving.limits import limits_of
        from auxseg.deploy.serving.server import address_elsewhere, address_of, end, hosts_of, listen, serve

        limits = limits_of(self.max_megabytes, self.max_megapixels, self.timeout, self.queue)
        allowed = allowed_hosts(self.allow_host)
        with listen(self.host, self.port) as listening:
            use_threads(self.threads)
            from auxseg.deploy.serving.app import create_app
            from auxseg.deploy.serving.models import open_models

            models = open_models(self.models, self.device)
            app, worker = create_app(models, limits, hosts=hosts_of(listening, allowed))
            try:
                address, elsewhere = address_of(listening), address_elsewhere(listening)
                others = f", for other machines at {elsewhere}" if elsewhere else ""
                line = f"serving {', '.join(models)} at {address}{others} (Ctrl-C stops)"
                console.print(line, markup=False, soft_wrap=True)
                if self.json:
                    write_out(f'{{"address": "{address}"}}')
                serve(app, worker, listening)
            finally:
                end(worker, console.print)
