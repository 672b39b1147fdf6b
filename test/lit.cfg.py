"""The lit suites: the command-line tool (test/tools/*.test) and IR (*.mlir).

A test of IR runs `uwt-opt`, or another tool of this build, and checks its output with
FileCheck, or its diagnostics with --verify-diagnostics. A test of the tool runs `uwt` as a
user would:

    RUN: rm -rf %t && mkdir %t
    RUN: %python %inputs/make_model.py %t/model
    RUN: uwt inspect %t/model | FileCheck %s
    RUN: %exit 3 uwt inspect %s 2>&1 | FileCheck %s --check-prefix=DAMAGED

`%t` is a path of this test alone, which may hold the last run's files. `%inputs`
is test/tools/Inputs. `%exit N` in front of a command passes where the command
ends with exactly that exit code; `not` takes any but zero.
"""

import os
import shutil

import lit.formats

config.name = "UWT"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".test", ".mlir"] if config.uwt_has_compiler else [".test"]
config.excludes = ["Inputs", "Unit", "Fuzz", "Golden", "Benchmarks", "Integration", "TestCodec"]
config.test_source_root = os.path.join(config.uwt_source_root, "test")
config.test_exec_root = os.path.join(config.uwt_binary_root, "test")
if config.uwt_has_compiler:
    config.available_features.add("compiler")
    # Where uwt looks for it as well; it is no package of Debian.
    if shutil.which("ptxas") or os.path.exists("/usr/local/cuda/bin/ptxas"):
        config.available_features.add("ptxas")
    # A stock mlir-opt cannot load what a sanitizer's runtime has to come before.
    if not config.uwt_sanitize:
        config.available_features.add("plugin")
# Tests whose code others run as well, and that take minutes with sanitizers.
if not config.uwt_sanitize:
    config.available_features.add("unsanitized")

inputs = os.path.join(config.test_source_root, "tools", "Inputs")
config.substitutions += [
    ("%python", f'"{config.python}"'),
    ("%inputs", inputs),
    # Quantised checkpoints by the packers that users have (test/Import/make_golden.py).
    ("%golden", os.path.join(config.test_source_root, "Import", "golden")),
    ("%gguf", os.path.join(config.test_source_root, "Import", "gguf")),
    ("%onnx", os.path.join(config.test_source_root, "Import", "onnx")),
    # The tool with a codec that no build has.
    ("%uwt-with-test-codec", os.path.join(config.uwt_binary_root, "test", "TestCodec", "bin", "uwt")),
    ("%fake-cuda", os.path.join(config.uwt_binary_root, "test", "Unit", "Cuda", "FakeDriver", "libuwt-fake-cuda.so")),
    ("%plugin", os.path.join(config.uwt_library_dir, "UWTPlugin.so")),
    ("%exit", f'"{config.python}" "{inputs}/expect_exit.py"'),
]

# `uwt` from this build, and FileCheck, not, split-file and mlir-opt of its LLVM. What a user
# has set for colours or the terminal must not change what is checked.
llvm_tools = os.path.dirname(os.path.realpath(config.filecheck))
config.environment["PATH"] = os.pathsep.join(
    [config.uwt_tools_dir, llvm_tools, config.environment["PATH"]]
)
for name in ("NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"):
    config.environment.pop(name, None)
config.environment["TERM"] = "xterm"
# Tests compile what they test, whatever a run before has kept.
config.environment["UWT_CACHE"] = "none"
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
# MLIR's own code is not instrumented: it never removes the poison that inlined code of its
# containers and allocators puts down.
if config.uwt_has_compiler and config.uwt_sanitize:
    config.environment.setdefault(
        "ASAN_OPTIONS", "detect_container_overflow=0:allow_user_poisoning=0"
    )
