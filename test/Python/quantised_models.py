"""Quantised checkpoints of transformers for tests, as packers lay them out (docs/quantised.md), and the same with the values of
their codes as floats. Codes are nearest ones: what a calibration would make of them does not matter here."""

import functools
import json
import shutil

import torch
from safetensors.torch import load_file, save_file

GROUP = 64
_E2M1 = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6])
# awq-1: a nibble of a word is of this row.
_AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)


def _codes(weight):
    """Codes [N, K] of 4 bits, zero points and scales [N, groups] of F16, and the values that these say in F32."""
    groups = weight.float().unflatten(1, (-1, GROUP))
    low, high = groups.amin(2).clamp(max=0), groups.amax(2).clamp(min=0)
    scale = ((high - low) / 15).to(torch.float16)
    zero = (-low / scale.float()).round().clamp(1, 15)
    codes = (groups / scale.float()[..., None] + zero[..., None]).round().clamp(0, 15)
    values = (codes - zero[..., None]) * scale.float()[..., None]
    return codes.flatten(1).int(), zero.int(), scale, values.flatten(1)


def _packed(codes, order=range(8)):
    """Words of eight codes along the last dimension; nibble i is code order[i]."""
    nibbles = codes.unflatten(-1, (-1, 8))
    word = sum(nibbles[..., code].long() << (4 * i) for i, code in enumerate(order))
    return torch.where(word >= 2**31, word - 2**32, word).to(torch.int32).contiguous()


def _gptq(name, codes, zero, scale, groups=None):
    module = name.removesuffix(".weight")
    if groups is None:
        groups = torch.arange(codes.shape[1], dtype=torch.int32) // GROUP
    return {
        f"{module}.qweight": _packed(codes).T.contiguous(),
        f"{module}.qzeros": _packed((zero - 1).T.contiguous()),
        f"{module}.scales": scale.T.contiguous(),
        f"{module}.g_idx": groups,
    }


def order_of(columns):
    """What stands for the order in which GPTQ takes columns with `desc_act`: one for all weights of so many columns."""
    return torch.randperm(columns, generator=torch.Generator().manual_seed(columns))


def _gptq_in_order(name, weight):
    order = order_of(weight.shape[1])
    *parts, values = _codes(weight[:, order])
    back = order.argsort()
    return _gptq(name, parts[0][:, back], *parts[1:], (back // GROUP).to(torch.int32)), values[:, back].contiguous()


def _awq(name, codes, zero, scale):
    module = name.removesuffix(".weight")
    return {
        f"{module}.qweight": _packed(codes.T.contiguous(), _AWQ_ORDER),
        f"{module}.qzeros": _packed(zero.T.contiguous(), _AWQ_ORDER),
        f"{module}.scales": scale.T.contiguous(),
    }


_PACKERS = {
    "gptq": (_gptq, {"bits": 4, "group_size": GROUP, "desc_act": False, "sym": False, "checkpoint_format": "gptq"}),
    "awq": (_awq, {"bits": 4, "group_size": GROUP, "zero_point": True, "version": "gemm"}),
}


def _fp8(name, weight):
    scale = (weight.float().abs().amax(1, keepdim=True) / 448).clamp(min=1e-6)
    codes = (weight.float() / scale).to(torch.float8_e4m3fn)
    return {name: codes, f"{name}_scale": scale}, codes.float() * scale


def _fp4(weight, scale):
    """Codes of e2m1, two a byte, and the values that these say in F32; a scale a group of columns."""
    groups = weight.float().unflatten(1, (scale.shape[1], -1)) / scale[..., None]
    code = (groups.abs()[..., None] - _E2M1).abs().argmin(-1) + 8 * (groups < 0)
    values = torch.cat([_E2M1, -_E2M1])[code] * scale[..., None]
    code = code.flatten(1).to(torch.uint8)
    return code[:, ::2] | code[:, 1::2] << 4, values.flatten(1)


def _mxfp4(name, weight):
    largest = weight.float().unflatten(1, (-1, 32)).abs().amax(2).clamp(min=1e-6)
    exponent = torch.floor(torch.log2(largest)) - 2
    packed, values = _fp4(weight, torch.exp2(exponent))
    return {f"{name}_packed": packed, f"{name}_scale": (exponent + 127).to(torch.uint8)}, values


def _gpt_oss(name, weight):
    """Of experts [E, K, N]."""
    experts, _, rows = weight.shape
    parts, values = _mxfp4(name, weight.transpose(1, 2).flatten(0, 1))
    packed, exponents = (each.unflatten(0, (experts, rows)) for each in parts.values())
    values = values.unflatten(0, (experts, rows)).transpose(1, 2)
    return {f"{name}_blocks": packed.unflatten(2, (-1, 16)), f"{name}_scales": exponents}, values.contiguous()


def _nvfp4(name, weight):
    largest = weight.float().unflatten(1, (-1, 16)).abs().amax(2)
    whole = 448 * 6 / largest.max()
    scale = (largest / 6 * whole).clamp(min=2**-6).to(torch.float8_e4m3fn)
    packed, values = _fp4(weight, scale.float() / whole)
    return {f"{name}_packed": packed, f"{name}_scale": scale, f"{name}_global_scale": whole.reshape(1)}, values


_NF4 = torch.tensor([
    -1.0, -0.6961928, -0.52507305, -0.39491749, -0.28444138, -0.18477343, -0.091050036, 0.0,
    0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1.0,
])  # fmt: skip


def _nf4(name, weight, is_nested=False):
    groups = weight.float().unflatten(1, (-1, GROUP))
    scale = groups.abs().amax(2)
    state = {"quant_type": "nf4", "blocksize": GROUP, "dtype": "bfloat16", "shape": list(weight.shape)}
    scales = {f"{name}.absmax": scale.flatten()}
    if is_nested:
        numbers, offset = torch.linspace(-1, 1, 256), scale.mean().item()
        blocks = (scale.flatten() - offset).split(256)
        largest = torch.stack([block.abs().max().clamp(min=1e-6) for block in blocks])
        codes = torch.cat([(block[:, None] / most - numbers).abs().argmin(1) for block, most in zip(blocks, largest)])
        scale = (numbers[codes] * largest.repeat_interleave(256)[: codes.numel()] + offset).view_as(scale)
        scales = {
            f"{name}.absmax": codes.to(torch.uint8), f"{name}.nested_absmax": largest, f"{name}.nested_quant_map": numbers,
        }  # fmt: skip
        state |= {"nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": offset}
    code = (groups[..., None] / scale[..., None, None] - _NF4).abs().argmin(-1)
    flat = code.flatten().to(torch.uint8)
    return {
        name: (flat[::2] << 4 | flat[1::2])[:, None], f"{name}.quant_map": _NF4.clone(),
        f"{name}.quant_state.bitsandbytes__nf4": torch.tensor(list(json.dumps(state).encode()), dtype=torch.uint8),
    } | scales, (_NF4[code] * scale[..., None]).flatten(1)  # fmt: skip


# Of compressed-tensors: how a weight is made, the format's name, and what its config says of weights.
_COMPRESSED = {
    "fp8": (_fp8, "float-quantized", {"num_bits": 8, "strategy": "channel"}),
    "mxfp4": (_mxfp4, "mxfp4-pack-quantized", {"num_bits": 4, "strategy": "group", "group_size": 32}),
    "nvfp4": (_nvfp4, "nvfp4-pack-quantized", {"num_bits": 4, "strategy": "tensor_group", "group_size": 16}),
}


_WHOLE = {
    "gptq-order": (_gptq_in_order, {"quant_method": "gptq", "bits": 4, "group_size": GROUP, "desc_act": True, "sym": False}),
    "nf4": (_nf4, {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}),
    "nf4-nested": (
        functools.partial(_nf4, is_nested=True),
        {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True},
    ),
    "gpt-oss": (_gpt_oss, {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}),
}


def _is_quantised(method, name, tensor):
    """Not what chooses experts; of gpt-oss experts alone."""
    if method == "gpt-oss":
        return tensor.dim() == 3
    return "layers" in name and tensor.dim() == 2 and not name.endswith("mlp.gate.weight")


def quantise(method, source, quantised, dequantised):
    """Writes the quantised and the dequantised model of a folder with one file of BF16.

    Args:
        method: "gptq", "gptq-order" (`desc_act`), "awq", "nf4" and "nf4-nested" (bitsandbytes), "gpt-oss" (MXFP4), or one of compressed-tensors: "fp8" (a scale a row), "mxfp4", "nvfp4".
    """
    tensors = load_file(source / "model.safetensors")
    made, floats = {}, {}
    for name, tensor in tensors.items():
        floats[name] = made[name] = tensor
        if not _is_quantised(method, name, tensor):
            continue
        del made[name]
        if method in _COMPRESSED:
            parts, values = _COMPRESSED[method][0](name, tensor)
        elif method in _WHOLE:
            parts, values = _WHOLE[method][0](name, tensor)
        else:
            *parts, values = _codes(tensor)
            parts = _PACKERS[method][0](name, *parts)
        made |= parts
        floats[name] = values.to(torch.bfloat16)
    if method in _COMPRESSED:
        _, format, weights = _COMPRESSED[method]
        weights = {"type": "float", "symmetric": True, "dynamic": False} | weights
        group = {"targets": ["Linear"], "weights": weights, "input_activations": None}
        config = {
            "quant_method": "compressed-tensors", "format": format, "config_groups": {"group_0": group},
            "ignore": ["lm_head"], "quantization_status": "compressed",
        }  # fmt: skip
    elif method in _WHOLE:
        config = _WHOLE[method][1]
    else:
        config = {"quant_method": method} | _PACKERS[method][1]
    for folder, content, more in ((quantised, made, {"quantization_config": config}), (dequantised, floats, {})):
        shutil.copytree(source, folder)
        save_file(content, folder / "model.safetensors", metadata={"format": "pt"})
        text = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(json.dumps(text | more), encoding="utf-8")
