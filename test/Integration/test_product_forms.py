"""Forms of products that front ends write: each runs by the product's kernel, wherever its weight is, with exact numbers.

Weights, x and scales are small integers or powers of two, so sums are exact in any order.
"""

import zlib

import numpy as np
import pytest
import safetensors.numpy
import safetensors_file as st

M, N, K = 4, 32, 64

MAPS = """
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#wt = affine_map<(m, n, k) -> (k, n)>
#row = affine_map<(m, n, k) -> (m)>
#column = affine_map<(m, n, k) -> (k)>
#y = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>
"""

#: Of x and of each weight, and of what the forms need beside them.
X, W, V, ROW, COLUMN = "tensor<4x64xbf16>", "tensor<32x64xbf16>", "tensor<32x64xbf16>", "tensor<4xf32>", "tensor<64xf32>"
SIGNATURE = f"%x: {X}, %row: {ROW}, %column: {COLUMN}, %p: tensor<i1>"
OUT = "tensor<4x32xf32>"


def generic(inputs, maps, types, arguments, body, name="%r", init="%z"):
    """A product's loops; `body` ends with the value %s."""
    lines = "\n".join(f"    {line}" for line in body)
    return f"""
  {name} = linalg.generic {{indexing_maps = [{maps}, #y], iterator_types = ["parallel", "parallel", "reduction"]}}
      ins({inputs} : {types}) outs({init} : {OUT}) {{
  ^bb0({arguments}, %o: f32):
{lines}
    linalg.yield %s : f32
  }} -> {OUT}"""


WIDEN = ["%a = arith.extf %aa : bf16 to f32", "%b = arith.extf %bb : bf16 to f32"]
PLAIN = ("%x, %w", "#x, #w", f"{X}, {W}", "%aa: bf16, %bb: bf16")
ADD = ["%q = arith.mulf %a, %b : f32", "%s = arith.addf %o, %q : f32"]


class Numbers:
    """The arrays of a case, in f32."""

    def __init__(self, seed):
        source = np.random.default_rng(seed)
        self.x = source.integers(-2, 3, (M, K)).astype(np.float32)
        self.w = source.integers(-3, 4, (N, K)).astype(np.float32)
        self.v = source.integers(-3, 4, (N, K)).astype(np.float32)
        self.row = np.exp2(source.integers(-2, 3, M)).astype(np.float32)
        self.column = np.exp2(source.integers(-2, 3, K)).astype(np.float32)
        self.p = np.array(source.integers(0, 2), np.bool_)


# name: (code that gives %r, products in it, what NumPy gives)
FORMS = {
    "plain": (generic(*PLAIN, WIDEN + ADD), 1, lambda n: n.x @ n.w.T),
    "fma": (generic(*PLAIN, [*WIDEN, "%s = math.fma %a, %b, %o : f32"]), 1, lambda n: n.x @ n.w.T),
    "factors the other way round": (
        generic(*PLAIN, [*WIDEN, "%q = arith.mulf %b, %a : f32", "%s = arith.addf %q, %o : f32"]),
        1,
        lambda n: n.x @ n.w.T,
    ),
    "subtracted": (
        generic(*PLAIN, [*WIDEN, "%q = arith.mulf %a, %b : f32", "%s = arith.subf %o, %q : f32"]),
        1,
        lambda n: -(n.x @ n.w.T),
    ),
    "scale of columns": (
        generic(
            "%x, %column, %w",
            "#x, #column, #w",
            f"{X}, {COLUMN}, {W}",
            "%aa: bf16, %c: f32, %bb: bf16",
            [*WIDEN, "%l = arith.mulf %a, %c : f32", "%q = arith.mulf %l, %b : f32", "%s = arith.addf %o, %q : f32"],
        ),
        1,
        lambda n: (n.x * n.column) @ n.w.T,
    ),
    "scales of rows and columns, rounded": (
        generic(
            "%row, %w, %column, %x",
            "#row, #w, #column, #x",
            f"{ROW}, {W}, {COLUMN}, {X}",
            "%c: f32, %bb: bf16, %d: f32, %aa: bf16",
            [
                *WIDEN,
                "%l = arith.mulf %a, %c : f32",
                "%m = arith.mulf %l, %d : f32",
                "%t = arith.truncf %m : f32 to bf16",
                "%u = arith.extf %t : bf16 to f32",
                "%q = arith.mulf %u, %b : f32",
                "%s = arith.addf %o, %q : f32",
            ],
        ),
        1,
        lambda n: (n.x * n.row[:, None] * n.column) @ n.w.T,
    ),
    "a number": (
        "\n  %half = arith.constant 0.5 : f32"
        + generic(
            *PLAIN,
            [*WIDEN, "%l = arith.mulf %half, %a : f32", "%q = arith.mulf %l, %b : f32", "%s = arith.addf %o, %q : f32"],
        ),
        1,
        lambda n: (n.x * 0.5) @ n.w.T,
    ),
    "activation of x": (
        "\n  %zero = arith.constant 0.0 : bf16"
        + generic(
            *PLAIN,
            [
                "%l = arith.maximumf %aa, %zero : bf16",
                "%a = arith.extf %l : bf16 to f32",
                "%b = arith.extf %bb : bf16 to f32",
                *ADD,
            ],
        ),
        1,
        lambda n: np.maximum(n.x, 0) @ n.w.T,
    ),
    "scale of the weight's rows": (
        generic(
            "%x, %w, %s32",
            "#x, #w, affine_map<(m, n, k) -> (n)>",
            f"{X}, {W}, tensor<32xbf16>",
            "%aa: bf16, %bb: bf16, %cc: bf16",
            ["%t = arith.mulf %bb, %cc : bf16", "%a = arith.extf %aa : bf16 to f32", "%b = arith.extf %t : bf16 to f32", *ADD],
        ),
        1,
        lambda n: n.x @ (n.w * 2).T,
    ),
    "an input that nobody reads": (
        generic(
            "%x, %row, %w",
            "#x, #row, #w",
            f"{X}, {ROW}, {W}",
            "%aa: bf16, %c: f32, %bb: bf16",
            WIDEN + ADD,
        ),
        1,
        lambda n: n.x @ n.w.T,
    ),
    "multiply, then add": (
        f"""
  %e3 = tensor.empty() : tensor<4x32x64xf32>
  %m3 = linalg.generic {{indexing_maps = [#x, #w, affine_map<(m, n, k) -> (m, n, k)>], iterator_types = ["parallel", "parallel", "parallel"]}}
      ins(%x, %w : {X}, {W}) outs(%e3 : tensor<4x32x64xf32>) {{
  ^bb0(%aa: bf16, %bb: bf16, %o: f32):
    %a = arith.extf %aa : bf16 to f32
    %b = arith.extf %bb : bf16 to f32
    %q = arith.mulf %a, %b : f32
    linalg.yield %q : f32
  }} -> tensor<4x32x64xf32>
  %r = linalg.reduce ins(%m3 : tensor<4x32x64xf32>) outs(%z : {OUT}) dimensions = [2] (%a: f32, %o: f32) {{
    %s = arith.addf %a, %o : f32
    linalg.yield %s : f32
  }}""",
        1,
        lambda n: n.x @ n.w.T,
    ),
    "two sums": (
        f"""
  %t:2 = linalg.generic {{indexing_maps = [#x, #w, #w, #y, #y], iterator_types = ["parallel", "parallel", "reduction"]}}
      ins(%x, %w, %v : {X}, {W}, {V}) outs(%z, %z : {OUT}, {OUT}) {{
  ^bb0(%aa: bf16, %bb: bf16, %cc: bf16, %o: f32, %oo: f32):
    %a = arith.extf %aa : bf16 to f32
    %b = arith.extf %bb : bf16 to f32
    %c = arith.extf %cc : bf16 to f32
    %q = arith.mulf %a, %b : f32
    %s = arith.addf %o, %q : f32
    %qq = arith.mulf %a, %c : f32
    %ss = arith.subf %oo, %qq : f32
    linalg.yield %s, %ss : f32, f32
  }} -> ({OUT}, {OUT})
  %r = linalg.add ins(%t#0, %t#1 : {OUT}, {OUT}) outs(%e : {OUT}) -> {OUT}""",
        2,
        lambda n: n.x @ n.w.T - n.x @ n.v.T,
    ),
    "a branch picks": (
        f"""
  %cond = tensor.extract %p[] : tensor<i1>
  %c = scf.if %cond -> ({W}) {{
    scf.yield %w : {W}
  }} else {{
    scf.yield %v : {W}
  }}"""
        + generic("%x, %c", "#x, #w", f"{X}, {W}", "%aa: bf16, %bb: bf16", WIDEN + ADD),
        2,
        lambda n: n.x @ (n.w if n.p else n.v).T,
    ),
    "a selection": (
        f"\n  %cond = tensor.extract %p[] : tensor<i1>\n  %c = arith.select %cond, %w, %v : {W}"
        + generic("%x, %c", "#x, #w", f"{X}, {W}", "%aa: bf16, %bb: bf16", WIDEN + ADD),
        2,
        lambda n: n.x @ (n.w if n.p else n.v).T,
    ),
    "called twice": (
        f"""
  %f = func.call @linear(%x, %w) : ({X}, {W}) -> {OUT}
  %g = func.call @linear(%x, %v) : ({X}, {W}) -> {OUT}
  %r = linalg.add ins(%f, %g : {OUT}, {OUT}) outs(%e : {OUT}) -> {OUT}""",
        2,
        lambda n: n.x @ n.w.T + n.x @ n.v.T,
    ),
    "carried by a loop": (
        f"""
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  %i2 = arith.constant 2 : index
  %l:2 = scf.for %i = %i0 to %i2 step %i1 iter_args(%h = %z, %c = %w) -> ({OUT}, {W}) {{"""
        + generic("%x, %c", "#x, #w", f"{X}, {W}", "%aa: bf16, %bb: bf16", WIDEN + ADD, name="%k", init="%h")
        + f"""
    scf.yield %k, %c : {OUT}, {W}
  }}
  %r = tensor.cast %l#0 : {OUT} to {OUT}""",
        1,
        lambda n: 2 * (n.x @ n.w.T),
    ),
}


def text_of(array):
    """A constant's elements as bf16."""
    words = (array.view(np.uint32) >> 16).astype("<u2")
    return f'dense<"0x{words.tobytes().hex().upper()}">'


def module_of(code, numbers, is_bound):
    def weight(name, array):
        return f"dense_resource<{name}>" if is_bound else text_of(array)

    return f"""{MAPS}
func.func @main({SIGNATURE}) -> {OUT} {{
  %w = arith.constant {weight("w", numbers.w)} : {W}
  %v = arith.constant {weight("v", numbers.v)} : {V}
  %s32 = arith.constant dense<2.0> : tensor<32xbf16>
  %c0 = arith.constant 0.0 : f32
  %e = tensor.empty() : {OUT}
  %z = linalg.fill ins(%c0 : f32) outs(%e : {OUT}) -> {OUT}{code}
  return %r : {OUT}
}}
func.func private @linear(%x: {X}, %w: {W}) -> {OUT} {{
  %c0 = arith.constant 0.0 : f32
  %e = tensor.empty() : {OUT}
  %z = linalg.fill ins(%c0 : f32) outs(%e : {OUT}) -> {OUT}{generic(*PLAIN, WIDEN + ADD)}
  return %r : {OUT}
}}
"""


def as_bf16(array):
    """An entry of a safetensors file: the upper halves of an array of f32."""
    return ("BF16", list(array.shape), (array.view(np.uint32) >> 16).astype("<u2").tobytes())


@pytest.mark.parametrize("place", ("module", "file"))
@pytest.mark.parametrize("form", FORMS)
def test_form(uwt, tmp_path, form, place):
    code, products, expected = FORMS[form]
    numbers = Numbers(zlib.crc32(form.encode()))
    module, x, y = (tmp_path / name for name in ("m.mlir", "x.safetensors", "y.safetensors"))
    module.write_text(module_of(code, numbers, place == "file"))
    weights = []
    if place == "file":
        st.write(tmp_path / "w.safetensors", {"w": as_bf16(numbers.w), "v": as_bf16(numbers.v)})
        weights = ["--weights", tmp_path / "w.safetensors"]
    st.write(
        x,
        {
            "arg0": as_bf16(numbers.x),
            "arg1": ("F32", [M], numbers.row.tobytes()),
            "arg2": ("F32", [K], numbers.column.tobytes()),
            "arg3": ("BOOL", [], numbers.p.tobytes()),
        },
    )
    compiled = uwt("compile", module, *weights, "--emit", "mlir", "-o", "-").stdout
    assert compiled.count("uwt.matmul ") == products, compiled
    uwt("run", module, *weights, "--input", x, "-o", y, "-q")
    result = safetensors.numpy.load_file(y)["out0"]
    assert np.array_equal(result, expected(numbers))


SUM_OF_NOTHING = """
func.func @main(%t: tensor<4xf32>, %i: tensor<3x?xi64>, %init: tensor<3xi64>) -> tensor<3xf32> {
  %c4 = arith.constant 4 : i64
  %s = linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (m)>], iterator_types = ["parallel", "reduction"]}
      ins(%i : tensor<3x?xi64>) outs(%init : tensor<3xi64>) {
  ^bb0(%a: i64, %o: i64):
    %q = arith.addi %a, %o : i64
    %r = arith.remui %q, %c4 : i64
    linalg.yield %r : i64
  } -> tensor<3xi64>
  %e = tensor.empty() : tensor<3xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m) -> (m)>, affine_map<(m) -> (m)>], iterator_types = ["parallel"]}
      ins(%s : tensor<3xi64>) outs(%e : tensor<3xf32>) {
  ^bb0(%a: i64, %o: f32):
    %j = arith.index_cast %a : i64 to index
    %f = tensor.extract %t[%j] : tensor<4xf32>
    linalg.yield %f : f32
  } -> tensor<3xf32>
  return %y : tensor<3xf32>
}
"""


@pytest.mark.parametrize("index", (-8, 4, 1_000_000, 2**61))
def test_an_index_that_is_a_sum_of_nothing_is_checked(uwt, tmp_path, index):
    """The range of what a body yields is none of a result that no iteration has written."""
    (tmp_path / "m.mlir").write_text(SUM_OF_NOTHING)
    inputs = {
        "arg0": np.zeros(4, np.float32),
        "arg1": np.zeros((3, 0), np.int64),
        "arg2": np.array([1, index, 2], np.int64),
    }
    x = tmp_path / "x.safetensors"
    safetensors.numpy.save_file(inputs, x)
    result = uwt("run", tmp_path / "m.mlir", "--input", x, "-o", tmp_path / "y.safetensors", check=False)
    assert result.returncode == 3, result.stderr
    assert f"index {index} is outside of dimension 0" in result.stderr
