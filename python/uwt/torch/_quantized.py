"""Weights of quantised checkpoints as tensors of files: the values that codes, scales and zero points say.

Loaders copy tensors of files into dense weights of layers, fused ones and parts of ranks. Where a whole layer's weight was
copied from quantised ones, its image is made of their codes (`image_of_codes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import torch

from .. import _arrays, _weights
from .._container import Container, Quantized, Tensor, part_of
from ..errors import UnsupportedError, UsageError, UwtError
from . import _cuda_ops, _ops, _threads
from ._file_tensor import FileTensor

_NAMES = {**_ops.NAMES, torch.float32: "F32"}
#: How weights that run from codes are multiplied: with x as it is, or by integers of 8 bits that x is rounded to.
ARITHMETICS = ("dense", "integer<8>")

# Of a weight that is decoded at a time, to be compared.
_COMPARED_BYTES = 1 << 21

#: What was copied to an address, the first row of each piece, since the last folder was opened. Memory may have been given to
#: others since: whoever asks compares.
_copied: dict[int, QuantizedTensor] = {}


class QuantizedTensor(FileTensor):
    """A quantised weight, or a part of it, of which nothing is read yet: values that are rounded once, to what they are copied to."""

    def _reads(self, dtype: torch.dtype) -> bool:
        return dtype in _NAMES

    def _note_copy(self, into: torch.Tensor) -> None:
        if self._has_some_matrices():
            for matrix, place in zip(self._matrices(), into):
                matrix._note_copy(place)
        else:
            _copied[into.data_ptr()] = self

    def _read(self, part: Any, dtype: torch.dtype, address: int, size: int) -> None:
        self._container.read_quantized_into(
            self._tensor.name, _NAMES[dtype], part, address, size, _threads.context()
        )


def _module_of(weight: str) -> str:
    return weight.removesuffix(".weight")


def _described(weight: Quantized, dtype: torch.dtype) -> Tensor:
    size = dtype.itemsize * _arrays.elements(weight.shape)
    return Tensor(weight.name, _NAMES[dtype], weight.shape, size, size, weight.run_format)


def quantized_weights(container: Container, original: Any, dtype: torch.dtype) -> dict[str, QuantizedTensor]:
    """The quantised weights of an open folder, by name.

    Args:
        container: the folder, all of its files.
        original: its quantization_config, for messages.
        dtype: what weights say they are: BF16, F16 or F32.

    Raises UnsupportedError where no recipe knows how it is quantised, and for a weight that cannot be read.
    """
    forget_copies()
    found = container.quantized()
    if not found:
        method = original.get("quant_method") if isinstance(original, dict) else original
        raise UnsupportedError(
            f"the folder was quantised by {method!r} before it was compressed, and has no weights that UWT reads "
            "(docs/quantised.md); `uwt decompress` gives the original folder back"
        )
    for weight in found:
        if weight.refusal is not None:
            raise UnsupportedError(
                f"weight {weight.name!r}: recipe {weight.recipe}: {weight.refusal}; "
                "`uwt decompress` gives the original folder back"
            )
    return {weight.name: QuantizedTensor(container, _described(weight, dtype)) for weight in found}


def tensors_of(
    container: Container, weights: dict[str, QuantizedTensor], read: Callable[[Tensor], torch.Tensor]
) -> Iterator[tuple[str, torch.Tensor]]:
    """Names and tensors of a folder as those of the model before it was quantised.

    Of modules with a quantised weight, tensors but the bias belong to that weight, or quantise activations, which are
    computed from as they are. UnsupportedError for a tensor that is not the model's as it is.
    """
    yield from weights.items()
    modules = {_module_of(name) for name in weights}
    parts = {part for name in weights for part in container.find_quantized(name).parts}
    for tensor in container.tensors():
        module, _, last = tensor.name.rpartition(".")
        if tensor.name not in parts and (module not in modules or last == "bias"):
            container.check_plain(tensor.name)
            yield tensor.name, read(tensor)


def _rows(dense: torch.Tensor) -> int:
    """Rows of a matrix, or of all matrices."""
    return dense.shape[:-1].numel()


def _address(dense: torch.Tensor, row: int) -> int:
    """Where a row begins, counted through all matrices."""
    elements = 0
    for size, stride in zip(reversed(dense.shape[:-1]), reversed(dense.stride()[:-1])):
        row, at = divmod(row, size)
        elements += at * stride
    return dense.data_ptr() + elements * dense.element_size()


def forget_copies() -> None:
    """What was copied where: it keeps folders open."""
    _copied.clear()


def take_pieces(dense: torch.Tensor) -> list[QuantizedTensor]:
    """The quantised weights, or parts, that were copied into the rows of a dense matrix, or of several, from the first row on:
    matrices, or stacks of them. Empty where some rows are of none: codes then say nothing of the whole."""
    pieces, row = [], 0
    while row < _rows(dense):
        piece = _copied.pop(_address(dense, row), None)
        if piece is None or len(piece.shape) not in (2, 3) or piece.shape[-1] != dense.shape[-1]:
            return []
        pieces.append(piece)
        row += _rows(piece)
    return pieces


def note_pieces(dense: torch.Tensor, pieces: Iterable[QuantizedTensor]) -> None:
    """What take_pieces gave, once a tensor of the same shape has the same rows."""
    row = 0
    for piece in pieces:
        _copied[_address(dense, row)] = piece
        row += _rows(piece)


def _part_of(piece: QuantizedTensor) -> Any:
    return piece._part() if piece._sizes != piece._tensor.shape else part_of()


def _reason(error: UwtError, pieces: list[QuantizedTensor]) -> str:
    """What it says, without a weight's name: a model has many weights that it is true of."""
    text = str(error)
    for piece in pieces:
        text = text.removeprefix(f"weight {piece._tensor.name!r}: ")
    return text


def _has_rows_of_codes(piece: QuantizedTensor) -> bool:
    return piece._is_transposed == ("storage=k_major" in piece._tensor.format)


class Held(NamedTuple):
    """An image, and the text of what it holds where that is a device's (_cuda_ops)."""

    image: torch.Tensor
    on_device: str | None = None
    #: Of a device's image, the weight's columns in the order that the image has them; None where that is the weight's own.
    order: torch.Tensor | None = None

    def has_bits_of(self, weight: torch.Tensor) -> bool:
        """Whether it holds a weight, which is where the image is."""
        if self.on_device is not None:
            own = weight if self.order is None else weight.index_select(-1, self.order)
            return _same_bits(torch.ops.uwt.cuda_decode(self.image, self.on_device), own)
        if weight.dim() != 2:
            return _same_bits(torch.ops.uwt.decode(self.image, weight.shape, weight.dtype), weight)
        # Some rows at a time, in memory that stays in a cache.
        step = max(_COMPARED_BYTES // (weight.shape[1] * weight.element_size()), 1)
        rows = torch.empty((min(step, weight.shape[0]), weight.shape[1]), dtype=weight.dtype, device="cpu")
        for begin in range(0, weight.shape[0], step):
            expected = weight[begin : begin + step]
            found = rows[: len(expected)]
            _weights.decode(
                self.image.data_ptr(), self.image.numel(), found.data_ptr(), found.numel() * found.element_size(),
                _threads.context(), (begin, begin + len(expected)),
            )  # fmt: skip
            if not _same_bits(found, expected):
                return False
        return True


def _same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    # Eight bytes at a time where that can be: PyTorch compares elements of any type alike fast.
    are_whole = a.shape[-1] % 4 == 0 and b.is_contiguous() and b.storage_offset() % 4 == 0
    word = torch.int64 if are_whole else torch.int16
    return torch.equal(a.view(word), b.view(word))


def _encoded(
    pieces: list[QuantizedTensor], like: torch.Tensor, reserve: float, arithmetic: str
) -> Held:
    """The image of pieces, on the device of `like`. UnsupportedError where nothing multiplies from it, UsageError where a part
    cuts groups."""
    codes = [(piece._container, piece._tensor.name, _part_of(piece)) for piece in pieces]
    if _cuda_ops.is_on_device(like):
        order = None
        if like.dim() == 2 and "order=k" in pieces[0]._tensor.format:
            order = torch.empty(like.shape[-1], dtype=torch.int32, device="cpu")
        image, text = _cuda_ops.encode_codes(codes, like, order)
        text = _cuda_ops.with_kernels(like.device.index, text, arithmetic)
        return Held(image, text, None if order is None else order.to(like.device, torch.int64))
    formats = {_weights.format_of_codes(piece._tensor.format) for piece in pieces}
    if len(formats) != 1:
        raise UnsupportedError(f"its matrices have codes of {' and '.join(sorted(formats))}")
    held = Held(_ops.encode_codes(codes, like.dtype, tuple(like.shape), formats.pop(), reserve))
    if arithmetic != "dense":
        try:
            _ops.set_arithmetic(held.image, arithmetic)
        except (UnsupportedError, UsageError) as error:
            _ops.say_dense(str(error))
    return held


def image_of_codes(
    weight: torch.Tensor,
    reserve: float = 0,
    is_transposed: bool = False,
    arithmetic: str = "dense",
) -> tuple[Held | None, str | None]:
    """The image of a dense matrix, or of several, from the codes that it was copied from, where it is.

    Args:
        weight: what was copied to.
        reserve: as of _weights.encode; images of devices have none.
        is_transposed: whether the image is that of the matrices transposed.
        arithmetic: one of ARITHMETICS; codes that are no integers are multiplied densely.

    Returns:
        the image, or None; and why there is none, or None of a weight that was copied from no quantised one.
    """
    if weight.dim() not in (2, 3) or not weight.is_contiguous() or weight.numel() == 0:
        return None, None
    pieces = take_pieces(weight)
    if not pieces:
        return None, None
    if weight.dtype != torch.bfloat16:
        return None, f"codes are multiplied as torch.bfloat16, not as {weight.dtype}"
    if any(_has_rows_of_codes(piece) == is_transposed for piece in pieces):
        return None, "codes lie in columns of what is multiplied"
    if is_transposed:
        weight = weight.transpose(-1, -2)
    try:
        held = _encoded(pieces, weight, reserve, arithmetic)
        # Kernels give the values that were read, or something else was copied over them.
        if not held.has_bits_of(weight):
            return None, None
    except (UnsupportedError, UsageError) as error:
        return None, _reason(error, pieces)
    return held, None
