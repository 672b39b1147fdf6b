#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0)>
#map2 = affine_map<(d0, d1) -> (d0, 0)>
#map3 = affine_map<(d0) -> (d0)>
#map4 = affine_map<(d0) -> ()>
module {
  func.func @main(%arg0: tensor<5x6xf32>, %arg1: tensor<5x3xf32>) -> (tensor<5x2xf32>, tensor<5x2xi64>, tensor<10xi64>, tensor<6xi64>, tensor<6xi64>, tensor<5x3xf32>) {
    %cst = arith.constant 0xFF800000 : f32
    %cst_0 = arith.constant 0.000000e+00 : f32
    %c5_i64 = arith.constant 5 : i64
    %c10_i64 = arith.constant 10 : i64
    %c0_i64 = arith.constant 0 : i64
    %cst_1 = arith.constant dense<0.000000e+00> : tensor<5x3xf32>
    %cst_2 = arith.constant dense<2> : tensor<i64>
    %cst_3 = arith.constant dense<0> : tensor<6xi64>
    %cst_4 = arith.constant dense<1> : tensor<10x1xi64>
    %0 = tensor.empty() : tensor<5xi64>
    %1 = linalg.fill ins(%c0_i64 : i64) outs(%0 : tensor<5xi64>) -> tensor<5xi64>
    %2 = tensor.empty() : tensor<5xf32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<5xf32>) -> tensor<5xf32>
    %4:2 = linalg.generic {indexing_maps = [#map, #map1, #map1], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<5x6xf32>) outs(%3, %1 : tensor<5xf32>, tensor<5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_11: i64):
      %35 = linalg.index 1 : index
      %36 = arith.index_cast %35 : index to i64
      %37 = arith.maximumf %in, %out : f32
      %38 = arith.cmpf ogt, %in, %out : f32
      %39 = arith.select %38, %36, %out_11 : i64
      linalg.yield %37, %39 : f32, i64
    } -> (tensor<5xf32>, tensor<5xi64>)
    %expanded = tensor.expand_shape %4#0 [[0, 1]] output_shape [5, 1] : tensor<5xf32> into tensor<5x1xf32>
    %5 = tensor.empty() : tensor<5x6xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %expanded : tensor<5x6xf32>, tensor<5x1xf32>) outs(%5 : tensor<5x6xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %35 = arith.subf %in, %in_11 : f32
      linalg.yield %35 : f32
    } -> tensor<5x6xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%6 : tensor<5x6xf32>) outs(%5 : tensor<5x6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %35 = math.exp %in : f32
      linalg.yield %35 : f32
    } -> tensor<5x6xf32>
    %8 = tensor.empty() : tensor<5x1xf32>
    %9 = linalg.fill ins(%cst_0 : f32) outs(%8 : tensor<5x1xf32>) -> tensor<5x1xf32>
    %10 = linalg.generic {indexing_maps = [#map, #map2], iterator_types = ["parallel", "reduction"]} ins(%7 : tensor<5x6xf32>) outs(%9 : tensor<5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %35 = arith.addf %in, %out : f32
      linalg.yield %35 : f32
    } -> tensor<5x1xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%7, %10 : tensor<5x6xf32>, tensor<5x1xf32>) outs(%5 : tensor<5x6xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %35 = arith.divf %in, %in_11 : f32
      linalg.yield %35 : f32
    } -> tensor<5x6xf32>
    %12 = tensor.empty() : tensor<5x6xi64>
    %13 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%12 : tensor<5x6xi64>) {
    ^bb0(%out: i64):
      %35 = linalg.index 1 : index
      %36 = arith.index_cast %35 : index to i64
      linalg.yield %36 : i64
    } -> tensor<5x6xi64>
    %14:2 = tm_tensor.sort dimension(1) outs(%11, %13 : tensor<5x6xf32>, tensor<5x6xi64>) {
    ^bb0(%arg2: f32, %arg3: f32, %arg4: i64, %arg5: i64):
      %35 = arith.cmpf oge, %arg2, %arg3 : f32
      tm_tensor.yield %35 : i1
    } -> tensor<5x6xf32>, tensor<5x6xi64>
    %extracted_slice = tensor.extract_slice %14#0[0, 0] [5, 2] [1, 1] : tensor<5x6xf32> to tensor<5x2xf32>
    %extracted_slice_5 = tensor.extract_slice %14#1[0, 0] [5, 2] [1, 1] : tensor<5x6xi64> to tensor<5x2xi64>
    %15 = linalg.generic {indexing_maps = [#map, #map2], iterator_types = ["parallel", "reduction"]} ins(%extracted_slice : tensor<5x2xf32>) outs(%9 : tensor<5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %35 = arith.addf %in, %out : f32
      linalg.yield %35 : f32
    } -> tensor<5x1xf32>
    %16 = tensor.empty() : tensor<5x2xf32>
    %17 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice, %15 : tensor<5x2xf32>, tensor<5x1xf32>) outs(%16 : tensor<5x2xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %35 = arith.divf %in, %in_11 : f32
      linalg.yield %35 : f32
    } -> tensor<5x2xf32>
    %collapsed = tensor.collapse_shape %extracted_slice_5 [[0, 1]] : tensor<5x2xi64> into tensor<10xi64>
    %18 = tensor.empty() : tensor<10xi64>
    %19 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%18 : tensor<10xi64>) {
    ^bb0(%out: i64):
      %35 = linalg.index 0 : index
      %36 = arith.index_cast %35 : index to i64
      linalg.yield %36 : i64
    } -> tensor<10xi64>
    %20:2 = tm_tensor.sort dimension(0) outs(%collapsed, %19 : tensor<10xi64>, tensor<10xi64>) {
    ^bb0(%arg2: i64, %arg3: i64, %arg4: i64, %arg5: i64):
      %35 = arith.cmpi sle, %arg2, %arg3 : i64
      tm_tensor.yield %35 : i1
    } -> tensor<10xi64>, tensor<10xi64>
    %expanded_6 = tensor.expand_shape %collapsed [[0, 1]] output_shape [10, 1] : tensor<10xi64> into tensor<10x1xi64>
    %21 = tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(false) ins(%cst_4, %expanded_6 : tensor<10x1xi64>, tensor<10x1xi64>) outs(%cst_3 : tensor<6xi64>) {
    ^bb0(%arg2: i64, %arg3: i64):
      %35 = arith.addi %arg3, %arg2 : i64
      tm_tensor.yield %35 : i64
    } -> tensor<6xi64>
    %22 = tensor.empty() : tensor<6xi64>
    %23 = linalg.fill ins(%c0_i64 : i64) outs(%22 : tensor<6xi64>) -> tensor<6xi64>
    %24 = tensor.empty() : tensor<i64>
    %25 = linalg.fill ins(%c0_i64 : i64) outs(%24 : tensor<i64>) -> tensor<i64>
    %26:2 = tm_tensor.scan dimension(0) inclusive(true) ins(%21 : tensor<6xi64>) outs(%23, %25 : tensor<6xi64>, tensor<i64>) {
    ^bb0(%arg2: i64, %arg3: i64):
      %35 = arith.addi %arg2, %arg3 : i64
      tm_tensor.yield %35 : i64
    } -> tensor<6xi64>, tensor<i64>
    %27 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel"]} ins(%26#0, %21 : tensor<6xi64>, tensor<6xi64>) outs(%22 : tensor<6xi64>) {
    ^bb0(%in: i64, %in_11: i64, %out: i64):
      %35 = arith.subi %in, %in_11 : i64
      linalg.yield %35 : i64
    } -> tensor<6xi64>
    %28 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel"]} ins(%20#1, %cst_2 : tensor<10xi64>, tensor<i64>) outs(%18 : tensor<10xi64>) {
    ^bb0(%in: i64, %in_11: i64, %out: i64):
      %35 = arith.sitofp %in : i64 to f64
      %36 = arith.sitofp %in_11 : i64 to f64
      %37 = arith.divf %35, %36 : f64
      %38 = math.floor %37 : f64
      %39 = arith.fptosi %38 : f64 to i64
      linalg.yield %39 : i64
    } -> tensor<10xi64>
    %29 = tensor.empty() : tensor<10x3xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%28 : tensor<10xi64>) outs(%29 : tensor<10x3xf32>) {
    ^bb0(%in: i64, %out: f32):
      %35 = arith.cmpi slt, %in, %c0_i64 : i64
      %36 = arith.addi %in, %c5_i64 : i64
      %37 = arith.select %35, %36, %in : i64
      %38 = arith.index_cast %37 : i64 to index
      %39 = linalg.index 1 : index
      %extracted = tensor.extract %arg1[%38, %39] : tensor<5x3xf32>
      linalg.yield %extracted : f32
    } -> tensor<10x3xf32>
    %collapsed_7 = tensor.collapse_shape %17 [[0, 1]] : tensor<5x2xf32> into tensor<10xf32>
    %31 = tensor.empty() : tensor<10xf32>
    %32 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel"]} ins(%20#1 : tensor<10xi64>) outs(%31 : tensor<10xf32>) {
    ^bb0(%in: i64, %out: f32):
      %35 = arith.cmpi slt, %in, %c0_i64 : i64
      %36 = arith.addi %in, %c10_i64 : i64
      %37 = arith.select %35, %36, %in : i64
      %38 = arith.index_cast %37 : i64 to index
      %extracted = tensor.extract %collapsed_7[%38] : tensor<10xf32>
      linalg.yield %extracted : f32
    } -> tensor<10xf32>
    %expanded_8 = tensor.expand_shape %32 [[0, 1]] output_shape [10, 1] : tensor<10xf32> into tensor<10x1xf32>
    %33 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%30, %expanded_8 : tensor<10x3xf32>, tensor<10x1xf32>) outs(%29 : tensor<10x3xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %35 = arith.mulf %in, %in_11 : f32
      linalg.yield %35 : f32
    } -> tensor<10x3xf32>
    %expanded_9 = tensor.expand_shape %28 [[0, 1]] output_shape [10, 1] : tensor<10xi64> into tensor<10x1xi64>
    %expanded_10 = tensor.expand_shape %33 [[0], [1, 2]] output_shape [10, 1, 3] : tensor<10x3xf32> into tensor<10x1x3xf32>
    %34 = tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(false) ins(%expanded_10, %expanded_9 : tensor<10x1x3xf32>, tensor<10x1xi64>) outs(%cst_1 : tensor<5x3xf32>) {
    ^bb0(%arg2: f32, %arg3: f32):
      %35 = arith.addf %arg3, %arg2 : f32
      tm_tensor.yield %35 : f32
    } -> tensor<5x3xf32>
    return %17, %extracted_slice_5, %20#1, %21, %27, %34 : tensor<5x2xf32>, tensor<5x2xi64>, tensor<10xi64>, tensor<6xi64>, tensor<6xi64>, tensor<5x3xf32>
  }
}
