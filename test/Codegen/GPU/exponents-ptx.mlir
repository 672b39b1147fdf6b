// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a strategy=exponents m-tiles=8 remarks=false' --uwt-build-kernels | FileCheck %s
// RUN: uwt-opt %s --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a strategy=exponents m-tiles=8 remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s --check-prefix=PTX

// Strategy exponents: a kernel decodes symbols to bytes in the workspace, the product joins them with plane raw.

// Without raw fields; escapes are stored over the bytes.
// CHECK-LABEL: gpu.func @decode
//       CHECK: uwt.decode_stream_fragment {{.*}} lane %{{[0-9a-z_]+}} stream
//       CHECK: vector.store {{.*}} : memref<?xi8, #gpu.address_space<global>>, vector<16xi8>
//       CHECK: memref.store {{.*}} : memref<?xi8, #gpu.address_space<global>>
//   CHECK-NOT: vector.store
// CHECK-LABEL: gpu.func @pack
//       CHECK: uwt.launch_dependents
// CHECK-LABEL: gpu.func @product
//  CHECK-SAME: %{{[a-z0-9_]+}}: memref<?xi64, {{[^,]*}}>, %{{[a-z0-9_]+}}: memref<?xi32, {{[^,]*}}>, %[[WORDS:[a-z0-9_]+]]: memref<?xi32, {{[^,]*}}>, %[[RAW:[a-z0-9_]+]]: memref
//  CHECK-SAME: %[[WORKSPACE:[a-z0-9_]+]]: memref<?xi32, {{[^,]*}}>, %{{[a-z0-9_]+}}: memref<?xi32, #gpu.address_space<global>>) kernel
// Consumers.
//   CHECK-DAG: uwt.decode_fragment {{.*}} exponent_bytes
//   CHECK-DAG: uwt.decode_fragment {{.*}} as_words
//       CHECK: uwt.warpgroup_mma
// The producer waits before it copies anything.
//       CHECK: uwt.grid_dependency_wait
//       CHECK: uwt.bulk_copy %[[WORDS]]
//       CHECK: uwt.bulk_copy %[[RAW]]
//       CHECK: uwt.bulk_copy %[[WORKSPACE]]

// PTX-LABEL: .entry decode(
// PTX-NOT: griddepcontrol
// PTX: st.global.v4
// PTX: st.global.b8
// PTX-LABEL: .entry product(
// PTX: prmt.b32
// PTX: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {
func.func @main(%x: memref<64x4096xbf16>, %y: memref<64x4096xbf16>) {
  %w = uwt.weight "w" : !uwt.compressed<4096x4096xbf16, "huffman<12,2>">
  uwt.matmul ins(%x, %w : memref<64x4096xbf16>, !uwt.compressed<4096x4096xbf16, "huffman<12,2>">) outs(%y : memref<64x4096xbf16>) {
  ^bb0(%sum: f32):
    %t = arith.truncf %sum : f32 to bf16
    uwt.yield %t : bf16
  }
  return
}
