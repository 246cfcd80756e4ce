"""`auxseg report`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from auxseg.cli.command import RecipeCommand, optional
from auxseg.cli.output_checks import refuse_existing
from auxseg.cli.refusals import refuse_no_runs
from auxseg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Report(RecipeCommand):
    """Write one self-contained HTML page about one run, comparing several, or about a study, finished or not."""

    runs: Positional[Annotated[tuple[Path, ...], optional("RUN ...")]]
    """Run directories, a folder with runs in it, or the directory of one study."""

    out: Annotated[Path | None, optional("PATH")] = None
    """The page (default: report.html in the run or study directory, or in the nearest that holds them all)."""

    images: Annotated[tuple[str, ...], optional("ID ...")] = ()
    """Samples by their ids, on which the runs' attention is drawn (default: the first of the validation split)."""

    overwrite: bool = False
    """Replace OUT if it exists; the default page always shows the latest state."""

    def run(self, console: Console) -> dict[str, object]:
        """Write the page and say where it is."""
        if not self.runs:
            raise InputError("report needs at least one run directory")
        if self.out is not None:
            refuse_existing(self.out, overwrite=self.overwrite)
        refuse_no_runs(self.runs)
        from auxseg.report import is_study, report, runs_in, study_page

        studies = [path for path in self.runs if is_study(path)]
        if studies and len(self.runs) > 1:
            raise InputError(f"report: {studies[0]} is a study and has its own page; give it alone")
        if studies and self.images:
            raise InputError(f"report: {studies[0]} is a study, whose page shows no attention; leave out --images")
        if studies:
            page = study_page(studies[0], self.out)
        else:
            runs = list(dict.fromkeys(run for path in self.runs for run in runs_in(path)))
            self._inspect(runs)
            page = report(runs, self.out)
        console.print(f"report: {page}", markup=False)
        return {"report": str(page)}

    def _inspect(self, runs: list[Path]) -> None:
        """Draw the attention that the pages show, where other photographs are asked for."""
        if self.images:
            from auxseg.run import Run, inspect

            for path in runs:
                inspect(Run.open(path), self.images)
