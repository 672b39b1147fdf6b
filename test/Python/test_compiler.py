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


@pytest.mark.parametrize("version", ["gptq_v2", "gptq"])
def test_a_changed_configuration_is_another_program(tmp_path, version):
    import json
    import shutil

    import ml_dtypes

    shutil.copytree(QUANTIZED, tmp_path / "m")
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    module = MODULE.replace(b"<w>", b"<model.layers.0.mlp.up_proj.weight>").replace(b"200", b"64").replace(b"x96x", b"x256x")
    x = np.eye(4, 256, dtype=np.float32).astype(ml_dtypes.bfloat16)

    def product(asked):
        config["quantization_config"]["checkpoint_format"] = asked
        (tmp_path / "m" / "config.json").write_text(json.dumps(config))
        program = uwt.compiler.compile(module, weights=tmp_path / "m")
        with uwt.Container(tmp_path / "m") as opened:
            expected = opened.read_quantized("model.layers.0.mlp.up_proj.weight", "F32")
        got = program(x, function="product")[0]
        assert np.allclose(got, expected[:, :4].T, rtol=1e-2, atol=1e-3)
        return got

    first = product("gptq" if version == "gptq_v2" else "gptq_v2")
    assert not np.array_equal(product(version), first)


def test_weights_that_were_rewritten_unseen_are_another_program(tmp_path):
    values = [bf16(np.random.default_rng(seed).normal(0, 0.02, (N, K))) for seed in (1, 2)]
    path, found = tmp_path / "w.safetensors", []
    for words in values:
        write_safetensors(path, {"w": ("BF16", (N, K), words.tobytes())})
        # As cp -p and rsync -t leave it.
        os.utime(path, ns=(10**18, 10**18))
        found.append(uwt.compiler.compile(MODULE, weights=[path])(inputs(3), function="product")[0])
    assert not np.array_equal(*found)


ADD = b"""func.func @main(%a: tensor<?x3xf32>, %b: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %0 = arith.addf %a, %b : tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}
"""


def test_inputs_are_the_same_in_every_order_and_layout():
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    program = uwt.compiler.compile(ADD)
    for given in (a.astype(">f4"), np.asfortranarray(a), a[::-1][::-1], np.repeat(a, 2, 0)[::2], np.ma.masked_array(a)):
        for pair in ((given, a), (a, given), (given, given)):
            assert np.array_equal(program(*pair)[0], a + a)
    for wrong in (np.array([[None] * 3]), a.astype(np.longdouble), np.ma.masked_less(a, 2), a.astype("M8[s]")):
        with pytest.raises(TypeError, match="^input 1: (safetensors has no dtype|elements of a masked array)"):
            program(a, wrong)


def test_a_closed_program_and_its_copies():
    import copy
    import pickle

    a = np.zeros((2, 3), np.float32)
    with uwt.compiler.compile(ADD) as program:
        for action in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="no copies"):
                action(program)
    for use in (lambda: program(a, a), lambda: program.functions, program.__enter__):
        with pytest.raises(ValueError, match="is closed"):
            use()


@pytest.mark.parametrize("bad", ["a\0", "\udcff"])
def test_texts_of_options_are_checked(tmp_path, bad):
    for options in ({"format": bad}, {"target": bad}, {"arithmetic": bad}):
        with pytest.raises(ValueError, match="embedded null|surrogate"):
            uwt.compiler.compile(ADD, **options)
    with pytest.raises(ValueError, match="embedded null"):
        uwt.compiler.compile(ADD, weights=["w\0"])
    with pytest.raises(ValueError, match="embedded null|surrogate"):
        uwt.compiler.compile(ADD)(np.zeros((1, 3), np.float32), function=bad)


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
