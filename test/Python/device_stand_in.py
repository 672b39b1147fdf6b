"""A GPU's place taken by the CPU: its operators, for tensors of the CPU, and kernels that compute what those of a GPU would."""

import contextlib
import ctypes
import types

import torch

import uwt.torch  # noqa: F401
from uwt import _cuda
from uwt.torch import _counters, _cuda_described, _cuda_experts, _cuda_ops, _packs


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

    def decode(self, image, matrix, address, size, stream):
        assert size == 2 * self.n * self.k
        view(address, (self.n, self.k)).copy_(self.dense_of(image).view(-1, self.n, self.k)[matrix])

    def gather(self, image, ids, id_bytes, count, rows, outside, stream):
        kind, dtype = {4: (ctypes.c_int32, torch.int32), 8: (ctypes.c_int64, torch.int64)}[id_bytes]
        numbers = torch.frombuffer((kind * count).from_address(ids), dtype=dtype).long()
        is_inside = (numbers >= 0) & (numbers < self.n)
        view(rows[0], (count, self.k)).copy_(self.dense_of(image)[numbers.clamp(0, self.n - 1)] * is_inside[:, None])
        ctypes.c_uint32.from_address(outside).value |= int(not is_inside.all())


class GroupedStub(Stub):
    """The same by matrices of a table."""

    sizes = [8, 16]

    def scratch(self, slice, slices):
        return 256 * slice * slices, 64

    def product(self, image, slice, slices, table, x, y, workspace, counters, stream):
        assert workspace[1] == 256 * slice * slices and counters[1] >= 64 and table[1] == 4 * (1 + slices)
        count, *matrices = (ctypes.c_int32 * (1 + slices)).from_address(table[0])
        assert count <= slices
        dense = self.dense_of(image).view(-1, self.n, self.k)
        result = view(y, (slices, slice, self.n)).fill_(float("nan"))
        for number, matrix in enumerate(matrices[:count]):
            rows = view(x + 2 * number * slice * self.k, (slice, self.k))
            result[number] = rows.float() @ dense[matrix].float().T
        Stub.calls.append((slice, count, slices))


def _remember(image, dense):
    """Has kernels know the dense weight of an image."""
    Stub.dense[bytes(image.numpy())] = dense


def encode(dense, format):
    image, text = _cuda_ops.encode_on_host(dense, format, torch.device("cpu"))
    _remember(image, dense.detach().clone())
    return image, text


def _encode_codes(make):
    def known(pieces, like, order=None):
        image, text = make(pieces, like, order)
        _remember(image, like.clone() if order is None else like[:, order.long()])
        return image, text

    return known


def _with_room(make):
    def known(image, *arguments):
        made, text = make(image, *arguments)
        _remember(made, Stub.dense[bytes(image.numpy())])
        return made, text

    return known


def install(set_attribute=setattr):
    """Puts it in place, for what `set_attribute` makes of it. Gives the library that holds the operators."""
    library = torch.library.Library("uwt", "IMPL")
    for name in ("linear", "embedding", "decode"):
        library.impl(f"cuda_{name}", getattr(_cuda_ops, f"_{name}"), "CPU")
        library.impl(f"cuda_{name}_described", getattr(_cuda_described, f"_{name}"), "CPU")
    library.impl("cuda_experts", _cuda_experts._experts, "CPU")
    counters = torch.zeros(1 << 16, dtype=torch.uint8)
    set_attribute(_counters, "on", lambda *_: (counters.data_ptr(), counters.numel()))
    set_attribute(_cuda_ops, "stream_of", lambda _: 0)
    set_attribute(_cuda_ops, "is_on_device", lambda _: True)
    set_attribute(_cuda_ops, "device_of", lambda _: types.SimpleNamespace(target="sm_90"))
    set_attribute(_cuda_ops, "encode", encode)
    set_attribute(_cuda_ops, "encode_codes", _encode_codes(_cuda_ops.encode_codes))
    set_attribute(_cuda_described, "with_room", _with_room(_cuda_described.with_room))
    set_attribute(_packs, "made_by", lambda device, what, make, name="": make(None))
    set_attribute(_packs, "make_ahead", lambda wanted, target: None)
    for kind in ("Kernels", "Decoder", "Gatherer"):
        set_attribute(_cuda, kind, Stub)
    set_attribute(_cuda, "GroupedKernels", GroupedStub)
    return library


@contextlib.contextmanager
def installed(monkeypatch):
    """The same for the time of a test."""
    caches = (_cuda_ops.products, _cuda_ops.grouped, _cuda_ops._gatherer, _cuda_ops._decoder)
    Stub.dense.clear()
    Stub.calls.clear()
    library = install(monkeypatch.setattr)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()
    library._destroy()


def install_for_vllm():
    """The same for an engine on the CPU."""
    from uwt.vllm import _held

    # The operators live as long as the library does.
    _held.library_of_the_stand_in = install()
    torch.cuda.current_device = lambda: 0
    _held.place = lambda options: _held.OnDevice
    _held.OnDevice.why_not = staticmethod(lambda: None)
