"""The symbols of the C API: what its libraries show is what its headers declare, and what versions before had.

c_api_symbols.txt has all functions that a release had: one that is missing breaks programs that use it.
"""

import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = ROOT / "include" / "uwt-c"
SYMBOLS = pathlib.Path(__file__).with_name("c_api_symbols.txt")
# Which library has the functions of a header.
LIBRARIES = {
    "libuwt.so": ("Core.h", "Container.h", "Cuda.h", "Weight.h"),
    "libuwt-compiler.so": ("Compiler.h",),
    "libuwt_torch.so": ("Torch.h",),
}


def declared(header):
    """Functions that a header declares."""
    text = (HEADERS / header).read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    return set(re.findall(r"UWT_C_API[^;]*?\b(uwt[A-Z]\w*)\s*\(", text))


@pytest.fixture(name="folder")
def folder_of_libraries(pytestconfig):
    folder = pytestconfig.getoption("--uwt").resolve().parents[1] / "lib"
    if not (folder / "libuwt.so").is_file() or not shutil.which("nm"):
        pytest.skip("needs nm and a build tree")
    return folder


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("library", LIBRARIES)
def test_shows_what_its_headers_declare(folder, library):
    if not (folder / library).is_file():
        pytest.skip(f"{library} is not built")
    listing = output_of("nm", "--dynamic", "--defined-only", folder / library)
    shown = {line.split()[-1] for line in listing.splitlines()}
    assert shown == set().union(*(declared(header) for header in LIBRARIES[library]))


def test_every_header_has_a_library():
    assert {path.name for path in HEADERS.glob("*.h")} == {name for names in LIBRARIES.values() for name in names}


def test_has_all_functions_that_it_had():
    listed = SYMBOLS.read_text(encoding="utf-8").split()
    assert listed == sorted(set().union(*(declared(path.name) for path in HEADERS.glob("*.h"))))


def test_needs_no_compiler(folder):
    needed = re.findall(r"NEEDED.*\[(.*?)\]", output_of("readelf", "--dynamic", folder / "libuwt.so"))
    assert needed and not [name for name in needed if "LLVM" in name or "MLIR" in name]
