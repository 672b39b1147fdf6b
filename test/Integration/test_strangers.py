"""Files of strangers on the command line: no text of theirs commands a terminal or begins a line, nothing waits for a FIFO, and a
signal ends every command."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest
import safetensors_file as st

#: Clears a screen, begins a line, and turns text around; C1 controls and DEL are those of eight bits.
EVIL = "e\x1b[2J\r\nFORGED\u202e\u2066\x7f\x9b1m"
CODES = ("U8", [16, 64], bytes(16 * 64))
SCALES = ("F32", [16, 2], b"\0\0\x80\x3f" * 32)
BF16 = ("BF16", [64, 64], bytes(64 * 64 * 2))
#: Of each method, what a configuration may name, and tensors that its recipe claims.
METHODS = {
    "gptq": {"bits": 4, "group_size": 128, "checkpoint_format": EVIL, "desc_act": EVIL, "pack_dtype": EVIL},
    "awq": {"bits": 4, "group_size": 128, "version": EVIL, "backend": EVIL},
    "compressed-tensors": {"format": EVIL, "config_groups": {EVIL: {"targets": [EVIL], "weights": {"type": EVIL, "strategy": EVIL}}}},
    "fp8": {"weight_block_size": [EVIL, 1], "fmt": EVIL, "activation_scheme": EVIL},
    "bitsandbytes": {"bnb_4bit_quant_type": EVIL},
    "hqq": {"quant_config": {"weight_quant_params": {EVIL: EVIL}}},
    "torchao": {"quant_type": {"default": {"_type": EVIL, "_data": {EVIL: EVIL}}}},
    "mxfp4": {"modules_to_not_convert": [EVIL]},
    "modelopt": {"quant_algo": EVIL, "config_groups": {EVIL: EVIL}},
    "uwt-codes": {"format": EVIL},
    EVIL: {"bits": EVIL},
}
PARTS = {
    "weight": CODES, "weight_scale": SCALES, "weight_packed": ("I32", [16, 8], bytes(512)), "qweight": ("I32", [8, 16], bytes(512)),
    "scales": ("F16", [1, 16], bytes(32)), "qzeros": ("I32", [1, 2], bytes(8)), "weight.absmax": ("F32", [16], bytes(64)),
    "weight.quant_map": ("F32", [16], bytes(64)), "weight.quant_state.bitsandbytes__nf4": ("U8", [len(EVIL.encode())], EVIL.encode()),
    "W_q": CODES, "weight_scale_inv": ("F32", [1, 1], bytes(4)), "_weight_qdata": CODES, "_weight_scale": SCALES,
}  # fmt: skip


def model(folder, method):
    folder.mkdir(parents=True)
    tensors = {f"m{EVIL}.{name}": tensor for name, tensor in PARTS.items()} | {f"plain{EVIL}": BF16, "x.weight": CODES, "x.weight_scale": SCALES}
    metadata = {EVIL: EVIL, "format": EVIL, f"m{EVIL}.weight": json.dumps({"_type": EVIL, "_data": {"block_size": EVIL}})}
    metadata |= {"tensor_names": json.dumps([EVIL]), f"{EVIL}:_weight_qdata": EVIL}
    st.write(folder / "model.safetensors", tensors, metadata)
    config = {"architectures": [EVIL], "quantization_config": {"quant_method": method, **METHODS[method]}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def check_printed(result, what):
    for stream in (result.stdout, result.stderr):
        text = stream.decode()
        bad = {hex(ord(c)) for c in text if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c in "\u202e\u2066"}
        assert not bad, f"{what}: {bad} in {text!r}"
        assert not any(line.startswith("FORGED") for line in text.splitlines()), f"{what}: {text!r}"
    assert result.returncode in range(6), what


@pytest.mark.parametrize("method", METHODS, ids=lambda name: "other" if name == EVIL else name)
def test_texts_of_files_are_printed_without_controls(uwt, tmp_path, method):
    folder = model(tmp_path / "m", method)
    plain = tmp_path / "plain.safetensors"
    st.write(plain, {f"plain{EVIL}": BF16, EVIL: BF16}, {EVIL: EVIL})
    packed = tmp_path / f"packed{EVIL.replace('/', '')}.safetensors"
    name = f"m{EVIL}.weight"
    commands = [["inspect", "--headers-only", folder]]
    for of in (folder, plain):
        for more in ([], ["--json"], ["--summary"], ["--by-layer"], ["--html", "-"], ["--tensor", "*"], ["--tensor", EVIL], ["-v"]):
            commands.append(["inspect", of, *more])
    commands += [
        ["slice", folder, "--tensor", name, "--as", "bf16", "-o", tmp_path / "a.safetensors"],
        ["slice", folder, "--tensor", name, "--as", "codes", "-o", tmp_path / "b.safetensors", "--json"],
        ["slice", folder, "--tensor", EVIL, "-o", tmp_path / "c.safetensors"],
        ["compress", plain, "-o", packed, "-v"],
        ["compress", plain, "--dry-run", "--json"],
        ["compress", folder, "-o", tmp_path / "out", "-v"],
        ["verify", packed], ["verify", packed, "--json"], ["verify", tmp_path / "out"],
        ["inspect", packed], ["inspect", packed, "--json"], ["inspect", tmp_path / "out", "--tensor", "*"],
        ["decompress", packed, "-o", tmp_path / "back.safetensors", "-v"],
        ["decompress", tmp_path / "out", "-o", tmp_path / "back"],
        ["emit-ir", folder], ["emit-ir", plain], ["inspect", tmp_path / EVIL], [EVIL], ["inspect", f"--{EVIL}"],
    ]  # fmt: skip
    for command in commands:
        check_printed(subprocess.run([uwt.binary, *map(str, command)], capture_output=True, check=False), command)


def test_json_keeps_what_it_escapes(uwt, tmp_path):
    st.write(tmp_path / "m.safetensors", {f"x{EVIL}": BF16})
    found = json.loads(uwt("inspect", tmp_path / "m.safetensors", "--json").stdout)
    assert found["tensors"][0]["name"] == f"x{EVIL}"


@pytest.fixture(name="others", scope="module")
def made_others(tmp_path_factory):
    """Paths that are no regular files, by what they are."""
    folder = tmp_path_factory.mktemp("o")
    os.mkfifo(folder / "fifo")
    os.mkfifo(folder / "fifo.uwtpack")
    os.mkfifo(folder / "fifo.gguf")
    os.mkfifo(folder / "fifo.onnx")
    (folder / "model").mkdir()
    os.mkfifo(folder / "model" / "config.json")
    st.write(folder / "model" / "model.safetensors", {"w": BF16})
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    st.write(folder / "plain.safetensors", {"w": BF16})
    yield folder
    listener.close()


def commands_of(path, folder):
    plain = folder / "plain.safetensors"
    return [
        ["inspect", path], ["verify", path], ["compress", path, "-o", folder / "o.safetensors"],
        ["decompress", path, "-o", folder / "o.safetensors"], ["slice", path, "--tensor", "w", "-o", folder / "o.safetensors"],
        ["slice", path, "--tensor", "w", "--as", "codes", "-o", folder / "o.safetensors"], ["emit-ir", path],
        ["compress", plain, "--base", path, "-o", folder / "o.safetensors"], ["verify", plain, "--against", path],
        ["emit-ir", plain, "--calibration", path],
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["fifo", "fifo.uwtpack", "fifo.gguf", "fifo.onnx", "socket", "/dev/zero", "/dev/null", "/dev/tty"])
def test_what_is_no_regular_file_is_refused_at_once(uwt, others, kind):
    path = pathlib.Path(kind) if kind.startswith("/") else others / kind
    for command in commands_of(path, others):
        result = subprocess.run([uwt.binary, *map(str, command)], capture_output=True, text=True, check=False, timeout=60)
        assert result.returncode in (2, 3, 4, 5), f"{command}: exit {result.returncode}: {result.stderr}"
        if command[0] in ("inspect", "verify", "slice") and "--against" not in command:
            is_known = "not a regular file" in result.stderr or "cannot open" in result.stderr
            assert result.returncode == 4 and is_known, f"{command}: {result.stderr}"
    assert not (others / "o.safetensors").exists()


def test_a_fifo_inside_of_a_folder_is_refused(uwt, others):
    for command in commands_of(others / "model", others)[:6]:
        result = subprocess.run([uwt.binary, *map(str, command)], capture_output=True, text=True, check=False, timeout=60)
        assert result.returncode != 0, command
    result = uwt("inspect", others / "model", check=False)
    assert result.returncode in (2, 4) and "config.json: is neither a file nor a folder" in result.stderr


@pytest.fixture(name="large", scope="module")
def made_large(tmp_path_factory):
    """Two files that take seconds to compress."""
    path = tmp_path_factory.mktemp("l") / "large.safetensors"
    shape = [8192, 8192]
    data = os.urandom(1 << 20) * (shape[0] * shape[1] * 2 >> 20)
    st.write(path, {f"w{i}": ("BF16", shape, data) for i in range(3)})
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("delay", [0.05, 0.4])
def test_a_signal_ends_a_command_and_leaves_nothing(uwt, large, tmp_path, number, delay):
    for command in (
        ["compress", large, "-o", tmp_path / "o.safetensors", "--format", "smallest", "--threads", "1"],
        ["inspect", large, "--threads", "1"],
    ):
        process = subprocess.Popen([uwt.binary, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(delay)
        process.send_signal(number)
        # A machine that is busy takes its time; before, it was never.
        _, errors = process.communicate(timeout=60)
        if command[0] == "inspect" and process.returncode == 0:
            continue  # It had ended before.
        assert process.returncode == 130, errors
        assert errors.endswith(b"interrupted\n")
        assert not list(tmp_path.iterdir())
