"""Operators over device images without a GPU: tensors of the CPU, and kernels that compute what those of a GPU would.

What only a GPU shows is in test_torch_cuda.py.
"""

import copy
import io
import json

import pytest
from conftest import write_safetensors

torch = pytest.importorskip("torch")

from device_stand_in import Stub, installed  # noqa: E402

import uwt.torch  # noqa: E402
from uwt import UsageError, _cuda  # noqa: E402
from uwt.torch import _counters, _cuda_described, _cuda_experts, _cuda_ops, _quantized  # noqa: E402
from uwt.torch._counters import on as counters_on  # noqa: E402

N, K = 200, 190


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    """The operators, also for tensors of the CPU, with kernels that are none of a GPU."""
    torch.manual_seed(1)
    torch._dynamo.reset()
    with installed(monkeypatch):
        yield


def held_of(dense, exact="product", format="inplace<12>"):
    image, text = _cuda_ops.encode(dense, format)
    return uwt.torch.UwtTensor(image, tuple(dense.shape), dense.dtype, exact, text)


@pytest.fixture(name="dense")
def dense_weight():
    return torch.randn(N, K).mul(0.05).bfloat16()


@pytest.fixture(name="weight")
def weight_on_device(dense):
    return held_of(dense)


@pytest.fixture(name="codes")
def folder_of_codes(tmp_path):
    """The quantised weights of a folder, and the values of the one that it has."""
    codes, scales = torch.randint(16, (128, 256), dtype=torch.uint8), torch.rand(128, 2).add(1).half()
    weights = {
        "m.weight": ("U8", codes.shape, codes.numpy().tobytes()),
        "m.weight_scale": ("F16", scales.shape, scales.numpy().tobytes()),
    }
    write_safetensors(tmp_path / "model.safetensors", weights)
    config = {"quant_method": "uwt-codes", "format": "uint<4>, zero=8, scale={1x128, f16}"}
    (tmp_path / "config.json").write_text(json.dumps({"quantization_config": config}), encoding="utf-8")
    values = (codes.float() - 8) * scales.float().repeat_interleave(128, dim=1)
    return _quantized.quantized_weights(uwt.Container(tmp_path), config, torch.bfloat16), values.bfloat16()


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
    described = _cuda_described.description_of(text)
    torch.library.opcheck(torch.ops.uwt.cuda_linear_described, (x, own, bias, described, N, K))
    torch.library.opcheck(torch.ops.uwt.cuda_embedding_described, (torch.arange(3), own, described, N, K, x.dtype))
    torch.library.opcheck(torch.ops.uwt.cuda_decode_described, (own, described, [N, K], x.dtype))


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


EXPERTS, INNER = 7, 64


def silu_of_halves(rows):
    gate, up = rows.chunk(2, dim=1)
    return torch.nn.functional.silu(gate) * up


def experts_one_by_one(x, up, down, weights, ids, places, gated=silu_of_halves, biases=(None, None)):
    """What uwt::cuda_experts says, from dense weights."""

    def biased(rows, each, matrix):
        return rows if biases[each] is None else rows + biases[each][matrix]

    if places is not None:
        ids = places[ids.long()]
    each = torch.zeros(*ids.shape, x.shape[1])
    for matrix in range(EXPERTS):
        rows, slots = (ids == matrix).nonzero(as_tuple=True)
        inner = gated(biased(product(x[rows], up[matrix]), 0, matrix))
        each[rows, slots] = biased(product(inner, down[matrix]), 1, matrix).float()
    return (each * weights[..., None].float()).sum(1).bfloat16()


@pytest.mark.parametrize("places", [None, [2, 0, -1, 4, 1, 3, 6, 5], [-1] * 8])
@pytest.mark.parametrize("m", [0, 1, 9, 40])
def test_experts_multiply_their_rows(places, m):
    """One by one, and in the order of matrices."""
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


def test_many_tokens_are_summed_a_slot_at_a_time(monkeypatch):
    product, scales = torch.randn(50, K).bfloat16(), torch.rand(9, 4)
    rows, elsewhere = torch.randint(50, (9, 4)), torch.rand(9, 4) < 0.3
    for hidden in (None, elsewhere):
        at_once = _cuda_experts._sums(product, rows, scales, hidden)
        with monkeypatch.context() as patch:
            patch.setattr(_cuda_experts, "_SUMMED_AT_ONCE", 35)
            each = _cuda_experts._sums(product, rows, scales, hidden)
        kept = scales if hidden is None else scales * ~hidden
        expected = torch.einsum("tsk,ts->tk", product[rows].double(), kept.double())
        assert (at_once - expected).abs().max() < 1e-5 and (each - expected).abs().max() < 1e-5


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


@pytest.mark.parametrize("slice", [8, 16])
def test_rows_of_experts_begin_with_slices(slice):
    generator = torch.Generator().manual_seed(slice)
    for rows, slots in ((1, 1), (3, 2), (50, 4)):
        ids = torch.randint(-1, EXPERTS, (rows, slots), generator=generator)
        slices = min(ids.numel(), EXPERTS) + (ids.numel() - min(ids.numel(), EXPERTS)) // slice
        table, places = _cuda_experts._ordered(ids, EXPERTS, slice, slices)
        counts = [int((ids == matrix).sum()) for matrix in range(EXPERTS)]
        expected = [matrix for matrix, count in enumerate(counts) for _ in range(-(-count // slice))]
        assert table.dtype == torch.int32 and table.shape == (1 + slices,)
        assert table[0] == len(expected) <= slices and table[1 : 1 + len(expected)].tolist() == expected
        assert (table[1:] >= 0).all() and (table[1:] < EXPERTS).all()
        here = places[ids >= 0]
        assert here.unique().numel() == here.numel() and (places[ids < 0] == slices * slice).all()
        assert torch.equal(table[1:][here // slice].long(), ids[ids >= 0])


def test_experts_that_do_not_fit_are_refused():
    up, down = held_of(torch.randn(2, 2 * INNER, K).bfloat16()), held_of(torch.randn(2, K, INNER).bfloat16())
    x, scales, ids = torch.zeros(1, K).bfloat16(), torch.ones(1, 1).bfloat16(), torch.tensor([[1]])

    def run(x=x, down=down, ids=ids, activation="silu", bias=None):
        texts = up.on_device, down.on_device
        return torch.ops.uwt.cuda_experts(x, up.image, down.image, scales, ids, None, activation, *texts, bias)

    assert run().shape == x.shape
    for count in (1, 2):
        with pytest.raises((RuntimeError, IndexError), match="out of bounds"):
            run(ids=torch.tensor([[7] * count]))
    with pytest.raises(RuntimeError, match="there is no activation 'sine'"):
        run(activation="sine")
    with pytest.raises(RuntimeError, match="x is torch.float32, the weight torch.bfloat16"):
        run(x=x.float())
    with pytest.raises(RuntimeError, match=r"a bias is \[2, 128\] of torch.float32 on cpu, expected \[2, 128\] of torch.bf"):
        run(bias=torch.zeros(2, 2 * INNER))
    with pytest.raises(RuntimeError, match=r"up \[2, 128, 190\] and down \[2, 128, 190\] do not fit"):
        run(down=up)


@pytest.mark.parametrize("asked", ["dense", "integer<8>"])
def test_codes_are_multiplied_as_they_are_asked_to_be(asked, codes, monkeypatch, caplog):
    tensors, weight = codes
    dense = torch.empty(weight.shape, dtype=torch.bfloat16)
    dense.copy_(tensors["m.weight"])
    assert torch.equal(dense, weight)
    held, why = _quantized.image_of_codes(dense, arithmetic=asked)
    assert why is None and _cuda.Weight.parse(held.on_device).arithmetic == asked
    assert _cuda_ops.kernels_for(_cuda.Weight.parse(held.on_device)).arithmetic == asked
    own = uwt.torch.UwtTensor(held.image, tuple(weight.shape), weight.dtype, "product", held.on_device)
    assert own.arithmetic == asked and torch.equal(own.dense(), weight)
    assert _cuda_described.text_of(_cuda_described.description_of(held.on_device)) == held.on_device
    # Where kernels lack that, it is said, and products are dense.
    load = _cuda_ops.load_kernels

    def none_by_integers(index, text):
        if "integer" in text:
            raise uwt.InvalidError("no product can be computed by integers")
        load(index, text)

    monkeypatch.setattr(_cuda_ops, "load_kernels", none_by_integers)
    dense.copy_(tensors["m.weight"])
    held, _ = _quantized.image_of_codes(dense, arithmetic=asked)
    assert _cuda.Weight.parse(held.on_device).arithmetic == "dense"
    said = [record.message for record in caplog.records if "not by integers" in record.message]
    assert len(said) == (asked != "dense") and all(text.endswith("no product can be computed by integers") for text in said)


def test_descriptions_are_read_with_every_call(weight, dense):
    description = _cuda_described.description_of(weight.on_device)
    assert _cuda_described.text_of(description) == weight.on_device
    x, ids = torch.randn(3, K).bfloat16(), torch.arange(5)
    call = torch.ops.uwt.cuda_linear_described
    assert torch.equal(call(x, weight.image, None, description, N, K), product(x, dense))
    assert torch.equal(
        torch.ops.uwt.cuda_embedding_described(ids, weight.image, description, N, K, x.dtype), dense[ids]
    )
    assert torch.equal(torch.ops.uwt.cuda_decode_described(weight.image, description, [N, K], x.dtype), dense)
    with pytest.raises(RuntimeError, match=r"the graph is for a weight of \[8, 190\], and this one has \[200, 190\]"):
        call(x, weight.image, None, description, 8, K)
    with pytest.raises(RuntimeError, match=r"a weight's description is \(3,\) of torch.uint8 on cpu"):
        call(x, weight.image, None, description[:3], N, K)

    # One graph for weights that are alike, and for one that takes the place of another.
    compiled = torch.compile(lambda *given: call(*given, N, K), fullgraph=True, backend="aot_eager")
    other = dense.flip(0).contiguous()
    texts = []
    for each in (dense, other):
        held = held_of(each)
        image, text = _cuda_described.with_room(held.image, held.on_device, 0.01)
        texts.append(text)
        with torch._dynamo.config.patch(error_on_recompile=len(texts) > 1):
            assert torch.equal(compiled(x, image, None, _cuda_described.description_of(text)), product(x, each))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("format", ["raw", "inplace<12>"])
@pytest.mark.parametrize("share", [0, 0.03, 0.9])
def test_room_for_records_changes_no_buffer(dense, format, share):
    # Exponents without a code, up to panels that are words.
    dense[torch.rand(dense.shape) < share] *= 2.0**-40
    held = held_of(dense, format=format)
    image, text = _cuda_described.with_room(held.image, held.on_device, 0.1)
    before, after = _cuda.Weight.parse(held.on_device), _cuda.Weight.parse(text)
    assert after.bytes == image.numel()
    for (begin, size), (at, room) in zip(before.buffers, after.buffers):
        assert at % _cuda.ALIGNMENT == 0 and room >= size and at + room <= image.numel() - _cuda.ALIGNMENT
        assert torch.equal(image[at : at + size], held.image[begin : begin + size])
        # Zeros follow each buffer.
        assert not image[at + size : at + room + _cuda.ALIGNMENT].any()
    ends = sorted((at, at + room) for at, room in after.buffers if room)
    assert all(end + _cuda.ALIGNMENT <= at for (_, end), (at, _) in zip(ends, ends[1:]))
    if format == "raw":
        assert text == held.on_device
        return
    # Fewer records in the same room, and more than it has.
    plain = held_of(torch.full_like(dense, 0.5))
    _, alike = _cuda_described.with_room(plain.image, plain.on_device, 0, text)
    assert _cuda.Weight.parse(alike).buffers[6][1] == after.buffers[6][1]
    _, more = _cuda_described.with_room(held.image, held.on_device, 0, plain.on_device)
    assert _cuda.Weight.parse(more).buffers[6][1] >= before.buffers[6][1]


def test_captures_share_memory_for_counters(monkeypatch):
    made, place = [], torch.device("cuda", 0)

    def zeros(device, stream, size):
        made.append(torch.zeros(size, dtype=torch.uint8))
        return made[-1]

    capture = [0]
    monkeypatch.setattr(_counters, "_zeros", zeros)
    monkeypatch.setattr(_counters, "_capture_of", lambda stream: capture[0])
    monkeypatch.setattr(_counters, "_GIVEN", {})
    monkeypatch.setattr(_counters, "_SHARED", {})
    monkeypatch.setattr(torch._C, "_cuda_isCurrentStreamCapturing", lambda: capture[0] != 0, raising=False)
    given = []
    for number in range(100):
        capture[0] = number
        for size in (8, 3000, 5000, 64):
            at, room = counters_on(place, 7, size)
            assert room >= size and (at, room) == counters_on(place, 7, size)
        given.append((at, at + room))
    assert counters_on(place, 7, 0) == (0, 0)
    # One stream's own, and about 8 kB a capture.
    assert [each.numel() for each in made] == [1 << 20] * 3
    assert all(end <= at for (_, end), (at, _) in zip(sorted(given), sorted(given)[1:]))
    capture[0] = 100
    assert counters_on(place, 7, 3 << 20)[1] >= 3 << 20 and made[-1].numel() == 3 << 20
