"""Makes those folders of test/Import/golden whose packers need no PyTorch: MLX by its own package, others by their published formulas.

    /usr/bin/python3 -m venv VENV
    VENV/bin/pip install numpy ml_dtypes 'mlx[cpu]==0.32.4'
    VENV/bin/python3 test/Import/make_golden_numpy.py

Each case is as make_golden.py has them. Formulas: bitsandbytes' blocks of the flat weight (docs of functional.quantize_4bit), transformers 5.24's
FP8Experts and pack_weights of integrations/bitnet.py, Quark 0.13's Pack_fp4 and scaled dequantize, auto-round 0.16.1's utils/bit_packing.py (value i of 32 has
bits i * b and on of b little-endian words; zero points less one with auto_gptq, as they are with auto_round), OCP's FNUZ floats, ComfyUI's scaled FP8 (weight * scale_weight), ModelOpt's NVFP4 (code *
weight_scale * weight_scale_2, weight_scale_2 one a matrix).
"""

import json
import pathlib
import struct

import ml_dtypes
import mlx.core as mx
import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
MODULE = "model.layers.0.mlp.up_proj"
DTYPES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "uint8": "U8", "int8": "I8", "int32": "I32", "uint32": "U32", "float8_e4m3fn": "F8_E4M3",
          "float8_e4m3fnuz": "F8_E4M3FNUZ"}
E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32)
RNG = np.random.default_rng(5)


def save(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        array, dtype, shape = tensor if isinstance(tensor, tuple) else (tensor, DTYPES[tensor.dtype.name], list(tensor.shape))
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write(case, tensors, config, expected):
    """A case; `config` is all of config.json, or None for a file alone."""
    folder = GOLDEN / case
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "model.safetensors", {MODULE + name: tensor for name, tensor in tensors.items()})
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    save(folder / "expected.safetensors", {"weight": np.ascontiguousarray(expected, np.float32)})
    print(case, sum(file.stat().st_size for file in folder.iterdir()), "bytes")


def quantized(**config):
    return {"quantization_config": config}


def unpacked(words, bits, columns):
    """Codes of rows of bytes, the first one in the lowest bits, as a second way to what mlx decodes."""
    flat = np.unpackbits(words.view(np.uint8), axis=-1, bitorder="little").reshape(*words.shape[:-1], -1, bits)
    return (flat * (1 << np.arange(bits))).sum(-1)[..., :columns].astype(np.float32)


def make_mlx():
    for bits, group, dtype, stack in [(2, 32, "float32", ()), (3, 64, "float32", ()), (4, 64, "bfloat16", ()), (4, 32, "float16", (3,)), (5, 64, "float32", ()),
                                      (6, 128, "float32", ()), (8, 32, "float32", ())]:
        weight = mx.array((RNG.standard_normal((*stack, 24, 256)) * 0.02).astype(np.float32)).astype(getattr(mx, dtype))
        words, scales, biases = mx.quantize(weight, group_size=group, bits=bits)

        def numpy_of(array):
            return np.array(array.astype(mx.float32)).astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(dtype))

        codes, own = np.array(words), [numpy_of(scales), numpy_of(biases)]
        wide = [np.repeat(each.astype(np.float32), group, -1) for each in own]
        expected = unpacked(codes, bits, 256) * wide[0] + wide[1]
        decoded = np.array(mx.dequantize(words, scales, biases, group_size=group, bits=bits).astype(mx.float32))
        # mlx computes in the scales' type, in f32 with one rounding.
        bound = {"float32": 2**-22, "float16": 2**-9, "bfloat16": 2**-6}[dtype] * np.abs(expected).max()
        assert np.abs(decoded - expected).max() <= bound, (bits, np.abs(decoded - expected).max())
        config = {"group_size": group, "bits": bits}
        if bits == 6:  # By its module's own object.
            config = {"group_size": 64, "bits": 4, "mode": "affine", MODULE: config}
        names = {".weight": codes, ".scales": own[0], ".biases": own[1]}
        write(f"mlx-b{bits}-g{group}" + ("-experts" if stack else ""), names, {"model_type": "llama", "quantization": config, "quantization_config": config}, expected)


def make_flat_nf4():
    table = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
                      0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], np.float32)
    for case, shape in [("bnb-nf4-flat", (16, 100)), ("bnb-nf4-part", (5, 33)), ("bnb-nf4-experts", (3, 8, 64))]:
        count = int(np.prod(shape))
        codes = RNG.integers(0, 16, count).astype(np.uint8)
        scales = (RNG.random(-(-count // 64)) * 0.1 + 0.01).astype(np.float32)
        pairs = np.append(codes, np.zeros(count % 2, np.uint8))
        state = {"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": list(shape)}
        tensors = {".weight": (pairs[0::2] << 4 | pairs[1::2])[:, None], ".weight.absmax": scales, ".weight.quant_map": table,
                   ".weight.quant_state.bitsandbytes__nf4": np.frombuffer(json.dumps(state).encode(), np.uint8)}
        write(case, tensors, quantized(quant_method="bitsandbytes", load_in_4bit=True, bnb_4bit_quant_type="nf4"), (table[codes] * np.repeat(scales, 64)[:count]).reshape(shape))


def make_experts():
    codes = (RNG.standard_normal((3, 64, 96)) * 0.5).astype(ml_dtypes.float8_e4m3fn)
    scales = (RNG.random((3, 2, 2)) * 0.01 + 0.001).astype(np.float32)
    wide = np.repeat(np.repeat(scales, 32, 1), 64, 2)[:, :, :96]
    write("fp8-experts", {"": codes, "_scale_inv": scales}, quantized(quant_method="fp8", weight_block_size=[32, 64]), codes.astype(np.float32) * wide)
    rows = (RNG.random((3, 64, 1)) * 0.01 + 0.001).astype(ml_dtypes.bfloat16)
    write("ct-fp8-experts", {"": codes, "_weight_scale": rows}, quantized(quant_method="compressed-tensors", format="float-quantized", quantization_status="compressed",
          config_groups={"group_0": {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "channel", "symmetric": True, "dynamic": False}}}),
          codes.astype(np.float32) * rows.astype(np.float32))
    fours = RNG.integers(0, 16, (2, 32, 64)).astype(np.uint8)
    small = (RNG.random((2, 32, 4)) * 100 + 1).astype(ml_dtypes.float8_e4m3fn)
    outer = np.array([0.001, 0.0007], np.float32)
    write("modelopt-nvfp4-experts", {"": fours[:, :, 0::2] | fours[:, :, 1::2] << 4, "_weight_scale": small, "_weight_scale_2": outer, "_input_scale": np.float32(1)[None]},
          quantized(quant_method="modelopt", quant_algo="NVFP4"), (E2M1 + 0.0)[fours] * np.repeat(small.astype(np.float32) * outer[:, None, None], 16, 2))


def make_others():
    codes = (RNG.standard_normal((32, 96)) * 0.5).astype(ml_dtypes.float8_e4m3fnuz)
    scale = np.array(0.0123, np.float32)
    write("fp8-fnuz", {".weight": codes, ".weight_scale": scale}, quantized(quant_method="fp8"), codes.astype(np.float32) * scale)
    scaled = (RNG.standard_normal((32, 96)) * 0.5).astype(ml_dtypes.float8_e4m3fn)
    write("comfy-fp8", {".weight": scaled, ".scale_weight": scale, ".scale_input": np.float32(2)[None]}, None, scaled.astype(np.float32) * scale)
    fours = RNG.integers(0, 16, (32, 64)).astype(np.uint8)
    exponents = RNG.integers(118, 124, (32, 2)).astype(np.uint8)
    mxfp4 = quantized(quant_method="compressed-tensors", format="mxfp4-pack-quantized", quantization_status="compressed",
                      config_groups={"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "float", "group_size": 32, "strategy": "group", "symmetric": True, "dynamic": False}}})
    write("ct-mxfp4-f4", {".weight_packed": (fours[:, 0::2] | fours[:, 1::2] << 4, "F4", [32, 64]), ".weight_scale": (exponents, "F8_E8M0", [32, 2])}, mxfp4,
          E2M1[fours] * np.repeat(np.exp2(exponents.astype(np.float32) - 127), 32, 1))
    ternary = RNG.integers(-1, 2, (32, 48))
    parts = (ternary + 1).reshape(4, 8, 48).astype(np.uint8)
    packed = parts[0] | parts[1] << 2 | parts[2] << 4 | parts[3] << 6
    for layer, number in [("bitlinear", np.float32(1) / np.float32(1.625)), ("autobitlinear", np.float32(1.625))]:
        write(f"bitnet-{layer}", {".weight": packed, ".weight_scale": np.array([1.625], ml_dtypes.bfloat16)},
              quantized(quant_method="bitnet", linear_class=layer, quantization_mode="offline", modules_to_not_convert=["lm_head"]), ternary.astype(np.float32) * number)


def quark(weight):
    own = {"ch_axis": None, "group_size": None, "is_dynamic": False, "round_method": "half_even", "scale_type": "float", "symmetric": True, "mx_element_dtype": None}
    layer = {"bias": None, "input_tensors": None, "output_tensors": None, "target_device": None, "weight": {**own, **weight}}
    return quantized(quant_method="quark", algo_config=None, exclude=["lm_head"], global_quant_config=layer, kv_cache_quant_config={}, layer_quant_config={}, layer_type_quant_config={},
                     softmax_quant_spec=None, quant_mode="eager_mode", version="0.13", export={"kv_cache_group": [], "min_kv_scale": 0.0, "pack_method": "reorder", "weight_format": "real_quantized"})


def make_quark():
    rng = np.random.default_rng(7)
    codes = (rng.standard_normal((32, 96)) * 0.5).astype(ml_dtypes.float8_e4m3fn)
    rows = (0.01 + rng.random(32) * 0.01).astype(np.float32)
    for name, scheme, axis, scale in [("tensor", "per_tensor", None, np.array(0.0123, np.float32)), ("channel", "per_channel", 0, rows)]:
        write(f"quark-fp8-{name}", {".weight": codes, ".weight_scale": scale},
              quark({"dtype": "fp8_e4m3", "qscheme": scheme, "ch_axis": axis, "observer_cls": "PerTensorMinMaxObserver"}), codes.astype(np.float32) * scale.reshape(-1, 1))
    fours = rng.integers(0, 16, (32, 64)).astype(np.uint8)
    exponents = rng.integers(118, 124, (32, 2)).astype(np.uint8)
    write("quark-mxfp4", {".weight": fours[:, 0::2] | fours[:, 1::2] << 4, ".weight_scale": exponents},
          quark({"dtype": "fp4", "qscheme": "per_group", "ch_axis": -1, "group_size": 32, "scale_format": "e8m0", "scale_calculation_mode": "even", "observer_cls": "PerBlockMXObserver"}),
          E2M1[fours] * np.repeat(np.exp2(exponents.astype(np.float32) - 127), 32, 1))


def make_transposed_experts():
    """ModelOpt 0.47's unified_export_hf: codes and scales of [experts, outputs, inputs], each matrix transposed when it is stored."""
    rng = np.random.default_rng(9)
    fours = rng.integers(0, 16, (2, 24, 64)).astype(np.uint8)
    small = (rng.random((2, 24, 4)) * 200 + 16).astype(ml_dtypes.float8_e4m3fn)
    outer = np.array(0.0009, np.float32)
    values = (E2M1 + 0.0)[fours] * np.repeat(small.astype(np.float32) * outer, 16, 2)
    write("modelopt-nvfp4-transposed", {"": np.swapaxes(fours[:, :, 0::2] | fours[:, :, 1::2] << 4, 1, 2), "_weight_scale": np.swapaxes(small, 1, 2), "_weight_scale_2": outer},
          quantized(quant_method="modelopt", quant_algo="NVFP4"), np.swapaxes(values, 1, 2))


def stream(values, bits):
    """Rows of values as little-endian words."""
    ones = (values[..., None] >> np.arange(bits) & 1).astype(np.uint8)
    return np.packbits(ones.reshape(len(values), -1), axis=-1, bitorder="little").view(np.int32)


def make_auto_round():
    rng = np.random.default_rng(8)
    for bits, packing, less in [(5, "auto_round:auto_gptq", 1), (6, "auto_round", 0), (4, "auto_round:exllamav2", 0)]:
        codes, zeros = rng.integers(0, 2**bits, (32, 128)), rng.integers(1, 2**bits, (2, 32))
        scales = (0.01 + rng.random((2, 32)) * 0.01).astype(np.float16)
        own = {"bits": bits, "group_size": 64}
        write(f"auto-round-b{bits}", {".qweight": np.ascontiguousarray(stream(codes, bits).T), ".qzeros": stream(zeros - less, bits), ".scales": scales},
              quantized(quant_method="auto-round", packing_format=packing, autoround_version="0.16.1", bits=4, group_size=128, sym=False, iters=200, extra_config={MODULE: own, ".*down_proj.*": {"bits": 2}}),
              (codes - np.repeat(zeros.T, 64, 1)).astype(np.float32) * np.repeat(scales.T.astype(np.float32), 64, 1))


if __name__ == "__main__":
    make_quark()
    make_auto_round()
    make_transposed_experts()
    make_mlx()
    make_flat_nf4()
    make_experts()
    make_others()
