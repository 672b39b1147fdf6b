"""Safetensors files, plain and compressed, as arrays of NumPy; BF16 and FP8 by ml_dtypes."""

from __future__ import annotations

import os
from typing import Any

from .. import _arrays
from . import load, save

__all__ = ["load_file", "save_file"]


def load_file(filename: str | os.PathLike[str]) -> dict[str, Any]:
    """All tensors of a file, by their names."""
    return load(filename, "np")


def save_file(
    tensor_dict: dict[str, Any],
    filename: str | os.PathLike[str],
    metadata: dict[str, str] | None = None,
    *,
    format: str = "best-size",
    threads: int = 0,
) -> None:
    """Writes arrays to a compressed file in a format of `uwt.compress`; loading gives the same bits."""
    save(tensor_dict, filename, metadata, _arrays.NumpyArrays(), format=format, threads=threads)
