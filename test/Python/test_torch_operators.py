"""Operators in C++ (libuwt_torch.so): what they compute, refuse and keep, beside those in Python."""

import ctypes
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import weakref

import pytest

from uwt import InvalidError, UnsupportedError, UsageError, _library

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = pathlib.Path(_library.LIBRARY._name).with_name("libuwt_torch.so")
N, K = 200, 190


def test_is_not_registered_without_pytorch():
    library = _library.bound(str(LIBRARY), {"uwtTorchRegister": [ctypes.c_void_p, ctypes.c_void_p]}, {})
    of_libuwt = _library.LIBRARY._handle
    with pytest.raises(UnsupportedError, match="^PyTorch has no aoti_torch_device_type_cpu, which it has from 2.10 on$"):
        library.uwtTorchRegister(of_libuwt, 1)
    with pytest.raises(UsageError, match="^torch is NULL$"):
        library.uwtTorchRegister(None, 1)
    with pytest.raises(UsageError, match="^contextOf is NULL$"):
        library.uwtTorchRegister(of_libuwt, None)


@pytest.fixture(name="torch", scope="module")
def torch_with_kernels():
    torch = pytest.importorskip("torch")
    import uwt.torch

    torch.manual_seed(1)
    if uwt.torch.WHY_PYTHON is not None:
        major, minor = map(int, torch.__version__.split(".")[:2])
        assert (major, minor) < (2, 10), uwt.torch.WHY_PYTHON
        pytest.skip(uwt.torch.WHY_PYTHON)
    try:
        torch.nn.functional.linear(torch.zeros(1, K).bfloat16(), weight(torch))
    except UnsupportedError as error:
        pytest.skip(str(error))
    return torch


def weight(torch):
    import uwt.torch

    return uwt.torch.UwtTensor.encode(torch.randn(N, K).mul(0.05).bfloat16())


# x for a weight with K columns, from random elements of a shape.
LAYOUTS = {
    "one row": lambda random: random(K),
    "no rows": lambda random: random(0, K),
    "rows": lambda random: random(2, 3, K),
    "no dimension of rows": lambda random: random(3, 0, K),
    "rows apart": lambda random: random(4, 2 * K)[:, :K],
    "the last of each sequence": lambda random: random(3, 5, K)[:, -1:, :],
    "rows that no step leads through": lambda random: random(3, 5, K)[:, 1:3, :],
    "columns": lambda random: random(K, 4).T,
    "one row in three places": lambda random: random(1, K).expand(3, K),
    "every second element": lambda random: random(3, 2 * K)[:, ::2],
    "sequences in the other order": lambda random: random(3, 5, K).transpose(0, 1),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_linear_takes_any_layout(torch, layout):
    from uwt.torch import _ops

    image = weight(torch).image
    x = LAYOUTS[layout](functools.partial(torch.randn, dtype=torch.bfloat16))
    for bias in (None, torch.randn(N).bfloat16(), torch.randn(2 * N).bfloat16()[::2]):
        y = torch.ops.uwt.linear(x, image, bias, N, K)
        assert y.is_contiguous() and y.dtype == torch.bfloat16
        assert torch.equal(y, _ops._linear(x, image, bias, N, K))


def test_embedding_takes_any_ids(torch):
    from uwt.torch import _ops

    w = weight(torch)
    ids = torch.arange(12).reshape(3, 4) * 16
    every = [ids, ids.to(torch.int32), ids.to(torch.uint8), ids.T, ids[:, ::2], ids[:0], ids[1, 2]]
    for each in every:
        y = torch.ops.uwt.embedding(each, w.image, N, K, torch.bfloat16)
        assert y.is_contiguous() and torch.equal(y, w.dense()[each.long()])
        assert torch.equal(y, _ops._embedding(each, w.image, N, K, torch.bfloat16))


def bad_calls(torch):
    """Arguments that no operator takes, by its name."""
    image = weight(torch).image
    x, bias = torch.zeros(1, K).bfloat16(), torch.zeros(N).bfloat16()
    yield "linear", (torch.zeros(()).bfloat16(), image, None, N, K)
    yield "linear", (x[:, 1:], image, None, N, K)
    for dtype in (torch.float32, torch.float16, torch.int64, torch.bool, torch.complex64):
        yield "linear", (x.to(dtype), image, None, N, K)
    yield "linear", (x, image, bias[1:], N, K)
    yield "linear", (x, image, bias[None], N, K)
    yield "linear", (x, image, bias.double(), N, K)
    yield "linear", (x, image, None, N + 1, K)
    yield "linear", (x, image[:100], None, N, K)
    yield "embedding", (torch.tensor([N]), image, N, K, torch.bfloat16)
    yield "embedding", (torch.tensor([-1]), image, N, K, torch.bfloat16)
    yield "embedding", (torch.tensor([0]), image, N, K + 1, torch.bfloat16)
    yield "embedding", (torch.tensor([0]), image, N, K, torch.uint8)
    yield "decode", (image, [N, K + 1], torch.bfloat16)
    yield "decode", (image[:100], [N, K], torch.bfloat16)


def test_says_what_the_operators_in_python_say(torch):
    from uwt.torch import _native, _ops

    for name, arguments in bad_calls(torch):
        with pytest.raises(Exception) as in_python:  # noqa: PT011
            getattr(_ops, f"_{name}")(*arguments)
        with pytest.raises(RuntimeError) as raised:
            getattr(torch.ops.uwt, name)(*arguments)
        meant = _native.error_in(raised.value)
        assert (type(meant), str(meant)) == (type(in_python.value), str(in_python.value))


def test_modules_raise_errors_of_the_library(torch):
    w = weight(torch)
    with pytest.raises(InvalidError, match=f"^id {N} is no row of the weight, which has {N}$"):
        torch.nn.functional.embedding(torch.tensor([N]), w)
    w.image = w.image[:100].clone()
    for use in (w.dense, lambda: torch.nn.functional.linear(torch.zeros(1, K).bfloat16(), w)):
        with pytest.raises(InvalidError, match="the memory holds no weight"):
            use()


@pytest.mark.parametrize("n", [N, N + 1])
def test_keeps_no_tensor(torch, n):
    x, image = torch.zeros(2, 2 * K).bfloat16()[:, ::2], weight(torch).image
    bias = torch.zeros(2 * N).bfloat16()[::2]
    # A tensor that PyTorch's C++ still refers to keeps its Python object alive.
    alive = [weakref.ref(each) for each in (x, image, bias)]
    try:
        alive.append(weakref.ref(torch.ops.uwt.linear(x, image, bias, n, K)))
        assert n == N
    except RuntimeError:
        assert n != N
    del x, image, bias
    assert [each() for each in alive] == [None] * len(alive)


def test_records_no_gradient_where_none_is_wanted(torch):
    w, x = weight(torch), torch.randn(2, K).bfloat16().requires_grad_()
    expected = torch.nn.functional.linear(x, w)
    assert expected.requires_grad
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            y = torch.nn.functional.linear(x, w)
            assert torch.equal(y, expected) and not y.requires_grad


def test_asks_for_threads_once_and_again_after_a_fork(torch, monkeypatch):
    from uwt.torch import _threads

    w, x = weight(torch), torch.randn(2, K).bfloat16()
    asked, original, before = [], _threads.context_of, torch.get_num_threads()

    def context_of(threads):
        asked.append(threads)
        return original(threads)

    try:
        # PyTorch's OpenMP has no threads in a child, and cannot say so.
        torch.set_num_threads(1)
        expected = torch.nn.functional.linear(x, w)
        monkeypatch.setattr(_threads, "context_of", context_of)
        assert torch.equal(torch.nn.functional.linear(x, w), expected) and not asked
        child = os.fork()
        if child == 0:
            same = [torch.equal(torch.nn.functional.linear(x, w), expected) for _ in range(2)]
            os._exit(0 if all(same) and asked == [1] else 1)
        assert os.waitpid(child, 0)[1] == 0
    finally:
        torch.set_num_threads(before)


IN_PYTHON = """
import torch, uwt.torch
print(uwt.torch.WHY_PYTHON)
weight = uwt.torch.UwtTensor.encode(torch.eye(64, dtype=torch.bfloat16))
x = torch.arange(64).bfloat16()
assert torch.equal(torch.nn.functional.linear(x, weight), x)
assert torch.equal(torch.nn.functional.embedding(torch.tensor([3]), weight)[0], torch.eye(64).bfloat16()[3])
try:
    torch.nn.functional.embedding(torch.tensor([64]), weight)
except uwt.InvalidError as error:
    print(error)
"""


def test_runs_in_python_without_the_library(torch, tmp_path):
    alone = shutil.copy(_library.LIBRARY._name, tmp_path / "libuwt.so")
    environment = {**os.environ, "UWT_LIBRARY": str(alone)}
    shown = subprocess.run(
        [sys.executable, "-c", IN_PYTHON], env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert shown == [f"there is no {tmp_path}/libuwt_torch.so", "id 64 is no row of the weight, which has 64"]


CHECK = """
#include <type_traits>
#define TORCH_TARGET_VERSION 0x020a000000000000
#include <torch/csrc/stable/c/shim.h>
#include "lib/Torch/TorchFunctions.h"
#define CHECK(result, name, parameters) static_assert(std::is_same_v<decltype(&::name), result(*) parameters>, #name);
UWT_TORCH_FUNCTIONS(CHECK)
static_assert(uwt::torchVersion == TORCH_VERSION_2_10_0 && std::is_same_v<uwt::StackValue, StableIValue>);
"""


def test_declares_functions_as_pytorch_does(torch, tmp_path):
    compiler = shutil.which("clang++-22") or shutil.which("c++")
    include = pathlib.Path(torch.__file__).parent / "include"
    if not compiler or not (include / "torch/csrc/stable/c/shim.h").is_file():
        pytest.skip("needs a C++ compiler and PyTorch's headers")
    source = tmp_path / "check.cpp"
    source.write_text(CHECK, encoding="utf-8")
    command = [compiler, "-std=c++20", "-fsyntax-only", "-w", "-isystem", include, "-I", ROOT, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
