"""A target folder is the old model or the new one, whatever kills the writer (write-5, write-6)."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
import safetensors.numpy

#: Kills of a run; UWT_KILLS asks for more.
KILLS = int(os.environ.get("UWT_KILLS", "30"))
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
FILES = 4


def write_model(folder, seed, extra=()):
    """A model of several files, whose weights, configuration and vocabulary all tell its seed."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    names = {}
    for i in range(FILES):
        file = f"model-{i + 1:05}-of-{FILES:05}.safetensors"
        tensors = {
            f"layers.{i}.{part}.weight": rng.standard_normal((256, 512)).astype(np.float32)
            for part in ("up", "down")
        }
        safetensors.numpy.save_file(tensors, folder / file)
        names |= dict.fromkeys(tensors, file)
    index = {"metadata": {}, "weight_map": names}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    for name in ("config.json", "tokenizer.json", *extra):
        (folder / name).write_text(json.dumps({"seed": seed}))


def contents(folder):
    """Everything in a folder; None if there is none."""
    if not folder.exists():
        return None
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Case:
    """One command, what its target was before, and what it is after."""

    def __init__(self, uwt, folder, command, source, old, forced):
        self.target, self.old_folder = folder / "target", old
        self.command = [uwt.binary, command, source, "-o", self.target, "-T", "1", "-q"]
        self.command += ["-f"] if forced else []
        self.reset()
        self.old = contents(self.target)
        begin = time.monotonic()
        subprocess.run(self.command, check=True)
        self.seconds = time.monotonic() - begin
        self.new = contents(self.target)
        assert self.new not in (None, self.old)

    def reset(self):
        shutil.rmtree(self.target, ignore_errors=True)
        if self.old_folder:
            shutil.copytree(self.old_folder, self.target)

    def kill(self, how, when):
        process = subprocess.Popen(self.command, stderr=subprocess.PIPE)
        time.sleep(when * self.seconds)
        process.send_signal(how)
        process.communicate()
        return process.returncode != 0


@pytest.fixture(scope="module")
def cases(uwt, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kills")
    a, b, empty = folder / "a", folder / "b", folder / "empty"
    write_model(a, 1, extra=("generation_config.json",))
    write_model(b, 2, extra=("chat_template.jinja",))
    empty.mkdir()
    for model in (a, b):
        uwt("compress", model, "-o", folder / f"{model.name}-uwt")
    (folder / "a-uwt" / "notes.txt").write_text("mine")
    kinds = (("compress", b, folder / "a-uwt"), ("decompress", folder / "b-uwt", a))
    return [
        Case(uwt, folder_of_case(folder, number), command, source, old, forced)
        for number, (command, source, old, forced) in enumerate(
            (command, source, old, forced)
            for command, source, model in kinds
            for old, forced in ((None, False), (empty, False), (model, True))
        )
    ]


def folder_of_case(folder, number):
    place = folder / f"case-{number}"
    place.mkdir()
    return place


def test_old_or_new_after_a_kill(cases):
    chosen = random.Random(68)
    counts = {"old": 0, "new": 0, "killed": 0}
    for kill in range(KILLS):
        case = cases[kill % len(cases)]
        case.reset()
        how = SIGNALS[kill // len(cases) % len(SIGNALS)]
        counts["killed"] += case.kill(how, chosen.random() * 1.1)
        found = contents(case.target)
        assert found in (case.old, case.new), (case.command, how, found)
        counts["new" if found == case.new else "old"] += 1
        # The same command then finishes, and nothing else is left beside the target.
        if found != case.new:
            subprocess.run(case.command, check=True)
            assert contents(case.target) == case.new
            assert [path.name for path in case.target.parent.iterdir()] == ["target"]
    print(counts)
    assert counts["killed"] and counts["old"] and counts["old"] + counts["new"] == KILLS


def test_what_the_new_model_does_not_have(cases):
    compressed, plain = cases[2], cases[5]
    assert "notes.txt" in compressed.new and "generation_config.json" not in compressed.new
    assert "generation_config.json" not in plain.new and "chat_template.jinja" in plain.new


def test_a_foreign_model_in_the_target(uwt, cases, tmp_path):
    """A loader takes model.safetensors before an index."""
    source, target = cases[3].command[2], tmp_path / "target"
    target.mkdir()
    safetensors.numpy.save_file({"w": np.zeros(4, "f4")}, target / "model.safetensors")
    before = contents(target)
    refused = uwt("decompress", source, "-o", target, check=False)
    assert refused.returncode == 2 and "model.safetensors: is no part of the model" in refused.stderr
    assert contents(target) == before
    done = uwt("decompress", source, "-o", target, "-f")
    assert "removed, of the model that was replaced: model.safetensors" in done.stdout
    assert contents(target) == cases[3].new


def test_in_place_readers_wait(uwt, cases, tmp_path):
    """A folder of the user's files is written in place, and refused until it is complete."""
    source, target = cases[3].command[2], tmp_path / "target"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    uwt("decompress", source, "-o", target)
    assert contents(target) == cases[3].new | {"mine.txt": hashlib.sha256(b"mine").hexdigest()}
    (target / ".unfinished.uwt-partial").write_text("")
    (target / "config.json").unlink()
    for command in (["inspect"], ["verify"], ["compress", "-o", tmp_path / "x"]):
        refused = uwt(command[0], target, *command[1:], check=False)
        assert refused.returncode == 3 and "is not complete" in refused.stderr, command
    uwt("decompress", source, "-o", target)
    uwt("inspect", target)
    assert not (target / ".unfinished.uwt-partial").exists()
