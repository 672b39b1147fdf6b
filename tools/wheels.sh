#!/usr/bin/env bash
# Builds the Python package as a wheel, checks that it needs nothing but the C library, and runs its
# tests from a clean virtual environment. Safe to run again.
#
#   tools/wheels.sh            the wheel, in .cache/wheels
#   tools/wheels.sh --test     and its tests
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/dev/packages.sh
source tools/dev/packages.sh

work=.cache/wheels
# What Debian 12 has.
platform=manylinux_2_36_$(uname -m)
most_bytes=6000000

# The compiler that makes the kernels of products: the wheel has them, and none of it.
build_kernel_compiler() {
  if has_kernel_compiler; then
    return
  fi
  install_packages "${codec_packages[@]}" "${compiler_packages[@]}"
  cmake --preset release -DUWT_BUILD_TESTS=OFF -DUWT_ENABLE_COMPILER=ON -DUWT_UNITY_BUILD=ON > /dev/null
  cmake --build --preset release --target uwt -- --quiet
}

build_wheel() {
  install_packages "${codec_packages[@]}"
  install_requirements python/requirements-build.txt .venv-wheels
  rm -rf "$work"
  mkdir -p "$work/plain"
  CMAKE_ARGS="-DUWT_KERNEL_COMPILER=$PWD/build/bin/uwt" CC=clang-22 CXX=clang++-22 \
    .venv-wheels/bin/python3 -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w "$work/plain" ./python
  PATH="$PWD/.venv-wheels/bin:$PATH" .venv-wheels/bin/python3 -m auditwheel repair --plat "$platform" \
    -w "$work" "$work"/plain/*.whl
  rm -rf "$work/plain"
  local bytes
  bytes=$(stat -c %s "$work"/*.whl)
  echo "wheel: $(basename "$work"/*.whl), $bytes bytes"
  ((bytes <= most_bytes)) || {
    echo "a wheel has at most $most_bytes bytes" >&2
    return 1
  }
}

test_wheel() {
  rm -rf "$work/venv"
  make_venv "$work/venv"
  "$work/venv/bin/python3" -m pip install -q --disable-pip-version-check "$work"/*.whl \
    -r test/Python/requirements.txt
  # From another folder, so that the sources are not found in place of the package.
  (cd "$work" && venv/bin/python3 -m pytest -q \
    -c ../../test/pytest.ini --rootdir ../../test ../../test/Python)
}

build_kernel_compiler
build_wheel
if [[ "${1:-}" == --test ]]; then
  test_wheel
fi
