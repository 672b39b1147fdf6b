// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a remarks=false' --split-input-file | FileCheck %s --check-prefix=ALL
// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a own-format remarks=false' --split-input-file | FileCheck %s --check-prefix=OWN
// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a own-format strategy=buffer remarks=false' --split-input-file | FileCheck %s --check-prefix=BUFFER

// All formats have one k-tile and one tile, so that sums are the same; raw weights alone have another.
// ALL-LABEL: func.func @raw(
// ALL: strategy #uwt.gpu_strategy<direct, wgmma, slice = 128, {{.*}}groups = 2>
// OWN-LABEL: func.func @raw(
// OWN: strategy #uwt.gpu_strategy<direct, wgmma, slice = 64, {{.*}}groups = 2>
func.func @raw(%x: memref<128x2048xbf16>, %y: memref<128x7168xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<7168x2048xbf16, "raw">
  uwt.matmul ins(%x, %w : memref<128x2048xbf16>, !uwt.compressed<7168x2048xbf16, "raw">) outs(%y : memref<128x7168xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

// A ring of so many rows has no room for units of four groups: they are decoded before. Two slices of half as many have.
// ALL-LABEL: func.func @wide_units(
// ALL: strategy #uwt.gpu_strategy<buffer, wgmma, slice = 128,
// OWN-LABEL: func.func @wide_units(
// OWN: strategy #uwt.gpu_strategy<direct, wgmma, slice = 64,
// BUFFER-LABEL: func.func @wide_units(
// BUFFER: strategy #uwt.gpu_strategy<buffer, wgmma, slice = 128,
func.func @wide_units(%x: memref<128x14336xbf16>, %y: memref<128x4096xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<4096x14336xbf16, "inplace<11>">
  uwt.matmul ins(%x, %w : memref<128x14336xbf16>, !uwt.compressed<4096x14336xbf16, "inplace<11>">) outs(%y : memref<128x4096xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

// Where only a call knows m, slices are those of the ranges.
// OWN-LABEL: func.func @ranges(
// OWN: limits [8, 16, 32, 64, 128] cases
// OWN: slice = 8,
// OWN: slice = 16,
// OWN: slice = 32,
// OWN: slice = 64,
// OWN: slice = 128,
// OWN: slice = 256,
func.func @ranges(%x: memref<?x4096xbf16>, %y: memref<?x4096xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<4096x4096xbf16, "bitplane<3>">
  uwt.matmul ins(%x, %w : memref<?x4096xbf16>, !uwt.compressed<4096x4096xbf16, "bitplane<3>">) outs(%y : memref<?x4096xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}
