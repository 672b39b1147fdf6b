"""Made the files of v1 to v9, once. They are frozen: a library that changes has to read the old
files. Kept to show what they are, and to begin the set of a next version.

    .venv/bin/python test/Golden/make_golden.py build/bin/uwt 2 test/Golden/v2

vN holds what readers of version N know and older ones refuse. Two files each that v1 to v7 had
among the bad ones, since they ask for a reader of the next version, are among their good ones
since there is one.
"""

import hashlib
import json
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Integration"))

import container  # noqa: E402
import decoder  # noqa: E402
import safetensors_file as st  # noqa: E402
import xxhash  # noqa: E402


def run(*arguments):
    return subprocess.run([*map(str, arguments)], capture_output=True, text=True)


# ---------------------------------------------------------------------------
# Good files
# ---------------------------------------------------------------------------


def narrow(dtype, shape, seed):
    """Weights of three binades: codable without an escape by every codec."""
    source = random.Random(seed)
    count = 1
    for size in shape:
        count *= size
    values = (source.choice((-1, 1)) * source.uniform(1, 2) * 2.0 ** source.randint(-7, -5)
              for _ in range(count))  # fmt: skip
    return b"".join(st.element(dtype, value) for value in values)


def tensors_of_formats():
    shape = [63, 62]
    return {
        "narrow": ("BF16", shape, narrow("BF16", shape, "narrow")),
        "wide": ("BF16", shape, st.weights("BF16", shape, "wide", wide=True)),
    }


def tensors_of_types():
    """Every element type, ranks 0 to 4, tied, empty, odd names."""
    tied = st.weights("BF16", [40, 64], "tied")
    tensors = {
        f"{dtype}.weight": (dtype, [45, 120], st.weights(dtype, [45, 120], dtype))
        for dtype in ("F16", "F32", "F8_E4M3", "F8_E5M2")
    }
    rounded = st.weights("BF16", [3, 40, 30], "rounded")
    halves = [b"\0\0" + rounded[at : at + 2] for at in range(0, len(rounded), 2)]
    return tensors | {
        "experts": ("F32", [3, 40, 30], b"".join(halves)),
        "conv": ("BF16", [2, 2, 30, 33], st.weights("BF16", [2, 2, 30, 33], "conv")),
        "a.weight": ("BF16", [40, 64], tied),
        "b.weight": ("BF16", [40, 64], tied),
        "model.embed_tokens.weight": ("BF16", [70, 40], st.weights("BF16", [70, 40], "rows")),
        "scalar": ("F32", [], b"\1\2\3\4"),
        "ids": ("I64", [2], bytes(range(16))),
        "empty": ("BF16", [0, 7], b""),
        'gr\u00fc\u00dfe "x"\n': ("U8", [5], b"hello"),
    }


def name_of(text):
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def cases_of_reader_1(uwt):
    formats = re.findall(r"--format '([^']+)'", run(uwt, "help", "formats").stdout)
    yield from ((name_of(text), ["--format", text], tensors_of_formats()) for text in formats)
    yield "types-best-size", ["--sha256"], tensors_of_types()
    yield "types-fast", ["--format", "fast"], tensors_of_types()


def tensors_of_folds():
    """Shapes that are folded, each way, and one that is not."""
    shapes = {"conv": [32, 64, 3, 3], "conv1d": [70, 24, 3], "points": [64, 40, 1, 1],
              "thin": [1100, 4], "low": [3, 1000], "matrix": [48, 64]}  # fmt: skip
    return {
        f"{name}.{dtype}": (dtype, shape, st.weights(dtype, shape, name))
        for name, shape in shapes.items()
        for dtype in ("BF16", "F32")
    }


def tensors_of_stacks():
    """Layers of tensors that are alike, one that is folded among them, and one that is alone."""
    shapes = {"expert": ("BF16", [24, 70]), "thin": ("F16", [300, 6]), "wide": ("F32", [33, 64])}
    tensors = {
        f"layer.{layer}.{name}": (dtype, shape, st.weights(dtype, shape, f"{layer}{name}"))
        for layer in range(3)
        for name, (dtype, shape) in shapes.items()
    }
    tensors["layer.1.norm"] = ("BF16", [70], st.weights("BF16", [70], "norm"))
    tensors["alone"] = ("BF16", [40, 64], st.weights("BF16", [40, 64], "alone"))
    return tensors


def cases_of_reader_2(uwt):
    yield "stacks-best-size", ["--sha256"], tensors_of_stacks()
    yield "stacks-huffman-12-2", ["--format", "huffman<12,2>"], tensors_of_stacks()
    yield "folds-best-size", ["--sha256"], tensors_of_folds()
    for text in ("huffman<12,2>", "window<4>, fold=flat<192>", "huffman<11,1>, fold=columns<2>"):
        yield f"folds-{name_of(text)}", ["--format", text], tensors_of_folds()


def tensors_of_integers():
    """Every dtype that is stored as bytes, ranks 0 to 4, a stack, few values, and noise."""
    shapes = {"I8": [70, 90], "U8": [3, 33, 40], "BOOL": [64, 70], "F8_E8M0": [90, 64],
              "F8_E4M3FNUZ": [50, 64], "F8_E5M2FNUZ": [2, 2, 20, 30], "I16": [40, 50],
              "U16": [9, 300], "I32": [64, 128], "U32": [2, 20, 33], "I64": [1, 500],
              "U64": [300, 5]}  # fmt: skip
    tensors = {dtype: (dtype, shape, st.integers(dtype, shape, dtype))
               for dtype, shape in shapes.items()}  # fmt: skip
    for layer in range(3):
        tensors[f"layer.{layer}.zeros"] = ("I32", [32, 64], st.integers("I32", [32, 64], layer))
    noise = random.Random("noise").randbytes(64 * 70)
    return tensors | {
        "mask": ("BOOL", [64, 70], bytes(byte & 1 for byte in noise)),
        "noise": ("U8", [64, 70], noise),
        "scalar": ("I64", [], bytes(8)),
        "weight": ("BF16", [64, 96], st.weights("BF16", [64, 96], "weight")),
    }


def cases_of_reader_3(uwt):
    tensors = tensors_of_integers()
    yield "integers-best-size", ["--sha256"], tensors
    yield "integers-fast", ["--format", "fast"], tensors
    for text in ("huffman<12,1>", "huffman<12,2>, coded=exponent+4",
                 "huffman<15,1>, coded=exponent+4, escapes=none",
                 "huffman<12,1>, coded=exponent+4, context=row_class<4>", "raw",
                 "huffman<11,1>, coded=exponent+3, storage=k_major", "palette<4>, coded=exponent+2",
                 "rice<1,8>, layout=row_major, coded=exponent+4", "window<3>, fold=flat<192>"):
        yield f"integers-{name_of(text)}", ["--format", text], tensors


def short_low_halves(shape, bits, seed):
    """F32 whose low halves have so many bits."""
    source = st.weights("F32", shape, seed)
    words = struct.unpack(f"<{len(source) // 4}I", source)
    mask = ~((1 << (16 - bits)) - 1)
    return struct.pack(f"<{len(words)}I", *(word & mask for word in words))


def tensors_of_short_low_halves():
    """Values of F16 and of other widths, folded, stacked, as an embedding, and whole ones."""
    shapes = {"half": ([63, 62], 3), "one": ([2, 33, 40], 1), "odd": ([65, 70], 7),
              "most": ([64, 64], 15), "whole": ([40, 66], 16), "none": ([40, 66], 0),
              "conv": ([32, 64, 3, 3], 3), "model.embed_tokens.weight": ([70, 40], 3),
              **{f"layer.{layer}.expert": ([24, 70], 3 + layer) for layer in range(3)}}  # fmt: skip
    tensors = {
        name: ("F32", shape, short_low_halves(shape, bits, name))
        for name, (shape, bits) in shapes.items()
    }
    return tensors | {"brain": ("BF16", [40, 64], st.weights("BF16", [40, 64], "brain"))}


def tensors_of_halves():
    """Low halves of three bits only, beside a type that has none."""
    shape = [65, 70]
    return {
        "half": ("F32", shape, short_low_halves(shape, 3, "half")),
        "brain": ("BF16", shape, st.weights("BF16", shape, "brain")),
    }


def cases_of_reader_4(uwt):
    yield "low-best-size", ["--sha256"], tensors_of_short_low_halves()
    yield "low-fast", ["--format", "fast"], tensors_of_short_low_halves()
    for text in ("huffman<12,2>, low=3", "window<4>, layout=row_major, low=3", "raw, low=5",
                 "inplace<12>, low=3", "huffman<11,1>, storage=k_major, low=4",
                 "palette<4>, fold=flat<192>, low=3"):  # fmt: skip
        yield name_of(text), ["--format", text], tensors_of_halves()


def tensors_of_many_units():
    """Several strips and units, rows that no lane has, odd columns, rare symbols."""
    shapes = {"tall": [130, 40], "broad": [70, 1100], "one": [1, 2049], "few": [3, 5, 65],
              "odd": [61, 33]}  # fmt: skip
    tensors = {
        name: (dtype, shape, st.weights(dtype, shape, name, wide=True))
        for (name, shape), dtype in zip(shapes.items(), ("BF16", "F16", "BF16", "F32", "BF16"))
    }
    return tensors | {"narrow": ("BF16", [64, 48], narrow("BF16", [64, 48], "narrow"))}


def cases_of_reader_5(uwt):
    yield "types-smallest", ["--format", "smallest", "--sha256"], tensors_of_types()
    yield "low-smallest", ["--format", "smallest"], tensors_of_short_low_halves()
    for text in ("rans<12>", "rans<12>, coded=exponent+2", "rans<9>, coded=exponent+1",
                 "rans<11>, coded=exponent+2, context=row_class<4>",
                 "rans<12>, layout=row_major, coded=exponent+2, context=row_class<16>",
                 "rans<12>, storage=k_major", "rans<10>, fold=flat<192>"):  # fmt: skip
        yield name_of(text), ["--format", text], tensors_of_many_units()


def rows_of_low_halves(shape, seed):
    """F32 whose rows need different bits of their low halves."""
    source = random.Random(seed)
    return b"".join(
        short_low_halves([1, shape[1]], source.choice((0, 3, 3, 7, 16)), f"{seed}{row}")
        for row in range(shape[0])
    )


def few_values(shape, seed):
    """F32 of which no two values have the same upper half."""
    source = random.Random(seed)
    values = [struct.pack("<f", 0.0031 * code) for code in range(-20, 21)]
    return b"".join(source.choice(values) for _ in range(shape[0] * shape[1]))


def halves_of_few(shape, seed):
    """F32 whose low halves are one of a few."""
    source = random.Random(seed)
    words = st.weights("BF16", shape, seed)
    low = [(0x8000).to_bytes(2, "little"), b"\0\0", b"\0\x40"]
    return b"".join(source.choice(low) + words[at : at + 2] for at in range(0, len(words), 2))


def tensors_of_low_forms():
    shape = [150, 70]
    return {
        "rows": ("F32", shape, rows_of_low_halves(shape, "rows")),
        "values": ("F32", shape, few_values(shape, "values")),
        "halves": ("F32", shape, halves_of_few(shape, "halves")),
        "brain": ("BF16", [40, 64], st.weights("BF16", [40, 64], "brain")),
    }


def tensors_of_bundles():
    """Many vectors of several types and lengths among matrices and a stack: the compact form."""
    tensors = {}
    for layer in range(40):
        for name, dtype, size in (("norm.weight", "BF16", 60), ("bias", "F32", 33 + layer % 3),
                                  ("scale", "F16", 20), ("count", "I64", 1)):  # fmt: skip
            value = st.weights(dtype, [size], f"{layer}{name}") if dtype != "I64" else bytes([layer] * 8)
            tensors[f"model.layers.{layer}.{name}"] = (dtype, [size], value)
        if layer % 8 == 0:
            tensors[f"model.layers.{layer}.w"] = ("BF16", [40, 64], st.weights("BF16", [40, 64], layer))
    return tensors | {"scalar": ("F32", [], b"\1\2\3\4"), "empty": ("BF16", [0], b"")}


def changed(tensors):
    """A fine-tune: some elements of matrices moved, one tensor as it was, one that is new."""
    source = random.Random("changed")
    tuned = {}
    for name, (dtype, shape, data) in tensors.items():
        size = {"BF16": 2, "F16": 2, "F32": 4, "I64": 8}[dtype]
        moved = bytearray(data)
        for at in range(0, len(data), size):
            if name != "same" and source.random() < 0.1:
                value = int.from_bytes(moved[at : at + 2], "little") + source.randint(-9, 9)
                moved[at : at + 2] = (value % 65536).to_bytes(2, "little")
        tuned[name] = (dtype, shape, bytes(moved))
    return tuned | {"new": ("BF16", [40, 64], st.weights("BF16", [40, 64], "new"))}


def tensors_of_base():
    shapes = {"w": ("BF16", [130, 70]), "half": ("F16", [64, 96]), "single": ("F32", [60, 50]),
              "same": ("BF16", [64, 64])}  # fmt: skip
    return {name: (dtype, shape, st.weights(dtype, shape, name))
            for name, (dtype, shape) in shapes.items()}  # fmt: skip


def cases_of_reader_6(uwt):
    yield "types-smallest", ["--format", "smallest", "--sha256"], tensors_of_types()
    yield "low-forms-best-size", ["--sha256"], tensors_of_low_forms()
    yield "bundles-best-size", ["--sha256"], tensors_of_bundles()
    yield "bundles-smallest", ["--format", "smallest"], tensors_of_bundles()
    yield "bundles-fast", ["--format", "fast"], tensors_of_bundles()
    for text in ("rans<12>, coded=exponent+2, context=scale<8>",
                 "rans<11>, layout=row_major, coded=sign+exponent+3, context=scale<4>",
                 "rans<12>, storage=k_major, coded=sign+exponent+0, context=scale<1>",
                 "rans<12>, fold=flat<192>, coded=exponent+3, context=scale<16>, index=short",
                 "huffman<12,1>, coded=exponent+2, context=row_class<4>, index=short"):  # fmt: skip
        yield name_of(text), ["--format", text], tensors_of_many_units()
    for text in ("huffman<12,2>, low=rows", "window<4>, layout=row_major, low=rows",
                 "raw, low=rows", "inplace<12>, low=coded", "rans<12>, low=coded",
                 "huffman<11,1>, storage=k_major, low=rows"):  # fmt: skip
        yield name_of(text), ["--format", text], tensors_of_low_forms()
    values = {"values": tensors_of_low_forms()["values"]}
    yield "huffman-12-2-low-palette", ["--format", "huffman<12,2>, low=palette"], values
    for policy in ("best-size", "smallest", "huffman<12,1>"):
        tuned = changed(tensors_of_base())
        yield f"differences-{name_of(policy)}", ["--format", policy, "--base", tensors_of_base()], tuned


def cases_of_reader_7(uwt):
    yield "types-smallest", ["--format", "smallest", "--sha256"], tensors_of_types()
    wide = {"wide": ("BF16", [70, 600], st.weights("BF16", [70, 600], "wide"))}
    yield "panel-units-smallest", ["--format", "smallest"], wide
    for text in ("rans<12>, coded=exponent+2, context=scale<8>, unit=panel",
                 "rans<11>, layout=row_major, coded=sign+exponent+3, context=scale<4>, tables=exact, unit=panel",
                 "rans<12>, storage=k_major, coded=exponent+1, context=row_class<4>, tables=exact",
                 "rans<9>, fold=flat<192>, index=short, tables=exact"):  # fmt: skip
        yield name_of(text), ["--format", text], tensors_of_many_units()


def tensors_of_zeros():
    """Zeros of each kind, repeats, one sign, and dtypes without a code (choice-15)."""
    source = random.Random("zeros")
    dense = st.weights("BF16", [90, 64], "zeros")

    def left(keeps):
        """`dense`, with zeros where `keeps` is false of row and column."""
        return b"".join(dense[2 * i : 2 * i + 2] if keeps(i // 64, i % 64) else b"\0\0"
                        for i in range(90 * 64))  # fmt: skip

    double = b"".join(struct.pack("<d", source.gauss(0, 0.02)) for _ in range(90 * 64))
    positive = b"".join(struct.pack("<f", source.gauss(0, 1) ** 2 * 10 ** source.uniform(-9, -5))
                        for _ in range(90 * 64))  # fmt: skip
    return {
        "scattered": ("BF16", [90, 64], left(lambda row, column: source.random() < 0.3)),
        "rows": ("BF16", [90, 64], left(lambda row, column: row % 3 == 0)),
        "columns": ("BF16", [90, 64], left(lambda row, column: column % 5 == 0)),
        "repeated": ("BF16", [90, 64], dense[:1280] * 9),
        "zero": ("F32", [64, 33], bytes(64 * 33 * 4)),
        "f32": ("F32", [90, 64], b"".join(bytes(4) if source.random() < 0.6 else struct.pack("<f", source.gauss(0, 1))
                                          for _ in range(90 * 64))),
        "half": ("F16", [90, 64], b"".join(bytes(2) if source.random() < 0.6 else struct.pack("<e", source.gauss(0, 1))
                                           for _ in range(90 * 64))),
        "positive": ("F32", [90, 64], positive),
        "double": ("F64", [90, 64], double),
        "complex": ("C64", [90, 64], double),
        "fp4": ("F4", [64, 64], bytes(source.choice((0, 1, 0x10, 0x12, 0x21)) for _ in range(2048))),
        "mask": ("BOOL", [70, 70], bytes(column <= row for row in range(70) for column in range(70))),
        "ids": ("I64", [40, 50], struct.pack("<2000q", *(source.randrange(3000) for _ in range(2000)))),
        "range": ("I32", [40, 50], struct.pack("<2000i", *range(-1000, 1000))),
        "dense": ("BF16", [90, 64], dense),
    }  # fmt: skip


def cases_of_reader_8(uwt):
    for policy in ("best-size", "smallest"):
        yield f"zeros-{policy}", ["--format", policy, "--sha256"], tensors_of_zeros()


def tensors_of_base_sources():
    """Tensors whose bases have other names, rows and dtypes in tensors_of_base."""
    base = tensors_of_base()
    tuned = changed({name: base[name] for name in ("w", "half", "single")})
    new = st.weights("BF16", [9, 70], "rows")
    single = decoder.cast("F32", "BF16", tuned["single"][2])
    return {
        "model.w": ("BF16", [139, 70], tuned["w"][2] + new),
        "w": ("BF16", [100, 70], base["w"][2][: 100 * 140]),
        "half": ("F32", [70, 96], decoder.cast("F16", "F32", tuned["half"][2]) + bytes(6 * 96 * 4)),
        "module.single": ("BF16", [60, 50], single),
        "same": ("BF16", [68, 64], base["same"][2][: 30 * 128] + new[: 4 * 128] + base["same"][2][30 * 128 :]),
    }


def cases_of_reader_9(uwt):
    for policy in ("best-size", "smallest", "huffman<12,1>"):
        yield (f"base-sources-{name_of(policy)}", ["--format", policy, "--sha256", "--base", tensors_of_base()],
               tensors_of_base_sources())  # fmt: skip


def make_good(uwt, folder, cases):
    """Tensors among the arguments are a base model, which lies beside the files as `base`."""
    folder.mkdir(parents=True)
    expected = {}
    for name, arguments, tensors in cases(uwt):
        if "k_major" in " ".join(map(str, arguments)):
            arguments = [*arguments, "--k-major", "*"]
        base = next((one for one in arguments if isinstance(one, dict)), None)
        if base:
            st.write(folder / "base", base, {"format": "pt"})
            arguments = [folder / "base" if one is base else one for one in arguments]
        with tempfile.TemporaryDirectory() as scratch:
            plain = pathlib.Path(scratch) / "plain"
            st.write(plain, tensors, {"format": "pt"})
            path = folder / f"{name}.safetensors"
            result = run(uwt, "compress", plain, "-o", path, "-q", *arguments)
            assert result.returncode == 0, result.stderr
            opened = container.read(path, (lambda name: base[name][2]) if base else None)
            assert opened.original() == plain.read_bytes()
            expected[path.name] = {
                "sha256": hashlib.sha256(plain.read_bytes()).hexdigest(),
                "compressed": sorted(n for n in tensors if opened.entry(n)),
            } | ({"base": "base"} if base else {})
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


# ---------------------------------------------------------------------------
# Bad files
# ---------------------------------------------------------------------------


class Editor:
    """A container to be changed and written again, with right or wrong checksums."""

    def __init__(self, data):
        self.data = data
        opened = container.Container(data)
        self.header, self.metadata = opened.header, opened.metadata
        self.payload = bytearray(opened.data)

    def span(self, plane):
        begin, end = self.header[f"w.uwt.{plane}"]["data_offsets"]
        return begin, end

    def word(self, plane, number, change):
        """Changes a u32 of a plane of tensor `w`."""
        at = self.span(plane)[0] + 4 * number
        (value,) = struct.unpack_from("<I", self.payload, at)
        struct.pack_into("<I", self.payload, at, change(value))

    def entry(self, **changes):
        entry = json.loads(self.metadata["w.uwt"])
        entry.update(changes)
        self.metadata["w.uwt"] = json.dumps(entry, separators=(",", ":"))

    def file_entry(self, **changes):
        entry = json.loads(self.metadata["uwt"])
        entry.update(changes)
        self.metadata["uwt"] = json.dumps(entry, separators=(",", ":"))

    def seal_panel(self):
        """Makes the only panel's checksum right; it begins at u32 `checksum_at` of the index."""
        entry = json.loads(self.metadata["w.uwt"])
        stored = b""
        for plane in ("words", "raw", "code", "patch", "low"):
            if plane in entry["planes"]:
                begin = self.span(plane)[0]
                stored += self.payload[begin : begin + entry["planes"][plane]]
        digest = xxhash.xxh3_64_intdigest(stored)
        self.word("index", self.checksum_at, lambda _: digest & 0xFFFFFFFF)
        self.word("index", self.checksum_at + 1, lambda _: digest >> 32)

    def seal_index(self):
        begin, end = self.span("index")
        (used,) = struct.unpack_from("<I", self.payload, begin)
        used = used * 4 if begin + used * 4 <= end else end - begin
        self.entry(index=xxhash.xxh3_64_hexdigest(bytes(self.payload[begin : begin + used])))

    def write(self):
        """The file with the header's and the contents' checksums right."""
        self.file_entry(header="0" * 16, content="0" * 16)
        self.metadata = {"uwt": self.metadata.pop("uwt"), **self.metadata}
        self.file_entry(content=container.content_checksum(self.header, self.metadata))
        text = json.dumps({"__metadata__": self.metadata, **self.header}, separators=(",", ":"))
        text = text.encode() + b" " * (-(len(text.encode()) + 8) % 256)
        prefix = struct.pack("<Q", len(text)) + text
        digest = xxhash.xxh3_64_hexdigest(prefix).encode()
        return prefix[:46] + digest + prefix[62:] + bytes(self.payload)


def base_of(uwt, text, members=1, dtype="BF16"):
    """A container of one compressed tensor `w` with a single panel, or of a stack of it and others,
    and a raw one."""
    shape = [32, 64]
    names = ["w", *(f"w{i}" for i in range(1, members))]
    tensors = {
        name: (dtype, shape, st.weights(dtype, shape, "bad" + name[1:], wide="window" in text)
               if dtype == "BF16" else short_low_halves(shape, 3, "bad") if dtype == "F32"
               else st.integers(dtype, shape, "bad"))
        for name in names
    }  # fmt: skip
    tensors["ids"] = ("I64", [2], bytes(range(16)))
    with tempfile.TemporaryDirectory() as scratch:
        plain, packed = pathlib.Path(scratch) / "plain", pathlib.Path(scratch) / "packed"
        st.write(plain, tensors, {"format": "pt"})
        result = run(uwt, "compress", plain, "-o", packed, "-q", "--format", text)
        assert result.returncode == 0, result.stderr
        data = packed.read_bytes()
    assert container.Container(data).entry("w"), text
    return data


def flipped(data, at):
    data = bytearray(data)
    data[at] ^= 4
    return bytes(data)


def replaced(data, old, new):
    assert len(old) == len(new) and old in data, old
    return data.replace(old, new, 1)


def damaged_files(data):
    """Bytes that changed after the file was written."""
    editor = Editor(data)
    begin = len(data) - len(editor.payload)
    yield "truncated", data[:-5]
    yield "cut-in-the-header", data[:300]
    yield "empty", b""
    yield "header-longer-than-allowed", struct.pack("<Q", 100_000_001) + data[8:]
    yield "header-longer-than-the-file", struct.pack("<Q", 99_999_999) + data[8:]
    yield "header-is-not-json", data[:8] + b"[" + data[9:]
    yield "header-flipped", flipped(data, 40)
    yield "metadata-changed", replaced(data, b'"format":"pt"', b'"format":"tp"')
    for plane in ("index", "raw", "code"):
        yield f"{plane}-flipped", flipped(data, begin + editor.span(plane)[0] + 40)
    yield "padding-flipped", flipped(data, begin + editor.span("index")[1] - 1)
    yield "raw-tensor-flipped", flipped(data, len(data) - 1)


def edited(data, edit):
    editor = Editor(data)
    edit(editor)
    return editor.write()


def lying_files(data):
    """Files whose checksums are right, but which do not hold what they say."""

    def index_word(number, value):
        def edit(e):
            e.word("index", number, lambda _: value)
            e.seal_index()

        return edit

    def without_plane(e):
        """The bytes stay, so that there is a hole."""
        del e.header["w.uwt.raw"]

    yield "reader-2", edited(data, lambda e: e.file_entry(reader=2))
    yield "format-reader-2", edited(data, lambda e: e.entry(reader=2))
    yield "format-version-2", edited(data, lambda e: e.entry(format="huffman<12,1>, version=2"))
    yield "unknown-codec", edited(data, lambda e: e.entry(format="hufman<12,1>"))
    yield "codec-that-does-not-fit", edited(data, lambda e: e.entry(format="huffman<16,1>"))
    yield "other-format", edited(data, lambda e: e.entry(format="window<4>"))
    yield "other-shape", edited(data, lambda e: e.entry(shape=[64, 64]))
    yield "other-type", edited(data, lambda e: e.entry(dtype="F16"))
    yield "plane-missing", edited(data, without_plane)
    yield "plane-bytes-too-large", edited(data, lambda e: e.entry(
        planes=json.loads(e.metadata["w.uwt"])["planes"] | {"raw": 1 << 40}))  # fmt: skip
    yield "shared-with-itself", edited(data, lambda e: e.metadata.update(
        {"w.uwt": '{"same":"w"}'}))  # fmt: skip
    yield "index-longer-than-its-plane", edited(data, index_word(0, 1 << 20))
    yield "alphabet-too-large", edited(data, index_word(4, 1 << 31))
    yield "alphabet-empty", edited(data, index_word(4, 0))
    yield "panels-as-words-miscounted", edited(data, index_word(1, 7))
    yield "code-longer-than-its-plane", edited(data, index_word(2, 0xFFFFFFFF))


def sealed_files(prefix_data, fixed_data):
    """Panels whose checksums are right, but whose bytes no encoder writes."""

    def code_word(number, value):
        def edit(e):
            (e.symbols,) = struct.unpack_from("<I", e.payload, e.span("index")[0] + 16)
            # Header, size and symbols of the alphabet, lengths; slot and offset of the panel.
            e.checksum_at = 4 + 1 + -(-e.symbols // 2) + -(-(e.symbols + 1) // 8) + 2
            e.word("code", number, lambda _: value)
            e.seal_panel()
            e.seal_index()

        return edit

    def patch_word(value):
        def edit(e):
            e.checksum_at = 4 + 1 + 2
            e.word("patch", 0, lambda _: value)
            e.seal_panel()
            e.seal_index()

        return edit

    yield "unit-outside-its-panel", edited(prefix_data, code_word(0, 1 << 20))
    yield "lanes-leave-the-panel", edited(prefix_data, code_word(1, 0x3FFF))
    yield "lane-overruns", edited(prefix_data, code_word(60, 0xFFFFFFFF))
    yield "escape-outside-its-unit", edited(fixed_data, patch_word(0xFFFF1234))


def bad_files_of_reader_1(uwt):
    prefix, fixed = base_of(uwt, "huffman<12,1>"), base_of(uwt, "window<4>")
    assert edited(prefix, lambda e: None)  # An edit that changes nothing gives a sound file.
    yield from damaged_files(prefix)
    yield from lying_files(prefix)
    yield from sealed_files(prefix, fixed)


def bad_files_of_reader_2(uwt):
    flat = base_of(uwt, "huffman<12,1>, fold=flat<64>")
    yield "reader-3", edited(flat, lambda e: e.file_entry(reader=3))
    yield "format-reader-3", edited(flat, lambda e: e.entry(reader=3))
    for name, fold in {"unknown": "rows<2>", "of-too-many-dimensions": "columns<2>",
                       "of-one-dimension": "columns<1>", "of-odd-rows": "flat<72>",
                       "into-two-panels": "flat<16>"}.items():  # fmt: skip
        text = f"huffman<12,1>, fold={fold}"
        yield f"fold-{name}", edited(flat, lambda e, text=text: e.entry(format=text))
    stack = base_of(uwt, "huffman<12,1>", 3)
    for name, members in {"of-one": 1, "too-long": 4, "too-short": 2, "of-a-name": "3"}.items():
        text = f"stack-{name}"
        yield text, edited(stack, lambda e, members=members: e.entry(members=members))


def bad_files_of_reader_3(uwt):
    base = base_of(uwt, "huffman<12,1>, coded=exponent+4", dtype="I32")
    yield "reader-4", edited(base, lambda e: e.file_entry(reader=4))
    yield "format-reader-4", edited(base, lambda e: e.entry(reader=4))
    yield "other-width", edited(base, lambda e: e.entry(dtype="I16"))
    yield "of-doubles", edited(base, lambda e: e.entry(dtype="F64"))
    for j in (3, 5):
        text = f"huffman<12,1>, coded=exponent+{j}"
        yield f"coded-{j}", edited(base, lambda e, text=text: e.entry(format=text))


def bad_files_of_reader_4(uwt):
    base = base_of(uwt, "huffman<12,1>, low=3", dtype="F32")
    yield "reader-5", edited(base, lambda e: e.file_entry(reader=5))
    yield "format-reader-5", edited(base, lambda e: e.entry(reader=5))
    for name, low in {"none": "0", "too-many": "17", "others": "9", "word": "all"}.items():
        text = f"huffman<12,1>, low={low}"
        yield f"low-{name}", edited(base, lambda e, text=text: e.entry(format=text))
    brain = base_of(uwt, "huffman<12,1>")
    yield "low-of-brain", edited(
        brain, lambda e: e.entry(format="huffman<12,1>, low=3")
    )


def bad_files_of_reader_5(uwt):
    base = base_of(uwt, "rans<12>, coded=exponent+2")
    yield "reader-6", edited(base, lambda e: e.file_entry(reader=6))
    yield "format-reader-6", edited(base, lambda e: e.entry(reader=6))
    for name, text in {"bits-8": "rans<8>, coded=exponent+2", "escapes": "rans<12>, escapes=none",
                       "other-bits": "rans<9>, coded=exponent+2"}.items():  # fmt: skip
        yield f"format-{name}", edited(base, lambda e, text=text: e.entry(format=text))

    def model_word(value):
        def edit(e):
            e.word("index", 4, lambda _: value)
            e.seal_index()

        return edit

    def code_word(number, change):
        def edit(e):
            # Slot, offset and checksum of the only panel end the index.
            (used,) = struct.unpack_from("<I", e.payload, e.span("index")[0])
            e.checksum_at = used - 2
            e.word("code", number, change)
            e.seal_panel()
            e.seal_index()

        return edit

    yield "alphabet-too-large", edited(base, model_word(256))
    yield "alphabet-empty", edited(base, model_word(0))
    yield "weights-shifted-too-far", edited(base, model_word(3 << 16))
    yield "state-of-other-length", edited(base, code_word(0, lambda word: word ^ 15))
    yield "other-state", edited(base, code_word(2, lambda word: word ^ 1 << 9))
    yield "other-word", edited(base, code_word(60, lambda word: word ^ 0xFFFF))


def bad_files_of_reader_6(uwt):
    text = "rans<12>, coded=exponent+2, context=scale<8>, index=short"
    base = base_of(uwt, text)
    yield "reader-7", edited(base, lambda e: e.file_entry(reader=7))
    yield "format-reader-7", edited(base, lambda e: e.entry(reader=7))
    for name, other in {"steps-3": "rans<12>, coded=exponent+2, context=scale<3>, index=short",
                        "other-steps": "rans<12>, coded=exponent+2, context=scale<4>, index=short",
                        "sign": "rans<12>, coded=sign+exponent+2, context=scale<8>, index=short",
                        "whole-index": "rans<12>, coded=exponent+2, context=scale<8>",
                        "too-many-bits": "rans<12>, coded=exponent+5, context=scale<8>",
                        "of-huffman": "huffman<12,1>, coded=exponent+2, context=scale<8>",
                        "short-index-of-window": "window<4>, index=short"}.items():  # fmt: skip
        yield f"format-{name}", edited(base, lambda e, other=other: e.entry(format=other))

    def entry_word(number, change):
        """Of the two u32 of the only panel, which end the index."""

        def edit(e):
            (used,) = struct.unpack_from("<I", e.payload, e.span("index")[0])
            e.word("index", used - 2 + number, change)
            e.seal_index()

        return edit

    yield "panel-too-large", edited(base, entry_word(0, lambda word: word + 1))
    yield "panel-of-words-with-code", edited(base, entry_word(0, lambda word: word | 1 << 31))
    yield "panel-checksum", edited(base, entry_word(1, lambda word: word ^ 1))
    low = base_of(uwt, "huffman<12,1>, low=rows", dtype="F32")
    for name, other in {"coded": "huffman<12,1>, low=coded", "palette": "huffman<12,1>, low=palette",
                        "whole": "huffman<12,1>"}.items():  # fmt: skip
        yield f"low-{name}", edited(low, lambda e, other=other: e.entry(format=other))
    plain = base_of(uwt, "huffman<12,1>, coded=exponent+2")
    yield "base-that-no-file-names", edited(plain, lambda e: e.entry(base="0" * 16, reader=6))
    yield "base-of-no-digits", edited(plain, lambda e: e.entry(base="0" * 15, reader=6))
    yield "bundle-in-no-compact-file", edited(plain, lambda e: e.entry(bundle=1, reader=6))
    yield "compact-without-text", edited(plain, lambda e: e.file_entry(compact="0" * 16, reader=6))


def bad_files_of_reader_7(uwt):
    text = "rans<12>, coded=exponent+2, context=scale<8>, tables=exact, unit=panel"
    base = base_of(uwt, text)
    yield "reader-8", edited(base, lambda e: e.file_entry(reader=8))
    yield "format-reader-8", edited(base, lambda e: e.entry(reader=8))
    for name, other in {"rounded": "rans<12>, coded=exponent+2, context=scale<8>, unit=panel",
                        "other-bits": "rans<11>, coded=exponent+2, context=scale<8>, tables=exact",
                        "exact-of-huffman": "huffman<12,1>, tables=exact",
                        "unit-without-scales": "rans<12>, coded=exponent+2, tables=exact, unit=panel",
                        "unknown-unit": "rans<12>, context=scale<8>, unit=tensor"}.items():  # fmt: skip
        yield f"format-{name}", edited(base, lambda e, other=other: e.entry(format=other))

    def model_word(number, change):
        def edit(e):
            e.word("index", 4 + number, change)
            e.seal_index()

        return edit

    yield "frequencies-shifted", edited(base, model_word(0, lambda word: word | 1 << 16))
    yield "other-frequencies", edited(base, model_word(6, lambda word: word ^ 1 << 9))


def bad_files_of_reader_8(uwt):
    data = b"".join(st.element("BF16", value) for value in (0, 1.5, 0, 0, 0, -0.25, 0, 0) * 400)
    with tempfile.TemporaryDirectory() as scratch:
        plain, path = pathlib.Path(scratch) / "plain", pathlib.Path(scratch) / "packed"
        st.write(plain, {"w": ("BF16", [64, 50], data)}, {"format": "pt"})
        assert run(uwt, "compress", plain, "-o", path, "-q").returncode == 0
        base = path.read_bytes()
    yield "packed-reader-10", edited(base, lambda e: e.entry(reader=10))
    yield "packed-with-format", edited(base, lambda e: e.entry(format="raw"))
    yield "packed-with-members", edited(base, lambda e: e.entry(members=2))
    yield "packed-other-checksum", edited(base, lambda e: e.entry(packed="0" * 16))

    def code_byte(number, value, seals=True):
        """Sets a byte of the plane, counted from its end where below 0; seals section and table."""

        def edit(e):
            begin, _ = e.span("code")
            used = json.loads(e.metadata["w.uwt"])["planes"]["code"]
            code = e.payload[begin : begin + used]
            code[number] = value
            if seals:
                code[-11:-3] = xxhash.xxh3_64_intdigest(bytes(code[:-15])).to_bytes(8, "little")
            e.payload[begin : begin + used] = code
            e.entry(packed=xxhash.xxh3_64_hexdigest(bytes(code[-15:])))

        return edit

    for name, number, value in (("width", -3, 3), ("filter", -2, 3), ("section", -1, 27), ("size", -14, 255),
                                ("kind", 0, 9), ("other-kind", 0, 0)):  # fmt: skip
        yield f"packed-other-{name}", edited(base, code_byte(number, value))
    yield "packed-other-byte", edited(base, code_byte(1, 9, seals=False))


def bad_files_of_reader_9(uwt):
    plain = base_of(uwt, "huffman<12,1>, coded=exponent+2")
    yield "reader-10", edited(plain, lambda e: e.file_entry(reader=10))
    yield "format-reader-10", edited(plain, lambda e: e.entry(reader=10))
    yield "source-without-base", edited(plain, lambda e: e.entry(**{"from": {"name": "w"}}, reader=9))
    for name, source in {"no-object": 7, "without-name": {"rows": [0, 0, 1]}, "name-of-number": {"name": 7},
                         "no-dtype": {"name": "w", "dtype": "BF17"}, "not-cast": {"name": "w", "dtype": "I8"},
                         "no-rows": {"name": "w", "rows": []}, "two-numbers": {"name": "w", "rows": [0, 0]},
                         "too-many-rows": {"name": "w", "rows": [0, 0, 1 << 40]},
                         "too-many-runs": {"name": "w", "rows": [n for i in range(33) for n in (i, i, 1)]},
                         "overlapping-rows": {"name": "w", "rows": [0, 0, 2, 1, 1, 2]},
                         "no-count": {"name": "w", "rows": [0, 0, 0]},
                         "overflowing-rows": {"name": "w", "rows": [0, (1 << 64) - 1, 2]}}.items():  # fmt: skip
        yield (f"source-{name}",
               edited(plain, lambda e, s=source: e.entry(**{"from": s}, base="0" * 16, reader=9)))  # fmt: skip


def make_bad(uwt, folder, files):
    folder.mkdir(parents=True)
    expected = {}
    for name, data in files(uwt):
        path = folder / f"{name}.safetensors"
        path.write_bytes(data)
        with tempfile.TemporaryDirectory() as scratch:
            given = run(uwt, "decompress", path, "-o", pathlib.Path(scratch) / "original", "-q")
        found = run(uwt, "verify", path)
        expected[path.name] = {
            "exit": given.returncode,
            "message": given.stderr.strip().replace(str(path), "FILE"),
            "verify_exit": found.returncode,
            "findings": found.stdout.strip().replace(str(path), "FILE") if found.returncode else "",
        }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    tool, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[3]).resolve()
    good, bad = {
        "1": (cases_of_reader_1, bad_files_of_reader_1),
        "2": (cases_of_reader_2, bad_files_of_reader_2),
        "3": (cases_of_reader_3, bad_files_of_reader_3),
        "4": (cases_of_reader_4, bad_files_of_reader_4),
        "5": (cases_of_reader_5, bad_files_of_reader_5),
        "6": (cases_of_reader_6, bad_files_of_reader_6),
        "7": (cases_of_reader_7, bad_files_of_reader_7),
        "8": (cases_of_reader_8, bad_files_of_reader_8),
        "9": (cases_of_reader_9, bad_files_of_reader_9),
    }[sys.argv[2]]
    make_good(tool, out / "good", good)
    make_bad(tool, out / "bad", bad)
