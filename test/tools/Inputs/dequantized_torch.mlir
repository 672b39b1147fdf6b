// main
//   arg0 input: tensor<3x1024xbf16>
//   out0: tensor<3x32xbf16>
#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0, 0)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, 0)>
module {
  func.func @main(%arg0: tensor<3x1024xbf16>) -> tensor<3x32xbf16> {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant dense_resource<offsets.offset> : tensor<32x4x1xbf16>
    %cst_1 = arith.constant dense_resource<offsets.scale> : tensor<32x4x1xbf16>
    %cst_2 = arith.constant dense_resource<blocks.scale> : tensor<2x2xf32>
    %cst_3 = arith.constant dense_resource<blocks.codes> : tensor<128x256xf8E4M3FN>
    %cst_4 = arith.constant dense_resource<repeated.scale> : tensor<256x3xbf16>
    %cst_5 = arith.constant dense_resource<floats.scale> : tensor<48x1xf32>
    %cst_6 = arith.constant dense_resource<floats.codes> : tensor<48x512xf8E4M3FN>
    %cst_7 = arith.constant dense_resource<symmetric.scale> : tensor<512x8x1xbf16>
    %cst_8 = arith.constant dense_resource<nibbles.scale> : tensor<256x8x1xf16>
    %cst_9 = arith.constant dense_resource<zero_points.scale> : tensor<512x1xf32>
    %cst_10 = arith.constant dense_resource<rows.scale> : tensor<256x1xbf16>
    %c15_i8 = arith.constant 15 : i8
    %c4_i8 = arith.constant 4 : i8
    %c8_i32 = arith.constant 8 : i32
    %cst_11 = arith.constant dense_resource<offsets.codes> : tensor<32x128xi8>
    %cst_12 = arith.constant dense_resource<repeated.codes> : tensor<256x48xi8>
    %cst_13 = arith.constant dense_resource<symmetric.packed> : tensor<512x128xi8>
    %cst_14 = arith.constant dense_resource<nibbles.zero> : tensor<256x8x1xi8>
    %cst_15 = arith.constant dense_resource<nibbles.packed> : tensor<256x256xi8>
    %cst_16 = arith.constant dense_resource<zero_points.zero> : tensor<512x1xi8>
    %cst_17 = arith.constant dense_resource<zero_points.codes> : tensor<512x256xi8>
    %cst_18 = arith.constant dense_resource<rows.codes> : tensor<256x1024xi8>
    %0 = tensor.empty() : tensor<256x1024xbf16>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_18 : tensor<256x1024xi8>) outs(%0 : tensor<256x1024xbf16>) {
    ^bb0(%in: i8, %out: bf16):
      %93 = arith.sitofp %in : i8 to bf16
      linalg.yield %93 : bf16
    } -> tensor<256x1024xbf16>
    %2 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %cst_10 : tensor<256x1024xbf16>, tensor<256x1xbf16>) outs(%0 : tensor<256x1024xbf16>) {
    ^bb0(%in: bf16, %in_41: bf16, %out: bf16):
      %93 = arith.mulf %in, %in_41 : bf16
      linalg.yield %93 : bf16
    } -> tensor<256x1024xbf16>
    %3 = tensor.empty() : tensor<1024x256xbf16>
    %transposed = linalg.transpose ins(%2 : tensor<256x1024xbf16>) outs(%3 : tensor<1024x256xbf16>) permutation = [1, 0] 
    %4 = tensor.empty() : tensor<3x256xf32>
    %5 = linalg.fill ins(%cst : f32) outs(%4 : tensor<3x256xf32>) -> tensor<3x256xf32>
    %6 = linalg.matmul ins(%arg0, %transposed : tensor<3x1024xbf16>, tensor<1024x256xbf16>) outs(%5 : tensor<3x256xf32>) -> tensor<3x256xf32>
    %7 = tensor.empty() : tensor<3x256xbf16>
    %8 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%6 : tensor<3x256xf32>) outs(%7 : tensor<3x256xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<3x256xbf16>
    %9 = tensor.empty() : tensor<512x256xf32>
    %10 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_17 : tensor<512x256xi8>) outs(%9 : tensor<512x256xf32>) {
    ^bb0(%in: i8, %out: f32):
      %93 = arith.uitofp %in : i8 to f32
      linalg.yield %93 : f32
    } -> tensor<512x256xf32>
    %11 = tensor.empty() : tensor<512x1xf32>
    %12 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_16 : tensor<512x1xi8>) outs(%11 : tensor<512x1xf32>) {
    ^bb0(%in: i8, %out: f32):
      %93 = arith.uitofp %in : i8 to f32
      linalg.yield %93 : f32
    } -> tensor<512x1xf32>
    %13 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%10, %12 : tensor<512x256xf32>, tensor<512x1xf32>) outs(%9 : tensor<512x256xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %93 = arith.subf %in, %in_41 : f32
      linalg.yield %93 : f32
    } -> tensor<512x256xf32>
    %14 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%13, %cst_9 : tensor<512x256xf32>, tensor<512x1xf32>) outs(%9 : tensor<512x256xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %93 = arith.mulf %in, %in_41 : f32
      linalg.yield %93 : f32
    } -> tensor<512x256xf32>
    %15 = tensor.empty() : tensor<512x256xbf16>
    %16 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%14 : tensor<512x256xf32>) outs(%15 : tensor<512x256xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<512x256xbf16>
    %17 = tensor.empty() : tensor<256x512xbf16>
    %transposed_19 = linalg.transpose ins(%16 : tensor<512x256xbf16>) outs(%17 : tensor<256x512xbf16>) permutation = [1, 0] 
    %18 = tensor.empty() : tensor<3x512xf32>
    %19 = linalg.fill ins(%cst : f32) outs(%18 : tensor<3x512xf32>) -> tensor<3x512xf32>
    %20 = linalg.matmul ins(%8, %transposed_19 : tensor<3x256xbf16>, tensor<256x512xbf16>) outs(%19 : tensor<3x512xf32>) -> tensor<3x512xf32>
    %21 = tensor.empty() : tensor<3x512xbf16>
    %22 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%20 : tensor<3x512xf32>) outs(%21 : tensor<3x512xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<3x512xbf16>
    %23 = tensor.empty() : tensor<256x256xi8>
    %24 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_15 : tensor<256x256xi8>) outs(%23 : tensor<256x256xi8>) {
    ^bb0(%in: i8, %out: i8):
      %93 = arith.andi %in, %c15_i8 : i8
      linalg.yield %93 : i8
    } -> tensor<256x256xi8>
    %25 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_15 : tensor<256x256xi8>) outs(%23 : tensor<256x256xi8>) {
    ^bb0(%in: i8, %out: i8):
      %93 = arith.shrui %in, %c4_i8 : i8
      linalg.yield %93 : i8
    } -> tensor<256x256xi8>
    %expanded = tensor.expand_shape %24 [[0], [1, 2]] output_shape [256, 256, 1] : tensor<256x256xi8> into tensor<256x256x1xi8>
    %expanded_20 = tensor.expand_shape %25 [[0], [1, 2]] output_shape [256, 256, 1] : tensor<256x256xi8> into tensor<256x256x1xi8>
    %concat = tensor.concat dim(2) %expanded, %expanded_20 : (tensor<256x256x1xi8>, tensor<256x256x1xi8>) -> tensor<256x256x2xi8>
    %collapsed = tensor.collapse_shape %concat [[0], [1, 2]] : tensor<256x256x2xi8> into tensor<256x512xi8>
    %expanded_21 = tensor.expand_shape %collapsed [[0], [1, 2]] output_shape [256, 8, 64] : tensor<256x512xi8> into tensor<256x8x64xi8>
    %26 = tensor.empty() : tensor<256x8x64xf32>
    %27 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_21 : tensor<256x8x64xi8>) outs(%26 : tensor<256x8x64xf32>) {
    ^bb0(%in: i8, %out: f32):
      %93 = arith.uitofp %in : i8 to f32
      linalg.yield %93 : f32
    } -> tensor<256x8x64xf32>
    %28 = tensor.empty() : tensor<256x8x1xf32>
    %29 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_14 : tensor<256x8x1xi8>) outs(%28 : tensor<256x8x1xf32>) {
    ^bb0(%in: i8, %out: f32):
      %93 = arith.uitofp %in : i8 to f32
      linalg.yield %93 : f32
    } -> tensor<256x8x1xf32>
    %30 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27, %29 : tensor<256x8x64xf32>, tensor<256x8x1xf32>) outs(%26 : tensor<256x8x64xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %93 = arith.subf %in, %in_41 : f32
      linalg.yield %93 : f32
    } -> tensor<256x8x64xf32>
    %31 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_8 : tensor<256x8x1xf16>) outs(%28 : tensor<256x8x1xf32>) {
    ^bb0(%in: f16, %out: f32):
      %93 = arith.extf %in : f16 to f32
      linalg.yield %93 : f32
    } -> tensor<256x8x1xf32>
    %32 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30, %31 : tensor<256x8x64xf32>, tensor<256x8x1xf32>) outs(%26 : tensor<256x8x64xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %93 = arith.mulf %in, %in_41 : f32
      linalg.yield %93 : f32
    } -> tensor<256x8x64xf32>
    %33 = tensor.empty() : tensor<256x8x64xbf16>
    %34 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<256x8x64xf32>) outs(%33 : tensor<256x8x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<256x8x64xbf16>
    %collapsed_22 = tensor.collapse_shape %34 [[0], [1, 2]] : tensor<256x8x64xbf16> into tensor<256x512xbf16>
    %transposed_23 = linalg.transpose ins(%collapsed_22 : tensor<256x512xbf16>) outs(%15 : tensor<512x256xbf16>) permutation = [1, 0] 
    %35 = linalg.matmul ins(%22, %transposed_23 : tensor<3x512xbf16>, tensor<512x256xbf16>) outs(%5 : tensor<3x256xf32>) -> tensor<3x256xf32>
    %36 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%35 : tensor<3x256xf32>) outs(%7 : tensor<3x256xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<3x256xbf16>
    %37 = tensor.empty() : tensor<512x128xi8>
    %38 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_13 : tensor<512x128xi8>) outs(%37 : tensor<512x128xi8>) {
    ^bb0(%in: i8, %out: i8):
      %93 = arith.andi %in, %c15_i8 : i8
      linalg.yield %93 : i8
    } -> tensor<512x128xi8>
    %39 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_13 : tensor<512x128xi8>) outs(%37 : tensor<512x128xi8>) {
    ^bb0(%in: i8, %out: i8):
      %93 = arith.shrui %in, %c4_i8 : i8
      linalg.yield %93 : i8
    } -> tensor<512x128xi8>
    %expanded_24 = tensor.expand_shape %38 [[0], [1, 2]] output_shape [512, 128, 1] : tensor<512x128xi8> into tensor<512x128x1xi8>
    %expanded_25 = tensor.expand_shape %39 [[0], [1, 2]] output_shape [512, 128, 1] : tensor<512x128xi8> into tensor<512x128x1xi8>
    %concat_26 = tensor.concat dim(2) %expanded_24, %expanded_25 : (tensor<512x128x1xi8>, tensor<512x128x1xi8>) -> tensor<512x128x2xi8>
    %40 = tensor.empty() : tensor<512x128x2xi32>
    %41 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat_26 : tensor<512x128x2xi8>) outs(%40 : tensor<512x128x2xi32>) {
    ^bb0(%in: i8, %out: i32):
      %93 = arith.extui %in : i8 to i32
      linalg.yield %93 : i32
    } -> tensor<512x128x2xi32>
    %42 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%41 : tensor<512x128x2xi32>) outs(%40 : tensor<512x128x2xi32>) {
    ^bb0(%in: i32, %out: i32):
      %93 = arith.subi %in, %c8_i32 : i32
      linalg.yield %93 : i32
    } -> tensor<512x128x2xi32>
    %collapsed_27 = tensor.collapse_shape %42 [[0], [1, 2]] : tensor<512x128x2xi32> into tensor<512x256xi32>
    %expanded_28 = tensor.expand_shape %collapsed_27 [[0], [1, 2]] output_shape [512, 8, 32] : tensor<512x256xi32> into tensor<512x8x32xi32>
    %43 = tensor.empty() : tensor<512x8x32xbf16>
    %44 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_28 : tensor<512x8x32xi32>) outs(%43 : tensor<512x8x32xbf16>) {
    ^bb0(%in: i32, %out: bf16):
      %93 = arith.sitofp %in : i32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<512x8x32xbf16>
    %45 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%44, %cst_7 : tensor<512x8x32xbf16>, tensor<512x8x1xbf16>) outs(%43 : tensor<512x8x32xbf16>) {
    ^bb0(%in: bf16, %in_41: bf16, %out: bf16):
      %93 = arith.mulf %in, %in_41 : bf16
      linalg.yield %93 : bf16
    } -> tensor<512x8x32xbf16>
    %collapsed_29 = tensor.collapse_shape %45 [[0], [1, 2]] : tensor<512x8x32xbf16> into tensor<512x256xbf16>
    %transposed_30 = linalg.transpose ins(%collapsed_29 : tensor<512x256xbf16>) outs(%17 : tensor<256x512xbf16>) permutation = [1, 0] 
    %46 = linalg.matmul ins(%36, %transposed_30 : tensor<3x256xbf16>, tensor<256x512xbf16>) outs(%19 : tensor<3x512xf32>) -> tensor<3x512xf32>
    %47 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%46 : tensor<3x512xf32>) outs(%21 : tensor<3x512xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<3x512xbf16>
    %48 = tensor.empty() : tensor<48x512xf32>
    %49 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_6 : tensor<48x512xf8E4M3FN>) outs(%48 : tensor<48x512xf32>) {
    ^bb0(%in: f8E4M3FN, %out: f32):
      %93 = arith.extf %in : f8E4M3FN to f32
      linalg.yield %93 : f32
    } -> tensor<48x512xf32>
    %50 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%49, %cst_5 : tensor<48x512xf32>, tensor<48x1xf32>) outs(%48 : tensor<48x512xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %93 = arith.mulf %in, %in_41 : f32
      linalg.yield %93 : f32
    } -> tensor<48x512xf32>
    %51 = tensor.empty() : tensor<48x512xbf16>
    %52 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%50 : tensor<48x512xf32>) outs(%51 : tensor<48x512xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<48x512xbf16>
    %53 = tensor.empty() : tensor<512x48xbf16>
    %transposed_31 = linalg.transpose ins(%52 : tensor<48x512xbf16>) outs(%53 : tensor<512x48xbf16>) permutation = [1, 0] 
    %54 = tensor.empty() : tensor<3x48xf32>
    %55 = linalg.fill ins(%cst : f32) outs(%54 : tensor<3x48xf32>) -> tensor<3x48xf32>
    %56 = linalg.matmul ins(%47, %transposed_31 : tensor<3x512xbf16>, tensor<512x48xbf16>) outs(%55 : tensor<3x48xf32>) -> tensor<3x48xf32>
    %57 = tensor.empty() : tensor<3x48xbf16>
    %58 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%56 : tensor<3x48xf32>) outs(%57 : tensor<3x48xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<3x48xbf16>
    %59 = tensor.empty() : tensor<256x48xbf16>
    %60 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_12 : tensor<256x48xi8>) outs(%59 : tensor<256x48xbf16>) {
    ^bb0(%in: i8, %out: bf16):
      %93 = arith.sitofp %in : i8 to bf16
      linalg.yield %93 : bf16
    } -> tensor<256x48xbf16>
    %61 = tensor.empty() : tensor<256x3x16xbf16>
    %62 = linalg.generic {indexing_maps = [#map4, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_4 : tensor<256x3xbf16>) outs(%61 : tensor<256x3x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<256x3x16xbf16>
    %collapsed_32 = tensor.collapse_shape %62 [[0], [1, 2]] : tensor<256x3x16xbf16> into tensor<256x48xbf16>
    %63 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%60, %collapsed_32 : tensor<256x48xbf16>, tensor<256x48xbf16>) outs(%59 : tensor<256x48xbf16>) {
    ^bb0(%in: bf16, %in_41: bf16, %out: bf16):
      %93 = arith.mulf %in, %in_41 : bf16
      linalg.yield %93 : bf16
    } -> tensor<256x48xbf16>
    %64 = tensor.empty() : tensor<48x256xbf16>
    %transposed_33 = linalg.transpose ins(%63 : tensor<256x48xbf16>) outs(%64 : tensor<48x256xbf16>) permutation = [1, 0] 
    %65 = linalg.matmul ins(%58, %transposed_33 : tensor<3x48xbf16>, tensor<48x256xbf16>) outs(%5 : tensor<3x256xf32>) -> tensor<3x256xf32>
    %66 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%65 : tensor<3x256xf32>) outs(%7 : tensor<3x256xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<3x256xbf16>
    %67 = tensor.empty() : tensor<128x256xf32>
    %68 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_3 : tensor<128x256xf8E4M3FN>) outs(%67 : tensor<128x256xf32>) {
    ^bb0(%in: f8E4M3FN, %out: f32):
      %93 = arith.extf %in : f8E4M3FN to f32
      linalg.yield %93 : f32
    } -> tensor<128x256xf32>
    %expanded_34 = tensor.expand_shape %68 [[0, 1], [2, 3]] output_shape [2, 64, 2, 128] : tensor<128x256xf32> into tensor<2x64x2x128xf32>
    %expanded_35 = tensor.expand_shape %cst_2 [[0], [1, 2, 3]] output_shape [2, 1, 2, 1] : tensor<2x2xf32> into tensor<2x1x2x1xf32>
    %69 = tensor.empty() : tensor<2x64x2x128xf32>
    %70 = linalg.generic {indexing_maps = [#map5, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_34, %expanded_35 : tensor<2x64x2x128xf32>, tensor<2x1x2x1xf32>) outs(%69 : tensor<2x64x2x128xf32>) {
    ^bb0(%in: f32, %in_41: f32, %out: f32):
      %93 = arith.mulf %in, %in_41 : f32
      linalg.yield %93 : f32
    } -> tensor<2x64x2x128xf32>
    %collapsed_36 = tensor.collapse_shape %70 [[0, 1], [2, 3]] : tensor<2x64x2x128xf32> into tensor<128x256xf32>
    %71 = tensor.empty() : tensor<128x256xbf16>
    %72 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed_36 : tensor<128x256xf32>) outs(%71 : tensor<128x256xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<128x256xbf16>
    %73 = tensor.empty() : tensor<256x128xbf16>
    %transposed_37 = linalg.transpose ins(%72 : tensor<128x256xbf16>) outs(%73 : tensor<256x128xbf16>) permutation = [1, 0] 
    %74 = tensor.empty() : tensor<3x128xf32>
    %75 = linalg.fill ins(%cst : f32) outs(%74 : tensor<3x128xf32>) -> tensor<3x128xf32>
    %76 = linalg.matmul ins(%66, %transposed_37 : tensor<3x256xbf16>, tensor<256x128xbf16>) outs(%75 : tensor<3x128xf32>) -> tensor<3x128xf32>
    %77 = tensor.empty() : tensor<3x128xbf16>
    %78 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%76 : tensor<3x128xf32>) outs(%77 : tensor<3x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<3x128xbf16>
    %79 = tensor.empty() : tensor<32x128xi32>
    %80 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_11 : tensor<32x128xi8>) outs(%79 : tensor<32x128xi32>) {
    ^bb0(%in: i8, %out: i32):
      %93 = arith.extsi %in : i8 to i32
      linalg.yield %93 : i32
    } -> tensor<32x128xi32>
    %expanded_38 = tensor.expand_shape %80 [[0], [1, 2]] output_shape [32, 4, 32] : tensor<32x128xi32> into tensor<32x4x32xi32>
    %81 = tensor.empty() : tensor<32x4x32xi32>
    %82 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_38 : tensor<32x4x32xi32>) outs(%81 : tensor<32x4x32xi32>) {
    ^bb0(%in: i32, %out: i32):
      %93 = arith.subi %in, %c8_i32 : i32
      linalg.yield %93 : i32
    } -> tensor<32x4x32xi32>
    %83 = tensor.empty() : tensor<32x4x32xbf16>
    %84 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%82 : tensor<32x4x32xi32>) outs(%83 : tensor<32x4x32xbf16>) {
    ^bb0(%in: i32, %out: bf16):
      %93 = arith.sitofp %in : i32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<32x4x32xbf16>
    %85 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%84, %cst_1 : tensor<32x4x32xbf16>, tensor<32x4x1xbf16>) outs(%83 : tensor<32x4x32xbf16>) {
    ^bb0(%in: bf16, %in_41: bf16, %out: bf16):
      %93 = arith.mulf %in, %in_41 : bf16
      linalg.yield %93 : bf16
    } -> tensor<32x4x32xbf16>
    %86 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85, %cst_0 : tensor<32x4x32xbf16>, tensor<32x4x1xbf16>) outs(%83 : tensor<32x4x32xbf16>) {
    ^bb0(%in: bf16, %in_41: bf16, %out: bf16):
      %93 = arith.addf %in, %in_41 : bf16
      linalg.yield %93 : bf16
    } -> tensor<32x4x32xbf16>
    %collapsed_39 = tensor.collapse_shape %86 [[0], [1, 2]] : tensor<32x4x32xbf16> into tensor<32x128xbf16>
    %87 = tensor.empty() : tensor<128x32xbf16>
    %transposed_40 = linalg.transpose ins(%collapsed_39 : tensor<32x128xbf16>) outs(%87 : tensor<128x32xbf16>) permutation = [1, 0] 
    %88 = tensor.empty() : tensor<3x32xf32>
    %89 = linalg.fill ins(%cst : f32) outs(%88 : tensor<3x32xf32>) -> tensor<3x32xf32>
    %90 = linalg.matmul ins(%78, %transposed_40 : tensor<3x128xbf16>, tensor<128x32xbf16>) outs(%89 : tensor<3x32xf32>) -> tensor<3x32xf32>
    %91 = tensor.empty() : tensor<3x32xbf16>
    %92 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%90 : tensor<3x32xf32>) outs(%91 : tensor<3x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %93 = arith.truncf %in : f32 to bf16
      linalg.yield %93 : bf16
    } -> tensor<3x32xbf16>
    return %92 : tensor<3x32xbf16>
  }
}

