"""From modules of PyTorch to one MLIR module of linalg on tensors, through torch-mlir.

Weights become constants without data, `dense_resource<NAME>`. torch.export traces the
modules; its decompositions and passes over torch.fx graphs rewrite what torch-mlir lowers
wrongly or to operations outside of MLIR.
"""

import inspect
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import torch
import torch_mlir.compiler_utils
from command_line import ExportError, describe, one_line
from torch.fx.experimental.symbolic_shapes import statically_known_true
from torch_mlir import fx, ir
from torch_mlir.dialects import torch as torch_dialect
from torch_mlir.extras.fx_decomp_util import get_decomposition_table
from torch_mlir.extras.fx_importer import FxImporter, FxImporterHooks

aten = torch.ops.aten


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
        reshape_views(program.graph)
        program = program.run_decompositions(get_decomposition_table() | DECOMPOSITIONS)
    except Exception as error:  # torch.export raises whatever the module's code does
        raise ExportError(f"{name}: torch.export cannot trace the module: {explain(error)}") from error
    split_dynamic_views(program)
    gather_rows(program)
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
    context = ir.Context()
    torch_dialect.register_dialect(context)
    importer = FxImporter(context=context, hooks=hooks)
    module = None
    for index, (name, function) in enumerate(functions.items()):
        hooks.enter(function)
        module = import_program(importer, name, function.program, last=index + 1 == len(functions))
    text = describe_functions(functions, module) + str(module)
    check_casts(text)
    return Lowered(text, hooks.used)


def import_program(importer, name, program, last):
    """Adds a function to the importer's module; after the last one lowers all to linalg."""
    try:
        return fx.export_and_import(
            program,
            func_name=name,
            fx_importer=importer,
            output_type="linalg-on-tensors" if last else "raw",
            experimental_support_mutation=True,
            decomposition_table={},
            # torch-mlir would decompose these to the views that they are here in place of.
            backend_legal_ops=["aten.flatten.using_ints", "aten.unflatten.int"],
        )
    except torch_mlir.compiler_utils.TorchMlirCompilerError as error:
        raise ExportError(f"{name}: {diagnosis(str(error))}") from error
    except NotImplementedError as error:
        raise ExportError(f"{name}: torch-mlir cannot import the graph: {one_line(error)}") from error


def diagnosis(text):
    """What torch-mlir says of a module that it cannot lower, in one line."""
    operation = re.search(r"operation '(torch\.[\w.]+)'", text)
    if operation:
        return (
            f"torch-mlir has no lowering for {operation.group(1)}; write the module without it, "
            "or report it to torch-mlir"
        )
    error = re.search(r"error: (.*)", text)
    return f"torch-mlir cannot lower the module: {error.group(1) if error else one_line(text)}"


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


# Rewrites of graphs.


def reshape_views(graph):
    """Makes views reshapes, which hold whatever strides a decomposition gives their operand."""
    for node in graph.find_nodes(op="call_function", target=aten.view.default):
        node.target = aten.reshape.default


# Rows for which comparing all pairs is cheap. Of longer ones torch-mlir makes operations of
# tm_tensor, a dialect outside of MLIR.
SHORT_ROW = 1024


def is_short(values, dim):
    """Whether the size along a dimension is known, and short."""
    size = values.shape[dim] if values.dim() else 0
    return isinstance(size, int) and 0 < size <= SHORT_ROW


def top_k(values, k, dim=-1, largest=True, sorted=True):  # noqa: A002 (the operator's name)
    """aten.topk by ranks. Of equal elements the first comes first."""
    if not is_short(values, dim):
        return NotImplemented
    rows = values.movedim(dim, -1)
    places = torch.arange(rows.shape[-1])
    own, other = rows.unsqueeze(-1), rows.unsqueeze(-2)
    before = other > own if largest else other < own
    before = before | ((other == own) & (places < places.unsqueeze(-1)))
    chosen = before.sum(-1).unsqueeze(-1) == torch.arange(k)
    top = torch.where(chosen, own, torch.zeros((), dtype=rows.dtype)).sum(-2).to(rows.dtype)
    indices = torch.where(chosen, places.unsqueeze(-1), 0).sum(-2)
    return top.movedim(-1, dim), indices.movedim(-1, dim)


def sort(values, dim=-1, descending=False, stable=True):
    """aten.sort, always stable."""
    return top_k(values, values.shape[dim] if values.dim() else 0, dim, descending)


def cumulative_sum(values, dim, dtype=None):
    """aten.cumsum as sums of all that is not behind."""
    if not is_short(values, dim):
        return NotImplemented
    rows = values.movedim(dim, -1)
    if dtype is None:
        dtype = rows.dtype if rows.is_floating_point() else torch.int64
    places = torch.arange(rows.shape[-1])
    rows = rows.to(dtype).unsqueeze(-2)
    zero = torch.zeros((), dtype=dtype)
    return torch.where(places <= places.unsqueeze(-1), rows, zero).sum(-1, dtype=dtype).movedim(-1, dim)


DECOMPOSITIONS = {
    aten.topk.default: top_k,
    aten.sort.default: sort,
    aten.sort.stable: sort,
    aten.cumsum.default: cumulative_sum,
}


def split_dynamic_views(program):
    """Writes views of tensors with dynamic sizes as a flatten and an unflatten of dimensions.

    torch-mlir takes a view of ?x?x64 as ?x64 for one of ?x1x64, which reads past the end.
    """
    graph = program.graph
    for node in graph.find_nodes(op="call_function", target=aten.view.default):
        source = node.args[0]
        before, after = source.meta["val"].shape, node.meta["val"].shape
        if all(isinstance(size, int) for size in (*before, *after)):
            continue
        with graph.inserting_before(node):
            result = reassociate(graph, source, before, node.args[1], after)
        replace(program, node, result)
    graph.lint()


def gather_rows(program):
    """Writes values[arange(n), i] of values [n, length, …] as a gather along `length`.

    torch-mlir has no lowering of two index tensors where n is dynamic.
    """
    graph = program.graph
    for node in graph.find_nodes(op="call_function", target=aten.index.Tensor):
        values, indices = node.args
        if len(indices) != 2 or not counts_rows(indices[0], values) or not is_vector(indices[1]):
            continue
        with graph.inserting_before(node):
            length = call(graph, aten.sym_size.int, values, 1)
            index = from_the_front(graph, indices[1], length)
            rest = values.meta["val"].shape[2:]
            for _ in range(1 + len(rest)):
                index = call(graph, aten.unsqueeze.default, index, -1)
            index = call(graph, aten.expand.default, index, [-1, 1, *rest])
            result = call(graph, aten.gather.default, values, 1, index)
            result = call(graph, aten.squeeze.dim, result, 1)
        replace(program, node, result)
    graph.lint()


def is_vector(index):
    """Whether an index is a tensor of one dimension."""
    return index is not None and index.meta["val"].dim() == 1


def counts_rows(index, values):
    """Whether `index` is 0, 1, … to the first size of `values`, whose last ones are known."""
    shape = values.meta["val"].shape
    return (
        index is not None
        and index.target == aten.arange.start_step
        and index.args[0] == 0
        and index.args[2:] in ((), (1,))
        and statically_known_true(index.meta["val"].shape[0] == shape[0])
        and all(isinstance(size, int) for size in shape[2:])
    )


def from_the_front(graph, index, length):
    """An index that is negative counts from the end."""
    negative = call(graph, aten.lt.Scalar, index, 0)
    return call(graph, aten.where.self, negative, call(graph, aten.add.Scalar, index, length), index)


def replace(program, node, result):
    """Has `result` used in place of a node, which goes."""
    node.replace_all_uses_with(result)
    program.graph_signature.replace_all_uses(node.name, result.name)
    program.graph.erase_node(node)


def reassociate(graph, node, before, sizes, after):
    """`node` of shape `before` as one of shape `after`; `sizes` are those in the graph."""
    # The last group first: the places of the dimensions before it stay.
    for (start, end), (new_start, new_end) in reversed(matching_groups(before, after)):
        if end - start > 1:
            node = call(graph, aten.flatten.using_ints, node, start, end - 1)
        if new_end - new_start > 1:
            parts = known_sizes(graph, node, start, sizes[new_start:new_end], after[new_start:new_end])
            node = call(graph, aten.unflatten.int, node, start, parts)
    return node


def known_sizes(graph, node, dimension, sizes, values):
    """`sizes`, into which a dimension is split, with what it is in place of a -1."""
    sizes = [value if isinstance(value, int) else size for size, value in zip(sizes, values)]
    if -1 in sizes:
        rest = call(graph, aten.sym_size.int, node, dimension)
        for size in sizes:
            if size != -1:
                rest = call(graph, operator.floordiv, rest, size)
        sizes[sizes.index(-1)] = rest
    return sizes


def matching_groups(before, after):
    """Ranges of dimensions of two shapes of a tensor that hold the same elements, in order."""
    groups, start, new_start = [], 0, 0
    for end in range(1, len(before) + 1):
        for new_end in range(new_start + 1, len(after) + 1):
            if statically_known_true(prod(before[:end]) == prod(after[:new_end])):
                groups.append([(start, end), (new_start, new_end)])
                start, new_start = end, new_end
                break
    if not groups:
        return [[(0, len(before)), (0, len(after))]]
    # Sizes of 1 may be left at the end.
    groups[-1] = [(groups[-1][0][0], len(before)), (groups[-1][1][0], len(after))]
    return groups


def call(graph, operator, *arguments):
    """A new node of the graph, with the shape and element type of its value."""
    node = graph.call_function(operator, arguments)
    node.meta["val"] = operator(*torch.fx.map_arg(arguments, lambda argument: argument.meta["val"]))
    return node


# The text.


def check_casts(text):
    """torch-mlir narrows a dynamic size where it took a shape for another: never right here."""
    for source, target in re.findall(r"tensor\.cast %\S+ : tensor<(\S+)> to tensor<(\S+)>", text):
        for size, new_size in zip(source.split("x"), target.split("x")):
            if size == "?" and new_size != "?":
                raise ExportError(
                    f"torch-mlir took a tensor<{source}> for a tensor<{target}>: the module would be "
                    "wrong; make the size fixed, or report it to torch-mlir"
                )


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
