"""An independent reader of containers, written from docs/container.md alone.

Verifies every checksum. Tensors are decoded by decoder.py.

    container.py FILE.safetensors [TENSOR]     prints names, or writes a tensor's bytes to stdout

Of differences from a base model it needs that: a function from a tensor's name to its bytes.
"""

import json
import struct
import sys

import xxhash
from decoder import Tensor, add_base, cast, require, up
from packed import unpack


def pairs_once(pairs):
    """st-4."""
    require(len({key for key, _ in pairs}) == len(pairs), "a key occurs twice")
    return dict(pairs)


def parse(text):
    return json.loads(text, object_pairs_hook=pairs_once)


def content_checksum(header, metadata):
    """check-2: of names, types and shapes of all tensors, and of the metadata."""
    text = b""
    for name in sorted(header, key=str.encode):
        entry = header[name]
        shape = ",".join(map(str, entry["shape"]))
        text += f"{name}\0{entry['dtype']}\0{shape}\n".encode()
    for key in sorted(metadata, key=str.encode):
        value = metadata[key]
        if key == "uwt":
            for digits in (parse(value)["header"], parse(value)["content"]):
                value = value.replace(digits, "0" * 16, 1)
        text += f"{key}\0{value}\0".encode()
    return xxhash.xxh3_64_hexdigest(text)


def lz4_text(block, size):
    """The text of an LZ4 block (file-14)."""
    text, at = bytearray(), 0

    def length(bits, at):
        total, more = bits, bits == 15
        while more:
            total, more, at = total + block[at], block[at] == 255, at + 1
        return total, at

    while True:
        lengths = block[at]
        literals, at = length(lengths >> 4, at + 1)
        require(at + literals <= len(block), "a block ends too early")
        text += block[at : at + literals]
        at += literals
        if at == len(block):
            break
        distance = block[at] | block[at + 1] << 8
        matched, at = length(lengths & 15, at + 2)
        require(0 < distance <= len(text), "a match begins before the text")
        for _ in range(matched + 4):
            text.append(text[-distance])
    require(len(text) == size, "a block has another size")
    return text.decode("utf-8")


class Container:
    """A container with every checksum verified, and the original that it stands for."""

    def __init__(self, data, base=None):
        self.base = base
        (length,) = struct.unpack("<Q", data[:8])
        require(8 + length <= len(data), "the header leaves the file")  # st-1
        self.prefix, self.data = data[: 8 + length], data[8 + length :]
        self.header = parse(data[8 : 8 + length].decode("utf-8"))
        self.metadata = self.header.pop("__metadata__")
        self.file = parse(self.metadata["uwt"])
        require(self.file["reader"] <= 9 and self.file["container"] == 1, "another version")
        self.check_header()
        self.entries = self.compact_entries() if "compact" in self.file else self.metadata
        self.original_text = self.entries["uwt.original"]
        original = parse(self.original_text)
        original.pop("__metadata__", None)
        self.tensors = original
        self.stacks, self.bundles = self.find_stacks()
        if "compact" in self.file:
            self.find_planes()
        self.check_raw()
        differs = any("base" in (self.entry(name) or {}) for name in self.tensors)
        require(differs == ("base" in self.file), "differences without a base model")  # diff-5
        hashes = self.file.get("base_sha256", "")
        require(len(hashes) == 64 * len(self.file.get("base", [])), "hashes of the base model")

    def check_header(self):
        """check-1 and check-2, both of which an untouched file passes."""
        begin = len('{"__metadata__":{"uwt":"{\\"header\\":\\"') + 8
        require(begin == 46, "the digits do not begin at 46")
        zeroed = self.prefix[:46] + b"0" * 16 + self.prefix[62:]
        digits = self.prefix[46:62].decode()
        found = xxhash.xxh3_64_hexdigest(zeroed)
        require(digits == self.file["header"] == found, "header checksum")
        content = content_checksum(self.header, self.metadata)
        require(content == self.file["content"], "content checksum")

    def compact_entries(self):
        """file-13 and file-14."""
        block = self.bytes_of("file.uwt.header")
        require(xxhash.xxh3_64_hexdigest(block) == self.file["compact"], "checksum of the block")
        require(self.file["text"] <= 100_000_000, "a text that is too long")
        header = parse(lz4_text(block, self.file["text"]))
        require(list(header) == ["__metadata__"], "the block has tensors")
        return header["__metadata__"]

    def find_planes(self):
        """file-13: planes one after another, in the order of the data and of formats.md."""
        self.planes, at = {}, 0
        data = self.bytes_of("file.uwt.planes")
        for name in self.in_order():
            sizes = (self.entry(name) or {}).get("planes", {})
            for plane in ("index", "words", "raw", "code", "patch", "low"):
                if plane in sizes:
                    end = at + up(sizes[plane], 4) * 4
                    self.planes[f"{name}.uwt.{plane}"], at = data[at:end], end
        require(len(data) == up(at, 16) * 16 and not any(data[at:]), "padding of planes")

    def in_order(self):
        return sorted(self.tensors, key=lambda name: self.tensors[name]["data_offsets"])

    def bytes_of(self, name):
        begin, end = self.header[name]["data_offsets"]
        return self.data[begin:end]

    def entry(self, name):
        text = self.entries.get(f"{name}.uwt")
        return parse(text) if text is not None else None

    def find_stacks(self):
        """file-12: the first member of the stack of each tensor in one, and its number there.
        file-15: the first tensor of the bundle of each in one, and where its bytes begin there."""
        stacks, left, bundles, open_bundles = {}, {}, {}, {}
        for name in self.in_order():
            tensor = self.tensors[name]
            key, entry = (tensor["dtype"], tuple(tensor["shape"])), self.entry(name)
            members = (entry or {}).get("members")
            in_stack = left.get(key, (0, 0, 0))[2] > 0
            bundled = (entry or {}).get("bundle")
            is_bare = entry is None and name not in self.header
            if bundled is not None or (is_bare and not in_stack and "compact" in self.file):
                first, at, rest = open_bundles.get(tensor["dtype"], (None, 0, 0))
                if bundled is not None:
                    require(bundled >= 1 and rest == 0, "a bundle in a bundle")
                    first, at, rest = name, 0, bundled
                require(rest > 0, "a tensor is missing")
                begin, end = tensor["data_offsets"]
                bundles[name] = (first, at)
                open_bundles[tensor["dtype"]] = (first, at + end - begin, rest - 1)
                continue
            if entry is None and name not in self.header or members is not None:
                if members is not None:
                    require(members >= 2 and left.get(key, (0, 0, 0))[2] == 0, "a stack in a stack")
                    left[key] = (name, 0, members)
                first, number, rest = left.get(key, (None, 0, 0))
                require(rest > 0, "a tensor is missing")
                stacks[name], left[key] = (first, number), (first, number + 1, rest - 1)
        require(all(rest == 0 for _, _, rest in left.values()), "a stack lacks members")
        require(all(rest == 0 for _, _, rest in open_bundles.values()), "a bundle lacks tensors")
        return stacks, bundles

    def check_raw(self):
        """check-5."""
        together = self.stacks.keys() | self.bundles.keys()
        alone = (n for n in self.tensors if self.entry(n) is None and n not in together)
        raw = sorted(alone, key=str.encode)
        digits = [xxhash.xxh3_64_hexdigest(self.bytes_of(name)) for name in raw]
        require("".join(digits) == self.file.get("raw", ""), "checksums of raw tensors")

    def tensor(self, name):
        """The bytes of an original tensor (file-2)."""
        if name in self.bundles:
            first, at = self.bundles[name]
            begin, end = self.tensors[name]["data_offsets"]
            return self.stored(first, 0)[at : at + end - begin]
        return self.stored(*self.stacks.get(name, (name, 0)))

    def stored(self, first, member):
        """The bytes of one member of what is stored under a name."""
        entry = self.entry(first)
        if entry is None:
            return self.bytes_of(first)
        if "same" in entry:
            return self.tensor(entry["same"])
        if "base" in entry:
            base = self.base_of(first, entry)
            return add_base(entry["dtype"], self.decoded(first, entry), base) if "format" in entry else base
        return self.decoded(first, entry, member)

    def base_of(self, name, entry):
        """diff-4, diff-6."""
        require(self.base is not None, "no base model")
        base = self.made_base(name, entry)
        pieces = [base[at : at + (1 << 20)] for at in range(0, len(base), 1 << 20)]
        digits = "".join(map(xxhash.xxh3_64_hexdigest, pieces))
        require(digits == entry["base"], "checksums of the base")
        return base

    def made_base(self, name, entry):
        """diff-7: the base of a tensor, made from what its entry names."""
        if "from" not in entry:
            return self.base(name)
        require(self.file["reader"] >= 9 and entry.get("reader", 9) >= 9, "an older reader")
        dtype, shape = self.tensors[name]["dtype"], self.tensors[name]["shape"]
        source = entry["from"].get("dtype", dtype)
        data = cast(source, dtype, self.base(entry["from"]["name"]))
        begin, end = self.tensors[name]["data_offsets"]
        if "rows" not in entry["from"]:
            require(len(data) == end - begin, "the base has another size")
            return data
        numbers, row, last = entry["from"]["rows"], (end - begin) // shape[0], 0
        require(0 < len(numbers) <= 96 and len(numbers) % 3 == 0, "runs of rows")
        made = bytearray(end - begin)
        for own, first, count in zip(*(iter(numbers),) * 3):
            require(count >= 1 and own >= last and own + count <= shape[0], "rows that do not rise")
            require((first + count) * row <= len(data), "rows that the base does not have")
            made[own * row : (own + count) * row] = data[first * row : (first + count) * row]
            last = own + count
        return bytes(made)

    def decoded(self, first, entry, member=0):
        """What the planes of an entry hold, or of one member of a stack."""
        planes = {}
        for plane, used in entry["planes"].items():
            if "compact" in self.file:
                data = self.planes[f"{first}.uwt.{plane}"]
            else:
                data = self.bytes_of(f"{first}.uwt.{plane}")
                require(len(data) == up(used, 256) * 256, "a plane is not padded to 256")  # file-10
            require(not any(data[used:]), "padding is not zero")  # check-4
            planes[plane] = data[:used]
        if "packed" in entry:  # file-16
            require(list(planes) == ["code"] and "format" not in entry, "planes of a packed tensor")
            begin, end = self.tensors[first]["data_offsets"]
            return unpack(planes["code"], end - begin, entry["packed"])
        require(xxhash.xxh3_64_hexdigest(planes["index"]) == entry["index"], "index checksum")
        (words,) = struct.unpack("<I", planes["index"][:4])
        require(len(planes["index"]) == words * 4, "bytes of the index in use")  # file-10
        members = entry.get("members", 1)
        differences = "base" in entry
        stack = Tensor(entry["dtype"], entry["shape"], entry["format"], planes, members, differences)
        return stack.decode(member)

    def original(self):
        """The original file (file-7)."""
        text = self.original_text.encode()
        size = max((t["data_offsets"][1] for t in self.tensors.values()), default=0)
        data = bytearray(size)
        for name, tensor in self.tensors.items():
            begin, end = tensor["data_offsets"]
            data[begin:end] = self.tensor(name)
        return struct.pack("<Q", len(text)) + text + bytes(data)


def read(path, base=None):
    with open(path, "rb") as file:
        return Container(file.read(), base)


if __name__ == "__main__":
    opened = read(sys.argv[1])
    if len(sys.argv) > 2:
        sys.stdout.buffer.write(opened.tensor(sys.argv[2]))
    else:
        print("\n".join(opened.tensors))
