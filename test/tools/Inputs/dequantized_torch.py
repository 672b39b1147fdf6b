"""Layers that compute their weights from codes, as PyTorch's quantisers write them.

dequantized_torch.mlir is what torch-mlir makes of this file:

    tools/export/from_torch.py test/tools/Inputs/dequantized_torch.py -o test/tools/Inputs/dequantized_torch.mlir

make_dequantized.py writes tensors for it, and what its weights are.
"""

import torch
from torch.nn.functional import linear


class Rows(torch.nn.Module):
    """int8, a scale a row, in bf16."""

    def __init__(self, n, k):
        super().__init__()
        self.register_buffer("codes", torch.zeros(n, k, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(n, 1, dtype=torch.bfloat16))

    def forward(self, x):
        return linear(x, self.codes.to(torch.bfloat16) * self.scale)


class ZeroPoints(torch.nn.Module):
    """uint8, a zero point and a scale a row, in f32."""

    def __init__(self, n, k):
        super().__init__()
        self.register_buffer("codes", torch.zeros(n, k, dtype=torch.uint8))
        self.register_buffer("zero", torch.zeros(n, 1, dtype=torch.uint8))
        self.register_buffer("scale", torch.ones(n, 1))

    def forward(self, x):
        differences = self.codes.to(torch.float32) - self.zero.to(torch.float32)
        return linear(x, (differences * self.scale).to(torch.bfloat16))


class Nibbles(torch.nn.Module):
    """Two codes of 4 bits a byte; a zero point and a scale for each `group` columns."""

    def __init__(self, n, k, group):
        super().__init__()
        self.group = group
        self.register_buffer("packed", torch.zeros(n, k // 2, dtype=torch.uint8))
        self.register_buffer("zero", torch.zeros(n, k // group, 1, dtype=torch.uint8))
        self.register_buffer("scale", torch.ones(n, k // group, 1, dtype=torch.float16))

    def forward(self, x):
        codes = torch.stack([self.packed & 15, self.packed >> 4], -1)
        codes = codes.reshape(codes.shape[0], -1, self.group)
        differences = codes.to(torch.float32) - self.zero.to(torch.float32)
        weight = (differences * self.scale.to(torch.float32)).to(torch.bfloat16)
        return linear(x, weight.reshape(weight.shape[0], -1))


class SymmetricNibbles(torch.nn.Module):
    """The same less 8, before they become groups, in bf16."""

    def __init__(self, n, k, group):
        super().__init__()
        self.group = group
        self.register_buffer("packed", torch.zeros(n, k // 2, dtype=torch.uint8))
        self.register_buffer("scale", torch.ones(n, k // group, 1, dtype=torch.bfloat16))

    def forward(self, x):
        codes = torch.stack([self.packed & 15, self.packed >> 4], -1).to(torch.int32) - 8
        codes = codes.reshape(codes.shape[0], -1, self.group)
        weight = codes.to(torch.bfloat16) * self.scale
        return linear(x, weight.reshape(weight.shape[0], -1))


class Floats(torch.nn.Module):
    """f8E4M3FN, a scale a row, in f32."""

    def __init__(self, n, k):
        super().__init__()
        self.register_buffer("codes", torch.zeros(n, k).to(torch.float8_e4m3fn))
        self.register_buffer("scale", torch.ones(n, 1))

    def forward(self, x):
        return linear(x, (self.codes.to(torch.float32) * self.scale).to(torch.bfloat16))


class Repeated(torch.nn.Module):
    """int8, a scale for each `group` columns, which are repeated."""

    def __init__(self, n, k, group):
        super().__init__()
        self.group = group
        self.register_buffer("codes", torch.zeros(n, k, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(n, k // group, dtype=torch.bfloat16))

    def forward(self, x):
        return linear(x, self.codes.to(torch.bfloat16) * self.scale.repeat_interleave(self.group, 1))


class Blocks(torch.nn.Module):
    """f8E4M3FN, a scale for 64 rows and 128 columns, as dimensions of their own."""

    def __init__(self, n, k):
        super().__init__()
        self.register_buffer("codes", torch.zeros(n, k).to(torch.float8_e4m3fn))
        self.register_buffer("scale", torch.ones(n // 64, k // 128))

    def forward(self, x):
        blocks = self.codes.to(torch.float32).reshape(self.scale.shape[0], 64, -1, 128)
        weight = (blocks * self.scale[:, None, :, None]).reshape(self.codes.shape)
        return linear(x, weight.to(torch.bfloat16))


class Offsets(torch.nn.Module):
    """int8 less 8, a scale and an offset for each `group` columns, in bf16, which rounds twice."""

    def __init__(self, n, k, group):
        super().__init__()
        self.group = group
        self.register_buffer("codes", torch.zeros(n, k, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(n, k // group, 1, dtype=torch.bfloat16))
        self.register_buffer("offset", torch.ones(n, k // group, 1, dtype=torch.bfloat16))

    def forward(self, x):
        codes = self.codes.to(torch.int32).reshape(self.codes.shape[0], -1, self.group)
        weight = (codes - 8).to(torch.bfloat16) * self.scale + self.offset
        return linear(x, weight.reshape(self.codes.shape))


def model():
    """The module, and example inputs."""
    layers = torch.nn.Sequential()
    layers.rows = Rows(256, 1024)
    layers.zero_points = ZeroPoints(512, 256)
    layers.nibbles = Nibbles(256, 512, 64)
    layers.symmetric = SymmetricNibbles(512, 256, 32)
    layers.floats = Floats(48, 512)
    layers.repeated = Repeated(256, 48, 16)
    layers.blocks = Blocks(128, 256)
    layers.offsets = Offsets(32, 128, 32)
    return layers, (torch.zeros(3, 1024, dtype=torch.bfloat16),)
