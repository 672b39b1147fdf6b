"""The backend `uwt` of torch.compile: graphs without gradients, through torch-mlir to programs of uwt.compiler.

    torch.compile(model, backend="uwt")
    torch.compile(model, backend="uwt", options={"arithmetic": "integer<8>"})

Weights are arguments of the programs, by their addresses: dense ones as tensors, compressed ones as images. What cannot
be compiled runs by PyTorch, as the graph that was captured, and `backend_reasons` says why.
"""

from __future__ import annotations

import ctypes
import itertools
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from .. import _arrays, _checked, _weights
from ..errors import InvalidError, UsageError, UwtError
from . import _ops, _threads

_LOG = logging.getLogger(__name__)
_REASONS: list[str] = []
_LOCK = threading.Lock()

_DTYPES = {
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
    torch.float16, torch.bfloat16, torch.float32, torch.float64,
}  # fmt: skip
_UWT = torch.ops.uwt
_ARRAYS = _arrays.TorchArrays()
_ARITHMETICS = ("dense", *(f"integer<{bits}>" for bits in range(2, 9)))


class Refused(Exception):
    """Why a graph is not compiled, in one line."""


def backend_reasons() -> list[str]:
    """Why graphs of `torch.compile(backend="uwt")` run by PyTorch in place of UWT, a line each."""
    with _LOCK:
        return list(_REASONS)


def backend(
    graph_module: torch.fx.GraphModule, example_inputs: Sequence[Any], *, options: Mapping[str, str] | None = None
) -> Callable[..., Any]:
    """What torch.compile calls for a graph: the backend itself, where no entry point names it.

    Args:
        options: those of torch.compile. "arithmetic" is "dense", or "integer<8>" (2 to 8): products with weights that run
            from codes that are integers are computed by integers of so many bits that x is rounded to. It is faster, with
            other and less accurate outputs (docs/numerics.md).

    Raises UsageError for options, or an arithmetic, that there are not.
    """
    options = dict(options or {})
    arithmetic = options.pop("arithmetic", "dense")
    if options:
        raise UsageError(f"the backend uwt has no option {next(iter(options))!r}, only arithmetic")
    if arithmetic not in _ARITHMETICS:
        raise UsageError(f"{arithmetic!r} is no arithmetic; expected dense, or integer<2> to integer<8>")
    try:
        return _Graph(graph_module, _compiled(graph_module, example_inputs, arithmetic))
    except Refused as refused:
        return _by_pytorch(graph_module, refused)


def _by_pytorch(graph_module: torch.fx.GraphModule, refused: Refused) -> Callable[..., Any]:
    with _LOCK:
        _REASONS.append(str(refused))
    _LOG.warning("a graph runs by PyTorch in place of UWT: %s", refused)
    return graph_module.forward


class _Graph:
    """A graph of dynamo. Programs are made with the first call, which has the weights."""

    def __init__(self, graph_module: torch.fx.GraphModule, compiled: Callable[..., Any]) -> None:
        self._graph_module, self._run = graph_module, compiled

    def __call__(self, *inputs: Any) -> Any:
        try:
            return self._run(*inputs)
        except Refused as refused:
            self._run = _by_pytorch(self._graph_module, refused)
            return self._run(*inputs)


def _compiled(
    graph_module: torch.fx.GraphModule, example_inputs: Sequence[Any], arithmetic: str
) -> Callable[..., Any]:
    """What runs a graph, with the wrappers of aot_autograd: for inputs that are written, aliases, and subclasses."""
    from torch._dynamo.backends.common import aot_autograd
    from torch._dynamo.exc import TorchDynamoException
    from torch._functorch.aot_autograd import make_boxed_func

    compiler, linalg = _packages()
    _check_devices(example_inputs)
    compile_graph = aot_autograd(
        fw_compiler=_refuse_gradients,
        inference_compiler=lambda graph, inputs: make_boxed_func(_lowered(graph, linalg, compiler, arithmetic)),
    )
    try:
        return compile_graph(graph_module, example_inputs)
    # The first are how dynamo itself goes on; the others are whatever a graph makes PyTorch raise.
    except (Refused, TorchDynamoException):
        raise
    except Exception as error:
        raise Refused(f"aot_autograd cannot trace it: {_one_line(error)}") from error


def _packages() -> tuple[Any, Any]:
    """What needs uwt-compiler, and what needs torch-mlir."""
    try:
        from .. import compiler
        from . import _linalg
    # The second where a library does not load.
    except (ImportError, OSError) as error:
        raise Refused(f"a package is missing: {_one_line(error)}") from error
    return compiler, _linalg


def _one_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _refuse_gradients(graph_module: torch.fx.GraphModule, example_inputs: Sequence[Any]) -> Callable[..., Any]:
    raise Refused("it records gradients: call the model under torch.inference_mode() or torch.no_grad()")


# What a graph may hold.


def _check_devices(inputs: Sequence[Any]) -> None:
    for value in inputs:
        if isinstance(value, torch.Tensor) and value.device.type != "cpu":
            raise Refused(f"an input is on {value.device}, and programs run on the CPU")


def _check_determinism(graph: torch.fx.Graph) -> None:
    for node in graph.nodes:
        if torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ()):
            raise Refused(f"{node.target} draws random numbers, which would not be those of PyTorch")


def _check_values(graph: torch.fx.Graph) -> None:
    # Here, where dynamo has loaded it already: it brings sympy.
    from torch.fx.experimental.symbolic_shapes import has_free_unbacked_symbols

    for node in graph.nodes:
        for value in _values_of(node):
            if value is not None and has_free_unbacked_symbols(value):
                raise Refused(f"{node.target} gives a tensor whose size its values decide")
            _check_value(node, value)


def _values_of(node: torch.fx.Node) -> Sequence[Any]:
    value = node.meta.get("val")
    return value if isinstance(value, (tuple, list)) else (value,)


def _check_value(node: torch.fx.Node, value: Any) -> None:
    if isinstance(value, (torch.SymFloat, torch.SymBool)):
        raise Refused(f"{node.name} is a number that is no size")
    if not isinstance(value, torch.Tensor):
        return
    if value.dtype not in _DTYPES:
        raise Refused(f"{node.name} is of {value.dtype}")
    if value.device.type != "cpu":
        raise Refused(f"{node.name} is on {value.device}, and programs run on the CPU")
    if value.layout != torch.strided:
        raise Refused(f"{node.name} is a tensor of {value.layout}")


# Compressed weights.


def _linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, n: int, k: int) -> torch.Tensor:
    """uwt::linear of a dense weight: the bias is added before the sum is rounded."""
    if bias is None:
        return torch.nn.functional.linear(x, weight)
    return (torch.nn.functional.linear(x.float(), weight.float()) + bias.float()).to(x.dtype)


def _embedding(ids: torch.Tensor, weight: torch.Tensor, n: int, k: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.nn.functional.embedding(ids, weight)


def _shape_of(node: torch.fx.Node) -> tuple[int, int]:
    """The weight's [n, k]."""
    names = [argument.name for argument in node.target._schema.arguments]
    return tuple(node.args[names.index(name)] for name in ("n", "k"))


_DENSE = {getattr(_UWT, name).default: _linear for name in _ops.LINEAR} | {_UWT.embedding.default: _embedding}


def _take_images(graph: torch.fx.Graph) -> dict[int, torch.Tensor]:
    """Has operators read dense weights in place of images: these, without data, by the numbers of the inputs."""
    inputs = graph.find_nodes(op="placeholder")
    weights: dict[int, torch.Tensor] = {}
    for node in graph.nodes:
        if getattr(node.target, "namespace", None) != "uwt":
            continue
        if node.target not in _DENSE:
            raise Refused(f"{node.target} has no form in linalg")
        image = node.args[1]
        if image not in inputs:
            raise Refused(f"{node.target} reads an image that the graph itself computes")
        with image.meta["val"].fake_mode:
            weights[inputs.index(image)] = torch.empty(_shape_of(node), dtype=node.meta["val"].dtype)
        node.target = _DENSE[node.target]
    for user in {user for number in weights for user in inputs[number].users}:
        if user.target not in _DENSE.values():
            raise Refused(f"{user.target} reads the image of a weight")
    return weights


# To linalg, and to programs.


def _lowered(graph_module: torch.fx.GraphModule, linalg: Any, compiler: Any, arithmetic: str) -> _Program:
    """A graph of ATen operators, ready to be compiled."""
    graph = graph_module.graph
    _check_values(graph)
    (outputs,) = graph.output_node().args
    results = [output.meta["val"] if isinstance(output, torch.fx.Node) else output for output in outputs]
    if not all(isinstance(result, torch.Tensor) for result in results):
        raise Refused("it gives something that is no tensor")
    # Before anything is decomposed: afterwards strides may be others.
    layouts = [_Layout(result) for result in results]
    weights = _take_images(graph)
    inputs = [node.meta["val"] for node in graph.find_nodes(op="placeholder")]
    # PyTorch and torch-mlir raise many kinds for what they do not know.
    try:
        decomposed = linalg.decompose(graph_module, [weights.get(i, value) for i, value in enumerate(inputs)])
        _check_determinism(decomposed.graph)
        text = linalg.lower(decomposed, weights)
    except Refused:
        raise
    except linalg.LoweringError as error:
        raise Refused(str(error)) from error
    except Exception as error:
        raise Refused(f"it cannot be lowered: {type(error).__name__}: {_one_line(error)}") from error
    return _Program(text, list(weights), layouts, compiler, arithmetic)


class _Layout:
    """Where PyTorch would have the elements of a result."""

    def __init__(self, value: torch.Tensor) -> None:
        sizes, strides = map(_numbers, (value.shape, value.stride()))
        order = sorted(range(len(sizes)), key=lambda i: (-strides[i], i))
        self._order = None if order == list(range(len(sizes))) else order
        pairs = itertools.pairwise(order)
        is_apart = all(strides[i] >= sizes[j] * strides[j] for i, j in pairs) and 0 not in strides
        is_known = all(isinstance(each, int) for each in (*value.shape, *value.stride()))
        # None for a dense tensor, and where they are not known: the order of the dimensions says enough then.
        self._strides = strides if is_known and is_apart and not value.is_contiguous() else None

    def of(self, result: torch.Tensor) -> torch.Tensor:
        if self._strides is not None:
            return torch.empty_strided(result.shape, self._strides, dtype=result.dtype).copy_(result)
        if self._order is None:
            return result
        back = [self._order.index(i) for i in range(len(self._order))]
        return result.permute(self._order).contiguous().permute(back)


def _numbers(sizes: Sequence[Any]) -> list[int]:
    """Sizes, where they are not known those of the example."""
    return [size if isinstance(size, int) else size.node.hint for size in sizes]


class _Program:
    """A graph as linalg, and the program for the formats that its weights have."""

    def __init__(
        self, text: str, images: list[int], layouts: list[_Layout], compiler: Any, arithmetic: str
    ) -> None:
        self._text, self._images, self._layouts, self._compiler = text, images, layouts, compiler
        self._arithmetic = arithmetic
        self._made: tuple[tuple[tuple[str, str], ...], Any] | None = None

    def __call__(self, *inputs: Any) -> list[torch.Tensor]:
        given = [value if isinstance(value, torch.Tensor) else torch.tensor(value) for value in inputs]
        formats, program = self._made or self._make(given)
        try:
            results = program.call(given, _ARRAYS)
        except UwtError:
            # An image of another format may have come to where one was.
            if formats == self._formats(given):
                raise
            results = self._make(given)[1].call(given, _ARRAYS)
        return [layout.of(result) for result, layout in zip(results, self._layouts)]

    def _formats(self, inputs: Sequence[torch.Tensor]) -> tuple[tuple[str, str], ...]:
        """Of each image, with its arithmetic."""
        infos = [_ops.info(inputs[number]) for number in self._images]
        return tuple((info.format, info.arithmetic) for info in infos)

    def _make(self, inputs: Sequence[torch.Tensor]) -> tuple[tuple[tuple[str, str], ...], Any]:
        formats = self._formats(inputs)
        text = self._text
        for number, (format, _) in zip(self._images, formats):
            text = text.replace(f'"format of {number}"', f'"{format}"')
        _keep_programs(self._compiler, _threads.context())
        try:
            program = self._compile(text, formats)
        except UwtError as error:
            raise Refused(str(error)) from error
        self._made = formats, program
        return self._made

    def _compile(self, text: str, formats: Sequence[tuple[str, str]]) -> Any:
        compiler, code = self._compiler, _checked.text("a module", text)
        asked = [self._arithmetic, *(own for _, own in formats)]
        arithmetic = next((each for each in asked if each != "dense"), "dense")
        if arithmetic != "dense" and any(_weights.has_codes(format) for format, _ in formats):
            try:
                return compiler.compile_on(
                    _threads.context, code, "graph", compiler.options(arithmetic=arithmetic)
                )
            except InvalidError as error:
                _LOG.warning("a graph is multiplied with the weights that codes stand for: %s", error)
        return compiler.compile_on(_threads.context, code, "graph")


_KEPT: set[int | None] = set()


def _keep_programs(compiler: Any, context: ctypes.c_void_p) -> None:
    """Has a context keep programs for other processes, before it makes the first one."""
    with _LOCK:
        if context.value in _KEPT:
            return
        _KEPT.add(context.value)
        try:
            compiler.keep_programs(context)
        except UwtError as error:
            _LOG.warning("programs are compiled in each process: %s", error)
