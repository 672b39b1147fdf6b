"""Checks that codecs are named in their own files alone.

What others need to know about a codec is a trait that its file fills (include/uwt/Codec/Codec.h), so code of
include, lib and tools must hold no keyword of a codec, no short name with its packing, and no comparison that
stands for one. Keywords are those that the codecs themselves give. Comments may name codecs, and so may examples
in help; files that may do so in code are in NAMED_IN, with the reason. Descriptions in TableGen files need the text of
some format for their examples: EXAMPLES, the same in all.

Usage: codec_names.py [ROOT]; prints each violation and ends with 1 if there is one.
"""

import pathlib
import re
import sys

# Folders and files whose code is a codec's own.
NAMED_IN = {
    "lib/Codec": "codecs, and the choice among them for files",
    "lib/Codegen/Decode": "codecs' emitters",
    "lib/Format/Format.cpp": "the table of short names",
}
# `raw` is a plane, too. Files whose "raw" is that one, by name.
PLANE_RAW = ("ContainerFormat.cpp", "GpuOps.cpp", "PackChecks.cpp")
# An emitter says whose it is, and nothing else in its folder names a codec.
EMITTERS = "lib/Codegen/Decode"
EMITTER = re.compile(r'keyword\(\) const override \{ return "\w+"; \}|(Prefix|Ans)Emitter emitter\("\w+"\)')

KEYWORD = re.compile(r'keyword\(\) const override \{ return "(\w+)"; \}')
SHORT_NAME = re.compile(r'\{\{+"(\w+)", \{\d+\}\}')
TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'',
    re.DOTALL)
# What stood for a codec before there were traits.
STANDS_FOR_ONE = (
    (re.compile(r"Rows64\s*\?\s*17\b"), "is escapeRecordU32"),
    (re.compile(r"\bcodeBits\s*[!=]=\s*\d"), "asks for a codec by the bits of its code: that is a trait"),
    (re.compile(r"codec\.parameters\s*\["), "asks for a codec by its parameters: that is a trait"),
)
# The formats of examples in TableGen files: of a fixed rate, and, where streams are decoded, of a prefix code.
EXAMPLES = ("inplace<12>", "huffman<12,2>")
# Descriptions that say which formats there are kernels for.
LISTED_IN = ("include/uwt/Codegen/GPU/Passes.td",)
DEFAULT = re.compile(r'/\*default=\*/("(?:[^"\\]|\\.)*")')


def codec_names(root):
    """Keywords of codecs and short names, as their own files give them."""
    names = set()
    for file in (root / "lib/Codec").rglob("*.cpp"):
        names.update(KEYWORD.findall(file.read_text()))
    names.update(SHORT_NAME.findall((root / "lib/Format/Format.cpp").read_text()))
    return names


def is_own(path):
    name = path.as_posix()
    return any(name == own or name.startswith(own + "/") for own in NAMED_IN)


def named_in(literal, names, is_tool):
    """The name of a codec that a literal holds as code, or None."""
    text = literal.strip('"')
    whole = re.fullmatch(rf"({'|'.join(names)})(<[\d,]*>)?(,.*)?", text)
    if whole:
        return whole.group(1)
    # In tools, formats inside longer texts are examples.
    inside = None if is_tool else re.search(rf"\b({'|'.join(names)})<\d[\d,]*>", text)
    return inside.group(1) if inside else None


def code_violations(path, text, names):
    """Line and reason of each place of a C++ file that stands for a codec."""
    def keep_lines(match):
        token = match.group()
        return '""' + "\n" * token.count("\n")

    literals = [(m.start(), m.group()) for m in TOKEN.finditer(text)
                if m.group().startswith('"') and not is_own(path)]
    for at, literal in literals:
        name = named_in(literal, names, path.parts[0] == "tools")
        if name and not (name == "raw" and path.name in PLANE_RAW):
            yield text.count("\n", 0, at) + 1, f"names codec '{name}'"
    if path.as_posix().startswith("lib/Codec/"):
        return
    code = TOKEN.sub(keep_lines, text)
    is_emitter = path.as_posix().startswith(EMITTERS) and EMITTER.search(text)
    for pattern, reason in STANDS_FOR_ONE:
        for match in () if is_emitter else pattern.finditer(code):
            yield code.count("\n", 0, match.start()) + 1, reason


def table_violations(path, text, names):
    """The same of a TableGen file: defaults of options are code, all else takes the formats of examples."""
    named = re.finditer(rf"\b({'|'.join(names)})<[^<>]*>", text)
    for match in () if path.as_posix() in LISTED_IN else named:
        if match.group() not in EXAMPLES:
            yield text.count("\n", 0, match.start()) + 1, f"names '{match.group()}'; examples are {', '.join(EXAMPLES)}"
    for match in DEFAULT.finditer(text):
        literal = match.group(1)[1:-1].replace('\\"', '"')
        if name := named_in(literal, names, is_tool=False):
            yield text.count("\n", 0, match.start()) + 1, f"names codec '{name}'"


def emitter_violations(path, text, names):
    """Of the emitters' folder: who names a codec must be its emitter."""
    if EMITTER.search(text):
        return
    for match in TOKEN.finditer(text):
        literal = match.group()
        if literal.startswith('"') and (name := named_in(literal, names, is_tool=False)):
            yield text.count("\n", 0, match.start()) + 1, f"names codec '{name}', and is no emitter"


def violations(root, path, names):
    text = (root / path).read_text()
    if path.suffix == ".td":
        yield from table_violations(path, text, names)
        return
    yield from code_violations(path, text, names)
    if path.as_posix().startswith(EMITTERS + "/"):
        yield from emitter_violations(path, text, names)


def main(root):
    names = sorted(codec_names(root), key=len, reverse=True)
    files = [file for folder in ("include", "lib", "tools")
             for file in sorted((root / folder).rglob("*"))
             if file.suffix in (".h", ".cpp", ".inc", ".def", ".td")]
    failures = 0
    for file in files:
        path = file.relative_to(root)
        for line, reason in violations(root, path, names):
            print(f"{path}:{line}: {reason}")
            failures += 1
    print(f"codec names: {len(names)} names, {len(files)} files, {failures} violations")
    return 1 if failures or not files or not names else 0


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parents[2]
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else default))
