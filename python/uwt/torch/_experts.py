"""The operator of experts: of each token, a few of many matrices.

    uwt::experts(x, up, down, weights, ids, places, activation, up_bias=None, down_bias=None, alpha=1.702, limit=7.0)

x is [m, k], `up` an image of [e, 2·i, k] and `down` one of [e, k, i], both of x's dtype; `weights` and `ids` are [m, slots]. The result, [m, k],
is for each token the sum over its slots of weight · (down[id] · gated(up[id] · x + up_bias[id]) + down_bias[id]). Biases are
[e, 2·i] and [e, k], of x's dtype. Products and their biases have the bits of uwt::linear. Sums are taken in f32 in the order of
matrices, and rounded once: a token's bits depend on no other token. `places` gives an expert's index in the images, or -1 where another process has it; None is the identity.

`gated` of "silu", "gelu" and "gelu_tanh" is activation(gate) · up, where gate and up are halves of a row. Of "swigluoai", gpt-oss's,
they are its even and odd elements, both are clamped to at most `limit`, up to at least -limit as well, and it is
(up + 1) · gate · sigmoid(alpha · gate). Each step rounds to x's dtype, as PyTorch's functions do.
"""

from __future__ import annotations

import torch

from .. import _weights
from . import _ops, _threads

FUNCTIONS = {
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,
    "gelu_tanh": lambda gate: torch.nn.functional.gelu(gate, approximate="tanh"),
}
#: The activation of gpt-oss, which is more than a function of the gate.
SWIGLU_OAI = "swigluoai"
#: Names that the operator takes.
ACTIVATIONS = frozenset(FUNCTIONS) | {SWIGLU_OAI}
_LIBRARY = torch.library.Library("uwt", "FRAGMENT")
_LIBRARY.define(
    "experts(Tensor x, Tensor up, Tensor down, Tensor weights, Tensor ids, Tensor? places, str activation, "
    "Tensor? up_bias=None, Tensor? down_bias=None, float alpha=1.702, float limit=7.0) -> Tensor"
)


def _product(
    image: torch.Tensor, bias: torch.Tensor | None, matrix: int, x: torch.Tensor, n: int, k: int
) -> torch.Tensor:
    y = x.new_empty((x.shape[0], n))
    bias_at = 0 if bias is None else bias[matrix].data_ptr()
    _weights.linear(
        image.data_ptr(), image.numel(), n, k, x.shape[0], x.data_ptr(), k, y.data_ptr(), n, bias_at, _threads.context(),
        matrix=matrix,
    )  # fmt: skip
    return y


def checked_bias(bias: torch.Tensor | None, x: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor | None:
    """A bias as products take it. Raises RuntimeError for one of another shape, dtype or device than x and the matrices ask for."""
    if bias is None:
        return None
    torch._check(
        tuple(bias.shape) == shape and bias.dtype == x.dtype and bias.device == x.device,
        lambda: f"experts: a bias is {list(bias.shape)} of {bias.dtype} on {bias.device}, "
        f"expected {list(shape)} of {x.dtype} on {x.device}",
    )
    return bias.contiguous()


def check_choice(operator: str, x: torch.Tensor, weights: torch.Tensor, ids: torch.Tensor) -> None:
    """Raises RuntimeError for ids and weights that are not some for each row of x."""
    _ops.check_ids(operator, ids)

    def what() -> str:
        return f"{operator}: ids {list(ids.shape)} and weights {list(weights.shape)} are not of the {x.shape[0]} rows of x"

    torch._check(ids.dim() == 2 and weights.dim() == 2, what)
    # One by one: sizes of a graph may be known to calls alone.
    for size, expected in zip((ids.shape[0], *weights.shape), (x.shape[0], *ids.shape), strict=True):
        torch._check(size == expected, what)


def gated(product: torch.Tensor, activation: str, alpha: float = 1.702, limit: float = 7.0) -> torch.Tensor:
    """What `down` multiplies, of rows that `up` gave."""
    if activation != SWIGLU_OAI:
        gate, up = product.chunk(2, dim=-1)
        return FUNCTIONS[activation](gate) * up
    gate, up = product[..., ::2].clamp(max=limit), product[..., 1::2].clamp(-limit, limit)
    return (up + 1) * (gate * torch.sigmoid(gate * alpha))


def _experts(
    x, up, down, weights, ids, places, activation, up_bias=None, down_bias=None, alpha=1.702, limit=7.0
):
    torch._check(x.dim() == 2, lambda: f"uwt::experts: x has {x.dim()} dimensions")
    torch._check(activation in ACTIVATIONS, lambda: f"uwt::experts: there is no activation {activation!r}")
    check_choice("uwt::experts", x, weights, ids)
    for image in (up, down):
        _ops.check_image("uwt::experts", image)
        _ops.check_dtype("uwt::experts: x", x.dtype, image)
    (matrices, both, k), of_down = (_ops.info(image).shape for image in (up, down))
    inner = both // 2
    torch._check(
        of_down == (matrices, k, inner) and x.shape[1] == k,
        lambda: f"uwt::experts: x {list(x.shape)}, up {[matrices, both, k]} and down {list(of_down)} do not fit",
    )
    x = x.contiguous()
    up_bias, down_bias = checked_bias(up_bias, x, (matrices, both)), checked_bias(down_bias, x, (matrices, k))
    if places is not None:
        ids = places[ids.long()]
    y = torch.zeros(x.shape, dtype=torch.float32, device=x.device)
    if ids.numel() == 0:
        return y.to(x.dtype)
    for matrix in ids.unique().tolist():
        if matrix < 0:
            continue
        torch._check(matrix < matrices, lambda: f"uwt::experts: there is no expert {matrix} of {matrices}")
        rows, slots = (ids == matrix).nonzero(as_tuple=True)
        product = _product(up, up_bias, matrix, x[rows], both, k)
        hidden = gated(product, activation, alpha, limit).contiguous()
        product = _product(down, down_bias, matrix, hidden, k, inner)
        y.index_add_(0, rows, product.float() * weights[rows, slots, None].float())
    return y.to(x.dtype)


_LIBRARY.impl("experts", _experts, "CPU")


@torch.library.register_fake("uwt::experts", lib=_LIBRARY)
def _(x, up, down, weights, ids, places, activation, up_bias=None, down_bias=None, alpha=1.702, limit=7.0):
    check_choice("uwt::experts", x, weights, ids)
    return torch.empty_like(x)
