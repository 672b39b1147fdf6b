"""An independent reader of containers, written from docs/container.md alone.

Verifies every checksum. Tensors are decoded by decoder.py.

    container.py FILE.safetensors [TENSOR]     prints names, or writes a tensor's bytes to stdout

Of differences from a base model it needs that: a function from a tensor's name to its bytes.
"""

import json
import struct
import sys

import xxhash
from decoder import Tensor, add_base, require, up


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
        require(self.file["reader"] <= 6 and self.file["container"] == 1, "another version")
        self.check_header()
        self.original_text = self.metadata["uwt.original"]
        original = parse(self.original_text)
        original.pop("__metadata__", None)
        self.tensors = original
        self.stacks = self.find_stacks()
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

    def bytes_of(self, name):
        begin, end = self.header[name]["data_offsets"]
        return self.data[begin:end]

    def entry(self, name):
        text = self.metadata.get(f"{name}.uwt")
        return parse(text) if text is not None else None

    def find_stacks(self):
        """file-12: the first member of the stack of each tensor in one, and its number there."""
        stacks, left = {}, {}
        offsets = lambda item: item[1]["data_offsets"]  # noqa: E731
        for name, tensor in sorted(self.tensors.items(), key=offsets):
            key, entry = (tensor["dtype"], tuple(tensor["shape"])), self.entry(name)
            members = (entry or {}).get("members")
            if entry is None and name not in self.header or members is not None:
                if members is not None:
                    require(members >= 2 and left.get(key, (0, 0, 0))[2] == 0, "a stack in a stack")
                    left[key] = (name, 0, members)
                first, number, rest = left.get(key, (None, 0, 0))
                require(rest > 0, "a tensor is missing")
                stacks[name], left[key] = (first, number), (first, number + 1, rest - 1)
        require(all(rest == 0 for _, _, rest in left.values()), "a stack lacks members")
        return stacks

    def check_raw(self):
        """check-5."""
        alone = (n for n in self.tensors if self.entry(n) is None and n not in self.stacks)
        raw = sorted(alone, key=str.encode)
        digits = [xxhash.xxh3_64_hexdigest(self.bytes_of(name)) for name in raw]
        require("".join(digits) == self.file.get("raw", ""), "checksums of raw tensors")

    def tensor(self, name):
        """The bytes of an original tensor (file-2)."""
        first, member = self.stacks.get(name, (name, 0))
        entry = self.entry(first)
        if entry is None:
            return self.bytes_of(name)
        if "same" in entry:
            return self.tensor(entry["same"])
        if "base" in entry:
            base = self.base_of(first, entry)
            return add_base(entry["dtype"], self.stored(first, entry), base) if "format" in entry else base
        return self.stored(first, entry, member)

    def base_of(self, name, entry):
        """diff-4, diff-6."""
        require(self.base is not None, "no base model")
        base = self.base(name)
        pieces = [base[at : at + (1 << 20)] for at in range(0, len(base), 1 << 20)]
        digits = "".join(map(xxhash.xxh3_64_hexdigest, pieces))
        require(digits == entry["base"], "checksums of the base")
        return base

    def stored(self, first, entry, member=0):
        """What the planes of an entry hold, or of one member of a stack."""
        planes = {}
        for plane, used in entry["planes"].items():
            data = self.bytes_of(f"{first}.uwt.{plane}")
            require(len(data) == up(used, 256) * 256, "a plane is not padded to 256")  # file-10
            require(not any(data[used:]), "padding is not zero")  # check-4
            planes[plane] = data[:used]
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
