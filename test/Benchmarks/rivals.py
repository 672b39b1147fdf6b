#!/usr/bin/env python3
"""Other programs that compress weights without loss, each as two functions from file to file. Benchmarks only.

They have an environment of their own, since some ask for torch, and ptwm for Python 3.12 or 3.13; ZipNN is built
from source and needs a C compiler. None of them is part of UWT, of its tests, or of what either requires:

    python3.12 -m venv .venv-rivals
    .venv-rivals/bin/pip install numpy==2.2.6 glyd==0.32.1 ptwm==1.1.0 bigsmall==4.0.0 lmzip==1.3.0
    CC=clang-22 .venv-rivals/bin/pip install --no-deps zipnn==0.5.4

With a Python below 3.12 leave ptwm out: a rival that is not installed gets no row.

Usage: rivals.py list                   what is installed, as JSON
       rivals.py encode|decode RIVAL …  as files.py runs it, in a process whose memory it measures
"""

import argparse
import importlib.metadata
import json
import pathlib
import shutil
import sys
import time
import unittest.mock

DTYPES = {"BF16": "bfloat16", "F32": "float32"}


def bytes_of(path):
    """The size of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def dtype_of(path):
    """The name of the first dtype in a safetensors file that is one of floats."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    header.pop("__metadata__", None)
    return next(DTYPES[entry["dtype"]] for entry in header.values() if entry["dtype"] in DTYPES)


def write_tensors(path, like, tensors):
    """The file `like` with the bytes of `tensors`: for a rival that gives tensors back, but no file."""
    with like.open("rb") as file:
        head = file.read(8)
        text = file.read(int.from_bytes(head, "little"))
    header = json.loads(text)
    header.pop("__metadata__", None)
    with path.open("wb") as file:
        file.write(head + text)
        for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            file.write(tensors[name])


class Rival:
    """A program under test. A job has the paths plain, packed, back and base, and a number of threads."""

    name = package = licence = settings = ""
    # It encodes less than 0.01 GB/s: one sample, on one thread, or the benchmark would take an hour.
    slow = False
    has_base = False

    def prepare(self, job):
        """What an encoding needs and does not count."""

    def stored_bytes(self, job):
        return bytes_of(job.packed)


class Glyd(Rival):
    name, package, licence = "glyd", "glyd", "BUSL-1.1"
    # Its default level stores BF16 as it is.
    settings = "--max"
    has_base = True

    def encode(self, job):
        import glyd

        plain = job.plain.read_bytes()
        if job.base:
            job.packed.write_bytes(glyd.compress_with_base(job.base.read_bytes(), plain))
        else:
            job.packed.write_bytes(glyd.compress(plain, level="max", threads=job.threads))

    def decode(self, job):
        import glyd

        packed = job.packed.read_bytes()
        if job.base:
            job.back.write_bytes(glyd.decompress_with_base(job.base.read_bytes(), packed))
        else:
            job.back.write_bytes(glyd.decompress(packed))


class Lmz(Rival):
    name, package, licence = "lmz", "lmzip", "MIT"
    has_base = True

    def prepare(self, job):
        """A fine-tune is appended to the archive of its base."""
        import lmz

        if job.base:
            job.packed.unlink(missing_ok=True)
            lmz.compress(str(job.base), str(job.packed), workers=job.threads)
            job.bytes_of_base = bytes_of(job.packed)

    def encode(self, job):
        import lmz

        if job.base:
            lmz.append(str(job.packed), str(job.plain), workers=job.threads)
        else:
            lmz.compress(str(job.plain), str(job.packed), workers=job.threads)

    def decode(self, job):
        import lmz

        if job.base:
            lmz.extract(str(job.packed), job.plain.name, str(job.back), workers=job.threads, overwrite=True)
        else:
            lmz.decompress(str(job.packed), str(job.back), workers=job.threads, overwrite=True)

    def stored_bytes(self, job):
        return bytes_of(job.packed) - (job.bytes_of_base if job.base else 0)


class ZipNN(Rival):
    name, package, licence = "ZipNN", "zipnn", "MIT"
    has_base = True

    def coder(self, job):
        # It imports torch, which it asks for only to handle torch's tensors: half a gigabyte that is not its own.
        sys.modules["torch"] = unittest.mock.MagicMock()
        from zipnn import ZipNN as Coder

        return Coder(
            method="auto",
            input_format="byte",
            bytearray_dtype=dtype_of(job.plain),
            threads=job.threads,
            delta_compressed_type="byte" if job.base else 0,
        )

    def other(self, job):
        return {"delta_second_data": bytearray(job.base.read_bytes())} if job.base else {}

    def encode(self, job):
        # It changes its input in place, so it gets one that nothing else reads.
        plain = bytearray(job.plain.read_bytes())
        job.packed.write_bytes(self.coder(job).compress(plain, **self.other(job)))

    def decode(self, job):
        packed = bytearray(job.packed.read_bytes())
        job.back.write_bytes(self.coder(job).decompress(packed, **self.other(job)))


class BigSmall(Rival):
    # It writes the header anew: tensors come back, but not the file.
    name, package, licence = "bigsmall", "bigsmall", "Elastic-2.0"
    slow, has_base = True, True

    def encode(self, job):
        import bigsmall

        options = {"workers": job.threads, "progress": False}
        if job.base:
            bigsmall.compress_delta(job.plain, job.base, job.packed, **options)
        else:
            bigsmall.compress(job.plain, job.packed, **options)

    def decode(self, job):
        import bigsmall

        if job.base:
            bigsmall.decompress_delta(job.packed, job.base, job.back, progress=False)
        else:
            bigsmall.decompress(job.packed, job.back, progress=False)


class Ptwm(Rival):
    name, package, licence = "ptwm", "ptwm", "MIT"
    slow, has_base = True, True

    def prepare(self, job):
        if job.packed.is_dir():
            shutil.rmtree(job.packed)

    def encode(self, job):
        import ptwm

        if job.base:
            config = ptwm.CompressionConfig(bytearray_dtype=dtype_of(job.plain), delta_compressed_type="byte")
            packed = ptwm.Compressor(config).compress(job.plain.read_bytes(), job.base.read_bytes())
            job.packed.write_bytes(packed)
        else:
            from ptwm.integrations._compress_safetensors import compress_safetensors_file

            compress_safetensors_file(job.plain, job.packed, use_user_cache=False)

    def decode(self, job):
        import ptwm

        if job.base:
            config = ptwm.DecompressionConfig(delta_second_data=job.base.read_bytes())
            job.back.write_bytes(ptwm.Decompressor(config).decompress(job.packed.read_bytes()))
        else:
            # Its command line writes an empty file here.
            tensors = {}
            for shard in job.packed.glob("*.ptwm"):
                tensors |= ptwm.Decompressor().decompress_container_to_state_dict(shard.read_bytes())
            write_tensors(job.back, job.plain, tensors)


RIVALS = [Glyd(), Lmz(), ZipNN(), BigSmall(), Ptwm()]


def version_of(rival):
    try:
        return importlib.metadata.version(rival.package)
    except importlib.metadata.PackageNotFoundError:
        return None


def describe(rival):
    fields = ("name", "settings", "licence", "slow", "has_base")
    return {field: getattr(rival, field) for field in fields} | {"version": version_of(rival)}


def run(rival, job):
    """Seconds of each sample of a job, and what the file takes."""
    operation = getattr(rival, job.operation)
    seconds = []
    for _ in range(job.samples):
        if job.operation == "encode":
            rival.prepare(job)
        start = time.perf_counter()
        operation(job)
        seconds.append(time.perf_counter() - start)
    encoded = job.operation == "encode"
    return {"seconds": seconds} | ({"bytes": rival.stored_bytes(job)} if encoded else {})


def warm_up(rival, job, sample):
    """The job on a small file, so that no sample has to import, to build or to compile a library."""
    packed, back = (path.with_name(path.name + ".sample") for path in (job.packed, job.back))
    small = argparse.Namespace(**vars(job) | {"plain": sample, "packed": packed, "back": back})
    small.base = sample.with_name("other-" + sample.name) if job.base else None
    rival.prepare(small)
    rival.encode(small)
    if job.operation == "decode":
        rival.decode(small)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="operation", required=True)
    commands.add_parser("list")
    for operation in ("encode", "decode"):
        command = commands.add_parser(operation)
        command.add_argument("rival", choices=[rival.name for rival in RIVALS])
        for path in ("plain", "packed", "back", "sample"):
            command.add_argument(path, type=pathlib.Path)
        command.add_argument("--base", type=pathlib.Path)
        command.add_argument("--threads", type=int, default=1)
        command.add_argument("--samples", type=int, default=1)
    job = parser.parse_args()
    if job.operation == "list":
        print(json.dumps([describe(rival) for rival in RIVALS]))
        return
    rival = next(rival for rival in RIVALS if rival.name == job.rival)
    warm_up(rival, job, job.sample)
    print("\n" + json.dumps(run(rival, job)))


if __name__ == "__main__":
    main()
