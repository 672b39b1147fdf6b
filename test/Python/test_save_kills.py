"""save_file that is killed leaves the old file or the new one, and no plain copy."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import uwt
import uwt.safetensors
import uwt.safetensors.numpy

#: Kills of a run; UWT_KILLS asks for more.
KILLS = int(os.environ.get("UWT_KILLS", "30"))
BYTES = 24 << 20

SAVE = """
import sys, numpy as np, uwt.safetensors, uwt.safetensors.numpy
target, seed, memory = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "memory"
if not memory:
    uwt.safetensors._free_memory = lambda: 0
tensors = {f"w{i}": np.full((1 << 20,), seed, "<f4") + np.arange(1 << 20, dtype="<f4") for i in range(6)}
print("begin", flush=True)
uwt.safetensors.numpy.save_file(tensors, target, {"seed": str(seed)}, threads=1)
print("end", flush=True)
"""


def start(target, seed, where):
    command = [sys.executable, "-c", SAVE, str(target), str(seed), where]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"begin\n"
    return process


def seed_of(target):
    opened = uwt.Container(target)
    seed = int(opened.metadata()["seed"])
    for name in ("w0", "w5"):
        assert opened.read(name, threads=1)[1] == seed + 1
    return seed


@pytest.mark.parametrize("where", ["memory", "folder"])
def test_a_kill_leaves_no_plain_copy(tmp_path, where):
    target, chosen = tmp_path / "model.safetensors", random.Random(where)
    process = start(target, 1, where)
    begun = time.monotonic()
    process.wait()
    length, seeds, interrupted = time.monotonic() - begun, {1}, 0
    for kill in range(KILLS // 2):
        seed = kill + 2
        process = start(target, seed, where)
        time.sleep(chosen.random() * length)
        process.send_signal(signal.SIGKILL)
        interrupted += process.wait() == -signal.SIGKILL
        seeds.add(seed)
        assert seed_of(target) in seeds
        left = [each for each in tmp_path.iterdir() if each != target]
        # What the library writes, compressed: its next run takes it over.
        assert all(each.is_file() and each.name.endswith(".uwt-partial") for each in left), left
        assert sum(each.stat().st_size for each in left) < BYTES
    assert interrupted
    start(target, 1000, where).wait()
    assert seed_of(target) == 1000 and list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("where", ["memory", "folder"])
def test_what_fails_leaves_what_was_there(tmp_path, monkeypatch, where):
    if where == "folder":
        monkeypatch.setattr(uwt.safetensors, "_free_memory", lambda: 0)
    target = tmp_path / "m.safetensors"
    for _ in range(2):
        with pytest.raises(uwt.UsageError, match="'smalest' is no format"):
            uwt.safetensors.numpy.save_file({"w": np.zeros(8, "f4")}, target, format="smalest")
        assert list(tmp_path.iterdir()) == []
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(uwt.UsageError, match=f"^{folder}: is a folder"):
        uwt.safetensors.numpy.save_file({"w": np.zeros(8, "f4")}, folder)
    with pytest.raises((OSError, uwt.UwtError), match="absent"):
        uwt.safetensors.numpy.save_file({"w": np.zeros(8, "f4")}, tmp_path / "absent" / "m.safetensors")
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("where", ["memory", "folder"])
def test_messages_and_permissions_are_the_targets(tmp_path, monkeypatch, where):
    if where == "folder":
        monkeypatch.setattr(uwt.safetensors, "_free_memory", lambda: 0)
    target = tmp_path / "m.safetensors"
    before = len(os.listdir("/proc/self/fd"))
    for mask in (0o022, 0o077, 0o002):
        old = os.umask(mask)
        try:
            uwt.safetensors.numpy.save_file({"w": np.zeros(8, "f4")}, target)
        finally:
            os.umask(old)
        assert target.stat().st_mode & 0o777 == 0o666 & ~mask
        target.unlink()
    with pytest.raises(uwt.UwtError) as raised:
        uwt.safetensors.numpy.save_file({"w": np.zeros(8, "f4")}, target, format="nonsense")
    assert "/proc/" not in str(raised.value)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_plain_copy_that_older_versions_left_is_no_part_of_the_folder(tmp_path):
    from conftest import write_safetensors

    left = tmp_path / "m" / ".uwt-abc"
    left.mkdir(parents=True)
    write_safetensors(left / "plain.safetensors", {"w": ("U8", (1,), b"a"), "x": ("U8", (1,), b"a")})
    write_safetensors(tmp_path / "m" / "model.safetensors", {"w": ("U8", (1,), b"b")})
    assert [each.name for each in uwt.inspect(tmp_path / "m").tensors] == ["w"]
    assert uwt.slice(tmp_path / "m", "w").tobytes() == b"b"
    uwt.compress(tmp_path / "m", tmp_path / "c")
    assert [each.name for each in uwt.inspect(tmp_path / "c").tensors] == ["w"]


def test_both_ways_write_the_same_bytes(tmp_path, monkeypatch):
    tensors = {"w": np.arange(5000, dtype="f4"), "b": np.arange(7, dtype="u1")}
    uwt.safetensors.numpy.save_file(tensors, tmp_path / "memory", {"a": "b"})
    monkeypatch.setattr(uwt.safetensors, "_free_memory", lambda: 0)
    uwt.safetensors.numpy.save_file(tensors, tmp_path / "folder", {"a": "b"})
    assert (tmp_path / "memory").read_bytes() == (tmp_path / "folder").read_bytes()
    assert uwt.safetensors._free_memory() == 0
    monkeypatch.undo()
    assert uwt.safetensors._free_memory() > 0
    assert pathlib.Path("/proc/self/status").exists()
