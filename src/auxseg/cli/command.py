"""What every command has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, kw_only=True)
class Command(ABC):
    """A command line, read and typed."""

    when_interrupted: ClassVar[str] = "interrupted; nothing half-written was left"

    json: bool = False
    """Print the result as JSON on standard output."""

    debug: bool = False
    """Show where in the code an error came from."""

    @abstractmethod
    def run(self, console: Console) -> dict[str, Any] | None:
        """Do it; talk to a person through the console (standard error) and return the result, if there is one.

        A result with ``"failed"`` that is not empty makes the command exit with 1.
        """
