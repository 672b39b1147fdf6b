"""Safetensors files, plain and compressed, as tensors of PyTorch."""

from __future__ import annotations

import os
from typing import Any

from .. import _arrays
from . import load, save

__all__ = ["load_file", "save_file"]


def load_file(filename: str | os.PathLike[str], device: Any = "cpu") -> dict[str, Any]:
    """All tensors of a file, by their names, on `device`."""
    return load(filename, "pt", device)


def save_file(
    tensors: dict[str, Any],
    filename: str | os.PathLike[str],
    metadata: dict[str, str] | None = None,
    *,
    format: str = "best-size",
    threads: int = 0,
) -> None:
    """Writes tensors to a compressed file in a format of `uwt.compress`; loading gives the same bits."""
    save(tensors, filename, metadata, _arrays.TorchArrays(), format=format, threads=threads)
