// RUN: not uwt-opt %s --uwt-select-strategy="calibration=/nowhere.json" 2>&1 | FileCheck %s --check-prefix=NOWHERE
// RUN: not uwt-opt %s --uwt-select-strategy="strategy=wide" 2>&1 | FileCheck %s --check-prefix=STRATEGY
// RUN: not uwt-opt %s --uwt-select-strategy="strategy=tiles" 2>&1 | FileCheck %s --check-prefix=TILES
// RUN: not uwt-opt %s --uwt-select-strategy="tile-n=3" 2>&1 | FileCheck %s --check-prefix=TILE
// RUN: not uwt-opt %s --uwt-select-format="run-format=inplace<13>" 2>&1 | FileCheck %s --check-prefix=COMPOSITION
// RUN: not uwt-opt %s --uwt-select-format="run-format=raw,layout=row_major" 2>&1 | FileCheck %s --check-prefix=LAYOUT
// RUN: not uwt-opt %s --uwt-select-format="run-format=huffman<12,2>" --uwt-select-strategy=strategy=direct 2>&1 | FileCheck %s --check-prefix=DIRECT
// RUN: not uwt-opt %s --uwt-select-strategy="calibration=%S/Inputs/select-calibration.json" 2>&1 | FileCheck %s --check-prefix=TARGET

// NOWHERE: error: /nowhere.json: cannot open: No such file or directory; 'uwt bench calibrate' writes such a file
// STRATEGY: error: expected strategy to be direct, buffer or tiles, got 'wide'
// TILES: error: strategy tiles needs a target with AMX, such as amx; target 'avx2' has none
// TILE: error: 'uwt.matmul' op has a bad strategy: expected tile_n to divide 16, got 3
// COMPOSITION: error: 'uwt.matmul' op cannot run from 'inplace<13>': codec: expected inplace<12> or inplace<11>, got 'inplace<13>'
// LAYOUT: error: 'uwt.matmul' op cannot run from raw,layout=row_major: layout=row_major is for reading single rows, products need layout=fragment<16x16>
// DIRECT: error: 'uwt.matmul' op has no kernel of the configuration that the options ask for
// TARGET: error: {{.*}}select-calibration.json: is for target 'avx512bf16', the module is for 'avx2'
module attributes {uwt.target = #uwt.target<"avx2">} {
  func.func @f(%x: tensor<4x1024xbf16>, %init: tensor<4x128xf32>) -> tensor<4x128xf32> {
    %w = uwt.weight "w" : !uwt.compressed<128x1024xbf16, "inplace<12>">
    %y = uwt.matmul ins(%x, %w : tensor<4x1024xbf16>, !uwt.compressed<128x1024xbf16, "inplace<12>">) outs(%init : tensor<4x128xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<4x128xf32>
    return %y : tensor<4x128xf32>
  }
}
