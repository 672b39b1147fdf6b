"""Arrays that are given to the library: right whatever their byte order and layout, or refused by name."""

import copy
import itertools

import numpy as np
import pytest
import uwt
import uwt.safetensors
import uwt.safetensors.numpy
from uwt import _arrays

ARRAYS = _arrays.NumpyArrays()
#: Every dtype that NumPy and safetensors both have.
GOOD = [
    "bool", "uint8", "int8", "uint16", "int16", "float16", "uint32", "int32", "float32", "uint64", "int64", "float64",
    "complex64",
]  # fmt: skip
#: Some of every other kind.
BAD = {
    "object": np.array([1, None], dtype=object),
    "structured": np.zeros(3, dtype=[("a", "<f4"), ("b", "<i4")]),
    "one field": np.zeros(3, dtype=[("float32", "<f4")]),
    "record": np.rec.array([(1, 2.0)], dtype=[("x", "i4"), ("y", "f4")]),
    "void": np.zeros(3, dtype="V4"),
    "datetime": np.array(["2026-01-01"], dtype="datetime64[D]"),
    "timedelta": np.array([5], dtype="timedelta64[s]"),
    "string": np.array(["float32"]),
    "bytes": np.array([b"x"]),
    "long double": np.zeros(3, dtype=np.longdouble),
    "complex128": np.zeros(3, dtype=np.complex128),
    "hidden elements": np.ma.masked_array([1.0, 2.0], mask=[True, False], dtype="float32"),
    "all hidden": np.ma.masked_all((2, 2), dtype="float32"),
}


def layouts_of(array):
    """Arrays of the same elements that lie differently in memory."""
    yield "rows", np.ascontiguousarray(array)
    yield "columns", np.asfortranarray(array)
    yield "backwards", np.ascontiguousarray(array[::-1])[::-1]
    yield "every other", np.repeat(array, 2, axis=0)[::2]
    yield "inside", np.pad(array, [(1, 2)] * array.ndim)[tuple(slice(1, -2) for _ in range(array.ndim))]
    yield "transposed", np.ascontiguousarray(array.T).T
    unaligned = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    unaligned[...] = array
    yield "unaligned", unaligned
    fixed = array.copy()
    fixed.flags.writeable = False
    yield "read-only", fixed
    yield "subclass", array.view(type("Mine", (np.ndarray,), {}))
    yield "unmasked", np.ma.masked_array(array)
    if array.ndim == 2:
        yield "matrix", np.asmatrix(array)


def values(dtype, shape):
    random = np.random.default_rng(7)
    bits = random.integers(0, 256, int(np.prod(shape)) * np.dtype(dtype).itemsize, dtype=np.uint8)
    return (bits & 1).view(bool).reshape(shape) if dtype == "bool" else bits.view(dtype).reshape(shape)


@pytest.mark.parametrize("dtype", GOOD)
def test_every_order_and_layout_is_the_same_tensor(tmp_path, dtype):
    given, expected = {}, {}
    for shape in ((5,), (4, 6), (3, 2, 5), (1, 1)):
        array = values(dtype, shape)
        for (how, laid), order in itertools.product(layouts_of(array), "<>="):
            name = f"{shape} {how} {order}"
            given[name] = laid.astype(laid.dtype.newbyteorder(order), order="K")
            expected[name] = array
    for name, shape in (("none", (0, 7)), ("empty", (0,)), ("flat", (3, 0))):
        given[name] = expected[name] = np.zeros(shape, dtype)
    given["one"] = np.array(values(dtype, (1,))[0], dtype=np.dtype(dtype).newbyteorder(">"))
    expected["one"] = np.array(values(dtype, (1,))[0])
    given["scalar"], expected["scalar"] = values(dtype, (1,))[0], expected["one"]
    given["repeated"] = np.broadcast_to(values(dtype, (1, 4)), (3, 4))
    expected["repeated"] = np.array(given["repeated"])
    before = copy.deepcopy(given)
    uwt.safetensors.numpy.save_file(given, tmp_path / "a.safetensors")
    read = uwt.safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert set(read) == set(expected)
    for name, array in expected.items():
        assert read[name].dtype == np.dtype(dtype).newbyteorder("=") and read[name].shape == array.shape, name
        assert read[name].tobytes() == array.tobytes(), name
        dense = ARRAYS.dense(given[name])
        assert dense.dtype.isnative and dense.flags.c_contiguous and dense.shape == array.shape
        assert type(dense) is np.ndarray and dense.tobytes() == array.tobytes(), name
        # Nothing is changed in place.
        assert given[name].tobytes() == before[name].tobytes() and given[name].dtype == before[name].dtype


@pytest.mark.parametrize("what", BAD)
def test_what_has_no_numbers_is_refused_by_name(tmp_path, what):
    target = tmp_path / "a.safetensors"
    with pytest.raises(TypeError, match="^tensor 'layer.w': (safetensors has no dtype for|elements of a masked array)"):
        uwt.safetensors.numpy.save_file({"ok": np.zeros(3), "layer.w": BAD[what]}, target)
    with pytest.raises(TypeError, match="safetensors has no dtype for|elements of a masked array"):
        ARRAYS.dense(BAD[what])
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_array_is_refused_by_name(tmp_path):
    for wrong in ([1.0, 2.0], 3.0, None, "x", b"x", (1,)):
        with pytest.raises(TypeError, match="^tensor 'w': expected an array, got"):
            uwt.safetensors.numpy.save_file({"w": wrong}, tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match="__metadata__"):
        uwt.safetensors.numpy.save_file({"__metadata__": np.zeros(2)}, tmp_path / "a.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_tensors_of_pytorch_are_what_they_show(tmp_path):
    torch = pytest.importorskip("torch")
    import uwt.safetensors.torch

    arrays = _arrays.TorchArrays()
    base = torch.complex(torch.arange(6.0), torch.arange(6.0) + 1).reshape(2, 3)
    given = {
        "conjugate": base.conj(),
        "negative": base.conj().imag,
        "transposed": torch.arange(6).reshape(2, 3).t(),
        "repeated": torch.arange(3).expand(2, 3),
        "parameter": torch.nn.Parameter(torch.arange(4.0)),
        "bfloat16": torch.arange(4).to(torch.bfloat16),
        "zero": torch.tensor(3.5),
        "none": torch.zeros(0, 3),
        "truth": torch.tensor([True, False]),
    }
    uwt.safetensors.torch.save_file(given, tmp_path / "a.safetensors")
    read = uwt.safetensors.torch.load_file(tmp_path / "a.safetensors")
    for name, tensor in given.items():
        assert read[name].dtype == tensor.dtype and torch.equal(read[name], tensor.detach().resolve_conj().resolve_neg()), name
    for wrong in (torch.zeros(2, dtype=torch.complex128), np.zeros(2), torch.zeros(2, device="meta")):
        with pytest.raises((TypeError, NotImplementedError)):
            uwt.safetensors.torch.save_file({"w": wrong}, tmp_path / "b.safetensors")
    with pytest.raises(TypeError, match="expected a tensor of PyTorch"):
        arrays.dense(np.zeros(3))
