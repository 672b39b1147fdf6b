"""The operator of experts: of each token, a few of many matrices.

    uwt::experts(x, up, down, weights, ids, places, activation)

x is [m, k], `up` an image of [e, 2·i, k] and `down` one of [e, k, i], both of x's dtype; `weights` and `ids` are [m, slots]. The result, [m, k],
is for each token the sum over its slots of weight · down[id] · (activation(gate) · up), where gate and up are the halves of
up[id] · x. Products have the bits of uwt::linear. Sums are taken in f32 in the order of matrices, and rounded once: a token's
bits depend on no other token. `places` gives an expert's index in the images, or -1 where another process has it; None is the identity.
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
#: Names of the functions that the operator takes.
ACTIVATIONS = frozenset(FUNCTIONS)
_LIBRARY = torch.library.Library("uwt", "FRAGMENT")
_LIBRARY.define(
    "experts(Tensor x, Tensor up, Tensor down, Tensor weights, Tensor ids, Tensor? places, str activation) -> Tensor"
)


def _product(image: torch.Tensor, matrix: int, x: torch.Tensor, n: int, k: int) -> torch.Tensor:
    y = x.new_empty((x.shape[0], n))
    _weights.linear(
        image.data_ptr(), image.numel(), n, k, x.shape[0], x.data_ptr(), k, y.data_ptr(), n, 0, _threads.context(),
        matrix=matrix,
    )  # fmt: skip
    return y


def _experts(x, up, down, weights, ids, places, activation):
    torch._check(x.dim() == 2, lambda: f"uwt::experts: x has {x.dim()} dimensions")
    torch._check(activation in FUNCTIONS, lambda: f"uwt::experts: there is no activation {activation!r}")
    function = FUNCTIONS[activation]
    for image in (up, down):
        _ops.check_dtype("uwt::experts: x", x.dtype, image)
    (matrices, both, k), of_down = (_ops.info(image).shape for image in (up, down))
    inner = both // 2
    torch._check(
        of_down == (matrices, k, inner) and x.shape[1] == k,
        lambda: f"uwt::experts: x {list(x.shape)}, up {[matrices, both, k]} and down {list(of_down)} do not fit",
    )
    x = x.contiguous()
    if places is not None:
        ids = places[ids.long()]
    y = torch.zeros(x.shape, dtype=torch.float32)
    for matrix in ids.unique().tolist():
        if matrix < 0:
            continue
        torch._check(matrix < matrices, lambda: f"uwt::experts: there is no expert {matrix} of {matrices}")
        rows, slots = (ids == matrix).nonzero(as_tuple=True)
        gate, scale = _product(up, matrix, x[rows], both, k).split(inner, dim=1)
        hidden = (function(gate) * scale).contiguous()
        product = _product(down, matrix, hidden, k, inner)
        y.index_add_(0, rows, product.float() * weights[rows, slots, None].float())
    return y.to(x.dtype)


_LIBRARY.impl("experts", _experts, "CPU")


@torch.library.register_fake("uwt::experts", lib=_LIBRARY)
def _(x, up, down, weights, ids, places, activation):
    return torch.empty_like(x)
