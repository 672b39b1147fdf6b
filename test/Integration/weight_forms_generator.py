"""Random modules with the forms of weights that front ends write: slices, concatenations, heads,
convolutions. As in linalg_generator.py every sum is exact, so that results have to be equal.

    module = generate(seed)

`python weight_forms_generator.py SEED [FORM...]` prints a module.
"""

import math
import random
import sys

from linalg_generator import Builder, Module, Value, affine, to_bytes

K_SIZES = [8, 24, 64, 96, 130]
N_SIZES = [3, 16, 40, 64, 100]


class Forms(Builder):
    """A form a method. Each gives the tensor that the function returns. With a dictionary `stored`
    the bytes of weights go there, by their names, and constants have no data."""

    def __init__(self, source, is_reference=False, stored=None):
        super().__init__(source, is_reference)
        self.stored = stored

    def constant_text(self, value, data):
        text = super().constant_text(value, data)
        if self.stored is None:
            return text
        key = f"weight.{len(self.stored)}"
        self.stored[key] = (value.dtype, value.shape, data)
        return f"dense_resource<{key}>"

    def pick(self, sizes):
        return self.random.choice(sizes)

    def x(self, shape):
        """An input whose first size the IR knows or not."""
        dynamic = [self.random.random() < 0.4] + [False] * (len(shape) - 1)
        return self.argument(shape, "BF16", dynamic)

    def weight(self, shape, limit=2):
        return self.constant(shape, "BF16", limit)

    def view(self, operation, value, shape, dtype=None):
        """An operation from `value` to a tensor of a known shape."""
        result = Value(self.name(), shape, dtype or value.dtype)
        self.emit(f"{result.name} = {operation} : {value.type} to {result.type}")
        return result

    def slice(self, value, offsets, sizes, steps=None):
        steps = steps or [1] * len(sizes)
        return self.view(
            f"tensor.extract_slice {value.name}{offsets} {sizes} {steps}", value, sizes
        )

    def join(self, parts, dim):
        """A concatenation along a dimension."""
        shape = list(parts[0].shape)
        shape[dim] = sum(part.shape[dim] for part in parts)
        names = ", ".join(part.name for part in parts)
        types = ", ".join(part.type for part in parts)
        w = Value(self.name(), shape, "BF16")
        self.emit(f"{w.name} = tensor.concat dim({dim}) {names} : ({types}) -> {w.type}")
        return w

    def start(self, like):
        return self.zeros(self.empty(like, "F32"))

    def product(self, x, w, dims, xs, ws, outs):
        """A generic: `xs`, `ws` and `outs` name the loops of each operand."""
        loops = {}
        for value, names in ((x, xs), (w, ws)):
            for d, name in enumerate(names):
                loops.setdefault(name, (value, d))
        out = self.start([loops[name] for name in outs])

        def body(a, b, total):
            wide, lines = [], []
            for element in (a, b):
                wide.append(self.name())
                lines.append(f"{wide[-1]} = arith.extf {element} : bf16 to f32")
            product, result = self.name(), self.name()
            lines.append(f"{product} = arith.mulf {wide[0]}, {wide[1]} : f32")
            lines.append(f"{result} = arith.addf {total}, {product} : f32")
            return lines, result

        kinds = ["parallel" if name in outs else "reduction" for name in dims]
        return self.generic([x, w], [xs, ws, outs], out, body, kinds, dims)

    def linear(self, x, w):
        """x [M, K] and w [N, K]."""
        return self.product(x, w, ["m", "n", "k"], ["m", "k"], ["n", "k"], ["m", "n"])

    # Views and computations of weights.

    def sliced_rows(self):
        k, n = self.pick(K_SIZES), self.pick(N_SIZES)
        whole, x = self.weight([3 * n, k]), self.x([self.pick([1, 5]), k])
        parts = [self.linear(x, self.slice(whole, [i * n, 0], [n, k])) for i in range(3)]
        total = self.elementwise(parts[:2], ["arith.addf {0}, {1} : {t}"])
        return self.elementwise([total, parts[2]], ["arith.subf {0}, {1} : {t}"])

    def sliced_expert(self):
        k, n = self.pick(K_SIZES), self.pick(N_SIZES)
        experts = self.weight([4, n, k])
        w = self.view(
            f"tensor.extract_slice {experts.name}[{self.pick([0, 2, 3])}, 0, 0] [1, {n}, {k}] [1, 1, 1]",
            experts,
            [n, k],
        )
        return self.linear(self.x([3, k]), w)

    def concatenated(self):
        k, sizes = self.pick(K_SIZES), [self.pick(N_SIZES) for _ in range(3)]
        w = self.join([self.weight([n, k]) for n in sizes], 0)
        return self.linear(self.x([4, k]), w)

    def inserted(self):
        """A concatenation as torch-mlir writes it."""
        k, sizes = self.pick(K_SIZES), [self.pick(N_SIZES) for _ in range(2)]
        w = self.empty([sum(sizes), k], "BF16")
        at = 0
        for n in sizes:
            part, result = self.weight([n, k]), Value(self.name(), w.shape, "BF16")
            self.emit(
                f"{result.name} = tensor.insert_slice {part.name} into {w.name}[{at}, 0] "
                f"[{n}, {k}] [1, 1] : {part.type} into {w.type}"
            )
            w, at = result, at + n
        return self.linear(self.x([4, k]), w)

    def heads(self):
        """x [B, S, K] by w [K, H, D]: flax's and Keras' attention."""
        k, heads, d = self.pick(K_SIZES), self.pick([2, 4]), self.pick([8, 20])
        out = self.pick([["b", "s", "h", "d"], ["b", "h", "s", "d"]])
        return self.product(
            self.x([2, 3, k]),
            self.weight([k, heads, d]),
            ["b", "s", "h", "d", "k"],
            ["b", "s", "k"],
            ["k", "h", "d"],
            out,
        )

    def heads_out(self):
        """x [B, S, H, D] by w [H, D, N]: two dimensions are summed over."""
        n, heads, d = self.pick(N_SIZES), self.pick([2, 4]), self.pick([8, 20])
        ws = self.pick([["h", "d", "n"], ["n", "h", "d"], ["h", "n", "d"]])
        sizes = {"h": heads, "d": d, "n": n}
        return self.product(
            self.x([2, 3, heads, d]),
            self.weight([sizes[name] for name in ws]),
            ["b", "s", "n", "h", "d"],
            ["b", "s", "h", "d"],
            ws,
            ["b", "s", "n"],
        )

    def permuted_experts(self):
        k, n = self.pick(K_SIZES), self.pick([16, 40])
        ws = self.pick([["n", "e", "k"], ["k", "e", "n"], ["n", "k", "e"]])
        sizes = {"e": 3, "k": k, "n": n}
        return self.product(
            self.x([2, 3, k]),
            self.weight([sizes[name] for name in ws]),
            ["m", "e", "n", "k"],
            ["m", "e", "k"],
            ws,
            ["m", "e", "n"],
        )

    def rank_4(self):
        k, n = self.pick([64, 96]), self.pick([16, 40])
        return self.product(
            self.x([2, 3, 4, k]),
            self.weight([2, 3, n, k]),
            ["a", "b", "m", "n", "k"],
            ["a", "b", "m", "k"],
            ["a", "b", "n", "k"],
            ["a", "b", "m", "n"],
        )

    def unit_dimensions(self):
        k, n = self.pick(K_SIZES), self.pick(N_SIZES)
        return self.product(
            self.x([4, 1, k]),
            self.weight([1, n, 1, k]),
            ["m", "a", "n", "b", "k"],
            ["m", "a", "k"],
            ["a", "n", "b", "k"],
            ["m", "a", "n", "b"],
        )

    def padded(self):
        k, n = self.pick(K_SIZES), self.pick([40, 100])
        w = self.weight([n - 3, k])
        zero, result = self.scalar("0.0", "BF16"), Value(self.name(), [n, k], "BF16")
        self.emit(f"{result.name} = tensor.pad {w.name} low[1, 0] high[2, 0] {{")
        self.emit(f"^bb0(%i{self.count}: index, %j{self.count}: index):")
        self.emit(f"  tensor.yield {zero} : bf16")
        self.emit(f"}} : {w.type} to {result.type}")
        return self.linear(self.x([3, k]), result)

    def scaled(self):
        """By a constant and by a vector, in bf16."""
        k, n = self.pick(K_SIZES), self.pick(N_SIZES)
        w, scale = self.weight([n, k]), self.weight([n])
        w = self.elementwise([w, scale], ["arith.mulf {0}, {1} : {t}"], maps=[["d0", "d1"], ["d0"]])
        return self.linear(self.x([3, k]), w)

    def sum_of_weights(self):
        """A low-rank correction that is added to the weight."""
        k, n = self.pick(K_SIZES), self.pick(N_SIZES)
        a, b, w = self.weight([2, k], 1), self.weight([n, 2], 1), self.weight([n, k], 1)
        narrow = self.convert(self.structured("matmul", [b, a], self.start([n, k])), "BF16")
        return self.linear(self.x([3, k]), self.elementwise([w, narrow], ["arith.addf {0}, {1} : {t}"]))

    def low_rank(self):
        """By two thin matrices, as an adapter has them."""
        rank, x = self.pick([4, 16]), self.argument([3, 320], "BF16", limit=1)
        narrow = self.convert(self.linear(x, self.weight([rank, 320], 1)), "BF16")
        return self.linear(narrow, self.weight([272, rank], 1))

    # Matrices and rows by their numbers.

    def stacked_layers(self):
        """A loop over layers in one tensor, each a matrix or one a head (jax.lax.scan)."""
        k, count = self.pick([8, 24, 64]), 3
        heads = self.pick([None, 2, 4])
        w = self.weight([count, k, k] if not heads else [count, k, heads, k // heads], 1)
        x = self.argument([4, k], "F32", limit=1)
        if self.is_reference:
            h = x
            for i in range(count):
                h = self.layer(w, i, h)
            return h
        begin, end, step, i, h = (self.name() for _ in range(5))
        for name, value in ((begin, 0), (end, count), (step, 1)):
            self.emit(f"{name} = arith.constant {value} : index")
        out = Value(self.name(), x.shape, "F32")
        self.emit(
            f"{out.name} = scf.for {i} = {begin} to {end} step {step} iter_args({h} = {x.name}) "
            f"-> ({out.type}) {{"
        )
        y = self.layer(w, i, Value(h, x.shape, "F32"))
        self.emit(f"scf.yield {y.name} : {y.type}")
        self.emit("}")
        return out

    def layer(self, w, i, h):
        """The product of h with layer `i` of a stack."""
        sizes = [1, *w.shape[1:]]
        offsets = ", ".join([str(i)] + ["0"] * (len(sizes) - 1))
        steps = [1] * len(sizes)
        piece = self.view(f"tensor.extract_slice {w.name}[{offsets}] {sizes} {steps}", w, w.shape[1:])
        if len(piece.shape) == 3:
            piece = self.collapse(piece, 1, 2)
        return self.structured("matmul", [h, piece], self.start(list(h.shape)))

    def lookup(self, table, ids, inner):
        """A generic that reads `table` at `ids`, of any shape."""
        rank = len(ids.shape)
        out = self.empty([*((ids, d) for d in range(rank)), *inner], "BF16")
        result = Value(self.name(), out.shape, "BF16", out.dynamic)
        dims = [f"d{i}" for i in range(len(out.shape))]
        maps = f"{affine(dims, dims[:rank])}, {affine(dims, dims)}"
        kinds = ", ".join(['"parallel"'] * len(dims))
        self.emit(
            f"{result.name} = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}} "
            f"ins({ids.name} : {ids.type}) outs({out.name} : {out.type}) {{"
        )
        element, old, row, value = (self.name() for _ in range(4))
        self.emit(f"^bb0({element}: f32, {old}: bf16):")
        number = self.name()
        self.emit(f"  {number} = arith.fptosi {element} : f32 to i64")
        self.emit(f"  {row} = arith.index_cast {number} : i64 to index")
        indices = [row]
        for d in range(rank, len(dims)):
            indices.append(self.name())
            self.emit(f"  {indices[-1]} = linalg.index {d} : index")
        self.emit(f"  {value} = tensor.extract {table.name}[{', '.join(indices)}] : {table.type}")
        self.emit(f"  linalg.yield {value} : bf16")
        self.emit(f"}} -> {out.type}")
        return result

    def numbers(self, shape, below):
        """Numbers as an input; inputs are floats here."""
        ids = Value(f"%arg{len(self.arguments)}", shape, "F32")
        ids.dynamic[0] = self.random.random() < 0.5
        self.arguments.append(f"{ids.name}: {ids.type}")
        values = [float(self.random.randrange(below)) for _ in range(math.prod(shape))]
        self.inputs.append(("F32", shape, to_bytes("F32", values)))
        return ids

    def gathered_experts(self):
        k, n, experts = self.pick(K_SIZES), self.pick(N_SIZES), 5
        ids = self.numbers([7], experts)
        w = self.lookup(self.weight([experts, k, n]), ids, [k, n])
        x = self.argument([7, 2, k], "BF16", [ids.dynamic[0], False, False])
        return self.structured("batch_matmul", [x, w], self.start([(x, 0), 2, n]))

    def experts_of_tensors(self):
        """Each expert is a tensor of its own, as most checkpoints have them; its gate and up
        projections are one product."""
        k, n, experts = self.pick([64, 96, 130]), self.pick([16, 40, 100]), 3
        stacks = []
        for _ in range(2):
            rows = self.join([self.weight([n, k]) for _ in range(experts)], 0)
            stacks.append(self.expand(rows, 0, [experts, n]))
        ids = self.numbers([7], experts)
        w = self.lookup(self.join(stacks, 1), ids, [2 * n, k])
        x = self.argument([7, k], "BF16", [ids.dynamic[0], False])
        return self.product(x, w, ["b", "n", "k"], ["b", "k"], ["b", "n", "k"], ["b", "n"])

    def experts_of_a_token(self):
        """Several a token: an einsum collapses their numbers, with those of tokens or with N."""
        k, n, experts = self.pick(K_SIZES), self.pick(N_SIZES), 4
        ids = self.numbers([5, 2], experts)
        w = self.lookup(self.weight([experts, n, k]), ids, [n, k])
        dims, outs = ["b", "n", "k"], ["b", "n"]
        if self.random.random() < 0.5:
            x = self.collapse(self.argument([5, 2, k], "BF16", [ids.dynamic[0], False, False]), 0, 1)
            return self.product(x, self.collapse(w, 0, 1), dims, ["b", "k"], dims, outs)
        x = self.argument([5, k], "BF16", [ids.dynamic[0], False])
        return self.expand(self.product(x, self.collapse(w, 1, 2), dims, ["b", "k"], dims, outs), 1, [2, n])

    def tied_embedding(self):
        """Rows of a weight, and a product with it."""
        k, n = self.pick(K_SIZES), self.pick([100, 400])
        table = self.weight([n, k])
        return self.linear(self.lookup(table, self.numbers([6], n), [k]), table)

    # Named operations.

    def batch_reduce_matmul(self):
        k, n = self.pick(K_SIZES), self.pick(N_SIZES)
        x, w = self.argument([3, 4, k], "BF16"), self.weight([3, k, n])
        return self.structured("batch_reduce_matmul", [x, w], self.start([4, n]))

    def mmt4d(self):
        x, w = self.x([2, 5, 4, 8]), self.weight([3, 5, 16, 8])
        return self.structured("mmt4d", [x, w], self.start([(x, 0), 3, 4, 16]))

    def packed(self):
        """As IREE packs both operands of a product."""
        k, n = 40, self.pick([48, 40])
        x, w = self.argument([8, k], "BF16"), self.weight([n, k])
        if self.is_reference:
            return self.linear(x, w)

        def pack(value, tile):
            out = self.empty([-(-value.shape[0] // tile), k // 8, tile, 8], "BF16")
            result, zero = Value(self.name(), out.shape, "BF16"), self.scalar("0.0", "BF16")
            self.emit(
                f"{result.name} = linalg.pack {value.name} padding_value({zero} : bf16) inner_dims_pos = [0, 1] "
                f"inner_tiles = [{tile}, 8] into {out.name} : {value.type} -> {out.type}"
            )
            return result

        x, w = pack(x, 4), pack(w, 16)
        y = self.structured("mmt4d", [x, w], self.start([2, w.shape[0], 4, 16]))
        out = self.empty([8, n], "F32")
        result = Value(self.name(), out.shape, "F32")
        self.emit(
            f"{result.name} = linalg.unpack {y.name} inner_dims_pos = [0, 1] inner_tiles = [4, 16] "
            f"into {out.name} : {y.type} -> {out.type}"
        )
        return result

    def dot(self):
        k = self.pick(K_SIZES)
        w = self.collapse(self.weight([1, k]), 0, 1)
        return self.structured("dot", [self.argument([k], "BF16"), w], self.start([]))

    # Convolutions.

    def convolution(self, operation, x, w, out, strides, dilations):
        rank = len(strides)
        text = f"{{dilations = dense<{dilations}> : tensor<{rank}xi64>, strides = dense<{strides}> : tensor<{rank}xi64>}}"
        return self.structured(operation, [x, w], self.start(out), text)

    def geometry(self, rank):
        """Kernel, strides, dilations, and the sizes of input and output."""
        kernel = [self.pick([1, 2, 3]) for _ in range(rank)]
        strides = [self.pick([1, 2]) for _ in range(rank)]
        dilations = [self.pick([1, 2]) for _ in range(rank)]
        out = [self.pick([3, 6]) for _ in range(rank)]
        more = self.pick([0, 1])
        sizes = [
            (o - 1) * s + (k - 1) * d + 1 + more
            for o, s, k, d in zip(out, strides, kernel, dilations)
        ]
        return kernel, strides, dilations, sizes, out

    def conv_2d_nchw(self):
        kernel, strides, dilations, sizes, out = self.geometry(2)
        channels, n = self.pick([3, 16, 40]), self.pick([8, 20, 64])
        x, w = self.x([2, channels, *sizes]), self.weight([n, channels, *kernel])
        return self.convolution("conv_2d_nchw_fchw", x, w, [(x, 0), n, *out], strides, dilations)

    def conv_2d_nhwc(self):
        kernel, strides, dilations, sizes, out = self.geometry(2)
        channels, n = self.pick([3, 16, 40]), self.pick([8, 20, 64])
        x = self.x([2, *sizes, channels])
        if self.random.random() < 0.5:
            w, operation = self.weight([*kernel, channels, n]), "conv_2d_nhwc_hwcf"
        else:
            w, operation = self.weight([n, *kernel, channels]), "conv_2d_nhwc_fhwc"
        return self.convolution(operation, x, w, [(x, 0), *out, n], strides, dilations)

    def conv_1d(self):
        kernel, strides, dilations, sizes, out = self.geometry(1)
        channels, n = self.pick([8, 40]), self.pick([8, 20])
        if self.random.random() < 0.5:
            x, w = self.x([2, channels, *sizes]), self.weight([n, channels, *kernel])
            return self.convolution("conv_1d_ncw_fcw", x, w, [(x, 0), n, *out], strides, dilations)
        x, w = self.x([2, *sizes, channels]), self.weight([*kernel, channels, n])
        return self.convolution("conv_1d_nwc_wcf", x, w, [(x, 0), *out, n], strides, dilations)

    def patches(self):
        patch, channels, n = self.pick([2, 4]), 3, self.pick([16, 40])
        x = self.x([2, channels, 3 * patch + self.pick([0, 1]), 2 * patch])
        w = self.weight([n, channels, patch, patch])
        return self.convolution(
            "conv_2d_nchw_fchw", x, w, [(x, 0), n, 3, 2], [patch] * 2, [1] * 2
        )

    def conv_3d(self):
        kernel, strides, dilations, sizes, out = self.geometry(3)
        x, w = self.x([1, *sizes, 4]), self.weight([*kernel, 4, 16])
        return self.convolution("conv_3d_ndhwc_dhwcf", x, w, [(x, 0), *out, 16], strides, dilations)

    def grouped(self):
        kernel, strides, dilations, sizes, out = self.geometry(2)
        x, w = self.x([2, 3, 32, *sizes]), self.weight([3, 16, 32, *kernel])
        return self.convolution(
            "conv_2d_ngchw_gfchw", x, w, [(x, 0), 3, 16, *out], strides, dilations
        )

    def depthwise(self):
        kernel, strides, dilations, sizes, out = self.geometry(2)
        x, w = self.x([1, *sizes, 8]), self.weight([*kernel, 8])
        return self.convolution("depthwise_conv_2d_nhwc_hwc", x, w, [(x, 0), *out, 8], strides, dilations)


# Those whose weight stays dense.
LEFT_ALONE = ["depthwise"]
FORMS = [
    "sliced_rows", "sliced_expert", "concatenated", "inserted", "heads", "heads_out", "permuted_experts",
    "rank_4", "unit_dimensions", "stacked_layers", "gathered_experts", "tied_embedding", "padded", "scaled", "sum_of_weights", "low_rank", "batch_reduce_matmul", "mmt4d", "packed", "dot",
    "conv_2d_nchw", "conv_2d_nhwc", "conv_1d", "patches", "conv_3d", "grouped", "depthwise",
    "experts_of_tensors", "experts_of_a_token",
]  # fmt: skip


def generate(seed, forms=FORMS, is_reference=False, stored=None):
    """One module whose outputs are those of `forms`, in order."""
    builder = Forms(random.Random(seed), is_reference, stored)
    results = []
    for form in forms:
        result = getattr(builder, form)()
        if builder.random.random() < 0.5 and result.shape:
            result = builder.elementwise([result], ["arith.addf {0}, {0} : {t}"])
        results.append(result)
    types = ", ".join(result.type for result in results)
    text = [f"func.func @main({', '.join(builder.arguments)}) -> ({types}) {{", *builder.lines]
    text += [f"    return {', '.join(result.name for result in results)} : {types}", "}"]
    if builder.resources and stored is None:
        text += ["{-#", "  dialect_resources: {", "    builtin: {"]
        text.append(",\n".join("      " + resource for resource in builder.resources))
        text += ["    }", "  }", "#-}"]
    outputs = [(result.dtype, result.shape) for result in results]
    return Module("\n".join(text) + "\n", builder.inputs, outputs)


if __name__ == "__main__":
    print(generate(int(sys.argv[1]), sys.argv[2:] or FORMS).text, end="")
