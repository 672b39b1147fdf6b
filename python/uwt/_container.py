"""Open weight files: what is in them, and their tensors, whole and in parts."""

from __future__ import annotations

import ctypes
import dataclasses
import operator
import os
from typing import Any

from . import _arrays
from ._checked import PathLike, path_bytes, text, uint
from ._handle import Handle, Owner
from ._library import LIBRARY, OpenOptions, QuantizedInfo, TensorInfo, TensorPart, context


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


class Container(Owner):
    """A file, or the weight files of a folder that are its model, compressed or plain. Immutable: any thread may use it, and
    close it while others read. What is copied, or pickled for another process, opens the path again. After `close` everything
    raises ValueError.

    Args:
        path: the file or folder.
        base: the model that it was compressed against with `base`, where it was.
        check: whether checksums are verified when tensors are read.

    Raises IoError, InvalidError, and UnsupportedError for files of newer versions.
    """

    def __init__(self, path: PathLike, *, base: PathLike | None = None, check: bool = True) -> None:
        options = OpenOptions()
        LIBRARY.uwtOpenOptionsInit(options, ctypes.sizeof(options))
        options.base = path_bytes(base)
        options.no_check = not check
        self._handle = Handle(
            os.fsdecode(path), LIBRARY.uwtContainerDestroy, LIBRARY.uwtContainerOpen, path_bytes(path), options
        )
        # Where another working folder, or another process, finds them.
        self._opened = os.path.abspath(path), None if base is None else os.path.abspath(base), bool(check)

    def close(self) -> None:
        """Closes the files, once the last call that reads them has ended. What was read stays."""
        super().close()

    def __enter__(self) -> Container:
        self.check_open()
        return self

    def __reduce__(self) -> Any:
        self.check_open()
        return _open_again, (type(self), *self._opened)

    @property
    def original_bytes(self) -> int:
        """Bytes of the original files, which decompressing gives back."""
        with self._handle as handle:
            return LIBRARY.uwtContainerOriginalBytes(handle)

    @property
    def file_bytes(self) -> int:
        """Bytes of the files themselves."""
        with self._handle as handle:
            return LIBRARY.uwtContainerFileBytes(handle)

    def tensors(self) -> list[Tensor]:
        """All tensors, in the order of the files' headers."""
        info, found = TensorInfo(), []
        with self._handle as handle:
            for index in range(LIBRARY.uwtContainerSize(handle)):
                LIBRARY.uwtContainerTensor(handle, index, info)
                found.append(_tensor_of(info))
        return found

    def files(self) -> dict[str, str]:
        """The file that each of `tensors` is in. Of a folder these are the files of its model (docs/container.md)."""
        path, found = ctypes.c_char_p(), {}
        names = [tensor.name for tensor in self.tensors()]
        with self._handle as handle:
            for index, name in enumerate(names):
                LIBRARY.uwtContainerTensorFile(handle, index, ctypes.byref(path))
                found[name] = os.fsdecode(path.value or b"")
        return found

    def find(self, name: str) -> Tensor:
        """The tensor of that name; UsageError, with a near name, where there is none."""
        info = TensorInfo()
        with self._handle as handle:
            LIBRARY.uwtContainerFind(handle, text("a name", name), info)
            return _tensor_of(info)

    def metadata(self) -> dict[str, str]:
        """The originals' own metadata; of several files, those of later ones where keys are equal."""
        key, value, found = ctypes.c_char_p(), ctypes.c_char_p(), {}
        with self._handle as handle:
            for index in range(LIBRARY.uwtContainerMetadataSize(handle)):
                LIBRARY.uwtContainerMetadata(handle, index, ctypes.byref(key), ctypes.byref(value))
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
        with self._handle as handle:
            if part is None:
                LIBRARY.uwtContainerRead(context, handle, text("a name", name), address or None, size)
            else:
                LIBRARY.uwtContainerReadPart(context, handle, text("a name", name), part, address or None, size)

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
        with self._handle as handle:
            LIBRARY.uwtContainerPartShape(
                handle, text("a name", name), part, ctypes.byref(dimensions), shape, ctypes.byref(size)
            )
        out = arrays.empty(tensor.dtype, tuple(shape[: dimensions.value]))
        self.read_into(name, part, arrays.address(out), size.value, context(threads))
        return _arrays.finished(arrays, out)

    def quantized(self) -> list[Quantized]:
        """The weights of a quantised checkpoint, by name; none of another one, or where no recipe knows its method."""
        info, count = QuantizedInfo(size=ctypes.sizeof(QuantizedInfo)), ctypes.c_size_t()
        found = []
        with self._handle as handle:
            LIBRARY.uwtContainerQuantizedSize(handle, ctypes.byref(count))
            for index in range(count.value):
                LIBRARY.uwtContainerQuantized(handle, index, info)
                found.append(_quantized_of(info))
        return found

    def find_quantized(self, name: str) -> Quantized:
        """The quantised weight of that name; UsageError, with a near name, where there is none."""
        info = QuantizedInfo(size=ctypes.sizeof(QuantizedInfo))
        with self._handle as handle:
            LIBRARY.uwtContainerFindQuantized(handle, text("a name", name), info)
            return _quantized_of(info)

    def check_plain(self, name: str) -> None:
        """Checks that a tensor, as it is, is the model's weight of that name.

        Raises UnsupportedError for floats of a folder whose configuration is not understood, and for those beside which there
        are tensors that change what a layer computes. `read` gives a tensor's bytes in any case.
        """
        with self._handle as handle:
            LIBRARY.uwtContainerCheckPlain(handle, text("a name", name))

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
        with self._handle as handle:
            LIBRARY.uwtContainerQuantizedPartShape(
                handle,
                text("a name", name),
                text("dtype", dtype),
                part,
                ctypes.byref(dimensions),
                shape,
                ctypes.byref(size),
            )
        out = arrays.empty(dtype, tuple(shape[: dimensions.value]))
        self.read_quantized_into(name, dtype, part, arrays.address(out), size.value, context(threads))
        return _arrays.finished(arrays, out)

    def read_quantized_into(
        self, name: str, dtype: str, part: TensorPart | None, address: int, size: int, context: ctypes.c_void_p
    ) -> None:
        """Writes the values of a quantised weight, or of a part, dense to memory of exactly their bytes."""
        with self._handle as handle:
            LIBRARY.uwtContainerReadQuantized(
                context, handle, text("a name", name), text("dtype", dtype), part, address or None, size
            )

    def codes(self, name: str, part: TensorPart, context: ctypes.c_void_p) -> Handle:
        """The codes of a quantised matrix or of a part of it, as the library has them."""
        with self._handle as handle:
            return Handle(
                "a handle of codes",
                LIBRARY.uwtCodesDestroy,
                LIBRARY.uwtContainerReadCodes,
                context,
                handle,
                text("a name", name),
                part,
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
        tensors, info, data = {}, TensorInfo(), ctypes.c_void_p()
        with self.codes(name, part_of(rows, columns, expert, rank, axis), context(threads)) as codes:
            for index in range(LIBRARY.uwtCodesSize(codes)):
                LIBRARY.uwtCodesTensor(codes, index, info, ctypes.byref(data))
                out = arrays.empty(info.dtype.decode(), tuple(info.shape[: info.rank]))
                if info.bytes:
                    ctypes.memmove(arrays.address(out), data, info.bytes)
                tensors[info.name.decode()] = _arrays.finished(arrays, out)
            return Codes(LIBRARY.uwtCodesFormat(codes).decode(), tensors)


def _open_again(kind: type[Container], path: PathLike, base: PathLike | None, check: bool) -> Container:
    return kind(path, base=base, check=check)


# What the library takes for the end of a dimension.
_PART_END = (1 << 64) - 1


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
            if operator.index(number) < 0:
                raise ValueError(f"{name}s are counted from 0, got {number}")
            if uint(f"{name}s", number) == _PART_END:
                raise ValueError(f"{name}s are from 0 to 2^64 - 2, got {number}")
            setattr(part, f"{name}_{edge}", number)
    if expert is not None:
        if operator.index(expert) < 0:
            raise ValueError(f"experts are counted from 0, got {expert}")
        part.expert = expert
    if rank is not None:
        part.rank, part.rank_count = rank
        if part.rank_count == 0:
            raise ValueError(f"rank is (i, n), part i of n from 0, got {rank}")
    part.rank_along_columns = axis == "columns"
    return part
