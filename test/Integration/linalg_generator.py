"""Random linalg modules with weights, for comparing two ways to compile them bit by bit.

Every sum is exact, whatever its order: weights and what they are multiplied with are small
integers. All other operations are rounded correctly by any implementation, so results have to be
equal.

    module = generate(seed)
    module.text        one function @main, weights as constants
    module.inputs      [(dtype, shape, bytes)], by position; dtype is F32 or BF16
    module.outputs     [(dtype, shape)]

`python linalg_generator.py SEED` prints a module.
"""

import dataclasses
import random
import struct
import sys

MLIR = {"F32": "f32", "BF16": "bf16"}
# Added and taken away again, it rounds a small f32 to an integer.
MAGIC = "12582912.0"


@dataclasses.dataclass
class Value:
    """A tensor; `dynamic` says which of its sizes the IR does not know."""

    name: str
    shape: list
    dtype: str
    dynamic: list = None

    def __post_init__(self):
        self.dynamic = self.dynamic or [False] * len(self.shape)

    @property
    def type(self):
        sizes = ["?" if d else str(s) for s, d in zip(self.shape, self.dynamic)]
        return f"tensor<{'x'.join(sizes + [MLIR[self.dtype]])}>"


@dataclasses.dataclass
class Module:
    text: str
    inputs: list
    outputs: list


def to_bytes(dtype, values):
    packed = struct.pack(f"<{len(values)}f", *values)
    if dtype == "F32":
        return packed
    return b"".join(packed[i + 2 : i + 4] for i in range(0, len(packed), 4))


def affine(dims, results):
    return f"affine_map<({', '.join(dims)}) -> ({', '.join(results)})>"


class Builder:
    """Writes operations; what is random is decided elsewhere. `is_reference`: in operations that
    upstream lowers to loops."""

    def __init__(self, source, is_reference=False):
        self.random, self.is_reference = source, is_reference
        self.lines, self.arguments, self.inputs, self.resources = [], [], [], []
        self.count = 0

    def name(self):
        self.count += 1
        return f"%v{self.count}"

    def emit(self, text):
        self.lines.append("    " + text)

    def integers(self, shape, limit):
        count = 1
        for size in shape:
            count *= size
        return [float(self.random.randint(-limit, limit)) for _ in range(count)]

    def argument(self, shape, dtype, dynamic=None, limit=2):
        value = Value(f"%arg{len(self.arguments)}", list(shape), dtype, dynamic)
        self.arguments.append(f"{value.name}: {value.type}")
        self.inputs.append((dtype, list(shape), to_bytes(dtype, self.integers(shape, limit))))
        return value

    def constant(self, shape, dtype, limit):
        value = Value(self.name(), list(shape), dtype)
        text = self.constant_text(value, to_bytes(dtype, self.integers(shape, limit)))
        self.emit(f"{value.name} = arith.constant {text} : {value.type}")
        return value

    def constant_text(self, value, data):
        """The attribute of a constant with these bytes."""
        data = data.hex().upper()
        if self.random.random() < 0.5:
            return f'dense<"0x{data}">'
        key = f"w{len(self.resources)}"
        self.resources.append(f'{key}: "0x04000000{data}"')
        return f"dense_resource<{key}>"

    def scalar(self, value, dtype="F32"):
        name = self.name()
        self.emit(f"{name} = arith.constant {value} : {MLIR[dtype]}")
        return name

    def size(self, value, dim):
        index, name = self.name(), self.name()
        self.emit(f"{index} = arith.constant {dim} : index")
        self.emit(f"{name} = tensor.dim {value.name}, {index} : {value.type}")
        return name

    def empty(self, like, dtype):
        """A tensor of `like`'s sizes: for each dimension a value and its dimension, or a number."""
        value = Value(self.name(), [], dtype)
        sizes = []
        for item in like:
            if isinstance(item, int):
                value.shape.append(item)
                value.dynamic.append(False)
            else:
                source, dim = item
                value.shape.append(source.shape[dim])
                value.dynamic.append(source.dynamic[dim])
                if source.dynamic[dim]:
                    sizes.append(self.size(source, dim))
        self.emit(f"{value.name} = tensor.empty({', '.join(sizes)}) : {value.type}")
        return value

    def empty_like(self, value, dtype=None):
        return self.empty([(value, d) for d in range(len(value.shape))], dtype or value.dtype)

    def zeros(self, out):
        zero = self.scalar("0.0", out.dtype)
        result = Value(self.name(), out.shape, out.dtype, out.dynamic)
        self.emit(
            f"{result.name} = linalg.fill ins({zero} : {MLIR[out.dtype]}) "
            f"outs({out.name} : {out.type}) -> {out.type}"
        )
        return result

    def structured(self, operation, inputs, out, attributes=""):
        """A named linalg operation."""
        result = Value(self.name(), out.shape, out.dtype, out.dynamic)
        names = ", ".join(value.name for value in inputs)
        types = ", ".join(value.type for value in inputs)
        self.emit(
            f"{result.name} = linalg.{operation} {attributes} ins({names} : {types}) "
            f"outs({out.name} : {out.type}) -> {out.type}"
        )
        return result

    def generic(self, inputs, maps, out, body, iterators=None, dims=None):
        """`body` gets the names of the elements and of the output's, and gives its lines and what
        is yielded."""
        dims = dims or [f"d{i}" for i in range(len(out.shape))]
        iterators = iterators or ["parallel"] * len(dims)
        result = Value(self.name(), out.shape, out.dtype, out.dynamic)
        texts = ", ".join(affine(dims, m) for m in maps)
        kinds = ", ".join(f'"{kind}"' for kind in iterators)
        names = ", ".join(value.name for value in inputs)
        types = ", ".join(value.type for value in inputs)
        elements = [f"%e{self.count}_{i}" for i in range(len(inputs) + 1)]
        arguments = [
            f"{element}: {MLIR[value.dtype]}"
            for element, value in zip(elements, [*inputs, out])
        ]
        lines, yielded = body(*elements)
        self.emit(
            f"{result.name} = linalg.generic {{indexing_maps = [{texts}], "
            f"iterator_types = [{kinds}]}} ins({names} : {types}) outs({out.name} : {out.type}) {{"
        )
        self.emit(f"^bb0({', '.join(arguments)}):")
        for line in lines:
            self.emit("  " + line)
        self.emit(f"  linalg.yield {yielded} : {MLIR[out.dtype]}")
        self.emit(f"}} -> {out.type}")
        return result

    def elementwise(self, inputs, operations, dtype=None, maps=None):
        """One generic over the first input's shape. `operations`: lines with {0}, {1}, … for the
        elements, {t} for the element type and {r} for the last result, which is yielded."""
        out = self.empty_like(inputs[0], dtype)
        identity = [f"d{i}" for i in range(len(out.shape))]
        maps = (maps or [identity] * len(inputs)) + [identity]

        def body(*elements):
            last, lines = None, []
            for line in operations:
                result = self.name()
                text = line.format(*elements, r=last, t=MLIR[inputs[0].dtype])
                lines.append(f"{result} = {text}")
                last = result
            return lines, last or elements[0]

        return self.generic(inputs, maps, out, body)

    def convert(self, value, dtype):
        if value.dtype == dtype:
            return value
        operation = "extf" if dtype == "F32" else "truncf"
        line = f"arith.{operation} {{0}} : {MLIR[value.dtype]} to {MLIR[dtype]}"
        return self.elementwise([value], [line], dtype)

    def transpose(self, value, order):
        out = self.empty([(value, d) for d in order], value.dtype)
        result = Value(self.name(), out.shape, out.dtype, out.dynamic)
        self.emit(
            f"{result.name} = linalg.transpose ins({value.name} : {value.type}) "
            f"outs({out.name} : {out.type}) permutation = {order}"
        )
        return result

    def permute_generic(self, value, order, dtype=None, repeat=None):
        """A generic that transposes, widens and repeats over a leading dimension, as asked for."""
        like = [(value, d) for d in order]
        out = self.empty(([repeat] if repeat else []) + like, dtype or value.dtype)
        dims = [f"d{i}" for i in range(len(out.shape))]
        lead = 1 if repeat else 0
        source = [dims[lead + order.index(d)] for d in range(len(order))]

        def body(element, _):
            if out.dtype == value.dtype:
                return [], element
            result = self.name()
            return [f"{result} = arith.extf {element} : bf16 to f32"], result

        return self.generic([value], [source, dims], out, body)

    def expand(self, value, dim, sizes):
        """Splits dimension `dim`, of known size."""
        shape = value.shape[:dim] + sizes + value.shape[dim + 1 :]
        dynamic = value.dynamic[:dim] + [False] * len(sizes) + value.dynamic[dim + 1 :]
        result = Value(self.name(), shape, value.dtype, dynamic)
        groups = [[d] for d in range(dim)] + [list(range(dim, dim + len(sizes)))]
        groups += [[d + len(sizes) - 1] for d in range(dim + 1, len(value.shape))]
        shown = [
            self.size(value, d if d < dim else d - len(sizes) + 1) if dynamic[d] else str(shape[d])
            for d in range(len(shape))
        ]
        self.emit(
            f"{result.name} = tensor.expand_shape {value.name} {groups} "
            f"output_shape [{', '.join(shown)}] : {value.type} into {result.type}"
        )
        return result

    def factors(self, size):
        """Two random numbers whose product is `size`."""
        first = self.random.choice([n for n in range(1, size + 1) if size % n == 0])
        return [first, size // first]

    def expand_dynamic(self, value, dim, sizes):
        """Splits dimension `dim`, which the IR does not know, into several that it does not know
        either; an argument has them."""
        value = self.cast(value, [d == dim or known for d, known in enumerate(value.dynamic)])
        like = self.argument(sizes, "F32", [True] * len(sizes))
        shape = value.shape[:dim] + sizes + value.shape[dim + 1 :]
        dynamic = value.dynamic[:dim] + [True] * len(sizes) + value.dynamic[dim + 1 :]
        result = Value(self.name(), shape, value.dtype, dynamic)
        groups = [[d] for d in range(dim)] + [list(range(dim, dim + len(sizes)))]
        groups += [[d + len(sizes) - 1] for d in range(dim + 1, len(value.shape))]
        shown = []
        for group, source in zip(groups, range(len(value.shape))):
            for at, d in enumerate(group):
                own = (like, at) if source == dim else (value, source)
                shown.append(self.size(*own) if dynamic[d] else str(shape[d]))
        if self.is_reference:
            # Of a group with two dynamic sizes upstream's expand-strided-metadata crashes.
            return self.reshape_dynamic(value, result, shown)
        self.emit(
            f"{result.name} = tensor.expand_shape {value.name} {groups} "
            f"output_shape [{', '.join(shown)}] : {value.type} into {result.type}"
        )
        return result

    def reshape_dynamic(self, value, result, sizes):
        names = []
        for size in sizes:
            names.append(size if size.startswith("%") else self.name())
            if names[-1] != size:
                self.emit(f"{names[-1]} = arith.constant {size} : index")
        shape, kind = self.name(), f"tensor<{len(sizes)}xindex>"
        self.emit(f"{shape} = tensor.from_elements {', '.join(names)} : {kind}")
        self.emit(
            f"{result.name} = tensor.reshape {value.name}({shape}) : "
            f"({value.type}, {kind}) -> {result.type}"
        )
        return result

    def collapse(self, value, first, last):
        """Joins dimensions `first` to `last`."""
        size, dynamic = 1, False
        for d in range(first, last + 1):
            size *= value.shape[d]
            dynamic |= value.dynamic[d]
        shape = value.shape[:first] + [size] + value.shape[last + 1 :]
        flags = value.dynamic[:first] + [dynamic] + value.dynamic[last + 1 :]
        result = Value(self.name(), shape, value.dtype, flags)
        groups = [[d] for d in range(first)] + [list(range(first, last + 1))]
        groups += [[d] for d in range(last + 1, len(value.shape))]
        self.emit(
            f"{result.name} = tensor.collapse_shape {value.name} {groups} : "
            f"{value.type} into {result.type}"
        )
        return result

    def cast(self, value, dynamic):
        result = Value(self.name(), value.shape, value.dtype, dynamic)
        self.emit(f"{result.name} = tensor.cast {value.name} : {value.type} to {result.type}")
        return result


class Products:
    """The forms of a product. Each takes x [M, K] in bf16 and N, and gives a tensor."""

    def __init__(self, builder):
        self.b = builder
        self.random = builder.random
        self.weights = []

    def start(self, like, k):
        """What a product adds to: zeros in f32 or bf16, or a tensor in use. And the limit of its
        weights: in bf16 every partial sum has to be exact."""
        narrow = self.random.random() < 0.2 and k <= 96
        dtype = "BF16" if narrow else "F32"
        if self.random.random() < 0.2:
            out = self.b.empty(like, dtype)
            return self.b.argument(out.shape, dtype, out.dynamic), 1 if narrow else 3
        return self.b.zeros(self.b.empty(like, dtype)), 1 if narrow else 3

    def weight(self, n, k, limit, along_k):
        """A new one, or one that is there already, which may have been used from the other side."""
        shape = [n, k] if along_k else [k, n]
        for value, its_limit in self.weights:
            if value.shape == shape and its_limit <= limit and self.random.random() < 0.8:
                return value
        self.weights.append((self.b.constant(shape, "BF16", limit), limit))
        return self.weights[-1][0]

    def matmul_maps(self, x, n):
        """linalg.matmul with each of its indexing maps."""
        k = x.shape[1]
        init, limit = self.start([(x, 0), n], k)
        along_k, turned = self.random.random() < 0.5, self.random.random() < 0.3
        w = self.weight(n, k, limit, along_k)
        x = self.b.transpose(x, [1, 0]) if turned else x
        dims = ["m", "n", "k"]
        maps = [["k", "m"] if turned else ["m", "k"], ["n", "k"] if along_k else ["k", "n"]]
        maps.append(["m", "n"])
        text = ", ".join(affine(dims, m) for m in maps)
        return self.b.structured("matmul", [x, w], init, f"indexing_maps = [{text}]")

    def transposed(self, x, n):
        """torch.nn.Linear: a transpose, and both operands widened, or not."""
        k = x.shape[1]
        init, limit = self.start([(x, 0), n], k)
        w = self.weight(n, k, limit, True)
        if self.random.random() < 0.5 and init.dtype == "F32":
            x = self.b.convert(x, "F32")
            if self.random.random() < 0.5:
                w = self.b.convert(self.b.transpose(w, [1, 0]), "F32")
            else:
                w = self.b.permute_generic(w, [1, 0], "F32")
        else:
            w = self.b.transpose(w, [1, 0])
        return self.b.structured("matmul", [x, w], init)

    def weight_first(self, x, n):
        """The weight on the left: the output is [N, M]."""
        k = x.shape[1]
        x = self.b.transpose(x, [1, 0])
        init, limit = self.start([n, (x, 1)], k)
        return self.b.structured("matmul", [self.weight(n, k, limit, True), x], init)

    def contraction(self, x, n):
        """A generic over x [m, 1, K] or [a, b, K], with dimensions in any order."""
        k = x.shape[1]
        if self.random.random() < 0.4:
            x = self.b.expand_dynamic(x, 0, self.b.factors(x.shape[0]))
        elif x.dynamic[0]:
            x = self.b.expand(x, 1, [1, k])
        else:
            sizes = self.random.choice([[1, x.shape[0]], [x.shape[0], 1]])
            if x.shape[0] % 2 == 0:
                sizes = [2, x.shape[0] // 2]
            x = self.b.expand(x, 0, sizes)
        order = self.random.sample(["a", "b", "n"], 3)
        source = {"a": (x, 0), "b": (x, 1), "n": n}
        init, limit = self.start([source[d] for d in order], k)
        along_k = self.random.random() < 0.5
        w = self.weight(n, k, limit, along_k)
        operands = [(x, ["a", "b", "k"]), (w, ["n", "k"] if along_k else ["k", "n"])]
        self.random.shuffle(operands)
        element = MLIR[init.dtype]

        def body(lhs, rhs, total):
            lines, names = [], [lhs, rhs]
            for i, name in enumerate(names):
                if element == "f32":
                    names[i] = self.b.name()
                    lines.append(f"{names[i]} = arith.extf {name} : bf16 to f32")
            product, result = self.b.name(), self.b.name()
            lines.append(f"{product} = arith.mulf {names[0]}, {names[1]} : {element}")
            terms = self.random.sample([product, total], 2)
            lines.append(f"{result} = arith.addf {', '.join(terms)} : {element}")
            return lines, result

        return self.b.generic(
            [operands[0][0], operands[1][0]],
            [operands[0][1], operands[1][1], order],
            init,
            body,
            ["parallel"] * 3 + ["reduction"],
            ["a", "b", "n", "k"],
        )

    def vector(self, x, n):
        """matvec or vecmat of the first row."""
        k = x.shape[1]
        row = Value(self.b.name(), [k], x.dtype)
        self.b.emit(
            f"{row.name} = tensor.extract_slice {x.name}[0, 0] [1, {k}] [1, 1] : "
            f"{x.type} to {row.type}"
        )
        init, limit = self.start([n], k)
        if self.random.random() < 0.5:
            return self.b.structured("matvec", [self.weight(n, k, limit, True), row], init)
        return self.b.structured("vecmat", [row, self.weight(n, k, limit, False)], init)

    def experts(self, x, n):
        """A weight an expert, and x the same for all."""
        k, count = x.shape[1], self.random.randint(2, 3)
        init, limit = self.start([count, (x, 0), n], k)
        w = self.b.constant([count, k, n], "BF16", limit)
        x = self.b.permute_generic(x, [0, 1], repeat=count)
        return self.b.structured("batch_matmul", [x, w], init)

    def shared(self, x, n):
        """A batch of 1 or 2, and the weight repeated over it."""
        k = x.shape[1]
        batch = 2 if x.shape[0] % 2 == 0 and not x.dynamic[0] else 1
        if batch == 1 and x.dynamic[0]:
            x = self.b.permute_generic(x, [0, 1], repeat=1)
        else:
            x = self.b.expand(x, 0, [batch, x.shape[0] // batch])
        init, limit = self.start([batch, (x, 1), n], k)
        w = self.weight(n, k, limit, True)
        w = self.b.permute_generic(w, [1, 0], repeat=batch)
        return self.b.structured("batch_matmul", [x, w], init)

    def forms(self):
        return [
            self.matmul_maps,
            self.transposed,
            self.weight_first,
            self.contraction,
            self.vector,
            self.experts,
            self.shared,
        ]


class Epilogues:
    """What may follow a product; each gives a value of as many elements as it takes."""

    def __init__(self, builder):
        self.b = builder
        self.random = builder.random
        self.gates = []

    def dims(self, value):
        return [f"d{i}" for i in range(len(value.shape))]

    def bias(self, v):
        """[n], direct or through a broadcast that is written out."""
        dims = self.dims(v)
        if v.dynamic[-1]:
            return v
        dtype = self.random.choice(["F32", "BF16"]) if v.dtype == "F32" else "BF16"
        bias = self.b.argument([v.shape[-1]], dtype)
        if self.random.random() < 0.5:
            bias = self.b.convert(bias, v.dtype)
            repeated = self.b.generic(
                [bias], [[dims[-1]], dims], self.b.empty_like(v), lambda element, _: ([], element)
            )
            return self.b.elementwise([v, repeated], ["arith.addf {0}, {1} : {t}"])
        lines = ["arith.addf {0}, {1} : {t}"]
        if bias.dtype != v.dtype:
            lines = ["arith.extf {1} : bf16 to f32", "arith.addf {0}, {r} : f32"]
        return self.b.elementwise([v, bias], lines, maps=[dims, [dims[-1]]])

    def residual(self, v):
        r = self.b.argument(v.shape, v.dtype, v.dynamic)
        return self.b.elementwise([v, r], ["arith.addf {0}, {1} : {t}"])

    def tensor_arithmetic(self, v):
        """Arithmetic on whole tensors, as StableHLO's path leaves it."""
        r = self.b.argument(v.shape, v.dtype, v.dynamic)
        result = Value(self.b.name(), v.shape, v.dtype, v.dynamic)
        self.b.emit(f"{result.name} = arith.subf {r.name}, {v.name} : {v.type}")
        return result

    def residual_turned(self, v):
        """A residual that lies the other way round."""
        if len(v.shape) != 2:
            return v
        r = self.b.argument(v.shape[::-1], v.dtype, v.dynamic[::-1])
        return self.b.elementwise([v, self.b.transpose(r, [1, 0])], ["arith.mulf {0}, {1} : {t}"])

    def rows(self, v):
        """A factor a row, with a dimension of 1."""
        if len(v.shape) < 2:
            return v
        dims = self.dims(v)
        r = self.b.argument(v.shape[:-1] + [1], v.dtype, v.dynamic[:-1] + [False])
        maps = [dims, dims[:-1] + ["0"]]
        return self.b.elementwise([v, r], ["arith.mulf {0}, {1} : {t}"], maps=maps)

    def relu(self, v):
        zero = self.b.scalar("0.0", v.dtype)
        if self.random.random() < 0.5:
            return self.b.elementwise([v], ["arith.maximumf {0}, " + zero + " : {t}"])
        lines = ["arith.cmpf ogt, {0}, ZERO : {t}", "arith.select {r}, {0}, ZERO : {t}"]
        return self.b.elementwise([v], [line.replace("ZERO", zero) for line in lines])

    def scale(self, v):
        factor = self.b.scalar("0.5", v.dtype)
        return self.b.elementwise([v], ["arith.mulf {0}, " + factor + " : {t}"])

    def scalar(self, v):
        """A factor that is not constant."""
        box, name = self.b.argument([], v.dtype), self.b.name()
        self.b.emit(f"{name} = tensor.extract {box.name}[] : {box.type}")
        return self.b.elementwise([v], ["arith.addf {0}, " + name + " : {t}"])

    def diamond(self, v):
        """x · (x + 1), over two operations."""
        one = self.b.scalar("1.0", v.dtype)
        more = self.b.elementwise([v], ["arith.addf {0}, " + one + " : {t}"])
        return self.b.elementwise([v, more], ["arith.mulf {0}, {1} : {t}"])

    def rounded(self, v):
        """A rounding to bf16 and back, or only there."""
        if v.dtype == "BF16":
            return self.b.convert(v, "F32")
        v = self.b.convert(v, "BF16")
        return self.b.convert(v, "F32") if self.random.random() < 0.7 else v

    def named(self, v):
        operation = self.random.choice(["abs", "negf"])
        return self.b.structured(operation, [v], self.b.empty_like(v))

    def gate(self, v):
        for other in self.gates:
            if (other.type, other.shape) == (v.type, v.shape) and other is not v:
                return self.b.structured("mul", [v, other], self.b.empty_like(v))
        return self.named(v)

    def reshape(self, v):
        """Splits the first dimension, or joins the first two."""
        if len(v.shape) >= 3:
            return self.b.collapse(v, 0, 1)
        if len(v.shape) == 2 and not v.dynamic[0] and v.shape[0] % 3 == 0:
            return self.b.expand(v, 0, [3, v.shape[0] // 3])
        return self.b.expand(v, 0, [1, v.shape[0]]) if not v.dynamic[0] else v

    def split(self, v):
        """Splits a dimension into two whose sizes only the run knows."""
        dim = self.random.randrange(len(v.shape)) if v.shape else 0
        return self.b.expand_dynamic(v, dim, self.b.factors(v.shape[dim])) if v.shape else v

    def forget(self, v):
        return self.b.cast(v, [True] + v.dynamic[1:])

    def apply(self, v):
        menu = [
            self.bias,
            self.residual,
            self.tensor_arithmetic,
            self.residual_turned,
            self.rows,
            self.relu,
            self.scale,
            self.scalar,
            self.diamond,
            self.rounded,
            self.named,
            self.gate,
            self.reshape,
            self.split,
            self.forget,
        ]
        for _ in range(self.random.randint(0, 4)):
            v = self.random.choice(menu)(v)
        self.gates.append(v)
        return v

    def small(self, v):
        """Integers from -2 to 2 in bf16: what may be multiplied again."""
        v = self.b.convert(v, "F32")
        magic, low, high = (self.b.scalar(s) for s in (MAGIC, "-2.0", "2.0"))
        lines = [
            f"arith.addf {{0}}, {magic} : f32",
            f"arith.subf {{r}}, {magic} : f32",
            f"arith.maximumf {{r}}, {low} : f32",
            f"arith.minimumf {{r}}, {high} : f32",
        ]
        return self.b.convert(self.b.elementwise([v], lines), "BF16")

    def last(self, v):
        """Now and then operations whose results are no round numbers, or a second user."""
        choice = self.random.random()
        if choice < 0.15 and v.dtype == "F32":
            return [self.b.elementwise([v], ["math.absf {0} : f32", "math.sqrt {r} : f32"])]
        if choice < 0.3 and v.dtype == "F32":
            three = self.b.scalar("3.0")
            return [self.b.elementwise([v], [f"arith.divf {{0}}, {three} : f32"])]
        if choice < 0.5 and len(v.shape) == 2:
            v = self.small(v)
            zero = self.b.zeros(self.b.empty([(v, 0)], "F32"))
            wide = self.b.convert(v, "F32")
            name = self.b.name()
            self.b.emit(
                f"{name} = linalg.reduce {{ arith.addf }} ins({wide.name} : {wide.type}) "
                f"outs({zero.name} : {zero.type}) dimensions = [1]"
            )
            return [v, Value(name, zero.shape, "F32", zero.dynamic)]
        return [v]


def generate(seed, is_reference=False):
    """The module of a seed."""
    source = random.Random(seed)
    b = Builder(source, is_reference)
    products, epilogues = Products(b), Epilogues(b)
    sizes = [32, 48, 64, 65, 80, 130]
    m, k = source.choice([1, 2, 3, 6, 7, 12, 33]), source.choice(sizes)
    x = b.argument([m, k], "BF16", [source.random() < 0.4, False])
    outputs = []
    for _ in range(source.randint(1, 4)):
        n = source.choice([*sizes, k, k])
        v = epilogues.apply(source.choice(products.forms())(x, n))
        if len(v.shape) == 2 and not v.dynamic[1] and source.random() < 0.6:
            x = epilogues.small(v)
            outputs += [v] if source.random() < 0.2 else []
        else:
            outputs += epilogues.last(v)
    outputs = outputs or [x]

    types = ", ".join(v.type for v in outputs)
    text = [f"func.func @main({', '.join(b.arguments)}) -> ({types}) {{", *b.lines]
    text += [f"    return {', '.join(v.name for v in outputs)} : {types}", "}"]
    if b.resources:
        text += ["{-#", "  dialect_resources: {", "    builtin: {"]
        text.append(",\n".join("      " + resource for resource in b.resources))
        text += ["    }", "  }", "#-}"]
    return Module("\n".join(text) + "\n", b.inputs, [(v.dtype, v.shape) for v in outputs])


if __name__ == "__main__":
    print(generate(int(sys.argv[1])).text, end="")
