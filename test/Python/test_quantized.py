"""Weights of quantised checkpoints in the package: what there is, values and codes, whole and in parts of ranks."""

import pathlib
import shutil

import numpy as np
import pytest

import uwt

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "Import" / "golden"
NAME = "model.layers.0.mlp.up_proj.weight"


@pytest.fixture(name="opened", params=["plain", "compressed"])
def container(request, tmp_path):
    folder = GOLDEN / "gptq-v2-b4-g64"
    if request.param == "compressed":
        uwt.compress(folder, tmp_path / "compressed")
        folder = tmp_path / "compressed"
    with uwt.Container(folder) as opened:
        yield opened


@pytest.fixture(name="values", scope="module")
def expected():
    with uwt.Container(GOLDEN / "gptq-v2-b4-g64" / "expected.safetensors") as file:
        return file.read("weight")


def test_says_what_there_is(opened):
    (weight,) = opened.quantized()
    assert weight == opened.find_quantized(NAME)
    assert (weight.name, weight.recipe, weight.shape, weight.refusal) == (NAME, "gptq", (64, 256), None)
    assert weight.format == "uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}"
    assert NAME.replace(".weight", ".qweight") in weight.parts
    with pytest.raises(uwt.UsageError, match="did you mean"):
        opened.find_quantized(NAME + "s")


def test_a_plain_checkpoint_has_none(plain):
    with uwt.Container(plain) as opened:
        assert opened.quantized() == []


def test_values_are_cut_anywhere(opened, values):
    assert np.array_equal(opened.read_quantized(NAME, "F16"), values)
    part = opened.read_quantized(NAME, "F16", rows=(3, 9), rank=(1, 3), axis="columns")
    assert np.array_equal(part, values[3:9, 86:172])
    with pytest.raises(uwt.UsageError, match="rows 60:65 are not inside 0:64"):
        opened.read_quantized(NAME, rows=(60, 65))
    with pytest.raises(uwt.UsageError, match="a weight has no elements of dtype I32"):
        opened.read_quantized(NAME, "I32")


@pytest.mark.parametrize("axis", ["rows", "columns"])
@pytest.mark.parametrize("rank", [0, 1])
def test_ranks_have_the_codes_of_their_part(opened, values, axis, rank):
    codes = opened.read_codes(NAME, rank=(rank, 2), axis=axis)
    assert codes.format == "uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}"
    assert list(codes.tensors) == ["weight", "weight_scale", "weight_zero_point"]
    code, scale, zero = (each.astype(np.float32) for each in codes.tensors.values())
    each = code.shape[1] // scale.shape[1]
    found = (code - np.repeat(zero, each, axis=1)) * np.repeat(scale, each, axis=1)
    expected = np.split(values, 2, axis=0 if axis == "rows" else 1)[rank]
    assert np.array_equal(found.astype(np.float16), expected)


def test_codes_are_cut_at_groups(opened):
    with pytest.raises(uwt.UsageError, match="columns 32:160 cut groups of 64 columns.*0:128 and 0:192 and 64:192"):
        opened.read_codes(NAME, columns=(32, 160))


def test_says_what_is_not_read(tmp_path):
    shutil.copytree(GOLDEN / "gptq-v2-b4-g64", tmp_path / "folder")
    config = tmp_path / "folder" / "config.json"
    config.write_text(config.read_text().replace('"gptq_v2"', '"gptq_v9"'))
    with uwt.Container(tmp_path / "folder") as opened:
        (weight,) = opened.quantized()
        assert "checkpoint_format 'gptq_v9'" in weight.refusal
        with pytest.raises(uwt.UnsupportedError, match="gptq_v9"):
            opened.read_quantized(NAME)
    with uwt.Container(GOLDEN / "hqq-b4-axis0") as opened, pytest.raises(uwt.UnsupportedError, match="no cells of rows"):
        opened.read_codes(NAME)


def test_columns_in_an_order_of_their_own_stay_together():
    with uwt.Container(GOLDEN / "gptq-b2-g-idx") as opened:
        codes = opened.read_codes(NAME)
        assert codes.format.endswith(", order=k") and list(codes.tensors)[-1] == "weight_g_idx"
        with pytest.raises(uwt.UnsupportedError, match="an order of their own"):
            opened.read_codes(NAME, columns=(0, 64))
