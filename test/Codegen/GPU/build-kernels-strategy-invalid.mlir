// RUN: uwt-opt %s --uwt-build-kernels --verify-diagnostics --split-input-file

// A strategy that is missed, or is none of the product's kernels: nothing is chosen in its place.

func.func @no_strategy(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no #uwt.gpu_strategy: run uwt-select-strategy for a GPU before}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @no_ring(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: it has a ring, whose stages and groups are missed: run uwt-select-strategy}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 8> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @many_stages(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: a ring has at most 8 stages, got 9}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 8, stages = 9, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @large_ring(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: a ring of 8 stages of 57728 bytes does not fit the shared memory of 'sm_90a'}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 8, stages = 8, groups = 8> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @part_of_an_mtile(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: its slices have 8, 16, … or 64 rows of m, got 12}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 12, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @wide_slice_of_warps(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: its slices have 8, 16, … or 64 rows of m, got 72}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 72, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @narrow_slice_of_warpgroups(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: wgmma multiplies more than 16 rows of m, from a ring, on targets that have it}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, wgmma, slice = 16, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @panels_of_warps(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: its CTAs have one panel, got 2}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 16, panels = 2, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @three_of_long_k_tiles(%x: memref<8x1024xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x1024xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: a multiprocessor has registers for 2 of its CTAs, got 3}}
  uwt.matmul ins(%x, %w : memref<8x1024xbf16>, !uwt.compressed<128x1024xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 3, stages = 2, groups = 4> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @two_of_wide_slices(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: a multiprocessor has registers for 1 of its CTAs, got 2}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 40, ctas = 2, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @parts_of_units(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<11>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: its stages have whole units, got 2 groups in 1 k-tiles}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<11>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 8, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @parts_of_stream_units(%x: memref<8x1280xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x1280xbf16, "huffman<12,2>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind shared: its stages have whole units, got 6 groups in 1 k-tiles}}
  uwt.matmul ins(%x, %w : memref<8x1280xbf16>, !uwt.compressed<128x1280xbf16, "huffman<12,2>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<shared, mma, slice = 8, stages = 2, groups = 6> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @streams_in_a_ring(%x: memref<8x1280xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x1280xbf16, "huffman<12,2>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: it reads streams without a ring}}
  uwt.matmul ins(%x, %w : memref<8x1280xbf16>, !uwt.compressed<128x1280xbf16, "huffman<12,2>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 8, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @streams_in_clusters(%x: memref<8x1280xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x1280xbf16, "huffman<12,2>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: its CTAs have no clusters, got 2}}
  uwt.matmul ins(%x, %w : memref<8x1280xbf16>, !uwt.compressed<128x1280xbf16, "huffman<12,2>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 8, cluster = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @mixed_types(%x: memref<8x640xf32>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: x has another type than the weight; use instruction fma}}
  uwt.matmul ins(%x, %w : memref<8x640xf32>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<buffer, mma, slice = 8, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @wide_slice_of_lanes(%x: memref<8x640xf32>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind simt: its slices have 4 rows of m, got 8}}
  uwt.matmul ins(%x, %w : memref<8x640xf32>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
      strategy #uwt.gpu_strategy<buffer, fma, slice = 8> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}
