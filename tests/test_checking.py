"""What the suite itself stands on: a wrong shape raises, and only signatures with shapes are wrapped."""

from __future__ import annotations

import jaxtyping
import pytest
import torch

from auxseg.files import write_atomically
from auxseg.tasks.losses import box
from tests.checking import names_shapes

Row = jaxtyping.Float[torch.Tensor, " N"]


class Both:
    @staticmethod
    def shaped(values: Row) -> None:
        """Take an alias of a shape."""

    @property
    def plain(self) -> int:
        return 1


def test_a_wrong_shape_raises() -> None:
    with pytest.raises(jaxtyping.TypeCheckError, match="N 4"):
        box.giou(torch.zeros(2, 3), torch.zeros(2, 3))


def test_aliases_and_wrapped_functions_are_looked_into() -> None:
    assert names_shapes(box.giou)
    assert names_shapes(vars(Both)["shaped"])
    assert not names_shapes(vars(Both)["plain"])


def test_signatures_without_shapes_are_left_alone() -> None:
    assert not hasattr(write_atomically, "__wrapped__")
    assert hasattr(box.giou, "__wrapped__")
