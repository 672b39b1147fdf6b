"""Random contractions, convolutions and poolings of linalg, with what numpy makes of them.

Every named operation is described by the dimensions of its operands. Sizes are zero, one and more,
each known to the IR or not, and a weight stands at either side. Elements are small integers, so that
sums are exact in any order and results have to be equal.

    case = generate(seed)
    case.text         one function @main with some operations
    case.inputs       [(dtype, array)], by position
    case.outputs      [(dtype, array)] as numpy computes them; None where sizes do not fit, and the
                      call has to fail

`python contraction_generator.py SEED` prints a module.
"""

import dataclasses
import itertools
import random
import struct
import sys

import numpy as np

# Names of element types: of safetensors, of MLIR, and numpy's that holds their integers.
MLIR = {"F32": "f32", "BF16": "bf16", "F16": "f16", "F64": "f64", "I8": "i8", "I32": "i32"}
NUMPY = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I8": "<i1", "I32": "<i4"}
# x, weight and output.
TYPES = [
    ("BF16", "BF16", "F32"),
    ("BF16", "BF16", "F32"),
    ("F32", "F32", "F32"),
    ("F16", "F16", "F32"),
    ("F32", "BF16", "F32"),
    ("F64", "F64", "F64"),
    ("I8", "I8", "I32"),
    ("I32", "I32", "I32"),
]
SIZES = [0, 1, 1, 2, 3, 5, 8, 17, 32, 64, 65]
SPATIAL = "dhw"


@dataclasses.dataclass
class Operation:
    """Dimensions of x, weight and output by letters. A spatial dimension of x is written
    ("o", "k"): the output's times the stride plus the kernel's times the dilation."""

    name: str
    x: tuple
    w: tuple
    out: tuple
    # How elements are combined: "sum" of products, or a pooling.
    kind: str = "sum"
    has_steps: bool = False
    quantized: bool = False


def contraction(name, x, w, out, **options):
    return Operation(name, tuple(x), tuple(w), tuple(out), **options)


def spatial(layout):
    return tuple((f"o{c}", f"k{c}") if c in SPATIAL else c for c in layout)


def convolution(name):
    """From a name such as conv_2d_nhwc_hwcf: its layouts say everything."""
    parts = name.removesuffix("_q").split("_")
    if len(parts) == 2:
        letters = SPATIAL[3 - int(parts[1][0]) :]
        x, w = letters, letters
    else:
        x, w = parts[-2:]
    kernel = tuple(f"k{c}" if c in SPATIAL else c for c in w)
    out = [f"o{c}" if c in SPATIAL else c for c in x]
    if name.startswith("depthwise"):
        out += ["m"] if "m" in w else []
    elif "g" in w:
        # Groups come with features of their own, behind the group.
        out[out.index("c")] = "f"
        if x.index("c") < x.index("g"):
            raise ValueError(name)
    elif "c" in x:
        out[out.index("c")] = "f"
    return Operation(
        name, spatial(x), kernel, tuple(out), "sum", len(parts) > 2, name.endswith("_q")
    )


def pooling(name):
    layout, kind = name.split("_")[1:3]
    kernel = tuple(f"k{c}" for c in layout if c in SPATIAL)
    out = tuple(f"o{c}" if c in SPATIAL else c for c in layout)
    return Operation(name, spatial(layout), kernel, out, kind, True)


CONVOLUTIONS = """
    conv_1d conv_2d conv_3d conv_1d_nwc_wcf conv_1d_ncw_fcw conv_2d_nhwc_hwcf conv_2d_nhwc_fhwc
    conv_2d_nhwc_hwcf_q conv_2d_nhwc_fhwc_q conv_2d_nchw_fchw_q conv_2d_nchw_fchw
    conv_2d_ngchw_fgchw conv_2d_ngchw_gfchw conv_2d_nhwgc_gfhwc conv_2d_nhwgc_gfhwc_q
    conv_2d_ngchw_gfchw_q conv_3d_ndhwc_dhwcf conv_3d_ndhwc_dhwcf_q conv_3d_ncdhw_fcdhw
    depthwise_conv_1d_nwc_wc depthwise_conv_1d_ncw_cw depthwise_conv_1d_nwc_wcm
    depthwise_conv_2d_nhwc_hwc depthwise_conv_2d_nchw_chw depthwise_conv_2d_nhwc_hwc_q
    depthwise_conv_2d_nhwc_hwcm depthwise_conv_2d_nhwc_hwcm_q depthwise_conv_3d_ndhwc_dhwc
    depthwise_conv_3d_ncdhw_cdhw depthwise_conv_3d_ndhwc_dhwcm
""".split()
POOLINGS = """
    pooling_nhwc_sum pooling_nchw_sum pooling_nhwc_max pooling_nchw_max pooling_nhwc_min
    pooling_nwc_sum pooling_ncw_sum pooling_nwc_max pooling_ncw_max pooling_nwc_min
    pooling_ndhwc_sum pooling_ndhwc_max pooling_ndhwc_min
""".split()
OPERATIONS = [
    contraction("matmul", "mk", "kn", "mn"),
    contraction("batch_matmul", "bmk", "bkn", "bmn"),
    contraction("batch_reduce_matmul", "bmk", "bkn", "mn"),
    contraction("matvec", "mk", "k", "m"),
    contraction("vecmat", "k", "kn", "n"),
    contraction("batch_matvec", "bmk", "bk", "bm"),
    contraction("batch_vecmat", "bk", "bkn", "bn"),
    contraction("dot", "k", "k", ""),
    contraction("mmt4d", "mkpq", "nkrq", "mnpr"),
    contraction("batch_mmt4d", "bmkpq", "bnkrq", "bmnpr"),
    contraction("quantized_matmul", "mk", "kn", "mn", quantized=True),
    contraction("quantized_batch_matmul", "bmk", "bkn", "bmn", quantized=True),
    *map(convolution, CONVOLUTIONS),
    *map(pooling, POOLINGS),
]


def letters_of(dimensions):
    """The loops of an operand, spatial ones taken apart."""
    return [letter for d in dimensions for letter in (d if isinstance(d, tuple) else (d,))]


def to_bytes(dtype, array):
    if dtype == "BF16":
        upper = np.ascontiguousarray(array, "<f4").view("<u4") >> 16
        return upper.astype("<u2").tobytes()
    return np.ascontiguousarray(array, NUMPY[dtype]).tobytes()


def evaluate(op, sizes, steps, x, w, start):
    """What numpy makes of it: a product of slices for each position of the kernel."""
    kernel = [letter for letter in letters_of(op.x) if letter[0] == "k" and len(letter) == 2]
    names = {letter: chr(97 + i) for i, letter in enumerate(sizes)}
    result = start.astype(np.float64)
    for position in itertools.product(*(range(sizes[letter]) for letter in kernel)):
        at = dict(zip(kernel, position))
        part = x
        for axis, d in enumerate(op.x):
            if isinstance(d, tuple):
                stride, dilation = steps[d[0][1]]
                rows = np.arange(sizes[d[0]]) * stride + at[d[1]] * dilation
                part = np.take(part, rows, axis)
        subscripts = "".join(names[d[0] if isinstance(d, tuple) else d] for d in op.x)
        out = "".join(names[d] for d in op.out)
        if op.kind != "sum" or op.name.startswith("pooling"):
            part = np.einsum(f"{subscripts}->{out}", part)
            combine = {"sum": np.add, "max": np.maximum, "min": np.minimum}[op.kind]
            result = combine(result, part)
            continue
        factor = w[tuple(at.get(d, slice(None)) for d in op.w)]
        others = "".join(names[d] for d in op.w if d not in at)
        result = result + np.einsum(f"{subscripts},{others}->{out}", part, factor)
    return result


class Builder:
    def __init__(self, source):
        self.random = source
        self.lines, self.arguments, self.inputs, self.resources = [], [], [], []
        self.count = 0
        self.fits = True

    def name(self):
        self.count += 1
        return f"%v{self.count}"

    def emit(self, text):
        name = self.name()
        self.lines.append(f"    {name} = {text}")
        return name

    def type(self, shape, dynamic, dtype):
        sizes = ["?" if d else str(s) for s, d in zip(shape, dynamic)]
        return f"tensor<{'x'.join([*sizes, MLIR[dtype]])}>"

    def integers(self, shape, limit):
        count = int(np.prod(shape, dtype=np.int64))
        values = [self.random.randint(-limit, limit) for _ in range(count)]
        return np.array(values, np.float64).reshape(shape)

    def argument(self, dtype, array, dynamic):
        name, type_ = f"%arg{len(self.arguments)}", self.type(array.shape, dynamic, dtype)
        self.arguments.append(f"{name}: {type_}")
        self.inputs.append((dtype, array))
        return name, type_

    def constant(self, dtype, array):
        type_ = self.type(array.shape, [False] * array.ndim, dtype)
        data = to_bytes(dtype, array).hex().upper()
        if not array.size:
            return self.emit(f"arith.constant dense<> : {type_}"), type_
        if self.random.random() < 0.5:
            return self.emit(f'arith.constant dense<"0x{data}"> : {type_}'), type_
        key = f"w{len(self.resources)}"
        self.resources.append(f'      {key}: "0x{struct.pack("<I", 8).hex()}{data}"')
        return self.emit(f"arith.constant dense_resource<{key}> : {type_}"), type_

    def operand(self, dtype, shape, is_weight):
        """A weight is a constant, perhaps seen through operations; others are arguments."""
        array = self.integers(shape, 3 if is_weight else 2)
        if not is_weight:
            dynamic = [self.random.random() < 0.4 for _ in shape]
            wrong = [i for i, d in enumerate(dynamic) if d]
            if wrong and self.random.random() < 0.03:
                # A size that does not fit the other operands.
                axis, other = self.random.choice(wrong), list(shape)
                other[axis] += self.random.choice([1, 3])
                self.fits = False
                name, type_ = self.argument(dtype, self.integers(other, 2), dynamic)
                return name, type_, array
            name, type_ = self.argument(dtype, array, dynamic)
            return name, type_, array
        choice = self.random.random()
        if choice < 0.3 and len(shape) > 1:
            order = self.random.sample(range(len(shape)), len(shape))
            inverse = list(np.argsort(order))
            name, type_ = self.constant(dtype, np.transpose(array, inverse))
            out_type = self.type(shape, [False] * len(shape), dtype)
            empty = self.emit(f"tensor.empty() : {out_type}")
            name = self.emit(
                f"linalg.transpose ins({name} : {type_}) outs({empty} : {out_type}) "
                f"permutation = {order}"
            )
            return name, out_type, array
        if choice < 0.45 and shape:
            # One matrix for all of a batch.
            part = self.integers(shape[1:], 3)
            name, type_ = self.constant(dtype, part)
            out_type = self.type(shape, [False] * len(shape), dtype)
            empty = self.emit(f"tensor.empty() : {out_type}")
            name = self.emit(
                f"linalg.broadcast ins({name} : {type_}) outs({empty} : {out_type}) dimensions = [0]"
            )
            return name, out_type, np.broadcast_to(part, shape)
        name, type_ = self.constant(dtype, array)
        return name, type_, array

    def output(self, dtype, shape):
        """What sums begin with: zeros, or an argument."""
        dynamic = [self.random.random() < 0.4 for _ in shape]
        if self.random.random() < 0.2:
            array = self.integers(shape, 2)
            return *self.argument(dtype, array, dynamic), array
        type_ = self.type(shape, dynamic, dtype)
        sizes = []
        for size, is_dynamic in zip(shape, dynamic):
            if is_dynamic:
                sizes.append(self.emit(f"arith.constant {size} : index"))
        empty = self.emit(f"tensor.empty({', '.join(sizes)}) : {type_}")
        element = MLIR[dtype]
        zero = self.emit(f"arith.constant {'0' if element[0] == 'i' else '0.0'} : {element}")
        name = self.emit(
            f"linalg.fill ins({zero} : {element}) outs({empty} : {type_}) -> {type_}"
        )
        return name, type_, np.zeros(shape)

    def operation(self, op):
        """Emits `op` with random sizes; gives its result, its type, and numpy's."""
        sizes, steps = {}, {}
        loops = dict.fromkeys([*letters_of(op.x), *op.w, *op.out])
        for letter in loops:
            is_kernel = len(letter) == 2 and letter[0] == "k"
            most = 3 if is_kernel or len(loops) > 5 else 8 if len(loops) > 3 else 65
            choices = [s for s in SIZES if s <= most]
            # An empty kernel is no kernel; a window has to be somewhere.
            sizes[letter] = self.random.choice([s for s in choices if s or not is_kernel])
        for letter in SPATIAL:
            steps[letter] = (1, 1)
            if op.has_steps:
                steps[letter] = (self.random.choice([1, 2]), self.random.choice([1, 1, 2]))

        def extent(d):
            if not isinstance(d, tuple):
                return sizes[d]
            stride, dilation = steps[d[0][1]]
            last = (sizes[d[0]] - 1) * stride + (sizes[d[1]] - 1) * dilation
            return max(last + 1, 0) + (self.random.choice([0, 0, 1]) if stride > 1 else 0)

        x_type, w_type, out_type = self.random.choice(TYPES)
        if op.quantized:
            x_type, w_type, out_type = "I8", "I8", "I32"
        if op.name.startswith("pooling"):
            out_type = w_type = x_type
        side = self.random.choice(["x", "w", "w", "none"])
        x = self.operand(x_type, [extent(d) for d in op.x], side == "x")
        w = self.operand(w_type, [sizes[d] for d in op.w], side == "w")
        out = self.output(out_type, [sizes[d] for d in op.out])
        operands, types = [x[0], w[0]], [x[1], w[1]]
        if op.quantized:
            zero = self.emit("arith.constant 0 : i32")
            operands += [zero, zero]
            types += ["i32", "i32"]
        attributes = ""
        if op.has_steps:
            used = [d[0][1] for d in op.x if isinstance(d, tuple)]
            texts = [
                ", ".join(str(steps[letter][which]) for letter in used) for which in (0, 1)
            ]
            shape = f"tensor<{len(used)}xi64>"
            attributes = (
                f"{{strides = dense<[{texts[0]}]> : {shape}, "
                f"dilations = dense<[{texts[1]}]> : {shape}}} "
            )
        result = self.emit(
            f"linalg.{op.name} {attributes}ins({', '.join(operands)} : {', '.join(types)}) "
            f"outs({out[0]} : {out[1]}) -> {out[1]}"
        )
        return result, out[1], out_type, evaluate(op, sizes, steps, x[2], w[2], out[2])


@dataclasses.dataclass
class Case:
    text: str
    inputs: list
    outputs: list


def generate(seed, operations=4):
    source = random.Random(seed)
    b = Builder(source)
    results = [b.operation(source.choice(OPERATIONS)) for _ in range(operations)]
    types = ", ".join(type_ for _, type_, _, _ in results)
    text = [f"func.func @main({', '.join(b.arguments)}) -> ({types}) {{", *b.lines]
    text += [f"    return {', '.join(name for name, _, _, _ in results)} : {types}", "}"]
    if b.resources:
        text += ["{-#", "  dialect_resources: {", "    builtin: {", ",\n".join(b.resources)]
        text += ["    }", "  }", "#-}"]
    outputs = [(dtype, array) for _, _, dtype, array in results] if b.fits else None
    return Case("\n".join(text) + "\n", b.inputs, outputs)


if __name__ == "__main__":
    print(generate(int(sys.argv[1])).text, end="")
