"""The kit's packs can be made, of matrices with tails and an odd number of groups too: no kernel spills."""

import importlib.util
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "test" / "Benchmarks" / "gpu_packs.py"


# Tails in the formats of the whole grid, in groups with zero points, and in rows with one scale; in the others an odd number of groups.
FORMATS = {
    "4100x4111": ["raw", "inplace12", "window4", "huffman", "int4zero", "nf4", "int8"],
    "4096x2880": ["inplace12", "int4", "mxfp4", "nvfp4", "fp8block"],
}


def test_every_format_has_a_shape():
    spec = importlib.util.spec_from_file_location("gpu_packs", SCRIPT)
    packs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(packs)
    assert set().union(*FORMATS.values()) == set(packs.FORMATS | packs.QUANTIZED)


@pytest.mark.parametrize("shape", FORMATS)
def test_packs_are_made(shape, pytestconfig, tmp_path):
    uwt = pytestconfig.getoption("--uwt").resolve()
    # Of several targets no profile is made.
    command = [sys.executable, SCRIPT, "--uwt", uwt, "--shapes", shape, "--target", "sm_90a,sm_80", "--out", tmp_path]
    command += ["--formats", ",".join(FORMATS[shape])]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert {path.stem for path in tmp_path.glob("*.uwtpack")} == set(FORMATS[shape])


def test_a_pack_that_cannot_be_made_is_an_error(pytestconfig, tmp_path):
    uwt = pytestconfig.getoption("--uwt").resolve()
    command = [sys.executable, SCRIPT, "--uwt", uwt, "--shapes", "64x64", "--target", "sm_70", "--out", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "raw is not made: uwt: error: unknown" in run.stderr


def test_experiments_can_be_built(pytestconfig, tmp_path):
    uwt = pytestconfig.getoption("--uwt").resolve()
    spec = importlib.util.spec_from_file_location("gpu_packs", SCRIPT)
    packs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(packs)
    shape, fmt = packs.EXPERIMENT
    for name, strategies in packs.EXPERIMENTS.items():
        for m, strategy in strategies.items():
            module = tmp_path / f"{name}.m{m}.mlir"
            module.write_text(packs.pinned_product(*shape, fmt, m, strategy))
            command = [uwt, "compile", module, "--target", "sm_90a", "--format", fmt, "--emit", "ptx", "-o", tmp_path / f"{name}.m{m}.ptx"]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            assert run.returncode == 0, f"{name}.m{m}: {run.stderr}"
