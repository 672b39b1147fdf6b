"""Makes test/Import/golden: small quantised checkpoints by the packers that users have, and the weights that these decode to.

    /usr/bin/python3 -m venv VENV
    VENV/bin/pip install torch transformers==5.24.0 compressed-tensors==0.20.0 bitsandbytes==0.50.2 gguf==0.19.0 torchao==0.18.0 nvidia-modelopt==0.47.0 safetensors==0.8.0 hqq==0.2.8.post1 onnx==1.23.2 onnx-ir==1.1.0 onnxruntime==1.32.0
    VENV/bin/pip download --no-deps --no-binary :all: -d SDISTS gptqmodel==7.7.0 autoawq==0.2.9   # and unpack both there
    BUILD_CUDA_EXT=0 VENV/bin/pip download --no-deps --no-binary :all: --no-build-isolation -d SDISTS auto_gptq==0.7.1   # the same
    VENV/bin/pip download --no-deps -d SDISTS mslk-cuda==1.1.0   # the same, into SDISTS/mslk
    VENV/bin/python3 test/Import/make_golden.py --gptqmodel SDISTS/gptqmodel-7.7.0 --autoawq SDISTS/autoawq-0.2.9 --autogptq SDISTS/auto_gptq-0.7.1 --mslk SDISTS/mslk

Of gptqmodel, autoawq, auto_gptq and mslk only the modules that pack and decode are run, from their sources: the packages want a GPU's compiler. Each case
is a folder with model.safetensors and config.json as the packer has them, and expected.safetensors, whose tensor `weight` is what the packer's own
code decodes. CI needs none of this.
"""

import argparse
import functools
import importlib
import json
import logging
import pathlib
import sys
import types
import unittest.mock

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
MODULE = "model.layers.0.mlp.up_proj"
ROWS, COLUMNS = 48, 256


def gaussian(rows=ROWS, columns=COLUMNS, dtype=torch.float32, seed=1):
    return (torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)) * 0.02).to(dtype)


def write(case, tensors, config, expected, separator=".", metadata=None):
    """A case; the tensors are of one module."""
    folder = GOLDEN / case
    folder.mkdir(parents=True, exist_ok=True)
    named = {f"{MODULE}{separator}{name}": tensor.contiguous() for name, tensor in tensors.items()}
    save_file(named, folder / "model.safetensors", metadata={"format": "pt", **(metadata or {})})
    (folder / "config.json").write_text(json.dumps({"quantization_config": config}, indent=1) + "\n", encoding="utf-8")
    save_file({"weight": expected.contiguous()}, folder / "expected.safetensors")
    print(case, sum(file.stat().st_size for file in folder.iterdir()), "bytes")


# compressed-tensors


def observed(weight, arguments, block=None, share=None):
    """Scales and zero points of groups, as an observer of extremes finds them, by the package's own function."""
    from compressed_tensors.quantization.utils import calculate_qparams

    rows, columns = weight.shape
    strategy = getattr(arguments.strategy, "value", arguments.strategy)
    if strategy == "tensor":
        low, high = weight.min().reshape(1), weight.max().reshape(1)
    elif strategy == "channel":
        low, high = weight.amin(1, keepdim=True), weight.amax(1, keepdim=True)
    elif strategy == "block":
        down, across = -(-rows // block[0]), -(-columns // block[1])
        padded = torch.zeros(down * block[0], across * block[1], dtype=weight.dtype)
        padded[:rows, :columns] = weight
        cells = padded.reshape(down, block[0], across, block[1])
        low, high = cells.amin((1, 3)), cells.amax((1, 3))
    else:
        cells = weight.reshape(rows, -1, arguments.group_size)
        low, high = cells.amin(2), cells.amax(2)
    return calculate_qparams(low, high, arguments, share)


def compressed_case(case, name, compressor, weight, zero_points=False, share=None, **arguments):
    """One case of compressed-tensors: `compressor` packs and decodes it."""
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme

    args = QuantizationArgs(**arguments)
    scheme = QuantizationScheme(targets=["Linear"], weights=args)
    scale, zero = observed(weight, args, arguments.get("block_structure"), share)
    state = {"weight": weight, "weight_scale": scale.to(weight.dtype)}
    if zero_points:
        state["weight_zero_point"] = zero
    if share is not None:
        state |= {"weight_scale": scale, "weight_global_scale": share}
    packed = compressor.compress(state, scheme)
    config = {
        "quant_method": "compressed-tensors",
        "format": name,
        "quantization_status": "compressed",
        "config_groups": {"group_0": {"targets": ["Linear"], "weights": json.loads(args.model_dump_json())}},
        "ignore": ["lm_head"],
    }
    write(case, packed, config, compressor.decompress(packed, scheme)["weight"])
    return packed, config


def floor_packed(codes, bits):
    """Words of whole codes, as compressed-tensors packed 3, 5, 6 and 7 bits before its commit 66e631f6 (2026-06-22)."""
    each = 32 // bits
    padded = torch.nn.functional.pad(codes.to(torch.int64), (0, -codes.shape[1] % each))
    words = (padded.reshape(codes.shape[0], -1, each) << (bits * torch.arange(each))).sum(2)
    return torch.where(words >= 2**31, words - 2**32, words).to(torch.int32)


def make_grouped_columns(packed, config):
    """Groups of any columns, as actorder=group had them before the package gave it up; decoded as its documentation says."""
    from compressed_tensors.compressors.pack_quantized.helpers import unpack_from_int32

    order = torch.randperm(COLUMNS, generator=torch.Generator().manual_seed(2))
    groups = (torch.argsort(order) // 64).to(torch.int32)
    codes = unpack_from_int32(packed["weight_packed"], 4, torch.Size((ROWS, COLUMNS)))
    scale = packed["weight_scale"]
    write("ct-int4-g-idx", packed | {"weight_g_idx": groups}, config, codes.to(scale.dtype) * scale[:, groups.long()])


def make_compressed_tensors():
    from compressed_tensors.compressors.mxfp4.base import MXFP4PackedCompressor
    from compressed_tensors.compressors.naive_quantized.base import FloatQuantizationCompressor, IntQuantizationCompressor
    from compressed_tensors.compressors.nvfp4.base import NVFP4PackedCompressor
    from compressed_tensors.compressors.pack_quantized.base import PackedQuantizationCompressor
    from compressed_tensors.compressors.pack_quantized.helpers import unpack_from_int32
    from compressed_tensors.quantization.utils import generate_gparam

    weight = gaussian(dtype=torch.bfloat16)
    group = {"type": "int", "strategy": "group"}
    pack = ("pack-quantized", PackedQuantizationCompressor, weight)
    compressed_case("ct-int4-g128", *pack, num_bits=4, symmetric=True, group_size=128, **group)
    compressed_case("ct-int4-g32-asym", *pack, zero_points=True, num_bits=4, symmetric=False, group_size=32, **group)
    compressed_case("ct-int8-channel", *pack, num_bits=8, symmetric=True, type="int", strategy="channel")
    compressed_case("ct-int5-f16", *pack[:2], gaussian(dtype=torch.float16), num_bits=5, symmetric=True, group_size=64, **group)
    packed, config = compressed_case("ct-int3-g128", *pack, num_bits=3, symmetric=True, group_size=128, **group)
    codes = unpack_from_int32(packed["weight_packed"], 3, torch.Size((ROWS, COLUMNS))).to(torch.int32) + 4
    from safetensors.torch import load_file

    expected = load_file(GOLDEN / "ct-int3-g128" / "expected.safetensors")["weight"]
    write("ct-int3-whole-codes", packed | {"weight_packed": floor_packed(codes, 3)}, config, expected)
    make_grouped_columns(*compressed_case("ct-int4-g64", *pack, num_bits=4, symmetric=True, group_size=64, **group))
    ints = ("int-quantized", IntQuantizationCompressor, weight)
    compressed_case("ct-int8", *ints, num_bits=8, symmetric=True, type="int", strategy="channel")
    compressed_case("ct-int8-asym", *ints, zero_points=True, num_bits=8, symmetric=False, type="int", strategy="channel")
    floats = ("float-quantized", FloatQuantizationCompressor)
    for strategy in ("tensor", "channel"):
        compressed_case(f"ct-fp8-{strategy}", *floats, weight, num_bits=8, symmetric=True, type="float", strategy=strategy)
    block = {"num_bits": 8, "symmetric": True, "type": "float", "strategy": "block", "block_structure": [128, 128]}
    compressed_case("ct-fp8-block", *floats, gaussian(160, 160, torch.bfloat16), **block)
    fp4 = {"num_bits": 4, "symmetric": True, "type": "float"}
    share = generate_gparam(weight.min().reshape(1).float(), weight.max().reshape(1).float())
    compressed_case("ct-nvfp4", "nvfp4-pack-quantized", NVFP4PackedCompressor, weight, share=share,
                    strategy="tensor_group", group_size=16, scale_dtype="torch.float8_e4m3fn", **fp4)
    compressed_case("ct-mxfp4", "mxfp4-pack-quantized", MXFP4PackedCompressor, weight, strategy="group", group_size=32,
                    scale_dtype="torch.uint8", **fp4)


def bare_package(name, folder):
    """A package whose own __init__ does not run, so that its modules can be imported alone."""
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package


# AWQ


def make_awq(sources):
    for package in ("awq", "awq.utils", "awq.modules", "awq.modules.linear"):
        bare_package(package, sources / package.replace(".", "/"))
    gemm = importlib.import_module("awq.modules.linear.gemm")
    packing = importlib.import_module("awq.utils.packing_utils")
    for size in (128, 32):
        rows = 64
        cells = gaussian(rows).reshape(rows, -1, size)
        low, high = cells.amin(2), cells.amax(2)
        scales = ((high - low) / 15).half()
        zeros = (-low / scales.float()).round().clamp(0, 15)
        codes = ((cells / scales.float()[..., None]).round() + zeros[..., None]).clamp(0, 15)
        linear = torch.nn.Linear(COLUMNS, rows, bias=False, dtype=torch.float32)
        linear.weight.data = ((codes - zeros[..., None]) * scales.float()[..., None]).reshape(rows, -1)
        grids = {"scales": scales.T.float(), "zeros": zeros.T.contiguous()}
        made = gemm.WQLinear_GEMM.from_linear(linear, 4, size, **grids)
        tensors = {name: getattr(made, name) for name in ("qweight", "qzeros", "scales")}
        config = {"quant_method": "awq", "bits": 4, "group_size": size, "zero_point": True, "version": "gemm"}
        write(f"awq-gemm-g{size}", tensors, config, packing.dequantize_gemm(*tensors.values(), 4, size).T)


def decoded_awq(words, scales, offsets, size):
    """Weights of codes in words, as the packers' kernels compute them: of one rounding to f16 (exact before it, as f64)."""
    codes = (torch.from_numpy(words.astype(np.int64))[..., None] >> 4 * torch.arange(8) & 15).flatten(1)
    scales, offsets = (torch.from_numpy(cells.astype(np.float64)).repeat_interleave(size, 1) for cells in (scales, offsets))
    return (codes * scales + offsets).half()


def make_awq_gemv(autoawq, gptqmodel):
    """What AutoAWQ packs for products of a vector; it has no decoder for CPUs, so GPTQModel's takes codes and grids out of it."""
    for package in ("awq", "awq.utils", "awq.modules", "awq.modules.linear"):
        bare_package(package, autoawq / package.replace(".", "/"))
    for package in ("gptqmodel", "gptqmodel.utils"):
        bare_package(package, gptqmodel / package.replace(".", "/"))
    decoders = importlib.import_module("gptqmodel.utils.mlx_packing")
    rows = 32
    for version, name, size in (("gemv", "WQLinear_GEMV", 128), ("gemv", "WQLinear_GEMV", 64), ("gemv", "WQLinear_GEMV", 32),
                                ("gemv_fast", "WQLinear_GEMVFast", 128), ("gemv_fast", "WQLinear_GEMVFast", 32)):
        layer = getattr(importlib.import_module(f"awq.modules.linear.{version}"), name)
        generator = torch.Generator().manual_seed(size)
        scales = (torch.rand(rows, COLUMNS // size, generator=generator) * 0.01 + 0.001).half().float()
        zeros = torch.randint(0, 16, scales.shape, generator=generator).float()
        codes = torch.randint(0, 16, (rows, COLUMNS), generator=generator)
        linear = torch.nn.Linear(COLUMNS, rows, bias=False)
        linear.weight.data = (codes - zeros.repeat_interleave(size, 1)) * scales.repeat_interleave(size, 1)
        made = layer.from_linear(linear, 4, size, scales=scales, zeros=zeros)
        tensors = {name: getattr(made, name) for name in ("qweight", "qzeros", "scales")}
        decode = decoders.repack_awq_gemv if version == "gemv" else decoders.repack_awq_gemv_fast
        parts = decode(*(tensor.numpy() for tensor in tensors.values()), COLUMNS, rows, size)
        config = {"quant_method": "awq", "bits": 4, "group_size": size, "zero_point": True, "version": version}
        write(f"awq-{version.replace('_', '-')}-g{size}", tensors, config, decoded_awq(*parts, size))


# Marlin


def make_marlin(autoawq, autogptq):
    """What AutoGPTQ and AutoAWQ pack for Marlin. Nothing decodes it but kernels: expected are the weights that were packed."""
    for package in ("auto_gptq", "auto_gptq.nn_modules", "auto_gptq.nn_modules.qlinear"):
        bare_package(package, autogptq / package.replace(".", "/"))
    for package in ("awq", "awq.utils", "awq.modules", "awq.modules.linear"):
        bare_package(package, autoawq / package.replace(".", "/"))
    layer = importlib.import_module("auto_gptq.nn_modules.qlinear.qlinear_marlin").QuantLinear
    awq_layer = importlib.import_module("awq.modules.linear.marlin").WQLinear_Marlin
    configs = {
        "marlin-g128": {"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": True, "checkpoint_format": "marlin"},
        "marlin-channel": {"quant_method": "marlin", "group_size": -1},
        "marlin-awq": {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": False, "version": "marlin"},
    }
    for case, config in configs.items():
        rows, size = (128, COLUMNS) if config["group_size"] == -1 else (64, 128)
        generator = torch.Generator().manual_seed(rows)
        scales = (torch.rand(rows, COLUMNS // size, generator=generator) * 0.01 + 0.001).half()
        codes = torch.randint(-8, 8, (rows, COLUMNS), generator=generator).half()
        linear = torch.nn.Linear(COLUMNS, rows, bias=False, dtype=torch.float16)
        linear.weight.data = codes * scales.repeat_interleave(size, 1)
        if config["quant_method"] == "awq":
            made = awq_layer.from_linear(linear, 4, size, scales=scales)
            tensors = {"qweight": made.qweight, "scales": made.scales}
        else:
            # A layer proper wants a GPU when it is made, and packs without one.
            words = torch.empty(COLUMNS // 16, rows * 2, dtype=torch.int32)
            grid = torch.empty(COLUMNS // size, rows, dtype=torch.float16)
            made = types.SimpleNamespace(infeatures=COLUMNS, outfeatures=rows, group_size=size, B=words, s=grid, bias=None)
            layer.pack(made, linear, scales)
            tensors = {"B": made.B, "s": made.s}
        write(case, tensors, config, linear.weight.data)


# GPTQ


def quiet_logger(*_, **__):
    return logging.getLogger("golden")


def gptq_case(dequant, case, bits, size, rows=64, order=None, target=torch.float16, scale=torch.float16, **config):
    """One case of GPTQModel; `order`: the columns in the order in which they are grouped."""
    generator = torch.Generator().manual_seed(bits)
    groups = COLUMNS // size
    column_groups = torch.arange(COLUMNS) // size
    if order is not None:
        column_groups = torch.argsort(order) // size
    codes = torch.randint(0, 2**bits, (rows, COLUMNS), generator=generator)
    # All zero points, with the largest and, in the first version's files, the one that is stored as -1.
    zeros = torch.randint(0, 2**bits, (groups, rows), generator=generator)
    scales = (torch.rand(groups, rows, generator=generator) * 0.01 + 0.001).to(scale)
    format_name = config.get("checkpoint_format", "gptq")
    planar = format_name == "gptq_p"
    stored = zeros if format_name != "gptq" else (zeros - 1) % 2**bits
    pack = functools.partial(dequant.pack_cols, bits=bits, pack_dtype=torch.int32, planar=planar)
    tensors = {"qweight": pack(codes).T, "qzeros": pack(stored), "scales": scales, "g_idx": column_groups.to(torch.int32)}
    config = {"quant_method": "gptq", "bits": bits, "group_size": size, "desc_act": order is not None, "sym": False, **config}
    write(case, tensors, config, torch.zeros(0))
    decoded = dequant.convert_gptq_file(GOLDEN / case / "model.safetensors", target, config, "cpu")
    write(case, tensors, config, decoded[f"{MODULE}.weight"])


def gptqmodel_dequant(sources):
    """The module that decodes what GPTQModel packs, without the rest of the package."""
    for package in ("gptqmodel", "gptqmodel.utils", "gptqmodel.quantization"):
        bare_package(package, sources / package.replace(".", "/"))
    for name, members in (("logger", {"setup_logger": quiet_logger}), ("torch", {"HAS_NPU": False})):
        stand_in = types.ModuleType(f"gptqmodel.utils.{name}")
        stand_in.__dict__.update(members)
        sys.modules[stand_in.__name__] = stand_in
    return importlib.import_module("gptqmodel.utils.model_dequant")


def make_gptq(sources):
    case = functools.partial(gptq_case, gptqmodel_dequant(sources))
    case("gptq-b4-g128", 4, 128, checkpoint_format="gptq")
    case("gptq-b4-bf16", 4, 128, target=torch.bfloat16)
    case("gptq-v2-b4-g64", 4, 64, checkpoint_format="gptq_v2")
    case("gptq-b3-g128", 3, 128)
    case("gptq-b8-channel", 8, COLUMNS, scale=torch.bfloat16, target=torch.bfloat16)
    order = torch.randperm(COLUMNS, generator=torch.Generator().manual_seed(3))
    case("gptq-b2-g-idx", 2, 64, order=order)
    for bits in (3, 4, 5, 6, 7):
        case(f"gptq-planar-b{bits}", bits, 64, rows=32, checkpoint_format="gptq_p")


# bitsandbytes


def make_bitsandbytes():
    import bitsandbytes
    from bitsandbytes import functional

    weight = gaussian(32, 192, torch.bfloat16)
    for name, kind, nested in (("nf4", "nf4", False), ("nf4-nested", "nf4", True), ("fp4", "fp4", False)):
        codes, state = functional.quantize_4bit(weight, quant_type=kind, compress_statistics=nested)
        tensors = {"weight": codes} | {f"weight.{key}": value for key, value in state.as_dict(packed=True).items()}
        config = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": kind, "bnb_4bit_use_double_quant": nested}
        write(f"bnb-{name}", tensors, config, functional.dequantize_4bit(codes, state))
    codes, scales, _ = functional.int8_vectorwise_quant(weight.half())
    config = {"quant_method": "bitsandbytes", "load_in_8bit": True}
    tensors = {"weight": codes, "SCB": scales, "weight_format": torch.zeros((), dtype=torch.uint8)}
    write("bnb-int8", tensors, config, functional.int8_vectorwise_dequant(codes, scales))
    print("bitsandbytes", bitsandbytes.__version__)


# HQQ


def hqq_case(case, dtype, rows=ROWS, columns=COLUMNS, channel_wise=True, **arguments):
    """One case of HQQ, with the configuration that transformers writes."""
    from hqq.core.quantize import HQQLinear

    config = transformers.HqqConfig(**arguments).to_dict() | {"quant_method": "hqq"}
    config["quant_config"]["weight_quant_params"]["channel_wise"] = channel_wise
    linear = torch.nn.Linear(columns, rows, bias=False)
    linear.weight.data = gaussian(rows, columns)
    made = HQQLinear(linear, config["quant_config"], compute_dtype=dtype, device="cpu")
    write(case, made.state_dict(), config, made.dequantize())


def make_hqq():
    hqq_case("hqq-b4-g64", torch.bfloat16, nbits=4, group_size=64)
    hqq_case("hqq-b4-axis0", torch.float16, nbits=4, group_size=16, axis=0)
    hqq_case("hqq-b4-flat", torch.bfloat16, columns=192, nbits=4, group_size=128)
    hqq_case("hqq-b3-g64", torch.float16, rows=44, nbits=3, group_size=64)
    hqq_case("hqq-b3-axis0", torch.bfloat16, nbits=3, group_size=64, axis=0)
    hqq_case("hqq-b2-view", torch.bfloat16, nbits=2, group_size=16, view_as_float=True)
    hqq_case("hqq-b1-f32", torch.float32, nbits=1, group_size=32)
    hqq_case("hqq-b8-row", torch.bfloat16, nbits=8, group_size=COLUMNS)
    hqq_case("hqq-b8-tensor", torch.float16, nbits=8, group_size=64, channel_wise=False)


# transformers


def make_transformers():
    """FP8 and FP4 as DeepSeek has them, MXFP8, and experts of gpt-oss, decoded by transformers' own code."""
    from transformers.integrations.finegrained_fp8 import Fp8Dequantize
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors

    cells = gaussian(64, 192).reshape(2, 32, 3, 64)
    scales = cells.abs().amax((1, 3)) / 448
    codes = (cells / scales[:, None, :, None]).reshape(64, 192).to(torch.float8_e4m3fn)
    config = {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [32, 64], "activation_scheme": "dynamic"}
    decoded = Fp8Dequantize(None)._dequantize_one(codes, scales, torch.bfloat16)
    write("fp8-block", {"weight": codes, "weight_scale_inv": scales}, config, decoded)
    generator = torch.Generator().manual_seed(4)
    exponents = torch.randint(112, 125, (64, 6), generator=generator, dtype=torch.uint8)
    decoded = Fp8Dequantize(None)._dequantize_one(codes, exponents, torch.bfloat16)
    write("mxfp8", {"weight": codes, "weight_scale": exponents}, {"quant_method": "fp8"}, decoded)
    pairs = torch.randint(-128, 128, (64, 96), generator=generator, dtype=torch.int8)
    scales = exponents.view(torch.float8_e8m0fnu)
    decoded = Fp8Dequantize(None)._dequantize_one(pairs, scales, torch.bfloat16)
    write("fp4-deepseek", {"weight": pairs, "scale": scales}, config, decoded)
    blocks = torch.randint(0, 256, (3, 64, 4, 16), generator=generator, dtype=torch.uint8)
    exponents = torch.randint(110, 135, (3, 64, 4), generator=generator, dtype=torch.uint8)
    decoded = convert_moe_packed_tensors(blocks, exponents)
    write("gpt-oss", {"blocks": blocks, "scales": exponents}, {"quant_method": "mxfp4"}, decoded, separator="_")


# ModelOpt


def make_modelopt():
    from modelopt.torch.quantization.qtensor import nvfp4_tensor

    weight = gaussian(32, 192, torch.bfloat16)
    made, scales, scale_2 = nvfp4_tensor.NVFP4QTensor.quantize(weight, 16)
    decoded = made.dequantize(dtype=torch.bfloat16, scale=scales, double_scale=scale_2, block_sizes={-1: 16})
    config = {"quant_method": "modelopt", "quant_algo": "NVFP4"}
    tensors = {"weight": made._quantized_data, "weight_scale": scales, "weight_scale_2": scale_2}
    write("modelopt-nvfp4", tensors, config, decoded)


# GGUF


def gguf_blocks(kind, rows, columns):
    """Blocks of any bits, with finite scales."""
    import gguf

    size, count = gguf.GGML_QUANT_SIZES[kind]
    generator = np.random.default_rng(int(kind))
    blocks = generator.integers(0, 256, (rows, columns // size, count), dtype=np.uint8)
    halves = {"Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,), "MXFP4": (), "TQ1_0": (52,),
              "TQ2_0": (64,), "NVFP4": ()}
    places = halves.get(kind.name, (0, 2) if kind.name.endswith("_1") else (0,))
    for place in places:
        scales = (generator.random(blocks.shape[:2]) * 0.02 - 0.005).astype(np.float16)
        blocks[..., place : place + 2] = scales[..., None].view(np.uint8).reshape(*scales.shape, 2)
    return blocks.reshape(rows, -1)


def make_gguf():
    import gguf

    kinds = gguf.GGMLQuantizationType
    blocks = (kinds.Q4_0, kinds.Q4_1, kinds.Q5_0, kinds.Q5_1, kinds.Q8_0, kinds.Q2_K, kinds.Q3_K, kinds.Q4_K, kinds.Q5_K, kinds.Q6_K, kinds.MXFP4)
    folder = GOLDEN.parent / "gguf"
    folder.mkdir(exist_ok=True)
    writer, expected = gguf.GGUFWriter(folder / "types.gguf", "none"), {}
    writer.add_array("tokens", ["a", "bc"])
    for kind in blocks:
        data = gguf_blocks(kind, 3, 512)
        writer.add_tensor(kind.name, data, raw_dtype=kind)
        expected[kind.name] = torch.from_numpy(gguf.quants.dequantize(data, kind).copy())
    numbers = gaussian(4, 8)
    for name, dtype in (("F32", torch.float32), ("F16", torch.float16)):
        writer.add_tensor(name, numbers.to(dtype).numpy())
        expected[name] = numbers.to(dtype).float()
    words = numbers.to(torch.bfloat16)
    writer.add_tensor("BF16", words.view(torch.uint8).numpy(), raw_dtype=kinds.BF16)
    expected["BF16"] = words.float()
    finish(writer)
    save_file(expected, folder / "types.safetensors")
    make_gguf_tables(folder)
    make_gguf_factor(folder)
    make_gguf_llama(folder)


def make_gguf_tables(folder):
    """Types whose codes are entries of a table or ternary digits; of the latter what the package's own quantiser makes as well."""
    import gguf

    kinds = gguf.GGMLQuantizationType
    writer, expected = gguf.GGUFWriter(folder / "types-iq.gguf", "none"), {}
    tensors = {kind.name: (kind, gguf_blocks(kind, 3, 512)) for kind in (kinds.IQ4_NL, kinds.IQ4_XS, kinds.TQ1_0, kinds.TQ2_0, kinds.NVFP4)}
    # Its scales have no sign; with one, and as what would be NaN, they are numbers too.
    scales = gguf_blocks(kinds.NVFP4, 3, 512)
    scales[0, :4] = 0x00, 0x7F, 0x80, 0xFF
    tensors["NVFP4.signed"] = kinds.NVFP4, scales
    tensors["NVFP4"][1].reshape(-1, 36)[:, :4] &= 0x7F
    for kind in (kinds.TQ1_0, kinds.TQ2_0):
        tensors[f"{kind.name}.packed"] = kind, gguf.quants.quantize(gaussian(3, 512).numpy(), kind)
    for name, (kind, data) in tensors.items():
        writer.add_tensor(name, data, raw_dtype=kind)
        expected[name] = torch.from_numpy(gguf.quants.dequantize(data, kind).copy())
    finish(writer)
    save_file(expected, folder / "types-iq.safetensors")


def make_gguf_factor(folder):
    """The checkpoint modelopt-nvfp4 as llama.cpp's converter has it: blocks, and the scale of the tensor beside them."""
    import gguf
    from safetensors.torch import load_file

    parts = {name.rsplit(".", 1)[1]: tensor for name, tensor in load_file(GOLDEN / "modelopt-nvfp4" / "model.safetensors").items()}
    rows = parts["weight"].shape[0]
    pairs = parts["weight"].reshape(rows, -1, 4, 8)
    codes = torch.stack((pairs & 15, pairs >> 4), -1).reshape(rows, -1, 4, 2, 8)
    packed = (codes[..., 0, :] | codes[..., 1, :] << 4).reshape(rows, -1, 32)
    scales = parts["weight_scale"].view(torch.uint8).reshape(rows, -1, 4)
    writer = gguf.GGUFWriter(folder / "llama-nvfp4.gguf", "llama")
    data = torch.cat((scales, packed), 2).reshape(rows, -1).numpy()
    writer.add_tensor("blk.0.ffn_up.weight", data, raw_dtype=gguf.GGMLQuantizationType.NVFP4)
    writer.add_tensor("blk.0.ffn_up.scale", parts["weight_scale_2"].float().reshape(1).numpy())
    finish(writer)
    expected = load_file(GOLDEN / "modelopt-nvfp4" / "expected.safetensors")["weight"]
    save_file({f"{MODULE}.weight": expected}, folder / "llama-nvfp4.safetensors")


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make_gguf_llama(folder):
    """A model as llama.cpp has it, and what transformers makes of it."""
    import gguf
    from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

    writer = gguf.GGUFWriter(folder / "llama.gguf", "llama")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(64)
    writer.add_feed_forward_length(96)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(16)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(32)
    shapes = {"attn_q": (64, 64), "attn_k": (32, 64), "attn_v": (32, 64), "attn_output": (64, 64),
              "ffn_gate": (96, 64), "ffn_up": (96, 64), "ffn_down": (64, 96)}
    kind = gguf.GGMLQuantizationType.Q4_0
    for name, (rows, columns) in shapes.items():
        data = gguf.quants.quantize(gaussian(rows, columns, seed=rows + columns).numpy(), kind)
        writer.add_tensor(f"blk.0.{name}.weight", data, raw_dtype=kind)
    for name, rows in (("token_embd.weight", 32), ("output.weight", 32)):
        writer.add_tensor(name, gaussian(rows, 64).to(torch.float16).numpy())
    for name in ("blk.0.attn_norm.weight", "blk.0.ffn_norm.weight", "output_norm.weight"):
        writer.add_tensor(name, gaussian(1, 64)[0].numpy())
    finish(writer)
    config = transformers.LlamaConfig(hidden_size=64, intermediate_size=96, num_hidden_layers=1, num_attention_heads=4,
                                      num_key_value_heads=2, vocab_size=32)
    model = transformers.LlamaForCausalLM(config)
    loaded = load_gguf_checkpoint(folder / "llama.gguf", return_tensors=True, model_to_load=model)["tensors"]
    save_file({name: tensor.contiguous() for name, tensor in loaded.items()}, folder / "llama.safetensors")


# torchao


def write_torchao(case, weight, quantization, expected=None):
    """A case of a tensor subclass, as transformers saves it with that configuration."""
    from torchao.prototype.safetensors.safetensors_support import flatten_tensor_state_dict

    tensors, metadata = flatten_tensor_state_dict({f"{MODULE}.weight": weight})
    named = {name.removeprefix(f"{MODULE}."): tensor for name, tensor in tensors.items()}
    config = transformers.TorchAoConfig(quantization).to_dict()
    write(case, named, config, weight.dequantize() if expected is None else expected, metadata=metadata)


def tile_packed(pairs, inner_tiles):
    """Pairs of codes [rows, columns / 2], the first one in the upper half, as _convert_weight_to_int4pack packs them on NVIDIA's
    GPUs. PyTorch has it for no CPU, so this follows the kernel in aten/src/ATen/native/cuda/int4mm.cu."""
    codes = torch.stack((pairs >> 4, pairs & 15), 2).to(torch.int64)
    rows, inner = pairs.shape[0], inner_tiles // 2
    # Row tile, row, column tile, pair of inner tiles, inner tile, half of it, lane of the row, code of the lane.
    cells = codes.reshape(rows // 8, 8, -1, inner, 2, 2, 4, 2).permute(0, 2, 1, 6, 3, 7, 4, 5)
    words = (cells.reshape(rows // 8, -1, 32, inner, 8) << 4 * torch.arange(8)).sum(4)
    return torch.where(words >= 2**31, words - 2**32, words).to(torch.int32)


def make_torchao_tiles(weight, size):
    """Int4TilePackedTo4dTensor by torchao's own code, which wants an NVIDIA GPU, and its weights by PyTorch's product for CPUs."""
    from torchao.quantization import Int4TilePackedTo4dTensor, Int4WeightOnlyConfig

    seen = []

    def pack(pairs, inner_tiles):
        seen.append(torch.stack((pairs >> 4, pairs & 15), 2).reshape(pairs.shape[0], -1).to(torch.int32))
        return tile_packed(pairs, inner_tiles)

    library = torch.library.Library("aten", "IMPL")
    library.impl("_convert_weight_to_int4pack", pack, "CPU")
    with unittest.mock.patch("torch.cuda.get_device_capability", lambda: (8, 0)):
        made = Int4TilePackedTo4dTensor.from_hp(weight, [1, size])
    one = torch.eye(seen[0].shape[1], dtype=torch.bfloat16)
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(seen[0], 1)
    decoded = torch.ops.aten._weight_int4pack_mm_for_cpu(one, packed, size, made.scale_and_zero).T
    config = Int4WeightOnlyConfig(group_size=size, int4_packing_format="tile_packed_to_4d")
    write_torchao(f"torchao-int4-tiles-g{size}", made, config, decoded[: weight.shape[0], : weight.shape[1]])


def make_torchao_pairs(sources, size=128):
    """Int4Tensor, which mslk packs. Neither decodes it on a CPU: the weights follow from how mslk makes the codes."""
    from torchao.quantization import Int4WeightOnlyConfig
    from torchao.quantization.quantize_.workflows.int4 import int4_tensor

    for package in ("mslk", "mslk.quantize", "mslk.quantize.triton"):
        bare_package(package, sources / package.replace(".", "/"))
    stand_in = types.ModuleType("mslk.quantize.triton.fp8_quantize")
    stand_in.quantize_fp8_row = None
    sys.modules[stand_in.__name__] = stand_in
    shuffle = importlib.import_module("mslk.quantize.shuffle")
    weight = gaussian(dtype=torch.bfloat16)
    int4_tensor.int4_row_quantize_zp, int4_tensor.pack_int4 = shuffle.int4_row_quantize_zp, shuffle.pack_int4
    made = int4_tensor.Int4Tensor.from_hp(weight, [1, size])
    pairs = made.qdata
    codes = torch.stack((pairs << 4 >> 4, pairs >> 4), 2).reshape(weight.shape).float()
    scale, zero = (grid.float().T.repeat_interleave(size, 1) for grid in (made.scale, made.zero_point))
    config = Int4WeightOnlyConfig(group_size=size, int4_packing_format="plain")
    write_torchao(f"torchao-int4-g{size}", made, config, (codes * scale + zero).to(weight.dtype))


def make_torchao():
    from torchao import quantization as ao

    weight, half = gaussian(dtype=torch.bfloat16), gaussian(dtype=torch.float16)
    eight, affine = ao.Int8Tensor.from_hp, ao.MappingType.ASYMMETRIC
    write_torchao("torchao-int8", eight(weight, ao.PerRow()), ao.Int8WeightOnlyConfig())
    write_torchao("torchao-int8-asym-g32", eight(half, ao.PerGroup(32), mapping_type=affine), ao.Int8WeightOnlyConfig())
    for name, granularity, of in (("row", ao.PerRow(), half), ("tensor", ao.PerTensor(), weight), ("block", ao.PerBlock([16, 128]), weight)):
        made = ao.Float8Tensor.from_hp(of, granularity=granularity)
        write_torchao(f"torchao-fp8-{name}", made, ao.Float8WeightOnlyConfig())
    experts = torch.stack([gaussian(32, 64, torch.bfloat16, seed) for seed in (1, 2, 3)])
    write_torchao("torchao-fp8-experts", ao.Float8Tensor.from_hp(experts), ao.Float8WeightOnlyConfig())
    for name, bits, size, of, mapping in (("int4-bytes-g64", torch.int4, 64, weight, ao.MappingType.SYMMETRIC),
                                          ("int3-bytes-g32", torch.int3, 32, half, affine)):
        made = ao.IntxUnpackedToInt8Tensor.from_hp(of, (1, size), bits, mapping_type=mapping)
        write_torchao(f"torchao-{name}", made, ao.IntxWeightOnlyConfig(weight_dtype=bits, granularity=ao.PerGroup(size)))
    make_torchao_tiles(gaussian(12, 160, torch.bfloat16), 64)
    make_torchao_microscaled()


def make_torchao_microscaled():
    from torchao.prototype.mx_formats import MXDynamicActivationMXWeightConfig, NVFP4WeightOnlyConfig
    from torchao.prototype.mx_formats.mx_tensor import MXTensor
    from torchao.prototype.mx_formats.nvfp4_tensor import NVFP4Tensor, per_tensor_amax_to_scale

    # Rows and groups that do not fill the blocks in which scales are swizzled.
    weight, few = gaussian(136, 80, torch.bfloat16), gaussian(136, 96, torch.bfloat16)
    share = per_tensor_amax_to_scale(weight.abs().max())
    for name, is_swizzled in (("nvfp4", False), ("nvfp4-swizzled", True)):
        made = NVFP4Tensor.to_nvfp4(weight, per_tensor_scale=share, is_swizzled_scales=is_swizzled)
        write_torchao(f"torchao-{name}", made, NVFP4WeightOnlyConfig())
    experts = torch.stack([gaussian(128, 32, torch.bfloat16, seed) for seed in (1, 2, 3)])
    shares = per_tensor_amax_to_scale(experts.abs().amax((1, 2), keepdim=True))
    made = NVFP4Tensor.to_nvfp4(experts, per_tensor_scale=shares, is_swizzled_scales=True)
    write_torchao("torchao-nvfp4-experts", made, NVFP4WeightOnlyConfig())
    for name, element, is_swizzled in (("mxfp8", torch.float8_e4m3fn, True), ("mxfp4", torch.float4_e2m1fn_x2, False)):
        made = MXTensor.to_mx(few, element, is_swizzled_scales=is_swizzled)
        write_torchao(f"torchao-{name}", made, MXDynamicActivationMXWeightConfig())


# ONNX


ONNX_SHAPES = {"attn/q_proj": (24, 192), "attn/k_proj": (18, 64), "attn/o_proj": (20, 48), "mlp/down_proj": (32, 40)}


def onnx_products(dtype):
    """Products with weights [K, N], named as onnxruntime-genai's builder names them; each has an input of its own."""
    import onnx
    from onnx import helper

    nodes, inputs, outputs, initializers = [], [], [], []
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    paths = {f"/model/layers.0/{name}": shape for name, shape in ONNX_SHAPES.items()}
    paths["/lm_head"] = (24, 64)
    for seed, (path, (rows, columns)) in enumerate(paths.items()):
        name, weight = path[1:].replace("/", "."), gaussian(rows, columns, seed=seed).numpy().astype(dtype)
        initializers.append(onnx.numpy_helper.from_array(np.ascontiguousarray(weight.T), f"{name}.MatMul.weight"))
        inputs.append(helper.make_tensor_value_info(f"{name}.x", kind, ["m", columns]))
        outputs.append(helper.make_tensor_value_info(f"{name}.y", kind, ["m", rows]))
        nodes.append(helper.make_node("MatMul", [f"{name}.x", f"{name}.MatMul.weight"], [f"{name}.y"], f"{path}/MatMul"))
    norm = gaussian(1, 48, seed=99).numpy()[0].astype(dtype)
    initializers.append(onnx.numpy_helper.from_array(norm, "model.layers.0.input_layernorm.weight"))
    return helper.make_graph(nodes, "products", inputs, outputs, initializers)


def write_onnx(case, graph, expected, opset=21, external=None):
    """A model, checked, and the weights that are expected of it."""
    import onnx
    from onnx import helper

    folder = GOLDEN.parent / "onnx"
    folder.mkdir(exist_ok=True)
    domains = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=10 if opset < 25 else 12)
    if external:
        (folder / external).unlink(missing_ok=True)
        onnx.external_data_helper.convert_model_to_external_data(model, location=external, size_threshold=64)
    onnx.save(model, folder / f"{case}.onnx")
    tensors = {name: torch.from_numpy(np.array(numbers, np.float32, order="C")) for name, numbers in expected.items()}
    save_file(tensors, folder / f"{case}.safetensors")
    print(case, (folder / f"{case}.onnx").stat().st_size, "bytes")


def unpacked(codes, bits):
    """Codes of bytes, the first one in the lowest bits."""
    singles = np.unpackbits(codes, axis=-1, bitorder="little")
    singles = singles.reshape(*singles.shape[:-1], -1, bits)
    return (singles * (1 << np.arange(bits))).sum(-1).astype(np.float32)


def onnx_outputs(graph, opset=21):
    """What onnxruntime gives for the identity."""
    import onnxruntime
    from onnx import helper

    domains = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=10 if opset < 25 else 12)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    types = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
    feeds = {each.name: np.eye(each.shape[1], dtype=types[each.type]) for each in session.get_inputs()}
    return dict(zip([each.name for each in session.get_outputs()], session.run(None, feeds), strict=True))


def nbits_weight(node, tensors):
    """The weight [N, K] of a MatMulNBits. With zero points that are floats, products of codes and of zero points are rounded."""
    sizes = {each.name: each.i for each in node.attribute}
    k, n, bits, block = (sizes[name] for name in ("K", "N", "bits", "block_size"))
    blocks = -(-k // block)
    codes = unpacked(tensors[node.input[1]].reshape(n, -1), bits)[:, :k]
    scale = tensors[node.input[2]].astype(np.float32).reshape(n, blocks).repeat(block, 1)[:, :k]
    if len(node.input) < 4:
        return (codes - np.float32(2 ** (bits - 1))) * scale
    zero = tensors[node.input[3]]
    if zero.dtype != np.uint8:
        zero = zero.astype(np.float32).reshape(n, blocks).repeat(block, 1)[:, :k]
        return codes * scale + -(zero * scale)
    zero = unpacked(zero.reshape(n, -1), bits)[:, :blocks].repeat(block, 1)[:, :k]
    return (codes - zero) * scale


def transformers_name(path):
    return path[1:].replace("/attn/", "/self_attn/").replace("/", ".") + ".weight"


def onnx_expected(graph):
    """Weights of all products of a graph, by the file's names and by those of transformers, as onnxruntime multiplies with them."""
    import onnx

    tensors = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    norm = "model.layers.0.input_layernorm.weight"
    results, expected = onnx_outputs(graph), {norm: tensors[norm]} if norm in tensors else {}
    for node in graph.node:
        if node.op_type == "MatMul":
            weight = expected[node.input[1]] = tensors[node.input[1]]
            expected[transformers_name(node.name.rsplit("/", 1)[0])] = weight.T
        if node.op_type != "MatMulNBits":
            continue
        weight = nbits_weight(node, tensors)
        product = results[node.output[0]].T
        assert np.array_equal(weight.astype(product.dtype), product), node.name
        expected[transformers_name(node.name.rsplit("/", 1)[0])] = weight
        if "q_proj" in node.name:
            expected[node.input[1]] = weight
    return expected


def make_onnx():
    from onnxruntime.quantization import QuantFormat
    from onnxruntime.quantization import matmul_nbits_quantizer as nbits

    def default(**options):
        return nbits.DefaultWeightOnlyQuantConfig(**options)

    cases = {
        "default-b4-g32": default(block_size=32, is_symmetric=True),
        "default-b4-g128-asym": default(block_size=128, is_symmetric=False),
        "default-b8-g32-asym": default(block_size=32, is_symmetric=False, bits=8),
        "default-b2-g16-asym": default(block_size=16, is_symmetric=False, bits=2),
        "default-b4-g16-f16": default(block_size=16, is_symmetric=False),
        "rtn-b4-g32-asym": nbits.RTNWeightOnlyQuantConfig(),
        "qdq-b4-g32-asym": default(block_size=32, is_symmetric=False, quant_format=QuantFormat.QDQ),
        "qdq-b4-rows": default(block_size=32, is_symmetric=True, quant_format=QuantFormat.QDQ, channel_wised_quantize=True),
    }
    for case, config in cases.items():
        from onnx import helper

        graph = onnx_products(np.float16 if case.endswith("f16") else np.float32)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        quantizer = nbits.MatMulNBitsQuantizer(model, block_size=32, is_symmetric=False, algo_config=config,
                                               nodes_to_exclude=["/lm_head/MatMul"] if case.endswith(("g128-asym", "f16")) else None)
        quantizer.process()
        made = quantizer.model.model.graph
        write_onnx(case, made, onnx_dequantized(made) if case.startswith("qdq") else onnx_expected(made),
                   external="external.bin" if case == "default-b2-g16-asym" else None)
    make_onnx_float_zeros()
    make_onnx_dequantize()


def onnx_dequantized(graph, opset=21):
    """What DequantizeLinear of a graph gives, by the names of the codes, and by those of transformers."""
    from onnx import helper

    expected, products = {}, {each: node for node in graph.node for each in node.input}
    shown = type(graph)()
    shown.CopyFrom(graph)
    kinds = {each.name: each.data_type for each in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear":
            shown.output.append(helper.make_tensor_value_info(node.output[0], kinds[node.input[1]], None))
    results = onnx_outputs(shown, opset)
    for node in graph.node:
        if node.op_type != "DequantizeLinear":
            continue
        value, user = results[node.output[0]].astype(np.float32), products[node.output[0]]
        expected[node.input[0]] = value
        is_input_first = user.op_type != "Transpose"
        user = user if is_input_first else products[user.output[0]]
        is_input_first = is_input_first and not any(each.name == "transB" and each.i for each in user.attribute)
        path = user.name.rsplit("/", 1)[0]
        if path.endswith(("proj", "lm_head")):
            expected[transformers_name(path)] = value.T if is_input_first else value
    return expected


def make_onnx_float_zeros():
    """Zero points that are floats, as builders write them that start from other quantisers; the numbers of codes are packed ones."""
    import onnx
    from onnx import helper

    generator = np.random.default_rng(7)
    nodes, inputs, outputs, initializers = [], [], [], []
    for name, bits, kind in (("q_proj", 4, np.float32), ("k_proj", 2, np.float32), ("v_proj", 4, np.float16)):
        rows, columns, block = 24, 64, 32
        module = f"model.layers.0.attn.{name}.MatMulNBits"
        codes = generator.integers(0, 256, (rows, columns // block, block * bits // 8), dtype=np.uint8)
        scale = (generator.random((rows, columns // block)) * 0.02 - 0.005).astype(kind)
        zero = (generator.random((rows, columns // block)) * 2**bits).astype(kind)
        initializers.append(helper.make_tensor(f"{module}.qweight", onnx.TensorProto.UINT8, codes.shape, codes.flatten().tolist()))
        initializers.append(onnx.numpy_helper.from_array(scale, f"{module}.scales"))
        initializers.append(onnx.numpy_helper.from_array(zero, f"{module}.qzeros"))
        element = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
        inputs.append(helper.make_tensor_value_info(f"{name}.x", element, ["m", columns]))
        outputs.append(helper.make_tensor_value_info(f"{name}.y", element, ["m", rows]))
        parts = [f"{name}.x", f"{module}.qweight", f"{module}.scales", f"{module}.qzeros"]
        nodes.append(helper.make_node("MatMulNBits", parts, [f"{name}.y"], f"/model/layers.0/attn/{name}/MatMulNBits", domain="com.microsoft",
                                      K=columns, N=rows, bits=bits, block_size=block))
    graph = helper.make_graph(nodes, "products", inputs, outputs, initializers)
    write_onnx("float-zeros", graph, onnx_expected(graph))


def make_onnx_dequantize():
    """Codes of other types, of cells that are a row, a column, a block or the matrix, before MatMul and Gemm."""
    from onnx import TensorProto, helper

    generator = np.random.default_rng(8)
    nodes, inputs, outputs, initializers = [], [], [], []
    rows, columns = 24, 48
    cases = (("q_proj", TensorProto.INT8, 1, 0, True, "MatMul"), ("k_proj", TensorProto.UINT8, None, 0, True, "MatMul"),
             ("v_proj", TensorProto.FLOAT8E4M3FN, 0, 0, False, "Gemm"), ("o_proj", TensorProto.UINT4, 1, 16, True, "Gemm"),
             ("gate_proj", TensorProto.INT4, 0, 32, False, "MatMul"), ("up_proj", TensorProto.INT4, 1, 16, True, "MatMul"),
             ("down_proj", TensorProto.FLOAT8E5M2, 1, 0, False, "MatMul"), ("lm_head", TensorProto.INT2, 0, 16, True, "MatMul"),
             ("other", TensorProto.UINT2, 1, 16, False, "Gemm"))
    for name, kind, axis, block, has_zero, product in cases:
        part = "mlp" if name in ("gate_proj", "up_proj", "down_proj") else "attn"
        path = f"/model/layers.0/{part}/{name}" if name.endswith("proj") else f"/{name}"
        bits = {TensorProto.INT2: 2, TensorProto.UINT2: 2, TensorProto.INT4: 4, TensorProto.UINT4: 4}.get(kind, 8)
        codes = generator.integers(0, 256, rows * columns * bits // 8, dtype=np.uint8)
        if kind in (TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E5M2):
            codes &= 0xB7
        shape = [rows, columns]
        cells = [] if axis is None else [shape[axis]]
        if block:
            cells = [-(-size // (block if i == axis else 1)) for i, size in enumerate(shape)]
        count = int(np.prod(cells))
        scale = (generator.random(count) * 0.02 - 0.005).astype(np.float32)
        initializers.append(helper.make_tensor(f"{name}.codes", kind, shape, codes.tobytes(), raw=True))
        initializers.append(helper.make_tensor(f"{name}.scale", TensorProto.FLOAT, cells, scale.tolist()))
        parts = [f"{name}.codes", f"{name}.scale"]
        if has_zero:
            zero = generator.integers(0, 256, -(-count * bits // 8), dtype=np.uint8)
            initializers.append(helper.make_tensor(f"{name}.zero", kind, cells, zero.tobytes(), raw=True))
            parts.append(f"{name}.zero")
        options = {} if axis is None else {"axis": axis - 2 if name == "o_proj" else axis}
        nodes.append(helper.make_node("DequantizeLinear", parts, [f"{name}.w"], **options, **({"block_size": block} if block else {})))
        k, n = (columns, rows) if name == "v_proj" else (rows, columns)
        nodes.append(helper.make_node(product, [f"{name}.x", f"{name}.w"], [f"{name}.y"], f"{path}/{product}", **({"transB": 1} if name == "v_proj" else {})))
        inputs.append(helper.make_tensor_value_info(f"{name}.x", TensorProto.FLOAT, ["m", k]))
        outputs.append(helper.make_tensor_value_info(f"{name}.y", TensorProto.FLOAT, ["m", n]))
    graph = helper.make_graph(nodes, "products", inputs, outputs, initializers)
    write_onnx("dequantize", graph, onnx_dequantized(graph, opset=25), opset=25)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gptqmodel", type=pathlib.Path, help="its unpacked sources")
    parser.add_argument("--autoawq", type=pathlib.Path, help="its unpacked sources")
    parser.add_argument("--autogptq", type=pathlib.Path, help="its unpacked sources")
    parser.add_argument("--mslk", type=pathlib.Path, help="its unpacked wheel")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    make_compressed_tensors()
    make_bitsandbytes()
    make_hqq()
    make_transformers()
    make_modelopt()
    make_gguf()
    make_torchao()
    make_onnx()
    makers = {make_awq: ("autoawq",), make_awq_gemv: ("autoawq", "gptqmodel"), make_marlin: ("autoawq", "autogptq"), make_gptq: ("gptqmodel",),
              make_torchao_pairs: ("mslk",)}
    for make, names in makers.items():
        sources = [getattr(arguments, name) for name in names]
        if all(sources):
            make(*sources)
    return 0


if __name__ == "__main__":
    sys.exit(main())
