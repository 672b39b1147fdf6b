"""Quantised checkpoints of transformers for tests, as packers lay them out (docs/quantised.md), and the same with the values of
their codes as floats. Codes are nearest ones: what a calibration would make of them does not matter here."""

import json
import shutil

import torch
from safetensors.torch import load_file, save_file

GROUP = 64
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


def _gptq(name, codes, zero, scale):
    module = name.removesuffix(".weight")
    groups = torch.arange(codes.shape[1], dtype=torch.int32) // GROUP
    return {
        f"{module}.qweight": _packed(codes).T.contiguous(),
        f"{module}.qzeros": _packed((zero - 1).T.contiguous()),
        f"{module}.scales": scale.T.contiguous(),
        f"{module}.g_idx": groups,
    }


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


def quantise(method, source, quantised, dequantised):
    """Writes the quantised and the dequantised model of a folder with one file of BF16.

    Args:
        method: "gptq", "awq", or "fp8" (compressed-tensors, a scale a row).
    """
    tensors = load_file(source / "model.safetensors")
    made, floats = {}, {}
    for name, tensor in tensors.items():
        floats[name] = made[name] = tensor
        if "layers" not in name or tensor.dim() != 2:
            continue
        del made[name]
        if method == "fp8":
            parts, values = _fp8(name, tensor)
        else:
            *parts, values = _codes(tensor)
            parts = _PACKERS[method][0](name, *parts)
        made |= parts
        floats[name] = values.to(torch.bfloat16)
    if method == "fp8":
        weights = {"num_bits": 8, "type": "float", "strategy": "channel", "symmetric": True, "dynamic": False}
        group = {"targets": ["Linear"], "weights": weights, "input_activations": None}
        config = {
            "quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": {"group_0": group},
            "ignore": ["lm_head"], "quantization_status": "compressed",
        }  # fmt: skip
    else:
        config = {"quant_method": method} | _PACKERS[method][1]
    for folder, content, more in ((quantised, made, {"quantization_config": config}), (dequantised, floats, {})):
        shutil.copytree(source, folder)
        save_file(content, folder / "model.safetensors", metadata={"format": "pt"})
        text = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(json.dumps(text | more), encoding="utf-8")
