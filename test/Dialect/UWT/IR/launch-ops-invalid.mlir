// RUN: uwt-opt %s --split-input-file --verify-diagnostics

func.func @none(%x: memref<?x64xbf16>, %y: memref<?x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @+1 {{expects kernels}}
  uwt.launch_product [] ins(%x, %w : memref<?x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : memref<?x64xf32>)
  return
}

// -----

func.func @unknown(%x: memref<?x64xbf16>, %y: memref<?x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @+1 {{names @kernels, which is no gpu.module with kernel entries}}
  uwt.launch_product [@kernels] ins(%x, %w : memref<?x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : memref<?x64xf32>)
  return
}

// -----

func.func @maps(%x: memref<?x64xbf16>, %b: memref<64xf32>, %y: memref<?x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @+1 {{expects a map for each of 1 extras, got 0}}
  uwt.launch_product [@kernels] ins(%x, %w : memref<?x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) extras(%b : memref<64xf32>) maps [] outs(%y : memref<?x64xf32>)
  return
}

// -----

gpu.module @small {
  gpu.func @product() kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16, n = 64, k = 64, m = 1 to 8, launch <tiles, threads = 32>>} {
    gpu.return
  }
}
func.func @large(%x: memref<?x64xbf16>, %y: memref<?x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @+1 {{has no kernels for m from 9}}
  uwt.launch_product [@small] ins(%x, %w : memref<?x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : memref<?x64xf32>)
  return
}

// -----

gpu.module @small {
  gpu.func @product() kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16, n = 64, k = 64, m = 1 to 8, launch <tiles, threads = 32>>} {
    gpu.return
  }
}
func.func @gap(%x: memref<?x64xbf16>, %y: memref<?x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @+1 {{expects the kernels of @small to serve m from 9, but they do from 1}}
  uwt.launch_product [@small, @small] ins(%x, %w : memref<?x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : memref<?x64xf32>)
  return
}
