// main
//   arg0 input_ids: tensor<1x5xi64>
//   out0 logits: tensor<1x5x320xbf16>
#map = affine_map<(d0, d1, d2) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0) -> (d0)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map6 = affine_map<(d0, d1, d2, d3) -> ()>
#map7 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map8 = affine_map<(d0, d1, d2) -> (d2)>
#map9 = affine_map<(d0, d1) -> (d0, d1)>
#map10 = affine_map<(d0, d1) -> (d1)>
#map11 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map12 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<1x5xi64>) -> tensor<1x5x320xbf16> {
    %c3_i64 = arith.constant 3 : i64
    %c0_i64 = arith.constant 0 : i64
    %c320 = arith.constant 320 : index
    %c128 = arith.constant 128 : index
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_4 = arith.constant dense_resource<transformer.ln_f.bias> : tensor<64xbf16>
    %cst_5 = arith.constant dense_resource<transformer.ln_f.weight> : tensor<64xbf16>
    %cst_6 = arith.constant dense_resource<transformer.h.0.mlp.c_proj.weight> : tensor<256x64xbf16>
    %cst_7 = arith.constant dense_resource<transformer.h.0.mlp.c_proj.bias> : tensor<64xbf16>
    %cst_8 = arith.constant 0.79788456080286541 : f64
    %cst_9 = arith.constant 4.471500e-02 : f64
    %cst_10 = arith.constant dense_resource<transformer.h.0.mlp.c_fc.weight> : tensor<64x256xbf16>
    %cst_11 = arith.constant dense_resource<transformer.h.0.mlp.c_fc.bias> : tensor<256xbf16>
    %cst_12 = arith.constant dense_resource<transformer.h.0.ln_2.bias> : tensor<64xbf16>
    %cst_13 = arith.constant dense_resource<transformer.h.0.ln_2.weight> : tensor<64xbf16>
    %cst_14 = arith.constant dense_resource<transformer.h.0.attn.c_proj.weight> : tensor<64x64xbf16>
    %cst_15 = arith.constant dense_resource<transformer.h.0.attn.c_proj.bias> : tensor<64xbf16>
    %cst_16 = arith.constant dense_resource<transformer.h.0.attn.c_attn.weight> : tensor<64x192xbf16>
    %cst_17 = arith.constant dense_resource<transformer.h.0.attn.c_attn.bias> : tensor<192xbf16>
    %cst_18 = arith.constant dense_resource<transformer.h.0.ln_1.bias> : tensor<64xbf16>
    %cst_19 = arith.constant dense_resource<transformer.h.0.ln_1.weight> : tensor<64xbf16>
    %cst_20 = arith.constant 1.000000e-05 : f64
    %cst_21 = arith.constant dense_resource<transformer.wpe.weight> : tensor<128x64xbf16>
    %cst_22 = arith.constant dense_resource<transformer.wte.weight> : tensor<320x64xbf16>
    %cst_23 = arith.constant 6.400000e+01 : f64
    %cst_24 = arith.constant 6.400000e+01 : f32
    %cst_25 = arith.constant 2.500000e-01 : bf16
    %cst_26 = arith.constant 5.000000e-01 : bf16
    %cst_27 = arith.constant 1.000000e+00 : bf16
    %0 = tensor.empty() : tensor<1x5x64xbf16>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x5xi64>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %161 = arith.index_cast %in : i64 to index
      %162 = linalg.index 2 : index
      %163 = arith.cmpi slt, %161, %c320 : index
      cf.assert %163, "index must be smaller than dim size"
      %164 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %164, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_22[%161, %162] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x5x64xbf16>
    %2 = tensor.empty() : tensor<5xi64>
    %3 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%2 : tensor<5xi64>) {
    ^bb0(%out: i64):
      %161 = linalg.index 0 : index
      %162 = arith.index_cast %161 : index to i64
      linalg.yield %162 : i64
    } -> tensor<5xi64>
    %expanded = tensor.expand_shape %3 [[0, 1]] output_shape [1, 5] : tensor<5xi64> into tensor<1x5xi64>
    %4 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x5xi64>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %161 = arith.index_cast %in : i64 to index
      %162 = linalg.index 2 : index
      %163 = arith.cmpi slt, %161, %c128 : index
      cf.assert %163, "index must be smaller than dim size"
      %164 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %164, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_21[%161, %162] : tensor<128x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x5x64xbf16>
    %5 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %4 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_55: bf16, %out: bf16):
      %161 = arith.addf %in, %in_55 : bf16
      linalg.yield %161 : bf16
    } -> tensor<1x5x64xbf16>
    %expanded_28 = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 5, 1] : tensor<5xi64> into tensor<1x1x5x1xi64>
    %expanded_29 = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 1, 5] : tensor<5xi64> into tensor<1x1x1x5xi64>
    %6 = tensor.empty() : tensor<1x1x5x5xi1>
    %7 = linalg.generic {indexing_maps = [#map3, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_29, %expanded_28 : tensor<1x1x1x5xi64>, tensor<1x1x5x1xi64>) outs(%6 : tensor<1x1x5x5xi1>) {
    ^bb0(%in: i64, %in_55: i64, %out: i1):
      %161 = arith.cmpi sle, %in, %in_55 : i64
      linalg.yield %161 : i1
    } -> tensor<1x1x5x5xi1>
    %8 = tensor.empty() : tensor<1x1x5x5xbf16>
    %9 = linalg.generic {indexing_maps = [#map5, #map6, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%7, %cst_3, %cst_2 : tensor<1x1x5x5xi1>, tensor<bf16>, tensor<bf16>) outs(%8 : tensor<1x1x5x5xbf16>) {
    ^bb0(%in: i1, %in_55: bf16, %in_56: bf16, %out: bf16):
      %161 = arith.select %in, %in_55, %in_56 : bf16
      linalg.yield %161 : bf16
    } -> tensor<1x1x5x5xbf16>
    %10 = tensor.empty() : tensor<1x5x64xf32>
    %11 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5 : tensor<1x5x64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<1x5x64xf32>
    %12 = tensor.empty() : tensor<1x5x64xf64>
    %13 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11 : tensor<1x5x64xf32>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %161 = arith.extf %in : f32 to f64
      linalg.yield %161 : f64
    } -> tensor<1x5x64xf64>
    %14 = tensor.empty() : tensor<1x5x1xf64>
    %15 = linalg.fill ins(%cst : f64) outs(%14 : tensor<1x5x1xf64>) -> tensor<1x5x1xf64>
    %16 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%13 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.addf %in, %out : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.divf %in, %cst_23 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %18 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13, %17 : tensor<1x5x64xf64>, tensor<1x5x1xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_55: f64, %out: f64):
      %161 = arith.subf %in, %in_55 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x64xf64>
    %19 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18, %18 : tensor<1x5x64xf64>, tensor<1x5x64xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_55: f64, %out: f64):
      %161 = arith.mulf %in, %in_55 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x64xf64>
    %20 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%19 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.addf %in, %out : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.divf %in, %cst_23 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %22 = tensor.empty() : tensor<1x5x1xf32>
    %23 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21 : tensor<1x5x1xf64>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %161 = arith.truncf %in : f64 to f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %24 = linalg.fill ins(%cst_0 : f32) outs(%22 : tensor<1x5x1xf32>) -> tensor<1x5x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%11 : tensor<1x5x64xf32>) outs(%24 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = arith.addf %in, %out : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = arith.divf %in, %cst_24 : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = arith.truncf %cst_20 : f64 to f32
      %162 = arith.addf %in, %161 : f32
      linalg.yield %162 : f32
    } -> tensor<1x5x1xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = math.rsqrt %in : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %29 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11, %26 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.subf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x64xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29, %28 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.mulf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x64xf32>
    %31 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30, %cst_19 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: bf16, %out: f32):
      %161 = arith.extf %in_55 : bf16 to f32
      %162 = arith.mulf %in, %161 : f32
      linalg.yield %162 : f32
    } -> tensor<1x5x64xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31, %cst_18 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: bf16, %out: f32):
      %161 = arith.extf %in_55 : bf16 to f32
      %162 = arith.addf %in, %161 : f32
      linalg.yield %162 : f32
    } -> tensor<1x5x64xf32>
    %33 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %161 = arith.truncf %in : f32 to bf16
      linalg.yield %161 : bf16
    } -> tensor<1x5x64xbf16>
    %collapsed = tensor.collapse_shape %33 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %34 = tensor.empty() : tensor<192xf32>
    %35 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_17 : tensor<192xbf16>) outs(%34 : tensor<192xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<192xf32>
    %36 = tensor.empty() : tensor<5x64xf32>
    %37 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<5x64xbf16>) outs(%36 : tensor<5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<5x64xf32>
    %38 = tensor.empty() : tensor<64x192xf32>
    %39 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%cst_16 : tensor<64x192xbf16>) outs(%38 : tensor<64x192xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<64x192xf32>
    %40 = tensor.empty() : tensor<5x192xf32>
    %41 = linalg.fill ins(%cst_0 : f32) outs(%40 : tensor<5x192xf32>) -> tensor<5x192xf32>
    %42 = linalg.matmul ins(%37, %39 : tensor<5x64xf32>, tensor<64x192xf32>) outs(%41 : tensor<5x192xf32>) -> tensor<5x192xf32>
    %43 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%35 : tensor<192xf32>) outs(%40 : tensor<5x192xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x192xf32>
    %44 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%42, %43 : tensor<5x192xf32>, tensor<5x192xf32>) outs(%40 : tensor<5x192xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.addf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<5x192xf32>
    %45 = tensor.empty() : tensor<5x192xbf16>
    %46 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%44 : tensor<5x192xf32>) outs(%45 : tensor<5x192xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %161 = arith.truncf %in : f32 to bf16
      linalg.yield %161 : bf16
    } -> tensor<5x192xbf16>
    %expanded_30 = tensor.expand_shape %46 [[0, 1], [2]] output_shape [1, 5, 192] : tensor<5x192xbf16> into tensor<1x5x192xbf16>
    %extracted_slice = tensor.extract_slice %expanded_30[0, 0, 0] [1, 5, 64] [1, 1, 1] : tensor<1x5x192xbf16> to tensor<1x5x64xbf16>
    %extracted_slice_31 = tensor.extract_slice %expanded_30[0, 0, 64] [1, 5, 64] [1, 1, 1] : tensor<1x5x192xbf16> to tensor<1x5x64xbf16>
    %extracted_slice_32 = tensor.extract_slice %expanded_30[0, 0, 128] [1, 5, 64] [1, 1, 1] : tensor<1x5x192xbf16> to tensor<1x5x64xbf16>
    %expanded_33 = tensor.expand_shape %extracted_slice_31 [[0], [1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<1x5x64xbf16> into tensor<1x5x4x16xbf16>
    %expanded_34 = tensor.expand_shape %extracted_slice_32 [[0], [1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<1x5x64xbf16> into tensor<1x5x4x16xbf16>
    %47 = tensor.empty() : tensor<1x4x5x16xbf16>
    %transposed = linalg.transpose ins(%expanded_34 : tensor<1x5x4x16xbf16>) outs(%47 : tensor<1x4x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %expanded_35 = tensor.expand_shape %extracted_slice [[0], [1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<1x5x64xbf16> into tensor<1x5x4x16xbf16>
    %transposed_36 = linalg.transpose ins(%expanded_35 : tensor<1x5x4x16xbf16>) outs(%47 : tensor<1x4x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %48 = tensor.empty() : tensor<1x4x16x5xbf16>
    %transposed_37 = linalg.transpose ins(%expanded_33 : tensor<1x5x4x16xbf16>) outs(%48 : tensor<1x4x16x5xbf16>) permutation = [0, 2, 3, 1] 
    %collapsed_38 = tensor.collapse_shape %transposed_36 [[0, 1], [2], [3]] : tensor<1x4x5x16xbf16> into tensor<4x5x16xbf16>
    %collapsed_39 = tensor.collapse_shape %transposed_37 [[0, 1], [2], [3]] : tensor<1x4x16x5xbf16> into tensor<4x16x5xbf16>
    %49 = tensor.empty() : tensor<4x5x5xf32>
    %50 = linalg.fill ins(%cst_0 : f32) outs(%49 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %51 = linalg.batch_matmul ins(%collapsed_38, %collapsed_39 : tensor<4x5x16xbf16>, tensor<4x16x5xbf16>) outs(%50 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %52 = tensor.empty() : tensor<4x5x5xbf16>
    %53 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%51 : tensor<4x5x5xf32>) outs(%52 : tensor<4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %161 = arith.truncf %in : f32 to bf16
      linalg.yield %161 : bf16
    } -> tensor<4x5x5xbf16>
    %expanded_40 = tensor.expand_shape %53 [[0, 1], [2], [3]] output_shape [1, 4, 5, 5] : tensor<4x5x5xbf16> into tensor<1x4x5x5xbf16>
    %54 = tensor.empty() : tensor<1x4x5x5xbf16>
    %55 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_40 : tensor<1x4x5x5xbf16>) outs(%54 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %161 = arith.mulf %in, %cst_25 : bf16
      linalg.yield %161 : bf16
    } -> tensor<1x4x5x5xbf16>
    %56 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%55, %9 : tensor<1x4x5x5xbf16>, tensor<1x1x5x5xbf16>) outs(%54 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %in_55: bf16, %out: bf16):
      %161 = arith.addf %in, %in_55 : bf16
      linalg.yield %161 : bf16
    } -> tensor<1x4x5x5xbf16>
    %57 = tensor.empty() : tensor<1x4x5x5xf32>
    %58 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%56 : tensor<1x4x5x5xbf16>) outs(%57 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<1x4x5x5xf32>
    %59 = tensor.empty() : tensor<1x4x5xi64>
    %60 = linalg.fill ins(%c0_i64 : i64) outs(%59 : tensor<1x4x5xi64>) -> tensor<1x4x5xi64>
    %61 = tensor.empty() : tensor<1x4x5xf32>
    %62 = linalg.fill ins(%cst_1 : f32) outs(%61 : tensor<1x4x5xf32>) -> tensor<1x4x5xf32>
    %63:2 = linalg.generic {indexing_maps = [#map5, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%58 : tensor<1x4x5x5xf32>) outs(%62, %60 : tensor<1x4x5xf32>, tensor<1x4x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_55: i64):
      %161 = linalg.index 3 : index
      %162 = arith.index_cast %161 : index to i64
      %163 = arith.maximumf %in, %out : f32
      %164 = arith.cmpf ogt, %in, %out : f32
      %165 = arith.select %164, %162, %out_55 : i64
      linalg.yield %163, %165 : f32, i64
    } -> (tensor<1x4x5xf32>, tensor<1x4x5xi64>)
    %expanded_41 = tensor.expand_shape %63#0 [[0], [1], [2, 3]] output_shape [1, 4, 5, 1] : tensor<1x4x5xf32> into tensor<1x4x5x1xf32>
    %64 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%58, %expanded_41 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%57 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.subf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<1x4x5x5xf32>
    %65 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%64 : tensor<1x4x5x5xf32>) outs(%57 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = math.exp %in : f32
      linalg.yield %161 : f32
    } -> tensor<1x4x5x5xf32>
    %66 = tensor.empty() : tensor<1x4x5x1xf32>
    %67 = linalg.fill ins(%cst_0 : f32) outs(%66 : tensor<1x4x5x1xf32>) -> tensor<1x4x5x1xf32>
    %68 = linalg.generic {indexing_maps = [#map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%65 : tensor<1x4x5x5xf32>) outs(%67 : tensor<1x4x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = arith.addf %in, %out : f32
      linalg.yield %161 : f32
    } -> tensor<1x4x5x1xf32>
    %69 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%65, %68 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%57 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.divf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<1x4x5x5xf32>
    %70 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%69 : tensor<1x4x5x5xf32>) outs(%54 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %161 = arith.truncf %in : f32 to bf16
      linalg.yield %161 : bf16
    } -> tensor<1x4x5x5xbf16>
    %collapsed_42 = tensor.collapse_shape %70 [[0, 1], [2], [3]] : tensor<1x4x5x5xbf16> into tensor<4x5x5xbf16>
    %collapsed_43 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<1x4x5x16xbf16> into tensor<4x5x16xbf16>
    %71 = tensor.empty() : tensor<4x5x16xf32>
    %72 = linalg.fill ins(%cst_0 : f32) outs(%71 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %73 = linalg.batch_matmul ins(%collapsed_42, %collapsed_43 : tensor<4x5x5xbf16>, tensor<4x5x16xbf16>) outs(%72 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %74 = tensor.empty() : tensor<4x5x16xbf16>
    %75 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%73 : tensor<4x5x16xf32>) outs(%74 : tensor<4x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %161 = arith.truncf %in : f32 to bf16
      linalg.yield %161 : bf16
    } -> tensor<4x5x16xbf16>
    %expanded_44 = tensor.expand_shape %75 [[0, 1], [2], [3]] output_shape [1, 4, 5, 16] : tensor<4x5x16xbf16> into tensor<1x4x5x16xbf16>
    %76 = tensor.empty() : tensor<1x5x4x16xbf16>
    %transposed_45 = linalg.transpose ins(%expanded_44 : tensor<1x4x5x16xbf16>) outs(%76 : tensor<1x5x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %collapsed_46 = tensor.collapse_shape %transposed_45 [[0, 1], [2, 3]] : tensor<1x5x4x16xbf16> into tensor<5x64xbf16>
    %77 = tensor.empty() : tensor<64xf32>
    %78 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_15 : tensor<64xbf16>) outs(%77 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<64xf32>
    %79 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_46 : tensor<5x64xbf16>) outs(%36 : tensor<5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<5x64xf32>
    %80 = tensor.empty() : tensor<64x64xf32>
    %81 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%cst_14 : tensor<64x64xbf16>) outs(%80 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<64x64xf32>
    %82 = linalg.fill ins(%cst_0 : f32) outs(%36 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %83 = linalg.matmul ins(%79, %81 : tensor<5x64xf32>, tensor<64x64xf32>) outs(%82 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %84 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%78 : tensor<64xf32>) outs(%36 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %85 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%83, %84 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%36 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.addf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<5x64xf32>
    %86 = tensor.empty() : tensor<5x64xbf16>
    %87 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%85 : tensor<5x64xf32>) outs(%86 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %161 = arith.truncf %in : f32 to bf16
      linalg.yield %161 : bf16
    } -> tensor<5x64xbf16>
    %expanded_47 = tensor.expand_shape %87 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %88 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_47, %5 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_55: bf16, %out: bf16):
      %161 = arith.addf %in, %in_55 : bf16
      linalg.yield %161 : bf16
    } -> tensor<1x5x64xbf16>
    %89 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%88 : tensor<1x5x64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<1x5x64xf32>
    %90 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89 : tensor<1x5x64xf32>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %161 = arith.extf %in : f32 to f64
      linalg.yield %161 : f64
    } -> tensor<1x5x64xf64>
    %91 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%90 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.addf %in, %out : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %92 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%91 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.divf %in, %cst_23 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %93 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%90, %92 : tensor<1x5x64xf64>, tensor<1x5x1xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_55: f64, %out: f64):
      %161 = arith.subf %in, %in_55 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x64xf64>
    %94 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93, %93 : tensor<1x5x64xf64>, tensor<1x5x64xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_55: f64, %out: f64):
      %161 = arith.mulf %in, %in_55 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x64xf64>
    %95 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%94 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.addf %in, %out : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %96 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%95 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.divf %in, %cst_23 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %97 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<1x5x1xf64>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %161 = arith.truncf %in : f64 to f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %98 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%89 : tensor<1x5x64xf32>) outs(%24 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = arith.addf %in, %out : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %99 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = arith.divf %in, %cst_24 : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %100 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = arith.truncf %cst_20 : f64 to f32
      %162 = arith.addf %in, %161 : f32
      linalg.yield %162 : f32
    } -> tensor<1x5x1xf32>
    %101 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = math.rsqrt %in : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %102 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89, %99 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.subf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x64xf32>
    %103 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102, %101 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.mulf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x64xf32>
    %104 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103, %cst_13 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: bf16, %out: f32):
      %161 = arith.extf %in_55 : bf16 to f32
      %162 = arith.mulf %in, %161 : f32
      linalg.yield %162 : f32
    } -> tensor<1x5x64xf32>
    %105 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104, %cst_12 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: bf16, %out: f32):
      %161 = arith.extf %in_55 : bf16 to f32
      %162 = arith.addf %in, %161 : f32
      linalg.yield %162 : f32
    } -> tensor<1x5x64xf32>
    %106 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %161 = arith.truncf %in : f32 to bf16
      linalg.yield %161 : bf16
    } -> tensor<1x5x64xbf16>
    %collapsed_48 = tensor.collapse_shape %106 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %107 = tensor.empty() : tensor<256xf32>
    %108 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_11 : tensor<256xbf16>) outs(%107 : tensor<256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<256xf32>
    %109 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_48 : tensor<5x64xbf16>) outs(%36 : tensor<5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<5x64xf32>
    %110 = tensor.empty() : tensor<64x256xf32>
    %111 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%cst_10 : tensor<64x256xbf16>) outs(%110 : tensor<64x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<64x256xf32>
    %112 = tensor.empty() : tensor<5x256xf32>
    %113 = linalg.fill ins(%cst_0 : f32) outs(%112 : tensor<5x256xf32>) -> tensor<5x256xf32>
    %114 = linalg.matmul ins(%109, %111 : tensor<5x64xf32>, tensor<64x256xf32>) outs(%113 : tensor<5x256xf32>) -> tensor<5x256xf32>
    %115 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%108 : tensor<256xf32>) outs(%112 : tensor<5x256xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x256xf32>
    %116 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%114, %115 : tensor<5x256xf32>, tensor<5x256xf32>) outs(%112 : tensor<5x256xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.addf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<5x256xf32>
    %117 = tensor.empty() : tensor<5x256xbf16>
    %118 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%116 : tensor<5x256xf32>) outs(%117 : tensor<5x256xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %161 = arith.truncf %in : f32 to bf16
      linalg.yield %161 : bf16
    } -> tensor<5x256xbf16>
    %expanded_49 = tensor.expand_shape %118 [[0, 1], [2]] output_shape [1, 5, 256] : tensor<5x256xbf16> into tensor<1x5x256xbf16>
    %119 = tensor.empty() : tensor<1x5x256xbf16>
    %120 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_49 : tensor<1x5x256xbf16>) outs(%119 : tensor<1x5x256xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %161 = arith.mulf %in, %cst_26 : bf16
      linalg.yield %161 : bf16
    } -> tensor<1x5x256xbf16>
    %121 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_49 : tensor<1x5x256xbf16>) outs(%119 : tensor<1x5x256xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %161 = math.fpowi %in, %c3_i64 : bf16, i64
      linalg.yield %161 : bf16
    } -> tensor<1x5x256xbf16>
    %122 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%121 : tensor<1x5x256xbf16>) outs(%119 : tensor<1x5x256xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %161 = arith.truncf %cst_9 : f64 to bf16
      %162 = arith.mulf %in, %161 : bf16
      linalg.yield %162 : bf16
    } -> tensor<1x5x256xbf16>
    %123 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_49, %122 : tensor<1x5x256xbf16>, tensor<1x5x256xbf16>) outs(%119 : tensor<1x5x256xbf16>) {
    ^bb0(%in: bf16, %in_55: bf16, %out: bf16):
      %161 = arith.addf %in, %in_55 : bf16
      linalg.yield %161 : bf16
    } -> tensor<1x5x256xbf16>
    %124 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123 : tensor<1x5x256xbf16>) outs(%119 : tensor<1x5x256xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %161 = arith.truncf %cst_8 : f64 to bf16
      %162 = arith.mulf %in, %161 : bf16
      linalg.yield %162 : bf16
    } -> tensor<1x5x256xbf16>
    %125 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%124 : tensor<1x5x256xbf16>) outs(%119 : tensor<1x5x256xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %161 = math.tanh %in : bf16
      linalg.yield %161 : bf16
    } -> tensor<1x5x256xbf16>
    %126 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125 : tensor<1x5x256xbf16>) outs(%119 : tensor<1x5x256xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %161 = arith.addf %in, %cst_27 : bf16
      linalg.yield %161 : bf16
    } -> tensor<1x5x256xbf16>
    %127 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%120, %126 : tensor<1x5x256xbf16>, tensor<1x5x256xbf16>) outs(%119 : tensor<1x5x256xbf16>) {
    ^bb0(%in: bf16, %in_55: bf16, %out: bf16):
      %161 = arith.mulf %in, %in_55 : bf16
      linalg.yield %161 : bf16
    } -> tensor<1x5x256xbf16>
    %collapsed_50 = tensor.collapse_shape %127 [[0, 1], [2]] : tensor<1x5x256xbf16> into tensor<5x256xbf16>
    %128 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_7 : tensor<64xbf16>) outs(%77 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<64xf32>
    %129 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_50 : tensor<5x256xbf16>) outs(%112 : tensor<5x256xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<5x256xf32>
    %130 = tensor.empty() : tensor<256x64xf32>
    %131 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%cst_6 : tensor<256x64xbf16>) outs(%130 : tensor<256x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<256x64xf32>
    %132 = linalg.matmul ins(%129, %131 : tensor<5x256xf32>, tensor<256x64xf32>) outs(%82 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %133 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%128 : tensor<64xf32>) outs(%36 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %134 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%132, %133 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%36 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.addf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<5x64xf32>
    %135 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%134 : tensor<5x64xf32>) outs(%86 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %161 = arith.truncf %in : f32 to bf16
      linalg.yield %161 : bf16
    } -> tensor<5x64xbf16>
    %expanded_51 = tensor.expand_shape %135 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %136 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%88, %expanded_51 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_55: bf16, %out: bf16):
      %161 = arith.addf %in, %in_55 : bf16
      linalg.yield %161 : bf16
    } -> tensor<1x5x64xbf16>
    %137 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%136 : tensor<1x5x64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %161 = arith.extf %in : bf16 to f32
      linalg.yield %161 : f32
    } -> tensor<1x5x64xf32>
    %138 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%137 : tensor<1x5x64xf32>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %161 = arith.extf %in : f32 to f64
      linalg.yield %161 : f64
    } -> tensor<1x5x64xf64>
    %139 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%138 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.addf %in, %out : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %140 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%139 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.divf %in, %cst_23 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %141 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%138, %140 : tensor<1x5x64xf64>, tensor<1x5x1xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_55: f64, %out: f64):
      %161 = arith.subf %in, %in_55 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x64xf64>
    %142 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%141, %141 : tensor<1x5x64xf64>, tensor<1x5x64xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_55: f64, %out: f64):
      %161 = arith.mulf %in, %in_55 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x64xf64>
    %143 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%142 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.addf %in, %out : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %144 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%143 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %161 = arith.divf %in, %cst_23 : f64
      linalg.yield %161 : f64
    } -> tensor<1x5x1xf64>
    %145 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%144 : tensor<1x5x1xf64>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %161 = arith.truncf %in : f64 to f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %146 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%137 : tensor<1x5x64xf32>) outs(%24 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = arith.addf %in, %out : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %147 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%146 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = arith.divf %in, %cst_24 : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %148 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%145 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = arith.truncf %cst_20 : f64 to f32
      %162 = arith.addf %in, %161 : f32
      linalg.yield %162 : f32
    } -> tensor<1x5x1xf32>
    %149 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%148 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %161 = math.rsqrt %in : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x1xf32>
    %150 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%137, %147 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.subf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x64xf32>
    %151 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%150, %149 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: f32, %out: f32):
      %161 = arith.mulf %in, %in_55 : f32
      linalg.yield %161 : f32
    } -> tensor<1x5x64xf32>
    %152 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%151, %cst_5 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: bf16, %out: f32):
      %161 = arith.extf %in_55 : bf16 to f32
      %162 = arith.mulf %in, %161 : f32
      linalg.yield %162 : f32
    } -> tensor<1x5x64xf32>
    %153 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%152, %cst_4 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_55: bf16, %out: f32):
      %161 = arith.extf %in_55 : bf16 to f32
      %162 = arith.addf %in, %161 : f32
      linalg.yield %162 : f32
    } -> tensor<1x5x64xf32>
    %154 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%153 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %161 = arith.truncf %in : f32 to bf16
      linalg.yield %161 : bf16
    } -> tensor<1x5x64xbf16>
    %155 = tensor.empty() : tensor<64x320xbf16>
    %transposed_52 = linalg.transpose ins(%cst_22 : tensor<320x64xbf16>) outs(%155 : tensor<64x320xbf16>) permutation = [1, 0] 
    %collapsed_53 = tensor.collapse_shape %154 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %156 = tensor.empty() : tensor<5x320xf32>
    %157 = linalg.fill ins(%cst_0 : f32) outs(%156 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %158 = linalg.matmul ins(%collapsed_53, %transposed_52 : tensor<5x64xbf16>, tensor<64x320xbf16>) outs(%157 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %159 = tensor.empty() : tensor<5x320xbf16>
    %160 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%158 : tensor<5x320xf32>) outs(%159 : tensor<5x320xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %161 = arith.truncf %in : f32 to bf16
      linalg.yield %161 : bf16
    } -> tensor<5x320xbf16>
    %expanded_54 = tensor.expand_shape %160 [[0, 1], [2]] output_shape [1, 5, 320] : tensor<5x320xbf16> into tensor<1x5x320xbf16>
    return %expanded_54 : tensor<1x5x320xbf16>
  }
}
