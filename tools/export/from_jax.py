#!/usr/bin/env python3
"""Writes a JAX function as linalg IR for UWT: MLIR text whose weights are outside.

    from_jax.py MODEL.py -o OUT.mlir [--weights OUT.safetensors]

MODEL.py defines `model()`, which returns a function of (parameters, inputs...), its
parameters as a pytree of arrays, and a tuple of example inputs. JAX lowers it to
StableHLO, IREE's compiler lowers that to linalg, and the arguments that are parameters
become constants without data, `dense_resource<PATH>`, named after their place in the tree
(`layers.0.kernel`): `uwt-bind-weights` finds the tensor of that name in a container or in
the file that --weights writes. Needs jax, iree-base-compiler and safetensors (PyPI).
"""

import re

import iree.compiler.tools
import jax
from model_file import load, parse_arguments


def name_of(path):
    """`layers.0.kernel` of a path in a pytree."""
    return ".".join(str(getattr(key, "key", getattr(key, "idx", getattr(key, "name", key)))) for key in path)


def lower(function, parameters, inputs):
    """Linalg on tensors as text, with parameters as arguments."""
    stablehlo = jax.jit(function, keep_unused=True).lower(parameters, *inputs).as_text()
    text = iree.compiler.tools.compile_str(
        stablehlo, input_type="stablehlo", extra_args=["--compile-to=input"]
    ).decode()
    text = re.sub(r"\butil\.func( public| private)?", r"func.func", text)
    return re.sub(r"\butil\.(return|call)\b", r"func.\1", text)


def bind(text, names):
    """Makes the first arguments of `main` constants of these names."""
    signature = re.search(r"func\.func @main\((.*?)\) -> ([^\n]*)\{\n", text)
    arguments = re.findall(r"(%\w+): (tensor<[^>]*>)", signature.group(1))
    constants = "".join(
        f'    {argument} = arith.constant dense_resource<"{name}"> : {kind}\n'
        for (argument, kind), name in zip(arguments, names)
    )
    kept = ", ".join(f"{argument}: {kind}" for argument, kind in arguments[len(names) :])
    # Attributes of results are the source's names; they say nothing to a compiler.
    results = re.sub(r" \{[^{}]*\}", "", signature.group(2))
    header = f"func.func @main({kept}) -> {results}{{\n{constants}"
    return text[: signature.start()] + header + text[signature.end() :]


def main():
    arguments = parse_arguments(__doc__)

    function, parameters, inputs = load(arguments.model).model()
    leaves = jax.tree_util.tree_flatten_with_path(parameters)[0]
    weights = {name_of(path): leaf for path, leaf in leaves}
    with open(arguments.output, "w", encoding="utf-8") as file:
        file.write(bind(lower(function, parameters, inputs), list(weights)))
    if arguments.weights:
        from safetensors.flax import save_file

        save_file(weights, arguments.weights)
    print(f"{arguments.output}: {len(weights)} weights outside")


if __name__ == "__main__":
    main()
