#!/usr/bin/env python3
"""Plans how long many machines take to compress one large checkpoint: a simulation from speeds that are measured here.

Measured, with `uwt compress` on one file like DeepSeek-V3's: the weights of a BF16 model, cut into matrices of 2048 x
7168, in E4M3 with a scale for each block of 128 x 128, repeated (moved by a few rows) up to the size asked for. What
counts is processor time, so that other programs of the machine matter little, and how much of it is the work of one
thread alone; memory is the most that the process had resident, mapped files included.

Simulated: 163 files of 4.3 GB, and workers that share a storage.

- A file costs its processor time, spread over a worker's threads but for the share of it that one thread does alone,
  and it moves its bytes over the storage: read for statistics, read for coding, written, and where it is compared
  (the default) read back with its source. The longer of the two counts. Workers that move bytes have equal parts of
  the storage, each at most its link.
- Workers die, each at a constant rate. What one did of its file is lost; another takes its place after a while.
- "shards" is --shard I/N: a worker has its files, and after a death checks those that are complete by decoding them.
  "files" is uwt.ray.compress: whoever is free takes a file.
- Then one machine reads the headers and writes the rest (--shard finish), whose time for a file is measured too.

Usage: .venv/bin/python3 test/Benchmarks/shards_plan.py --model BF16.safetensors [--uwt build/bin/uwt]
"""

import argparse
import contextlib
import json
import pathlib
import random
import re
import statistics
import subprocess
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEP = 0.25  # Seconds between two looks at who moves bytes.
SHAPE = (2048, 7168)
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


def weights_of(path):
    """The weights of a safetensors file that are BF16, in its order, as floats."""
    data = np.memmap(path, dtype=np.uint8, mode="r")
    size = int(data[:8].view("<u8")[0])
    entries = [entry for entry in json.loads(bytes(data[8 : 8 + size])).values() if entry.get("dtype") == "BF16"]
    ranges = sorted([8 + size + offset for offset in entry["data_offsets"]] for entry in entries)
    words = [data[begin:end].view("<u2") for begin, end in ranges]
    return (np.concatenate(words).astype(np.uint32) << 16).view(np.float32)


def quantised(model):
    """The weights of a model as matrices of a checkpoint in FP8: names, dtypes, arrays."""
    weights, tensors = weights_of(model), []
    rows, columns = (extent // BLOCK for extent in SHAPE)
    for number, matrix in enumerate(weights[: weights.size // np.prod(SHAPE) * np.prod(SHAPE)].reshape(-1, *SHAPE)):
        blocks = matrix.reshape(rows, BLOCK, columns, BLOCK)
        scale = np.maximum(np.abs(blocks).max(axis=(1, 3)), 1e-12) / E4M3_MAX
        codes = to_e4m3((blocks / scale[:, None, :, None]).reshape(SHAPE))
        tensors += [(f"{number}.weight", "F8_E4M3", codes), (f"{number}.weight_scale_inv", "F32", scale.astype("<f4"))]
    if not tensors:
        raise SystemExit(f"{model}: has fewer than {np.prod(SHAPE)} weights in BF16")
    return tensors


def write_file(path, tensors, size):
    """A safetensors file of about `size` bytes: the tensors again and again, none like another."""
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


class Run:
    """A run of the tool: seconds by the clock and of processors, what share of these one thread alone worked, and the
    most bytes of memory."""

    def __init__(self, *command):
        start, times, self.peak_bytes = time.perf_counter(), {}, 0
        process = subprocess.Popen([str(part) for part in command])
        proc = pathlib.Path("/proc") / str(process.pid)
        while process.poll() is None:
            # Not ru_maxrss, which counts this process too, as it was when it forked.
            high = re.search(r"VmHWM:\s+(\d+) kB", (proc / "status").read_text())
            self.peak_bytes = int(high[1]) * 1024 if high else self.peak_bytes
            for task in (proc / "task").iterdir():
                with contextlib.suppress(OSError):
                    times[task.name] = int((task / "schedstat").read_text().split()[0]) / 1e9
            time.sleep(0.02)
        if process.returncode:
            raise SystemExit(f"{process.args} failed")
        self.wall, self.seconds = time.perf_counter() - start, sum(times.values())
        # The first thread takes part in all work, the others in parallel work only, and as much.
        first = times.pop(str(process.pid))
        self.serial = max(0, first - statistics.mean(times.values())) / self.seconds if times else 1.0


def measure(uwt, model, size, threads):
    """What one file costs."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as name:
        source, target = pathlib.Path(name) / "model", pathlib.Path(name) / "out"
        source.mkdir()
        write_file(source / "model.safetensors", quantised(model), size)
        size, container = (source / "model.safetensors").stat().st_size, target / "model.uwt.safetensors"
        shard = [uwt, "compress", source, "-o", target, "-q", "-T", threads, "--shard"]
        compared, checked, finished = Run(*shard, "0/1"), Run(*shard, "0/1"), Run(*shard, "finish")
        stored = container.stat().st_size
        container.unlink()
        uncompared = Run(*shard, "0/1", "--no-verify")
        works = {"compared": compared, "uncompared": uncompared, "checked": checked}
        return {
            "bytes": size,
            "stored_bytes": stored,
            **{name: {"bytes_per_second": size / run.seconds, "serial": run.serial} for name, run in works.items()},
            "finish_seconds": finished.wall,
            "peak_bytes": max(run.peak_bytes for run in works.values()),
        }


class Worker:
    """A simulated machine: the files that it takes from, what is left of the one that it is at, how many it has yet to
    check and has completed, and when it is there again."""

    def __init__(self, files):
        self.files, self.left, self.checks, self.complete, self.back_at = files, 0.0, 0.0, 0, 0.0

    @property
    def busy(self):
        return self.left > 0 or self.checks > 0


def simulate(plan, seed):
    """Seconds until the last file is there, workers that died, and the share of all workers' time that was busy."""
    rng = random.Random(seed)
    static, files = plan.way == "shards", [0] * plan.files
    workers = [Worker(files[index :: plan.workers] if static else files) for index in range(plan.workers)]
    now, deaths, busy = 0.0, 0, 0.0
    while True:
        for worker in workers:
            if not worker.busy and worker.files and now >= worker.back_at:
                worker.files.pop()
                worker.left = 1.0
        active = [worker for worker in workers if worker.busy and now >= worker.back_at]
        if not any(worker.busy or worker.files for worker in workers):
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
                    worker.files.append(0)
                worker.left = 0.0
                worker.checks = worker.complete if static else 0
            elif worker.checks > 0:
                worker.checks = max(0, worker.checks - STEP * check)
            else:
                worker.left -= STEP * compress
                if worker.left <= 0:
                    worker.complete += 1


def spread(work, size, threads):
    """Seconds of measured work on `size` bytes, by so many threads."""
    return size / work["bytes_per_second"] * (work["serial"] + (1 - work["serial"]) / threads)


def plans(options, costs):
    """Each way and each storage: a namespace that `simulate` takes."""
    size, ratio = options.gb * 1e9, costs["stored_bytes"] / costs["bytes"]
    reads = 1 if options.cached else 2
    for way in ("shards", "files"):
        for storage in options.storage:
            for compared in (True, False):
                again = 1 + ratio if compared and not options.cached else 0
                yield argparse.Namespace(
                    way=way,
                    compared=compared,
                    files=options.files,
                    workers=options.workers,
                    storage=storage * 1e9,
                    link=options.link * 1e9,
                    compress_seconds=spread(costs["compared" if compared else "uncompared"], size, options.threads),
                    compress_traffic=size * (reads + ratio + again),
                    check_seconds=spread(costs["checked"], size, options.threads),
                    check_traffic=size * (1 + 2 * ratio),
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
    parser.add_argument("--threads", type=int, default=8, help="of a worker; what is measured has as many")
    parser.add_argument("--storage", type=float, nargs="+", default=[10, 40, 160], help="GB/s of the storage for all")
    parser.add_argument("--link", type=float, default=3, help="GB/s of a worker")
    parser.add_argument("--cached", action="store_true", help="workers keep a file and its output in their page cache")
    parser.add_argument("--mean-life", type=float, default=1, help="hours until a worker dies, on average")
    parser.add_argument("--restart", type=float, default=60, help="seconds until another takes its place")
    parser.add_argument("--runs", type=int, default=20, help="simulations of each plan")
    options = parser.parse_args()
    if options.costs:
        costs = json.loads(options.costs.read_text())
    elif options.model:
        costs = measure(options.uwt, options.model, options.measured_gb * 1e9, options.threads)
    else:
        parser.error("give --model, or --costs of an earlier run")
    print(json.dumps(costs), flush=True)
    print(f"{options.workers} workers of {options.threads} threads, {costs['peak_bytes'] / 1e6:.0f} MB each at most; "
          f"{options.files} files of {options.gb} GB, finished in {costs['finish_seconds'] * options.files:.1f} s")
    print("| way | compared | storage, GB/s | minutes, median | slowest | deaths | busy |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for plan in plans(options, costs):
        seconds, deaths, busy = zip(*(simulate(plan, seed) for seed in range(options.runs)))
        minutes = f"{statistics.median(seconds) / 60:.1f} | {max(seconds) / 60:.1f}"
        print(f"| {plan.way} | {'yes' if plan.compared else 'no'} | {plan.storage / 1e9:.0f} | {minutes} | "
              f"{statistics.mean(deaths):.1f} | {statistics.mean(busy):.0%} |")


if __name__ == "__main__":
    main()
