"""The quantisation method "uwt" of config.json: lossless, so that nothing is quantised."""

from __future__ import annotations

from typing import Any

import torch
from vllm.config import get_current_vllm_config
from vllm.logger import init_logger
from vllm.model_executor.layers.fused_moe import RoutedExperts
from vllm.model_executor.layers.linear import LinearBase, UnquantizedLinearMethod
from vllm.model_executor.layers.quantization import register_quantization_config
from vllm.model_executor.layers.quantization.base_config import QuantizationConfig
from vllm.model_executor.layers.vocab_parallel_embedding import VocabParallelEmbedding

from ..files import check_version
from ..torch._tensor import why_dense
from . import _held, _methods
from ._options import Options

# init_logger gives loggers of the package vllm what their lines look like.
logger = init_logger("vllm.plugins.uwt")


class UwtConfig(QuantizationConfig):
    """What `uwt compress` writes as `quantization_config`."""

    def __init__(self) -> None:
        super().__init__()
        self._options: Options | None = None
        self._why_dense: str | None = None
        self._held: _held.Place = _held.OnHost

    def get_name(self) -> str:
        return "uwt"

    def get_supported_act_dtypes(self) -> list[torch.dtype]:
        return [torch.bfloat16, torch.float16, torch.float32]

    @classmethod
    def get_min_capability(cls) -> int:
        # GPUs that have no kernels get dense weights.
        return 0

    @staticmethod
    def get_config_filenames() -> list[str]:
        return []

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> UwtConfig:
        # What was quantised before is read as the values that its codes stand for (_loader).
        check_version(config.get("version", 1))
        return cls()

    def _prepare(self) -> Options:
        """The options, once models are built."""
        if self._options is None:
            self._options = Options.current()
            dtype = get_current_vllm_config().model_config.dtype
            self._held = _held.place(self._options)
            if self._options.format == "dense":
                self._why_dense = "uwt's format is dense"
            else:
                self._why_dense = self._held.why_not() or why_dense(dtype, self._options.format)
            if self._why_dense:
                logger.info("UWT: weights are dense in memory: %s", self._why_dense)
        return self._options

    def make_kernels(self, model: torch.nn.Module, codes: dict[str, str]) -> None:
        """What a model's layers are multiplied by, before it is loaded.

        Args:
            codes: what the quantised weights of the folder are, by name.
        """
        options = self._prepare()
        if not self._why_dense:
            self._held.make_kernels(model, options, codes)

    def get_quant_method(self, layer: torch.nn.Module, prefix: str) -> Any:
        options = self._prepare()
        if isinstance(layer, LinearBase):
            if self._why_dense or why_dense(layer.params_dtype, options.format):
                return UnquantizedLinearMethod()
            return _methods.UwtLinearMethod(options, self._held)
        if self._why_dense:
            return None
        if isinstance(layer, VocabParallelEmbedding):
            return _methods.UwtEmbeddingMethod(options, self._held)
        if isinstance(layer, RoutedExperts):
            why = _methods.why_not_experts(layer) or ("uwt's exact is decode" if options.exact == "decode" else None)
            if why is None:
                return _methods.UwtExpertsMethod(layer.moe_config, options, self._held)
            logger.warning_once("UWT: weights of experts are dense in memory: %s", why)
        return None


def register_config() -> None:
    register_quantization_config("uwt")(UwtConfig)
