"""Packs and profiles for the grid of GPU measurements: what uwt-bench launches on a GPU machine.

    test/Benchmarks/gpu_packs.py --out kit-files [--uwt build/bin/uwt] [--target sm_90a] [--quick | --shapes NxK,...]

Writes FORMAT.uwtpack and FORMAT.profile.json for raw (the twin that all others are compared with) and for each other
format: kernels for every matrix of the grid (Llama 3.1, Qwen3, Mixtral, DeepSeek-V3, an odd one) and any m; in that
of inplace<12> also those by which a device makes it of huffman<12,2>.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

SHAPES = [
    (6144, 4096), (4096, 4096), (28672, 4096), (4096, 14336),
    (10240, 8192), (8192, 8192), (57344, 8192), (8192, 28672),
    (51200, 5120), (5120, 25600), (4096, 7168), (7168, 2048), (4100, 4111),
]
QUICK = [(4096, 4096), (4096, 14336), (4100, 4111)]
FORMATS = {"raw": "raw", "inplace12": "inplace<12>", "window4": "window<4>", "huffman": "huffman<12,2>"}
# What files store, where it is another format: such packs also have the kernels of that transcode.
STORED = {"inplace12": "huffman<12,2>"}


def product(number, rows, columns, fmt):
    x, y = f"tensor<?x{columns}xbf16>", f"tensor<?x{rows}xbf16>"
    w = f'!uwt.compressed<{rows}x{columns}xbf16, "{fmt}">'
    return f"""func.func @f{number}(%x: {x}) -> {y} {{
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : {x}
  %w = uwt.weight "w{number}" : {w}
  %init = tensor.empty(%m) : {y}
  %y = uwt.matmul ins(%x, %w : {x}, {w}) outs(%init : {y}) {{
  ^bb0(%sum: f32):
    %r = arith.truncf %sum : f32 to bf16
    uwt.yield %r : bf16
  }} -> {y}
  return %y : {y}
}}
"""


def emit(options, module, fmt, kind, path):
    command = [options.uwt, "compile", module, "--target", options.target, "--format", fmt, "--emit", kind, "-o", path,
               "-f", "-q"]
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{fmt} is not made: {run.stderr.strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uwt", default=str(pathlib.Path(__file__).resolve().parents[2] / "build" / "bin" / "uwt"))
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for packs and profiles")
    parser.add_argument("--target", default="sm_90a", help="GPUs, separated by commas")
    parser.add_argument("--quick", action="store_true", help="three matrices only")
    parser.add_argument("--shapes", help="these matrices instead, NxK separated by commas")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    shapes = QUICK if options.quick else SHAPES
    if options.shapes:
        shapes = [tuple(int(size) for size in shape.split("x")) for shape in options.shapes.split(",")]
    for name, fmt in FORMATS.items():
        with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
            stored = STORED.get(name, fmt)
            file.write("".join(product(i, *shape, stored) for i, shape in enumerate(shapes)))
            file.flush()
            emit(options, file.name, fmt, "pack", options.out / f"{name}.uwtpack")
            if "," not in options.target:
                emit(options, file.name, fmt, "profiles", options.out / f"{name}.profile.json")
        print(f"{name}: {(options.out / f'{name}.uwtpack').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
