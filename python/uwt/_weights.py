"""Weights in memory of their owner (include/uwt-c/Weight.h): images, which products run from, by their addresses.

`context` is one of _library.context: whose threads are used.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import mmap
from collections.abc import Callable, Iterator
from typing import Any

from ._checked import sizes, text
from ._container import Container
from ._library import LIBRARY, DenseTensor, Linear, TensorPart, WeightInfo, WeightPart

#: What an image begins at a multiple of.
ALIGNMENT = 64
#: A quantised weight, or a part of one that cuts no groups: its folder, its name, and the part.
Piece = tuple[Container, str, TensorPart]


@dataclasses.dataclass(frozen=True)
class Info:
    """What an image holds."""

    dtype: str
    format: str
    shape: tuple[int, ...]
    tensor_bytes: int
    image_bytes: int
    #: Of the integers that products round x to, 0 where they are dense.
    integer_bits: int = 0

    @property
    def arithmetic(self) -> str:
        """How products are computed: "dense", or "integer<8>", by integers that x is rounded to."""
        return f"integer<{self.integer_bits}>" if self.integer_bits else "dense"


def has_codes(format: str) -> bool:
    """Whether images of that format hold codes of a quantised checkpoint."""
    return "scale=" in format


def max_bytes(dtype: str, shape: tuple[int, ...], format: str) -> int:
    """Bytes that an image of such a tensor takes at most."""
    size = ctypes.c_uint64()
    LIBRARY.uwtWeightMaxBytes(text("dtype", dtype), len(shape), sizes(shape), text("format", format), ctypes.byref(size))
    return size.value


def encode(
    dtype: str,
    shape: tuple[int, ...],
    address: int,
    size: int,
    format: str,
    context: ctypes.c_void_p,
    row_stride: int = 0,
    matrix_stride: int = 0,
    reserve: float = 0,
) -> mmap.mmap:
    """The image of the dense tensor in the `size` bytes at `address`. Strides are in elements, 0 for none. `reserve` is the part
    of its bytes that the memory has beyond it, for an image that takes its place."""
    tensor = DenseTensor(
        ctypes.sizeof(DenseTensor), text("dtype", dtype), len(shape), sizes(shape), address, size, row_stride, matrix_stride
    )

    def write(image: int, room: int, used: Any) -> None:
        LIBRARY.uwtWeightEncode(context, ctypes.byref(tensor), text("format", format), image, room, used)

    return _made(max_bytes(dtype, shape, format), write, reserve)


def load(container: Container, name: str, format: str, context: ctypes.c_void_p) -> mmap.mmap:
    """The image of a tensor of an open file, which is never dense in memory."""
    tensor = container.find(name)

    def write(image: int, room: int, used: Any) -> None:
        with container._handle as handle:
            LIBRARY.uwtWeightLoad(context, handle, text("a name", name), text("format", format), image, room, used)

    return _made(max_bytes(tensor.dtype, tensor.shape, format), write)


def format_of_codes(composition: str) -> str:
    """The format in which codes of such a weight become an image. UnsupportedError, with the reason, where there is none."""
    found = ctypes.create_string_buffer(256)
    LIBRARY.uwtWeightFormatOfCodes(text("a composition", composition), found, len(found))
    return found.value.decode()


def encode_codes(
    pieces: list[Piece],
    dtype: str,
    shape: tuple[int, ...],
    format: str,
    context: ctypes.c_void_p,
    reserve: float = 0,
) -> mmap.mmap:
    """The image of quantised weights, or of parts of them, one below the other, from their codes.

    Args:
        shape: of all pieces together: a matrix, or several.
        format: format_of_codes of each of them.

    Raises UsageError where a part cuts groups.
    """
    with codes_of(pieces, context) as codes:

        def write(image: int, room: int, used: Any) -> None:
            LIBRARY.uwtWeightEncodeCodes(
                context, codes, len(codes), text("dtype", dtype), len(shape), sizes(shape), image, room, used
            )

        return _made(max_bytes(dtype, shape, format), write, reserve)


@contextlib.contextmanager
def codes_of(pieces: list[Piece], context: ctypes.c_void_p) -> Iterator[ctypes.Array]:
    """The codes of pieces, as functions of the library take them. UsageError where a part cuts groups."""
    with contextlib.ExitStack() as stack:
        handles = []
        for container, name, part in pieces:
            made = container.codes(name, part, context)
            stack.callback(made.close)
            handles.append(stack.enter_context(made))
        yield (ctypes.c_void_p * len(handles))(*handles)


def _made(room: int, write: Callable[[int, int, Any], None], reserve: float = 0) -> mmap.mmap:
    """An image in memory of its own, which gives back what the image does not take: nothing is copied."""
    memory = mmap.mmap(-1, room, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # Only advice, which a system without huge pages refuses.
    with contextlib.suppress(OSError):
        memory.madvise(mmap.MADV_HUGEPAGE)
    used = ctypes.c_uint64()
    # Not a name: what refers to the memory would keep it from being resized.
    write(ctypes.addressof(ctypes.c_char.from_buffer(memory)), room, ctypes.byref(used))
    memory.resize(min(room, used.value + int(used.value * reserve)))
    return memory


def check(address: int, size: int, context: ctypes.c_void_p) -> None:
    """Raises InvalidError for an image that was damaged, or made by somebody else."""
    LIBRARY.uwtWeightCheck(context, address, size)


def info(address: int, size: int) -> Info:
    read = WeightInfo(size=ctypes.sizeof(WeightInfo))
    LIBRARY.uwtWeightInfo(address, size, ctypes.byref(read))
    shape = tuple(read.shape[: read.rank])
    return Info(
        read.dtype.decode(), read.format.decode(), shape, read.tensor_bytes, read.image_bytes, read.integer_bits
    )


def set_arithmetic(address: int, size: int, arithmetic: str) -> None:
    """Has products multiply by "integer<8>", or "dense" again. UsageError and UnsupportedError for weights that are not served so."""
    LIBRARY.uwtWeightSetArithmetic(address, size, text("arithmetic", arithmetic))


def dtype(address: int, size: int) -> str:
    """The dtype that an image holds, in less time than all that it holds."""
    read = WeightInfo(size=ctypes.sizeof(WeightInfo))
    LIBRARY.uwtWeightInfo(address, size, ctypes.byref(read))
    return read.dtype.decode()


def parts(address: int, size: int) -> dict[str, tuple[int, int]]:
    """Offset and bytes of each part of an image, by its name."""
    read = WeightInfo(size=ctypes.sizeof(WeightInfo))
    LIBRARY.uwtWeightInfo(address, size, ctypes.byref(read))
    found = {}
    for index in range(read.parts):
        part = WeightPart(size=ctypes.sizeof(WeightPart))
        LIBRARY.uwtWeightPart(address, size, index, ctypes.byref(part))
        found[part.name.decode()] = (part.offset, part.bytes)
    return found


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
        LIBRARY.uwtTensorPartInit(ctypes.byref(part), ctypes.sizeof(part))
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
    call = Linear.packed(ctypes.sizeof(Linear), matrix, n, k, m, x, x_stride, y, y_stride, bias)
    LIBRARY.uwtLinear(context, address, size, ctypes.byref(call))
