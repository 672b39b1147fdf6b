"""Weights in memory of their owner (include/uwt-c/Weight.h): images, which products run from, by their addresses.

`context` is one of _library.context: whose threads are used.
"""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Callable
from typing import Any

from ._library import LIBRARY, Linear, TensorPart, WeightInfo

#: What an image begins at a multiple of.
ALIGNMENT = 64


@dataclasses.dataclass(frozen=True)
class Info:
    """What an image holds."""

    dtype: str
    format: str
    shape: tuple[int, ...]
    tensor_bytes: int
    image_bytes: int


def encode(
    dtype: str,
    shape: tuple[int, ...],
    address: int,
    size: int,
    format: str,
    context: ctypes.c_void_p,
    allocate: Callable[[int], tuple[Any, int]],
) -> Any:
    """The image of the dense tensor at `address`.

    `allocate(bytes)` gives memory for it, as an object and its address; the object is what this gives.
    """
    encoded = ctypes.c_void_p()
    sizes = (ctypes.c_uint64 * len(shape))(*shape)
    LIBRARY.uwtWeightEncode(
        context, dtype.encode(), len(shape), sizes, address, size, format.encode(), ctypes.byref(encoded)
    )
    try:
        image_bytes = LIBRARY.uwtEncodedWeightBytes(encoded)
        image, at = allocate(image_bytes)
        LIBRARY.uwtEncodedWeightWrite(encoded, at, image_bytes)
        return image
    finally:
        LIBRARY.uwtEncodedWeightDestroy(encoded)


def check(address: int, size: int, context: ctypes.c_void_p) -> None:
    """Raises InvalidError for an image that was damaged, or made by somebody else."""
    LIBRARY.uwtWeightCheck(context, address, size)


def info(address: int, size: int) -> Info:
    read = WeightInfo(size=ctypes.sizeof(WeightInfo))
    LIBRARY.uwtWeightInfo(address, size, ctypes.byref(read))
    shape = tuple(read.shape[: read.rank])
    return Info(read.dtype.decode(), read.format.decode(), shape, read.tensor_bytes, read.image_bytes)


def decode(
    address: int,
    size: int,
    into: int,
    into_size: int,
    context: ctypes.c_void_p,
    rows: tuple[int, int] | None = None,
) -> None:
    """The dense tensor, or `rows` of its matrices, to the memory at `into`."""
    part = None
    if rows is not None:
        part = TensorPart()
        LIBRARY.uwtTensorPartInit(ctypes.byref(part))
        part.row_begin, part.row_end = rows
        part = ctypes.byref(part)
    LIBRARY.uwtWeightDecode(context, address, size, part, into, into_size)


def gather(address: int, size: int, ids: int, count: int, k: int, y: int, context: ctypes.c_void_p) -> None:
    """Rows by their numbers (`count` of i64 at `ids`) to dense rows of k elements at `y`."""
    LIBRARY.uwtWeightGather(context, address, size, ids, count, k, y, k)


def linear(
    address: int,
    size: int,
    n: int,
    k: int,
    m: int,
    x: int,
    x_stride: int,
    y: int,
    y_stride: int,
    bias: int,
    context: ctypes.c_void_p,
    matrix: int = 0,
) -> None:
    """y = x · wᵀ + bias for a matrix of an image; `bias` is 0 for none. Strides are in elements."""
    call = Linear(ctypes.sizeof(Linear), matrix, n, k, m, x, x_stride, y, y_stride, bias)
    LIBRARY.uwtLinear(context, address, size, ctypes.byref(call))
