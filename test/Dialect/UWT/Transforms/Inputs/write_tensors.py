"""Writes a safetensors file with tensors of given types and shapes, whose bytes count up.
Python's standard library only.

    write_tensors.py OUT.safetensors NAME:DTYPE:DIMENSIONS ...      w:BF16:64,64
"""

import json
import math
import struct
import sys

BYTES = {"BF16": 2, "F16": 2, "F32": 4, "I64": 8}


def main(path, *tensors):
    header, data = {}, b""
    for tensor in tensors:
        name, dtype, dimensions = tensor.rsplit(":", 2)
        shape = [int(size) for size in dimensions.split(",") if size]
        size = math.prod(shape) * BYTES[dtype]
        content = bytes((len(header) + i) % 251 for i in range(size))
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + size]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main(*sys.argv[1:])
