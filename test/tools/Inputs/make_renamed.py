"""Writes a fine-tune of what make_tuned.py writes, with names, rows and types of its own.

    make_renamed.py BASE.safetensors OUT.safetensors
"""

import json
import struct
import sys


def main():
    base, out = sys.argv[1:]
    with open(base, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header, data = json.loads(data[8 : 8 + length]), data[8 + length :]
    bytes_of = {name: data[slice(*header[name]["data_offsets"])] for name in ("a.weight", "b.weight")}
    new = bytes(at * 37 % 251 for at in range(8 * 128 * 2))
    halves = [bytes_of["b.weight"][at : at + 2] for at in range(0, 128 * 128 * 2, 2)]
    tensors = {
        "model.a.weight": ("BF16", [200, 128], bytes_of["a.weight"] + new),
        "model.b.weight": ("F32", [128, 128], b"".join(b"\0\0" + half for half in halves)),
        "new.weight": ("BF16", [8, 128], new),
    }
    header, content = {}, b""
    for name, (dtype, shape, values) in tensors.items():
        offsets = [len(content), len(content) + len(values)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        content += values
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(out, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + content)


if __name__ == "__main__":
    main()
