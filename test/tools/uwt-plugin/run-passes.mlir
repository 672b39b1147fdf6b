// A stock mlir-opt reads the dialect and runs its passes, beside its own.
// REQUIRES: plugin
// RUN: mlir-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin %s \
// RUN:   --pass-pipeline="builtin.module(uwt-fold-constants,canonicalize)" | FileCheck %s
// RUN: mlir-opt --load-dialect-plugin=%plugin --load-pass-plugin=%plugin %s --emit-bytecode \
// RUN:   | uwt-opt | FileCheck %s --check-prefix=BYTECODE

// BYTECODE: uwt.transcode

// CHECK-LABEL: func @transcoded_twice
func.func @transcoded_twice(%w: !uwt.compressed<64x64xbf16, "raw">) -> !uwt.compressed<64x64xbf16, "raw"> {
  // CHECK-NOT: uwt.transcode
  %0 = uwt.transcode %w : !uwt.compressed<64x64xbf16, "raw"> -> !uwt.compressed<64x64xbf16, "inplace<12>">
  %1 = uwt.transcode %0 : !uwt.compressed<64x64xbf16, "inplace<12>"> -> !uwt.compressed<64x64xbf16, "raw">
  return %1 : !uwt.compressed<64x64xbf16, "raw">
}

// CHECK-LABEL: func @folded
func.func @folded() -> !uwt.compressed<2x2xbf16, "raw"> {
  // CHECK: uwt.constant
  %0 = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xbf16>
  %1 = uwt.encode %0 : tensor<2x2xbf16> -> !uwt.compressed<2x2xbf16, "raw">
  return %1 : !uwt.compressed<2x2xbf16, "raw">
}
