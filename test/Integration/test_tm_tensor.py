"""Modules of torch-mlir with operations of tm_tensor: results are PyTorch's.

tm_tensor/NAME.mlir is what torch-mlir 20261001 wrote; NAME.io.safetensors has its inputs and PyTorch's results.
"""

import pathlib

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

MODULES = pathlib.Path(__file__).parent / "tm_tensor"
NAMES = sorted(path.stem for path in MODULES.glob("*.mlir"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [(), ("--no-runtime-checks",)], ids=["checked", "unchecked"])
def test_results_are_those_of_pytorch(uwt, tmp_path, name, options):
    tensors = load_file(MODULES / f"{name}.io.safetensors")
    x, y = tmp_path / "x.safetensors", tmp_path / "y.safetensors"
    save_file({key: value for key, value in tensors.items() if key.startswith("arg")}, x)
    uwt("run", MODULES / f"{name}.mlir", "--input", x, "-o", y, "-q", *options)
    given = load_file(y)
    expected = {key: value for key, value in tensors.items() if key.startswith("out")}
    assert given.keys() == expected.keys()
    for key, value in expected.items():
        assert given[key].dtype == value.dtype and given[key].shape == value.shape
        if value.dtype.kind == "f":
            np.testing.assert_allclose(given[key], value, rtol=1e-5, atol=1e-6, err_msg=key)
        else:
            np.testing.assert_array_equal(given[key], value, err_msg=key)


def test_an_index_outside_is_an_error(uwt, tmp_path):
    tensors = load_file(MODULES / "kv-cache.io.safetensors")
    x = tmp_path / "x.safetensors"
    inputs = {key: value for key, value in tensors.items() if key.startswith("arg")}
    inputs["arg2"] = np.array([2, 8])
    save_file(inputs, x)
    y = tmp_path / "y.safetensors"
    result = uwt("run", MODULES / "kv-cache.mlir", "--input", x, "-o", y, "-q", check=False)
    assert result.returncode == 3
    assert "index 8 is outside of dimension 2, whose size is 8" in result.stderr
    assert not y.exists()
