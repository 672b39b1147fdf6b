"""Each conversion between floats and integers, in each place of a module, against an exact model (float_types.py)."""

import itertools
import random
from fractions import Fraction

import float_types as ft
import numpy as np
import pytest
import safetensors.numpy

INTEGERS = (1, 4, 8, 16, 32, 64)
FLOATS = list(ft.TYPES.values())
#: No CPU code for weights of these, or for products with them.
PRODUCT = [t for t in FLOATS if t.width <= 32]
CODES = 300


def container(width):
    """The width of the integers that hold codes of `width` bits in a file."""
    return max(8, width)


def codes_of(width, seed):
    """Codes of `width` bits: all of a small type, else edges and random ones."""
    if width <= 8:
        return list(range(1 << width))
    source = random.Random(f"{width} {seed}")
    edges = {(1 << bit) + step for bit in range(width) for step in (-1, 0, 1)}
    edges |= {(1 << width) - 1 - edge for edge in edges}
    # Numbers beyond f64 that lie beside a tie.
    ties = {(1 << 60) + (1 << 52) + 1, (1 << 60) + (1 << 52), (3 << 60) + (1 << 36) + 1}
    chosen = sorted(edge for edge in edges | ties if 0 <= edge < 1 << width)
    return chosen + [source.getrandbits(width) for _ in range(CODES)]


def numbers_near(source, target, seed):
    """Codes of `source` around what `target` can hold, and its own."""
    codes = codes_of(source.width, seed)
    if source.width <= 8:
        return codes
    random_ = random.Random(f"{source.name} {target.name}")
    for _ in range(CODES):
        number = ft.decode(target, random_.getrandbits(target.width))
        if not isinstance(number, Fraction):
            continue
        code = ft.encode(source, number)
        if code is not None:
            steps = (0, 1, -1, 1 << max(0, source.mantissa - target.mantissa - 1))
            codes += [(code + step) % (1 << source.width) for step in steps]
    return codes


class Conversion:
    """One conversion: scalar operations from the code %a to the code %r, and what they give."""

    def __init__(self, name, in_width, out_width, body, codes, expected):
        self.name, self.in_width, self.out_width, self.body = name, in_width, out_width, body
        self.codes, self.expected = codes, expected

    def text(self, index):
        """A linalg.generic on argument `index`."""
        wide_in, wide_out = container(self.in_width), container(self.out_width)
        shape = f"{len(self.codes)}"
        lines = [f"  %e{index} = tensor.empty() : tensor<{shape}xi{wide_out}>"]
        lines.append(
            f"  %y{index} = linalg.generic {{indexing_maps = [affine_map<(m) -> (m)>, affine_map<(m) -> (m)>], "
            f'iterator_types = ["parallel"]}} ins(%arg{index} : tensor<{shape}xi{wide_in}>) '
            f"outs(%e{index} : tensor<{shape}xi{wide_out}>) {{"
        )
        lines.append(f"  ^bb0(%c: i{wide_in}, %o: i{wide_out}):")
        narrow = f"    %a = arith.trunci %c : i{wide_in} to i{self.in_width}"
        lines.append(narrow if wide_in != self.in_width else f"    %z = arith.constant 0 : i{wide_in}")
        if wide_in == self.in_width:
            lines.append(f"    %a = arith.ori %c, %z : i{wide_in}")
        lines += [f"    {line}" for line in self.body]
        wide = f"    %w = arith.extui %r : i{self.out_width} to i{wide_out}"
        lines.append(wide if wide_out != self.out_width else f"    %u = arith.constant 0 : i{wide_out}")
        if wide_out == self.out_width:
            lines.append(f"    %w = arith.ori %r, %u : i{wide_out}")
        lines.append(f"    linalg.yield %w : i{wide_out}")
        lines.append(f"  }} -> tensor<{shape}xi{wide_out}>")
        return lines

    def check(self, results):
        for code, got, expected in zip(self.codes, results.tolist(), self.expected):
            is_right = expected(got) if callable(expected) else got == expected
            assert is_right, f"{self.name} of {code:#x}: {got:#x}"


def bits_of(target, number):
    """What a result of `target` has to be: a code, or any NaN."""
    code = ft.encode(target, number)
    if code is not None:
        return code
    # A type without NaN has some number.
    return (lambda got: ft.is_nan_code(target, got)) if target.special != "finite" else (lambda got: True)


def float_to_float(source, target):
    kind = "extf" if source.width < target.width else "truncf"
    codes = numbers_near(source, target, target.name)
    body = [
        f"%f = arith.bitcast %a : i{source.width} to {source.name}",
        f"%g = arith.{kind} %f : {source.name} to {target.name}",
        f"%r = arith.bitcast %g : {target.name} to i{target.width}",
    ]
    expected = [bits_of(target, ft.decode(source, code)) for code in codes]
    return Conversion(f"{source.name} to {target.name}", source.width, target.width, body, codes, expected)


def integer_to_float(width, signed, target):
    codes = codes_of(width, target.name)
    body = [
        f"%f = arith.{'sitofp' if signed else 'uitofp'} %a : i{width} to {target.name}",
        f"%r = arith.bitcast %f : {target.name} to i{target.width}",
    ]
    numbers = [code - (1 << width) if signed and code >> (width - 1) else code for code in codes]
    expected = [bits_of(target, Fraction(number)) for number in numbers]
    name = f"{'i' if signed else 'u'}{width} to {target.name}"
    return Conversion(name, width, target.width, body, codes, expected)


def float_to_integer(source, width, signed):
    codes = codes_of(source.width, width)
    body = [
        f"%f = arith.bitcast %a : i{source.width} to {source.name}",
        f"%r = arith.{'fptosi' if signed else 'fptoui'} %f : {source.name} to i{width}",
    ]
    expected = [ft.to_integer(ft.decode(source, code), width, signed) for code in codes]
    return Conversion(f"{source.name} to {'i' if signed else 'u'}{width}", source.width, width, body, codes, expected)


CONVERSIONS = {
    "float-to-float": [
        float_to_float(source, target)
        for source, target in itertools.permutations(FLOATS, 2)
        if source.width != target.width
    ],
    "integer-to-float": [
        integer_to_float(width, signed, target) for width in INTEGERS for signed in (True, False) for target in FLOATS
    ],
    "float-to-integer": [
        float_to_integer(source, width, signed) for source in FLOATS for width in INTEGERS for signed in (True, False)
    ],
}


@pytest.mark.parametrize("target", ("amx", "generic"))
@pytest.mark.parametrize("kind", CONVERSIONS)
def test_elementwise(uwt, tmp_path, kind, target):
    conversions = CONVERSIONS[kind]
    arguments, lines, inputs = [], [], {}
    for index, conversion in enumerate(conversions):
        width = container(conversion.in_width)
        arguments.append(f"%arg{index}: tensor<{len(conversion.codes)}xi{width}>")
        lines += conversion.text(index)
        inputs[f"arg{index}"] = np.array(conversion.codes, f"u{width // 8}").view(f"i{width // 8}")
    types = ", ".join(f"tensor<{len(c.codes)}xi{container(c.out_width)}>" for c in conversions)
    names = ", ".join(f"%y{index}" for index in range(len(conversions)))
    text = "\n".join(
        [f"func.func @main({', '.join(arguments)}) -> ({types}) {{", *lines, f"  return {names} : {types}", "}"]
    )
    (tmp_path / "conversions.mlir").write_text(text)
    safetensors.numpy.save_file(inputs, tmp_path / "x.safetensors")
    y = tmp_path / "y.safetensors"
    choice = [] if target == "amx" else ["--target", target]
    uwt("run", tmp_path / "conversions.mlir", "--input", tmp_path / "x.safetensors", "-o", y, "-q", *choice)
    results = safetensors.numpy.load_file(y)
    for index, conversion in enumerate(conversions):
        width = container(conversion.out_width) // 8
        conversion.check(results[f"out{index}"].view(f"u{width}"))
