#!/usr/bin/env python3
"""Shows that memory is bounded: a model larger than the bound, compressed and given back.

Generates a sharded model of 4 GB (seeded row-scaled Gaussian weights in BF16, a tensor of 1.6 GB, experts of
rank 3, an embedding), runs `uwt compress`, `uwt verify` and `uwt decompress` on it, compares every
file, and fails where a run's peak memory (resident set, mapped files included) reaches the bound.
Needs 15 GB of disk in --work.

Usage: .venv/bin/python3 test/Benchmarks/large_model.py [--uwt build/bin/uwt] [--work DIR] [--bound-mb 1500]
"""

import argparse
import filecmp
import json
import pathlib
import resource
import shutil
import subprocess
import sys
import time

import numpy as np

from peak_memory import PeakMemory

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK_ROWS = 512
SHARDS = [
    {
        "model.embed_tokens.weight": (32000, 4096),
        "model.layers.0.mlp.experts.gate_up_proj": (8, 3584, 4096),
        "model.layers.0.mlp.down_proj.weight": (200000, 4096),
    },
    {"model.layers.1.mlp.down_proj.weight": (200000, 4096), "model.norm.weight": (4096,)},
    {"lm_head.weight": (32000, 4096), "model.layers.2.mlp.down_proj.weight": (4096, 14336)},
]


def to_bf16(values):
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def write_tensor(file, shape, rng):
    """Rows of few distinct values in a new order and scale, so that making them is quick."""
    columns = shape[-1]
    rows = int(np.prod(shape)) // columns
    normal = rng.standard_normal((BLOCK_ROWS, columns), dtype=np.float32)
    for begin in range(0, rows, BLOCK_ROWS):
        count = min(BLOCK_ROWS, rows - begin)
        scale = 0.02 * np.exp(0.3 * rng.standard_normal((count, 1)))
        file.write(to_bf16(np.roll(normal[:count], begin % 97, axis=1) * scale).tobytes())


def write_model(folder):
    rng = np.random.default_rng(7)
    folder.mkdir(parents=True)
    weight_map, total = {}, 0
    for number, tensors in enumerate(SHARDS):
        name = f"model-{number + 1:05}-of-{len(SHARDS):05}.safetensors"
        header, offset = {"__metadata__": {"format": "pt"}}, 0
        for tensor, shape in tensors.items():
            size = 2 * int(np.prod(shape))
            header[tensor] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size]}
            offset += size
            weight_map[tensor] = name
        total += offset
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(folder / name, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for shape in tensors.values():
                write_tensor(file, shape, rng)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
    (folder / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}\n')


def run(command):
    """Runs `command`; its wall seconds and peak memory in MB."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    memory = PeakMemory(child.pid)
    status = child.wait()
    peak = memory.finish()
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))} failed with status {status}")
    return time.perf_counter() - start, peak / 2**20


def folder_bytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uwt", default=ROOT / "build" / "bin" / "uwt")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / ".cache" / "large-model")
    parser.add_argument("--bound-mb", type=int, default=1500)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    shutil.rmtree(arguments.work, ignore_errors=True)
    original, packed, again = (arguments.work / name for name in ("model", "model-uwt", "again"))
    write_model(original)
    size = folder_bytes(original)
    print(f"model: {size / 1e9:.2f} GB in {len(SHARDS)} shards, largest tensor 1.64 GB")
    steps = [
        ("compress", [arguments.uwt, "compress", original, "-o", packed]),
        ("verify", [arguments.uwt, "verify", packed]),
        ("decompress", [arguments.uwt, "decompress", packed, "-o", again]),
    ]
    worst = 0
    for name, command in steps:
        seconds, peak = run(command)
        worst = max(worst, peak)
        print(f"{name:10} {seconds:6.1f} s  {size / seconds / 1e9:5.2f} GB/s  peak {peak:6.0f} MB")
    print(f"stored: {folder_bytes(packed) / 1e9:.2f} GB ({folder_bytes(packed) / size:.1%})")
    names = sorted(path.name for path in original.iterdir())
    match, mismatch, errors = filecmp.cmpfiles(original, again, names, shallow=False)
    shutil.rmtree(arguments.work)
    if mismatch or errors or sorted(match) != names:
        sys.exit(f"not the same files: {mismatch} {errors}")
    print(f"{len(names)} files, equal byte for byte")
    if worst >= arguments.bound_mb:
        sys.exit(f"peak memory {worst:.0f} MB is not below {arguments.bound_mb} MB")


if __name__ == "__main__":
    main()
