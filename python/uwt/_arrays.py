"""Arrays of the frameworks: empty ones that the library writes into, and the bytes of those that are saved."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

# dtypes of safetensors that NumPy has itself.
_NUMPY = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "F16": "float16", "U32": "uint32",
    "I32": "int32", "F32": "float32", "U64": "uint64", "I64": "int64", "F64": "float64", "C64": "complex64",
}  # fmt: skip
# And those that the package ml_dtypes adds.
_ML_DTYPES = {
    "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
}  # fmt: skip
# PyTorch has all of them.
_ALL = _NUMPY | _ML_DTYPES
_SAFETENSORS = {name: dtype for dtype, name in _ALL.items()}


def imported(name: str, why: str) -> Any:
    """A package that is not required, or an ImportError that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"{why} needs the package {name}: pip install {name}") from error


def _name_of(dtype: str, what: str) -> str:
    if dtype not in _SAFETENSORS:
        raise TypeError(f"safetensors has no dtype for {what}")
    return _SAFETENSORS[dtype]


class NumpyArrays:
    """NumPy arrays; BF16 and FP8 by ml_dtypes."""

    def dtype(self, name: str) -> np.dtype:
        """The dtype of that name of safetensors. ImportError where ml_dtypes has it and is not installed."""
        if name in _NUMPY:
            return np.dtype(_NUMPY[name])
        if name in _ML_DTYPES:
            ml_dtypes = imported("ml_dtypes", f"{name} in NumPy")
            if hasattr(ml_dtypes, _ML_DTYPES[name]):
                return np.dtype(getattr(ml_dtypes, _ML_DTYPES[name]))
        raise TypeError(f"NumPy has no dtype for {name} of safetensors")

    def empty(self, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
        return np.empty(shape, self.dtype(dtype))

    def address(self, array: np.ndarray) -> int:
        return array.ctypes.data

    def dense(self, array: Any) -> np.ndarray:
        """Its elements, row-major and in this machine's byte order, where the library may read them. TypeError for what is no
        array of numbers that safetensors has, and for a masked array that hides some."""
        if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
            raise TypeError("elements of a masked array are hidden: fill them, as array.filled(0) does")
        made = np.asarray(array)
        self.name_of(made)
        return np.asarray(made, made.dtype.newbyteorder("="), order="C")

    def name_of(self, array: np.ndarray) -> str:
        """The name that safetensors has for an array's dtype."""
        return _name_of(array.dtype.name, f"{array.dtype} of NumPy")

    def bytes_of(self, array: np.ndarray) -> memoryview:
        """The bytes of a dense array."""
        return memoryview(array.reshape(-1).view(np.uint8))


class TorchArrays:
    """Tensors of PyTorch, in memory; `device` is where they end."""

    def __init__(self, device: Any = "cpu") -> None:
        self.torch = imported("torch", "framework 'pt'")
        self.device = self.torch.device(device)

    def dtype(self, name: str) -> Any:
        if name in _ALL and hasattr(self.torch, _ALL[name]):
            return getattr(self.torch, _ALL[name])
        raise TypeError(f"PyTorch {self.torch.__version__} has no dtype for {name} of safetensors")

    def empty(self, dtype: str, shape: tuple[int, ...]) -> Any:
        # Whatever the default device is.
        return self.torch.empty(shape, dtype=self.dtype(dtype), device="cpu")

    def address(self, tensor: Any) -> int:
        return tensor.data_ptr()

    def dense(self, tensor: Any) -> Any:
        """Its elements, row-major and in memory, where the library may read them. TypeError for what is no tensor of numbers that
        safetensors has."""
        if not isinstance(tensor, self.torch.Tensor):
            raise TypeError(f"expected a tensor of PyTorch, got {type(tensor).__name__}")
        self.name_of(tensor)
        # Of both, PyTorch only notes that they are to be computed.
        resolved = tensor.detach().resolve_neg()
        return (resolved.resolve_conj() if resolved.is_complex() else resolved).cpu().contiguous()

    def name_of(self, tensor: Any) -> str:
        return _name_of(str(tensor.dtype).removeprefix("torch."), f"{tensor.dtype} of PyTorch")

    def bytes_of(self, tensor: Any) -> memoryview:
        """The bytes of a dense tensor."""
        flat = tensor.reshape(-1)
        if flat.numel() == 0:
            return memoryview(b"")
        return memoryview(flat.view(self.torch.uint8).numpy())


def framework(name: str, device: Any = "cpu") -> NumpyArrays | TorchArrays:
    """The arrays of a framework, by its name in safetensors."""
    if name in ("np", "numpy"):
        return NumpyArrays()
    if name in ("pt", "torch", "pytorch"):
        return TorchArrays(device)
    raise ValueError(f"there is no framework {name!r}: 'np' for NumPy, 'pt' for PyTorch")


def finished(arrays: NumpyArrays | TorchArrays, array: Any) -> Any:
    """The array where it was asked for."""
    if isinstance(arrays, TorchArrays) and arrays.device.type != "cpu":
        return array.to(arrays.device)
    return array


def transposed(shape: Sequence[int]) -> tuple[int, ...]:
    """Of matrices that are transposed."""
    return (*shape[:-2], shape[-1], shape[-2])


def elements(shape: tuple[int, ...]) -> int:
    return math.prod(shape)
