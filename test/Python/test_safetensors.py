"""uwt.safetensors beside the package safetensors: the same tensors and slices, from plain and compressed files."""

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from conftest import bf16, model_tensors, write_safetensors

import uwt
import uwt.safetensors
import uwt.safetensors.numpy

INDICES = [
    np.s_[:],
    np.s_[3:70],
    np.s_[-5:, 2:9],
    np.s_[..., 1:3],
    np.s_[1],
    np.s_[-1, 4],
    np.s_[2:40:3],
    np.s_[5:2],
    np.s_[:, -4:-1],
    np.s_[1, 2:8, ...],
    np.s_[...],
]


@pytest.fixture(name="either", params=["plain", "compressed"])
def either_file(request):
    return request.getfixturevalue(request.param)


def test_what_is_there_is_what_safetensors_says(plain, either):
    with safetensors.safe_open(plain, "np") as expected, uwt.safetensors.safe_open(either, "np") as opened:
        assert sorted(opened.keys()) == sorted(expected.keys())
        assert opened.offset_keys() == list(model_tensors())
        assert opened.metadata() == expected.metadata()
        for name in opened.keys():
            one, other = opened.get_slice(name), expected.get_slice(name)
            assert one.get_shape() == other.get_shape() and one.get_dtype() == other.get_dtype()


def test_slices_are_those_of_the_whole(either):
    with uwt.safetensors.safe_open(either, "np") as opened:
        for name, (_, shape, _) in model_tensors().items():
            whole, lazy = opened.get_tensor(name), opened.get_slice(name)
            for index in INDICES:
                try:
                    expected = whole[index]
                except IndexError:
                    with pytest.raises(IndexError):
                        lazy[index]
                    continue
                assert lazy[index].shape == expected.shape, (name, index)
                assert lazy[index].tobytes() == expected.tobytes(), (name, index)
            with pytest.raises(TypeError, match="integers and slices"):
                lazy[[0]]
            with pytest.raises(IndexError):
                lazy[(0,) * (len(shape) + 1)]


def test_only_what_is_asked_for_is_read(tmp_path):
    """Damage in the last panel of a tensor does not show in its first rows."""
    plain, compressed = tmp_path / "m.safetensors", tmp_path / "c.safetensors"
    words = bf16(np.random.default_rng(5).normal(0, 0.02, (640, 384)))
    write_safetensors(plain, {"w": ("BF16", words.shape, words.tobytes())})
    uwt.compress(plain, compressed, format="inplace<12>")
    data = bytearray(compressed.read_bytes())
    # The plane of codes is the largest part of the file, and its end that of the last panel.
    data[len(data) * 3 // 4] ^= 0x10
    compressed.write_bytes(data)
    with uwt.safetensors.safe_open(compressed, "np") as opened:
        assert opened.get_slice("w")[:8].tobytes() == words[:8].tobytes()
        with pytest.raises(uwt.InvalidError, match="damaged"):
            opened.get_tensor("w")


def test_saved_files_load_again(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    random = np.random.default_rng(3)
    tensors = {
        "w": random.normal(0, 0.02, (130, 64)).astype(ml_dtypes.bfloat16),
        "t": random.normal(0, 1, (64, 70)).astype(np.float32).T,
        "i": np.arange(7, dtype=np.int32),
        "b": np.array([True, False]),
        "big": np.arange(5, dtype=">f8"),
        "e": np.empty((0, 3), np.float16),
    }
    path = tmp_path / "saved.safetensors"
    uwt.safetensors.numpy.save_file(tensors, path, {"made": "here"}, format="smallest")
    loaded = uwt.safetensors.numpy.load_file(path)
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        little = tensor.astype(tensor.dtype.newbyteorder("<")) if tensor.dtype.byteorder == ">" else tensor
        assert loaded[name].shape == tensor.shape and loaded[name].tobytes() == little.tobytes()
    assert uwt.inspect(path).metadata == {"made": "here"}
    assert [each.name for each in tmp_path.iterdir()] == ["saved.safetensors"]
    with pytest.raises(TypeError, match="no dtype"):
        uwt.safetensors.numpy.save_file({"s": np.array(["text"])}, path)
    assert uwt.verify(path) == [] and [each.name for each in tmp_path.iterdir()] == ["saved.safetensors"]


def test_decompressed_files_are_for_everyone(tmp_path):
    tensors = {"w": np.random.default_rng(4).normal(0, 1, (80, 64)).astype(np.float32)}
    uwt.safetensors.numpy.save_file(tensors, tmp_path / "c.safetensors")
    uwt.decompress(tmp_path / "c.safetensors", tmp_path / "p.safetensors")
    loaded = safetensors.numpy.load_file(tmp_path / "p.safetensors")
    assert loaded["w"].tobytes() == tensors["w"].tobytes()


def test_torch_has_the_same_bits(either, tmp_path):
    torch = pytest.importorskip("torch")
    import uwt.safetensors.torch as ours

    loaded = ours.load_file(either)
    for name, (_, shape, data) in model_tensors().items():
        assert tuple(loaded[name].shape) == shape
        assert loaded[name].contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() == data if data else True
    ours.save_file(loaded, tmp_path / "again.safetensors")
    again = ours.load_file(tmp_path / "again.safetensors")
    assert all(torch.equal(again[name].view(torch.uint8), loaded[name].view(torch.uint8))
               for name in loaded if loaded[name].dim() and loaded[name].numel())  # fmt: skip


def test_jax_has_the_same_bits(either):
    pytest.importorskip("jax")
    import uwt.safetensors.jax as ours

    loaded = ours.load_file(either)
    assert np.asarray(loaded["half"]).tobytes() == model_tensors()["half"][2]
