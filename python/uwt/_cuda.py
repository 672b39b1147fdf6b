"""Weights and products on GPUs through ctypes (include/uwt-c/Cuda.h): device images by their addresses, kernels of packs.

A device image is bytes in memory of the caller's; a `Weight` says what it holds. Nothing here allocates device memory. Streams
are the numbers of CUstreams of the device's primary context. No driver is needed until a device is asked for.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
from collections.abc import Callable, Sequence
from ctypes import POINTER, byref, c_char, c_char_p, c_size_t, c_uint, c_uint32, c_uint64, c_void_p, sizeof
from typing import Any

from ._checked import PathLike, Struct, path_bytes, sizes, text
from ._handle import Handle, Owner
from ._library import LIBRARY, bound
from ._weights import Piece, codes_of
from .errors import UsageError

#: What device images and scratch memory begin at a multiple of.
ALIGNMENT = 256
#: Kernels are made for every number of rows.
ANY_ROWS = 2**32 - 1
_BUFFERS = 9


def round_up(size: int, multiple: int = ALIGNMENT) -> int:
    return -(-size // multiple) * multiple


class Buffer(Struct):
    _fields_ = [("address", c_uint64), ("bytes", c_uint64)]


class _Weight(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("dtype", c_char * 16),
        ("format", c_char * 128),
        ("rows", c_uint64),
        ("columns", c_uint64),
        ("matrices", c_uint64),
        ("bytes", c_uint64),
        # Where each begins, and how many bytes it has.
        ("buffers", Buffer * _BUFFERS),
    ]


class _Dense(Struct):
    _fields_ = [("memory", Buffer), ("row_stride", c_uint64), ("matrix_stride", c_uint64)]


class _Linear(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("weight", c_uint64),
        ("matrix", c_uint64),
        ("n", c_uint64),
        ("k", c_uint64),
        ("m", c_uint32),
        ("x", c_uint64),
        ("y", c_uint64),
        ("x_stride", c_uint64),
        ("y_stride", c_uint64),
        ("workspace", Buffer),
        ("counters", Buffer),
        ("extras", POINTER(Buffer)),
        ("extra_count", c_size_t),
    ]


class _GroupedProduct(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("weight", c_uint64),
        ("n", c_uint64),
        ("k", c_uint64),
        ("slice", c_uint32),
        ("slices", c_uint32),
        ("table", Buffer),
        ("x", c_uint64),
        ("y", c_uint64),
        ("x_stride", c_uint64),
        ("y_stride", c_uint64),
        ("workspace", Buffer),
        ("counters", Buffer),
    ]


class _Gather(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("weight", c_uint64),
        ("matrix", c_uint64),
        ("n", c_uint64),
        ("k", c_uint64),
        ("ids", Buffer),
        ("id_bytes", c_uint32),
        ("count", c_uint64),
        ("rows", _Dense),
        ("outside", c_uint64),
    ]


_FAILING = {
    "uwtCudaDeviceCount": [POINTER(c_uint)],
    "uwtCudaDeviceOpen": [c_uint, POINTER(c_void_p)],
    "uwtCudaPackOpen": [c_void_p, c_char_p, POINTER(c_void_p)],
    "uwtCudaImageEncode": [
        c_void_p, c_char_p, c_size_t, POINTER(c_uint64), c_void_p, c_uint64, c_char_p, POINTER(c_void_p),
    ],
    "uwtCudaImageEncodeCodes": [
        c_void_p, POINTER(c_void_p), c_size_t, c_char_p, c_size_t, POINTER(c_uint64), c_void_p, POINTER(c_void_p),
    ],
    "uwtCudaImageOfCodes": [c_void_p, c_uint64, c_void_p, POINTER(c_void_p)],
    "uwtCudaImageWeight": [c_void_p, POINTER(_Weight)],
    "uwtCudaImageWrite": [c_void_p, c_void_p, c_uint64],
    "uwtCudaEncodeCreate": [c_void_p, c_char_p, c_uint64, c_uint64, c_uint64, c_char_p, POINTER(c_void_p)],
    "uwtCudaEncodeCount": [c_void_p, POINTER(_Dense), Buffer, c_void_p, POINTER(_Weight)],
    "uwtCudaEncodeWrite": [c_void_p, Buffer, c_void_p],
    "uwtCudaKernelsCreate": [c_void_p, POINTER(_Weight), c_uint32, POINTER(c_void_p)],
    "uwtCudaKernelsScratch": [c_void_p, c_uint32, POINTER(c_uint64), POINTER(c_uint64)],
    "uwtCudaLinear": [c_void_p, POINTER(_Linear), c_void_p],
    "uwtCudaGroupedKernelsCreate": [c_void_p, POINTER(_Weight), POINTER(c_void_p)],
    "uwtCudaGroupedKernelsScratch": [c_void_p, c_uint32, c_uint32, POINTER(c_uint64), POINTER(c_uint64)],
    "uwtCudaGroupedProduct": [c_void_p, POINTER(_GroupedProduct), c_void_p],
    "uwtCudaDecoderCreate": [c_void_p, POINTER(_Weight), POINTER(c_void_p)],
    "uwtCudaDecode": [c_void_p, c_uint64, c_uint64, POINTER(_Dense), c_void_p],
    "uwtCudaGathererCreate": [c_void_p, POINTER(_Weight), POINTER(c_void_p)],
    "uwtCudaGather": [c_void_p, POINTER(_Gather), c_void_p],
}  # fmt: skip
_DESTROY = {
    f"uwtCuda{name}Destroy": (None, [c_void_p])
    for name in ("Device", "Pack", "Image", "Encode", "Kernels", "GroupedKernels", "Decoder", "Gatherer")
}
_OTHERS = _DESTROY | {
    "uwtCudaDeviceName": (c_char_p, [c_void_p]),
    "uwtCudaDeviceTarget": (c_char_p, [c_void_p]),
    "uwtCudaEncodeScratch": (c_uint64, [c_void_p]),
    "uwtCudaKernelsName": (c_char_p, [c_void_p, c_uint32]),
    "uwtCudaGroupedKernelsSlice": (c_uint32, [c_void_p, c_uint32]),
}
_CUDA = bound(LIBRARY._name, _FAILING, _OTHERS)


class _Object(Owner):
    """A handle of the library, which holds what it was made from. A process that is forked has none of a device."""

    _forks = False

    def __init__(self, kind: str, make: Callable[..., None], *arguments: Any) -> None:
        destroy = getattr(_CUDA, f"uwtCuda{kind}Destroy")
        self._handle = Handle(f"a CUDA object ({kind})", destroy, make, *arguments, forks=self._forks)


class Device(_Object):
    """A GPU, by its number."""

    def __init__(self, number: int) -> None:
        super().__init__("Device", _CUDA.uwtCudaDeviceOpen, number)
        #: "NVIDIA H200", and "sm_90".
        with self._handle as handle:
            self.name: str = _CUDA.uwtCudaDeviceName(handle).decode()
            self.target: str = _CUDA.uwtCudaDeviceTarget(handle).decode()


def device_count() -> int:
    count = c_uint()
    _CUDA.uwtCudaDeviceCount(byref(count))
    return count.value


class Pack(_Object):
    """Kernels of a file. A pack is code: for files of those who are trusted."""

    def __init__(self, device: Device, path: PathLike) -> None:
        with device._handle as handle:
            super().__init__("Pack", _CUDA.uwtCudaPackOpen, handle, path_bytes(path))


# Weights.


@dataclasses.dataclass(frozen=True)
class Weight:
    """What a device image holds."""

    dtype: str
    format: str
    rows: int
    columns: int
    matrices: int
    bytes: int
    #: Where the image's parts begin, and how many bytes they have.
    buffers: tuple[tuple[int, int], ...]
    #: How it is multiplied, which kernels are picked by: "dense", or "integer<8>". The image is the same.
    arithmetic: str = "dense"

    def __str__(self) -> str:
        """All of it as one line, which `parse` takes back."""
        sizes = (self.rows, self.columns, self.matrices, self.bytes)
        parts = " ".join(f"{begin}+{count}" if count else "-" for begin, count in self.buffers)
        own = () if self.arithmetic == "dense" else (self.arithmetic,)
        return ";".join((self.dtype, self.format, *map(str, sizes), parts, *own))

    @staticmethod
    def parse(text: str) -> Weight:
        """UsageError for another text; whether the sizes fit, kernels are made with."""
        try:
            dtype, format, *sizes, parts, arithmetic = (text if text.count(";") == 7 else f"{text};dense").split(";")
            rows, columns, matrices, size = map(int, sizes)
            buffers = tuple((0, 0) if part == "-" else _pair(part) for part in parts.split(" "))
            if len(buffers) != _BUFFERS:
                raise ValueError
        except ValueError:
            raise UsageError(f"{text[:200]!r} describes no weight in device memory") from None
        return Weight(dtype, format, rows, columns, matrices, size, buffers, arithmetic)

    @functools.cached_property
    def _struct(self) -> _Weight:
        dtype, format = text("dtype", self.dtype), text("format", self.format)
        if len(dtype) >= 16 or len(format) >= 128:
            raise UsageError(f"no weight in device memory has the dtype {self.dtype!r} and the format {self.format!r}")
        buffers = (Buffer * _BUFFERS)(*self.buffers)
        return _Weight(sizeof(_Weight), dtype, format, self.rows, self.columns, self.matrices, self.bytes, buffers)

    @staticmethod
    def _read(make: Callable[..., None], *arguments: Any) -> Weight:
        made = _Weight(sizeof(_Weight))
        make(*arguments, byref(made))
        buffers = tuple((part.address, part.bytes) for part in made.buffers)
        sizes = (made.rows, made.columns, made.matrices, made.bytes)
        return Weight(made.dtype.decode(), made.format.decode(), *sizes, buffers)


def _pair(part: str) -> tuple[int, int]:
    begin, count = part.split("+")
    return int(begin), int(count)


class Image(_Object):
    """A device image on the host."""

    _forks = True

    def __init__(self, make: Callable[..., None], *arguments: Any) -> None:
        super().__init__("Image", make, *arguments)
        with self._handle as handle:
            self.weight = Weight._read(_CUDA.uwtCudaImageWeight, handle)

    @classmethod
    def encode(
        cls, dtype: str, shape: Sequence[int], address: int, size: int, format: str, context: c_void_p
    ) -> Image:
        """Of the dense tensor in the `size` bytes at `address`."""
        return cls(
            _CUDA.uwtCudaImageEncode, context, text("dtype", dtype), len(shape), sizes(shape), address, size, text("format", format)
        )

    @classmethod
    def encode_codes(
        cls, pieces: list[Piece], dtype: str, shape: Sequence[int], context: c_void_p, order: int | None = None
    ) -> Image:
        """Of quantised weights, or parts of them, one below the other, from their codes: as _weights.encode_codes, but in the
        format that they have where one weight can have it.

        Args:
            order: address of a u32 a column of each matrix, which get the columns in the order that the image has them;
                without, codes whose columns have an order of their own are an UnsupportedError.
        """
        with codes_of(pieces, context) as codes:
            return cls(
                _CUDA.uwtCudaImageEncodeCodes, context, codes, len(codes), text("dtype", dtype), len(shape), sizes(shape), order
            )

    @classmethod
    def of_codes(cls, address: int, size: int, order: int | None = None) -> Image:
        """Of the codes in a CPU's image, of `size` bytes at `address`, as they are there; `order` as of `encode_codes`. UnsupportedError
        where it holds no codes."""
        return cls(_CUDA.uwtCudaImageOfCodes, address, size, order)

    def write(self, address: int, size: int) -> None:
        """To host memory of exactly the image's bytes."""
        with self._handle as handle:
            _CUDA.uwtCudaImageWrite(handle, address, size)


class Encoder(_Object):
    """Makes the image of dense matrices on the device. UnsupportedError where a pack has no kernels for it. For one call at a time."""

    def __init__(self, pack: Pack, dtype: str, rows: int, columns: int, matrices: int, format: str) -> None:
        arguments = (text("dtype", dtype), rows, columns, matrices, text("format", format))
        with pack._handle as handle:
            super().__init__("Encode", _CUDA.uwtCudaEncodeCreate, handle, *arguments)
        with self._handle as handle:
            #: Bytes of scratch memory.
            self.scratch: int = _CUDA.uwtCudaEncodeScratch(handle)

    def count(self, address: int, size: int, strides: tuple[int, int], scratch: tuple[int, int], stream: int) -> Weight:
        """Describes the image of the matrices in the `size` bytes at `address`; waits. Strides are in elements, 0 for none."""
        dense = _Dense(Buffer(address, size), *strides)
        with self._handle as handle:
            return Weight._read(_CUDA.uwtCudaEncodeCount, handle, byref(dense), Buffer(*scratch), stream)

    def write(self, address: int, size: int, stream: int) -> None:
        """Writes what was described to device memory of exactly its bytes, and waits."""
        with self._handle as handle:
            _CUDA.uwtCudaEncodeWrite(handle, Buffer(address, size), stream)


# Kernels.


def _scratch_of(known: dict[Any, tuple[int, int]], key: Any, make: Callable[..., None]) -> tuple[int, int]:
    """Bytes of workspace and of counters, which `make` says, kept by what they are for."""
    if key not in known:
        workspace, counters = c_uint64(), c_uint64()
        make(byref(workspace), byref(counters))
        # Few numbers of rows come again and again; others are not kept for ever.
        if len(known) >= 1024:
            known.clear()
        known[key] = workspace.value, counters.value
    return known[key]


class Kernels(_Object):
    """Products with a weight, for any number of rows. UnsupportedError where a pack lacks a kernel."""

    def __init__(self, pack: Pack, weight: Weight, rows: int = ANY_ROWS) -> None:
        with pack._handle as handle:
            super().__init__("Kernels", _CUDA.uwtCudaKernelsCreate, handle, byref(weight._struct), rows)
        self._n, self._k = weight.rows, weight.columns
        self._scratch: dict[int, tuple[int, int]] = {}

    def name(self, m: int) -> str | None:
        """Of the kernel that multiplies m rows."""
        with self._handle as handle:
            name = _CUDA.uwtCudaKernelsName(handle, m)
            return None if name is None else name.decode()

    def scratch(self, m: int) -> tuple[int, int]:
        """Bytes of workspace and of counters with which up to m rows are multiplied."""
        with self._handle as handle:
            return _scratch_of(self._scratch, m, functools.partial(_CUDA.uwtCudaKernelsScratch, handle, m))

    def linear(
        self,
        image: int,
        m: int,
        x: int,
        x_stride: int,
        y: int,
        y_stride: int,
        workspace: tuple[int, int],
        counters: tuple[int, int],
        bias: tuple[int, int] | None,
        stream: int,
    ) -> None:
        """y = x · wᵀ, with the bias where kernels were made with one, on a stream. Strides are in elements."""
        call = _Linear.packed(
            sizeof(_Linear), image, 0, self._n, self._k, m, x, y, x_stride, y_stride, *workspace, *counters, 0, 0
        )
        if bias is not None:
            call.extras, call.extra_count = (Buffer * 1)(bias), 1
        with self._handle as handle:
            _CUDA.uwtCudaLinear(handle, byref(call), stream)


class GroupedKernels(_Object):
    """Products of slices of x by matrices that a table on the device names. UnsupportedError where a pack has no kernels for it."""

    def __init__(self, pack: Pack, weight: Weight) -> None:
        with pack._handle as handle:
            super().__init__("GroupedKernels", _CUDA.uwtCudaGroupedKernelsCreate, handle, byref(weight._struct))
        self._n, self._k = weight.rows, weight.columns
        self._scratch: dict[tuple[int, int], tuple[int, int]] = {}
        #: The sizes of slices that there are kernels for, in rows of x.
        self.sizes: list[int] = []
        # Of as many rows as no slice holds, the largest is given again.
        while not self.sizes or self._slice(self.sizes[-1] + 1) > self.sizes[-1]:
            self.sizes.append(self._slice(self.sizes[-1] + 1 if self.sizes else 1))

    def _slice(self, rows: int) -> int:
        with self._handle as handle:
            return _CUDA.uwtCudaGroupedKernelsSlice(handle, rows)

    def scratch(self, slice: int, slices: int) -> tuple[int, int]:
        """Bytes of workspace and of counters of a product of so many slices."""
        with self._handle as handle:
            make = functools.partial(_CUDA.uwtCudaGroupedKernelsScratch, handle, slice, slices)
            return _scratch_of(self._scratch, (slice, slices), make)

    def product(
        self,
        image: int,
        slice: int,
        slices: int,
        table: tuple[int, int],
        x: int,
        y: int,
        workspace: tuple[int, int],
        counters: tuple[int, int],
        stream: int,
    ) -> None:
        """Slices of x by the matrices of the table, 1 + slices i32: how many slices there are, then the matrix of each. Rows
        follow each other."""
        call = _GroupedProduct.packed(
            sizeof(_GroupedProduct), image, self._n, self._k, slice, slices, *table, x, y, 0, 0, *workspace, *counters
        )
        with self._handle as handle:
            _CUDA.uwtCudaGroupedProduct(handle, byref(call), stream)


class Decoder(_Object):
    """Decodes a weight. UnsupportedError where a pack has no kernel for it."""

    def __init__(self, pack: Pack, weight: Weight) -> None:
        with pack._handle as handle:
            super().__init__("Decoder", _CUDA.uwtCudaDecoderCreate, handle, byref(weight._struct))

    def decode(self, image: int, matrix: int, address: int, size: int, stream: int) -> None:
        """A matrix to dense rows, one after another, in the `size` bytes at `address`."""
        dense = _Dense(Buffer(address, size))
        with self._handle as handle:
            _CUDA.uwtCudaDecode(handle, image, matrix, byref(dense), stream)


class Gatherer(_Object):
    """Gathers rows of a weight. UnsupportedError where a pack has no kernel for it."""

    def __init__(self, pack: Pack, weight: Weight) -> None:
        with pack._handle as handle:
            super().__init__("Gatherer", _CUDA.uwtCudaGathererCreate, handle, byref(weight._struct))
        self._n, self._k = weight.rows, weight.columns

    def gather(
        self, image: int, ids: int, id_bytes: int, count: int, rows: tuple[int, int], outside: int, stream: int
    ) -> None:
        """Rows by `count` ids to those in the memory `rows`; the u32 at `outside`, where it is not 0, gets a bit for an id
        that is no row's."""
        call = _Gather.packed(
            sizeof(_Gather), image, 0, self._n, self._k, ids, count * id_bytes, id_bytes, count, *rows, 0, 0, outside
        )
        with self._handle as handle:
            _CUDA.uwtCudaGather(handle, byref(call), stream)
