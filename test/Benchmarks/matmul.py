#!/usr/bin/env python3
"""Products from compressed weights beside PyTorch's BF16 linear, in turns in one run.

`uwt bench matmul --peers` measures; the result goes to docs/benchmarks/matmul.json, and the tables made from it between
the markers of docs/cost-model.md.

PyTorch is the one from PyPI:

    .venv/bin/pip install torch

Usage: .venv/bin/python3 test/Benchmarks/matmul.py [--uwt build/bin/uwt] [--samples 9]
       test/Benchmarks/matmul.py --table      writes the tables again from the JSON
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def measure(arguments):
    """What `uwt bench matmul --peers` says."""
    command = [str(arguments.uwt), "bench", "matmul", "--json", "--peers", "--python", sys.executable]
    command += ["--shapes", arguments.shapes, "--m", arguments.m, "-T", str(arguments.threads)]
    command += ["--samples", str(arguments.samples)]
    for form in arguments.format:
        command += ["--format", form]
    for name in ("calibration", "target", "copies"):
        if getattr(arguments, name):
            command += [f"--{name}", str(getattr(arguments, name))]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def to_text(result):
    """JSON with lists of numbers on one line."""
    text = json.dumps(result, indent=1)
    return re.sub(r"\[[\d\s.,e+-]+\]", lambda match: re.sub(r"\s+", " ", match[0]), text) + "\n"


def line(cells):
    return "| " + " | ".join(cells) + " |\n"


def shape_table(one):
    """Speeds in GB/s of raw weights; beside them the ratio to PyTorch in the same run."""
    m_values = [cell["m"] for cell in one["rows"][0]["times"]]
    peer = one["peers"][0]
    of_peer = {cell["m"]: cell["median_seconds"] for cell in peer["times"]}
    n, k = one["shape"]
    text = line([f"{n} × {k}"] + [f"m = {m}" for m in m_values])
    text += line(["---"] + ["---:"] * len(m_values))
    text += line(
        [peer["name"]] + [f"{one['raw_bytes'] / of_peer[m] / 1e9:.1f}" for m in m_values]
    )
    for row in one["rows"]:
        name = row["format"] + (f" by {row['strategy']}" if row.get("strategy") else "")
        cells = [f"{name} ({row['bytes'] * 8 / (n * k):.2f} bits)"]
        for cell in row["times"]:
            ratio = of_peer[cell["m"]] / cell["median_seconds"]
            cells.append(f"{cell['raw_gigabytes_per_second']:.1f} ({ratio:.2f}×)")
        text += line(cells)
    read = "Best" if "read_pattern" in one else "Plain"
    text += f"\n{read} read of the raw weights' bytes in the same run: {one['read_gigabytes_per_second']:.1f} GB/s.\n"
    for row in one.get("load", []):
        text += (
            f"Load of `{row['stored']}` as `{row['run']}`: {row['one_thread_gigabytes_per_second']:.2f} GB/s "
            f"on one thread, {row['gigabytes_per_second']:.2f} on all.\n"
        )
    for row in one.get("compile", []):
        stages = ", ".join(f"{name} {s * 1e3:.0f}" for name, s in row["stages"].items())
        text += f"Compiling one product from `{row['format']}`: {row['median_seconds'] * 1e3:.0f} ms ({stages}).\n"
    return text


def run_tables(result):
    head = (
        f"{result['processor']}, target `{result['target']}`, {result['threads']} threads; GB/s of raw weights (a "
        "product's time over the bytes\nthat raw weights take), in brackets times PyTorch's speed; medians.\n\n"
    )
    return head + "\n".join(shape_table(one) for one in result["shapes"])


def write_tables(results, name):
    """Between the markers of a result's file in docs/cost-model.md, where it has any: a run, or a list of runs."""
    path = ROOT / "docs" / "cost-model.md"
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->\n"
    before, found, rest = path.read_text().partition(begin)
    if not found:
        return
    _, _, after = rest.partition(end)
    runs = results if isinstance(results, list) else [results]
    path.write_text(before + begin + "\n".join(run_tables(run) for run in runs) + end + after)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uwt", default=ROOT / "build" / "bin" / "uwt")
    parser.add_argument("--output", default=ROOT / "docs" / "benchmarks" / "matmul.json")
    parser.add_argument("--shapes", default="14336x4096,4096x14336")
    parser.add_argument("--m", default="1,4,16,64")
    parser.add_argument("--format", action="append")
    parser.add_argument("--calibration")
    parser.add_argument("--target")
    parser.add_argument("--copies", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=9)
    parser.add_argument("--table", action="store_true", help="only write the tables again")
    arguments = parser.parse_args()
    arguments.format = arguments.format or ["inplace<12>", "huffman<12,2>"]
    output = pathlib.Path(arguments.output)
    if arguments.table:
        write_tables(json.loads(output.read_text()), output.stem)
        return
    result = measure(arguments)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(to_text(result))
    write_tables(result, output.stem)


if __name__ == "__main__":
    main()
