"""An independent decoder of the packed form (pack-1 to pack-9 of docs/formats.md)."""

import struct

import xxhash
from decoder import require


class Input:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        require(self.at + count <= len(self.data), "the packed form ends too soon")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self):
        return self.take(1)[0]

    def u32(self):
        return struct.unpack("<I", self.take(4))[0]


def table_of(source):
    """pack-4: by slot, the byte, its frequency and its first slot."""
    slots, before = [], -1
    for _ in range(source.byte() + 1):
        byte, frequency = source.byte(), source.byte()
        if frequency >= 128:
            frequency = (frequency & 127) | source.byte() << 7
        require(byte > before and frequency > 0, "a table that does not rise")
        slots += [(byte, frequency, len(slots))] * frequency
        before = byte
    require(len(slots) == 4096, "frequencies of a table")
    return slots


def coded(source, slots, count):
    """pack-5."""
    words = source.u32()
    states = [source.u32() for _ in range(8)]
    stream = iter(struct.unpack(f"<{words}H", source.take(2 * words)))
    out = bytearray(count)
    for i in range(count):
        state = states[i % 8]
        out[i], frequency, first = slots[state % 4096]
        state = frequency * (state // 4096) + state % 4096 - first
        if state < 1 << 16:
            state = state << 16 | next(stream)
        states[i % 8] = state
    require(next(stream, None) is None and states == [1 << 16] * 8, "the end of a code")
    return bytes(out)


def array(source, count):
    """pack-3."""
    out, slots = b"", None
    while len(out) < count:
        size = min(1 << 18, count - len(out))
        kind = source.byte()
        require(kind < 4, "a kind of a block")
        if kind == 0:
            out += source.take(size)
        elif kind == 1:
            out += source.take(1) * size
        else:
            slots = table_of(source) if kind == 2 else slots
            require(slots is not None, "a block without a table")
            out += coded(source, slots, size)
    return out


def planes(source, width, count):
    """pack-6: elements, one after another."""
    out = bytearray(width * count)
    for k in range(width):
        out[k::width] = array(source, count)
    return bytes(out)


def repeats(source, width, count):
    """pack-7 and pack-8."""
    sequences = source.u32()
    require(sequences <= count * width // 8, "more sequences than one for each 8 bytes")
    codes = [array(source, sequences) for _ in range(3)]
    further = int.from_bytes(source.take(source.u32()), "little")

    def number(code):
        nonlocal further
        if code < 16:
            return code
        bits = code - 12
        value = (1 << bits) + (further & ((1 << bits) - 1))
        further >>= bits
        return value

    parts, last = [], 0
    for triple in zip(*codes):
        new, length, distance = map(number, triple)
        last = distance or last
        parts.append((new, length, last))
    fresh = count - sum(length for _, length, _ in parts)
    new, at, out = planes(source, width, fresh), 0, bytearray()
    for run, length, distance in parts:
        out += new[at * width : (at + run) * width]
        at += run
        require(0 < distance * width <= len(out), "a repeat before the section")
        for _ in range(length):
            begin = len(out) - distance * width
            out += out[begin : begin + width]
    return bytes(out + new[at * width :])


def plain(source, kind, width, count):
    require(kind in (0, 2), "a kind of a section")
    return (planes if kind == 0 else repeats)(source, width, count)


def section(data, width, count):
    """pack-6 and pack-9, of filtered elements."""
    source = Input(data)
    kind = source.byte()
    if kind == 1:
        mask = plain(source, source.byte(), 1, -(-count // 8))
        bits = [mask[i // 8] >> i % 8 & 1 for i in range(count)]
        require(sum(bits) == sum(byte.bit_count() for byte in mask), "bits behind a mask")
        values, at, out = planes(source, width, sum(bits)), 0, bytearray()
        for bit in bits:
            out += values[at : at + width] if bit else bytes(width)
            at += width * bit
        elements = bytes(out)
    else:
        elements = plain(source, kind, width, count)
    require(source.at == len(data), "the end of a section")
    return elements


def table_text(data, sections):
    """pack-1: the table at the end, which has the checksums."""
    return data[len(data) - 12 * sections - 3 :]


def unpack(data, size, checksum):
    """pack-1 and pack-2."""
    width, kind, log = data[-3:]
    require(width in (1, 2, 4, 8) and size % width == 0 and kind < 3 and 12 <= log <= 24, "pack-1")
    step, bits = 1 << log, 8 * width
    sections = -(-size // step)
    table = table_text(data, sections)
    require(xxhash.xxh3_64_hexdigest(table) == checksum, "the checksum of a table")
    source, out = Input(data[: -len(table)]), []
    for i, (length, checksum) in enumerate(struct.iter_unpack("<IQ", table[:-3])):
        text = source.take(length)
        require(xxhash.xxh3_64_intdigest(text) == checksum, "the checksum of a section")
        count = min(step, size - i * step) // width
        elements, before = section(text, width, count), 0
        for at in range(0, len(elements), width):
            value = int.from_bytes(elements[at : at + width], "little")
            if kind == 1:
                value = value >> 1 | (value & 1) << (bits - 1)
            if kind == 2:
                value = before = (value + before) % (1 << bits)
            out.append(value.to_bytes(width, "little"))
    require(source.at + len(table) == len(data), "the end of the packed form")
    return b"".join(out)
