#!/usr/bin/env python3
"""Sizes, speeds and memory of UWT beside its rivals, on whole files, in one run.

Every tool goes from file to file in memory (/dev/shm), in a process of its own, whose peak memory counts; one
thread is a process that is bound to one processor. Every round trip is compared byte for byte; where a tool
writes the header anew, tensor by tensor, and its row says so. UWT's own check of what it wrote (--no-verify) is
off, since no rival has one; its start is counted, theirs (Python's and their libraries') is not.

A tool that takes more than two minutes for a file has no row of it; those that encode less than 0.01 GB/s get one
sample, on one thread. Rivals take part where they are installed: the head of rivals.py says how. The result goes to
docs/benchmarks/files.json, and readme_table.py makes the tables of docs/benchmarks/README.md from it.

Usage: .venv/bin/python3 test/Benchmarks/files.py [--uwt build/bin/uwt] [--skip NAME]... [--quick]
"""

import argparse
import filecmp
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from benchmark_report import processor, to_text
from peak_memory import PeakMemory

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# (name in tables, file of benchmark_weights.py, its base).
INPUTS = [
    ("MiniLM BF16", "minilm-bf16", None),
    ("MiniLM FP32", "minilm-fp32", None),
    ("F16 values in FP32", "f16-in-fp32", None),
    ("FP8 values in BF16", "fp8-in-bf16", None),
    ("4-bit blocks in BF16", "four-bits-in-bf16", None),
    ("Gaussian rows", "gaussian-rows", None),
    ("t₄ rows", "t4-rows", None),
    ("fine-tune, given its base", "tuned-bf16", "minilm-bf16"),
]
# Inputs of --quick: both types, and a base.
QUICK_INPUTS = ["minilm-bf16", "f16-in-fp32", "tuned-bf16"]
FORMATS = ["best-size", "smallest", "fast"]
WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
SAMPLES = 3
# No process may take longer than this.
LIMIT_SECONDS = 120


class Failed(Exception):
    """Why a tool has no result."""


def measured(command, one_thread):
    """What a process prints, its wall time, and its peak memory."""
    cores = os.sched_getaffinity(0)
    bound = {min(cores)} if one_thread else cores
    environment = os.environ | {"BIGSMALL_DISABLE_VERSION_CHECK": "1"}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=errors,
            env=environment,
            preexec_fn=lambda: os.sched_setaffinity(0, bound),
        )
        timer = threading.Timer(LIMIT_SECONDS, process.kill)
        timer.start()
        memory = PeakMemory(process.pid)
        _, status = os.waitpid(process.pid, 0)
        peak = memory.finish()
        seconds = time.perf_counter() - start
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        text, complaint = output.read().decode(), errors.read().decode().strip()
    if seconds >= LIMIT_SECONDS:
        raise Failed(f"takes more than {LIMIT_SECONDS} s")
    if process.returncode != 0:
        raise Failed((complaint.splitlines() or [f"exit code {process.returncode}"])[-1])
    return text, seconds, peak


def timing(plain_bytes, seconds, peak):
    median = statistics.median(seconds)
    return {
        "gigabytes_per_second": plain_bytes / median / 1e9,
        "seconds": [round(second, 4) for second in seconds],
        "peak_bytes": peak,
    }


class Uwt:
    """One format of UWT."""

    licence, settings, slow = "Apache-2.0", "", False

    def __init__(self, binary, form):
        self.binary = binary
        self.name = f"UWT {form}"
        self.form = form
        self.version = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
        usage = subprocess.run([binary, "compress", "--help"], check=True, capture_output=True, text=True).stdout
        self.has_base = "--base" in usage

    def run(self, operation, job):
        """Seconds of each sample, bytes that are stored, and peak memory."""
        common = ["-q", "-f", "-T", str(job.threads)] + (["--base", job.base] if job.base else [])
        if operation == "encode":
            command = [self.binary, "compress", job.plain, "-o", job.packed, "--format", self.form, "--no-verify"]
        else:
            command = [self.binary, "decompress", job.packed, "-o", job.back]
        seconds, peak = [], 0
        for _ in range(job.samples):
            _, wall, memory = measured(command + common, job.threads == 1)
            seconds.append(wall)
            peak = max(peak, memory)
        return seconds, job.packed.stat().st_size, peak


class Rival:
    """A tool of rivals.py."""

    def __init__(self, python, about):
        self.python = python
        for key, value in about.items():
            setattr(self, key, value)

    def run(self, operation, job):
        command = [self.python, HERE / "rivals.py", operation, self.name]
        command += [job.plain, job.packed, job.back, job.sample]
        command += ["--threads", str(job.threads), "--samples", str(1 if self.slow else job.samples)]
        command += ["--base", job.base] if job.base else []
        text, _, peak = measured(command, job.threads == 1)
        result = json.loads(text.splitlines()[-1])
        return result["seconds"], result.get("bytes"), peak


def tools_of(arguments):
    """All tools that take part."""
    tools = [Uwt(str(arguments.uwt), form) for form in FORMATS]
    if pathlib.Path(arguments.rivals).exists():
        listed = subprocess.run([arguments.rivals, HERE / "rivals.py", "list"], check=True, capture_output=True)
        for about in json.loads(listed.stdout):
            if about["version"]:
                tools.append(Rival(arguments.rivals, about))
            else:
                print(f"{about['name']} is not installed: see the head of rivals.py", file=sys.stderr)
    else:
        print(f"no rivals, since there is no {arguments.rivals}: see the head of rivals.py", file=sys.stderr)
    return [tool for tool in tools if tool.name not in arguments.skip]


def tensors_of(path):
    """(dtype, shape, offset in the file, bytes) of each tensor of a safetensors file, by name."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        yield name, (entry["dtype"], entry["shape"], 8 + size + first, last - first)


def weights_in(path):
    """Elements of all tensors of floats."""
    sizes = ((dtype, size) for _, (dtype, _, _, size) in tensors_of(path))
    return sum(size // WIDTHS[dtype] for dtype, size in sizes if dtype in WIDTHS)


def digests_of(path):
    """What each tensor is, with a digest of its bytes."""
    result = {}
    with path.open("rb") as file:
        for name, (dtype, shape, offset, size) in tensors_of(path):
            file.seek(offset)
            digest = hashlib.sha256()
            while size > 0:
                piece = file.read(min(size, 1 << 20))
                if not piece:
                    raise ValueError(f"{path}: the tensor {name} is cut off")
                digest.update(piece)
                size -= len(piece)
            result[name] = (dtype, shape, digest.hexdigest())
    return result


def exactness(plain, back):
    """What came back: the "file", all "tensors" with another header, or "nothing" that is exact."""
    if not back.exists():
        return "nothing"
    if filecmp.cmp(plain, back, shallow=False):
        return "file"
    try:
        return "tensors" if digests_of(plain) == digests_of(back) else "nothing"
    except (ValueError, KeyError):
        return "nothing"


def row_of(tool, job, thread_counts):
    """The row of one tool and one file."""
    row = {"name": tool.name, "settings": tool.settings, "version": tool.version, "licence": tool.licence}
    try:
        if job.base and not tool.has_base:
            raise Failed("has no option for a base")
        plain_bytes = job.plain.stat().st_size
        for key, threads in thread_counts.items():
            if tool.slow and threads > 1:
                row["left_out"] = f"{key}: it is slow"
                continue
            job.threads = threads
            # What an earlier run gave back must not pass for this one's.
            job.back.unlink(missing_ok=True)
            encoded, stored, encode_peak = tool.run("encode", job)
            decoded, _, decode_peak = tool.run("decode", job)
            exact = exactness(job.plain, job.back)
            if key == "one_thread":
                bits = stored * 8 / job.weights
                row |= {"bytes": stored, "bits_per_weight": bits, "exact": exact}
            elif exact != row["exact"]:
                raise Failed(f"with {threads} threads {exact} came back, with one {row['exact']}")
            row[key] = {
                "encode": timing(plain_bytes, encoded, encode_peak),
                "decode": timing(plain_bytes, decoded, decode_peak),
            }
    except Failed as reason:
        row["skipped"] = str(reason)
        print(f"{tool.name}: {reason}", file=sys.stderr)
    return row


def clear(folder):
    """Removes what a tool has left in a folder."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def make_weights(folder, arguments):
    """All inputs, by a process of its own: what this one holds would count as memory of those that it starts."""
    command = [sys.executable, HERE / "benchmark_weights.py", folder]
    command += ["--model", arguments.model] if arguments.model else []
    command += ["--quick"] if arguments.quick else []
    subprocess.run(command, check=True)


def measure(name, job, tools, thread_counts):
    """All rows of one input."""
    job.weights = weights_in(job.plain)
    rows = []
    for tool in tools:
        rows.append(row_of(tool, job, thread_counts))
        clear(job.packed.parent)
        print(f"{name}: {tool.name} {rows[-1].get('bits_per_weight', 0):.3f}", file=sys.stderr)
    return {"name": name, "bytes": job.plain.stat().st_size, "weights": job.weights, "rows": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uwt", type=pathlib.Path, default=ROOT / "build" / "bin" / "uwt")
    parser.add_argument("--rivals", default=str(ROOT / ".venv-rivals" / "bin" / "python3"), help="Python that has them")
    parser.add_argument("--model", type=pathlib.Path, help="the FP32 model, where tools/quickstart.sh has not run")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "docs" / "benchmarks" / "files.json")
    parser.add_argument("--skip", action="append", default=[], metavar="NAME", help="leave out a tool or an input")
    parser.add_argument("--quick", action="store_true", help="one layer, three inputs, one sample, one thread")
    arguments = parser.parse_args()

    thread_counts = {"one_thread": 1}
    if not arguments.quick:
        thread_counts["all_threads"] = len(os.sched_getaffinity(0))
    tools = tools_of(arguments)
    result = {
        "processor": processor(),
        "processors": len(os.sched_getaffinity(0)),
        "command": " ".join(["test/Benchmarks/files.py"] + ["--quick"] * arguments.quick),
        "quick": arguments.quick,
        "left_out": arguments.skip,
        "inputs": [],
    }
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        weights, scratch = pathlib.Path(folder) / "weights", pathlib.Path(folder) / "scratch"
        scratch.mkdir()
        make_weights(weights, arguments)
        for name, file, base in INPUTS:
            if name in arguments.skip or (arguments.quick and file not in QUICK_INPUTS):
                continue
            kind = "fp32" if "fp32" in file else "bf16"
            job = argparse.Namespace(
                plain=weights / f"{file}.safetensors",
                base=weights / f"{base}.safetensors" if base else None,
                sample=weights / f"sample-{kind}.safetensors",
                packed=scratch / "packed.safetensors",
                back=scratch / "back.safetensors",
                samples=1 if arguments.quick else SAMPLES,
            )
            result["inputs"].append(measure(name, job, tools, thread_counts))
            # After each input: a run that is broken off has what it measured.
            arguments.output.write_text(to_text(result))


if __name__ == "__main__":
    main()
