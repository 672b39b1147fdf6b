"""Operators over device images without a GPU: tensors of the CPU, and kernels that compute what those of a GPU would.

What only a GPU shows is in test_torch_cuda.py.
"""

import copy
import ctypes
import io

import pytest

torch = pytest.importorskip("torch")

import uwt.torch  # noqa: E402
from uwt import UsageError, _cuda  # noqa: E402
from uwt.torch import _counters, _cuda_experts, _cuda_ops, _packs  # noqa: E402

N, K = 200, 190


def view(address, shape):
    size = 2 * torch.Size(shape).numel()
    return torch.frombuffer((ctypes.c_char * size).from_address(address), dtype=torch.bfloat16).view(shape)


class Stub:
    """Kernels that find the dense weight by the bytes of its image, which copies have too."""

    dense = {}
    calls = []

    def __init__(self, pack, weight):
        self.n, self.k, self.bytes = weight.rows, weight.columns, weight.bytes

    def dense_of(self, image):
        return Stub.dense[ctypes.string_at(image, self.bytes)]

    def scratch(self, m):
        return 256 * m, 64

    def linear(self, image, m, x, x_stride, y, y_stride, workspace, counters, bias, stream):
        assert workspace[1] == 256 * m and counters[1] >= 64 and y_stride == 0
        step = x_stride or self.k
        rows = view(x, ((m - 1) * step + self.k,)).as_strided((m, self.k), (step, 1))
        result = rows.float() @ self.dense_of(image).float().T
        if bias is not None:
            assert bias[1] == 2 * self.n
            result += view(bias[0], (self.n,)).float()
        view(y, (m, self.n)).copy_(result)
        Stub.calls.append(m)

    def grouped_linear(self, image, offsets, x, y, workspace, counters, stream):
        dense = self.dense_of(image)
        assert len(offsets) == dense.shape[0] + 1
        for matrix, (begin, end) in enumerate(zip(offsets, offsets[1:])):
            if begin == end:
                continue
            rows = view(x + 2 * begin * self.k, (end - begin, self.k))
            view(y + 2 * begin * self.n, (end - begin, self.n)).copy_(rows.float() @ dense[matrix].float().T)

    def decode(self, image, matrix, address, size, stream):
        assert size == 2 * self.n * self.k
        view(address, (self.n, self.k)).copy_(self.dense_of(image).view(-1, self.n, self.k)[matrix])

    def gather(self, image, ids, id_bytes, count, rows, outside, stream):
        kind, dtype = {4: (ctypes.c_int32, torch.int32), 8: (ctypes.c_int64, torch.int64)}[id_bytes]
        numbers = torch.frombuffer((kind * count).from_address(ids), dtype=dtype).long()
        is_inside = (numbers >= 0) & (numbers < self.n)
        view(rows[0], (count, self.k)).copy_(self.dense_of(image)[numbers.clamp(0, self.n - 1)] * is_inside[:, None])
        ctypes.c_uint32.from_address(outside).value |= int(not is_inside.all())


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    """The operators, also for tensors of the CPU, with kernels that are none of a GPU."""
    torch.manual_seed(1)
    torch._dynamo.reset()
    Stub.dense.clear()
    Stub.calls.clear()
    library = torch.library.Library("uwt", "IMPL")
    for name in ("linear", "embedding", "decode"):
        library.impl(f"cuda_{name}", getattr(_cuda_ops, f"_{name}"), "CPU")
    library.impl("cuda_experts", _cuda_experts._experts, "CPU")
    counters = torch.zeros(1 << 16, dtype=torch.uint8)
    monkeypatch.setattr(_counters, "on", lambda *_: (counters.data_ptr(), counters.numel()))
    monkeypatch.setattr(_cuda_ops, "stream_of", lambda _: 0)
    monkeypatch.setattr(_cuda_ops, "device_of", lambda _: None)
    monkeypatch.setattr(_packs, "made_by", lambda device, what, make, name="": make(None))
    for kind in ("Kernels", "Decoder", "Gatherer"):
        monkeypatch.setattr(_cuda, kind, Stub)
    caches = (_cuda_ops.products, _cuda_ops._gatherer, _cuda_ops._decoder)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()
    library._destroy()


def held_of(dense, exact="product", format="inplace<12>"):
    image, text = _cuda_ops.encode_on_host(dense, format, torch.device("cpu"))
    Stub.dense[bytes(image.numpy())] = dense
    return uwt.torch.UwtTensor(image, tuple(dense.shape), dense.dtype, exact, text)


@pytest.fixture(name="dense")
def dense_weight():
    return torch.randn(N, K).mul(0.05).bfloat16()


@pytest.fixture(name="weight")
def weight_on_device(dense):
    return held_of(dense)


def product(x, dense, bias=None):
    y = x.float() @ dense.float().T
    return (y if bias is None else y + bias.float()).bfloat16()


@pytest.mark.parametrize("shape", [(K,), (0, K), (1, K), (2, 3, K), (70, K), (2, 0, K)])
def test_takes_x_of_any_rank(weight, dense, shape):
    x, bias = torch.randn(shape).bfloat16(), torch.randn(N).bfloat16()
    for given in (None, bias, torch.stack([bias, bias], 1)[:, 0]):
        y = torch.nn.functional.linear(x, weight, given)
        assert y.shape == (*shape[:-1], N) and torch.equal(y, product(x, dense, given))


def test_takes_x_of_any_layout(weight, dense):
    apart = torch.randn(4, 2 * K).bfloat16()
    for x in (apart[:, :K], apart[:, ::2], torch.randn(K, 4).bfloat16().T, apart[:1, :K].expand(3, K), apart[2:, 3 : 3 + K]):
        assert torch.equal(torch.nn.functional.linear(x, weight), product(x, dense))


def test_looks_like_the_dense_tensor(weight, dense):
    assert (weight.shape, weight.dtype, weight.format) == (dense.shape, dense.dtype, "inplace<12>")
    assert torch.equal(weight.dense(), dense) and torch.equal(weight + 0, dense) and torch.equal(weight[3], dense[3])
    with pytest.raises(TypeError, match="writes into a compressed weight"):
        weight.add_(1)


def test_rows_are_gathered(weight, dense):
    ids = torch.arange(12).reshape(3, 4) * 16
    for each in (ids, ids.to(torch.int32), ids.to(torch.uint8), ids.T, ids[:, ::2], ids[:0], ids[1, 2]):
        y = torch.nn.functional.embedding(each, weight)
        assert y.is_contiguous() and torch.equal(y, dense[each.long()])
    with pytest.raises(RuntimeError, match="an id is no row of the weight"):
        torch.nn.functional.embedding(torch.tensor([N]), weight)
    with pytest.raises(RuntimeError, match="ids are of torch.float32"):
        torch.ops.uwt.cuda_embedding(torch.zeros(3), weight.image, weight.on_device)


def test_gradients_are_those_of_the_dense_weight(weight, dense):
    bias, towards = torch.randn(N).bfloat16(), torch.randn(3, N).bfloat16()
    results = []
    for each in (weight, dense):
        x, b = torch.ones(3, K).bfloat16().requires_grad_(), bias.clone().requires_grad_()
        results.append(torch.autograd.grad(torch.nn.functional.linear(x, each, b), (x, b), towards))
    assert all(map(torch.equal, *results))
    with torch.no_grad():
        assert not torch.nn.functional.linear(x, weight, b).requires_grad


def test_exact_decode_has_the_bits_of_pytorch(dense):
    x = torch.randn(3, K).bfloat16()
    assert torch.equal(torch.nn.functional.linear(x, held_of(dense, "decode")), torch.nn.functional.linear(x, dense))
    assert not Stub.calls


def test_refuses_what_does_not_fit(weight):
    linear = torch.ops.uwt.cuda_linear
    x, image, text, bias = torch.zeros(1, K).bfloat16(), weight.image, weight.on_device, torch.zeros(N).bfloat16()
    for match, arguments in {
        "x has no dimensions": (x[0, 0], image, None, text),
        "x has 7 features, the weight 190": (x[:, :7], image, None, text),
        "x is torch.float32, the weight torch.bfloat16": (x.float(), image, None, text),
        r"the image is \(100,\) of torch.uint8, the weight's has \d+ bytes": (x, image[:100], None, text),
        "the bias has not 200 elements": (x, image, bias[1:], text),
        "the bias is torch.float32": (x, image, bias.float(), text),
    }.items():
        with pytest.raises(RuntimeError, match=match):
            linear(*arguments)
    with pytest.raises(UsageError, match="describes no weight in device memory"):
        linear(x, image, None, "BF16")
    with pytest.raises(RuntimeError, match="the image is"):
        torch.ops.uwt.cuda_decode(image[:100], text)


def test_operators_keep_pytorchs_rules(weight):
    x, bias = torch.randn(3, K).bfloat16(), torch.randn(N).bfloat16()
    own, text = weight.image, weight.on_device
    for given in ((x.clone().requires_grad_(), own, bias, text), (x[:, None], own, None, text),
                  (x, own, bias.clone().requires_grad_(), text)):
        torch.library.opcheck(torch.ops.uwt.cuda_linear, given)
    torch.library.opcheck(torch.ops.uwt.cuda_decode, (own, text))
    torch.library.opcheck(torch.ops.uwt.cuda_embedding, (torch.arange(12).reshape(3, 4), own, text))


def modules(dense):
    """A model with a weight that two modules share."""
    model = torch.nn.Sequential(torch.nn.Embedding(N, K), torch.nn.Linear(K, N), torch.nn.SiLU()).bfloat16()
    model[0].weight = model[1].weight = torch.nn.Parameter(held_of(dense), requires_grad=False)
    return model


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compiles_without_a_break(dense, backend):
    model, ids = modules(dense), torch.arange(12).reshape(3, 4)
    with torch.no_grad(), torch._inductor.config.patch(emulate_precision_casts=True):
        expected = model(ids)
        assert torch.equal(torch.compile(model, fullgraph=True, backend=backend)(ids), expected)
    x = torch.randn(2, K).bfloat16()
    gradients = []
    for run in (torch.compile(model[1], fullgraph=True, backend="aot_eager"), model[1]):
        given = x.clone().requires_grad_()
        run(given).float().sum().backward()
        gradients.append(given.grad)
    assert torch.equal(*gradients)


def test_exports_its_operators(dense):
    graph = torch.export.export(modules(dense), (torch.arange(3),)).graph
    called = [str(node.target) for node in graph.nodes if node.op == "call_function"]
    assert called.count("uwt.cuda_linear.default") == called.count("uwt.cuda_embedding.default") == 1


def test_copies_and_files_keep_it_compressed(dense, tmp_path):
    model, ids = modules(dense), torch.arange(12)
    with torch.no_grad():
        expected = model(ids)
        again = copy.deepcopy(model)
        own = again[1].weight
        assert isinstance(own, uwt.torch.UwtTensor) and own.on_device == model[1].weight.on_device
        assert own is again[0].weight and own.image.data_ptr() != model[1].weight.image.data_ptr()
        assert torch.equal(again(ids), expected)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    # Where the file says that the tensor was: here that is the CPU, which has images of its own.
    assert isinstance(state["1.weight"], uwt.torch.UwtTensor) and state["1.weight"].on_device is None
    assert torch.equal(state["1.weight"].dense(), dense)
    with pytest.raises(TypeError, match="cannot become torch.float32"):
        model.to(torch.float32)


def test_moves_to_the_cpu(weight, dense):
    moved = weight._moved(torch.device("cpu"))
    assert isinstance(moved, uwt.torch.UwtTensor) and moved.on_device is None and moved.format == "inplace<12>"
    assert torch.equal(moved.dense(), dense)
    layer = torch.nn.Linear(K, N, bias=False).bfloat16()
    uwt.torch.compress_(layer)
    with torch.no_grad():
        layer.weight.copy_(weight)
    assert layer.weight.on_device is None and torch.equal(layer.weight.dense(), dense)


def test_images_of_devices_are_not_taken_for_others(weight):
    with pytest.raises(Exception, match="the memory holds no weight"):
        uwt.torch.UwtTensor.from_image(weight.image)


def test_matrices_are_decoded(dense):
    held = held_of(torch.stack([dense, -dense]))
    assert held.shape == (2, N, K) and torch.equal(held.dense(), torch.stack([dense, -dense]))
    with pytest.raises(RuntimeError, match="the weight is of 2 matrices"):
        torch.ops.uwt.cuda_embedding(torch.tensor([0]), held.image, held.on_device)


EXPERTS, INNER = 5, 64


def silu_of_halves(rows):
    gate, up = rows.chunk(2, dim=1)
    return torch.nn.functional.silu(gate) * up


def experts_one_by_one(x, up, down, weights, ids, places, gated=silu_of_halves, biases=(None, None)):
    """What uwt::cuda_experts says, from dense weights."""

    def biased(rows, each, matrix):
        return rows if biases[each] is None else rows + biases[each][matrix]

    if places is not None:
        ids = places[ids.long()]
    y = torch.zeros(x.shape)
    for matrix in range(EXPERTS):
        rows, slots = (ids == matrix).nonzero(as_tuple=True)
        inner = gated(biased(product(x[rows], up[matrix]), 0, matrix))
        inner = biased(product(inner, down[matrix]), 1, matrix)
        y.index_add_(0, rows, inner.float() * weights[rows, slots, None].float())
    return y.bfloat16()


@pytest.mark.parametrize("places", [None, [2, 0, -1, 4, 1, 3], [-1] * 6])
@pytest.mark.parametrize("m", [0, 1, 9])
def test_experts_multiply_their_rows(places, m):
    up = torch.randn(EXPERTS, 2 * INNER, K).mul(0.1).bfloat16()
    down = torch.randn(EXPERTS, K, INNER).mul(0.1).bfloat16()
    held = held_of(up), held_of(down)
    x, weights = torch.randn(m, K).bfloat16(), torch.rand(m, 3).bfloat16()
    ids = torch.randint(EXPERTS + (places is not None), (m, 3), dtype=torch.int32)
    places = None if places is None else torch.tensor(places)
    arguments = x, held[0].image, held[1].image, weights, ids, places, "silu", held[0].on_device, held[1].on_device
    y = torch.ops.uwt.cuda_experts(*arguments)
    assert torch.equal(y, experts_one_by_one(x, up, down, weights, ids, places))
    torch.library.opcheck(torch.ops.uwt.cuda_experts, arguments)


@pytest.mark.parametrize("m", [0, 7])
def test_experts_have_biases_and_the_activation_of_gpt_oss(m):
    def gated(rows):
        gate, up = rows[:, ::2].clamp(max=2.0), rows[:, 1::2].clamp(-2.0, 2.0)
        return (up + 1) * (gate * torch.sigmoid(gate * 1.5))

    up = torch.randn(EXPERTS, 2 * INNER, K).mul(0.3).bfloat16()
    down = torch.randn(EXPERTS, K, INNER).mul(0.1).bfloat16()
    biases = torch.randn(EXPERTS, 2 * INNER).bfloat16(), torch.randn(EXPERTS, K).bfloat16()
    held = held_of(up), held_of(down)
    x, weights, ids = torch.randn(m, K).bfloat16(), torch.rand(m, 3).bfloat16(), torch.randint(EXPERTS, (m, 3))
    arguments = x, held[0].image, held[1].image, weights, ids, None, "swigluoai", held[0].on_device, held[1].on_device
    arguments += *biases, 1.5, 2.0
    y = torch.ops.uwt.cuda_experts(*arguments)
    assert torch.equal(y, experts_one_by_one(x, up, down, weights, ids, None, gated, biases))
    torch.library.opcheck(torch.ops.uwt.cuda_experts, arguments)


def test_experts_that_do_not_fit_are_refused():
    up, down = held_of(torch.randn(2, 2 * INNER, K).bfloat16()), held_of(torch.randn(2, K, INNER).bfloat16())
    x, scales, ids = torch.zeros(1, K).bfloat16(), torch.ones(1, 1).bfloat16(), torch.tensor([[1]])

    def run(x=x, down=down, ids=ids, activation="silu", bias=None):
        texts = up.on_device, down.on_device
        return torch.ops.uwt.cuda_experts(x, up.image, down.image, scales, ids, None, activation, *texts, bias)

    assert run().shape == x.shape
    with pytest.raises(RuntimeError, match="there is no expert 7 of 2"):
        run(ids=torch.tensor([[7]]))
    with pytest.raises(RuntimeError, match="there is no activation 'sine'"):
        run(activation="sine")
    with pytest.raises(RuntimeError, match="x is torch.float32, the weight torch.bfloat16"):
        run(x=x.float())
    with pytest.raises(RuntimeError, match=r"a bias is \[2, 128\] of torch.float32 on cpu, expected \[2, 128\] of torch.bf"):
        run(bias=torch.zeros(2, 2 * INNER))
    with pytest.raises(RuntimeError, match=r"up \[2, 128, 190\] and down \[2, 128, 190\] do not fit"):
        run(down=up)
