"""Writes a small safetensors file with what a model may hold: matrices that compress,
one with a raw panel in its midst, experts of rank 3, an embedding, tensors of other
types, tied weights. Python's standard library only, the same bytes every time.

    make_weights.py OUT.safetensors [--f32] [--prefix P]
"""

import argparse
import json
import random
import struct


def bf16(values):
    """Upper halves of the values as f32 (rounded towards zero), little-endian."""
    packed = struct.pack(f"<{len(values)}f", *values)
    return b"".join(packed[i + 2 : i + 4] for i in range(0, len(packed), 4))


def normal(rng, count, scale=0.02):
    return [rng.gauss(0, scale) for _ in range(count)]


def tensors(rng, encode, dtype):
    """(name, dtype, shape, bytes) of each tensor."""
    embedding = encode(normal(rng, 256 * 64))
    yield "model.embed_tokens.weight", dtype, [256, 64], embedding
    yield "lm_head.weight", dtype, [256, 64], embedding
    for layer in range(2):
        prefix = f"model.layers.{layer}"
        yield f"{prefix}.q_proj.weight", dtype, [128, 128], encode(normal(rng, 128 * 128))
        yield f"{prefix}.experts.up", dtype, [2, 96, 64], encode(normal(rng, 2 * 96 * 64))
        yield f"{prefix}.norm.weight", dtype, [64], encode([1.0] * 64)
    # The second of three panels has any exponent: it is stored as words.
    smooth = [normal(rng, 64 * 128) for _ in range(2)]
    noise = [rng.uniform(-1, 1) * 2.0 ** rng.randrange(-100, 100) for _ in range(64 * 128)]
    yield "mixed.weight", dtype, [192, 128], encode(smooth[0] + noise + smooth[1])
    yield "position_ids", "I64", [32], struct.pack("<32q", *range(32))
    yield "empty.weight", dtype, [0, 64], b""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--f32", action="store_true")
    parser.add_argument("--prefix", default="", help="in front of each name; \\x1b is one byte")
    arguments = parser.parse_args()
    wide, prefix = arguments.f32, arguments.prefix.encode().decode("unicode_escape")
    rng = random.Random(3)
    encode = (lambda v: struct.pack(f"<{len(v)}f", *v)) if wide else bf16
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, dtype, shape, content in tensors(rng, encode, "F32" if wide else "BF16"):
        offsets = [len(data), len(data) + len(content)]
        header[prefix + name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(arguments.path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
