"""uwt::experts (_experts) over device images of weights:

    uwt::cuda_experts(x, up, down, weights, ids, places, activation, up_weight, down_weight,
                      up_bias=None, down_bias=None, alpha=1.702, limit=7.0)

`up_weight` and `down_weight` are texts of _cuda.Weights. Rows are brought into the order of matrices on the device, those of a
matrix from the begin of a slice on, and one launch multiplies all slices (grouped kernels): the host neither knows nor waits for
which experts were chosen, and CUDA graphs capture it. Sums of a token are taken in f32, in an order that their number decides. A
bias is added to the product that is rounded already, as transformers does it.
"""

from __future__ import annotations

import dataclasses

import torch

from .. import _cuda
from ..errors import UnsupportedError
from . import _counters, _cuda_ops
from ._experts import ACTIVATIONS, check_choice, checked_bias, gated

# Rows of tokens whose sums are taken in one step.
_SUMMED_AT_ONCE = 4096

_LIBRARY = torch.library.Library("uwt", "FRAGMENT")
_LIBRARY.define(
    "cuda_experts(Tensor x, Tensor up, Tensor down, Tensor weights, Tensor ids, Tensor? places, str activation, "
    "str up_weight, str down_weight, Tensor? up_bias=None, Tensor? down_bias=None, float alpha=1.702, float limit=7.0) -> Tensor"
)


def _check(x, up, down, weights, ids, up_weight, down_weight, activation, up_bias, down_bias):
    """Raises RuntimeError for what does not fit; gives how many matrices there are, and the biases as they are added."""
    torch._check(x.dim() == 2, lambda: f"uwt::cuda_experts: x has {x.dim()} dimensions")
    torch._check(activation in ACTIVATIONS, lambda: f"uwt::cuda_experts: there is no activation {activation!r}")
    check_choice("uwt::cuda_experts", x, weights, ids)
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


@dataclasses.dataclass(frozen=True)
class _Slices:
    """Rows of experts, as grouped kernels take them."""

    #: Rows of a slice.
    size: int
    #: 1 + slices i32: how many slices there are, and the matrix of each.
    table: torch.Tensor
    #: Of x that products take, and of what they give, the row of each id: [tokens, slots].
    rows: torch.Tensor


def _one_by_one(x: torch.Tensor, ids: torch.Tensor, matrices: int, size: int) -> tuple[_Slices, torch.Tensor]:
    """A slice a row, in their own order, and x so: of few rows hardly any have one matrix, and to order them takes longer than to
    read that once more."""
    (m, k), slots = x.shape, ids.shape[1]
    # Looked up, so that PyTorch finds ids of no expert.
    of_ids = torch.arange(matrices, dtype=torch.int32, device=x.device)[ids.reshape(-1)]
    table = torch.nn.functional.pad(of_ids, (1, 0), value=m * slots)
    # All rows of a slice are the token's, of which the first one is looked at.
    rows = torch.arange(0, m * slots * size, size, device=x.device).view(m, slots)
    return _Slices(size, table, rows), x[:, None].expand(m, slots * size, k).reshape(-1, k).contiguous()


def _by_matrix(x: torch.Tensor, ids: torch.Tensor, matrices: int, sizes: list[int]) -> tuple[_Slices, torch.Tensor]:
    """Rows in the order of their matrices, as many as a matrix has on average to a slice, and x so."""
    count = ids.numel()
    each = -(-count // matrices)
    size = next((size for size in sizes if size >= each), sizes[-1])
    used = min(count, matrices)
    # As many as there are at most, whatever matrices the rows are of.
    slices = used + (count - used) // size
    table, rows = _ordered(ids, matrices, size, slices)
    # The token of each row; of rows that no token has, any. One more is for ids of other processes.
    tokens = torch.arange(count, device=x.device) // ids.shape[1]
    token_of = torch.zeros(slices * size + 1, dtype=torch.int64, device=x.device).scatter_(0, rows.reshape(-1), tokens)
    return _Slices(size, table, rows.clamp_max(slices * size - 1)), x[token_of[:-1]]


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


def _product(kernels: _cuda.GroupedKernels, x: torch.Tensor, image: torch.Tensor, n: int, of: _Slices) -> torch.Tensor:
    """Slices of x by the matrices of a table; rows of slices that there are not hold anything."""
    slices = of.table.numel() - 1
    y = x.new_empty((x.shape[0], n))
    workspace_bytes, counter_bytes = kernels.scratch(of.size, slices)
    workspace = x.new_empty(workspace_bytes, dtype=torch.uint8)
    stream = _cuda_ops.stream_of(x)
    counters = _counters.on(x.device, stream, counter_bytes)
    kernels.product(
        image.data_ptr(), of.size, slices, (of.table.data_ptr(), 4 * of.table.numel()), x.data_ptr(), y.data_ptr(),
        (workspace.data_ptr(), workspace_bytes), counters, stream,
    )  # fmt: skip
    return y


def _sums(product: torch.Tensor, rows: torch.Tensor, scales: torch.Tensor, elsewhere: torch.Tensor | None) -> torch.Tensor:
    """The sum of each token's rows by their scales, in f32; rows that are `elsewhere` are none. Few tokens are summed at once,
    which takes fewest launches; of many that would take as much memory as all rows in f32."""
    slots = rows.shape[1]
    at_once = slots if rows.numel() <= _SUMMED_AT_ONCE else 1
    sums = None
    for first in range(0, slots, at_once):
        some = slice(first, first + at_once)
        each = product[rows[:, some]]
        if elsewhere is not None:
            each.masked_fill_(elsewhere[:, some, None], 0)
        own = (each.float() * scales[:, some, None]).sum(1)
        sums = own if sums is None else sums.add_(own)
    return sums


def _experts(
    x, up, down, weights, ids, places, activation, up_weight, down_weight, up_bias=None, down_bias=None, alpha=1.702, limit=7.0
):
    matrices, up_bias, down_bias = _check(x, up, down, weights, ids, up_weight, down_weight, activation, up_bias, down_bias)
    if ids.numel() == 0:
        return torch.zeros_like(x, memory_format=torch.contiguous_format)
    of_up, of_down = (_cuda_ops.grouped(x.device.index, text) for text in (up_weight, down_weight))
    sizes = sorted(set(of_up.sizes) & set(of_down.sizes))
    if not sizes:
        raise UnsupportedError(f"kernels of experts have slices of {of_up.sizes} and of {of_down.sizes} rows, and none of both")
    if places is None and ids.numel() <= matrices // 2:
        of, rows = _one_by_one(x, ids, matrices, sizes[0])
    else:
        ids = (ids if places is None else places[ids.long()]).long()
        of, rows = _by_matrix(x, ids, matrices, sizes)

    def biased(product, bias):
        if bias is None:
            return product
        return (product.view(-1, of.size, product.shape[1]) + bias[of.table[1:].long(), None]).view(product.shape)

    n, k = (_cuda_ops.what_of(text).n for text in (up_weight, down_weight))
    # What there is one of for each row takes gigabytes where there are many: it lives no longer than it has to.
    rows = biased(_product(of_up, rows, up, n, of), up_bias)
    rows = gated(rows, activation, alpha, limit).contiguous()
    rows = biased(_product(of_down, rows, down, k, of), down_bias)
    return _sums(rows, of.rows, weights.float(), None if places is None else ids < 0).to(x.dtype)


def _fake_experts(
    x, up, down, weights, ids, places, activation, up_weight, down_weight, up_bias=None, down_bias=None, alpha=1.702, limit=7.0
):
    _check(x, up, down, weights, ids, up_weight, down_weight, activation, up_bias, down_bias)
    return torch.empty_like(x, memory_format=torch.contiguous_format)


_LIBRARY.impl("cuda_experts", _experts, "CUDA")
torch.library.register_fake("uwt::cuda_experts", _fake_experts, lib=_LIBRARY)
