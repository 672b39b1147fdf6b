// Quantised checkpoints: the tensors of a module are a weight together. Real files of the packers.

// RUN: split-file %s %t && cp %golden/gptq-b4-g128/model.safetensors %golden/gptq-b4-g128/config.json %t
// RUN: uwt-opt %t/bound.mlir --uwt-bind-weights="weights=%t format=huffman<8,2>" | FileCheck %s
// RUN: uwt-opt %t/codes-in-memory.mlir --uwt-bind-weights=weights=%t | FileCheck %s --check-prefix=MEMORY
// RUN: uwt-opt %t/order.mlir --uwt-bind-weights=weights=%golden/gptq-b2-g-idx | FileCheck %s --check-prefix=VALUES
// RUN: uwt-opt %t/order.mlir --uwt-bind-weights="weights=%golden/gptq-b2-g-idx columns-by-cell" | FileCheck %s --check-prefix=CELLS
// RUN: uwt-opt %t/one-file.mlir --uwt-bind-weights=weights=%golden/bnb-nf4/model.safetensors | FileCheck %s --check-prefix=TABLE
// RUN: uwt-opt %t/one-file.mlir --uwt-bind-weights=weights=%golden/bnb-int8/model.safetensors | FileCheck %s --check-prefix=FACTOR
// RUN: uwt-opt %t/nvfp4.mlir --uwt-bind-weights=weights=%golden/ct-nvfp4/model.safetensors | FileCheck %s --check-prefix=NVFP4
// RUN: uwt-opt %t/invalid.mlir --split-input-file --verify-diagnostics --uwt-bind-weights=weights=%t
// RUN: uwt-opt %t/codes.mlir --verify-diagnostics --uwt-bind-weights=weights=%golden/fp8-block/model.safetensors | FileCheck %s --check-prefix=CODES
// RUN: uwt-opt %t/gguf.mlir --uwt-bind-weights=weights=%gguf/llama.gguf | FileCheck %s --check-prefix=GGUF
// RUN: head -c 100 %gguf/llama.gguf > %t/short.gguf
// RUN: not uwt-opt %t/gguf.mlir --uwt-bind-weights=weights=%t/short.gguf 2>&1 | FileCheck %s --check-prefix=SHORT
// SHORT: short.gguf: the header ends at byte 100 of it
// RUN: sed -i 's/"bits": 4/"bits": 9/' %t/config.json
// RUN: uwt-opt %t/refused.mlir --verify-diagnostics --uwt-bind-weights=weights=%t
// RUN: echo '[' > %t/config.json
// RUN: not uwt-opt %t/bound.mlir --uwt-bind-weights=weights=%t 2>&1 | FileCheck %s --check-prefix=NOT-JSON
// NOT-JSON: config.json: invalid JSON at offset 2

//--- bound.mlir
// Of any float type; a key that MLIR renamed is bound to the weight that it was written for.
// CHECK-LABEL: @bound
func.func @bound() -> (tensor<64x256xf16>, tensor<64x256xbf16>, tensor<64x256xf32>, tensor<2x64xf16>) {
  // CHECK: %[[F16:.*]] = uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<64x256xf16, "huffman<8,2>">
  // CHECK: uwt.decode %[[F16]]
  %f16 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<64x256xf16>
  // CHECK: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<64x256xbf16, "huffman<8,2>">
  %bf16 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight_1> : tensor<64x256xbf16>
  // CHECK: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<64x256xf32, "huffman<8,2>">
  %f32 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight_2> : tensor<64x256xf32>
  // Its own tensors are there as before.
  // CHECK: uwt.weight "model.layers.0.mlp.up_proj.scales" : !uwt.compressed<2x64xf16, "huffman<8,2>">
  %scales = arith.constant dense_resource<model.layers.0.mlp.up_proj.scales> : tensor<2x64xf16>
  return %f16, %bf16, %f32, %scales : tensor<64x256xf16>, tensor<64x256xbf16>, tensor<64x256xf32>, tensor<2x64xf16>
}

//--- codes-in-memory.mlir
// Where nobody asks for another format, bf16 and f16 run from the codes.
// MEMORY: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<64x256xbf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}">
// MEMORY: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<64x256xf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}">
// MEMORY: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<64x256xf32, "raw">
func.func @memory() -> (tensor<64x256xbf16>, tensor<64x256xf16>, tensor<64x256xf32>) {
  %bf16 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<64x256xbf16>
  %f16 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight_1> : tensor<64x256xf16>
  %f32 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight_2> : tensor<64x256xf32>
  return %bf16, %f16, %f32 : tensor<64x256xbf16>, tensor<64x256xf16>, tensor<64x256xf32>
}

//--- order.mlir
// Columns in an order of their own.
// VALUES: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<64x256xbf16, "raw">
// CELLS: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<64x256xbf16, "uint<2>, zero={1x64, uint<2>}, scale={1x64, f16}, order=k">
func.func @order() -> tensor<64x256xbf16> {
  %w = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<64x256xbf16>
  return %w : tensor<64x256xbf16>
}

//--- one-file.mlir
// The folder of one file has the configuration.
// TABLE: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<32x192xbf16, "table<4>, scale={1x64, f32}">
// FACTOR: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<32x192xbf16, "int<8>, scale={row, f32}, factor=1/127">
func.func @one_file() -> tensor<32x192xbf16> {
  %w = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<32x192xbf16>
  return %w : tensor<32x192xbf16>
}

//--- nvfp4.mlir
// Scales of two grids are one in bf16 (run-5).
// NVFP4: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<48x256xbf16, "f4E2M1FN, scale={1x16, f16E6M10U}">
// NVFP4: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<48x256xf16, "f4E2M1FN, scale={1x16, f8E4M3FN, divide={tensor, f32}}">
func.func @nvfp4() -> (tensor<48x256xbf16>, tensor<48x256xf16>) {
  %bf16 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<48x256xbf16>
  %f16 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight_1> : tensor<48x256xf16>
  return %bf16, %f16 : tensor<48x256xbf16>, tensor<48x256xf16>
}

//--- gguf.mlir
// By the names of transformers; vectors are dense.
// GGUF: uwt.weight "model.layers.0.self_attn.q_proj.weight" : !uwt.compressed<64x64xbf16, "uint<4>, zero=8, scale={1x32, f16}">
// GGUF: uwt.weight "blk.0.attn_q.weight" : !uwt.compressed<64x64xf32, "raw">
// GGUF: uwt.weight "model.norm.weight" : tensor<64xbf16>
func.func @gguf() -> (tensor<64x64xbf16>, tensor<64x64xf32>, tensor<64xbf16>) {
  %w = arith.constant dense_resource<model.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
  %own = arith.constant dense_resource<blk.0.attn_q.weight> : tensor<64x64xf32>
  %norm = arith.constant dense_resource<model.norm.weight> : tensor<64xbf16>
  return %w, %own, %norm : tensor<64x64xbf16>, tensor<64x64xf32>, tensor<64xbf16>
}

//--- codes.mlir
// FP8 codes have the weight's own name: the type says which is meant.
// CODES: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<64x192xf8E4M3FN, "raw">
// CODES: uwt.weight "model.layers.0.mlp.up_proj.weight" : !uwt.compressed<64x192xbf16, "f8E4M3FN, scale={32x64, f32}">
func.func @codes() -> (tensor<64x192xf8E4M3FN>, tensor<64x192xbf16>) {
  %codes = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<64x192xf8E4M3FN>
  %w = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight_1> : tensor<64x192xbf16>
  return %codes, %w : tensor<64x192xf8E4M3FN>, tensor<64x192xbf16>
}

//--- invalid.mlir
func.func @shape() -> tensor<256x64xf16> {
  // expected-error@below {{quantised weight 'model.layers.0.mlp.up_proj.weight' (recipe gptq) has shape 64x256, expected 256x64}}
  %w = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<256x64xf16>
  return %w : tensor<256x64xf16>
}

// -----

func.func @type() -> tensor<64x256xi8> {
  // expected-error@below {{quantised weight 'model.layers.0.mlp.up_proj.weight' (recipe gptq) decodes to bf16, f16 or f32, expected 'i8'}}
  %w = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<64x256xi8>
  return %w : tensor<64x256xi8>
}

// -----

func.func @name() -> tensor<64x256xf16> {
  // expected-error-re@below {{no tensor 'model.layers.0.mlp.up_proj.wieght' in {{.*}}; did you mean 'model.layers.0.mlp.up_proj.weight'?}}
  %w = arith.constant dense_resource<model.layers.0.mlp.up_proj.wieght> : tensor<64x256xf16>
  return %w : tensor<64x256xf16>
}

//--- refused.mlir
func.func @refused() -> tensor<64x256xf16> {
  // expected-error@below {{quantised weight 'model.layers.0.mlp.up_proj.weight' (recipe gptq) cannot be read: 9 bits are not 2 to 8}}
  %w = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<64x256xf16>
  return %w : tensor<64x256xf16>
}
