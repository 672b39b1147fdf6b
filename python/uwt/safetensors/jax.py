"""Safetensors files, plain and compressed, as arrays of JAX."""

from __future__ import annotations

import os
from typing import Any

from .. import _arrays
from . import load, save

__all__ = ["load_file", "save_file"]


def load_file(filename: str | os.PathLike[str]) -> dict[str, Any]:
    """All tensors of a file, by their names."""
    numpy = _arrays.imported("jax.numpy", "uwt.safetensors.jax")
    return {name: numpy.asarray(array) for name, array in load(filename, "np").items()}


def save_file(
    tensors: dict[str, Any],
    filename: str | os.PathLike[str],
    metadata: dict[str, str] | None = None,
    *,
    format: str = "best-size",
    threads: int = 0,
) -> None:
    """Writes arrays to a compressed file in a format of `uwt.compress`; loading gives the same bits."""
    numpy = _arrays.imported("numpy", "uwt.safetensors.jax")
    arrays = {name: numpy.asarray(array) for name, array in tensors.items()}
    save(arrays, filename, metadata, _arrays.NumpyArrays(), format=format, threads=threads)
