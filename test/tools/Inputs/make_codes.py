"""Writes a checkpoint of recipe `codes`, of a weight W.weight [40, 192] with every code of an element, and the weight itself.

    make_codes.py ELEMENT FOLDER VALUES.safetensors [gain | nested | pick=BITS | table]

ELEMENT is bipolar<b> or squares<b>, of which `numbers` has what codes stand for, or table<b>. With `gain` numbers of that role
(test/TestCodec) follow the scales, with `nested` scales are codes with zero points and scales of their own. With `pick` each cell has one of the weight's tables, and with `table` each row one of its own.
"""

import json
import pathlib
import random
import re
import struct
import sys
from itertools import chain

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


class Tables:
    """Tables of small integers, which of them each cell has, and how a checkpoint says so."""

    def __init__(self, element, kind, draw):
        bits = int(re.fullmatch(r"table<(\d)>", element).group(1))
        groups = COLUMNS // GROUP
        self.pick_bits = int(kind.removeprefix("pick=")) if kind.startswith("pick=") else 0
        # One fewer than bits of picks allow.
        count = (1 << self.pick_bits) - 1 if self.pick_bits else ROWS
        self.numbers = [[draw.randrange(-64, 64) for _ in range(1 << bits)] for _ in range(count)]
        if self.pick_bits:
            self.of_cell = [draw.randrange(count) for _ in range(ROWS * groups)]
        else:
            self.of_cell = [row for row in range(ROWS) for _ in range(groups)]

    def item(self):
        return f", pick={{1x{GROUP}, uint<{self.pick_bits}>}}" if self.pick_bits else ", table={row, bf16}"

    def tensors(self):
        flat = list(chain.from_iterable(self.numbers))
        shape = [len(self.numbers), len(self.numbers[0])]
        if not self.pick_bits:
            return {"W.weight_table": ("BF16", shape, bf16(flat))}
        of_cells = ("U8", bytes) if self.pick_bits <= 8 else ("I32", lambda picks: struct.pack(f"<{len(picks)}i", *picks))
        return {
            "W.weight_table": ("F32", shape, struct.pack(f"<{len(flat)}f", *flat)),
            "W.weight_pick": (of_cells[0], [ROWS, COLUMNS // GROUP], of_cells[1](self.of_cell)),
        }


def main():
    element, folder, values = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    kind = "".join(sys.argv[4:])
    draw = random.Random(element + kind)
    tables = Tables(element, kind, draw) if element.startswith("table") else None
    own = tables.numbers if tables else [numbers(element)]
    codes = [(row + column * 5) % len(own[0]) for row in range(ROWS) for column in range(COLUMNS)]
    # Powers of two: the weight is rounded once, whichever way it is computed.
    scales = [2.0 ** draw.randrange(-3, 3) for _ in range(ROWS * COLUMNS // GROUP)]
    composition = f"{element}{tables.item() if tables else ''}, scale={{1x{GROUP}, bf16}}"
    tensors = {
        "W.weight": ("U8", [ROWS, COLUMNS], bytes(codes)),
        "W.weight_scale": ("BF16", [ROWS, COLUMNS // GROUP], bf16(scales)),
    }
    if tables:
        tensors |= tables.tensors()
    if kind == "nested":
        scale_codes = [draw.randrange(16) for _ in scales]
        zeros, outer = [draw.randrange(16) for _ in range(ROWS)], [2.0 ** draw.randrange(-5, 0) for _ in range(ROWS)]
        composition = f"{element}, scale={{1x{GROUP}, uint<4>, zero={{row, uint<4>}}, scale={{row, bf16}}}}"
        tensors["W.weight_scale"] = ("U8", [ROWS, COLUMNS // GROUP], bytes(scale_codes))
        tensors["W.weight_scale_zero_point"] = ("U8", [ROWS, 1], bytes(zeros))
        tensors["W.weight_scale_scale"] = ("BF16", [ROWS, 1], bf16(outer))
        of_row = COLUMNS // GROUP
        scales = [(code - zeros[cell // of_row]) * outer[cell // of_row] for cell, code in enumerate(scale_codes)]
    if kind == "gain":
        gains = [2.0 ** draw.randrange(-3, 3) for _ in scales]
        composition += f", gain={{1x{GROUP}, bf16}}"
        tensors["W.weight_gain"] = ("BF16", [ROWS, COLUMNS // GROUP], bf16(gains))
        scales = [scale * gain for scale, gain in zip(scales, gains)]
    folder.mkdir()
    st.write(folder / "model.safetensors", tensors)
    config = {"quant_method": "uwt-codes", "format": composition}
    (folder / "config.json").write_text(json.dumps({"quantization_config": config}), encoding="utf-8")
    of_cell = tables.of_cell if tables else [0] * len(scales)
    weight = [own[of_cell[place // GROUP]][code] * scales[place // GROUP] for place, code in enumerate(codes)]
    st.write(values, {"W.weight": ("BF16", [ROWS, COLUMNS], bf16(weight))})


main()
