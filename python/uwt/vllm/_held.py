"""Compressed weights of vLLM's layers, in memory of the host or of a GPU: how they are made, and what multiplies with them.

A layer's parameter is its weight's image. On a GPU it has a buffer as well, which describes the image: graphs of torch.compile
take both, and serve any folder.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from vllm.logger import init_logger
from vllm.model_executor.model_loader.reload.layerwise import get_layerwise_info
from vllm.model_executor.utils import replace_parameter
from vllm.platforms import current_platform

from ..torch import _cuda_described, _cuda_ops, _ops, _packs
from ..torch._quantized import Held, image_of_codes
from ..torch._tensor import RUN_FORMAT, format_for
from ._options import Options

logger = init_logger("vllm.plugins.uwt")


class NoRoom(Exception):
    """A weight that is loaded again does not fit where the one before is."""


def _held_of(weight: torch.Tensor, options: Options, reserve: float) -> Held | None:
    """The image of codes that were copied into a weight; None where there is none."""
    if options.format != RUN_FORMAT:
        return None
    held, why = image_of_codes(weight, reserve, arithmetic=options.arithmetic)
    if why is not None:
        logger.info_once("UWT: quantised weights that run from their values: %s", why)
    return held


def _before(layer: torch.nn.Module) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Parameters and buffers that others know the addresses of, where a layer is loaded again."""
    return get_layerwise_info(layer).kernel_tensors or ({}, {})


class OnHost:
    """Images of CPUs, which say themselves what they hold."""

    @staticmethod
    def why_not() -> str | None:
        """Why nothing multiplies from them."""
        return None if current_platform.is_cpu() else "products run from compressed weights on CPUs and with CUDA"

    @staticmethod
    def make_kernels(model: torch.nn.Module, options: Options, codes: dict[str, str]) -> None:
        """Makes what kernels a model needs, before it is loaded; `codes` has what a folder's quantised weights are, by name."""

    @staticmethod
    def put(layer: torch.nn.Module, name: str, weight: torch.Tensor, options: Options) -> int:
        """Replaces a layer's dense weight by its image, and gives the bytes of that. Raises NoRoom."""
        previous = _before(layer)[0].get(name)
        reserve = options.reserve if previous is None else 0
        held = _held_of(weight, options, reserve)
        image = _ops.encode(weight, format_for(weight.dtype, options.format), reserve) if held is None else held.image
        if previous is not None:
            # An image may be shorter than its memory.
            if image.numel() > previous.numel():
                raise NoRoom(f"takes {image.numel()} bytes, and there is room for {previous.numel()}")
            image = torch.nn.functional.pad(image, (0, previous.numel() - image.numel()))
        replace_parameter(layer, name, image)
        return image.numel()

    @staticmethod
    def linear(layer: torch.nn.Module, x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        return torch.ops.uwt.linear(x, layer.weight, bias, *layer.uwt_shape)

    @staticmethod
    def embedding(layer: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
        return torch.ops.uwt.embedding(ids, layer.weight, *layer.uwt_shape, layer.uwt_dtype)

    @staticmethod
    def decode(layer: torch.nn.Module) -> torch.Tensor:
        return torch.ops.uwt.decode(layer.weight, layer.uwt_shape, layer.uwt_dtype)

    @staticmethod
    def experts(layer: torch.nn.Module, x: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:
        return torch.ops.uwt.experts(x, layer.w13_weight, layer.w2_weight, *rest, **named)


def _description(name: str) -> str:
    return f"{name}_description"


def _order(name: str) -> str:
    return f"{name}_order"


def _in_own_order(layer: torch.nn.Module, rows: torch.Tensor) -> torch.Tensor:
    """Rows of a weight with their columns where the weight has them."""
    order = getattr(layer, _order("weight"), None)
    return rows if order is None else torch.empty_like(rows).index_copy_(-1, order, rows)


class OnDevice:
    """Images of GPUs."""

    @staticmethod
    def why_not() -> str | None:
        return _packs.why_none()

    @staticmethod
    def make_kernels(model: torch.nn.Module, options: Options, codes: dict[str, str]) -> None:
        """As OnHost.make_kernels: side by side, which else would be made one after another."""
        wanted = kernels_of(model, options, codes)
        _packs.make_ahead(wanted, _cuda_ops.device_of(torch.cuda.current_device()).target)

    @staticmethod
    def put(layer: torch.nn.Module, name: str, weight: torch.Tensor, options: Options) -> int:
        """As OnHost.put. Raises UnsupportedError where there are no kernels."""
        held = _held_of(weight, options, 0) or _encoded(weight, format_for(weight.dtype, options.format))
        buffers = _before(layer)[1]
        before = buffers.get(_description(name))
        like = None if before is None else _cuda_described.text_of(before)
        image, text = _cuda_described.with_room(held.image, held.on_device, options.reserve, like)
        # CUDA graphs hold where parts of the image before are, and whether columns of x are exchanged.
        if like not in (None, text):
            raise NoRoom("has parts of other sizes than the one before")
        if like is not None and (_order(name) in buffers) != (held.order is not None):
            raise NoRoom("has its columns in another order than the one before")
        replace_parameter(layer, name, image)
        layer.register_buffer(_description(name), _cuda_described.description_of(text), persistent=False)
        if held.order is not None:
            layer.register_buffer(_order(name), held.order, persistent=False)
        return image.numel()

    @staticmethod
    def linear(layer: torch.nn.Module, x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        order = getattr(layer, _order("weight"), None)
        if order is not None:
            x = x.index_select(-1, order)
        return torch.ops.uwt.cuda_linear_described(x, layer.weight, bias, layer.weight_description, *layer.uwt_shape)

    @staticmethod
    def embedding(layer: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
        rows = torch.ops.uwt.cuda_embedding_described(
            ids, layer.weight, layer.weight_description, *layer.uwt_shape, layer.uwt_dtype
        )
        return _in_own_order(layer, rows)

    @staticmethod
    def decode(layer: torch.nn.Module) -> torch.Tensor:
        rows = torch.ops.uwt.cuda_decode_described(
            layer.weight, layer.weight_description, layer.uwt_shape, layer.uwt_dtype
        )
        return _in_own_order(layer, rows)

    @staticmethod
    def experts(layer: torch.nn.Module, x: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:
        up, down, weights, ids, places, activation, *biases = layer.w13_weight, layer.w2_weight, *rest
        texts = (_cuda_described.text_of(getattr(layer, _description(name))) for name in ("w13_weight", "w2_weight"))
        return torch.ops.uwt.cuda_experts(x, up, down, weights, ids, places, activation, *texts, *biases, **named)


def _compositions_of(path: str, layer: torch.nn.Module, model: torch.nn.Module, codes: dict[str, str]) -> list[str] | None:
    """What a layer's weight has in memory that is loaded from codes, as far as names say it; None where it is from none."""
    if hasattr(layer, "uwt_matrices"):
        own = {format for name, format in codes.items() if ".experts." in name}
    else:
        last = path.rpartition(".")[2]
        modules = {*getattr(model, "packed_modules_mapping", {}).get(last, ()), last}
        own = {format for name, format in codes.items() if name.removesuffix(".weight").rpartition(".")[2] in modules}
    # Others have a composition by what matrices they are fused with: known once they are read.
    return sorted({format.replace(", order=k", "") for format in own if "scale={1x" in format}) if own else None


def kernels_of(model: torch.nn.Module, options: Options, codes: dict[str, str]) -> list[_packs.Kernels]:
    """What multiplies with the weights of a model whose layers have none yet."""
    wanted = []
    for path, layer in model.named_modules():
        dtype = getattr(layer, "uwt_dtype", None)
        if dtype is None:
            continue
        runs_codes = options.format == RUN_FORMAT and dtype == torch.bfloat16
        formats = _compositions_of(path, layer, model, codes) if runs_codes else None
        if formats is None:
            formats = [format_for(dtype, options.format)]
        is_stack = hasattr(layer, "uwt_matrices")
        has_bias = not is_stack and getattr(layer, "bias", None) is not None
        for format in formats:
            for n, k in layer.uwt_matrices if is_stack else [layer.uwt_shape]:
                arithmetic = options.arithmetic if "int<" in format else "dense"
                kernels = _packs.Kernels(_ops.NAMES[dtype], format, n, k, grouped=is_stack, arithmetic=arithmetic)
                wanted += [kernels, dataclasses.replace(kernels, bias=True)] if has_bias else [kernels]
    return wanted


def _encoded(weight: torch.Tensor, format: str) -> Held:
    held = Held(*_cuda_ops.encode_anywhere(weight, format, weight.device))
    _cuda_ops.load_kernels(held.image.device.index, held.on_device)
    return held


#: One of both.
Place = type[OnHost] | type[OnDevice]


def place(options: Options) -> Place:
    """Where weights are held on this machine."""
    if not current_platform.is_cuda():
        return OnHost
    if options.packs is not None:
        _packs.use_pack(options.packs)
    return OnDevice
