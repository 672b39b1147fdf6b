"""libuwt.so through ctypes: where it is, its functions, its errors, and the threads of a process.

Calls release the interpreter's lock. What is made here may be used by several threads at a time.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import threading
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint, c_uint64, c_void_p
from typing import Any

from ._checked import Struct, parameters, uint
from .errors import error_of

#: Of the C API that is called here: major and minor.
API_VERSION = (0, 1)

PROGRESS = ctypes.CFUNCTYPE(c_int, c_void_p, c_uint64, c_uint64)


class OpenOptions(Struct):
    _fields_ = [("size", c_size_t), ("base", c_char_p), ("no_check", c_int)]


class TensorInfo(Struct):
    _fields_ = [
        ("name", c_char_p),
        ("dtype", c_char_p),
        ("rank", c_size_t),
        ("shape", POINTER(c_uint64)),
        ("bytes", c_uint64),
        ("stored_bytes", c_uint64),
        ("format", c_char_p),
    ]


class TensorPart(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("expert", c_int64),
        ("row_begin", c_uint64),
        ("row_end", c_uint64),
        ("column_begin", c_uint64),
        ("column_end", c_uint64),
        ("rank", c_uint64),
        ("rank_count", c_uint64),
        ("rank_along_columns", c_int),
    ]


class QuantizedInfo(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("name", c_char_p),
        ("recipe", c_char_p),
        ("format", c_char_p),
        ("rank", c_size_t),
        ("shape", POINTER(c_uint64)),
        ("part_count", c_size_t),
        ("parts", POINTER(c_char_p)),
        ("refusal", c_char_p),
        ("run_format", c_char_p),
    ]


class CompressOptions(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("format", c_char_p),
        ("include", POINTER(c_char_p)),
        ("include_count", c_size_t),
        ("exclude", POINTER(c_char_p)),
        ("exclude_count", c_size_t),
        ("base", c_char_p),
        ("cast_to_bf16", c_int),
        ("sha256", c_int),
        ("no_verify", c_int),
        ("overwrite", c_int),
        ("dry_run", c_int),
        ("progress", PROGRESS),
        ("progress_user", c_void_p),
        ("shard", c_uint64),
        ("shard_count", c_uint64),
        ("finish_shards", c_int),
        ("incomplete", c_int),
        ("cast_vectors", c_int),
    ]


class DecompressOptions(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("max_bytes", c_uint64),
        ("overwrite", c_int),
        ("base", c_char_p),
        ("progress", PROGRESS),
        ("progress_user", c_void_p),
    ]


class VerifyOptions(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("base", c_char_p),
        ("against", c_char_p),
        ("decode", c_int),
        ("progress", PROGRESS),
        ("progress_user", c_void_p),
    ]


class WeightInfo(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("dtype", c_char_p),
        ("format", c_char_p),
        ("rank", c_size_t),
        ("shape", POINTER(c_uint64)),
        ("tensor_bytes", c_uint64),
        ("image_bytes", c_uint64),
        ("parts", c_size_t),
        ("integer_bits", c_uint),
    ]


class WeightPart(Struct):
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("offset", c_uint64), ("bytes", c_uint64)]


class DenseTensor(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("dtype", c_char_p),
        ("rank", c_size_t),
        ("shape", POINTER(c_uint64)),
        ("data", c_void_p),
        ("bytes", c_uint64),
        ("row_stride", c_uint64),
        ("matrix_stride", c_uint64),
    ]


class Linear(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("matrix", c_uint64),
        ("n", c_uint64),
        ("k", c_uint64),
        ("m", c_uint64),
        ("x", c_void_p),
        ("x_stride", c_uint64),
        ("y", c_void_p),
        ("y_stride", c_uint64),
        ("bias", c_void_p),
    ]


class Report(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("files", c_uint64),
        ("input_bytes", c_uint64),
        ("output_bytes", c_uint64),
        ("original_bytes", c_uint64),
    ]


def _take_error(error: int | None) -> None:
    """Raises what a function failed with, and destroys that."""
    if not error:
        return
    # Paths in it may be no Unicode.
    kind, message = LIBRARY.uwtErrorKind(error), LIBRARY.uwtErrorMessage(error).decode(errors="backslashreplace")
    LIBRARY.uwtErrorDestroy(error)
    raise error_of(kind, message)


# Functions that return UWTError *: their arguments.
_FAILING = {
    "uwtContextCreate": [c_uint, POINTER(c_void_p)],
    "uwtContextCreateOnTeam": [c_uint, c_void_p, POINTER(c_void_p)],
    "uwtContainerOpen": [c_char_p, POINTER(OpenOptions), POINTER(c_void_p)],
    "uwtContainerTensor": [c_void_p, c_size_t, POINTER(TensorInfo)],
    "uwtContainerTensorFile": [c_void_p, c_size_t, POINTER(c_char_p)],
    "uwtContainerFind": [c_void_p, c_char_p, POINTER(TensorInfo)],
    "uwtContainerMetadata": [c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p)],
    "uwtContainerRead": [c_void_p, c_void_p, c_char_p, c_void_p, c_uint64],
    "uwtContainerPartShape": [
        c_void_p, c_char_p, POINTER(TensorPart), POINTER(c_size_t), POINTER(c_uint64), POINTER(c_uint64),
    ],
    "uwtContainerReadPart": [c_void_p, c_void_p, c_char_p, POINTER(TensorPart), c_void_p, c_uint64],
    "uwtContainerQuantizedSize": [c_void_p, POINTER(c_size_t)],
    "uwtContainerQuantized": [c_void_p, c_size_t, POINTER(QuantizedInfo)],
    "uwtContainerCheckPlain": [c_void_p, c_char_p],
    "uwtContainerFindQuantized": [c_void_p, c_char_p, POINTER(QuantizedInfo)],
    "uwtContainerQuantizedPartShape": [
        c_void_p, c_char_p, c_char_p, POINTER(TensorPart), POINTER(c_size_t), POINTER(c_uint64), POINTER(c_uint64),
    ],
    "uwtContainerReadQuantized": [
        c_void_p, c_void_p, c_char_p, c_char_p, POINTER(TensorPart), c_void_p, c_uint64,
    ],
    "uwtContainerReadCodes": [c_void_p, c_void_p, c_char_p, POINTER(TensorPart), POINTER(c_void_p)],
    "uwtCodesTensor": [c_void_p, c_size_t, POINTER(TensorInfo), POINTER(c_void_p)],
    "uwtCompress": [c_void_p, c_char_p, c_char_p, POINTER(CompressOptions), POINTER(Report)],
    "uwtDecompress": [c_void_p, c_char_p, c_char_p, POINTER(DecompressOptions), POINTER(Report)],
    "uwtVerify": [c_void_p, c_char_p, POINTER(VerifyOptions), POINTER(c_void_p)],
    "uwtFindingsGet": [c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p)],
    "uwtWeightMaxBytes": [c_char_p, c_size_t, POINTER(c_uint64), c_char_p, POINTER(c_uint64)],
    "uwtWeightEncode": [c_void_p, POINTER(DenseTensor), c_char_p, c_void_p, c_uint64, POINTER(c_uint64)],
    "uwtWeightFormatOfCodes": [c_char_p, c_char_p, c_size_t],
    "uwtWeightEncodeCodes": [
        c_void_p, POINTER(c_void_p), c_size_t, c_char_p, c_size_t, POINTER(c_uint64),
        c_void_p, c_uint64, POINTER(c_uint64),
    ],
    "uwtWeightLoad": [c_void_p, c_void_p, c_char_p, c_char_p, c_void_p, c_uint64, POINTER(c_uint64)],
    "uwtWeightCheck": [c_void_p, c_void_p, c_uint64],
    "uwtWeightInfo": [c_void_p, c_uint64, POINTER(WeightInfo)],
    "uwtWeightSetArithmetic": [c_void_p, c_uint64, c_char_p],
    "uwtWeightPart": [c_void_p, c_uint64, c_size_t, POINTER(WeightPart)],
    "uwtWeightDecode": [c_void_p, c_void_p, c_uint64, POINTER(TensorPart), c_void_p, c_uint64],
    "uwtWeightGather": [c_void_p, c_void_p, c_uint64, c_void_p, c_uint64, c_uint64, c_void_p, c_uint64],
    "uwtLinear": [c_void_p, c_void_p, c_uint64, POINTER(Linear)],
}
# The others: what they return, and their arguments.
_OTHERS = {
    "uwtVersion": (c_uint, []),
    "uwtErrorKind": (c_int, [c_void_p]),
    "uwtErrorMessage": (c_char_p, [c_void_p]),
    "uwtErrorDestroy": (None, [c_void_p]),
    "uwtContainerDestroy": (None, [c_void_p]),
    "uwtCodesDestroy": (None, [c_void_p]),
    "uwtCodesFormat": (c_char_p, [c_void_p]),
    "uwtCodesSize": (c_size_t, [c_void_p]),
    "uwtContainerOriginalBytes": (c_uint64, [c_void_p]),
    "uwtContainerFileBytes": (c_uint64, [c_void_p]),
    "uwtContainerSize": (c_size_t, [c_void_p]),
    "uwtContainerMetadataSize": (c_size_t, [c_void_p]),
    "uwtOpenOptionsInit": (None, [POINTER(OpenOptions), c_size_t]),
    "uwtTensorPartInit": (None, [POINTER(TensorPart), c_size_t]),
    "uwtCompressOptionsInit": (None, [POINTER(CompressOptions), c_size_t]),
    "uwtDecompressOptionsInit": (None, [POINTER(DecompressOptions), c_size_t]),
    "uwtVerifyOptionsInit": (None, [POINTER(VerifyOptions), c_size_t]),
    "uwtDenseTensorInit": (None, [POINTER(DenseTensor), c_size_t]),
    "uwtLinearInit": (None, [POINTER(Linear), c_size_t]),
    "uwtFindingsCount": (c_uint64, [c_void_p]),
    "uwtFindingsDestroy": (None, [c_void_p]),
}


def bound(path: str, failing: dict[str, list[Any]], others: dict[str, tuple[Any, list[Any]]]) -> ctypes.CDLL:
    """A library of the C API with the types of its functions: those that return an error, which is raised, and others."""
    library = ctypes.CDLL(path)
    for name, arguments in failing.items():
        function = getattr(library, name)
        function.restype, function.argtypes = c_void_p, parameters(arguments)
        function.errcheck = lambda error, *_: _take_error(error)
    for name, (result, arguments) in others.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, parameters(arguments)
    return library


def _load() -> ctypes.CDLL:
    file = pathlib.Path(os.environ.get("UWT_LIBRARY") or pathlib.Path(__file__).with_name("libuwt.so"))
    if not file.is_file():
        raise ImportError(
            f"uwt: there is no library {file}; install the package from its wheel, or set UWT_LIBRARY to a libuwt.so"
        )
    library = bound(str(file), _FAILING, _OTHERS)
    version = library.uwtVersion()
    if (version // 10000, version // 100 % 100) != API_VERSION:
        raise ImportError(
            f"uwt: {file} has version {version // 10000}.{version // 100 % 100}, this package needs "
            f"{API_VERSION[0]}.{API_VERSION[1]}"
        )
    return library


LIBRARY = _load()


def version() -> str:
    """The library's version."""
    number = LIBRARY.uwtVersion()
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


_contexts: dict[tuple[int, int | None], c_void_p] = {}
_contexts_lock = threading.RLock()


def _forget_contexts() -> None:
    # A lock that another thread held while the process was forked would never be free again.
    global _contexts_lock
    _contexts_lock = threading.RLock()
    _contexts.clear()


os.register_at_fork(after_in_child=_forget_contexts)


def context(threads: int, team: int | None = None) -> c_void_p:
    """The context of this process with so many threads, 0 for one a processor.

    `team` is the address of a UWTThreadTeam (include/uwt-c/Core.h), whose threads are used in place of others.
    """
    if type(threads) is not int or threads < 0:
        threads = uint("threads, 0 for one a processor,", threads, 32)
    made = _contexts.get((threads, team))
    if made is not None:
        return made
    uint("threads", threads, 32)
    with _contexts_lock:
        if (threads, team) not in _contexts:
            made = c_void_p()
            if team is None:
                LIBRARY.uwtContextCreate(threads, ctypes.byref(made))
            else:
                LIBRARY.uwtContextCreateOnTeam(threads, team, ctypes.byref(made))
            _contexts[threads, team] = made
        return _contexts[threads, team]
