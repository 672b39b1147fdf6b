"""Writes a checkpoint of recipe `codes`, of a weight W.weight [40, 192] with every code of an element, and the weight itself.

    make_codes.py ELEMENT FOLDER VALUES.safetensors [gain]

ELEMENT is bipolar<b> or squares<b>, of which `numbers` has what codes stand for. With `gain` numbers of that role (test/TestCodec)
follow the scales.
"""

import json
import pathlib
import random
import re
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Integration"))

import safetensors_file as st  # noqa: E402

ROWS, COLUMNS, GROUP = 40, 192, 64


def bf16(values):
    """The nearest bf16, little-endian."""
    words = [struct.unpack("<I", struct.pack("<f", value))[0] for value in values]
    return b"".join(struct.pack("<H", word + 0x7FFF + (word >> 16 & 1) >> 16) for word in words)


def numbers(element):
    name, bits = re.fullmatch(r"(\w+)<(\d)>", element).groups()
    codes = range(1 << int(bits))
    if name == "bipolar":
        return [2 * code + 1 - len(codes) for code in codes]
    return [code * code / 4 for code in codes]


def main():
    element, folder, values = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    own = numbers(element)
    draw = random.Random(element)
    codes = [(row + column * 5) % len(own) for row in range(ROWS) for column in range(COLUMNS)]
    # Powers of two: the weight is rounded once, whichever way it is computed.
    scales = [2.0 ** draw.randrange(-3, 3) for _ in range(ROWS * COLUMNS // GROUP)]
    composition = f"{element}, scale={{1x{GROUP}, bf16}}"
    tensors = {
        "W.weight": ("U8", [ROWS, COLUMNS], bytes(codes)),
        "W.weight_scale": ("BF16", [ROWS, COLUMNS // GROUP], bf16(scales)),
    }
    if sys.argv[4:] == ["gain"]:
        gains = [2.0 ** draw.randrange(-3, 3) for _ in scales]
        composition += f", gain={{1x{GROUP}, bf16}}"
        tensors["W.weight_gain"] = ("BF16", [ROWS, COLUMNS // GROUP], bf16(gains))
        scales = [scale * gain for scale, gain in zip(scales, gains)]
    folder.mkdir()
    st.write(folder / "model.safetensors", tensors)
    config = {"quant_method": "uwt-codes", "format": composition}
    (folder / "config.json").write_text(json.dumps({"quantization_config": config}), encoding="utf-8")
    weight = [own[code] * scales[place // GROUP] for place, code in enumerate(codes)]
    st.write(values, {"W.weight": ("BF16", [ROWS, COLUMNS], bf16(weight))})


main()
