"""Devices, processes and precision; the only file that knows Lightning Fabric."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Literal, TypeVar, final

import torch
import torch.distributed as dist
from torch import Tensor, nn

from auxseg.errors import InputError, RunError
from auxseg.processes import forget_peak_memory, peak_memory_bytes

_Value = TypeVar("_Value")

# Fabric imports TorchMetrics, where it is installed, only to compare its version: three seconds of every training.
_HIDDEN: Final = "torchmetrics"
if _hides := _HIDDEN not in sys.modules:
    sys.modules[_HIDDEN] = None  # pyright: ignore[reportArgumentType]
try:
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.launchers import subprocess_script
finally:
    if _hides:
        del sys.modules[_HIDDEN]

LOST: Final = (
    "another process of this training was killed, possibly out of memory. Run the same command with --resume to "
    "continue from the last checkpoint"
)
_GRACE_SECONDS: Final = 60.0
_parent: Final = os.getppid()

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["fp32", "bf16"]


@final
class Runtime:
    """One process's place among all that train together, and the device it trains on.

    Started by ``torchrun``, the number of processes and nodes is taken from it; otherwise ``devices`` processes are
    started on this machine by `launch`, each running the same command. There is no wrapper around the network:
    whoever has gradients to add up calls `add`.
    """

    def __init__(self, device: Device = "auto", devices: int = 1) -> None:
        if devices < 1:
            raise InputError(f"--devices {devices}: expected 1 or more")
        if device == "cuda" and not torch.cuda.is_available():
            raise InputError("--device cuda: no CUDA device was found on this machine; use --device cpu")
        accelerator = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
        if accelerator == "cuda" and devices > torch.cuda.device_count():
            raise InputError(f"--devices {devices}: this machine has {torch.cuda.device_count()} CUDA device(s)")
        local, world = (int(os.environ.get(name, "0")) for name in ("LOCAL_WORLD_SIZE", "WORLD_SIZE"))
        num_nodes = max(world // local, 1) if local else 1
        devices = local or devices
        strategy = "ddp" if devices * num_nodes > 1 else "auto"
        self._fabric = Fabric(accelerator=accelerator, devices=devices, num_nodes=num_nodes, strategy=strategy)

    def launch(self) -> None:
        """Start the other processes, if there are any, and meet them."""
        subprocess_script._ChildProcessObserver._terminate_all = _end_if_stuck  # pyright: ignore[reportPrivateUsage]
        self._fabric.launch()
        if self.num_processes > 1:
            # A thread of the group that lets go of its last message while the interpreter ends aborts the process.
            atexit.register(_leave)

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        return self._fabric.device

    @property
    def rank(self) -> int:
        """This process's number among all, from 0."""
        return self._fabric.global_rank

    @property
    def num_processes(self) -> int:
        """How many processes train together."""
        return self._fabric.world_size

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and talks to people."""
        return self.rank == 0

    def autocast(self, precision: Precision) -> AbstractContextManager[object]:
        """Run the network's matrix work in this precision; parameters stay in float32."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=precision == "bf16")

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Add tensors up over all processes, in place and in one message per kind of number."""
        if self.num_processes == 1:
            return
        for dtype in sorted({tensor.dtype for tensor in tensors}, key=str):
            group = [tensor for tensor in tensors if tensor.dtype == dtype]
            flat = torch.cat([tensor.reshape(-1) for tensor in group])
            with _peers():
                dist.all_reduce(flat)
            for tensor, part in zip(group, flat.split([tensor.numel() for tensor in group]), strict=True):
                tensor.copy_(part.view_as(tensor))

    def synchronise_batch_norm(self, network: nn.Module) -> None:
        """On several GPUs, let every BatchNorm see the whole batch; CPUs have no such kernel."""
        if self.num_processes > 1 and self.device.type == "cuda":
            from timm.layers.norm_act import convert_sync_batchnorm

            convert_sync_batchnorm(network)  # torch's own drops the activations that timm fuses into its norms

    def gather(self, value: _Value) -> list[_Value]:
        """Every process's value, in the order of ranks."""
        if self.num_processes == 1:
            return [value]
        values: list[Any] = [None] * self.num_processes
        with _peers():
            dist.all_gather_object(values, value)
        return values

    def refuse_difference(self, value: str, message: str) -> None:
        """Raise `InputError` in every process unless all have the same value."""
        if len(set(self.gather(value))) > 1:
            raise InputError(message)

    def agree_on(self, wish: int) -> int:
        """The largest of all processes' wishes."""
        if self.num_processes == 1:
            return wish
        largest = torch.tensor(float(wish), device=self.device)
        with _peers():
            dist.all_reduce(largest, dist.ReduceOp.MAX)
        return int(largest.item())

    @contextmanager
    def failing_together(self) -> Iterator[None]:
        """Raise an error of any process in all of them: the others would wait for it for ever.

        All processes must come here, and nothing inside may wait for another process.
        """
        failure: Exception | None = None
        try:
            yield
        except Exception as error:
            if self.num_processes == 1:
                raise
            failure = error
        if self.num_processes == 1:
            return
        num_failures = torch.tensor(float(failure is not None), device=self.device)
        self.add([num_failures])
        if num_failures.item() > 0:
            raise next(error for error in self.gather(failure) if error is not None)

    def forget_peak_memory(self) -> None:
        """Let the peak count from now: a process may have trained other networks before."""
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        forget_peak_memory()

    def peak_memory_bytes(self) -> int:
        """The most memory this process has held since: on the GPU, or resident where there is none."""
        return torch.cuda.max_memory_allocated(self.device) if self.device.type == "cuda" else peak_memory_bytes()


@contextmanager
def _peers() -> Iterator[None]:
    """Let a message that does not arrive, because another process is gone, be an error for people.

    Of processes that the main process started, only that one speaks, while it is there.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # gloo and NCCL raise it with the names of their own sources
        if is_started_by_main() and os.getppid() == _parent:
            raise SystemExit(1) from None
        raise RunError(f"{LOST} ({(str(error).splitlines() or [''])[0][:200]})") from None


def is_started_by_main() -> bool:
    """Whether this process was started by the main process of the training, and not by torchrun."""
    return int(os.environ.get("LOCAL_RANK", "0")) > 0 and not dist.is_torchelastic_launched()


def _end_if_stuck(self: Any) -> None:
    """In the place of Fabric's answer to a process that is gone, which kills all others, the main one too, at once.

    The next message to it fails, and ends the training with an error. On GPUs it may wait for ever instead.
    """
    time.sleep(_GRACE_SECONDS)
    print(f"auxseg: {LOST}", file=sys.stderr, flush=True)
    for process in self._child_processes:
        process.kill()
    os._exit(1)


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
