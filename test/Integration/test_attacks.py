"""Modules and inputs that attackers sent: each ends in one clear error, or in the right result.

The modules are in attacks/; nothing that they can name outside of their tensors is reached.
"""

import pathlib

import numpy as np
import pytest
import safetensors_file as st
from safetensors.numpy import load_file

MODULES = pathlib.Path(__file__).parent / "attacks"


def f32(*shape):
    """A tensor of F32; one without elements has no bytes, whatever its sizes multiply to."""
    count = 0 if 0 in shape else int(np.prod(shape))
    return ("F32", list(shape), np.arange(count, dtype="<f4").tobytes())


def integers(dtype, *values):
    numpy_type = {"I32": "<i4", "I64": "<i8"}[dtype]
    return (dtype, [len(values)], np.array(values, numpy_type).tobytes())


TABLE = f32(16, 8)
FAR = integers("I64", 1 << 40, 0, 0, 0)
OUTSIDE = integers("I64", 0, 1, 2, 4000)
NEGATIVE = integers("I64", 0, 1, 2, -1)
TENSORS = (
    "can reach more than the module's tensors: modules are held to linalg, tensor, arith, math, scf, cf, func, tosa, tm_tensor, "
    "shape and ml_program (trust-ir takes it, and makes the module as trusted as a program)"
)

# Module, inputs, exit code, what the error says after the module's name if it has a place there.
REFUSED = [
    ("mm", [f32(1 << 32, 0), f32(0, 1 << 32)], 4, "out of memory: a tensor has 4294967296 times 17179869184 bytes"),
    ("mm", [f32((1 << 62) + 4, 0), f32(0, 1)], 2, "input 0 of 'main' is larger than memory: F32 4611686018427387908 x 0"),
    ("mm", [f32((1 << 64) - 1, 0), f32(0, 1)], 2, "input 0 of 'main' is larger than memory: F32 18446744073709551615 x 0"),
    ("mm", [f32(2, 3), f32(4, 2)], 2, "dimension 0 of input 1 of 'main' has to be that of dimension 1 of input 0: expected 3, got 4"),
    ("pool", [f32(1 << 56, 0, 64)], 2, "input 0 of 'main' is larger than memory: F32 72057594037927936 x 0 x 64"),
    ("pool", [f32((1 << 56) + 1, 0, 64)], 2, "input 0 of 'main' is larger than memory: F32 72057594037927937 x 0 x 64"),
    ("gather", [OUTSIDE, TABLE], 3, ":9:10: tensor.extract: index 4000 is outside of dimension 0, whose size is 16"),
    ("gather", [NEGATIVE, TABLE], 3, ":9:10: tensor.extract: index -1 is outside of dimension 0, whose size is 16"),
    ("gather", [FAR, TABLE], 3, ":9:10: tensor.extract: index 1099511627776 is outside of dimension 0, whose size is 16"),
    ("assert", [OUTSIDE, TABLE], 3, ":10:5: index must be smaller than dim size"),
    ("assert", [NEGATIVE, TABLE], 3, ":12:5: index must be larger or equal to 0"),
    ("div0", [integers("I32", 1, 0, 2, 3)], 3, ":6:10: arith.divsi: division by zero"),
    ("rec", [f32(4)], 3, ":2:8: 'func.call' op leads back to its own function: functions that call themselves are not compiled"),
    ("huge", [f32(4)], 4, "out of memory: the system has no 17592186044416 bytes"),
    ("memref", [f32(4)], 3, f":3:8: 'memref.alloc' op {TENSORS}"),
    ("asm2", [f32(4)], 3, f":2:3: 'llvm.inline_asm' op {TENSORS}"),
    ("llcall", [f32(4)], 3, f":1:1: 'llvm.func' op {TENSORS}"),
    ("inttoptr", [f32(4)], 3, f":2:14: 'llvm.mlir.constant' op {TENSORS}"),
    ("external", [f32(4)], 3, ":1:1: 'func.func' op 'chdir_of_process' has no body: a module is compiled by itself, and calls no functions of the process (trust-ir takes them)"),
    ("slot", [], 2, "the module needs tensor '': name the file that holds it with --weights"),
    ("cast", [f32(2, 3, 4)], 3, ":3:8: tensor.cast: size 1 is 3, expected 1"),
    ("softmax", [f32(30, 40000), f32(3, 4)], 3, ":4:8: linalg.softmax: size 0 of the output is 3, expected 30"),
]


def run(uwt, folder, module, inputs, *options):
    x = folder / "x.safetensors"
    st.write(x, {f"arg{i}": tensor for i, tensor in enumerate(inputs)})
    command = ["run", MODULES / f"{module}.mlir", "-o", folder / "y.safetensors", "-q", "-f", *options]
    command += ["--input", x] if inputs else []
    return uwt(*command, check=False)


@pytest.mark.parametrize(("module", "inputs", "code", "message"), REFUSED)
def test_refused(uwt, tmp_path, module, inputs, code, message):
    result = run(uwt, tmp_path, module, inputs)
    place = MODULES / f"{module}.mlir" if message[0] == ":" else ""
    assert result.stderr == f"uwt: error: {place}{message}\n"
    assert result.returncode == code
    assert not (tmp_path / "y.safetensors").exists()


def test_what_is_inside_is_taken(uwt, tmp_path):
    rows = integers("I64", 3, 0, 15, 3)
    for module in ("gather", "assert"):
        assert run(uwt, tmp_path, module, [rows, TABLE]).returncode == 0
        given = load_file(tmp_path / "y.safetensors")["out0"]
        assert np.array_equal(given, np.arange(128, dtype="f4").reshape(16, 8)[[3, 0, 15, 3]])
    assert run(uwt, tmp_path, "div0", [integers("I32", 1, -7, 2, 3)]).returncode == 0
    assert load_file(tmp_path / "y.safetensors")["out0"].tolist() == [7, -1, 3, 2]
    assert run(uwt, tmp_path, "cast", [f32(5, 1, 4)]).returncode == 0
    assert run(uwt, tmp_path, "pool", [f32(2, 3, 64)]).returncode == 0


def test_a_trusted_module_may_do_what_it_likes(uwt, tmp_path):
    result = run(uwt, tmp_path, "llcall", [f32(4)], "--trust-ir")
    assert (result.returncode, result.stderr) == (0, "")


def test_numbers_of_megabytes_are_refused_at_once(uwt, tmp_path):
    module = tmp_path / "number.mlir"
    module.write_text(f"func.func @main() -> i64 {{\n  %0 = arith.constant {'7' * 2_000_000} : i64\n  return %0 : i64\n}}\n")
    result = uwt("run", module, "-o", tmp_path / "y.safetensors", "-q", check=False)
    assert result.stderr == f"uwt: error: {module}:2: a number is longer than 1000 characters\n"
    assert result.returncode == 3
