// How far ahead strategy direct asks for codes is what calibrate has measured, or what a user says.
// RUN: uwt-opt %s --uwt-select-strategy="strategy=direct remarks=false" | FileCheck %s --check-prefix=USUAL
// RUN: uwt-opt %s --uwt-select-strategy="strategy=direct remarks=false calibration=%S/Inputs/prefetch-calibration.json" | FileCheck %s --check-prefix=MEASURED
// RUN: uwt-opt %s --uwt-select-strategy="strategy=direct remarks=false prefetch=1024 calibration=%S/Inputs/prefetch-calibration.json" | FileCheck %s --check-prefix=SAID
// RUN: uwt-opt %s --uwt-select-strategy="strategy=buffer remarks=false prefetch=1024" | FileCheck %s --check-prefix=BUFFER

// USUAL-COUNT-2: #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = {{64|128}}>
// MEASURED-COUNT-2: #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = {{64|128}}, prefetch = 8192>
// SAID-COUNT-2: #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = {{64|128}}, prefetch = 1024>
// BUFFER-NOT: prefetch
module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  func.func @floats(%x: tensor<1x4096xbf16>, %init: tensor<1x14336xf32>) -> tensor<1x14336xf32> {
    %w = uwt.weight "w" : !uwt.compressed<14336x4096xbf16, "inplace<12>">
    %y = uwt.matmul ins(%x, %w : tensor<1x4096xbf16>, !uwt.compressed<14336x4096xbf16, "inplace<12>">) outs(%init : tensor<1x14336xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<1x14336xf32>
    return %y : tensor<1x14336xf32>
  }
  func.func @integers(%x: tensor<1x4096xbf16>, %init: tensor<1x14336xf32>) -> tensor<1x14336xf32> {
    %w = uwt.weight "w" : !uwt.compressed<14336x4096xbf16, "uint<4>, zero=8, scale={1x128, f16}">
    %y = uwt.matmul ins(%x, %w : tensor<1x4096xbf16>, !uwt.compressed<14336x4096xbf16, "uint<4>, zero=8, scale={1x128, f16}">) outs(%init : tensor<1x14336xf32>) arithmetic #uwt.integer<8> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<1x14336xf32>
    return %y : tensor<1x14336xf32>
  }
}
