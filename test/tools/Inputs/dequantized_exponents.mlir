// Floats of 8 and 4 bits: in blocks of 64 rows and 128 columns, and scaled by exponents as MX formats are, which files
// have as bytes; and integers of 4 bits with an offset a row, [K, N].

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(n, k) -> (n, k)>
#block = affine_map<(n, k) -> (n floordiv 64, k floordiv 128)>
#id3 = affine_map<(n, g, k) -> (n, g, k)>
#group = affine_map<(n, g, k) -> (n, g)>
#cell = affine_map<(n, k) -> (n, k floordiv 32)>
#transposed = affine_map<(k, n) -> (n, k)>
#column = affine_map<(k, n) -> (n)>

func.func @main(%x: tensor<3x320xbf16>) -> tensor<3x32xbf16> {
  %zero = arith.constant 0.0 : f32
  %blocks.codes = arith.constant dense_resource<blocks.codes> : tensor<128x320xf8E4M3FN>
  %blocks.scale = arith.constant dense_resource<blocks.scale> : tensor<2x3xf32>
  %blocks.e = tensor.empty() : tensor<128x320xbf16>
  %blocks.w = linalg.generic {indexing_maps = [#id, #block, #id], iterator_types = ["parallel", "parallel"]} ins(%blocks.codes, %blocks.scale : tensor<128x320xf8E4M3FN>, tensor<2x3xf32>) outs(%blocks.e : tensor<128x320xbf16>) {
  ^bb0(%a: f8E4M3FN, %b: f32, %o: bf16):
    %0 = arith.extf %a : f8E4M3FN to f32
    %1 = arith.mulf %0, %b : f32
    %2 = arith.truncf %1 : f32 to bf16
    linalg.yield %2 : bf16
  } -> tensor<128x320xbf16>
  %blocks.o = tensor.empty() : tensor<3x128xf32>
  %blocks.i = linalg.fill ins(%zero : f32) outs(%blocks.o : tensor<3x128xf32>) -> tensor<3x128xf32>
  %blocks.s = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %blocks.w : tensor<3x320xbf16>, tensor<128x320xbf16>) outs(%blocks.i : tensor<3x128xf32>) -> tensor<3x128xf32>
  %blocks.y = arith.truncf %blocks.s : tensor<3x128xf32> to tensor<3x128xbf16>

  %groups.codes = arith.constant dense_resource<groups.codes> : tensor<64x4x32xf8E4M3FN>
  %groups.scale = arith.constant dense_resource<groups.scale> : tensor<64x4xi8>
  %groups.e = tensor.empty() : tensor<64x4x32xbf16>
  %groups.w3 = linalg.generic {indexing_maps = [#id3, #group, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%groups.codes, %groups.scale : tensor<64x4x32xf8E4M3FN>, tensor<64x4xi8>) outs(%groups.e : tensor<64x4x32xbf16>) {
  ^bb0(%a: f8E4M3FN, %b: i8, %o: bf16):
    %0 = arith.bitcast %b : i8 to f8E8M0FNU
    %1 = arith.scaling_extf %a, %0 : f8E4M3FN, f8E8M0FNU to bf16
    linalg.yield %1 : bf16
  } -> tensor<64x4x32xbf16>
  %groups.w = tensor.collapse_shape %groups.w3 [[0], [1, 2]] : tensor<64x4x32xbf16> into tensor<64x128xbf16>
  %groups.o = tensor.empty() : tensor<3x64xf32>
  %groups.i = linalg.fill ins(%zero : f32) outs(%groups.o : tensor<3x64xf32>) -> tensor<3x64xf32>
  %groups.s = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%blocks.y, %groups.w : tensor<3x128xbf16>, tensor<64x128xbf16>) outs(%groups.i : tensor<3x64xf32>) -> tensor<3x64xf32>
  %groups.y = arith.truncf %groups.s : tensor<3x64xf32> to tensor<3x64xbf16>

  %c15 = arith.constant 15 : i8
  %c4 = arith.constant 4 : i8
  %nibbles.packed = arith.constant dense_resource<nibbles.packed> : tensor<48x32xi8>
  %nibbles.scale = arith.constant dense_resource<nibbles.scale> : tensor<48x2xi8>
  %nibbles.h = tensor.empty() : tensor<48x32xi8>
  %low = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%nibbles.packed : tensor<48x32xi8>) outs(%nibbles.h : tensor<48x32xi8>) {
  ^bb0(%a: i8, %o: i8):
    %0 = arith.andi %a, %c15 : i8
    linalg.yield %0 : i8
  } -> tensor<48x32xi8>
  %high = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%nibbles.packed : tensor<48x32xi8>) outs(%nibbles.h : tensor<48x32xi8>) {
  ^bb0(%a: i8, %o: i8):
    %0 = arith.shrui %a, %c4 : i8
    linalg.yield %0 : i8
  } -> tensor<48x32xi8>
  %low3 = tensor.expand_shape %low [[0], [1, 2]] output_shape [48, 32, 1] : tensor<48x32xi8> into tensor<48x32x1xi8>
  %high3 = tensor.expand_shape %high [[0], [1, 2]] output_shape [48, 32, 1] : tensor<48x32xi8> into tensor<48x32x1xi8>
  %both = tensor.concat dim(2) %low3, %high3 : (tensor<48x32x1xi8>, tensor<48x32x1xi8>) -> tensor<48x32x2xi8>
  %nibbles.codes = tensor.collapse_shape %both [[0], [1, 2]] : tensor<48x32x2xi8> into tensor<48x64xi8>
  %nibbles.e = tensor.empty() : tensor<48x64xbf16>
  %nibbles.w = linalg.generic {indexing_maps = [#id, #cell, #id], iterator_types = ["parallel", "parallel"]} ins(%nibbles.codes, %nibbles.scale : tensor<48x64xi8>, tensor<48x2xi8>) outs(%nibbles.e : tensor<48x64xbf16>) {
  ^bb0(%a: i8, %b: i8, %o: bf16):
    %0 = arith.trunci %a : i8 to i4
    %1 = arith.bitcast %0 : i4 to f4E2M1FN
    %2 = arith.bitcast %b : i8 to f8E8M0FNU
    %3 = arith.scaling_extf %1, %2 : f4E2M1FN, f8E8M0FNU to f32
    %4 = arith.truncf %3 : f32 to bf16
    linalg.yield %4 : bf16
  } -> tensor<48x64xbf16>
  %nibbles.o = tensor.empty() : tensor<3x48xf32>
  %nibbles.i = linalg.fill ins(%zero : f32) outs(%nibbles.o : tensor<3x48xf32>) -> tensor<3x48xf32>
  %nibbles.s = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%groups.y, %nibbles.w : tensor<3x64xbf16>, tensor<48x64xbf16>) outs(%nibbles.i : tensor<3x48xf32>) -> tensor<3x48xf32>
  %nibbles.y = arith.truncf %nibbles.s : tensor<3x48xf32> to tensor<3x48xbf16>

  %c15_i32 = arith.constant 15 : i32
  %c8 = arith.constant 8 : i32
  %offsets.codes = arith.constant dense_resource<offsets.codes> : tensor<32x48xi8>
  %offsets.scale = arith.constant dense_resource<offsets.scale> : tensor<32xbf16>
  %offsets.offset = arith.constant dense_resource<offsets.offset> : tensor<32xf32>
  %offsets.e = tensor.empty() : tensor<48x32xbf16>
  %offsets.w = linalg.generic {indexing_maps = [#transposed, #column, #column, #id], iterator_types = ["parallel", "parallel"]} ins(%offsets.codes, %offsets.scale, %offsets.offset : tensor<32x48xi8>, tensor<32xbf16>, tensor<32xf32>) outs(%offsets.e : tensor<48x32xbf16>) {
  ^bb0(%a: i8, %b: bf16, %c: f32, %o: bf16):
    %0 = arith.extui %a : i8 to i32
    %1 = arith.andi %0, %c15_i32 : i32
    %2 = arith.subi %1, %c8 : i32
    %3 = arith.sitofp %2 : i32 to f32
    %4 = arith.extf %b : bf16 to f32
    %5 = arith.mulf %3, %4 : f32
    %6 = arith.addf %5, %c : f32
    %7 = arith.truncf %6 : f32 to bf16
    linalg.yield %7 : bf16
  } -> tensor<48x32xbf16>
  %offsets.o = tensor.empty() : tensor<3x32xf32>
  %offsets.i = linalg.fill ins(%zero : f32) outs(%offsets.o : tensor<3x32xf32>) -> tensor<3x32xf32>
  %offsets.s = linalg.matmul ins(%nibbles.y, %offsets.w : tensor<3x48xbf16>, tensor<48x32xbf16>) outs(%offsets.i : tensor<3x32xf32>) -> tensor<3x32xf32>
  %offsets.y = arith.truncf %offsets.s : tensor<3x32xf32> to tensor<3x32xbf16>
  return %offsets.y : tensor<3x32xbf16>
}
