"""Modules with compressed weights."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Callable

import torch

from .. import _arrays
from . import _cuda_ops, _ops, _packs
from ._tensor import EXACT, RUN_FORMAT, UwtTensor, format_for, why_dense

#: Whether the weight of a module is compressed: its name in the model, and itself.
Filter = Callable[[str, torch.nn.Module], bool]


@dataclasses.dataclass(frozen=True)
class Report:
    """What `compress_` did."""

    #: Names of the weights that are compressed now, and bytes that they had and have.
    compressed: tuple[str, ...]
    dense_bytes: int
    bytes: int
    #: Names of weights that stay as they are, and why.
    left: dict[str, str]


def reads_compressed(module: torch.nn.Module) -> bool:
    """Whether a module's weight may be a UwtTensor."""
    return isinstance(module, (torch.nn.Linear, torch.nn.Embedding)) and getattr(module, "max_norm", None) is None


def why_not(weight: torch.Tensor, format: str) -> str | None:
    """Why a weight is not compressed to a format, whatever module it belongs to."""
    if isinstance(weight, UwtTensor):
        return "it is compressed already"
    if weight.device.type not in ("cpu", "cuda"):
        return f"it is on {weight.device}, and products run on CPUs and with CUDA"
    return why_dense(weight.dtype, format)


def _why_not_of(name: str, module: torch.nn.Module, format: str, filter: Filter | None) -> str | None:
    why = why_not(module.weight, format)
    if why is not None:
        return why
    if not reads_compressed(module):
        return "its embedding has max_norm, which changes it"
    if filter is not None and not filter(name, module):
        return "the filter leaves it out"
    return None


def _kernels_of(module: torch.nn.Module, format: str) -> list[_packs.Kernels]:
    """What runs the weights below a module, compressed or to be compressed, on a GPU."""
    wanted = []
    for child in module.modules():
        weight = getattr(child, "weight", None)
        if not reads_compressed(child) or (not isinstance(weight, UwtTensor) and why_dense(weight.dtype, format)):
            continue
        dtype, own = _arrays.TorchArrays().name_of(weight), getattr(weight, "format", None)
        kernels = _packs.Kernels(dtype, own or format_for(weight.dtype, format), *weight.shape)
        wanted.append(kernels)
        if getattr(child, "bias", None) is not None:
            wanted.append(dataclasses.replace(kernels, bias=True))
    # Experts, of models that were loaded compressed: what they are made of otherwise, only loaders know.
    stacks = [each for each in module.parameters() if isinstance(each, UwtTensor) and each.dim() == 3]
    for stack in stacks:
        n, k = stack.shape[:0:-1] if stack.is_transposed else stack.shape[1:]
        wanted.append(_packs.Kernels(_arrays.TorchArrays().name_of(stack), stack.format, n, k, grouped=True))
    return wanted


def make_packs(
    module: torch.nn.Module, folder: str | os.PathLike[str], target: str, format: str = RUN_FORMAT
) -> list[pathlib.Path]:
    """Makes kernels for the weights below `module` on a GPU, a pack a shape, with the compiler of the extra `compiler`.

    `use_pack(folder)` has them used, on machines that lack the compiler too. Neither a GPU nor the weights' data are needed:
    `module` may be on the device "meta".

    Args:
        folder: where the packs are written; those that are there stay. Experts are known where they are compressed.
        target: of the GPU: "sm_90" or "sm_90a" for H100 and H200.
        format: what weights will be compressed to, as in `compress_`.
    """
    wanted = _kernels_of(module, format)
    return _packs.make(wanted, _packs.compile_target(target), pathlib.Path(folder))


def compressed_parameter(
    weight: torch.Tensor, format: str, exact: str, is_transposed: bool = False
) -> torch.nn.Parameter | None:
    """A compressed parameter of a dense weight; None where it would not be smaller, unless it is to be "raw"."""
    made = UwtTensor.encode(weight, format, exact, is_transposed)
    if format != "raw" and made.image.numel() >= weight.numel() * weight.element_size():
        return None
    return torch.nn.Parameter(made, requires_grad=False)


def compress_(
    module: torch.nn.Module,
    format: str = RUN_FORMAT,
    filter: Filter | None = None,
    exact: str = "product",
) -> Report:
    """Compresses the weights of all `nn.Linear` and `nn.Embedding` below `module`, in place, one after another.

    Modules stay what they are; each weight becomes a UwtTensor that requires no gradient. Weights that modules share stay
    shared. What is neither on the CPU nor on a GPU is left, what is neither BF16 nor F16, and what would not get smaller; the
    report says why. On a GPU the compiler of the extra `compiler` makes kernels for weights, or packs have them (`use_pack`).

    Args:
        format: "auto": "inplace<12>" for BF16, about 12 bits a weight, while F16 stays dense; "window<4>" for F16, about 15
            bits: several rows are faster from it, one is slower; "raw" to compare with.
        filter: called with the name and the module of each weight; False leaves it.
        exact: "product": UWT's products, with the same bits from "raw" and compressed weights; "decode": PyTorch's own,
            with the bits of the dense model, from weights that each call decodes.
    """
    if exact not in EXACT:
        raise ValueError(f"exact is one of {', '.join(EXACT)}, got {exact!r}")
    for device in {each.device for each in module.parameters() if each.device.type == "cuda"}:
        _packs.make_ahead(_kernels_of(module, format), _cuda_ops.device_of(device.index).target)
    # By the dense parameters, which modules may share: tensors are keys by what they are, not by what they hold.
    done: dict[torch.nn.Parameter, torch.nn.Parameter] = {}
    names: list[str] = []
    left: dict[str, str] = {}
    dense_bytes = image_bytes = 0
    for path, child in module.named_modules(remove_duplicate=True):
        if not isinstance(child, (torch.nn.Linear, torch.nn.Embedding)):
            continue
        name = f"{path}.weight" if path else "weight"
        weight = child.weight
        if weight not in done:
            why = _why_not_of(path, child, format, filter)
            made = compressed_parameter(weight.data, format, exact) if why is None else None
            if made is None:
                left[name] = why or "compressed it would take more memory"
                continue
            done[weight] = made
            dense_bytes += weight.numel() * weight.element_size()
            image_bytes += made.image.numel()
        child.weight = done[weight]
        names.append(name)
    _ops.give_back_heap()
    return Report(tuple(names), dense_bytes, image_bytes, left)
