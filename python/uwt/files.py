"""Whole files and folders: compressing, decompressing, verifying, and looking at them."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import pathlib
from collections.abc import Callable, Iterable
from typing import Any, Literal

from ._checked import PathLike, path_bytes, text, texts, uint
from ._container import Container, Range, Tensor
from ._handle import Handle
from ._library import (
    LIBRARY,
    PROGRESS,
    CompressOptions,
    DecompressOptions,
    VerifyOptions,
    context,
)
from ._library import Report as LibraryReport
from .errors import Interrupted

#: None: nothing. True: a bar in the terminal or notebook. Else it is called with the bytes of originals that are done
#: and their number; what is true stops the work, which then raises Interrupted.
Progress = bool | Callable[[int, int], Any] | None
#: What files of compressed weights end with.
SUFFIX = ".uwt.safetensors"
#: (i, n): shard i, from 0, of n. "finish": what is left when all are done. None: everything.
Shard = tuple[int, int] | Literal["finish"] | None


@dataclasses.dataclass(frozen=True)
class Report:
    """What was done: files of weights, and bytes of all files."""

    files: int
    input_bytes: int
    output_bytes: int
    #: What decompressing gives back.
    original_bytes: int


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a file."""

    #: File or tensor; may be empty.
    where: str
    message: str


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What is in a file or folder."""

    file_bytes: int
    original_bytes: int
    metadata: dict[str, str]
    tensors: list[Tensor]


class _Watch:
    """A progress callback for one call: C's, over the caller's or a bar."""

    def __init__(self, progress: Progress, what: str) -> None:
        self.raised: BaseException | None = None
        self.bar: Any = None
        self.told = progress
        if progress is True:
            from tqdm.auto import tqdm

            self.bar = tqdm(desc=what, unit="B", unit_scale=True)
            self.told = self.move
        self.callback = PROGRESS(self.call) if self.told else PROGRESS()

    def move(self, done: int, total: int) -> None:
        self.bar.total = total
        self.bar.update(done - self.bar.n)

    def call(self, _: object, done: int, total: int) -> int:
        try:
            return 1 if self.told(done, total) else 0
        except BaseException as raised:  # It must not leave through C.
            self.raised = raised
            return 1

    def __enter__(self) -> _Watch:
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if self.bar is not None:
            self.bar.close()
        if self.raised is not None and (error is None or isinstance(error, Interrupted)):
            raise self.raised


def _report_of(report: LibraryReport) -> Report:
    return Report(report.files, report.input_bytes, report.output_bytes, report.original_bytes)


def _shard(shard: tuple[int, int]) -> tuple[int, int]:
    is_pair = not isinstance(shard, str) and len(shard) == 2
    if not is_pair or shard[0] < 0 or not uint("shard", shard[0]) < uint("shard", shard[1]):
        raise ValueError(f"shard is (i, n) with i from 0 to n - 1, or 'finish', got {shard!r}")
    return shard


def check_version(version: int) -> None:
    """Raises ValueError for a compressed folder of another version."""
    if version != 1:
        raise ValueError(f"this package reads version 1 of compressed folders, got {version}")


def original_config(folder: PathLike) -> Any:
    """The quantization_config that a folder had before it was compressed: None where it was not quantised."""
    path = pathlib.Path(folder) / "config.json"
    if not path.is_file():
        return None
    config = json.loads(path.read_text(encoding="utf-8"))
    ours = config.get("quantization_config", config.get("text_config", {}).get("quantization_config"))
    return ours.get("original") if isinstance(ours, dict) and ours.get("quant_method") == "uwt" else None


def compressed_path(source: PathLike) -> pathlib.Path:
    """Where `compress` writes: model.safetensors to model.uwt.safetensors, a folder to folder-uwt."""
    path = pathlib.Path(source)
    if path.is_dir():
        resolved = path.resolve()
        return resolved.with_name(resolved.name + "-uwt")
    return path.with_name(path.name.removesuffix(".safetensors") + SUFFIX)


def compress(
    source: PathLike,
    target: PathLike | None = None,
    *,
    format: str = "best-size",
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    base: PathLike | None = None,
    cast: str | None = None,
    cast_vectors: bool = False,
    sha256: bool = False,
    verify: bool = True,
    overwrite: bool = False,
    dry_run: bool = False,
    shard: Shard = None,
    incomplete: bool = False,
    threads: int = 0,
    progress: Progress = None,
) -> Report:
    """Compresses a safetensors file or a model folder, bit for bit.

    Args:
        target: where to; None for `compressed_path(source)`.
        format: "best-size", "smallest" (for downloads), "fast", or a format such as "inplace<12>".
        include, exclude: globs over names of tensors: with `include` only these are compressed, those of `exclude` are not.
        base: a model that is similar: only what differs is stored, and decompressing needs it too.
        cast: "bf16" rounds F32 and F16 tensors of rank 2 and more first, but those that `include` and `exclude` leave out,
            and what quantised weights are made of.
        cast_vectors: `cast` rounds tensors of rank 0 and 1 too.
        sha256: records SHA-256 of the originals.
        verify: compares what was written with its source.
        overwrite: replaces an existing target.
        dry_run: does all the work and writes nothing.
        shard: of a folder, for machines that work on it together: (i, n) compresses shard i, from 0, of n of its weight
            files and nothing else; "finish" writes the rest when all are done. `uwt.ray.compress` does both.
        incomplete: compresses a folder whose index names files that are not there.

    Raises UsageError, InvalidError, IoError; Interrupted where `progress` stopped it. Nothing is then half-written.
    """
    if cast not in (None, "bf16"):
        raise ValueError(f"cast is 'bf16' or None, got {cast!r}")
    options, report = CompressOptions(), LibraryReport(size=ctypes.sizeof(LibraryReport))
    LIBRARY.uwtCompressOptionsInit(options, ctypes.sizeof(options))
    options.format = text("format", format)
    included, excluded = texts("include", include), texts("exclude", exclude)
    options.include, options.include_count = included, len(included)
    options.exclude, options.exclude_count = excluded, len(excluded)
    options.base = path_bytes(base)
    options.cast_to_bf16, options.cast_vectors = cast is not None, cast_vectors
    options.sha256, options.no_verify = sha256, not verify
    options.overwrite, options.dry_run = overwrite, dry_run
    options.incomplete = incomplete
    if shard == "finish":
        options.finish_shards = True
    elif shard is not None:
        options.shard, options.shard_count = _shard(shard)
    to = compressed_path(source) if target is None else target
    with _Watch(progress, "compress") as watch:
        options.progress = watch.callback
        LIBRARY.uwtCompress(context(threads), path_bytes(source), path_bytes(to), options, report)
    return _report_of(report)


def decompress(
    source: PathLike,
    target: PathLike,
    *,
    base: PathLike | None = None,
    max_bytes: int | None = None,
    overwrite: bool = False,
    threads: int = 0,
    progress: Progress = None,
) -> Report:
    """Gives back the original of a compressed file or folder, byte for byte; checksums are verified before.

    Args:
        base: the model that the source was compressed against.
        max_bytes: what would become more is refused before anything is written: files of strangers may stand for any
            number of bytes.

    Raises as `compress`.
    """
    if max_bytes is not None and uint("max_bytes", max_bytes) < 1:
        raise ValueError(f"max_bytes is at least 1, got {max_bytes}")
    options, report = DecompressOptions(), LibraryReport(size=ctypes.sizeof(LibraryReport))
    LIBRARY.uwtDecompressOptionsInit(options, ctypes.sizeof(options))
    options.max_bytes = max_bytes or 0
    options.overwrite = overwrite
    options.base = path_bytes(base)
    with _Watch(progress, "decompress") as watch:
        options.progress = watch.callback
        LIBRARY.uwtDecompress(context(threads), path_bytes(source), path_bytes(target), options, report)
    return _report_of(report)


def verify(
    path: PathLike,
    *,
    base: PathLike | None = None,
    against: PathLike | None = None,
    decode: bool = False,
    threads: int = 0,
    progress: Progress = None,
) -> list[Finding]:
    """Finds any changed bit of a compressed file or folder; an empty list where there is none.

    Args:
        against: the original, to compare every byte with.
        decode: decodes every tensor. Checksums find damage without that.

    Raises IoError, UnsupportedError; Interrupted where `progress` stopped it. At most 1,000 findings are given.
    """
    options = VerifyOptions()
    LIBRARY.uwtVerifyOptionsInit(options, ctypes.sizeof(options))
    options.base, options.against = path_bytes(base), path_bytes(against)
    options.decode = decode
    with _Watch(progress, "verify") as watch:
        options.progress = watch.callback
        made = Handle(
            "a handle of findings",
            LIBRARY.uwtFindingsDestroy,
            LIBRARY.uwtVerify,
            context(threads),
            path_bytes(path),
            options,
        )
    where, message, found = ctypes.c_char_p(), ctypes.c_char_p(), []
    with made as findings:
        for index in range(min(LIBRARY.uwtFindingsCount(findings), 1000)):
            LIBRARY.uwtFindingsGet(findings, index, ctypes.byref(where), ctypes.byref(message))
            # Paths in them may be no Unicode.
            texts_of = (each.value or b"" for each in (where, message))
            found.append(Finding(*(each.decode(errors="backslashreplace") for each in texts_of)))
    return found


def inspect(path: PathLike, *, base: PathLike | None = None) -> Inspection:
    """What is in a file or folder: sizes, metadata, and each tensor with its format."""
    with Container(path, base=base) as opened:
        return Inspection(opened.file_bytes, opened.original_bytes, opened.metadata(), opened.tensors())


def slice(
    path: PathLike,
    name: str,
    *,
    rows: Range | None = None,
    columns: Range | None = None,
    expert: int | None = None,
    rank: tuple[int, int] | None = None,
    axis: str = "rows",
    base: PathLike | None = None,
    framework: str = "np",
    threads: int = 0,
) -> Any:
    """A tensor of a file or folder, or a part of it: see `Container.read_part`."""
    with Container(path, base=base) as opened:
        return opened.read_part(
            name, rows=rows, columns=columns, expert=expert, rank=rank, axis=axis, framework=framework, threads=threads
        )
