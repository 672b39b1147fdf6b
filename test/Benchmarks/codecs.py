#!/usr/bin/env python3
"""Sizes and speeds of UWT's codecs beside zstd, ZipNN and lmz, on the same tensors in one run.

Weights: seeded matrices of 4096 x 4096 in BF16 (Gaussian, row-scaled, Student-t with
4 degrees of freedom), and the trained model that tools/quickstart.sh has left in
.cache/quickstart, where it did, as it is and with its weights rounded to values of FP8.
Every row is checked bit for bit before it counts. The result goes to docs/benchmarks/codecs.json; readme_table.py makes the tables.
With --rivals, files.py then measures whole files beside all rivals, whose Python this names.

ZipNN and lmz take part where they are installed. ZipNN is built from source, and needs Python's
headers and a C compiler, but not torch, which it asks for only to handle torch's tensors; lmz
works on files, which are in memory here (/dev/shm):

    apt-get install python3-dev
    CC=clang-22 .venv/bin/pip install --no-deps zipnn==0.5.4 lmzip==1.3.0

Usage: .venv/bin/python3 test/Benchmarks/codecs.py [--uwt build/bin/uwt] [--quick] [--rivals PYTHON]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import unittest.mock

import numpy as np

from benchmark_report import processor, to_text
from benchmark_weights import read_safetensors, synthetic_matrices, to_fp8, write_matrix, write_safetensors

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / ".cache" / "benchmarks"
TRAINED = ROOT / ".cache" / "quickstart" / "bf16-again" / "model.safetensors"
FORMATS = ["best-size", "smallest", "fast", "huffman<12,2>", "huffman<12,1>", "window<4>", "inplace<12>"]


def is_matrix(dtype, shape):
    return dtype == "BF16" and len(shape) >= 2


def write_fp8(source, path):
    """A copy of a safetensors file with its BF16 matrices rounded to values of FP8."""
    tensors, metadata = read_safetensors(source)
    for name, (dtype, shape, data) in tensors.items():
        if is_matrix(dtype, shape):
            tensors[name] = (dtype, shape, to_fp8(np.frombuffer(data, "<u2")).tobytes())
    write_safetensors(path, tensors, metadata)


def matrices_of(path):
    """The bytes of each BF16 tensor with two or more dimensions."""
    tensors, _ = read_safetensors(path)
    return [data for dtype, shape, data in tensors.values() if is_matrix(dtype, shape)]


def import_zipnn():
    """ZipNN and its version, or None. torch is only there to be imported."""
    try:
        import importlib.metadata

        try:
            import torch  # noqa: F401
        except ImportError:
            sys.modules["torch"] = unittest.mock.MagicMock()
        from zipnn import ZipNN

        return ZipNN, importlib.metadata.version("zipnn")
    except ImportError:
        print("zipnn is not installed: see the head of this file", file=sys.stderr)
        return None


def timed_once(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def rate_of(total, minimum_seconds, one_round):
    """Bytes a second, from the seconds that each of several rounds returns."""
    rounds = []
    while len(rounds) < 3 or sum(rounds) < minimum_seconds:
        rounds.append(one_round())
    return {
        "gigabytes_per_second": total / statistics.median(rounds) / 1e9,
        "median_seconds": statistics.median(rounds),
        "seconds": rounds,
    }


def row_of(name, size, total, encode, decode):
    """A row like those of `uwt bench codecs`, of a round trip that was exact."""
    return {
        "name": name,
        "format": "",
        "bytes": size,
        "bits_per_weight": size * 16 / total,
        "verified": True,
        "encode": encode,
        "decode": decode,
    }


def bench_zipnn(zipnn, tensors, minimum_seconds):
    """A row of ZipNN on one thread."""
    coder = zipnn(method="auto", input_format="byte", bytearray_dtype="bfloat16", threads=1)
    # compress() may write into its input, so it gets a copy, which is made outside the timing.
    compressed = [bytes(coder.compress(bytearray(tensor))) for tensor in tensors]
    for tensor, packed in zip(tensors, compressed):
        if bytes(coder.decompress(packed)) != tensor:
            raise ValueError("zipnn: the round trip is not exact")

    total = sum(map(len, tensors))

    def rate(function, inputs):
        def one_round():
            copies = [bytearray(data) for data in inputs]
            return sum(timed_once(function, copy) for copy in copies)

        return rate_of(total, minimum_seconds, one_round)

    size = sum(map(len, compressed))
    encode, decode = rate(coder.compress, tensors), rate(coder.decompress, compressed)
    return row_of("zipnn", size, total, encode, decode)


def import_lmz():
    """lmz and its version, or None."""
    try:
        import importlib.metadata

        import lmz

        return lmz, importlib.metadata.version("lmzip")
    except ImportError:
        print("lmz is not installed: see the head of this file", file=sys.stderr)
        return None


def bench_lmz(lmz, tensors, minimum_seconds):
    """A row of lmz on one thread, from a file of the tensors alone."""
    total = sum(map(len, tensors))
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        plain, packed, back = (pathlib.Path(folder) / name for name in ("plain.safetensors", "p", "b"))
        words = np.frombuffer(b"".join(tensors), "<u2")
        write_matrix(plain, words.reshape(1, -1))

        def compress():
            lmz.compress(str(plain), str(packed), workers=1)

        def decompress():
            lmz.decompress(str(packed), str(back), workers=1, overwrite=True)

        encode = rate_of(total, minimum_seconds, lambda: timed_once(compress))
        decode = rate_of(total, minimum_seconds, lambda: timed_once(decompress))
        if back.read_bytes() != plain.read_bytes():
            raise ValueError("lmz: the round trip is not exact")
        return row_of("lmz", packed.stat().st_size, total, encode, decode)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uwt", default=ROOT / "build" / "bin" / "uwt")
    parser.add_argument("--output", default=ROOT / "docs" / "benchmarks" / "codecs.json")
    parser.add_argument("--quick", action="store_true", help="short timings, no zstd -19")
    parser.add_argument("--rivals", metavar="PYTHON", help="measure whole files too, beside the rivals that this has")
    arguments = parser.parse_args()
    seconds = 0.2 if arguments.quick else 2

    WORK.mkdir(parents=True, exist_ok=True)
    files = []
    for name, words in synthetic_matrices():
        files.append((name, WORK / f"{name}.safetensors"))
        write_matrix(files[-1][1], words)
    if TRAINED.exists():
        files.append(("MiniLM", TRAINED))
        files.append(("MiniLM of FP8 values", WORK / "fp8.safetensors"))
        write_fp8(TRAINED, files[-1][1])
    else:
        print("no trained model: run tools/quickstart.sh first", file=sys.stderr)

    zipnn, lmz = import_zipnn(), import_lmz()
    result = {"processor": processor(), "command": "test/Benchmarks/codecs.py", "workloads": []}
    for name, path in files:
        command = [arguments.uwt, "bench", "codecs", "--json", "--weights", path]
        command += ["--min-seconds", str(seconds)]
        command += [] if arguments.quick else ["--slow"]
        for form in FORMATS:
            command += ["--format", form]
        bench = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        result.setdefault("uwt", {key: bench[key] for key in ("version", "best_code_path", "zstd")})
        workload = bench["workloads"][0]
        workload["weights"] = name
        if zipnn:
            result["zipnn"] = zipnn[1]
            workload["rows"].append(bench_zipnn(zipnn[0], matrices_of(path), seconds))
        if lmz:
            result["lmz"] = lmz[1]
            workload["rows"].append(bench_lmz(lmz[0], matrices_of(path), seconds))
        result["workloads"].append(workload)
        print(f"{name}: {len(workload['rows'])} rows", file=sys.stderr)

    output = pathlib.Path(arguments.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(to_text(result))

    if arguments.rivals:
        command = [sys.executable, pathlib.Path(__file__).with_name("files.py"), "--uwt", arguments.uwt]
        command += ["--rivals", arguments.rivals] + (["--quick"] if arguments.quick else [])
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
