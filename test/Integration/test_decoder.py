"""The specification, seen from outside: what `uwt` writes in every format, decoder.py reads."""

import re
import subprocess

import container
import decoder
import pytest
import safetensors_file as st

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
