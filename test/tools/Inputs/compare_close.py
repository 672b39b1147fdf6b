"""Fails where BF16 tensors of two safetensors files differ by more than a share of their largest value.

    compare_close.py A.safetensors B.safetensors SHARE
"""

import json
import struct
import sys


def read(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header, data = json.loads(file.read(size)), file.read()
    header.pop("__metadata__", None)
    values = {}
    for name, tensor in header.items():
        assert tensor["dtype"] == "BF16", f"{path}: {name} is {tensor['dtype']}"
        begin, end = tensor["data_offsets"]
        values[name] = [struct.unpack("<f", b"\0\0" + data[i : i + 2])[0] for i in range(begin, end, 2)]
    return values


def main(first, second, share):
    a, b = read(first), read(second)
    assert a.keys() == b.keys() and a, f"{sorted(a)} and {sorted(b)}"
    for name, values in a.items():
        largest = max(map(abs, values))
        worst = max(abs(x - y) for x, y in zip(values, b[name], strict=True))
        assert largest > 0 and worst <= float(share) * largest, f"{name}: {worst} of {largest}"


main(*sys.argv[1:])
