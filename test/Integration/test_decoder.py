"""The specification, seen from outside: what `uwt` writes in every format, decoder.py reads."""

import hashlib
import json
import random
import re
import struct
import subprocess

import container
import decoder
import pytest
import safetensors_file as st
import xxhash

# For each element type: several panels and units of every kind, with parts of each at the ends.
SHAPES = {
    "BF16": [[70, 124], [2, 63, 62], [16, 1100]],
    "F16": [[31, 124]],
    "F32": [[31, 124]],
    "F8_E4M3": [[31, 124]],
    "F8_E5M2": [[15, 190]],
}


def pytest_generate_tests(metafunc):
    """Tests with `format_text` run with every format that the tool's own help shows."""
    if "format_text" not in metafunc.fixturenames:
        return
    tool = metafunc.config.getoption("--uwt").resolve()
    text = subprocess.run([tool, "help", "formats"], capture_output=True, text=True).stdout
    metafunc.parametrize("format_text", re.findall(r"--format '([^']+)'", text))


def compress(uwt, folder, tensors, *arguments):
    """The paths of a model of these tensors, and of what `uwt` makes of it."""
    plain, packed = folder / "in.safetensors", folder / "out.safetensors"
    st.write(plain, tensors, {"format": "pt"})
    uwt("compress", plain, "-o", packed, "-q", *arguments)
    return plain, packed


def check_same(plain, packed, tensors):
    """decoder.py gives every tensor and the whole original file. Names of the compressed ones."""
    opened = container.read(packed)
    assert list(opened.tensors) == list(tensors)
    for name, (_, _, data) in tensors.items():
        assert opened.tensor(name) == data, name
    assert opened.original() == plain.read_bytes()
    return [name for name in tensors if opened.entry(name)]


def weights_of_all_types():
    tensors = {}
    for dtype, shapes in SHAPES.items():
        for number, shape in enumerate(shapes):
            data = st.weights(dtype, shape, f"{dtype}{number}", wide=number == 1)
            tensors[f"{dtype}.{number}.weight"] = (dtype, shape, data)
    # An f32 tensor that was bf16 once: its low halves are not stored.
    rounded = st.weights("BF16", [60, 60], "rounded")
    halves = [b"\0\0" + rounded[at : at + 2] for at in range(0, len(rounded), 2)]
    tensors["rounded.weight"] = ("F32", [60, 60], b"".join(halves))
    return tensors


def test_every_format_is_as_specified(uwt, tmp_path, format_text):
    if format_text.split("<")[0].split(",")[0] not in (*decoder.CODECS, "inplace"):
        pytest.skip("decoder.py does not know this codec")
    tensors = weights_of_all_types()
    arguments = ["--format", format_text]
    if "k_major" in format_text:
        arguments += ["--k-major", "*"]
    compressed = check_same(*compress(uwt, tmp_path, tensors, *arguments), tensors)
    # Tensors that would not get smaller stay raw; one of them always does get smaller.
    assert "rounded.weight" in compressed


@pytest.mark.parametrize("policy", ["huffman<12,1>", "window<4>, escapes=none", "raw"])
def test_folds_are_as_specified(uwt, tmp_path, policy):
    """Kernels of convolutions and thin matrices, in the fold that is chosen and in others."""
    shapes = {"conv": [32, 64, 3, 3], "patch": [20, 3, 8, 8], "conv1d": [70, 24, 3],
              "thin": [1100, 4], "low": [3, 1000], "odd": [37, 67], "points": [64, 40, 1, 1]}  # fmt: skip
    tensors = {
        f"{name}.{dtype}": (dtype, shape, st.weights(dtype, shape, name, wide=name == "thin"))
        for name, shape in shapes.items()
        for dtype in ("BF16", "F32")
    }
    tensors["conv.F8_E4M3"] = ("F8_E4M3", [32, 64, 3, 3], st.weights("F8_E4M3", [32, 64, 3, 3], 1))
    plain, packed = compress(uwt, tmp_path, tensors, "--format", policy)
    check_same(plain, packed, tensors)
    opened = container.read(packed)
    folds = {name: re.findall("fold=[a-z]+", (opened.entry(name) or {}).get("format", ""))
             for name in tensors}  # fmt: skip
    if policy == "huffman<12,1>":
        assert folds["conv.BF16"] == ["fold=columns"] and folds["thin.BF16"] == ["fold=flat"]
        assert "row_major" in opened.entry("odd.BF16")["format"]
        assert opened.file["reader"] == 2 and opened.entry("conv.BF16")["reader"] == 2
    for fold in ("columns<2>", "flat<64>"):
        (tmp_path / fold).mkdir()
        paths = compress(uwt, tmp_path / fold, tensors, "--format", f"{policy}, fold={fold}")
        check_same(*paths, tensors)


def low_halves(shape, keep, seed="low"):
    """Natural F32 values; `keep(row, word, half)` gives the low half of each."""
    data, columns = st.weights("F32", shape, seed, wide=True), shape[-1]
    words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
    values = [word >> 16 << 16 | keep(i // columns, word >> 16, word & 0xFFFF) for i, word in enumerate(words)]
    return b"".join(value.to_bytes(4, "little") for value in values)


@pytest.mark.parametrize("order", [
    "window<4>", "huffman<12,1>, layout=row_major", "rans<12>, coded=exponent+2", "raw, layout=row_major",
    "window<4>, fold=flat<80>", "huffman<12,2>, storage=k_major",
])  # fmt: skip
def test_forms_of_low_halves_are_as_specified(uwt, tmp_path, order):
    """low-2 to low-4: rows of 0 to 16 bits, and low halves that follow from words."""
    by_row = lambda row, word, half: half >> (16 - row % 17) << (16 - row % 17)  # noqa: E731
    forms = {"rows": by_row, "palette": lambda row, word, half: word * 40503 & 0xFFFF,
             "coded": lambda row, word, half: half if row // 64 == 1 or half % 99 == 0 else half % 20 << 7}  # fmt: skip
    for form, keep in forms.items():
        shapes = {"odd": [67, 70], "even": [130, 64], "stacked.0": [40, 40], "stacked.1": [40, 40]}
        tensors = {name: ("F32", shape, low_halves(shape, keep, name)) for name, shape in shapes.items()}
        (tmp_path / form).mkdir()
        arguments = ["--format", f"{order}, low={form}"]
        if "k_major" in order:
            arguments += ["--k-major", "*"]
        plain, packed = compress(uwt, tmp_path / form, tensors, *arguments)
        assert check_same(plain, packed, tensors)
        assert container.read(packed).file["reader"] == 6


@pytest.mark.parametrize("policy", ["best-size", "smallest", "fast"])
def test_forms_of_low_halves_are_chosen(uwt, tmp_path, policy):
    half_of_them = lambda row, word, half: half if row % 2 else half & 0xE000  # noqa: E731
    shape = [64, 640]
    tensors = {"rows": ("F32", shape, low_halves(shape, half_of_them)),
               "palette": ("F32", shape, low_halves(shape, lambda row, word, half: word % 5)),
               "coded": ("F32", shape, low_halves(shape, lambda row, word, half: half % 50 * 1311)),
               "natural": ("F32", shape, st.weights("F32", shape, "natural"))}  # fmt: skip
    packed = compress(uwt, tmp_path, tensors, "--format", policy)
    check_same(*packed, tensors)
    opened = container.read(packed[1])
    chosen = {name: re.findall("low=[a-z0-9]+", opened.entry(name)["format"]) for name in tensors}
    coded = [] if policy == "fast" else ["low=coded"]
    assert chosen == {"rows": ["low=rows"], "palette": ["low=palette"], "coded": coded, "natural": []}


def test_little_to_gain_from_low_halves_is_no_reason_for_a_new_reader(uwt, tmp_path):
    """choice-9: 40,960 weights of which half the rows save 13 bits, in a file of 256 times that and more."""
    data = low_halves([64, 640], lambda row, word, half: half if row % 2 else half & 0xE000)
    for size, reader in ((8_000_000, 6), (9_000_000, 1)):
        noise = random.Random(1).randbytes(size)
        tensors = {"rows": ("F32", [64, 640], data), "noise": ("F32", [size // 4 // 100, 100], noise)}
        plain, packed = compress(uwt, tmp_path, tensors, "--format", "best-size", "-f")
        opened = container.read(packed)
        assert opened.file["reader"] == reader
        assert ("low=rows" in opened.entry("rows")["format"]) == (reader == 6)


INTEGERS = {"I8": [70, 90], "U8": [3, 33, 40], "BOOL": [64, 70], "F8_E8M0": [90, 64],
            "F8_E4M3FNUZ": [50, 64], "F8_E5M2FNUZ": [20, 2, 30], "I16": [40, 50], "U16": [9, 300],
            "I32": [64, 128], "U32": [2, 20, 33], "I64": [1, 500], "U64": [300, 5]}  # fmt: skip


@pytest.mark.parametrize("policy", [
    "best-size", "smallest", "fast", "huffman<12,2>", "huffman<15,1>, coded=exponent+4, escapes=none",
    "huffman<12,1>, coded=exponent+3, context=row_class<2>", "window<4>, coded=exponent+4",
    "palette<4>, coded=exponent+4", "rice<1,8>, fold=flat<64>",
])  # fmt: skip
def test_integers_are_as_specified(uwt, tmp_path, policy):
    """Tensors of every dtype whose bytes are coded (field-3), with few values and with many."""
    tensors = {name: (name, shape, st.integers(name, shape, 1)) for name, shape in INTEGERS.items()}
    mask = bytes(byte & 1 for byte in st.integers("BOOL", [64, 90], 2))
    tensors["mask"] = ("BOOL", [64, 90], mask)
    plain, packed = compress(uwt, tmp_path, tensors, "--format", policy)
    compressed = check_same(plain, packed, tensors)
    opened = container.read(packed)
    # A mask of few values is packed.
    reader = 8 if policy in ("best-size", "smallest") else 3
    assert opened.file["reader"] == reader and opened.entry("mask")["reader"] == reader
    if policy == "best-size":
        assert {"I8", "BOOL", "F8_E8M0", "I32", "mask"} <= set(compressed)


def tuned(dtype, data, every):
    """Small changes of every so many elements, in both directions, and a few large ones."""
    size, out = decoder.BITS[dtype] // 8, bytearray(data)
    for number, at in enumerate(range(0, len(out), size * every)):
        out[at] = (out[at] + (-1, 1, 2, -3)[number % 4]) % 256
        if number % 9 == 0:
            out[at + size - 1] ^= 0xC0
    return bytes(out)


@pytest.mark.parametrize("policy", ["best-size", "smallest", "huffman<12,1>", "rans<10>"])
def test_differences_are_as_specified(uwt, tmp_path, policy):
    """Fine-tunes of tensors of every dtype: diff-1 to diff-6."""
    base = {name: (name, shape, st.integers(name, shape, 1)) for name, shape in INTEGERS.items()}
    base |= {dtype: (dtype, shapes[0], st.weights(dtype, shapes[0], 1)) for dtype, shapes in SHAPES.items()}
    base["equal"] = ("F64", [100], bytes(range(200)) * 4)
    base["long"] = ("I64", [40, 60], st.integers("I64", [40, 60], 2))
    model = tmp_path / "base.safetensors"
    st.write(model, base)
    tensors = {name: (dtype, shape, tuned(dtype, data, 9) if name != "equal" else data)
               for name, (dtype, shape, data) in base.items()}  # fmt: skip
    tensors["new"] = ("BF16", [64, 64], st.weights("BF16", [64, 64], "new"))
    tensors["scalar"] = base["scalar"] = ("F32", [], b"\0\0\x80\x3f")
    plain, packed = compress(uwt, tmp_path, tensors, "--format", policy, "--base", model)
    opened = container.read(packed, lambda name: base[name][2])
    for name, (_, _, data) in tensors.items():
        assert opened.tensor(name) == data, name
    assert opened.original() == plain.read_bytes()
    differences = {name for name in tensors if "base" in (opened.entry(name) or {})}
    assert {"BF16", "F16", "F32", "F8_E4M3", "long", "U16", "U8", "equal"} <= differences
    assert set(opened.entry("equal")) == {"base"}
    assert all(opened.entry(name)["reader"] == 6 for name in differences - {"equal"})
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    assert opened.file["base"] == ["base.safetensors"] and opened.file["base_sha256"] == digest
    with pytest.raises(decoder.Damaged):
        container.read(packed, lambda name: tuned("U8", base[name][2], 100)).tensor("equal")


CAST = {"F16": "e", "F32": "f", "F64": "d"}


def random_floats(dtype, count, source):
    """Elements of any bits, many of them near the ends and the middle of another dtype's range."""
    size = decoder.BITS[dtype] // 8
    exponents, places = decoder.FLOATS[dtype]
    bias, out = (1 << (exponents - 1)) - 1, []
    for _ in range(count):
        bits = source.getrandbits(size * 8)
        if source.random() < 0.8:
            exponent = min(max(bias + source.randint(-26, 18), 0), 2 * bias + 1)
            tail = source.choice([0, 1 << (places - 1), (1 << places) - 1, source.getrandbits(places)])
            bits = source.getrandbits(1) << (size * 8 - 1) | exponent << places | tail
        out.append(bits.to_bytes(size, "little"))
    return b"".join(out)


@pytest.mark.parametrize("source", decoder.FLOATS)
@pytest.mark.parametrize("target", decoder.FLOATS)
def test_casts_of_bases_are_as_specified(uwt, tmp_path, source, target):
    """diff-8: values of all kinds; a tensor of what decoder.py makes of them equals its base."""
    data = random_floats(source, 64 * 48, random.Random(f"{source}{target}"))
    st.write(tmp_path / "base", {"w": (source, [64, 48], data)})
    tensors = {"w": (target, [64, 48], decoder.cast(source, target, data))}
    plain, packed = compress(uwt, tmp_path, tensors, "--base", tmp_path / "base")
    opened = container.read(packed, lambda name: data)
    assert "format" not in opened.entry("w") and opened.original() == plain.read_bytes()
    if {source, target} <= CAST.keys():
        bits = struct.pack("<" + CAST[source], 0.1)
        (value,) = struct.unpack("<" + CAST[source], bits)
        assert decoder.cast(source, target, bits) == struct.pack("<" + CAST[target], value)


@pytest.mark.parametrize("seed", range(6))
def test_bases_that_are_made_are_as_specified(uwt, tmp_path, seed):
    """diff-7: other names, dtypes and numbers of rows, in any combination."""
    source = random.Random(seed)
    base, tensors, found = {}, {}, set()
    for number, shape in enumerate(([70, 40], [9, 20, 24], [65, 64], [400], [128, 9])):
        dtype, to = source.choice([("BF16", "BF16"), ("BF16", "F32"), ("F32", "BF16"), ("F16", "BF16"),
                                   ("I16", "I16"), ("F32", "F16"), ("F16", "F64")])  # fmt: skip
        rows = max(1, shape[0] + source.choice([-3, -1, 0, 1, 7]))
        is_integer = dtype == "I16"
        data = st.integers(dtype, shape, seed) if is_integer else st.weights(dtype, shape, f"{seed}{number}")
        name = f"layers.{number}.module.weight"
        base[f"model.{name}"] = (dtype, shape, data)
        prefix = source.choice(["model.", "language_model.model.", "", "_orig_mod.model."])
        kept = decoder.cast(dtype, to, data)
        row = len(kept) // shape[0]
        data = tuned(to, kept, 9)[: rows * row] + bytes(max(0, rows - shape[0]) * row)
        tensors[prefix + name] = (to, [rows, *shape[1:]], data)
        if to != "F64" and len(shape) > 1:
            found.add(prefix + name)
    st.write(tmp_path / "base", base)
    plain, packed = compress(uwt, tmp_path, tensors, "--base", tmp_path / "base")
    opened = container.read(packed, lambda name: base[name][2])
    assert opened.original() == plain.read_bytes()
    assert found <= {name for name in tensors if "base" in (opened.entry(name) or {})}
    uwt("decompress", packed, "--base", tmp_path / "base", "-o", tmp_path / "back", "-q")
    assert (tmp_path / "back").read_bytes() == plain.read_bytes()


@pytest.mark.parametrize("policy", ["best-size", "smallest", "window<4>"])
def test_stacks_are_as_specified(uwt, tmp_path, policy):
    """Small tensors that are alike, among others, in an order that the header does not follow."""
    shapes = {"experts": [24, 70], "thin": [300, 6], "conv": [20, 9, 3, 3], "f32": [33, 40]}
    tensors = {
        f"layer.{layer}.{name}": (dtype, shape, st.weights(dtype, shape, f"{layer}{name}"))
        for layer in range(4)
        for name, shape in shapes.items()
        for dtype in ["F32" if name == "f32" else "BF16"]
    }
    tensors["alone"] = ("BF16", [40, 64], st.weights("BF16", [40, 64], "alone"))
    plain, packed = compress(uwt, tmp_path, tensors, "--format", policy, "--sha256")
    reordered = dict(sorted(tensors.items(), key=lambda item: item[0][::-1]))
    st.write(plain, tensors, {"format": "pt"}, order=list(reordered))
    uwt("compress", plain, "-o", packed, "-q", "-f", "--format", policy, "--sha256")
    opened = container.read(packed)
    for name, (_, _, data) in tensors.items():
        assert opened.tensor(name) == data, name
    assert opened.original() == plain.read_bytes()
    assert opened.stacks["layer.2.experts"] == ("layer.0.experts", 2)
    assert len(opened.stacks) == len(tensors) - 1
    assert "alone" not in opened.stacks
    assert opened.file["reader"] == (6 if policy == "smallest" else 2)
    uwt("verify", packed)


@pytest.mark.parametrize("policy", ["best-size", "smallest", "window<4>"])
def test_the_compact_form_is_as_specified(uwt, tmp_path, policy):
    """Many names and small tensors (file-13 to file-15), beside stacks and shared tensors."""
    shapes = {"weight": [24, 70], "bias": [130], "norm": [64], "scale": [], "empty": [3, 0]}
    tensors = {
        f"model.layer.{layer}.{name}": (dtype, shape, st.weights(dtype, shape, f"{layer}{name}"))
        for layer in range(24)
        for name, shape in shapes.items()
        for dtype in ["F32" if name == "norm" else "BF16"]
    }
    tensors["shared"] = tensors["model.layer.3.bias"]
    tensors["excluded"] = ("BF16", [200], st.weights("BF16", [200], "excluded"))
    tensors["ids"] = ("I64", [1, 512], struct.pack("<512Q", *range(512)))
    arguments = ("--format", policy, "--sha256", "--exclude", "excluded")
    plain, packed = compress(uwt, tmp_path, tensors, *arguments)
    reordered = dict(sorted(tensors.items(), key=lambda item: item[0][::-1]))
    st.write(plain, tensors, {"format": "pt"}, order=list(reordered))
    uwt("compress", plain, "-o", packed, "-q", "-f", *arguments)
    opened = container.read(packed)
    assert opened.file["reader"] == 6 and "compact" in opened.file
    assert "excluded" in opened.header and "model.layer.0.bias" not in opened.header
    assert {"model.layer.9.bias", "model.layer.9.scale"} <= set(opened.bundles)
    assert opened.entry("shared") and "model.layer.3.weight" in opened.stacks
    assert opened.original() == plain.read_bytes()
    uwt("verify", packed)
    uwt("decompress", packed, "-o", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == plain.read_bytes()


@pytest.mark.parametrize(
    "policy, digest",
    [
        ("best-size", "2cf3a593405d1af90e20c32bb6c7fb45c8c87252061bdc78069adfae55851354"),
        ("smallest", "075d18d5e1c4a5b6bca73ccf9426a536ef0ba02aecc23d78484d321984216e78"),
        ("fast", "05f5ef6cca1801f77a7551c22ac1f98d7e3bd0e36bb5776c06c1a3dd79b7e6b8"),
    ],
)
def test_files_without_zeros_keep_their_bytes(uwt, tmp_path, policy, digest):
    """choice-15, choice-16: the digests are of what uwt wrote before it knew the packed form."""
    _, packed = compress(uwt, tmp_path, weights_of_all_types(), "--format", policy)
    assert hashlib.sha256(packed.read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("policy", ["best-size", "smallest"])
def test_the_packed_form_is_as_specified(uwt, tmp_path, policy):
    """Zeros, repeats and a dtype without a code (file-16, pack-1 to pack-9)."""
    source = random.Random("packed")
    dense = st.weights("BF16", [96, 64], "packed")
    scattered = [dense[at : at + 2] if source.random() < 0.3 else b"\0\0" for at in range(0, len(dense), 2)]
    tensors = {
        "scattered": ("BF16", [96, 64], b"".join(scattered)),
        "repeated": ("BF16", [96, 64], dense[: 64 * 2 * 8] * 12),
        "zero": ("F32", [64, 64], bytes(64 * 64 * 4)),
        "double": ("F64", [48, 64], b"".join(struct.pack("<d", source.gauss(0, 1)) for _ in range(48 * 64))),
        "range": ("I64", [1, 2000], struct.pack("<2000q", *range(2000))),
        "dense": ("BF16", [96, 64], dense),
    }
    plain, packed = compress(uwt, tmp_path, tensors, "--format", policy)
    opened = container.read(packed)
    assert opened.file["reader"] == 8
    assert [name for name in tensors if "packed" not in (opened.entry(name) or {})] == ["dense"]
    assert opened.original() == plain.read_bytes()
    uwt("verify", packed)
    uwt("decompress", packed, "-o", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == plain.read_bytes()
    shown = uwt("inspect", packed, "--json").stdout
    assert json.loads(shown)["tensors"][0]["format"] == "packed"


@pytest.mark.parametrize("policy", ["best-size", "fast"])
def test_policies_are_as_specified(uwt, tmp_path, policy):
    tensors = weights_of_all_types()
    check_same(*compress(uwt, tmp_path, tensors, "--format", policy), tensors)


def test_raw_shared_and_odd_tensors_are_as_specified(uwt, tmp_path):
    weight = st.weights("BF16", [64, 64], "tied")
    tensors = {
        "a.weight": ("BF16", [64, 64], weight),
        "ids": ("I64", [3], bytes(range(24))),
        "b.weight": ("BF16", [64, 64], weight),
        "scalar": ("F32", [], st.weights("F32", [], "scalar")),
        "empty": ("BF16", [0, 7], b""),
        "gr\u00fc\u00dfe \"x\"": ("U8", [5], b"hello"),
        "constant": ("F32", [64, 64], st.element("F32", 0.5, 7) * 4096),
        "nan": ("BF16", [32, 64], b"\xc1\xff" * 2048),
    }
    plain, packed = compress(uwt, tmp_path, tensors)
    compressed = check_same(plain, packed, tensors)
    assert {"a.weight", "b.weight", "constant", "nan"} <= set(compressed)
    assert container.read(packed).entry("b.weight")["same"] == "a.weight"


def test_decoder_finds_damage(uwt, tmp_path):
    """The checks of decoder.py are not idle: a bit flipped anywhere is found."""
    tensors = {"w": ("BF16", [64, 64], st.weights("BF16", [64, 64], "damage"))}
    _, packed = compress(uwt, tmp_path, tensors)
    sound = packed.read_bytes()
    for position in range(0, len(sound), 97):
        data = bytearray(sound)
        data[position] ^= 1 << position % 8
        with pytest.raises((decoder.Damaged, ValueError, KeyError, IndexError, TypeError)):
            container.Container(bytes(data)).tensor("w")


def reseal(data, change, by_index=False):
    """`data` after `change` of the u32 of the index of tensor `w` and of its entry, with all
    checksums right again. How much of the index is in use, the entry says, or the index."""
    (length,) = struct.unpack("<Q", data[:8])
    text, rest = data[8 : 8 + length].decode(), bytearray(data[8 + length :])
    header = json.loads(text)
    begin, end = header["w.uwt.index"]["data_offsets"]
    entry = json.loads(header["__metadata__"]["w.uwt"])
    old = dict(entry, planes=dict(entry["planes"]))
    index = list(struct.unpack(f"<{(end - begin) // 4}I", rest[begin:end]))
    change(index, entry["planes"])
    rest[begin:end] = struct.pack(f"<{len(index)}I", *index)
    used = index[0] * 4 if by_index else entry["planes"]["index"]
    text = text.replace(old["index"], xxhash.xxh3_64_hexdigest(rest[begin : begin + used]))
    bytes_in_use = '\\"planes\\":{\\"index\\":%d'
    text = text.replace(
        bytes_in_use % old["planes"]["index"], bytes_in_use % entry["planes"]["index"]
    )
    parsed = container.parse(text)
    content = container.content_checksum(
        {k: v for k, v in parsed.items() if k != "__metadata__"}, parsed["__metadata__"]
    )
    file = json.loads(parsed["__metadata__"]["uwt"])
    text = text.replace(file["content"], content, 1).encode().ljust(length)
    prefix = struct.pack("<Q", len(text)) + text
    digits = xxhash.xxh3_64_hexdigest(prefix[:46] + b"0" * 16 + prefix[62:])
    return prefix[:46] + digits.encode() + prefix[62:] + rest


def set_word(number, value):
    return lambda index, planes: index.__setitem__(number, value)


CHANGES = {
    "nothing": lambda index, planes: None,
    "words as panels": set_word(1, 1),
    "size of code": set_word(2, 5),
    "size of patch": set_word(3, 3),
    "slot": set_word(5, 7),
    "offset of records": set_word(6, 9),
    "bytes in use": lambda index, planes: planes.update(index=planes["index"] + 4),
}


@pytest.mark.parametrize("by_index", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_both_decoders_refuse_an_index_that_contradicts_itself(uwt, tmp_path, change, by_index):
    tensors = {"w": ("BF16", [64, 64], st.weights("BF16", [64, 64], "sealed", wide=True))}
    _, packed = compress(uwt, tmp_path, tensors, "--format", "window<4>")
    sealed = reseal(packed.read_bytes(), CHANGES[change], by_index)
    packed.write_bytes(sealed)
    result = uwt("decompress", packed, "-o", tmp_path / "back", check=False)
    if change == "nothing":
        assert result.returncode == 0
        assert container.Container(sealed).tensor("w") == tensors["w"][2]
        return
    assert result.returncode == 3, result.stderr
    with pytest.raises(decoder.Damaged):
        container.Container(sealed).tensor("w")
