"""How vLLM comes to read compressed files."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import torch
from vllm.logger import init_logger
from vllm.model_executor.model_loader import register_model_loader
from vllm.model_executor.model_loader.default_loader import DefaultModelLoader

from .._container import Container, Tensor
from ..files import SUFFIX, original_config
from ..torch._file_tensor import FileTensor
from ..torch._ops import give_back_heap
from ..torch._quantized import quantized_weights, tensors_of
from ._config import UwtConfig

logger = init_logger("vllm.plugins.uwt")

# Those of vLLM that read safetensors files one tensor after another.
_LOAD_FORMATS = ("auto", "hf", "safetensors")


def _read(container: Container, tensor: Tensor) -> torch.Tensor:
    """A tensor of a file; the large ones are read where layers use them, and only what these use. Biases, of which experts have
    a matrix, models may write into."""
    if tensor.format is not None and len(tensor.shape) >= 2 and not tensor.name.endswith("bias"):
        return FileTensor(container, tensor)
    return container.read(tensor.name, framework="pt", threads=torch.get_num_threads())


def _tensors(folder: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Names and tensors of a folder's model: which of its files that is, an index says (docs/container.md)."""
    container = Container(folder)
    for tensor in container.tensors():
        container.check_plain(tensor.name)
        yield tensor.name, _read(container, tensor)


def _dequantized(
    folder: str, original: Any, dtype: torch.dtype
) -> tuple[dict[str, str], Iterator[tuple[str, torch.Tensor]]]:
    """Of a folder what its codes are, by the name of their weight, and names and tensors that its model had before it was
    quantised."""
    container = Container(folder)
    weights = quantized_weights(container, original, dtype)
    found = [container.find_quantized(name) for name in weights]
    recipes = sorted({weight.recipe for weight in found})
    logger.info("UWT: %d weights have the values of their codes (%s)", len(weights), ", ".join(recipes))
    codes = {weight.name: weight.run_format for weight in found}
    return codes, tensors_of(container, weights, lambda tensor: _read(container, tensor))


class UwtModelLoader(DefaultModelLoader):
    """vLLM's own loader, which reads files that `uwt compress` made too."""

    #: Of the model, once it is known: weights that are loaded again are rounded where they are copied.
    _dtype = torch.float32
    #: What the folder is quantised by, for vLLM.
    _method: Any = None
    #: What is loaded, while it is.
    _model: torch.nn.Module | None = None

    def _prepare_weights(self, *args: Any, **options: Any) -> Any:
        prepared = super()._prepare_weights(*args, **options)
        self._folder: str = prepared[0]
        self._files: list[str] = prepared[1]
        return prepared

    def _get_weights_iterator(self, source: Any) -> Iterator[tuple[str, torch.Tensor]]:
        plain = super()._get_weights_iterator(source)
        if not any(file.endswith(SUFFIX) for file in self._files):
            return plain
        original, codes = original_config(self._folder), {}
        # Files beside config.json may say it too.
        if original is None and not Container(self._folder).quantized():
            tensors = _tensors(self._folder)
        else:
            codes, tensors = _dequantized(self._folder, original, self._dtype)
        if isinstance(self._method, UwtConfig) and self._model is not None:
            self._method.make_kernels(self._model, codes)
        return ((source.prefix + name, tensor) for name, tensor in tensors)

    def load_weights(self, model: torch.nn.Module, model_config: Any) -> None:
        self._model = model
        super().load_weights(model, model_config)
        self._model = None

    def load_model(self, vllm_config: Any, model_config: Any, prefix: str = "") -> torch.nn.Module:
        self._dtype, self._method = model_config.dtype, vllm_config.quant_config
        model = super().load_model(vllm_config, model_config, prefix)
        give_back_heap()
        _log_sizes(model, model_config, vllm_config.parallel_config)
        return model


def _log_sizes(model: torch.nn.Module, model_config: Any, parallel_config: Any) -> None:
    sizes = [size for layer in model.modules() for size in getattr(layer, "uwt_sizes", {}).values()]
    if not sizes:
        return
    dense, compressed = (sum(each) for each in zip(*sizes))
    of_token = (
        2
        * model_config.get_num_layers(parallel_config)
        * model_config.get_num_kv_heads(parallel_config)
        * model_config.get_head_size()
        * model_config.dtype.itemsize
    )
    logger.info(
        "UWT: %d weights take %.1f MB in place of %.1f MB: room for the keys and values of %d more tokens",
        len(sizes), compressed / 1e6, dense / 1e6, max(dense - compressed, 0) // max(of_token, 1),
    )  # fmt: skip


class _IsNoAccident(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return "is already registered" not in record.getMessage()


def register_loader() -> None:
    # vLLM warns of a loader in place of another one, in every process, whatever is served.
    registry, no_accident = logging.getLogger("vllm.model_executor.model_loader"), _IsNoAccident()
    registry.addFilter(no_accident)
    try:
        for load_format in _LOAD_FORMATS:
            register_model_loader(load_format)(UwtModelLoader)
    finally:
        registry.removeFilter(no_accident)
