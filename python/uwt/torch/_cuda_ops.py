"""Operators over device images of weights (uwt._cuda), which are CUDA tensors of bytes, in PyTorch's memory and on its streams.

    uwt::cuda_linear(x, image, bias, weight)     x @ w.T + bias, summed in f32, rounded once; with gradients of x and bias
    uwt::cuda_embedding(ids, image, weight)      rows of w
    uwt::cuda_decode(image, weight)              w

`weight` is the text of a _cuda.Weight. So they are functional, graphs hold nothing of a process, and the image may be moved
and copied as any tensor is. They neither wait nor copy between devices, and CUDA graphs may capture them.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import torch

from .. import _arrays, _cuda, _weights
from ..errors import InvalidError, UnsupportedError, UsageError
from . import _counters, _ops, _packs

_ARRAYS = _arrays.TorchArrays()
_LIBRARY = torch.library.Library("uwt", "FRAGMENT")
_LIBRARY.define("cuda_linear(Tensor x, Tensor image, Tensor? bias, str weight) -> Tensor")
_LIBRARY.define("cuda_embedding(Tensor ids, Tensor image, str weight) -> Tensor")
_LIBRARY.define("cuda_decode(Tensor image, str weight) -> Tensor")
# As many as models have weights, and more: kernels of one that is encoded anew are other ones.
_KEPT = 1 << 14


class _What:
    """What operators ask of a weight with every call."""

    def __init__(self, text: str) -> None:
        self.weight = _cuda.Weight.parse(text)
        self.n, self.k = self.weight.rows, self.weight.columns
        self.dtype: torch.dtype = _ARRAYS.dtype(self.weight.dtype)
        matrices = () if self.weight.matrices == 1 else (self.weight.matrices,)
        self.shape = (*matrices, self.n, self.k)


what_of = functools.lru_cache(maxsize=_KEPT)(_What)


# Kernels, by the number of a device and the text of a weight.


@functools.cache
def device_of(index: int) -> _cuda.Device:
    return _cuda.Device(index)


def kernels_for(weight: _cuda.Weight, bias: bool = False) -> _packs.Kernels:
    """What serves a weight; of several matrices, grouped products."""
    grouped = weight.matrices > 1
    return _packs.Kernels(weight.dtype, weight.format, weight.rows, weight.columns, bias, grouped, weight.arithmetic)


@functools.lru_cache(maxsize=_KEPT)
def products(index: int, text: str, bias: bool) -> _cuda.Kernels:
    weight = what_of(text).weight
    return _packs.made_by(device_of(index), kernels_for(weight, bias), lambda pack: _cuda.Kernels(pack, weight))


@functools.lru_cache(maxsize=_KEPT)
def grouped(index: int, text: str) -> _cuda.GroupedKernels:
    """Kernels of grouped products. UnsupportedError where the format has none."""
    weight = what_of(text).weight
    wanted = dataclasses.replace(kernels_for(weight), grouped=True)
    make = functools.partial(_cuda.GroupedKernels, weight=weight)
    return _packs.made_by(device_of(index), wanted, make, "kernels of grouped products")


def load_kernels(index: int, text: str) -> None:
    """Makes and loads what multiplies with a weight. UnsupportedError where there is nothing: it is found here, rather than by the
    first product."""
    make = grouped if what_of(text).weight.matrices > 1 else functools.partial(products, bias=False)
    make(index, text)


def with_kernels(index: int, text: str, arithmetic: str) -> str:
    """The text with an arithmetic that there are kernels for, which are loaded: the one that is asked for, or dense."""
    if arithmetic != "dense":
        asked = str(dataclasses.replace(_cuda.Weight.parse(text), arithmetic=arithmetic))
        try:
            load_kernels(index, asked)
            return asked
        except (InvalidError, UnsupportedError, UsageError) as error:
            _ops.say_dense(str(error))
    load_kernels(index, text)
    return text


@functools.lru_cache(maxsize=_KEPT)
def _gatherer(index: int, text: str) -> _cuda.Gatherer:
    weight = what_of(text).weight
    make = functools.partial(_cuda.Gatherer, weight=weight)
    return _packs.made_by(device_of(index), kernels_for(weight), make, "kernel that gathers rows")


@functools.lru_cache(maxsize=_KEPT)
def _decoder(index: int, text: str) -> _cuda.Decoder:
    weight = what_of(text).weight
    make = functools.partial(_cuda.Decoder, weight=weight)
    return _packs.made_by(device_of(index), kernels_for(weight), make, "kernel that decodes")


def is_on_device(tensor: torch.Tensor) -> bool:
    return tensor.device.type == "cuda"


def stream_of(tensor: torch.Tensor) -> int:
    """The stream that PyTorch has for a tensor's device."""
    return torch._C._cuda_getCurrentRawStream(tensor.device.index)


# Products.


def _check_linear(x: torch.Tensor, image: torch.Tensor, bias: torch.Tensor | None, what: _What) -> None:
    n, k = what.n, what.k
    torch._check(x.dim() >= 1, lambda: "uwt::cuda_linear: x has no dimensions")
    torch._check(x.shape[-1] == k, lambda: f"uwt::cuda_linear: x has {x.shape[-1]} features, the weight {k}")
    torch._check(x.dtype == what.dtype, lambda: f"uwt::cuda_linear: x is {x.dtype}, the weight {what.dtype}")
    torch._check(x.device == image.device, lambda: f"uwt::cuda_linear: x is on {x.device}, the weight on {image.device}")
    check_image("uwt::cuda_linear", image, what)
    if bias is None:
        return
    torch._check(bias.dim() == 1 and bias.shape[0] == n, lambda: f"uwt::cuda_linear: the bias has not {n} elements")
    torch._check(bias.dtype == x.dtype, lambda: f"uwt::cuda_linear: the bias is {bias.dtype}, x {x.dtype}")
    torch._check(bias.device == x.device, lambda: f"uwt::cuda_linear: the bias is on {bias.device}, x on {x.device}")


def check_image(operator: str, image: torch.Tensor, what: _What) -> None:
    """Kernels read where the text says: an image of fewer bytes would have them read beyond it."""
    torch._check(
        image.dtype == torch.uint8 and image.dim() == 1 and image.shape[0] == what.weight.bytes,
        lambda: f"{operator}: the image is {tuple(image.shape)} of {image.dtype}, the weight's has {what.weight.bytes} bytes",
    )
    torch._check(image.is_contiguous(), lambda: f"{operator}: the bytes of the image lie apart")


def _rows_of(x: torch.Tensor, k: int) -> torch.Tensor:
    """x as rows whose elements follow each other, copied only where they do not."""
    rows = x if x.dim() == 2 else x.reshape(-1, k)
    if (rows.stride(1) != 1 and k > 1) or (rows.stride(0) < k and rows.shape[0] > 1):
        return rows.contiguous()
    return rows


def _linear(x: torch.Tensor, image: torch.Tensor, bias: torch.Tensor | None, weight: str) -> torch.Tensor:
    what = what_of(weight)
    _check_linear(x, image, bias, what)
    rows = _rows_of(x, what.k)
    y = x.new_empty((*x.shape[:-1], what.n))
    _multiply(rows, image, bias, weight, y)
    return y


def _multiply(
    rows: torch.Tensor, image: torch.Tensor, bias: torch.Tensor | None, weight: str, y: torch.Tensor
) -> None:
    """Rows of x to rows of y, which follow each other. What is launched has been checked."""
    m, n = rows.shape[0], what_of(weight).n
    if m == 0 or n == 0:
        return
    index = rows.device.index
    kernels = products(index, weight, bias is not None)
    workspace_bytes, counter_bytes = kernels.scratch(m)
    # The allocator gives it to who comes next on the stream: at no time but while the kernel runs anybody has to keep it.
    workspace = rows.new_empty(workspace_bytes, dtype=torch.uint8)
    stream = stream_of(rows)
    counters = _counters.on(rows.device, stream, counter_bytes)
    bias_at = None
    if bias is not None:
        bias = bias.contiguous()
        bias_at = bias.data_ptr(), n * bias.element_size()
    kernels.linear(
        image.data_ptr(), m, rows.data_ptr(), rows.stride(0) if m > 1 else 0, y.data_ptr(), 0,
        (workspace.data_ptr(), workspace_bytes), counters, bias_at, stream,
    )  # fmt: skip


def _fake_linear(x, image, bias, weight):
    what = what_of(weight)
    _check_linear(x, image, bias, what)
    return x.new_empty((*x.shape[:-1], what.n))


def _keep(ctx, inputs, output):
    _, image, bias, ctx.weight = inputs
    ctx.has_bias = bias is not None
    ctx.save_for_backward(image)


def _backward(ctx, gradient):
    (image,) = ctx.saved_tensors
    of_x = of_bias = None
    if ctx.needs_input_grad[0]:
        of_x = gradient @ torch.ops.uwt.cuda_decode(image, ctx.weight)
    if ctx.has_bias and ctx.needs_input_grad[2]:
        of_bias = gradient.reshape(-1, gradient.shape[-1]).sum(0)
    return of_x, None, of_bias, None


# Rows.


def _embedding(ids: torch.Tensor, image: torch.Tensor, weight: str) -> torch.Tensor:
    what = what_of(weight)
    _check_embedding(ids, image, what)
    numbers = ids.contiguous() if ids.dtype in (torch.int32, torch.int64) else ids.to(torch.int64).contiguous()
    y = torch.empty((*ids.shape, what.k), dtype=what.dtype, device=image.device)
    count = numbers.numel()
    if count == 0 or what.k == 0:
        return y
    outside = torch.zeros(1, dtype=torch.int32, device=image.device)
    _gatherer(image.device.index, weight).gather(
        image.data_ptr(), numbers.data_ptr(), numbers.element_size(), count,
        (y.data_ptr(), y.numel() * y.element_size()), outside.data_ptr(), stream_of(image),
    )  # fmt: skip
    # As PyTorch's own embedding does: nobody waits to hear of it.
    torch._assert_async(outside == 0, "uwt::cuda_embedding: an id is no row of the weight")
    return y


def _check_embedding(ids: torch.Tensor, image: torch.Tensor, what: _What) -> None:
    is_integer = not (ids.dtype.is_floating_point or ids.dtype.is_complex or ids.dtype == torch.bool)
    torch._check(is_integer, lambda: f"uwt::cuda_embedding: ids are of {ids.dtype}, and rows have integers")
    torch._check(len(what.shape) == 2, lambda: f"uwt::cuda_embedding: the weight is of {what.shape[0]} matrices")
    torch._check(
        ids.device == image.device, lambda: f"uwt::cuda_embedding: ids are on {ids.device}, the weight on {image.device}"
    )
    check_image("uwt::cuda_embedding", image, what)


def _fake_embedding(ids, image, weight):
    what = what_of(weight)
    _check_embedding(ids, image, what)
    return image.new_empty((*ids.shape, what.k), dtype=what.dtype)


def _decode(image: torch.Tensor, weight: str) -> torch.Tensor:
    what = what_of(weight)
    check_image("uwt::cuda_decode", image, what)
    y = torch.empty(what.shape, dtype=what.dtype, device=image.device)
    if y.numel() == 0:
        return y
    decoder, stream = _decoder(image.device.index, weight), stream_of(image)
    size = what.n * what.k * y.element_size()
    for matrix in range(what.weight.matrices):
        decoder.decode(image.data_ptr(), matrix, y.data_ptr() + matrix * size, size, stream)
    return y


def _fake_decode(image, weight):
    what = what_of(weight)
    check_image("uwt::cuda_decode", image, what)
    return image.new_empty(what.shape, dtype=what.dtype)


for _name, _run, _fake in (
    ("linear", _linear, _fake_linear), ("embedding", _embedding, _fake_embedding), ("decode", _decode, _fake_decode),
):  # fmt: skip
    _LIBRARY.impl(f"cuda_{_name}", _run, "CUDA")
    torch.library.register_fake(f"uwt::cuda_{_name}", _fake, lib=_LIBRARY)
torch.library.register_autograd("uwt::cuda_linear", _backward, setup_context=_keep, lib=_LIBRARY)


# Encoding.


def encode(dense: torch.Tensor, format: str) -> tuple[torch.Tensor, str]:
    """The device image of a dense tensor [n, k] or [e, n, k] on a GPU, and the text of what it holds. The bytes are those that the
    host would have made."""
    dense = dense.detach()
    # Rows that kernels read are aligned.
    if not dense.is_contiguous() or dense.data_ptr() % 16:
        dense = dense.clone(memory_format=torch.contiguous_format)
    matrices, (n, k) = math.prod(dense.shape[:-2]), dense.shape[-2:]
    device, dtype = device_of(dense.device.index), _ARRAYS.name_of(dense)
    make = functools.partial(_cuda.Encoder, dtype=dtype, rows=n, columns=k, matrices=matrices, format=format)
    wanted = _packs.Kernels(dtype, format, n, k, grouped=matrices > 1)
    encoder = _packs.made_by(device, wanted, make, "kernels that encode")
    stream = stream_of(dense)
    scratch = torch.empty(encoder.scratch, dtype=torch.uint8, device=dense.device)
    weight = encoder.count(
        dense.data_ptr(), dense.numel() * dense.element_size(), (0, 0), (scratch.data_ptr(), encoder.scratch), stream
    )
    image = torch.empty(weight.bytes, dtype=torch.uint8, device=dense.device)
    encoder.write(image.data_ptr(), weight.bytes, stream)
    return image, str(weight)


def encode_on_host(dense: torch.Tensor, format: str, device: torch.device) -> tuple[torch.Tensor, str]:
    """The same of a dense tensor on the CPU, for formats that only the host encodes."""
    from . import _threads

    dense = dense.detach().contiguous()
    size = dense.numel() * dense.element_size()
    image = _cuda.Image.encode(
        _ARRAYS.name_of(dense), dense.shape, dense.data_ptr(), size, format, _threads.context()
    )
    return _brought_to(device, image)


def encode_anywhere(dense: torch.Tensor, format: str, device: torch.device) -> tuple[torch.Tensor, str]:
    """The same of a dense tensor that may be elsewhere: the host encodes what the device does not."""
    try:
        return encode(dense.to(device), format)
    except UnsupportedError:
        return encode_on_host(dense.cpu(), format, device)


def encode_codes(
    pieces: list[_weights.Piece], like: torch.Tensor, order: torch.Tensor | None = None
) -> tuple[torch.Tensor, str]:
    """The same of quantised weights from their codes (_cuda.Image.encode_codes), of the shape and dtype of `like`, where that is.
    `order` is a tensor of 32 bits on the CPU, for columns in an order of their own."""
    from . import _threads

    place = None if order is None else order.data_ptr()
    image = _cuda.Image.encode_codes(pieces, _ARRAYS.name_of(like), like.shape, _threads.context(), place)
    return _brought_to(like.device, image)


def of_codes(image: torch.Tensor, device: torch.device, order: torch.Tensor | None = None) -> tuple[torch.Tensor, str]:
    """The same of the codes that a CPU's image holds; `order` as of `encode_codes`."""
    place = None if order is None else order.data_ptr()
    return _brought_to(device, _cuda.Image.of_codes(image.data_ptr(), image.numel(), place))


def _brought_to(device: torch.device, image: _cuda.Image) -> tuple[torch.Tensor, str]:
    host = torch.empty(image.weight.bytes, dtype=torch.uint8, device="cpu")
    image.write(host.data_ptr(), host.numel())
    return host.to(device), str(image.weight)
