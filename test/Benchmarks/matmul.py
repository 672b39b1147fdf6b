#!/usr/bin/env python3
"""Products from compressed weights beside PyTorch's BF16 linear, in turns in one run.

`uwt bench matmul --wait` measures a round, then PyTorch does, and so on: what else happens on the
machine happens to both. Weights are cold for both: copies of more than 256 MB, used
in turn. The result goes to docs/benchmarks/matmul.json, and the tables made from it between
the markers of docs/cost-model.md.

PyTorch is the one from PyPI:

    .venv/bin/pip install torch

Usage: .venv/bin/python3 test/Benchmarks/matmul.py [--uwt build/bin/uwt] [--samples 9]
       test/Benchmarks/matmul.py --table      writes the tables again from the JSON
"""

import argparse
import json
import pathlib
import platform
import re
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- matmul:begin -->\n", "<!-- matmul:end -->\n"
COLD_BYTES = 256_000_000


class Torch:
    """BF16 linear on copies of a weight."""

    def __init__(self, rows, columns, m_values, threads):
        import torch

        self.torch = torch
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        copies = max(2, COLD_BYTES // (rows * columns * 2) + 1)
        weight = (torch.randn(rows, columns) * 0.02).to(torch.bfloat16)
        self.weights = [weight.clone() for _ in range(copies)]
        self.inputs = {m: torch.randn(m, columns).to(torch.bfloat16) for m in m_values}
        self.seconds = {m: [] for m in m_values}
        self.round()
        self.seconds = {m: [] for m in m_values}

    def round(self):
        linear = self.torch.nn.functional.linear
        with self.torch.inference_mode():
            for m, x in self.inputs.items():
                for weight in self.weights:  # Warms up, as uwt's rounds do.
                    linear(x, weight)
                start = time.perf_counter()
                for weight in self.weights:
                    linear(x, weight)
                elapsed = time.perf_counter() - start
                self.seconds[m].append(elapsed / len(self.weights))


def wait_ready(process):
    """Whether `uwt` is ready for the next round; what else it says goes to our stderr."""
    for line in process.stderr:
        if line.strip() == "ready":
            return True
        print(line, end="", flush=True)
    return False


def measure(arguments, shape):
    """The object of a shape, with PyTorch's samples."""
    rows, columns = (int(x) for x in shape.split("x"))
    m_values = [int(x) for x in arguments.m.split(",")]
    command = [str(arguments.uwt), "bench", "matmul", "--json", "--wait", "--shapes", shape]
    command += ["--m", arguments.m, "-T", str(arguments.threads)]
    for form in arguments.format:
        command += ["--format", form]
    if arguments.calibration:
        command += ["--calibration", arguments.calibration]
    torch = Torch(rows, columns, m_values, arguments.threads)
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    # uwt is ready again when its round has ended.
    is_ready = wait_ready(process)
    for _ in range(arguments.samples if is_ready else 0):
        process.stdin.write("\n")
        process.stdin.flush()
        if not wait_ready(process):
            break
        torch.round()
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"uwt bench matmul ended with {process.returncode}")
    result = json.loads(output)
    one = result["shapes"][0]
    one["torch"] = [
        {"m": m, "median_seconds": statistics.median(s), "seconds": s}
        for m, s in torch.seconds.items()
    ]
    one["machine"] = {key: result[key] for key in ("version", "target", "threads", "weights", "seed")}
    return one


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def to_text(result):
    """JSON with lists of numbers on one line."""
    text = json.dumps(result, indent=1)
    return re.sub(r"\[[\d\s.,e+-]+\]", lambda match: re.sub(r"\s+", " ", match[0]), text) + "\n"


def line(cells):
    return "| " + " | ".join(cells) + " |\n"


def shape_table(one):
    """Speeds in GB/s of raw weights; beside them the ratio to PyTorch in the same run."""
    m_values = [cell["m"] for cell in one["rows"][0]["times"]]
    torch = {row["m"]: row["median_seconds"] for row in one["torch"]}
    n, k = one["shape"]
    text = line([f"{n} × {k}"] + [f"m = {m}" for m in m_values])
    text += line(["---"] + ["---:"] * len(m_values))
    text += line(
        ["PyTorch BF16 linear"] + [f"{one['raw_bytes'] / torch[m] / 1e9:.1f}" for m in m_values]
    )
    for row in one["rows"]:
        cells = [f"{row['format']} ({row['bytes'] * 8 / (n * k):.2f} bits)"]
        for cell in row["times"]:
            ratio = torch[cell["m"]] / cell["median_seconds"]
            cells.append(f"{cell['raw_gigabytes_per_second']:.1f} ({ratio:.2f}×)")
        text += line(cells)
    text += f"\nPlain read of the raw weights' bytes in the same run: {one['read_gigabytes_per_second']:.1f} GB/s.\n"
    for row in one.get("load", []):
        text += (
            f"Load of `{row['stored']}` as `{row['run']}`: {row['one_thread_gigabytes_per_second']:.2f} GB/s "
            f"on one thread, {row['gigabytes_per_second']:.2f} on all.\n"
        )
    for row in one.get("compile", []):
        stages = ", ".join(f"{name} {s * 1e3:.0f}" for name, s in row["stages"].items())
        text += f"Compiling one product from `{row['format']}`: {row['median_seconds'] * 1e3:.0f} ms ({stages}).\n"
    return text


def write_tables(result):
    path = ROOT / "docs" / "cost-model.md"
    before, rest = path.read_text().split(BEGIN)
    _, after = rest.split(END)
    tables = "\n".join(shape_table(one) for one in result["shapes"])
    head = (
        f"{result['processor']}, {result['threads']} threads, PyTorch {result['torch']}; GB/s of raw weights "
        "(a product's time\nover the bytes that raw weights take), in brackets times PyTorch's speed; medians.\n\n"
    )
    path.write_text(before + BEGIN + head + tables + END + after)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uwt", default=ROOT / "build" / "bin" / "uwt")
    parser.add_argument("--output", default=ROOT / "docs" / "benchmarks" / "matmul.json")
    parser.add_argument("--shapes", default="14336x4096,4096x14336")
    parser.add_argument("--m", default="1,4,16,64")
    parser.add_argument("--format", action="append")
    parser.add_argument("--calibration")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=9)
    parser.add_argument("--table", action="store_true", help="only write the tables again")
    arguments = parser.parse_args()
    arguments.format = arguments.format or ["inplace<12>", "huffman<12,2>"]
    output = pathlib.Path(arguments.output)
    if arguments.table:
        write_tables(json.loads(output.read_text()))
        return
    import torch

    result = {
        "processor": processor(),
        "command": "test/Benchmarks/matmul.py",
        "threads": arguments.threads,
        "torch": torch.__version__,
        "shapes": [measure(arguments, shape) for shape in arguments.shapes.split(",")],
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(to_text(result))
    write_tables(result)


if __name__ == "__main__":
    main()
