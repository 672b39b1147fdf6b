"""uwt::experts (_experts) over device images of weights:

    uwt::cuda_experts(x, up, down, weights, ids, places, activation, up_weight, down_weight,
                      up_bias=None, down_bias=None, alpha=1.702, limit=7.0)

`up_weight` and `down_weight` are texts of _cuda.Weights. Rows are brought into the order of matrices on the device, those of a
matrix from the begin of a slice on, and one launch multiplies all slices (grouped kernels): the host neither knows nor waits for
which experts were chosen, and CUDA graphs capture it. Sums of a token are taken in the order of its slots. A bias is added to the
product that is rounded already, as transformers does it.
"""

from __future__ import annotations

import torch

from .. import _cuda
from ..errors import UnsupportedError
from . import _counters, _cuda_ops
from ._experts import ACTIVATIONS, checked_bias, gated

_LIBRARY = torch.library.Library("uwt", "FRAGMENT")
_LIBRARY.define(
    "cuda_experts(Tensor x, Tensor up, Tensor down, Tensor weights, Tensor ids, Tensor? places, str activation, "
    "str up_weight, str down_weight, Tensor? up_bias=None, Tensor? down_bias=None, float alpha=1.702, float limit=7.0) -> Tensor"
)


def _check(x, up, down, up_weight, down_weight, activation, up_bias, down_bias):
    """Raises RuntimeError for what does not fit; gives how many matrices there are, and the biases as they are added."""
    torch._check(x.dim() == 2, lambda: f"uwt::cuda_experts: x has {x.dim()} dimensions")
    torch._check(activation in ACTIVATIONS, lambda: f"uwt::cuda_experts: there is no activation {activation!r}")
    of_up, of_down = _cuda_ops.what_of(up_weight), _cuda_ops.what_of(down_weight)
    for image, what in ((up, of_up), (down, of_down)):
        _cuda_ops.check_image("uwt::cuda_experts", image, what)
        torch._check(x.device == image.device, lambda: f"uwt::cuda_experts: x is on {x.device}, weights are on {image.device}")
        torch._check(x.dtype == what.dtype, lambda: f"uwt::cuda_experts: x is {x.dtype}, the weight {what.dtype}")
    sizes, others = ((what.weight.matrices, what.n, what.k) for what in (of_up, of_down))
    torch._check(
        others == (sizes[0], sizes[2], sizes[1] // 2) and x.shape[1] == sizes[2],
        lambda: f"uwt::cuda_experts: x {list(x.shape)}, up {list(sizes)} and down {list(others)} do not fit",
    )
    return sizes[0], checked_bias(up_bias, x, sizes[:2]), checked_bias(down_bias, x, others[:2])


def _slices_of(up: _cuda.GroupedKernels, down: _cuda.GroupedKernels, rows: int, matrices: int) -> tuple[int, int]:
    """Rows of a slice, of those that both products have kernels for, and how many slices `rows` rows take at most, whatever
    matrices they are of."""
    both = sorted(set(up.sizes) & set(down.sizes))
    if not both:
        raise UnsupportedError(f"kernels of experts have slices of {up.sizes} and of {down.sizes} rows, and none of both")
    each = -(-rows // matrices)
    slice = next((size for size in both if size >= each), both[-1])
    used = min(rows, matrices)
    return slice, used + (rows - used) // slice


def _ordered(ids: torch.Tensor, matrices: int, slice: int, slices: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The table of slices, 1 + slices i32: how many there are, and the matrix of each; and where the row of each id is, or
    behind all of them for one of -1. The rows of a matrix begin with a slice. Nothing waits for the device."""
    flat = ids.reshape(-1)
    ones = torch.ones_like(flat)
    counts = torch.zeros(matrices + 1, dtype=torch.int64, device=ids.device).scatter_add_(0, flat + 1, ones)
    ends = ((counts[1:] + (slice - 1)) // slice).cumsum(0)
    matrix = torch.searchsorted(ends, torch.arange(slices, device=ids.device), right=True).clamp_(max=matrices - 1)
    table = torch.cat((ends[-1:], matrix)).int()
    # A row is as far behind its matrix's first one as it is among the ids in order.
    flat, ids_in_order = flat.sort(stable=True)
    shifts = torch.cat((ends.new_zeros(1), ends[:-1])) * slice - (counts.cumsum(0) - counts)[1:]
    rows = torch.arange(flat.numel(), device=ids.device) + shifts[flat.clamp_min(0)]
    rows = rows.masked_fill_(flat < 0, slices * slice)
    return table, torch.empty_like(rows).scatter_(0, ids_in_order, rows).reshape(ids.shape)


def _product(
    kernels: _cuda.GroupedKernels, x: torch.Tensor, image: torch.Tensor, n: int, slice: int, table: torch.Tensor
) -> torch.Tensor:
    """Slices of x by the matrices of a table; rows of slices that there are not hold anything."""
    slices = table.numel() - 1
    y = x.new_empty((x.shape[0], n))
    workspace_bytes, counter_bytes = kernels.scratch(slice, slices)
    workspace = x.new_empty(workspace_bytes, dtype=torch.uint8)
    stream = _cuda_ops.stream_of(x)
    counters = _counters.on(x.device, stream, counter_bytes)
    kernels.product(
        image.data_ptr(), slice, slices, (table.data_ptr(), 4 * table.numel()), x.data_ptr(), y.data_ptr(),
        (workspace.data_ptr(), workspace_bytes), counters, stream,
    )  # fmt: skip
    return y


def _experts(
    x, up, down, weights, ids, places, activation, up_weight, down_weight, up_bias=None, down_bias=None, alpha=1.702, limit=7.0
):
    matrices, up_bias, down_bias = _check(x, up, down, up_weight, down_weight, activation, up_bias, down_bias)
    y = torch.zeros(x.shape, dtype=torch.float32, device=x.device)
    if ids.numel() == 0:
        return y.to(x.dtype)
    ids = (ids if places is None else places[ids.long()]).long()
    of_up, of_down = (_cuda_ops.grouped(x.device.index, text) for text in (up_weight, down_weight))
    slice, slices = _slices_of(of_up, of_down, ids.numel(), matrices)
    table, rows = _ordered(ids, matrices, slice, slices)
    # The token of each row; of rows that no token has, any. One more is for ids of other processes.
    tokens = torch.arange(ids.numel(), device=x.device) // ids.shape[1]
    token_of = torch.zeros(slices * slice + 1, dtype=torch.int64, device=x.device).scatter_(0, rows.reshape(-1), tokens)

    def biased(product, bias):
        if bias is None:
            return product
        return (product.view(slices, slice, -1) + bias[table[1:].long(), None]).view(product.shape)

    n, k = (_cuda_ops.what_of(text).n for text in (up_weight, down_weight))
    hidden = biased(_product(of_up, x[token_of[:-1]], up, n, slice, table), up_bias)
    product = biased(_product(of_down, gated(hidden, activation, alpha, limit).contiguous(), down, k, slice, table), down_bias)
    each = product[rows.clamp_max(slices * slice - 1)]
    if places is not None:
        each = each.masked_fill_((ids < 0)[..., None], 0)
    for slot in range(ids.shape[1]):
        y.addcmul_(each[:, slot].float(), weights[:, slot, None].float())
    return y.to(x.dtype)


def _fake_experts(
    x, up, down, weights, ids, places, activation, up_weight, down_weight, up_bias=None, down_bias=None, alpha=1.702, limit=7.0
):
    _check(x, up, down, up_weight, down_weight, activation, up_bias, down_bias)
    return torch.empty_like(x, memory_format=torch.contiguous_format)


_LIBRARY.impl("cuda_experts", _experts, "CUDA")
torch.library.register_fake("uwt::cuda_experts", _fake_experts, lib=_LIBRARY)
