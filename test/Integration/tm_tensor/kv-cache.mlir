#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d1)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d2)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d3)>
#map6 = affine_map<(d0) -> ()>
#map7 = affine_map<(d0, d1) -> (d1)>
#map8 = affine_map<(d0, d1) -> (d0, d1)>
#map9 = affine_map<(d0, d1) -> ()>
#map10 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>
#map11 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map12 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<1x2x8x4xf32>, %arg1: tensor<1x2x8x4xf32>, %arg2: tensor<2xi64>, %arg3: tensor<1x2x2x4xf32>, %arg4: tensor<1x2x2x4xf32>, %arg5: tensor<1x2x2x4xf32>) -> (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x2x4xf32>) {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %true = arith.constant true
    %cst_1 = arith.constant dense<0.000000e+00> : tensor<1x2x2x8xf32>
    %cst_2 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_3 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_4 = arith.constant 0.70710678118654757 : f64
    %cst_5 = arith.constant 0xFFF0000000000000 : f64
    %0 = tensor.empty() : tensor<4xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<4xi64>) {
    ^bb0(%out: i64):
      %50 = linalg.index 0 : index
      %51 = arith.index_cast %50 : index to i64
      linalg.yield %51 : i64
    } -> tensor<4xi64>
    %2 = tensor.empty() : tensor<2xi64>
    %3 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%2 : tensor<2xi64>) {
    ^bb0(%out: i64):
      %50 = linalg.index 0 : index
      %51 = arith.index_cast %50 : index to i64
      linalg.yield %51 : i64
    } -> tensor<2xi64>
    %4 = tensor.empty() : tensor<1xi64>
    %5 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%4 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %6 = tensor.empty() : tensor<1x2x2x4xi64>
    %7 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%5 : tensor<1xi64>) outs(%6 : tensor<1x2x2x4xi64>) {
    ^bb0(%in: i64, %out: i64):
      linalg.yield %in : i64
    } -> tensor<1x2x2x4xi64>
    %collapsed = tensor.collapse_shape %7 [[0, 1, 2, 3]] : tensor<1x2x2x4xi64> into tensor<16xi64>
    %8 = linalg.generic {indexing_maps = [#map3, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%3 : tensor<2xi64>) outs(%6 : tensor<1x2x2x4xi64>) {
    ^bb0(%in: i64, %out: i64):
      linalg.yield %in : i64
    } -> tensor<1x2x2x4xi64>
    %collapsed_6 = tensor.collapse_shape %8 [[0, 1, 2, 3]] : tensor<1x2x2x4xi64> into tensor<16xi64>
    %9 = linalg.generic {indexing_maps = [#map4, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg2 : tensor<2xi64>) outs(%6 : tensor<1x2x2x4xi64>) {
    ^bb0(%in: i64, %out: i64):
      linalg.yield %in : i64
    } -> tensor<1x2x2x4xi64>
    %collapsed_7 = tensor.collapse_shape %9 [[0, 1, 2, 3]] : tensor<1x2x2x4xi64> into tensor<16xi64>
    %10 = linalg.generic {indexing_maps = [#map5, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%1 : tensor<4xi64>) outs(%6 : tensor<1x2x2x4xi64>) {
    ^bb0(%in: i64, %out: i64):
      linalg.yield %in : i64
    } -> tensor<1x2x2x4xi64>
    %collapsed_8 = tensor.collapse_shape %10 [[0, 1, 2, 3]] : tensor<1x2x2x4xi64> into tensor<16xi64>
    %expanded = tensor.expand_shape %collapsed [[0, 1]] output_shape [16, 1] : tensor<16xi64> into tensor<16x1xi64>
    %expanded_9 = tensor.expand_shape %collapsed_6 [[0, 1]] output_shape [16, 1] : tensor<16xi64> into tensor<16x1xi64>
    %expanded_10 = tensor.expand_shape %collapsed_7 [[0, 1]] output_shape [16, 1] : tensor<16xi64> into tensor<16x1xi64>
    %expanded_11 = tensor.expand_shape %collapsed_8 [[0, 1]] output_shape [16, 1] : tensor<16xi64> into tensor<16x1xi64>
    %concat = tensor.concat dim(1) %expanded, %expanded_9, %expanded_10, %expanded_11 : (tensor<16x1xi64>, tensor<16x1xi64>, tensor<16x1xi64>, tensor<16x1xi64>) -> tensor<16x4xi64>
    %collapsed_12 = tensor.collapse_shape %arg4 [[0, 1, 2, 3]] : tensor<1x2x2x4xf32> into tensor<16xf32>
    %expanded_13 = tensor.expand_shape %collapsed_12 [[0, 1, 2, 3, 4]] output_shape [16, 1, 1, 1, 1] : tensor<16xf32> into tensor<16x1x1x1x1xf32>
    %11 = tm_tensor.scatter {dimension_map = array<i64: 0, 1, 2, 3>} unique_indices(true) ins(%expanded_13, %concat : tensor<16x1x1x1x1xf32>, tensor<16x4xi64>) outs(%arg0 : tensor<1x2x8x4xf32>) {
    ^bb0(%arg6: f32, %arg7: f32):
      tm_tensor.yield %arg6 : f32
    } -> tensor<1x2x8x4xf32>
    %collapsed_14 = tensor.collapse_shape %arg5 [[0, 1, 2, 3]] : tensor<1x2x2x4xf32> into tensor<16xf32>
    %expanded_15 = tensor.expand_shape %collapsed_14 [[0, 1, 2, 3, 4]] output_shape [16, 1, 1, 1, 1] : tensor<16xf32> into tensor<16x1x1x1x1xf32>
    %12 = tm_tensor.scatter {dimension_map = array<i64: 0, 1, 2, 3>} unique_indices(true) ins(%expanded_15, %concat : tensor<16x1x1x1x1xf32>, tensor<16x4xi64>) outs(%arg1 : tensor<1x2x8x4xf32>) {
    ^bb0(%arg6: f32, %arg7: f32):
      tm_tensor.yield %arg6 : f32
    } -> tensor<1x2x8x4xf32>
    %13 = tensor.empty() : tensor<8xi64>
    %14 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%13 : tensor<8xi64>) {
    ^bb0(%out: i64):
      %50 = linalg.index 0 : index
      %51 = arith.index_cast %50 : index to i64
      linalg.yield %51 : i64
    } -> tensor<8xi64>
    %extracted_slice = tensor.extract_slice %arg2[1] [1] [1] : tensor<2xi64> to tensor<1xi64>
    %collapsed_16 = tensor.collapse_shape %extracted_slice [] : tensor<1xi64> into tensor<i64>
    %15 = tensor.empty() : tensor<8xi1>
    %16 = linalg.generic {indexing_maps = [#map, #map6, #map], iterator_types = ["parallel"]} ins(%14, %collapsed_16 : tensor<8xi64>, tensor<i64>) outs(%15 : tensor<8xi1>) {
    ^bb0(%in: i64, %in_24: i64, %out: i1):
      %50 = arith.cmpi sle, %in, %in_24 : i64
      linalg.yield %50 : i1
    } -> tensor<8xi1>
    %17 = tensor.empty() : tensor<2x8xi1>
    %18 = linalg.generic {indexing_maps = [#map7, #map8], iterator_types = ["parallel", "parallel"]} ins(%16 : tensor<8xi1>) outs(%17 : tensor<2x8xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<2x8xi1>
    %19 = tensor.empty() : tensor<2x8xf32>
    %20 = linalg.generic {indexing_maps = [#map8, #map9, #map9, #map8], iterator_types = ["parallel", "parallel"]} ins(%18, %cst_2, %cst_3 : tensor<2x8xi1>, tensor<f32>, tensor<f32>) outs(%19 : tensor<2x8xf32>) {
    ^bb0(%in: i1, %in_24: f32, %in_25: f32, %out: f32):
      %50 = arith.select %in, %in_24, %in_25 : f32
      linalg.yield %50 : f32
    } -> tensor<2x8xf32>
    %21 = tensor.empty() : tensor<1x2x2x4xf32>
    %22 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg3 : tensor<1x2x2x4xf32>) outs(%21 : tensor<1x2x2x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %50 = arith.truncf %cst_4 : f64 to f32
      %51 = arith.mulf %in, %50 : f32
      linalg.yield %51 : f32
    } -> tensor<1x2x2x4xf32>
    %23 = tensor.empty() : tensor<1x2x4x8xf32>
    %transposed = linalg.transpose ins(%11 : tensor<1x2x8x4xf32>) outs(%23 : tensor<1x2x4x8xf32>) permutation = [0, 1, 3, 2] 
    %24 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed : tensor<1x2x4x8xf32>) outs(%23 : tensor<1x2x4x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %50 = arith.truncf %cst_4 : f64 to f32
      %51 = arith.mulf %in, %50 : f32
      linalg.yield %51 : f32
    } -> tensor<1x2x4x8xf32>
    %collapsed_17 = tensor.collapse_shape %22 [[0, 1], [2], [3]] : tensor<1x2x2x4xf32> into tensor<2x2x4xf32>
    %collapsed_18 = tensor.collapse_shape %24 [[0, 1], [2], [3]] : tensor<1x2x4x8xf32> into tensor<2x4x8xf32>
    %25 = tensor.empty() : tensor<2x2x8xf32>
    %26 = linalg.fill ins(%cst : f32) outs(%25 : tensor<2x2x8xf32>) -> tensor<2x2x8xf32>
    %27 = linalg.batch_matmul ins(%collapsed_17, %collapsed_18 : tensor<2x2x4xf32>, tensor<2x4x8xf32>) outs(%26 : tensor<2x2x8xf32>) -> tensor<2x2x8xf32>
    %expanded_19 = tensor.expand_shape %27 [[0, 1], [2], [3]] output_shape [1, 2, 2, 8] : tensor<2x2x8xf32> into tensor<1x2x2x8xf32>
    %28 = tensor.empty() : tensor<1x2x2x8xf32>
    %29 = linalg.generic {indexing_maps = [#map2, #map10, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_19, %20 : tensor<1x2x2x8xf32>, tensor<2x8xf32>) outs(%28 : tensor<1x2x2x8xf32>) {
    ^bb0(%in: f32, %in_24: f32, %out: f32):
      %50 = arith.addf %in, %in_24 : f32
      linalg.yield %50 : f32
    } -> tensor<1x2x2x8xf32>
    %30 = tensor.empty() : tensor<1x2x2xi64>
    %31 = linalg.fill ins(%c0_i64 : i64) outs(%30 : tensor<1x2x2xi64>) -> tensor<1x2x2xi64>
    %32 = tensor.empty() : tensor<1x2x2xf32>
    %33 = linalg.fill ins(%cst_0 : f32) outs(%32 : tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
    %34:2 = linalg.generic {indexing_maps = [#map2, #map11, #map11], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%29 : tensor<1x2x2x8xf32>) outs(%33, %31 : tensor<1x2x2xf32>, tensor<1x2x2xi64>) {
    ^bb0(%in: f32, %out: f32, %out_24: i64):
      %50 = linalg.index 3 : index
      %51 = arith.index_cast %50 : index to i64
      %52 = arith.maximumf %in, %out : f32
      %53 = arith.cmpf ogt, %in, %out : f32
      %54 = arith.select %53, %51, %out_24 : i64
      linalg.yield %52, %54 : f32, i64
    } -> (tensor<1x2x2xf32>, tensor<1x2x2xi64>)
    %expanded_20 = tensor.expand_shape %34#0 [[0], [1], [2, 3]] output_shape [1, 2, 2, 1] : tensor<1x2x2xf32> into tensor<1x2x2x1xf32>
    %35 = linalg.generic {indexing_maps = [#map2, #map12, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%29, %expanded_20 : tensor<1x2x2x8xf32>, tensor<1x2x2x1xf32>) outs(%28 : tensor<1x2x2x8xf32>) {
    ^bb0(%in: f32, %in_24: f32, %out: f32):
      %50 = arith.subf %in, %in_24 : f32
      linalg.yield %50 : f32
    } -> tensor<1x2x2x8xf32>
    %36 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%35 : tensor<1x2x2x8xf32>) outs(%28 : tensor<1x2x2x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %50 = math.exp %in : f32
      linalg.yield %50 : f32
    } -> tensor<1x2x2x8xf32>
    %37 = tensor.empty() : tensor<1x2x2x1xf32>
    %38 = linalg.fill ins(%cst : f32) outs(%37 : tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
    %39 = linalg.generic {indexing_maps = [#map2, #map12], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%36 : tensor<1x2x2x8xf32>) outs(%38 : tensor<1x2x2x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %50 = arith.addf %in, %out : f32
      linalg.yield %50 : f32
    } -> tensor<1x2x2x1xf32>
    %40 = linalg.generic {indexing_maps = [#map2, #map12, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%36, %39 : tensor<1x2x2x8xf32>, tensor<1x2x2x1xf32>) outs(%28 : tensor<1x2x2x8xf32>) {
    ^bb0(%in: f32, %in_24: f32, %out: f32):
      %50 = arith.divf %in, %in_24 : f32
      linalg.yield %50 : f32
    } -> tensor<1x2x2x8xf32>
    %41 = tensor.empty() : tensor<1x2x2x8xi1>
    %42 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%29 : tensor<1x2x2x8xf32>) outs(%41 : tensor<1x2x2x8xi1>) {
    ^bb0(%in: f32, %out: i1):
      %50 = arith.extf %in : f32 to f64
      %51 = arith.cmpf oeq, %50, %cst_5 : f64
      linalg.yield %51 : i1
    } -> tensor<1x2x2x8xi1>
    %43 = tensor.empty() : tensor<1x2x2x1xi1>
    %44 = linalg.fill ins(%true : i1) outs(%43 : tensor<1x2x2x1xi1>) -> tensor<1x2x2x1xi1>
    %45 = linalg.generic {indexing_maps = [#map2, #map12], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%42 : tensor<1x2x2x8xi1>) outs(%44 : tensor<1x2x2x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %50 = arith.andi %in, %out : i1
      linalg.yield %50 : i1
    } -> tensor<1x2x2x1xi1>
    %46 = linalg.generic {indexing_maps = [#map12, #map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%45, %cst_1, %40 : tensor<1x2x2x1xi1>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>) outs(%28 : tensor<1x2x2x8xf32>) {
    ^bb0(%in: i1, %in_24: f32, %in_25: f32, %out: f32):
      %50 = arith.select %in, %in_24, %in_25 : f32
      linalg.yield %50 : f32
    } -> tensor<1x2x2x8xf32>
    %collapsed_21 = tensor.collapse_shape %46 [[0, 1], [2], [3]] : tensor<1x2x2x8xf32> into tensor<2x2x8xf32>
    %collapsed_22 = tensor.collapse_shape %12 [[0, 1], [2], [3]] : tensor<1x2x8x4xf32> into tensor<2x8x4xf32>
    %47 = tensor.empty() : tensor<2x2x4xf32>
    %48 = linalg.fill ins(%cst : f32) outs(%47 : tensor<2x2x4xf32>) -> tensor<2x2x4xf32>
    %49 = linalg.batch_matmul ins(%collapsed_21, %collapsed_22 : tensor<2x2x8xf32>, tensor<2x8x4xf32>) outs(%48 : tensor<2x2x4xf32>) -> tensor<2x2x4xf32>
    %expanded_23 = tensor.expand_shape %49 [[0, 1], [2], [3]] output_shape [1, 2, 2, 4] : tensor<2x2x4xf32> into tensor<1x2x2x4xf32>
    return %11, %12, %expanded_23 : tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x2x4xf32>
  }
}
