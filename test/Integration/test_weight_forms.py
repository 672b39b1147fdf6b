"""Every form in which a weight meets its product: the bits of upstream's own lowering.

The modules (weight_forms_generator.py) have exact sums, so that the order of additions does not matter.
"""

import json
import random

import pytest
import safetensors_file as st
import upstream_lowering
import weight_forms_generator as forms
from test_random_modules import read

SEEDS = range(2)

pytestmark = pytest.mark.skipif(
    not upstream_lowering.available(), reason="mlir-opt, mlir-translate or clang is missing"
)


@pytest.fixture(scope="module", params=SEEDS)
def reference(request, tmp_path_factory):
    """A module in a folder, and its results as upstream computes them."""
    folder = tmp_path_factory.mktemp(f"forms{request.param}")
    module = forms.generate(request.param, is_reference=True)
    library = upstream_lowering.compile_module(module.text, folder)
    results = upstream_lowering.run_module(library, module)
    inputs = {f"arg{i}": entry for i, entry in enumerate(module.inputs)}
    st.write(folder / "x.safetensors", inputs)
    (folder / "forms.mlir").write_text(forms.generate(request.param).text)
    write_weights(request.param, folder)
    return folder, [(dtype, *result) for (dtype, _), result in zip(module.outputs, results)]


def write_weights(seed, folder):
    """The module without data, and its weights in a file, each among others of its shape."""
    source, weights, tensors = random.Random(seed), {}, {}
    (folder / "bound.mlir").write_text(forms.generate(seed, stored=weights).text)
    for name, (dtype, shape, data) in weights.items():
        for i in range(4):
            other = bytearray(data)
            other[source.randrange(len(data) // 2) * 2] ^= 1
            tensors[name if i == 2 else f"{name}.{i}"] = (dtype, shape, bytes(other) if i != 2 else data)
    st.write(folder / "weights.safetensors", tensors)


@pytest.mark.parametrize("choice", [["--raw"], ["--format", "inplace<12>"], ["--format", "huffman<12,2>"]])
def test_same_bits_as_upstream(uwt, reference, choice):
    folder, expected = reference
    output = folder / f"{choice[-1].strip('-')[:3]}.safetensors"
    uwt("run", folder / "forms.mlir", "--input", folder / "x.safetensors", "-o", output, "-q", "--optimise", 0, "--min-elements", 1, *choice)
    actual = read(output)
    wrong = [form for form, a, b in zip(forms.FORMS, actual, expected) if a != b]
    assert not wrong and len(actual) == len(expected)


@pytest.mark.parametrize("choice", ["best-size", "smallest", "fast", "palette<4>"])
def test_same_bits_from_a_container(uwt, reference, choice):
    """Convolutions and thin matrices are stored folded, and tensors of one shape as a stack; where size decides, those of
    these few numbers are packed."""
    folder, expected = reference
    container, output = folder / f"{choice[0]}.uwt.safetensors", folder / f"bound-{choice[0]}.safetensors"
    uwt("compress", folder / "weights.safetensors", "-o", container, "--format", choice)
    listing = json.loads(uwt("inspect", container, "--json", "--headers-only").stdout)
    stored = [tensor for tensor in listing["tensors"] if tensor["name"].count(".") == 1]
    formats = [tensor["format"] or "" for tensor in stored]
    if choice in ("best-size", "smallest"):
        assert "packed" in formats
    else:
        for fold in ("fold=columns<", "fold=flat<"):
            assert [text for text in formats if fold in text]
        assert [tensor for tensor in stored if "stack" in tensor]
    uwt("run", folder / "bound.mlir", "--weights", container, "--input", folder / "x.safetensors", "-o", output, "-q", "--optimise", 0)
    actual = read(output)
    wrong = [form for form, a, b in zip(forms.FORMS, actual, expected) if a != b]
    assert not wrong and len(actual) == len(expected)


@pytest.mark.parametrize("seed", [7, 9, 13])
def test_only_what_is_listed_stays_dense(uwt, tmp_path, seed):
    """Neither in a product nor beside it."""
    path, weights = tmp_path / "module.mlir", {}
    path.write_text(forms.generate(seed, stored=weights).text)
    st.write(tmp_path / "weights.safetensors", weights)
    result = uwt("compile", path, "--emit", "mlir", "-v", "--weights", tmp_path / "weights.safetensors")
    left = [line for line in result.stderr.splitlines() if "is not fused" in line]
    dense = [line for line in result.stderr.splitlines() if "is decoded when it is loaded" in line]
    assert len(left) == len(dense) == len(forms.LEFT_ALONE), left + dense
    assert "as a depthwise convolution's" in left[0]
