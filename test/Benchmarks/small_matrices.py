#!/usr/bin/env python3
"""How fast `best-size` encodes a model of small matrices beside one large matrix, on one thread.

The model is MiniLM in BF16 (its matrices have rows of 384 and 1536), the large matrix the Gaussian rows of
benchmark_weights.py. Each sample is a process of `uwt compress`, from file to file in memory, and its CPU time; both
files take turns, and the least of all samples counts, since other work on the machine only adds.

Usage: .venv/bin/python3 test/Benchmarks/small_matrices.py [--uwt build/bin/uwt] [--model FP32.safetensors] [--samples 15]
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

from benchmark_report import processor
from benchmark_weights import matrices_of_rows, read_safetensors, to_bf16, trained_model, write_matrix, write_model

ROOT = pathlib.Path(__file__).resolve().parents[2]


def write_inputs(folder, model):
    """Paths of the model of small matrices and of the large matrix."""
    small, large = folder / "small.safetensors", folder / "large.safetensors"
    write_model(small, read_safetensors(model), "BF16", lambda values, _: to_bf16(values))
    _, words = next(matrices_of_rows())
    write_matrix(large, words)
    return small, large


def cpu_seconds(uwt, source, target):
    command = [uwt, "compress", source, "-o", target, "--format", "best-size", "-q", "-f", "--no-verify", "-T", "1"]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{uwt} failed: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def measure(uwt, paths, target, samples):
    """Bytes a second of each file, by its best sample."""
    seconds = {path: [] for path in paths}
    for _ in range(samples):
        for path in paths:
            seconds[path].append(cpu_seconds(uwt, path, target))
    return [path.stat().st_size / min(seconds[path]) for path in paths]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uwt", type=pathlib.Path, default=ROOT / "build/bin/uwt")
    parser.add_argument("--model", type=pathlib.Path, default=trained_model())
    parser.add_argument("--samples", type=int, default=15)
    arguments = parser.parse_args()
    if arguments.model is None:
        parser.exit(1, "no trained model: run tools/quickstart.sh first, or give one by --model\n")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = pathlib.Path(name)
        paths = write_inputs(folder, arguments.model)
        small, large = measure(arguments.uwt, paths, folder / "packed.uwt", arguments.samples)
    print(f"{processor()}, one thread, the least of {arguments.samples}")
    print(f"small matrices {small / 1e9:.3f} GB/s, a large one {large / 1e9:.3f} GB/s: {small / large:.2f}")


if __name__ == "__main__":
    main()
