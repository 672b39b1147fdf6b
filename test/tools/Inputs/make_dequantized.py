"""Writes tensors for programs that compute their weights, what these weights are, and programs of them.

    make_dequantized.py FOLDER

For dequantized_torch.mlir: codes.safetensors has codes, scales and zero points; weights.safetensors
the matrices of BF16 that the arithmetic of the program makes of them, each step one rounding;
weights.mlir multiplies with these; x.safetensors is an argument. For dequantized_onnx.mlir and
dequantized_exponents.mlir the same, with onnx. and exponents. before the names. quant.mlir, a
program with quant.dcast, is written as well: its types have the scales and zero points.
"""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Integration"))

import safetensors_file as st  # noqa: E402

random = np.random.default_rng(7)
folder = pathlib.Path(sys.argv[1])


def round_bf16(values):
    """Words of f32, to nearest even."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def of_bf16(words):
    """The numbers that words are."""
    return (words.astype(np.uint32) << 16).view(np.float32)


def draw_scales(*shape):
    """Small positive numbers."""
    return (random.random(shape) * 0.01 + 0.001).astype(np.float32)


def draw_codes_of_f8(*shape):
    """f8E4M3FN without NaN."""
    codes = random.integers(0, 256, shape).astype(np.uint8)
    codes[codes % 128 == 127] = 0
    return codes


def values_of_f8(codes):
    """f8E4M3FN as f32."""
    exponent, mantissa = codes >> 3 & 15, codes & 7
    normal = (1 + mantissa / 8) * 2.0 ** (exponent.astype(int) - 7)
    magnitude = np.where(exponent == 0, mantissa / 8 * 2.0**-6, normal)
    return np.where(codes & 128, -magnitude, magnitude).astype(np.float32)


def powers(exponents):
    """What f8E8M0FNU are, as f32."""
    return np.ldexp(np.float32(1), exponents.astype(int) - 127)


tensors, weights = {}, {}


def add(name, dtype, values):
    """A tensor of the program."""
    tensors[name] = (dtype, list(values.shape), values.tobytes())


def unpack(packed):
    """Two codes of 4 bits a byte, the lower one first."""
    return np.stack([packed & 15, packed >> 4], -1).reshape(packed.shape[0], -1)


def program(weight_text):
    """The product with all weights in turn; `weight_text` gives the text that makes %NAME.w of a name."""
    lines, value = [], "%x"
    for name, words in weights.items():
        n, k = words.shape
        lines.append(weight_text(name))
        lines.append(f"""  %{name}.e = tensor.empty() : tensor<3x{n}xf32>
  %{name}.i = linalg.fill ins(%zero : f32) outs(%{name}.e : tensor<3x{n}xf32>) -> tensor<3x{n}xf32>
  %{name}.s = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins({value}, %{name}.w : tensor<3x{k}xbf16>, tensor<{n}x{k}xbf16>) outs(%{name}.i : tensor<3x{n}xf32>) -> tensor<3x{n}xf32>
  %{name}.y = arith.truncf %{name}.s : tensor<3x{n}xf32> to tensor<3x{n}xbf16>
""")
        value = f"%{name}.y"
    columns = next(iter(weights.values())).shape[1]
    return (
        "#mk = affine_map<(m, n, k) -> (m, k)>\n#nk = affine_map<(m, n, k) -> (n, k)>\n"
        "#mn = affine_map<(m, n, k) -> (m, n)>\n"
        f"func.func @main(%x: tensor<3x{columns}xbf16>) -> tensor<3x{n}xbf16> {{\n"
        f"  %zero = arith.constant 0.0 : f32\n{''.join(lines)}  return {value} : tensor<3x{n}xbf16>\n}}\n"
    )


def constant_text(name, tensor, shape):
    """A tensor of a file as the value `name`."""
    return f"  %{name} = arith.constant dense_resource<{tensor}> : tensor<{shape}>\n"


def write(prefix):
    """The files of a program with the tensors and weights of now; the next one begins without any."""

    def weight_text(name):
        n, k = weights[name].shape
        return constant_text(f"{name}.w", name, f"{n}x{k}xbf16")

    (folder / f"{prefix}weights.mlir").write_text(program(weight_text))
    st.write(folder / f"{prefix}codes.safetensors", tensors)
    st.write(
        folder / f"{prefix}weights.safetensors",
        {name: ("BF16", list(words.shape), words.tobytes()) for name, words in weights.items()},
    )
    columns = next(iter(weights.values())).shape[1]
    x = round_bf16(random.standard_normal((3, columns)))
    st.write(folder / f"{prefix}x.safetensors", {"x": ("BF16", [3, columns], x.tobytes())})
    tensors.clear()
    weights.clear()


# PyTorch
codes = random.integers(-128, 128, (256, 1024)).astype(np.int8)
scale = round_bf16(draw_scales(256, 1))
add("rows.codes", "I8", codes)
add("rows.scale", "BF16", scale)
weights["rows"] = round_bf16(codes.astype(np.float32) * of_bf16(scale))

codes = random.integers(0, 256, (512, 256)).astype(np.uint8)
zero = random.integers(100, 150, (512, 1)).astype(np.uint8)
scale = draw_scales(512, 1)
add("zero_points.codes", "U8", codes)
add("zero_points.zero", "U8", zero)
add("zero_points.scale", "F32", scale)
weights["zero_points"] = round_bf16((codes.astype(np.float32) - zero.astype(np.float32)) * scale)

packed = random.integers(0, 256, (256, 256)).astype(np.uint8)
zero = random.integers(0, 16, (256, 8, 1)).astype(np.uint8)
scale = draw_scales(256, 8, 1).astype(np.float16)
add("nibbles.packed", "U8", packed)
add("nibbles.zero", "U8", zero)
add("nibbles.scale", "F16", scale)
groups = unpack(packed).reshape(256, 8, 64).astype(np.float32) - zero.astype(np.float32)
weights["nibbles"] = round_bf16((groups * scale.astype(np.float32)).reshape(256, 512))

packed = random.integers(0, 256, (512, 128)).astype(np.uint8)
scale = round_bf16(draw_scales(512, 8, 1))
add("symmetric.packed", "U8", packed)
add("symmetric.scale", "BF16", scale)
groups = unpack(packed).reshape(512, 8, 32).astype(np.float32) - 8
weights["symmetric"] = round_bf16((groups * of_bf16(scale)).reshape(512, 256))

codes = draw_codes_of_f8(48, 512)
scale = draw_scales(48, 1)
add("floats.codes", "F8_E4M3", codes)
add("floats.scale", "F32", scale)
weights["floats"] = round_bf16(values_of_f8(codes) * scale)

codes = random.integers(-128, 128, (256, 48)).astype(np.int8)
scale = round_bf16(draw_scales(256, 3))
add("repeated.codes", "I8", codes)
add("repeated.scale", "BF16", scale)
weights["repeated"] = round_bf16(codes.astype(np.float32) * of_bf16(scale).repeat(16, 1))

codes = draw_codes_of_f8(128, 256)
scale = draw_scales(2, 2)
add("blocks.codes", "F8_E4M3", codes)
add("blocks.scale", "F32", scale)
weights["blocks"] = round_bf16(values_of_f8(codes) * scale.repeat(64, 0).repeat(128, 1))

codes = random.integers(0, 16, (32, 128)).astype(np.int8)
scale, offset = round_bf16(draw_scales(32, 4, 1)), round_bf16(random.standard_normal((32, 4, 1)))
add("offsets.codes", "I8", codes)
add("offsets.scale", "BF16", scale)
add("offsets.offset", "BF16", offset)
groups = of_bf16(round_bf16((codes.astype(np.float32) - 8).reshape(32, 4, 32) * of_bf16(scale)))
weights["offsets"] = round_bf16((groups + of_bf16(offset)).reshape(32, 128))
write("")

# ONNX
codes = random.integers(-128, 128, (64, 128)).astype(np.int8)
zero = random.integers(-128, 128, 64).astype(np.int8)
scale = round_bf16(draw_scales(64))
add("rows.codes", "I8", codes)
add("rows.zero", "I8", zero)
add("rows.scale", "BF16", scale)
weights["rows"] = round_bf16((codes.astype(np.float32) - zero[:, None].astype(np.float32)) * of_bf16(scale)[:, None])

codes = random.integers(0, 256, (48, 64)).astype(np.uint8)
add("all.codes", "U8", codes)
weights["all"] = round_bf16((codes.astype(np.float32) - 128) * np.float32(0.0157470703125))
write("onnx.")

# Floats of 8 and 4 bits
codes = draw_codes_of_f8(128, 320)
scale = draw_scales(2, 3)
add("blocks.codes", "F8_E4M3", codes)
add("blocks.scale", "F32", scale)
weights["blocks"] = round_bf16(values_of_f8(codes) * scale.repeat(64, 0).repeat(128, 1)[:, :320])

codes = draw_codes_of_f8(64, 4, 32)
exponents = random.integers(110, 130, (64, 4)).astype(np.uint8)
add("groups.codes", "F8_E4M3", codes)
add("groups.scale", "U8", exponents)
weights["groups"] = round_bf16((values_of_f8(codes) * powers(exponents)[..., None]).reshape(64, 128))

packed = random.integers(0, 256, (48, 32)).astype(np.uint8)
exponents = random.integers(110, 130, (48, 2)).astype(np.uint8)
add("nibbles.packed", "U8", packed)
add("nibbles.scale", "U8", exponents)
values = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32)
values = np.concatenate([values, -values])[unpack(packed)]
weights["nibbles"] = round_bf16(values * powers(exponents).repeat(32, 1))

packed = random.integers(0, 256, (32, 24)).astype(np.uint8)
scale, offset = round_bf16(draw_scales(32)), draw_scales(32)
add("offsets.codes", "I8", unpack(packed).astype(np.int8))
add("offsets.scale", "BF16", scale)
add("offsets.offset", "F32", offset)
products = (unpack(packed).astype(np.float32) - 8) * of_bf16(scale)[:, None]
weights["offsets"] = round_bf16(products + offset[:, None])
write("exponents.")

# quant.dcast: scales and zero points a row, in cells of 32 columns, and one for all.


def grid_of(scales, zeros):
    """The numbers of a type."""
    pairs = [f"{scale!r}:{zero}" for scale, zero in zip(of_bf16(scales).tolist(), zeros.tolist())]
    return "{" + ", ".join(pairs) + "}"


codes = random.integers(-128, 128, (64, 128)).astype(np.int8)
scale, zero = round_bf16(draw_scales(64)), random.integers(-128, 128, 64)
add("rows.codes", "I8", codes)
weights["rows"] = round_bf16((codes - zero[:, None]).astype(np.float32) * of_bf16(scale)[:, None])
types = {"rows": f"i8:bf16:0, {grid_of(scale, zero)}"}

codes = random.integers(-128, 128, (48, 64)).astype(np.int8)
scale, zero = round_bf16(draw_scales(48, 2)), random.integers(-128, 128, (48, 2))
add("cells.codes", "I8", codes)
weights["cells"] = round_bf16((codes - zero.repeat(32, 1)).astype(np.float32) * of_bf16(scale).repeat(32, 1))
types["cells"] = f"i8:bf16:{{0:1, 1:32}}, {{{', '.join(map(grid_of, scale, zero))}}}"

codes = random.integers(0, 256, (32, 48)).astype(np.uint8)
add("all.codes", "U8", codes)
weights["all"] = round_bf16((codes.astype(np.float32) - 100) * np.float32(0.015625))
types["all"] = "u8:bf16, 0.015625:100"



def dequantized_text(name):
    """The weight as quant.dcast makes it of codes."""
    n, k = weights[name].shape
    quantized = f"tensor<{n}x{k}x!quant.uniform<{types[name]}>>"
    return (
        constant_text(f"{name}.q", f"{name}.codes", f"{n}x{k}xi8")
        + f"  %{name}.c = quant.scast %{name}.q : tensor<{n}x{k}xi8> to {quantized}\n"
        + f"  %{name}.w = quant.dcast %{name}.c : {quantized} to tensor<{n}x{k}xbf16>\n"
    )


(folder / "quant.mlir").write_text(program(dequantized_text))
write("quant.")
