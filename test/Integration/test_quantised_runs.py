"""Products from the codes of real packers' files: the bits of what the packers decode them to.

run-quantized.test has the rest of the road: folders, compressed folders, targets, refusals.
"""

import json
import pathlib
import re

import pytest
import safetensors_file as st

IMPORT = pathlib.Path(__file__).resolve().parents[1] / "Import"

# What each folder of test/Import/golden is held as; "raw" is whatever floats are.
HELD = {
    "awq-gemv-fast-g128": "uint<4>, scale={1x128, f16}, offset={1x128, f16}",
    "awq-gemv-g64": "uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}",
    "bnb-fp4": "table<4>, scale={1x64, f32}",
    "bnb-nf4-nested": "table<4>, scale={1x64, f32}",
    "ct-mxfp4": "f4E2M1FN, scale={1x32, f8E8M0FNU}",
    "ct-nvfp4": "f4E2M1FN, scale={1x16, f16E6M10U}",
    "gpt-oss": "f4E2M1FN, storage=k_major, scale={1x32, f8E8M0FNU}",
    "gptq-b2-g-idx": "raw",
    "gptq-planar-b3": "uint<3>, zero={1x64, uint<3>}, scale={1x64, f16}",
    "hqq-b1-f32": "raw",
    "hqq-b3-g64": "uint<3>, zero={1x64, f16}, scale={1x64, f16}, math=f16",
    "hqq-b4-axis0": "raw",
    "hqq-b4-g64": "uint<4>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16",
    "hqq-b8-row": "uint<8>, zero={row, bf16}, scale={row, bf16}, math=bf16",
    "hqq-b8-tensor": "uint<8>, zero={tensor, f16}, scale={tensor, f16}, math=f16",
    "marlin-g128": "uint<4>, zero=8, scale={1x128, f16}",
    "modelopt-nvfp4": "f4E2M1FN, scale={1x16, f16E6M10U}",
    "mxfp8": "f8E4M3FN, scale={1x32, f8E8M0FNU}",
    "torchao-int4-tiles-g64": "uint<4>, zero=8, scale={1x64, bf16}, offset={1x64, bf16}",
    "torchao-int8": "int<8>, zero={row, int<8>}, scale={row, f32}",
}

# The same of the tensors of GGUF files.
GGUF_HELD = {
    "types": {
        "Q4_0": "uint<4>, zero=8, scale={1x32, f16}",
        "Q4_1": "uint<4>, scale={1x32, f16}, offset={1x32, f16}",
        "Q5_0": "uint<5>, zero=16, scale={1x32, f16}",
        "Q5_1": "uint<5>, scale={1x32, f16}, offset={1x32, f16}",
        "Q8_0": "int<8>, scale={1x32, f16}",
        "Q2_K": "uint<2>, scale={1x16, uint<4>, scale={1x256, f16}}, offset={1x16, uint<4>, scale={1x256, f16}}",
        "Q3_K": "uint<3>, zero=4, scale={1x16, int<6>, scale={1x256, f16}}",
        "Q4_K": "uint<4>, scale={1x32, uint<6>, scale={1x256, f16}}, offset={1x32, uint<6>, scale={1x256, f16}}",
        "Q5_K": "uint<5>, scale={1x32, uint<6>, scale={1x256, f16}}, offset={1x32, uint<6>, scale={1x256, f16}}",
        "Q6_K": "uint<6>, zero=32, scale={1x16, int<8>, scale={1x256, f16}}",
        "MXFP4": "table<4>, scale={1x32, f8E8M0FNU}",
    },
    "types-iq": {
        "IQ4_NL": "table<4>, scale={1x32, f16}",
        "IQ4_XS": "table<4>, scale={1x32, int<6>, scale={1x256, f16}}",
        "TQ1_0": "uint<2>, zero=1, scale={1x256, f16}",
        "TQ1_0.packed": "uint<2>, zero=1, scale={1x256, f16}",
        "TQ2_0": "uint<2>, zero=1, scale={1x256, f16}",
        "TQ2_0.packed": "uint<2>, zero=1, scale={1x256, f16}",
        "NVFP4": "f4E2M1FN, scale={1x16, f8E4M3FN}",
        "NVFP4.signed": "f4E2M1FN, scale={1x16, f8E4M3FN}",
    },
    "llama-nvfp4": {"model.layers.0.mlp.up_proj.weight": "f4E2M1FN, scale={1x16, f16E6M10U}"},
}


def product_text(names, shape, element):
    """A function of x (m = 5) and of weights that are constants, (n, k) or of experts (e, k, n): a
    result for each."""
    if len(shape) == 3:
        e, k, n = shape
        w, x, y = (f"tensor<{e}x{extents}x{element}>" for extents in (f"{k}x{n}", f"5x{k}", f"5x{n}"))
        product = "linalg.batch_matmul"
    else:
        n, k = shape
        w, x, y = (f"tensor<{extents}x{element}>" for extents in (f"{n}x{k}", f"5x{k}", f"5x{n}"))
        maps = ", ".join(f"affine_map<(m, n, k) -> {of}>" for of in ("(m, k)", "(n, k)", "(m, n)"))
        product = f"linalg.matmul indexing_maps = [{maps}]"
    lines = [
        f"func.func @main(%x: {x}) -> ({', '.join([y] * len(names))}) {{",
        f"  %zero = arith.constant 0.0 : {element}",
        f"  %empty = tensor.empty() : {y}",
        f"  %init = linalg.fill ins(%zero : {element}) outs(%empty : {y}) -> {y}",
    ]
    for i, name in enumerate(names):
        lines += [
            f'  %w{i} = arith.constant dense_resource<"{name}"> : {w}',
            f"  %y{i} = {product} ins(%x, %w{i} : {x}, {w}) outs(%init : {y}) -> {y}",
        ]
    results = ", ".join(f"%y{i}" for i in range(len(names)))
    lines += [f"  return {results} : {', '.join([y] * len(names))}", "}", ""]
    return "\n".join(lines)


def tensors_of(path):
    """Names to (dtype, shape) of a safetensors file."""
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    header.pop("__metadata__", None)
    return {name: (entry["dtype"], entry["shape"]) for name, entry in header.items()}


def held_as(log):
    """The formats that products ran from, as `uwt run -v` names them."""
    return set(re.findall(r" from ([^:]+?)(?: by | on sm_)", log))


def run(uwt, module, weights, folder, *options):
    """The bytes of the results, and what the tool says."""
    # The least work for LLVM: its optimisations change no bits.
    files = ("--input", folder / "x.safetensors", "-f", "-o", folder / "y.safetensors", "--optimise", 0)
    result = uwt("run", module, "--weights", weights, *files, "-v", *options)
    return (folder / "y.safetensors").read_bytes(), result.stdout + result.stderr


def write_input(folder, shape, element):
    dtype = element.upper()
    k = shape[-2] if len(shape) == 3 else shape[-1]
    x = (dtype, [*shape[:-2], 5, k], st.weights(dtype, [*shape[:-2], 5, k], 3))
    st.write(folder / "x.safetensors", {"arg0": x})


# Kernels as a driver would be given them.
TARGETS = ["native", "emulate:sm_90a,ptx"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("golden", HELD)
def test_golden_folder(uwt, golden, target, tmp_path):
    folder = IMPORT / "golden" / golden
    dtype, shape = tensors_of(folder / "expected.safetensors")["weight"]
    name = "model.layers.0.mlp.up_proj" + ("" if len(shape) == 3 else ".weight")
    element = dtype.lower()
    (tmp_path / "codes.mlir").write_text(product_text([name], shape, element))
    (tmp_path / "floats.mlir").write_text(product_text(["weight"], shape, element))
    write_input(tmp_path, shape, element)
    options = ("--target", target)
    codes, log = run(uwt, tmp_path / "codes.mlir", folder, tmp_path, *options)
    expected = folder / "expected.safetensors"
    floats, _ = run(uwt, tmp_path / "floats.mlir", expected, tmp_path, "--raw", *options)
    assert codes == floats
    assert HELD[golden] == "raw" or held_as(log) == {HELD[golden]}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", GGUF_HELD)
def test_gguf_types(uwt, name, target, tmp_path):
    file = IMPORT / "gguf" / f"{name}.gguf"
    held = GGUF_HELD[name]
    shape = tensors_of(file.with_suffix(".safetensors"))[next(iter(held))][1]
    (tmp_path / "types.mlir").write_text(product_text(list(held), shape, "bf16"))
    write_input(tmp_path, shape, "bf16")
    options = ("--target", target)
    floats, _ = run(uwt, tmp_path / "types.mlir", file, tmp_path, "--raw", *options)
    codes, log = run(uwt, tmp_path / "types.mlir", file, tmp_path, *options)
    assert codes == floats
    assert held_as(log) == set(held.values())
