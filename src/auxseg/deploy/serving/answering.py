"""A request's wait for the worker: until the answer is there, the time is over, or the client has left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, TypeVar

import torch
from fastapi import HTTPException, Request

from auxseg.counting import count
from auxseg.deploy.serving.limits import Limits
from auxseg.deploy.serving.problems import CLIENT_LEFT, SHUTTING_DOWN
from auxseg.deploy.serving.worker import Full, Worker
from auxseg.errors import InputError

_T = TypeVar("_T")
_LOOK_SECONDS: Final = 0.2
"""How often a waiting request is asked whether its client is still there."""

_LOG: Final = logging.getLogger(__name__)


async def answer_of(request: Request, worker: Worker, limits: Limits, work: Callable[[], _T]) -> _T:
    """What the worker makes of the work. Raises `HTTPException`, with a sentence, if that is nothing."""
    try:
        future = worker.submit(work)
    except Full:
        places = count(limits.waiting, "waiting request")
        raise HTTPException(503, f"the queue of {places} is full; try again later", {"Retry-After": "2"}) from None
    answer = asyncio.wrap_future(future)
    try:
        await _wait(request, answer, limits.seconds)
        return answer.result()
    except HTTPException:
        raise
    except InputError as error:
        raise HTTPException(422, str(error)) from None
    except asyncio.CancelledError:
        if not future.cancelled():  # it is the request that was given up, not the work
            raise
        raise HTTPException(503, SHUTTING_DOWN) from None
    except Exception as error:
        if _is_out_of_memory(error):
            raise HTTPException(503, "memory ran out; send a smaller image or try again later") from None
        _LOG.error("a prediction failed: %s: %s", type(error).__name__, error)
        raise HTTPException(500, f"the prediction failed ({type(error).__name__})") from None
    finally:
        answer.cancel()
        worker.withdraw(future)


def _is_out_of_memory(error: Exception) -> bool:
    """Also as torch says it on a CPU, and ONNX Runtime anywhere: by an ordinary error with these words."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)


async def _wait(request: Request, answer: asyncio.Future[_T], seconds: float) -> None:
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    while not answer.done():
        await asyncio.wait({answer}, timeout=max(min(_LOOK_SECONDS, end - clock()), 0))
        if answer.done():
            return
        if clock() >= end:
            raise HTTPException(504, f"no answer within {seconds:g} s")
        if await request.is_disconnected():
            raise HTTPException(CLIENT_LEFT, "the client has left")
