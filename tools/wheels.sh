#!/usr/bin/env bash
# Builds the Python packages as wheels, checks that they need nothing but the C library, and runs their
# tests from a clean virtual environment. Safe to run again.
#
#   tools/wheels.sh            uwt and uwt-compiler, in .cache/wheels
#   tools/wheels.sh --test     and their tests
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/dev/packages.sh
source tools/dev/packages.sh

work=.cache/wheels
# What Debian 12 has.
platform=manylinux_2_36_$(uname -m)
most_bytes=6500000
most_compiler_bytes=100000000

# The compiler, the kernels of products that it makes, which uwt has as well, and the library that uwt-compiler is.
build_compiler() {
  install_packages "${codec_packages[@]}" "${compiler_packages[@]}"
  if ! has_kernel_compiler; then
    cmake --preset release -DUWT_BUILD_TESTS=OFF -DUWT_ENABLE_COMPILER=ON -DUWT_UNITY_BUILD=ON > /dev/null
    cmake --build --preset release --target uwt -- --quiet
  fi
  cmake --build --preset release --target UWTCompilerAlone --target UWTKernels -- --quiet
}

# check_wheel NAME MOST: says how large it is.
check_wheel() {
  local bytes
  bytes=$(stat -c %s "$work/$1"-*.whl)
  echo "wheel: $(basename "$work/$1"-*.whl), $bytes bytes"
  ((bytes <= $2)) || {
    echo "this wheel has at most $2 bytes" >&2
    return 1
  }
}

build_wheel() {
  install_packages "${codec_packages[@]}"
  CMAKE_ARGS="-DUWT_KERNEL_COMPILER=$PWD/build/bin/uwt -DUWT_COMPILED_KERNELS=$PWD/build/lib/Kernels" CC=clang-22 CXX=clang++-22 \
    .venv-wheels/bin/python3 -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w "$work/plain" ./python
  PATH="$PWD/.venv-wheels/bin:$PATH" .venv-wheels/bin/python3 -m auditwheel repair --plat "$platform" \
    -w "$work" "$work"/plain/*.whl
  check_wheel uwt "$most_bytes"
}

# Packed by hand: the library is there, and a build backend would have CMake build everything again.
build_compiler_wheel() {
  local version staged=$work/compiler plain=$work/plain-compiler bin=$PWD/.venv-wheels/bin
  version=$(sed -nE 's/^project\(UWT VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)
  local info=$staged/uwt_compiler-$version.dist-info
  mkdir -p "$info/licenses" "$plain"
  cp -r python/compiler/uwt_compiler "$staged/"
  cp LICENSE "$info/licenses/"
  sed "s/@VERSION@/$version/" python/compiler/METADATA.in > "$info/METADATA"
  printf 'Wheel-Version: 1.0\nGenerator: tools/wheels.sh\nRoot-Is-Purelib: false\nTag: py3-none-linux_%s\n' \
    "$(uname -m)" > "$info/WHEEL"
  cp build/wheel/libuwt-compiler.so "$staged/uwt_compiler/"
  # Wheels have no links to files, so that libuwt.so has no version there.
  "$bin/patchelf" --replace-needed libuwt.so.0 libuwt.so --set-rpath "\$ORIGIN/../uwt" \
    "$staged/uwt_compiler/libuwt-compiler.so"
  # What `wheel pack` does, but not compressed: auditwheel packs it again.
  "$bin/python3" - "$staged" "$plain/uwt_compiler-$version-py3-none-linux_$(uname -m).whl" <<- END
	import sys, zipfile
	from wheel.wheelfile import WheelFile
	with WheelFile(sys.argv[2], "w", compression=zipfile.ZIP_STORED) as wheel:
	    wheel.write_files(sys.argv[1])
	END
  PATH="$bin:$PATH" "$bin/python3" -m auditwheel repair --plat "$platform" --exclude libuwt.so -w "$work" \
    "$plain/uwt_compiler-$version"*.whl
  rm -rf "$plain" "$staged"
  check_wheel uwt_compiler "$most_compiler_bytes"
}

test_wheel() {
  rm -rf "$work/venv"
  make_venv "$work/venv"
  # Tests import few of the modules that pip would compile.
  "$work/venv/bin/python3" -m pip install -q --disable-pip-version-check --no-compile "$work"/*.whl \
    -r test/Python/requirements.txt
  # From another folder, so that the sources are not found in place of the package.
  (cd "$work" && venv/bin/python3 -m pytest -q -n "$(nproc)" \
    -c ../../test/pytest.ini --rootdir ../../test ../../test/Python)
}

build_compiler
install_requirements python/requirements-build.txt .venv-wheels
rm -rf "$work"
mkdir -p "$work/plain"
# It packs on one processor.
build_compiler_wheel &
build_wheel
wait $!
rm -rf "$work/plain"
if [[ "${1:-}" == --test ]]; then
  test_wheel
fi
