#!/usr/bin/env python3
"""Says whether a change left the code of products as it was.

For a grid of formats, targets, strategies and values of m, a product is compiled to assembly of a CPU or to PTX, and what its
instructions are is hashed: labels and names of symbols are left out, so renaming them changes nothing.

Usage: kernel_digest.py UWT                 writes the grid as JSON: name of a kernel to [instructions, digest]
       kernel_digest.py UWT --against FILE  compares with such a grid; lists what differs, and ends with 1 if anything does
"""

import argparse
import concurrent.futures
import hashlib
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

FORMATS = ("raw", "inplace<12>", "inplace<11>", "window<4>", "bitplane<3>", "palette<4>", "huffman<12,1>", "huffman<12,2>", "rice<1,8>",
           "inplace<12>,escapes=rows<64>", "huffman<12,2>,escapes=rows<64>")
CPUS = ("avx512bf16", "avx2", "generic")
GPUS = ("sm_80", "sm_90a")
# Of CPUs: an m that is known, and one that only a call knows.
CPU_M = ("1", "5", "?")
GPU_M = ("1", "16", "96")
ROWS, COLUMNS = 512, 1088
MODULE = """
func.func @main(%x: tensor<{m}x{k}xbf16>) -> tensor<{m}x{n}xf32> {{
  %w = uwt.weight "w" : !uwt.compressed<{n}x{k}xbf16, "{form}">
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<{m}x{k}xbf16>
  %init = tensor.empty({dynamic}) : tensor<{m}x{n}xf32>
  %y = uwt.matmul ins(%x, %w : tensor<{m}x{k}xbf16>, !uwt.compressed<{n}x{k}xbf16, "{form}">) outs(%init : tensor<{m}x{n}xf32>) {{
  ^bb0(%sum: f32):
    uwt.yield %sum : f32
  }} -> tensor<{m}x{n}xf32>
  return %y : tensor<{m}x{n}xf32>
}}
"""
# What an instruction's operands name: symbols and labels.
NAMES = re.compile(r"(\.L|\$L_?|LBB|LCPI|_mlir|uwt_|product|main)[\w.$]*")


def instructions(text):
    """Lines of assembly or PTX that are instructions, without names."""
    for line in text.splitlines():
        line = line.split("#")[0].split("//")[0].strip()
        if line and not line.endswith(":") and not line.startswith((".", "{", "}", ")")):
            yield NAMES.sub("@", line)


def compile_one(uwt, target, m, form, strategy):
    """Returns [instructions, digest], or the error's last line."""
    kind = "ptx" if target.startswith("sm_") else "asm"
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
        file.write(MODULE.format(m=m, n=ROWS, k=COLUMNS, form=form, dynamic="%m" if m == "?" else ""))
        file.flush()
        command = [uwt, "compile", file.name, "--target", target, "--emit", kind, "--format", form, "-q"]
        command += ["--strategy", strategy] if strategy else []
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1].replace(file.name, "module")
    lines = list(instructions(done.stdout))
    return [len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]]


def grid():
    for target, m, form in itertools.product(CPUS, CPU_M, FORMATS):
        for strategy in ("", "direct", "buffer"):
            yield target, m, form, strategy
    for target, m, form in itertools.product(GPUS, GPU_M, FORMATS):
        for strategy in ("", "shared", "exponents") if form.startswith("huffman") else ("",):
            yield target, m, form, strategy


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("uwt", type=pathlib.Path)
    parser.add_argument("--against", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    points = list(grid())
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(lambda point: compile_one(str(arguments.uwt.resolve()), *point), points)
        made = {" ".join(filter(None, point)): result for point, result in zip(points, results)}
    if not arguments.against:
        print("{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in made.items()) + "\n}")
        return 0
    before = json.loads(arguments.against.read_text())
    differing = [key for key in before.keys() | made.keys() if before.get(key) != made.get(key)]
    for key in sorted(differing):
        print(f"{key}: {before.get(key)} -> {made.get(key)}")
    print(f"{len(made)} kernels, {len(differing)} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
