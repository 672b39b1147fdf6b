// RUN: uwt-opt %s --uwt-lower-launches --verify-diagnostics

gpu.module @kernels {
  gpu.func @product() kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16, n = 64, k = 64, m = 1 to any, launch <tiles, threads = 32>>} {
    gpu.return
  }
}
func.func @slots(%x: memref<?x64xbf16>, %y: memref<?x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @+1 {{reads a weight without a slot: run uwt-assign-slots before}}
  uwt.launch_product [@kernels] ins(%x, %w : memref<?x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : memref<?x64xf32>)
  return
}
