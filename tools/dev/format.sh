#!/usr/bin/env bash
# Formats our C++ files in place, or with --check says which are not formatted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mode=(-i)
if [[ "${1:-}" == --check ]]; then
  mode=(--dry-run --Werror)
fi
find include lib tools test \( -name '*.h' -o -name '*.cpp' -o -name '*.inc' \) -print0 |
  xargs -0 --no-run-if-empty clang-format-22 "${mode[@]}"
