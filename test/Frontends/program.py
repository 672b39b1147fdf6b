"""Compiled modules in Python, for tests: the C API (include/uwt-c) through ctypes."""

import ctypes
import math

import torch

DTYPES = {
    torch.bool: b"BOOL",
    torch.int32: b"I32",
    torch.int64: b"I64",
    torch.float16: b"F16",
    torch.bfloat16: b"BF16",
    torch.float32: b"F32",
}
BY_NAME = {name: dtype for dtype, name in DTYPES.items()}


class Tensor(ctypes.Structure):
    """UWTTensor."""

    _fields_ = [
        ("dtype", ctypes.c_char_p),
        ("rank", ctypes.c_size_t),
        ("shape", ctypes.POINTER(ctypes.c_uint64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("data", ctypes.c_void_p),
    ]


class Options(ctypes.Structure):
    """UWTCompileOptions, and room for what later versions add."""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("target", ctypes.c_char_p),
        ("weights", ctypes.POINTER(ctypes.c_char_p)),
        ("weight_count", ctypes.c_size_t),
        ("room", ctypes.c_byte * 512),
    ]


def load_library(uwt_binary):
    """libuwt-compiler beside the tool, with the signatures that are used here."""
    library = ctypes.CDLL(uwt_binary.parent.parent / "lib" / "libuwt-compiler.so")
    pointer = ctypes.c_void_p
    for name in ("uwtContextCreate", "uwtCompile", "uwtProgramRun"):
        getattr(library, name).restype = pointer
    library.uwtErrorMessage.restype, library.uwtErrorMessage.argtypes = ctypes.c_char_p, [pointer]
    library.uwtErrorDestroy.argtypes = [pointer]
    library.uwtResultsCount.restype, library.uwtResultsCount.argtypes = ctypes.c_size_t, [pointer]
    library.uwtResultsTensor.restype = Tensor
    library.uwtResultsTensor.argtypes = [pointer, ctypes.c_size_t]
    library.uwtResultsDestroy.argtypes = [pointer]
    return library


class Program:
    """A compiled module; its functions take and give torch tensors."""

    def __init__(self, library, module, weights):
        self.library = library
        self.context, self.program = ctypes.c_void_p(), ctypes.c_void_p()
        self.check(library.uwtContextCreate(ctypes.c_uint(0), ctypes.byref(self.context)))
        options = Options()
        library.uwtCompileOptionsInit(ctypes.byref(options), ctypes.sizeof(options))
        options.weights = (ctypes.c_char_p * 1)(str(weights).encode())
        options.weight_count = 1
        text = module.read_bytes()
        self.check(
            library.uwtCompile(
                self.context,
                text,
                ctypes.c_size_t(len(text)),
                str(module).encode(),
                ctypes.byref(options),
                ctypes.byref(self.program),
            )
        )

    def check(self, error):
        """Raises what an error says."""
        if error:
            message = self.library.uwtErrorMessage(error).decode()
            self.library.uwtErrorDestroy(error)
            raise RuntimeError(message)

    def __call__(self, function, *inputs):
        """The results of a function."""
        inputs = [value.contiguous() for value in inputs]
        arguments = (Tensor * max(1, len(inputs)))()
        for argument, value in zip(arguments, inputs):
            argument.dtype, argument.rank = DTYPES[value.dtype], value.dim()
            argument.shape = (ctypes.c_uint64 * max(1, value.dim()))(*value.shape)
            argument.data = value.data_ptr()
        results = ctypes.c_void_p()
        count = ctypes.c_size_t(len(inputs))
        self.check(
            self.library.uwtProgramRun(
                self.context, self.program, function.encode(), arguments, count, ctypes.byref(results)
            )
        )
        count = self.library.uwtResultsCount(results)
        tensors = [copy_tensor(self.library.uwtResultsTensor(results, index)) for index in range(count)]
        self.library.uwtResultsDestroy(results)
        return tensors


def copy_tensor(view):
    """A torch tensor with the bytes of a result."""
    dtype, shape = BY_NAME[view.dtype], [view.shape[index] for index in range(view.rank)]
    size = math.prod(shape) * torch.empty(0, dtype=dtype).element_size()
    data = bytearray(ctypes.string_at(view.data, size))
    return torch.frombuffer(data, dtype=dtype).reshape(shape) if size else torch.empty(shape, dtype=dtype)
