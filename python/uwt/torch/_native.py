"""The operators in C++ (include/uwt-c/Torch.h): libuwt_torch.so, which lies beside libuwt.so."""

from __future__ import annotations

import ctypes
import os
import pathlib
import re

import torch

from .. import _library
from ..errors import UwtError, error_of
from . import _threads

_CONTEXT = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint)
# What a message ends in that a function of libuwt.so has failed with.
_FAILED = re.compile(r"(.*) \[uwt error (\d+)\]", re.DOTALL)


@_CONTEXT
def _context_of(threads: int) -> int | None:
    return _threads.context_of(threads).value


def register() -> str | None:
    """Gives the operators, which are defined, their implementations in C++; why not, where that is not possible."""
    path = pathlib.Path(_library.LIBRARY._name).with_name("libuwt_torch.so")
    if not path.is_file():
        return f"there is no {path}"
    try:
        library = _library.bound(str(path), {"uwtTorchRegister": [ctypes.c_void_p, _CONTEXT]}, {})
        # The module's libraries, and with them PyTorch's functions, are found through its handle.
        torch_functions = ctypes.CDLL(torch._C.__file__)
    except OSError as error:
        return str(error)
    try:
        library.uwtTorchRegister(torch_functions._handle, _context_of)
    except UwtError as error:
        return str(error)
    os.register_at_fork(after_in_child=library.uwtTorchForgetContexts)
    return None


def error_in(raised: RuntimeError) -> Exception:
    """What an operator meant that has raised a RuntimeError: PyTorch's C functions can raise nothing else."""
    found = _FAILED.match(str(raised))
    return error_of(int(found[2]), found[1]) if found else raised
