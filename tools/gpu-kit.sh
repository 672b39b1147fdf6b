#!/usr/bin/env bash
# Checks and measures kernel packs on a GPU machine that has nothing but a driver.
#
#   gpu-kit.sh --make DIR [--bench PROGRAM] [FILE...] here: puts uwt-bench (that of PATH or of build/bin), packs
#                                                     (*.uwtpack), kernel profiles (*.json) and scripts into DIR, which
#                                                     is to be copied there; without files it makes those of the
#                                                     whole grid for sm_90a (test/Benchmarks/gpu_packs.py, minutes)
#   DIR/gpu-kit.sh [options]                          there: checks, compute-sanitizer, bench, tables
#
# Options there: --out DIR (default: results), --quick, --no-sanitizer, and after -- what uwt-bench takes
# (--device 1, --shapes 4096x4096, --cublaslt FILE). Exit code 0 when all that ran was right.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)

fail() {
  echo "gpu-kit.sh: error: $1" >&2
  exit 2
}

make_kit() {
  local dir=$1 bench
  shift
  bench=$(command -v uwt-bench || echo "$here/../build/bin/uwt-bench")
  if [[ ${1:-} == --bench ]]; then
    [[ $# -ge 2 ]] || fail "--bench needs a file"
    bench=$2
    shift 2
  fi
  [[ -x $bench ]] || fail "$bench is missing; build it, or name another by --bench"
  mkdir -p "$dir"
  if [[ $# -eq 0 ]]; then
    python3 "$here/../test/Benchmarks/gpu_packs.py" --uwt "$(dirname "$bench")/uwt" --out "$dir/made" ||
      fail "the packs cannot be made"
    mv "$dir"/made/* "$dir"
    rmdir "$dir/made"
    set -- "$dir"/*.uwtpack "$dir"/*.json
  fi
  local file packs=0
  for file in "$@"; do
    [[ -f $file ]] || fail "$file is missing"
    case $file in
    *.uwtpack) packs=$((packs + 1)) ;;
    *.json) ;;
    *) fail "$file is neither a pack (*.uwtpack) nor kernel profiles (*.json)" ;;
    esac
  done
  [[ $packs -gt 0 ]] || fail "no pack is given; make one by 'uwt compile --emit pack'"
  for file in "$@"; do
    [[ $file -ef $dir/$(basename "$file") ]] || cp "$file" "$dir"
  done
  cp "$here/gpu-kit.sh" "$here/../test/Benchmarks/gpu_tables.py" "$dir"
  strip -o "$dir/uwt-bench" "$bench"
  local kilobytes
  kilobytes=$(du -sk "$dir" | cut -f1)
  [[ $kilobytes -lt 61440 ]] || fail "the kit has $kilobytes KB, more than 60 MB; give it fewer packs"
  echo "$dir: $packs pack(s), $kilobytes KB; copy it to a GPU machine and run gpu-kit.sh in it"
}

# The first of the files that exists, or nothing.
first_of() {
  local file
  for file in "$@"; do
    if [[ -e $file ]]; then
      echo "$file"
      return
    fi
  done
}

# step NAME COMMAND...: runs it, with all it prints in OUT/NAME.txt, and remembers how it ended.
step() {
  local name=$1 code=0
  shift
  echo "== $name"
  "$@" 2>&1 | tee "$out/$name.txt" || code=$?
  echo "$name: exit code $code" >>"$out/summary.txt"
  [[ $code -eq 0 ]] || failed+=("$name")
}

run_sanitizer() {
  local sanitizer tool
  sanitizer=$(command -v compute-sanitizer || first_of /usr/local/cuda*/bin/compute-sanitizer)
  if [[ -z $sanitizer ]]; then
    echo "sanitizer: not found, skipped" | tee -a "$out/summary.txt"
    return
  fi
  for tool in memcheck racecheck synccheck initcheck; do
    step "sanitizer-$tool" "$sanitizer" --tool "$tool" --error-exitcode 9 \
      "$here/uwt-bench" "${inputs[@]}" --shapes smallest --copies 2 --profile "${extra[@]}"
  done
}

# Where a toolkit or PyTorch has put cuBLASLt; uwt-bench finds those of the loader by itself.
find_cublaslt() {
  local packages
  [[ -z ${UWT_CUBLASLT:-} ]] || return 0
  ldconfig -p 2>/dev/null | grep -q 'libcublasLt\.so\.1[23]' && return 0
  packages=$(python3 -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' 2>/dev/null || true)
  UWT_CUBLASLT=$(first_of /usr/local/cuda*/lib64/libcublasLt.so.1[23] \
    "$packages"/nvidia/*/lib/libcublasLt.so.1[23])
  [[ -z $UWT_CUBLASLT ]] || export UWT_CUBLASLT
}

run_kit() {
  out=results
  failed=()
  extra=()
  inputs=()
  local quick=() sanitize=true file
  while [[ $# -gt 0 ]]; do
    case $1 in
    --out)
      [[ $# -ge 2 ]] || fail "--out needs a folder"
      out=$2
      shift
      ;;
    --quick) quick=(--quick) ;;
    --no-sanitizer) sanitize=false ;;
    --)
      shift
      extra=("$@")
      break
      ;;
    *) fail "there is no option '$1'; see the top of $0" ;;
    esac
    shift
  done
  for file in "$here"/*.uwtpack; do
    [[ -e $file ]] || fail "$here has no *.uwtpack; make the kit by gpu-kit.sh --make"
    inputs+=(--pack "$file")
  done
  for file in "$here"/*.json; do
    [[ ! -e $file ]] || inputs+=(--kernel-profiles "$file")
  done
  mkdir -p "$out"
  : >"$out/summary.txt"
  find_cublaslt
  nvidia-smi -q >"$out/nvidia-smi.txt" 2>&1 || true
  step check "$here/uwt-bench" "${inputs[@]}" --quick --check "${extra[@]}"
  # What is wrong is not measured, and a GPU that is not there not either.
  if [[ ${#failed[@]} -eq 0 ]]; then
    [[ $sanitize == false ]] || run_sanitizer
    step bench "$here/uwt-bench" "${inputs[@]}" "${quick[@]}" -o "$out/results.json" "${extra[@]}"
    if [[ -s $out/results.json ]] && command -v python3 >/dev/null; then
      step tables python3 "$here/gpu_tables.py" "$out/results.json" --out "$out"
    fi
  fi
  cat "$out/summary.txt"
  [[ ${#failed[@]} -eq 0 ]] || fail "failed: ${failed[*]}; see $out"
}

case ${1:-} in
--make)
  [[ $# -ge 2 ]] || fail "--make needs a folder"
  shift
  make_kit "$@"
  ;;
-h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0" ;;
*) run_kit "$@" ;;
esac
