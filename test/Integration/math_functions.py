"""Functions of f32 and f64 as `uwt run` computes them, against those of numpy's long double.

Run it to measure the largest errors, in units of the results' last place:
python3 test/Integration/math_functions.py build/bin/uwt --count 1048576
"""

import argparse
import pathlib
import subprocess
import tempfile

import model_blocks
import numpy as np
import safetensors_file as st

COUNT = 4096
KINDS = {"f32": ("F32", np.float32, np.int32), "f64": ("F64", np.float64, np.int64)}
# Numbers of any sign where functions change: at 0, 1, the ends of the normal and of all numbers; an f64 that is
# within 2^-60 of a multiple of π/2.
SPECIAL = {
    "f32": [0x00000000, 0x00000001, 0x007FFFFF, 0x00800000, 0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x3F000000, 0x40000000]
    + [0x3FC90FDB, 0x40490FDB, 0x42AEAC50, 0x42B17217, 0x42B17218, 0x42CFF1B5, 0x4B000000, 0x7F7FFFFF, 0x7F800000],
    "f64": [0, 1, 0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x3FEFFFFFFFFFFFFF, 0x3FF0000000000000, 0x3FF0000000000001]
    + [0x3FE0000000000000, 0x4000000000000000, 0x3FF921FB54442D18, 0x400921FB54442D18, 0x40862E42FEFA39EF, 0x40862E42FEFA39F0]
    + [0x40874910D52D3051, 0x40874385446D71C3, 0x403B369E5A26C9F0, 0x4330000000000000, 0x7506AC5B262CA1FF]
    + [0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000],
}


def error_functions(x):
    """The error function and 1 less it, of longdouble that hold f64."""
    size = np.abs(x)
    # The square exactly: high is short, and so is its square.
    high = np.minimum(size, 110).astype(np.float32).astype(np.longdouble)
    part = np.minimum(size, 110) - high
    bell = np.exp(-high * high) * np.exp(-part * (part + 2 * high)) / np.sqrt(np.arccos(np.longdouble(-1)))
    near, total = np.minimum(size, 1), np.zeros_like(size)
    for n in range(30, -1, -1):
        total = total * 2 * near * near / (2 * n + 3) + 1
    small = 2 * near * total * np.exp(-near * near) / np.sqrt(np.arccos(np.longdouble(-1)))
    # The continued fraction.
    far = np.maximum(size, 1)
    denominator = far
    for n in range(500, 0, -1):
        denominator = far + n / (2 * denominator)
    rest = np.where(size < 1, 1 - small, bell / denominator)
    return np.copysign(np.where(size < 1, small, 1 - rest), x), np.where(x < 0, 2 - rest, rest)


# Name to the exact function and the bounds of its error, in units of the result's last place, for f32 and f64.
FUNCTIONS = {
    "exp": (np.exp, 5, 0.51),
    "exp2": (np.exp2, 0.51, 0.51),
    "expm1": (np.expm1, 5, 0.51),
    "log": (np.log, 1, 0.51),
    "log2": (np.log2, 2, 0.51),
    "log10": (np.log10, 0.51, 0.51),
    "log1p": (np.log1p, 2.5, 0.51),
    "erf": (lambda x: error_functions(x)[0], 5.5, 0.53),
    "erfc": (lambda x: error_functions(x)[1], 3, 0.55),
    "tanh": (np.tanh, 5, 0.51),
    "sin": (np.sin, 0.51, 0.51),
    "cos": (np.cos, 0.51, 0.51),
    "tan": (np.tan, 0.51, 0.51),
    "sinh": (np.sinh, 0.51, 0.51),
    "cosh": (np.cosh, 0.51, 0.51),
    "asin": (np.arcsin, 7, 0.51),
    "acos": (np.arccos, 1.5, 0.51),
    "atan": (np.arctan, 0.51, 0.51),
    "asinh": (np.arcsinh, 0.51, 0.51),
    "acosh": (np.arccosh, 0.51, 0.51),
    "atanh": (np.arctanh, 0.51, 0.51),
    "cbrt": (np.cbrt, 0.51, 0.51),
    "sqrt": (np.sqrt, 0.501, 0.501),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 1.5, 1.5),
    "powf": (np.power, 0.51, 0.51),
    "fpowi": (np.power, 0.51, 0.51),
    "atan2": (np.arctan2, 0.51, 0.51),
    "remf": (np.fmod, 0, 0),
}
OF_TWO = ("powf", "fpowi", "atan2", "remf")
# Where functions of f32 are not computed: neighbours of larger angles are whole turns apart, subnormals count as 2^-126.
DOMAINS = dict.fromkeys(("sin", "cos", "tan"), lambda x: np.abs(x) <= 2.0**40)
DOMAINS |= dict.fromkeys(("log", "log2"), lambda x: (np.abs(x) >= 2.0**-126) | (x == 0))


def arguments(kind, seed, count=COUNT):
    """Of all sizes, and those near 1; two of these have all pairs of special values at the beginning."""
    _, real, integer = KINDS[kind]
    bits = np.iinfo(integer).bits
    random = np.random.default_rng(seed)
    values = random.integers(-(1 << (bits - 1)), 1 << (bits - 1), count, dtype=integer).view(real)
    near = random.standard_normal(count) * np.exp(random.uniform(-6, 6, count))
    values = np.where(random.random(count) < 0.25, values, near.astype(real))
    unsigned = np.dtype(f"u{bits // 8}")
    special = np.array([sign | each for sign in (0, 1 << (bits - 1)) for each in SPECIAL[kind]], unsigned).view(real)
    special = np.append(special, real("nan"))
    values[: len(special) ** 2] = np.tile(special, len(special)) if seed else np.repeat(special, len(special))
    return values


def exponents(values):
    """The whole numbers that `fpowi` takes: the upper 8 bits."""
    integer = next(integer for _, real, integer in KINDS.values() if real == values.dtype)
    return values.view(integer) >> (np.iinfo(integer).bits - 8)


def module(kind, count):
    """A function `main` of two tensors that gives the results of all functions."""
    bits = 8 * np.dtype(KINDS[kind][1]).itemsize
    tensor, whole = f"tensor<{count}x{kind}>", f"tensor<{count}xi{bits}>"
    text = f"func.func @main(%x: {tensor}, %y: {tensor}) -> ({', '.join([tensor] * len(FUNCTIONS))}) {{\n"
    text += f"%i = arith.bitcast %y : {tensor} to {whole}\n%places = arith.constant dense<{bits - 8}> : {whole}\n"
    text += f"%n = arith.shrsi %i, %places : {whole}\n"
    for name in FUNCTIONS:
        operands = f"%x, %n : {tensor}, {whole}" if name == "fpowi" else f"%x, %y : {tensor}" if name in OF_TWO else f"%x : {tensor}"
        text += f"%{name} = {'arith' if name == 'remf' else 'math'}.{name} {operands}\n"
    return text + f"return {', '.join(f'%{name}' for name in FUNCTIONS)} : {', '.join([tensor] * len(FUNCTIONS))}\n}}\n"


def compute(run, folder, kind, count=COUNT):
    """Results of all functions, by name; `run` takes the arguments of the tool."""
    dtype, real, _ = KINDS[kind]
    (folder / "module.mlir").write_text(module(kind, count))
    inputs = {f"arg{seed}": (dtype, [count], arguments(kind, seed, count).tobytes()) for seed in (0, 1)}
    st.write(folder / "x.safetensors", inputs)
    options = ["--input", folder / "x.safetensors", "-o", folder / "y.safetensors", "--optimise", 0]
    run("run", folder / "module.mlir", *options)
    tensors = model_blocks.read(folder / "y.safetensors")
    return {name: np.frombuffer(tensors[f"out{i}"][2], real) for i, name in enumerate(FUNCTIONS)}


def exact(kind, name, count=COUNT):
    """The exact results, and where the function is computed."""
    operands = [arguments(kind, seed, count) for seed in ((0, 1) if name in OF_TWO else (0,))]
    if name == "fpowi":
        operands[1] = exponents(operands[1])
    with np.errstate(all="ignore"):
        values = FUNCTIONS[name][0](*(each.astype(np.longdouble) for each in operands))
        used = DOMAINS[name](operands[0]) if kind == "f32" and name in DOMAINS else np.full(count, True)
    return values, used


def smallest(kind):
    """The smallest number that is no subnormal, in long double."""
    return np.finfo(KINDS[kind][1]).tiny.astype(np.longdouble)


def error(kind, results, values):
    """The largest error, in units of the last place, where the exact result is neither subnormal nor infinite."""
    real = KINDS[kind][1]
    with np.errstate(all="ignore"):
        counted = np.isfinite(values.astype(real)) & (np.abs(values) >= smallest(kind))
    values, results = values[counted], results[counted].astype(np.longdouble)
    units = np.ldexp(np.longdouble(1), np.frexp(values)[1] - 1 - np.finfo(real).nmant)
    return np.max(np.abs(results - values) / units)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("uwt", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=1 << 20, help="arguments of each function")
    options = parser.parse_args()

    def run(*words):
        subprocess.run([options.uwt, *map(str, words)], check=True, capture_output=True)

    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            results = compute(run, pathlib.Path(folder), kind, options.count)
        for name, each in results.items():
            values, used = exact(kind, name, options.count)
            print(f"{kind} {name:6} {error(kind, each[used], values[used]):.4f}", flush=True)


if __name__ == "__main__":
    main()
