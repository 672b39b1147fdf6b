"""How transformers comes to read compressed files, and what becomes of their weights."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

import torch
from transformers import modeling_utils
from transformers.utils import cached_file

from .. import safetensors
from .._container import Container
from ..files import SUFFIX
from ..torch._quantized import ARITHMETICS, forget_copies
from ..torch._tensor import EXACT, RUN_FORMAT
from ._dequantized import DequantizedFile, DequantizedFolder

#: The names that `uwt compress` gives the weights of a folder.
WEIGHTS = "model" + SUFFIX
INDEX = WEIGHTS + ".index.json"


@dataclasses.dataclass
class Defaults:
    """See set_defaults."""

    format: str | None = RUN_FORMAT
    exact: str = "product"
    quantized: str = "method"
    arithmetic: str = "dense"


DEFAULTS = Defaults()
_QUANTIZED = ("method", "values")


def set_defaults(
    format: str | None = RUN_FORMAT, exact: str = "product", quantized: str = "method", arithmetic: str = "dense"
) -> None:
    """Says what models that are loaded from now on run from.

    Args:
        format: the format of weights in memory; "raw" to compare with; None for dense weights of PyTorch.
        exact: "product" or "decode", as of uwt.torch.compress_.
        quantized: of folders that were quantised before they were compressed: "method" has transformers' own method for
            them load what it loads of the original, "values" makes plain weights of the values of their codes
            (docs/quantised.md), which need no package of that method and are compressed as `format` says.
        arithmetic: "integer<8>" multiplies codes that are integers with integers of 8 bits that x is rounded to: faster,
            less accurate (docs/numerics.md). Other weights are multiplied as ever.
    """
    if exact not in EXACT:
        raise ValueError(f"exact is one of {', '.join(EXACT)}, got {exact!r}")
    if quantized not in _QUANTIZED:
        raise ValueError(f"quantized is one of {', '.join(_QUANTIZED)}, got {quantized!r}")
    if arithmetic not in ARITHMETICS:
        raise ValueError(f"arithmetic is one of {', '.join(ARITHMETICS)}, got {arithmetic!r}")
    DEFAULTS.format, DEFAULTS.exact, DEFAULTS.quantized, DEFAULTS.arithmetic = format, exact, quantized, arithmetic


def weights_name(folder: str, **options: Any) -> str | None:
    """The name of the compressed weights of a folder, here or on a hub; None where it has none."""
    for name in (INDEX, WEIGHTS):
        if cached_file(folder, name, _raise_exceptions_for_missing_entries=False, **options) is not None:
            return name
    return None


#: Compressed files that were opened, so that those that were read in another way are found.
opened: set[str] = set()
#: Those whose weights are read as values of their codes, and what these are rounded to.
dequantized: dict[str, torch.dtype] = {}
#: Their folders, while a model is loaded: a weight's tensors may be in several files.
_folders: dict[str, DequantizedFolder] = {}
#: The files that their tensors are in, for as long.
_files: dict[str, dict[str, str]] = {}
_plain_safe_open = getattr(modeling_utils, "safe_open", None)


def _folder_of(file: str) -> DequantizedFolder:
    path = os.path.dirname(os.path.abspath(file))
    if path not in _folders:
        _folders[path] = DequantizedFolder(path, dequantized[file])
    return _folders[path]


def forget_folders() -> None:
    """Before a model is loaded, and after."""
    _folders.clear()
    _files.clear()
    forget_copies()


class _ModelFile(safetensors.safe_open):
    """A file of a folder, with the tensors that the folder's model has in it: two files may have one of a name, and an index
    says which of them counts."""

    def __init__(self, path: str, framework: str, device: Any) -> None:
        super().__init__(path, framework, device)
        folder = os.path.dirname(os.path.abspath(path))
        if folder not in _files:
            with Container(folder) as opened:
                _files[folder] = opened.files()
        files = {each: os.path.basename(file) for each, file in _files[folder].items()}
        name = os.path.basename(path)
        # A file that is not the model's, such as a variant that was asked for, is read as it is.
        if name in files.values():
            self._names = [each for each in self._names if files.get(each, name) == name]


def _safe_open(filename: Any, framework: str = "pt", device: Any = "cpu", **options: Any) -> Any:
    if not os.fspath(filename).endswith(SUFFIX):
        return _plain_safe_open(filename, framework=framework, device=device, **options)
    path = os.fspath(filename)
    opened.add(path)
    if path in dequantized:
        return DequantizedFile(path, framework, device, _folder_of(path))
    return _ModelFile(path, framework, device)


if _plain_safe_open is None:
    raise ImportError("uwt.transformers: this version of transformers does not read weights by safe_open")


def read_by_uwt(module: Any) -> None:
    """Gives a module of transformers that opens files the `safe_open` that reads compressed ones."""
    if hasattr(module, "safe_open"):
        module.safe_open = _safe_open


read_by_uwt(modeling_utils)
