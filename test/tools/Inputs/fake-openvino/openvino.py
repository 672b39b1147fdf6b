"""What `uwt bench matmul --peers` uses of OpenVINO, by NumPy: constants are arrays, and so is what is made of them.

FAKE_OPENVINO is what it does to x: nothing, `int8` where it is asked to, or `wrong` sums.
"""

import enum
import os
import types

import numpy as np

__version__ = "0.0.0-fake"
Type = enum.Enum("Type", ["u4", "f32"])
HOW = os.environ.get("FAKE_OPENVINO")


class Tensor:
    def __init__(self, array, shape=None, kind=Type.f32):
        self.data = array
        if kind is Type.u4:
            # The last half of a byte may be nobody's.
            self.data = np.stack([array & 15, array >> 4], -1).reshape(-1)[: np.prod(shape)].reshape(shape)


class Precision:
    def get_type_name(self):
        return "f32"


class Inference:
    def __init__(self, weights, rounds):
        self.weights, self.rounds = weights, rounds

    def set_input_tensor(self, tensor):
        self.x = tensor.data

    def infer(self):
        x = self.x
        if self.rounds and HOW == "int8":
            scale = np.abs(x).max(axis=1, keepdims=True) / 127
            x = np.round(x / scale) * scale
        self.all_y = [x @ weight.T * (2 if HOW == "wrong" else 1) for weight in self.weights]

    def get_output_tensor(self, index):
        return types.SimpleNamespace(data=self.all_y[index])


class Compiled:
    def __init__(self, weights, rounds):
        self.weights, self.rounds = weights, rounds

    def create_infer_request(self):
        return Inference(self.weights, self.rounds)

    def get_property(self, name):
        assert name == "INFERENCE_PRECISION_HINT", name
        return Precision()


def Model(results, inputs):
    return results


class Core:
    def compile_model(self, weights, device, properties):
        assert device == "CPU" and properties["INFERENCE_NUM_THREADS"] == 2 and properties["NUM_STREAMS"] == 1
        return Compiled(weights, properties["DYNAMIC_QUANTIZATION_GROUP_SIZE"] != 0)


def matmul(x, weight, transpose_x, transpose_weight):
    assert x is None and not transpose_x and transpose_weight
    return weight


opset13 = types.SimpleNamespace(
    parameter=lambda shape, kind: None,
    constant=lambda value: value.data if isinstance(value, Tensor) else value,
    convert=lambda array, kind: array.astype({"f16": np.float16, "f32": np.float32}[kind]),
    subtract=lambda one, other: one - other,
    multiply=lambda one, other: one * other,
    reshape=lambda array, shape, special: array.reshape(shape),
    matmul=matmul,
)
