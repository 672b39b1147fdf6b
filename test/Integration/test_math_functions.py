"""Functions of f32 on this machine are as near to the exact ones as docs/numerics.md says."""

import math

import model_blocks
import numpy as np
import pytest
import safetensors_file as st

COUNT = 4096
SMALLEST = 2.0**-126
SPECIAL = [0x00000000, 0x00000001, 0x007FFFFF, 0x00800000, 0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x3F000000, 0x40000000]
SPECIAL += [0x3FC90FDB, 0x40490FDB, 0x42AEAC50, 0x42B17217, 0x42B17218, 0x42CFF1B5, 0x4B000000, 0x7F7FFFFF, 0x7F800000]
SPECIAL = np.array([*SPECIAL, *(bits | 0x80000000 for bits in SPECIAL), 0x7FC00000], np.uint32).view(np.float32)

# Name to the exact function and the largest error, in units of the result's last place.
FUNCTIONS = {
    "exp": (np.exp, 4.5),
    "exp2": (np.exp2, 0.51),
    "expm1": (np.expm1, 4.5),
    "log": (np.log, 1),
    "log2": (np.log2, 2),
    "log10": (np.log10, 0.51),
    "log1p": (np.log1p, 2.5),
    "erf": (np.vectorize(math.erf, otypes=[float]), 5.5),
    "erfc": (np.vectorize(math.erfc, otypes=[float]), 3),
    "tanh": (np.tanh, 4.5),
    "sin": (np.sin, 0.51),
    "cos": (np.cos, 0.51),
    "tan": (np.tan, 0.51),
    "sinh": (np.sinh, 0.51),
    "cosh": (np.cosh, 0.51),
    "asin": (np.arcsin, 6),
    "acos": (np.arccos, 1.5),
    "atan": (np.arctan, 0.51),
    "asinh": (np.arcsinh, 0.51),
    "acosh": (np.arccosh, 0.51),
    "atanh": (np.arctanh, 0.51),
    "cbrt": (np.cbrt, 0.51),
    "sqrt": (np.sqrt, 0.5),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 1.5),
    "powf": (np.power, 0.51),
    "atan2": (np.arctan2, 0.51),
    "remf": (np.fmod, 0),
}
OF_TWO = ("powf", "atan2", "remf")
# Where a function is not computed: neighbours of larger angles are whole turns apart, subnormals count as 2^-126.
DOMAINS = dict.fromkeys(("sin", "cos", "tan"), lambda x: np.abs(x) <= 2.0**40)
DOMAINS |= dict.fromkeys(("log", "log2"), lambda x: (np.abs(x) >= SMALLEST) | (x == 0))


def arguments(seed):
    """Of all sizes, and those near 1; two of these have all pairs of special values at the beginning."""
    random = np.random.default_rng(seed)
    values = random.integers(0, 1 << 32, COUNT, dtype=np.uint64).astype(np.uint32).view(np.float32)
    near = random.standard_normal(COUNT) * np.exp(random.uniform(-6, 6, COUNT))
    values = np.where(random.random(COUNT) < 0.25, values, near.astype(np.float32))
    pairs = len(SPECIAL) ** 2
    values[:pairs] = np.tile(SPECIAL, len(SPECIAL)) if seed else np.repeat(SPECIAL, len(SPECIAL))
    return values


@pytest.fixture(scope="module")
def results(uwt, tmp_path_factory):
    """Of all functions, by name."""
    folder = tmp_path_factory.mktemp("functions")
    tensor = f"tensor<{COUNT}xf32>"
    lines = []
    for name in FUNCTIONS:
        operands = "%x, %y" if name in OF_TWO else "%x"
        lines.append(f"%{name} = {'arith' if name == 'remf' else 'math'}.{name} {operands} : {tensor}")
    values, types = (", ".join(each) for each in ([f"%{name}" for name in FUNCTIONS], [tensor] * len(FUNCTIONS)))
    text = f"func.func @main(%x: {tensor}, %y: {tensor}) -> ({types}) {{\n"
    (folder / "module.mlir").write_text(text + "\n".join(lines) + f"\nreturn {values} : {types}\n}}\n")
    inputs = {f"arg{seed}": ("F32", [COUNT], arguments(seed).tobytes()) for seed in (0, 1)}
    st.write(folder / "x.safetensors", inputs)
    options = ["--input", folder / "x.safetensors", "-o", folder / "y.safetensors", "--optimise", 0]
    uwt("run", folder / "module.mlir", *options)
    tensors = model_blocks.read(folder / "y.safetensors")
    return {name: np.frombuffer(tensors[f"out{i}"][2], np.float32) for i, name in enumerate(FUNCTIONS)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_error(results, name):
    """The bound holds; zeros have their sign, infinities and NaNs stand where they belong."""
    function, bound = FUNCTIONS[name]
    with np.errstate(all="ignore"):
        operands = [arguments(seed).astype(np.float64) for seed in ((0, 1) if name in OF_TWO else (0,))]
        exact = function(*operands)
        nearest = exact.astype(np.float32)
    used = DOMAINS.get(name, lambda x: np.full(COUNT, True))(operands[0])
    result, exact, nearest = results[name][used], exact[used], nearest[used]
    # A result below 2^-126 may be any that small.
    normal = np.isfinite(nearest) & (np.abs(exact) >= SMALLEST)
    units = 2.0 ** (np.floor(np.log2(np.abs(exact[normal]))) - 23)
    assert np.max(np.abs(result[normal].astype(np.float64) - exact[normal]) / units) <= bound
    assert np.all(np.abs(result[np.abs(exact) < SMALLEST]) <= SMALLEST)
    special = ~np.isfinite(nearest) | (exact == 0)
    np.testing.assert_array_equal(result[special], nearest[special])
    assert np.array_equal(np.signbit(result[exact == 0]), np.signbit(exact[exact == 0]))
