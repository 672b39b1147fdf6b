"""Compressing a folder on many machines, with Ray (the extra `ray`).

Every machine has this version of the package, and sees the folders under the same paths.
"""

from __future__ import annotations

import os
import pathlib
from itertools import islice
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from . import files
from ._library import version
from .errors import Interrupted, IoError, UsageError
from .files import PathLike, Progress, Report, compressed_path

__all__ = ["compress"]


def _compress_shard(driver: str, folder: str, target: str, options: dict[str, Any]) -> int:
    """On a worker: compresses a shard; the bytes of its files."""
    if version() != driver:
        raise UsageError(f"a worker has uwt {version()}, the caller has {driver}: install the same one everywhere")
    return files.compress(folder, target, **options).input_bytes


def _threads(workers: int | None) -> int:
    """CPUs of a task that the smallest machine has, and with which so many run at a time."""
    nodes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    cpus = [count for count in nodes if count > 0]
    if not cpus:
        raise UsageError("the Ray cluster has no CPUs: start workers that have some")
    return min(cpus) if workers is None else max(1, min(min(cpus), sum(cpus) // workers))


def _result(task: ray.ObjectRef, folder: str) -> int:
    """What a task gives, or the error of `uwt.compress` that it failed with."""
    try:
        return ray.get(task)
    except RayTaskError as error:
        raise error.cause from None
    except RayError as error:
        what = type(error).__name__
        raise IoError(f"{folder}: a worker was lost too often ({what}); call again to continue") from error


def _run(task: Any, calls: list[tuple[Any, ...]], workers: int, watch: files._Watch, total: int) -> None:
    """Runs the calls, at most `workers` at a time; where one fails, ends the others."""
    left, done = iter(calls), 0
    running: set[ray.ObjectRef] = set()
    try:
        while True:
            running.update(task.remote(*call) for call in islice(left, workers - len(running)))
            if not running:
                return
            (ready,), _ = ray.wait(list(running), num_returns=1)
            running.remove(ready)
            done += _result(ready, calls[0][1])
            if watch.told and watch.told(done, total):
                raise Interrupted("stopped by the progress callback; call again to continue")
    finally:
        for each in running:
            ray.cancel(each, force=True)
        if running:  # A later call finds none of them writing.
            ray.wait(list(running), num_returns=len(running))


def compress(
    folder: PathLike,
    target: PathLike | None = None,
    *,
    workers: int | None = None,
    threads: int | None = None,
    retries: int = 3,
    progress: Progress = None,
    **options: Any,
) -> Report:
    """Compresses a model folder as `uwt.compress` does, to the same bytes, on the machines of a Ray cluster.

    A task is a weight file, the largest ones first. What a lost worker was doing is done again; everything else that is
    complete stays, also for a later call: that one checks it and goes on. It runs on the cluster that `ray.init` has
    connected to, or would connect to; where there is none, on one of this machine, for the length of the call.

    Args:
        target: where to; None for `compressed_path(folder)`.
        workers: tasks at a time; None for one a machine, more on machines with more CPUs than others.
        threads: CPUs of a task; None for what `workers` leaves each.
        retries: how often a file is begun again where its worker is lost.
        progress: as of `uwt.compress`, told after each file; counts weight files only.
        options: others of `uwt.compress`, but for `dry_run` and `shard`.

    Raises as `uwt.compress`; IoError where workers are lost too often.
    """
    for name in ("dry_run", "shard"):
        if options.get(name):
            raise ValueError(f"{name} is an option of uwt.compress, not of uwt.ray.compress")
    if (workers is not None and workers < 1) or (threads is not None and threads < 1):
        raise ValueError(f"workers and threads are at least 1, got {workers} and {threads}")
    to = os.path.abspath(compressed_path(folder) if target is None else target)
    source = os.path.abspath(folder)
    if options.get("base") is not None:
        options["base"] = os.path.abspath(options["base"])
    # Only a guess at what the library takes: more shards than files are empty, and fewer have several.
    sizes = [path.stat().st_size for path in pathlib.Path(source).rglob("*.safetensors") if path.is_file()]
    count = max(1, len(sizes))
    started = not ray.is_initialized()
    if started:
        ray.init()
    try:
        threads = threads or _threads(workers)
        task = ray.remote(_compress_shard).options(num_cpus=threads, max_retries=retries, scheduling_strategy="SPREAD")
        calls = [
            (version(), source, to, {**options, "shard": (index, count), "threads": threads}) for index in range(count)
        ]
        with files._Watch(progress, "compress") as watch:
            _run(task, calls, workers or count, watch, sum(sizes))
    finally:
        if started:
            ray.shutdown()
    return files.compress(source, to, shard="finish", **options)
