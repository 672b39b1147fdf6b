#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0)>
module {
  func.func @main(%arg0: tensor<3x128xbf16>) -> tensor<3x48xbf16> {
    %cst = arith.constant 0.000000e+00 : f32
    %c128_i64 = arith.constant 128 : i64
    %cst_0 = arith.constant dense_resource<rows.scale> : tensor<64xbf16>
    %cst_1 = arith.constant 0.0157470703 : f32
    %cst_2 = arith.constant dense_resource<all.codes> : tensor<48x64xi8>
    %cst_3 = arith.constant dense_resource<rows.codes> : tensor<64x128xi8>
    %cst_4 = arith.constant dense_resource<rows.zero> : tensor<64xi8>
    %0 = tensor.empty() : tensor<64x128xbf16>
    %1 = linalg.generic {indexing_maps = [#map, #map1, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_3, %cst_0, %cst_4 : tensor<64x128xi8>, tensor<64xbf16>, tensor<64xi8>) outs(%0 : tensor<64x128xbf16>) {
    ^bb0(%in: i8, %in_6: bf16, %in_7: i8, %out: bf16):
      %16 = arith.extsi %in_7 : i8 to i16
      %17 = arith.extsi %in : i8 to i16
      %18 = arith.subi %17, %16 : i16
      %19 = arith.sitofp %18 : i16 to bf16
      %20 = arith.mulf %19, %in_6 : bf16
      linalg.yield %20 : bf16
    } -> tensor<64x128xbf16>
    %2 = tensor.empty() : tensor<128x64xbf16>
    %transposed = linalg.transpose ins(%1 : tensor<64x128xbf16>) outs(%2 : tensor<128x64xbf16>) permutation = [1, 0] 
    %3 = tensor.empty() : tensor<3x64xf32>
    %4 = linalg.fill ins(%cst : f32) outs(%3 : tensor<3x64xf32>) -> tensor<3x64xf32>
    %5 = linalg.matmul ins(%arg0, %transposed : tensor<3x128xbf16>, tensor<128x64xbf16>) outs(%4 : tensor<3x64xf32>) -> tensor<3x64xf32>
    %6 = tensor.empty() : tensor<3x64xbf16>
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%5 : tensor<3x64xf32>) outs(%6 : tensor<3x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %16 = arith.truncf %in : f32 to bf16
      linalg.yield %16 : bf16
    } -> tensor<3x64xbf16>
    %8 = tensor.empty() : tensor<48x64xbf16>
    %9 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_2 : tensor<48x64xi8>) outs(%8 : tensor<48x64xbf16>) {
    ^bb0(%in: i8, %out: bf16):
      %16 = arith.extui %in : i8 to i64
      %17 = arith.subi %16, %c128_i64 : i64
      %18 = arith.sitofp %17 : i64 to f32
      %19 = arith.mulf %18, %cst_1 : f32
      %20 = arith.truncf %19 : f32 to bf16
      linalg.yield %20 : bf16
    } -> tensor<48x64xbf16>
    %10 = tensor.empty() : tensor<64x48xbf16>
    %transposed_5 = linalg.transpose ins(%9 : tensor<48x64xbf16>) outs(%10 : tensor<64x48xbf16>) permutation = [1, 0] 
    %11 = tensor.empty() : tensor<3x48xf32>
    %12 = linalg.fill ins(%cst : f32) outs(%11 : tensor<3x48xf32>) -> tensor<3x48xf32>
    %13 = linalg.matmul ins(%7, %transposed_5 : tensor<3x64xbf16>, tensor<64x48xbf16>) outs(%12 : tensor<3x48xf32>) -> tensor<3x48xf32>
    %14 = tensor.empty() : tensor<3x48xbf16>
    %15 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%13 : tensor<3x48xf32>) outs(%14 : tensor<3x48xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %16 = arith.truncf %in : f32 to bf16
      linalg.yield %16 : bf16
    } -> tensor<3x48xbf16>
    return %15 : tensor<3x48xbf16>
  }
}

