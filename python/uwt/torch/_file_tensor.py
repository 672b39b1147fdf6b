"""Tensors of open files that are read when they are used, and only where they are."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils import _pytree

from .. import _arrays
from .._container import Container, Tensor, part_of
from . import _threads

_ARRAYS = _arrays.TorchArrays()


class FileTensor(torch.Tensor):
    """A tensor of a container, or a part of it, on the CPU, of which nothing is read yet.

    Slices of rows, columns and matrices, a matrix of several, and what is transposed are FileTensors again. `copy_` from one decodes it, right into its
    target where that is dense and of the same dtype. Any other function gets a dense copy, which each of them decodes anew.

    Args:
        container: an open file or folder.
        tensor: which of its tensors.
        begins, sizes: of each dimension, what part of it this is; all of it by default.
        expert: of a tensor of three dimensions, the matrix that this is; its begins and sizes are those of the last two.
        is_transposed: whether this has its rows as columns; begins and sizes are those of the file.
    """

    @staticmethod
    def __new__(
        cls, container: Container, tensor: Tensor, begins=None, sizes=None, expert=None, is_transposed=False
    ) -> FileTensor:
        sizes = tensor.shape if sizes is None else sizes
        sizes = _arrays.transposed(sizes) if is_transposed else sizes
        return torch.Tensor._make_wrapper_subclass(cls, sizes, dtype=_ARRAYS.dtype(tensor.dtype), device="cpu")

    def __init__(
        self, container: Container, tensor: Tensor, begins=None, sizes=None, expert=None, is_transposed=False
    ) -> None:
        self._container, self._tensor, self._expert, self._is_transposed = container, tensor, expert, is_transposed
        self._sizes = tuple(tensor.shape if sizes is None else sizes)
        self._begins = tuple(begins or (0,) * len(self._sizes))

    __torch_function__ = torch._C._disabled_torch_function_impl

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"FileTensor({self._tensor.name!r}, shape={tuple(self.shape)}, dtype={self.dtype})"

    def dense(self) -> torch.Tensor:
        """A dense copy."""
        out = torch.empty(self.shape, dtype=self.dtype, device="cpu")
        self._read_into(out)
        return out

    def _reads(self, dtype: torch.dtype) -> bool:
        """Whether `_read_into` writes elements of that dtype."""
        return dtype == self.dtype

    def _read_into(self, out: torch.Tensor) -> None:
        """Decodes it into a dense tensor of its shape, of a dtype that it `_reads`."""
        if self._is_transposed:
            of_file = torch.empty(self._sizes, dtype=out.dtype, device="cpu")
            self._transposed()._read_into(of_file)
            out.copy_(of_file.transpose(-1, -2))
            return
        if self._has_some_matrices():
            for index, matrix in enumerate(self._matrices()):
                matrix._read_into(out[index])
            return
        whole = self._sizes == self._tensor.shape
        part = None if whole else self._part()
        if out.numel():
            self._read(part, out.dtype, out.data_ptr(), out.numel() * out.element_size())

    def _has_some_matrices(self) -> bool:
        """Whether it has a range of the matrices of a stack, which files give one by one."""
        return len(self._sizes) == 3 and self._sizes[0] != self._tensor.shape[0]

    def _matrices(self) -> list[FileTensor]:
        return [_select(self, 0, index) for index in range(self._sizes[0])]

    def _note_copy(self, into: torch.Tensor) -> None:
        """Hears of a dense tensor that it was copied into."""

    def _read(self, part: Any, dtype: torch.dtype, address: int, size: int) -> None:
        self._container.read_into(self._tensor.name, part, address, size, _threads.context())

    def _part(self) -> Any:
        ranges = [(begin, begin + size) for begin, size in zip(self._begins, self._sizes)]
        if len(ranges) == 1:
            return part_of(rows=ranges[0])
        return part_of(rows=ranges[-2], columns=ranges[-1], expert=self._expert)

    def _sliced(self, dim: int, begin: int, end: int) -> FileTensor:
        begins, sizes = list(self._begins), list(self._sizes)
        begins[dim] += begin
        sizes[dim] = end - begin
        return type(self)(self._container, self._tensor, begins, sizes, self._expert, self._is_transposed)

    def _transposed(self) -> FileTensor:
        return type(self)(self._container, self._tensor, self._begins, self._sizes, self._expert, not self._is_transposed)

    @classmethod
    def __torch_dispatch__(cls, func, types, args, kwargs=None):
        special = _OPERATORS.get(func)
        result = special(*args) if special is not None and not kwargs else NotImplemented
        if result is not NotImplemented:
            return result
        for argument, value in zip(func._schema.arguments, args):
            if argument.is_write and isinstance(value, FileTensor):
                raise TypeError(f"{value._tensor.name}: {func} would write into a tensor of a file: take its dense() copy")
        args, kwargs = _pytree.tree_map_only(FileTensor, FileTensor.dense, (args, kwargs or {}))
        return func(*args, **kwargs)


def _alias(source):
    return source._sliced(0, 0, source._sizes[0]) if source._sizes else NotImplemented


def _slice(source, dim=0, begin=None, end=None, step=1):
    dim = dim % len(source._sizes)
    rank = len(source._sizes)
    if step != 1 or (dim < rank - 2 and rank != 3):
        return NotImplemented
    begin, end, _ = slice(begin, end).indices(source.shape[dim])
    of_file = 2 * rank - 3 - dim if source._is_transposed and dim >= rank - 2 else dim
    return source._sliced(of_file, begin, max(begin, end))


def _narrow(source, dim, begin, length):
    size = source.shape[dim]
    if not 0 <= begin <= begin + length <= size:
        return NotImplemented
    return _slice(source, dim, begin, begin + length)


def _select(source, dim, index):
    if len(source._sizes) != 3 or dim % 3 != 0:
        return NotImplemented
    expert = source._begins[0] + index % source._sizes[0]
    return type(source)(
        source._container, source._tensor, source._begins[1:], source._sizes[1:], expert, source._is_transposed
    )


def _permute(source, dims):
    rank = len(source._sizes)
    exchanged = [*range(rank - 2), rank - 1, rank - 2]
    if rank < 2 or [dim % rank for dim in dims] != exchanged:
        return NotImplemented
    return source._transposed()


def _transpose(source, first, second):
    rank = len(source._sizes)
    if rank < 2 or {first % rank, second % rank} != {rank - 1, rank - 2}:
        return NotImplemented
    return source._transposed()


def _copy(into, source, non_blocking=False):
    if isinstance(into, FileTensor):
        raise TypeError(f"{into._tensor.name}: tensors of files cannot be written")
    if into.is_meta:
        return into
    is_dense = into.shape == source.shape and into.is_contiguous()
    if not is_dense or not source._reads(into.dtype):
        return into.copy_(source.dense(), non_blocking)
    here = into if into.device.type == "cpu" else torch.empty(into.shape, dtype=into.dtype, device="cpu")
    source._read_into(here)
    if here is not into:
        into.copy_(here)
    source._note_copy(into)
    return into


_ATEN = torch.ops.aten
_OPERATORS = {
    _ATEN.alias.default: _alias,
    _ATEN.copy_.default: _copy,
    _ATEN.detach.default: _alias,
    _ATEN.narrow.default: _narrow,
    _ATEN.permute.default: _permute,
    _ATEN.select.int: _select,
    _ATEN.slice.Tensor: _slice,
    _ATEN.transpose.int: _transpose,
}
