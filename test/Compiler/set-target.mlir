// RUN: uwt-opt %s --uwt-set-target=target=avx2 | FileCheck %s --check-prefix=NAMED
// RUN: uwt-opt %s --uwt-set-target | FileCheck %s --check-prefix=KEPT
// RUN: not uwt-opt %s --uwt-set-target=target=avx3 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// NAMED: module attributes {uwt.target = #uwt.target<"avx2">}
// KEPT: module attributes {uwt.target = #uwt.target<"generic">}
// UNKNOWN: error: unknown target 'avx3'; did you mean 'avx2'?; targets are: native, amx-fp16, amx, avx512bf16, avx512, avx2, neon-bf16, neon, generic, amx-vectors, amx-fp16-vectors
module attributes {uwt.target = #uwt.target<"generic">} {
}
