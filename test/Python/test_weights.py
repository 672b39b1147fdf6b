"""Weights in memory: images, products and rows from them, through the C API."""

import pathlib

import numpy as np
import pytest
from conftest import bf16, write_safetensors

import uwt
from uwt import InvalidError, UnsupportedError, UsageError, _weights
from uwt._container import part_of
from uwt._library import context

CONTEXT = context(2)
GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "Import" / "golden"
#: What codes of a kind of checkpoint are in memory.
IMAGES_OF_CODES = {
    "gptq-b2-g-idx": "uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}, order=k",
    "ct-int8-channel": "int<8>, scale={1x128, f32}",
    "bnb-nf4-nested": "table<4>, scale={1x64, f32}",
    "torchao-int4-bytes-g64": "uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}",
    "torchao-int4-tiles-g64": "int<4>, scale={1x32, bf16}, offset={1x32, bf16}",
    "hqq-b4-g64": "uint<4>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16",
    "torchao-int4-g128": "int<4>, scale={1x32, bf16}, offset={1x32, bf16}",
}


def aligned(size):
    """Bytes at a multiple of what an image begins at."""
    memory = np.zeros(size + _weights.ALIGNMENT, np.uint8)
    begin = -memory.ctypes.data % _weights.ALIGNMENT
    return memory[begin : begin + size]


def encode(words, format="inplace<12>", dtype="BF16"):
    at, size = words.ctypes.data, words.nbytes
    return np.frombuffer(_weights.encode(dtype, words.shape, at, size, format, CONTEXT), np.uint8)


def linear(image, x, n, k, bias=None):
    y = np.full((len(x), n), 0xABCD, np.uint16)
    at = 0 if bias is None else bias.ctypes.data
    stride = x.strides[0] // 2
    _weights.linear(
        image.ctypes.data, image.nbytes, n, k, len(x), x.ctypes.data, stride, y.ctypes.data, n, at, CONTEXT
    )
    return y


def floats(words):
    return (words.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


@pytest.fixture(name="weight")
def weight_of_odd_shape():
    return bf16(np.random.default_rng(1).standard_normal((130, 70)) * 0.02)


@pytest.fixture(autouse=True)
def needs_kernels(request, weight):
    if request.node.get_closest_marker("kernels"):
        try:
            linear(encode(weight), np.zeros((1, 70), np.uint16), 130, 70)
        except UnsupportedError as error:
            pytest.skip(str(error))


def test_an_image_says_what_it_holds(weight):
    image = encode(weight)
    _weights.check(image.ctypes.data, image.nbytes, CONTEXT)
    info = _weights.info(image.ctypes.data, image.nbytes)
    assert info == _weights.Info("BF16", "inplace<12>", (130, 70), weight.nbytes, image.nbytes)


def test_decodes_wholly_and_in_part(weight):
    image = encode(weight)
    whole, rows = np.zeros_like(weight), np.zeros((5, 70), np.uint16)
    _weights.decode(image.ctypes.data, image.nbytes, whole.ctypes.data, whole.nbytes, CONTEXT)
    _weights.decode(image.ctypes.data, image.nbytes, rows.ctypes.data, rows.nbytes, CONTEXT, rows=(62, 67))
    assert (whole == weight).all() and (rows == weight[62:67]).all()


@pytest.mark.kernels
@pytest.mark.parametrize("folder", IMAGES_OF_CODES)
def test_images_of_codes_have_the_values(folder):
    with uwt.Container(GOLDEN / folder) as opened:
        (weight,) = opened.quantized()
        format = _weights.format_of_codes(weight.run_format)
        values = bf16(opened.read_quantized(weight.name, dtype="F32"))
        made = _weights.encode_codes([(opened, weight.name, part_of())], "BF16", weight.shape, format, CONTEXT)
    image, decoded = np.frombuffer(made, np.uint8), np.zeros(weight.shape, np.uint16)
    assert _weights.info(image.ctypes.data, image.nbytes).format == format == IMAGES_OF_CODES[folder]
    _weights.decode(image.ctypes.data, image.nbytes, decoded.ctypes.data, decoded.nbytes, CONTEXT)
    assert np.array_equal(decoded, values)


@pytest.mark.kernels
def test_codes_are_multiplied_by_integers_on_request():
    with uwt.Container(GOLDEN / "gptq-b4-g128") as opened:
        (weight,) = opened.quantized()
        n, k = weight.shape
        format = _weights.format_of_codes(weight.run_format)
        image = np.frombuffer(
            _weights.encode_codes([(opened, weight.name, part_of())], "BF16", weight.shape, format, CONTEXT), np.uint8
        )
    at = image.ctypes.data, image.nbytes
    x = bf16(np.random.default_rng(5).standard_normal((3, k)))
    dense = linear(image, x, n, k)
    _weights.set_arithmetic(*at, "integer<8>")
    integers = linear(image, x, n, k)
    assert _weights.info(*at).integer_bits == 8
    assert not np.array_equal(integers, dense)
    assert np.abs(floats(integers) - floats(dense)).max() < 0.02 * np.abs(floats(dense)).max()
    _weights.set_arithmetic(*at, "dense")
    assert np.array_equal(linear(image, x, n, k), dense) and _weights.info(*at).integer_bits == 0
    with pytest.raises(UnsupportedError, match="no kernel multiplies .* by integers of 4 bits"):
        _weights.set_arithmetic(*at, "integer<4>")
    with pytest.raises(UsageError, match="'integer<9>' is no arithmetic"):
        _weights.set_arithmetic(*at, "integer<9>")
    other = encode(bf16(np.ones((70, 64))))
    with pytest.raises(UsageError, match="integers are multiplied with the codes of a quantised weight"):
        _weights.set_arithmetic(other.ctypes.data, other.nbytes, "integer<8>")


def test_rows_and_matrices_may_lie_apart():
    fused = bf16(np.random.default_rng(3).standard_normal((4, 200, 90)) * 0.02)
    experts = fused[1:, 64:193, :70]
    strides = [stride // 2 for stride in experts.strides]
    at, room = experts.ctypes.data, fused.nbytes - (experts.ctypes.data - fused.ctypes.data)
    image = _weights.encode("BF16", experts.shape, at, room, "inplace<12>", CONTEXT, strides[1], strides[0])
    assert image[:] == encode(experts.copy()).tobytes()
    with pytest.raises(UsageError, match="strides take"):
        _weights.encode("BF16", experts.shape, at, experts.nbytes, "raw", CONTEXT, strides[1], strides[0])


def test_parts_are_where_the_image_says(weight):
    image = encode(weight, "raw")
    parts = _weights.parts(image.ctypes.data, image.nbytes)
    assert set(parts) == {"panels", "table", "counts", "order", "index", "words", "raw", "code", "patch", "low"}
    # Two panels of 64 rows and one of 16, columns up to a multiple of 64.
    assert parts["words"][1] == (64 + 64 + 16) * 128 * 2 and parts["code"][1] == 0
    assert all(at % _weights.ALIGNMENT == 0 and at + size <= image.nbytes for at, size in parts.values())


@pytest.mark.parametrize("stored", ["best-size", "smallest", "fast", "raw"])
@pytest.mark.parametrize("format", ["inplace<12>", "raw"])
def test_loads_from_files(tmp_path, weight, stored, format):
    plain, packed = tmp_path / "w.safetensors", tmp_path / "w.uwt.safetensors"
    write_safetensors(plain, {"w": ("BF16", weight.shape, weight.tobytes())})
    uwt.compress(plain, packed, format=stored)
    with uwt.Container(packed) as container:
        image = np.frombuffer(_weights.load(container, "w", format, CONTEXT), np.uint8)
    _weights.check(image.ctypes.data, image.nbytes, CONTEXT)
    assert image.nbytes <= _weights.max_bytes("BF16", weight.shape, format)
    dense = np.zeros_like(weight)
    _weights.decode(image.ctypes.data, image.nbytes, dense.ctypes.data, dense.nbytes, CONTEXT)
    assert (dense == weight).all()


def test_a_damaged_file_gives_no_weight(tmp_path, weight):
    plain, packed = tmp_path / "w.safetensors", tmp_path / "w.uwt.safetensors"
    write_safetensors(plain, {"w": ("BF16", weight.shape, weight.tobytes())})
    uwt.compress(plain, packed, format="fast")
    data = bytearray(packed.read_bytes())
    data[len(data) // 2] ^= 1
    packed.write_bytes(data)
    with uwt.Container(packed) as container, pytest.raises(InvalidError, match="tensor 'w': .*panel"):
        _weights.load(container, "w", "inplace<12>", CONTEXT)


@pytest.mark.kernels
@pytest.mark.parametrize("m", [0, 1, 3, 20])
def test_products_are_those_of_raw_weights(weight, m):
    rng = np.random.default_rng(m)
    x, bias = bf16(rng.standard_normal((m, 70))), bf16(rng.standard_normal(130))
    y = linear(encode(weight), x, 130, 70, bias)
    assert (y == linear(encode(weight, "raw"), x, 130, 70, bias)).all()
    assert np.allclose(floats(y), floats(x) @ floats(weight).T + floats(bias), rtol=0.01, atol=0.01)


@pytest.mark.kernels
@pytest.mark.parametrize("m", [0, 1, 3, 20])
def test_products_of_f16_are_those_of_raw_weights(weight, m):
    rng = np.random.default_rng(m)
    w = (rng.standard_normal((130, 70)) * 0.02).astype(np.float16)
    x, bias = rng.standard_normal((m, 70)).astype(np.float16), rng.standard_normal(130).astype(np.float16)
    y = linear(encode(w, "window<4>", "F16"), x, 130, 70, bias)
    assert (y == linear(encode(w, "raw", "F16"), x, 130, 70, bias)).all()
    expected = x.astype(np.float64) @ w.astype(np.float64).T + bias
    assert np.allclose(y.view(np.float16), expected, rtol=0.001, atol=0.001)


@pytest.mark.kernels
def test_rows_of_x_may_be_apart(weight):
    wide = bf16(np.random.default_rng(5).standard_normal((6, 100)))
    image = encode(weight)
    assert (linear(image, wide[:, :70], 130, 70) == linear(image, wide[:, :70].copy(), 130, 70)).all()


@pytest.mark.kernels
def test_gathers_rows(weight):
    image, ids = encode(weight), np.array([129, 0, 64, 64], np.int64)
    y = np.zeros((4, 70), np.uint16)
    at = image.ctypes.data
    _weights.gather(at, image.nbytes, ids.ctypes.data, 4, 70, y.ctypes.data, CONTEXT)
    assert (y == weight[ids]).all()
    ids[2] = 130
    with pytest.raises(InvalidError, match="id 130 is no row of the weight, which has 130"):
        _weights.gather(at, image.nbytes, ids.ctypes.data, 4, 70, y.ctypes.data, CONTEXT)
    with pytest.raises(UsageError, match="rows of the weight have 70 elements, those of y 71"):
        _weights.gather(at, image.nbytes, ids.ctypes.data, 4, 71, y.ctypes.data, CONTEXT)


@pytest.mark.kernels
def test_another_size_than_the_weight_has_is_refused(weight):
    with pytest.raises(UsageError, match="the weight has 130 x 70 elements, the call 130 x 71"):
        linear(encode(weight), np.zeros((1, 71), np.uint16), 130, 71)


@pytest.mark.kernels
def test_what_no_kernel_serves_is_said(weight):
    image = encode(weight, "window<3>", "F16")
    with pytest.raises(UnsupportedError, match="no kernel multiplies f16 in window<3>; there are those of bf16 in"):
        linear(image, np.zeros((1, 70), np.uint16), 130, 70)


def test_damage_is_found(weight):
    image = encode(weight)
    for at in (0, 20, 100, image.nbytes // 2):
        damaged = aligned(image.nbytes)
        damaged[:] = image
        damaged[at] ^= 1
        with pytest.raises(InvalidError):
            _weights.check(damaged.ctypes.data, damaged.nbytes, CONTEXT)
    with pytest.raises(InvalidError):
        _weights.check(image.ctypes.data, image.nbytes - 1, CONTEXT)
    with pytest.raises(UsageError, match="multiple of 64"):
        _weights.check(image.ctypes.data + 8, image.nbytes - 8, CONTEXT)


def test_what_is_no_weight_in_memory_is_refused(weight):
    with pytest.raises(UsageError, match="units of a fixed size"):
        encode(weight, "huffman<12,2>")
    with pytest.raises(UsageError, match="no elements of dtype I32"):
        encode(weight, "raw", "I32")
    with pytest.raises(UsageError, match="has 2 to 4 dimensions"):
        encode(weight.reshape(-1))
