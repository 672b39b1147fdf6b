#!/usr/bin/env python3
"""Prints what the compiler makes of the models in frontends/models, as a table of Markdown.

    test/Integration/model_table.py [--uwt build/bin/uwt] [NAME...]

For each function: the products that run from compressed weights, the weights that are
decoded when they are loaded, and why, and errors beside PyTorch's results, on this machine
and on the emulator of a GPU.
"""

import argparse
import pathlib
import subprocess
import tempfile

import model_blocks

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(uwt, *arguments):
    """model_blocks.run in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return model_blocks.run(uwt, pathlib.Path(folder), *arguments)


def row(uwt, name, function):
    """The cells of a function."""
    error, remarks = run(uwt, name, function, "--format", "inplace<12>")
    try:
        emulated = f"{run(uwt, name, function, '--target', 'emulate:sm_90a')[0]:.4f}"
    except subprocess.CalledProcessError as failure:
        emulated = failure.stderr.strip().splitlines()[-1].rpartition(": ")[2]
    left = [
        f"{', '.join(sorted(weights))}: {reason}"
        for reason, weights in model_blocks.left(remarks).items()
    ]
    return name, function, len(model_blocks.fused(remarks)), "; ".join(left), f"{error:.4f}", emulated


def main():
    """The script."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--uwt", type=pathlib.Path, default=ROOT / "build" / "bin" / "uwt", help="the tool")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a model (default: all)")
    arguments = parser.parse_args()

    def uwt(*options):
        command = [arguments.uwt, *map(str, options)]
        return subprocess.run(command, check=True, capture_output=True, text=True)

    print("| model | function | products fused | decoded when loaded | error | emulate:sm_90a |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in arguments.names or model_blocks.names():
        for function in model_blocks.functions(name):
            print("|", " | ".join(map(str, row(uwt, name, function))), "|", flush=True)


if __name__ == "__main__":
    main()
