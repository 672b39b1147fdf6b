"""Values that cross to C, each checked on its way: integers keep their value, and texts their end.

ctypes cuts an integer to the bits of its field, and C ends a text at its first NUL. Whatever goes to the library goes through
here: texts by `text`, paths by `path_bytes`, integers by `uint`, structures as `Struct`, and arguments by the types of `parameters`.
"""

from __future__ import annotations

import ctypes
import functools
import operator
import os
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

PathLike = str | os.PathLike[str]


def uint(name: str, value: Any, bits: int = 64) -> int:
    """Returns an integer, of any type that Python takes as an index. ValueError unless it has `bits` bits and no sign."""
    number = operator.index(value) if type(value) is not int else value
    if not 0 <= number < 1 << bits:
        raise ValueError(f"{name} is from 0 to 2^{bits} - 1, got {number}")
    return number


def _int64(name: str, value: Any) -> int:
    number = operator.index(value)
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"{name} is from -2^63 to 2^63 - 1, got {number}")
    return number


def _without_nul(name: str, value: bytes) -> bytes:
    if b"\0" in value:
        raise ValueError(f"embedded null character in {name}: {value[:100]!r}")
    return value


def text(name: str, value: str) -> bytes:
    """Returns a text as C takes it. ValueError for one that C would cut, or that is no Unicode."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is a str, got {type(value).__name__}")
    try:
        return _without_nul(name, value.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{name} has half of a surrogate pair: {value[:100]!r}") from None


def optional_text(name: str, value: str | None) -> bytes | None:
    """Returns `text` of what is neither None nor empty."""
    return None if value is None or value == "" else text(name, value)


def path_bytes(value: PathLike | None, name: str = "a path") -> bytes | None:
    """Returns a path as C takes it, None for None. ValueError for one that C would cut."""
    return None if value is None else _without_nul(name, os.fsencode(value))


def texts(name: str, values: str | Iterable[str]) -> ctypes.Array:
    """Returns an array of texts; a str is one."""
    return _array([text(name, each) for each in ([values] if isinstance(values, str) else values)])


def paths(values: PathLike | Iterable[PathLike]) -> ctypes.Array:
    """Returns an array of paths; a str or a path is one."""
    return _array([path_bytes(each) for each in ([values] if isinstance(values, (str, bytes, os.PathLike)) else values)])


def _array(values: Sequence[bytes | None]) -> ctypes.Array:
    return (ctypes.c_char_p * len(values))(*values)


def sizes(shape: Sequence[int]) -> ctypes.Array:
    """Returns an array of a shape's sizes."""
    return (ctypes.c_uint64 * max(len(shape), 1))(*(uint("a size", each) for each in shape))


# Bits of the unsigned integers of C; a c_size_t is one of them.
_BITS = {each: 8 * ctypes.sizeof(each) for each in (ctypes.c_uint32, ctypes.c_uint, ctypes.c_uint64, ctypes.c_size_t)}


class Struct(ctypes.Structure):
    """A structure of C whose fields are checked when they are set, also by the constructor. An int of C is a truth."""

    _checks: ClassVar[dict[str, Callable[[str, Any], Any]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._checks = {name: _check_of(kind) for name, kind in cls._fields_}

    def __setattr__(self, name: str, value: Any) -> None:
        check = self._checks.get(name)
        super().__setattr__(name, value if check is None else check(name, value))

    @classmethod
    def packed(cls, *values: int) -> Any:
        """The same as the constructor, in a tenth of the time, of a structure that holds unsigned integers and pointers alone;
        values of structures in it stand in their place."""
        try:
            return cls.from_buffer_copy(_packing(cls).pack(*values))
        except struct.error:
            raise ValueError(f"{cls.__name__} holds integers from 0 to 2^64 - 1 or 2^32 - 1, got {values}") from None


@functools.cache
def _packing(cls: type[Struct]) -> struct.Struct:
    codes = "@" + _codes(cls)
    made = struct.Struct(f"{codes}{ctypes.sizeof(cls) - struct.calcsize(codes)}x")
    assert made.size == ctypes.sizeof(cls)
    return made


def _codes(kind: Any) -> str:
    if issubclass(kind, Struct):
        return "".join(_codes(field[1]) for field in kind._fields_)
    return {4: "I", 8: "Q"}[ctypes.sizeof(kind)] if kind in _BITS else "P"


def _unchanged(_: str, value: Any) -> Any:
    return value


def _truth(_: str, value: Any) -> bool:
    return bool(value)


def _bytes(name: str, value: bytes | None) -> bytes | None:
    if value is not None and not isinstance(value, bytes):
        raise TypeError(f"{name} is bytes, got {type(value).__name__}")
    return value if value is None else _without_nul(name, value)


def _check_of(kind: Any) -> Callable[[str, Any], Any]:
    """Returns the check of what a field or an argument of that type is set to."""
    if kind in _BITS:
        return lambda name, value: uint(name, value, _BITS[kind])
    if kind is ctypes.c_int64:
        return _int64
    if kind is ctypes.c_int:
        return _truth
    if kind is ctypes.c_char_p or getattr(kind, "_type_", None) is ctypes.c_char:
        return _bytes
    return _unchanged


def _parameter(kind: Any) -> Any:
    if kind not in _BITS and kind is not ctypes.c_char_p:
        return kind
    check = _check_of(kind)

    class Checked:
        @staticmethod
        def from_param(value: Any) -> Any:
            # Buffers that C writes to, and integers of C, are what they are.
            if isinstance(value, (ctypes.Array, kind)):
                return kind.from_param(value)
            return kind.from_param(check("an argument", value))

    return Checked


_PARAMETERS: dict[Any, Any] = {}


def parameters(kinds: Sequence[Any]) -> list[Any]:
    """Returns the types of a function's arguments, which check integers and texts."""
    for kind in kinds:
        if kind not in _PARAMETERS:
            _PARAMETERS[kind] = _parameter(kind)
    return [_PARAMETERS[kind] for kind in kinds]
