"""uwt.compiler: modules compiled and run, with the package uwt-compiler or the library of a build."""

import importlib.util
import os
import pathlib

import numpy as np
import pytest
import uwt
from conftest import bf16, write_safetensors

if importlib.util.find_spec("uwt_compiler") is None and "UWT_COMPILER_LIBRARY" not in os.environ:
    pytest.skip("there is no uwt-compiler", allow_module_level=True)
pytest.importorskip("ml_dtypes")

import uwt.compiler  # noqa: E402

QUANTIZED = pathlib.Path(__file__).resolve().parents[1] / "Import" / "golden" / "gptq-b4-g128"
N, K = 200, 96
MODULE = b"""
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
func.func @product(%x: tensor<?x96xbf16>) -> tensor<?x200xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense_resource<w> : tensor<200x96xbf16>
  %m = tensor.dim %x, %c0 : tensor<?x96xbf16>
  %empty = tensor.empty(%m) : tensor<?x200xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x200xf32>) -> tensor<?x200xf32>
  %y = linalg.matmul indexing_maps = [#x, #w, #y]
      ins(%x, %w : tensor<?x96xbf16>, tensor<200x96xbf16>) outs(%init : tensor<?x200xf32>) -> tensor<?x200xf32>
  return %y : tensor<?x200xf32>
}
func.func @row(%x: tensor<4xf32>, %i: tensor<i64>) -> tensor<f32> {
  %number = tensor.extract %i[] : tensor<i64>
  %index = arith.index_cast %number : i64 to index
  %value = tensor.extract %x[%index] : tensor<4xf32>
  %y = tensor.from_elements %value : tensor<f32>
  return %y : tensor<f32>
}
"""


@pytest.fixture(name="weights", scope="module")
def compressed_weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    values = bf16(np.random.default_rng(8).normal(0, 0.02, (N, K)))
    write_safetensors(folder / "w.safetensors", {"w": ("BF16", (N, K), values.tobytes())})
    uwt.compress(folder / "w.safetensors", folder / "w.uwt.safetensors")
    return folder / "w.uwt.safetensors"


@pytest.fixture(name="program", scope="module")
def compiled(weights):
    return uwt.compiler.compile(MODULE, weights=[weights])


def inputs(m):
    import ml_dtypes

    return bf16(np.random.default_rng(m).normal(0, 1, (m, K))).view(ml_dtypes.bfloat16)


@pytest.mark.parametrize("m", [1, 5, 0])
def test_runs_from_compressed_weights(program, weights, m):
    x = inputs(m)
    (y,) = program(x, function="product")
    assert y.dtype == np.float32 and y.shape == (m, N)
    expected = x.astype(np.float64) @ uwt.slice(weights, "w").astype(np.float64).T
    assert np.allclose(y, expected, atol=1e-4)
    raw = uwt.compiler.compile(MODULE, weights=[weights], format="raw", threads=1)
    assert np.array_equal(raw(x, function="product")[0], y)


def test_takes_tensors_of_pytorch(program):
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(inputs(6).view(np.int16)).view(torch.bfloat16)
    (y,) = program(x[::2], function="product")
    assert isinstance(y, torch.Tensor) and y.dtype == torch.float32
    (every,) = program(x, function="product")
    assert torch.equal(y, every[::2])


def test_names_its_functions(program):
    assert program.functions == ["product", "row"]


def test_a_module_may_be_a_file(tmp_path, weights):
    (tmp_path / "module.mlir").write_bytes(MODULE)
    assert uwt.compiler.compile(tmp_path / "module.mlir", weights=[weights]).functions == ["product", "row"]


def test_products_by_integers():
    import ml_dtypes

    name = "model.layers.0.mlp.up_proj.weight"
    module = MODULE.replace(b"<w>", f"<{name}>".encode()).replace(b"200", b"64").replace(b"x96x", b"x256x")
    x = np.random.default_rng(3).normal(0, 1, (5, 256)).astype(ml_dtypes.bfloat16)

    def product(**options):
        return uwt.compiler.compile(module, weights=[QUANTIZED], **options)(x, function="product")[0]

    dense, integers = product(), product(arithmetic="integer<8>")
    assert not np.array_equal(dense, integers)
    assert np.abs(dense - integers).max() < 0.02 * np.abs(dense).max()
    assert np.array_equal(integers, product(arithmetic="integer<8>", target="generic", threads=1))
    with pytest.raises(uwt.UsageError, match="'integer<1>' is no arithmetic; expected dense, or integer<2> to integer<8>"):
        product(arithmetic="integer<1>")
    with pytest.raises(uwt.InvalidError, match="no product can be computed by integers"):
        product(arithmetic="integer<8>", format="raw")


def test_says_what_is_wrong(program, weights, tmp_path):
    with pytest.raises(uwt.UsageError, match="there is no function|no public function|nothing"):
        program(inputs(1), function="nothing")
    with pytest.raises(uwt.UsageError):
        program(inputs(1)[:, :5], function="product")
    x = np.arange(4, dtype=np.float32)
    assert program(x, np.array(2, dtype=np.int64), function="row")[0] == 2
    with pytest.raises(uwt.InvalidError):
        program(x, np.array(9, dtype=np.int64), function="row")
    with pytest.raises(uwt.UwtError):
        uwt.compiler.compile(MODULE)
    with pytest.raises(uwt.UwtError, match="module:1"):
        uwt.compiler.compile(b"func.func @f(", weights=[weights])
    with pytest.raises(FileNotFoundError):
        uwt.compiler.compile(tmp_path / "none.mlir")
