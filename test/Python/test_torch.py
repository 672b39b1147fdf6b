"""uwt.torch: tensors that are compressed in memory, in modules, compiled graphs and files."""

import collections
import copy
import io
import os
import pathlib
import pickle
import re

import pytest
from conftest import require_kernels

torch = pytest.importorskip("torch")

import uwt.torch  # noqa: E402
from uwt import InvalidError, UsageError  # noqa: E402
from uwt.torch import _ops  # noqa: E402

N, K = 200, 190


@pytest.fixture(autouse=True)
def seed_and_kernels():
    torch.manual_seed(1)
    require_kernels()


def dense(n=N, k=K):
    return torch.randn(n, k).mul(0.05).to(torch.bfloat16)


def weight(**options):
    return uwt.torch.UwtTensor.encode(dense(), **options)


def model():
    layers = torch.nn.Embedding(100, K), torch.nn.Linear(K, N), torch.nn.SiLU(), torch.nn.Linear(N, K, bias=False)
    return torch.nn.Sequential(*layers).to(torch.bfloat16).eval()


@pytest.fixture(name="pair")
def compressed_and_dense():
    original = model()
    compressed = copy.deepcopy(original)
    uwt.torch.compress_(compressed)
    return compressed, original


IDS = torch.arange(12).reshape(3, 4)


def test_reports_what_it_did():
    shared = model()
    shared.append(torch.nn.Linear(K, 100, bias=False))
    shared[4].weight = shared[0].weight
    shared.append(torch.nn.Linear(3, 3))
    shared.append(torch.nn.Linear(3, 3, dtype=torch.bfloat16))
    report = uwt.torch.compress_(shared, filter=lambda name, _: name != "3")
    assert report.compressed == ("0.weight", "1.weight", "4.weight")
    assert report.dense_bytes == 2 * (100 * K + K * N) and 0 < report.bytes < report.dense_bytes
    assert report.left == {
        "3.weight": "the filter leaves it out",
        "5.weight": "its dtype is torch.float32, and products run from torch.bfloat16 and torch.float16",
        "6.weight": "compressed it would take more memory",
    }
    assert shared[4].weight is shared[0].weight
    assert uwt.torch.compress_(shared, filter=lambda name, _: name != "3").left["0.weight"] == "it is compressed already"


def test_looks_like_the_dense_tensor(pair):
    compressed, original = pair
    for mine, theirs in zip(compressed.parameters(), original.parameters()):
        assert isinstance(mine, torch.nn.Parameter)
        assert (mine.shape, mine.dtype, mine.device) == (theirs.shape, theirs.dtype, theirs.device)
    own = compressed[1].weight
    assert isinstance(own, uwt.torch.UwtTensor) and not own.requires_grad
    assert torch.equal(own.dense(), original[1].weight)
    assert torch.equal(own + 0, original[1].weight) and torch.equal(own[3], original[1].weight[3])
    assert f"shape=({N}, {K})" in repr(own)


def test_products_have_the_bits_of_raw_weights(pair):
    compressed, original = pair
    raw = copy.deepcopy(original)
    uwt.torch.compress_(raw, "raw")
    with torch.no_grad():
        assert torch.equal(compressed(IDS), raw(IDS))
        torch.testing.assert_close(compressed(IDS), original(IDS), rtol=0.02, atol=0.002)


def test_runs_from_f16():
    # Sizes that need no padding: it is a sixteenth that is saved.
    layers = torch.nn.Embedding(256, 256), torch.nn.Linear(256, 256), torch.nn.SiLU(), torch.nn.Linear(256, 256)
    original = torch.nn.Sequential(*layers).to(torch.float16)
    compressed, raw = copy.deepcopy(original), copy.deepcopy(original)
    why = "its dtype is torch.float16, of which one row is faster by PyTorch; format='window<4>' compresses it"
    assert set(uwt.torch.compress_(copy.deepcopy(original)).left.values()) == {why}
    report = uwt.torch.compress_(compressed, "window<4>")
    assert report.compressed == ("0.weight", "1.weight", "3.weight") and report.bytes < report.dense_bytes
    uwt.torch.compress_(raw, "raw")
    assert (compressed[1].weight.format, raw[1].weight.format) == ("window<4>", "raw")
    assert torch.equal(compressed[1].weight.dense(), original[1].weight)
    with torch.no_grad():
        assert compressed(IDS).dtype == torch.float16 and torch.equal(compressed(IDS), raw(IDS))
        torch.testing.assert_close(compressed(IDS), original(IDS), rtol=0.01, atol=0.001)
    with pytest.raises(RuntimeError, match="x is torch.bfloat16, the weight torch.float16"):
        compressed[3](torch.zeros(1, 256, dtype=torch.bfloat16))
    with pytest.raises(UsageError, match="packing=inplace needs 16-bit words with an exponent of 8 bits"):
        uwt.torch.compress_(copy.deepcopy(original), "inplace<12>")
    with pytest.raises(UsageError, match="products run from torch.bfloat16 and torch.float16, not from torch.float32"):
        uwt.torch.UwtTensor.encode(torch.zeros(64, 64))


def test_exact_decode_has_the_bits_of_pytorch(pair):
    _, original = pair
    decoded = copy.deepcopy(original)
    uwt.torch.compress_(decoded, exact="decode")
    with torch.no_grad():
        assert torch.equal(decoded(IDS), original(IDS))
    with pytest.raises(ValueError, match="exact is one of product, decode"):
        uwt.torch.compress_(original, exact="nearly")


@pytest.mark.parametrize("shape", [(K,), (0, K), (1, K), (2, 3, K), (70, K)])
def test_takes_x_of_any_rank(shape):
    w, x = weight(), torch.randn(shape).to(torch.bfloat16)
    y = torch.nn.functional.linear(x, w)
    assert y.shape == (*shape[:-1], N)
    torch.testing.assert_close(y, torch.nn.functional.linear(x, w.dense()), rtol=0.02, atol=0.02)
    apart = torch.randn(4, 2 * K).to(torch.bfloat16)[:, :K]
    assert torch.equal(torch.nn.functional.linear(apart, w), torch.nn.functional.linear(apart.contiguous(), w))
    columns = torch.randn(K, 4).to(torch.bfloat16).T
    assert torch.equal(torch.nn.functional.linear(columns, w), torch.nn.functional.linear(columns.contiguous(), w))


def test_gradients_reach_x_and_bias(pair):
    compressed, original = pair
    gradients = []
    for layer in (compressed[1], original[1]):
        x = torch.ones(3, K, dtype=torch.bfloat16, requires_grad=True)
        layer.bias.grad = None
        layer(x).float().sum().backward()
        gradients.append((x.grad, layer.bias.grad))
    assert torch.equal(gradients[0][0], gradients[1][0]) and torch.equal(gradients[0][1], gradients[1][1])


@pytest.mark.parametrize("call", ["operator", "module"])
def test_gradients_are_those_of_the_dense_weight(pair, call):
    compressed, original = pair
    own, bias = compressed[1].weight, compressed[1].bias
    x, weights = torch.randn(3, K).to(torch.bfloat16), torch.randn(3, N).to(torch.bfloat16)
    results = []
    for mine in (True, False):
        inputs = x.clone().requires_grad_(), bias.detach().clone().requires_grad_()
        if not mine:
            y = torch.nn.functional.linear(inputs[0], original[1].weight.detach(), inputs[1])
        elif call == "operator":
            y = torch.ops.uwt.linear(inputs[0], own.image, inputs[1], N, K)
        else:
            y = torch.nn.functional.linear(inputs[0], own, inputs[1])
        results.append(torch.autograd.grad(y, inputs, weights))
    assert all(map(torch.equal, *results))
    # Where one of both is wanted, and where none is.
    for wanted in ((x.clone().requires_grad_(), bias.detach()), (x, bias)):
        assert torch.ops.uwt.linear(wanted[0], own.image, wanted[1], N, K).requires_grad
    assert not torch.ops.uwt.linear(x, own.image, bias.detach(), N, K).requires_grad


@pytest.mark.parametrize("reentrant", [True, False])
def test_gradients_reach_through_checkpoints(pair, reentrant):
    compressed, _ = pair
    gradients = []
    for recompute in (True, False):
        x = torch.ones(3, K, dtype=torch.bfloat16, requires_grad=True)
        run = compressed[1:]
        # Without reentrance an exception ends the second run, in the midst of an operator that keeps its inputs.
        y = torch.utils.checkpoint.checkpoint(run, x, use_reentrant=reentrant) if recompute else run(x)
        y.float().sum().backward()
        gradients.append(x.grad)
    assert torch.equal(*gradients)


def test_functions_of_torch_func_take_modules(pair):
    compressed, original = pair
    x = torch.randn(3, K).to(torch.bfloat16)
    own, theirs = compressed[3].weight, original[3].weight.detach()
    w = torch.randn(2, N).to(torch.bfloat16)

    def loss(weight):
        return lambda x: torch.nn.functional.linear(x, weight).float().sum()

    assert torch.equal(torch.func.grad(loss(own))(w), torch.func.grad(loss(theirs))(w))
    layer = compressed[1]
    assert torch.equal(torch.func.vmap(layer)(x), layer(x))


def test_a_user_function_below_operators_is_heard(pair):
    from torch.utils._python_dispatch import TorchDispatchMode

    class Refuse(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            raise KeyError(str(func))

    x = torch.zeros(1, K).bfloat16()
    for given in (x, x.clone().requires_grad_()):
        with pytest.raises(KeyError, match="uwt.linear"), Refuse():
            torch.ops.uwt.linear(given, pair[0][1].weight.image, None, N, K)


def test_trains_compiled(pair):
    compressed, _ = pair
    torch._dynamo.reset()
    layer, gradients = compressed[1], []
    for run in (torch.compile(layer, fullgraph=True, backend="aot_eager"), layer):
        x = torch.ones(3, K, dtype=torch.bfloat16, requires_grad=True)
        layer.bias.grad = None
        run(x).float().sum().backward()
        gradients.append((x.grad, layer.bias.grad))
    assert all(map(torch.equal, *gradients))


def test_copies_and_files_keep_it_compressed(pair, tmp_path):
    compressed, original = pair
    with torch.no_grad():
        expected = compressed(IDS)
        again = copy.deepcopy(compressed)
        assert isinstance(again[1].weight, uwt.torch.UwtTensor) and torch.equal(again(IDS), expected)
        torch.save(compressed.state_dict(), tmp_path / "state.pt")
        state = torch.load(tmp_path / "state.pt", weights_only=True)
        assert isinstance(state["1.weight"], uwt.torch.UwtTensor)
        fresh = model()
        uwt.torch.compress_(fresh)
        fresh.load_state_dict(state)
        assert torch.equal(fresh(IDS), expected)
        # Dense ones are compressed as they are loaded.
        fresh.load_state_dict(original.state_dict())
        assert isinstance(fresh[1].weight, uwt.torch.UwtTensor) and torch.equal(fresh(IDS), expected)
        into = model()
        into.load_state_dict(state)
        assert torch.equal(into[1].weight, original[1].weight) and type(into[1].weight) is torch.nn.Parameter
    assert torch.equal(pickle.loads(pickle.dumps(compressed[3].weight)).dense(), original[3].weight)


def test_a_damaged_file_is_refused():
    w = weight()
    w.image[w.image.numel() // 2] ^= 1
    file = io.BytesIO()
    torch.save(w, file)
    file.seek(0)
    with pytest.raises(InvalidError, match="damage"):
        torch.load(file, weights_only=True)


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return file


def test_a_file_keeps_no_way_to_bytes_that_were_checked():
    w = weight()
    expected = w.dense()
    state = torch.load(saved({"w": w, "alias": w.image}), weights_only=True)
    state["alias"].fill_(255)
    assert torch.equal(state["w"].dense(), expected)


class Rebuilt:
    """A compressed weight as the parameter of a file that sets its attributes."""

    def __init__(self, weight, state):
        self.arguments = (weight, False, collections.OrderedDict(), state)

    def __reduce__(self):
        return torch._utils._rebuild_parameter_with_state, self.arguments


def test_a_file_sets_no_image_beside_the_check():
    w = weight()
    assert torch.equal(torch.load(saved(Rebuilt(w, {"mine": 1})), weights_only=True).dense(), w.dense())
    for state in ({"image": w.image}, {"_sizes": (1, 1)}, ({}, {"on_device": "cuda"})):
        with pytest.raises(AttributeError, match="set once"):
            torch.load(saved(Rebuilt(w, state)), weights_only=True)


def test_an_image_is_bytes():
    image = weight().image
    for other in (image.view(torch.int8), image.view(torch.bfloat16), image.to_sparse()):
        with pytest.raises(UsageError, match="dense tensor of torch.uint8"):
            uwt.torch.UwtTensor.from_image(other)


def test_images_of_operators_are_bytes_that_follow_each_other():
    w = weight()
    x = torch.ones(2, K, dtype=torch.bfloat16)
    size = w.image.numel()
    apart = torch.zeros(2 * size, dtype=torch.uint8)[::2]
    apart.copy_(w.image)
    ids = torch.tensor([0])
    for image, message in (
        (apart, "lie apart"),
        (w.image[:1].expand(size), "lie apart"),
        (w.image.view(2, -1), "2 dimensions of torch.uint8"),
        (w.image.view(torch.int8), "of torch.int8"),
    ):
        for run in (
            lambda: torch.ops.uwt.linear(x, image, None, N, K),
            lambda: torch.ops.uwt.linear_without_gradients(x, image, None, N, K),
            lambda: torch.ops.uwt.embedding(ids, image, N, K, torch.bfloat16),
            lambda: torch.ops.uwt.decode(image, [N, K], torch.bfloat16),
        ):
            with pytest.raises(RuntimeError, match=message):
                run()
    with pytest.raises(RuntimeError, match="the result is torch.float16, the weight torch.bfloat16"):
        torch.ops.uwt.decode(w.image, [N, K], torch.float16)


def test_ids_of_rows_are_integers(pair):
    table = pair[0][0].weight
    for ids in (torch.tensor([0.9]), torch.tensor([True]), torch.tensor([0j])):
        with pytest.raises(RuntimeError, match="ids are torch"):
            torch.nn.functional.embedding(ids, table)
    for dtype in (torch.uint8, torch.int8, torch.int16, torch.int32):
        assert torch.equal(torch.nn.functional.embedding(IDS.to(dtype), table), pair[0][0](IDS))


def test_what_it_cannot_do_is_refused(pair):
    compressed, _ = pair
    with pytest.raises(TypeError, match="writes into a compressed weight"):
        compressed[1].weight.add_(1)
    with pytest.raises(TypeError, match="cannot become torch.float32"):
        compressed.to(torch.float32)
    with pytest.raises(RuntimeError, match="x is torch.float32, the weight torch.bfloat16"):
        compressed[1](torch.randn(1, K))
    with pytest.raises(RuntimeError, match="x has 7 features, the weight 190"):
        compressed[1](torch.randn(1, 7).to(torch.bfloat16))
    with pytest.raises(InvalidError, match="id 100 is no row of the weight, which has 100"):
        compressed[0](torch.tensor([100]))
    with pytest.raises(TypeError, match="max_norm"):
        torch.nn.functional.embedding(IDS, compressed[0].weight, max_norm=1.0)
    with pytest.raises(ValueError, match="cannot be copied"):
        compressed[1].weight.copy_(torch.zeros(1, 1, dtype=torch.bfloat16))


def test_operators_keep_pytorchs_rules(pair):
    compressed, _ = pair
    own, table = compressed[1].weight, compressed[0].weight
    x = torch.randn(3, K).to(torch.bfloat16)
    bias = compressed[1].bias.detach()
    torch.library.opcheck(torch.ops.uwt.linear, (x.clone().requires_grad_(), own.image, bias, N, K))
    torch.library.opcheck(torch.ops.uwt.linear, (x, own.image, bias.clone().requires_grad_(), N, K))
    torch.library.opcheck(torch.ops.uwt.linear, (x.reshape(3, 1, K), own.image, None, N, K))
    torch.library.opcheck(torch.ops.uwt.linear_without_gradients, (x, own.image, bias, N, K))
    torch.library.opcheck(torch.ops.uwt.decode, (own.image, [N, K], torch.bfloat16))
    torch.library.opcheck(torch.ops.uwt.embedding, (IDS, table.image, 100, K, torch.bfloat16))


def test_compiles_without_a_break(pair):
    compressed, _ = pair
    torch._dynamo.reset()
    with torch.no_grad(), torch._inductor.config.patch(emulate_precision_casts=True):
        assert torch.equal(torch.compile(compressed, fullgraph=True)(IDS), compressed(IDS))


def test_exports_its_operators(pair):
    graph = torch.export.export(pair[0], (IDS,)).graph
    called = [str(node.target) for node in graph.nodes if node.op == "call_function"]
    assert called.count("uwt.linear.default") == 2 and called.count("uwt.embedding.default") == 1


def test_lora_trains_on_top(pair):
    peft = pytest.importorskip("peft")
    compressed, _ = pair
    before = compressed(IDS).detach()
    tuned = peft.get_peft_model(compressed, peft.LoraConfig(target_modules=["1", "3"], r=4))
    assert torch.equal(tuned(IDS), before)
    optimizer = torch.optim.SGD([p for p in tuned.parameters() if p.requires_grad], lr=1.0)
    for _ in range(2):
        tuned(IDS).float().pow(2).sum().backward()
        optimizer.step()
    assert not torch.equal(tuned(IDS), before)
    with tuned.disable_adapter():
        assert torch.equal(tuned(IDS), before)


def threads_of_process():
    status = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"Threads:\s*(\d+)", status)[1])


def test_runs_on_the_threads_of_pytorch():
    if uwt.torch._threads._team() is None:
        pytest.skip("PyTorch has another runtime than libgomp or libiomp5")
    large = uwt.torch.UwtTensor.encode(dense(1024, 1024))
    x = torch.randn(16, 1024).to(torch.bfloat16)
    before = torch.get_num_threads()
    try:
        results = []
        for count in (1, 2, 4):
            torch.set_num_threads(count)
            torch.nn.functional.linear(x, large.dense())
            torch.randn(1 << 22).exp_()
            there = threads_of_process()
            results.append(torch.nn.functional.linear(x, large))
            assert threads_of_process() == there
        assert torch.equal(results[0], results[1]) and torch.equal(results[0], results[2])
    finally:
        torch.set_num_threads(before)


def test_a_forked_process_multiplies_too():
    w, x = weight(), torch.randn(2, K).to(torch.bfloat16)
    expected = torch.nn.functional.linear(x, w)
    child = os.fork()
    if child == 0:
        # As torch's data loaders do: its own threads are gone.
        torch.set_num_threads(1)
        os._exit(0 if torch.equal(torch.nn.functional.linear(x, w), expected) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_slices_are_encoded_where_they_lie():
    """A part of a fused weight gives the image of its copy; so does what has no two strides."""
    fused = torch.randn(3, 200, 96).mul(0.02).bfloat16()
    slices = (fused[1, 64:192, 16:80], fused[:, 10:80], fused[0, :, ::2], fused[0].T, fused[:1].expand(3, 200, 96))
    for weight in slices:
        image = _ops.encode(weight, "inplace<12>")
        assert torch.equal(image, _ops.encode(weight.contiguous(), "inplace<12>"))
        assert torch.equal(torch.ops.uwt.decode(image, weight.shape, weight.dtype), weight)
        assert image.untyped_storage().nbytes() == image.numel()
