"""Epilogues of products on GPUs: each operation that CPUs take has the same bits on the emulator.

Sums are exact (small integers), so that they are the same in any order of additions.
"""

import re

import epilogue_operations as operations
import model_blocks
import numpy as np
import pytest
import safetensors_file as st

ROWS, COLUMNS, M = 32, 64, 16
# The most that a module has.
PRODUCTS = 128
SPECIAL = [0x00000000, 0x80000000, 1, 0x80000001, 0x007FFFFF, 0x00800000, 0x3F800000, 0xBF800000, 0x7F800000]
SPECIAL += [0xFF800000, 0x7FC00000, 0x7F7FFFFF, 0xFF7FFFFF, 0x3F000000, 0x3EFFFFFF, 0xBF000000, 0x3FC00000]
SPECIAL += [0x4B000000, 0x4B000001, 0x40490FDB, 0x42B17218, 0xC2B00000, 0x40000000, 0xC0400000, 0x40200000, 0x7F80FFFF]


def bf16(values):
    """Bytes of small integers."""
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()


def operand(seed):
    """f32 of all kinds: any bits, those near 1, special ones."""
    random = np.random.default_rng(seed)
    count = ROWS * M
    bits = random.integers(0, 1 << 32, count, dtype=np.uint64).astype(np.uint32)
    near = (random.standard_normal(count) * np.exp(random.uniform(-5, 5, count))).astype(np.float32).view(np.uint32)
    special = np.array(SPECIAL, np.uint32)[random.integers(0, len(SPECIAL), count)]
    kind = random.integers(0, 4, count)
    return np.where(kind == 0, bits, np.where(kind == 1, special, near)).astype(np.uint32)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with the weight and the inputs."""
    folder = tmp_path_factory.mktemp("epilogues")
    random = np.random.default_rng(0)
    weight = ("BF16", [ROWS, COLUMNS], bf16(random.integers(-3, 4, (ROWS, COLUMNS))))
    st.write(folder / "w.safetensors", {f"w{number}": weight for number in range(PRODUCTS)})
    inputs = {"arg0": ("BF16", [M, COLUMNS], bf16(random.integers(-3, 4, (M, COLUMNS))))}
    for number in (1, 2, 3):
        inputs[f"arg{number}"] = ("F32", [M, ROWS], operand(number).tobytes())
    st.write(folder / "x.safetensors", inputs)
    return folder


def run(uwt, files, folder, text, target):
    """Results as words, and what the tool says."""
    module, output = folder / "module.mlir", folder / f"{target.replace(':', '_')}.safetensors"
    module.write_text(text)
    options = ["--weights", files / "w.safetensors", "--input", files / "x.safetensors", "--optimise", 0, "-v"]
    options += ["--format", "inplace<12>"]
    said = uwt("run", module, *options, "-o", output, "--target", target).stderr
    tensors = model_blocks.read(output)
    return [np.frombuffer(tensors[f"out{number}"][2], np.uint32) for number in range(len(tensors))], said


def differences(uwt, files, folder, groups, target):
    """Groups of operations that have other bits on a GPU, with operands; and what the tool says."""
    text = operations.module(groups, ROWS, COLUMNS, M)
    expected, _ = run(uwt, files, folder, text, "native")
    results, said = run(uwt, files, folder, text, target)
    wrong = []
    for group, cpu, gpu in zip(groups, expected, results, strict=True):
        (at,) = np.nonzero(cpu != gpu)
        if len(at):
            inputs = " ".join(f"{operand(seed)[at[0]]:08x}" for seed in (1, 2, 3))
            names = " ".join(name for name, *_ in group)
            wrong.append(f"one of {names} at {inputs}: {cpu[at[0]]:08x} {gpu[at[0]]:08x}")
    return wrong, said


def in_groups(found):
    """As few products as tell where a difference is."""
    return [found[at : at + 12] for at in range(0, len(found), 12)]


@pytest.mark.parametrize("target", ["emulate:sm_90a", "emulate:sm_90a,ptx"])
@pytest.mark.parametrize("kind", operations.KINDS)
def test_bits_are_those_of_cpus(uwt, files, tmp_path, kind, target):
    """Each operation of a type."""
    # Functions of narrow floats are those of f32, whose PTX is tested.
    fewer = kind in ("f16", "bf16") and target.endswith(",ptx")
    groups = in_groups(operations.floats(kind) if fewer else operations.on_gpus(kind))
    wrong, said = differences(uwt, files, tmp_path, groups, target)
    assert wrong == []
    assert said.count("from inplace<12> on sm_90a: direct") == len(groups)


def test_the_rest_runs_on_the_host(uwt, files, tmp_path):
    """Floats of 128 bits."""
    code = "%w = arith.extf %a : f32 to f128\n%square = arith.mulf %w, %w : f128\n%r = arith.truncf %square : f128 to f32"
    wrong, said = differences(uwt, files, tmp_path, [[("f128", "f32", code, "f32")]], "emulate:sm_80")
    assert wrong == []
    reason = "runs on the host, because it has no kernel of kind skinny: its epilogue has"
    assert f"{reason} 'arith.extf' of f128, a type that GPUs lack" in said


@pytest.mark.parametrize("target", ["emulate:sm_80", "emulate:sm_80,ptx", "emulate:sm_90a", "emulate:sm_90a,ptx"])
@pytest.mark.parametrize("operand_type, result_type", [("f8E4M3FN", "f8E5M2"), ("f8E5M2", "f8E4M3FN")])
def test_floats_of_8_bits(uwt, tmp_path, operand_type, result_type, target):
    """Every code as an operand, and results of that width."""
    dtype = {"f8E4M3FN": "F8_E4M3", "f8E5M2": "F8_E5M2"}[operand_type]
    random = np.random.default_rng(4)
    st.write(tmp_path / "w.safetensors", {"w": ("BF16", [ROWS, COLUMNS], bf16(random.integers(-3, 4, (ROWS, COLUMNS))))})
    codes = np.resize(np.arange(256, dtype=np.uint8), ROWS * M)
    x = ("BF16", [M, COLUMNS], bf16(random.integers(-3, 4, (M, COLUMNS))))
    st.write(tmp_path / "x.safetensors", {"arg0": x, "arg1": (dtype, [M, ROWS], codes.tobytes())})
    y, narrow, result = (f"tensor<{M}x{ROWS}x{t}>" for t in ("f32", operand_type, result_type))
    maps = "affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>"
    identity = "affine_map<(m, n) -> (m, n)>"
    (tmp_path / "module.mlir").write_text(
        f"""func.func @main(%x: tensor<{M}x{COLUMNS}xbf16>, %s: {narrow}) -> {result} {{
  %w = arith.constant dense_resource<w> : tensor<{ROWS}x{COLUMNS}xbf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : {y}
  %f = linalg.fill ins(%zero : f32) outs(%e : {y}) -> {y}
  %p = linalg.matmul indexing_maps = [{maps}] ins(%x, %w : tensor<{M}x{COLUMNS}xbf16>, tensor<{ROWS}x{COLUMNS}xbf16>) outs(%f : {y}) -> {y}
  %n = tensor.empty() : {result}
  %r = linalg.generic {{indexing_maps = [{identity}, {identity}, {identity}], iterator_types = ["parallel", "parallel"]}} ins(%p, %s : {y}, {narrow}) outs(%n : {result}) {{
  ^bb0(%a: f32, %b: {operand_type}, %unused: {result_type}):
    %wide = arith.extf %b : {operand_type} to f32
    %scaled = arith.mulf %a, %wide : f32
    %code = arith.truncf %scaled : f32 to {result_type}
    linalg.yield %code : {result_type}
  }} -> {result}
  return %r : {result}
}}
"""
    )
    outputs = {}
    for each in ("native", target):
        output = tmp_path / f"{each.replace(':', '-')}.safetensors"
        options = ["--weights", tmp_path / "w.safetensors", "--input", tmp_path / "x.safetensors", "--target", each, "-v", "--format", "inplace<12>"]
        said = uwt("run", tmp_path / "module.mlir", *options, "-o", output).stderr
        outputs[each] = model_blocks.read(output)["out0"][2]
    gpu = target.removeprefix("emulate:").removesuffix(",ptx")
    assert f"from inplace<12> on {gpu}: direct" in said
    assert outputs["native"] == outputs[target]
    assert len(set(outputs[target])) > 100


@pytest.mark.parametrize("target", ["sm_80", "sm_90a"])
def test_code_is_rounded_and_calls_nothing(uwt, files, tmp_path, target):
    """Divisions and roots round, nothing is contracted, no function is missing; ptxas takes it."""
    if target == "sm_90a":
        # Narrow floats go by way of f32, integers are instructions.
        found = [each for kind in operations.KINDS for each in operations.on_gpus(kind)[:: 1 if kind in ("f32", "f64") else 6]]
    else:
        # Polynomials are made of these.
        found = operations.floats("f32") + operations.floats("f64")
    module, ptx = tmp_path / "module.mlir", tmp_path / "module.ptx"
    module.write_text(operations.module(in_groups(found), ROWS, COLUMNS, m=8))
    options = ["--weights", files / "w.safetensors", "--target", target]
    uwt("compile", module, *options, "--emit", "ptx", "-o", ptx)
    text = ptx.read_text()
    assert not re.search(r"\bcall\b|\.extern \.func|\.approx|\.ftz|\.full", text)
    for width in (32, 64):
        assert f"div.rn.f{width}" in text and f"sqrt.rn.f{width}" in text
    # Without .rn ptxas would make one instruction of a product and a sum.
    assert not re.search(r"\b(add|sub|mul)\.f(32|64)", text)
    assembled = uwt("compile", module, *options, "--emit", "pack", "-o", tmp_path / "module.uwtpack", check=False)
    if "ptxas was not found" in assembled.stderr:
        pytest.skip("there is no ptxas")
    assert assembled.returncode == 0, assembled.stderr
