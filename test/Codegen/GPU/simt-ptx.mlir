// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a remarks=false' --uwt-build-kernels | FileCheck %s
// RUN: uwt-opt %s --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_80 remarks=false},uwt-build-kernels{target=sm_80},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=PTX

// x of f32 and a weight of bf16: a kernel decodes the weight, another multiplies in f32 without tensor cores.

// CHECK-LABEL: gpu.module @main_product_0
// CHECK: gpu.func @decode({{.*}}, %{{.*}}: memref<?xi16, #gpu.address_space<global>>) kernel
// CHECK: uwt.decode_fragment #uwt.format<"inplace<12>"> of bf16
// CHECK: gpu.func @product(%{{.*}}: memref<?xi64, #gpu.address_space<global>>, %{{.*}}: memref<?xi32, #gpu.address_space<global>>, %{{.*}}: memref<?xi32, #gpu.address_space<global>>, %{{.*}}: memref<?xf32, #gpu.address_space<global>>,
// CHECK-NOT: nvgpu.mma.sync
// CHECK: math.fma
// CHECK: gpu.shuffle

// PTX-LABEL: .entry product(
// PTX-NOT: mma.sync.aligned.m16n8k16
// PTX: ld.global.v4.b32
// PTX: fma.rn.f32
// PTX: shfl.sync.bfly.b32
func.func @main(%x: memref<8x256xf32>, %y: memref<8x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x256xbf16, "inplace<12>">
  uwt.matmul ins(%x, %w : memref<8x256xf32>, !uwt.compressed<64x256xbf16, "inplace<12>">) outs(%y : memref<8x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}
