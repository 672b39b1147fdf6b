"""Open weight files: what is in them, and their tensors, whole and in parts."""

from __future__ import annotations

import ctypes
import dataclasses
import os
from typing import Any

from . import _arrays
from ._library import LIBRARY, OpenOptions, QuantizedInfo, TensorInfo, TensorPart, context, path_bytes


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A tensor of a file."""

    name: str
    #: As in safetensors: "BF16", "F32".
    dtype: str
    shape: tuple[int, ...]
    #: Bytes of the tensor, and bytes that are stored for it.
    bytes: int
    stored_bytes: int
    #: Text form of its format; None where it is stored as it was.
    format: str | None

    @property
    def bits_per_element(self) -> float:
        """Bits that are stored for an element; 0 where there are none."""
        count = _arrays.elements(self.shape)
        return self.stored_bytes * 8 / count if count else 0.0


def _tensor_of(info: TensorInfo) -> Tensor:
    return Tensor(
        info.name.decode(),
        info.dtype.decode(),
        tuple(info.shape[: info.rank]),
        info.bytes,
        info.stored_bytes,
        info.format.decode() if info.format else None,
    )


@dataclasses.dataclass(frozen=True)
class Quantized:
    """A weight that several tensors of a quantised checkpoint are together (docs/quantised.md)."""

    name: str
    #: How they are laid out: "gptq".
    recipe: str
    #: What its codes mean: "uint<4>, zero=8, scale={1x128, f16}".
    format: str
    shape: tuple[int, ...]
    #: Names of the tensors.
    parts: tuple[str, ...]
    #: Why it cannot be read, or None.
    refusal: str | None
    #: What products run from: `format`, or one without what it has of scales that are codes themselves.
    run_format: str


@dataclasses.dataclass(frozen=True)
class Codes:
    """A quantised matrix, or a part of one, as a checkpoint of quant_method uwt-codes has it."""

    #: What the codes mean.
    format: str
    #: "weight", a byte a code, "weight_scale", and maybe "weight_zero_point", "weight_offset", "weight_table" and "weight_g_idx".
    tensors: dict[str, Any]


def _quantized_of(info: QuantizedInfo) -> Quantized:
    return Quantized(
        info.name.decode(),
        info.recipe.decode(),
        info.format.decode(),
        tuple(info.shape[: info.rank]),
        tuple(name.decode() for name in info.parts[: info.part_count]),
        info.refusal.decode() if info.refusal else None,
        info.run_format.decode(),
    )


#: Begin and end of a half-open range; None is the first and the last.
Range = tuple["int | None", "int | None"]


class Container:
    """A file, or all weight files of a folder, compressed or plain. Immutable: any thread may use it.

    Args:
        path: the file or folder.
        base: the model that it was compressed against with `base`, where it was.
        check: whether checksums are verified when tensors are read.

    Raises IoError, InvalidError, and UnsupportedError for files of newer versions.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, base: str | os.PathLike[str] | None = None, check: bool = True
    ) -> None:
        self._handle = ctypes.c_void_p()
        options = OpenOptions()
        LIBRARY.uwtOpenOptionsInit(options, ctypes.sizeof(options))
        options.base = path_bytes(base)
        options.no_check = not check
        LIBRARY.uwtContainerOpen(path_bytes(path), options, ctypes.byref(self._handle))

    def close(self) -> None:
        """Closes the files. What was read stays."""
        LIBRARY.uwtContainerDestroy(self._handle)
        self._handle = ctypes.c_void_p()

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    @property
    def original_bytes(self) -> int:
        """Bytes of the original files, which decompressing gives back."""
        return LIBRARY.uwtContainerOriginalBytes(self._handle)

    @property
    def file_bytes(self) -> int:
        """Bytes of the files themselves."""
        return LIBRARY.uwtContainerFileBytes(self._handle)

    def tensors(self) -> list[Tensor]:
        """All tensors, in the order of the files' headers."""
        info, found = TensorInfo(), []
        for index in range(LIBRARY.uwtContainerSize(self._handle)):
            LIBRARY.uwtContainerTensor(self._handle, index, info)
            found.append(_tensor_of(info))
        return found

    def find(self, name: str) -> Tensor:
        """The tensor of that name; UsageError, with a near name, where there is none."""
        info = TensorInfo()
        LIBRARY.uwtContainerFind(self._handle, name.encode(), info)
        return _tensor_of(info)

    def metadata(self) -> dict[str, str]:
        """The originals' own metadata; of several files, those of later ones where keys are equal."""
        key, value, found = ctypes.c_char_p(), ctypes.c_char_p(), {}
        for index in range(LIBRARY.uwtContainerMetadataSize(self._handle)):
            LIBRARY.uwtContainerMetadata(self._handle, index, ctypes.byref(key), ctypes.byref(value))
            found[(key.value or b"").decode()] = (value.value or b"").decode()
        return found

    def read(self, name: str, *, framework: str = "np", device: Any = "cpu", threads: int = 0) -> Any:
        """A whole tensor, as an array of the framework, "np" or "pt"."""
        arrays = _arrays.framework(framework, device)
        tensor = self.find(name)
        out = arrays.empty(tensor.dtype, tensor.shape)
        self.read_into(name, None, arrays.address(out), tensor.bytes, context(threads))
        return _arrays.finished(arrays, out)

    def read_into(
        self, name: str, part: TensorPart | None, address: int, size: int, context: ctypes.c_void_p
    ) -> None:
        """Writes a whole tensor, or a part as `part_of` gives it, dense to memory of exactly its bytes."""
        if part is None:
            LIBRARY.uwtContainerRead(context, self._handle, name.encode(), address or None, size)
        else:
            LIBRARY.uwtContainerReadPart(context, self._handle, name.encode(), part, address or None, size)

    def read_part(
        self,
        name: str,
        *,
        rows: Range | None = None,
        columns: Range | None = None,
        expert: int | None = None,
        rank: tuple[int, int] | None = None,
        axis: str = "rows",
        framework: str = "np",
        device: Any = "cpu",
        threads: int = 0,
    ) -> Any:
        """A part of a tensor, dense; only the panels of 64 rows that hold it are read and decoded.

        Args:
            rows, columns: half-open ranges of the last two dimensions; a tensor of rank 1 has rows only.
            expert: the index of the first of three or more dimensions, which the result lacks.
            rank: (i, n): part i of n equal ones along `axis`, "rows" or "columns", as tensor parallelism splits.

        Raises UsageError where the part is not inside the tensor.
        """
        arrays = _arrays.framework(framework, device)
        tensor = self.find(name)
        part = part_of(rows, columns, expert, rank, axis)
        dimensions, size = ctypes.c_size_t(), ctypes.c_uint64()
        shape = (ctypes.c_uint64 * max(len(tensor.shape), 1))()
        LIBRARY.uwtContainerPartShape(
            self._handle, name.encode(), part, ctypes.byref(dimensions), shape, ctypes.byref(size)
        )
        out = arrays.empty(tensor.dtype, tuple(shape[: dimensions.value]))
        self.read_into(name, part, arrays.address(out), size.value, context(threads))
        return _arrays.finished(arrays, out)

    def quantized(self) -> list[Quantized]:
        """The weights of a quantised checkpoint, by name; none of another one, or where no recipe knows its method."""
        info, count = QuantizedInfo(size=ctypes.sizeof(QuantizedInfo)), ctypes.c_size_t()
        LIBRARY.uwtContainerQuantizedSize(self._handle, ctypes.byref(count))
        found = []
        for index in range(count.value):
            LIBRARY.uwtContainerQuantized(self._handle, index, info)
            found.append(_quantized_of(info))
        return found

    def find_quantized(self, name: str) -> Quantized:
        """The quantised weight of that name; UsageError, with a near name, where there is none."""
        info = QuantizedInfo(size=ctypes.sizeof(QuantizedInfo))
        LIBRARY.uwtContainerFindQuantized(self._handle, name.encode(), info)
        return _quantized_of(info)

    def read_quantized(
        self,
        name: str,
        dtype: str = "BF16",
        *,
        rows: Range | None = None,
        columns: Range | None = None,
        expert: int | None = None,
        rank: tuple[int, int] | None = None,
        axis: str = "rows",
        framework: str = "np",
        device: Any = "cpu",
        threads: int = 0,
    ) -> Any:
        """The values of a quantised weight or of a part of it, rounded once to `dtype`, "BF16", "F16" or "F32".

        Arguments and errors as of `read_part`; UnsupportedError where no recipe reads the weight.
        """
        arrays = _arrays.framework(framework, device)
        part = part_of(rows, columns, expert, rank, axis)
        dimensions, size = ctypes.c_size_t(), ctypes.c_uint64()
        shape = (ctypes.c_uint64 * max(len(self.find_quantized(name).shape), 1))()
        LIBRARY.uwtContainerQuantizedPartShape(
            self._handle, name.encode(), dtype.encode(), part, ctypes.byref(dimensions), shape, ctypes.byref(size)
        )
        out = arrays.empty(dtype, tuple(shape[: dimensions.value]))
        self.read_quantized_into(name, dtype, part, arrays.address(out), size.value, context(threads))
        return _arrays.finished(arrays, out)

    def read_quantized_into(
        self, name: str, dtype: str, part: TensorPart | None, address: int, size: int, context: ctypes.c_void_p
    ) -> None:
        """Writes the values of a quantised weight, or of a part, dense to memory of exactly their bytes."""
        LIBRARY.uwtContainerReadQuantized(
            context, self._handle, name.encode(), dtype.encode(), part, address or None, size
        )

    def read_codes(
        self,
        name: str,
        *,
        rows: Range | None = None,
        columns: Range | None = None,
        expert: int | None = None,
        rank: tuple[int, int] | None = None,
        axis: str = "rows",
        framework: str = "np",
        device: Any = "cpu",
        threads: int = 0,
    ) -> Codes:
        """The codes of a quantised matrix or of a part of it, and the numbers that these share.

        Arguments as of `read_part`. Raises UsageError where the part cuts groups, with the nearest that do not, and
        UnsupportedError for weights that have no such codes.
        """
        arrays = _arrays.framework(framework, device)
        part, codes = part_of(rows, columns, expert, rank, axis), ctypes.c_void_p()
        LIBRARY.uwtContainerReadCodes(context(threads), self._handle, name.encode(), part, ctypes.byref(codes))
        try:
            tensors, info, data = {}, TensorInfo(), ctypes.c_void_p()
            for index in range(LIBRARY.uwtCodesSize(codes)):
                LIBRARY.uwtCodesTensor(codes, index, info, ctypes.byref(data))
                out = arrays.empty(info.dtype.decode(), tuple(info.shape[: info.rank]))
                if info.bytes:
                    ctypes.memmove(arrays.address(out), data, info.bytes)
                tensors[info.name.decode()] = _arrays.finished(arrays, out)
            return Codes(LIBRARY.uwtCodesFormat(codes).decode(), tensors)
        finally:
            LIBRARY.uwtCodesDestroy(codes)


def part_of(
    rows: Range | None = None,
    columns: Range | None = None,
    expert: int | None = None,
    rank: tuple[int, int] | None = None,
    axis: str = "rows",
) -> TensorPart:
    """A part as the library takes it; arguments as of `Container.read_part`."""
    if axis not in ("rows", "columns"):
        raise ValueError(f"axis is 'rows' or 'columns', got {axis!r}")
    part = TensorPart()
    LIBRARY.uwtTensorPartInit(part, ctypes.sizeof(part))
    for name, given in (("row", rows), ("column", columns)):
        begin, end = given if given is not None else (None, None)
        for edge, number in (("begin", begin), ("end", end)):
            if number is None:
                continue
            if number < 0:
                raise ValueError(f"{name}s are counted from 0, got {number}")
            setattr(part, f"{name}_{edge}", number)
    if expert is not None:
        if expert < 0:
            raise ValueError(f"experts are counted from 0, got {expert}")
        part.expert = expert
    if rank is not None:
        part.rank, part.rank_count = rank
        if min(rank) < 0 or rank[1] == 0:
            raise ValueError(f"rank is (i, n), part i of n from 0, got {rank}")
    part.rank_along_columns = axis == "columns"
    return part
