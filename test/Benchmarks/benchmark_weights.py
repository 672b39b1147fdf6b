#!/usr/bin/env python3
"""Weights that benchmarks measure: seeded matrices, and a trained model, as it is and changed in the ways that models in the wild are.

The trained model is the one that tools/quickstart.sh fetches: all-MiniLM-L6-v2, FP32, 22.7 million weights.

Usage: benchmark_weights.py FOLDER [--model FP32.safetensors] [--quick]
writes a file of each kind; with --quick matrices of 512 rows, and one layer of the model.
"""

import argparse
import json
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / ".cache" / "quickstart" / "package"
SHAPE = (4096, 4096)


def trained_model():
    """The model that tools/quickstart.sh has left, or None."""
    return next(PACKAGE.glob("*/model/model.safetensors"), None)


def to_bf16(values):
    """Rounds to nearest, ties to even."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def to_float(words):
    """The values of BF16 words."""
    return (words.astype(np.uint32) << 16).view(np.float32)


def to_fp8(words):
    """The nearest values of E4M3 to BF16 words, times 1/16, which most of a model's weights fit."""
    values = to_float(words) * np.float32(16)
    exponent = np.floor(np.log2(np.maximum(np.abs(values), 2.0**-6)))
    unit = (2.0 ** (exponent - 3)).astype(np.float32)
    rounded = np.clip(np.round(values / unit) * unit, -448, 448).astype(np.float32)
    return to_bf16(rounded / np.float32(16))


def to_four_bits(values):
    """What Q4_1 makes of values, in BF16: blocks of 32 have a minimum and a step in F16, and 16 values."""
    blocks = values.reshape(-1, 32)
    low = blocks.min(axis=1, keepdims=True)
    step = (blocks.max(axis=1, keepdims=True) - low) / np.float32(15)
    codes = np.clip(np.round((blocks - low) / np.where(step == 0, 1, step)), 0, 15)
    low, step = (part.astype(np.float16).astype(np.float32) for part in (low, step))
    return to_bf16(low + codes.astype(np.float32) * step)


def to_tuned(values, rng):
    """BF16 words of a fine-tune that has changed 7 % of all weights, by 2 % or so."""
    tuned = values.copy()
    chosen = rng.random(values.shape) < 0.07
    change = rng.standard_normal(chosen.sum()) * 0.02 * np.abs(values[chosen])
    tuned[chosen] += (change + rng.standard_normal(chosen.sum()) * 1e-4).astype(np.float32)
    return to_bf16(tuned)


def synthetic_matrices(shape=SHAPE):
    """(name, matrix of BF16 words), the same on every machine."""
    rng = np.random.default_rng(1)
    yield "gaussian", to_bf16(rng.standard_normal(shape, dtype=np.float32) * 0.02)
    scales = np.exp(0.3 * rng.standard_normal((shape[0], 1)))
    yield "row-scaled", to_bf16(rng.standard_normal(shape, dtype=np.float32) * 0.02 * scales)
    yield "student-t4", to_bf16(rng.standard_t(4, shape) * 0.02)


def matrices_of_rows(shape=SHAPE):
    """(file name, matrix of BF16 words) whose rows have scales of their own."""
    rng = np.random.default_rng(1)
    scales = np.exp(0.3 * rng.standard_normal((shape[0], 1)))
    yield "gaussian-rows", to_bf16(rng.standard_normal(shape, dtype=np.float32) * 0.02 * scales)
    yield "t4-rows", to_bf16(rng.standard_t(4, shape) * 0.02 * scales)


def read_safetensors(path):
    """{name: (dtype, shape, bytes)} and the metadata."""
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    metadata = header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        first, last = (begin + offset for offset in entry["data_offsets"])
        tensors[name] = (entry["dtype"], entry["shape"], data[first:last])
    return tensors, metadata


def write_safetensors(path, tensors, metadata=None):
    header, end = ({"__metadata__": metadata} if metadata else {}), 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(data for _, _, data in tensors.values())


def write_matrix(path, words):
    write_safetensors(path, {"weights": ("BF16", words.shape, words.tobytes())})


def write_model(path, model, dtype, convert):
    """A copy of an FP32 model, whose weights are `convert(values, is a matrix)` of `dtype`."""
    tensors, metadata = model
    converted = {}
    for name, (old_dtype, shape, data) in tensors.items():
        if old_dtype == "F32":
            values = convert(np.frombuffer(data, "<f4"), len(shape) > 1)
            converted[name] = (dtype, shape, values.tobytes())
        else:
            converted[name] = (old_dtype, shape, data)
    write_safetensors(path, converted, metadata)


def write_samples(folder):
    """Files of one small matrix, on which a program can load what it needs before it is timed, and a base for each."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal((256, 256), dtype=np.float32)
    changed = np.where(rng.random(values.shape) < 0.07, values * np.float32(1.1), values)
    for name, matrix in (("sample", values), ("other-sample", changed)):
        words = {"weights": ("F32", matrix.shape, matrix.tobytes())}
        write_safetensors(folder / f"{name}-fp32.safetensors", words)
        write_matrix(folder / f"{name}-bf16.safetensors", to_bf16(matrix))


def one_layer(tensors):
    """The tensors of a model's first layer, for a quick look."""
    return {name: tensor for name, tensor in tensors.items() if ".layer.0." in name}


def write_models(folder, model):
    """All files that are made from the trained model."""
    rng = np.random.default_rng(7)

    def write(name, dtype, convert):
        write_model(folder / f"{name}.safetensors", model, dtype, convert)

    write("minilm-fp32", "F32", lambda values, _: values)
    write("minilm-bf16", "BF16", lambda values, _: to_bf16(values))
    write("f16-in-fp32", "F32", lambda values, _: values.astype("<f2").astype("<f4"))
    write("fp8-in-bf16", "BF16", lambda values, matrix: to_fp8(to_bf16(values)) if matrix else to_bf16(values))
    write("four-bits-in-bf16", "BF16", lambda values, matrix: to_four_bits(values) if matrix else to_bf16(values))
    write("tuned-bf16", "BF16", lambda values, _: to_tuned(values, rng))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path, default=trained_model())
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()

    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, words in matrices_of_rows((512, 4096) if arguments.quick else SHAPE):
        write_matrix(arguments.folder / f"{name}.safetensors", words)
    write_samples(arguments.folder)
    if arguments.model is None:
        parser.exit(1, "no trained model: run tools/quickstart.sh first, or give one by --model\n")
    tensors, metadata = read_safetensors(arguments.model)
    write_models(arguments.folder, (one_layer(tensors) if arguments.quick else tensors, metadata))


if __name__ == "__main__":
    main()
