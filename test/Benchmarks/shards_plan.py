#!/usr/bin/env python3
"""Plans how long many machines take to compress one large checkpoint: a simulation from speeds that are measured here.

Measured, with `uwt compress` on one file like DeepSeek-V3's, made of a BF16 model: matrices in E4M3 with a scale for each block
of 128 x 128, repeated (moved by a few rows) up to the size asked for. What counts is processor time, so that other programs of
the machine matter little; memory is the most that the process had resident, mapped files included.

Simulated: 163 files of 4.3 GB, and workers that share a storage.

- A file costs its processor time, spread over a worker's threads but for the share of it that one thread does alone, and it
  moves its bytes over the storage: read for statistics, read for coding, written, and where it is compared (the default) read
  back with its source. The longer of the two counts. Workers that move bytes have equal parts of the storage, each at most
  its link.
- Workers die, each at a constant rate. What one did of its file is lost; another takes its place after a while.
- "shards" is --shard I/N: a worker has its files, and after a death checks those that are complete by decoding them.
  "files" is uwt.ray.compress: whoever is free takes a file.
- Then one machine reads the headers and writes the rest (--shard finish), whose time for a file is measured too.

Usage: .venv/bin/python3 test/Benchmarks/shards_plan.py --model BF16.safetensors [--uwt build/bin/uwt] [--measured-gb 4.3]
"""

import argparse
import json
import pathlib
import random
import resource
import statistics
import subprocess
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEP = 0.25  # Seconds between two looks at who moves bytes.
BLOCK = 128
E4M3_MAX = 448.0


def to_e4m3(values):
    """Codes of E4M3, without infinities, of the nearest values; |values| are at most 448."""
    size = np.abs(values).astype(np.float32)
    exponent = np.clip(np.floor(np.log2(np.maximum(size, 2.0**-9))), -6, 8)
    # Steps of 1/8 of the power of two below; a number that rounds up to the next power is right as it is.
    steps = np.round(size / 2.0 ** (exponent - 3))
    codes = np.where(steps < 8, steps, (exponent + 6) * 8 + steps)
    return (codes.astype(np.uint8) | (np.signbit(values).astype(np.uint8) << 7)).astype(np.uint8)


def matrices_of(path):
    """The BF16 matrices of a safetensors file, by name, as floats."""
    data = np.memmap(path, dtype=np.uint8, mode="r")
    size = int(data[:8].view("<u8")[0])
    for name, entry in json.loads(bytes(data[8 : 8 + size])).items():
        shape = entry.get("shape", ())
        if entry.get("dtype") == "BF16" and len(shape) == 2:
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            yield name, (data[begin:end].view("<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)


def quantised(model):
    """The tensors of a model as a checkpoint in FP8 has them: name, dtype, array."""
    tensors = []
    for name, values in matrices_of(model):
        padded = np.pad(values, [(0, -extent % BLOCK) for extent in values.shape])
        blocks = padded.reshape(padded.shape[0] // BLOCK, BLOCK, padded.shape[1] // BLOCK, BLOCK)
        scale = np.maximum(np.abs(blocks).max(axis=(1, 3)), 1e-12) / E4M3_MAX
        codes = to_e4m3((blocks / scale[:, None, :, None]).reshape(padded.shape))
        codes = codes[: values.shape[0], : values.shape[1]]
        tensors += [(name, "F8_E4M3", codes), (name + "_scale_inv", "F32", scale.astype("<f4"))]
    if not tensors:
        raise SystemExit(f"{model}: has no BF16 matrices")
    return tensors


def write_file(path, tensors, size):
    """A safetensors file of about `size` bytes: the tensors again and again, their rows moved so that no two are equal."""
    each = sum(array.nbytes for _, _, array in tensors)
    copies = range(max(1, round(size / each)))
    header, at = {}, 0
    for copy in copies:
        for name, dtype, array in tensors:
            header[f"{copy}.{name}"] = {"dtype": dtype, "shape": array.shape, "data_offsets": [at, at + array.nbytes]}
            at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for copy in copies:
            for _, _, array in tensors:
                file.write(np.roll(array, copy, axis=0).tobytes())


def run(*command):
    """Runs the tool: its report where it prints one, and its seconds, by the clock and of processors."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    output = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(output) if output else {}, wall, seconds


def measure(uwt, model, size, threads):
    """What one file costs."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as name:
        source, target = pathlib.Path(name) / "model", pathlib.Path(name) / "out"
        source.mkdir()
        write_file(source / "model.safetensors", quantised(model), size)
        shard = [uwt, "compress", source, "-o", target, "-T", threads, "--json", "--shard"]
        report, _, seconds = run(*shard, "0/1")
        _, _, checked = run(*shard, "0/1")
        _, finish, _ = run(*shard, "finish")
        (target / "model.uwt.safetensors").unlink()
        _, _, unchecked = run(*shard, "0/1", "--no-verify")
        return {
            "bytes": report["input_bytes"],
            "ratio": report["output_bytes"] / report["input_bytes"],
            "compress": report["input_bytes"] / seconds,
            "compress_without_comparison": report["input_bytes"] / unchecked,
            "check": report["input_bytes"] / checked,
            "finish_seconds": finish,
            "peak_bytes": report["peak_memory_bytes"],
        }


class Worker:
    """A simulated machine: the file that it is at, and what is left of that in shares of 1."""

    def __init__(self, files):
        self.files, self.left, self.checks, self.back_at = files, 0.0, 0, 0.0

    @property
    def busy(self):
        return self.left > 0 or self.checks > 0


def simulate(plan, seed):
    """Seconds until the last file is there, how many workers died, and the share of the workers' time that they were busy."""
    rng = random.Random(seed)
    todo = list(range(plan.files))
    static = plan.way == "shards"
    workers = [Worker(todo[index :: plan.workers] if static else []) for index in range(plan.workers)]
    complete = [0] * plan.workers
    now, deaths, busy = 0.0, 0, 0.0
    while True:
        for index, worker in enumerate(workers):
            queue = worker.files if static else todo
            if not worker.busy and queue and now >= worker.back_at:
                queue.pop(0)
                worker.left = 1.0
        active = [worker for worker in workers if worker.busy and now >= worker.back_at]
        if not active and not todo and not any(worker.busy or worker.files for worker in workers):
            return now, deaths, busy / (now * plan.workers)
        bandwidth = min(plan.link, plan.storage / max(1, len(active)))
        compress = min(1 / plan.compress_seconds, bandwidth / plan.compress_traffic)
        check = min(1 / plan.check_seconds, bandwidth / plan.check_traffic)
        now += STEP
        busy += STEP * len(active)
        for worker in active:
            if rng.random() < STEP / plan.mean_life:
                deaths += 1
                worker.back_at = now + plan.restart
                if worker.left:
                    (worker.files if static else todo).insert(0, 0)
                worker.left = 0.0
                worker.checks = complete[workers.index(worker)] if static else 0
            elif worker.checks > 0:
                worker.checks = max(0, worker.checks - STEP * check)
            else:
                worker.left -= STEP * compress
                if worker.left <= 0:
                    complete[workers.index(worker)] += 1


def spread(speed, size, serial, threads):
    """Seconds of `size` bytes that cost their processor time at `speed`, of which a share is one thread's alone."""
    return size / speed * (serial + (1 - serial) / threads)


def plans(options, costs):
    """Each way and each storage: a namespace that `simulate` takes."""
    size = options.gb * 1e9
    reads = 1 if options.cached else 2
    for way in ("shards", "files"):
        for storage in options.storage:
            for compared in (True, False):
                speed = costs["compress" if compared else "compress_without_comparison"]
                again = 0 if options.cached else 1 + costs["ratio"]
                yield argparse.Namespace(
                    way=way,
                    compared=compared,
                    files=options.files,
                    workers=options.workers,
                    storage=storage * 1e9,
                    link=options.link * 1e9,
                    compress_seconds=spread(speed, size, options.serial, options.threads),
                    compress_traffic=size * (reads + costs["ratio"] + (again if compared else 0)),
                    check_seconds=spread(costs["check"], size, options.serial, options.threads),
                    check_traffic=size * (1 + 2 * costs["ratio"]),
                    mean_life=options.mean_life * 3600,
                    restart=options.restart,
                )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uwt", type=pathlib.Path, default=ROOT / "build" / "bin" / "uwt")
    parser.add_argument("--model", type=pathlib.Path, help="a BF16 model to measure with")
    parser.add_argument("--costs", type=pathlib.Path, help="what an earlier run has measured, in place of --model")
    parser.add_argument("--measured-gb", type=float, default=4.3, help="size of the file that is measured")
    parser.add_argument("--files", type=int, default=163)
    parser.add_argument("--gb", type=float, default=4.3, help="size of a file")
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--threads", type=int, default=8, help="of a worker")
    parser.add_argument("--serial", type=float, default=0.1, help="share of the work that one thread does alone")
    parser.add_argument("--storage", type=float, nargs="+", default=[10, 40, 160], help="GB/s of the storage for all")
    parser.add_argument("--link", type=float, default=3, help="GB/s of a worker")
    parser.add_argument("--cached", action="store_true", help="workers keep a file and its output in their page cache")
    parser.add_argument("--mean-life", type=float, default=10, help="hours until a worker dies, on average")
    parser.add_argument("--restart", type=float, default=60, help="seconds until another takes its place")
    parser.add_argument("--runs", type=int, default=20, help="simulations of each plan")
    options = parser.parse_args()
    if options.costs:
        costs = json.loads(options.costs.read_text())
    elif options.model:
        costs = measure(options.uwt, options.model, options.measured_gb * 1e9, 2)
    else:
        parser.error("give --model, or --costs of an earlier run")
    print(json.dumps(costs))
    print(f"{options.workers} workers of {options.threads} threads, {costs['peak_bytes'] / 1e6:.0f} MB each at most; "
          f"{options.files} files of {options.gb} GB, finished in {costs['finish_seconds'] * options.files:.1f} s")
    print("| way | compared | storage, GB/s | minutes, median | slowest | deaths | busy |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for plan in plans(options, costs):
        seconds, deaths, busy = zip(*(simulate(plan, seed) for seed in range(options.runs)))
        print(f"| {plan.way} | {'yes' if plan.compared else 'no'} | {plan.storage / 1e9:.0f} | "
              f"{statistics.median(seconds) / 60:.1f} | {max(seconds) / 60:.1f} | {statistics.mean(deaths):.1f} | {statistics.mean(busy):.0%} |")


if __name__ == "__main__":
    main()
