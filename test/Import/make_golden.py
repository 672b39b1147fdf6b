"""Makes test/Import/golden: small quantised checkpoints by the packers that users have, and the weights that these decode to.

    /usr/bin/python3 -m venv VENV
    VENV/bin/pip install torch transformers==5.24.0 compressed-tensors==0.20.0 bitsandbytes==0.50.2 gguf==0.19.0 torchao==0.18.0 nvidia-modelopt==0.47.0 safetensors==0.8.0 hqq==0.2.8.post1
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
    halves = {"Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,), "MXFP4": ()}
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
    make_gguf_llama(folder)


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
    makers = {make_awq: ("autoawq",), make_awq_gemv: ("autoawq", "gptqmodel"), make_marlin: ("autoawq", "autogptq"), make_gptq: ("gptqmodel",),
              make_torchao_pairs: ("mslk",)}
    for make, names in makers.items():
        sources = [getattr(arguments, name) for name in names]
        if all(sources):
            make(*sources)
    return 0


if __name__ == "__main__":
    sys.exit(main())
