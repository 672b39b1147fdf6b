"""Blocks of models as front ends write them: compiled, run, and compared with PyTorch's results.

Every function of every module in frontends/models; model_blocks.py says how they are made, and
model_table.py prints what these tests see.
"""

import model_blocks
import pytest

# Products from weights in each function: all but those of attention and of the experts of mixtral.
FUSED = {
    "bert": {"main": 7},
    "clip": {"text": 7, "image": 8},
    "gemma": {"main": 8},
    "gpt2": {"main": 5},
    "llama": {"prefill": 8, "decode": 8},
    "mistral": {"main": 8},
    "mixtral": {"main": 6},
    "phi": {"main": 7},
    "qwen2": {"main": 8},
    "qwen3": {"main": 8},
    "vit": {"main": 8},
    "whisper": {"encode": 8, "prefill": 11, "decode": 9},
}
# Relative errors in the L2 norm: BF16 has 8 bits, and sums in another order round otherwise.
WITHIN = 0.012
CALLS = [(name, function) for name in model_blocks.names() for function in model_blocks.functions(name)]
# On the emulator, one function of a model suffices.
EMULATED = [(name, function) for name, function in CALLS if function in ("main", "text", "decode")]
# Why products of a block do not run there.
NO_MATH = "epilogues of GPU kernels know no functions of the dialect math, which activations are"
NOT_EMULATED = dict.fromkeys(set(FUSED) - {"mixtral"}, NO_MATH)


def test_every_block_is_here():
    """A block that is added has its numbers of products."""
    assert {name: list(counts) for name, counts in FUSED.items()} == {
        name: model_blocks.functions(name) for name in model_blocks.names()
    }


@pytest.mark.parametrize(("name", "function"), CALLS)
def test_block(uwt, tmp_path, name, function):
    """On this machine, from compressed weights."""
    error, remarks = model_blocks.run(uwt, tmp_path, name, function, "--format", "inplace<12>")
    assert error <= WITHIN
    assert len(model_blocks.fused(remarks)) == FUSED[name][function]


@pytest.mark.parametrize(
    ("name", "function"),
    [
        pytest.param(*call, marks=pytest.mark.xfail(reason=NOT_EMULATED[call[0]], strict=True))
        if call[0] in NOT_EMULATED
        else call
        for call in EMULATED
    ],
)
def test_block_on_a_gpu(uwt, tmp_path, name, function):
    """By the kernels of a GPU, on the emulator."""
    error, _ = model_blocks.run(uwt, tmp_path, name, function, "--target", "emulate:sm_90a")
    assert error <= WITHIN
