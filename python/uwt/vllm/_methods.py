"""What vLLM's layers do with weights that stay compressed in memory.

Weights are made on no device, as vLLM's online quantisation has them: the tensors for a layer are collected, and once all are
there, its dense weights are made, filled and compressed (`process_weights_after_loading`), one layer after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from vllm.model_executor.layers.fused_moe import FusedMoEMethodBase
from vllm.model_executor.layers.fused_moe.config import FUSED_MOE_UNQUANTIZED_CONFIG
from vllm.model_executor.layers.linear import LinearMethodBase
from vllm.model_executor.layers.vocab_parallel_embedding import VocabParallelEmbedding
from vllm.model_executor.model_loader.reload.layerwise import get_layerwise_info, initialize_online_processing
from vllm.model_executor.parameter import ModelWeightParameter
from vllm.model_executor.utils import set_weight_attrs

from ..torch import _experts
from ._held import NoRoom, Place
from ._options import Options

# As other methods of vLLM name it: a layer is processed again where its weights are loaded again.
_IS_PROCESSED = "_already_called_process_weights_after_loading"


def _check_loaded(layer: torch.nn.Module, names: Iterable[str]) -> None:
    """Raises ValueError where the folder had not all of a layer's weights: what it lacks would hold anything."""
    if isinstance(layer, VocabParallelEmbedding):
        # Rows that fill up a vocabulary are in no file.
        expected = layer.num_org_embeddings_per_partition * layer.embedding_dim
    else:
        expected = sum(getattr(layer, name).numel() for name in names)
    # Biases may count as well, which are less than any weight.
    loaded = get_layerwise_info(layer).load_numel
    if loaded < expected:
        raise ValueError(f"{_name_of(layer)}: {loaded} of {expected} elements of its weights are in the folder")


def _name_of(layer: torch.nn.Module) -> str:
    return getattr(layer, "prefix", None) or getattr(layer, "layer_name", type(layer).__name__)


def _compress(layer: torch.nn.Module, name: str, options: Options, held: Place) -> None:
    """Replaces a dense weight by its image."""
    weight = getattr(layer, name).data
    try:
        size = held.put(layer, name, weight, options)
    except NoRoom as error:
        raise ValueError(
            f"{_name_of(layer)}.{name}: the weight that is loaded again {error}: start the engine again, or with more of "
            f"uwt's reserve, which is {options.reserve}"
        ) from None
    layer.uwt_sizes = {**getattr(layer, "uwt_sizes", {}), name: (weight.numel() * weight.element_size(), size)}


class UwtLinearMethod(LinearMethodBase):
    """Linear layers, fused ones too, of which each rank compresses its part.

    Args:
        options: how weights are held and multiplied.
        held: where they are held.
    """

    uses_meta_device = True

    def __init__(self, options: Options, held: Place) -> None:
        self._options, self._held = options, held

    def create_weights(
        self,
        layer: torch.nn.Module,
        input_size_per_partition: int,
        output_partition_sizes: list[int],
        input_size: int,
        output_size: int,
        params_dtype: torch.dtype,
        **extra_weight_attrs: Any,
    ) -> None:
        layer.uwt_shape = (sum(output_partition_sizes), input_size_per_partition)
        layer.uwt_dtype = params_dtype
        weight = ModelWeightParameter(
            data=torch.empty(*layer.uwt_shape, device="meta", dtype=params_dtype),
            input_dim=1,
            output_dim=0,
            weight_loader=extra_weight_attrs.pop("weight_loader"),
        )
        layer.register_parameter("weight", weight)
        set_weight_attrs(weight, extra_weight_attrs)
        initialize_online_processing(layer)

    def process_weights_after_loading(self, layer: torch.nn.Module) -> None:
        if getattr(layer, _IS_PROCESSED, False):
            return
        _check_loaded(layer, ["weight"])
        _compress(layer, "weight", self._options, self._held)
        setattr(layer, _IS_PROCESSED, True)

    def apply(self, layer: torch.nn.Module, x: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        if self._options.exact == "decode":
            return torch.nn.functional.linear(x, self.dequantize_weight(layer), bias)
        return self._held.linear(layer, x, bias)

    def dequantize_weight(self, layer: torch.nn.Module) -> torch.Tensor:
        return self._held.decode(layer)


class UwtEmbeddingMethod(UwtLinearMethod):
    """Embeddings, and heads, which may share their weights."""

    def embedding(self, layer: torch.nn.Module, input_: torch.Tensor) -> torch.Tensor:
        return self._held.embedding(layer, input_)

    def tie_weights(self, layer: torch.nn.Module, embed_tokens: torch.nn.Module) -> torch.nn.Module:
        # The one image, whichever of both is loaded.
        return embed_tokens


def why_not_experts(layer: torch.nn.Module) -> str | None:
    """Why a layer's experts cannot run from compressed weights."""
    moe = layer.moe_config
    activation = getattr(moe.activation, "value", moe.activation)
    if not moe.is_act_and_mul or activation not in _experts.ACTIVATIONS:
        return f"their activation is {activation}"
    if layer.swiglu_limit is not None and activation != _experts.SWIGLU_OAI:
        return "their activation has a limit"
    if moe.moe_parallel_config.use_all2all_kernels:
        return "tokens are sent between ranks (all2all)"
    if moe.moe_parallel_config.enable_eplb:
        return "experts are moved between ranks (EPLB)"
    return None


class _CopiedParameter(torch.nn.Parameter):
    """A parameter that models may copy into without its weight_loader, as gpt-oss does, which is told then."""

    def copy_(self, source: torch.Tensor, non_blocking: bool = False) -> _CopiedParameter:
        self.weight_loader(self, source)
        return self


def _loader_of_copies(loader: Callable[..., Any]) -> Callable[..., Any]:
    """A weight_loader that is given what to load as well as what part of it, or as a whole."""

    def load(param: torch.Tensor, loaded_weight: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs:
            return loader(param, loaded_weight, *args, **kwargs)
        param.data.copy_(loaded_weight)
        return None

    return load


class UwtExpertsMethod(FusedMoEMethodBase):
    """Experts: two images a layer, of all matrices that a rank has.

    Args:
        moe: the layer's moe_config.
        options: how weights are held.
        held: where they are held.
    """

    uses_meta_device = True

    def __init__(self, moe: Any, options: Options, held: Place) -> None:
        super().__init__(moe)
        self._options, self._held = options, held

    def create_weights(
        self,
        layer: torch.nn.Module,
        num_experts: int,
        hidden_size: int,
        intermediate_size_per_partition: int,
        params_dtype: torch.dtype,
        **extra_weight_attrs: Any,
    ) -> None:
        up, down = (num_experts, 2 * intermediate_size_per_partition), (num_experts, hidden_size)
        shapes = {"w13_weight": (*up, hidden_size), "w2_weight": (*down, intermediate_size_per_partition)}
        layer.uwt_matrices, layer.uwt_dtype = [shape[1:] for shape in shapes.values()], params_dtype
        if self.moe.has_bias:
            shapes |= {"w13_bias": up, "w2_bias": down}
        loader = _loader_of_copies(extra_weight_attrs.pop("weight_loader"))
        for name, shape in shapes.items():
            weight = _CopiedParameter(torch.empty(shape, device="meta", dtype=params_dtype), requires_grad=False)
            layer.register_parameter(name, weight)
            set_weight_attrs(weight, {**extra_weight_attrs, "weight_loader": loader})
        initialize_online_processing(layer)

    def get_fused_moe_quant_config(self, layer: torch.nn.Module) -> Any:
        return FUSED_MOE_UNQUANTIZED_CONFIG

    def process_weights_after_loading(self, layer: torch.nn.Module) -> None:
        if getattr(layer, _IS_PROCESSED, False):
            return
        names = ("w13_weight", "w2_weight")
        _check_loaded(layer, [*names, "w13_bias", "w2_bias"] if self.moe.has_bias else names)
        for name in names:
            _compress(layer, name, self._options, self._held)
        setattr(layer, _IS_PROCESSED, True)

    def apply(
        self,
        layer: torch.nn.Module,
        x: torch.Tensor,
        topk_weights: torch.Tensor,
        topk_ids: torch.Tensor,
        shared_experts: Any = None,
        shared_experts_input: torch.Tensor | None = None,
    ) -> torch.Tensor:
        if layer.apply_router_weight_on_input:
            x, topk_weights = x * topk_weights.to(x.dtype), torch.ones_like(topk_weights)
        activation = getattr(layer.activation, "value", layer.activation)
        limit = {} if layer.swiglu_limit is None else {"limit": layer.swiglu_limit}
        return self._held.experts(
            layer, x, topk_weights, topk_ids, layer.expert_map, activation,
            getattr(layer, "w13_bias", None), getattr(layer, "w2_bias", None), **limit,
        )  # fmt: skip
