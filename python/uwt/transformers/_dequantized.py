"""Files of a folder that was quantised before it was compressed, as those of the model before that."""

from __future__ import annotations

from typing import Any

import torch

from .._container import Container
from ..files import original_config
from ..safetensors import safe_open
from ..torch._quantized import QuantizedTensor, note_pieces, quantized_weights, take_pieces, tensors_of


class _Read(torch.Tensor):
    """Values of codes in memory. What they are moved to, to a device, is known for the same codes."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch._C.DisableTorchFunctionSubclass():
            result = func(*args, **(kwargs or {}))
            if func is not torch.Tensor.to:
                return result
            source, moved = args[0].as_subclass(torch.Tensor), result.as_subclass(torch.Tensor)
            if moved.data_ptr() != source.data_ptr():
                note_pieces(moved, take_pieces(source))
            return moved


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
        return torch.empty(part.shape, dtype=self._dtype, device="cpu").copy_(part).as_subclass(_Read)


class DequantizedFolder:
    """An open folder, all of whose files are read as those of the model before.

    Args:
        path: the folder.
        dtype: what values of quantised weights are rounded to.
    """

    def __init__(self, path: str, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.container = Container(path)
        self.weights = quantized_weights(self.container, original_config(path), dtype)
        self.names = list(dict(tensors_of(self.container, self.weights, lambda tensor: tensor)))


class DequantizedFile(safe_open):
    """An open file whose names are the model's: a weight is in the file that has the first of its tensors.

    Args:
        folder: the one that it is in.
    """

    def __init__(self, filename: str, framework: str, device: Any, folder: DequantizedFolder) -> None:
        super().__init__(filename, framework, device)
        self._dtype = folder.dtype
        here = set(self._names)
        self._weights = {
            name: each for name, each in folder.weights.items() if folder.container.find_quantized(name).parts[0] in here
        }
        self._names = [
            name for name in folder.names if name in self._weights or (name in here and name not in folder.weights)
        ]

    def __reduce__(self) -> Any:
        raise TypeError("a file that is read as the values of its codes has no copies: load it again")

    def get_tensor(self, name: str) -> Any:
        return self.get_slice(name)[...].as_subclass(torch.Tensor) if name in self._weights else super().get_tensor(name)

    def get_slice(self, name: str) -> Any:
        return _Weight(self._weights[name], self._dtype) if name in self._weights else super().get_slice(name)
