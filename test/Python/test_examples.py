"""The examples and the notebook of python/examples run as they are."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, bf16, write_safetensors

EXAMPLES = ROOT / "python" / "examples"


def run(name, *arguments):
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(path, values):
    write_safetensors(path, {"w": ("BF16", values.shape, bf16(values).tobytes())})
    return path


@pytest.fixture(name="values")
def normal_values():
    return np.random.default_rng(2).normal(0, 0.02, (256, 192)).astype("<f4")


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_is_short(example):
    assert len(example.read_text(encoding="utf-8").splitlines()) <= 20


def test_compress(plain):
    out = run("compress.py", plain)
    assert "damage: none" in out and "the same bytes: True" in out


def test_slices(tmp_path, values):
    import uwt

    pytest.importorskip("ml_dtypes")
    uwt.compress(write(tmp_path / "model.safetensors", values), tmp_path / "model.uwt.safetensors")
    out = run("slices.py", tmp_path / "model.uwt.safetensors", "w")
    assert "[(64, 192), (64, 192), (64, 192), (64, 192)]" in out
    assert "equal to those of the whole: True" in out and "all of it: True" in out


def test_fine_tune(tmp_path, values):
    tuned = values.copy()
    tuned[3:9] *= 1.5
    out = run("fine_tune.py", write(tmp_path / "base.safetensors", values), write(tmp_path / "tuned.safetensors", tuned))
    assert "the same bytes: True" in out
    alone, against = (int(each) for each in out.split("[")[1].split("]")[0].split(","))
    assert against < alone / 3


def test_pytorch():
    pytest.importorskip("torch")
    assert "inplace<12>" not in run("pytorch.py")


def test_the_notebook(tmp_path, monkeypatch, capsys):
    pytest.importorskip("ml_dtypes")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    notebook = json.loads((EXAMPLES / "tour.ipynb").read_text(encoding="utf-8"))
    names = {"__name__": "__main__"}
    for cell in notebook["cells"]:
        assert cell["cell_type"] == "markdown" or cell["outputs"] == []
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "tour.ipynb", "exec"), names)  # noqa: S102
    out = capsys.readouterr().out
    assert "damage: none" in out and "(1024, 256)" in out and "smallest:" in out
    assert (names["folder"] / "plain.safetensors").is_file()
