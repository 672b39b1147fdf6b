// RUN: uwt-opt %s --uwt-select-strategy="threads=2 remarks=false" | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: sed 's/"amx"/"amx-fp16"/' %s | uwt-opt --uwt-select-strategy="threads=2 remarks=false" | FileCheck %s --check-prefixes=CHECK,F16
// RUN: uwt-opt %s --uwt-select-strategy="threads=2 remarks=false strategy=buffer" | FileCheck %s --check-prefix=NONE

// With AMX products of bf16 are computed by tiles for every m, and those of f16 where there are tiles of it. What tiles do not serve is
// as elsewhere.

// NONE-NOT: strategy<tiles
module attributes {uwt.target = #uwt.target<"amx">} {
  // CHECK-LABEL: func @any
  // CHECK-NOT: strategy #uwt.strategy<{{direct|buffer}}
  // CHECK: strategy #uwt.strategy<tiles, tile_n = 16, tile_m = 64, tile_k =
  // CHECK: strategy #uwt.strategy<tiles, tile_n = 32, tile_m = 32, tile_k =
  func.func @any(%x: tensor<?x4096xbf16>, %init: tensor<?x14336xf32>) -> tensor<?x14336xf32> {
    %w = uwt.weight "w" : !uwt.compressed<14336x4096xbf16, "inplace<12>">
    %y = uwt.matmul ins(%x, %w : tensor<?x4096xbf16>, !uwt.compressed<14336x4096xbf16, "inplace<12>">) outs(%init : tensor<?x14336xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<?x14336xf32>
    return %y : tensor<?x14336xf32>
  }

  // CHECK-LABEL: func @few
  // CHECK: strategy #uwt.strategy<tiles
  func.func @few(%x: tensor<7x1024xbf16>, %init: tensor<7x64xf32>) -> tensor<7x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x1024xbf16, "raw">
    %y = uwt.matmul ins(%x, %w : tensor<7x1024xbf16>, !uwt.compressed<64x1024xbf16, "raw">) outs(%init : tensor<7x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<7x64xf32>
    return %y : tensor<7x64xf32>
  }

  // CHECK-LABEL: func @eight
  // CHECK: strategy #uwt.strategy<tiles
  func.func @eight(%x: tensor<8x1024xbf16>, %init: tensor<8x64xf32>) -> tensor<8x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x1024xbf16, "huffman<12,2>">
    %y = uwt.matmul ins(%x, %w : tensor<8x1024xbf16>, !uwt.compressed<64x1024xbf16, "huffman<12,2>">) outs(%init : tensor<8x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<8x64xf32>
    return %y : tensor<8x64xf32>
  }

  // CHECK-LABEL: func @exact
  // CHECK: strategy #uwt.strategy<buffer
  func.func @exact(%x: tensor<64x1024xbf16>, %init: tensor<64x64xf32>) -> tensor<64x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x1024xbf16, "raw">
    %y = uwt.matmul ins(%x, %w : tensor<64x1024xbf16>, !uwt.compressed<64x1024xbf16, "raw">) outs(%init : tensor<64x64xf32>) numerics exact {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<64x64xf32>
    return %y : tensor<64x64xf32>
  }

  // CHECK-LABEL: func @halves
  // BF16: strategy #uwt.strategy<buffer
  // F16: strategy #uwt.strategy<tiles
  func.func @halves(%x: tensor<64x1024xf16>, %init: tensor<64x64xf32>) -> tensor<64x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x1024xf16, "raw">
    %y = uwt.matmul ins(%x, %w : tensor<64x1024xf16>, !uwt.compressed<64x1024xf16, "raw">) outs(%init : tensor<64x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<64x64xf32>
    return %y : tensor<64x64xf32>
  }
}
