"""Writes a safetensors file of small seeded numbers. Standard library only.

    make_inputs.py OUT.safetensors NAME=DTYPE:SHAPE...      arg0=F32:3x4
"""

import json
import random
import struct
import sys


def main(path, tensors):
    rng = random.Random(5)
    header, data = {}, b""
    for text in tensors:
        name, rest = text.split("=")
        dtype, sizes = rest.split(":")
        shape = [int(size) for size in sizes.split("x")]
        count = 1
        for size in shape:
            count *= size
        packed = struct.pack(f"<{count}f", *[rng.gauss(0, 1) for _ in range(count)])
        if dtype == "BF16":
            packed = b"".join(packed[i + 2 : i + 4] for i in range(0, len(packed), 4))
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


main(sys.argv[1], sys.argv[2:])
