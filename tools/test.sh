#!/usr/bin/env bash
# Installs what is missing, builds and tests UWT on Debian 12. Safe to run again.
#
#   tools/test.sh            everything
#   tools/test.sh STEP...    only these steps, in the given order:
#
#   install       packages (apt) and the tests' Python environment (.venv)
#   layers        includes follow the arrows of docs/architecture.md, and codecs are named in their own files
#   docs          links, rule tags, retired words, claims of several pages, reference pages, figures, the README's table,
#                 shell scripts
#   format        clang-format
#   build         preset release
#   tidy          clang-tidy on what reaches a file that was changed in the last two days
#   unit          GoogleTest programs
#   lit           the command-line tool and IR, test/**/*.{test,mlir}
#   python        test/Integration
#   wheel         tools/wheels.sh: the Python package, and test/Python from a clean environment
#   install-test  the installed package, used from outside
#   sanitize      unit tests and lit with AddressSanitizer and UndefinedBehaviorSanitizer
#   thread        unit tests with ThreadSanitizer
#   aarch64       codecs, golden files, runtime and compiled products on 64-bit Arm, under qemu
#   fuzz          each fuzzer for FUZZ_SECONDS (default 4), with the sanitizers
#   quickstart    tools/quickstart.sh: a real model there and back
#
# Only where they are named, since they take long, or what they install is large:
#
#   tidy-all           clang-tidy on everything: once a day, and before a release
#   sanitize-compiler  the compiler's unit tests with AddressSanitizer and UndefinedBehaviorSanitizer
#   frameworks         uwt.torch, uwt.transformers and the rest of test/Python beside the real PyTorch, JAX,
#                      transformers, PEFT, Ray and torch-mlir: test/Python/requirements-frameworks.txt into .venv-frameworks (6 GB)
#   vllm               uwt.vllm in the real engine: test/Python/requirements-vllm.txt into .venv-vllm (6 GB)
#   loaders            the real transformers, diffusers, PEFT and sentence-transformers on compressed
#                      models: test/requirements-loaders.txt into .venv-loaders (several GB)
#   frontends          exporters beside the real PyTorch, transformers and JAX: what
#                      tools/export/requirements-*.txt name, into .venv-frontends (6 GB)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tools/dev/packages.sh
source tools/dev/packages.sh
# shellcheck source=tools/dev/fuzz.sh
source tools/dev/fuzz.sh

all_steps=(install layers docs format build tidy unit lit python wheel install-test sanitize thread
  aarch64 fuzz quickstart)
more_steps=(tidy-all sanitize-compiler frameworks vllm loaders frontends)
jobs=$(nproc)
results=$(mktemp)
trap 'rm -f "$results"' EXIT

# record PASSED FAILED LINE: what the closing lines count and show.
record() {
  printf '%s\t%s\t%s\n' "$1" "$2" "$3" >> "$results"
}

# build_preset NAME [--target NAME...]: configures and builds; nothing to do the second time.
build_preset() {
  local log options=()
  if [[ "$1" == release ]]; then
    # tools/quickstart.sh may have configured it without them.
    options=(-DUWT_BUILD_TESTS=ON -DUWT_ENABLE_COMPILER=ON)
    if [[ ! -e build/CMakeCache.txt ]]; then
      options+=(-DUWT_UNITY_BUILD=ON)
    fi
  elif has_kernel_compiler; then
    # Kernels are the same, and a compiler without sanitizers makes them sooner.
    options=("-DUWT_KERNEL_COMPILER=$PWD/build/bin/uwt")
    if [[ "$1" != aarch64 ]]; then
      build_preset release --target UWTKernels --target uwt-tile-kernel-objects
      options+=("-DUWT_COMPILED_KERNELS=$PWD/build/lib/Kernels")
    fi
  fi
  log=$(mktemp)
  if ! cmake --preset "$1" "${options[@]}" > "$log" 2>&1; then
    cat "$log"
    return 1
  fi
  rm -f "$log"
  cmake --build --preset "$1" -j "$jobs" "${@:2}" -- --quiet | sed '/^ninja: no work to do/d'
}

# run_ctest PRESET LABELS: shows all but the tests that passed.
run_ctest() {
  local log status=0 line skipped
  log=$(mktemp)
  ctest --preset "$1" -L "$2" -j "$jobs" --no-tests=error > "$log" 2>&1 || status=$?
  grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test +#.* Passed )' "$log" || true
  line=$(grep -oE '[0-9]+% tests passed, [0-9]+ tests failed out of [0-9]+' "$log" || true)
  skipped=$(grep -cE '^[[:space:]]+[0-9]+ - .* \(Skipped\)$' "$log" || true)
  rm -f "$log"
  if [[ "$line" =~ ,\ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
    record $((BASH_REMATCH[2] - BASH_REMATCH[1] - skipped)) "${BASH_REMATCH[1]}" \
      "$1 $2: $line, $skipped skipped"
  fi
  return "$status"
}

step_install() {
  install_packages "${codec_packages[@]}" "${compiler_packages[@]}" "${test_packages[@]}"
  install_requirements test/requirements.txt
}

step_layers() {
  python3 test/Integration/layers.py
  python3 test/Integration/codec_names.py
}

step_docs() {
  tools/dev/generate_docs.sh --check
  python3 tools/dev/check_docs.py
  python3 tools/dev/check_words.py
  python3 tools/dev/check_claims.py
  python3 docs/figures/make.py --check
  python3 test/Benchmarks/readme_table.py --check
  shellcheck -x tools/*.sh tools/dev/*.sh .ci/run
}

step_format() {
  tools/dev/format.sh --check
}

step_build() {
  build_preset release
}

step_tidy() {
  build_preset release
  python3 tools/dev/tidy.py --changed-within 2 build
}

step_tidy_all() {
  build_preset release
  python3 tools/dev/tidy.py build
}

step_unit() {
  build_preset release
  run_ctest release unit
}

step_lit() {
  build_preset release
  local log status=0 passed failed
  log=$(mktemp)
  lit-22 -sv --no-progress-bar -j "$jobs" build/test 2>&1 | tee "$log" || status=$?
  passed=$(sed -nE 's/^ +Passed *: +([0-9]+).*/\1/p' "$log")
  failed=$(sed -nE 's/^ +(Failed|Timed Out|Unresolved|Unexpectedly Passed) *: +([0-9]+).*/\2/p' \
    "$log" | paste -sd+)
  rm -f "$log"
  record "${passed:-0}" "$((failed))" "lit: ${passed:-0} passed, $((failed)) failed"
  return "$status"
}

# record_pytest LOG: what its last line says.
record_pytest() {
  local line passed failed
  line=$(tail -n 1 "$1")
  passed=$(grep -oE '[0-9]+ passed' <<< "$line" | cut -d ' ' -f 1 || true)
  failed=$(grep -oE '[0-9]+ (failed|error)' <<< "$line" | cut -d ' ' -f 1 | paste -sd+ || true)
  record "${passed:-0}" "$((failed))" "pytest: $line"
}

# run_pytest VENV PATH OPTION...
run_pytest() {
  local log status=0
  log=$(mktemp)
  "$1/bin/python3" -m pytest -c test/pytest.ini -q "${@:2}" 2>&1 | tee "$log" || status=$?
  record_pytest "$log"
  rm -f "$log"
  return "$status"
}

step_python() {
  build_preset release
  run_pytest .venv test/Integration -n "$jobs"
}

step_wheel() {
  local log status=0
  log=$(mktemp)
  tools/wheels.sh --test 2>&1 | tee "$log" || status=$?
  record_pytest "$log"
  rm -f "$log"
  return "$status"
}

step_frameworks() {
  build_preset release
  install_requirements test/Python/requirements-frameworks.txt .venv-frameworks
  run_pytest .venv-frameworks test/Python
}

step_vllm() {
  build_preset release
  make_venv .venv-vllm
  .venv-vllm/bin/python3 -m pip install -q --disable-pip-version-check uv
  # pip has no way to replace what a package asks for.
  .venv-vllm/bin/uv pip install -q --python .venv-vllm/bin/python3 \
    -r test/Python/requirements-vllm.txt --override test/Python/overrides-vllm.txt
  run_pytest .venv-vllm test/Python/test_vllm.py
}

step_loaders() {
  build_preset release --target uwt
  install_requirements test/requirements-loaders.txt .venv-loaders
  run_pytest .venv-loaders test/Integration/test_loaders.py
}

step_frontends() {
  build_preset release --target uwt --target UWTCompilerC
  local requirements=.cache/requirements-frontends.txt
  mkdir -p .cache
  cat tools/export/requirements-*.txt test/requirements-frontends.txt > "$requirements"
  install_requirements "$requirements" .venv-frontends
  run_pytest .venv-frontends test/Frontends
}

step_install_test() {
  build_preset release
  run_ctest release install-test
}

step_sanitize() {
  build_preset asan
  run_ctest asan 'unit|lit'
}

step_sanitize_compiler() {
  build_preset asan --target uwt-compiler-tests
  run_ctest asan compiler
}

step_thread() {
  build_preset tsan --target unit-tests
  run_ctest tsan unit
}

step_aarch64() {
  install_packages "${aarch64_packages[@]}"
  unpack_aarch64_libraries
  # It compiles the products.
  build_preset release --target uwt
  build_preset aarch64 --target uwt --target uwt-unit-tests
  run_ctest aarch64 emulated
  # A program of this machine that runs the tool.
  local tool=build-aarch64/emulated-uwt
  cat > "$tool" <<- END
	#!/bin/sh
	exec qemu-aarch64 -L /usr/aarch64-linux-gnu "$PWD/build-aarch64/bin/uwt" "\$@"
	END
  chmod +x "$tool"
  QEMU_CPU=max run_pytest .venv test/Integration/test_golden.py test/Integration/test_aarch64.py \
    -k 'good or aarch64' --uwt "$tool" -n "$jobs"
}

# fuzz_briefly NAME: its log is shown only where it fails.
fuzz_briefly() {
  local work=build-asan/fuzz/$1
  if run_fuzzer "$1" "${FUZZ_SECONDS:-4}" "$work/corpus" "$work"; then
    record 1 0 "fuzz-$1: $(tail -n 1 "$work/log")"
  else
    tail -n 40 "$work/log"
    record 0 1 "fuzz-$1: failed; see $work"
  fi
}

step_fuzz() {
  build_preset asan
  local names=() name fuzz_build=build-asan
  mapfile -t names < <(fuzzer_names)
  if ((${#names[@]} == 0)); then
    echo "no fuzzers in build-asan/bin"
    return 1
  fi
  for name in "${names[@]}"; do
    while (($(jobs -rp | wc -l) >= jobs)); do
      wait -n
    done
    fuzz_briefly "$name" &
  done
  wait
}

step_quickstart() {
  tools/quickstart.sh
}

# run_step NAME: runs it in a shell of its own and leaves its status in step_status. A
# step that counted no tests counts as one. Not to be called in a condition: that would
# switch off `set -e` inside the step.
run_step() {
  local name=$1 started=$SECONDS before after text
  before=$(wc -l < "$results")
  printf '\n==> %s\n' "$name"
  set +e
  (
    set -e
    "step_${name//-/_}"
  )
  step_status=$?
  set -e
  after=$(wc -l < "$results")
  if ((step_status != 0 && after > before)) &&
    ! tail -n "$((after - before))" "$results" | cut -f 2 | grep -qv '^0$'; then
    record 0 1 "$name: failed"
  elif ((after == before)); then
    text=$([[ $step_status == 0 ]] && echo passed || echo failed)
    record $((step_status == 0)) $((step_status != 0)) "$name: $text"
  fi
  printf '==> %s took %d s\n' "$name" $((SECONDS - started))
}

main() {
  local steps=("$@") step
  if ((${#steps[@]} == 0)); then
    steps=("${all_steps[@]}")
  fi
  for step in "${steps[@]}"; do
    if [[ " ${all_steps[*]} ${more_steps[*]} " != *" $step "* ]]; then
      echo "unknown step '$step'; steps are: ${all_steps[*]} ${more_steps[*]}" >&2
      exit 2
    fi
  done
  for step in "${steps[@]}"; do
    # Without packages or a build, the rest would only repeat the failure.
    run_step "$step"
    if ((step_status != 0)) && [[ "$step" == install || "$step" == build ]]; then
      break
    fi
  done

  printf '\n'
  cut -f 3 "$results"
  local passed failed
  passed=$(cut -f 1 "$results" | paste -sd+)
  failed=$(cut -f 2 "$results" | paste -sd+)
  printf '%d passed, %d failed\n' $((passed)) $((failed))
  ((failed == 0))
}

main "$@"
