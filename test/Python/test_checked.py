"""What crosses to C keeps its value: integers at every limit, texts with NUL, paths; and nothing gets there another way."""

import ast
import ctypes
import os
import pathlib

import numpy as np
import pytest
import uwt
import uwt.safetensors.numpy
from uwt import _checked, _cuda, _library, _weights, files

PACKAGE = pathlib.Path(uwt.__file__).parent
TREES = {file.relative_to(PACKAGE): ast.parse(file.read_text(encoding="utf-8")) for file in PACKAGE.rglob("*.py")}
M = 2**64


def places(wanted):
    """Files and lines of nodes, but of the module that checks."""
    return [
        (str(file), node.lineno)
        for file, tree in TREES.items()
        if file.name != "_checked.py"
        for node in ast.walk(tree)
        if wanted(node)
    ]


def called(node):
    return node.func if isinstance(node, ast.Call) else None


def test_texts_become_bytes_in_one_place():
    def is_encoding(node):
        function = called(node)
        if not isinstance(function, ast.Attribute):
            return False
        # Weights are encoded too, by functions that have more arguments than a codec.
        return function.attr == "fsencode" or (function.attr == "encode" and len(node.args) + len(node.keywords) < 2)

    assert places(is_encoding) == []
    assert places(lambda node: getattr(called(node), "id", "") in ("c_char_p", "bytes") and node.args) == []


def test_structures_and_arrays_of_integers_are_checked():
    plain = lambda node: isinstance(node, ast.ClassDef) and any("Structure" in ast.dump(base) for base in node.bases)  # noqa: E731
    assert places(plain) == []

    def is_array(node):
        function = called(node)
        return isinstance(function, ast.BinOp) and bool(node.args) and "c_uint" in ast.dump(function)

    assert places(is_array) == []
    typed = places(lambda node: isinstance(node, ast.Attribute) and node.attr in ("argtypes", "restype"))
    # The second has two functions of NVIDIA's driver, with pointers alone.
    assert {file for file, _ in typed} == {"_library.py", "torch/_counters.py"}


def structures():
    found, left = [], list(_checked.Struct.__subclasses__())
    while left:
        found.append(left.pop())
        left += found[-1].__subclasses__()
    return found


def test_every_integer_of_every_structure_is_held_to_its_field():
    checked = 0
    assert len(structures()) >= 18
    for kind in structures():
        for name, field in kind._fields_:
            if field is ctypes.c_int:
                for given, held in ((2**32, 1), (0, 0), ("no", 1), (None, 0), (np.bool_(True), 1)):
                    made = kind(**{name: given})
                    assert getattr(made, name) == held, (kind, name)
            if field not in _checked._BITS and field is not ctypes.c_int64:
                continue
            checked += 1
            bits, least = 8 * ctypes.sizeof(field), 0
            if field is ctypes.c_int64:
                bits, least = 63, -(2**63)
            for good in (least, 2**bits - 1, np.int64(5), True):
                assert getattr(kind(**{name: good}), name) == int(good)
            for bad in (least - 1, 2**bits, M + 1, -M):
                with pytest.raises(ValueError, match=f"{name} is from"):
                    kind(**{name: bad})
                with pytest.raises(ValueError, match=f"{name} is from"):
                    setattr(kind(), name, bad)
            for wrong in (1.0, "1", None, np.float32(1), [1]):
                with pytest.raises(TypeError):
                    kind(**{name: wrong})
    assert checked > 80


def test_packed_structures_are_those_of_the_constructor():
    values = (ctypes.sizeof(_library.Linear), 1, 2, 3, 4, 5, 6, 7, 8, 9)
    assert bytes(_library.Linear.packed(*values)) == bytes(_library.Linear(*values))
    made = _cuda._Linear.packed(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0, 16)
    assert bytes(made) == bytes(_cuda._Linear(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, (11, 12), (13, 14), None, 16))
    made = _cuda._Gather.packed(*range(14))
    assert bytes(made) == bytes(_cuda._Gather(0, 1, 2, 3, 4, (5, 6), 7, 8, ((9, 10), 11, 12), 13))
    made = _cuda._GroupedProduct.packed(*range(16))
    assert bytes(made) == bytes(_cuda._GroupedProduct(0, 1, 2, 3, 4, 5, (6, 7), 8, 9, 10, 11, (12, 13), (14, 15)))
    for bad in (-1, M, 1.5):
        with pytest.raises(ValueError, match="holds integers"):
            _library.Linear.packed(*values[:3], bad, *values[4:])
    with pytest.raises(ValueError, match="holds integers"):
        _weights.linear(0, 0, 64, 64, M + 2, 0, 64, 0, 64, 0, _library.context(1))


def test_every_argument_of_every_function_is_held_to_its_type():
    for name in [*_library._FAILING, *_library._OTHERS]:
        function = getattr(_library.LIBRARY, name)
        for kind in function.argtypes:
            assert kind not in _checked._BITS and kind is not ctypes.c_char_p, name
    library = _library.LIBRARY
    for bad in (M, M + 1, -1):
        with pytest.raises(ctypes.ArgumentError, match="is from 0"):
            library.uwtWeightCheck(_library.context(1), None, bad)
    with pytest.raises(ctypes.ArgumentError, match="embedded null"):
        library.uwtContainerFind(None, b"a\0b", None)


@pytest.mark.parametrize(
    "part",
    [
        {"rows": (M, M + 1)},
        {"rows": (0, M)},
        {"rows": (0, M - 1)},
        {"rows": (M - 1, None)},
        {"rows": (-1, 2)},
        {"rows": (-M, 2)},
        {"columns": (0, M + 4)},
        {"columns": (M + 1, M + 2)},
        {"rank": (M + 1, 2)},
        {"rank": (0, M)},
        {"rank": (-M, 2)},
        {"rank": (0, 0)},
        {"expert": M - 1},
        {"expert": 2**63},
        {"expert": M},
        {"expert": -1},
    ],
    ids=str,
)
def test_parts_out_of_range_are_errors(compressed, part):
    with uwt.Container(compressed) as opened:
        name = "experts" if "expert" in part else "single"
        for use in (opened.read_part, opened.read_quantized, opened.read_codes):
            with pytest.raises(ValueError, match="(is|are|counted) from|part i of n"):
                use(name, **part)
    with pytest.raises(ValueError, match="(is|are|counted) from|part i of n"):
        uwt.slice(compressed, name, **part)


def test_parts_are_of_integers_as_python_takes_them(compressed):
    with uwt.Container(compressed) as opened:
        expected = opened.read_part("single", rows=(1, 3)).tobytes()
        for rows in ((np.int64(1), np.uint8(3)), (True, 3), (np.array(1), 3)):
            assert opened.read_part("single", rows=rows).tobytes() == expected
        for rows in ((1.0, 3), ("1", 3), (np.float64(1), 3), ([1], 3)):
            with pytest.raises(TypeError):
                opened.read_part("single", rows=rows)
        with pytest.raises(TypeError):
            opened.read_part("single", rank=(0, 2.0))


def test_counts_out_of_range_are_errors(plain, compressed, tmp_path):
    out = tmp_path / "out.safetensors"
    for bad in (M + 5, -1, 0):
        with pytest.raises(ValueError, match="max_bytes"):
            uwt.decompress(compressed, out, max_bytes=bad)
    for bad in (2**32 + 1, 2**32, -1, M):
        with pytest.raises(ValueError, match="threads"):
            uwt.verify(compressed, threads=bad)
    _library.context(1)
    for wrong in (1.0, "1"):
        with pytest.raises(TypeError):
            uwt.verify(compressed, threads=wrong)
        with pytest.raises(TypeError):
            uwt.decompress(compressed, out, max_bytes=wrong)
    assert uwt.verify(compressed, threads=np.int32(1)) == uwt.verify(compressed, threads=True) == []
    for shard in ((M, M + 1), (0, M), (-1, 2), (2, 2)):
        with pytest.raises(ValueError, match="shard"):
            uwt.compress(plain, out, shard=shard)
    assert not out.exists()


def test_truths_are_pythons(plain, tmp_path):
    out = tmp_path / "c.uwt.safetensors"
    uwt.compress(plain, out)
    uwt.compress(plain, out, overwrite=2**32)
    assert uwt.compress(plain, out, overwrite=np.bool_(True), dry_run="no").output_bytes
    with pytest.raises(uwt.UsageError, match="exists"):
        uwt.compress(plain, out, overwrite=0)


TEXTS = ["a\0b", "\0", "w\0", "a\ud800", "\udcff"]


@pytest.mark.parametrize("bad", TEXTS, ids=ascii)
def test_texts_that_c_would_cut_are_errors(plain, compressed, tmp_path, bad):
    opened = uwt.Container(compressed)
    out = tmp_path / "out.safetensors"
    for what, use in {
        "find": lambda: opened.find(bad),
        "read": lambda: opened.read(bad),
        "read_part": lambda: opened.read_part("single" + bad, rows=(0, 1)),
        "find_quantized": lambda: opened.find_quantized(bad),
        "read_quantized": lambda: opened.read_quantized(bad),
        "dtype": lambda: opened.read_quantized_into("w", "BF16" + bad, None, 0, 0, None),
        "read_codes": lambda: opened.read_codes(bad),
        "slice": lambda: uwt.slice(compressed, bad),
        "format": lambda: uwt.compress(plain, out, format="fast" + bad),
        "include": lambda: uwt.compress(plain, out, include=["x", bad]),
        "one include": lambda: uwt.compress(plain, out, include=bad),
        "exclude": lambda: uwt.compress(plain, out, exclude=(bad,)),
        "composition": lambda: _weights.format_of_codes(bad),
        "image": lambda: _weights.max_bytes("BF16", (64, 64), "raw" + bad),
        "arithmetic": lambda: _weights.set_arithmetic(0, 0, bad),
        "a tensor": lambda: uwt.safetensors.numpy.save_file({bad: np.zeros(2)}, out),
        "a key": lambda: uwt.safetensors.numpy.save_file({"w": np.zeros(2)}, out, {bad: ""}),
        "a value": lambda: uwt.safetensors.numpy.save_file({"w": np.zeros(2)}, out, {"k": bad}),
    }.items():
        with pytest.raises(ValueError, match="embedded null character|surrogate"):
            use()
            pytest.fail(what)
    assert not out.exists()


def test_paths_that_c_would_cut_are_errors(plain, compressed, tmp_path):
    bad = str(plain) + "\0.bak"
    out = tmp_path / "out"
    for kind in (str, os.fsencode, pathlib.Path):
        given = kind(bad)
        for what, use in {
            "Container": lambda: uwt.Container(given),
            "base": lambda: uwt.Container(compressed, base=given),
            "inspect": lambda: uwt.inspect(given),
            "compress": lambda: uwt.compress(given, out),
            "target": lambda: uwt.compress(plain, given),
            "compress base": lambda: uwt.compress(plain, out, base=given),
            "decompress": lambda: uwt.decompress(given, out),
            "decompress target": lambda: uwt.decompress(compressed, given),
            "decompress base": lambda: uwt.decompress(compressed, out, base=given),
            "verify": lambda: uwt.verify(given),
            "against": lambda: uwt.verify(compressed, against=given),
            "slice": lambda: uwt.slice(given, "w"),
            "safe_open": lambda: uwt.safetensors.safe_open(given, "np"),
            "save_file": lambda: uwt.safetensors.numpy.save_file({"w": np.zeros(2)}, os.fsdecode(given)),
            "Pack": lambda: _cuda.path_bytes(given),
        }.items():
            if kind is pathlib.Path and what == "compress" and not isinstance(given, os.PathLike):
                continue
            with pytest.raises(ValueError, match="null (byte|character)"):
                use()
                pytest.fail(what)
    assert not out.exists() and sorted(each.name for each in tmp_path.iterdir()) == sorted([plain.name, compressed.name])


def test_other_types_are_named(plain, compressed, tmp_path):
    opened = uwt.Container(compressed)
    for use in (
        lambda: opened.find(b"single"),
        lambda: opened.find(None),
        lambda: uwt.compress(plain, tmp_path / "o", format=b"fast"),
        lambda: uwt.compress(plain, tmp_path / "o", include=[3]),
        lambda: uwt.Container(3),
        lambda: uwt.safetensors.numpy.save_file({3: np.zeros(2)}, tmp_path / "o"),
        lambda: uwt.safetensors.numpy.save_file({"w": np.zeros(2)}, tmp_path / "o", {"k": 3}),
    ):
        with pytest.raises(TypeError, match="str"):
            use()


def test_paths_that_are_no_unicode_are_paths(plain, tmp_path):
    odd = os.fsencode(tmp_path) + b"/\xff.safetensors"
    pathlib.Path(os.fsdecode(odd)).write_bytes(plain.read_bytes())
    assert uwt.Container(odd).find("single").shape == uwt.Container(os.fsdecode(odd)).find("single").shape == (65, 33)
    with pytest.raises(uwt.IoError, match="cannot open"):
        uwt.Container(odd + b"x")
    assert files.verify(odd) == []


def test_metadata_that_c_would_cut_is_an_error(tmp_path):
    from conftest import write_safetensors

    write_safetensors(tmp_path / "m.safetensors", {"w": ("U8", (1,), b"x")}, {"k": "v\0y"})
    with uwt.Container(tmp_path / "m.safetensors") as opened:
        assert opened.read("w").tobytes() == b"x"
        with pytest.raises(uwt.InvalidError, match="'k' holds a NUL"):
            opened.metadata()
    for tensors, metadata in (({"w": 0, "w\0x": 1}, None), ({"w": 0}, {"k\0x": ""})):
        described = {name: ("U8", (1,), b"x") for name in tensors}
        write_safetensors(tmp_path / "n.safetensors", described, metadata)
        with pytest.raises(uwt.InvalidError, match="holds a NUL"):
            uwt.Container(tmp_path / "n.safetensors")
