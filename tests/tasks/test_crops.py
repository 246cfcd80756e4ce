"""Labels of whole images on windows: kept, or dropped where a window does not show the whole image."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from auxseg.data.loading.batch import join
from auxseg.data.sample import IGNORE, MISSING
from auxseg.tasks import ClassificationConfig, TagsConfig
from tests.tasks.examples import VOCABULARY, make_batch

PARTS = (True, False, True)


@pytest.mark.parametrize(("settings", "missing"), [(ClassificationConfig, MISSING), (TagsConfig, IGNORE)])
def test_windows_lose_their_labels_only_where_they_are_told_to(settings, missing) -> None:
    keep, drop = (settings(crops=crops).build("label", VOCABULARY) for crops in ("keep", "drop"))
    whole = make_batch(3)
    batch = replace(whole, parts=PARTS)
    torch.testing.assert_close(keep.target(batch), keep.target(whole))
    torch.testing.assert_close(drop.target(whole), keep.target(whole))
    dropped = drop.target(batch)
    assert (dropped[[0, 2]] == missing).all()
    torch.testing.assert_close(dropped[1], keep.target(whole)[1])
    assert [bool(count) for count in next(iter(drop.counts(dropped).values()))] == [False, True, False]


def test_batches_remember_which_of_their_images_are_windows() -> None:
    whole = make_batch(3)
    batch = replace(whole, parts=PARTS)
    assert join([batch, whole, batch.first(2)]).parts == (*PARTS, False, False, False, True, False)
    assert join([whole, whole]).parts == ()
    assert batch.to(torch.device("cpu")).parts == PARTS
