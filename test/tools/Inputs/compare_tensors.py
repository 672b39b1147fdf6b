"""Compares a tensor of one safetensors file with one of another. Standard library only.

    compare_tensors.py A NAME B NAME [--within E]

Passes where both have the same dtype, shape and bits; with --within, where the relative
L2 norm of the difference is at most E, which is printed (dtypes may then differ).
"""

import argparse
import json
import struct
import sys


def read(path, name):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        begin, end = header[name]["data_offsets"]
        file.seek(8 + length + begin)
        return header[name]["dtype"], header[name]["shape"], file.read(end - begin)


def values(dtype, data):
    if dtype == "BF16":
        words = struct.unpack(f"<{len(data) // 2}H", data)
        return struct.unpack(f"<{len(words)}f", struct.pack(f"<{len(words)}I", *[w << 16 for w in words]))
    return struct.unpack(f"<{len(data) // 4}f", data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("a")
    parser.add_argument("a_name")
    parser.add_argument("b")
    parser.add_argument("b_name")
    parser.add_argument("--within", type=float)
    arguments = parser.parse_args()
    a = read(arguments.a, arguments.a_name)
    b = read(arguments.b, arguments.b_name)
    if a[1] != b[1]:
        sys.exit(f"shapes differ: {a[1]} and {b[1]}")
    if arguments.within is None:
        if a != b:
            sys.exit("tensors differ")
        return
    x, y = values(a[0], a[2]), values(b[0], b[2])
    error = sum((p - q) ** 2 for p, q in zip(x, y)) ** 0.5 / sum(q * q for q in y) ** 0.5
    print(f"relative error {error:.6f}")
    if not error <= arguments.within:
        sys.exit(f"expected at most {arguments.within}")


if __name__ == "__main__":
    main()
