#!/usr/bin/env bash
# Runs unit tests, lit and Python tests on an instrumented build and prints the
# coverage of lib and tools. `--html DIR` also writes the annotated sources there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cmake --preset coverage
cmake --build --preset coverage
rm -rf build-coverage/profiles
mkdir -p build-coverage/profiles
LLVM_PROFILE_FILE="$PWD/build-coverage/profiles/%4m.profraw" \
  ctest --preset coverage -j "$(nproc)" -LE layers

find build-coverage/profiles -name '*.profraw' > build-coverage/profiles/list
llvm-profdata-22 merge -sparse --input-files=build-coverage/profiles/list \
  -o build-coverage/all.profdata
objects=(build-coverage/bin/uwt-unit-tests -object build-coverage/bin/uwt)
if [[ "${1:-}" == --html ]]; then
  llvm-cov-22 show "${objects[@]}" -instr-profile=build-coverage/all.profdata \
    -format=html -output-dir="${2:?--html needs a folder}" lib include tools
fi
llvm-cov-22 report "${objects[@]}" -instr-profile=build-coverage/all.profdata \
  lib include tools
