"""Operators over images of weights (uwt._weights), which are tensors of bytes: functional, so that graphs hold nothing of a process.

    uwt::linear(x, image, bias, n, k)      x @ w.T + bias, summed in f32, rounded once; with gradients of x and bias
    uwt::linear_without_gradients          the same, whatever requires a gradient: what the first one runs as
    uwt::embedding(ids, image, n, k)       rows of w
    uwt::decode(image, shape, dtype)       w

They run in C++ (_native) where PyTorch has the functions for that, else here, with the same results.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import logging
from typing import Any

import torch

from .. import _arrays, _weights
from ..errors import UsageError
from . import _native, _threads

_LOG = logging.getLogger(__name__)
_ARRAYS = _arrays.TorchArrays()
#: Of dtypes that products run from, as safetensors has them.
NAMES = {torch.bfloat16: "BF16", torch.float16: "F16"}
_LIBRARY = torch.library.Library("uwt", "DEF")
#: Names of the operators that multiply.
LINEAR = ("linear", "linear_without_gradients")
for _name in LINEAR:
    _LIBRARY.define(f"{_name}(Tensor x, Tensor image, Tensor? bias, SymInt n, SymInt k) -> Tensor")
_LIBRARY.define("embedding(Tensor ids, Tensor image, SymInt n, SymInt k, ScalarType dtype) -> Tensor")
_LIBRARY.define("decode(Tensor image, SymInt[] shape, ScalarType dtype) -> Tensor")


# What is smaller, malloc takes from its heap, where dense weights that were freed have left room: images fill that.
_HEAP_BYTES = 32 << 20


def give_back_heap() -> None:
    """Gives the system what malloc keeps of dense weights that were freed: once all are compressed, nothing fills it."""
    # Of glibc alone.
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def encode(weight: torch.Tensor, format: str, reserve: float = 0) -> torch.Tensor:
    """The image of a dense tensor in memory, whose rows and matrices may lie apart: a slice of a fused weight. It is followed by
    `reserve` times its bytes."""
    dense = weight.detach()
    strides = _strides_of_matrices(dense)
    if strides is None:
        dense, strides = dense.contiguous(), (0, 0)
    size = dense.untyped_storage().nbytes() - dense.storage_offset() * dense.element_size()
    dtype, shape = _ARRAYS.name_of(dense), tuple(dense.shape)
    return _tensor_of(
        _weights.encode(dtype, shape, dense.data_ptr(), size, format, _threads.context(), *strides, reserve)
    )


def encode_codes(
    pieces: list[_weights.Piece], dtype: torch.dtype, shape: tuple[int, ...], format: str, reserve: float = 0
) -> torch.Tensor:
    """The image of quantised weights from their codes: see _weights.encode_codes."""
    return _tensor_of(_weights.encode_codes(pieces, NAMES[dtype], shape, format, _threads.context(), reserve))


def _tensor_of(image: Any) -> torch.Tensor:
    made = torch.frombuffer(image, dtype=torch.uint8)
    return made.clone() if made.numel() < _HEAP_BYTES else made


def _strides_of_matrices(dense: torch.Tensor) -> tuple[int, int] | None:
    """Elements from row to row and from matrix to matrix; None where these are not two numbers."""
    shape, strides = dense.shape, dense.stride()
    if len(shape) not in (2, 3) or dense.numel() == 0 or 0 in strides or strides[-1] != 1 or strides[-2] < shape[-1]:
        return None
    return strides[-2], strides[0] if len(shape) == 3 else 0


def check(image: torch.Tensor) -> torch.Tensor:
    """An image that came from elsewhere, once it is known to be one: aligned, and no damage in it."""
    if image.dtype is not torch.uint8 or image.layout is not torch.strided:
        raise UsageError(f"an image is a dense tensor of torch.uint8, got {image.dtype} in {image.layout}")
    image = image.contiguous()
    if image.data_ptr() % _weights.ALIGNMENT:
        image = image.clone()
    _weights.check(image.data_ptr(), image.numel(), _threads.context())
    return image


def check_image(operator: str, image: torch.Tensor) -> None:
    """Raises RuntimeError for an image that is not bytes which follow one another: it is read from its address alone."""
    torch._check(
        image.dtype == torch.uint8 and image.dim() == 1,
        lambda: f"{operator}: the image has {image.dim()} dimensions of {image.dtype}, expected one of torch.uint8",
    )
    torch._check(image.device.type == "cpu", lambda: f"{operator}: the image is on {image.device}, expected the CPU")
    torch._check(image.is_contiguous(), lambda: f"{operator}: the bytes of the image lie apart")


#: What ids may be, as indices of PyTorch are.
_INTEGERS = frozenset({torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64})


def check_ids(operator: str, ids: torch.Tensor) -> None:
    """Raises RuntimeError for ids that are no integers: a float would be the row that it is rounded to."""
    torch._check(ids.dtype in _INTEGERS, lambda: f"{operator}: ids are {ids.dtype}, expected integers")


def set_arithmetic(image: torch.Tensor, arithmetic: str) -> None:
    """Has uwt::linear multiply with an image by "dense" arithmetic or "integer<8>": see _weights.set_arithmetic."""
    _weights.set_arithmetic(image.data_ptr(), image.numel(), arithmetic)


@functools.cache
def say_dense(reason: str) -> None:
    """That codes are not multiplied by integers, once a reason: a model has many weights that it is true of."""
    _LOG.warning("weights that run from codes are multiplied with activations as these are, not by integers: %s", reason)


def info(image: torch.Tensor) -> _weights.Info:
    return _weights.info(image.data_ptr(), image.numel())


def _linear(x: torch.Tensor, image: torch.Tensor, bias: torch.Tensor | None, n: int, k: int) -> torch.Tensor:
    check_image("uwt::linear", image)
    # In place of _check_linear: what every call pays for is kept small.
    shape = x.shape
    if not shape or shape[-1] != k or x.dtype is not _dtype_of(image) or bias is not None:
        _check_linear(x, image, bias, n, k)
    rows = x if len(shape) == 2 else x.reshape(-1, k)
    m, stride = rows.shape[0], rows.stride(0)
    if rows.stride(1) != 1 or (stride < k and m > 1):
        rows, stride = rows.contiguous(), k
    bias_at = 0
    if bias is not None:
        bias = bias.contiguous()
        bias_at = bias.data_ptr()
    y = x.new_empty((*shape[:-1], n))
    _weights.linear(
        image.data_ptr(), image.numel(), n, k, m, rows.data_ptr(), stride, y.data_ptr(), n, bias_at, _threads.context()
    )
    return y


def _check_linear(x: torch.Tensor, image: torch.Tensor | None, bias: torch.Tensor | None, n: int, k: int) -> None:
    """Raises RuntimeError for what does not fit; the weight's dtype is only in its image."""
    torch._check(x.dim() >= 1, lambda: "uwt::linear: x has no dimensions")
    torch._check(x.shape[-1] == k, lambda: f"uwt::linear: x has {x.shape[-1]} features, the weight {k}")
    if image is not None:
        check_dtype("uwt::linear: x", x.dtype, image)
    if bias is not None:
        torch._check(bias.dim() == 1 and bias.shape[0] == n, lambda: f"uwt::linear: the bias has not {n} elements")
        torch._check(bias.dtype == x.dtype, lambda: f"uwt::linear: the bias is {bias.dtype}, x {x.dtype}")


def check_dtype(subject: str, dtype: torch.dtype, image: torch.Tensor) -> None:
    """Raises RuntimeError where what an operator takes or gives has not the dtype of the weight."""
    expected = _dtype_of(image)
    torch._check(dtype == expected, lambda: f"{subject} is {dtype}, the weight {expected}")


def _dtype_of(image: torch.Tensor) -> torch.dtype:
    return _dtype_named(_weights.dtype(image.data_ptr(), image.numel()))


_dtype_named = functools.cache(_ARRAYS.dtype)


def _embedding(ids: torch.Tensor, image: torch.Tensor, n: int, k: int, dtype: torch.dtype) -> torch.Tensor:
    check_image("uwt::embedding", image)
    check_dtype("uwt::embedding: the result", dtype, image)
    check_ids("uwt::embedding", ids)
    numbers = ids.to(torch.int64).contiguous()
    y = torch.empty((*ids.shape, k), dtype=dtype, device=image.device)
    _weights.gather(
        image.data_ptr(), image.numel(), numbers.data_ptr(), numbers.numel(), k, y.data_ptr(), _threads.context()
    )
    return y


def _decode(image: torch.Tensor, shape: list[int], dtype: torch.dtype) -> torch.Tensor:
    check_image("uwt::decode", image)
    check_dtype("uwt::decode: the result", dtype, image)
    y = torch.empty(shape, dtype=dtype, device=image.device)
    size = y.numel() * y.element_size()
    _weights.decode(image.data_ptr(), image.numel(), y.data_ptr(), size, _threads.context())
    return y


#: Why operators run in Python; None where they run in C++.
WHY_PYTHON = _native.register()
if WHY_PYTHON is not None:
    for _name in LINEAR:
        _LIBRARY.impl(_name, _linear, "CPU")
    _LIBRARY.impl("embedding", _embedding, "CPU")
    _LIBRARY.impl("decode", _decode, "CPU")


def _fake_linear(x, image, bias, n, k):
    _check_linear(x, None, bias, n, k)
    return x.new_empty((*x.shape[:-1], n))


for _name in LINEAR:
    torch.library.register_fake(f"uwt::{_name}", _fake_linear, lib=_LIBRARY)


@torch.library.register_fake("uwt::embedding", lib=_LIBRARY)
def _(ids, image, n, k, dtype):
    check_ids("uwt::embedding", ids)
    return ids.new_empty((*ids.shape, k), dtype=dtype)


@torch.library.register_fake("uwt::decode", lib=_LIBRARY)
def _(image, shape, dtype):
    return image.new_empty(shape, dtype=dtype)


_WITHOUT_GRADIENTS = torch.ops.uwt.linear_without_gradients.default


def _keep(ctx, inputs):
    x, image, bias, n, k = inputs
    ctx.save_for_backward(image)
    ctx.shape, ctx.dtype, ctx.has_bias = (n, k), x.dtype, bias is not None


def _backward(ctx, gradient):
    (image,) = ctx.saved_tensors
    of_x = of_bias = None
    if ctx.needs_input_grad[0]:
        of_x = gradient @ torch.ops.uwt.decode(image, ctx.shape, ctx.dtype)
    if ctx.has_bias and ctx.needs_input_grad[2]:
        of_bias = gradient.reshape(-1, ctx.shape[0]).sum(0)
    return of_x, None, of_bias, None, None


class _Recorded(torch.autograd.Function):
    """uwt::linear where a gradient is recorded."""

    @staticmethod
    def forward(ctx, *inputs):
        _keep(ctx, inputs)
        return _WITHOUT_GRADIENTS(*inputs)

    backward = staticmethod(_backward)


class _Transformed(torch.autograd.Function):
    """The same inside of functions that torch.func transforms: these ask for a form of it that takes longer to call."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x, image, bias, n, k):
        return _WITHOUT_GRADIENTS(x, image, bias, n, k)

    @staticmethod
    def setup_context(ctx, inputs, output):
        _keep(ctx, inputs)

    backward = staticmethod(_backward)


def linear(x: torch.Tensor, image: torch.Tensor, bias: torch.Tensor | None, n: int, k: int) -> torch.Tensor:
    """uwt::linear, for callers in Python: a call of the operator takes half as long again.

    torch.library.register_autograd does the same in more time where no gradient is recorded, and in twice the time where one is.
    """
    if torch.is_grad_enabled() and (x.requires_grad or (bias is not None and bias.requires_grad)):
        recorded = _Transformed if torch._C._are_functorch_transforms_active() else _Recorded
        return recorded.apply(x, image, bias, n, k)
    return _WITHOUT_GRADIENTS(x, image, bias, n, k)


_LIBRARY.impl("linear", linear, "Autograd")
_LIBRARY.impl("linear_without_gradients", torch.library.fallthrough_kernel, "Autograd")
