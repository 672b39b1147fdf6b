"""A container is plain safetensors: the reader that everyone uses opens it."""

import json

import numpy as np
import safetensors.numpy
from safetensors import safe_open


def make_model(path):
    rng = np.random.default_rng(7)
    tensors = {
        "layer.weight": (rng.standard_normal((128, 192)) * 0.02).astype(np.float32),
        "layer.bias": np.zeros(128, np.float32),
        "ids": np.arange(512, dtype=np.int64).reshape(1, 512),
    }
    safetensors.numpy.save_file(tensors, path, metadata={"format": "pt"})
    return tensors


def test_safetensors_lists_and_reads_every_key(uwt, tmp_path):
    source, packed = tmp_path / "model.safetensors", tmp_path / "model.uwt.safetensors"
    tensors = make_model(source)
    uwt("compress", source, "-o", packed)
    with safe_open(packed, framework="numpy") as file:
        # Not "pt": loaders that ask for a framework's format refuse the file (file-11).
        assert file.metadata()["format"] == "uwt"
        entry = json.loads(file.metadata()["layer.weight.uwt"])
        assert entry["dtype"] == "F32" and entry["shape"] == [128, 192]
        keys = set(file.keys())
        assert {"layer.weight.uwt.index", "layer.weight.uwt.code", "layer.bias", "ids"} <= keys
        for name in ("layer.bias", "ids"):
            assert np.array_equal(file.get_tensor(name), tensors[name])
        for plane, used in entry["planes"].items():
            assert file.get_tensor(f"layer.weight.uwt.{plane}").nbytes >= used


def test_saved_again_by_another_tool_still_decompresses(uwt, tmp_path):
    source, packed = tmp_path / "model.safetensors", tmp_path / "model.uwt.safetensors"
    make_model(source)
    uwt("compress", source, "-o", packed)
    with safe_open(packed, framework="numpy") as file:
        metadata = file.metadata()
    again = tmp_path / "again.safetensors"
    safetensors.numpy.save_file(safetensors.numpy.load_file(packed), again, metadata=metadata)
    uwt("decompress", again, "-o", tmp_path / "original.safetensors")
    assert (tmp_path / "original.safetensors").read_bytes() == source.read_bytes()


def test_the_compact_form_is_plain_safetensors(uwt, tmp_path):
    """file-13: two tensors beside raw ones; it may be saved again."""
    source, packed = tmp_path / "model.safetensors", tmp_path / "model.uwt.safetensors"
    rng = np.random.default_rng(8)
    tensors = {
        f"layer.{i}.{name}": (rng.standard_normal(shape) * 0.02).astype(np.float32)
        for i in range(40)
        for name, shape in (("weight", (32, 48)), ("bias", (99,)))
    }
    tensors["kept"] = np.arange(5, dtype=np.int64)
    safetensors.numpy.save_file(tensors, source, metadata={"format": "pt"})
    uwt("compress", source, "-o", packed, "--exclude", "kept")
    with safe_open(packed, framework="numpy") as file:
        metadata = file.metadata()
        assert set(metadata) == {"uwt", "format"} and metadata["format"] == "uwt"
        assert set(file.keys()) == {"file.uwt.header", "file.uwt.planes", "kept"}
        assert np.array_equal(file.get_tensor("kept"), tensors["kept"])
    again = tmp_path / "again.safetensors"
    safetensors.numpy.save_file(safetensors.numpy.load_file(packed), again, metadata=metadata)
    uwt("decompress", again, "-o", tmp_path / "original.safetensors")
    assert (tmp_path / "original.safetensors").read_bytes() == source.read_bytes()
