"""An exact model of MLIR's floats and of the conversions that programs make, on Python's fractions.

    decode(type, code)      a Fraction, or NAN, INFINITY, -INFINITY, NEGATIVE_ZERO
    encode(type, number)    the code, rounded to nearest even
    to_integer(number, width, signed)
"""

import dataclasses
import math
from fractions import Fraction

NAN, INFINITY, NEGATIVE_ZERO = "nan", "infinity", "-0"
NEGATIVE_INFINITY = "-infinity"


@dataclasses.dataclass(frozen=True)
class FloatType:
    """`special` tells what the largest codes are: "ieee" has infinities and NaNs, "fn" one NaN of all ones, "finite"
    neither, "fnuz" has a NaN in the place of -0 alone."""

    name: str
    width: int
    mantissa: int
    bias: int
    special: str

    @property
    def sign(self):
        return 1 << (self.width - 1)

    @property
    def largest(self):
        """The code of the largest number."""
        if self.special == "ieee":
            return (((1 << (self.width - 1 - self.mantissa)) - 1) << self.mantissa) - 1
        return self.sign - (2 if self.special == "fn" else 1)


TYPES = {
    t.name: t
    for t in (
        FloatType("f64", 64, 52, 1023, "ieee"),
        FloatType("f32", 32, 23, 127, "ieee"),
        FloatType("f16", 16, 10, 15, "ieee"),
        FloatType("bf16", 16, 7, 127, "ieee"),
        FloatType("f8E5M2", 8, 2, 15, "ieee"),
        FloatType("f8E4M3", 8, 3, 7, "ieee"),
        FloatType("f8E3M4", 8, 4, 3, "ieee"),
        FloatType("f8E4M3FN", 8, 3, 7, "fn"),
        FloatType("f8E4M3FNUZ", 8, 3, 8, "fnuz"),
        FloatType("f8E5M2FNUZ", 8, 2, 16, "fnuz"),
        FloatType("f6E2M3FN", 6, 3, 1, "finite"),
        FloatType("f6E3M2FN", 6, 2, 3, "finite"),
        FloatType("f4E2M1FN", 4, 1, 1, "finite"),
    )
}


def decode_magnitude(type_, code):
    exponent, mantissa = code >> type_.mantissa, code & ((1 << type_.mantissa) - 1)
    if exponent:
        mantissa += 1 << type_.mantissa
    scale = max(exponent, 1) - type_.bias - type_.mantissa
    return Fraction(mantissa) * Fraction(2) ** scale


def decode(type_, code):
    negative, magnitude = bool(code & type_.sign), code & (type_.sign - 1)
    if type_.special == "fnuz" and code == type_.sign:
        return NAN
    if magnitude > type_.largest:
        is_infinity = type_.special == "ieee" and magnitude == type_.largest + 1
        if not is_infinity:
            return NAN
        return NEGATIVE_INFINITY if negative else INFINITY
    number = decode_magnitude(type_, magnitude)
    if negative:
        return NEGATIVE_ZERO if number == 0 else -number
    return number


def floor_log2(number):
    guess = number.numerator.bit_length() - number.denominator.bit_length()
    return guess if Fraction(2) ** guess <= number else guess - 1


def encode_magnitude(type_, number):
    """The code of a positive number; one above `largest` if it is too large."""
    if number == 0:
        return 0
    exponent = max(floor_log2(number), 1 - type_.bias)
    steps = number / Fraction(2) ** (exponent - type_.mantissa)
    # Python rounds to nearest even.
    rounded = round(steps)
    return ((exponent + type_.bias - 1) << type_.mantissa) + rounded if exponent > 1 - type_.bias else rounded


def is_nan_code(type_, code):
    return decode(type_, code) == NAN


def encode(type_, number):
    """The code of `number`; None for NaN, which has several codes, if the type has it."""
    if number == NAN:
        return None
    negative = number in (NEGATIVE_ZERO, NEGATIVE_INFINITY) or (isinstance(number, Fraction) and number < 0)
    if number in (INFINITY, NEGATIVE_INFINITY):
        magnitude = type_.largest + 1
    else:
        magnitude = 0 if number == NEGATIVE_ZERO else encode_magnitude(type_, abs(number))
    if magnitude > type_.largest:
        if type_.special == "finite":
            magnitude = type_.largest
        elif type_.special == "ieee":
            magnitude = type_.largest + 1
        else:
            return None
    if type_.special == "fnuz" and magnitude == 0:
        return 0
    return magnitude | (type_.sign if negative else 0)


def to_integer(number, width, signed):
    """The integer as an unsigned code: towards zero, the nearest one if it is too large, zero for NaN; to integers of 2
    to 31 bits by the low bits of i32."""
    through = 32 if 2 <= width < 32 else width
    signed = signed or through != width
    low, high = (-(1 << (through - 1)), (1 << (through - 1)) - 1) if signed else (0, (1 << through) - 1)
    if number == NAN:
        value = 0
    elif number in (INFINITY, NEGATIVE_INFINITY):
        value = high if number == INFINITY else low
    else:
        value = 0 if number == NEGATIVE_ZERO else math.trunc(number)
        value = min(max(value, low), high)
    return value & ((1 << width) - 1)
