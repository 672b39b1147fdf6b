"""Experts of transformers: modules with the matrices of all experts in two parameters of three dimensions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from transformers.core_model_loading import Concatenate, ConversionOps, MergeModulelist, WeightConverter
from transformers.integrations import moe

from ..torch import _experts, _quantized
from ..torch._tensor import UwtTensor

#: The name by which configurations choose `_forward`.
IMPLEMENTATION = "uwt"
_PARAMETERS = ("gate_up_proj", "down_proj")
# Names of uwt::experts, by classes of transformers and PyTorch.
_ACTIVATIONS = {
    "SiLU": "silu", "SiLUActivation": "silu", "GELU": "gelu", "GELUActivation": "gelu", "GELUTanh": "gelu_tanh",
}  # fmt: skip


def _activation_of(module: Any) -> dict[str, Any] | None:
    """What uwt::experts calls a module's activation; None where it has none of that."""
    gate = type(module)._apply_gate
    if gate is moe._default_apply_gate:
        name = _ACTIVATIONS.get(type(module.act_fn).__name__)
        return {"activation": name} if name is not None and module.is_concatenated else None
    if gate.__qualname__ == "GptOssExperts._apply_gate":
        return {"activation": _experts.SWIGLU_OAI, "alpha": module.alpha, "limit": module.limit}
    return None


def runs_compressed(module: Any, name: str) -> bool:
    """Whether a parameter is one of experts that uwt::experts can compute."""
    return (
        name in _PARAMETERS
        and getattr(module, "has_gate", False)
        and not module.has_post_expert_norm
        and _activation_of(module) is not None
    )


def lies_transposed(module: Any, name: str) -> bool:
    """Whether a parameter has matrices that are multiplied transposed."""
    return name in _PARAMETERS and getattr(module, "is_transposed", False)


def use_compressed(model: torch.nn.Module) -> None:
    """Lets modules whose parameters are compressed compute from them."""
    for module in model.modules():
        if any(isinstance(getattr(module, name, None), UwtTensor) for name in _PARAMETERS):
            module.config._experts_implementation = IMPLEMENTATION


def _note(places: Iterable[torch.Tensor], pieces: list[Any]) -> None:
    for place, of_place in zip(places, pieces):
        _quantized.note_pieces(place, of_place)


class _Merge(MergeModulelist):
    """The same, after which is known which quantised weights the result's rows come from."""

    def convert(self, input_dict: dict[str, list[torch.Tensor]], *patterns: Any, **options: Any) -> dict[str, torch.Tensor]:
        found = [[_quantized.take_pieces(each) for each in tensors] for tensors in input_dict.values()]
        results = super().convert(input_dict, *patterns, **options)
        for made, pieces in zip(results.values(), found):
            _note(made.unbind(self.dim), pieces)
        return results


class _Concatenate(Concatenate):
    """The same, after which is known which quantised weights the result's rows come from."""

    def convert(
        self, input_dict: dict[str, Any], source_patterns: list[str], target_patterns: list[str], **options: Any
    ) -> dict[str, torch.Tensor]:
        sizes, pieces = [], []
        for pattern in source_patterns:
            tensors = input_dict.get(pattern, [])
            for each in tensors if isinstance(tensors, list) else [tensors]:
                sizes.append(each.shape[self.dim])
                pieces.append(_quantized.take_pieces(each))
        results = super().convert(input_dict, source_patterns, target_patterns, **options)
        for made in results.values():
            _note(made.split(sizes, self.dim), pieces)
        return results


def _followed(operation: ConversionOps) -> ConversionOps:
    if type(operation) is MergeModulelist:
        return _Merge(operation.dim)
    if type(operation) is Concatenate:
        return _Concatenate(operation.dim, operation.num_shards_attribute)
    return operation


def follow_codes(conversions: list[Any]) -> list[Any]:
    """Has parameters of all experts, which are made of those of each, known for the codes that they come from."""
    for conversion in conversions:
        if isinstance(conversion, WeightConverter):
            conversion.operations = [_followed(each) for each in conversion.operations]
    return conversions


def _forward(self: Any, hidden_states: torch.Tensor, top_k_index: torch.Tensor, top_k_weights: torch.Tensor) -> Any:
    up, down, activation = self.gate_up_proj, self.down_proj, _activation_of(self)
    needs_gradient = torch.is_grad_enabled() and (hidden_states.requires_grad or top_k_weights.requires_grad)
    if needs_gradient or self._is_expert_parallel or activation is None or not all(
        isinstance(each, UwtTensor) and each.exact == "product" for each in (up, down)
    ):
        # From dense copies, which each call decodes.
        return moe.grouped_mm_experts_forward(self, hidden_states, top_k_index, top_k_weights)
    call = {
        "x": hidden_states, "up": up.image, "down": down.image, "weights": top_k_weights, "ids": top_k_index, "places": None,
        **activation,
    }  # fmt: skip
    if self.has_bias:
        call |= {"up_bias": self.gate_up_proj_bias, "down_bias": self.down_proj_bias}
    if up.on_device is not None:
        return torch.ops.uwt.cuda_experts(**call, up_weight=up.on_device, down_weight=down.on_device)
    return torch.ops.uwt.experts(**call)


moe.ALL_EXPERTS_FUNCTIONS.register(IMPLEMENTATION, _forward)
