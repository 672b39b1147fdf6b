"""Writes a small safetensors file of tensors whose values need less than their type, the same bytes
every time.

    make_narrow.py OUT.safetensors
"""

import pathlib
import random
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Integration"))

import safetensors_file as st  # noqa: E402
from make_weights import bf16  # noqa: E402


def fp8(value):
    """The nearest value of E4M3 (without infinities) to a value, with a scale of 2^-13."""
    nearest = min(FP8, key=lambda one: abs(one - abs(value)))
    return nearest if value >= 0 else -nearest


def magnitudes():
    for code in range(127):
        exponent, mantissa = code >> 3, code & 7
        digits = mantissa if exponent == 0 else 8 + mantissa
        yield digits * 2.0 ** (max(exponent, 1) - 10 - 13)


FP8 = list(magnitudes())


def f32(values):
    return struct.pack(f"<{len(values)}f", *values)


def rounded(values, form):
    return struct.unpack(f"<{len(values)}{form}", struct.pack(f"<{len(values)}{form}", *values))


def tensors(rng):
    """(name, dtype, shape, bytes): of different shapes, lest they be stored as one."""
    normal = [rng.gauss(0, 0.01) for _ in range(4096)]
    upper = [struct.unpack("<f", b"\0\0" + struct.pack("<f", v)[2:])[0] for v in normal]
    yield "fp8", "BF16", [64, 64], bf16([fp8(value) for value in normal])
    yield "int8", "BF16", [16, 256], bf16([round(value * 2000) for value in normal])
    yield "natural", "BF16", [256, 16], bf16(normal)
    yield "half", "F32", [32, 128], f32(rounded(normal, "e"))
    yield "brain", "F32", [128, 32], f32(upper)
    yield "single", "F32", [64, 64], f32(normal)
    yield "rows", "F32", [8, 512], f32(normal[:1024]) + f32(rounded(normal[1024:], "e"))


contents = tensors(random.Random(5))
st.write(sys.argv[1], {name: (dtype, shape, data) for name, dtype, shape, data in contents})
