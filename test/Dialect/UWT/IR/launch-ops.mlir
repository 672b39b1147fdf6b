// RUN: uwt-opt %s | uwt-opt | FileCheck %s
// RUN: uwt-opt %s --emit-bytecode | uwt-opt | FileCheck %s

gpu.module @small {
  gpu.func @product() kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16, n = 64, k = 64, m = 1 to 8, launch <tiles, threads = 32>>} {
    gpu.return
  }
}
gpu.module @large {
  gpu.func @product() kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16, n = 64, k = 64, m = 9 to any, launch <tiles, threads = 32>>} {
    gpu.return
  }
}

// CHECK-LABEL: func.func @launches
// CHECK: uwt.launch_product [@small, @large] ins(%{{.*}}, %{{.*}} : memref<?x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) extras(%{{.*}} : memref<64xf32>) maps [#{{.*}}] outs(%{{.*}} : memref<?x64xf32>)
// CHECK: uwt.launch_product [@small, @large] ins(%{{.*}}, %{{.*}} : memref<?x64xbf16>, !uwt.compressed<4x64x64xbf16, "raw">) select(%{{.*}} : index) outs(%{{.*}} : memref<?x64xf32>)
func.func @launches(%x: memref<?x64xbf16>, %b: memref<64xf32>, %i: index, %y: memref<?x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  %e = uwt.weight "e" : !uwt.compressed<4x64x64xbf16, "raw">
  uwt.launch_product [@small, @large] ins(%x, %w : memref<?x64xbf16>, !uwt.compressed<64x64xbf16, "raw">)
    extras(%b : memref<64xf32>) maps [affine_map<(m, n) -> (n)>] outs(%y : memref<?x64xf32>)
  uwt.launch_product [@small, @large] ins(%x, %e : memref<?x64xbf16>, !uwt.compressed<4x64x64xbf16, "raw">)
    select(%i : index) outs(%y : memref<?x64xf32>)
  return
}
