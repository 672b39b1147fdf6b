// RUN: uwt-opt %s --split-input-file --verify-diagnostics

// An entry holds to the rules of packs (docs/packs.md).

// expected-error @+1 {{48 threads are no multiple of 32 from 32 to 1024}}
#e = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16, n = 64, k = 64, m = 1 to any, launch <tiles, threads = 48>>

// -----

// expected-error @+1 {{it has a result's format, but is of kind skinny}}
#e = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16 to <"raw">, n = 64, k = 64, m = 1 to any, launch <tiles, threads = 32>>

// -----

// expected-error @+1 {{n is from 64 to 32}}
#e = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16, n = 64 to 32, k = 64, m = 1 to any, launch <tiles, threads = 32>>

// -----

// expected-error @+1 {{expected a range of m from a number below 2^32 - 1, of all sizes}}
#e = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16, n = 64, k = 64, m = 8 to any multiple 8, launch <tiles, threads = 32>>

// -----

// expected-error @+1 {{expected the element type of a weight, got 'i32'}}
#e = #uwt.kernel_entry<skinny, "", from <"raw"> of i32, n = 64, k = 64, m = 1 to any, launch <tiles, threads = 32>>

// -----

// expected-error @+1 {{argument 1 (m): it is there twice}}
#e = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16, n = 64, k = 64, m = 1 to any, launch <tiles, threads = 32> arguments [<m : i64>, <m : i64>]>

// -----

// expected-error @+2 {{expected one of skinny, wide, shared, transcode, dense, simt, histogram, gather, got narrow}}
// expected-error @+1 {{failed to parse}}
#e = #uwt.kernel_entry<narrow, "", from <"raw"> of bf16, n = 64, k = 64, m = 1 to any, launch <tiles, threads = 32>>

// -----

gpu.module @arguments {
  // expected-error @+1 {{has 2 arguments, and its entry 1}}
  gpu.func @product(%x: memref<?xbf16>, %m: index) kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16,
      n = 64, k = 64, m = 1 to any, launch <tiles, threads = 32> arguments [<x : bf16>]>} {
    gpu.return
  }
}

// -----

gpu.module @arguments {
  // expected-error @+1 {{has argument 0 of type 'index', and its entry says #uwt.kernel_argument<x : bf16>}}
  gpu.func @product(%m: index) kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16,
      n = 64, k = 64, m = 1 to any, launch <tiles, threads = 32> arguments [<x : bf16>]>} {
    gpu.return
  }
}

// -----

// expected-error @+1 {{expects a #uwt.kernel_plan as 'uwt.kernel_plan', got 1 : i64}}
gpu.module @plan attributes {uwt.kernel_plan = 1} {
}

// -----

gpu.module @entry {
  // expected-error @+1 {{expects a #uwt.kernel_entry as 'uwt.kernel_entry', got "skinny"}}
  gpu.func @product() kernel attributes {uwt.kernel_entry = "skinny"} {
    gpu.return
  }
}

// -----

// expected-error @+1 {{expected elements of 1 to 8 bytes, got 0}}
#o = #uwt.launch_operand<bytes = 0, rank = 2>

// -----

// expected-error @+1 {{expected a dimension of matrices below the rank 2, got 2}}
#o = #uwt.launch_operand<bytes = 2, rank = 2, matrix_dimension = 2>

// -----

// expected-error @+1 {{expected modules of kernels, got []}}
#l = #uwt.launch<[], slot = 0, matrices = 1, x <bytes = 2, rank = 2> y <bytes = 2, rank = 2>>

// -----

// expected-error @+1 {{expected a slot from 0 and matrices from 1, got 0 and 0}}
#l = #uwt.launch<[@a], slot = 0, matrices = 0, x <bytes = 2, rank = 2> y <bytes = 2, rank = 2>>

// -----

// expected-error @+1 {{expected a selection of rank 0 or 1, got 2}}
#l = #uwt.launch<[@a], slot = 0, matrices = 1, select <bytes = 8, rank = 2> x <bytes = 2, rank = 2> y <bytes = 2, rank = 2>>
