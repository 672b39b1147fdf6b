"""A weight that is compressed in memory, as a tensor."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils import _pytree
from torch.utils._python_dispatch import return_and_correct_aliasing

from .. import _arrays, _weights
from ..errors import UnsupportedError, UsageError
from . import _cuda_ops, _native, _ops

_ARRAYS = _arrays.TorchArrays()
#: How products are computed: from the compressed weight, or by PyTorch from a weight that each call decodes.
EXACT = ("product", "decode")
#: What weights run from where nothing else is asked for: of RUN_FORMATS the one for their dtype.
RUN_FORMAT = "auto"
#: What products run from, by dtype: those of BF16 in 12 bits a weight, those of F16 in 15.
RUN_FORMATS = {torch.bfloat16: "inplace<12>", torch.float16: "window<4>"}


def format_for(dtype: torch.dtype, format: str) -> str:
    """The format that weights of a dtype are compressed to where `format` is asked for. UsageError for a dtype that has none."""
    if format != RUN_FORMAT:
        return format
    if dtype not in RUN_FORMATS:
        raise UsageError(f"products run from {' and '.join(map(str, RUN_FORMATS))}, not from {dtype}")
    return RUN_FORMATS[dtype]


def why_dense(dtype: torch.dtype, format: str) -> str | None:
    """Why weights of a dtype stay dense where a model is compressed to `format`."""
    if dtype not in RUN_FORMATS:
        return f"its dtype is {dtype}, and products run from {' and '.join(map(str, RUN_FORMATS))}"
    if format == RUN_FORMAT and dtype == torch.float16:
        return f"its dtype is {dtype}, of which one row is faster by PyTorch; format={RUN_FORMATS[dtype]!r} compresses it"
    return None


class UwtTensor(torch.Tensor):
    """A dense tensor in shape, dtype and device, of which memory holds the compressed image.

    `torch.nn.functional.linear` and `embedding` run from the image. Every other function gets a dense copy; those that
    would write into that copy are refused. It requires no gradient; gradients for what it is multiplied with are there.

    Args:
        image: bytes that UWT encoded, a tensor of uint8. One from elsewhere goes through `from_image`.
        shape, dtype: of the tensor.
        exact: "product" or "decode": the bits of UWT's products, or of PyTorch's.
        on_device: what the image holds where it is on a GPU, the text of a _cuda.Weight; None on the CPU, where images say it.
        is_transposed: whether the image is that of the tensor's matrices transposed, as experts have them whose parameters are
            [e, k, n]: these run from the image, and `linear` from a dense copy.
        order: on a GPU the number of the column that each of the image's is, where these are in another order; else None.
    """

    image: torch.Tensor
    exact: str
    on_device: str | None
    is_transposed: bool
    order: torch.Tensor | None

    #: What products follow without a look at it.
    _HELD = frozenset({"image", "exact", "on_device", "is_transposed", "order", "_sizes"})

    def __setattr__(self, name: str, value: Any) -> None:
        # A file that torch.load takes with weights_only may set attributes of a parameter: an image beside the check.
        if name in self._HELD and name in self.__dict__:
            raise AttributeError(f"{name} of a compressed weight is set once, with the weight")
        super().__setattr__(name, value)

    @staticmethod
    def __new__(
        cls,
        image: torch.Tensor,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        exact: str,
        on_device: str | None = None,
        is_transposed: bool = False,
        order: torch.Tensor | None = None,
    ) -> UwtTensor:
        return torch.Tensor._make_wrapper_subclass(cls, shape, dtype=dtype, device=image.device, requires_grad=False)

    def __init__(
        self,
        image: torch.Tensor,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        exact: str,
        on_device: str | None = None,
        is_transposed: bool = False,
        order: torch.Tensor | None = None,
    ) -> None:
        self.image, self.exact, self.on_device, self.is_transposed = image, exact, on_device, is_transposed
        self.order = order
        # As numbers: asking a subclass for its shape takes as long as a small product.
        self._sizes = tuple(shape)

    @classmethod
    def encode(
        cls, weight: torch.Tensor, format: str = RUN_FORMAT, exact: str = "product", is_transposed: bool = False
    ) -> UwtTensor:
        """Compresses a dense tensor [n, k] of BF16 or F16, where it is. Raises UwtError where that is not possible."""
        if exact not in EXACT:
            raise ValueError(f"exact is one of {', '.join(EXACT)}, got {exact!r}")
        return cls._made_of(weight, format_for(weight.dtype, format), exact, weight.device, is_transposed)

    @classmethod
    def _made_of(
        cls, dense: torch.Tensor, format: str, exact: str, device: torch.device, is_transposed: bool
    ) -> UwtTensor:
        """A dense tensor, wherever it is, compressed on a device."""
        shape, dtype = tuple(dense.shape), dense.dtype
        if is_transposed:
            dense = dense.transpose(-1, -2)
        if device.type != "cuda":
            return cls(_ops.encode(dense.to(device), format), shape, dtype, exact, None, is_transposed)
        image, held = _cuda_ops.encode_anywhere(dense, format, device)
        if exact == "product":
            _cuda_ops.load_kernels(image.device.index, held)
        return cls(image, shape, dtype, exact, held, is_transposed)

    @classmethod
    def from_image(cls, image: torch.Tensor, exact: str = "product", is_transposed: bool = False) -> UwtTensor:
        """The tensor of an image that came from elsewhere. Raises InvalidError for one that is damaged."""
        if exact not in EXACT:
            raise ValueError(f"exact is one of {', '.join(EXACT)}, got {exact!r}")
        if image.device.type != "cpu":
            raise UsageError(f"an image is checked on the CPU, and this one is on {image.device}")
        image = _ops.check(image)
        info = _ops.info(image)
        shape = _arrays.transposed(info.shape) if is_transposed else info.shape
        return cls(image, shape, _ARRAYS.dtype(info.dtype), exact, None, is_transposed)

    @property
    def format(self) -> str:
        """The format's text: "raw" where the weight could not be compressed."""
        if self.on_device is not None:
            return _cuda_ops.what_of(self.on_device).weight.format
        return _ops.info(self.image).format

    @property
    def arithmetic(self) -> str:
        """How products are computed where `exact` is "product": "dense", or "integer<8>", by integers that x is rounded to."""
        if self.on_device is not None:
            return _cuda_ops.what_of(self.on_device).weight.arithmetic
        return _ops.info(self.image).arithmetic

    def _has_codes(self) -> bool:
        """Whether the image holds codes of a quantised checkpoint, which copies elsewhere are not made of."""
        return _weights.has_codes(self.format)

    def _format_of_copies(self) -> str:
        return RUN_FORMATS[self.dtype] if self._has_codes() else self.format

    def dense(self) -> torch.Tensor:
        """A dense copy."""
        held = self._decoded()
        return held.transpose(-1, -2).contiguous() if self.is_transposed else held

    def _decoded(self) -> torch.Tensor:
        if self.on_device is not None:
            return self._in_own_order(torch.ops.uwt.cuda_decode(self.image, self.on_device))
        shape = _arrays.transposed(self.shape) if self.is_transposed else self.shape
        try:
            return torch.ops.uwt.decode(self.image, shape, self.dtype)
        except RuntimeError as error:
            raise _native.error_in(error) from None

    def _in_own_order(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows of the image, with their columns where the weight has them."""
        return rows if self.order is None else torch.empty_like(rows).index_copy_(-1, self.order, rows)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"UwtTensor(shape={tuple(self.shape)}, dtype={self.dtype}, {self.image.numel()} bytes)"

    def _with_image(self, image: torch.Tensor) -> UwtTensor:
        order = None if self.order is None else self.order.to(image.device)
        return UwtTensor(image, tuple(self.shape), self.dtype, self.exact, self.on_device, self.is_transposed, order)

    def _compressed_again(self, device: torch.device) -> UwtTensor:
        """The same weight, from its values."""
        return UwtTensor._made_of(self.dense(), self._format_of_copies(), self.exact, device, self.is_transposed)

    def _moved(self, device: torch.device, **options: Any) -> UwtTensor:
        """A copy on a device. A GPU has the bytes of an image in another order than the CPU."""
        is_alike = (device.type == "cuda") == (self.on_device is not None)
        if is_alike or device.type == "meta":
            return self._with_image(torch.ops.aten._to_copy(self.image, device=device, **options))
        codes = self._codes_on(device) if device.type == "cuda" and self._has_codes() else None
        return self._compressed_again(device) if codes is None else codes

    def _codes_on(self, device: torch.device) -> UwtTensor | None:
        """A CPU's image of codes as one of a GPU; None where there are no kernels for it."""
        order = None
        if self.format.endswith("order=k"):
            if self.dim() != 2:
                return None
            order = torch.empty(self._sizes[1], dtype=torch.int32, device="cpu")
        image, text = _cuda_ops.of_codes(self.image, device, order)
        try:
            text = _cuda_ops.with_kernels(image.device.index, text, self.arithmetic)
        except UnsupportedError:
            return None
        order = None if order is None else order.to(image.device, torch.int64)
        return UwtTensor(image, self._sizes, self.dtype, self.exact, text, self.is_transposed, order)

    def _stable_hash_for_caching(self) -> str:
        # Of what a compiled graph depends on: the image is an input, of a size that graphs are made for.
        inner, meta = self.__tensor_flatten__()
        return f"{tuple(self.shape)} {meta} {self.image.numel()} {inner}"

    def __tensor_flatten__(self):
        inner = ["image"] if self.order is None else ["image", "order"]
        return inner, (self.dtype, self.exact, self.on_device, self.is_transposed)

    @staticmethod
    def __tensor_unflatten__(inner, meta, outer_size, outer_stride):
        return UwtTensor(inner["image"], tuple(outer_size), *meta, inner.get("order"))

    def __reduce_ex__(self, protocol):
        if self.on_device is None:
            held = self._compressed_again(self.device) if self._has_codes() else self
            return _from_image, (held.image, self.exact, self.is_transposed)
        # Files have images of the CPU, which can be checked, and a tensor that goes where the file is loaded to.
        image = self._moved(torch.device("cpu")).image
        return _from_image_on, (image, self.exact, torch.empty(0, device=self.device), self.is_transposed)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        special = _FUNCTIONS.get(func)
        if special is not None:
            result = special(*args, **kwargs)
            if result is not NotImplemented:
                return result
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **kwargs)

    @classmethod
    def __torch_dispatch__(cls, func, types, args, kwargs=None):
        kwargs = kwargs or {}
        special = _OPERATORS.get(func)
        if special is not None:
            return special(func, args, kwargs)
        for argument, value in zip(func._schema.arguments, args):
            if argument.is_write and isinstance(value, UwtTensor):
                raise TypeError(f"{func} writes into a compressed weight: take its dense() copy")
        args, kwargs = _pytree.tree_map_only(UwtTensor, UwtTensor.dense, (args, kwargs))
        return func(*args, **kwargs)


_MULTIPLY = torch.ops.uwt.linear.default
_MULTIPLY_ON_DEVICE = torch.ops.uwt.cuda_linear.default
_MULTIPLY_WITHOUT_GRADIENTS = torch.ops.uwt.linear_without_gradients.default


def _linear(input, weight, bias=None):
    if not isinstance(weight, UwtTensor) or weight.is_transposed:
        return NotImplemented
    if weight.exact == "decode":
        return torch.nn.functional.linear(input, weight.dense(), bias)
    if weight.on_device is not None:
        if weight.order is not None:
            input = input.index_select(-1, weight.order)
        return _MULTIPLY_ON_DEVICE(input, weight.image, bias, weight.on_device)
    n, k = weight._sizes
    try:
        if not torch.is_grad_enabled():
            return _MULTIPLY_WITHOUT_GRADIENTS(input, weight.image, bias, n, k)
        # Graphs have the operator: whether a gradient is recorded is asked where they run.
        multiply = _MULTIPLY if torch.compiler.is_compiling() else _ops.linear
        return multiply(input, weight.image, bias, n, k)
    except RuntimeError as error:
        raise _native.error_in(error) from None


def _embedding(
    input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False
):
    if not isinstance(weight, UwtTensor) or weight.is_transposed:
        return NotImplemented
    if max_norm is not None:
        raise TypeError("an embedding with max_norm changes its weight, and a compressed one stays as it is")
    if weight.on_device is not None:
        return weight._in_own_order(torch.ops.uwt.cuda_embedding(input, weight.image, weight.on_device))
    try:
        return torch.ops.uwt.embedding(input, weight.image, *weight.shape, weight.dtype)
    except RuntimeError as error:
        raise _native.error_in(error) from None


_FUNCTIONS = {torch.nn.functional.linear: _linear, torch.nn.functional.embedding: _embedding}


def _alias(func, args, kwargs):
    return return_and_correct_aliasing(func, args, kwargs, args[0]._with_image(args[0].image))


def _clone(func, args, kwargs):
    return args[0]._with_image(args[0].image.clone())


def _to_copy(func, args, kwargs):
    weight = args[0]
    dtype = kwargs.get("dtype")
    if dtype not in (None, weight.dtype):
        raise TypeError(f"a compressed weight of {weight.dtype} cannot become {dtype}: take its dense() copy")
    kept = {name: value for name, value in kwargs.items() if name == "non_blocking"}
    device = kwargs.get("device")
    return weight._moved(weight.device if device is None else torch.device(device), **kept)


def _copy(func, args, kwargs):
    into, source = args[0], args[1]
    if not isinstance(into, UwtTensor):
        return func(into, source.dense(), *args[2:], **kwargs)
    if into.shape != source.shape:
        raise ValueError(f"a weight of shape {tuple(source.shape)} cannot be copied to one of {tuple(into.shape)}")
    if isinstance(source, UwtTensor) and source.is_transposed == into.is_transposed:
        made = source._moved(into.device)
    else:
        dense = source.dense() if isinstance(source, UwtTensor) else source
        made = UwtTensor._made_of(
            dense.to(into.dtype), into._format_of_copies(), into.exact, into.device, into.is_transposed
        )
    for name in ("image", "on_device", "order"):
        torch.Tensor.__setattr__(into, name, getattr(made, name))
    return into


_ATEN = torch.ops.aten
_OPERATORS = {
    _ATEN.detach.default: _alias,
    _ATEN.alias.default: _alias,
    _ATEN.clone.default: _clone,
    _ATEN._to_copy.default: _to_copy,
    _ATEN.copy_.default: _copy,
}


def _from_image(image: torch.Tensor, exact: str, is_transposed: bool = False) -> UwtTensor:
    # A file may hold another tensor over the same bytes, or be read later (mmap=True): a copy stays as it was checked.
    copy = image.detach().to("cpu", copy=True).contiguous()
    return UwtTensor.from_image(copy, exact, is_transposed)


def _from_image_on(image: torch.Tensor, exact: str, place: torch.Tensor, is_transposed: bool = False) -> UwtTensor:
    made = _from_image(image, exact, is_transposed)
    return made if place.device.type == "cpu" else made._moved(place.device)


# Files of torch.save with compressed weights load with weights_only: from_image checks what they hold.
torch.serialization.add_safe_globals([_from_image, _from_image_on])
