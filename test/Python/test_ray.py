"""Folders compressed by several processes: shards, and the workers of a Ray cluster on this machine."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import uwt
from conftest import bf16, model_tensors, write_safetensors

FILES = 5


@pytest.fixture(name="folder", scope="module")
def model_folder(tmp_path_factory):
    """A model of several weight files of different sizes, with an index and other files."""
    folder = tmp_path_factory.mktemp("shards") / "model"
    (folder / "encoder").mkdir(parents=True)
    weight_map = {}
    for number in range(FILES):
        name = f"model-{number + 1:05}-of-{FILES:05}.safetensors"
        tensors = {f"{number}.{key}": value for key, value in model_tensors(number).items()}
        normal = np.random.default_rng(number).normal(0, 0.02, (2048 + 1024 * number, 2048))
        tensors[f"{number}.large"] = ("BF16", normal.shape, bf16(normal).tobytes())
        write_safetensors(folder / name, tensors, {"format": "pt"})
        weight_map.update(dict.fromkeys(tensors, name))
    write_safetensors(folder / "encoder/model.safetensors", model_tensors(9))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text("{}")
    (folder / "nothing").mkdir()
    return folder


@pytest.fixture(name="expected", scope="module")
def one_machines_output(folder):
    """What one call for everything writes, and its report."""
    report = uwt.compress(folder, folder.with_name("expected"), threads=2)
    return contents(folder.with_name("expected")), report


def contents(folder):
    """Everything below a folder: permissions, and bytes of files."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("count", [1, 3, 40])
def test_shards_give_the_bytes_of_one_call(folder, expected, tmp_path, count):
    out = tmp_path / "out"
    reports = [uwt.compress(folder, out, shard=(index, count)) for index in reversed(range(count))]
    assert sum(report.files for report in reports) == FILES + 1
    assert all(path.name.endswith(".uwt.safetensors") for path in out.rglob("*") if path.is_file())
    assert uwt.compress(folder, out, shard="finish") == expected[1]
    assert contents(out) == expected[0]


def test_the_tool_and_the_package_divide_alike(folder, expected, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "uwt", "compress", folder, "-o", out, "-q"]
    subprocess.run([*command, "--shard", "0/2"], check=True, timeout=120)
    uwt.compress(folder, out, shard=(1, 2))
    subprocess.run([*command, "--shard", "finish"], check=True, timeout=120)
    assert contents(out) == expected[0]


def test_progress_of_a_shard_counts_its_files(folder, tmp_path):
    seen = []
    report = uwt.compress(folder, tmp_path / "out", shard=(1, 2), progress=lambda *now: seen.append(now))
    assert {total for _, total in seen} == {report.input_bytes}
    assert 0 < seen[-1][0] <= report.input_bytes


@pytest.mark.parametrize("shard", [(2, 2), (-1, 2), (0, 0), (1,), "end"])
def test_a_wrong_shard_is_refused(folder, tmp_path, shard):
    with pytest.raises(ValueError, match="from 0 to n - 1"):
        uwt.compress(folder, tmp_path / "out", shard=shard)
    assert not (tmp_path / "out").exists()


def writer_of(path):
    """The process that has a file open, or None."""
    for descriptor in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(descriptor) == str(path):
                return int(descriptor.parts[2])
        except OSError:
            pass
    return None


class Killer(threading.Thread):
    """Kills one process that is writing a weight file into a folder, once another file is complete."""

    def __init__(self, out):
        super().__init__(daemon=True)
        self.out, self.killed, self.complete, self.ended = out, None, {}, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        assert self.killed, "no worker was found writing: make the files larger"

    def run(self):
        while not self.killed and not self.ended.is_set():
            time.sleep(0.001)
            complete = {path: path.stat().st_ino for path in self.out.glob("*.uwt.safetensors")}
            for partial in self.out.glob(".*.uwt-partial") if complete else ():
                process = writer_of(partial)
                if process and process != os.getpid():
                    os.kill(process, signal.SIGKILL)
                    self.killed, self.complete = partial, complete
                    return


@pytest.fixture(name="cluster", scope="module")
def ray_cluster():
    """A cluster of two workers on this machine."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        # Other programs of this machine may use its memory.
        patch.setenv("RAY_memory_monitor_refresh_ms", "0")
        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


def test_ray_makes_good_a_killed_worker(cluster, folder, expected, tmp_path):
    import uwt.ray

    out = tmp_path / "out"
    seen = []
    with Killer(out) as killer:
        report = uwt.ray.compress(folder, out, workers=2, progress=lambda *now: seen.append(now))
    assert report == expected[1]
    assert contents(out) == expected[0]
    # What was complete has not been written again.
    assert {path: path.stat().st_ino for path in killer.complete} == killer.complete
    weights = sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
    assert len(seen) == FILES + 1 and seen[-1] == (weights, weights)

    # A second call finds everything there.
    before = {path: path.stat().st_ino for path in out.rglob("*")}
    assert uwt.ray.compress(folder, out) == report
    assert {path: path.stat().st_ino for path in out.rglob("*")} == before


def test_ray_goes_on_where_workers_are_lost_too_often(cluster, folder, expected, tmp_path):
    import uwt.ray

    out = tmp_path / "out"
    with Killer(out) as killer, pytest.raises(uwt.IoError, match="a worker was lost too often .* call again to continue"):
        uwt.ray.compress(folder, out, workers=2, retries=0)
    assert not (out / "uwt.json").exists()
    assert uwt.ray.compress(folder, out, workers=2) == expected[1]
    assert contents(out) == expected[0]
    assert {path: path.stat().st_ino for path in killer.complete} == killer.complete


def test_ray_gives_the_errors_of_compress(cluster, folder, tmp_path):
    import uwt.ray

    with pytest.raises(uwt.UsageError, match="did you mean 'smallest'"):
        uwt.ray.compress(folder, tmp_path / "out", format="smalest")
    with pytest.raises(uwt.UsageError, match="is no folder"):
        uwt.ray.compress(folder / "model-00001-of-00005.safetensors", tmp_path / "out")
    with pytest.raises(uwt.Interrupted, match="call again"):
        uwt.ray.compress(folder, tmp_path / "out", workers=1, progress=lambda *now: True)
    assert not (tmp_path / "out" / "uwt.json").exists()
    for name, value in {"shard": (0, 2), "dry_run": True}.items():
        with pytest.raises(ValueError, match=f"{name} is an option of uwt.compress"):
            uwt.ray.compress(folder, tmp_path / "out", **{name: value})
    with pytest.raises(ValueError, match="at least 1"):
        uwt.ray.compress(folder, tmp_path / "out", workers=0)
