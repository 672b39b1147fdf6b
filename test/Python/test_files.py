"""Files and folders there and back, through the Python package."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import uwt
from conftest import model_tensors, write_safetensors
from uwt import _library


@pytest.mark.parametrize("form", ["best-size", "smallest", "fast", "inplace<12>"])
def test_a_file_goes_there_and_back(plain, tmp_path, form):
    report = uwt.compress(str(plain), tmp_path / "c.uwt.safetensors", format=form)
    assert report.files == 1
    assert report.input_bytes == report.original_bytes == plain.stat().st_size
    assert report.output_bytes == (tmp_path / "c.uwt.safetensors").stat().st_size < report.input_bytes
    back = uwt.decompress(tmp_path / "c.uwt.safetensors", str(tmp_path / "back.safetensors"))
    assert back.original_bytes == report.input_bytes
    assert (tmp_path / "back.safetensors").read_bytes() == plain.read_bytes()


def test_names_of_targets_are_the_tools(plain, tmp_path):
    uwt.compress(plain)
    assert (tmp_path / "model.uwt.safetensors").is_file()
    folder = tmp_path / "Model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(plain.read_bytes())
    (folder / "config.json").write_text('{"model_type": "llama"}')
    uwt.compress(folder)
    assert uwt.verify(tmp_path / "Model-uwt", against=folder) == []
    uwt.decompress(tmp_path / "Model-uwt", tmp_path / "back")
    for name in ("model.safetensors", "config.json"):
        assert (tmp_path / "back" / name).read_bytes() == (folder / name).read_bytes()


def test_options_reach_the_library(plain, tmp_path):
    target = tmp_path / "c.uwt.safetensors"
    dry = uwt.compress(plain, target, dry_run=True)
    assert not target.exists()
    assert uwt.compress(plain, target, sha256=True, verify=False, threads=2).output_bytes >= dry.output_bytes
    formats = {tensor.name: tensor.format for tensor in uwt.inspect(target).tensors}
    assert formats["embed"] and formats["half"]
    uwt.compress(plain, target, include=["emb*"], overwrite=True)
    assert [tensor.name for tensor in uwt.inspect(target).tensors if tensor.format] == ["embed"]
    uwt.compress(plain, target, exclude="*", overwrite=True)
    assert not [tensor for tensor in uwt.inspect(target).tensors if tensor.format]
    uwt.compress(plain, target, cast="bf16", overwrite=True)
    assert {tensor.dtype for tensor in uwt.inspect(target).tensors} == {"BF16", "F32", "F8_E4M3", "I64"}
    uwt.compress(plain, target, cast="bf16", cast_vectors=True, overwrite=True)
    assert {tensor.dtype for tensor in uwt.inspect(target).tensors} == {"BF16", "F8_E4M3", "I64"}


def test_options_of_an_older_caller_are_taken(plain, tmp_path):
    options = _library.CompressOptions()
    size = _library.CompressOptions.shard.offset
    options.shard, options.shard_count = 7, 2
    _library.LIBRARY.uwtCompressOptionsInit(options, size)
    assert (options.size, options.shard, options.shard_count) == (size, 7, 2)
    target = tmp_path / "c.uwt.safetensors"
    _library.LIBRARY.uwtCompress(_library.context(1), bytes(plain), bytes(target), options, None)
    assert uwt.verify(target, against=plain) == []


def test_a_fine_tune_needs_its_base(plain, tmp_path):
    tuned = tmp_path / "tuned.safetensors"
    tensors = model_tensors()
    words = np.frombuffer(tensors["embed"][2], dtype="<u2").copy()
    words[::50] += 1
    tensors["embed"] = ("BF16", (200, 96), words.tobytes())
    write_safetensors(tuned, tensors)
    target = tmp_path / "tuned.uwt.safetensors"
    alone = uwt.compress(tuned, dry_run=True).output_bytes
    assert uwt.compress(tuned, target, base=plain).output_bytes < alone / 2
    with pytest.raises(uwt.UsageError, match="base"):
        uwt.decompress(target, tmp_path / "back.safetensors")
    uwt.decompress(target, tmp_path / "back.safetensors", base=plain)
    assert (tmp_path / "back.safetensors").read_bytes() == tuned.read_bytes()
    assert uwt.verify(target, base=plain, decode=True) == []
    rows = uwt.slice(target, "embed", rows=(3, 9), base=plain)
    assert rows.tobytes() == words.reshape(200, 96)[3:9].tobytes()


def test_a_base_may_have_other_names_rows_and_types(plain, tmp_path):
    embed = np.frombuffer(model_tensors()["embed"][2], dtype="<u2").reshape(200, 96)
    wide = embed.astype("<u4") << 16
    grown = np.concatenate([embed, embed[:8] ^ 0x8000])
    tuned, target = tmp_path / "tuned.safetensors", tmp_path / "tuned.uwt.safetensors"
    tensors = {"model.embed": ("BF16", (208, 96), grown.tobytes()), "embed": ("F32", (200, 96), wide.tobytes())}
    write_safetensors(tuned, tensors)
    assert uwt.compress(tuned, target, base=plain).output_bytes < tuned.stat().st_size / 8
    uwt.decompress(target, tmp_path / "back.safetensors", base=plain)
    assert (tmp_path / "back.safetensors").read_bytes() == tuned.read_bytes()
    assert uwt.slice(target, "model.embed", rows=(190, 205), base=plain).tobytes() == grown[190:205].tobytes()
    assert uwt.slice(target, "embed", rows=(3, 9), base=plain).tobytes() == wide[3:9].tobytes()


def test_inspection_says_what_is_there(plain, compressed):
    for path in (plain, compressed):
        found = uwt.inspect(path)
        assert found.original_bytes == plain.stat().st_size
        assert found.file_bytes == path.stat().st_size
        assert found.metadata == {"format": "pt", "name": "ä"}
        assert [(each.name, each.dtype, each.shape, each.bytes) for each in found.tensors] == [
            (name, dtype, shape, len(data)) for name, (dtype, shape, data) in model_tensors().items()
        ]
    sizes = {tensor.name: tensor.bits_per_element for tensor in uwt.inspect(compressed).tensors}
    assert 10 < sizes["embed"] < 12
    assert sizes["none"] == 0


def test_damage_is_found(compressed):
    assert uwt.verify(compressed, decode=True) == []
    data = bytearray(compressed.read_bytes())
    data[len(data) // 2] ^= 1
    compressed.write_bytes(data)
    found = uwt.verify(compressed)
    assert len(found) == 1 and "damaged" in found[0].message
    with pytest.raises(uwt.InvalidError, match="damaged"):
        uwt.decompress(compressed, compressed.with_name("back.safetensors"))
    assert not compressed.with_name("back.safetensors").exists()


@pytest.mark.parametrize(
    "call, kind, words",
    [
        (lambda path: uwt.compress(path / "absent.safetensors"), uwt.IoError, "cannot open"),
        (lambda path: uwt.compress(path / "model.safetensors", format="smalest"), uwt.UsageError, "smallest"),
        (lambda path: uwt.compress(path / "model.safetensors", path / "model.safetensors"), uwt.UsageError, "are the same"),
        (lambda path: uwt.compress(path / "model.safetensors", cast="fp8"), ValueError, "cast is 'bf16'"),
        (lambda path: uwt.compress(path / "model.safetensors", threads=-1), ValueError, "threads"),
        (lambda path: uwt.decompress(path / "model.safetensors", path / "b"), uwt.UsageError, "not compressed"),
        (lambda path: uwt.decompress(path / "model.uwt.safetensors", path / "b", max_bytes=9), uwt.UsageError, "more than"),
        (lambda path: uwt.decompress(path / "model.uwt.safetensors", path / "b", max_bytes=0), ValueError, "at least 1"),
        (lambda path: uwt.slice(path / "model.safetensors", "embd"), uwt.UsageError, "embed"),
        (lambda path: uwt.slice(path / "model.safetensors", "embed", rows=(0, 201)), uwt.UsageError, "not inside 0:200"),
        (lambda path: uwt.slice(path / "model.safetensors", "embed", rows=(-1, 2)), ValueError, "counted from 0"),
        (lambda path: uwt.slice(path / "model.safetensors", "embed", expert=0), uwt.UsageError, "no experts"),
        (lambda path: uwt.slice(path / "model.safetensors", "embed", axis="diagonal"), ValueError, "axis"),
        (lambda path: uwt.slice(path / "model.safetensors", "embed", rank=(2, 2)), uwt.UsageError, "rank 2 of 2"),
        (lambda path: uwt.slice(path / "model.safetensors", "embed", framework="tf"), ValueError, "framework"),
    ],
)
def test_errors_say_what_to_do(compressed, call, kind, words):
    with pytest.raises(kind, match=words):
        call(compressed.parent)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(OSError) as caught:
        uwt.inspect(tmp_path / "absent.safetensors")
    assert caught.value.kind == 4


def test_progress_counts_the_bytes_of_originals(plain, tmp_path):
    seen = []
    uwt.compress(plain, tmp_path / "c.uwt.safetensors", progress=lambda done, total: seen.append((done, total)))
    assert seen and seen == sorted(seen)
    assert seen[-1][0] <= seen[-1][1] and len({total for _, total in seen}) == 1
    for work in (
        lambda told: uwt.decompress(tmp_path / "c.uwt.safetensors", tmp_path / "back.safetensors", progress=told),
        lambda told: uwt.verify(tmp_path / "c.uwt.safetensors", progress=told),
    ):
        seen.clear()
        work(lambda done, total: seen.append((done, total)))
        assert seen and seen[-1][0] <= seen[-1][1]


def test_progress_draws_a_bar(plain, tmp_path, capsys):
    uwt.compress(plain, tmp_path / "c.uwt.safetensors", progress=True)
    assert "compress" in capsys.readouterr().err


def test_progress_can_stop_the_work(plain, tmp_path):
    with pytest.raises(uwt.Interrupted):
        uwt.compress(plain, tmp_path / "c.uwt.safetensors", progress=lambda done, total: True)

    def fail(done, total):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        uwt.compress(plain, tmp_path / "c.uwt.safetensors", progress=fail)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def crop(tensor, rows, columns):
    return tensor[..., slice(*rows), slice(*columns)]


def test_parts_are_crops(plain, compressed):
    shapes = {name: (shape, data) for name, (dtype, shape, data) in model_tensors().items() if dtype == "BF16"}
    for path in (plain, compressed):
        with uwt.Container(path) as opened:
            for name, (shape, data) in shapes.items():
                whole = np.frombuffer(data, dtype="<u2").reshape(shape)
                assert opened.read(name).tobytes() == data
                if len(shape) == 1:
                    assert opened.read_part(name, rows=(5, None)).tobytes() == whole[5:].tobytes()
                    continue
                for rows, columns in (((0, 1), (0, 1)), ((3, 67), (1, 64)), ((64, 70), (None, None)), ((9, 9), (2, 3))):
                    part = opened.read_part(name, rows=rows, columns=columns)
                    expected = crop(whole, rows, columns)
                    assert part.shape == expected.shape and part.tobytes() == expected.tobytes()
                for index in range(3):
                    part = opened.read_part(name, rank=(index, 3), axis="columns")
                    each = -(-shape[-1] // 3)
                    assert part.tobytes() == whole[..., index * each : (index + 1) * each].tobytes()
            part = opened.read_part("experts", expert=2, rows=(1, 66))
            assert part.tobytes() == np.frombuffer(shapes["experts"][1], "<u2").reshape(3, 70, 64)[2, 1:66].tobytes()


def test_threads_of_python_share_a_file(compressed):
    expected = model_tensors()
    wrong = []
    with uwt.Container(compressed) as opened:

        def read(threads):
            for _ in range(10):
                for name, (_, _, data) in expected.items():
                    if opened.read(name, threads=threads).tobytes() != data:
                        wrong.append(name)

        readers = [threading.Thread(target=read, args=(count % 3,)) for count in range(6)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    assert not wrong


FORKS = """
import os, sys, uwt
path = sys.argv[1]
with uwt.Container(path) as opened:
    before = opened.read("embed", threads=2).tobytes()
    child = os.fork()
    if child == 0:
        same = opened.read("embed", threads=2).tobytes() == before and uwt.verify(path, threads=2) == []
        os._exit(0 if same else 1)
    assert opened.read("embed", threads=2).tobytes() == before
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_a_forked_process_reads_too(compressed):
    subprocess.run([sys.executable, "-c", FORKS, str(compressed)], check=True, timeout=60)


def test_the_tool_runs_as_a_module():
    result = subprocess.run([sys.executable, "-m", "uwt", "--version"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0 and uwt.__version__ in result.stdout
    missing = subprocess.run([sys.executable, "-m", "uwt"], env={**os.environ, "UWT_TOOL": "/absent"},
                             capture_output=True, text=True, timeout=60)  # fmt: skip
    assert missing.returncode == 1 and "there is no tool /absent" in missing.stderr


def test_a_missing_library_is_named():
    result = subprocess.run([sys.executable, "-c", "import uwt"], env={**os.environ, "UWT_LIBRARY": "/absent/libuwt.so"},
                            capture_output=True, text=True, timeout=60)  # fmt: skip
    assert "there is no library /absent/libuwt.so" in result.stderr
