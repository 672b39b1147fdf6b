"""uwt::experts (_experts) over device images of weights:

    uwt::cuda_experts(x, up, down, weights, ids, places, activation, up_weight, down_weight,
                      up_bias=None, down_bias=None, alpha=1.702, limit=7.0)

`up_weight` and `down_weight` are texts of _cuda.Weights. Rows are brought into the order of matrices, so that each matrix
multiplies its own at once; how many these are the host has to know, and waits for: CUDA graphs cannot capture it.
A bias is added to the product that is rounded already, as transformers does it.
"""

from __future__ import annotations

import torch

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


def _product(x: torch.Tensor, image: torch.Tensor, weight: str, offsets: list[int]) -> torch.Tensor:
    """Rows offsets[i] to offsets[i + 1] of x by matrix i."""
    what, index = _cuda_ops.what_of(weight), x.device.index
    kernels = _cuda_ops.products(index, weight, False)
    y = x.new_empty((x.shape[0], what.n))
    workspace_bytes, counter_bytes = kernels.scratch(max(b - a for a, b in zip(offsets, offsets[1:])))
    workspace = x.new_empty(workspace_bytes, dtype=torch.uint8)
    stream = _cuda_ops.stream_of(x)
    counters = _counters.on(x.device, stream, counter_bytes)
    kernels.grouped_linear(
        image.data_ptr(), offsets, x.data_ptr(), y.data_ptr(), (workspace.data_ptr(), workspace_bytes), counters, stream
    )
    return y


def _experts(
    x, up, down, weights, ids, places, activation, up_weight, down_weight, up_bias=None, down_bias=None, alpha=1.702, limit=7.0
):
    matrices, up_bias, down_bias = _check(x, up, down, up_weight, down_weight, activation, up_bias, down_bias)
    if places is not None:
        ids = places[ids.long()]
    # Slots of a token in the order of matrices, which its sum is taken in; those of other processes, -1, are first.
    ids, slots = ids.long().sort(dim=1, stable=True)
    flat = ids.reshape(-1)
    by_matrix = flat.argsort(stable=True)
    torch._check(flat.numel() < 2**31, lambda: f"uwt::cuda_experts: {flat.numel()} rows are too many")
    elsewhere, *counts = torch.bincount(flat + 1, minlength=matrices + 1).tolist()
    torch._check(len(counts) == matrices, lambda: f"uwt::cuda_experts: there is no expert {len(counts) - 1} of {matrices}")
    y = torch.zeros(x.shape, dtype=torch.float32, device=x.device)
    if not sum(counts):
        return y.to(x.dtype)
    offsets = [0]
    for count in counts:
        offsets.append(offsets[-1] + count)
    mine = by_matrix[elsewhere:]

    def biased(product, bias):
        return product if bias is None else product + bias[flat[mine]]

    hidden = biased(_product(x[mine // ids.shape[1]], up, up_weight, offsets), up_bias)
    product = _product(gated(hidden, activation, alpha, limit).contiguous(), down, down_weight, offsets)
    product = biased(product, down_bias)
    # Where the row of each slot is.
    places_of = torch.empty_like(by_matrix)
    places_of[by_matrix] = torch.arange(-elsewhere, flat.numel() - elsewhere, device=x.device)
    places_of = places_of.reshape(ids.shape)
    scales = weights.gather(1, slots).float() * (ids >= 0)
    for slot in range(ids.shape[1]):
        y += product[places_of[:, slot].clamp_min(0)].float() * scales[:, slot, None]
    return y.to(x.dtype)


def _fake_experts(
    x, up, down, weights, ids, places, activation, up_weight, down_weight, up_bias=None, down_bias=None, alpha=1.702, limit=7.0
):
    _check(x, up, down, up_weight, down_weight, activation, up_bias, down_bias)
    return torch.empty_like(x, memory_format=torch.contiguous_format)


_LIBRARY.impl("cuda_experts", _experts, "CUDA")
torch.library.register_fake("uwt::cuda_experts", _fake_experts, lib=_LIBRARY)
