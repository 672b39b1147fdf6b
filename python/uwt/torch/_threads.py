"""The threads of PyTorch, for loops of ours: two pools that wait for work would take processors from each other."""

from __future__ import annotations

import ctypes
import functools
import os
import pathlib
import re

import torch

from .. import _library

# OpenMP runtimes with the function that UWTThreadTeam is like.
_RUNTIME = re.compile(r"lib(gomp|iomp5|omp)\b[^/]*\.so")


@functools.cache
def _team() -> int | None:
    """The address of GOMP_parallel in the OpenMP runtime that PyTorch has loaded; None where it has another one."""
    try:
        maps = pathlib.Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    loaded = {line.split(maxsplit=5)[-1] for line in maps.splitlines() if "/" in line}
    runtimes = [path for path in loaded if _RUNTIME.match(os.path.basename(path))]
    # Other packages bring runtimes of their own.
    own = str(pathlib.Path(torch.__file__).parent)
    for path in sorted(runtimes, key=lambda path: (not path.startswith(own), path)):
        try:
            return ctypes.cast(ctypes.CDLL(path).GOMP_parallel, ctypes.c_void_p).value
        except (AttributeError, OSError):
            continue
    return None


def context_of(threads: int) -> ctypes.c_void_p:
    """The context whose loops run on so many threads of PyTorch's."""
    return _library.context(threads, _team())


def context() -> ctypes.c_void_p:
    """The context whose loops run on as many threads as PyTorch's do, and on the same ones."""
    return context_of(torch.get_num_threads())
