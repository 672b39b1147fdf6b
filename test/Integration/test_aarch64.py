"""The tool on 64-bit Arm beside this machine's own: `tools/test.sh aarch64` runs it under qemu."""

import json
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMATS = [
    "inplace<12>",
    "inplace<11>",
    "window<4>",
    "palette<4>",
    "huffman<12,2>",
    "huffman<12,1>, coded=exponent+2, context=row_class<8>",
    "rans<12>, coded=exponent+2, context=scale<8>",
]


@pytest.fixture(scope="module", autouse=True)
def arm(uwt):
    if "aarch64" not in json.loads(uwt("doctor", "--json").stdout)["system"]:
        pytest.skip("--uwt is no tool for 64-bit Arm")


@pytest.fixture(scope="module")
def here(pytestconfig):
    """This machine's own tool, or None where it is not built."""
    tool = ROOT / "build" / "bin" / "uwt"
    if not tool.exists():
        pytest.skip("build/bin/uwt is missing")

    def run(*arguments):
        subprocess.run([tool, *map(str, arguments)], check=True, capture_output=True)

    return run


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    maker = ROOT / "test" / "tools" / "Inputs" / "make_weights.py"
    subprocess.run(["python3", maker, path], check=True)
    return path


@pytest.mark.parametrize(
    "processor, matrix, native",
    [("max", ["bf16", "i8mm", "asimddp"], "neon-bf16"), ("cortex-a72", [], "neon")],
)
def test_doctor_names_what_is_used(uwt, monkeypatch, processor, matrix, native):
    monkeypatch.setenv("QEMU_CPU", processor)
    facts = json.loads(uwt("doctor", "--json").stdout)
    assert facts["code_path"]["best"] == "neon"
    assert facts["matrix"] == matrix
    assert facts["amx"]["native_target"] == native


@pytest.mark.parametrize("format", FORMATS)
def test_both_machines_write_the_same_bytes(uwt, here, weights, tmp_path, format):
    arguments = ["compress", weights, "--format", format, "-q"]
    uwt(*arguments, "-o", tmp_path / "arm")
    here(*arguments, "-o", tmp_path / "here")
    assert (tmp_path / "arm").read_bytes() == (tmp_path / "here").read_bytes()
    uwt("decompress", tmp_path / "here", "-o", tmp_path / "original", "-q")
    assert (tmp_path / "original").read_bytes() == weights.read_bytes()
