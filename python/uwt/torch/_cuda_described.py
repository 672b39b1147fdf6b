"""The operators of _cuda_ops where graphs do not know what a weight's image holds:

    uwt::cuda_linear_described(x, image, bias, description, n, k)
    uwt::cuda_embedding_described(ids, image, description, n, k, dtype)
    uwt::cuda_decode_described(image, description, shape, dtype)

`description` is a tensor of the CPU, which each call reads: layers of one shape share a graph, and a graph that is kept serves
another folder. A CUDA graph keeps what was read when it was captured, so an image that takes the place of another one has to
have its description too: `with_room` lets images of one shape have the same.
"""

from __future__ import annotations

import ctypes
import dataclasses

import torch

from .. import _cuda
from .._checked import text
from . import _cuda_ops

#: Of every description, which has zeros behind its text.
DESCRIPTION_BYTES = 512
# Of a _cuda.Weight's buffers: entries of escape records, and these records, whose number depends on what a weight holds.
_RECORDS, _PATCH = 1, 6
# What room for records is a multiple of, as a part of the dense weight: images of one shape are then of few sizes.
_STEPS = 128

_LIBRARY = torch.library.Library("uwt", "FRAGMENT")
_LIBRARY.define(
    "cuda_linear_described(Tensor x, Tensor image, Tensor? bias, Tensor description, SymInt n, SymInt k) -> Tensor"
)
_LIBRARY.define(
    "cuda_embedding_described(Tensor ids, Tensor image, Tensor description, SymInt n, SymInt k, ScalarType dtype) -> Tensor"
)
_LIBRARY.define("cuda_decode_described(Tensor image, Tensor description, SymInt[] shape, ScalarType dtype) -> Tensor")


def description_of(weight: str) -> torch.Tensor:
    """The description of an image, of the text that says what it holds."""
    described = text("a description", weight)
    if len(described) >= DESCRIPTION_BYTES:
        raise ValueError(f"a weight's description takes {len(described)} bytes, and {DESCRIPTION_BYTES - 1} are there")
    return torch.frombuffer(bytearray(described.ljust(DESCRIPTION_BYTES, b"\0")), dtype=torch.uint8)


def text_of(description: torch.Tensor) -> str:
    """The text of a description."""
    torch._check(
        description.device.type == "cpu" and description.dtype == torch.uint8 and description.shape == (DESCRIPTION_BYTES,),
        lambda: f"a weight's description is {tuple(description.shape)} of {description.dtype} on {description.device}",
    )
    return ctypes.string_at(description.data_ptr(), DESCRIPTION_BYTES).rstrip(b"\0").decode()


def with_room(
    image: torch.Tensor, weight: str, reserve: float, like: str | None = None
) -> tuple[torch.Tensor, str]:
    """An image with room for more escape records, where its format has any.

    Args:
        image: on any device.
        weight: the text of what it holds.
        reserve: how many more bytes of records, as a part of the image's.
        like: the text of an image that has room: with as much, where that suffices.

    Returns:
        the image and its text. Both depend on the number of records only where that passes a step.
    """
    held = _cuda.Weight.parse(weight)
    buffers = list(held.buffers)
    if buffers[_RECORDS][1] == 0:
        return image, weight
    begin, size = buffers[_PATCH]
    if like is None:
        step = max(2 * held.matrices * held.rows * held.columns // _STEPS, 1)
        room = _cuda.round_up(size + int(held.bytes * reserve), step)
    else:
        room = max(size, _cuda.Weight.parse(like).buffers[_PATCH][1])
    room = _cuda.round_up(room)
    if size:
        taken = _cuda.round_up(size)
        cut, shift = begin + taken, room - taken
    else:
        # Behind each buffer, and so behind these records, there are zeros.
        begin = cut = next((at for at, size in buffers[_PATCH + 1 :] if size), held.bytes)
        shift = room + _cuda.ALIGNMENT
    made = image.new_zeros(held.bytes + shift)
    made[:cut] = image[:cut]
    made[cut + shift :] = image[cut:]
    behind = [(at + shift, size) if size else (at, size) for at, size in buffers[_PATCH + 1 :]]
    buffers[_PATCH:] = [(begin, room), *behind]
    return made, str(dataclasses.replace(held, bytes=made.numel(), buffers=tuple(buffers)))


def _held_in(description: torch.Tensor, shape: tuple[int, ...]) -> str:
    """The text of a description. RuntimeError where the weight has another shape than the graph says."""
    weight = text_of(description)
    found = _cuda_ops.what_of(weight).shape
    torch._check(found == shape, lambda: f"the graph is for a weight of {list(shape)}, and this one has {list(found)}")
    return weight


def _linear(x, image, bias, description, n, k):
    return _cuda_ops._linear(x, image, bias, _held_in(description, (n, k)))


def _embedding(ids, image, description, n, k, dtype):
    return _cuda_ops._embedding(ids, image, _held_in(description, (n, k)))


def _decode(image, description, shape, dtype):
    return _cuda_ops._decode(image, _held_in(description, tuple(shape)))


def _fake_linear(x, image, bias, description, n, k):
    return x.new_empty((*x.shape[:-1], n))


def _fake_embedding(ids, image, description, n, k, dtype):
    return image.new_empty((*ids.shape, k), dtype=dtype)


def _fake_decode(image, description, shape, dtype):
    return image.new_empty(shape, dtype=dtype)


for _name, _run, _fake in (
    ("linear", _linear, _fake_linear), ("embedding", _embedding, _fake_embedding), ("decode", _decode, _fake_decode),
):  # fmt: skip
    _LIBRARY.impl(f"cuda_{_name}_described", _run, "CUDA")
    torch.library.register_fake(f"uwt::cuda_{_name}_described", _fake, lib=_LIBRARY)
