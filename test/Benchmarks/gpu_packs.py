"""Packs and profiles for the grid of GPU measurements: what uwt-bench launches on a GPU machine.

    test/Benchmarks/gpu_packs.py --out kit-files [--uwt build/bin/uwt] [--target sm_90a] [--quick | --shapes NxK,...]
                                 [--formats raw,...] [--experiments]

With --experiments also OUT/experiments/NAME.mM.uwtpack and .profile.json: the kernels of one matrix at an m of 8 and 64
as the compiler chooses them, and with one thing of them changed (EXPERIMENTS).

Writes FORMAT.uwtpack and FORMAT.profile.json for raw (the twin that all others are compared with) and for each other
format: kernels for every matrix of the grid (Llama 3.1, Qwen3, Mixtral, DeepSeek-V3, an odd one) and any m; in that
of inplace<12> also those by which a device makes it of huffman<12,2>. Packs of quantised formats (QUANTIZED) are for
the matrices of --quick, unless --shapes names others.
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
# What quantised checkpoints run from (docs/quantised.md, section "In memory"), by what they are called.
QUANTIZED = {
    "int4": "uint<4>, zero=8, scale={1x128, bf16}",
    "int4zero": "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}",
    "mxfp4": "f4E2M1FN, scale={1x32, f8E8M0FNU}",
    "nvfp4": "f4E2M1FN, scale={1x16, f16E6M10U}",
    "fp8block": "f8E4M3FN, scale={128x128, f32}",
    "nf4": "table<4>, scale={1x64, f32}",
    "int8": "int<8>, scale={row, bf16}",
}
# What files store, where it is another format: such packs also have the kernels of that transcode.
STORED = {"inplace12": "huffman<12,2>"}


# The matrix of the experiments, its format, and what is changed of the kernels by m: what is not named stays as chosen.
EXPERIMENT = (4096, 14336), "inplace<12>"
AS_CHOSEN = "as-chosen"
SLICE_8 = "direct, mma, slice = 8, "
SLICE_64 = "direct, wgmma, slice = 64, panels = 2, "
EXPERIMENTS = {
    AS_CHOSEN: {8: None, 64: None},
    "ring-of-half-the-bytes": {8: SLICE_8 + "ctas = 2, stages = 3, groups = 2",
                               64: SLICE_64 + "cluster = 4, stages = 2, groups = 2"},
    "ring-of-large-stages": {8: SLICE_8 + "ctas = 2, stages = 3, groups = 4"},
    "one-cta": {8: SLICE_8 + "ctas = 1, stages = 8, groups = 2"},
    "cluster-of-1": {64: SLICE_64 + "cluster = 1, stages = 5, groups = 2"},
    "cluster-of-2": {8: SLICE_8 + "cluster = 2, ctas = 2, stages = 7, groups = 2",
                     64: SLICE_64 + "cluster = 2, stages = 5, groups = 2"},
    "mma-in-place-of-wgmma": {64: "direct, mma, slice = 64, stages = 3, groups = 4"},
}


def pinned_product(rows, columns, fmt, m, strategy):
    """A product of a known m, by the strategy that is named, or the one that the compiler chooses."""
    x, y = f"tensor<{m}x{columns}xbf16>", f"tensor<{m}x{rows}xbf16>"
    w = f'!uwt.compressed<{rows}x{columns}xbf16, "{fmt}">'
    pin = f" strategy #uwt.gpu_strategy<{strategy}>" if strategy else ""
    return f"""func.func @m{m}(%x: {x}) -> {y} {{
  %w = uwt.weight "w" : {w}
  %init = tensor.empty() : {y}
  %y = uwt.matmul ins(%x, %w : {x}, {w}) outs(%init : {y}){pin} {{
  ^bb0(%sum: f32):
    %r = arith.truncf %sum : f32 to bf16
    uwt.yield %r : bf16
  }} -> {y}
  return %y : {y}
}}
"""


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
        sys.exit(f"{path.stem.split('.')[0]} is not made: {run.stderr.strip()}")


def emit_both(options, text, fmt, folder, name):
    """A pack, and its predictions where it is of one target."""
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
        file.write(text)
        file.flush()
        emit(options, file.name, fmt, "pack", folder / f"{name}.uwtpack")
        if "," not in options.target:
            emit(options, file.name, fmt, "profiles", folder / f"{name}.profile.json")
    print(f"{name}: {(folder / f'{name}.uwtpack').stat().st_size / 1e6:.1f} MB", flush=True)


def make_experiments(options):
    folder = options.out / "experiments"
    folder.mkdir(parents=True, exist_ok=True)
    shape, fmt = EXPERIMENT
    for name, strategies in EXPERIMENTS.items():
        for m, strategy in strategies.items():
            # A kernel takes any m: in one pack the first would be taken for all.
            emit_both(options, pinned_product(*shape, fmt, m, strategy), fmt, folder, f"{name}.m{m}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uwt", default=str(pathlib.Path(__file__).resolve().parents[2] / "build" / "bin" / "uwt"))
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder for packs and profiles")
    parser.add_argument("--target", default="sm_90a", help="GPUs, separated by commas")
    parser.add_argument("--quick", action="store_true", help="three matrices only")
    parser.add_argument("--shapes", help="these matrices instead, NxK separated by commas")
    formats = FORMATS | QUANTIZED
    parser.add_argument("--formats", default=",".join(formats), help=f"of {', '.join(formats)}, separated by commas")
    parser.add_argument("--experiments", action="store_true", help="also packs of one matrix with one thing changed (sm_90a)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    named = options.formats.split(",")
    if unknown := [name for name in named if name not in formats]:
        parser.error(f"there is no format {unknown[0]}; expected some of {', '.join(formats)}")
    for name in named:
        fmt = formats[name]
        shapes = QUICK if options.quick or name in QUANTIZED else SHAPES
        if options.shapes:
            shapes = [tuple(int(size) for size in shape.split("x")) for shape in options.shapes.split(",")]
        text = "".join(product(i, *shape, STORED.get(name, fmt)) for i, shape in enumerate(shapes))
        emit_both(options, text, fmt, options.out, name)
    # Their strategies are those of Hopper.
    if options.experiments and options.target == "sm_90a":
        make_experiments(options)


if __name__ == "__main__":
    main()
