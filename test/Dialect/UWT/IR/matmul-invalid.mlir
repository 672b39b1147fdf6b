// What uwt.matmul refuses.
// RUN: uwt-opt %s --split-input-file --verify-diagnostics

func.func @weight_rank(%x: tensor<4x32xbf16>, %w: !uwt.compressed<2x2x64x32xbf16, "raw">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects a weight of rank 2 or 3, got '!uwt.compressed<2x2x64x32xbf16, "raw">'}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<2x2x64x32xbf16, "raw">) outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @folded(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x2x16xbf16, "raw, fold=columns<2>">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects a weight without a fold, got '!uwt.compressed<64x2x16xbf16, "raw, fold=columns<2>">'; transcode it to fold=none first}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x2x16xbf16, "raw, fold=columns<2>">) outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @x_rank(%x: tensor<2x4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects x of rank 2, got 'tensor<2x4x32xbf16>'}}
  %y = uwt.matmul ins(%x, %w : tensor<2x4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @x_rank_of_experts(%x: tensor<32xbf16>, %w: !uwt.compressed<2x64x32xbf16, "raw">, %init: tensor<2x4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects x of rank 2 or 3, got 'tensor<32xbf16>'}}
  %y = uwt.matmul ins(%x, %w : tensor<32xbf16>, !uwt.compressed<2x64x32xbf16, "raw">) outs(%init : tensor<2x4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<2x4x64xf32>
  return
}

// -----

func.func @output_rank(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: tensor<64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects an output of rank 2, got 'tensor<64xf32>'}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init : tensor<64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<64xf32>
  return
}

// -----

func.func @x_element(%x: tensor<4x32xf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects x to have elements of 'bf16' or f32, got 'f16'}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @x_columns(%x: tensor<4x64xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects dimension 1 of x to be 32, got 64}}
  %y = uwt.matmul ins(%x, %w : tensor<4x64xbf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @columns_of_k_major(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw, storage=k_major">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects dimension 1 of x to be 64, got 32}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw, storage=k_major">) outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @output_columns(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: tensor<4x32xf32>) {
  // expected-error@below {{'uwt.matmul' op expects dimension 1 of the output to be 64, got 32}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init : tensor<4x32xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x32xf32>
  return
}

// -----

func.func @rows_of_y(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: tensor<5x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects dimension 0 of the output to be 4, got 5}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init : tensor<5x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<5x64xf32>
  return
}

// -----

func.func @experts(%x: tensor<4x32xbf16>, %w: !uwt.compressed<2x64x32xbf16, "raw">, %init: tensor<3x4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects dimension 0 of the output to be 2, got 3}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<2x64x32xbf16, "raw">) outs(%init : tensor<3x4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<3x4x64xf32>
  return
}

// -----

func.func @experts_of_x(%x: tensor<3x4x32xbf16>, %w: !uwt.compressed<2x64x32xbf16, "raw">, %init: tensor<2x4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects dimension 0 of x to be 2, got 3}}
  %y = uwt.matmul ins(%x, %w : tensor<3x4x32xbf16>, !uwt.compressed<2x64x32xbf16, "raw">) outs(%init : tensor<2x4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<2x4x64xf32>
  return
}

// -----

func.func @no_result(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects a result of the output's type for tensors, none for memrefs}}
  uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  }
  return
}

// -----

func.func @memref_result(%x: memref<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: memref<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects a result of the output's type for tensors, none for memrefs}}
  %y = uwt.matmul ins(%x, %w : memref<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init : memref<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @mixed(%x: memref<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects tensors or memrefs, not both}}
  %y = uwt.matmul ins(%x, %w : memref<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @maps_count(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %e: tensor<64xbf16>, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects a map for each extra, got 0 maps and 1 extras}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) extras(%e : tensor<64xbf16>) maps [] outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32, %b: bf16):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @map_dimensions(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %e: tensor<64xbf16>, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects map 0 to be a projected permutation of 2 dimensions, got affine_map<(d0) -> (d0)>}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) extras(%e : tensor<64xbf16>) maps [affine_map<(n) -> (n)>] outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32, %b: bf16):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @map_expression(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %e: tensor<64xbf16>, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects map 0 to be a projected permutation of 2 dimensions, got affine_map<(d0, d1) -> (d0 + d1)>}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) extras(%e : tensor<64xbf16>) maps [affine_map<(m, n) -> (m + n)>] outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32, %b: bf16):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @extra_rank(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %e: tensor<64xbf16>, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects extra 0 of rank 2, as its map says, got 'tensor<64xbf16>'}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) extras(%e : tensor<64xbf16>) maps [affine_map<(m, n) -> (m, n)>] outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32, %b: bf16):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @extra_size(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %e: tensor<64xbf16>, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects dimension 0 of extra 0 to be 4, got 64}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) extras(%e : tensor<64xbf16>) maps [affine_map<(m, n) -> (m)>] outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32, %b: bf16):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @epilogue_arguments(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %e: tensor<64xbf16>, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects the epilogue to take the accumulator (f32) and an element of each extra}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) extras(%e : tensor<64xbf16>) maps [affine_map<(m, n) -> (n)>] outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @yield_type(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: tensor<4x64xbf16>) {
  // expected-error@below {{'uwt.matmul' op expects the epilogue to yield a value of type 'bf16'}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init : tensor<4x64xbf16>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xbf16>
  return
}

// -----

func.func @effects(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: tensor<4x64xf32>) {
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    // expected-error@below {{'func.call' op is not allowed in an epilogue: expected scalar operations without effects or regions}}
    func.call @f() : () -> ()
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}
func.func private @f()

// -----

func.func @inputs(%x: tensor<4x32xbf16>, %init: tensor<4x64xf32>) {
  // expected-error@below {{expected two inputs, x and a weight}}
  %y = uwt.matmul ins(%x : tensor<4x32xbf16>) outs(%init : tensor<4x64xf32>) {
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @outputs(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %init: tensor<4x64xf32>) {
  // expected-error@below {{expected one output}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) outs(%init, %init : tensor<4x64xf32>, tensor<4x64xf32>) {
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @selection_of_one_matrix(%x: tensor<4x32xbf16>, %w: !uwt.compressed<64x32xbf16, "raw">, %i: index, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op selects matrices of a weight of rank 3, got '!uwt.compressed<64x32xbf16, "raw">'}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<64x32xbf16, "raw">) select(%i : index) outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @selected_output(%x: tensor<4x32xbf16>, %w: !uwt.compressed<8x64x32xbf16, "raw">, %i: index, %init: tensor<8x4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects an output of rank 2, got 'tensor<8x4x64xf32>'}}
  %y = uwt.matmul ins(%x, %w : tensor<4x32xbf16>, !uwt.compressed<8x64x32xbf16, "raw">) select(%i : index) outs(%init : tensor<8x4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<8x4x64xf32>
  return
}

// -----

func.func @selected_entries(%x: tensor<4x1x32xbf16>, %w: !uwt.compressed<8x64x32xbf16, "raw">, %i: tensor<5xi64>, %init: tensor<4x1x64xf32>) {
  // expected-error@below {{'uwt.matmul' op expects dimension 0 of the output to be 5, got 4}}
  %y = uwt.matmul ins(%x, %w : tensor<4x1x32xbf16>, !uwt.compressed<8x64x32xbf16, "raw">) select(%i : tensor<5xi64>) outs(%init : tensor<4x1x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x1x64xf32>
  return
}

// -----

func.func @integers_of_floats(%x: tensor<4x64xbf16>, %w: !uwt.compressed<64x64xbf16, "inplace<12>">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op cannot be computed by integers: 'inplace<12>' is of floats; integers are multiplied with the codes of a quantised weight}}
  %y = uwt.matmul ins(%x, %w : tensor<4x64xbf16>, !uwt.compressed<64x64xbf16, "inplace<12>">) outs(%init : tensor<4x64xf32>) arithmetic #uwt.integer<8> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @integers_of_small_floats(%x: tensor<4x64xbf16>, %w: !uwt.compressed<64x64xbf16, "f8E4M3FN, scale={row, f32}">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op cannot be computed by integers: codes of f8E4M3FN are no integers; expected uint<1> to uint<8> or int<1> to int<8>}}
  %y = uwt.matmul ins(%x, %w : tensor<4x64xbf16>, !uwt.compressed<64x64xbf16, "f8E4M3FN, scale={row, f32}">) outs(%init : tensor<4x64xf32>) arithmetic #uwt.integer<8> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @integers_of_small_cells(%x: tensor<4x64xbf16>, %w: !uwt.compressed<64x64xbf16, "int<8>, scale={1x16, f16}">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op cannot be computed by integers: scale={1x16, f16} has cells of 16 columns, and integers are summed over 32 and more}}
  %y = uwt.matmul ins(%x, %w : tensor<4x64xbf16>, !uwt.compressed<64x64xbf16, "int<8>, scale={1x16, f16}">) outs(%init : tensor<4x64xf32>) arithmetic #uwt.integer<8> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @integers_of_few_outputs(%x: tensor<4x64xbf16>, %w: !uwt.compressed<64x64xbf16, "uint<4>, scale={row, f16}">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op has arithmetic #uwt.integer<8>, which CPUs compute with tile_n = 16, got #uwt.strategy<buffer, tile_n = 4, tile_m = 4, tile_k = 64>}}
  %y = uwt.matmul ins(%x, %w : tensor<4x64xbf16>, !uwt.compressed<64x64xbf16, "uint<4>, scale={row, f16}">) outs(%init : tensor<4x64xf32>) arithmetic #uwt.integer<8> strategy #uwt.strategy<buffer, tile_n = 4, tile_m = 4, tile_k = 64> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @integers_decoded_before(%x: tensor<4x64xbf16>, %w: !uwt.compressed<64x64xbf16, "uint<4>, scale={row, f16}">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op has arithmetic #uwt.integer<8>, which GPUs compute by strategy direct, got #uwt.gpu_strategy<buffer, mma, slice = 8>}}
  %y = uwt.matmul ins(%x, %w : tensor<4x64xbf16>, !uwt.compressed<64x64xbf16, "uint<4>, scale={row, f16}">) outs(%init : tensor<4x64xf32>) arithmetic #uwt.integer<8> strategy #uwt.gpu_strategy<buffer, mma, slice = 8> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}

// -----

func.func @integers_of_few_columns(%x: tensor<4x64xbf16>, %w: !uwt.compressed<64x64xbf16, "int<8>, scale={row, f16}">, %init: tensor<4x64xf32>) {
  // expected-error@below {{'uwt.matmul' op cannot be computed by integers: a weight of 64 columns is held as floats, which take no more memory than its codes in units of 128 columns}}
  %y = uwt.matmul ins(%x, %w : tensor<4x64xbf16>, !uwt.compressed<64x64xbf16, "int<8>, scale={row, f16}">) outs(%init : tensor<4x64xf32>) arithmetic #uwt.integer<8> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return
}
