"""Every form in which a weight meets its product: the bits of upstream's own lowering.

The modules (weight_forms_generator.py) have exact sums, so that the order of additions does not matter.
"""

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
    return folder, [(dtype, *result) for (dtype, _), result in zip(module.outputs, results)]


@pytest.mark.parametrize("choice", [["--raw"], ["--format", "inplace<12>"], ["--format", "huffman<12,2>"]])
def test_same_bits_as_upstream(uwt, reference, choice):
    folder, expected = reference
    output = folder / f"{choice[-1].strip('-')[:3]}.safetensors"
    uwt("run", folder / "forms.mlir", "--input", folder / "x.safetensors", "-o", output, "-q", "--optimise", 0, "--min-elements", 1, *choice)
    actual = read(output)
    wrong = [form for form, a, b in zip(forms.FORMS, actual, expected) if a != b]
    assert not wrong and len(actual) == len(expected)


def test_only_what_is_listed_stays_dense(uwt, tmp_path):
    path = tmp_path / "module.mlir"
    path.write_text(forms.generate(7).text)
    result = uwt("compile", path, "--emit", "mlir", "-v", "--min-elements", "1")
    left = [line for line in result.stderr.splitlines() if "is not fused" in line]
    assert len(left) == len(forms.LEFT_ALONE), left
    assert "as a depthwise convolution's" in left[0]
