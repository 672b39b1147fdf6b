"""The compiler of UWT for Python: libuwt-compiler.so, with LLVM and MLIR inside. `uwt.compiler` is what uses it."""

import pathlib

#: The library.
LIBRARY = pathlib.Path(__file__).with_name("libuwt-compiler.so")
