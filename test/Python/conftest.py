"""What tests of the Python package share: the library that it loads, and small models.

The package is the installed one where there is one (tools/wheels.sh), else python/ over build/lib/libuwt.so.
"""

import importlib.util
import json
import os
import pathlib
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

if importlib.util.find_spec("uwt") is None:
    library = ROOT / "build" / "lib" / "libuwt.so"
    if not library.is_file():
        raise pytest.UsageError(f"there is no {library}: build it first (tools/test.sh build)")
    os.environ.setdefault("UWT_LIBRARY", str(library))
    os.environ.setdefault("UWT_TOOL", str(ROOT / "build" / "bin" / "uwt"))
    if library.with_name("libuwt-compiler.so").is_file():
        os.environ.setdefault("UWT_COMPILER_LIBRARY", str(library.with_name("libuwt-compiler.so")))
    sys.path.insert(0, str(ROOT / "python"))
    # For processes that tests start.
    os.environ["PYTHONPATH"] = str(ROOT / "python")


def require_kernels():
    """Skips tests where no kernel of products is for this machine. PyTorch is there."""
    import torch

    import uwt
    from uwt.torch import UwtTensor

    try:
        x, w = (torch.zeros(n, 64, dtype=torch.bfloat16) for n in (1, 64))
        torch.nn.functional.linear(x, UwtTensor.encode(w))
    except uwt.UnsupportedError as error:
        pytest.skip(str(error))


def write_safetensors(path, tensors, metadata=None):
    """Writes {name: (dtype, shape, bytes)} as a plain safetensors file."""
    header, at = {"__metadata__": metadata} if metadata else {}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    parts = [len(text).to_bytes(8, "little"), text, *(data for _, _, data in tensors.values())]
    path.write_bytes(b"".join(parts))


def bf16(values):
    """The upper halves of F32 values, rounded to nearest even."""
    bits = np.ascontiguousarray(values, dtype="<f4").view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def model_tensors(seed=1):
    """Tensors of all kinds, as write_safetensors takes them."""
    random = np.random.default_rng(seed)
    normal = random.normal(0, 0.02, (200, 96))
    experts = random.normal(0, 0.02, (3, 70, 64))
    return {
        "embed": ("BF16", (200, 96), bf16(normal).tobytes()),
        "experts": ("BF16", (3, 70, 64), bf16(experts).tobytes()),
        "half": ("F16", (64, 80), random.normal(0, 1, (64, 80)).astype("<f2").tobytes()),
        "single": ("F32", (65, 33), random.normal(0, 1, (65, 33)).astype("<f4").tobytes()),
        "bytes": ("F8_E4M3", (64, 64), random.integers(0, 256, 64 * 64, dtype=np.uint8).tobytes()),
        "bias": ("BF16", (96,), bf16(random.normal(0, 1, 96)).tobytes()),
        "ids": ("I64", (4, 5), np.arange(20, dtype="<i8").tobytes()),
        "none": ("F32", (0, 7), b""),
        "one": ("F32", (), np.float32(3.5).tobytes()),
    }


@pytest.fixture(name="plain")
def plain_file(tmp_path):
    """A plain safetensors file with metadata."""
    path = tmp_path / "model.safetensors"
    write_safetensors(path, model_tensors(), {"format": "pt", "name": "ä"})
    return path


@pytest.fixture(name="compressed")
def compressed_file(plain):
    """The same, compressed."""
    import uwt

    path = plain.with_name("model.uwt.safetensors")
    uwt.compress(plain, path)
    return path
