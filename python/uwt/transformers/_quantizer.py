"""The quantisation method "uwt" of config.json: lossless, so that nothing is quantised.

A folder that was quantised before it was compressed is loaded by its own method, which is given the tensors that it knows, or
as the values of its codes (`set_defaults`).
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from transformers.core_model_loading import ConversionOps
from transformers.quantizers import (
    AutoHfQuantizer,
    AutoQuantizationConfig,
    HfQuantizer,
    register_quantization_config,
    register_quantizer,
)
from transformers.utils.quantization_config import QuantizationConfigMixin

from ..files import SUFFIX, check_version
from ..torch._module import compressed_parameter, reads_compressed, why_not
from ..torch._ops import give_back_heap
from ..torch._quantized import image_of_codes
from ..torch._tensor import RUN_FORMAT, UwtTensor
from . import _experts, _loading


@register_quantization_config("uwt")
class UwtConfig(QuantizationConfigMixin):
    """What `uwt compress` writes as `quantization_config`.

    Args:
        version: of the files' layout.
        original: a quantization_config that was there before.
    """

    def __init__(self, version: int = 1, original: Any = None, **_: Any) -> None:
        self.quant_method = "uwt"
        self.version = version
        if original is not None:
            self.original = original


class _Compress(ConversionOps):
    """Compresses the weight of a layer as it is loaded."""

    def convert(
        self, input_dict: dict[str, Any], full_layer_name: str = "", model: Any = None, **_: Any
    ) -> dict[str, Any]:
        (value,) = input_dict.values()
        weight = value[0] if isinstance(value, list) else value
        path, _, name = full_layer_name.rpartition(".")
        is_transposed = _experts.lies_transposed(model.get_submodule(path), name)
        format, exact, arithmetic = _loading.DEFAULTS.format, _loading.DEFAULTS.exact, _loading.DEFAULTS.arithmetic
        made = None
        if why_not(weight, format) is None:
            held = None
            if format == RUN_FORMAT:
                held, _ = image_of_codes(weight, is_transposed=is_transposed, arithmetic=arithmetic)
            if held is None:
                made = compressed_parameter(weight, format, exact, is_transposed)
            else:
                shape = tuple(weight.shape)
                own = UwtTensor(held.image, shape, weight.dtype, exact, held.on_device, is_transposed, held.order)
                made = torch.nn.Parameter(own, requires_grad=False)
        return {full_layer_name: weight if made is None else made}


class _CompressedFiles(HfQuantizer):
    """What a quantizer, of whatever method, has to do where the files of a folder are compressed."""

    quantization_config: Any
    #: Those of the folder.
    _files: list[str] = []
    #: Whether weights are the values of the folder's codes.
    _is_dequantized = False

    def update_device_map(self, device_map: Any) -> Any:
        device_map = super().update_device_map(device_map)
        places = device_map.values() if isinstance(device_map, dict) else [device_map]
        if "disk" in {str(place) for place in places}:
            raise ValueError("compressed weights are not offloaded to disk: they are on disk in fewer bytes already")
        return device_map

    def update_attn_implementation(self, config: Any) -> Any:
        # The first hook that is given the config, before files are looked for.
        name = _loading.weights_name(config.name_or_path)
        if name is not None:
            config.transformers_weights = name
        elif hasattr(config, "transformers_weights"):
            del config.transformers_weights
        config.quantization_config = self.quantization_config
        return super().update_attn_implementation(config)

    def _process_model_before_weight_loading(self, model: Any, checkpoint_files: Any = None, **options: Any) -> Any:
        self._files = [file for file in checkpoint_files or [] if file.endswith(SUFFIX)]
        _loading.opened.difference_update(self._files)
        _loading.forget_folders()
        for file in self._files:
            _loading.dequantized.pop(file, None)
            if self._is_dequantized:
                _loading.dequantized[file] = model.dtype
        return super()._process_model_before_weight_loading(model, checkpoint_files=checkpoint_files, **options)

    def _process_model_after_weight_loading(self, model: Any, **options: Any) -> Any:
        _loading.forget_folders()
        unread = [file for file in self._files if file not in _loading.opened]
        if unread:
            raise RuntimeError(
                f"this version of transformers has read {unread[0]} in another way than uwt.transformers knows: "
                "give the original folder back with `uwt decompress`"
            )
        if "disk" in {str(place) for place in getattr(model, "hf_device_map", {}).values()}:
            raise ValueError("compressed weights are not offloaded to disk: give max_memory or a device_map without it")
        return super()._process_model_after_weight_loading(model, **options)


def _missing(error: Exception) -> ImportError:
    """What a method cannot run without, and what to do without it."""
    return ImportError(f"{error}; or call uwt.transformers.set_defaults(quantized='values'), which needs none of it")


class _OwnMethod(_CompressedFiles):
    """A quantizer of transformers, of a folder that it had quantised."""

    def validate_environment(self, *args: Any, **options: Any) -> None:
        try:
            super().validate_environment(*args, **options)
        except (ImportError, RuntimeError) as error:
            raise _missing(error) from error


def _quantizer_of(original: Any, **options: Any) -> HfQuantizer:
    """The quantizer of the method that a folder was quantised by before it was compressed."""
    if not isinstance(original, dict):
        raise ValueError(f"the folder's quantization_config was {original!r} before it was compressed, which is no method")
    try:
        made = AutoHfQuantizer.from_config(AutoQuantizationConfig.from_dict(original), **options)
    except ImportError as error:
        raise _missing(error) from error
    kind = type(made)
    # Some read metadata of the files themselves.
    _loading.read_by_uwt(sys.modules[kind.__module__])
    made.__class__ = type(kind.__name__, (_OwnMethod, kind), {})
    return made


@register_quantizer("uwt")
class UwtQuantizer(_CompressedFiles):
    """Finds the compressed files of a folder, and compresses weights in memory as they are loaded."""

    def __new__(cls, quantization_config: UwtConfig | None = None, **options: Any) -> HfQuantizer:
        # A copy, of a model's.
        if quantization_config is None:
            return super().__new__(cls)
        check_version(quantization_config.version)
        original = getattr(quantization_config, "original", None)
        if original is None or _loading.DEFAULTS.quantized == "values":
            return super().__new__(cls)
        return _quantizer_of(original, **options)

    def __init__(self, quantization_config: UwtConfig, **options: Any) -> None:
        super().__init__(quantization_config, **options)
        # Files give the tensors of the original; they are compressed here.
        self.pre_quantized = False
        self._is_dequantized = getattr(quantization_config, "original", None) is not None

    def param_needs_quantization(self, model: Any, param_name: str, **_: Any) -> bool:
        if _loading.DEFAULTS.format is None:
            return False
        path, _, name = param_name.rpartition(".")
        module = model.get_submodule(path)
        return (name == "weight" and reads_compressed(module)) or _experts.runs_compressed(module, name)

    def get_quantize_ops(self) -> ConversionOps:
        return _Compress()

    def update_weight_conversions(self, weight_conversions: list[Any], model: Any) -> list[Any]:
        conversions = super().update_weight_conversions(weight_conversions, model)
        return _experts.follow_codes(conversions) if self._is_dequantized else conversions

    def _process_model_after_weight_loading(self, model: Any, **options: Any) -> Any:
        _experts.use_compressed(model)
        give_back_heap()
        return super()._process_model_after_weight_loading(model, **options)

    def get_state_dict_and_metadata(self, model: Any) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        state = model.state_dict()
        dense: dict[int, torch.Tensor] = {}
        for name, value in state.items():
            if isinstance(value, UwtTensor):
                # What modules share is stored once.
                at = value.image.data_ptr()
                if at not in dense:
                    dense[at] = value.dense()
                state[name] = dense[at]
        return state, {}

    def is_serializable(self, *_: Any, **__: Any) -> bool:
        return True

    @property
    def is_trainable(self) -> bool:
        # Adapters on top are.
        return True

    @property
    def is_compileable(self) -> bool:
        return True
