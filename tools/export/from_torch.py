#!/usr/bin/env python3
"""Writes a PyTorch model as linalg IR for UWT: MLIR text whose weights are outside.

    from_torch.py MODEL.py -o OUT.mlir [--weights OUT.safetensors]

MODEL.py defines `model()`, which returns a torch.nn.Module and a tuple of example
inputs, and may define `dynamic_shapes` as torch.export takes them. Each parameter and
buffer becomes a constant without data, `dense_resource<KEY>`, with its key in the
state_dict: `uwt-bind-weights` finds the tensor of that name in a container or in the
file that --weights writes. Needs torch, torch-mlir and safetensors (PyPI).
"""

import torch
from model_file import load, parse_arguments
from torch_mlir import fx, ir
from torch_mlir.extras.fx_importer import TORCH_DTYPE_TO_MLIR_TYPE, FxImporterHooks


def identity(tensor):
    """The same for all tensors that are the same elements of the same memory."""
    return tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride()


class NamedWeights(FxImporterHooks):
    """Imports tensors of a state_dict as constants with their names in place of their data."""

    def __init__(self, state):
        self.names = {}
        for name, tensor in state.items():
            self.names.setdefault(identity(tensor), name)
        self.used = {}
        self.attributes = {}

    def resolve_literal(self, gni, literal, info):
        # Folding may want to see the value of a single element.
        if not isinstance(literal, torch.Tensor) or literal.numel() <= 1:
            return None
        name = self.names.get(identity(literal))
        if name is None or literal.dtype not in TORCH_DTYPE_TO_MLIR_TYPE:
            return None
        self.used[name] = literal
        element = TORCH_DTYPE_TO_MLIR_TYPE[literal.dtype]()
        shape = "".join(f"{size}x" for size in literal.shape)
        if name not in self.attributes:
            text = f'dense_resource<"{name}"> : tensor<{shape}{element}>'
            self.attributes[name] = ir.Attribute.parse(text)
        return ir.Operation.create(
            "torch.vtensor.literal",
            results=[gni._cc.tensor_to_vtensor_type(literal)],
            attributes={"value": self.attributes[name]},
        ).result


def export(module, inputs, dynamic_shapes=None):
    """The IR of `module` as text, and the tensors that its constants are named after."""
    with torch.no_grad():
        program = torch.export.export(module.eval(), inputs, dynamic_shapes=dynamic_shapes)
    hooks = NamedWeights(program.state_dict)
    imported = fx.export_and_import(program, output_type="linalg-on-tensors", hooks=hooks)
    return str(imported), hooks.used


def main():
    arguments = parse_arguments(__doc__)

    source = load(arguments.model)
    module, inputs = source.model()
    text, weights = export(module, inputs, getattr(source, "dynamic_shapes", None))
    with open(arguments.output, "w", encoding="utf-8") as file:
        file.write(text)
    if arguments.weights:
        from safetensors.torch import save_file

        save_file({name: tensor.contiguous().clone() for name, tensor in weights.items()}, arguments.weights)
    print(f"{arguments.output}: {len(weights)} weights outside")


if __name__ == "__main__":
    main()
