"""Blocks of models as front ends write them: compiled, run, and compared with PyTorch's results.

Every function of every module in frontends/models; model_blocks.py says how they are made, and
model_table.py prints what these tests see.
"""

import functools

import model_blocks
import pytest

# Products from weights in each function: all but those of attention.
FUSED = {
    "bert": {"main": 7},
    "clip": {"text": 7, "image": 8},
    "gemma": {"main": 8},
    "gpt2": {"main": 5},
    "llama": {"prefill": 8, "decode": 8},
    "mistral": {"main": 8},
    "mixtral": {"main": 8},
    "phi": {"main": 7},
    "qwen2": {"main": 8},
    "qwen3": {"main": 8},
    "vit": {"main": 8},
    "whisper": {"encode": 8, "prefill": 11, "decode": 9},
}
# Relative errors in the L2 norm: BF16 has 8 bits, and sums in another order round otherwise.
WITHIN = 0.012
# The same between this machine and a GPU, whose sums are added in another order: one rounding.
APART = 2.0**-8
CALLS = [(name, function) for name in model_blocks.names() for function in model_blocks.functions(name)]
# On the emulator, one function of a model suffices.
EMULATED = [(name, function) for name, function in CALLS if function in ("main", "text", "decode")]


def test_every_block_is_here():
    """A block that is added has its numbers of products."""
    assert {name: list(counts) for name, counts in FUSED.items()} == {
        name: model_blocks.functions(name) for name in model_blocks.names()
    }


@pytest.fixture(scope="module")
def on_cpu(uwt, tmp_path_factory):
    """Runs a block on this machine, once: gives its error, what the tool says, and results."""

    @functools.cache
    def call(name, function):
        folder = tmp_path_factory.mktemp("block")
        said = model_blocks.run(uwt, folder, name, function, "--format", "inplace<12>")
        return *said, model_blocks.read(folder / "y.safetensors")

    return call


@pytest.mark.parametrize(("name", "function"), CALLS)
def test_block(on_cpu, name, function):
    """On this machine, from compressed weights."""
    error, remarks, _ = on_cpu(name, function)
    assert error <= WITHIN
    assert len(model_blocks.fused(remarks)) == FUSED[name][function]


@pytest.mark.parametrize(("name", "function"), EMULATED)
def test_block_on_a_gpu(uwt, tmp_path, on_cpu, name, function):
    """Every product by kernels of a GPU, on the emulator."""
    error, remarks = model_blocks.run(uwt, tmp_path, name, function, "--target", "emulate:sm_90a")
    assert error <= WITHIN
    assert len(model_blocks.kernels(remarks)) == FUSED[name][function]
    results = model_blocks.read(tmp_path / "y.safetensors")
    assert model_blocks.largest_error(results, on_cpu(name, function)[2]) <= APART
