"""What test/Benchmarks/files.py is sure of without any rival: its weights, its comparison, and its tables."""

import pathlib
import sys

import numpy as np
import pytest

BENCHMARKS = pathlib.Path(__file__).resolve().parents[1] / "Benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import benchmark_weights  # noqa: E402
import files  # noqa: E402
import readme_table  # noqa: E402


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "plain.safetensors"
    words = np.arange(64, dtype="<u2")
    tensors = {"a": ("BF16", (8, 4), words[:32].tobytes()), "b": ("BF16", (32,), words[32:].tobytes())}
    benchmark_weights.write_safetensors(path, tensors, {"format": "pt"})
    return path


def rewrite(plain, path, change=lambda tensors: tensors):
    """The same tensors in another order, without metadata."""
    tensors, _ = benchmark_weights.read_safetensors(plain)
    benchmark_weights.write_safetensors(path, change(dict(reversed(tensors.items()))))
    return path


def test_a_file_that_comes_back_byte_for_byte_is_exact(plain, tmp_path):
    back = tmp_path / "back.safetensors"
    back.write_bytes(plain.read_bytes())
    assert files.exactness(plain, back) == "file"


def test_a_new_header_over_equal_tensors_is_told_apart(plain, tmp_path):
    assert files.exactness(plain, rewrite(plain, tmp_path / "back.safetensors")) == "tensors"


def test_one_changed_bit_is_seen(plain, tmp_path):
    def change(tensors):
        dtype, shape, data = tensors["b"]
        return tensors | {"b": (dtype, shape, bytes([data[0] ^ 1]) + data[1:])}

    assert files.exactness(plain, rewrite(plain, tmp_path / "back.safetensors", change)) == "nothing"


@pytest.mark.parametrize("size", [0, 4, 150])
def test_a_file_that_is_cut_off_is_not_exact(plain, tmp_path, size):
    back = tmp_path / "back.safetensors"
    back.write_bytes(plain.read_bytes()[:size])
    assert files.exactness(plain, back) == "nothing"


def test_a_file_that_was_not_written_is_not_exact(plain, tmp_path):
    assert files.exactness(plain, tmp_path / "back.safetensors") == "nothing"


def test_weights_are_counted_without_tensors_of_integers(plain, tmp_path):
    path = tmp_path / "integers.safetensors"
    tensors, _ = benchmark_weights.read_safetensors(plain)
    benchmark_weights.write_safetensors(path, tensors | {"ids": ("I64", (2,), bytes(16))})
    assert files.weights_in(path) == 64


def test_blocks_of_four_bits_hold_sixteen_values():
    values = np.random.default_rng(3).standard_normal(32 * 50).astype(np.float32)
    blocks = benchmark_weights.to_four_bits(values).reshape(-1, 32)
    assert max(len(set(block)) for block in blocks.tolist()) <= 16
    assert np.abs(benchmark_weights.to_float(blocks).reshape(-1) - values).max() < 0.25


def test_a_fine_tune_changes_seven_percent():
    values = np.random.default_rng(3).standard_normal(100_000).astype(np.float32)
    tuned = benchmark_weights.to_tuned(values, np.random.default_rng(4))
    changed = np.mean(tuned != benchmark_weights.to_bf16(values))
    assert 0.05 < changed < 0.07


def test_a_process_that_fails_says_why():
    command = [sys.executable, "-c", "import sys; sys.exit('no such option')"]
    with pytest.raises(files.Failed, match="no such option"):
        files.measured(command, one_thread=True)


def test_the_table_marks_what_is_not_exact_and_what_is_missing():
    row = {"exact": "tensors", "bits_per_weight": 10.5}
    assert readme_table.size_cell(row) == "10.500†"
    assert readme_table.size_cell(row | {"exact": "nothing"}) == "10.500 not exact"
    assert readme_table.size_cell({"skipped": "has no option for a base"}) == "–"
