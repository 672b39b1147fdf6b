#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0)>
#map2 = affine_map<(d0) -> (d0)>
#map3 = affine_map<(d0) -> (d0, 0)>
module {
  func.func @main(%arg0: tensor<4x6xf32>, %arg1: tensor<4x6xi64>) -> (tensor<4x6xf32>, tensor<4x6xi64>, tensor<4xf32>, tensor<4xi64>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x6xf32>, tensor<8x4xf32>) {
    %cst = arith.constant dense<0.000000e+00> : tensor<8x4xf32>
    %cst_0 = arith.constant dense<0.000000e+00> : tensor<4x8xf32>
    %cst_1 = arith.constant dense<1.000000e+00> : tensor<4x8xf32>
    %cst_2 = arith.constant 1.000000e+00 : f32
    %cst_3 = arith.constant 0.000000e+00 : f32
    %c6 = arith.constant 6 : index
    %c4 = arith.constant 4 : index
    %c0_i32 = arith.constant 0 : i32
    %c0_i64 = arith.constant 0 : i64
    %c2147483647_i32 = arith.constant 2147483647 : i32
    %cst_4 = arith.constant 0xFF800000 : f32
    %cst_5 = arith.constant 0x7F800000 : f32
    %c4_i64 = arith.constant 4 : i64
    %c6_i64 = arith.constant 6 : i64
    %0 = tensor.empty() : tensor<4x6xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%0 : tensor<4x6xi64>) {
    ^bb0(%out: i64):
      %40 = linalg.index 0 : index
      %41 = arith.index_cast %40 : index to i64
      linalg.yield %41 : i64
    } -> tensor<4x6xi64>
    %2:2 = tm_tensor.sort dimension(0) outs(%arg0, %1 : tensor<4x6xf32>, tensor<4x6xi64>) {
    ^bb0(%arg2: f32, %arg3: f32, %arg4: i64, %arg5: i64):
      %40 = arith.cmpf oge, %arg2, %arg3 : f32
      tm_tensor.yield %40 : i1
    } -> tensor<4x6xf32>, tensor<4x6xi64>
    %3 = tensor.empty() : tensor<4x2xf32>
    %4 = linalg.fill ins(%cst_5 : f32) outs(%3 : tensor<4x2xf32>) -> tensor<4x2xf32>
    %5 = tensor.empty() : tensor<4x2xi32>
    %6 = linalg.fill ins(%c2147483647_i32 : i32) outs(%5 : tensor<4x2xi32>) -> tensor<4x2xi32>
    %7:2 = tm_tensor.topk dimension(1) ins(%arg0 : tensor<4x6xf32>) outs(%4, %6 : tensor<4x2xf32>, tensor<4x2xi32>) {
    ^bb0(%arg2: f32, %arg3: f32):
      %40 = arith.cmpf olt, %arg2, %arg3 : f32
      tm_tensor.yield %40 : i1
    } -> tensor<4x2xf32>, tensor<4x2xi32>
    %8 = tensor.empty() : tensor<4xf32>
    %9 = linalg.fill ins(%cst_4 : f32) outs(%8 : tensor<4xf32>) -> tensor<4xf32>
    %10 = tensor.empty() : tensor<4xi64>
    %11 = linalg.fill ins(%c0_i64 : i64) outs(%10 : tensor<4xi64>) -> tensor<4xi64>
    %12:2 = linalg.generic {indexing_maps = [#map, #map1, #map1], iterator_types = ["parallel", "reduction"]} ins(%7#0 : tensor<4x2xf32>) outs(%9, %11 : tensor<4xf32>, tensor<4xi64>) {
    ^bb0(%in: f32, %out: f32, %out_13: i64):
      %40 = linalg.index 1 : index
      %41 = arith.index_cast %40 : index to i64
      %42 = arith.maximumf %in, %out : f32
      %43 = arith.cmpf ogt, %in, %out : f32
      %44 = arith.select %43, %41, %out_13 : i64
      linalg.yield %42, %44 : f32, i64
    } -> (tensor<4xf32>, tensor<4xi64>)
    %13 = tensor.empty() : tensor<4xi32>
    %14 = linalg.fill ins(%c0_i32 : i32) outs(%13 : tensor<4xi32>) -> tensor<4xi32>
    %15 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%12#1 : tensor<4xi64>) outs(%14 : tensor<4xi32>) {
    ^bb0(%in: i64, %out: i32):
      %40 = arith.index_cast %in : i64 to index
      %41 = linalg.index 0 : index
      %extracted = tensor.extract %7#1[%41, %40] : tensor<4x2xi32>
      linalg.yield %extracted : i32
    } -> tensor<4xi32>
    %16 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%15 : tensor<4xi32>) outs(%11 : tensor<4xi64>) {
    ^bb0(%in: i32, %out: i64):
      %40 = arith.index_cast %in : i32 to index
      %41 = arith.index_cast %40 : index to i64
      linalg.yield %41 : i64
    } -> tensor<4xi64>
    %17 = tensor.empty() : tensor<4x6xf32>
    %18 = linalg.fill ins(%cst_3 : f32) outs(%17 : tensor<4x6xf32>) -> tensor<4x6xf32>
    %19 = linalg.fill ins(%cst_3 : f32) outs(%8 : tensor<4xf32>) -> tensor<4xf32>
    %20:2 = tm_tensor.scan dimension(1) inclusive(true) ins(%arg0 : tensor<4x6xf32>) outs(%18, %19 : tensor<4x6xf32>, tensor<4xf32>) {
    ^bb0(%arg2: f32, %arg3: f32):
      %40 = arith.addf %arg2, %arg3 : f32
      tm_tensor.yield %40 : f32
    } -> tensor<4x6xf32>, tensor<4xf32>
    %21 = linalg.fill ins(%cst_2 : f32) outs(%17 : tensor<4x6xf32>) -> tensor<4x6xf32>
    %22 = tensor.empty() : tensor<6xf32>
    %23 = linalg.fill ins(%cst_2 : f32) outs(%22 : tensor<6xf32>) -> tensor<6xf32>
    %24:2 = tm_tensor.scan dimension(0) inclusive(true) ins(%arg0 : tensor<4x6xf32>) outs(%21, %23 : tensor<4x6xf32>, tensor<6xf32>) {
    ^bb0(%arg2: f32, %arg3: f32):
      %40 = arith.mulf %arg2, %arg3 : f32
      tm_tensor.yield %40 : f32
    } -> tensor<4x6xf32>, tensor<6xf32>
    %25 = tensor.empty() : tensor<24x1xi64>
    %26 = linalg.fill ins(%c0_i64 : i64) outs(%25 : tensor<24x1xi64>) -> tensor<24x1xi64>
    %27 = tensor.empty() : tensor<24xf32>
    %28 = linalg.fill ins(%cst_3 : f32) outs(%27 : tensor<24xf32>) -> tensor<24xf32>
    %29:3 = linalg.generic {indexing_maps = [#map3, #map3, #map2], iterator_types = ["parallel"]} outs(%26, %26, %28 : tensor<24x1xi64>, tensor<24x1xi64>, tensor<24xf32>) {
    ^bb0(%out: i64, %out_13: i64, %out_14: f32):
      %40 = linalg.index 0 : index
      %41 = arith.remsi %40, %c6 : index
      %42 = arith.divsi %40, %c6 : index
      %43 = arith.remsi %42, %c4 : index
      %extracted = tensor.extract %arg1[%43, %41] : tensor<4x6xi64>
      %extracted_15 = tensor.extract %arg0[%43, %41] : tensor<4x6xf32>
      %44 = arith.index_cast %43 : index to i64
      linalg.yield %44, %extracted, %extracted_15 : i64, i64, f32
    } -> (tensor<24x1xi64>, tensor<24x1xi64>, tensor<24xf32>)
    %30 = tensor.empty() : tensor<24x2xi64>
    %31 = linalg.fill ins(%c0_i64 : i64) outs(%30 : tensor<24x2xi64>) -> tensor<24x2xi64>
    %inserted_slice = tensor.insert_slice %29#0 into %31[0, 0] [24, 1] [1, 1] : tensor<24x1xi64> into tensor<24x2xi64>
    %inserted_slice_6 = tensor.insert_slice %29#1 into %inserted_slice[0, 1] [24, 1] [1, 1] : tensor<24x1xi64> into tensor<24x2xi64>
    %32 = tm_tensor.scatter {dimension_map = array<i64: 0, 1>} unique_indices(false) ins(%29#2, %inserted_slice_6 : tensor<24xf32>, tensor<24x2xi64>) outs(%cst_0 : tensor<4x8xf32>) {
    ^bb0(%arg2: f32, %arg3: f32):
      tm_tensor.yield %arg2 : f32
    } -> tensor<4x8xf32>
    %33 = tm_tensor.scatter {dimension_map = array<i64: 0, 1>} unique_indices(false) ins(%29#2, %inserted_slice_6 : tensor<24xf32>, tensor<24x2xi64>) outs(%cst_1 : tensor<4x8xf32>) {
    ^bb0(%arg2: f32, %arg3: f32):
      %40 = arith.addf %arg3, %arg2 : f32
      tm_tensor.yield %40 : f32
    } -> tensor<4x8xf32>
    %34 = tm_tensor.scatter {dimension_map = array<i64: 0, 1>} unique_indices(false) ins(%29#2, %inserted_slice_6 : tensor<24xf32>, tensor<24x2xi64>) outs(%cst_0 : tensor<4x8xf32>) {
    ^bb0(%arg2: f32, %arg3: f32):
      %40 = arith.maximumf %arg2, %arg3 : f32
      tm_tensor.yield %40 : f32
    } -> tensor<4x8xf32>
    %35 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<4x6xi64>) outs(%0 : tensor<4x6xi64>) {
    ^bb0(%in: i64, %out: i64):
      %40 = arith.remsi %in, %c6_i64 : i64
      %41 = arith.cmpi ne, %40, %c0_i64 : i64
      %42 = arith.cmpi slt, %40, %c0_i64 : i64
      %43 = arith.andi %41, %42 : i1
      %44 = arith.addi %40, %c6_i64 : i64
      %45 = arith.select %43, %44, %40 : i64
      linalg.yield %45 : i64
    } -> tensor<4x6xi64>
    %36 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%35 : tensor<4x6xi64>) outs(%18 : tensor<4x6xf32>) {
    ^bb0(%in: i64, %out: f32):
      %40 = linalg.index 0 : index
      %41 = arith.index_cast %in : i64 to index
      %42 = arith.cmpi slt, %41, %c6 : index
      cf.assert %42, "index must be smaller than dim size"
      %43 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %43, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg0[%40, %41] : tensor<4x6xf32>
      linalg.yield %extracted : f32
    } -> tensor<4x6xf32>
    %extracted_slice = tensor.extract_slice %arg1[0, 0] [1, 6] [1, 1] : tensor<4x6xi64> to tensor<1x6xi64>
    %collapsed = tensor.collapse_shape %extracted_slice [[0, 1]] : tensor<1x6xi64> into tensor<6xi64>
    %extracted_slice_7 = tensor.extract_slice %arg1[1, 0] [1, 6] [1, 1] : tensor<4x6xi64> to tensor<1x6xi64>
    %collapsed_8 = tensor.collapse_shape %extracted_slice_7 [[0, 1]] : tensor<1x6xi64> into tensor<6xi64>
    %37 = tensor.empty() : tensor<6xi64>
    %38 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%collapsed_8 : tensor<6xi64>) outs(%37 : tensor<6xi64>) {
    ^bb0(%in: i64, %out: i64):
      %40 = arith.remsi %in, %c4_i64 : i64
      %41 = arith.cmpi ne, %40, %c0_i64 : i64
      %42 = arith.cmpi slt, %40, %c0_i64 : i64
      %43 = arith.andi %41, %42 : i1
      %44 = arith.addi %40, %c4_i64 : i64
      %45 = arith.select %43, %44, %40 : i64
      linalg.yield %45 : i64
    } -> tensor<6xi64>
    %extracted_slice_9 = tensor.extract_slice %arg0[0, 0] [1, 6] [1, 1] : tensor<4x6xf32> to tensor<1x6xf32>
    %collapsed_10 = tensor.collapse_shape %extracted_slice_9 [[0, 1]] : tensor<1x6xf32> into tensor<6xf32>
    %expanded = tensor.expand_shape %collapsed [[0, 1]] output_shape [6, 1] : tensor<6xi64> into tensor<6x1xi64>
    %expanded_11 = tensor.expand_shape %38 [[0, 1]] output_shape [6, 1] : tensor<6xi64> into tensor<6x1xi64>
    %concat = tensor.concat dim(1) %expanded, %expanded_11 : (tensor<6x1xi64>, tensor<6x1xi64>) -> tensor<6x2xi64>
    %expanded_12 = tensor.expand_shape %collapsed_10 [[0, 1, 2]] output_shape [6, 1, 1] : tensor<6xf32> into tensor<6x1x1xf32>
    %39 = tm_tensor.scatter {dimension_map = array<i64: 0, 1>} unique_indices(true) ins(%expanded_12, %concat : tensor<6x1x1xf32>, tensor<6x2xi64>) outs(%cst : tensor<8x4xf32>) {
    ^bb0(%arg2: f32, %arg3: f32):
      tm_tensor.yield %arg2 : f32
    } -> tensor<8x4xf32>
    return %2#0, %2#1, %12#0, %16, %20#0, %24#0, %32, %33, %34, %36, %39 : tensor<4x6xf32>, tensor<4x6xi64>, tensor<4xf32>, tensor<4xi64>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x6xf32>, tensor<8x4xf32>
  }
}
