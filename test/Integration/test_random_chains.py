"""Random chains of reshapes, transposes, sums and products compile within the bound on rewrites, and give NumPy's numbers."""

import os

import chain_generator
import numpy as np
import pytest
import safetensors.numpy

#: Chains of a module, and modules; UWT_CHAINS asks for more chains.
PER_MODULE = 20
MODULES = max(1, int(os.environ.get("UWT_CHAINS", "240")) // PER_MODULE)


@pytest.mark.parametrize("seed", range(MODULES))
def test_random_chains(uwt, tmp_path, seed):
    module = chain_generator.generate(seed, PER_MODULE)
    (tmp_path / "chains.mlir").write_text(module.text)
    inputs = {f"arg{i}": np.ascontiguousarray(array) for i, array in enumerate(module.inputs)}
    safetensors.numpy.save_file(inputs, tmp_path / "x.safetensors")
    y = tmp_path / "y.safetensors"
    uwt("run", tmp_path / "chains.mlir", "--input", tmp_path / "x.safetensors", "-o", y, "-q", "--optimise", "0")
    results = safetensors.numpy.load_file(y)
    for i, expected in enumerate(module.outputs):
        assert np.array_equal(results[f"out{i}"], expected), f"chain {i} of seed {seed}"
