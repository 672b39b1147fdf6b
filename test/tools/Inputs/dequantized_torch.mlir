// main
//   arg0 input: tensor<3x1024xbf16>
//   out0: tensor<3x48xbf16>
#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0, 0)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
module {
  func.func @main(%arg0: tensor<3x1024xbf16>) -> tensor<3x48xbf16> {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant dense_resource<floats.scale> : tensor<48x1xf32>
    %cst_1 = arith.constant dense_resource<floats.codes> : tensor<48x512xf8E4M3FN>
    %cst_2 = arith.constant dense_resource<symmetric.scale> : tensor<512x8x1xbf16>
    %cst_3 = arith.constant dense_resource<nibbles.scale> : tensor<256x8x1xf16>
    %cst_4 = arith.constant dense_resource<zero_points.scale> : tensor<512x1xf32>
    %cst_5 = arith.constant dense_resource<rows.scale> : tensor<256x1xbf16>
    %c15_i8 = arith.constant 15 : i8
    %c4_i8 = arith.constant 4 : i8
    %c8_i32 = arith.constant 8 : i32
    %cst_6 = arith.constant dense_resource<symmetric.packed> : tensor<512x128xi8>
    %cst_7 = arith.constant dense_resource<nibbles.zero> : tensor<256x8x1xi8>
    %cst_8 = arith.constant dense_resource<nibbles.packed> : tensor<256x256xi8>
    %cst_9 = arith.constant dense_resource<zero_points.zero> : tensor<512x1xi8>
    %cst_10 = arith.constant dense_resource<zero_points.codes> : tensor<512x256xi8>
    %cst_11 = arith.constant dense_resource<rows.codes> : tensor<256x1024xi8>
    %0 = tensor.empty() : tensor<256x1024xbf16>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_11 : tensor<256x1024xi8>) outs(%0 : tensor<256x1024xbf16>) {
    ^bb0(%in: i8, %out: bf16):
      %59 = arith.sitofp %in : i8 to bf16
      linalg.yield %59 : bf16
    } -> tensor<256x1024xbf16>
    %2 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %cst_5 : tensor<256x1024xbf16>, tensor<256x1xbf16>) outs(%0 : tensor<256x1024xbf16>) {
    ^bb0(%in: bf16, %in_25: bf16, %out: bf16):
      %59 = arith.mulf %in, %in_25 : bf16
      linalg.yield %59 : bf16
    } -> tensor<256x1024xbf16>
    %3 = tensor.empty() : tensor<1024x256xbf16>
    %transposed = linalg.transpose ins(%2 : tensor<256x1024xbf16>) outs(%3 : tensor<1024x256xbf16>) permutation = [1, 0] 
    %4 = tensor.empty() : tensor<3x256xf32>
    %5 = linalg.fill ins(%cst : f32) outs(%4 : tensor<3x256xf32>) -> tensor<3x256xf32>
    %6 = linalg.matmul ins(%arg0, %transposed : tensor<3x1024xbf16>, tensor<1024x256xbf16>) outs(%5 : tensor<3x256xf32>) -> tensor<3x256xf32>
    %7 = tensor.empty() : tensor<3x256xbf16>
    %8 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%6 : tensor<3x256xf32>) outs(%7 : tensor<3x256xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %59 = arith.truncf %in : f32 to bf16
      linalg.yield %59 : bf16
    } -> tensor<3x256xbf16>
    %9 = tensor.empty() : tensor<512x256xf32>
    %10 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_10 : tensor<512x256xi8>) outs(%9 : tensor<512x256xf32>) {
    ^bb0(%in: i8, %out: f32):
      %59 = arith.uitofp %in : i8 to f32
      linalg.yield %59 : f32
    } -> tensor<512x256xf32>
    %11 = tensor.empty() : tensor<512x1xf32>
    %12 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_9 : tensor<512x1xi8>) outs(%11 : tensor<512x1xf32>) {
    ^bb0(%in: i8, %out: f32):
      %59 = arith.uitofp %in : i8 to f32
      linalg.yield %59 : f32
    } -> tensor<512x1xf32>
    %13 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%10, %12 : tensor<512x256xf32>, tensor<512x1xf32>) outs(%9 : tensor<512x256xf32>) {
    ^bb0(%in: f32, %in_25: f32, %out: f32):
      %59 = arith.subf %in, %in_25 : f32
      linalg.yield %59 : f32
    } -> tensor<512x256xf32>
    %14 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%13, %cst_4 : tensor<512x256xf32>, tensor<512x1xf32>) outs(%9 : tensor<512x256xf32>) {
    ^bb0(%in: f32, %in_25: f32, %out: f32):
      %59 = arith.mulf %in, %in_25 : f32
      linalg.yield %59 : f32
    } -> tensor<512x256xf32>
    %15 = tensor.empty() : tensor<512x256xbf16>
    %16 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%14 : tensor<512x256xf32>) outs(%15 : tensor<512x256xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %59 = arith.truncf %in : f32 to bf16
      linalg.yield %59 : bf16
    } -> tensor<512x256xbf16>
    %17 = tensor.empty() : tensor<256x512xbf16>
    %transposed_12 = linalg.transpose ins(%16 : tensor<512x256xbf16>) outs(%17 : tensor<256x512xbf16>) permutation = [1, 0] 
    %18 = tensor.empty() : tensor<3x512xf32>
    %19 = linalg.fill ins(%cst : f32) outs(%18 : tensor<3x512xf32>) -> tensor<3x512xf32>
    %20 = linalg.matmul ins(%8, %transposed_12 : tensor<3x256xbf16>, tensor<256x512xbf16>) outs(%19 : tensor<3x512xf32>) -> tensor<3x512xf32>
    %21 = tensor.empty() : tensor<3x512xbf16>
    %22 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%20 : tensor<3x512xf32>) outs(%21 : tensor<3x512xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %59 = arith.truncf %in : f32 to bf16
      linalg.yield %59 : bf16
    } -> tensor<3x512xbf16>
    %23 = tensor.empty() : tensor<256x256xi8>
    %24 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_8 : tensor<256x256xi8>) outs(%23 : tensor<256x256xi8>) {
    ^bb0(%in: i8, %out: i8):
      %59 = arith.andi %in, %c15_i8 : i8
      linalg.yield %59 : i8
    } -> tensor<256x256xi8>
    %25 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_8 : tensor<256x256xi8>) outs(%23 : tensor<256x256xi8>) {
    ^bb0(%in: i8, %out: i8):
      %59 = arith.shrui %in, %c4_i8 : i8
      linalg.yield %59 : i8
    } -> tensor<256x256xi8>
    %expanded = tensor.expand_shape %24 [[0], [1, 2]] output_shape [256, 256, 1] : tensor<256x256xi8> into tensor<256x256x1xi8>
    %expanded_13 = tensor.expand_shape %25 [[0], [1, 2]] output_shape [256, 256, 1] : tensor<256x256xi8> into tensor<256x256x1xi8>
    %concat = tensor.concat dim(2) %expanded, %expanded_13 : (tensor<256x256x1xi8>, tensor<256x256x1xi8>) -> tensor<256x256x2xi8>
    %collapsed = tensor.collapse_shape %concat [[0], [1, 2]] : tensor<256x256x2xi8> into tensor<256x512xi8>
    %expanded_14 = tensor.expand_shape %collapsed [[0], [1, 2]] output_shape [256, 8, 64] : tensor<256x512xi8> into tensor<256x8x64xi8>
    %26 = tensor.empty() : tensor<256x8x64xf32>
    %27 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_14 : tensor<256x8x64xi8>) outs(%26 : tensor<256x8x64xf32>) {
    ^bb0(%in: i8, %out: f32):
      %59 = arith.uitofp %in : i8 to f32
      linalg.yield %59 : f32
    } -> tensor<256x8x64xf32>
    %28 = tensor.empty() : tensor<256x8x1xf32>
    %29 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_7 : tensor<256x8x1xi8>) outs(%28 : tensor<256x8x1xf32>) {
    ^bb0(%in: i8, %out: f32):
      %59 = arith.uitofp %in : i8 to f32
      linalg.yield %59 : f32
    } -> tensor<256x8x1xf32>
    %30 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27, %29 : tensor<256x8x64xf32>, tensor<256x8x1xf32>) outs(%26 : tensor<256x8x64xf32>) {
    ^bb0(%in: f32, %in_25: f32, %out: f32):
      %59 = arith.subf %in, %in_25 : f32
      linalg.yield %59 : f32
    } -> tensor<256x8x64xf32>
    %31 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_3 : tensor<256x8x1xf16>) outs(%28 : tensor<256x8x1xf32>) {
    ^bb0(%in: f16, %out: f32):
      %59 = arith.extf %in : f16 to f32
      linalg.yield %59 : f32
    } -> tensor<256x8x1xf32>
    %32 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30, %31 : tensor<256x8x64xf32>, tensor<256x8x1xf32>) outs(%26 : tensor<256x8x64xf32>) {
    ^bb0(%in: f32, %in_25: f32, %out: f32):
      %59 = arith.mulf %in, %in_25 : f32
      linalg.yield %59 : f32
    } -> tensor<256x8x64xf32>
    %33 = tensor.empty() : tensor<256x8x64xbf16>
    %34 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<256x8x64xf32>) outs(%33 : tensor<256x8x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %59 = arith.truncf %in : f32 to bf16
      linalg.yield %59 : bf16
    } -> tensor<256x8x64xbf16>
    %collapsed_15 = tensor.collapse_shape %34 [[0], [1, 2]] : tensor<256x8x64xbf16> into tensor<256x512xbf16>
    %transposed_16 = linalg.transpose ins(%collapsed_15 : tensor<256x512xbf16>) outs(%15 : tensor<512x256xbf16>) permutation = [1, 0] 
    %35 = linalg.matmul ins(%22, %transposed_16 : tensor<3x512xbf16>, tensor<512x256xbf16>) outs(%5 : tensor<3x256xf32>) -> tensor<3x256xf32>
    %36 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%35 : tensor<3x256xf32>) outs(%7 : tensor<3x256xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %59 = arith.truncf %in : f32 to bf16
      linalg.yield %59 : bf16
    } -> tensor<3x256xbf16>
    %37 = tensor.empty() : tensor<512x128xi8>
    %38 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_6 : tensor<512x128xi8>) outs(%37 : tensor<512x128xi8>) {
    ^bb0(%in: i8, %out: i8):
      %59 = arith.andi %in, %c15_i8 : i8
      linalg.yield %59 : i8
    } -> tensor<512x128xi8>
    %39 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_6 : tensor<512x128xi8>) outs(%37 : tensor<512x128xi8>) {
    ^bb0(%in: i8, %out: i8):
      %59 = arith.shrui %in, %c4_i8 : i8
      linalg.yield %59 : i8
    } -> tensor<512x128xi8>
    %expanded_17 = tensor.expand_shape %38 [[0], [1, 2]] output_shape [512, 128, 1] : tensor<512x128xi8> into tensor<512x128x1xi8>
    %expanded_18 = tensor.expand_shape %39 [[0], [1, 2]] output_shape [512, 128, 1] : tensor<512x128xi8> into tensor<512x128x1xi8>
    %concat_19 = tensor.concat dim(2) %expanded_17, %expanded_18 : (tensor<512x128x1xi8>, tensor<512x128x1xi8>) -> tensor<512x128x2xi8>
    %40 = tensor.empty() : tensor<512x128x2xi32>
    %41 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat_19 : tensor<512x128x2xi8>) outs(%40 : tensor<512x128x2xi32>) {
    ^bb0(%in: i8, %out: i32):
      %59 = arith.extui %in : i8 to i32
      linalg.yield %59 : i32
    } -> tensor<512x128x2xi32>
    %42 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%41 : tensor<512x128x2xi32>) outs(%40 : tensor<512x128x2xi32>) {
    ^bb0(%in: i32, %out: i32):
      %59 = arith.subi %in, %c8_i32 : i32
      linalg.yield %59 : i32
    } -> tensor<512x128x2xi32>
    %collapsed_20 = tensor.collapse_shape %42 [[0], [1, 2]] : tensor<512x128x2xi32> into tensor<512x256xi32>
    %expanded_21 = tensor.expand_shape %collapsed_20 [[0], [1, 2]] output_shape [512, 8, 32] : tensor<512x256xi32> into tensor<512x8x32xi32>
    %43 = tensor.empty() : tensor<512x8x32xbf16>
    %44 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_21 : tensor<512x8x32xi32>) outs(%43 : tensor<512x8x32xbf16>) {
    ^bb0(%in: i32, %out: bf16):
      %59 = arith.sitofp %in : i32 to bf16
      linalg.yield %59 : bf16
    } -> tensor<512x8x32xbf16>
    %45 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%44, %cst_2 : tensor<512x8x32xbf16>, tensor<512x8x1xbf16>) outs(%43 : tensor<512x8x32xbf16>) {
    ^bb0(%in: bf16, %in_25: bf16, %out: bf16):
      %59 = arith.mulf %in, %in_25 : bf16
      linalg.yield %59 : bf16
    } -> tensor<512x8x32xbf16>
    %collapsed_22 = tensor.collapse_shape %45 [[0], [1, 2]] : tensor<512x8x32xbf16> into tensor<512x256xbf16>
    %transposed_23 = linalg.transpose ins(%collapsed_22 : tensor<512x256xbf16>) outs(%17 : tensor<256x512xbf16>) permutation = [1, 0] 
    %46 = linalg.matmul ins(%36, %transposed_23 : tensor<3x256xbf16>, tensor<256x512xbf16>) outs(%19 : tensor<3x512xf32>) -> tensor<3x512xf32>
    %47 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%46 : tensor<3x512xf32>) outs(%21 : tensor<3x512xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %59 = arith.truncf %in : f32 to bf16
      linalg.yield %59 : bf16
    } -> tensor<3x512xbf16>
    %48 = tensor.empty() : tensor<48x512xf32>
    %49 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_1 : tensor<48x512xf8E4M3FN>) outs(%48 : tensor<48x512xf32>) {
    ^bb0(%in: f8E4M3FN, %out: f32):
      %59 = arith.extf %in : f8E4M3FN to f32
      linalg.yield %59 : f32
    } -> tensor<48x512xf32>
    %50 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%49, %cst_0 : tensor<48x512xf32>, tensor<48x1xf32>) outs(%48 : tensor<48x512xf32>) {
    ^bb0(%in: f32, %in_25: f32, %out: f32):
      %59 = arith.mulf %in, %in_25 : f32
      linalg.yield %59 : f32
    } -> tensor<48x512xf32>
    %51 = tensor.empty() : tensor<48x512xbf16>
    %52 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%50 : tensor<48x512xf32>) outs(%51 : tensor<48x512xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %59 = arith.truncf %in : f32 to bf16
      linalg.yield %59 : bf16
    } -> tensor<48x512xbf16>
    %53 = tensor.empty() : tensor<512x48xbf16>
    %transposed_24 = linalg.transpose ins(%52 : tensor<48x512xbf16>) outs(%53 : tensor<512x48xbf16>) permutation = [1, 0] 
    %54 = tensor.empty() : tensor<3x48xf32>
    %55 = linalg.fill ins(%cst : f32) outs(%54 : tensor<3x48xf32>) -> tensor<3x48xf32>
    %56 = linalg.matmul ins(%47, %transposed_24 : tensor<3x512xbf16>, tensor<512x48xbf16>) outs(%55 : tensor<3x48xf32>) -> tensor<3x48xf32>
    %57 = tensor.empty() : tensor<3x48xbf16>
    %58 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%56 : tensor<3x48xf32>) outs(%57 : tensor<3x48xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %59 = arith.truncf %in : f32 to bf16
      linalg.yield %59 : bf16
    } -> tensor<3x48xbf16>
    return %58 : tensor<3x48xbf16>
  }
}

