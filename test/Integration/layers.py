"""Checks that includes follow the arrows of docs/architecture.md.

    Support -> Target -> Format -> Codec -> Container -> Runtime -> Cuda -> CostModel  without LLVM
            -> Dialect -> Emission -> Conversion -> GpuKernels -> Emulator -> GpuCode -> Compiler -> CAPI -> tools  with MLIR

A library may include its own public and private headers, and the public headers
of the libraries before it. Those of the first row may not include LLVM or MLIR.

Usage: layers.py [ROOT]; prints each violation and ends with 1 if there is one.
"""

import pathlib
import re
import sys

LLVM_FREE = ["Support", "Target", "Format", "Codec", "Container", "Runtime", "Cuda", "CostModel"]
LIBRARIES = LLVM_FREE + ["Dialect", "Emission", "Conversion", "GpuKernels", "Emulator",
                         "GpuCode", "Compiler", "CAPI"]
# Tools that link the runtime only.
LLVM_FREE_TOOLS = ["uwt-bench"]
# What TableGen makes.
GENERATED = (".h.inc", ".cpp.inc")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)
FORBIDDEN = ("llvm", "llvm-c", "mlir", "mlir-c")


def library_of(path):
    """The library that a file of include/uwt or lib belongs to, None for a tool."""
    if path.parts[0] == "tools":
        return None
    if path.parts[:2] == ("include", "uwt-c"):
        return "CAPI"
    return path.parts[2] if path.parts[0] == "include" else path.parts[1]


def violation(root, path, quote, included):
    """Why `path` must not include `included`, or None."""
    first = included.split("/")[0]
    own = library_of(path)
    if first in FORBIDDEN:
        is_free = own in LLVM_FREE or (own is None and path.parts[1] in LLVM_FREE_TOOLS)
        return "includes LLVM or MLIR" if is_free else None
    if first in ("uwt", "uwt-c"):
        library = included.split("/")[1] if first == "uwt" else "CAPI"
        if included.endswith(GENERATED):
            declared = (root / "include" / included).parent
            return None if any(declared.glob("*.td")) else "is not generated"
        if not (root / "include" / included).is_file():
            return "is not a public header"
        if own and LIBRARIES.index(library) > LIBRARIES.index(own):
            return f"points from {own} up to {library}"
        return None
    if quote == "<":
        return None
    if path.parts[0] == "include":
        return "a public header includes a private one"
    target = (root / path.parent / included).resolve()
    folder = root / ("lib/" + own if own else "tools/" + path.parts[1])
    if not target.is_relative_to(folder.resolve()):
        return f"leaves {folder.relative_to(root)}"
    template = target.with_name(target.name + ".in")
    return None if target.is_file() or template.is_file() else "does not exist"


def sources(root):
    for folder in ("include/uwt", "include/uwt-c", "lib", "tools"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cpp", ".inc", ".def"):
                yield path


def main(root):
    files = list(sources(root))
    failures = 0
    for file in files:
        path = file.relative_to(root)
        own = library_of(path)
        if own and own not in LIBRARIES:
            print(f"{path}: library '{own}' has no place among {' -> '.join(LIBRARIES)}")
            failures += 1
            continue
        for quote, included in INCLUDE.findall(file.read_text()):
            if reason := violation(root, path, quote, included):
                print(f"{path}: {included}: {reason}")
                failures += 1
    print(f"layers: {len(files)} files, {failures} violations")
    return 1 if failures or not files else 0


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parents[2]
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else default))
