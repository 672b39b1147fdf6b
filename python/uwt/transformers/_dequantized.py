"""Files of a folder that was quantised before it was compressed, as those of the model before that."""

from __future__ import annotations

import os
from typing import Any

import torch

from .._container import Container
from ..files import original_config
from ..safetensors import safe_open
from ..torch._quantized import QuantizedTensor, quantized_weights, tensors_of


class _Weight:
    """A quantised weight, as `safetensors.safe_open.get_slice` gives a tensor, rounded to a dtype."""

    def __init__(self, weight: QuantizedTensor, dtype: torch.dtype) -> None:
        self._weight, self._dtype = weight, dtype

    def get_shape(self) -> list[int]:
        return list(self._weight.shape)

    def get_dtype(self) -> str:
        return "F32"

    def __getitem__(self, index: Any) -> torch.Tensor:
        part = self._weight[index]
        return torch.empty(part.shape, dtype=self._dtype).copy_(part)


class DequantizedFile(safe_open):
    """An open file whose names are the model's: a weight is in the file that has the first of its tensors.

    Args:
        dtype: what values of quantised weights are rounded to.
    """

    def __init__(self, filename: str, framework: str, device: Any, dtype: torch.dtype) -> None:
        super().__init__(filename, framework, device)
        self._dtype = dtype
        folder = os.path.dirname(os.path.abspath(filename))
        self._folder = Container(folder)
        here = set(self._names)
        weights = quantized_weights(self._folder, original_config(folder), dtype)
        names = dict(tensors_of(self._folder, weights, lambda tensor: tensor))
        self._weights = {name: each for name, each in weights.items() if self._folder.find_quantized(name).parts[0] in here}
        self._names = [name for name in names if name in self._weights or (name in here and name not in weights)]

    def __exit__(self, *unused: object) -> None:
        super().__exit__(*unused)
        self._folder.close()

    def get_tensor(self, name: str) -> Any:
        return self.get_slice(name)[...] if name in self._weights else super().get_tensor(name)

    def get_slice(self, name: str) -> Any:
        return _Weight(self._weights[name], self._dtype) if name in self._weights else super().get_slice(name)
