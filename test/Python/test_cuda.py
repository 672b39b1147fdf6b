"""Weights on GPUs at the level of ctypes: images, kernels and what is refused on a fake driver; kernels on the emulator."""

import copy
import ctypes
import dataclasses
import json
import os
import pathlib
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
from conftest import ROOT, bf16, write_safetensors

import uwt
from uwt import InvalidError, IoError, UnsupportedError, UsageError, _cuda, _library

FAKE = ROOT / "build" / "test" / "Unit" / "Cuda" / "FakeDriver" / "libuwt-fake-cuda.so"
N, K = 130, 272


def shape_of(**changes):
    from uwt.torch import _packs

    return _packs.Kernels(**{"dtype": "BF16", "format": "inplace<12>", "n": N, "k": K} | changes)


@pytest.fixture(name="packs", scope="module")
def packs_of_the_compiler():
    pytest.importorskip("torch")
    try:
        pytest.importorskip("uwt.compiler")
    except OSError as error:
        pytest.skip(str(error))
    from uwt.torch import _packs

    return _packs


@pytest.fixture(name="folder", scope="module")
def folder_of_packs(packs, tmp_path_factory):
    """Packs with and without a bias, for weights of one shape."""
    folder = tmp_path_factory.mktemp("packs") / "sm_90a"
    try:
        packs.make([shape_of(), shape_of(bias=True)], "sm_90a", folder)
    except UnsupportedError as error:
        pytest.skip(str(error))
    return folder


@pytest.fixture(name="device")
def fake_device(monkeypatch):
    if not FAKE.is_file():
        pytest.skip(f"there is no {FAKE}")
    monkeypatch.setenv("UWT_CUDA_DRIVER", str(FAKE))
    return _cuda.Device(0)


@pytest.fixture(name="weight")
def dense_weight():
    return bf16(np.random.default_rng(3).normal(0, 0.02, (N, K)))


def image_of(dense, format="inplace<12>"):
    made = _cuda.Image.encode("BF16", dense.shape, dense.ctypes.data, dense.nbytes, format, _library.context(1))
    image = np.empty(made.weight.bytes, np.uint8)
    made.write(image.ctypes.data, image.nbytes)
    return image, made.weight


def test_knows_the_device(device):
    assert (_cuda.device_count(), device.name, device.target) == (1, "Fake GPU", "sm_90")
    with pytest.raises(UsageError, match="there is no device 7; the last of 1 is device 0"):
        _cuda.Device(7)
    with pytest.raises(IoError, match="/nowhere/a.uwtpack"):
        _cuda.Pack(device, "/nowhere/a.uwtpack")


def test_says_what_is_missing_without_a_driver(monkeypatch):
    monkeypatch.setenv("UWT_CUDA_DRIVER", "/nowhere/libcuda.so")
    with pytest.raises(UnsupportedError, match="/nowhere/libcuda.so"):
        _cuda.Device(0)


def test_a_weight_is_a_line_of_text(weight):
    image, held = image_of(weight)
    assert (held.dtype, held.format, held.rows, held.columns, held.matrices) == ("BF16", "inplace<12>", N, K, 1)
    assert 0 < held.bytes == image.nbytes
    assert _cuda.Weight.parse(str(held)) == held
    assert bytes(_cuda.Weight.parse(str(held))._struct) == bytes(held._struct)
    integers = dataclasses.replace(held, arithmetic="integer<8>")
    assert str(integers) == f"{held};integer<8>" and _cuda.Weight.parse(str(integers)) == integers
    for text in ("", "BF16;raw", str(held) + " -", str(held).replace("130", "many")):
        with pytest.raises(UsageError, match="describes no weight in device memory"):
            _cuda.Weight.parse(text)
    with pytest.raises(UsageError, match="no weight in device memory has the dtype"):
        _ = _cuda.Weight("B" * 16, "raw", 1, 1, 1, 256, ((0, 0),) * 9)._struct


def test_objects_are_closed_one_by_one_and_have_no_copies(device):
    pack = _cuda.Pack(device, ROOT / "test" / "Golden" / "packs" / "v1" / "small.uwtpack")
    dense = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    held = image_of(dense)[1]
    kernels = _cuda.Kernels(pack, held, 64)
    for action in (copy.copy, copy.deepcopy, pickle.dumps):
        for owner in (device, pack, kernels):
            with pytest.raises(TypeError, match="no copies"):
                action(owner)
    device.close()
    pack.close()
    for use in (
        lambda: _cuda.Pack(device, "x"),
        lambda: _cuda.Kernels(pack, held),
        lambda: _cuda.Decoder(pack, held),
        lambda: _cuda.Gatherer(pack, held),
        lambda: _cuda.GroupedKernels(pack, held),
        lambda: _cuda.Encoder(pack, "BF16", 64, 64, 1, "raw"),
    ):
        with pytest.raises(ValueError, match="is closed$"):
            use()
    # They hold what they were made from.
    assert kernels.name(1) == "uwt_skinny_inplace12_n8" and kernels.scratch(4)[0] > 0
    call = {"image": 1024, "x": 256, "x_stride": 64, "y": 512, "y_stride": 64, "workspace": (0, 0), "counters": (0, 0)}
    with pytest.raises(UsageError, match="takes 2 operands of the epilogue, and there are 1"):
        kernels.linear(m=1, bias=(256, 128), stream=0, **call)
    for bad in ({"m": 2**32 + 1}, {"m": 1, "x": -1}, {"m": 1, "y_stride": 2**64}):
        with pytest.raises(ValueError, match="holds integers"):
            kernels.linear(bias=None, stream=0, **{**call, **bad})
    kernels.close()
    for use in (lambda: kernels.name(1), lambda: kernels.scratch(1), lambda: kernels.linear(m=1, bias=None, stream=0, **call)):
        with pytest.raises(ValueError, match="is closed$"):
            use()
    for bad in ("BF16\0", "\udcff"):
        with pytest.raises(ValueError, match="embedded null|surrogate"):
            _ = dataclasses.replace(held, format=bad)._struct
    with pytest.raises(ValueError, match="rows is from 0"):
        _ = dataclasses.replace(held, rows=2**64)._struct


def test_structs_are_those_of_the_library(weight):
    """Sizes that the library sets."""
    library = ctypes.CDLL(_library.LIBRARY._name)
    for kind, init in ((_cuda._Linear, library.uwtCudaLinearInit), (_cuda._Gather, library.uwtCudaGatherInit)):
        made = kind()
        # Room for a library whose struct is larger.
        memory = ctypes.create_string_buffer(4 * ctypes.sizeof(kind))
        init(memory, ctypes.c_size_t(len(memory)))
        ctypes.memmove(ctypes.byref(made), memory, ctypes.sizeof(kind))
        assert made.size == ctypes.sizeof(kind)


class Operands:
    """Memory for a product: the fake driver takes that of the host."""

    def __init__(self, kernels, m, image):
        self.kernels, self.m, self.image = kernels, m, aligned(image)
        workspace, counters = kernels.scratch(m)
        self.memory = {name: aligned(np.zeros(size + 1, np.uint8)) for name, size in (
            ("x", 2 * m * K), ("y", 2 * m * N), ("workspace", workspace), ("counters", counters), ("bias", 2 * N))}
        self.sizes = {"workspace": workspace, "counters": counters, "bias": 2 * N}

    def range_of(self, name):
        return self.memory[name].ctypes.data, self.sizes[name]

    def multiply(self, bias=False, **changes):
        given = {
            "image": self.image.ctypes.data, "m": self.m, "x": self.memory["x"].ctypes.data, "x_stride": 0,
            "y": self.memory["y"].ctypes.data, "y_stride": 0, "workspace": self.range_of("workspace"),
            "counters": self.range_of("counters"), "bias": self.range_of("bias") if bias else None, "stream": 0,
        }  # fmt: skip
        self.kernels.linear(**given | changes)


def aligned(array, boundary=_cuda.ALIGNMENT):
    memory = np.empty(array.nbytes + boundary, np.uint8)
    begin = -memory.ctypes.data % boundary
    memory[begin : begin + array.nbytes] = array.view(np.uint8).reshape(-1)
    return memory[begin : begin + array.nbytes]


def test_products_go_to_the_kernel_for_m(device, folder, weight):
    image, held = image_of(weight)
    kernels = _cuda.Kernels(_cuda.Pack(device, folder / shape_of().file), held)
    assert kernels.name(1) == kernels.name(5000) == "product"
    few, many = kernels.scratch(8), kernels.scratch(300)
    assert 0 < few[0] < many[0] and few == kernels.scratch(8)
    call = Operands(kernels, 8, image)
    call.multiply()
    call.multiply(m=0)
    with pytest.raises(UsageError, match="the weight is not aligned to 256 bytes"):
        call.multiply(image=call.image.ctypes.data + 16)
    with pytest.raises(UsageError, match=f"x has rows of {K} elements, which a stride of 8 overlaps"):
        call.multiply(x_stride=8)
    with pytest.raises(UsageError, match="workspace has 0 bytes"):
        call.multiply(workspace=(0, 0))
    with pytest.raises(UsageError, match="kernel product takes 0 operands of the epilogue, and there are 1"):
        call.multiply(bias=True)


def test_a_bias_has_kernels_of_its_own(device, folder, weight):
    image, held = image_of(weight)
    call = Operands(_cuda.Kernels(_cuda.Pack(device, folder / shape_of(bias=True).file), held), 3, image)
    call.multiply(bias=True)
    with pytest.raises(UsageError, match="kernel product takes 1 operands of the epilogue, and there are 0"):
        call.multiply()


def test_rows_are_decoded_and_gathered(device, folder, weight):
    image, held = image_of(weight)
    pack = _cuda.Pack(device, folder / shape_of().file)
    at, rows = aligned(image), aligned(np.zeros(N * K, np.uint16))
    decoder = _cuda.Decoder(pack, held)
    decoder.decode(at.ctypes.data, 0, rows.ctypes.data, rows.nbytes, 0)
    with pytest.raises(UsageError, match="the memory for rows has 10 bytes"):
        decoder.decode(at.ctypes.data, 0, rows.ctypes.data, 10, 0)
    gatherer, ids = _cuda.Gatherer(pack, held), np.array([1, 129], np.int64)
    gatherer.gather(at.ctypes.data, ids.ctypes.data, 8, 2, (rows.ctypes.data, 4 * K), 0, 0)
    with pytest.raises(UsageError, match="ids have 4 or 8 bytes, not 2"):
        gatherer.gather(at.ctypes.data, ids.ctypes.data, 2, 2, (rows.ctypes.data, 4 * K), 0, 0)
    with pytest.raises(UsageError, match="the memory for rows has 10 bytes"):
        gatherer.gather(at.ctypes.data, ids.ctypes.data, 8, 2, (rows.ctypes.data, 10), 0, 0)


def test_a_pack_of_something_else_is_refused(device, folder, weight):
    pack = _cuda.Pack(device, folder / shape_of().file)
    _, raw = image_of(weight, "raw")
    for make in (_cuda.Kernels, _cuda.Decoder, _cuda.Gatherer):
        with pytest.raises(UnsupportedError):
            make(pack, raw)
    with pytest.raises(UnsupportedError):
        _cuda.Encoder(pack, "BF16", N, K, 1, "raw")
    assert _cuda.Encoder(pack, "BF16", N, K, 1, "inplace<12>").scratch > 0


LAUNCHED = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np, test_cuda as own
from uwt import _cuda
device = _cuda.Device(0)
image, held = own.image_of(own.bf16(np.ones((own.N, own.K))))
call = own.Operands(_cuda.Kernels(_cuda.Pack(device, sys.argv[2]), held), 8, image)
call.multiply()
call.multiply()
"""


@pytest.mark.parametrize(("kernel", "fails"), [("product", True), ("gather", False)])
def test_kernels_are_launched(device, folder, kernel, fails):
    """On a fake driver that is lost once a kernel is launched."""
    environment = {**os.environ, "FAKE_CUDA_FAULT": kernel}
    command = [sys.executable, "-c", LAUNCHED, pathlib.Path(__file__).parent, folder / shape_of().file]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ("700" in done.stderr) == fails and (done.returncode != 0) == fails, done.stderr


# Where kernels come from.


def test_takes_kernels_from_packs_that_were_given(packs, device, folder, monkeypatch):
    monkeypatch.setattr(packs, "_GIVEN", [])
    monkeypatch.setattr(packs, "pack_of", lambda *_: pytest.fail("it compiles"))
    with pytest.raises(IoError, match="there is no pack: give a file"):
        packs.use_pack(folder / "none")
    packs.use_pack(folder)
    packs.use_pack(folder / shape_of().file)
    assert len(packs._GIVEN) == 2
    found = [packs.made_by(device, shape_of(bias=bias), lambda pack: pack) for bias in (False, True)]
    assert found[0] is not found[1] and found[0] is packs._opened(device, folder / shape_of().file)


def test_images_with_room_are_weights(device, folder, weight):
    import torch
    from uwt.torch import _cuda_described

    image, held = image_of(weight)
    roomy, text = _cuda_described.with_room(torch.from_numpy(image), str(held), 0.01)
    pack = _cuda.Pack(device, folder / shape_of().file)
    Operands(_cuda.Kernels(pack, _cuda.Weight.parse(text)), 3, roomy.numpy()).multiply()


def test_processes_make_a_pack_once(packs, folder, tmp_path):
    """A process that waits for another one finds the pack that this one made."""
    path = tmp_path / shape_of().file
    seen = []

    def wait():
        with packs._alone(path):
            seen.append(path.is_file())

    with packs._alone(path):
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(0.2)
        assert not seen
        path.write_bytes(b"a pack")
    waiting.join()
    assert seen == [True] and [each.name for each in tmp_path.iterdir()] == [path.name]


def test_says_what_to_do_without_a_compiler(packs, device, folder, weight, monkeypatch):
    monkeypatch.setattr(packs, "_GIVEN", [folder / shape_of().file])

    def missing(*_):
        raise ImportError("uwt.compiler needs the package uwt-compiler: pip install uwt-compiler")

    monkeypatch.setattr(packs, "pack_of", missing)
    _, raw = image_of(weight, "raw")
    message = (
        r"^uwt.torch has no kernels for weights \[130, 272\] of BF16 in raw on Fake GPU \(sm_90\): install the compiler "
        r"\(pip install 'uwt\[compiler\]'\), or give a pack that has them \(uwt.torch.use_pack\). .*pip install uwt-compiler$"
    )
    with pytest.raises(UnsupportedError, match=message):
        packs.made_by(device, shape_of(format="raw"), lambda pack: _cuda.Kernels(pack, raw))


def test_says_why_there_are_no_kernels(packs, folder, monkeypatch):
    monkeypatch.setattr(packs, "_GIVEN", [])
    assert packs.why_none() is None
    monkeypatch.setattr(packs, "_name_ptxas", lambda: False)
    assert packs.why_none().startswith("NVIDIA's ptxas, which makes kernels of GPUs, is not found")
    monkeypatch.delattr(uwt, "compiler")
    monkeypatch.setitem(sys.modules, "uwt.compiler", None)
    assert packs.why_none().endswith(", which makes kernels of GPUs, or give packs")
    monkeypatch.setattr(packs, "_GIVEN", [folder / shape_of().file])
    assert packs.why_none() is None


def test_keeps_what_it_makes(packs, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("UWT_CACHE", str(tmp_path / "cache"))
    path = packs.pack_of(shape_of(), "sm_90a")
    assert path.parent.parent == tmp_path / "cache" / "packs" and path.parent.stat().st_mode & 0o777 == 0o700
    written = path.stat().st_mtime_ns
    assert packs.pack_of(shape_of(), "sm_90a") == path and path.stat().st_mtime_ns == written
    path.unlink()
    path.parent.chmod(0o777)
    with pytest.raises(UsageError, match="others may write to this folder"):
        packs.pack_of(shape_of(), "sm_90a")
    monkeypatch.setenv("UWT_CACHE", "none")
    assert packs.pack_of(shape_of(), "sm_90a").is_file()


def test_makes_packs_of_a_model_that_has_no_data(packs, folder, tmp_path):
    import torch
    import uwt.torch

    with torch.device("meta"):
        layers = torch.nn.Linear(64, 96), torch.nn.Linear(64, 96, bias=False), torch.nn.Embedding(96, 64)
        model = torch.nn.Sequential(*layers, torch.nn.Linear(8, 8, dtype=torch.float32)).to(torch.bfloat16)
        model.append(torch.nn.Linear(4, 4))
    made = uwt.torch.make_packs(model[:3], tmp_path / "packs", "sm_90")
    names = {shape_of(n=96, k=64).file, shape_of(n=96, k=64, bias=True).file}
    assert {path.name for path in made} == names == {path.name for path in (tmp_path / "packs").iterdir()}
    # Those of experts are known where they are compressed.
    experts = torch.nn.Module()
    for transposed, shape in ((False, (2, 96, 64)), (True, (2, 64, 96))):
        own = uwt.torch.UwtTensor.encode(torch.randn(shape).bfloat16(), "raw", is_transposed=transposed)
        experts.register_parameter(f"weight_{transposed}", torch.nn.Parameter(own, requires_grad=False))
    wanted = uwt.torch._module._kernels_of(torch.nn.Sequential(experts), "auto")
    assert wanted == [shape_of(n=96, k=64, format="raw", grouped=True)] * 2


def test_experts_have_packs_of_their_own(packs, tmp_path):
    grouped, plain = (packs.pack_of(shape_of(grouped=each), "sm_90a", tmp_path).read_bytes() for each in (True, False))
    assert grouped.count(b",grouped") > 0 and b",grouped" not in plain
    # Experts are encoded and decoded, and nobody gathers their rows.
    assert b"histogram" in grouped and b"gather" in plain and b"gather" not in grouped


@pytest.mark.parametrize(
    ("device", "target"),
    [("sm_80", "sm_80"), ("sm_87", "sm_86"), ("sm_90", "sm_90a"), ("sm_90a", "sm_90a"), ("sm_100", "sm_89"),
     ("sm_120", "sm_120a"), ("sm_121", "sm_89")],
)  # fmt: skip
def test_compiles_for_what_a_gpu_runs(packs, device, target):
    assert packs.compile_target(device) == target


def test_older_gpus_are_refused(packs):
    with pytest.raises(UnsupportedError, match="there are no kernels for sm_75: GPUs are served from sm_80 on"):
        packs.compile_target("sm_75")


@pytest.mark.parametrize("bias", [False, True])
def test_kernels_multiply_on_the_emulator(packs, tmp_path, bias):
    """Small integers have exact sums in any order."""
    import uwt.compiler

    random = np.random.default_rng(5)
    w, x, b = (random.integers(-8, 9, shape).astype("<f4") for shape in ((N, K), (5, K), (N,)))
    file = tmp_path / "w.safetensors"
    write_safetensors(file, {"w": ("BF16", w.shape, bf16(w).tobytes())})
    import torch

    given = [torch.from_numpy(each).to(torch.bfloat16) for each in ((x, b) if bias else (x,))]
    text = packs.module_of(shape_of(bias=bias)).encode()
    program = uwt.compiler.compile(text, weights=[file], format="inplace<12>", target="emulate:sm_90a", threads=1)
    (y,) = program(*given)
    expected = torch.from_numpy(x @ w.T + (b if bias else 0)).to(torch.bfloat16)
    assert torch.equal(y, expected)


CODES = "uint<4>, zero=8, scale={1x32, bf16}"


@pytest.fixture(name="codes")
def folder_of_codes(tmp_path):
    """A checkpoint of codes, and the values of its weight: small integers times powers of two."""
    random = np.random.default_rng(6)
    codes = random.integers(0, 16, (N, K), dtype=np.uint8)
    scales = np.ldexp(1.0, random.integers(-1, 2, (N, -(-K // 32)))).astype("<f4")
    tensors = {"w": ("U8", codes.shape, codes.tobytes()), "w_scale": ("BF16", scales.shape, bf16(scales).tobytes())}
    write_safetensors(tmp_path / "model.safetensors", {name.replace("w", "m.weight", 1): each for name, each in tensors.items()})
    (tmp_path / "config.json").write_text(
        json.dumps({"quantization_config": {"quant_method": "uwt-codes", "format": CODES}}), encoding="utf-8"
    )
    return tmp_path, (codes.astype("<f4") - 8) * scales.repeat(32, axis=1)[:, :K]


def test_codes_have_kernels(packs, device, codes, tmp_path):
    folder, _ = codes
    pieces = [(uwt.Container(folder), "m.weight", uwt._container.part_of())] * 2
    image = _cuda.Image.encode_codes(pieces, "BF16", (2, N, K), _library.context(1))
    weight = image.weight
    assert (weight.format, weight.rows, weight.columns, weight.matrices) == (CODES, N, K, 2)
    written = np.empty(weight.bytes, np.uint8)
    image.write(written.ctypes.data, written.nbytes)
    (path,) = packs.make([shape_of(format=CODES)], "sm_90a", tmp_path / "packs")
    pack = _cuda.Pack(device, path)
    for make in (_cuda.Decoder, _cuda.Gatherer):
        make(pack, weight)
    Operands(_cuda.Kernels(pack, weight), 3, written).multiply()
    with pytest.raises(UsageError, match="files keep as they are"):
        _cuda.Encoder(pack, "BF16", N, K, 1, CODES)


def test_codes_have_kernels_by_integers(packs, device, codes, tmp_path, monkeypatch):
    folder, _ = codes
    pieces = [(uwt.Container(folder), "m.weight", uwt._container.part_of())]
    weight = _cuda.Image.encode_codes(pieces, "BF16", (N, K), _library.context(1)).weight
    integers = dataclasses.replace(weight, arithmetic="integer<8>")
    wanted = [shape_of(format=CODES, bias=bias, arithmetic="integer<8>") for bias in (False, True)]
    made = packs.make(wanted, "sm_90a", tmp_path / "packs")
    assert [path.stem.split(f"{N}x{K}")[1] for path in made] == ["-integer8", "-integer8-bias"]
    assert all(b",integers" in path.read_bytes() for path in made)
    # They are told apart by their names.
    monkeypatch.setattr(packs, "_GIVEN", made)
    monkeypatch.setattr(packs, "pack_of", lambda *_: pytest.fail("it compiles"))
    for what, path in zip(wanted, made):
        assert packs.made_by(device, what, lambda pack: pack) is packs._opened(device, path)
        _cuda.Kernels(packs._opened(device, path), integers)
    monkeypatch.undo()
    with pytest.raises(InvalidError, match="no product can be computed by integers"):
        packs.pack_of(shape_of(arithmetic="integer<8>"), "sm_90a", tmp_path / "packs")


@pytest.mark.parametrize("rows", [128, 72])
@pytest.mark.parametrize("order", ["", ", order=k"])
def test_codes_are_brought_from_images_of_cpus(order, rows, tmp_path):
    torch = pytest.importorskip("torch")
    from uwt.torch import _cuda_ops, _ops, _quantized

    # What an image of a CPU has, too, so that both are the same.
    format = "uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}"
    random = np.random.default_rng(8)
    groups = K // 32
    codes, zeros = (random.integers(0, 16, (rows, count), dtype=np.uint8) for count in (32 * groups, groups))
    tensors = {
        "m.weight": ("U8", codes.shape, codes.tobytes()), "m.weight_zero_point": ("U8", zeros.shape, zeros.tobytes()),
        "m.weight_scale": ("F32", zeros.shape, random.random(zeros.shape, "<f4").tobytes()),
    }  # fmt: skip
    if order:
        index = random.permutation(32 * groups).astype("<i4") // 32
        tensors["m.weight_g_idx"] = ("I32", index.shape, index.tobytes())
    write_safetensors(tmp_path / "model.safetensors", tensors)
    config = {"quantization_config": {"quant_method": "uwt-codes", "format": format + order}}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (weight,) = _quantized.quantized_weights(uwt.Container(tmp_path), config, torch.bfloat16).values()
    dense = torch.empty(weight.shape, dtype=torch.bfloat16).copy_(weight)
    piece = (weight._container, "m.weight", uwt._container.part_of())
    orders = [torch.empty(dense.shape[1], dtype=torch.int32) if order else None for _ in range(2)]
    expected, text = _cuda_ops.encode_codes([piece], dense, orders[0])
    held, why = _quantized.image_of_codes(dense)
    assert why is None
    made, of_made = _cuda_ops.of_codes(held.image, torch.device("cpu"), orders[1])
    found, wanted = _cuda.Weight.parse(of_made), _cuda.Weight.parse(text)
    assert dataclasses.replace(found, bytes=0, buffers=()) == dataclasses.replace(wanted, bytes=0, buffers=())
    # Of the last panel only the strips that are there.
    assert (of_made == text) == (rows == 128)
    for (begin, size), (at, most) in zip(found.buffers, wanted.buffers):
        assert size <= most and torch.equal(made[begin : begin + size], expected[at : at + size])
    assert order == "" or torch.equal(*orders)
    if order:
        with pytest.raises(UnsupportedError, match="columns of the codes are in an order of their own"):
            _cuda_ops.of_codes(held.image, torch.device("cpu"))
    with pytest.raises(UnsupportedError, match="holds no codes of a quantised checkpoint"):
        _cuda_ops.of_codes(_ops.encode(dense, "raw"), torch.device("cpu"))


def test_codes_multiply_on_the_emulator(packs, codes):
    import torch
    import uwt.compiler

    folder, values = codes
    x = np.random.default_rng(7).integers(-8, 9, (5, K)).astype("<f4")
    text = packs.module_of(shape_of(format=CODES)).replace('uwt.weight "w"', 'uwt.weight "m.weight"').encode()
    program = uwt.compiler.compile(text, weights=[folder], format=CODES, target="emulate:sm_90a", threads=1)
    (y,) = program(torch.from_numpy(x).to(torch.bfloat16))
    assert torch.equal(y, torch.from_numpy(x @ values.T).to(torch.bfloat16))
