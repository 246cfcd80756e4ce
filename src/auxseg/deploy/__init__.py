"""What leaves the laboratory: model directories, exported networks, the served page.

A room above `run`: it reads trained models and writes what others use without the training data. ``pack`` is loaded
when it is first used, because commands that are refused at once import this package too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auxseg.deploy.packing import pack

__all__ = ["pack"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'auxseg.deploy' has no attribute {name!r}")
    from auxseg.deploy.packing import pack

    return pack
