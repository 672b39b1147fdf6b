"""Writes a safetensors file of many small tensors. Python's standard library only, the same bytes
every time.

    make_biases.py OUT.safetensors
"""

import json
import random
import struct
import sys

rng = random.Random(3)
header, data = {}, b""
for layer in range(40):
    for name, shape in (("weight", [32, 64]), ("bias", [200])):
        count = shape[0] * shape[-1] if len(shape) > 1 else shape[0]
        packed = struct.pack(f"<{count}f", *(rng.gauss(0, 0.02) for _ in range(count)))
        begin = len(data)
        data += b"".join(packed[i + 2 : i + 4] for i in range(0, len(packed), 4))
        offsets = [begin, len(data)]
        header[f"layers.{layer}.{name}"] = {"dtype": "BF16", "shape": shape, "data_offsets": offsets}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
