"""Modules of linalg on tensors, compiled and run from compressed weights on this machine's CPU (the extra `compiler`).

    program = uwt.compiler.compile("model.mlir", weights=["model.uwt.safetensors"])
    (y,) = program(x)

What a module may hold is in docs/embedding.md of the project; tools/export writes modules of models of PyTorch and JAX.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
import pathlib
from collections.abc import Callable, Iterable, Sequence
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint, c_uint64, c_void_p
from typing import Any

import numpy as np

from . import _arrays
from ._checked import PathLike, Struct, optional_text, path_bytes, paths, sizes, text
from ._handle import Handle, Owner
from ._library import bound, context

__all__ = ["Program", "compile", "compile_pack"]

# What gives the context (_library) that a call uses: that of another process after a fork.
Context = Callable[[], c_void_p]


class _Options(Struct):
    _fields_ = [
        ("size", c_size_t),
        ("target", c_char_p),
        ("weights", POINTER(c_char_p)),
        ("weight_count", c_size_t),
        ("format", c_char_p),
        ("exact", c_int),
        ("trust_ir", c_int),
        ("no_runtime_checks", c_int),
        ("own_format", c_int),
        ("arithmetic", c_char_p),
        ("columns_by_cell", c_int),
        ("grouped", c_int),
        ("assume_plain", c_int),
    ]


class _Tensor(Struct):
    _fields_ = [
        ("dtype", c_char_p),
        ("rank", c_size_t),
        ("shape", POINTER(c_uint64)),
        ("strides", POINTER(c_int64)),
        ("data", c_void_p),
    ]


def _load() -> ctypes.CDLL:
    file = os.environ.get("UWT_COMPILER_LIBRARY")
    if not file:
        if importlib.util.find_spec("uwt_compiler") is None:
            raise ImportError("uwt.compiler needs the package uwt-compiler: pip install uwt-compiler")
        import uwt_compiler

        file = str(uwt_compiler.LIBRARY)
    failing = {
        "uwtContextSetProgramFolder": [c_void_p, c_char_p],
        # The module is bytes of a length, not a text that ends at a NUL.
        "uwtCompile": [c_void_p, c_void_p, c_size_t, c_char_p, POINTER(_Options), POINTER(c_void_p)],
        "uwtCompilePack": [c_void_p, c_void_p, c_size_t, c_char_p, POINTER(_Options), c_uint, c_char_p],
        "uwtProgramRun": [c_void_p, c_void_p, c_char_p, POINTER(_Tensor), c_size_t, POINTER(c_void_p)],
    }
    others = {
        "uwtCompileOptionsInit": (None, [POINTER(_Options), c_size_t]),
        "uwtProgramDestroy": (None, [c_void_p]),
        "uwtProgramFunctionCount": (c_size_t, [c_void_p]),
        "uwtProgramFunctionName": (c_char_p, [c_void_p, c_size_t]),
        "uwtResultsCount": (c_size_t, [c_void_p]),
        "uwtResultsTensor": (_Tensor, [c_void_p, c_size_t]),
        "uwtResultsDestroy": (None, [c_void_p]),
    }
    # It finds the libuwt.so that is loaded already by its name.
    return bound(file, failing, others)


_COMPILER = _load()


def library_path() -> str:
    """The file of the compiler."""
    return _COMPILER._name


class Program(Owner):
    """A compiled module with its weights. Immutable: any thread may call its functions, and close it while others do. It is
    neither copied nor pickled."""

    def __init__(self, handle: Handle, context: Context) -> None:
        self._handle, self._context = handle, context

    @property
    def functions(self) -> list[str]:
        """Names of public functions, in the order of the module."""
        with self._handle as handle:
            count = _COMPILER.uwtProgramFunctionCount(handle)
            return [_COMPILER.uwtProgramFunctionName(handle, index).decode() for index in range(count)]

    def __call__(self, *inputs: Any, function: str | None = None) -> list[Any]:
        """Calls a function, the only one or `main` by default: arrays of NumPy or tensors of PyTorch on the CPU.

        What the module has as a weight is given as the image of a `uwt.torch.UwtTensor`, which is read where it lies.
        Results are of the same kind as the first input, and dense. Raises UsageError for inputs that the function has not,
        InvalidError where an index leaves its tensor or an assertion of the module does not hold.
        """
        return self.call(inputs, _arrays_of(inputs), function)

    def call(self, inputs: Sequence[Any], arrays: Any, function: str | None = None) -> list[Any]:
        """The same, with results of the kind that `arrays` (_arrays) makes."""
        kinds = [_kind_of(each, arrays) for each in inputs]
        given = [_input(number, kind, each) for number, (kind, each) in enumerate(zip(kinds, inputs))]
        tensors = (_Tensor * max(len(given), 1))(*map(_tensor_of, given, kinds))
        with self._handle as handle:
            made = Handle(
                "a handle of results",
                _COMPILER.uwtResultsDestroy,
                _COMPILER.uwtProgramRun,
                self._context(),
                handle,
                optional_text("function", function),
                tensors,
                len(given),
            )
        with made as results:
            count = _COMPILER.uwtResultsCount(results)
            return [_copy_of(_COMPILER.uwtResultsTensor(results, index), arrays) for index in range(count)]


def _is_torch(array: Any) -> bool:
    return hasattr(array, "detach")


def _arrays_of(inputs: tuple[Any, ...]) -> _arrays.NumpyArrays | _arrays.TorchArrays:
    return _arrays.framework("pt" if inputs and _is_torch(inputs[0]) else "np")


_NUMPY = _arrays.NumpyArrays()


def _kind_of(array: Any, arrays: Any) -> Any:
    """The arrays that an input is one of: `arrays` for tensors of PyTorch where these are."""
    if not _is_torch(array):
        return _NUMPY
    return arrays if isinstance(arrays, _arrays.TorchArrays) else _arrays.TorchArrays()


def _input(number: int, arrays: Any, array: Any) -> Any:
    try:
        return arrays.dense(array)
    except TypeError as error:
        raise TypeError(f"input {number}: {error}") from error


# Weights are given with every call, and their shapes do not change.
_sizes = functools.lru_cache(maxsize=4096)(sizes)


def _tensor_of(array: Any, arrays: Any) -> _Tensor:
    shape = tuple(array.shape)
    return _Tensor(
        text("dtype", arrays.name_of(array)), len(shape), _sizes(shape), None, arrays.address(array) or None
    )


def _copy_of(tensor: _Tensor, arrays: Any) -> Any:
    shape = tuple(tensor.shape[: tensor.rank])
    out = arrays.empty(tensor.dtype.decode(), shape)
    size = _arrays.elements(shape) * (out.itemsize if hasattr(out, "itemsize") else out.element_size())
    if size:
        ctypes.memmove(arrays.address(out), tensor.data, size)
    return out


def compile(
    module: PathLike | bytes,
    *,
    weights: Iterable[PathLike] = (),
    format: str | None = None,
    exact: bool = False,
    arithmetic: str = "dense",
    columns_by_cell: bool = False,
    target: str | None = None,
    trust: bool = False,
    assume_plain: bool = False,
    threads: int = 0,
) -> Program:
    """Compiles a module.

    Args:
        module: the path of a file of MLIR text, or its text as bytes.
        weights: files and folders, whose tensors the module's constants are bound to by their names.
        format: what products run from, "raw" for uncompressed weights; None for the cost model's pick.
        exact: IEEE multiply-adds, the same bits on every target.
        arithmetic: "integer<8>" (2 to 8) computes products of quantised weights whose codes are integers by integers of
            so many bits that x is rounded to: faster, with other bits than those of the weights' elements, the same on CPUs and GPUs.
        columns_by_cell: products run from the codes of quantised weights whose columns belong to groups in an order of their
            own (desc_act), on CPUs, and add up columns group by group: least memory, other bits. Not together with a format.
        target: "avx512", "avx2"; None for the best of this machine.
        trust: takes bytecode, and any operation. The module is then as trusted as a program.
        assume_plain: tensors of floats are weights whatever the model's configuration says of how it is quantised.
        threads: of the calls of the program, 0 for one a processor.

    Raises UsageError and UnsupportedError with the place in the module, InvalidError where none of its products is one
    that `arithmetic` serves, IoError.
    """
    code, name = _module_of(module)
    files, given = paths(weights), options(arithmetic)
    given.weights, given.weight_count = files, len(files)
    given.format = optional_text("format", format)
    given.target = optional_text("target", target)
    given.exact, given.trust_ir, given.columns_by_cell = exact, trust, columns_by_cell
    given.assume_plain = assume_plain
    return compile_on(functools.partial(context, threads), code, name, given)


def _module_of(module: PathLike | bytes) -> tuple[bytes, str]:
    """The text of a module, and its name in messages."""
    return (module, "module") if isinstance(module, bytes) else (pathlib.Path(module).read_bytes(), str(module))


def options(arithmetic: str = "dense") -> _Options:
    """Options for `compile_on`: the defaults, and an arithmetic as of `compile`."""
    made = _Options()
    _COMPILER.uwtCompileOptionsInit(made, ctypes.sizeof(made))
    made.arithmetic = text("arithmetic", arithmetic)
    return made


def compile_on(context: Context, code: bytes, name: str, options: _Options | None = None) -> Program:
    """Compiles a module, and makes a program that runs, on the threads of a context; `name` stands in messages."""
    # Paths may be no Unicode.
    named = path_bytes(name, "the name of a module")
    arguments = (context(), code, len(code), named, options)
    return Program(Handle("a program", _COMPILER.uwtProgramDestroy, _COMPILER.uwtCompile, *arguments), context)


# Numbers of UWTWeightKernels.
_WEIGHT_KERNELS = {"encode": 1, "decode": 2, "gather": 4}


def compile_pack(
    module: PathLike | bytes,
    path: PathLike,
    *,
    target: str,
    format: str,
    weight_kernels: Iterable[str] = (),
    grouped: bool = False,
    arithmetic: str = "dense",
) -> None:
    """Compiles the products of a module for a GPU, and writes their kernels to a file: a pack.

    Args:
        module: the path of a file of MLIR text, or its text as bytes.
        path: the pack, which is written over where it is there.
        target: "sm_90a".
        format: what weights run from, as the module has it.
        weight_kernels: what the pack has of each weight beside: of "encode", "decode", "gather".
        grouped: whether its products are grouped: each slice of x by a matrix that a table on the device names.
        arithmetic: "integer<8>" (2 to 8) computes products by integers, as of `compile`.

    Raises UsageError with the place in the module, UnsupportedError where NVIDIA's ptxas is not found, IoError.
    """
    code, name = _module_of(module)
    given = options(arithmetic)
    given.target, given.format, given.grouped = text("target", target), text("format", format), grouped
    kernels = sum(_WEIGHT_KERNELS[each] for each in set(weight_kernels))
    named, to = path_bytes(name, "the name of a module"), path_bytes(path)
    _COMPILER.uwtCompilePack(context(1), code, len(code), named, ctypes.byref(given), kernels, to)


def keep_programs(context: c_void_p) -> None:
    """Has a context keep compiled code where `uwt run` does: in $UWT_CACHE ("none": nowhere), or uwt/programs in
    $XDG_CACHE_HOME or ~/.cache. Not while another function uses the context. Raises UsageError for a folder that others
    may write to, IoError.
    """
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.environ.get("UWT_CACHE") or os.path.join(caches, "uwt", "programs")
    _COMPILER.uwtContextSetProgramFolder(context, None if folder == "none" else path_bytes(folder))
