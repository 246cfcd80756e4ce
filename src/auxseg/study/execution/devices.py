"""Which GPUs of this machine the workers of a study take, one each."""

from __future__ import annotations

import os
from itertools import cycle, islice

import torch

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""Says to CUDA which devices a process sees, and in which order. Read when a process first uses one."""


def devices_of(num_workers: int) -> list[str] | None:
    """What each worker gets as `VISIBLE`, round robin; ``None`` on a machine with one GPU or none, where all share.

    Devices are named as in the environment of this process (by number or UUID), which may hide some of them.
    """
    count = torch.cuda.device_count()
    if count < 2:
        return None
    named = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    devices = named[:count] if len(named) >= count else [str(number) for number in range(count)]
    return list(islice(cycle(devices), num_workers))
