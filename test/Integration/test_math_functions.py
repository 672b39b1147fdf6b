"""Functions of f32 and f64 on this machine are as near to the exact ones as docs/numerics.md says."""

import math_functions as functions
import numpy as np
import pytest


@pytest.fixture(scope="module")
def results(uwt, tmp_path_factory):
    """Of all functions, by kind and name."""
    return {kind: functions.compute(uwt, tmp_path_factory.mktemp(kind), kind) for kind in functions.KINDS}


@pytest.mark.parametrize("kind", functions.KINDS)
@pytest.mark.parametrize("name", functions.FUNCTIONS)
def test_error(results, kind, name):
    """The bound holds; zeros have their sign, infinities and NaNs stand where they belong."""
    exact, used = functions.exact(kind, name)
    exact, result = exact[used], results[kind][name][used]
    bounds = dict(zip(functions.KINDS, functions.FUNCTIONS[name][1:], strict=True))
    assert functions.error(kind, result, exact) <= bounds[kind]
    with np.errstate(all="ignore"):
        nearest, difference = exact.astype(result.dtype), np.abs(result - exact)
    # A subnormal result of f32 may be any that small, one of f64 is one of the two nearest numbers.
    smallest = functions.smallest(kind)
    assert np.all(difference[np.abs(exact) < smallest] < (smallest * 2 if kind == "f32" else smallest * np.finfo(float).eps))
    special = ~np.isfinite(nearest) | (exact == 0)
    np.testing.assert_array_equal(result[special], nearest[special])
    assert np.array_equal(np.signbit(result[exact == 0]), np.signbit(exact[exact == 0]))


@pytest.mark.parametrize("kind", functions.KINDS)
def test_every_target_has_the_same_bits(uwt, tmp_path, results, kind):
    """Those of a machine without vectors and fused multiply-adds; NaNs are all the same."""
    others = functions.compute(lambda *words: uwt(*words, "--target", "generic"), tmp_path, kind)
    for name, result in results[kind].items():
        assert np.array_equal(np.isnan(result), np.isnan(others[name])), name
        bits = [np.where(np.isnan(each), 0, each).tobytes() for each in (result, others[name])]
        assert bits[0] == bits[1], name
