"""FileTensor: tensors of open files that are read where they are used; and uwt::experts, which has such tensors as weights."""

import numpy as np
import pytest
from conftest import bf16, require_kernels, write_safetensors

torch = pytest.importorskip("torch")

import uwt  # noqa: E402
from uwt.torch import UwtTensor  # noqa: E402
from uwt.torch._file_tensor import FileTensor  # noqa: E402


@pytest.fixture(name="opened", scope="module")
def open_container(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(4)
    shapes = {"matrix": (200, 96), "experts": (3, 70, 64), "vector": (90,)}
    tensors = {
        name: ("BF16", shape, bf16(random.normal(0, 0.02, shape)).tobytes()) for name, shape in shapes.items()
    }
    write_safetensors(folder / "model.safetensors", tensors)
    uwt.compress(folder / "model.safetensors", folder / "model.uwt.safetensors")
    return uwt.Container(folder / "model.uwt.safetensors")


def both(opened, name):
    return FileTensor(opened, opened.find(name)), opened.read(name, framework="pt")


def equal(tensor, expected):
    assert tensor.shape == expected.shape and tensor.dtype == expected.dtype
    return torch.equal(torch.empty_like(expected).copy_(tensor), expected)


@pytest.fixture(name="reads")
def counted_reads(monkeypatch):
    """Bytes of each read."""
    sizes, read_into = [], uwt.Container.read_into

    def count(self, name, part, address, size, context):
        sizes.append(size)
        read_into(self, name, part, address, size, context)

    monkeypatch.setattr(uwt.Container, "read_into", count)
    return sizes


@pytest.mark.parametrize("name", ["matrix", "experts", "vector"])
def test_is_what_the_file_holds(opened, name):
    tensor, expected = both(opened, name)
    assert equal(tensor, expected)
    assert torch.equal(tensor + 0, expected)
    assert torch.equal(tensor.t() if tensor.dim() == 2 else tensor.flatten(), expected.t() if expected.dim() == 2 else expected.flatten())
    assert equal(tensor.detach().data, expected)
    assert tensor.device.type == "cpu" and not tensor.requires_grad


@pytest.mark.parametrize("name", ["matrix", "vector"])
def test_is_read_to_the_cpu_whatever_the_default_device(opened, name):
    # vLLM loads models to GPUs with such a default.
    tensor, expected = both(opened, name)
    with torch.device("meta"):
        read = opened.read(name, framework="pt")
        held = UwtTensor.encode(expected) if expected.dim() == 2 else None
        found = [tensor.dense(), tensor + 0, read] + ([tensor.t() + 0, held.dense()] if held is not None else [])
    wanted = [expected] * 3 + [expected.t(), expected]
    assert all(equal(each, like) for each, like in zip(found, wanted))


def test_reads_the_parts_that_are_copied(opened, reads):
    tensor, expected = both(opened, "matrix")
    reads.clear()
    part = tensor.narrow(0, 70, 60).narrow(1, 32, 48)[3:, :-8]
    assert isinstance(part, FileTensor) and not reads
    assert equal(part, expected[73:130, 32:72])
    assert reads == [57 * 40 * 2]


def test_takes_one_matrix_of_several(opened, reads):
    tensor, expected = both(opened, "experts")
    reads.clear()
    for index in (0, 2, -1):
        assert isinstance(tensor[index], FileTensor)
        assert equal(tensor[index], expected[index])
        assert equal(tensor[index].narrow(0, 64, 6), expected[index, 64:])
    assert equal(tensor.narrow(1, 10, 20), expected[:, 10:30])
    assert sum(reads) == 3 * (70 * 64 + 6 * 64) * 2 + 3 * 20 * 64 * 2


def test_takes_some_matrices_of_several(opened, reads):
    tensor, expected = both(opened, "experts")
    reads.clear()
    some = tensor[1:]
    assert isinstance(some, FileTensor) and not reads
    assert equal(some, expected[1:]) and reads == [70 * 64 * 2] * 2
    assert equal(some[1], expected[2]) and equal(some[-2], expected[1]) and equal(some[1:], expected[2:])
    assert equal(some[:, 10:30].transpose(1, 2), expected[1:, 10:30].transpose(1, 2))
    assert equal(some.transpose(1, 2)[:1, :, 5:], expected[1:2].transpose(1, 2)[:, :, 5:])
    assert equal(tensor[2:2], expected[2:2]) and equal(tensor[:3], expected)
    # As vLLM has them for ranks that share experts.
    assert equal(tensor.narrow(0, 1, 2).narrow(2, 32, 32), expected[1:, :, 32:])


def test_parts_are_transposed(opened, reads):
    for name, exchange in (("matrix", lambda each: each.permute(1, 0)), ("experts", lambda each: each.permute(0, 2, 1))):
        tensor, expected = both(opened, name)
        reads.clear()
        turned, wanted = exchange(tensor).contiguous(), exchange(expected)
        assert isinstance(turned, FileTensor) and turned.shape == wanted.shape and not reads
        assert equal(turned[..., 3:40, 32:48], wanted[..., 3:40, 32:48])
        assert equal(turned.transpose(-1, -2), expected)
        assert torch.equal(turned + 0, wanted)
        assert torch.equal(torch.empty(wanted.shape).copy_(turned), wanted.float())
    tensor, expected = both(opened, "experts")
    assert equal(tensor.transpose(1, 2)[1], expected[1].t())
    assert equal(tensor.permute(1, 0, 2), expected.permute(1, 0, 2))


def test_what_is_no_part_is_a_dense_copy(opened):
    tensor, expected = both(opened, "experts")
    assert equal(tensor[:, 5], expected[:, 5])
    assert equal(tensor[::2], expected[::2])
    assert equal(tensor[:, ::3], expected[:, ::3])
    assert equal(torch.cat([tensor[0], tensor[1]]), torch.cat([expected[0], expected[1]]))
    with pytest.raises((IndexError, RuntimeError)):
        tensor.narrow(1, 60, 20)


def test_copies_into_memory_that_lies_apart_and_other_types(opened):
    tensor, expected = both(opened, "matrix")
    wide = torch.zeros(200, 100, dtype=torch.bfloat16)
    wide[:, :96].copy_(tensor)
    assert torch.equal(wide[:, :96], expected) and not wide[:, 96:].any()
    assert torch.equal(torch.empty(200, 96).copy_(tensor), expected.float())
    row = torch.empty(3, 200, 96, dtype=torch.bfloat16).copy_(tensor)
    assert all(torch.equal(each, expected) for each in row)


def test_nothing_is_read_for_no_device(opened, reads):
    tensor, _ = both(opened, "matrix")
    reads.clear()
    torch.empty(200, 96, dtype=torch.bfloat16, device="meta").copy_(tensor)
    assert not reads


def test_is_not_written(opened):
    tensor, _ = both(opened, "matrix")
    with pytest.raises(TypeError, match="matrix: tensors of files cannot be written"):
        tensor.copy_(torch.zeros(200, 96, dtype=torch.bfloat16))
    with pytest.raises(TypeError, match="matrix: aten.zero_.default would write into a tensor of a file"):
        tensor.zero_()


@pytest.fixture(name="experts", scope="module")
def made_experts():
    generator = torch.Generator().manual_seed(6)
    up, down = (torch.randn(shape, generator=generator).mul(0.1).bfloat16() for shape in [(4, 96, 64), (4, 64, 48)])
    require_kernels()
    x = torch.randn(7, 64, generator=generator).bfloat16()
    ids = torch.stack([torch.randperm(4, generator=generator)[:2] for _ in range(7)])
    return x, up, down, torch.rand(7, 2, generator=generator), ids


def call(experts, format, places=None, rows=slice(None), activation="silu"):
    x, up, down, weights, ids = experts
    images = [UwtTensor.encode(each, format).image for each in (up, down)]
    return torch.ops.uwt.experts(x[rows], *images, weights[rows], ids[rows], places, activation)


@pytest.mark.parametrize("activation", ["silu", "gelu", "gelu_tanh"])
def test_experts_are_sums_of_products(experts, activation):
    from uwt.torch._experts import FUNCTIONS

    x, up, down, weights, ids = experts
    found = call(experts, "inplace<12>", activation=activation)
    for row in range(7):
        expected = torch.zeros(64)
        for slot in ids[row].argsort():
            matrix = ids[row, slot]
            of = lambda each: UwtTensor.encode(each[matrix]).image  # noqa: E731
            gate, scale = torch.ops.uwt.linear(x[row : row + 1], of(up), None, 96, 64).chunk(2, -1)
            product = torch.ops.uwt.linear(FUNCTIONS[activation](gate) * scale, of(down), None, 64, 48)
            expected += product[0].float() * weights[row, slot]
        assert torch.equal(found[row], expected.bfloat16())


def test_experts_of_gpt_oss(experts):
    x, up, down, weights, ids = experts
    generator = torch.Generator().manual_seed(8)
    biases = [torch.randn(shape, generator=generator).bfloat16() for shape in [(4, 96), (4, 64)]]
    images = [UwtTensor.encode(each).image for each in (up, down)]
    found = torch.ops.uwt.experts(x, *images, weights, ids, None, "swigluoai", *biases, alpha=1.5, limit=1.25)
    reached = 0
    for row in range(7):
        expected = torch.zeros(64)
        for slot in ids[row].argsort():
            matrix = ids[row, slot]
            of = lambda each: UwtTensor.encode(each[matrix]).image  # noqa: E731
            product = torch.ops.uwt.linear(x[row : row + 1], of(up), biases[0][matrix], 96, 64)
            gate, scale = product[:, ::2].clamp(max=1.25), product[:, 1::2].clamp(min=-1.25, max=1.25)
            reached += (product[:, ::2] > 1.25).sum() * (product[:, 1::2] < -1.25).sum()
            hidden = (scale + 1) * (gate * torch.sigmoid(gate * 1.5))
            product = torch.ops.uwt.linear(hidden, of(down), biases[1][matrix], 64, 48)
            expected += product[0].float() * weights[row, slot]
        assert torch.equal(found[row], expected.bfloat16())
    assert reached > 0
    torch.library.opcheck(torch.ops.uwt.experts, (x, *images, weights, ids, None, "swigluoai", *biases))


def test_experts_have_the_bits_of_raw_weights_and_of_each_token_alone(experts):
    found = call(experts, "inplace<12>")
    assert torch.equal(found, call(experts, "raw"))
    for row in range(7):
        assert torch.equal(call(experts, "inplace<12>", rows=slice(row, row + 1))[0], found[row])


def test_experts_run_from_f16(experts):
    x, up, down, weights, ids = experts
    halves = x.half(), up.half(), down.half(), weights, ids
    found = call(halves, "auto")
    assert found.dtype == torch.float16 and torch.equal(found, call(halves, "raw"))
    assert (found.float() - call(experts, "raw").float()).abs().max() < 0.02
    with pytest.raises(RuntimeError, match="x is torch.bfloat16, the weight torch.float16"):
        call((x, up.half(), down.half(), weights, ids), "raw")


def test_experts_of_two_places_add_up(experts):
    x, up, down, weights, ids = experts
    both_halves = []
    for begin in (0, 2):
        places = torch.tensor([each - begin if begin <= each < begin + 2 else -1 for each in range(4)])
        half = (x, up[begin : begin + 2], down[begin : begin + 2], weights, ids)
        both_halves.append(call(half, "raw", places))
    difference = both_halves[0].float() + both_halves[1].float() - call(experts, "raw").float()
    assert difference.abs().max() < 0.02


def test_experts_of_no_rows_are_no_rows(experts):
    assert call(experts, "raw", rows=slice(0, 0)).shape == (0, 64)
    x, up, down, weights, ids = experts
    assert torch.equal(call((x, up, down, weights[:, :0], ids[:, :0]), "raw"), torch.zeros_like(x))


def test_experts_are_chosen_for_each_row(experts):
    x, up, down, weights, ids = experts
    for other in (
        (x, up, down, weights[:5], ids[:5]),
        (x, up, down, weights, ids[:, :1]),
        (x, up, down, weights[:, 0], ids[:, 0]),
    ):
        with pytest.raises(RuntimeError, match="are not of the 7 rows of x"):
            call(other, "raw")
    with pytest.raises(RuntimeError, match="ids are torch.float32, expected integers"):
        call((x, up, down, weights, ids.float()), "raw")
    images = [UwtTensor.encode(each).image for each in (up, down)]
    with pytest.raises(RuntimeError, match="uwt::experts: the bytes of the image lie apart"):
        torch.ops.uwt.experts(x, images[0][::2], images[1], weights, ids, None, "silu")


def test_experts_pass_the_checks_of_operators(experts):
    x, up, down, weights, ids = experts
    images = [UwtTensor.encode(each).image for each in (up, down)]
    torch.library.opcheck(torch.ops.uwt.experts, (x, *images, weights, ids, None, "silu"))


def test_experts_say_what_does_not_fit(experts):
    x, up, down, weights, ids = experts
    images = [UwtTensor.encode(each).image for each in (up, down)]
    operator = torch.ops.uwt.experts
    with pytest.raises(RuntimeError, match="there is no activation 'relu'"):
        operator(x, *images, weights, ids, None, "relu")
    with pytest.raises(RuntimeError, match="do not fit"):
        operator(x[:, :32], *images, weights, ids, None, "silu")
    with pytest.raises(RuntimeError, match="do not fit"):
        operator(x, *reversed(images), weights, ids, None, "silu")
    with pytest.raises(RuntimeError, match="there is no expert 9 of 4"):
        operator(x, *images, weights, ids.clone().fill_(9), None, "silu")
    with pytest.raises(RuntimeError, match="x is torch.float32"):
        operator(x.float(), *images, weights, ids, None, "silu")
    with pytest.raises(RuntimeError, match=r"a bias is \[4, 64\] of torch.bfloat16 on cpu, expected \[4, 96\]"):
        operator(x, *images, weights, ids, None, "silu", torch.zeros(4, 64).bfloat16())
