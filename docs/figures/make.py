#!/usr/bin/env python3
"""Draws the figures of the documentation: one SVG beside this script for each function in FIGURES.

Usage: make.py; with --check it writes nothing and fails where a committed SVG is not what the script draws.

Needs nothing but Python. A text that is too wide for its box is an error, so that no figure has to be
looked at after a change of words.
"""

import pathlib
import sys
from xml.sax.saxutils import escape

FOLDER = pathlib.Path(__file__).resolve().parent
WIDTH = 960
INK, FAINT, PAPER = "#1f2933", "#7b8794", "#ffffff"
# A color for what is coded, what is stored as it is, what is decoded, what is not touched.
CODED, STORED, DECODED, NEUTRAL = "#ffd9a0", "#cfe3f7", "#cdeccb", "#edf0f3"
STRONG = {CODED: "#d97706", STORED: "#2f6fb0", DECODED: "#2f855a", NEUTRAL: "#7b8794"}
# Colors of work units.
UNITS = ["#cfe3f7", "#ffd9a0", "#cdeccb", "#e6d5f2"]


class Drawing:
    """The elements of a figure of WIDTH x height, in the order in which they are painted."""

    def __init__(self, height, title):
        self.height, self.title, self.elements = height, title, []

    def add(self, element):
        self.elements.append(element)

    def rect(self, x, y, width, height, fill=NEUTRAL, line=FAINT, radius=4, weight=1):
        self.add(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" fill="{fill}" '
                 f'stroke="{line}" stroke-width="{weight}"/>')

    def text(self, x, y, text, size=14, anchor="middle", color=INK, bold=False, room=None):
        """`room`: the width that the text may take; an estimate, on the safe side."""
        wide = len(text) * size * (0.6 if bold else 0.54)
        if room is not None and wide > room:
            sys.exit(f"make.py: '{text}' takes about {wide:.0f} of {room} pixels")
        weight = ' font-weight="bold"' if bold else ""
        self.add(f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{color}"{weight}>'
                 f"{escape(text)}</text>")

    def box(self, x, y, width, height, lines, fill=NEUTRAL, size=13):
        """A box with a bold first line and further lines below it, all centred."""
        self.rect(x, y, width, height, fill, STRONG.get(fill, FAINT))
        step = size + 5
        top = y + height / 2 - step * (len(lines) - 1) / 2 + size * 0.35
        for number, line in enumerate(lines):
            self.text(x + width / 2, round(top + step * number, 1), line, size, bold=number == 0, room=width - 8)

    def arrow(self, *points, color=INK):
        path = " ".join(f"{x},{y}" for x, y in points)
        self.add(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.6" '
                 'marker-end="url(#tip)"/>')

    def caption(self, top, *lines):
        """Lines of text over the whole width."""
        for number, line in enumerate(lines):
            self.text(WIDTH / 2, top + 19 * number, line, 13, room=WIDTH - 20)

    def line(self, x1, y1, x2, y2, color=FAINT, dashed=False):
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.add(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}"{dash}/>')

    def svg(self):
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" '
            f'height="{self.height}" font-family="Helvetica, Arial, sans-serif">',
            f"<title>{escape(self.title)}</title>",
            '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0,0 L10,5 L0,10 z" fill="{INK}"/></marker></defs>',
            f'<rect width="{WIDTH}" height="{self.height}" rx="8" fill="{PAPER}"/>',
        ]
        return "\n".join([*head, *self.elements, "</svg>"]) + "\n"


def draw_bits(figure, x, y):
    """The bits of a BF16 weight, and what becomes of them."""
    cell = 24
    for bit in range(16):
        is_exponent = 1 <= bit <= 8
        fill = CODED if is_exponent else STORED
        figure.rect(x + cell * bit, y, cell, 26, fill, STRONG[fill], radius=0)
        name = "s" if bit == 0 else "e" if is_exponent else "m"
        figure.text(x + cell * bit + cell / 2, y + 18, name)
    figure.text(x, y - 8, "a BF16 weight: 16 bits", anchor="start", bold=True)
    figure.text(x, y + 44, "exponents repeat: each gets a short code", 12.5, "start", STRONG[CODED])
    figure.text(x, y + 61, "sign and mantissa look random: stored as they are", 12.5, "start", STRONG[STORED])


def draw_bars(figure, x, y):
    """How many bits memory has to deliver for a weight."""
    figure.text(x, y - 8, "bits that memory delivers for a weight", anchor="start", bold=True)
    bars = [("BF16", 16, NEUTRAL), ("inplace<12>: fastest", 12, CODED), ("Huffman: smallest", 10.6, CODED)]
    for number, (name, bits, fill) in enumerate(bars):
        top = y + 25 * number
        figure.rect(x, top, 20 * bits, 20, fill, STRONG[fill], radius=2)
        figure.text(x + 8, top + 15, name, 12.5, "start")
        figure.text(x + 20 * bits + 8, top + 15, f"{bits:g}", 12.5, "start")


def weight_path():
    """From a file to a tensor core."""
    figure = Drawing(470, "The way of a weight from file to tensor core")
    columns, width, height = (20, 270, 505, 740), 200, 72
    draw_bits(figure, 20, 36)
    draw_bars(figure, 520, 36)

    files = 138
    figure.box(columns[0], files, width, height, ["model.safetensors", "16 bits a weight"])
    figure.arrow((columns[0] + width, files + 36), (330, files + 36))
    figure.text(275, files + 27, "uwt compress", 12.5, room=106)
    lines = ["file of planes", "code, raw, patch, index", "10.6 bits a weight"]
    figure.box(330, files, width, height, lines, CODED)
    figure.arrow((330 + width, files + 36), (660, files + 36))
    figure.text(595, files + 27, "uwt decompress", 12.5, room=126)
    figure.box(660, files, 280, height, ["the same file again", "byte for byte, for any program"])

    lanes = ((268, "on a CPU: runs today"), (378, "on an NVIDIA GPU: runs on the emulator so far"))
    figure.arrow((430, files + height), (430, 232), (120, 232), (120, 256))
    figure.text(275, 226, "load: checked, kept as it is or coded anew", 12.5)
    lines = ["memory", "planes, byte for byte", "as in the file,", "or as inplace<12>"]
    figure.box(columns[0], 258, width, 192, lines, CODED)
    steps = (
        (["cache", "the next codes are", "on their way"],
         ["vector registers", "a few operations decode", "32 weights at a time"],
         ["dot products", "BF16 in, f32 sums"]),
        (["ring in shared memory", "bulk copies run ahead"],
         ["registers of a warp", "each lane decodes what", "it multiplies"],
         ["tensor core", "mma.sync, wgmma"]),
    )
    for (top, label), boxes in zip(lanes, steps):
        figure.text(columns[1], top - 6, label, 12.5, "start", FAINT)
        for number, (lines, fill) in enumerate(zip(boxes, (CODED, DECODED, DECODED))):
            left = columns[number + 1]
            figure.arrow((columns[number] + width, top + 36), (left, top + 36))
            figure.box(left, top, width, height, lines, fill)
    return figure


def draw_block(figure, x, y, cell):
    """A block of 16 x 16 weights: who has which element; lane 0's are marked."""
    fills = {0: CODED, 1: STORED, 2: DECODED, 3: NEUTRAL}
    # A lane has two neighbours of a row in a register. Lane 0's come last, so that nothing covers their outlines.
    pairs = [(row, column) for row in range(16) for column in range(0, 16, 2)]
    pairs.sort(key=lambda pair: pair[0] % 8 == 0 and pair[1] % 8 == 0)
    for row, column in pairs:
        is_first = row % 8 == 0 and column % 8 == 0
        fill = fills[row // 8 + 2 * (column // 8)]
        line, weight = (INK, 2.2) if is_first else (PAPER, 0.6)
        figure.rect(x + cell * column, y + cell * row, 2 * cell, cell, fill, line, 0, weight)
    for register, (row, column) in enumerate(((3.5, 4), (11.5, 4), (3.5, 12), (11.5, 12))):
        figure.text(x + cell * column, y + cell * (row + 1), f"r{register}", 16, bold=True)


def tile():
    """How a weight matrix is cut: panel, strip, unit, block, lane."""
    figure = Drawing(412, "How a weight matrix is cut: panel, strip, unit, block, lane")
    figure.text(150, 30, "weight W: n outputs × k inputs", 14, bold=True)
    for panel in range(4):
        figure.rect(40, 50 + 65 * panel, 220, 65, CODED if panel == 1 else NEUTRAL, FAINT, 0)
    figure.text(150, 152, "panel: 64 rows", 13)
    figure.text(30, 185, "n", 15)
    figure.text(150, 332, "k", 15)

    left, top, wide, high = 330, 50, 84, 65
    figure.text(left + 1.5 * wide, 30, "a panel: 4 strips of 16 rows", 14, bold=True)
    for strip in range(4):
        for group in range(3):
            marked = (strip, group) == (2, 1)
            figure.rect(left + wide * group, top + high * strip, wide, high, CODED if marked else NEUTRAL, FAINT, 0)
        figure.text(left + wide / 2, top + high * strip + 37, f"strip {strip}", 12.5)
    figure.text(left + 1.5 * wide, top + 2.5 * high + 5, "unit", 14, bold=True)
    figure.text(left + 1.5 * wide, 332, "column groups of 64", 13)
    figure.line(260, 115, left, top, dashed=True)
    figure.line(260, 180, left, top + 4 * high, dashed=True)

    cell = 16
    block, first = 670, 50
    figure.text(block + 8 * cell, 30, "a block of the unit: 16 × 16", 14, bold=True)
    draw_block(figure, block, first, cell)
    figure.line(left + 2 * wide, top + 2 * high, block, first, dashed=True)
    figure.line(left + 2 * wide, top + 3 * high, block, first + 16 * cell, dashed=True)
    figure.text(block + 8 * cell, 332, "outlined: what lane 0 holds, in registers r0 to r3", 12.5)

    figure.caption(
        362,
        "A fixed unit is a strip × 64 columns: 4 blocks side by side. Of each block, lane 4g + t holds rows g and",
        "g + 8, columns 2t, 2t + 1, 2t + 8 and 2t + 9. That is the A operand of mma.m16n8k16: a decoded register",
        "goes to the tensor core without a shuffle.")
    return figure


def ring():
    """The ring of stages between who copies and who multiplies."""
    figure = Drawing(430, "The ring: stages, full and empty barriers, producer and consumers")
    figure.box(20, 70, 170, 190, ["device memory", "codes", "raw fields", "escapes", "packed x"], CODED)
    figure.arrow((190, 165), (250, 165))
    figure.text(480, 30, "ring in shared memory: here 4 stages", 14, bold=True)
    states = (("k-tile 4", "being filled", CODED), ("k-tile 1", "being read", DECODED), ("k-tile 2", "full", STORED),
              ("k-tile 3", "full", STORED))
    for stage, (content, state, fill) in enumerate(states):
        left = 250 + 118 * stage
        figure.rect(left, 50, 110, 210, fill, STRONG[fill])
        figure.text(left + 55, 72, f"stage {stage}", 13, bold=True)
        figure.text(left + 55, 90, f"{content}: {state}" if len(state) < 5 else content, 12.5, room=108)
        if len(state) >= 5:
            figure.text(left + 55, 106, state, 12.5, room=108)
        for number, part in enumerate(("codes", "raw", "escapes", "packed x")):
            figure.rect(left + 10, 118 + 34 * number, 90, 28, PAPER, STRONG[fill], 2)
            figure.text(left + 55, 137 + 34 * number, part, 12.5)
    figure.text(845, 30, "consumers", 14, bold=True)
    for warp in range(4):
        figure.box(770, 50 + 54 * warp, 170, 46, [f"warp {warp}: strip {warp}", "decode, multiply"], DECODED, 12.5)
    figure.arrow((716, 165), (768, 165))

    figure.box(20, 300, 170, 50, ["producer", "1 thread, or 1 warp"], NEUTRAL)
    figure.arrow((190, 315), (845, 315), (845, 268))
    figure.text(505, 308, "full[stage]: the bytes have landed", 13, room=400)
    figure.arrow((900, 262), (900, 338), (192, 338))
    figure.text(505, 356, "empty[stage]: every consuming warp has read", 13, room=400)
    figure.caption(
        390,
        "Both sides walk the ring with a pipeline state {index, phase}: {0,0} {1,0} {2,0} {3,0} {0,1} {1,1} {2,1} …",
        "index names the stage; phase, which flips each time round, is the parity that a wait on its barrier asks for.")
    return figure


def stream_k():
    """Output tiles, their k-tiles, and the work units that share them."""
    figure = Drawing(400, "Stream-K: work units share the k-tiles of all output tiles evenly")
    tiles, depth, workers = 5, 6, 4
    cell_wide, cell_high, left, top = 78, 42, 150, 60
    total = tiles * depth
    sizes = [total // workers + (worker < total % workers) for worker in range(workers)]
    owners = [worker for worker, size in enumerate(sizes) for _ in range(size)]
    figure.text(left + depth * cell_wide / 2, 26, "k-tiles of each output tile: 128 or 256 columns of W", 14, bold=True)
    pitch = cell_high + 8
    for number, owner in enumerate(owners):
        x, y = left + cell_wide * (number % depth), top + pitch * (number // depth)
        figure.rect(x, y, cell_wide, cell_high, UNITS[owner], FAINT, 0)
        figure.text(x + cell_wide / 2, y + 26, f"CTA {owner}", 12.5)
    notes = left + depth * cell_wide + 14
    for row in range(tiles):
        y = top + pitch * row + 26
        figure.text(left - 12, y, f"output tile {row}", 13, "end")
        users = sorted(set(owners[depth * row:depth * (row + 1)]))
        if len(users) == 1:
            figure.text(notes, y, "whole: stored at once", 13, "start", STRONG[DECODED], room=WIDTH - notes)
        else:
            text = f"shared: sums of CTAs {' and '.join(map(str, users))} are added"
            figure.text(notes, y, text, 13, "start", STRONG[CODED], room=WIDTH - notes)
    for worker, size in enumerate(sizes):
        figure.rect(left + 170 * worker, 320, 16, 16, UNITS[worker], FAINT, 2)
        figure.text(left + 170 * worker + 24, 333, f"work unit of CTA {worker}: {size}", 12.5, "start", room=146)
    figure.caption(
        364,
        "A work unit begins and ends anywhere. Partial sums of a shared tile wait in a workspace; whoever comes last",
        "adds them in the order of CTAs, so that the bits of an output depend on the shape and the number of CTAs alone.")
    return figure


FIGURES = {"weight-path": weight_path, "tile": tile, "ring": ring, "stream-k": stream_k}


def main():
    stale = []
    for name, draw in FIGURES.items():
        path, svg = FOLDER / f"{name}.svg", draw().svg()
        if "--check" not in sys.argv:
            path.write_text(svg)
        elif not path.exists() or path.read_text() != svg:
            stale.append(path.name)
    left_over = [path.name for path in FOLDER.glob("*.svg") if path.stem not in FIGURES]
    if stale or left_over:
        sys.exit(f"docs/figures: {', '.join(stale + left_over)}: not what make.py draws; run docs/figures/make.py")


if __name__ == "__main__":
    main()
