#!/usr/bin/env python3
"""Runs clang-tidy over lib and tools, in parallel, and skips what was clean before.

A file is clean as long as its text, its headers of ours, its compile command and
.clang-tidy are what they were; such keys are kept in .cache/tidy.

Usage: tidy.py [BUILD_DIR] [FILE...]
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "tidy"
# The analyzer follows paths into MLIR's headers: half of the time, and findings there.
NO_ANALYZER = ("lib/Dialect", "lib/Emission", "lib/Conversion", "lib/GpuKernels", "lib/Emulator",
               "lib/GpuCode", "lib/Compiler", "lib/CAPI",
               "tools/uwt-opt", "tools/uwt-lsp-server", "tools/uwt-plugin", "tools/uwt/compiler")
# Of a function's paths the analyzer looks at so many states: with its own limit of 225,000 it takes half of all time, and
# found nothing more. The check for redundant typenames takes a quarter of the time of a file that includes MLIR.
ANALYZED = [f"--extra-arg={argument}" for argument in ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=30000")]
NOT_ANALYZED = ["--checks=-clang-analyzer-*,-readability-redundant-typename"]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def closure(path, seen):
    """Adds `path` and the headers of ours that it reaches to `seen`."""
    if path in seen or not path.is_file():
        return
    seen.add(path)
    for included in INCLUDE.findall(path.read_text()):
        closure(ROOT / "include" / included, seen)
        closure((path.parent / included).resolve(), seen)


def options_of(entry):
    path = pathlib.Path(entry["file"])
    return NOT_ANALYZED if any(path.is_relative_to(ROOT / folder) for folder in NO_ANALYZER) else ANALYZED


def key_of(entry, common):
    files = set()
    closure(pathlib.Path(entry["file"]), files)
    digest = hashlib.sha256(common)
    digest.update(" ".join([entry["command"]] + options_of(entry)).encode())
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def check(tidy, build, entry, common):
    """Returns (file, ran, output); empty output means clean."""
    marker = CACHE / key_of(entry, common)
    if marker.exists():
        return entry["file"], False, ""
    command = [tidy, "-p", build, "--quiet", entry["file"]] + options_of(entry)
    result = subprocess.run(command, capture_output=True, text=True)
    output = result.stdout
    if result.returncode != 0:
        output = output or result.stderr
    if not output:
        marker.touch()
    return entry["file"], True, output


def entries_to_check(build, wanted):
    database = json.loads((build / "compile_commands.json").read_text())
    folders = (ROOT / "lib", ROOT / "tools")
    for entry in database:
        path = pathlib.Path(entry["file"])
        ours = any(path.is_relative_to(folder) for folder in folders)
        if ours and (not wanted or path in wanted):
            yield entry


def main(arguments):
    build = pathlib.Path(arguments[0] if arguments else ROOT / "build").resolve()
    wanted = {pathlib.Path(name).resolve() for name in arguments[1:]}
    tidy = shutil.which("clang-tidy-22") or shutil.which("clang-tidy")
    if not tidy:
        sys.exit("clang-tidy-22 is missing: run tools/test.sh install")
    CACHE.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([tidy, "--version"], capture_output=True).stdout
    common = version + (ROOT / ".clang-tidy").read_bytes()

    entries = list(entries_to_check(build, wanted))
    ran = dirty = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(check, tidy, build, entry, common) for entry in entries]
        for job in concurrent.futures.as_completed(jobs):
            file, fresh, output = job.result()
            ran += fresh
            if output:
                dirty += 1
                print(f"{pathlib.Path(file).relative_to(ROOT)}:\n{output}", flush=True)
    print(f"tidy: {len(entries)} files, {ran} checked anew, {dirty} with findings")
    return 1 if dirty or not entries else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
