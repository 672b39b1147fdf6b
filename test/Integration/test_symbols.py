"""No two classes of one name in one program: the linker would take one's functions for the other's.

Sources tell it for the classes at namespace scope. Built libraries tell it also for those that
TableGen and macros make: all functions of a class are in one library.
"""

import collections
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = (".h", ".cpp", ".inc")

# What may hold braces and is no code: comments, raw strings, strings, characters, directives.
NOT_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\.|[^'\\\n])+'"""
    r"""|^[ \t]*\#(?:\\\n|[^\n])*""",
    re.DOTALL | re.MULTILINE,
)
NAMESPACE = re.compile(r"(?:inline )?namespace ?(?P<name>[\w:]*)$")
# A specialisation has arguments behind its name, a function parameters.
CLASS = re.compile(
    r"(?:template ?<.*> ?)?(?:class|struct|union|enum(?: class| struct)?) "
    r"(?:\[\[.*?\]\] ?|alignas ?\([^)]*\) ?|[A-Z0-9]+_\w+ )*(?P<name>[\w:]+)(?: final)?(?: ?:[^:].*)?$"
)
# What the scope of an anonymous namespace is called here.
ANONYMOUS = "(anonymous)"


def scope_of(head, scopes):
    """What a brace behind `head` opens: a namespace's name, "" for extern "C", None for the rest."""
    if None in scopes:
        return None
    if head == "extern":  # its "C" is a string
        return ""
    namespace = NAMESPACE.match(head)
    return (namespace["name"] or ANONYMOUS) if namespace else None


def braces(text):
    """Each brace at namespace scope: the names of the namespaces around, and what is before it."""
    scopes, head = [], ""
    for token in re.split(r"([{};])", NOT_CODE.sub(" ", text)):
        if token not in ("{", "}", ";"):
            head += token
            continue
        head = " ".join(head.split())
        if token == "{":
            if None not in scopes:
                yield [scope for scope in scopes if scope], head
            scopes.append(scope_of(head, scopes))
        elif token == "}" and scopes:
            scopes.pop()
        head = ""


def definitions(text):
    """The classes and enumerations at namespace scope: the scopes' names, and their own."""
    for scopes, head in braces(text):
        if found := CLASS.match(head):
            yield scopes, found["name"]


def sources(root):
    for folder in ("include", "lib", "tools"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES:
                yield path.relative_to(root)


def equal_names(root):
    """Complaints: of a class that two files define, and of a file's own with the name of one that
    a header defines."""
    shared, own = collections.defaultdict(set), collections.defaultdict(set)
    for path in sources(root):
        text = (root / path).read_text(encoding="utf-8")
        for scopes, name in definitions(text):
            if ANONYMOUS not in scopes:
                shared["::".join((*scopes, name))].add(path)
                continue
            around = [scope for scope in scopes if scope != ANONYMOUS]
            if not around and "using namespace uwt;" in text:
                around = ["uwt"]
            own["::".join((*around, name))].add(path)
    for name, paths in sorted(shared.items()):
        if len(paths) > 1:
            yield f"class {name} is defined in {', '.join(map(str, sorted(paths)))}"
        for path in sorted(own[name]):
            header = next((other for other in paths if other.suffix == ".h"), None)
            if header and path not in paths:
                yield f"{path} has a class of its own with the name of {name} in {header}"


def libraries(build):
    """What goes into programs, by the library or the tool that it belongs to."""
    result = collections.defaultdict(list)
    for archive in sorted((build / "lib").rglob("*.a")):
        result[archive.stem].append(archive)
    for tool in sorted((build / "tools").glob("*")):
        result[f"tools/{tool.name}"] = sorted(tool.rglob("*.o"))
    return {name: files for name, files in result.items() if files}


def class_of(symbol, namespaces):
    """The class that a demangled function or table belongs to, None where it is of none."""
    name = symbol.removeprefix("vtable for ").split("(")[0]
    if not name.startswith("uwt::") or "<" in name or " " in name:
        return None
    parts = name.split("::")
    depth = next(i for i in range(1, len(parts) + 1) if "::".join(parts[:i]) not in namespaces)
    is_member = depth < len(parts) or symbol.startswith("vtable for ")
    return "::".join(parts[:depth]) if is_member else None


def output_of(command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def symbols(files):
    """Demangled names of what the files define for others, and no other file may define too."""
    listing = output_of(["nm", "--defined-only", "--extern-only", *files])
    mangled = re.findall(r"^[0-9a-f]+ [TDBR] (_Z\S+)$", listing, re.MULTILINE)
    return output_of(["c++filt"], "\n".join(mangled)).splitlines()


def split_classes(build, namespaces):
    """Complaints: of a class that has functions in two libraries."""
    owners = collections.defaultdict(set)
    for library, files in libraries(build).items():
        for symbol in symbols(files):
            owners[class_of(symbol, namespaces)].add(library)
    owners.pop(None, None)
    for name, places in sorted(owners.items()):
        if len(places) > 1:
            yield f"class {name} has functions in {', '.join(sorted(places))}"


def namespaces_of(root):
    found = {"uwt"}
    for path in sources(root):
        for scopes, head in braces((root / path).read_text(encoding="utf-8")):
            if (opened := NAMESPACE.match(head)) and opened["name"]:
                parts = "::".join([*scopes, opened["name"]]).split("::")
                found.update("::".join(parts[: i + 1]) for i in range(len(parts)))
    return found


def test_no_two_files_define_a_class_of_one_name():
    assert not list(equal_names(ROOT))


def test_functions_of_a_class_are_in_one_library(pytestconfig):
    build = pytestconfig.getoption("--uwt").resolve().parents[1]
    if not shutil.which("nm") or not shutil.which("c++filt") or not libraries(build):
        pytest.skip("needs nm, c++filt and a build tree")
    assert not list(split_classes(build, namespaces_of(ROOT)))


def test_equal_names_are_found(tmp_path):
    def write(path, text):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")

    write("lib/A/A.h", 'namespace uwt {\n/// A { brace.\nclass X : public Y {};\n}\nchar b = \'{\';\n')
    write("lib/B/B.h", "namespace uwt {\nstruct Forward;\nenum class Z : int { One };\n"
                       "template <typename T> struct X final { struct Z {}; };\n}\n")
    write("tools/t/C.cpp", 'using namespace uwt;\nnamespace {\nstruct Z {};\n}\nstatic X x() {}\n')
    write("tools/t/D.cpp", "namespace uwt::d {\nclass X {};\n}\nnamespace {\nstruct Y {};\n}\n")
    assert list(equal_names(tmp_path)) == [
        "class uwt::X is defined in lib/A/A.h, lib/B/B.h",
        "tools/t/C.cpp has a class of its own with the name of uwt::Z in lib/B/B.h",
    ]


@pytest.mark.parametrize(
    "symbol, owner",
    [
        ("uwt::Probe::run(uwt::Pool&) const", "uwt::Probe"),
        ("uwt::emulator::Warp::step()", "uwt::emulator::Warp"),
        ("vtable for uwt::Codec", "uwt::Codec"),
        ("uwt::checkFormat(uwt::Format const&)", None),
        ("uwt::emulator::run()", None),
        ("mlir::Pass::run()", None),
        ("void uwt::each<int>(int)", None),
    ],
)
def test_symbols_belong_to_classes(symbol, owner):
    assert class_of(symbol, {"uwt", "uwt::emulator"}) == owner
