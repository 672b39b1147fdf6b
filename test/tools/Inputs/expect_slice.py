"""Checks that PART.safetensors holds a part of a tensor of ORIGINAL.safetensors.

    expect_slice.py ORIGINAL PART TENSOR [--expert E] [--rows A:B] [--columns A:B] [--as NAME]

With --as the part has another name.
"""

import argparse
import json
import struct
import sys

SIZES = {"BF16": 2, "F16": 2, "F32": 4, "I64": 8}


def read(path, name):
    """Dtype, shape and bytes of a tensor."""
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    entry = json.loads(data[8 : 8 + length])[name]
    begin, end = (8 + length + offset for offset in entry["data_offsets"])
    return entry["dtype"], entry["shape"], data[begin:end]


def bounds(text, size):
    begin, end = text.split(":") if text else (0, size)
    return int(begin or 0), int(end or size)


def main():
    parser = argparse.ArgumentParser()
    for name in ("original", "part", "tensor"):
        parser.add_argument(name)
    parser.add_argument("--expert", type=int)
    parser.add_argument("--rows")
    parser.add_argument("--columns")
    parser.add_argument("--as", dest="name")
    arguments = parser.parse_args()
    dtype, shape, data = read(arguments.original, arguments.tensor)
    size = SIZES[dtype]
    if arguments.expert is not None:
        step = len(data) // shape[0]
        data, shape = data[arguments.expert * step : (arguments.expert + 1) * step], shape[1:]
    if len(shape) == 2:
        rows, columns = bounds(arguments.rows, shape[0]), bounds(arguments.columns, shape[1])
        pitch = shape[1] * size
        data = b"".join(
            data[row * pitch + columns[0] * size : row * pitch + columns[1] * size]
            for row in range(*rows)
        )
        shape = [rows[1] - rows[0], columns[1] - columns[0]]
    found = read(arguments.part, arguments.name or arguments.tensor)
    if found[:2] != (dtype, shape):
        sys.exit(f"expected {dtype} {shape}, got {found[0]} {found[1]}")
    if found[2] != data:
        sys.exit("the bytes differ")
    print("slice is exact")


if __name__ == "__main__":
    main()
