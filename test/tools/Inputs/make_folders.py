"""Folders in which a name could mean several tensors, in the folder that it is run in."""

import json
import os
import struct


def save(path, tensors, metadata=None):
    """A safetensors file with matrices of BF16, each of one number."""
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, word in tensors.items():
        part = struct.pack("<H", word) * 64 * 64
        header[name] = {"dtype": "BF16", "shape": [64, 64], "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def index(folder, weight_map):
    text = json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}, indent=2)
    with open(folder + "/model.safetensors.index.json", "w") as file:
        file.write(text)


ONE, TWO = 0x3F80, 0x4000
FIRST, SECOND = "model-00001-of-00001.safetensors", "model-00002-of-00002.safetensors"

save("one.safetensors", {"a.weight": ONE})
save("stray/" + FIRST, {"a.weight": ONE})
save("stray/a-old.safetensors", {"a.weight": TWO, "old.weight": TWO})
index("stray", {"a.weight": FIRST})
save("variant/model.safetensors", {"a.weight": ONE})
save("variant/model.fp16.safetensors", {"a.weight": TWO})
save("twice/x.safetensors", {"a.weight": ONE})
save("twice/y.safetensors", {"a.weight": TWO})
save("stale/" + FIRST, {"a.weight": ONE})
index("stale", {"a.weight": FIRST, "mtp.weight": FIRST})
save("missing/model-00001-of-00002.safetensors", {"a.weight": ONE})
index("missing", {"a.weight": "model-00001-of-00002.safetensors", "b.weight": SECOND})
save("tied.safetensors", {"embed.weight": ONE}, {"format": "pt", "head.weight": "embed.weight"})
save("spelled/Model.SafeTensors", {"a.weight": ONE})
save("linked/model.safetensors", {"a.weight": ONE})
os.symlink("../one.safetensors", "linked/tokenizer.json")
save("doubling/model.safetensors", {"a.weight": ONE})
level = "doubling"
for _ in range(40):
    os.makedirs(level + "/d")
    os.symlink("d", level + "/e")
    level += "/d"

with open("one.safetensors", "rb") as file:
    data = file.read()[-64 * 64 * 2 :]
text = b'{"__metadata__":null,"a":{"dtype":"BF16","shape":[64,64],"data_offsets":[0,8192]}}'
text += b" " * (-len(text) % 8)
with open("null.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
