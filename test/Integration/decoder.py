"""An independent decoder of tensors, written from docs/formats.md and docs/codecs alone.

It is slow and plain on purpose: every rule of the specification is a few lines here, named by
its tag, and nothing is shared with the library. Checks are those that the specification asks
for; planes that break one raise Damaged. container.py reads the files around the planes.
"""

import copy
import math
import struct
from fractions import Fraction

import xxhash

PANEL, STRIP, BLOCK, STREAM = 64, 16, 16, 1024
CODECS = ("raw", "window", "bitplane", "palette", "huffman", "rice", "rans")


class Damaged(Exception):
    """The file is not what the specification says."""


def require(condition, what):
    if not condition:
        raise Damaged(what)


def up(value, by):
    return -(-value // by)


def words_of(data):
    """The u32 of a plane."""
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def bits_of(words, begin, count):
    """Bits [begin, begin + count) of u32 that are one string of bits, lowest first."""
    value = 0
    for bit in range(count):
        value |= (words[(begin + bit) // 32] >> ((begin + bit) % 32) & 1) << bit
    return value


# ---------------------------------------------------------------------------
# Elements (field-1 to field-3) and formats
# ---------------------------------------------------------------------------

ELEMENTS = {  # safetensors dtype: word bits, sign, exponent, mantissa, bits of the low half
    "BF16": (16, 1, 8, 7, 0),
    "F16": (16, 1, 5, 10, 0),
    "F32": (16, 1, 8, 7, 16),
    "F8_E4M3": (8, 1, 4, 3, 0),
    "F8_E5M2": (8, 1, 5, 2, 0),
    "U8": (8, 0, 4, 4, 0),
    "uint16": (16, 0, 8, 8, 0),  # of no dtype: differences are stored so
}
BYTES = {  # field-3: dtypes that are stored as bytes, and how many bytes an element has
    "BOOL": 1, "I8": 1, "F8_E8M0": 1, "F8_E4M3FNUZ": 1, "F8_E5M2FNUZ": 1,
    "I16": 2, "U16": 2, "I32": 4, "U32": 4, "I64": 8, "U64": 8,
}  # fmt: skip


SIGNED = ("BF16", "F16", "F32", "F64", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ")
BITS = {"BF16": 16, "F16": 16, "F32": 32, "F64": 64, "F8_E4M3": 8, "F8_E5M2": 8, "U8": 8,
        **{dtype: 8 * size for dtype, size in BYTES.items()}}  # fmt: skip


def order_of(dtype, element, bits):
    """diff-2."""
    if dtype not in SIGNED:
        return element
    return element ^ ((1 << bits) - 1 if element >> (bits - 1) else 1 << (bits - 1))


def element_of(dtype, order, bits):
    """diff-2 the other way."""
    if dtype not in SIGNED:
        return order
    return order ^ (1 << (bits - 1) if order >> (bits - 1) else (1 << bits) - 1)


def add_base(dtype, differences, base):
    """diff-3: the bytes of a tensor."""
    bits = BITS[dtype]
    size, out = bits // 8, bytearray()
    require(len(differences) == len(base), "the base has another size")
    for at in range(0, len(base), size):
        difference = int.from_bytes(differences[at : at + size], "little")
        d = -(difference + 1) // 2 if difference % 2 else difference // 2
        order = order_of(dtype, int.from_bytes(base[at : at + size], "little"), bits) + d
        out += element_of(dtype, order % (1 << bits), bits).to_bytes(size, "little")
    return bytes(out)


# diff-8: bits of the exponent and of the mantissa.
FLOATS = {"F16": (5, 10), "BF16": (8, 7), "F32": (8, 23), "F64": (11, 52)}


def cast_element(source, target, bits):
    """The bits of the nearest float of `target`, by fractions."""
    (width, places), (to_width, to_places) = FLOATS[source], FLOATS[target]
    sign, exponent = bits >> (width + places), bits >> places & ((1 << width) - 1)
    mantissa, special = bits & ((1 << places) - 1), (1 << to_width) - 1
    sign <<= to_width + to_places
    if exponent == (1 << width) - 1:
        moved = mantissa << to_places >> places
        quiet = 1 << (to_places - 1) if mantissa and to_places < places else 0
        return sign | special << to_places | moved | quiet
    least = 2 - (1 << (width - 1)) - places
    value = Fraction(mantissa | (1 << places if exponent else 0)) * Fraction(2) ** (least + max(exponent, 1) - 1)
    if value == 0:
        return sign
    to_least = 2 - (1 << (to_width - 1))
    exponent = max(value.numerator.bit_length() - value.denominator.bit_length(), to_least)
    while exponent > to_least and value < Fraction(2) ** exponent:
        exponent -= 1
    units = round(value / Fraction(2) ** (exponent - to_places))  # ties to even
    return sign | min(((exponent - to_least) << to_places) + units, special << to_places)


def cast(source, target, data):
    """diff-8: the bytes of elements in another dtype."""
    if source == target:
        return data
    size, to_size, known = BITS[source] // 8, BITS[target] // 8, {}
    out = bytearray()
    for at in range(0, len(data), size):
        element = data[at : at + size]
        if element not in known:
            bits = cast_element(source, target, int.from_bytes(element, "little"))
            known[element] = bits.to_bytes(to_size, "little")
        out += known[element]
    return bytes(out)


class Split:
    def __init__(self, dtype, j, coded_sign=False):
        self.word_bits, sign, self.exponent, self.mantissa, self.low_bits = ELEMENTS[dtype]
        self.symbol_bits = self.exponent + j + (sign if coded_sign else 0)
        self.raw_low = self.mantissa - j
        self.raw_bits = self.word_bits - self.symbol_bits

    def join(self, symbol, raw):
        sign, mantissa = raw >> self.raw_low, raw & ((1 << self.raw_low) - 1)
        return sign << (self.word_bits - 1) | symbol << self.raw_low | mantissa

    def raw_of(self, word):
        sign = word >> (self.raw_low + self.symbol_bits)
        return sign << self.raw_low | word & ((1 << self.raw_low) - 1)


class Format:
    """The text form."""

    def __init__(self, text):
        items = {"version": "1", "layout": "fragment<16x16>", "storage": "n_major",
                 "fold": "none", "packing": "planes", "coded": "exponent+0", "context": "none",
                 "escapes": "patch", "index": "whole", "tables": "rounded", "unit": "strip", "low": "16"}  # fmt: skip
        codec, depth, start = None, 0, 0
        for at, char in enumerate(text + ","):
            depth += (char == "<") - (char == ">")
            if char != "," or depth:
                continue
            item, start = text[start:at].strip(), at + 1
            if "=" in item:
                key, value = item.split("=", 1)
                require(key in items, f"unknown item {key}")
                items[key] = value
            else:
                codec = item
        if codec in ("inplace<12>", "inplace<11>"):
            codec = {"inplace<12>": "window<4>", "inplace<11>": "window<3>"}[codec]
            items["packing"] = "inplace"
        self.codec, _, parameters = codec.partition("<")
        self.parameters = [int(n) for n in parameters.rstrip(">").split(",") if n]
        require(items["version"] == "1", "another version")
        self.row_major = items["layout"] == "row_major"
        self.k_major = items["storage"] == "k_major"
        self.fold, _, size = items["fold"].rstrip(">").partition("<")
        require(self.fold in ("none", "columns", "flat"), "unknown fold")
        self.fold_size = int(size or 0)
        self.inplace = items["packing"] == "inplace"
        self.coded_sign = items["coded"].startswith("sign+")
        self.coded = int(items["coded"].removeprefix("sign+").removeprefix("exponent+"))
        context, _, count = items["context"].rstrip(">").partition("<")
        require(context in ("none", "row_class", "scale"), "unknown context")
        self.classes = int(count) if context == "row_class" else 1
        self.steps = int(count) if context == "scale" else 0
        self.escapes = items["escapes"]
        self.short_index = items["index"] == "short"
        self.exact_tables = items["tables"] == "exact"
        self.panel_units = items["unit"] == "panel"
        self.low_form = items["low"] if items["low"] in ("rows", "palette", "coded") else "bits"
        self.low = int(items["low"]) if self.low_form == "bits" else 16
        self.record_words = 17 if self.escapes == "rows<64>" else 1

    @property
    def variable(self):
        return self.codec in ("huffman", "rice", "rans")

    @property
    def fixed(self):
        return self.codec in ("window", "bitplane", "palette")

    @property
    def code_chunks(self):
        return {"window": {4: [4], 3: [2, 1]}.get(self.parameters[0]),
                "bitplane": [1, 1, 1], "palette": [4]}[self.codec]  # fmt: skip


# ---------------------------------------------------------------------------
# Fields in planes
# ---------------------------------------------------------------------------


def chunks_of(bits):
    """The greedy descending sum of 16, 8, 4, 2, 1."""
    chunks = []
    for chunk in (16, 8, 4, 2, 1):
        while bits >= chunk:
            chunks.append(chunk)
            bits -= chunk
    return chunks


def fragment_place(lane, register, half):
    """order-3: row and column inside a block."""
    return lane // 4 + 8 * (register % 2), 2 * (lane % 4) + half + 8 * (register // 2)


def field_bytes(fmt, rows, columns, chunks):
    """panel-3."""
    if fmt.row_major:
        return rows * sum(up(columns * c, 8) for c in chunks)
    return up(rows, STRIP) * up(columns, 64) * 128 * sum(chunks)


def unpack_field(fmt, rows, columns, chunks, data):
    """A panel's field, row by row, without padding."""
    field = [[0] * columns for _ in range(rows)]
    if fmt.row_major:  # plane-2
        at = 0
        for row in range(rows):
            shift = 0
            for c in chunks:
                size = up(columns * c, 8)
                bits = int.from_bytes(data[at : at + size], "little")
                for column in range(columns):
                    field[row][column] |= (bits >> (column * c) & ((1 << c) - 1)) << shift
                at, shift = at + size, shift + c
        return field
    strips, words = up(rows, STRIP), words_of(data)
    unit_words = 32 * sum(chunks)
    for group in range(up(columns, 64)):
        for strip in range(strips):
            unit = (group * strips + strip) * unit_words  # order-4
            shift = 0
            for c in chunks:
                unpack_chunk(field, words, unit + 32 * shift, c, shift, strip * 16, group * 64)
                shift += c
    return field


def row_bytes(columns, bits):
    """plane-2: a row of a field of so many bits."""
    return sum(up(columns * c, 8) for c in chunks_of(bits))


def unpack_row(columns, bits, data):
    """low-2: low halves of a row, of which the top bits are stored."""
    row, at, shift = [0] * columns, 0, 16 - bits
    for c in chunks_of(bits):
        size = up(columns * c, 8)
        chunk = int.from_bytes(data[at : at + size], "little")
        for column in range(columns):
            row[column] |= (chunk >> (column * c) & ((1 << c) - 1)) << shift
        at, shift = at + size, shift + c
    return row


def unpack_chunk(field, words, begin, c, shift, first_row, first_column):
    """plane-1: one chunk of one fixed unit."""
    for block in range(4):
        for lane in range(32):
            for r in range(4):
                q = 4 * block + r
                kind, word, count = (r * c // 16, block, 4) if c >= 4 else (0, q * c // 16, c)
                value = words[begin + (kind * 32 + lane) * count + word]
                for h in range(2):
                    row, column = fragment_place(lane, r, h)
                    row, column = first_row + row, first_column + 16 * block + column
                    if row < len(field) and column < len(field[row]):
                        bit = 16 * h + c * (q % (16 // c))
                        field[row][column] |= (value >> bit & ((1 << c) - 1)) << shift


# ---------------------------------------------------------------------------
# In place
# ---------------------------------------------------------------------------


def inplace12_halves(words, unit):
    """inplace12-1: half words by (block, lane, register, half)."""
    for block in range(4):
        for lane in range(32):
            w = [words[unit + (kind * 32 + lane) * 4 + block] for kind in range(3)]
            w = [(value & 0xFFFF, value >> 16) for value in w]
            for register in range(3):
                for half in range(2):
                    yield block, lane, register, half, w[register][half] & 0x87FF
            for half in range(2):
                sign = w[0][1 - half] >> 11 & 1
                code, high, low = w[2][half] >> 11, w[1][half] >> 11, w[0][half] >> 12
                x = sign << 15 | (code & 15) << 7 | (high & 15) << 3 | low & 7
                yield block, lane, 3, half, x


def inplace11_halves(words, unit):
    """inplace11-1: half words by (block of the unit, lane, register, half)."""
    for group in range(4):
        for lane in range(32):
            v = [words[unit + (kind * 32 + lane) * 4 + group] for kind in range(11)]
            v = [(value & 0xFFFF, value >> 16) for value in v]
            for half in range(2):
                x = [v[i][half] & 0x83FF for i in range(11)]
                for i in range(5):
                    high, low = v[2 * i][half] >> 10 & 31, v[2 * i + 1][half] >> 10 & 31
                    x.append((v[10][half] >> (10 + i) & 1) << 15 | high << 5 | low)
                for q in range(16):
                    yield 4 * group + q // 4, lane, q % 4, half, x[q]


class Numbers:
    """ans-1: numbers of a model's bits, taken from a tensor's index u32 by u32."""

    def __init__(self, tensor):
        self.tensor, self.words, self.at = tensor, [], 0

    def bit(self):
        if self.at == 32 * len(self.words):
            self.words.extend(self.tensor.take(1))
        self.at += 1
        return bits_of(self.words, self.at - 1, 1)

    def next(self):
        zeros, value = 0, 1
        while not self.bit():
            zeros += 1
            require(zeros <= 16, "a number of the model is too large")
        for _ in range(zeros):
            value = 2 * value + self.bit()
        return value - 1

    def low_bits(self, count):
        return sum(self.bit() << i for i in range(count))

    def rest(self):
        return bits_of(self.words, self.at, 32 * len(self.words) - self.at)


def weight_of(code):
    """ans-2."""
    return code if code < 8 else (8 + code % 8) << (code // 8 - 1)


def frequencies_of(weights, whole):
    """ans-2."""
    total, rest = sum(weights), whole - sum(weight != 0 for weight in weights)
    require(total, "all weights of a class are 0")
    frequencies, before = [], 0
    for weight in weights:
        share = (before + weight) * rest // total - before * rest // total
        frequencies.append(1 + share if weight else 0)
        before += weight
    return frequencies


def with_slots(frequencies):
    """(frequency, first slot) of each entry."""
    return [(frequency, sum(frequencies[:i])) for i, frequency in enumerate(frequencies)]


def rans_steps(unit):
    """ans-4: of each step, its rows and column, and whether it is among the last of a row's lane."""
    blocks = [range(begin, min(begin + BLOCK, unit.columns)) for begin in range(0, unit.columns, BLOCK)]
    for strip in range(0, unit.rows, STRIP):
        for block in blocks:
            for first in (strip, strip + 8):
                rows = range(first, min(first + 8, unit.rows))
                for column in block if rows else ():
                    yield rows, column, block == blocks[-1] and column >= unit.columns - 2


def decode_rans_unit(tensor, unit, halves, table_of, raw, panel):
    """ans-3, ans-5, ans-6, ans-8: returns how many of `halves` the unit takes."""
    lanes, bits = min(unit.rows, 8), tensor.format.parameters[0]
    # Eight states take at most 18 u16; zeros stand for those behind the panel.
    head = words_of(struct.pack("<18H", *(halves[:18] + (0,) * 18)[:18]))
    lengths = [16 + bits_of(head, 4 * lane, 4) for lane in range(lanes)]
    bit, states = 4 * lanes, []
    for length in lengths:
        states.append(1 << length | bits_of(head, bit, length))
        bit += length
    at = up(bit, 16)
    require(at <= len(halves), "a unit leaves its panel")
    require(bits_of(head, bit, 16 * at - bit) == 0, "padding of states")
    for rows, column, is_last in rans_steps(unit):
        escaped = []
        for row in rows:
            lane, place = row % 8, unit.first_row + row
            table = tensor.tables[table_of(place, unit.first_column + column)]
            slot = states[lane] % (1 << bits)
            entry = next(i for i, (f, b) in enumerate(table) if b <= slot < b + f)
            frequency, begin = table[entry]
            states[lane] = frequency * (states[lane] >> bits) + slot - begin
            in_group = 0
            if tensor.first_group <= entry < len(tensor.symbols):
                states[lane], in_group = divmod(states[lane], 1 << tensor.format.coded)
            if states[lane] < 1 << 16 and not (is_last and row + 8 >= unit.rows):
                require(at < len(halves), "a unit leaves its panel")
                states[lane], at = states[lane] << 16 | halves[at], at + 1
            if entry == len(tensor.symbols):
                escaped.append(row)
                continue
            to = place, unit.first_column + column
            panel[to[0]][to[1]] = tensor.split.join(tensor.symbols[entry] + in_group, raw[to[0]][to[1]])
        for row in escaped:  # ans-5
            require(at < len(halves) and halves[at] >> tensor.split.symbol_bits == 0, "an escape of no symbol")
            to = unit.first_row + row, unit.first_column + column
            panel[to[0]][to[1]], at = tensor.split.join(halves[at], raw[to[0]][to[1]]), at + 1
    require(max(states) <= 1 << 16, "a lane ends in a state of no beginning")
    return at


def rans_units(tensor, rows):
    """scale-5, scale-6."""
    if not tensor.format.steps:
        yield from stream_units(tensor, rows)
        return
    height = rows if tensor.columns <= 512 or tensor.format.panel_units else STRIP
    for first in range(0, rows, max(height, 1)):
        columns = tensor.columns
        yield Unit(tensor.format, first, min(height, rows - first), 0, columns, up(columns, BLOCK))


def add_scales(tensor, panel, words):
    """scale-3."""
    split, steps = tensor.split, tensor.format.steps
    field = ((1 << split.exponent) - 1) << split.mantissa
    for scale, row in zip(panel.scales, words):
        for column, (of_column, sign) in enumerate(panel.columns):
            octaves = (scale + of_column) // steps << split.mantissa
            exponent = (row[column] & field) + octaves & field
            row[column] = (row[column] & ~field | exponent) ^ sign << (split.word_bits - 1)
    return words


def decode_rans(tensor, panel_of, code, raw_bytes):
    """ans-6."""
    rows = panel_of.rows

    def table_of(row, column):
        if tensor.format.steps:  # scale-2
            return (panel_of.scales[row] + panel_of.columns[column][0]) % tensor.format.steps
        return panel_of.classes[row]

    raw = unpack_field(tensor.format, rows, tensor.columns, chunks_of(tensor.split.raw_bits), raw_bytes)
    panel = [[0] * tensor.columns for _ in range(rows)]
    halves = struct.unpack(f"<{len(code) // 2}H", code)
    units = list(rans_units(tensor, rows))
    at = 2 * (len(units) - 1)
    starts = words_of(code)[: len(units) - 1]
    for number, unit in enumerate(units):
        require(number == 0 or starts[number - 1] == at, "a unit starts elsewhere")
        at += decode_rans_unit(tensor, unit, halves[at:], table_of, raw, panel)
    require(len(halves) - at < 8 and not any(halves[at:]), "padding of a panel")
    return panel


def decode_inplace(tensor, rows, data):
    narrow = tensor.format.parameters[0] == 4
    halves = inplace12_halves if narrow else inplace11_halves
    width, unit_words = (64, 384) if narrow else (256, 1408)
    base, words = tensor.symbols[0], words_of(data)
    panel = [[0] * tensor.columns for _ in range(rows)]
    strips = up(rows, STRIP)
    for group in range(up(tensor.columns, width)):
        for strip in range(strips):
            unit = (group * strips + strip) * unit_words
            for block, lane, register, half, x in halves(words, unit):
                row, column = fragment_place(lane, register, half)
                row, column = strip * 16 + row, group * width + 16 * block + column
                if row < rows and column < tensor.columns:
                    symbol = base + (x >> 7 & (15 if narrow else 7))
                    panel[row][column] = x & 0x807F | symbol << 7
    return panel


# ---------------------------------------------------------------------------
# Units and escapes
# ---------------------------------------------------------------------------


class Unit:
    """Existing elements of a unit; `strips` and `blocks` count padding too."""

    def __init__(self, fmt, first_row, rows, first_column, columns, blocks):
        self.row_major = fmt.row_major
        self.first_row, self.rows = first_row, rows
        self.first_column, self.columns = first_column, columns
        self.strips, self.blocks = up(rows, STRIP), blocks

    def place(self, position):
        """escape-2."""
        if self.row_major:
            return position // 1024, position % 1024
        half, register, lane = position % 2, position // 2 % 4, position // 8 % 32
        block = position // 256
        row, column = fragment_place(lane, register, half)
        return block // self.blocks * 16 + row, block % self.blocks * 16 + column


def fixed_units(tensor, rows):
    """order-4, order-6."""
    fmt, columns = tensor.format, tensor.columns
    width = 1024 if fmt.row_major else 256 if fmt.inplace and fmt.parameters == [3] else 64
    for group in range(up(columns, width)):
        span = min(width, columns - group * width)
        if fmt.row_major:
            yield Unit(fmt, 0, rows, group * width, span, 0)
            continue
        for first in range(0, rows, STRIP):
            yield Unit(fmt, first, min(STRIP, rows - first), group * width, span, width // 16)


def stream_units(tensor, rows):
    """order-5, order-6."""
    fmt, columns = tensor.format, tensor.columns
    height = rows if fmt.row_major or columns <= 512 else STRIP
    for first in range(0, rows, max(height, 1)):
        for begin in range(0, columns, STREAM):
            span = min(STREAM, columns - begin)
            yield Unit(fmt, first, min(height, rows - first), begin, span, up(span, BLOCK))


def apply_escapes(tensor, unit, records, panel):
    """escape-1, escape-3."""
    fmt, previous = tensor.format, -1
    for at in range(0, len(records), fmt.record_words):
        key = records[at] >> 16 if fmt.record_words == 1 else records[at]
        require(key > previous, "escape records out of order")
        previous = key
        if fmt.record_words == 1:
            row, column = unit.place(key)
            require(row < unit.rows and column < unit.columns, "an escape outside its unit")
            panel[unit.first_row + row][unit.first_column + column] = records[at] & 0xFFFF
            continue
        runs = up(unit.columns, 64)
        row, run = divmod(key, runs)
        require(row < unit.rows, "a run outside its unit")
        symbols = struct.pack("<16I", *records[at + 1 : at + 17])
        for i in range(min(64, unit.columns - 64 * run)):
            line, column = panel[unit.first_row + row], unit.first_column + 64 * run + i
            line[column] = tensor.split.join(symbols[i], tensor.split.raw_of(line[column]))


# ---------------------------------------------------------------------------
# Prefix codes
# ---------------------------------------------------------------------------


def code_book(lengths):
    """prefix-2: from (length, code word) to entry."""
    book, word, last = {}, 0, 0
    for length, entry in sorted((n, e) for e, n in enumerate(lengths) if n):
        word <<= length - last
        require(word >> length == 0, "too many code words")
        book[length, word] = entry
        word, last = word + 1, length
    if len(book) != 1:
        require(word == 1 << last, "code words are missing")
    return book


class Lane:
    """Code words from a string of bits that fills bytes from their lowest bit."""

    def __init__(self, words, begin, end):
        self.words, self.at, self.end = words, begin, end

    def entry(self, book):
        length = word = 0
        while (length, word) not in book:
            require(self.at < self.end and length < 15, "a lane overruns its stream")
            word = word << 1 | self.words[self.at // 32] >> (self.at % 32) & 1
            self.at, length = self.at + 1, length + 1
        return book[length, word]


def lane_places(unit, lane):
    """Rows and columns of a lane's symbols inside the unit, padding included."""
    if unit.row_major:
        yield from ((lane, column) for column in range(unit.columns))
        return
    for strip in range(unit.strips):
        for block in range(unit.blocks):
            for register in range(4):
                for half in range(2):
                    row, column = fragment_place(lane, register, half)
                    yield strip * 16 + row, block * 16 + column


def decode_lane(tensor, unit, lane, stream, classes):
    """prefix-5, prefix-6: pairs of a place and its symbol."""
    places = list(lane_places(unit, lane))
    group, alphabet = tensor.group, len(tensor.symbols)
    size = alphabet + (tensor.format.escapes != "none")
    for first in range(0, len(places), group):
        row = unit.first_row + places[first][0]
        entry = stream.entry(tensor.books[classes[row] if row < len(classes) else 0])
        for place in places[first : first + group]:
            index, entry = entry % size, entry // size
            # An escape lies beneath a record, which says what it is.
            yield place, tensor.symbols[index] if index < alphabet else tensor.symbols[0]
    require(stream.at == stream.end, "a lane ends before its stream")


def decode_stream_unit(tensor, unit, words, classes, raw, panel):
    """prefix-4."""
    lanes = unit.rows if unit.row_major else 32
    shortest, width, records = words[0] & 0x3FFF, words[0] >> 14 & 15, words[0] >> 18
    lengths = [shortest + bits_of(words, 32 + lane * width, width) for lane in range(lanes)]
    escapes = 1 + up(lanes * width, 32)
    begin = escapes + records * tensor.format.record_words
    stream, bit = words[begin:], 0
    require(sum(lengths) <= len(stream) * 32, "a unit leaves its panel")
    for lane in range(lanes):
        bits = Lane(stream, bit, bit + lengths[lane])
        bit += lengths[lane]
        for (row, column), symbol in decode_lane(tensor, unit, lane, bits, classes):
            if row < unit.rows and column < unit.columns:
                row, column = unit.first_row + row, unit.first_column + column
                panel[row][column] = tensor.split.join(symbol, raw[row][column])
    apply_escapes(tensor, unit, words[escapes:begin], panel)


def decode_prefix(tensor, rows, code, raw_bytes, classes):
    """prefix-3."""
    chunks = chunks_of(tensor.split.raw_bits)
    raw = unpack_field(tensor.format, rows, tensor.columns, chunks, raw_bytes)
    panel = [[0] * tensor.columns for _ in range(rows)]
    words = words_of(code)
    for number, unit in enumerate(stream_units(tensor, rows)):
        decode_stream_unit(tensor, unit, words[words[number] :], classes, raw, panel)
    return panel


# ---------------------------------------------------------------------------
# Tensors
# ---------------------------------------------------------------------------


class WholeHalf:
    """low-5: a low half is a symbol, without a raw field."""

    symbol_bits, raw_bits = 16, 0

    @staticmethod
    def join(symbol, raw):
        return symbol


class Panel:
    """A directory entry and the bytes that belong to it."""

    def __init__(self, rows):
        self.rows, self.parts, self.classes, self.counts = rows, {}, [], []
        self.as_words = False


class Tensor:
    """The model and panels of a tensor, or of a stack of `members`, from its planes."""

    def __init__(self, dtype, shape, text, planes, members=1, differences=False):
        self.format = Format(text)
        self.shape, self.planes = list(shape), planes
        if differences:  # diff-1
            self.multiply_columns(max(1, BITS[dtype] // 16))
            dtype = "U8" if BITS[dtype] == 8 else "uint16"
        elif dtype in BYTES:  # field-3
            self.multiply_columns(BYTES[dtype])
            dtype = "U8"
        self.split = Split(dtype, self.format.coded, self.format.coded_sign)
        self.elements = math.prod(self.shape)
        self.rows, self.columns = self.matrix_shape()
        # fold-2: a flat tensor's last row may be short.
        area = min(self.rows * self.columns, self.elements)
        self.matrices = self.elements // area if self.elements else 0
        self.members = members
        self.read_index()

    def multiply_columns(self, by):
        if by > 1:
            self.shape = [*(self.shape or [1])[:-1], (self.shape or [1])[-1] * by]

    def matrix_shape(self):
        """Rows and columns of a matrix (order-1, fold-1, fold-2)."""
        fmt = self.format
        if fmt.fold == "flat":
            return up(self.elements, fmt.fold_size), fmt.fold_size
        merged = fmt.fold_size if fmt.fold == "columns" else 1
        require(fmt.fold == "none" or 2 <= merged < len(self.shape), "a fold of too many dimensions")
        padded = [1] * (merged + 1) + list(self.shape)
        rows, columns = padded[-merged - 1], math.prod(padded[-merged:])
        return (columns, rows) if fmt.k_major else (rows, columns)

    def take(self, count):
        part = self.index[self.at : self.at + count]
        require(len(part) == count, "the index is too short")
        self.at += count
        return part

    def read_index(self):
        words = words_of(self.planes["index"])
        require(len(words) >= 4 and 4 <= words[0] <= len(words), "no index")
        self.index, self.at = words[: words[0]], 4
        _, words_panels, self.code_end, self.patch_words = self.index[:4]
        self.read_model()
        self.panels = [Panel(min(PANEL, self.rows - first))
                       for _ in range(self.matrices * self.members)
                       for first in range(0, self.rows, PANEL)]  # fmt: skip
        if self.format.steps:
            self.read_scales()
        self.read_low()
        slots, self.short_end = [0, 0], 0
        for panel in self.panels:
            self.read_entry(panel, slots)
        require(sum(p.as_words for p in self.panels) == words_panels, "panels as words")
        patch = self.format.fixed and self.format.escapes != "none"
        if patch:
            self.read_counts()
        require(self.at == len(self.index), "the index is too long")
        self.place_parts()

    def take_symbols(self, count):
        words = self.take(up(count, 2))
        return [half for word in words for half in (word & 0xFFFF, word >> 16)][:count]

    def read_model(self):
        fmt, codec = self.format, self.format.codec
        if codec in ("window", "bitplane"):  # window-1
            (base,) = self.take(1)
            bits = fmt.parameters[0]
            require(base + (1 << bits) <= 1 << self.split.symbol_bits, "base too large")
            self.symbols = list(range(base, base + (1 << bits)))
        elif codec == "palette":  # palette-1
            self.symbols = self.take_symbols(16)
        elif codec == "huffman":  # prefix-1
            (count,) = self.take(1)
            self.symbols, self.group = self.take_symbols(count), fmt.parameters[1]
            size = (count + (fmt.escapes != "none")) ** self.group
            self.books = []
            for _ in range(fmt.classes):
                words = self.take(up(size, 8))
                self.books.append(code_book([bits_of(words, 4 * i, 4) for i in range(size)]))
        elif codec == "rice":  # rice-1, rice-2
            k, m = fmt.parameters
            self.symbols, self.group = self.take_symbols((m << k) - (fmt.escapes != "none")), 1
            self.books = [code_book([min((r >> k) + 1, m - 1) + k for r in range(m << k)])]
        elif codec == "rans":
            self.read_rans_model()
        else:
            require(codec == "raw", f"unknown codec {codec}")

    def read_scales(self):
        """scale-4."""
        numbers = Numbers(self)

        def series(count, signed):
            center, order = numbers.low_bits(8), numbers.low_bits(3)
            for _ in range(count):
                z = numbers.next() << order
                z |= numbers.low_bits(order)
                scale = center + (-(z + 1) // 2 if z % 2 else z // 2)
                require(0 <= scale <= 255, "a scale out of range")
                yield scale, numbers.low_bits(1) if signed else 0

        rows = series(sum(panel.rows for panel in self.panels), False)
        for panel in self.panels:
            panel.scales = [next(rows)[0] for _ in range(panel.rows)]
        of_matrix = len(self.panels) // max(self.matrices * self.members, 1)
        for first in range(0, len(self.panels), max(of_matrix, 1)):
            columns = list(series(self.columns, self.format.coded_sign))
            for panel in self.panels[first : first + of_matrix]:
                panel.columns = columns
        require(numbers.rest() == 0, "padding of scales")

    def read_rans_alphabet(self, numbers, count):
        """ans-1, ans-8: the entries but for the escape; where groups begin among them."""
        symbols, groups, value = [], [], -1
        bits = self.format.coded if self.format.steps else 0
        for _ in range(count):
            value += numbers.next() + 1
            if bits and not numbers.bit():
                groups.append(value << bits)
            else:
                symbols += range(value << bits, (value + 1) << bits)
        require(value < 1 << (self.split.symbol_bits - bits), "a symbol is too large")
        require(len(symbols) + len(groups) <= 255, "too many entries")
        return symbols + groups, len(symbols)

    def read_rans_model(self):
        """ans-1, ans-2, ans-9."""
        whole, exact = 1 << self.format.parameters[0], self.format.exact_tables
        (head,) = self.take(1)
        count, shift = head & 0xFFFF, head >> 16
        require(count <= 255 and shift <= (0 if exact else 2), "no alphabet")
        numbers = Numbers(self)
        self.symbols, self.first_group = self.read_rans_alphabet(numbers, count)
        self.tables = []
        for _ in range(self.format.steps or self.format.classes):
            codes = []
            for _ in range(len(self.symbols) + 1):
                d = numbers.next()
                codes.append((codes[-1] if codes else 0) + (-(d + 1) // 2 if d % 2 else d // 2))
            if exact:
                require(0 <= min(codes) and sum(codes) == whole, "frequencies that do not add up")
                self.tables.append(with_slots(codes))
                continue
            require(0 <= min(codes) and max(codes) << shift <= 111, "a code of no weight")
            weights = [weight_of(code << shift) for code in codes]
            self.tables.append(with_slots(frequencies_of(weights, whole)))
        require(numbers.rest() == 0, "a model's padding")

    def read_short_entry(self, panel):
        """index-1."""
        size, panel.checksum = self.take(2)
        panel.as_words = bool(size >> 31)
        panel.code_begin, panel.code_bytes = self.short_end, (size & 0x7FFFFFFF) * 16
        require(not panel.as_words or panel.code_bytes == 0, "words with bytes of code")
        self.short_end += panel.code_bytes

    def read_entry(self, panel, slots):
        if self.format.short_index:
            self.read_short_entry(panel)
        else:
            self.read_whole_entry(panel, slots)
        bits = self.format.classes.bit_length() - 1
        words = self.take(PANEL * bits // 32)
        panel.classes = [bits_of(words, i * bits, bits) for i in range(PANEL)]

    def read_whole_entry(self, panel, slots):
        (slot,) = self.take(1)
        panel.as_words = bool(slot >> 31)
        require(slot & 0x7FFFFFFF == slots[panel.as_words], "a slot out of order")  # panel-2
        slots[panel.as_words] += 1
        if self.format.variable:
            panel.code_begin = self.take(1)[0] * 16
            require(not panel.as_words or panel.code_begin == 0, "words with an offset of code")
        if self.format.fixed and self.format.escapes != "none":
            panel.patch_begin = self.take(1)[0] * 4
            require(not panel.as_words or panel.patch_begin == 0, "words with an offset of records")
        low, high = self.take(2)
        panel.checksum = high << 32 | low

    def read_counts(self):
        size = 2 if self.format.row_major else 1
        total = sum(len(list(fixed_units(self, p.rows))) for p in self.panels if not p.as_words)
        data = struct.pack(f"<{up(total * size, 4)}I", *self.take(up(total * size, 4)))
        at = 0
        for panel in self.panels:
            for _ in fixed_units(self, panel.rows) if not panel.as_words else ():
                panel.counts.append(int.from_bytes(data[at : at + size], "little"))
                at += size

    def place_parts(self):
        """panel-2, panel-3."""
        at = dict.fromkeys(("words", "raw", "code", "patch", "low"), 0)
        coded = [p for p in self.panels if not p.as_words]
        for panel in self.panels:
            for plane, size in self.part_sizes(panel).items():
                begin = at[plane]
                panel.parts[plane] = self.planes.get(plane, b"")[begin : begin + size]
                require(len(panel.parts[plane]) == size, f"plane {plane} is too short")
                require(plane != "patch" or panel.patch_begin == begin, "records out of place")
                at[plane] += size
        require(self.patch_words * 4 == at["patch"], "u32 of patch in use")
        if not self.format.variable:
            require(self.code_end == 0, "a size of code that has a fixed rate")
            return
        begins = [p.code_begin for p in coded] + [self.code_end * 16]
        require(begins[0] == 0 and begins == sorted(begins), "code out of order")
        require(begins[-1] <= len(self.planes.get("code", b"")), "plane code is too short")
        for panel, end in zip(coded, begins[1:]):
            panel.parts["code"] = self.planes.get("code", b"")[panel.code_begin : end]

    def part_sizes(self, panel):
        fmt, rows, columns = self.format, panel.rows, self.columns
        field = lambda chunks: field_bytes(fmt, rows, columns, chunks)  # noqa: E731
        sizes = {}
        if panel.as_words:
            sizes["words"] = field(chunks_of(self.split.word_bits))
        elif fmt.inplace:
            narrow = fmt.parameters[0] == 4
            unit, width = (1536, 64) if narrow else (5632, 256)
            sizes["code"] = up(rows, STRIP) * up(columns, width) * unit
        else:
            sizes["raw"] = field(chunks_of(self.split.raw_bits))
            if fmt.fixed:
                sizes["code"] = field(fmt.code_chunks)
        if panel.counts:
            sizes["patch"] = sum(panel.counts) * fmt.record_words * 4
        if fmt.low_form == "rows":  # low-2
            sizes["low"] = sum(row_bytes(columns, bits) for bits in panel.low_bits)
        elif fmt.low_form == "coded" and panel.low_code:  # low-5
            sizes["low"] = panel.low_code
        elif self.planes.get("low"):
            require(fmt.low_form != "palette", "low halves beside a palette")
            sizes["low"] = field(chunks_of(fmt.low))
        return sizes

    def read_low(self):
        """low-3, low-4: what the index holds of low halves."""
        if self.format.low_form == "palette":
            (count,) = self.take(1)
            require(count <= 4096, "too many values")
            self.palette = dict(divmod(value, 1 << 16) for value in self.take(count))
            require(list(self.palette) == sorted(self.palette) and len(self.palette) == count, "values out of order")
        if self.format.low_form == "coded":  # low-5
            self.coded_low = copy.copy(self)
            self.coded_low.split, self.coded_low.format = WholeHalf(), copy.copy(self.format)
            self.coded_low.format.parameters, self.coded_low.format.classes = [12], 1
            self.coded_low.format.steps = 0
            self.coded_low.read_rans_model()
            self.at = self.coded_low.at
            for panel, size in zip(self.panels, self.take(len(self.panels))):
                panel.low_code = size * 16
        if self.format.low_form != "rows":
            return
        wanted, bits, words = sum(panel.rows for panel in self.panels), [], []
        while len(bits) < wanted:
            if not words:
                words = list(divmod(self.take(1)[0], 1 << 16))
            run = words.pop()
            require(run % 32 <= 16, "bits of a low half")
            bits += [run % 32] * (run // 32 + 1)
        require(len(bits) == wanted and not any(words), "runs of rows")
        for panel in self.panels:
            panel.low_bits, bits = bits[: panel.rows], bits[panel.rows :]

    def low_halves(self, panel, words):
        """The low halves of a panel, by row."""
        fmt, data = self.format, panel.parts.get("low", b"")
        if fmt.low_form == "palette":
            require(all(word in self.palette for row in words for word in row), "a word without a low half")
            return [[self.palette[word] for word in row] for row in words]
        if fmt.low_form == "rows":
            halves, at = [], 0
            for bits in panel.low_bits:
                halves.append(unpack_row(self.columns, bits, data[at : at + row_bytes(self.columns, bits)]))
                at += row_bytes(self.columns, bits)
            return halves
        if not data:
            return [[0] * self.columns for _ in range(panel.rows)]
        if fmt.low_form == "coded" and panel.low_code:
            alone = Panel(panel.rows)
            alone.classes = [0] * panel.rows
            return decode_rans(self.coded_low, alone, data, b"")
        field = unpack_field(fmt, panel.rows, self.columns, chunks_of(fmt.low), data)
        return [[value << (16 - fmt.low) for value in row] for row in field]

    def decode_panel(self, panel):
        order = ("words", "raw", "code", "patch", "low")
        stored = b"".join(panel.parts.get(plane, b"") for plane in order)
        checksum = xxhash.xxh3_64_intdigest(stored)
        checksum &= 0xFFFFFFFF if self.format.short_index else checksum
        require(checksum == panel.checksum, "a panel's checksum is wrong")
        fmt, rows, columns = self.format, panel.rows, self.columns
        if panel.as_words:
            chunks = chunks_of(self.split.word_bits)
            return unpack_field(fmt, rows, columns, chunks, panel.parts["words"])
        if fmt.variable:
            raw, code = panel.parts["raw"], panel.parts["code"]
            if fmt.codec != "rans":
                return decode_prefix(self, rows, code, raw, panel.classes[:rows])
            words = decode_rans(self, panel, code, raw)
            return add_scales(self, panel, words) if fmt.steps else words
        if fmt.inplace:
            words = decode_inplace(self, rows, panel.parts["code"])
        else:
            raw_chunks = chunks_of(self.split.raw_bits)
            raw = unpack_field(fmt, rows, columns, raw_chunks, panel.parts["raw"])
            code = unpack_field(fmt, rows, columns, fmt.code_chunks, panel.parts["code"])
            words = [[self.split.join(self.symbols[c], r) for c, r in zip(*line)]
                     for line in zip(code, raw)]  # fmt: skip
        at, records = 0, words_of(panel.parts.get("patch", b""))
        for unit, count in zip(fixed_units(self, rows), panel.counts):
            size = count * fmt.record_words
            apply_escapes(self, unit, records[at : at + size], words)
            at += size
        return words

    def decode(self, member=0):
        """The bytes of a member; a tensor that is alone is the only one."""
        size = (self.split.word_bits + self.split.low_bits) // 8
        out = bytearray(self.elements * size)
        panels_of_matrix = up(self.rows, PANEL)
        count = self.matrices * panels_of_matrix
        for number, panel in enumerate(self.panels[member * count : (member + 1) * count]):
            words = self.decode_panel(panel)
            low = self.low_halves(panel, words) if self.split.low_bits else None
            matrix, first = divmod(number, panels_of_matrix)
            for row in range(panel.rows):
                for column in range(self.columns):
                    value = words[row][column] << self.split.low_bits
                    value |= low[row][column] if low else 0
                    at = self.position(matrix, first * PANEL + row, column) * size
                    if at < len(out):  # fold-2
                        out[at : at + size] = value.to_bytes(size, "little")
        return bytes(out)

    def position(self, matrix, row, column):
        if self.format.k_major:
            return (matrix * self.columns + column) * self.rows + row
        return (matrix * self.rows + row) * self.columns + column
