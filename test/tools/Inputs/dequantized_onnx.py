"""ONNX layers with DequantizeLinear, as torch-mlir brings them to linalg.

    dequantized_onnx.py > test/tools/Inputs/dequantized_onnx.mlir

with the tools of torch-mlir 20261001 on PATH, and onnx 1.23. Constants become resources without data, named after the
tensors of the graph, which make_dequantized.py writes.
"""

import math
import re
import subprocess
import tempfile

import onnx
from onnx import TensorProto, helper

# (N, K), type of codes, whether scales and zero points are a row's.
LAYERS = {
    "rows": (64, 128, TensorProto.INT8, True),
    "all": (48, 64, TensorProto.UINT8, False),
}
# What becomes constants of the program: a scale as bf16, and a zero point.
NUMBERS = {"all.scale": b"\x81\x3c", "all.zero": b"\x80"}
LOWER = (
    "builtin.module(func.func(convert-torch-onnx-to-torch),torch-lower-to-backend-contract,"
    "torch-backend-to-linalg-on-tensors-backend-pipeline)"
)


def make_graph():
    """`x` times the transposed weight of each layer."""
    nodes, tensors, value = [], [], "x"
    for name, (n, k, codes, is_row) in LAYERS.items():
        shape = [n] if is_row else []
        parts = [("codes", codes, [n, k]), ("scale", TensorProto.BFLOAT16, shape), ("zero", codes, shape)]
        for part, dtype, dims in parts:
            data = NUMBERS.get(f"{name}.{part}")
            if not data:
                # Any that are no splats.
                size = 2 if dtype == TensorProto.BFLOAT16 else 1
                data = bytes(1 + i % 63 for i in range(size * math.prod(dims)))
            tensors.append(helper.make_tensor(f"{name}.{part}", dtype, dims, data, raw=True))
        inputs = [f"{name}.codes", f"{name}.scale", f"{name}.zero"]
        nodes.append(helper.make_node("DequantizeLinear", inputs, [f"{name}.rows"], axis=0))
        nodes.append(helper.make_node("Transpose", [f"{name}.rows"], [f"{name}.weight"], perm=[1, 0]))
        nodes.append(helper.make_node("MatMul", [value, f"{name}.weight"], [f"{name}.y"]))
        value = f"{name}.y"
    dims = [list(LAYERS.values())[0][1], list(LAYERS.values())[-1][0]]
    values = [helper.make_tensor_value_info(v, TensorProto.BFLOAT16, [3, d]) for v, d in zip(["x", value], dims)]
    return helper.make_graph(nodes, "main", values[:1], values[1:], tensors)


def run(command, text=None):
    """What a tool prints."""
    return subprocess.run(command, input=text, capture_output=True, check=True, text=True).stdout


def main():
    model = helper.make_model(make_graph(), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        onnx.save(model, file.name)
        imported = run(["torch-mlir-import-onnx", file.name, "-o", "-"])
    text = run(["torch-mlir-opt", f"--pass-pipeline={LOWER}"], imported)
    for name, (n, k, _, is_row) in LAYERS.items():
        parts = {"codes": f"{n}x{k}xi8"} | ({"scale": f"{n}xbf16", "zero": f"{n}xi8"} if is_row else {})
        for part, shape in parts.items():
            text = re.sub(rf"dense<[^>]*> : tensor<{shape}>", f"dense_resource<{name}.{part}> : tensor<{shape}>", text)
    print(text, end="")


main()
