"""Writes tensors for dequantized_torch.mlir, what its weights are, and a program of these.

    make_dequantized.py FOLDER

codes.safetensors has codes, scales and zero points; weights.safetensors the matrices of BF16 that
the arithmetic of the program makes of them, each step one rounding; weights.mlir multiplies with
these; x.safetensors is an argument.
"""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Integration"))

import safetensors_file as st  # noqa: E402

random = np.random.default_rng(7)


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


def values_of_f8(codes):
    """f8E4M3FN as f32."""
    exponent, mantissa = codes >> 3 & 15, codes & 7
    normal = (1 + mantissa / 8) * 2.0 ** (exponent.astype(int) - 7)
    magnitude = np.where(exponent == 0, mantissa / 8 * 2.0**-6, normal)
    return np.where(codes & 128, -magnitude, magnitude).astype(np.float32)


tensors, weights = {}, {}


def add(name, dtype, values):
    """A tensor of the program."""
    tensors[name] = (dtype, list(values.shape), values.tobytes())


def unpack(packed):
    """Two codes of 4 bits a byte, the lower one first."""
    return np.stack([packed & 15, packed >> 4], -1).reshape(packed.shape[0], -1)


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

codes = random.integers(0, 256, (48, 512)).astype(np.uint8)
codes[codes % 128 == 127] = 0
scale = draw_scales(48, 1)
add("floats.codes", "F8_E4M3", codes)
add("floats.scale", "F32", scale)
weights["floats"] = round_bf16(values_of_f8(codes) * scale)

lines = []
value, columns = "%x", 1024
for name, words in weights.items():
    n, k = words.shape
    lines.append(f"""  %{name}.w = arith.constant dense_resource<{name}> : tensor<{n}x{k}xbf16>
  %{name}.e = tensor.empty() : tensor<3x{n}xf32>
  %{name}.i = linalg.fill ins(%zero : f32) outs(%{name}.e : tensor<3x{n}xf32>) -> tensor<3x{n}xf32>
  %{name}.s = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins({value}, %{name}.w : tensor<3x{k}xbf16>, tensor<{n}x{k}xbf16>) outs(%{name}.i : tensor<3x{n}xf32>) -> tensor<3x{n}xf32>
  %{name}.y = arith.truncf %{name}.s : tensor<3x{n}xf32> to tensor<3x{n}xbf16>
""")
    value = f"%{name}.y"

folder = pathlib.Path(sys.argv[1])
(folder / "weights.mlir").write_text(
    "#mk = affine_map<(m, n, k) -> (m, k)>\n#nk = affine_map<(m, n, k) -> (n, k)>\n"
    "#mn = affine_map<(m, n, k) -> (m, n)>\n"
    "func.func @main(%x: tensor<3x1024xbf16>) -> tensor<3x48xbf16> {\n"
    f"  %zero = arith.constant 0.0 : f32\n{''.join(lines)}  return {value} : tensor<3x48xbf16>\n}}\n"
)
st.write(folder / "codes.safetensors", tensors)
st.write(
    folder / "weights.safetensors",
    {name: ("BF16", list(words.shape), words.tobytes()) for name, words in weights.items()},
)
x = round_bf16(random.standard_normal((3, 1024)))
st.write(folder / "x.safetensors", {"x": ("BF16", [3, 1024], x.tobytes())})
