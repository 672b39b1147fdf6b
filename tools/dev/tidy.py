#!/usr/bin/env python3
"""Runs clang-tidy over lib and tools, in parallel, and skips what was clean before.

A folder is one translation unit, written to .cache/tidy: of a file's time most are headers. So names of file scope differ
in a folder; two of one name are an error here. Some files are units of their own (ALONE), and so are files that are given.

With --changed-within DAYS only those units are checked that reach a file which a commit of the last DAYS days, or nobody yet,
has changed; the rest was checked when it landed. In a clone without history that is every unit.

A unit is clean as long as its text, its headers of ours, its compile command and
.clang-tidy are what they were; such keys are kept in .cache/tidy.

Usage: tidy.py [--changed-within DAYS] [BUILD_DIR] [FILE...]
"""

import argparse
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
UNITS = CACHE / "units"
WITH_MLIR = ("lib/Dialect", "lib/Input", "lib/Codegen", "lib/MachineCode", "lib/CudaTools", "lib/Emulator",
             "lib/Compiler", "lib/CAPI", "tools/uwt-opt", "tools/uwt-lsp-server", "tools/uwt-plugin", "tools/uwt/compiler")
# The analyzer follows paths into MLIR's headers: half of the time, and findings there. The check for redundant typenames
# takes a quarter of it.
NOT_ANALYZED = "-clang-analyzer-*,-readability-redundant-typename"
# Of a function's paths the analyzer looks at so many states: with its own limit of 225,000 it takes half of all time, and
# found nothing more.
ANALYZED = [f"--extra-arg={argument}" for argument in ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=30000")]
# A unit of a folder includes its files.
TOGETHER = r"--header-filter=/(include/uwt|lib/[A-Z][A-Za-z]*|tools/uwt)/[A-Za-z/]+\.(h|cpp)$"
# Files for an instruction set, as in cmake/AddUWT.cmake, and main functions, whose programs have definitions of their own.
ALONE = re.compile("(Avx2|Avx512|Neon|Scalar|/main)[.]cpp$")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


class Unit:
    """What clang-tidy is started for: a file, or those of a folder."""

    def __init__(self, file, files, options, command):
        self.file, self.files, self.options, self.command = file, files, options, command

    def reached(self):
        """The unit's files and the headers of ours that they include."""
        files = set()
        for file in self.files:
            closure(file, files)
        return files

    def key(self, common):
        files = self.reached()
        digest = hashlib.sha256(common)
        digest.update(" ".join([self.command] + self.options).encode())
        for file in sorted(files):
            digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()


def closure(path, seen):
    """Adds `path` and the headers of ours that it reaches to `seen`."""
    if path in seen or not path.is_file():
        return
    seen.add(path)
    for included in INCLUDE.findall(path.read_text()):
        closure(ROOT / "include" / included, seen)
        closure((path.parent / included).resolve(), seen)


def includes_mlir(path):
    return any(path.is_relative_to(ROOT / folder) for folder in WITH_MLIR)


def options_of(file, are_together):
    """Of clang-tidy, for a file or for a folder with this file."""
    left_out = [NOT_ANALYZED] if includes_mlir(file) else []
    options = [] if includes_mlir(file) else list(ANALYZED)
    if are_together:
        left_out.append("-bugprone-suspicious-include")
        options.append(TOGETHER)
    return options + [f"--checks={','.join(left_out)}"]


def units_of(entries, build, alone):
    """Units of (file, compile command) pairs, the largest first."""
    folders = {}
    for file, command in entries:
        own = alone or ALONE.search(str(file))
        folders.setdefault(file if own else file.parent, []).append((file, command))
    units = []
    for place, pairs in folders.items():
        files = sorted(file for file, _ in pairs)
        file, command = min(pairs)
        if len(files) == 1:
            units.append(Unit(file, files, options_of(file, are_together=False), command))
            continue
        together = UNITS / f"{str(place.relative_to(ROOT)).replace('/', '-')}.cpp"
        together.write_text("".join(f'#include "{each}"\n' for each in files))
        units.append(Unit(together, files, options_of(file, are_together=True),
                          command.replace(str(file), str(together))))
    (UNITS / "compile_commands.json").write_text(json.dumps(
        [{"directory": str(build), "file": str(unit.file), "command": unit.command} for unit in units]))
    return sorted(units, key=lambda unit: -len(unit.files))


def check(tidy, unit, common):
    """Returns (unit, ran, output); empty output means clean."""
    marker = CACHE / unit.key(common)
    if marker.exists():
        return unit, False, ""
    result = subprocess.run([tidy, "-p", UNITS, "--quiet", unit.file] + unit.options, capture_output=True, text=True)
    output = result.stdout
    if result.returncode != 0:
        output = output or result.stderr
    if not output:
        marker.touch()
    return unit, True, output


def compile_commands(build):
    """Yields (file, command), also of files that a unity build (UWT_UNITY_BUILD) compiles as one."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if path.parent.name != "Unity":
            yield path, entry["command"]
            continue
        for included in INCLUDE.findall(path.read_text()):
            file = ROOT / included
            yield file, entry["command"].replace(str(path), str(file))


def entries_to_check(build, wanted):
    folders, seen = (ROOT / "lib", ROOT / "tools"), set()
    for path, command in compile_commands(build):
        ours = any(path.is_relative_to(folder) for folder in folders)
        # Tests compile some sources of the tool again.
        if ours and (not wanted or path in wanted) and path not in seen:
            seen.add(path)
            yield path, command


def changed_within(days):
    """Files that commits of the last `days` days have changed, and those of the working tree that are not committed."""
    commands = (["log", f"--since={days} days ago", "--name-only", "--format="], ["diff", "--name-only", "HEAD"],
                ["ls-files", "--others", "--exclude-standard"])
    names = set()
    for command in commands:
        names |= set(subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n"))
    return {ROOT / name for name in names if name}


def units_to_check(build, wanted, days):
    units = units_of(entries_to_check(build, wanted), build, alone=bool(wanted))
    if days is None:
        return units
    changed = changed_within(days)
    # All units depend on these.
    if changed & {ROOT / ".clang-tidy", pathlib.Path(__file__).resolve()}:
        return units
    return [unit for unit in units if unit.reached() & changed]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--changed-within", type=int, metavar="DAYS")
    parser.add_argument("build", nargs="?", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    build, wanted = options.build.resolve(), {file.resolve() for file in options.files}
    tidy = shutil.which("clang-tidy-22") or shutil.which("clang-tidy")
    if not tidy:
        sys.exit("clang-tidy-22 is missing: run tools/test.sh install")
    UNITS.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([tidy, "--version"], capture_output=True).stdout
    common = version + (ROOT / ".clang-tidy").read_bytes()

    units = units_to_check(build, wanted, options.changed_within)
    files = sum(len(unit.files) for unit in units)
    ran = dirty = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(check, tidy, unit, common) for unit in units]
        for job in concurrent.futures.as_completed(jobs):
            unit, fresh, output = job.result()
            ran += len(unit.files) * fresh
            if output:
                dirty += 1
                print(f"{unit.file.relative_to(ROOT)}:\n{output}", flush=True)
    print(f"tidy: {files} files in {len(units)} units, {ran} checked anew, {dirty} units with findings")
    return 1 if dirty or (not units and options.changed_within is None) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
