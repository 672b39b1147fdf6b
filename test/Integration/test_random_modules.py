"""Random linalg modules: what UWT compiles gives the bits of upstream's own lowering.

The modules (linalg_generator.py) have exact sums, so that the order of additions does not matter.
"""

import json

import linalg_generator
import pytest
import safetensors_file as st
import upstream_lowering

SEEDS = range(12)
FORMATS = ["inplace<12>", "huffman<12,2>", "raw"]

pytestmark = pytest.mark.skipif(
    not upstream_lowering.available(), reason="mlir-opt, mlir-translate or clang is missing"
)


def read(path):
    """[(dtype, shape, bytes)] of out0, out1, …"""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    results = []
    for i in range(len([name for name in header if name != "__metadata__"])):
        entry = header[f"out{i}"]
        begin, end = (8 + length + at for at in entry["data_offsets"])
        results.append((entry["dtype"], entry["shape"], data[begin:end]))
    return results


@pytest.fixture(scope="module", params=SEEDS)
def reference(request, tmp_path_factory):
    """A module in a folder, and its results as upstream computes them."""
    folder = tmp_path_factory.mktemp(f"seed{request.param}")
    module = linalg_generator.generate(request.param)
    upstream = linalg_generator.generate(request.param, is_reference=True)
    library = upstream_lowering.compile_module(upstream.text, folder)
    results = upstream_lowering.run_module(library, module)
    inputs = {f"arg{i}": entry for i, entry in enumerate(module.inputs)}
    st.write(folder / "x.safetensors", inputs)
    (folder / "random.mlir").write_text(module.text)
    return folder, [(dtype, *result) for (dtype, _), result in zip(module.outputs, results)]


@pytest.mark.parametrize("format_text", FORMATS)
def test_same_bits_as_upstream(uwt, reference, format_text):
    folder, expected = reference
    output = folder / f"{FORMATS.index(format_text)}.safetensors"
    choice = ["--raw"] if format_text == "raw" else ["--format", format_text]
    # LLVM's optimisations change no bits: for one format suffices.
    choice += [] if format_text == FORMATS[0] else ["--optimise", "0"]
    inputs = folder / "x.safetensors"
    uwt("run", folder / "random.mlir", "--input", inputs, "-o", output, "-q", *choice)
    assert read(output) == expected
