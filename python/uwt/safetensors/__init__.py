"""Safetensors files, plain and compressed, with the functions of the package `safetensors`.

`uwt.safetensors.numpy`, `.torch` and `.jax` have `load_file` and `save_file`; `safe_open` reads tensors one by one, and
slices of them without the rest. What `save_file` writes is compressed.
"""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
from typing import Any

from .. import _arrays
from .._container import Container
from ..files import compress

__all__ = ["safe_open"]


class _Slice:
    """A tensor that is read when it is indexed, and only where the index wants it."""

    def __init__(self, opened: safe_open, name: str) -> None:
        self._opened = opened
        self._tensor = opened._container.find(name)

    def get_shape(self) -> list[int]:
        return list(self._tensor.shape)

    def get_dtype(self) -> str:
        return self._tensor.dtype

    def __getitem__(self, index: Any) -> Any:
        shape = self._tensor.shape
        indices = _expanded(index, shape)
        part: dict[str, Any] = {}
        rest = list(indices)
        # The last two dimensions are rows and columns.
        names = ["rows"] if len(shape) == 1 else ["rows", "columns"]
        for axis, name in zip(range(len(shape))[-len(names) :], names):
            if isinstance(indices[axis], int):
                part[name], rest[axis] = (indices[axis], indices[axis] + 1), 0
            elif indices[axis].step in (None, 1):
                begin, end, _ = indices[axis].indices(shape[axis])
                part[name], rest[axis] = (begin, max(begin, end)), slice(None)
        if len(shape) > 2 and isinstance(indices[0], int):
            part["expert"], rest = indices[0], rest[1:]
        read = self._opened._read_part(self._tensor.name, part)
        return read[tuple(rest)] if any(each != slice(None) for each in rest) else read


def _expanded(index: Any, shape: tuple[int, ...]) -> list[Any]:
    """A slice or an integer, from 0, a dimension."""
    given = list(index) if isinstance(index, tuple) else [index]
    if sum(each is Ellipsis for each in given) > 1:
        raise IndexError("an index has one ellipsis at most")
    for each in given:
        if not (each is Ellipsis or isinstance(each, (int, slice))) or isinstance(each, bool):
            raise TypeError(f"a tensor is indexed by integers and slices, got {each!r}")
    named = sum(each is not Ellipsis for each in given)
    if named > len(shape):
        raise IndexError(f"a tensor of rank {len(shape)} has no {named} indices")
    at = next((i for i, each in enumerate(given) if each is Ellipsis), len(given))
    expanded = given[:at] + [slice(None)] * (len(shape) - named) + given[at + 1 :]
    for axis, (each, size) in enumerate(zip(expanded, shape)):
        if not isinstance(each, int):
            continue
        if not -size <= each < size:
            raise IndexError(f"index {each} is outside of dimension {axis}, whose size is {size}")
        expanded[axis] = each + size if each < 0 else each
    return expanded


class safe_open:
    """An open file, as `safetensors.safe_open`.

    Args:
        filename: a plain or compressed safetensors file.
        framework: "np" for NumPy, "pt" for PyTorch.
        device: where tensors of PyTorch end.
        base: the model that the file was compressed against, where it was.
    """

    def __init__(
        self,
        filename: str | os.PathLike[str],
        framework: str,
        device: Any = "cpu",
        *,
        base: str | os.PathLike[str] | None = None,
    ) -> None:
        self._arrays = _arrays.framework(framework, device)
        self._container = Container(filename, base=base)
        self._names = [tensor.name for tensor in self._container.tensors()]
        self._framework, self._device = framework, device

    def __enter__(self) -> safe_open:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def keys(self) -> list[str]:
        """Names of all tensors, sorted."""
        return sorted(self._names)

    def offset_keys(self) -> list[str]:
        """Names of all tensors, in the order of the original's header."""
        return list(self._names)

    def metadata(self) -> dict[str, str] | None:
        """The file's own metadata; None where it has none."""
        return self._container.metadata() or None

    def get_tensor(self, name: str) -> Any:
        return self._container.read(name, framework=self._framework, device=self._device)

    def get_slice(self, name: str) -> _Slice:
        return _Slice(self, name)

    def _read_part(self, name: str, part: dict[str, Any]) -> Any:
        return self._container.read_part(name, framework=self._framework, device=self._device, **part)


def load(filename: str | os.PathLike[str], framework: str, device: Any = "cpu") -> dict[str, Any]:
    """All tensors of a file, by their names."""
    with safe_open(filename, framework, device) as opened:
        return {name: opened.get_tensor(name) for name in opened.offset_keys()}


def _write_plain(path: str, tensors: dict[str, Any], metadata: dict[str, str] | None, arrays: Any) -> None:
    """A safetensors file as the package writes it: tensors of wide elements first, so that all are aligned."""
    named = {name: (arrays.name_of(each), tuple(each.shape), arrays.bytes_of(each)) for name, each in tensors.items()}
    order = sorted(named, key=lambda name: (-_width(named[name][0]), name))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    at = 0
    for name in order:
        dtype, shape, data = named[name]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for name in order:
            file.write(named[name][2])


def _width(dtype: str) -> int:
    digits = "".join(each for each in dtype.split("_")[0] if each.isdigit())
    return int(digits) if digits else 8


def save(
    tensors: dict[str, Any],
    filename: str | os.PathLike[str],
    metadata: dict[str, str] | None,
    arrays: Any,
    *,
    format: str,
    threads: int,
) -> None:
    """Writes a compressed file, which replaces one of that name once it is whole."""
    target = pathlib.Path(filename)
    with tempfile.TemporaryDirectory(prefix=".uwt-", dir=target.parent) as folder:
        plain = os.path.join(folder, "plain.safetensors")
        _write_plain(plain, tensors, metadata, arrays)
        compress(plain, target, format=format, overwrite=True, threads=threads)
