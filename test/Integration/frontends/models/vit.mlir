// main
//   arg0 pixel_values: tensor<1x3x32x32xbf16>
//   out0 logits: tensor<1x10xbf16>
#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map4 = affine_map<(d0, d1, d2, d3) -> ()>
#map5 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map6 = affine_map<(d0, d1, d2) -> (d2)>
#map7 = affine_map<(d0, d1) -> (d0, d1)>
#map8 = affine_map<(d0, d1) -> (d1)>
#map9 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<1x3x32x32xbf16>) -> tensor<1x10xbf16> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant 1.000000e+00 : bf16
    %cst_3 = arith.constant 2.000000e+00 : bf16
    %cst_4 = arith.constant 5.000000e-01 : bf16
    %cst_5 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_6 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_7 = arith.constant dense_resource<classifier.bias> : tensor<10xbf16>
    %cst_8 = arith.constant dense_resource<classifier.weight> : tensor<10x64xbf16>
    %cst_9 = arith.constant dense_resource<vit.layernorm.bias> : tensor<64xbf16>
    %cst_10 = arith.constant dense_resource<vit.layernorm.weight> : tensor<64xbf16>
    %cst_11 = arith.constant dense_resource<vit.encoder.layer.0.output.dense.bias> : tensor<64xbf16>
    %cst_12 = arith.constant dense_resource<vit.encoder.layer.0.output.dense.weight> : tensor<64x128xbf16>
    %cst_13 = arith.constant dense_resource<vit.encoder.layer.0.intermediate.dense.bias> : tensor<128xbf16>
    %cst_14 = arith.constant dense_resource<vit.encoder.layer.0.intermediate.dense.weight> : tensor<128x64xbf16>
    %cst_15 = arith.constant dense_resource<vit.encoder.layer.0.layernorm_after.bias> : tensor<64xbf16>
    %cst_16 = arith.constant dense_resource<vit.encoder.layer.0.layernorm_after.weight> : tensor<64xbf16>
    %cst_17 = arith.constant dense_resource<vit.encoder.layer.0.attention.output.dense.bias> : tensor<64xbf16>
    %cst_18 = arith.constant dense_resource<vit.encoder.layer.0.attention.output.dense.weight> : tensor<64x64xbf16>
    %cst_19 = arith.constant dense_resource<vit.encoder.layer.0.attention.attention.value.bias> : tensor<64xbf16>
    %cst_20 = arith.constant dense_resource<vit.encoder.layer.0.attention.attention.value.weight> : tensor<64x64xbf16>
    %cst_21 = arith.constant dense_resource<vit.encoder.layer.0.attention.attention.key.bias> : tensor<64xbf16>
    %cst_22 = arith.constant dense_resource<vit.encoder.layer.0.attention.attention.key.weight> : tensor<64x64xbf16>
    %cst_23 = arith.constant dense_resource<vit.encoder.layer.0.attention.attention.query.bias> : tensor<64xbf16>
    %cst_24 = arith.constant dense_resource<vit.encoder.layer.0.attention.attention.query.weight> : tensor<64x64xbf16>
    %cst_25 = arith.constant dense_resource<vit.encoder.layer.0.layernorm_before.bias> : tensor<64xbf16>
    %cst_26 = arith.constant dense_resource<vit.encoder.layer.0.layernorm_before.weight> : tensor<64xbf16>
    %cst_27 = arith.constant 9.9999999999999998E-13 : f64
    %cst_28 = arith.constant dense_resource<vit.embeddings.position_embeddings> : tensor<1x17x64xbf16>
    %cst_29 = arith.constant dense_resource<vit.embeddings.patch_embeddings.projection.weight> : tensor<64x3x8x8xbf16>
    %cst_30 = arith.constant dense_resource<vit.embeddings.patch_embeddings.projection.bias> : tensor<64xbf16>
    %cst_31 = arith.constant dense_resource<vit.embeddings.cls_token> : tensor<1x1x64xbf16>
    %cst_32 = arith.constant 6.400000e+01 : f64
    %cst_33 = arith.constant 6.400000e+01 : f32
    %cst_34 = arith.constant 2.500000e-01 : bf16
    %0 = tensor.empty() : tensor<1x64x4x4xf32>
    %1 = tensor.empty() : tensor<64xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_30 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64xf32>
    %broadcasted = linalg.broadcast ins(%2 : tensor<64xf32>) outs(%0 : tensor<1x64x4x4xf32>) dimensions = [0, 2, 3] 
    %3 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<8> : vector<2xi64>} ins(%arg0, %cst_29 : tensor<1x3x32x32xbf16>, tensor<64x3x8x8xbf16>) outs(%broadcasted : tensor<1x64x4x4xf32>) -> tensor<1x64x4x4xf32>
    %4 = tensor.empty() : tensor<1x64x4x4xbf16>
    %5 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%3 : tensor<1x64x4x4xf32>) outs(%4 : tensor<1x64x4x4xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<1x64x4x4xbf16>
    %collapsed = tensor.collapse_shape %5 [[0], [1], [2, 3]] : tensor<1x64x4x4xbf16> into tensor<1x64x16xbf16>
    %6 = tensor.empty() : tensor<1x16x64xbf16>
    %transposed = linalg.transpose ins(%collapsed : tensor<1x64x16xbf16>) outs(%6 : tensor<1x16x64xbf16>) permutation = [0, 2, 1] 
    %concat = tensor.concat dim(1) %cst_31, %transposed : (tensor<1x1x64xbf16>, tensor<1x16x64xbf16>) -> tensor<1x17x64xbf16>
    %7 = tensor.empty() : tensor<1x17x64xbf16>
    %8 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat, %cst_28 : tensor<1x17x64xbf16>, tensor<1x17x64xbf16>) outs(%7 : tensor<1x17x64xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %178 = arith.addf %in, %in_65 : bf16
      linalg.yield %178 : bf16
    } -> tensor<1x17x64xbf16>
    %9 = tensor.empty() : tensor<17xi64>
    %10 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%9 : tensor<17xi64>) {
    ^bb0(%out: i64):
      %178 = linalg.index 0 : index
      %179 = arith.index_cast %178 : index to i64
      linalg.yield %179 : i64
    } -> tensor<17xi64>
    %expanded = tensor.expand_shape %10 [[0, 1, 2, 3]] output_shape [1, 1, 17, 1] : tensor<17xi64> into tensor<1x1x17x1xi64>
    %11 = tensor.empty() : tensor<1x1x17x1xi1>
    %12 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x1x17x1xi64>) outs(%11 : tensor<1x1x17x1xi1>) {
    ^bb0(%in: i64, %out: i1):
      %178 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %178 : i1
    } -> tensor<1x1x17x1xi1>
    %13 = tensor.empty() : tensor<1x1x17x17xi1>
    %collapsed_35 = tensor.collapse_shape %12 [[0], [1], [2, 3]] : tensor<1x1x17x1xi1> into tensor<1x1x17xi1>
    %14 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%collapsed_35 : tensor<1x1x17xi1>) outs(%13 : tensor<1x1x17x17xi1>) {
    ^bb0(%in: i1, %out: i1):
      linalg.yield %in : i1
    } -> tensor<1x1x17x17xi1>
    %15 = tensor.empty() : tensor<1x1x17x17xbf16>
    %16 = linalg.generic {indexing_maps = [#map1, #map4, #map4, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%14, %cst_6, %cst_5 : tensor<1x1x17x17xi1>, tensor<bf16>, tensor<bf16>) outs(%15 : tensor<1x1x17x17xbf16>) {
    ^bb0(%in: i1, %in_65: bf16, %in_66: bf16, %out: bf16):
      %178 = arith.select %in, %in_65, %in_66 : bf16
      linalg.yield %178 : bf16
    } -> tensor<1x1x17x17xbf16>
    %17 = tensor.empty() : tensor<1x17x64xf32>
    %18 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8 : tensor<1x17x64xbf16>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<1x17x64xf32>
    %19 = tensor.empty() : tensor<1x17x64xf64>
    %20 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<1x17x64xf32>) outs(%19 : tensor<1x17x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %178 = arith.extf %in : f32 to f64
      linalg.yield %178 : f64
    } -> tensor<1x17x64xf64>
    %21 = tensor.empty() : tensor<1x17x1xf64>
    %22 = linalg.fill ins(%cst : f64) outs(%21 : tensor<1x17x1xf64>) -> tensor<1x17x1xf64>
    %23 = linalg.generic {indexing_maps = [#map2, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%20 : tensor<1x17x64xf64>) outs(%22 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.addf %in, %out : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %24 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x17x1xf64>) outs(%21 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.divf %in, %cst_32 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %25 = linalg.generic {indexing_maps = [#map2, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20, %24 : tensor<1x17x64xf64>, tensor<1x17x1xf64>) outs(%19 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_65: f64, %out: f64):
      %178 = arith.subf %in, %in_65 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x64xf64>
    %26 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25, %25 : tensor<1x17x64xf64>, tensor<1x17x64xf64>) outs(%19 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_65: f64, %out: f64):
      %178 = arith.mulf %in, %in_65 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x64xf64>
    %27 = linalg.generic {indexing_maps = [#map2, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%26 : tensor<1x17x64xf64>) outs(%22 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.addf %in, %out : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %28 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27 : tensor<1x17x1xf64>) outs(%21 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.divf %in, %cst_32 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %29 = tensor.empty() : tensor<1x17x1xf32>
    %30 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%28 : tensor<1x17x1xf64>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %178 = arith.truncf %in : f64 to f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %31 = linalg.fill ins(%cst_0 : f32) outs(%29 : tensor<1x17x1xf32>) -> tensor<1x17x1xf32>
    %32 = linalg.generic {indexing_maps = [#map2, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%18 : tensor<1x17x64xf32>) outs(%31 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = arith.addf %in, %out : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %33 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<1x17x1xf32>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = arith.divf %in, %cst_33 : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %34 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30 : tensor<1x17x1xf32>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = arith.truncf %cst_27 : f64 to f32
      %179 = arith.addf %in, %178 : f32
      linalg.yield %179 : f32
    } -> tensor<1x17x1xf32>
    %35 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34 : tensor<1x17x1xf32>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = math.rsqrt %in : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %36 = linalg.generic {indexing_maps = [#map2, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18, %33 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.subf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x64xf32>
    %37 = linalg.generic {indexing_maps = [#map2, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%36, %35 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.mulf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x64xf32>
    %38 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%37, %cst_26 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: bf16, %out: f32):
      %178 = arith.extf %in_65 : bf16 to f32
      %179 = arith.mulf %in, %178 : f32
      linalg.yield %179 : f32
    } -> tensor<1x17x64xf32>
    %39 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%38, %cst_25 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: bf16, %out: f32):
      %178 = arith.extf %in_65 : bf16 to f32
      %179 = arith.addf %in, %178 : f32
      linalg.yield %179 : f32
    } -> tensor<1x17x64xf32>
    %40 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%39 : tensor<1x17x64xf32>) outs(%7 : tensor<1x17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<1x17x64xbf16>
    %collapsed_36 = tensor.collapse_shape %40 [[0, 1], [2]] : tensor<1x17x64xbf16> into tensor<17x64xbf16>
    %41 = tensor.empty() : tensor<64x64xbf16>
    %transposed_37 = linalg.transpose ins(%cst_24 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xbf16>) permutation = [1, 0] 
    %42 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_23 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64xf32>
    %43 = tensor.empty() : tensor<17x64xf32>
    %44 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%collapsed_36 : tensor<17x64xbf16>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<17x64xf32>
    %45 = tensor.empty() : tensor<64x64xf32>
    %46 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%transposed_37 : tensor<64x64xbf16>) outs(%45 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64x64xf32>
    %47 = linalg.fill ins(%cst_0 : f32) outs(%43 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %48 = linalg.matmul ins(%44, %46 : tensor<17x64xf32>, tensor<64x64xf32>) outs(%47 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %49 = linalg.generic {indexing_maps = [#map8, #map7], iterator_types = ["parallel", "parallel"]} ins(%42 : tensor<64xf32>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x64xf32>
    %50 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%48, %49 : tensor<17x64xf32>, tensor<17x64xf32>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.addf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<17x64xf32>
    %51 = tensor.empty() : tensor<17x64xbf16>
    %52 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%50 : tensor<17x64xf32>) outs(%51 : tensor<17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<17x64xbf16>
    %expanded_38 = tensor.expand_shape %52 [[0, 1], [2, 3]] output_shape [1, 17, 4, 16] : tensor<17x64xbf16> into tensor<1x17x4x16xbf16>
    %53 = tensor.empty() : tensor<1x4x17x16xbf16>
    %transposed_39 = linalg.transpose ins(%expanded_38 : tensor<1x17x4x16xbf16>) outs(%53 : tensor<1x4x17x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_40 = linalg.transpose ins(%cst_22 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xbf16>) permutation = [1, 0] 
    %54 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_21 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64xf32>
    %55 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%transposed_40 : tensor<64x64xbf16>) outs(%45 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64x64xf32>
    %56 = linalg.matmul ins(%44, %55 : tensor<17x64xf32>, tensor<64x64xf32>) outs(%47 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %57 = linalg.generic {indexing_maps = [#map8, #map7], iterator_types = ["parallel", "parallel"]} ins(%54 : tensor<64xf32>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x64xf32>
    %58 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%56, %57 : tensor<17x64xf32>, tensor<17x64xf32>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.addf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<17x64xf32>
    %59 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%58 : tensor<17x64xf32>) outs(%51 : tensor<17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<17x64xbf16>
    %expanded_41 = tensor.expand_shape %59 [[0, 1], [2, 3]] output_shape [1, 17, 4, 16] : tensor<17x64xbf16> into tensor<1x17x4x16xbf16>
    %transposed_42 = linalg.transpose ins(%cst_20 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xbf16>) permutation = [1, 0] 
    %60 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_19 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64xf32>
    %61 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%transposed_42 : tensor<64x64xbf16>) outs(%45 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64x64xf32>
    %62 = linalg.matmul ins(%44, %61 : tensor<17x64xf32>, tensor<64x64xf32>) outs(%47 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %63 = linalg.generic {indexing_maps = [#map8, #map7], iterator_types = ["parallel", "parallel"]} ins(%60 : tensor<64xf32>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x64xf32>
    %64 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%62, %63 : tensor<17x64xf32>, tensor<17x64xf32>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.addf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<17x64xf32>
    %65 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%64 : tensor<17x64xf32>) outs(%51 : tensor<17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<17x64xbf16>
    %expanded_43 = tensor.expand_shape %65 [[0, 1], [2, 3]] output_shape [1, 17, 4, 16] : tensor<17x64xbf16> into tensor<1x17x4x16xbf16>
    %transposed_44 = linalg.transpose ins(%expanded_43 : tensor<1x17x4x16xbf16>) outs(%53 : tensor<1x4x17x16xbf16>) permutation = [0, 2, 1, 3] 
    %66 = tensor.empty() : tensor<1x4x16x17xbf16>
    %transposed_45 = linalg.transpose ins(%expanded_41 : tensor<1x17x4x16xbf16>) outs(%66 : tensor<1x4x16x17xbf16>) permutation = [0, 2, 3, 1] 
    %collapsed_46 = tensor.collapse_shape %transposed_39 [[0, 1], [2], [3]] : tensor<1x4x17x16xbf16> into tensor<4x17x16xbf16>
    %collapsed_47 = tensor.collapse_shape %transposed_45 [[0, 1], [2], [3]] : tensor<1x4x16x17xbf16> into tensor<4x16x17xbf16>
    %67 = tensor.empty() : tensor<4x17x17xf32>
    %68 = linalg.fill ins(%cst_0 : f32) outs(%67 : tensor<4x17x17xf32>) -> tensor<4x17x17xf32>
    %69 = linalg.batch_matmul ins(%collapsed_46, %collapsed_47 : tensor<4x17x16xbf16>, tensor<4x16x17xbf16>) outs(%68 : tensor<4x17x17xf32>) -> tensor<4x17x17xf32>
    %70 = tensor.empty() : tensor<4x17x17xbf16>
    %71 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%69 : tensor<4x17x17xf32>) outs(%70 : tensor<4x17x17xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<4x17x17xbf16>
    %expanded_48 = tensor.expand_shape %71 [[0, 1], [2], [3]] output_shape [1, 4, 17, 17] : tensor<4x17x17xbf16> into tensor<1x4x17x17xbf16>
    %72 = tensor.empty() : tensor<1x4x17x17xbf16>
    %73 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_48 : tensor<1x4x17x17xbf16>) outs(%72 : tensor<1x4x17x17xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %178 = arith.mulf %in, %cst_34 : bf16
      linalg.yield %178 : bf16
    } -> tensor<1x4x17x17xbf16>
    %74 = linalg.generic {indexing_maps = [#map1, #map9, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%73, %16 : tensor<1x4x17x17xbf16>, tensor<1x1x17x17xbf16>) outs(%72 : tensor<1x4x17x17xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %178 = arith.addf %in, %in_65 : bf16
      linalg.yield %178 : bf16
    } -> tensor<1x4x17x17xbf16>
    %75 = tensor.empty() : tensor<1x4x17x17xf32>
    %76 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%74 : tensor<1x4x17x17xbf16>) outs(%75 : tensor<1x4x17x17xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<1x4x17x17xf32>
    %77 = tensor.empty() : tensor<1x4x17xi64>
    %78 = linalg.fill ins(%c0_i64 : i64) outs(%77 : tensor<1x4x17xi64>) -> tensor<1x4x17xi64>
    %79 = tensor.empty() : tensor<1x4x17xf32>
    %80 = linalg.fill ins(%cst_1 : f32) outs(%79 : tensor<1x4x17xf32>) -> tensor<1x4x17xf32>
    %81:2 = linalg.generic {indexing_maps = [#map1, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%76 : tensor<1x4x17x17xf32>) outs(%80, %78 : tensor<1x4x17xf32>, tensor<1x4x17xi64>) {
    ^bb0(%in: f32, %out: f32, %out_65: i64):
      %178 = linalg.index 3 : index
      %179 = arith.index_cast %178 : index to i64
      %180 = arith.maximumf %in, %out : f32
      %181 = arith.cmpf ogt, %in, %out : f32
      %182 = arith.select %181, %179, %out_65 : i64
      linalg.yield %180, %182 : f32, i64
    } -> (tensor<1x4x17xf32>, tensor<1x4x17xi64>)
    %expanded_49 = tensor.expand_shape %81#0 [[0], [1], [2, 3]] output_shape [1, 4, 17, 1] : tensor<1x4x17xf32> into tensor<1x4x17x1xf32>
    %82 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%76, %expanded_49 : tensor<1x4x17x17xf32>, tensor<1x4x17x1xf32>) outs(%75 : tensor<1x4x17x17xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.subf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<1x4x17x17xf32>
    %83 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%82 : tensor<1x4x17x17xf32>) outs(%75 : tensor<1x4x17x17xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = math.exp %in : f32
      linalg.yield %178 : f32
    } -> tensor<1x4x17x17xf32>
    %84 = tensor.empty() : tensor<1x4x17x1xf32>
    %85 = linalg.fill ins(%cst_0 : f32) outs(%84 : tensor<1x4x17x1xf32>) -> tensor<1x4x17x1xf32>
    %86 = linalg.generic {indexing_maps = [#map1, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%83 : tensor<1x4x17x17xf32>) outs(%85 : tensor<1x4x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = arith.addf %in, %out : f32
      linalg.yield %178 : f32
    } -> tensor<1x4x17x1xf32>
    %87 = linalg.generic {indexing_maps = [#map1, #map10, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%83, %86 : tensor<1x4x17x17xf32>, tensor<1x4x17x1xf32>) outs(%75 : tensor<1x4x17x17xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.divf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<1x4x17x17xf32>
    %88 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%87 : tensor<1x4x17x17xf32>) outs(%72 : tensor<1x4x17x17xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<1x4x17x17xbf16>
    %collapsed_50 = tensor.collapse_shape %88 [[0, 1], [2], [3]] : tensor<1x4x17x17xbf16> into tensor<4x17x17xbf16>
    %collapsed_51 = tensor.collapse_shape %transposed_44 [[0, 1], [2], [3]] : tensor<1x4x17x16xbf16> into tensor<4x17x16xbf16>
    %89 = tensor.empty() : tensor<4x17x16xf32>
    %90 = linalg.fill ins(%cst_0 : f32) outs(%89 : tensor<4x17x16xf32>) -> tensor<4x17x16xf32>
    %91 = linalg.batch_matmul ins(%collapsed_50, %collapsed_51 : tensor<4x17x17xbf16>, tensor<4x17x16xbf16>) outs(%90 : tensor<4x17x16xf32>) -> tensor<4x17x16xf32>
    %92 = tensor.empty() : tensor<4x17x16xbf16>
    %93 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%91 : tensor<4x17x16xf32>) outs(%92 : tensor<4x17x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<4x17x16xbf16>
    %expanded_52 = tensor.expand_shape %93 [[0, 1], [2], [3]] output_shape [1, 4, 17, 16] : tensor<4x17x16xbf16> into tensor<1x4x17x16xbf16>
    %94 = tensor.empty() : tensor<1x17x4x16xbf16>
    %transposed_53 = linalg.transpose ins(%expanded_52 : tensor<1x4x17x16xbf16>) outs(%94 : tensor<1x17x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %collapsed_54 = tensor.collapse_shape %transposed_53 [[0, 1], [2, 3]] : tensor<1x17x4x16xbf16> into tensor<17x64xbf16>
    %transposed_55 = linalg.transpose ins(%cst_18 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xbf16>) permutation = [1, 0] 
    %95 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_17 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64xf32>
    %96 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%collapsed_54 : tensor<17x64xbf16>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<17x64xf32>
    %97 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%transposed_55 : tensor<64x64xbf16>) outs(%45 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64x64xf32>
    %98 = linalg.matmul ins(%96, %97 : tensor<17x64xf32>, tensor<64x64xf32>) outs(%47 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %99 = linalg.generic {indexing_maps = [#map8, #map7], iterator_types = ["parallel", "parallel"]} ins(%95 : tensor<64xf32>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x64xf32>
    %100 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%98, %99 : tensor<17x64xf32>, tensor<17x64xf32>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.addf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<17x64xf32>
    %101 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%100 : tensor<17x64xf32>) outs(%51 : tensor<17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<17x64xbf16>
    %expanded_56 = tensor.expand_shape %101 [[0, 1], [2]] output_shape [1, 17, 64] : tensor<17x64xbf16> into tensor<1x17x64xbf16>
    %102 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_56, %8 : tensor<1x17x64xbf16>, tensor<1x17x64xbf16>) outs(%7 : tensor<1x17x64xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %178 = arith.addf %in, %in_65 : bf16
      linalg.yield %178 : bf16
    } -> tensor<1x17x64xbf16>
    %103 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102 : tensor<1x17x64xbf16>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<1x17x64xf32>
    %104 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<1x17x64xf32>) outs(%19 : tensor<1x17x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %178 = arith.extf %in : f32 to f64
      linalg.yield %178 : f64
    } -> tensor<1x17x64xf64>
    %105 = linalg.generic {indexing_maps = [#map2, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%104 : tensor<1x17x64xf64>) outs(%22 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.addf %in, %out : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %106 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105 : tensor<1x17x1xf64>) outs(%21 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.divf %in, %cst_32 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %107 = linalg.generic {indexing_maps = [#map2, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104, %106 : tensor<1x17x64xf64>, tensor<1x17x1xf64>) outs(%19 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_65: f64, %out: f64):
      %178 = arith.subf %in, %in_65 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x64xf64>
    %108 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107, %107 : tensor<1x17x64xf64>, tensor<1x17x64xf64>) outs(%19 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_65: f64, %out: f64):
      %178 = arith.mulf %in, %in_65 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x64xf64>
    %109 = linalg.generic {indexing_maps = [#map2, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%108 : tensor<1x17x64xf64>) outs(%22 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.addf %in, %out : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %110 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109 : tensor<1x17x1xf64>) outs(%21 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.divf %in, %cst_32 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %111 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110 : tensor<1x17x1xf64>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %178 = arith.truncf %in : f64 to f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %112 = linalg.generic {indexing_maps = [#map2, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%103 : tensor<1x17x64xf32>) outs(%31 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = arith.addf %in, %out : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %113 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112 : tensor<1x17x1xf32>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = arith.divf %in, %cst_33 : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %114 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111 : tensor<1x17x1xf32>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = arith.truncf %cst_27 : f64 to f32
      %179 = arith.addf %in, %178 : f32
      linalg.yield %179 : f32
    } -> tensor<1x17x1xf32>
    %115 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114 : tensor<1x17x1xf32>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = math.rsqrt %in : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %116 = linalg.generic {indexing_maps = [#map2, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103, %113 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.subf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x64xf32>
    %117 = linalg.generic {indexing_maps = [#map2, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%116, %115 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.mulf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x64xf32>
    %118 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%117, %cst_16 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: bf16, %out: f32):
      %178 = arith.extf %in_65 : bf16 to f32
      %179 = arith.mulf %in, %178 : f32
      linalg.yield %179 : f32
    } -> tensor<1x17x64xf32>
    %119 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%118, %cst_15 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: bf16, %out: f32):
      %178 = arith.extf %in_65 : bf16 to f32
      %179 = arith.addf %in, %178 : f32
      linalg.yield %179 : f32
    } -> tensor<1x17x64xf32>
    %120 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%119 : tensor<1x17x64xf32>) outs(%7 : tensor<1x17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<1x17x64xbf16>
    %collapsed_57 = tensor.collapse_shape %120 [[0, 1], [2]] : tensor<1x17x64xbf16> into tensor<17x64xbf16>
    %121 = tensor.empty() : tensor<64x128xbf16>
    %transposed_58 = linalg.transpose ins(%cst_14 : tensor<128x64xbf16>) outs(%121 : tensor<64x128xbf16>) permutation = [1, 0] 
    %122 = tensor.empty() : tensor<128xf32>
    %123 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_13 : tensor<128xbf16>) outs(%122 : tensor<128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<128xf32>
    %124 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%collapsed_57 : tensor<17x64xbf16>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<17x64xf32>
    %125 = tensor.empty() : tensor<64x128xf32>
    %126 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%transposed_58 : tensor<64x128xbf16>) outs(%125 : tensor<64x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64x128xf32>
    %127 = tensor.empty() : tensor<17x128xf32>
    %128 = linalg.fill ins(%cst_0 : f32) outs(%127 : tensor<17x128xf32>) -> tensor<17x128xf32>
    %129 = linalg.matmul ins(%124, %126 : tensor<17x64xf32>, tensor<64x128xf32>) outs(%128 : tensor<17x128xf32>) -> tensor<17x128xf32>
    %130 = linalg.generic {indexing_maps = [#map8, #map7], iterator_types = ["parallel", "parallel"]} ins(%123 : tensor<128xf32>) outs(%127 : tensor<17x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x128xf32>
    %131 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%129, %130 : tensor<17x128xf32>, tensor<17x128xf32>) outs(%127 : tensor<17x128xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.addf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<17x128xf32>
    %132 = tensor.empty() : tensor<17x128xbf16>
    %133 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%131 : tensor<17x128xf32>) outs(%132 : tensor<17x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<17x128xbf16>
    %expanded_59 = tensor.expand_shape %133 [[0, 1], [2]] output_shape [1, 17, 128] : tensor<17x128xbf16> into tensor<1x17x128xbf16>
    %134 = tensor.empty() : tensor<1x17x128xbf16>
    %135 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_59 : tensor<1x17x128xbf16>) outs(%134 : tensor<1x17x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %178 = math.sqrt %cst_3 : bf16
      %179 = arith.divf %in, %178 : bf16
      %180 = math.erf %179 : bf16
      %181 = arith.addf %180, %cst_2 : bf16
      %182 = arith.mulf %181, %cst_4 : bf16
      %183 = arith.mulf %in, %182 : bf16
      linalg.yield %183 : bf16
    } -> tensor<1x17x128xbf16>
    %collapsed_60 = tensor.collapse_shape %135 [[0, 1], [2]] : tensor<1x17x128xbf16> into tensor<17x128xbf16>
    %136 = tensor.empty() : tensor<128x64xbf16>
    %transposed_61 = linalg.transpose ins(%cst_12 : tensor<64x128xbf16>) outs(%136 : tensor<128x64xbf16>) permutation = [1, 0] 
    %137 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_11 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64xf32>
    %138 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%collapsed_60 : tensor<17x128xbf16>) outs(%127 : tensor<17x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<17x128xf32>
    %139 = tensor.empty() : tensor<128x64xf32>
    %140 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%transposed_61 : tensor<128x64xbf16>) outs(%139 : tensor<128x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<128x64xf32>
    %141 = linalg.matmul ins(%138, %140 : tensor<17x128xf32>, tensor<128x64xf32>) outs(%47 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %142 = linalg.generic {indexing_maps = [#map8, #map7], iterator_types = ["parallel", "parallel"]} ins(%137 : tensor<64xf32>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x64xf32>
    %143 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%141, %142 : tensor<17x64xf32>, tensor<17x64xf32>) outs(%43 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.addf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<17x64xf32>
    %144 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%143 : tensor<17x64xf32>) outs(%51 : tensor<17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<17x64xbf16>
    %expanded_62 = tensor.expand_shape %144 [[0, 1], [2]] output_shape [1, 17, 64] : tensor<17x64xbf16> into tensor<1x17x64xbf16>
    %145 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_62, %102 : tensor<1x17x64xbf16>, tensor<1x17x64xbf16>) outs(%7 : tensor<1x17x64xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %178 = arith.addf %in, %in_65 : bf16
      linalg.yield %178 : bf16
    } -> tensor<1x17x64xbf16>
    %146 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%145 : tensor<1x17x64xbf16>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<1x17x64xf32>
    %147 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%146 : tensor<1x17x64xf32>) outs(%19 : tensor<1x17x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %178 = arith.extf %in : f32 to f64
      linalg.yield %178 : f64
    } -> tensor<1x17x64xf64>
    %148 = linalg.generic {indexing_maps = [#map2, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%147 : tensor<1x17x64xf64>) outs(%22 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.addf %in, %out : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %149 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%148 : tensor<1x17x1xf64>) outs(%21 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.divf %in, %cst_32 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %150 = linalg.generic {indexing_maps = [#map2, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%147, %149 : tensor<1x17x64xf64>, tensor<1x17x1xf64>) outs(%19 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_65: f64, %out: f64):
      %178 = arith.subf %in, %in_65 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x64xf64>
    %151 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%150, %150 : tensor<1x17x64xf64>, tensor<1x17x64xf64>) outs(%19 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_65: f64, %out: f64):
      %178 = arith.mulf %in, %in_65 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x64xf64>
    %152 = linalg.generic {indexing_maps = [#map2, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%151 : tensor<1x17x64xf64>) outs(%22 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.addf %in, %out : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %153 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%152 : tensor<1x17x1xf64>) outs(%21 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %178 = arith.divf %in, %cst_32 : f64
      linalg.yield %178 : f64
    } -> tensor<1x17x1xf64>
    %154 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%153 : tensor<1x17x1xf64>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %178 = arith.truncf %in : f64 to f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %155 = linalg.generic {indexing_maps = [#map2, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%146 : tensor<1x17x64xf32>) outs(%31 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = arith.addf %in, %out : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %156 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%155 : tensor<1x17x1xf32>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = arith.divf %in, %cst_33 : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %157 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%154 : tensor<1x17x1xf32>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = arith.truncf %cst_27 : f64 to f32
      %179 = arith.addf %in, %178 : f32
      linalg.yield %179 : f32
    } -> tensor<1x17x1xf32>
    %158 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%157 : tensor<1x17x1xf32>) outs(%29 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %178 = math.rsqrt %in : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x1xf32>
    %159 = linalg.generic {indexing_maps = [#map2, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%146, %156 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.subf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x64xf32>
    %160 = linalg.generic {indexing_maps = [#map2, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%159, %158 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.mulf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<1x17x64xf32>
    %161 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%160, %cst_10 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: bf16, %out: f32):
      %178 = arith.extf %in_65 : bf16 to f32
      %179 = arith.mulf %in, %178 : f32
      linalg.yield %179 : f32
    } -> tensor<1x17x64xf32>
    %162 = linalg.generic {indexing_maps = [#map2, #map6, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%161, %cst_9 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%17 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_65: bf16, %out: f32):
      %178 = arith.extf %in_65 : bf16 to f32
      %179 = arith.addf %in, %178 : f32
      linalg.yield %179 : f32
    } -> tensor<1x17x64xf32>
    %163 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%162 : tensor<1x17x64xf32>) outs(%7 : tensor<1x17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<1x17x64xbf16>
    %extracted_slice = tensor.extract_slice %163[0, 0, 0] [1, 1, 64] [1, 1, 1] : tensor<1x17x64xbf16> to tensor<1x1x64xbf16>
    %collapsed_63 = tensor.collapse_shape %extracted_slice [[0, 1], [2]] : tensor<1x1x64xbf16> into tensor<1x64xbf16>
    %164 = tensor.empty() : tensor<64x10xbf16>
    %transposed_64 = linalg.transpose ins(%cst_8 : tensor<10x64xbf16>) outs(%164 : tensor<64x10xbf16>) permutation = [1, 0] 
    %165 = tensor.empty() : tensor<10xf32>
    %166 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_7 : tensor<10xbf16>) outs(%165 : tensor<10xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<10xf32>
    %167 = tensor.empty() : tensor<1x64xf32>
    %168 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%collapsed_63 : tensor<1x64xbf16>) outs(%167 : tensor<1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<1x64xf32>
    %169 = tensor.empty() : tensor<64x10xf32>
    %170 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%transposed_64 : tensor<64x10xbf16>) outs(%169 : tensor<64x10xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %178 = arith.extf %in : bf16 to f32
      linalg.yield %178 : f32
    } -> tensor<64x10xf32>
    %171 = tensor.empty() : tensor<1x10xf32>
    %172 = linalg.fill ins(%cst_0 : f32) outs(%171 : tensor<1x10xf32>) -> tensor<1x10xf32>
    %173 = linalg.matmul ins(%168, %170 : tensor<1x64xf32>, tensor<64x10xf32>) outs(%172 : tensor<1x10xf32>) -> tensor<1x10xf32>
    %174 = linalg.generic {indexing_maps = [#map8, #map7], iterator_types = ["parallel", "parallel"]} ins(%166 : tensor<10xf32>) outs(%171 : tensor<1x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x10xf32>
    %175 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%173, %174 : tensor<1x10xf32>, tensor<1x10xf32>) outs(%171 : tensor<1x10xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %178 = arith.addf %in, %in_65 : f32
      linalg.yield %178 : f32
    } -> tensor<1x10xf32>
    %176 = tensor.empty() : tensor<1x10xbf16>
    %177 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%175 : tensor<1x10xf32>) outs(%176 : tensor<1x10xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %178 = arith.truncf %in : f32 to bf16
      linalg.yield %178 : bf16
    } -> tensor<1x10xbf16>
    return %177 : tensor<1x10xbf16>
  }
}
