"""Products of f16 weights on GPUs: every format that holds f16 has the bits of the CPU.

Sums are exact (small integers), so that they are the same in any order of additions.
"""

import numpy as np
import pytest

import model_blocks
import safetensors_file as st

N, K = 80, 192
FORMATS = ["raw", "window<4>", "window<3>", "window<4>, coded=exponent+1", "bitplane<3>", "palette<4>", "huffman<12,2>"]
FORMATS += ["huffman<12,1>, coded=exponent+2"]

# A product, its bias and a SiLU in f16, beside a product of bf16.
MODULE = """
func.func @main(%x: tensor<?x192xf16>, %bias: tensor<80xf16>, %z: tensor<?x192xbf16>) -> (tensor<?x80xf16>, tensor<?x80xf32>) {
  %w = arith.constant dense_resource<w> : tensor<80x192xf16>
  %v = arith.constant dense_resource<v> : tensor<80x192xbf16>
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x192xf16>
  %e = tensor.empty(%m) : tensor<?x80xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x80xf32>) -> tensor<?x80xf32>
  %s = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x192xf16>, tensor<80x192xf16>) outs(%f : tensor<?x80xf32>) -> tensor<?x80xf32>
  %h = tensor.empty(%m) : tensor<?x80xf16>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%s, %bias : tensor<?x80xf32>, tensor<80xf16>) outs(%h : tensor<?x80xf16>) {
  ^bb0(%sum: f32, %b: f16, %out: f16):
    %0 = arith.truncf %sum : f32 to f16
    %1 = arith.addf %0, %b : f16
    %2 = arith.extf %1 : f16 to f32
    %3 = arith.negf %2 : f32
    %4 = math.exp %3 : f32
    %5 = arith.addf %4, %one : f32
    %6 = arith.divf %2, %5 : f32
    %7 = arith.truncf %6 : f32 to f16
    linalg.yield %7 : f16
  } -> tensor<?x80xf16>
  %t = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%z, %v : tensor<?x192xbf16>, tensor<80x192xbf16>) outs(%f : tensor<?x80xf32>) -> tensor<?x80xf32>
  return %y, %t : tensor<?x80xf16>, tensor<?x80xf32>
}
"""


def integers(random, shape, dtype):
    """A tensor of integers, of f16 or bf16."""
    values = random.integers(-3, 4, shape)
    if dtype == "F16":
        return (dtype, list(shape), values.astype(np.float16).tobytes())
    return (dtype, list(shape), (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with the weights, the module and inputs of 5 and of 70 rows."""
    folder = tmp_path_factory.mktemp("f16")
    random = np.random.default_rng(0)
    st.write(folder / "w.safetensors", {"w": integers(random, (N, K), "F16"), "v": integers(random, (N, K), "BF16")})
    for rows in (5, 70):
        inputs = {"arg0": integers(random, (rows, K), "F16"), "arg1": integers(random, (N,), "F16")}
        st.write(folder / f"x{rows}.safetensors", inputs | {"arg2": integers(random, (rows, K), "BF16")})
    (folder / "m.mlir").write_text(MODULE)
    return folder


def run(uwt, files, rows, *options):
    """Results as bytes, and what the tool says."""
    output = files / "y.safetensors"
    options = ["--weights", files / "w.safetensors", "--input", files / f"x{rows}.safetensors", *options]
    # What runs on the host has the same bits at every level.
    options += ["--optimise", 0]
    said = uwt("run", files / "m.mlir", *options, "-o", output, "-f", "-v").stderr
    tensors = model_blocks.read(output)
    return [tensors[name][2] for name in ("out0", "out1")], said


# Kernels of each GPU and for each number of rows once, as machine code or as PTX: other tests compare these.
TARGETS = {5: ("emulate:sm_90a", "emulate:sm_80,ptx"), 70: ("emulate:sm_90a,ptx", "emulate:sm_80")}


@pytest.mark.parametrize("rows", TARGETS)
def test_every_format_has_the_bits_of_the_cpu(uwt, files, rows):
    expected, _ = run(uwt, files, rows)
    for target in TARGETS[rows]:
        for format in FORMATS:
            found, said = run(uwt, files, rows, "--target", target, "--format", format, "--min-elements", 1)
            assert found == expected, (target, format)
            assert said.count(" on sm_") == 2 and "runs on the host" not in said, said
