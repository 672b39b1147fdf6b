"""Small safetensors files with seeded weights, made without any library."""

import json
import random
import struct

SIZES = {"BF16": 2, "F16": 2, "F32": 4, "F8_E4M3": 1, "F8_E5M2": 1, "I64": 8, "U8": 1}


def write(path, tensors, metadata=None, order=None):
    """`tensors`: name to (dtype, shape, bytes), in the order of the data; the header has them in
    `order`, where that is another one."""
    header, at = {}, 0
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    if order is not None:
        header = {name: header[name] for name in ["__metadata__", *order] if name in header}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors.values():
            file.write(data)


def _f8(value, exponent_bits, mantissa_bits):
    """The nearest smaller value of magnitude, as bits."""
    half = struct.unpack("<H", struct.pack("<e", value))[0]
    sign, exponent, mantissa = half >> 15, half >> 10 & 31, half & 1023
    exponent += (1 << (exponent_bits - 1)) - 16
    if exponent <= 0:
        return sign << 7
    return sign << 7 | exponent << mantissa_bits | mantissa >> (10 - mantissa_bits)


def element(dtype, value, low=0):
    """`value` as bytes of `dtype`; `low` replaces the lower half of an f32."""
    if dtype == "F16":
        return struct.pack("<e", value)
    if dtype.startswith("F8"):
        return bytes([_f8(value * 16, *((4, 3) if dtype == "F8_E4M3" else (5, 2)))])
    upper = struct.pack("<f", value)[2:]
    return upper if dtype == "BF16" else low.to_bytes(2, "little") + upper


def weights(dtype, shape, seed, wide=False, mean=0.0, deviation=0.05):
    """Normal weights; with `wide` some are far out, so that there are escapes."""
    source = random.Random(seed)
    count = 1
    for size in shape:
        count *= size
    parts = []
    for _ in range(count):
        value = source.gauss(mean, deviation)
        if wide and source.random() < 0.01:
            value *= 2.0 ** source.randint(-20, 6)
        parts.append(element(dtype, value, source.getrandbits(16)))
    return b"".join(parts)


def integers(dtype, shape, seed, deviation=20):
    """Elements whose bytes are normal, in two's complement."""
    source = random.Random(f"{dtype}{seed}")
    count = int("".join(c for c in dtype if c.isdigit())) // 8 if dtype[0] in "IU" else 1
    for size in shape:
        count *= size
    return bytes(round(source.gauss(0, deviation)) & 255 for _ in range(count))
