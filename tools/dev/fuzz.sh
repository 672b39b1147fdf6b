#!/usr/bin/env bash
# Runs fuzzers under the sanitizers, and keeps what they learn.
#
#   tools/dev/fuzz.sh [SECONDS [NAME...]]
#
# SECONDS (3600) are for all fuzzers together, on all processors. NAME is that of a file
# test/Fuzz/<Name>Fuzzer.cpp in small letters (container, encoder, format-text) or decode-<codec>;
# without one, all run. Corpora are kept in .cache/fuzz/NAME and made as small as they can be at the
# end; inputs that fail are kept in .cache/fuzz/NAME.findings and are listed with the command that
# repeats them. Fails where there are any.
#
# Sourced, it only defines what tools/test.sh shares: fuzzer_names and run_fuzzer. Programs are those
# of folder $fuzz_build.
fuzz_build=build-fuzz

# fuzzer_names: those that are built.
fuzzer_names() {
  local program
  for program in "$fuzz_build"/bin/fuzz-*; do
    if [[ -x "$program" && "$program" != */fuzz-make-corpus ]]; then
      echo "${program##*/fuzz-}"
    fi
  done
}

# run_fuzzer NAME SECONDS CORPUS FINDINGS: mutates the inputs in folder CORPUS and the seeds. The
# log is FINDINGS/log.
run_fuzzer() {
  local seeds=()
  mkdir -p "$3" "$4"
  if [[ -d test/Fuzz/corpus/$1 ]]; then
    seeds=("test/Fuzz/corpus/$1")
  fi
  "$fuzz_build/bin/fuzz-$1" -max_total_time="$2" -timeout=60 -rss_limit_mb=2048 \
    -artifact_prefix="$4/" "$3" "${seeds[@]}" &> "$4/log"
}

# minimize_corpus NAME CORPUS: leaves the smallest inputs that reach the same code.
minimize_corpus() {
  local merged="$2.merged"
  rm -rf "$merged"
  mkdir -p "$merged"
  if "$fuzz_build/bin/fuzz-$1" -merge=1 -timeout=60 -rss_limit_mb=2048 \
    -artifact_prefix="$merged/" "$merged" "$2" &> "$2.findings/merge.log"; then
    rm -rf "$2"
    mv "$merged" "$2"
  else
    rm -rf "$merged"
  fi
}

# fuzz_one NAME SECONDS: one line of how it went.
fuzz_one() {
  local corpus=".cache/fuzz/$1" findings=".cache/fuzz/$1.findings" result=passed
  run_fuzzer "$1" "$2" "$corpus" "$findings" || result=failed
  minimize_corpus "$1" "$corpus"
  echo "fuzz-$1: $result; $(find "$corpus" -type f | wc -l) inputs; $(tail -n 1 "$findings/log")"
}

# list_findings NAME...: inputs that fail, of this run or an earlier one; fails where there are any.
list_findings() {
  local name input any=0
  for name in "$@"; do
    for input in ".cache/fuzz/$name.findings"/{crash,leak,timeout,oom}-*; do
      if [[ -e "$input" ]]; then
        any=1
        echo "found: $fuzz_build/bin/fuzz-$name $input"
      fi
    done
  done
  return "$any"
}

fuzz_all() {
  local seconds=${1:-3600} jobs each name status=0
  if [[ ! "$seconds" =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: tools/dev/fuzz.sh [SECONDS [NAME...]]" >&2
    return 2
  fi
  cd "$(dirname "${BASH_SOURCE[0]}")/../.."
  local names=("${@:2}") targets=(fuzzers)
  if ((${#names[@]} > 0)); then
    targets=("${names[@]/#/fuzz-}")
  fi
  cmake --preset fuzz > /dev/null
  cmake --build --preset fuzz --target "${targets[@]}"
  if ((${#names[@]} == 0)); then
    mapfile -t names < <(fuzzer_names)
  fi
  jobs=$(nproc)
  jobs=$((jobs < ${#names[@]} ? jobs : ${#names[@]}))
  each=$((seconds * jobs / ${#names[@]}))
  each=$((each > 0 ? each : 1))
  for name in "${names[@]}"; do
    while (($(jobs -rp | wc -l) >= jobs)); do
      wait -n || true
    done
    fuzz_one "$name" "$each" &
  done
  wait
  for name in "${names[@]}"; do
    # A fuzzer that fails without an input, such as one that cannot start.
    if ! grep -q '^Done ' ".cache/fuzz/$name.findings/log"; then
      status=1
      echo "failed: fuzz-$name; see .cache/fuzz/$name.findings/log"
    fi
  done
  list_findings "${names[@]}" || status=1
  return "$status"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  set -euo pipefail
  fuzz_all "$@"
fi
