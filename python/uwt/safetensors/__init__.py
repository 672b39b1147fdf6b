"""Safetensors files, plain and compressed, with the functions of the package `safetensors`.

`uwt.safetensors.numpy`, `.torch` and `.jax` have `load_file` and `save_file`; `safe_open` reads tensors one by one, and
slices of them without the rest. What `save_file` writes is compressed.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import tempfile
from typing import Any, BinaryIO

from .. import _arrays
from .._checked import text
from .._container import Container
from ..errors import UwtError
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

    def __reduce__(self) -> Any:
        # As a container: a copy opens the file again.
        _, (_, path, base, _) = self._container.__reduce__()
        return _open_again, (type(self), path, self._framework, self._device, base)

    def __enter__(self) -> safe_open:
        self._container.check_open()
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def keys(self) -> list[str]:
        """Names of all tensors, sorted."""
        self._container.check_open()
        return sorted(self._names)

    def offset_keys(self) -> list[str]:
        """Names of all tensors, in the order of the original's header."""
        self._container.check_open()
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


def _open_again(kind: type[safe_open], path: Any, framework: str, device: Any, base: Any) -> safe_open:
    return kind(path, framework, device, base=base)


def load(filename: str | os.PathLike[str], framework: str, device: Any = "cpu") -> dict[str, Any]:
    """All tensors of a file, by their names."""
    with safe_open(filename, framework, device) as opened:
        return {name: opened.get_tensor(name) for name in opened.offset_keys()}


def _checked_metadata(metadata: dict[str, str] | None) -> dict[str, str]:
    for key, value in (metadata or {}).items():
        text("a key of metadata", key)
        text(f"metadata {key!r}", value)
    return dict(metadata or {})


def _dense(tensors: dict[str, Any], arrays: Any) -> dict[str, Any]:
    """The tensors as the library may read them. ValueError and TypeError name the one that it may not."""
    dense = {}
    for name, tensor in tensors.items():
        text("the name of a tensor", name)
        if name == "__metadata__":
            raise ValueError("no tensor of a safetensors file is called '__metadata__'")
        try:
            if not hasattr(tensor, "dtype"):
                raise TypeError(f"expected an array, got {type(tensor).__name__}")
            dense[name] = arrays.dense(tensor)
        except TypeError as error:
            raise TypeError(f"tensor {name!r}: {error}") from error
    return dense


def _laid_out(dense: dict[str, Any], arrays: Any, metadata: dict[str, str]) -> tuple[bytes, list[memoryview]]:
    """The header and the data of a safetensors file as the package writes it: tensors of wide elements first, so that all are
    aligned."""
    names = {name: arrays.name_of(each) for name, each in dense.items()}
    order = sorted(names, key=lambda name: (-_width(names[name]), name))
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    data, at = [], 0
    for name in order:
        data.append(arrays.bytes_of(dense[name]))
        end = at + len(data[-1])
        header[name] = {"dtype": names[name], "shape": list(dense[name].shape), "data_offsets": [at, end]}
        at = end
    written = text("the header", json.dumps(header, separators=(",", ":"), ensure_ascii=False))
    written += b" " * (-len(written) % 8)
    return len(written).to_bytes(8, "little") + written, data


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
    """Writes a compressed file, which replaces one of that name once it is whole. The plain file that it is made of has no name:
    it is gone with the process, whatever ends that."""
    target = pathlib.Path(filename)
    header, data = _laid_out(_dense(tensors, arrays), arrays, _checked_metadata(metadata))
    with _nameless(target.parent, len(header) + sum(map(len, data))) as file:
        file.write(header)
        for each in data:
            file.write(each)
        file.flush()
        # With the permissions that a new file of this process has.
        os.fchmod(file.fileno(), 0o666 & ~_umask())
        plain = f"/proc/self/fd/{file.fileno()}"
        try:
            compress(plain, target, format=format, overwrite=True, threads=threads)
        except UwtError as error:
            raise type(error)(str(error).replace(plain, str(target))) from error


def _nameless(folder: pathlib.Path, size: int) -> BinaryIO:
    """A file without a name: in memory, where there is room for several of that size, else in the target's folder."""
    if 4 * size <= _free_memory():
        with contextlib.suppress(OSError):
            return os.fdopen(os.memfd_create("uwt", os.MFD_CLOEXEC), "wb")
    return tempfile.TemporaryFile("wb", prefix=".uwt-", dir=folder)


def _free_memory() -> int:
    """Bytes that the system gives without swapping, less where a control group has a limit; 0 where nothing says so."""
    try:
        lines = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return 0
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        # Without a limit there is no file, or no number in it.
        with contextlib.suppress(OSError, ValueError):
            limits = (int(pathlib.Path(each).read_text(encoding="ascii")) for each in (limit, used))
            free = min(free, next(limits) - next(limits))
    return free


def _umask() -> int:
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = pathlib.Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1], 8) for line in lines if line.startswith("Umask:"))
    return 0o077
