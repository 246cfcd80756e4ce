"""Packages that are also the function of their name: ``auxseg.report`` holds modules, ``auxseg.report(...)`` reports.

Python binds a package in the package around it as soon as anything in it is imported, in the place of a function of
that name. So the package itself is what is called, whatever was imported before.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from types import ModuleType
from typing import Any


def let_be_called(package: str, home: str) -> None:
    """Let ``package`` be called as the function of its name in the module ``home``, which is imported when it is."""
    name = package.rpartition(".")[2]

    class CallablePackage(ModuleType):
        def __call__(self, *arguments: Any, **options: Any) -> Any:
            return getattr(importlib.import_module(home), name)(*arguments, **options)

        @property
        def __signature__(self) -> inspect.Signature:
            return inspect.signature(getattr(importlib.import_module(home), name))

    sys.modules[package].__class__ = CallablePackage
