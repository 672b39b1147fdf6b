"""Where kernels of GPUs come from: packs that the user gives, then packs that uwt-compiler makes and a folder keeps.

A pack that is made has the kernels of one shape, dtype and format: products of any number of rows, decoding, gathering, and
encoding where devices do that. Products with a bias, which the kernel adds before it rounds, have a pack of their own, and so have grouped products.
"""

from __future__ import annotations

import dataclasses
import fcntl
import functools
import hashlib
import importlib.util
import os
import pathlib
import re
import shutil
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from .. import _cuda, _library
from .._checked import text
from ..errors import InvalidError, IoError, UnsupportedError, UsageError

_Made = TypeVar("_Made")
_SUFFIX = ".uwtpack"
_BIAS, _GROUPED = "-bias", "-grouped"
_ELEMENTS = {"BF16": "bf16", "F16": "f16"}
# What the compiler makes kernels for. Machine code with an "a" runs on that GPU alone.
_TARGETS = ("sm_80", "sm_86", "sm_89", "sm_90a", "sm_120a")
_LOCK = threading.Lock()
_GIVEN: list[pathlib.Path] = []


@dataclasses.dataclass(frozen=True)
class Kernels:
    """What kernels are for."""

    dtype: str
    format: str
    n: int
    k: int
    #: Whether products add a bias; whether they are grouped, by several matrices of such weights.
    bias: bool = False
    grouped: bool = False
    #: How products are computed: of a _cuda.Weight.
    arithmetic: str = "dense"

    def __str__(self) -> str:
        what = "grouped weights" if self.grouped else "weights"
        with_bias = " with a bias" if self.bias else ""
        by = "" if self.arithmetic == "dense" else f", multiplied by {self.arithmetic}"
        return f"{what} [{self.n}, {self.k}] of {self.dtype} in {self.format}{with_bias}{by}"

    @property
    def marks(self) -> str:
        """What the name of a pack ends in, by which packs are told apart that are given."""
        by = "" if self.arithmetic == "dense" else "-" + re.sub(r"[<>]", "", self.arithmetic)
        return f"{_GROUPED if self.grouped else ''}{by}{_BIAS if self.bias else ''}"

    @property
    def file(self) -> str:
        format = re.sub(r"[^A-Za-z0-9]+", "_", self.format).strip("_")
        # Formats whose letters are the same differ in this.
        mark = hashlib.sha256(text("format", self.format)).hexdigest()[:6]
        return f"{self.dtype}-{format}-{mark}-{self.n}x{self.k}{self.marks}{_SUFFIX}"


def use_pack(path: str | os.PathLike[str]) -> None:
    """Has products on GPUs run from the kernels of a pack, or of all packs of a folder, before any that are made here.

    A pack is what `uwt compile --emit pack --weight-kernels encode,decode,gather` writes, or a file of `make_packs`; packs whose
    names end in "-bias.uwtpack" are for products with a bias, in "-integer8.uwtpack" for those by integers, in
    "-integer8-bias.uwtpack" for both. Experts need one of `--grouped` as well. It is code: give those of people whom you trust.
    """
    given = pathlib.Path(path)
    found = sorted(given.glob("*" + _SUFFIX)) if given.is_dir() else [given]
    if not found or not all(each.is_file() for each in found):
        raise IoError(f"{given}: there is no pack: give a file that `uwt compile --emit pack` wrote, or a folder of them")
    with _LOCK:
        _GIVEN.extend(each for each in found if each not in _GIVEN)


def made_by(device: _cuda.Device, what: Kernels, make: Callable[[_cuda.Pack], _Made], name: str = "kernels") -> _Made:
    """What `make` gives for the first pack that has the kernels for it."""
    reasons = []
    for pack in _packs(device, what, reasons):
        try:
            return make(pack)
        except UnsupportedError as error:
            reasons.append(str(error))
    raise UnsupportedError(
        f"uwt.torch has no {name} for {what} on {device.name} ({device.target}): install the compiler (pip install "
        f"'uwt[compiler]'), or give a pack that has them (uwt.torch.use_pack). {'; '.join(dict.fromkeys(reasons))}"
    )


def _packs(device: _cuda.Device, what: Kernels, reasons: list[str]) -> Iterator[_cuda.Pack]:
    for path in list(_GIVEN):
        # Kernels themselves say whether they are grouped, and neither what they add nor by what they multiply.
        mark = re.search(rf"(-integer\d)?({_BIAS})?$", path.stem).group()
        if mark == dataclasses.replace(what, grouped=False).marks:
            yield _opened(device, path)
    try:
        made = pack_of(what, compile_target(device.target))
    except ImportError as error:
        reasons.append(str(error))
        return
    yield _opened(device, made)


@functools.lru_cache(maxsize=None)
def _opened(device: _cuda.Device, path: pathlib.Path) -> _cuda.Pack:
    return _cuda.Pack(device, path)


# Packs that are made.


def compile_target(target: str) -> str:
    """The target whose kernels a GPU runs: "sm_90a" for "sm_90". Of others the newest, whose PTX the driver compiles."""
    if target in _TARGETS:
        return target
    if target + "a" in _TARGETS:
        return target + "a"
    number = int(target.removeprefix("sm_"))
    usable = [each for each in _TARGETS if each[-1].isdigit() and int(each.removeprefix("sm_")) <= number]
    if not usable:
        raise UnsupportedError(f"there are no kernels for {target}: GPUs are served from {_TARGETS[0]} on")
    return usable[-1]


def pack_of(what: Kernels, target: str, folder: pathlib.Path | None = None) -> pathlib.Path:
    """The pack of kernels for a target in a folder, by default the user's, made where it is not there. ImportError where the
    compiler is not installed."""
    from .. import compiler

    folder = folder or _folder() / f"{_build_of(compiler)}-{target}"
    path = folder / what.file
    with _lock_of(path):
        if not path.is_file():
            _make_folder(folder)
            _name_ptxas()
            kernels = () if what.bias else ("encode", "decode") if what.grouped else ("encode", "decode", "gather")
            with _alone(path):
                if not path.is_file():
                    code = text("a module", module_of(what))
                    compiler.compile_pack(
                        code, path, target=target, format=what.format, weight_kernels=kernels, grouped=what.grouped,
                        arithmetic=what.arithmetic,
                    )  # fmt: skip
    return path


@contextmanager
def _alone(path: pathlib.Path) -> Iterator[None]:
    """Waits for other processes that make the same pack: ranks of a model want the same ones at the same time."""
    name = path.with_suffix(".lock")
    with open(name, "wb") as lock:
        # Where a file system has no locks, each makes its own: a pack replaces another one whole.
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # Whoever waits for it, or makes another one, finds the pack.
            with suppress(FileNotFoundError):
                os.unlink(name)


def make(wanted: Iterable[Kernels], target: str, folder: pathlib.Path | None = None) -> list[pathlib.Path]:
    """The packs of several kernels (`pack_of`), which are made side by side."""
    return _side_by_side(lambda what: pack_of(what, target, folder), wanted)


def _side_by_side(make: Callable[[Kernels], _Made], wanted: Iterable[Kernels]) -> list[_Made]:
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        return list(workers.map(make, dict.fromkeys(wanted)))


def make_ahead(wanted: Iterable[Kernels], target: str) -> None:
    """The same, where there is a compiler and no pack that was given. Of what there are no kernels for, who asks for it hears."""
    if _GIVEN or _why_no_compiler() is not None:
        return

    def attempt(what: Kernels) -> None:
        with suppress(InvalidError, UnsupportedError):
            pack_of(what, compile_target(target))

    _side_by_side(attempt, wanted)


@functools.lru_cache(maxsize=None)
def _lock_of(path: pathlib.Path) -> threading.Lock:
    return threading.Lock()


def _build_of(compiler: Any) -> str:
    """The versions that kernels depend on: of the library, and of this very file of the compiler's."""
    status = os.stat(compiler.library_path())
    mark = hashlib.sha256(text("a mark", f"{status.st_size} {status.st_mtime_ns}")).hexdigest()[:8]
    return f"{_library.version()}-{mark}"


@functools.cache
def _temporary() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="uwt-packs-")


def _folder() -> pathlib.Path:
    """Where packs are kept: as programs are (uwt.compiler.keep_programs), in a folder beside them."""
    given = os.environ.get("UWT_CACHE")
    if given == "none":
        return pathlib.Path(_temporary().name)
    if given:
        return pathlib.Path(given) / "packs"
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(caches) / "uwt" / "packs"


def _make_folder(folder: pathlib.Path) -> None:
    """Makes a folder. UsageError for one that others may write to: packs are code."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise IoError(f"{folder}: cannot be made: {error}") from error
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UsageError(f"{folder}: others may write to this folder, and packs in it are code: set UWT_CACHE to one of your own")


def why_none() -> str | None:
    """Why there are no kernels here, neither given nor to be made, for any GPU."""
    if _GIVEN:
        return None
    why = _why_no_compiler()
    if why is not None:
        return f"{why}, which makes kernels of GPUs, or give packs"
    return None if _name_ptxas() else "NVIDIA's ptxas, which makes kernels of GPUs, is not found: pip install nvidia-cuda-nvcc"


def _why_no_compiler() -> str | None:
    try:
        from .. import compiler  # noqa: F401
    except ImportError as error:
        return str(error)
    return None


def _name_ptxas() -> bool:
    """Names NVIDIA's assembler to the compiler, where it lies in packages of this Python: PyTorch brings Triton's. Whether there is
    one."""
    if os.environ.get("UWT_PTXAS") or shutil.which("ptxas") or os.path.exists("/usr/local/cuda/bin/ptxas"):
        return True
    found = importlib.util.find_spec("triton")
    folders = [pathlib.Path(each) / "backends" / "nvidia" for each in (found and found.submodule_search_locations) or []]
    folders += [each for path in sys.path for each in pathlib.Path(path or ".").glob("nvidia/*")]
    for folder in folders:
        if os.access(folder / "bin" / "ptxas", os.X_OK):
            os.environ["UWT_PTXAS"] = str(folder / "bin" / "ptxas")
            return True
    return False


def module_of(what: Kernels) -> str:
    """The module of a product: y = x · wᵀ, summed in f32, with the bias added to that, and rounded once."""
    if what.dtype not in _ELEMENTS:
        raise UsageError(f"products on GPUs run from {' and '.join(_ELEMENTS)}, not from {what.dtype}")
    element = _ELEMENTS[what.dtype]
    x, y, b = f"tensor<?x{what.k}x{element}>", f"tensor<?x{what.n}x{element}>", f"tensor<{what.n}x{element}>"
    w = f'!uwt.compressed<{what.n}x{what.k}x{element}, "{what.format}">'
    inputs, extras, arguments, added = f"%x: {x}", "", "%sum: f32", "%sum"
    lines = []
    if what.bias:
        inputs += f", %b: {b}"
        extras = f"extras(%b : {b}) maps [affine_map<(m, n) -> (n)>] "
        arguments += f", %bias: {element}"
        lines = [f"%wide = arith.extf %bias : {element} to f32", "%added = arith.addf %sum, %wide : f32"]
        added = "%added"
    lines += [f"%r = arith.truncf {added} : f32 to {element}", f"uwt.yield %r : {element}"]
    body = "\n    ".join(lines)
    return f"""func.func @linear({inputs}) -> {y} {{
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : {x}
  %w = uwt.weight "w" : {w}
  %init = tensor.empty(%m) : {y}
  %y = uwt.matmul ins(%x, %w : {x}, {w}) {extras}outs(%init : {y}) {{
  ^bb0({arguments}):
    {body}
  }} -> {y}
  return %y : {y}
}}
"""
