"""Graphs of torch.fx as linalg on tensors, through torch-mlir.

Decompositions and rewrites are of what torch-mlir lowers wrongly, or to operations outside of MLIR. tools/export loads
this file from a checkout, without the package around it.
"""

import contextlib
import operator
import pathlib
import re
import subprocess
from math import prod

import torch
from torch._decomp import get_decompositions
from torch._dispatch.python import enable_python_dispatcher
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import statically_known_true
from torch_mlir import fx, ir
from torch_mlir.dialects import torch as torch_dialect
from torch_mlir.extras.fx_decomp_util import get_decomposition_table
from torch_mlir.extras.fx_importer import FxImporter

aten = torch.ops.aten


class LoweringError(Exception):
    """What torch-mlir cannot lower: one line that says what, and what to do."""


def make_importer(hooks=None):
    """An importer of graphs with a module of its own."""
    context = ir.Context()
    torch_dialect.register_dialect(context)
    return FxImporter(context=context, hooks=hooks)


@contextlib.contextmanager
def explained():
    """Raises a LoweringError in place of what an importer raises in this context."""
    try:
        yield
    except NotImplementedError as error:
        raise LoweringError(f"torch-mlir cannot import the graph: {first_line(str(error))}") from error


PIPELINE = ",".join(
    (
        "func.func(torch-match-quantized-custom-ops)",
        # torch-mlir would decompose the legal ones to the views that they are here in place of.
        "torchdynamo-export-to-torch-backend-pipeline"
        "{backend-legal-ops=aten.flatten.using_ints,aten.unflatten.int extra-library=}",
        "torch-backend-to-linalg-on-tensors-backend-pipeline{allow-non-finites=True}",
    )
)


def to_linalg(module):
    """The text of a module that an importer has made, lowered to linalg.

    In a process of its own: some graphs end torch-mlir by a signal.
    """
    program = pathlib.Path(ir.__file__).parent / "_mlir_libs" / "torch-mlir-opt"
    command = [program, f"--pass-pipeline=builtin.module({PIPELINE})", "-"]
    try:
        done = subprocess.run(command, input=str(module), capture_output=True, encoding="utf-8", check=False)
    except OSError as error:
        raise LoweringError(f"{program} does not run: {error.strerror}") from error
    if done.returncode != 0:
        raise LoweringError(diagnosis(done.stderr))
    check_casts(done.stdout)
    return done.stdout


def diagnosis(text):
    """What torch-mlir says of a module that it cannot lower, in one line."""
    # The names of operators that torch-mlir does not know at all, and of its own.
    operation = re.search(r"""(?:torch\.operator "|operation ')(torch\.aten\.[\w.]+)""", text)
    if operation:
        return (
            f"torch-mlir has no lowering for {operation.group(1)}; write the module without it, "
            "or report it to torch-mlir"
        )
    error = re.search(r"error: (.*)", text)
    return f"torch-mlir cannot lower the module: {error.group(1) if error else first_line(text)}"


def first_line(text):
    """The first line of a text that has something in it."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "it says nothing")


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
    # A NaN is larger than all numbers.
    is_nan, other_is_nan = own != own, other != other
    if largest:
        before = (other > own) | (other_is_nan & ~is_nan)
    else:
        before = (other < own) | (is_nan & ~other_is_nan)
    is_equal = (other == own) | (is_nan & other_is_nan)
    before = before | (is_equal & (places < places.unsqueeze(-1)))
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


def split_dynamic_views(graph):
    """Writes views of tensors with dynamic sizes as a flatten and an unflatten of dimensions.

    torch-mlir takes a view of ?x?x64 as ?x64 for one of ?x1x64, which reads past the end.
    """
    for node in graph.find_nodes(op="call_function", target=aten.view.default):
        source = node.args[0]
        before, after = source.meta["val"].shape, node.meta["val"].shape
        if all(isinstance(size, int) for size in (*before, *after)):
            continue
        with graph.inserting_before(node):
            result = reassociate(graph, source, before, node.args[1], after)
        yield node.name, replace(node, result).name


def gather_rows(graph):
    """Writes values[arange(n), i] of values [n, length, …] as a gather along `length`.

    torch-mlir has no lowering of two index tensors where n is dynamic.
    """
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
        yield node.name, replace(node, result).name


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


def replace(node, result):
    """Has `result` used in place of a node, which goes."""
    node.replace_all_uses_with(result)
    node.graph.erase_node(node)
    return result


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


def rewrite(graph):
    """All rewrites of a graph that is decomposed. Names of nodes that are gone, with those that are in their place."""
    gone = dict([*split_dynamic_views(graph), *gather_rows(graph)])
    graph.lint()
    return gone


def decompositions():
    """What graphs are decomposed by: torch-mlir's table and ours."""
    # torch-mlir's own GELU by tanh has constants of five digits.
    return get_decomposition_table() | get_decompositions([aten.gelu]) | DECOMPOSITIONS


def check_casts(text):
    """torch-mlir narrows a dynamic size where it took a shape for another: never right here."""
    for source, target in re.findall(r"tensor\.cast %\S+ : tensor<(\S+)> to tensor<(\S+)>", text):
        for size, new_size in zip(source.split("x"), target.split("x")):
            if size == "?" and new_size != "?":
                raise LoweringError(
                    f"torch-mlir took a tensor<{source}> for a tensor<{target}>: the module would be "
                    "wrong; make the size fixed, or report it to torch-mlir"
                )


def decompose(graph_module, inputs):
    """A graph of ATen operators, decomposed and rewritten; `inputs` are tensors without data, and sizes."""
    reshape_views(graph_module.graph)
    graph_module.recompile()
    with enable_python_dispatcher():
        decomposed = make_fx(graph_module, decomposition_table=decompositions())(*inputs)
    rewrite(decomposed.graph)
    return decomposed


def lower(graph_module, images):
    """A decomposed graph as the function `main` of a module.

    Inputs of the numbers `images` are compressed weights, with "format of N" in place of their formats.
    """
    importer = make_importer()
    context = importer.module.context
    with explained():
        text = to_linalg(fx.stateless_fx_import(graph_module, fx_importer=importer))
    if not images:
        return text
    context.allow_unregistered_dialects = True
    module = ir.Module.parse(text, context)
    (function,) = [each for each in module.body.operations if each.operation.name == "func.func"]
    for number in images:
        take_image(function, number)
    return str(module)


def take_image(function, number):
    """Has a function take a weight compressed, which its code reads by uwt.decode."""
    block = function.regions[0].blocks[0]
    argument = block.arguments[number]
    dense = argument.type
    shape = str(dense).removeprefix("tensor<").removesuffix(">")
    with function.context, ir.Location.unknown():
        weight = ir.Type.parse(f'!uwt.compressed<{shape}, "format of {number}">')
        decode = ir.Operation.create(
            "uwt.decode", results=[dense], operands=[argument], ip=ir.InsertionPoint.at_block_begin(block)
        )
        argument.replace_all_uses_except(decode.result, decode)
        argument.set_type(weight)
        kind = ir.FunctionType(ir.TypeAttr(function.attributes["function_type"]).value)
        inputs = [each.type for each in block.arguments]
        function.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(inputs, kind.results))
