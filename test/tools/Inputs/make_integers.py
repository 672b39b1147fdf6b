"""Writes packed weights (I32), 8-bit weights (I8), a mask (BOOL), scales (F8_E8M0) and noise (U8).

    make_integers.py OUT.safetensors [--float]

With `--float` a matrix of BF16 stands beside them.
"""

import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Integration"))

import safetensors_file as st  # noqa: E402

noise = random.Random("noise").randbytes(256 * 256)
tensors = {
    "packed": ("I32", [64, 128], st.integers("I32", [64, 128], 1, 12)),
    "weight": ("I8", [64, 128], st.integers("I8", [64, 128], 2, 12)),
    "mask": ("BOOL", [64, 256], bytes(byte & 1 for byte in noise[: 64 * 256])),
    "scales": ("F8_E8M0", [64, 256], bytes(120 + byte % 3 for byte in noise[: 64 * 256])),
    "noise": ("U8", [256, 256], noise),
}  # fmt: skip
if "--float" in sys.argv[2:]:
    tensors["float"] = ("BF16", [64, 128], st.weights("BF16", [64, 128], 3))
st.write(sys.argv[1], tensors)
