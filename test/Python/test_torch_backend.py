"""torch.compile(backend="uwt"): what is compiled, with which bits, what runs by PyTorch, and why."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import pytest
from conftest import ROOT, require_kernels

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")
if importlib.util.find_spec("uwt_compiler") is None and "UWT_COMPILER_LIBRARY" not in os.environ:
    pytest.skip("there is no uwt-compiler", allow_module_level=True)
# Tests compile what they test, whatever a run before has kept.
os.environ["UWT_CACHE"] = "none"

import uwt.torch  # noqa: E402
from uwt import InvalidError, _weights  # noqa: E402
from uwt._container import part_of  # noqa: E402
from uwt.torch import _ops  # noqa: E402
from uwt.torch._tensor import UwtTensor  # noqa: E402

nn, functional = torch.nn, torch.nn.functional
N, K = 200, 192


@pytest.fixture(autouse=True)
def seed_and_kernels():
    torch.manual_seed(1)
    require_kernels()
    torch._dynamo.reset()


@pytest.fixture(name="reasons")
def new_reasons():
    before = len(uwt.torch.backend_reasons())
    return lambda: uwt.torch.backend_reasons()[before:]


def compiled(function, **options):
    return torch.compile(function, backend=uwt.torch.backend, **options)


def narrow(*shape):
    return torch.randn(shape).to(torch.bfloat16)


def assert_same(results, expected, within=0.0):
    """Equal in dtype, shape and strides, and in the L2 norm within a part of the expected one."""
    for result, value in zip(results, expected, strict=True):
        assert (result.dtype, result.shape, result.stride()) == (value.dtype, value.shape, value.stride())
        assert (result.double() - value.double()).norm() <= within * value.double().norm()


def mlp(bias=True):
    return nn.Sequential(nn.Linear(K, N, bias=bias), nn.GELU(), nn.Linear(N, K, bias=bias)).to(torch.bfloat16)


class Attention(nn.Module):
    """Self-attention of a few heads that gives the keys as well."""

    def __init__(self, heads=3):
        super().__init__()
        self.heads = heads
        self.norm, self.qkv, self.out = nn.RMSNorm(K), nn.Linear(K, 3 * K), nn.Linear(K, K)

    def forward(self, x, mask=None):
        q, k, v = self.qkv(self.norm(x)).unflatten(-1, (3, self.heads, -1)).movedim(-3, 0).transpose(2, 3)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return x + self.out(y.transpose(1, 2).flatten(2)), k


def llama():
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        vocab_size=512, max_position_embeddings=64, tie_word_embeddings=True,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).to(torch.bfloat16).eval()


# Bits.


@pytest.mark.parametrize(
    ("dtype", "format"),
    [
        (torch.bfloat16, "raw"),
        (torch.bfloat16, "inplace<12>"),
        (torch.float16, "raw"),
        (torch.float16, "window<4>"),
    ],
)
@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_has_the_bits_of_the_eager_one(reasons, bias, dtype, format):
    layer = nn.Linear(K, N, bias=bias).to(dtype)
    layer.weight = nn.Parameter(uwt.torch.UwtTensor.encode(layer.weight.data, format), requires_grad=False)
    run = compiled(layer)
    with torch.inference_mode():
        for x in (narrow(1, K), narrow(7, K), narrow(64, K), narrow(2, 3, K), narrow(6, 2 * K)[:, ::2], narrow(K)):
            assert torch.equal(run(x.to(dtype)), layer(x.to(dtype)))
    assert reasons() == []


def test_compressed_weights_have_the_bits_of_raw_ones(reasons):
    results = []
    for format in ("raw", "inplace<12>"):
        torch.manual_seed(2)
        model, ids = llama(), torch.arange(8).reshape(2, 4)
        assert len(uwt.torch.compress_(model, format).compressed) == 16
        with torch.inference_mode():
            results.append(compiled(model)(ids, use_cache=False).logits)
    assert torch.equal(*results)
    assert reasons() == []


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("make", [mlp, Attention, llama])
def test_models_are_as_eager(reasons, make, compress):
    model = make().to(torch.bfloat16).eval()
    x = torch.randint(0, 512, (2, 5)) if make is llama else narrow(2, 5, K)
    if compress:
        uwt.torch.compress_(model)
    with torch.inference_mode():
        result, expected = compiled(model)(x), model(x)
    if make is llama:
        cache, expected_cache = (each.past_key_values.layers[1] for each in (result, expected))
        result = result.logits, cache.keys, cache.values
        expected = expected.logits, expected_cache.keys, expected_cache.values
    elif make is mlp:
        result, expected = [result], [expected]
    assert_same(result, expected, within=0.01)
    assert reasons() == []


def test_f32_and_integers(reasons):
    model, x = mlp().float(), torch.randn(4, K)
    with torch.inference_mode():
        assert_same([compiled(model)(x)], [model(x)], within=1e-6)

    def rank(x):
        return x.argmax(-1), x > 0, x.topk(3).indices.to(torch.int32), x.sum().half()

    assert_same(compiled(rank)(x), rank(x), within=1e-3)
    assert reasons() == []


def test_graphs_without_inputs(reasons):
    result = compiled(lambda: torch.arange(6, dtype=torch.bfloat16).reshape(2, 3) * 2)()
    assert torch.equal(result, torch.tensor([[0, 2, 4], [6, 8, 10]], dtype=torch.bfloat16))
    assert reasons() == []


def test_nans_are_where_pytorch_has_them(reasons):
    x = torch.tensor([[1.0, float("nan"), 3.0, float("nan"), 2.0]])

    def order(x):
        largest, smallest = x.topk(3), x.topk(2, largest=False)
        return largest.values.isnan(), largest.values[..., 2], smallest.values, x.sort(stable=True).indices

    for result, expected in zip(compiled(order)(x), order(x), strict=True):
        assert torch.equal(result, expected)
    assert reasons() == []


# Shapes, memory.


def test_batches_of_any_size_are_compiled_once(reasons):
    model = Attention().to(torch.bfloat16)
    uwt.torch.compress_(model)
    counter = torch._dynamo.testing.CompileCounterWithBackend(uwt.torch.backend)
    run = torch.compile(model, backend=counter, dynamic=True)
    with torch.inference_mode():
        for batch, length in ((2, 3), (3, 7), (5, 2)):
            x = narrow(batch, length, K)
            mask = torch.ones(length, length, dtype=torch.bool).tril()
            y, keys = run(x, mask)
            expected, expected_keys = model(x, mask)
            assert_same([y], [expected], within=0.01)
            assert_same([keys.contiguous()], [expected_keys.contiguous()], within=0.01)
    assert counter.frame_count == 1
    assert reasons() == []


def test_results_lie_as_in_pytorch(reasons):
    def moved(x):
        return (x + 1).transpose(0, 2), (x * 2).permute(1, 2, 0).contiguous(), x[1:], x

    x = torch.randn(2, 3, 4)
    results = compiled(moved)(x)
    assert_same(results, moved(x))
    assert results[2].data_ptr() == x[1:].data_ptr() and results[3] is x
    assert reasons() == []


def test_writes_into_inputs_and_buffers(reasons):
    class Counter(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("count", torch.zeros(3))

        def forward(self, x):
            self.count += 1
            x.mul_(2)
            return x + self.count

    module, x = Counter(), torch.ones(3)
    run = compiled(module)
    with torch.inference_mode():
        assert run(x.clone()).tolist() == [3.0] * 3 and run(x).tolist() == [4.0] * 3
    assert module.count.tolist() == [2.0] * 3 and x.tolist() == [2.0] * 3
    assert reasons() == []


def test_weights_are_not_copied(reasons):
    layer, x = nn.Linear(2048, 2048, bias=False).to(torch.bfloat16), narrow(1, 2048)
    uwt.torch.compress_(layer)
    run = compiled(layer)
    with torch.inference_mode():
        before = run(x)
        # What is written into the memory of the image is what the next call reads.
        layer.weight.copy_(layer.weight.dense() * 2)
        assert torch.equal(run(x), before * 2) and torch.equal(run(x), layer(x))
    assert reasons() == []


NAME = "model.layers.0.mlp.up_proj.weight"


def layer_of_codes(folder, **options):
    """A layer whose weight is codes of a checkpoint."""
    with uwt.Container(ROOT / "test" / "Import" / "golden" / folder) as opened:
        weight = opened.find_quantized(NAME)
        format = _weights.format_of_codes(weight.run_format)
        image = _ops.encode_codes([(opened, NAME, part_of())], torch.bfloat16, weight.shape, format)
    layer = nn.Linear(*reversed(weight.shape), **options).to(torch.bfloat16)
    layer.weight = nn.Parameter(UwtTensor(image, weight.shape, torch.bfloat16, "product"), requires_grad=False)
    return layer


@pytest.mark.parametrize("folder", ["gptq-b4-g128", "gptq-b2-g-idx"])
def test_weights_run_from_their_codes(folder, reasons):
    """The latter has columns that are multiplied group by group."""
    layer = layer_of_codes(folder)
    assert layer.weight.format.endswith("order=k") == (folder == "gptq-b2-g-idx")
    for x in (narrow(3, layer.in_features), narrow(2, 9, layer.in_features)):
        with torch.no_grad():
            assert_same(
                [compiled(nn.Sequential(layer, nn.ReLU()))(x)],
                [functional.relu(layer(x))],
            )
    assert reasons() == []


def test_products_by_integers_on_request(reasons):
    """The bits of a program that is compiled from the checkpoint."""
    folder = ROOT / "test" / "Import" / "golden" / "gptq-b4-g128"
    layer, floats = layer_of_codes(folder, bias=False), layer_of_codes("bnb-nf4")
    n, k = layer.weight.shape
    x = narrow(5, k)
    module = f"""func.func @main(%x: tensor<5x{k}xbf16>) -> tensor<5x{n}xbf16> {{
      %w = arith.constant dense_resource<{NAME}> : tensor<{n}x{k}xbf16>
      %zero = arith.constant 0.0 : bf16
      %empty = tensor.empty() : tensor<5x{n}xbf16>
      %init = linalg.fill ins(%zero : bf16) outs(%empty : tensor<5x{n}xbf16>) -> tensor<5x{n}xbf16>
      %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
        ins(%x, %w : tensor<5x{k}xbf16>, tensor<{n}x{k}xbf16>) outs(%init : tensor<5x{n}xbf16>) -> tensor<5x{n}xbf16>
      return %y : tensor<5x{n}xbf16>
    }}"""
    (expected,) = uwt.compiler.compile(module.encode(), weights=[folder], arithmetic="integer<8>")(x)
    with torch.no_grad():
        dense = functional.linear(x, layer.weight)
        result = compiled(nn.Sequential(layer), options={"arithmetic": "integer<8>"})(x)
        assert torch.equal(result, expected) and not torch.equal(result, dense)
        # Or where an image says so, which the operators follow too.
        _ops.set_arithmetic(layer.weight.image, "integer<8>")
        torch._dynamo.reset()
        assert layer.weight.arithmetic == "integer<8>"
        by_image, expected = compiled(nn.Sequential(layer))(x), functional.linear(x, layer.weight)
        assert torch.equal(by_image, expected) and torch.equal(result, expected)
        # Where nothing has codes that are integers, products are those of the weights.
        torch._dynamo.reset()
        x = narrow(5, floats.in_features)
        assert torch.equal(compiled(nn.Sequential(floats), options={"arithmetic": "integer<8>"})(x), floats(x))
    assert reasons() == []
    with pytest.raises(Exception, match="the backend uwt has no option 'precision', only arithmetic"):
        compiled(nn.ReLU(), options={"precision": "low"})(x)
    with pytest.raises(Exception, match="'integer<9>' is no arithmetic; expected dense, or integer<2> to integer<8>"):
        compiled(nn.ReLU(), options={"arithmetic": "integer<9>"})(x)


def test_images_of_another_format_are_compiled_for(reasons):
    layer, x = nn.Linear(K, N, bias=False).to(torch.bfloat16), narrow(3, K)
    uwt.torch.compress_(layer, "raw")
    run = torch._dynamo.optimize(uwt.torch.backend)(lambda image: torch.ops.uwt.linear(x, image, None, N, K))
    expected = layer(x)
    for format in ("raw", "inplace<12>", "raw"):
        image = uwt.torch.UwtTensor.encode(layer.weight.dense(), format).image
        room = torch.zeros(2 * N * K + (1 << 16), dtype=torch.uint8)
        room[: image.numel()] = image
        with torch.inference_mode():
            assert torch.equal(run(room), expected)
    assert reasons() == []


def test_threads_call_one_program(reasons):
    from concurrent.futures import ThreadPoolExecutor

    model = mlp()
    uwt.torch.compress_(model)
    run, x = compiled(model), narrow(5, K)
    with torch.inference_mode():
        expected = run(x)

    def call(_):
        with torch.inference_mode():
            return torch.equal(run(x), expected)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(call, range(32)))
    assert reasons() == []


# What runs by PyTorch.


def test_graph_breaks_leave_two_programs(reasons):
    def broken(x):
        y = x * 2
        torch._dynamo.graph_break()
        return y + 1

    x = torch.randn(4)
    assert torch.equal(compiled(broken)(x), broken(x))
    assert reasons() == []


def test_gradients_are_those_of_pytorch(reasons, caplog):
    model, x = mlp(), narrow(3, K)
    uwt.torch.compress_(model)
    x.requires_grad_()
    result = compiled(model)(x)
    assert torch.equal(result, model(x))
    result.sum().backward()
    gradient, x.grad = x.grad, None
    model(x).sum().backward()
    assert torch.equal(gradient, x.grad)
    assert reasons() == ["it records gradients: call the model under torch.inference_mode() or torch.no_grad()"]
    assert "runs by PyTorch in place of UWT: it records gradients" in caplog.text
    with torch.no_grad():
        assert_same([compiled(model)(x)], [model(x)], within=0.01)
    assert len(reasons()) == 1


def refused():
    """A function, its inputs, and what the reason has to say."""
    x = torch.randn(4, 8)
    yield "random", lambda x: functional.dropout(x, 0.5), [x], "draws random numbers"
    yield "sizes", lambda x: x.nonzero(), [x], "whose size its values decide"
    yield "complex", lambda x: torch.fft.rfft(x).abs(), [x], "complex64"
    yield "operator", lambda x: torch.linalg.svd(x).S, [x], "torch.aten._linalg_svd"
    yield "decode", lambda x, w: functional.linear(x.bfloat16(), w), [x, "decode"], "uwt.decode.default"
    yield "device", lambda x: x + 1, [x.to("meta")], "on meta"
    # torch-mlir ends by a signal.
    yield "signal", lambda x: x.to(torch.int8) // 3, [x], "for conversion to byte or char type"


@pytest.mark.parametrize(("function", "inputs", "reason"), [pytest.param(*each[1:], id=each[0]) for each in refused()])
def test_what_cannot_be_compiled_runs_by_pytorch(reasons, function, inputs, reason):
    if inputs[-1] == "decode":
        inputs = [inputs[0], uwt.torch.UwtTensor.encode(narrow(4, 8), "raw", exact="decode")]
    config = torch._dynamo.config.patch(capture_dynamic_output_shape_ops=True)
    with torch.inference_mode(), config:
        torch.manual_seed(3)
        result = compiled(function)(*inputs)
        torch.manual_seed(3)
        expected = function(*inputs)
    assert result.device.type == "meta" or torch.equal(result, expected)
    assert len(reasons()) == 1 and reason in reasons()[0] and "\n" not in reasons()[0]


def test_without_torch_mlir(reasons, monkeypatch):
    monkeypatch.setitem(sys.modules, "uwt.torch._linalg", None)
    monkeypatch.delattr(uwt.torch, "_linalg", raising=False)
    assert compiled(lambda x: x + 1)(torch.ones(2)).tolist() == [2.0, 2.0]
    assert len(reasons()) == 1 and reasons()[0].startswith("a package is missing: ")


def test_errors_of_a_call_are_raised(reasons):
    table = nn.Embedding(16, K).to(torch.bfloat16)
    uwt.torch.compress_(table, "raw")
    run = compiled(table)
    with torch.inference_mode():
        assert torch.equal(run(torch.tensor([3, 15])), table(torch.tensor([3, 15])))
        with pytest.raises(InvalidError, match="index must be smaller than dim size"):
            run(torch.tensor([3, 16]))
        assert torch.equal(run(torch.tensor([0, 1])), table(torch.tensor([0, 1])))
    assert reasons() == []


# The name, and the folder of programs.

SCRIPT = """
import sys, torch, logging
model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU())
x = torch.ones(2, 8)
with torch.inference_mode():
    assert torch.allclose(torch.compile(model, backend="uwt")(x), model(x), atol=1e-6)
import uwt.torch
assert uwt.torch.backend_reasons() == [], uwt.torch.backend_reasons()
"""


def write_distribution(folder):
    """What a wheel has that names the entry points, for the package of the checkout."""
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "python" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / "uwt_checkout-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: uwt-checkout\nVersion: 0\n")
    group = "torch_dynamo_backends"
    lines = [f"{name} = {function}\n" for name, function in project["entry-points"][group].items()]
    (info / "entry_points.txt").write_text(f"[{group}]\n{''.join(lines)}")


def test_is_found_by_its_name_and_keeps_programs(tmp_path):
    paths = [os.environ.get("PYTHONPATH", "")]
    if "UWT_LIBRARY" in os.environ:
        write_distribution(tmp_path)
        paths.insert(0, str(tmp_path))
    cache = tmp_path / "programs"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "UWT_CACHE": str(cache)}
    kept = []
    for _ in range(2):
        subprocess.run([sys.executable, "-c", SCRIPT], env=environment, check=True)
        kept.append({path: path.stat().st_mtime_ns for path in pathlib.Path(cache).iterdir()})
    assert len(kept[0]) == 1 and kept[0].keys() == kept[1].keys()
