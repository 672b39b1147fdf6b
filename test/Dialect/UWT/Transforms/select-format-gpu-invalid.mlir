// RUN: not uwt-opt %s --uwt-select-format=gpu=sm_70 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not uwt-opt %s "--uwt-select-format=gpu=sm_90a board=A100" 2>&1 | FileCheck %s --check-prefix=BOARD
// RUN: not uwt-opt %s "--uwt-select-format=gpu=sm_90a run-format=window<9>" 2>&1 | FileCheck %s --check-prefix=FORMAT

// TARGET: error: unknown GPU target 'sm_70'
// BOARD: error: {{.*}}A100
// FORMAT: error: 'uwt.matmul' op cannot run from window<9>: the format is no composition for bf16
func.func @one(%x: tensor<8x64xbf16>, %y: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  %a = uwt.matmul ins(%x, %w : tensor<8x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : tensor<8x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  } -> tensor<8x64xf32>
  return %a : tensor<8x64xf32>
}
