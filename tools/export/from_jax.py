#!/usr/bin/env python3
"""Writes a JAX function as linalg IR for UWT: MLIR text whose weights are outside.

    from_jax.py MODEL.py -o OUT.mlir [--weights OUT.safetensors] [--strip PREFIX] [--prefix PREFIX]

MODEL.py defines `model()`, which returns a function of (parameters, inputs...), its
parameters as a tree of arrays, and a tuple of example inputs. A module of flax.linen
may stand for the function, with its variables as parameters; of a module of flax.nnx,
which holds its own, `model()` returns (module, inputs). JAX lowers the function to
StableHLO, IREE's compiler lowers that to linalg, and the arguments that are parameters
become constants without data, `dense_resource<PATH>`, named after their place in the
tree (`layers.0.kernel`): `uwt-bind-weights` finds the tensor of that name in a container
or in the file that --weights writes. The first lines of OUT.mlir name arguments and
results. Without --weights, parameters may be shapes alone (jax.eval_shape).

Needs what tools/export/requirements-jax.txt lists.
"""

import re

import command_line
from checkpoint import rename
from command_line import ExportError, one_line


def function_of(path, parts):
    """A function of (parameters, inputs...), its parameters and its inputs."""
    if isinstance(parts, tuple) and len(parts) == 2:
        return (*split_nnx(path, parts[0]), as_tuple(parts[1]))
    if not (isinstance(parts, tuple) and len(parts) == 3):
        kind = type(parts).__name__
        raise ExportError(f"{path}: model() gives a {kind}, expected (function, parameters, inputs)")
    function, parameters, inputs = parts
    # A module of flax.linen: its variables are an argument of `apply`.
    return getattr(function, "apply", function), parameters, as_tuple(inputs)


def split_nnx(path, module):
    """A module of flax.nnx as a function of its state, and that state."""
    from flax import nnx

    if not isinstance(module, nnx.Module):
        raise ExportError(f"{path}: model() gives a pair, but its first part is no module of flax.nnx")
    definition, state = nnx.split(module)
    return lambda state, *inputs: nnx.merge(definition, state)(*inputs), nnx.to_pure_dict(state)


def as_tuple(inputs):
    """One input stands for a tuple of one."""
    return inputs if isinstance(inputs, tuple) else (inputs,)


def name_of(path):
    """`layers.0.kernel` of a path in a tree."""
    parts = (getattr(key, "key", getattr(key, "idx", getattr(key, "name", key))) for key in path)
    return ".".join(map(str, parts))


def named_leaves(tree, prefix=""):
    """The leaves of a tree by their paths, in the order of arguments."""
    import jax

    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {".".join(filter(None, (prefix, name_of(path)))): leaf for path, leaf in leaves}


def lower(function, parameters, inputs):
    """Linalg on tensors as text, with parameters as arguments, and names of the results."""
    import iree.compiler.tools
    import jax

    try:
        lowered = jax.jit(function, keep_unused=True).lower(parameters, *inputs)
        results = named_leaves(lowered.out_info)
        stablehlo = lowered.as_text()
    except Exception as error:  # whatever the model's code raises
        raise ExportError(f"JAX cannot trace the function: {one_line(error)}") from error
    try:
        text = iree.compiler.tools.compile_str(
            stablehlo,
            input_type="stablehlo",
            extra_args=["--compile-to=input", "--mlir-print-debuginfo=false"],
        ).decode()
    except iree.compiler.tools.CompilerToolError as error:
        diagnostic = re.search(r"error: (.*)", str(error))
        reason = diagnostic.group(1) if diagnostic else one_line(error)
        raise ExportError(f"IREE's compiler cannot lower the function: {reason}") from error
    text = re.sub(r"\butil\.func( public| private)?", r"func.func", text)
    text = re.sub(r"\butil\.(return|call)\b", r"func.\1", text)
    foreign = re.search(r"^\s*(?:%[\w:, %]+ = )?((?:util|flow|hal|stream|iree_\w+)\.[\w.]+)", text, re.M)
    if foreign:
        raise ExportError(f"IREE's compiler writes {foreign.group(1)} for a part, which only IREE runs")
    return text, list(results)


def bind(text, constants, arguments, results):
    """Makes the first arguments of `main` constants of these names, and names what is left."""
    signature = re.search(r"func\.func @main\((.*?)\) -> ([^\n]*)\{\n", text)
    typed = re.findall(r"(%\w+): (tensor<[^>]*>)", signature.group(1))
    lines = "".join(
        f'    {argument} = arith.constant dense_resource<"{name}"> : {kind}\n'
        for (argument, kind), name in zip(typed, constants)
    )
    kept = typed[len(constants) :]
    # Attributes of results are the source's names; they say nothing to a compiler.
    types = re.sub(r" \{[^{}]*\}", "", signature.group(2))
    header = f"func.func @main({', '.join(map(': '.join, kept))}) -> {types}{{\n{lines}"
    body = text[: signature.start()] + header + text[signature.end() :]
    arguments = zip(arguments, (kind for _, kind in kept))
    return command_line.describe("main", arguments, zip(results, re.findall(r"tensor<[^>]*>", types))) + body


def input_names(function, inputs):
    """Names of the leaves of inputs, after the function's parameters where it names them."""
    import inspect

    parameters = list(inspect.signature(function).parameters.values())[1:]
    names = [entry.name for entry in parameters if entry.kind == entry.POSITIONAL_OR_KEYWORD]
    names += [str(index) for index in range(len(names), len(inputs))]
    return [leaf for name, value in zip(names, inputs) for leaf in named_leaves(value, name)]


def main():
    """The script."""
    arguments = command_line.make_parser(__doc__).parse_args()
    path = arguments.model
    parts = command_line.call_model(path, command_line.load_model_file(path))
    function, parameters, inputs = function_of(path, parts)
    strip, prefix = arguments.strip or "", arguments.prefix or ""
    weights = {rename(name, strip, prefix): leaf for name, leaf in named_leaves(parameters).items()}
    text, results = lower(function, parameters, inputs)
    text = bind(text, list(weights), input_names(function, inputs), results)
    if arguments.weights:
        save_weights(weights, arguments.weights)
    command_line.write_text(arguments.output, text)
    print(f"{arguments.output}: main; {len(weights)} weights outside")


def save_weights(weights, path):
    """Writes the parameters."""
    import jax
    from safetensors.flax import save_file

    shapes = [name for name, leaf in weights.items() if isinstance(leaf, jax.ShapeDtypeStruct)]
    if shapes:
        raise ExportError(f"--weights: parameter '{shapes[0]}' is a shape without values")
    save_file(weights, path)


if __name__ == "__main__":
    command_line.run_script(main)
