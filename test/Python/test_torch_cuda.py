"""uwt.torch on a GPU: bits, graphs, compiled graphs, files, models, memory, and a table of times.

All other machines skip these tests. Kernels are made by uwt-compiler, or are in the folder of packs that UWT_TEST_PACKS names.
"""

import copy
import io
import json
import os

import pytest

torch = pytest.importorskip("torch")
if not torch.cuda.is_available():
    pytest.skip("there is no GPU", allow_module_level=True)

import uwt.torch  # noqa: E402
from uwt import UnsupportedError  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from uwt.torch import UwtTensor, _counters, _cuda_described, _cuda_ops, _packs, _quantized  # noqa: E402

GPU = torch.device("cuda", 0)
N, K = 512, 384
#: n and k; the second one is a multiple of nothing.
SHAPES = [(N, K), (200, 190), (K, N)]
LARGE = 4096, 14336
FORMATS = "inplace<12>", "raw"
COMPOSITIONS = "uint<4>, zero=8, scale={1x64, bf16}", "f8E4M3FN, scale={1x64, bf16}", "f4E2M1FN, scale={1x64, bf16}"
# Of those, what is multiplied by integers too.
INTEGERS = COMPOSITIONS[0]
ROWS = 1, 3, 8, 9, 16, 17, 33, 64, 65, 128, 129, 300
HIDDEN, INNER, VOCABULARY, KEYS = 256, 512, 1000, 128
LLAMA = [(VOCABULARY, HIDDEN), (HIDDEN, HIDDEN), (KEYS, HIDDEN), (INNER, HIDDEN), (HIDDEN, INNER)]

#: Of up and down.
EXPERTS = [(256, 192), (192, 128)]


@pytest.fixture(scope="session", autouse=True)
def kernels():
    """All of them at once, on all processors."""
    if os.environ.get("UWT_TEST_PACKS"):
        uwt.torch.use_pack(os.environ["UWT_TEST_PACKS"])
        return
    wanted = [_packs.Kernels("BF16", format, *shape) for shape in (*SHAPES, *LLAMA) for format in FORMATS]
    wanted += [_packs.Kernels("BF16", format, *shape, True) for shape in SHAPES for format in FORMATS]
    wanted += [_packs.Kernels("BF16", format, *shape, grouped=True) for shape in EXPERTS for format in FORMATS]
    wanted += [_packs.Kernels("F16", format, N, K) for format in ("window<4>", "raw")]
    wanted += [_packs.Kernels("BF16", composition, N, K) for composition in COMPOSITIONS]
    wanted.append(_packs.Kernels("BF16", INTEGERS, N, K, arithmetic="integer<8>"))
    wanted.append(_packs.Kernels("BF16", "inplace<12>", *LARGE))
    _packs.make_ahead(wanted, _cuda_ops.device_of(0).target)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(1)
    torch._dynamo.reset()


def random_weight(n=N, k=K, dtype=torch.bfloat16):
    return torch.randn(n, k, device=GPU).mul(0.05).to(dtype)


def held_codes(composition, folder, arithmetic="dense"):
    """The image of codes that a loader has copied to the GPU, and the values that it copied: sums of small integers."""
    container = uwt.Container(checkpoint_of(composition, folder))
    (weight,) = _quantized.quantized_weights(container, {}, torch.bfloat16).values()
    dense = torch.empty(weight.shape, dtype=torch.bfloat16, device=GPU).copy_(weight)
    held, why = _quantized.image_of_codes(dense, arithmetic=arithmetic)
    assert why is None and _cuda_ops.what_of(held.on_device).weight.arithmetic == arithmetic
    return held, dense


def checkpoint_of(composition, folder):
    element = composition.partition(",")[0]
    # Of f8E4M3FN numbers from 1 to 11.
    begin, end = (56, 84) if element == "f8E4M3FN" else (0, 16)
    codes = torch.randint(begin, end, (N, K), dtype=torch.uint8)
    scales = 2.0 ** torch.randint(-1, 2, (N, K // 64))
    save_file({"m.weight": codes, "m.weight_scale": scales.bfloat16()}, folder / "model.safetensors")
    config = {"quant_method": "uwt-codes", "format": composition}
    (folder / "config.json").write_text(json.dumps({"quantization_config": config}), encoding="utf-8")
    return folder


def linear(x, weight, bias=None):
    with torch.no_grad():
        return torch.nn.functional.linear(x, weight, bias)


# Bits.


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("format", FORMATS)
def test_sums_of_integers_are_exact(shape, format):
    n, k = shape
    dense = torch.randint(-8, 9, (n, k), device=GPU).bfloat16()
    weight = UwtTensor.encode(dense, format)
    assert weight.image.is_cuda and weight.format == format
    bias = torch.randint(-99, 100, (n,), device=GPU).bfloat16()
    for m in ROWS:
        x = torch.randint(-4, 5, (m, k), device=GPU).bfloat16()
        exact = x.double() @ dense.double().T
        assert torch.equal(linear(x, weight), exact.bfloat16()), m
        assert torch.equal(linear(x, weight, bias), (exact + bias.double()).bfloat16()), m


@pytest.mark.parametrize("shape", SHAPES)
def test_products_have_the_bits_of_raw_weights(shape):
    dense = random_weight(*shape)
    compressed, raw = (UwtTensor.encode(dense, format) for format in FORMATS)
    bias = torch.randn(shape[0], device=GPU).bfloat16()
    for m in ROWS:
        x = torch.randn(m, shape[1], device=GPU).bfloat16()
        for given in (None, bias):
            y = linear(x, compressed, given)
            assert torch.equal(y, linear(x, raw, given)), m
            # Only to see that it is this product: PyTorch adds in another order.
            reference = linear(x.float(), dense.float(), None if given is None else given.float())
            assert (y.float() - reference).norm() < 0.01 * reference.norm(), m


def test_f16_is_encoded_by_the_host():
    dense = random_weight(dtype=torch.float16)
    compressed, raw = (UwtTensor.encode(dense, format) for format in ("window<4>", "raw"))
    assert torch.equal(compressed.dense(), dense) and torch.equal(raw.dense(), dense)
    for m in (1, 64):
        x = torch.randn(m, K, device=GPU).half()
        assert torch.equal(linear(x, compressed), linear(x, raw))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("format", FORMATS)
def test_codes_and_rows_are_exact(shape, format):
    n, k = shape
    dense = random_weight(n, k)
    # Elements that no code stands for.
    dense[3, 5], dense[n - 1, k - 1], dense[0, 0] = 1e30, -3e-30, float("inf")
    weight = UwtTensor.encode(dense, format)
    assert torch.equal(weight.dense(), dense)
    host, text = _cuda_ops.encode_on_host(dense.cpu(), format, GPU)
    assert text == weight.on_device and torch.equal(host, weight.image)
    for ids in (torch.arange(n, device=GPU), torch.randint(n, (3, 7), device=GPU, dtype=torch.int32),
                torch.tensor(n - 1, device=GPU), torch.empty(0, dtype=torch.int64, device=GPU)):
        assert torch.equal(torch.nn.functional.embedding(ids, weight), torch.nn.functional.embedding(ids, dense))


def test_takes_x_of_any_layout():
    weight = UwtTensor.encode(random_weight())
    apart = torch.randn(6, 2 * K, device=GPU).bfloat16()
    for x in (apart[:, :K], apart[:, 3 : 3 + K], apart[:, ::2], torch.randn(K, 4, device=GPU).bfloat16().T,
              apart[:1, :K].expand(3, K), apart[0, :K], apart[:0, :K], apart[:, :K].reshape(2, 3, K)):
        assert torch.equal(linear(x, weight), linear(x.contiguous(), weight))


def test_experts_have_the_bits_of_raw_weights():
    count, slots = 6, 3
    dense = [torch.randint(-2, 3, (count, *shape), device=GPU).bfloat16() for shape in EXPERTS]
    held = [[UwtTensor.encode(each, format) for each in dense] for format in FORMATS]
    assert all(torch.equal(own.dense(), each) for pair in held for own, each in zip(pair, dense))
    for m in (1, 40, 300):
        x = torch.randint(-1, 2, (m, EXPERTS[0][1]), device=GPU).bfloat16()
        ids, scales = torch.randint(count, (m, slots), device=GPU), torch.rand(m, slots, device=GPU).bfloat16()
        results = [
            torch.ops.uwt.cuda_experts(
                x, up.image, down.image, scales, ids, None, "silu", up.on_device, down.on_device
            )
            for up, down in held
        ]
        assert torch.equal(*results)
        # The first product is exact, and rounded once.
        both = torch.einsum("mk,enk->men", x.double(), dense[0].double()).bfloat16()
        gate, scale = both.chunk(2, dim=2)
        inner = (torch.nn.functional.silu(gate) * scale).double()
        every = torch.einsum("mei,eki->mek", inner, dense[1].double())
        chosen = every.gather(1, ids[..., None].expand(-1, -1, every.shape[2]))
        reference = (chosen * scales[..., None].double()).sum(1)
        assert (results[0].double() - reference).norm() < 0.01 * reference.norm()


def test_graphs_hold_experts_whichever_are_chosen():
    count, (both, k) = 32, EXPERTS[0]
    up, down = (UwtTensor.encode(random_weight(count * shape[0], shape[1]).view(count, *shape)) for shape in EXPERTS)
    # One by one, and in the order of experts.
    for m in (1, 4, 40):
        x, ids = torch.empty(m, k, device=GPU).bfloat16(), torch.zeros(m, 4, dtype=torch.int64, device=GPU)
        scales = torch.empty(m, 4, device=GPU).bfloat16()

        def run():
            return torch.ops.uwt.cuda_experts(
                x, up.image, down.image, scales, ids, None, "silu", up.on_device, down.on_device
            )

        run()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            y = run()
        for chosen in (1, 5, count):
            x.normal_()
            scales.uniform_()
            ids.random_(chosen)
            graph.replay()
            assert torch.equal(y, run()), (m, chosen)


def test_experts_of_gpt_oss_have_the_bits_of_raw_weights():
    count, (both, k) = 6, EXPERTS[0]
    dense = [torch.randint(-2, 3, (count, *shape), device=GPU).bfloat16() for shape in EXPERTS]
    biases = [torch.randn(count, rows, device=GPU).bfloat16() for rows in (both, k)]
    x, ids = torch.randint(-1, 2, (40, k), device=GPU).bfloat16(), torch.randint(count, (40, 2), device=GPU)
    results = []
    for format in FORMATS:
        up, down = (UwtTensor.encode(each, format) for each in dense)
        results.append(torch.ops.uwt.cuda_experts(
            x, up.image, down.image, torch.ones(40, 2, device=GPU).bfloat16(), ids, None, "swigluoai", up.on_device,
            down.on_device, *biases
        ))
    assert torch.equal(*results) and results[0].isfinite().all() and results[0].abs().max() > 0


def test_gradients_are_those_of_the_dense_weight():
    dense, towards = random_weight(), torch.randn(5, N, device=GPU).bfloat16()
    weight, bias = UwtTensor.encode(dense), torch.randn(N, device=GPU).bfloat16()
    results = []
    for each in (weight, dense):
        x, b = torch.ones(5, K, device=GPU, dtype=torch.bfloat16, requires_grad=True), bias.clone().requires_grad_()
        results.append(torch.autograd.grad(torch.nn.functional.linear(x, each, b), (x, b), towards))
    assert torch.equal(results[0][0], towards @ dense) and torch.equal(results[0][1], results[1][1])


# Streams and graphs.


def stack():
    """Layers that share counters and workspace; between them what has the same bits in all compilers."""
    layers = torch.nn.Linear(K, N), torch.nn.ReLU(), torch.nn.Linear(N, K, bias=False), torch.nn.Linear(K, N)
    model = torch.nn.Sequential(*layers).to(GPU, torch.bfloat16).eval()
    uwt.torch.compress_(model)
    return model


def counters_are_zero():
    torch.cuda.synchronize()
    return not any(bool(each.any()) for given in _counters._GIVEN.values() for each in given)


def test_streams_do_not_meet():
    model, inputs = stack(), [torch.randn(m, K, device=GPU).bfloat16() for m in (1, 40)]
    with torch.no_grad():
        expected = [model(x) for x in inputs]
        torch.cuda.synchronize()
        results = [[], []]
        streams = [torch.cuda.Stream(), torch.cuda.Stream()]
        for _ in range(20):
            for x, stream, made in zip(inputs, streams, results):
                with torch.cuda.stream(stream):
                    made.append(model(x))
        torch.cuda.synchronize()
    assert all(torch.equal(y, expected[i]) for i in (0, 1) for y in results[i])
    assert counters_are_zero()


def test_graphs_capture_products():
    model = stack()
    with torch.no_grad():
        graphs = []
        for m in (1, 40):
            x = torch.randn(m, K, device=GPU).bfloat16()
            expected = model(x)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                y = model(x)
            graphs.append((graph, x, y))
            graph.replay()
            assert torch.equal(y, expected)
        for _, x, _ in graphs:
            x.normal_()
        expected = [model(x) for _, x, _ in graphs]
        torch.cuda.synchronize()
        # Beside each other, again and again.
        streams = [torch.cuda.Stream(), torch.cuda.Stream()]
        for _ in range(20):
            for (graph, _, _), stream in zip(graphs, streams):
                with torch.cuda.stream(stream):
                    graph.replay()
        torch.cuda.synchronize()
        assert all(torch.equal(y, each) for (_, _, y), each in zip(graphs, expected))
    assert counters_are_zero()


def test_graphs_capture_rows():
    weight = UwtTensor.encode(random_weight())
    ids = torch.arange(7, device=GPU)
    expected = torch.nn.functional.embedding(ids, weight), weight.dense()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        made = torch.nn.functional.embedding(ids, weight), weight.dense()
    graph.replay()
    assert all(map(torch.equal, made, expected))


# Models.


def test_described_weights_take_each_others_place():
    """As layers of vLLM have them, whose weights are loaded again under a graph."""
    first, second, x = random_weight(), random_weight(), torch.randn(3, K, device=GPU).bfloat16()
    image, text = _cuda_described.with_room(*_cuda_ops.encode(first, "inplace<12>"), 0.01)
    other, of_other = _cuda_described.with_room(*_cuda_ops.encode(second, "inplace<12>"), 0.01, text)
    assert text == of_other and image.shape == other.shape
    description = _cuda_described.description_of(text)

    def product():
        return torch.ops.uwt.cuda_linear_described(x, image, None, description, N, K)

    expected = [linear(x, UwtTensor.encode(each)) for each in (first, second)]
    with torch.no_grad():
        assert torch.equal(product(), expected[0])
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            y = product()
        graph.replay()
        assert torch.equal(y, expected[0])
        image.copy_(other)
        graph.replay()
        assert torch.equal(y, expected[1])
        compiled = torch.compile(lambda *given: torch.ops.uwt.cuda_linear_described(*given, N, K), fullgraph=True)
        assert torch.equal(compiled(x, image, None, description), expected[1])
    ids = torch.tensor([5, 0, N - 1], device=GPU)
    assert torch.equal(torch.ops.uwt.cuda_embedding_described(ids, image, description, N, K, x.dtype), second[ids])
    assert torch.equal(torch.ops.uwt.cuda_decode_described(image, description, [N, K], x.dtype), second)


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_codes_have_the_bits_of_their_values(composition, tmp_path):
    held, dense = held_codes(composition, tmp_path)
    assert held.image.device == dense.device and _cuda_ops.what_of(held.on_device).weight.format == composition
    assert torch.equal(torch.ops.uwt.cuda_decode(held.image, held.on_device), dense)
    raw = UwtTensor.encode(dense, "raw")
    for m in ROWS:
        x = torch.randn(m, K, device=GPU).bfloat16()
        y = torch.ops.uwt.cuda_linear(x, held.image, None, held.on_device)
        # The weights have the same bits; sums may be in another order.
        exact = x.double() @ dense.double().T
        assert (y.double() - exact).abs().max() <= (linear(x, raw).double() - exact).abs().max() * 2, m
        integers = torch.randint(-4, 5, (m, K), device=GPU).bfloat16()
        assert torch.equal(
            torch.ops.uwt.cuda_linear(integers, held.image, None, held.on_device), linear(integers, raw)
        ), m


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_codes_stay_codes_where_they_are_moved(composition, tmp_path):
    container = uwt.Container(checkpoint_of(composition, tmp_path))
    (weight,) = _quantized.quantized_weights(container, {}, torch.bfloat16).values()
    dense = torch.empty(weight.shape, dtype=torch.bfloat16).copy_(weight)
    held, _ = _quantized.image_of_codes(dense)
    moved = UwtTensor(held.image, tuple(dense.shape), dense.dtype, "product").to(GPU)
    assert moved.on_device is not None and moved.format not in ("raw", "inplace<12>")
    assert torch.equal(moved.dense().cpu(), dense)
    x = torch.randint(-4, 5, (9, K), device=GPU).bfloat16()
    assert torch.equal(linear(x, moved), linear(x, UwtTensor.encode(dense.to(GPU), "raw")))


def test_codes_by_integers_have_the_bits_of_cpus(tmp_path):
    import uwt.compiler

    held, _ = held_codes(INTEGERS, tmp_path, "integer<8>")
    text = _packs.module_of(_packs.Kernels("BF16", INTEGERS, N, K)).replace('uwt.weight "w"', 'uwt.weight "m.weight"')
    program = uwt.compiler.compile(text.encode(), weights=[tmp_path], format=INTEGERS, arithmetic="integer<8>")
    for m in ROWS:
        x = torch.randn(m, K, device=GPU).bfloat16()
        y = torch.ops.uwt.cuda_linear(x, held.image, None, held.on_device)
        (expected,) = program(x.cpu())
        assert torch.equal(y.cpu(), expected), m


def test_operators_keep_pytorchs_rules():
    weight = UwtTensor.encode(random_weight())
    own, text = weight.image, weight.on_device
    x, bias = torch.randn(3, K, device=GPU).bfloat16(), torch.randn(N, device=GPU).bfloat16()
    torch.library.opcheck(torch.ops.uwt.cuda_linear, (x.clone().requires_grad_(), own, bias, text))
    torch.library.opcheck(torch.ops.uwt.cuda_linear, (x[:, None], own, None, text))
    torch.library.opcheck(torch.ops.uwt.cuda_decode, (own, text))
    torch.library.opcheck(torch.ops.uwt.cuda_embedding, (torch.arange(6, device=GPU).reshape(2, 3), own, text))


def test_what_cannot_be_is_refused(monkeypatch):
    weight = UwtTensor.encode(random_weight())
    with pytest.raises(RuntimeError, match="x is on cpu, the weight on cuda:0"):
        torch.ops.uwt.cuda_linear(torch.zeros(1, K).bfloat16(), weight.image, None, weight.on_device)
    with pytest.raises(RuntimeError, match="the image is"):
        torch.ops.uwt.cuda_decode(weight.image[:-1], weight.on_device)

    def missing(*_):
        raise ImportError("uwt.compiler needs the package uwt-compiler")

    monkeypatch.setattr(_packs, "pack_of", missing)
    layer = torch.nn.Linear(72, 136, bias=False).bfloat16()
    uwt.torch.compress_(layer, "raw")
    with pytest.raises(UnsupportedError, match=r"uwt.torch has no kernels for weights \[136, 72\] of BF16 in raw on NVIDIA"):
        layer.to(GPU)


def test_models_move_and_are_kept(tmp_path):
    ids = torch.arange(12).reshape(3, 4)
    model = torch.nn.Sequential(torch.nn.Embedding(N, K), torch.nn.Linear(K, N), torch.nn.Linear(N, K, bias=False))
    model.append(torch.nn.Linear(K, N, bias=False))
    model = model.to(torch.bfloat16).eval()
    model[3].weight = model[0].weight
    original = copy.deepcopy(model)
    report = uwt.torch.compress_(model)
    assert not report.left
    model.to(GPU)
    assert all(isinstance(each, UwtTensor) == (each.dim() == 2) and each.is_cuda for each in model.parameters())
    assert model[3].weight is model[0].weight
    for mine, theirs in zip(model.parameters(), original.parameters()):
        assert torch.equal(mine.dense().cpu() if isinstance(mine, UwtTensor) else mine.cpu(), theirs)
    # On the GPU from the first on.
    there = copy.deepcopy(original).to(GPU)
    assert uwt.torch.compress_(there).bytes < sum(2 * each.numel() for each in original.parameters())
    with torch.no_grad():
        expected = model(ids.to(GPU))
        assert torch.equal(there(ids.to(GPU)), expected)
        again = copy.deepcopy(model)
        assert again[3].weight is again[0].weight and torch.equal(again(ids.to(GPU)), expected)
        file = io.BytesIO()
        torch.save(model.state_dict(), file)
        for place in ("cuda", "cpu"):
            file.seek(0)
            state = torch.load(file, weights_only=True, map_location=place)
            assert all(each.device.type == place for each in state.values())
            assert torch.equal(state["1.weight"].dense().cpu(), original[1].weight)
            again.load_state_dict(state)
            assert again[1].weight.is_cuda and torch.equal(again(ids.to(GPU)), expected)
        again.load_state_dict(original.state_dict())
        assert isinstance(again[1].weight, UwtTensor) and torch.equal(again(ids.to(GPU)), expected)
        back = again.cpu()
        assert all(each.device.type == "cpu" for each in back.parameters())
        assert torch.equal(back[1].weight.dense(), original[1].weight)


def test_memory_is_that_of_the_image():
    layer = torch.nn.Linear(LARGE[1], LARGE[0], bias=False, dtype=torch.bfloat16, device=GPU)
    torch.nn.init.normal_(layer.weight, std=0.02)
    before = torch.cuda.memory_allocated()
    dense = 2 * LARGE[0] * LARGE[1]
    report = uwt.torch.compress_(layer)
    freed = before - torch.cuda.memory_allocated()
    print(f"\n[{LARGE[0]}, {LARGE[1]}]: {dense / 1e6:.1f} MB dense, {report.bytes / 1e6:.1f} MB compressed, {freed / 1e6:.1f} MB freed")
    # But for what the allocator rounds up, and counters.
    assert abs(dense - report.bytes - freed) < 4 << 20 and freed > 0.2 * dense


def test_a_llama_says_the_same_as_from_raw_weights():
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        vocab_size=VOCABULARY, tie_word_embeddings=True, max_position_embeddings=256, bos_token_id=1, eos_token_id=None,
        pad_token_id=0,
    )  # fmt: skip
    dense = transformers.LlamaForCausalLM(config).to(GPU, torch.bfloat16).eval()
    ids = torch.arange(1, 13, device=GPU)[None]
    tokens, logits = [], []
    for format in FORMATS:
        model = copy.deepcopy(dense)
        report = uwt.torch.compress_(model, format)
        assert report.compressed and not report.left
        with torch.no_grad():
            tokens.append(model.generate(ids, max_new_tokens=24, do_sample=False))
            logits.append(model(ids).logits)
    assert torch.equal(*tokens) and torch.equal(*logits) and tokens[0].shape == (1, 36)
    with torch.no_grad():
        reference = dense(ids).logits.float()
    assert (logits[0].float() - reference).norm() < 0.02 * reference.norm()


@pytest.mark.parametrize(("mode", "rows"), [(None, (3, 40)), ("reduce-overhead", (3, 3, 3, 3))])
def test_compiles_without_a_break(mode, rows):
    model = stack()
    with torch.no_grad(), torch._inductor.config.patch(emulate_precision_casts=True):
        run = torch.compile(model, fullgraph=True, mode=mode)
        for m in rows:
            x = torch.randn(m, K, device=GPU).bfloat16()
            assert torch.equal(run(x), model(x)), m
    assert counters_are_zero()


# Times.


def microseconds(run, repeats=10):
    """A call of a function that runs as many launches as weights are, and of the graph of it."""
    graph = torch.cuda.CUDAGraph()
    run()
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        run()
    times = []
    for each in (graph.replay, run):
        each()
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        torch.cuda.synchronize()
        begin.record()
        for _ in range(repeats):
            each()
        end.record()
        torch.cuda.synchronize()
        times.append(1000 * begin.elapsed_time(end) / repeats)
    return times


def test_prints_a_table_of_times():
    """Weights that no cache holds: eight of them, in turn."""
    copies = 8
    dense = [torch.randn(LARGE, device=GPU).mul(0.02).bfloat16() for _ in range(copies)]
    compressed = [UwtTensor.encode(each) for each in dense]
    print(f"\n{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, [{LARGE[0]}, {LARGE[1]}], µs a product")
    print(f"{'m':>4} {'F.linear, graph':>16} {'uwt, graph':>12} {'ratio':>6} {'F.linear, eager':>16} {'uwt, eager':>12}")
    with torch.inference_mode():
        for m in (1, 8, 64):
            x = torch.randn(m, LARGE[1], device=GPU).bfloat16()
            rows = [microseconds(lambda: [torch.nn.functional.linear(x, each) for each in weights])  # noqa: B023
                    for weights in (dense, compressed)]
            (theirs, theirs_eager), (ours, ours_eager) = [[each / copies for each in row] for row in rows]
            print(f"{m:4} {theirs:16.1f} {ours:12.1f} {theirs / ours:6.2f} {theirs_eager:16.1f} {ours_eager:12.1f}")
