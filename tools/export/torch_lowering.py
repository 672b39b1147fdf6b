"""From modules of PyTorch to one MLIR module of linalg on tensors, through torch-mlir.

Weights become constants without data, `dense_resource<NAME>`. torch.export traces the
modules; the package's `_linalg.py` has what is rewritten for torch-mlir.
"""

import importlib.util
import inspect
import pathlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from command_line import ExportError, describe, one_line
from torch_mlir import fx, ir
from torch_mlir.extras.fx_importer import FxImporterHooks

PACKAGE = pathlib.Path(__file__).resolve().parents[2] / "python" / "uwt"


def load_linalg():
    """python/uwt/torch/_linalg.py, without the package, which needs its library."""
    spec = importlib.util.spec_from_file_location("uwt_linalg", PACKAGE / "torch" / "_linalg.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


linalg = load_linalg()


@dataclass
class Traced:
    """A function of the MLIR module to be: a program of torch.export.

    Arguments and results have names such as `cache.0.keys`, by their places in the trees
    that the module takes and returns. Tensors of the module that `constants` has become
    constants of those names.
    """

    program: torch.export.ExportedProgram
    input_names: list[str]
    output_names: list[str]
    constants: dict[str, torch.Tensor]

    def outputs(self):
        """Results by name, without data: their shapes may have symbolic sizes."""
        (results,) = self.program.graph.output_node().args
        return {name: node.meta["val"] for name, node in zip(self.output_names, results)}


@dataclass
class Lowered:
    """MLIR text, and the tensors that its constants are named after."""

    text: str
    weights: dict[str, torch.Tensor]


def trace(name, module, inputs, dynamic_shapes=None, constants=None, input_names=None):
    """Traces and decomposes a module for `lower`.

    `inputs` are example values; `dynamic_shapes` says which of their sizes vary, as
    torch.export takes it. `constants` are the module's tensors by their names outside,
    by default its state_dict. Arguments are named after the parameters of `forward`, unless
    `input_names` are given. Errors call the function `name`.
    """
    try:
        with torch.no_grad():
            program = torch.export.export(module.eval(), inputs, dynamic_shapes=dynamic_shapes, strict=False)
        names = leaf_names(program, input_names or inspect.signature(module.forward).parameters)
        linalg.reshape_views(program.graph)
        program = program.run_decompositions(linalg.decompositions())
    except Exception as error:  # torch.export raises whatever the module's code does
        raise ExportError(f"{name}: torch.export cannot trace the module: {explain(error)}") from error
    for name, new_name in linalg.rewrite(program.graph).items():
        program.graph_signature.replace_all_uses(name, new_name)
    return Traced(program, *names, constants or program.state_dict)


def explain(error):
    """An exception of torch.export in one line."""
    lines = [line.strip(" -") for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Constraints violated"):
        return f"{lines[0].partition('!')[0]}: {lines[1]}"
    return one_line(error)


def leaf_names(program, parameters):
    """Names of the program's arguments, which start with its parameters', and of its results."""
    positional, named = unflatten(program.call_spec.in_spec)
    arguments = walk(dict(zip(parameters, positional)) | named)
    # Arguments that are no tensors, such as None, are a part of the program.
    arguments = [
        name
        for name, argument in zip(arguments, program.graph_signature.user_inputs)
        if isinstance(argument, str)
    ]
    return arguments, list(walk(unflatten(program.call_spec.out_spec)))


def unflatten(spec):
    """The tree of a specification, with a number in place of each leaf."""
    return spec.unflatten(list(range(spec.num_leaves)))


def walk(tree, prefix=""):
    """Paths to the leaves of a tree of mappings and sequences, in order."""
    if isinstance(tree, Mapping):
        children = tree.items()
    elif isinstance(tree, (list, tuple)):
        children = enumerate(tree)
    else:
        yield prefix
        return
    for key, child in children:
        yield from walk(child, f"{prefix}.{key}" if prefix else str(key))


def lower(functions: dict[str, Traced]) -> Lowered:
    """One MLIR module with a function for each of `functions`, by name."""
    hooks = NamedConstants()
    importer = linalg.make_importer(hooks)
    for name, function in functions.items():
        hooks.enter(function)
        import_program(importer, name, function.program)
    try:
        text = linalg.to_linalg(importer.module)
    except linalg.LoweringError as error:
        raise ExportError(f"{', '.join(functions)}: {error}") from error
    module = ir.Module.parse(text, importer.module.context)
    return Lowered(describe_functions(functions, module) + text, hooks.used)


def import_program(importer, name, program):
    """Adds a function to the importer's module."""
    try:
        with linalg.explained():
            fx.export_and_import(
                program,
                func_name=name,
                fx_importer=importer,
                experimental_support_mutation=True,
                decomposition_table={},
            )
    except linalg.LoweringError as error:
        raise ExportError(f"{name}: {error}") from error


# Constants.


def identity(tensor):
    """The same for all tensors that are the same elements of the same memory."""
    return tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride()


class NamedConstants(FxImporterHooks):
    """Imports weights as constants with names in place of data.

    Tensors of one element stay inside, where the compiler can fold them. A tensor that
    has several names, such as a tied weight, is one constant, of the first of them.
    """

    def __init__(self):
        self.used = {}
        self.names = {}
        self.attributes = {}

    def enter(self, function):
        """The next parameters are those of this function."""
        self.names = {}
        for name, tensor in function.constants.items():
            self.names.setdefault(identity(tensor), name)

    def resolve_input(self, gni, value, info):
        """The constant of a parameter or a buffer; None keeps its data inside."""
        name = self.names.get(identity(value))
        if name is None or value.numel() <= 1:
            return None
        if identity(self.used.setdefault(name, value)) != identity(value):
            raise ExportError(f"two functions have different tensors of the name '{name}'")
        # An attribute that is parsed again would get a name of its own.
        if name not in self.attributes:
            self.attributes[name] = constant_attribute(name, info.ir_type)
        return ir.Operation.create(
            "torch.vtensor.literal", results=[info.ir_type], attributes={"value": self.attributes[name]}
        ).result


def constant_attribute(name, kind):
    """`dense_resource<NAME>` of a `!torch.vtensor<[4,8],bf16>`."""
    sizes, element = re.fullmatch(r"!torch\.vtensor<\[([\d,]*)\],(\w+)>", str(kind)).groups()
    shape = "".join(f"{size}x" for size in sizes.split(","))
    return ir.Attribute.parse(f'dense_resource<"{name}"> : tensor<{shape}{element}>')


# The text.


def describe_functions(functions, module):
    """Comments that name arguments and results."""
    text = ""
    for operation in module.body.operations:
        name = ir.StringAttr(operation.attributes["sym_name"]).value
        if name in functions:
            kind = ir.FunctionType(ir.TypeAttr(operation.attributes["function_type"]).value)
            arguments = zip(functions[name].input_names, kind.inputs)
            text += describe(name, arguments, zip(functions[name].output_names, kind.results))
    return text
