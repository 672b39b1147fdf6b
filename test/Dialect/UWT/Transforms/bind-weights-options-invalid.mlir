// RUN: %python %S/Inputs/write_tensors.py %t.safetensors w:BF16:64,64
// RUN: not uwt-opt %s --uwt-bind-weights="weights=%t.safetensors format=inplace<13>" 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not uwt-opt %s --uwt-bind-weights=weights=%t.nowhere 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: not uwt-opt %s --uwt-bind-weights=weights=%s 2>&1 | FileCheck %s --check-prefix=DAMAGED
// RUN: not uwt-opt %s --uwt-bind-weights 2>&1 | FileCheck %s --check-prefix=NONE

// FORMAT: error: format 'inplace<13>': codec: expected inplace<12> or inplace<11>, got 'inplace<13>'
// FILE: error: {{.*}}.nowhere: cannot open: No such file or directory
// DAMAGED: error: {{.*}}.mlir: the header's length at offset 0 is {{[0-9]+}}, expected at most 100000000; this is not a safetensors file, or a damaged one
// NONE: options-invalid.mlir:[[#@LINE+2]]:8: error: constant dense_resource<w> has no data: name the file that has its tensor (uwt: --weights FILE, the pass: weights=FILE)
func.func @f() -> tensor<64x64xbf16> {
  %w = arith.constant dense_resource<w> : tensor<64x64xbf16>
  return %w : tensor<64x64xbf16>
}
