"""Writes a base model and a fine-tune of it, as files and as folders. Python's standard library
only, the same bytes every time.

    make_tuned.py BASE.safetensors TUNED.safetensors SHARDS TUNED-FOLDER

One of the fine-tune's tensors has changed a little, one not at all, and one is another one.
SHARDS is the base model in two files.
"""

import json
import os
import random
import struct
import sys

from make_weights import bf16, normal


def tuned(rng, data):
    words = list(struct.unpack(f"<{len(data) // 2}H", data))
    for at in range(len(words)):
        if rng.random() < 0.07:
            words[at] = (words[at] + rng.choice((-2, -1, 1, 3))) % 65536
    return struct.pack(f"<{len(words)}H", *words)


def write(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (shape, content) in tensors.items():
        offsets = [len(data), len(data) + len(content)]
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": offsets}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    base, fine_tune, shards, folder = sys.argv[1:]
    rng = random.Random(4)
    shapes = {"a.weight": [192, 128], "b.weight": [128, 128], "c.weight": [128, 128]}
    weights = {name: (shape, bf16(normal(rng, shape[0] * shape[1]))) for name, shape in shapes.items()}
    write(base, weights)
    os.mkdir(shards)
    write(f"{shards}/one.safetensors", {"a.weight": weights["a.weight"]})
    write(f"{shards}/two.safetensors", {name: weights[name] for name in ("b.weight", "c.weight")})
    weights["a.weight"] = (shapes["a.weight"], tuned(rng, weights["a.weight"][1]))
    weights["c.weight"] = (shapes["c.weight"], bf16(normal(rng, 128 * 128)))
    write(fine_tune, weights)
    os.mkdir(folder)
    write(f"{folder}/model.safetensors", weights)
    with open(f"{folder}/config.json", "w") as file:
        file.write('{"model_type": "bert"}\n')


if __name__ == "__main__":
    main()
