"""Blocks of models in frontends/models: their weights are made, not stored.

A block is NAME.mlir, whose constants are named, and NAME.io.safetensors with PyTorch's
results: `FUNCTION.arg0`, … and `FUNCTION.out0`, …. Both sides draw a tensor's values from
its name and shape, here and in test/Frontends/make_blocks.py.
"""

import json
import math
import pathlib
import re
import struct

import safetensors_file as st

FOLDER = pathlib.Path(__file__).resolve().parent / "frontends" / "models"
DTYPES = {"bf16": "BF16", "f16": "F16", "f32": "F32"}
FUNCTION = re.compile(r"^  func\.func @(\w+)\(.*?^  }\n", re.M | re.S)


def names():
    """All blocks."""
    return sorted(path.stem for path in FOLDER.glob("*.mlir"))


def functions(name):
    """The functions of a block."""
    return FUNCTION.findall(read_module(name))


def read_module(name):
    """The text of a block's module."""
    return (FOLDER / f"{name}.mlir").read_text()


def read_function(name, function):
    """The text of a block's module without its other functions."""
    keep = lambda match: match.group() if match.group(1) == function else ""  # noqa: E731
    return FUNCTION.sub(keep, read_module(name))


# Weights.


def constants(text):
    """Name to (dtype, shape) of the constants of a module that have no data inside."""
    inside = set(re.findall(r'^\s+"?([\w.]+)"?: "0x', text, re.M))
    found = {}
    for name, kind in re.findall(r'dense_resource<"?([\w.]+)"?> : tensor<([\w]+)>', text):
        *shape, element = kind.split("x")
        if name not in inside:
            found[name] = (DTYPES[element], [int(size) for size in shape])
    return found


def draw(name, dtype, shape):
    """The bytes of a weight: matrices keep the size of what they multiply, norms are about 1."""
    if len(shape) > 1:
        return st.weights(dtype, shape, name, deviation=math.prod(shape[1:]) ** -0.5)
    return st.weights(dtype, shape, name, mean=1.0 if name.endswith("weight") else 0.0, deviation=0.1)


def write_weights(path, tensors):
    """Writes a safetensors file with all of `tensors`, as `constants` gives them."""
    drawn = {name: (*kind, draw(name, *kind)) for name, kind in tensors.items()}
    st.write(path, drawn)


# Calls.


def run(uwt, folder, name, function, *options):
    """Calls a function with the recorded arguments, from compressed weights.

    `uwt` runs the tool; files are written to `folder`. Gives the largest error of a result,
    and what the tool says of the function's products.
    """
    text, weights = read_function(name, function), folder / "weights.safetensors"
    (folder / "module.mlir").write_text(text)
    write_weights(weights, constants(text))
    uwt("compress", weights, "-o", folder / "compressed.safetensors", "-q")
    st.write(folder / "x.safetensors", recorded(name, function, "arg"))
    result = uwt(
        *("run", folder / "module.mlir", "--weights", folder / "compressed.safetensors"),
        *("--input", folder / "x.safetensors", "-o", folder / "y.safetensors"),
        # The least work for LLVM: its optimisations change no bits.
        *("--optimise", 0, "-v", *options),
    )
    return largest_error(read(folder / "y.safetensors"), recorded(name, function, "out")), result.stderr


def read(path):
    """(dtype, shape, bytes) by name."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + length + at for at in entry["data_offsets"])
            tensors[name] = (entry["dtype"], entry["shape"], data[begin:end])
    return tensors


def recorded(name, function, label):
    """PyTorch's arguments or results of a function, as `uwt run` names them."""
    tensors = read(FOLDER / f"{name}.io.safetensors")
    prefix = f"{function}."
    return {
        key.removeprefix(prefix): tensor
        for key, tensor in tensors.items()
        if key.startswith(prefix + label)
    }


def floats(data):
    """The values of BF16 words."""
    words = struct.unpack(f"<{len(data) // 2}H", data)
    return struct.unpack(f"<{len(words)}f", struct.pack(f"<{len(words)}I", *(word << 16 for word in words)))


def largest_error(results, expected):
    """The largest relative error of a tensor in the L2 norm."""
    assert results.keys() == expected.keys()
    largest = 0.0
    for key, (dtype, shape, data) in expected.items():
        assert results[key][:2] == (dtype, shape)
        values, wanted = floats(results[key][2]), floats(data)
        # A NaN is no error that max() would keep.
        assert all(map(math.isfinite, values)), f"{key} has values that are not finite"
        largest = max(largest, math.dist(values, wanted) / math.hypot(*wanted))
    return largest


# What the tool says.


def fused(remarks):
    """The products that run from compressed weights."""
    # A product whose m only a call knows has a remark for each range of m.
    return set(re.findall(r":(\d+:\d+): product with \S+,", remarks))


def kernels(remarks):
    """The products that run by kernels of a GPU."""
    return set(re.findall(r":(\d+:\d+): product with \S+ from .+ on sm_\w+: (?!runs on the host)", remarks))


def left(remarks):
    """Why weights are not multiplied from their compressed form, and the weights."""
    reasons = {}
    for weight, reason in re.findall(r"weight '(.*?)' is decoded when it is loaded: (.*)", remarks):
        # Numbers of layers and experts.
        reasons.setdefault(reason, set()).add(re.sub(r"\d+", "*", weight))
    return reasons
