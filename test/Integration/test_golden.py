"""Files of every format version stay readable for ever, and damaged ones give the same errors.

The files are frozen (test/Golden/make_golden.py made them): where a test here fails, the
library is wrong, unless it is a message that was changed on purpose.
"""

import hashlib
import json
import pathlib

import container
import pytest

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "Golden"


def cases(kind):
    """Each file of that kind, of all versions, with what is expected of it."""
    for folder in sorted(GOLDEN.glob(f"v*/{kind}")):
        expected = json.loads((folder / "expected.json").read_text())
        assert {path.name for path in folder.glob("*.safetensors")} == set(expected)
        for name, facts in expected.items():
            identifier = f"{folder.parent.name}-{name.removesuffix('.safetensors')}"
            yield pytest.param(folder / name, facts, id=identifier)


def tensors_of(path):
    """A function from a name to the bytes of that tensor of a plain file."""
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])

    def tensor(name):
        first, last = header[name]["data_offsets"]
        return data[begin + first : begin + last]

    return tensor


@pytest.mark.parametrize("path, facts", cases("good"))
def test_good_files_give_back_their_originals(uwt, tmp_path, path, facts):
    base = path.parent / facts["base"] if "base" in facts else None
    with_base = ["--base", base] if base else []
    uwt("verify", path, "-q", *with_base)
    uwt("decompress", path, "-o", tmp_path / "original", "-q", *with_base)
    original = (tmp_path / "original").read_bytes()
    assert hashlib.sha256(original).hexdigest() == facts["sha256"]
    opened = container.read(path, tensors_of(base) if base else None)
    assert [name for name in sorted(opened.tensors) if opened.entry(name)] == facts["compressed"]
    assert opened.original() == original


@pytest.mark.parametrize("path, facts", cases("bad"))
def test_bad_files_are_refused_with_one_clear_error(uwt, tmp_path, path, facts):
    result = uwt("decompress", path, "-o", tmp_path / "original", "-q", check=False)
    assert result.stderr.strip().replace(str(path), "FILE") == facts["message"]
    assert result.returncode == facts["exit"]
    # Padding alone is read over; only `uwt verify` looks at it.
    assert list(tmp_path.iterdir()) == [] or facts["exit"] == 0
    found = uwt("verify", path, check=False)
    assert found.returncode == facts["verify_exit"]
    if found.returncode:
        assert found.stdout.strip().replace(str(path), "FILE") == facts["findings"]
    assert facts["exit"] or facts["verify_exit"]
