"""Random chains of reshapes, transposes, sums and products, with dimensions of size 1, 0 and unknown size.

Such chains are where patterns that fold reshapes can undo each other's work. All numbers are small integers, so sums are
exact in any order, in i32 and in f32.

    module = generate(seed, count)
    module.text        one function @main that holds `count` chains
    module.inputs      [array], by position
    module.outputs     [array], as NumPy computes them

`python chain_generator.py SEED [COUNT]` prints a module.
"""

import dataclasses
import random
import sys

import numpy as np

TYPES = {"i32": np.int32, "f32": np.float32}
SIZES = (0, 1, 1, 1, 2, 3, 4)
# Products of numbers up to this stay exact in f32, sums of them too.
MAX_FACTOR = 1 << 9
MAX_NUMBER = 1 << 20
MAX_ELEMENTS = 4096
MAX_RANK = 6


@dataclasses.dataclass
class Value:
    """A tensor of the IR beside its array; `dynamic` tells the sizes that the IR does not know."""

    name: str
    array: np.ndarray
    element: str
    dynamic: tuple

    @property
    def shape(self):
        return self.array.shape

    @property
    def type(self):
        sizes = ["?" if d else str(s) for s, d in zip(self.shape, self.dynamic)]
        return f"tensor<{'x'.join(sizes + [self.element])}>"


@dataclasses.dataclass
class Module:
    text: str
    inputs: list
    outputs: list


def dims(count):
    return [f"d{i}" for i in range(count)]


def affine(count, results):
    return f"affine_map<({', '.join(dims(count))}) -> ({', '.join(results)})>"


class Chains:
    """Writes one function; each chain starts from an argument of its own."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines, self.arguments, self.count = [], [], 0

    def name(self):
        self.count += 1
        return f"%v{self.count}"

    def emit(self, text):
        self.lines.append("  " + text)

    def value(self, array, element, dynamic):
        return Value(self.name(), array, element, tuple(dynamic))

    def argument(self):
        element = self.random.choice(sorted(TYPES))
        shape = [self.random.choice(SIZES) for _ in range(self.random.randint(1, 4))]
        numbers = [self.random.randint(-2, 2) for _ in range(int(np.prod(shape)))]
        array = np.array(numbers, TYPES[element]).reshape(shape)
        dynamic = [self.random.random() < 0.2 for _ in shape]
        argument = Value(f"%arg{len(self.arguments)}", array, element, tuple(dynamic))
        self.arguments.append(argument)
        return argument

    def size(self, value, dim):
        """The index that a size is, as SSA value."""
        index, size = self.name(), self.name()
        self.emit(f"{index} = arith.constant {dim} : index")
        self.emit(f"{size} = tensor.dim {value.name}, {index} : {value.type}")
        return size

    def empty(self, array, element, sources):
        """An empty tensor; `sources` has (value, dim) for each dimension that may be dynamic, else None."""
        dynamic = [source is not None and source[0].dynamic[source[1]] for source in sources]
        sizes = [self.size(*source) for source, d in zip(sources, dynamic) if d]
        out = self.value(array, element, dynamic)
        self.emit(f"{out.name} = tensor.empty({', '.join(sizes)}) : {out.type}")
        return out

    def zeros(self, array, element, sources):
        out = self.empty(array, element, sources)
        zero = self.name()
        self.emit(f"{zero} = arith.constant {'0' if element == 'i32' else '0.0'} : {element}")
        filled = self.value(array, element, out.dynamic)
        self.emit(f"{filled.name} = linalg.fill ins({zero} : {element}) outs({out.name} : {out.type}) -> {out.type}")
        return filled

    def generic(self, inputs, maps, out, iterators, array, body):
        """A linalg.generic; `body` has one line per operation of %a, %b and %o, the last is %r."""
        result = self.value(array, out.element, out.dynamic)
        scalars = [f"%{letter}: {value.element}" for letter, value in zip("ab", inputs)]
        quoted = ", ".join(f'"{iterator}"' for iterator in iterators)
        self.emit(
            f"{result.name} = linalg.generic {{indexing_maps = [{', '.join(maps)}], iterator_types = [{quoted}]}} "
            f"ins({', '.join(v.name for v in inputs)} : {', '.join(v.type for v in inputs)}) "
            f"outs({out.name} : {out.type}) {{"
        )
        self.emit(f"^bb0({', '.join(scalars)}, %o: {out.element}):")
        for line in body:
            self.emit(f"  {line}")
        self.emit(f"  linalg.yield %r : {out.element}")
        self.emit(f"}} -> {out.type}")
        return result

    def operation(self, element, kind):
        return f"arith.{kind}{'i' if element == 'i32' else 'f'}"

    # Steps of a chain: each returns a value, or None if it does not apply.

    def expand(self, value):
        if len(value.shape) >= MAX_RANK or not value.shape:
            return None
        at = self.random.randrange(len(value.shape))
        size = value.shape[at]
        factors = [f for f in (1, 2, 3) if size % f == 0]
        factor = self.random.choice(factors)
        parts = [factor, size // factor]
        flags = [False, value.dynamic[at]]
        if self.random.random() < 0.5:
            parts.reverse()
            flags.reverse()
        shape = value.shape[:at] + tuple(parts) + value.shape[at + 1 :]
        dynamic = value.dynamic[:at] + tuple(flags) + value.dynamic[at + 1 :]
        groups = [[i] if i < at else [i, i + 1] if i == at else [i + 1] for i in range(len(value.shape))]
        sizes = []
        for dim, (extent, is_dynamic) in enumerate(zip(shape, dynamic)):
            if not is_dynamic:
                sizes.append(str(extent))
                continue
            source = dim if dim <= at else dim - 1
            whole = self.size(value, source)
            if source == at:
                by, part = self.name(), self.name()
                self.emit(f"{by} = arith.constant {factor} : index")
                self.emit(f"{part} = arith.divui {whole}, {by} : index")
                whole = part
            sizes.append(whole)
        result = self.value(value.array.reshape(shape), value.element, dynamic)
        self.emit(
            f"{result.name} = tensor.expand_shape {value.name} {groups} output_shape [{', '.join(sizes)}] : "
            f"{value.type} into {result.type}"
        )
        return result

    def collapse(self, value):
        if len(value.shape) < 2:
            return None
        groups, dim = [], 0
        while dim < len(value.shape):
            length = self.random.choice((1, 1, 2, 3))
            groups.append(list(range(dim, min(dim + length, len(value.shape)))))
            dim += length
        if len(groups) == len(value.shape):
            return None
        shape = [int(np.prod([value.shape[d] for d in group])) for group in groups]
        dynamic = [any(value.dynamic[d] for d in group) for group in groups]
        result = self.value(value.array.reshape(shape), value.element, dynamic)
        self.emit(f"{result.name} = tensor.collapse_shape {value.name} {groups} : {value.type} into {result.type}")
        return result

    def transpose(self, value):
        # MLIR 22 reads memory that is not its own in its verifier of a transpose of rank 0.
        if not value.shape:
            return None
        order = list(range(len(value.shape)))
        self.random.shuffle(order)
        out = self.empty(value.array.transpose(order), value.element, [(value, d) for d in order])
        result = self.value(out.array, value.element, out.dynamic)
        self.emit(
            f"{result.name} = linalg.transpose ins({value.name} : {value.type}) "
            f"outs({out.name} : {out.type}) permutation = {order}"
        )
        return result

    def reduce(self, value):
        if not value.shape or np.abs(value.array).sum(initial=0) > MAX_NUMBER:
            return None
        gone = sorted(self.random.sample(range(len(value.shape)), self.random.randint(1, min(2, len(value.shape)))))
        kept = [d for d in range(len(value.shape)) if d not in gone]
        array = value.array.sum(axis=tuple(gone), dtype=value.array.dtype)
        out = self.zeros(array, value.element, [(value, d) for d in kept])
        result = self.value(array, value.element, out.dynamic)
        self.emit(
            f"{result.name} = linalg.reduce ins({value.name} : {value.type}) outs({out.name} : {out.type}) "
            f"dimensions = {gone} (%a: {value.element}, %o: {value.element}) {{"
        )
        self.emit(f"  %r = {self.operation(value.element, 'add')} %a, %o : {value.element}")
        self.emit(f"  linalg.yield %r : {value.element}")
        self.emit("}")
        return result

    def broadcast(self, value):
        extent = self.random.choice((1, 1, 2, 3))
        if len(value.shape) >= MAX_RANK or value.array.size * extent > MAX_ELEMENTS:
            return None
        at = self.random.randint(0, len(value.shape))
        array = np.repeat(np.expand_dims(value.array, at), extent, at)
        sources = [(value, d) for d in range(len(value.shape))]
        sources.insert(at, None)
        out = self.empty(array, value.element, sources)
        result = self.value(array, value.element, out.dynamic)
        self.emit(
            f"{result.name} = linalg.broadcast ins({value.name} : {value.type}) "
            f"outs({out.name} : {out.type}) dimensions = [{at}]"
        )
        return result

    def repeat(self, value):
        """A dimension of size 1, read at index 0 by a longer loop."""
        units = [d for d, size in enumerate(value.shape) if size == 1 and not value.dynamic[d]]
        extent = self.random.choice((1, 2, 3))
        if not units or value.array.size * extent > MAX_ELEMENTS:
            return None
        at = self.random.choice(units)
        array = np.repeat(value.array, extent, at)
        rank = len(value.shape)
        out = self.empty(array, value.element, [None if d == at else (value, d) for d in range(rank)])
        read = ["0" if d == at else f"d{d}" for d in range(rank)]
        add = self.operation(value.element, "add")
        body = [f"%r = {add} %a, %a : {value.element}"]
        return self.generic(
            [value], [affine(rank, read), affine(rank, dims(rank))], out, ["parallel"] * rank, array + array, body
        )

    def elementwise(self, value):
        kind = self.random.choice(("add", "mul"))
        if np.abs(value.array).max(initial=0) > MAX_FACTOR:
            return None
        array = value.array + value.array if kind == "add" else value.array * value.array
        rank = len(value.shape)
        out = self.empty(array, value.element, [(value, d) for d in range(rank)])
        maps = [affine(rank, dims(rank))] * 3
        body = [f"%r = {self.operation(value.element, kind)} %a, %b : {value.element}"]
        return self.generic([value, value], maps, out, ["parallel"] * rank, array, body)

    def product(self, value):
        """The product of a matrix, or of a batch of matrices, with its own transpose."""
        rank = len(value.shape)
        if rank not in (2, 3) or np.abs(value.array).max(initial=0) > MAX_FACTOR:
            return None
        order = [*range(rank - 2), rank - 1, rank - 2]
        other_out = self.empty(value.array.transpose(order), value.element, [(value, d) for d in order])
        other = self.value(other_out.array, value.element, other_out.dynamic)
        self.emit(
            f"{other.name} = linalg.transpose ins({value.name} : {value.type}) "
            f"outs({other_out.name} : {other_out.type}) permutation = {order}"
        )
        array = np.matmul(value.array, other.array)
        if array.size > MAX_ELEMENTS or np.abs(array).max(initial=0) > MAX_NUMBER:
            return None
        sources = [*((value, d) for d in range(rank - 2)), (value, rank - 2), (value, rank - 2)]
        out = self.zeros(array, value.element, sources)
        result = self.value(array, value.element, out.dynamic)
        name = "linalg.matmul" if rank == 2 else "linalg.batch_matmul"
        self.emit(
            f"{result.name} = {name} ins({value.name}, {other.name} : {value.type}, {other.type}) "
            f"outs({out.name} : {out.type}) -> {out.type}"
        )
        return result

    def pad(self, value):
        if not value.shape:
            return None
        low = [self.random.choice((0, 0, 1)) for _ in value.shape]
        high = [self.random.choice((0, 0, 1)) for _ in value.shape]
        array = np.pad(value.array, list(zip(low, high)))
        if array.size > MAX_ELEMENTS:
            return None
        zero, result = self.name(), self.value(array, value.element, value.dynamic)
        self.emit(f"{zero} = arith.constant {'0' if value.element == 'i32' else '0.0'} : {value.element}")
        self.emit(f"{result.name} = tensor.pad {value.name} low{low} high{high} {{")
        self.emit(f"^bb0({', '.join(f'%i{d}: index' for d in range(len(value.shape)))}):")
        self.emit(f"  tensor.yield {zero} : {value.element}")
        self.emit(f"}} : {value.type} to {result.type}")
        return result

    def concat(self, value):
        if not value.shape or value.array.size * 2 > MAX_ELEMENTS:
            return None
        at = self.random.randrange(len(value.shape))
        array = np.concatenate([value.array, value.array], at)
        result = self.value(array, value.element, value.dynamic)
        self.emit(
            f"{result.name} = tensor.concat dim({at}) {value.name}, {value.name} : "
            f"({value.type}, {value.type}) -> {result.type}"
        )
        return result

    STEPS = (
        (expand, 4),
        (collapse, 4),
        (transpose, 3),
        (reduce, 2),
        (broadcast, 2),
        (repeat, 2),
        (elementwise, 2),
        (product, 2),
        (pad, 1),
        (concat, 1),
    )

    def chain(self):
        value = self.argument()
        steps, weights = zip(*self.STEPS)
        for _ in range(self.random.randint(8, 30)):
            value = self.random.choices(steps, weights)[0](self, value) or value
        return value

    def module(self, count):
        outputs = [self.chain() for _ in range(count)]
        arguments = ", ".join(f"{a.name}: {a.type}" for a in self.arguments)
        types = ", ".join(output.type for output in outputs)
        names = ", ".join(output.name for output in outputs)
        lines = [f"func.func @main({arguments}) -> ({types}) {{", *self.lines, f"  return {names} : {types}", "}"]
        return Module(
            "\n".join(lines) + "\n", [a.array for a in self.arguments], [output.array for output in outputs]
        )


def generate(seed, count=1):
    return Chains(seed).module(count)


if __name__ == "__main__":
    print(generate(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1).text, end="")
