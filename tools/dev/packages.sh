# What a fresh Debian 12 needs for UWT, sourced by tools/test.sh and
# tools/quickstart.sh: install_packages NAME..., unpack_aarch64_libraries, make_venv [FOLDER],
# install_requirements FILE [FOLDER], has_kernel_compiler. The folder of the virtual environment is .venv where none is named.
# shellcheck shell=bash disable=SC2034

# To configure and build what needs no LLVM: files in and out, the runtime, the tool.
codec_packages=(
  ca-certificates ccache clang-22 cmake libcli11-dev libssl-dev libxxhash-dev libzstd-dev lld-22
  ninja-build nlohmann-json3-dev python3 python3-venv
)
# To build the compiler.
compiler_packages=(libmlir-22-dev llvm-22-dev mlir-22-tools zlib1g-dev)
# To test: sanitizers and fuzzers, formatting, linting, lit and FileCheck, coverage; a
# browser for the page of `uwt inspect`, shells and a pager for completion and man page.
test_packages=(
  chromium clang-format-22 clang-tidy-22 fish groff-base libclang-rt-22-dev libgmock-dev
  libgtest-dev llvm-22 llvm-22-tools shellcheck zsh
)

# To build for 64-bit Arm and run that here; and the libraries of such a machine, which are unpacked.
aarch64_packages=(g++-aarch64-linux-gnu qemu-user)
aarch64_libraries=(
  libcli11-dev libgmock-dev libgtest-dev libssl-dev libxxhash-dev nlohmann-json3-dev
)

# Installs those of the packages that are missing, and says which.
install_packages() {
  local missing=() package
  for package in "$@"; do
    if [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" != installed ]]; then
      missing+=("$package")
    fi
  done
  if ((${#missing[@]} == 0)); then
    echo "packages: all there"
    return
  fi
  echo "packages: installing ${missing[*]}"
  local as_root=()
  if ((EUID != 0)); then
    as_root=(sudo)
  fi
  local log
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update -q &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -q --no-install-recommends "${missing[@]}"; } < /dev/null &> "$log"; then
    tail -n 20 "$log" >&2
    echo "packages: apt-get failed; the log is $log" >&2
    return 1
  fi
  rm -f "$log"
}

# apt_aarch64 FOLDER ARGUMENT...: apt-get for packages of arm64, with lists of its own, which are in
# the folder. It writes them as who calls it: apt's own user may not.
apt_aarch64() {
  apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root \
    -o Dir::State="$1" -o Dir::State::status=/dev/null -o Dir::Cache="$1" "${@:2}" < /dev/null
}

# Downloads the libraries into a folder, which has the lists of apt as well.
download_aarch64_libraries() {
  mkdir -p "$1/lists/partial" "$1/archives/partial"
  apt_aarch64 "$1" update && (cd "$1" && apt_aarch64 "$1" download "${aarch64_libraries[@]}")
}

# Unpacks the libraries for cmake/AArch64.cmake into .cache/aarch64. They are not installed: dpkg
# would want this machine's own packages in the same versions.
unpack_aarch64_libraries() {
  local root=.cache/aarch64 names="${aarch64_libraries[*]}" work archive
  if [[ "$(cat "$root/unpacked.txt" 2> /dev/null)" == "$names" ]]; then
    echo "packages of arm64: all there"
    return
  fi
  echo "packages of arm64: unpacking $names"
  work=$(mktemp -d)
  if ! download_aarch64_libraries "$work" &> "$work/log"; then
    tail -n 20 "$work/log" >&2
    echo "packages of arm64: apt-get failed; the log is $work/log" >&2
    return 1
  fi
  rm -rf "$root"
  mkdir -p "$root"
  for archive in "$work"/*.deb; do
    dpkg -x "$archive" "$root"
  done
  echo "$names" > "$root/unpacked.txt"
  rm -rf "$work"
}

# Whether build/ has the tool and its compiler, which makes kernels for builds without one.
has_kernel_compiler() {
  [[ -x build/bin/uwt && -e build/lib/libUWTCompilerTool.so ]]
}

# Makes a virtual environment in the current folder.
make_venv() {
  local venv=${1:-.venv}
  [[ -x "$venv/bin/python3" ]] || /usr/bin/python3 -m venv "$venv"
}

# Makes a virtual environment hold what a requirements file names.
install_requirements() {
  local venv=${2:-.venv}
  if cmp -s "$1" "$venv/installed.txt"; then
    echo "python: $venv is up to date"
    return
  fi
  echo "python: installing $1 into $venv"
  make_venv "$venv"
  "$venv/bin/python3" -m pip install -q --disable-pip-version-check -r "$1"
  cp "$1" "$venv/installed.txt"
}
