"""Objects that own a handle of the library: closed beside readers, used afterwards, copied, and forked."""

import ast
import copy
import gc
import os
import pathlib
import pickle
import random
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import uwt
import uwt.safetensors
from conftest import model_tensors, write_safetensors
from uwt import _cuda, _handle, _library

PACKAGE = pathlib.Path(uwt.__file__).parent
#: Arguments of the methods of a container that need some.
ARGUMENTS = {
    "find": ("single",),
    "check_plain": ("single",),
    "read": ("single",),
    "read_part": ("single",),
    "read_into": ("single", None, 0, 0, None),
    "find_quantized": ("w",),
    "read_quantized": ("w",),
    "read_quantized_into": ("w", "BF16", None, 0, 0, None),
    "read_codes": ("w",),
    "codes": ("w", None, None),
}
#: What a closed container still does.
OF_CLOSED = {"close"}


def uses_of(kind):
    """The public methods and properties of a class, as functions of an object."""
    for name in dir(kind):
        if name.startswith("_") or name in OF_CLOSED:
            continue
        if isinstance(getattr(kind, name), property):
            yield name, lambda opened, name=name: getattr(opened, name)
        else:
            yield name, lambda opened, name=name: getattr(opened, name)(*ARGUMENTS.get(name, ()))


class Fake:
    """Makes and destroys pointers that point to nothing, and counts them."""

    def __init__(self, fails=False):
        self.made, self.destroyed, self.fails = 0, [], fails

    def handle(self, **options):
        return _handle.Handle("x", self.destroyed.append, self.make, **options)

    def make(self, pointer):
        if self.fails:
            raise uwt.UsageError("no")
        self.made += 1
        pointer._obj.value = self.made


def test_the_last_call_that_leaves_destroys():
    fake = Fake()
    handle = fake.handle()
    with handle as outer, handle as inner:
        assert outer.value == inner.value == 1
        handle.close()
        with pytest.raises(ValueError, match="^x is closed$"), handle:
            pass
        assert fake.destroyed == [] and handle.is_closed
    assert [each.value for each in fake.destroyed] == [1]
    handle.close()
    del handle
    assert len(fake.destroyed) == 1


def test_what_fails_or_is_forgotten_is_destroyed_at_most_once():
    fake = Fake(fails=True)
    with pytest.raises(uwt.UsageError):
        fake.handle()
    gc.collect()
    assert fake.destroyed == []
    fake.fails = False
    handle = fake.handle()
    with pytest.raises(KeyError), handle:
        raise KeyError
    del handle
    gc.collect()
    assert len(fake.destroyed) == 1
    for action in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="no copies"):
            action(fake.handle())


def test_threads_that_use_and_close_destroy_once():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(300):
            fake, late = Fake(), []
            handle, barrier = fake.handle(), threading.Barrier(4)

            def use(handle=handle, barrier=barrier, fake=fake, late=late):
                barrier.wait()
                try:
                    for _ in range(20):
                        with handle:
                            late.extend(fake.destroyed)
                except ValueError:
                    pass

            def close(handle=handle, barrier=barrier):
                barrier.wait()
                handle.close()

            threads = [threading.Thread(target=each) for each in (use, use, close, close)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(fake.destroyed) == 1 and not late
    finally:
        sys.setswitchinterval(interval)


def test_a_forked_process_destroys_its_own():
    fake = Fake()
    handle, begun, ends = fake.handle(), threading.Event(), threading.Event()

    def stay():
        with handle:
            begun.set()
            ends.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    begun.wait()
    with handle:
        child = os.fork()
        if child == 0:
            # The other thread is not here, and this one is still inside.
            handle.close()
            early = len(fake.destroyed)
        else:
            early = 0
    if child == 0:
        os._exit(0 if (early, len(fake.destroyed)) == (0, 1) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    handle.close()
    assert not fake.destroyed
    ends.set()
    thread.join()
    assert len(fake.destroyed) == 1


def test_a_device_stays_with_the_process_that_opened_it():
    fake = Fake()
    handle = fake.handle(forks=False)
    child = os.fork()
    if child == 0:
        refused = False
        try:
            with handle:
                pass
        except uwt.UsageError as error:
            refused = "forked from" in str(error)
        handle.close()
        os._exit(0 if refused and not fake.destroyed else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with handle:
        pass
    kinds = {each.__name__: each._forks for each in _cuda._Object.__subclasses__()}
    assert len(kinds) == 8 and [name for name, forks in kinds.items() if forks] == ["Image"]


def test_a_closed_container_refuses_everything(compressed):
    opened = uwt.Container(compressed)
    opened.close()
    opened.close()
    uses = dict(uses_of(uwt.Container))
    assert {"tensors", "metadata", "file_bytes", "original_bytes", "quantized", "read"} <= set(uses)
    for name, use in uses.items():
        with pytest.raises(ValueError, match="is closed$"):
            use(opened)
            pytest.fail(name)
    for action in (copy.copy, copy.deepcopy, pickle.dumps, opened.__class__.__enter__):
        with pytest.raises(ValueError, match=f"^{compressed} is closed$"):
            action(opened)


def test_a_closed_file_of_safetensors_refuses_everything(either_path):
    with uwt.safetensors.safe_open(either_path, "np") as opened:
        part = opened.get_slice("single")
        assert part.get_shape() == [65, 33]
    for use in (
        opened.keys,
        opened.offset_keys,
        opened.metadata,
        lambda: opened.get_tensor("single"),
        lambda: opened.get_slice("single"),
        lambda: part[0:2],
        opened.__enter__,
        lambda: copy.copy(opened),
    ):
        with pytest.raises(ValueError, match="is closed$"):
            use()


@pytest.fixture(name="either_path", params=["plain", "compressed"])
def either_path_of(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies_open_the_file_again(either_path, copied, monkeypatch):
    monkeypatch.chdir(either_path.parent)
    opened = uwt.Container(either_path.name, check=False)
    other = copied(opened)
    expected = opened.read("single").tobytes()
    opened.close()
    del opened
    monkeypatch.chdir("/")
    assert other.read("single").tobytes() == copied(other).read("single").tobytes() == expected
    with uwt.safetensors.safe_open(either_path, "np") as opened:
        other = copied(opened)
    assert other.get_tensor("single").tobytes() == expected
    assert other.get_slice("single")[1:2].shape == (1, 33)


def test_a_copy_has_the_base(plain, tmp_path):
    tensors = model_tensors()
    words = np.frombuffer(tensors["single"][2], "<u4").copy()
    words[::50] += 1
    tensors["single"] = ("F32", (65, 33), words.tobytes())
    write_safetensors(tmp_path / "tuned.safetensors", tensors)
    uwt.compress(tmp_path / "tuned.safetensors", tmp_path / "t.uwt.safetensors", base=plain)
    with uwt.Container(tmp_path / "t.uwt.safetensors", base=plain) as opened:
        assert copy.copy(opened).read("single").tobytes() == words.tobytes()


def run(source, *arguments, environment=(), timeout=120):
    """Runs a program, whose end by a signal must not end the tests."""
    command = [sys.executable, "-c", source, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, check=False, env={**os.environ, **dict(environment)}
    )


READERS = """
import random, sys, threading, time, uwt, uwt.safetensors
path, seed = sys.argv[1:]
random = random.Random(int(seed))
sys.setswitchinterval(1e-5)
refused = 0
def uses(opened):
    if isinstance(opened, uwt.safetensors.safe_open):
        part = opened.get_slice("embed")
        return [opened.keys, opened.metadata, lambda: opened.get_tensor("half"), lambda: part[3:9]]
    return [opened.tensors, opened.metadata, opened.quantized, lambda: opened.file_bytes, lambda: opened.find("half"),
            lambda: opened.read("half", threads=1), lambda: opened.read_part("half", rows=(1, 9)), opened.__reduce__]
for turn in range(150):
    opened = uwt.Container(path) if turn % 3 else uwt.safetensors.safe_open(path, "np")
    opened_uses = uses(opened)
    def read():
        global refused
        try:
            for _ in range(40):
                random.choice(opened_uses)()
        except ValueError as error:
            assert "is closed" in str(error), error
            refused += 1
    close = opened.close if turn % 3 else lambda: opened.__exit__(None, None, None)
    threads = [threading.Thread(target=each) for each in (read, read, read, close, close)]
    random.shuffle(threads)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(refused)
"""


@pytest.mark.parametrize("seed", range(2))
def test_readers_and_closers_at_once(tmp_path, seed):
    # Nothing in BF16, for which NumPy needs another package.
    tensors = {name: each for name, each in model_tensors().items() if each[0] in ("F16", "F32")}
    tensors["embed"] = tensors["single"]
    write_safetensors(tmp_path / "m.safetensors", tensors, {"a": "b"})
    uwt.compress(tmp_path / "m.safetensors", tmp_path / "c.uwt.safetensors")
    ended = run(READERS, tmp_path / ("m.safetensors", "c.uwt.safetensors")[seed], seed)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 20


def test_the_interpreter_ends_beside_readers(compressed):
    ended = run(
        "import sys, threading, time, uwt\n"
        "opened, kept = uwt.Container(sys.argv[1]), [uwt.Container(sys.argv[1]) for _ in range(3)]\n"
        "def read():\n"
        "    while True:\n"
        "        opened.read('single', threads=1)\n"
        "for _ in range(3):\n"
        "    threading.Thread(target=read, daemon=True).start()\n"
        "time.sleep(0.05)\n"
        "sys.modules['kept'] = kept\n",
        compressed,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_signal_may_close_what_it_interrupts(compressed):
    ended = run(
        "import signal, sys, uwt\n"
        "for _ in range(100):\n"
        "    opened = uwt.Container(sys.argv[1])\n"
        "    signal.signal(signal.SIGALRM, lambda *_: opened.close())\n"
        "    signal.setitimer(signal.ITIMER_REAL, 0.002)\n"
        "    try:\n"
        "        while True:\n"
        "            opened.find('single')\n"
        "    except ValueError:\n"
        "        pass\n",
        compressed,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_forked_process_reads_on_and_closes(compressed):
    opened, stop = uwt.Container(compressed), threading.Event()
    expected = opened.read("single").tobytes()

    def read():
        while not stop.is_set():
            opened.read("single", threads=2)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                same = opened.read("single").tobytes() == expected
                opened.close()
                try:
                    opened.tensors()
                except ValueError:
                    os._exit(0 if same else 1)
                os._exit(2)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert opened.read("single").tobytes() == expected


def write_many_quantized(folder, count=20000):
    """A checkpoint whose weights take a while to be found."""
    entry = '{"_type": "Int8Tensor", "_data": {"block_size": [1, 1]}, "_tensor_data_names": []}'
    tensors = {f"m{i}._weight_qdata": ("I8", (1, 0), b"") for i in range(count)}
    write_safetensors(folder / "model.safetensors", tensors, {f"m{i}.weight": entry for i in range(count)})
    (folder / "config.json").write_text('{"quantization_config": {"quant_method": "torchao"}}')


def test_a_process_forked_during_the_search_searches_itself(tmp_path):
    write_many_quantized(tmp_path)
    for delay in (0.0, 0.02, 0.1):
        opened, found = uwt.Container(tmp_path), []
        threads = [threading.Thread(target=lambda opened=opened, found=found: found.append(len(opened.quantized())))]
        threads.append(threading.Thread(target=lambda opened=opened, found=found: found.append(len(opened.quantized()))))
        for thread in threads:
            thread.start()
        threading.Event().wait(delay)
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            os._exit(0 if len(opened.quantized()) == 20000 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        for thread in threads:
            thread.join()
        assert found == [20000, 20000]


def test_a_null_handle_is_an_error(compressed):
    context, library = _library.context(1), _library.LIBRARY
    info = _library.QuantizedInfo(size=_library.ctypes.sizeof(_library.QuantizedInfo))
    for call in (
        lambda: library.uwtContainerTensor(None, 0, _library.TensorInfo()),
        lambda: library.uwtContainerFind(None, b"x", _library.TensorInfo()),
        lambda: library.uwtContainerMetadata(None, 0, None, None),
        lambda: library.uwtContainerRead(context, None, b"x", None, 0),
        lambda: library.uwtContainerRead(None, None, b"x", None, 0),
        lambda: library.uwtContainerQuantizedSize(None, None),
        lambda: library.uwtContainerQuantized(None, 0, info),
        lambda: library.uwtContainerReadCodes(context, None, b"x", None, None),
        lambda: library.uwtCodesTensor(None, 0, None, None),
        lambda: library.uwtFindingsGet(None, 0, None, None),
        lambda: library.uwtCompress(None, None, None, None, None),
        lambda: library.uwtWeightInfo(None, 0, None),
    ):
        with pytest.raises(uwt.UsageError, match="is NULL"):
            call()
    assert library.uwtContainerSize(None) == library.uwtContainerMetadataSize(None) == 0
    for name in ("Container", "Codes", "Findings"):
        getattr(library, f"uwt{name}Destroy")(None)


def test_every_handle_goes_through_one_class():
    """Functions that destroy are named where their types are, and where a Handle is made; pointers are made by Handle alone."""
    made, elsewhere = 0, []
    for file in PACKAGE.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        inside = {
            id(argument)
            for call in ast.walk(tree)
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Handle"
            for argument in call.args
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr.startswith("uwt") and node.attr.endswith("Destroy"):
                if id(node) in inside:
                    made += 1
                elif node.attr != "uwtErrorDestroy":
                    elsewhere.append((file.name, node.lineno, node.attr))
            if isinstance(node, ast.FunctionDef) and node.name == "__del__" and file.name != "_handle.py":
                elsewhere.append((file.name, node.lineno, node.name))
    assert not elsewhere
    assert made >= 5


def test_random_uses_of_a_seeded_order(compressed):
    """Opening, using, copying and closing in any order gives values or `is closed`."""
    for seed in range(20):
        chosen = random.Random(seed)
        objects, closed = [uwt.Container(compressed)], set()
        for _ in range(30):
            which = chosen.randrange(len(objects))
            opened = objects[which]
            action = chosen.choice(["read", "close", "copy", "tensors"])
            try:
                if action == "close":
                    opened.close()
                    closed.add(which)
                elif action == "copy":
                    objects.append(copy.copy(opened))
                elif action == "read":
                    assert opened.read("single").shape == (65, 33)
                else:
                    assert len(opened.tensors()) == len(model_tensors())
                assert action == "close" or which not in closed
            except ValueError as error:
                assert which in closed and "is closed" in str(error)


@pytest.mark.parametrize("kind", ["bundles", "stacks"])
def test_a_process_forked_during_a_first_read_reads_itself(tmp_path, kind):
    """Small tensors, and those of one shape, share what the first one that is read opens."""
    chosen = np.random.default_rng(1)
    shape, count = ((100, 10), 900) if kind == "bundles" else ((256, 256), 64)
    tensors = {}
    for i in range(count):
        values = chosen.normal(0, 0.02, shape).astype("<f4") if kind == "bundles" else chosen.normal(0, 1, shape).astype("<f2")
        tensors[f"layers.{i}.w"] = ("F32" if kind == "bundles" else "F16", shape, values.tobytes())
    write_safetensors(tmp_path / "m.safetensors", tensors)
    uwt.compress(tmp_path / "m.safetensors", tmp_path / "c.uwt.safetensors", format="smallest")
    for turn in range(40):
        opened = uwt.Container(tmp_path / "c.uwt.safetensors", check=False)
        name, begun = f"layers.{turn}.w", threading.Event()

        def read(opened=opened, name=name, begun=begun):
            begun.set()
            opened.read(name, threads=1)

        thread = threading.Thread(target=read)
        thread.start()
        begun.wait()
        threading.Event().wait(turn * 0.0003)
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            os._exit(0 if opened.read(name, threads=1).tobytes() == tensors[name][2] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, turn
        thread.join()
        assert opened.read(name).tobytes() == tensors[name][2]
