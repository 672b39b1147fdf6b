// RUN: uwt-opt %s --uwt-build-weight-kernels | FileCheck %s
// RUN: uwt-opt %s --pass-pipeline='builtin.module(uwt-build-weight-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s --check-prefix=PTX

// A kernel a transcode: of prefix codes with the decode table in shared memory, funnel shifts of a lane's stream, byte permutations of raw fields, and a
// store of 16 bytes a register.

// CHECK-LABEL: gpu.module @huffman_transcode_0
// CHECK: gpu.func @transcode({{.*}}memref<?xi16, #gpu.address_space<global>>) kernel
// CHECK-SAME: uwt.kernel_entry = #uwt.kernel_entry<transcode, "transcode", from <"huffman<12,2>"> of bf16 to <"raw">, n = 64, k = 2048, m = 1 to any, launch <
// CHECK: gpu.dynamic_shared_memory
// CHECK: gpu.barrier
// CHECK: gpu.shuffle up
// CHECK: uwt.decode_stream_fragment #uwt.format<"huffman<12,2>"> of bf16
// CHECK-LABEL: func.func @huffman
// CHECK: uwt.transcode
// CHECK-LABEL: gpu.module @palette_transcode_0
// CHECK-NOT: gpu.dynamic_shared_memory
// CHECK: uwt.decode_fragment #uwt.format<"palette<4>"> of bf16

// Another kernel codes the words: it counts escapes, or writes planes and records.
// CHECK-LABEL: gpu.module @fixed_transcode_0
// CHECK: gpu.func @transcode
// CHECK: gpu.func @encode(%{{[a-z0-9_]+}}: memref<?xi32, #gpu.address_space<global>>, %{{[a-z0-9_]+}}: memref<?xi8, #gpu.address_space<global>>, %[[COUNTS:[a-z0-9_]+]]: memref<?xi16, #gpu.address_space<global>>
// CHECK: memref.dim %[[COUNTS]]
// CHECK: memref.store %{{.*}}, %[[COUNTS]]
// CHECK: vector.store {{.*}} : memref<?xi32, #gpu.address_space<global>>, vector<4xi32>
// CHECK-LABEL: gpu.module @raw_transcode_0
// CHECK-NOT: gpu.func @transcode
// CHECK: gpu.func @encode

// PTX-DAG: .entry encode(
// PTX-DAG: popc.b32
// PTX-DAG: .entry transcode(
// PTX-DAG: .maxntid 128, 1, 1
// PTX-DAG: shf.r.wrap.b32
// PTX-DAG: prmt.b32
// PTX-DAG: st.global.v4.b32
// PTX-DAG: st.global.b16
func.func @huffman() {
  %w = uwt.weight "w" : !uwt.compressed<64x2048xbf16, "huffman<12,2>">
  %r = uwt.transcode %w : !uwt.compressed<64x2048xbf16, "huffman<12,2>"> -> !uwt.compressed<64x2048xbf16, "raw">
  return
}

func.func @palette() {
  %w = uwt.weight "w" : !uwt.compressed<64x2048xbf16, "palette<4>">
  %r = uwt.transcode %w : !uwt.compressed<64x2048xbf16, "palette<4>"> -> !uwt.compressed<64x2048xbf16, "raw">
  return
}

func.func @fixed() {
  %w = uwt.weight "w" : !uwt.compressed<64x2048xbf16, "huffman<12,2>">
  %r = uwt.transcode %w : !uwt.compressed<64x2048xbf16, "huffman<12,2>"> -> !uwt.compressed<64x2048xbf16, "inplace<12>">
  return
}

func.func @raw() {
  %w = uwt.weight "w" : !uwt.compressed<64x2048xbf16, "raw">
  %r = uwt.transcode %w : !uwt.compressed<64x2048xbf16, "raw"> -> !uwt.compressed<64x2048xbf16, "window<4>">
  return
}
