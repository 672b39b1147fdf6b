#!/usr/bin/env bash
# Checks and measures kernel packs on a GPU machine that has nothing but a driver.
#
#   gpu-kit.sh --make DIR [--target GPU] [--bench PROGRAM] [FILE...]
#                    here: puts uwt-bench (that of PATH or of build/bin), packs (*.uwtpack), kernel profiles (*.json)
#                    and scripts into DIR, which is to be copied there. Without files it makes packs of the whole grid
#                    and of the experiments for GPU (default: sm_90a) by test/Benchmarks/gpu_packs.py; minutes
#   DIR/gpu-kit.sh [--out DIR] [--quick] [--limit SECONDS] [--no-sanitizer] [-- OPTIONS]
#                    there: bench, correctness, compute-sanitizer and tables, into --out (default: results). --quick
#                    leaves out all but a few shapes and values of m; --limit is that of each process (default: 600);
#                    OPTIONS are those of uwt-bench (--device 1, --cublaslt FILE)
#
# A process that fails, or takes too long, is named at the end, and the others run. Exit code 0 when all that ran was
# right, 1 when something failed, 2 for mistakes in the call.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)

fail() {
  echo "gpu-kit.sh: error: $1" >&2
  exit 2
}

make_kit() {
  local dir=$1 bench target=sm_90a
  shift
  bench=$(command -v uwt-bench || echo "$here/../build/bin/uwt-bench")
  while [[ ${1:-} == --* ]]; do
    [[ $# -ge 2 ]] || fail "$1 needs a value"
    case $1 in
    --bench) bench=$2 ;;
    --target) target=$2 ;;
    *) fail "there is no option '$1'; see the top of $0" ;;
    esac
    shift 2
  done
  [[ -x $bench ]] || fail "$bench is missing; build it, or name another by --bench"
  mkdir -p "$dir"
  if [[ $# -eq 0 ]]; then
    python3 "$here/../test/Benchmarks/gpu_packs.py" --uwt "$(dirname "$bench")/uwt" --target "$target" \
      --experiments --out "$dir" || fail "the packs cannot be made"
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
  # A script, as tests have one, has nothing to strip.
  strip -o "$dir/uwt-bench" "$bench" 2>/dev/null || cp "$bench" "$dir/uwt-bench"
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

# step NAME COMMAND...: runs it for at most the limit, with all it prints in OUT/NAME.txt, and remembers how it ended.
# Gives its exit code, 124 where it took too long.
step() {
  local name=$1 code=0 begun=$SECONDS
  shift
  echo "== $name"
  mkdir -p "$(dirname "$out/$name")"
  # A process that waits for a GPU may not hear the first signal.
  timeout "${alone[@]}" -k 10 "$limit" "$@" 2>&1 | tee "$out/$name.txt" || code=$?
  [[ $code -ne 137 ]] || code=124
  echo "$name: exit code $code, $((SECONDS - begun)) s" >>"$out/summary.txt"
  [[ $code -eq 0 ]] || failed+=("$name$([[ $code -ne 124 ]] || echo " (longer than $limit s)")")
  return "$code"
}

# bench NAME PACK SHAPE OPTIONS...: a process of uwt-bench for a pack and a shape, compared with the raw pack. Beside
# its times stand the predictions of the pack's own profile, or where it has none those of all.
bench() {
  local name=$1 pack=$2 shape=$3 twin=() predictions=("${profiles[@]}")
  shift 3
  [[ ! -e ${pack%.uwtpack}.profile.json ]] || predictions=(--kernel-profiles "${pack%.uwtpack}.profile.json")
  [[ ! -e $here/raw.uwtpack || $pack -ef $here/raw.uwtpack ]] || twin=(--twin "$here/raw.uwtpack")
  step "$name" "$here/uwt-bench" --pack "$pack" "${twin[@]}" "${predictions[@]}" --shapes "$shape" "$@" "${extra[@]}"
}

# merge NAME: what the processes of the folder NAME have found so far, to NAME.json.
merge() {
  local file files=()
  for file in "$out/$1"/*.json; do
    [[ ! -s $file ]] || files+=(--merge "$file")
  done
  [[ ${#files[@]} -eq 0 ]] || "$here/uwt-bench" "${files[@]}" -o "$out/$1.json" || failed+=("merge of $1")
}

# The shapes that options of uwt-bench choose, the smallest first.
shapes_of() { "$here/uwt-bench" --list "$@" | awk '$1 ~ /^[0-9]+x[0-9]+$/ {print $1}'; }

# has_shape PACK SHAPE: whether a pack has kernels for a shape; those that take any are for no shape alone.
has_shape() {
  local own
  own=$(shapes_of --shapes packs --pack "$1")
  [[ -z $own ]] || grep -qx "$2" <<<"$own"
}

# Whether a file says that there is nothing to go on with.
has_no_gpu() { grep -qE 'cannot load the CUDA driver|there is no GPU|NVIDIA driver (is too old|has no)' "$out/$1.txt"; }

# run_bench FOLDER SHAPES OPTIONS...: all packs, shape by shape. The first pack of a shape measures cuBLASLt, too.
run_bench() {
  local folder=$1 shapes=$2 shape pack name peers
  shift 2
  for shape in $shapes; do
    peers=()
    for pack in "${packs[@]}"; do
      has_shape "$pack" "$shape" || continue
      name=$folder/$(basename "$pack" .uwtpack)-$shape
      if bench "$name" "$pack" "$shape" -o "$out/$name.json" "${peers[@]}" "$@"; then
        peers=(--no-peers)
      elif has_no_gpu "$name"; then
        return 1
      fi
      merge "$folder"
    done
  done
}

# experiment FOLDER PACK OPTIONS...: PACK is NAME.mM.uwtpack, for an m of M.
experiment() {
  local folder=$1 pack=$2 name
  shift 2
  name=$(basename "$pack" .uwtpack)
  bench "$folder/$name" "$pack" packs --m "${name##*.m}" --no-peers -o "$out/$folder/$name.json" "$@" || true
  merge "$folder"
}

# The same kernels with one thing changed (docs/gpu-bench.md, experiments).
run_experiments() {
  local pack
  for pack in "$here"/experiments/*.uwtpack; do
    [[ ! -e $pack ]] || experiment experiments "$pack"
  done
  for pack in "$here"/experiments/as-chosen.*.uwtpack; do
    [[ ! -e $pack ]] || experiment without-escapes "$pack" --weights narrow
  done
}

# run_checks SHAPES M: of these shapes, with so many rows of x.
run_checks() {
  local shape pack
  for pack in "${packs[@]}"; do
    for shape in $1; do
      has_shape "$pack" "$shape" || continue
      bench "check/$(basename "$pack" .uwtpack)-$shape" "$pack" "$shape" --check --no-peers --m "$2" || true
    done
  done
}

run_sanitizer() {
  # It starts uwt-bench, which has to end with it.
  local sanitizer tool pack alone=()
  sanitizer=$(command -v compute-sanitizer || first_of /usr/local/cuda*/bin/compute-sanitizer)
  if [[ -z $sanitizer ]]; then
    echo "sanitizer: not found, skipped" | tee -a "$out/summary.txt"
    return
  fi
  for tool in memcheck racecheck synccheck initcheck; do
    for pack in "${packs[@]}"; do
      step "sanitizer/$tool-$(basename "$pack" .uwtpack)" "$sanitizer" --tool "$tool" --error-exitcode 9 \
        "$here/uwt-bench" --pack "$pack" --shapes smallest --m 8,64 --copies 2 --profile "${extra[@]}" || true
    done
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

# parse OPTION...: sets what the run is.
parse() {
  while [[ $# -gt 0 ]]; do
    case $1 in
    --out | --limit)
      [[ $# -ge 2 ]] || fail "$1 needs a value"
      if [[ $1 == --out ]]; then out=$2; else limit=$2; fi
      shift
      ;;
    --quick) quick=true ;;
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
}

# Packs and predictions of the kit. The raw pack first: the others are compared with it.
find_inputs() {
  local file
  for file in "$here"/raw.uwtpack "$here"/*.uwtpack; do
    [[ ! -e $file || ($file == "$here"/raw.uwtpack && ${#packs[@]} -gt 0) ]] || packs+=("$file")
  done
  [[ ${#packs[@]} -gt 0 ]] || fail "$here has no *.uwtpack; make the kit by gpu-kit.sh --make"
  for file in "$here"/*.json; do
    [[ ! -e $file ]] || profiles+=(--kernel-profiles "$file")
  done
}

run_steps() {
  local pack given=() all some shape
  for pack in "${packs[@]}"; do
    given+=(--pack "$pack")
  done
  all=$(shapes_of --shapes packs "${given[@]}")
  # Kernels for any shape.
  all=${all:-$(shapes_of --quick)}
  some=
  for shape in $(shapes_of --quick); do
    ! grep -qx "$shape" <<<"$all" || some+="$shape "
  done
  some=${some:-$all}
  run_bench quick "$some" --quick || return 0
  run_experiments
  if [[ $quick == true ]]; then
    run_checks "$(head -1 <<<"$all")" 1,9,32,65,192
  else
    run_bench bench "$all" || return 0
    # All slices and clusters, with tails.
    run_checks "$all" 1,3,8,9,16,17,32,33,64,65,128,129,192,256
  fi
  [[ $sanitize == false ]] || run_sanitizer
}

run_tables() {
  local file files=()
  command -v python3 >/dev/null || return 0
  [[ -s $out/bench.json ]] || set -- quick
  for file in "${1:-bench}" experiments without-escapes; do
    [[ ! -s $out/$file.json ]] || files+=("$out/$file.json")
  done
  [[ ${#files[@]} -eq 0 ]] || step tables python3 "$here/gpu_tables.py" "${files[@]}" --out "$out" || true
}

run_kit() {
  out=results
  limit=600
  quick=false
  sanitize=true
  failed=()
  extra=()
  packs=()
  profiles=()
  # Control-C reaches a process that shares the script's group.
  alone=(--foreground)
  trap 'cat "$out/summary.txt"; echo "gpu-kit.sh: interrupted" >&2; exit 130' INT
  parse "$@"
  find_inputs
  [[ ! -e $out/summary.txt ]] || fail "$out has results already; name another folder by --out"
  mkdir -p "$out"
  : >"$out/summary.txt"
  find_cublaslt
  nvidia-smi -q >"$out/nvidia-smi.txt" 2>&1 || true
  run_steps
  run_tables
  cat "$out/summary.txt"
  if [[ ${#failed[@]} -gt 0 ]]; then
    printf 'gpu-kit.sh: failed: %s\n' "${failed[@]}" | tee -a "$out/summary.txt" >&2
    exit 1
  fi
}

case ${1:-} in
--make)
  [[ $# -ge 2 ]] || fail "--make needs a folder"
  shift
  make_kit "$@"
  ;;
-h | --help) sed -n '2,15s/^# \{0,1\}//p' "$0" ;;
*) run_kit "$@" ;;
esac
