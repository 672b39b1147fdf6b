"""Counters of products on GPUs: memory that is zero before a launch, and that launches leave zero.

Launches on one stream share it; streams beside each other have their own. So has each stream that is captured in a CUDA graph,
since graphs may be replayed beside anything: an engine captures a thousand of them, so these share pieces of memory. Memory that
was given is kept: launches may have it, and graphs at any time.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch

from .. import _cuda

# More than most products need, of a stream; and what a capture begins with.
_LEAST_BYTES, _LEAST_OF_CAPTURE = 1 << 20, 1 << 12
_LOCK = threading.Lock()
# By device, stream and capture: the last one is the largest.
_GIVEN: dict[tuple[int, int, int], list[torch.Tensor]] = {}
# Of a device, what captures are given parts of, and how many of its bytes are given.
_SHARED: dict[int, tuple[torch.Tensor, int]] = {}
# CU_STREAM_CAPTURE_MODE_RELAXED.
_RELAXED = 2


def on(device: torch.device, stream: int, size: int) -> tuple[int, int]:
    """Address and bytes of counters for a launch on the current stream of a device, whose number is given as well."""
    if size == 0:
        return 0, 0
    key = device.index, stream, _capture_of(stream) if torch._C._cuda_isCurrentStreamCapturing() else 0
    given = _GIVEN.get(key)
    if given is None or given[-1].numel() < size:
        given = _grown(key, device, size)
    return given[-1].data_ptr(), given[-1].numel()


def _grown(key: tuple[int, int, int], device: torch.device, size: int) -> list[torch.Tensor]:
    with _LOCK:
        given = _GIVEN.setdefault(key, [])
        if not given or given[-1].numel() < size:
            is_capture = key[2] != 0
            least = 2 * given[-1].numel() if given else _LEAST_OF_CAPTURE if is_capture else _LEAST_BYTES
            make = _part if is_capture else _zeros
            given.append(make(device, key[1], max(size, least)))
        return given


def _part(device: torch.device, stream: int, size: int) -> torch.Tensor:
    """Zeros of a capture's own in memory that captures share."""
    size = _cuda.round_up(size)
    shared, used = _SHARED.get(device.index, (None, 0))
    if shared is None or shared.numel() - used < size:
        shared, used = _zeros(device, stream, max(size, _LEAST_BYTES)), 0
    _SHARED[device.index] = shared, used + size
    return shared[used : used + size]


def _zeros(device: torch.device, stream: int, size: int) -> torch.Tensor:
    """Zeros that are there when this returns.

    They are of no graph's memory, which its launches use in turn: a stream beside makes them, and a thread beside, since
    allocations of a thread may go to such memory as well.
    """
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(_zeros_beside, device, stream, size).result()


def _zeros_beside(device: torch.device, stream: int, size: int) -> torch.Tensor:
    with _relaxed():
        beside = torch.cuda.Stream(device)
        while beside.cuda_stream == stream:
            # There are few, which are given in turn.
            beside = torch.cuda.Stream(device)
        with torch.cuda.stream(beside):
            zeros = torch.zeros(size, dtype=torch.uint8, device=device)
        beside.synchronize()
        return zeros


# The driver, which PyTorch has loaded.


@functools.cache
def _driver() -> ctypes.CDLL:
    driver = ctypes.CDLL("libcuda.so.1")
    driver.cuStreamGetCaptureInfo_v2.argtypes = [ctypes.c_void_p] * 6
    driver.cuThreadExchangeStreamCaptureMode.argtypes = [ctypes.c_void_p]
    return driver


def _capture_of(stream: int) -> int:
    """The number of the capture that a stream is in."""
    status, number = ctypes.c_int(), ctypes.c_uint64()
    result = _driver().cuStreamGetCaptureInfo_v2(stream, ctypes.byref(status), ctypes.byref(number), None, None, None)
    if result != 0:
        raise RuntimeError(f"cuStreamGetCaptureInfo fails with CUDA error {result}")
    return number.value


@contextmanager
def _relaxed() -> Iterator[None]:
    """Lets this thread allocate, and wait for streams that are not captured, while another one is."""
    mode = ctypes.c_int(_RELAXED)
    exchange = _driver().cuThreadExchangeStreamCaptureMode
    exchange(ctypes.byref(mode))
    try:
        yield
    finally:
        exchange(ctypes.byref(mode))
