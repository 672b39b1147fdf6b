// How far ahead strategy direct asks for codes, and in how many streams, is what calibrate has measured, or what a user says.
// RUN: uwt-opt %s --uwt-select-strategy="strategy=direct remarks=false" | FileCheck %s --check-prefix=USUAL
// RUN: uwt-opt %s --uwt-select-strategy="strategy=direct remarks=false calibration=%S/Inputs/prefetch-calibration.json" | FileCheck %s --check-prefix=MEASURED
// RUN: uwt-opt %s --uwt-select-strategy="strategy=direct remarks=false prefetch=1024 read-streams=4 calibration=%S/Inputs/prefetch-calibration.json" | FileCheck %s --check-prefix=SAID
// RUN: uwt-opt %s --uwt-select-strategy="strategy=buffer remarks=false prefetch=1024 read-streams=4" | FileCheck %s --check-prefix=BUFFER
// RUN: sed 's/"avx512bf16"/"amx"/' %s | uwt-opt --uwt-select-strategy="strategy=tiles remarks=false read-streams=4" | FileCheck %s --check-prefix=TILES
// RUN: not uwt-opt %s --uwt-select-strategy="strategy=direct remarks=false read-streams=5" 2>&1 | FileCheck %s --check-prefix=FIVE

// USUAL-COUNT-2: #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = {{64|128}}>
// MEASURED-COUNT-2: #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = {{64|128}}, prefetch = 8192, read_streams = 2>
// SAID-COUNT-2: #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = {{64|128}}, prefetch = 1024, read_streams = 4>
// BUFFER-NOT: {{prefetch|read_streams}}
// TILES-COUNT-2: #uwt.strategy<tiles, {{.*}}, read_streams = 4>
// FIVE: 'uwt.matmul' op has a bad strategy: expected read_streams to be 1, 2, 4 or 8, got 5
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
