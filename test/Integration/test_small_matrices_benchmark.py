"""What test/Benchmarks/small_matrices.py is sure of without a clock: that the least sample counts, and failures end it."""

import pathlib
import sys

import pytest

BENCHMARKS = pathlib.Path(__file__).resolve().parents[1] / "Benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import small_matrices  # noqa: E402


def test_files_take_turns_and_the_least_sample_counts(tmp_path, monkeypatch):
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(bytes(100))
    large.write_bytes(bytes(600))
    order, seconds = [], iter([5, 4, 2, 3, 7, 6])

    def cpu_seconds(uwt, source, target):
        order.append(source)
        return next(seconds)

    monkeypatch.setattr(small_matrices, "cpu_seconds", cpu_seconds)
    rates = small_matrices.measure("uwt", [small, large], tmp_path / "packed", samples=3)
    assert order == [small, large] * 3
    assert rates == [100 / 2, 600 / 3]


def test_a_process_that_fails_ends_the_measurement(tmp_path):
    with pytest.raises(SystemExit, match="false failed: exit code 1"):
        small_matrices.cpu_seconds("false", tmp_path / "in", tmp_path / "out")
