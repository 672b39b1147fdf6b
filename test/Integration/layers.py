"""Checks that includes follow the arrows of docs/architecture.md.

A room (a folder of lib and include/uwt) may include its own public and private headers, and the
public headers of the rooms that its arrows lead to, over others too. Rooms without MLIR include
neither LLVM nor MLIR. Each arrow is needed, and stands in the table of that page. Header guards
follow the paths, namespaces the rooms.

Usage: layers.py [ROOT]; prints each violation and ends with 1 if there is one.
"""

import pathlib
import re
import sys

LLVM_FREE = {
    "Support": [],
    "Target": ["Support"],
    "Format": ["Support"],
    "Codec": ["Format"],
    "Container": ["Codec"],
    "Import": ["Container"],
    "CommandLine": ["Support"],
    "Bench": ["CommandLine", "Container"],
    "Pack": ["Container"],
    "Runtime": ["Import"],
    "Cuda": ["Pack", "Runtime", "Target"],
    "CostModel": ["Codec", "Target"],
    "Kernels": ["Runtime", "Target"],
    "CAPI": ["Cuda", "Kernels"],
    "Torch": ["CAPI"],
}
ARROWS = LLVM_FREE | {
    "Rewrite": [],
    "Dialect": ["CostModel", "Import", "Pack", "Rewrite"],
    "Input": ["Dialect"],
    "Codegen/Decode": ["Dialect", "Runtime"],
    "Codegen/Math": ["Rewrite"],
    "Codegen/CPU": ["Codegen/Decode", "Codegen/Math", "Input"],
    "Codegen/GPU": ["Codegen/Decode", "Codegen/Math"],
    "Codegen/NVPTX": ["Codegen/Math", "Dialect"],
    "MachineCode": ["Support"],
    "CudaTools": ["Codegen/NVPTX", "MachineCode"],
    "Emulator": ["Cuda", "Dialect"],
    "Compiler": ["Bench", "Codegen/CPU", "Codegen/GPU", "CudaTools", "Emulator"],
    "CompilerCAPI": ["CAPI", "Compiler"],
}
# Rooms and tools whose names have a namespace of their own below uwt; those of the others are the
# words that everybody uses.
NAMESPACES = {
    "Bench": "bench",
    "CommandLine": "command_line",
    "Cuda": "cuda",
    "CudaTools": "cuda_tools",
    "Emulator": "emulator",
    "MachineCode": "machine_code",
    "uwt": "tool",
    "uwt-bench": "bench",
} | {room: "codegen" for room in ARROWS if room.startswith("Codegen/")}
# Folders of a room with a namespace below the room's.
FOLDER_NAMESPACES = {"lib/Emulator/PTX": "emulator::ptx"}
# Tools that link the runtime only.
LLVM_FREE_TOOLS = ["uwt-bench"]
# What TableGen makes.
GENERATED = (".h.inc", ".cpp.inc")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)
NAMESPACE = re.compile(r"^namespace (uwt[\w:]*) \{\n(.*?)^\} // namespace \1$", re.MULTILINE | re.DOTALL)
# What files say of classes of other rooms.
DECLARATIONS = re.compile(r"(\s*(class|struct|enum class) \w+( : \w+)?;)*\s*")
FORBIDDEN = ("llvm", "llvm-c", "mlir", "mlir-c")
# What waits for a FIFO, or reads a device without end. Files that users name go through readRegularFile, readTextFile or MappedFile.
OPENERS = re.compile(r"\b(ifstream|fopen|freopen)\b|MemoryBuffer::getFile|\bopenInputFile\b|\bfilebuf\b")
# Paths of the system, files that the program itself has just made, and the one tool that opens as MLIR's do.
OWN_PATHS = {"lib/Bench/BenchReport.cpp", "lib/CudaTools/CudaTools.cpp", "tools/uwt/CompressReport.cpp", "tools/uwt/Doctor.cpp", "tools/uwt-opt/uwt-opt.cpp"}
# The one door of JSON from files (include/uwt/Support/JsonTree.h); LLVM's parser stands behind a check of it.
PARSE = re.compile(r"\b[Jj]son::(sax_)?parse\(")
DOORS = {"include/uwt/Support/JsonTree.h": "Tree::parse", "lib/Support/Json.cpp": "sax_parse", "lib/Compiler/ProgramCode.cpp": "checkJson("}
# MLIR's greedy driver and canonicalizer have no bound; include/uwt/Rewrite/GreedyRewrites.h is the one door to them.
UNBOUNDED = re.compile(r"\b(apply(Op)?PatternsGreedily|createCanonicalizerPass)\(")
GUARD = re.compile(r"^#ifndef (\w+)\n#define \1\n", re.MULTILINE)


def room_at(parts):
    """The room of a file, by the folders of its path below lib or include/uwt."""
    return "/".join(parts[:2]) if parts[0] == "Codegen" else parts[0]


def room_of_c(header):
    """The room of a header of include/uwt-c."""
    return {"Compiler.h": "CompilerCAPI", "Torch.h": "Torch"}.get(header, "CAPI")


def room_of(path):
    """The room that a file of include or lib belongs to, None for a tool."""
    if path.parts[0] == "tools":
        return None
    if path.parts[:2] == ("include", "uwt-c"):
        return room_of_c(path.name)
    return room_at(path.parts[2 if path.parts[0] == "include" else 1:])


def reached(room):
    """The room, and those that its arrows lead to, over others too."""
    rooms = {room}
    for other in ARROWS[room]:
        rooms |= reached(other)
    return rooms


def violation(root, path, quote, included):
    """Why `path` must not include `included`, or None."""
    first = included.split("/")[0]
    own = room_of(path)
    if first in FORBIDDEN:
        is_free = own in LLVM_FREE or (own is None and path.parts[1] in LLVM_FREE_TOOLS)
        return "includes LLVM or MLIR" if is_free else None
    if first in ("uwt", "uwt-c"):
        inside = included.split("/")[1:]
        room = room_at(inside) if first == "uwt" else room_of_c(inside[0])
        if included.endswith(GENERATED):
            declared = (root / "include" / included).parent
            return None if any(declared.glob("*.td")) else "is not generated"
        if not (root / "include" / included).is_file():
            return "is not a public header"
        if own and room not in reached(own):
            return f"there is no arrow from {own} to {room}"
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


def guard_violation(path, text):
    """What is wrong with the header guard of `path`, or None. Those of C stand alone."""
    if path.suffix not in (".h", ".td") or path.parts[:2] == ("include", "uwt-c"):
        return None
    name = str(path).removesuffix(".td").removeprefix("include/")
    if path.parts[0] != "include":
        name = f"uwt/{name}"
    wanted = re.sub(r"[/.]", "_", name.replace("-", "").upper())
    guard = GUARD.search(text)
    return None if guard and guard[1] == wanted else f"its guard has to be {wanted}"


def namespace_violations(path, text):
    """Namespaces that are not the one of the file's room, but for declarations of others' classes."""
    room = room_of(path) or path.parts[1]
    known = FOLDER_NAMESPACES.get(str(path.parent)) or NAMESPACES.get(room)
    wanted = f"uwt::{known}" if known else "uwt"
    for name, body in NAMESPACE.findall(text):
        is_below = room not in NAMESPACES and name.startswith("uwt::") and name.split("::")[1] not in NAMESPACES.values()
        if name != wanted and not is_below and not DECLARATIONS.fullmatch(body):
            yield f"its namespace has to be {wanted}, not {name}"


def arrow_violations(used):
    """Arrows that nobody needs; `used` are pairs of rooms, of which the first includes the second."""
    for room, arrows in ARROWS.items():
        for other in arrows:
            around = [each for each in arrows if each != other and other in reached(each)]
            if (room, other) not in used:
                yield f"{room} includes nothing of {other}: its arrow is not needed"
            elif around:
                yield f"the arrow from {room} to {other} is not needed: {around[0]} leads there"


def page_violations(root):
    """Rows of the table of docs/architecture.md that say other arrows, or are not there."""
    rows = {}
    for line in (root / "docs/architecture.md").read_text().splitlines():
        cells = line.split("|")
        if len(cells) == 6:
            rows[cells[1].strip(" `")] = re.findall("`([^`]+)`", cells[3])
    for room, arrows in ARROWS.items():
        if rows.get(room) != arrows:
            yield f"docs/architecture.md: the arrows of '{room}' are {arrows}, its table says {rows.get(room)}"


def sources(root):
    for folder in ("include/uwt", "include/uwt-c", "lib", "tools"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cpp", ".inc", ".def", ".td"):
                yield path


def violations(root, files):
    used = set()
    for file in files:
        path = file.relative_to(root)
        own = room_of(path)
        if own and own not in ARROWS:
            yield f"{path}: room '{own}' is not among {', '.join(ARROWS)}"
            continue
        text = file.read_text()
        if (opener := OPENERS.search(text)) and str(path) not in OWN_PATHS:
            yield f"{path}: {opener[0]} opens what is no regular file too: use readRegularFile, readTextFile or MappedFile"
        if (unbounded := UNBOUNDED.search(text)) and own != "Rewrite":
            yield f"{path}: {unbounded[1]} may never end: use uwt::rewriteGreedily or uwt::createCanonicalizePass"
        if reason := guard_violation(path, text):
            yield f"{path}: {reason}"
        for reason in namespace_violations(path, text):
            yield f"{path}: {reason}"
        if PARSE.search(text) and DOORS.get(str(path), "\0") not in text:
            yield f"{path}: JSON is parsed without the checks of uwt/Support/JsonTree.h"
        for quote, included in INCLUDE.findall(text):
            if reason := violation(root, path, quote, included):
                yield f"{path}: {included}: {reason}"
            if included.startswith("uwt/"):
                used.add((own, room_at(included.split("/")[1:])))
    yield from arrow_violations(used)
    yield from page_violations(root)


def main(root):
    files = list(sources(root))
    failures = list(violations(root, files))
    for failure in failures:
        print(failure)
    print(f"layers: {len(files)} files, {len(failures)} violations")
    return 1 if failures or not files else 0


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parents[2]
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else default))
