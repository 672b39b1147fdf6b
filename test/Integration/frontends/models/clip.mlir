// text
//   arg0 input_ids: tensor<1x5xi64>
//   out0 features: tensor<1x32xbf16>
// image
//   arg0 pixel_values: tensor<1x3x32x32xbf16>
//   out0 features: tensor<1x32xbf16>
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
#map13 = affine_map<(d0, d1) -> (d0)>
#map14 = affine_map<(d0, d1) -> (0)>
#map15 = affine_map<(d0, d1) -> (d0, 0)>
module {
  func.func @text(%arg0: tensor<1x5xi64>) -> tensor<1x32xbf16> {
    %c5_i64 = arith.constant 5 : i64
    %c128 = arith.constant 128 : index
    %c320 = arith.constant 320 : index
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant 1.000000e+00 : bf16
    %c-2147483648_i32 = arith.constant -2147483648 : i32
    %cst_3 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_4 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_5 = arith.constant dense_resource<text_projection.weight> : tensor<32x64xbf16>
    %cst_6 = arith.constant dense_resource<text_model.final_layer_norm.bias> : tensor<64xbf16>
    %cst_7 = arith.constant dense_resource<text_model.final_layer_norm.weight> : tensor<64xbf16>
    %cst_8 = arith.constant dense_resource<text_model.encoder.layers.0.mlp.fc2.bias> : tensor<64xbf16>
    %cst_9 = arith.constant dense_resource<text_model.encoder.layers.0.mlp.fc2.weight> : tensor<64x128xbf16>
    %cst_10 = arith.constant 1.702000e+00 : f64
    %cst_11 = arith.constant dense_resource<text_model.encoder.layers.0.mlp.fc1.bias> : tensor<128xbf16>
    %cst_12 = arith.constant dense_resource<text_model.encoder.layers.0.mlp.fc1.weight> : tensor<128x64xbf16>
    %cst_13 = arith.constant dense_resource<text_model.encoder.layers.0.layer_norm2.bias> : tensor<64xbf16>
    %cst_14 = arith.constant dense_resource<text_model.encoder.layers.0.layer_norm2.weight> : tensor<64xbf16>
    %cst_15 = arith.constant dense_resource<text_model.encoder.layers.0.self_attn.out_proj.bias> : tensor<64xbf16>
    %cst_16 = arith.constant dense_resource<text_model.encoder.layers.0.self_attn.out_proj.weight> : tensor<64x64xbf16>
    %cst_17 = arith.constant dense_resource<text_model.encoder.layers.0.self_attn.v_proj.bias> : tensor<64xbf16>
    %cst_18 = arith.constant dense_resource<text_model.encoder.layers.0.self_attn.v_proj.weight> : tensor<64x64xbf16>
    %cst_19 = arith.constant dense_resource<text_model.encoder.layers.0.self_attn.k_proj.bias> : tensor<64xbf16>
    %cst_20 = arith.constant dense_resource<text_model.encoder.layers.0.self_attn.k_proj.weight> : tensor<64x64xbf16>
    %cst_21 = arith.constant dense_resource<text_model.encoder.layers.0.self_attn.q_proj.bias> : tensor<64xbf16>
    %cst_22 = arith.constant dense_resource<text_model.encoder.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_23 = arith.constant dense_resource<text_model.encoder.layers.0.layer_norm1.bias> : tensor<64xbf16>
    %cst_24 = arith.constant dense_resource<text_model.encoder.layers.0.layer_norm1.weight> : tensor<64xbf16>
    %cst_25 = arith.constant 1.000000e-05 : f64
    %cst_26 = arith.constant dense_resource<text_model.embeddings.position_embedding.weight> : tensor<128x64xbf16>
    %cst_27 = arith.constant dense_resource<text_model.embeddings.token_embedding.weight> : tensor<320x64xbf16>
    %cst_28 = arith.constant 6.400000e+01 : f64
    %cst_29 = arith.constant 6.400000e+01 : f32
    %cst_30 = arith.constant 2.500000e-01 : bf16
    %c1_i64 = arith.constant 1 : i64
    %c0_i64 = arith.constant 0 : i64
    %cst_31 = arith.constant dense_resource<torch_tensor_1_128_torch.int64> : tensor<1x128xi64>
    %extracted_slice = tensor.extract_slice %cst_31[0, 0] [1, 5] [1, 1] : tensor<1x128xi64> to tensor<1x5xi64>
    %0 = tensor.empty() : tensor<1x5x64xbf16>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x5xi64>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %176 = arith.index_cast %in : i64 to index
      %177 = linalg.index 2 : index
      %178 = arith.cmpi slt, %176, %c320 : index
      cf.assert %178, "index must be smaller than dim size"
      %179 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %179, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_27[%176, %177] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x5x64xbf16>
    %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%extracted_slice : tensor<1x5xi64>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %176 = arith.index_cast %in : i64 to index
      %177 = linalg.index 2 : index
      %178 = arith.cmpi slt, %176, %c128 : index
      cf.assert %178, "index must be smaller than dim size"
      %179 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %179, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_26[%176, %177] : tensor<128x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x5x64xbf16>
    %3 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %2 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_59: bf16, %out: bf16):
      %176 = arith.addf %in, %in_59 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x64xbf16>
    %4 = tensor.empty() : tensor<5xi64>
    %5 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%4 : tensor<5xi64>) {
    ^bb0(%out: i64):
      %176 = linalg.index 0 : index
      %177 = arith.index_cast %176 : index to i64
      linalg.yield %177 : i64
    } -> tensor<5xi64>
    %expanded = tensor.expand_shape %5 [[0, 1, 2, 3]] output_shape [1, 1, 5, 1] : tensor<5xi64> into tensor<1x1x5x1xi64>
    %expanded_32 = tensor.expand_shape %5 [[0, 1, 2, 3]] output_shape [1, 1, 1, 5] : tensor<5xi64> into tensor<1x1x1x5xi64>
    %6 = tensor.empty() : tensor<1x1x5x5xi1>
    %7 = linalg.generic {indexing_maps = [#map3, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_32, %expanded : tensor<1x1x1x5xi64>, tensor<1x1x5x1xi64>) outs(%6 : tensor<1x1x5x5xi1>) {
    ^bb0(%in: i64, %in_59: i64, %out: i1):
      %176 = arith.cmpi sle, %in, %in_59 : i64
      linalg.yield %176 : i1
    } -> tensor<1x1x5x5xi1>
    %8 = tensor.empty() : tensor<1x1x5x5xbf16>
    %9 = linalg.generic {indexing_maps = [#map5, #map6, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%7, %cst_4, %cst_3 : tensor<1x1x5x5xi1>, tensor<bf16>, tensor<bf16>) outs(%8 : tensor<1x1x5x5xbf16>) {
    ^bb0(%in: i1, %in_59: bf16, %in_60: bf16, %out: bf16):
      %176 = arith.select %in, %in_59, %in_60 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x1x5x5xbf16>
    %10 = tensor.empty() : tensor<1x5x64xf32>
    %11 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3 : tensor<1x5x64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %12 = tensor.empty() : tensor<1x5x64xf64>
    %13 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11 : tensor<1x5x64xf32>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %176 = arith.extf %in : f32 to f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %14 = tensor.empty() : tensor<1x5x1xf64>
    %15 = linalg.fill ins(%cst : f64) outs(%14 : tensor<1x5x1xf64>) -> tensor<1x5x1xf64>
    %16 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%13 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.addf %in, %out : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.divf %in, %cst_28 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %18 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13, %17 : tensor<1x5x64xf64>, tensor<1x5x1xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_59: f64, %out: f64):
      %176 = arith.subf %in, %in_59 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %19 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18, %18 : tensor<1x5x64xf64>, tensor<1x5x64xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_59: f64, %out: f64):
      %176 = arith.mulf %in, %in_59 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %20 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%19 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.addf %in, %out : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.divf %in, %cst_28 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %22 = tensor.empty() : tensor<1x5x1xf32>
    %23 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21 : tensor<1x5x1xf64>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %176 = arith.truncf %in : f64 to f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %24 = linalg.fill ins(%cst_0 : f32) outs(%22 : tensor<1x5x1xf32>) -> tensor<1x5x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%11 : tensor<1x5x64xf32>) outs(%24 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.addf %in, %out : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.divf %in, %cst_29 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.truncf %cst_25 : f64 to f32
      %177 = arith.addf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x1xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = math.rsqrt %in : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %29 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11, %26 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.subf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29, %28 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.mulf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %31 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30, %cst_24 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: bf16, %out: f32):
      %176 = arith.extf %in_59 : bf16 to f32
      %177 = arith.mulf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x64xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31, %cst_23 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: bf16, %out: f32):
      %176 = arith.extf %in_59 : bf16 to f32
      %177 = arith.addf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x64xf32>
    %33 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x64xbf16>
    %collapsed = tensor.collapse_shape %33 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %34 = tensor.empty() : tensor<64x64xbf16>
    %transposed = linalg.transpose ins(%cst_22 : tensor<64x64xbf16>) outs(%34 : tensor<64x64xbf16>) permutation = [1, 0] 
    %35 = tensor.empty() : tensor<64xf32>
    %36 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_21 : tensor<64xbf16>) outs(%35 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64xf32>
    %37 = tensor.empty() : tensor<5x64xf32>
    %38 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<5x64xbf16>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %39 = tensor.empty() : tensor<64x64xf32>
    %40 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed : tensor<64x64xbf16>) outs(%39 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64x64xf32>
    %41 = linalg.fill ins(%cst_0 : f32) outs(%37 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %42 = linalg.matmul ins(%38, %40 : tensor<5x64xf32>, tensor<64x64xf32>) outs(%41 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %43 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%36 : tensor<64xf32>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %44 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%42, %43 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.addf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %45 = tensor.empty() : tensor<5x64xbf16>
    %46 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%44 : tensor<5x64xf32>) outs(%45 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x64xbf16>
    %transposed_33 = linalg.transpose ins(%cst_20 : tensor<64x64xbf16>) outs(%34 : tensor<64x64xbf16>) permutation = [1, 0] 
    %47 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_19 : tensor<64xbf16>) outs(%35 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64xf32>
    %48 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_33 : tensor<64x64xbf16>) outs(%39 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64x64xf32>
    %49 = linalg.matmul ins(%38, %48 : tensor<5x64xf32>, tensor<64x64xf32>) outs(%41 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %50 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%47 : tensor<64xf32>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %51 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%49, %50 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.addf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %52 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%51 : tensor<5x64xf32>) outs(%45 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x64xbf16>
    %transposed_34 = linalg.transpose ins(%cst_18 : tensor<64x64xbf16>) outs(%34 : tensor<64x64xbf16>) permutation = [1, 0] 
    %53 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_17 : tensor<64xbf16>) outs(%35 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64xf32>
    %54 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_34 : tensor<64x64xbf16>) outs(%39 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64x64xf32>
    %55 = linalg.matmul ins(%38, %54 : tensor<5x64xf32>, tensor<64x64xf32>) outs(%41 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %56 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%53 : tensor<64xf32>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %57 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%55, %56 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.addf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %58 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%57 : tensor<5x64xf32>) outs(%45 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x64xbf16>
    %expanded_35 = tensor.expand_shape %46 [[0, 1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<5x64xbf16> into tensor<1x5x4x16xbf16>
    %59 = tensor.empty() : tensor<1x4x5x16xbf16>
    %transposed_36 = linalg.transpose ins(%expanded_35 : tensor<1x5x4x16xbf16>) outs(%59 : tensor<1x4x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %expanded_37 = tensor.expand_shape %52 [[0, 1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<5x64xbf16> into tensor<1x5x4x16xbf16>
    %expanded_38 = tensor.expand_shape %58 [[0, 1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<5x64xbf16> into tensor<1x5x4x16xbf16>
    %transposed_39 = linalg.transpose ins(%expanded_38 : tensor<1x5x4x16xbf16>) outs(%59 : tensor<1x4x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %60 = tensor.empty() : tensor<1x4x16x5xbf16>
    %transposed_40 = linalg.transpose ins(%expanded_37 : tensor<1x5x4x16xbf16>) outs(%60 : tensor<1x4x16x5xbf16>) permutation = [0, 2, 3, 1] 
    %collapsed_41 = tensor.collapse_shape %transposed_36 [[0, 1], [2], [3]] : tensor<1x4x5x16xbf16> into tensor<4x5x16xbf16>
    %collapsed_42 = tensor.collapse_shape %transposed_40 [[0, 1], [2], [3]] : tensor<1x4x16x5xbf16> into tensor<4x16x5xbf16>
    %61 = tensor.empty() : tensor<4x5x5xf32>
    %62 = linalg.fill ins(%cst_0 : f32) outs(%61 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %63 = linalg.batch_matmul ins(%collapsed_41, %collapsed_42 : tensor<4x5x16xbf16>, tensor<4x16x5xbf16>) outs(%62 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %64 = tensor.empty() : tensor<4x5x5xbf16>
    %65 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%63 : tensor<4x5x5xf32>) outs(%64 : tensor<4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<4x5x5xbf16>
    %expanded_43 = tensor.expand_shape %65 [[0, 1], [2], [3]] output_shape [1, 4, 5, 5] : tensor<4x5x5xbf16> into tensor<1x4x5x5xbf16>
    %66 = tensor.empty() : tensor<1x4x5x5xbf16>
    %67 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_43 : tensor<1x4x5x5xbf16>) outs(%66 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = arith.mulf %in, %cst_30 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x5xbf16>
    %68 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%67, %9 : tensor<1x4x5x5xbf16>, tensor<1x1x5x5xbf16>) outs(%66 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %in_59: bf16, %out: bf16):
      %176 = arith.addf %in, %in_59 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x5xbf16>
    %69 = tensor.empty() : tensor<1x4x5x5xf32>
    %70 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%68 : tensor<1x4x5x5xbf16>) outs(%69 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<1x4x5x5xf32>
    %71 = tensor.empty() : tensor<1x4x5xi64>
    %72 = linalg.fill ins(%c0_i64 : i64) outs(%71 : tensor<1x4x5xi64>) -> tensor<1x4x5xi64>
    %73 = tensor.empty() : tensor<1x4x5xf32>
    %74 = linalg.fill ins(%cst_1 : f32) outs(%73 : tensor<1x4x5xf32>) -> tensor<1x4x5xf32>
    %75:2 = linalg.generic {indexing_maps = [#map5, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%70 : tensor<1x4x5x5xf32>) outs(%74, %72 : tensor<1x4x5xf32>, tensor<1x4x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_59: i64):
      %176 = linalg.index 3 : index
      %177 = arith.index_cast %176 : index to i64
      %178 = arith.maximumf %in, %out : f32
      %179 = arith.cmpf ogt, %in, %out : f32
      %180 = arith.select %179, %177, %out_59 : i64
      linalg.yield %178, %180 : f32, i64
    } -> (tensor<1x4x5xf32>, tensor<1x4x5xi64>)
    %expanded_44 = tensor.expand_shape %75#0 [[0], [1], [2, 3]] output_shape [1, 4, 5, 1] : tensor<1x4x5xf32> into tensor<1x4x5x1xf32>
    %76 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%70, %expanded_44 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%69 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.subf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<1x4x5x5xf32>
    %77 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%76 : tensor<1x4x5x5xf32>) outs(%69 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = math.exp %in : f32
      linalg.yield %176 : f32
    } -> tensor<1x4x5x5xf32>
    %78 = tensor.empty() : tensor<1x4x5x1xf32>
    %79 = linalg.fill ins(%cst_0 : f32) outs(%78 : tensor<1x4x5x1xf32>) -> tensor<1x4x5x1xf32>
    %80 = linalg.generic {indexing_maps = [#map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%77 : tensor<1x4x5x5xf32>) outs(%79 : tensor<1x4x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.addf %in, %out : f32
      linalg.yield %176 : f32
    } -> tensor<1x4x5x1xf32>
    %81 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%77, %80 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%69 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.divf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<1x4x5x5xf32>
    %82 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%81 : tensor<1x4x5x5xf32>) outs(%66 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x5xbf16>
    %collapsed_45 = tensor.collapse_shape %82 [[0, 1], [2], [3]] : tensor<1x4x5x5xbf16> into tensor<4x5x5xbf16>
    %collapsed_46 = tensor.collapse_shape %transposed_39 [[0, 1], [2], [3]] : tensor<1x4x5x16xbf16> into tensor<4x5x16xbf16>
    %83 = tensor.empty() : tensor<4x5x16xf32>
    %84 = linalg.fill ins(%cst_0 : f32) outs(%83 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %85 = linalg.batch_matmul ins(%collapsed_45, %collapsed_46 : tensor<4x5x5xbf16>, tensor<4x5x16xbf16>) outs(%84 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %86 = tensor.empty() : tensor<4x5x16xbf16>
    %87 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85 : tensor<4x5x16xf32>) outs(%86 : tensor<4x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<4x5x16xbf16>
    %expanded_47 = tensor.expand_shape %87 [[0, 1], [2], [3]] output_shape [1, 4, 5, 16] : tensor<4x5x16xbf16> into tensor<1x4x5x16xbf16>
    %88 = tensor.empty() : tensor<1x5x4x16xbf16>
    %transposed_48 = linalg.transpose ins(%expanded_47 : tensor<1x4x5x16xbf16>) outs(%88 : tensor<1x5x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %collapsed_49 = tensor.collapse_shape %transposed_48 [[0, 1], [2, 3]] : tensor<1x5x4x16xbf16> into tensor<5x64xbf16>
    %transposed_50 = linalg.transpose ins(%cst_16 : tensor<64x64xbf16>) outs(%34 : tensor<64x64xbf16>) permutation = [1, 0] 
    %89 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_15 : tensor<64xbf16>) outs(%35 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64xf32>
    %90 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_49 : tensor<5x64xbf16>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %91 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_50 : tensor<64x64xbf16>) outs(%39 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64x64xf32>
    %92 = linalg.matmul ins(%90, %91 : tensor<5x64xf32>, tensor<64x64xf32>) outs(%41 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %93 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%89 : tensor<64xf32>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %94 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%92, %93 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.addf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %95 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%94 : tensor<5x64xf32>) outs(%45 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x64xbf16>
    %expanded_51 = tensor.expand_shape %95 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %96 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3, %expanded_51 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_59: bf16, %out: bf16):
      %176 = arith.addf %in, %in_59 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x64xbf16>
    %97 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<1x5x64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %98 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97 : tensor<1x5x64xf32>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %176 = arith.extf %in : f32 to f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %99 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%98 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.addf %in, %out : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %100 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.divf %in, %cst_28 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %101 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98, %100 : tensor<1x5x64xf64>, tensor<1x5x1xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_59: f64, %out: f64):
      %176 = arith.subf %in, %in_59 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %102 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101, %101 : tensor<1x5x64xf64>, tensor<1x5x64xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_59: f64, %out: f64):
      %176 = arith.mulf %in, %in_59 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %103 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%102 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.addf %in, %out : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %104 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.divf %in, %cst_28 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %105 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104 : tensor<1x5x1xf64>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %176 = arith.truncf %in : f64 to f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %106 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%97 : tensor<1x5x64xf32>) outs(%24 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.addf %in, %out : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %107 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.divf %in, %cst_29 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %108 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.truncf %cst_25 : f64 to f32
      %177 = arith.addf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x1xf32>
    %109 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = math.rsqrt %in : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97, %107 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.subf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %111 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110, %109 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.mulf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %112 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111, %cst_14 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: bf16, %out: f32):
      %176 = arith.extf %in_59 : bf16 to f32
      %177 = arith.mulf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x64xf32>
    %113 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112, %cst_13 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: bf16, %out: f32):
      %176 = arith.extf %in_59 : bf16 to f32
      %177 = arith.addf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x64xf32>
    %114 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x64xbf16>
    %collapsed_52 = tensor.collapse_shape %114 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %115 = tensor.empty() : tensor<64x128xbf16>
    %transposed_53 = linalg.transpose ins(%cst_12 : tensor<128x64xbf16>) outs(%115 : tensor<64x128xbf16>) permutation = [1, 0] 
    %116 = tensor.empty() : tensor<128xf32>
    %117 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_11 : tensor<128xbf16>) outs(%116 : tensor<128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<128xf32>
    %118 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_52 : tensor<5x64xbf16>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %119 = tensor.empty() : tensor<64x128xf32>
    %120 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_53 : tensor<64x128xbf16>) outs(%119 : tensor<64x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64x128xf32>
    %121 = tensor.empty() : tensor<5x128xf32>
    %122 = linalg.fill ins(%cst_0 : f32) outs(%121 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %123 = linalg.matmul ins(%118, %120 : tensor<5x64xf32>, tensor<64x128xf32>) outs(%122 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %124 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%117 : tensor<128xf32>) outs(%121 : tensor<5x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x128xf32>
    %125 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%123, %124 : tensor<5x128xf32>, tensor<5x128xf32>) outs(%121 : tensor<5x128xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.addf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<5x128xf32>
    %126 = tensor.empty() : tensor<5x128xbf16>
    %127 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%125 : tensor<5x128xf32>) outs(%126 : tensor<5x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x128xbf16>
    %expanded_54 = tensor.expand_shape %127 [[0, 1], [2]] output_shape [1, 5, 128] : tensor<5x128xbf16> into tensor<1x5x128xbf16>
    %128 = tensor.empty() : tensor<1x5x128xbf16>
    %129 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_54 : tensor<1x5x128xbf16>) outs(%128 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = arith.truncf %cst_10 : f64 to bf16
      %177 = arith.mulf %in, %176 : bf16
      linalg.yield %177 : bf16
    } -> tensor<1x5x128xbf16>
    %130 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%129 : tensor<1x5x128xbf16>) outs(%128 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = arith.negf %in : bf16
      %177 = math.exp %176 : bf16
      %178 = arith.addf %177, %cst_2 : bf16
      %179 = arith.divf %cst_2, %178 : bf16
      linalg.yield %179 : bf16
    } -> tensor<1x5x128xbf16>
    %131 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_54, %130 : tensor<1x5x128xbf16>, tensor<1x5x128xbf16>) outs(%128 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %in_59: bf16, %out: bf16):
      %176 = arith.mulf %in, %in_59 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x128xbf16>
    %collapsed_55 = tensor.collapse_shape %131 [[0, 1], [2]] : tensor<1x5x128xbf16> into tensor<5x128xbf16>
    %132 = tensor.empty() : tensor<128x64xbf16>
    %transposed_56 = linalg.transpose ins(%cst_9 : tensor<64x128xbf16>) outs(%132 : tensor<128x64xbf16>) permutation = [1, 0] 
    %133 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_8 : tensor<64xbf16>) outs(%35 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64xf32>
    %134 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_55 : tensor<5x128xbf16>) outs(%121 : tensor<5x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<5x128xf32>
    %135 = tensor.empty() : tensor<128x64xf32>
    %136 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_56 : tensor<128x64xbf16>) outs(%135 : tensor<128x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<128x64xf32>
    %137 = linalg.matmul ins(%134, %136 : tensor<5x128xf32>, tensor<128x64xf32>) outs(%41 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %138 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%133 : tensor<64xf32>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %139 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%137, %138 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%37 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.addf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %140 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%139 : tensor<5x64xf32>) outs(%45 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x64xbf16>
    %expanded_57 = tensor.expand_shape %140 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %141 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96, %expanded_57 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_59: bf16, %out: bf16):
      %176 = arith.addf %in, %in_59 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x64xbf16>
    %142 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%141 : tensor<1x5x64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %143 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%142 : tensor<1x5x64xf32>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %176 = arith.extf %in : f32 to f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %144 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%143 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.addf %in, %out : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %145 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%144 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.divf %in, %cst_28 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %146 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%143, %145 : tensor<1x5x64xf64>, tensor<1x5x1xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_59: f64, %out: f64):
      %176 = arith.subf %in, %in_59 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %147 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%146, %146 : tensor<1x5x64xf64>, tensor<1x5x64xf64>) outs(%12 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_59: f64, %out: f64):
      %176 = arith.mulf %in, %in_59 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %148 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%147 : tensor<1x5x64xf64>) outs(%15 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.addf %in, %out : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %149 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%148 : tensor<1x5x1xf64>) outs(%14 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.divf %in, %cst_28 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %150 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%149 : tensor<1x5x1xf64>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %176 = arith.truncf %in : f64 to f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %151 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%142 : tensor<1x5x64xf32>) outs(%24 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.addf %in, %out : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %152 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%151 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.divf %in, %cst_29 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %153 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%150 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.truncf %cst_25 : f64 to f32
      %177 = arith.addf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x1xf32>
    %154 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%153 : tensor<1x5x1xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = math.rsqrt %in : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %155 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%142, %152 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.subf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %156 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%155, %154 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: f32, %out: f32):
      %176 = arith.mulf %in, %in_59 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %157 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%156, %cst_7 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: bf16, %out: f32):
      %176 = arith.extf %in_59 : bf16 to f32
      %177 = arith.mulf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x64xf32>
    %158 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%157, %cst_6 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%10 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_59: bf16, %out: f32):
      %176 = arith.extf %in_59 : bf16 to f32
      %177 = arith.addf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x64xf32>
    %159 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%158 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x64xbf16>
    %160 = tensor.empty() : tensor<1xi64>
    %161 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%160 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %162 = tensor.empty() : tensor<1x5xi32>
    %163 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<1x5xi64>) outs(%162 : tensor<1x5xi32>) {
    ^bb0(%in: i64, %out: i32):
      %176 = arith.trunci %in : i64 to i32
      linalg.yield %176 : i32
    } -> tensor<1x5xi32>
    %164 = linalg.fill ins(%c0_i64 : i64) outs(%160 : tensor<1xi64>) -> tensor<1xi64>
    %165 = tensor.empty() : tensor<1xi32>
    %166 = linalg.fill ins(%c-2147483648_i32 : i32) outs(%165 : tensor<1xi32>) -> tensor<1xi32>
    %167:2 = linalg.generic {indexing_maps = [#map9, #map13, #map13], iterator_types = ["parallel", "reduction"]} ins(%163 : tensor<1x5xi32>) outs(%166, %164 : tensor<1xi32>, tensor<1xi64>) {
    ^bb0(%in: i32, %out: i32, %out_59: i64):
      %176 = linalg.index 1 : index
      %177 = arith.index_cast %176 : index to i64
      %178 = arith.maxsi %in, %out : i32
      %179 = arith.cmpi sgt, %in, %out : i32
      %180 = arith.select %179, %177, %out_59 : i64
      linalg.yield %178, %180 : i32, i64
    } -> (tensor<1xi32>, tensor<1xi64>)
    %168 = tensor.empty() : tensor<1x64xbf16>
    %169 = linalg.generic {indexing_maps = [#map14, #map14, #map9], iterator_types = ["parallel", "parallel"]} ins(%161, %167#1 : tensor<1xi64>, tensor<1xi64>) outs(%168 : tensor<1x64xbf16>) {
    ^bb0(%in: i64, %in_59: i64, %out: bf16):
      %176 = arith.cmpi slt, %in, %c0_i64 : i64
      %177 = arith.addi %in, %c1_i64 : i64
      %178 = arith.select %176, %177, %in : i64
      %179 = arith.index_cast %178 : i64 to index
      %180 = arith.cmpi slt, %in_59, %c0_i64 : i64
      %181 = arith.addi %in_59, %c5_i64 : i64
      %182 = arith.select %180, %181, %in_59 : i64
      %183 = arith.index_cast %182 : i64 to index
      %184 = linalg.index 1 : index
      %extracted = tensor.extract %159[%179, %183, %184] : tensor<1x5x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x64xbf16>
    %170 = tensor.empty() : tensor<64x32xbf16>
    %transposed_58 = linalg.transpose ins(%cst_5 : tensor<32x64xbf16>) outs(%170 : tensor<64x32xbf16>) permutation = [1, 0] 
    %171 = tensor.empty() : tensor<1x32xf32>
    %172 = linalg.fill ins(%cst_0 : f32) outs(%171 : tensor<1x32xf32>) -> tensor<1x32xf32>
    %173 = linalg.matmul ins(%169, %transposed_58 : tensor<1x64xbf16>, tensor<64x32xbf16>) outs(%172 : tensor<1x32xf32>) -> tensor<1x32xf32>
    %174 = tensor.empty() : tensor<1x32xbf16>
    %175 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%173 : tensor<1x32xf32>) outs(%174 : tensor<1x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<1x32xbf16>
    return %175 : tensor<1x32xbf16>
  }
  func.func @image(%arg0: tensor<1x3x32x32xbf16>) -> tensor<1x32xbf16> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %c17 = arith.constant 17 : index
    %cst_0 = arith.constant 0.000000e+00 : f64
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant 1.000000e+00 : bf16
    %cst_3 = arith.constant dense_resource<visual_projection.weight> : tensor<32x64xbf16>
    %cst_4 = arith.constant dense_resource<vision_model.post_layernorm.bias> : tensor<64xbf16>
    %cst_5 = arith.constant dense_resource<vision_model.post_layernorm.weight> : tensor<64xbf16>
    %cst_6 = arith.constant dense_resource<vision_model.encoder.layers.0.mlp.fc2.bias> : tensor<64xbf16>
    %cst_7 = arith.constant dense_resource<vision_model.encoder.layers.0.mlp.fc2.weight> : tensor<64x128xbf16>
    %cst_8 = arith.constant 1.702000e+00 : f64
    %cst_9 = arith.constant dense_resource<vision_model.encoder.layers.0.mlp.fc1.bias> : tensor<128xbf16>
    %cst_10 = arith.constant dense_resource<vision_model.encoder.layers.0.mlp.fc1.weight> : tensor<128x64xbf16>
    %cst_11 = arith.constant dense_resource<vision_model.encoder.layers.0.layer_norm2.bias> : tensor<64xbf16>
    %cst_12 = arith.constant dense_resource<vision_model.encoder.layers.0.layer_norm2.weight> : tensor<64xbf16>
    %cst_13 = arith.constant dense_resource<vision_model.encoder.layers.0.self_attn.out_proj.bias> : tensor<64xbf16>
    %cst_14 = arith.constant dense_resource<vision_model.encoder.layers.0.self_attn.out_proj.weight> : tensor<64x64xbf16>
    %cst_15 = arith.constant dense_resource<vision_model.encoder.layers.0.self_attn.v_proj.bias> : tensor<64xbf16>
    %cst_16 = arith.constant dense_resource<vision_model.encoder.layers.0.self_attn.v_proj.weight> : tensor<64x64xbf16>
    %cst_17 = arith.constant dense_resource<vision_model.encoder.layers.0.self_attn.k_proj.bias> : tensor<64xbf16>
    %cst_18 = arith.constant dense_resource<vision_model.encoder.layers.0.self_attn.k_proj.weight> : tensor<64x64xbf16>
    %cst_19 = arith.constant dense_resource<vision_model.encoder.layers.0.self_attn.q_proj.bias> : tensor<64xbf16>
    %cst_20 = arith.constant dense_resource<vision_model.encoder.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_21 = arith.constant dense_resource<vision_model.encoder.layers.0.layer_norm1.bias> : tensor<64xbf16>
    %cst_22 = arith.constant dense_resource<vision_model.encoder.layers.0.layer_norm1.weight> : tensor<64xbf16>
    %cst_23 = arith.constant dense_resource<vision_model.pre_layrnorm.bias> : tensor<64xbf16>
    %cst_24 = arith.constant dense_resource<vision_model.pre_layrnorm.weight> : tensor<64xbf16>
    %cst_25 = arith.constant 1.000000e-05 : f64
    %cst_26 = arith.constant dense_resource<vision_model.embeddings.position_embedding.weight> : tensor<17x64xbf16>
    %cst_27 = arith.constant dense_resource<vision_model.embeddings.class_embedding> : tensor<64xbf16>
    %cst_28 = arith.constant dense_resource<vision_model.embeddings.patch_embedding.weight> : tensor<64x3x8x8xbf16>
    %cst_29 = arith.constant 6.400000e+01 : f64
    %cst_30 = arith.constant 6.400000e+01 : f32
    %cst_31 = arith.constant 2.500000e-01 : bf16
    %cst_32 = arith.constant dense_resource<torch_tensor_1_17_torch.int64> : tensor<1x17xi64>
    %0 = tensor.empty() : tensor<1x64x4x4xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<1x64x4x4xf32>) -> tensor<1x64x4x4xf32>
    %2 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<8> : vector<2xi64>} ins(%arg0, %cst_28 : tensor<1x3x32x32xbf16>, tensor<64x3x8x8xbf16>) outs(%1 : tensor<1x64x4x4xf32>) -> tensor<1x64x4x4xf32>
    %3 = tensor.empty() : tensor<1x64x4x4xbf16>
    %4 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%2 : tensor<1x64x4x4xf32>) outs(%3 : tensor<1x64x4x4xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<1x64x4x4xbf16>
    %collapsed = tensor.collapse_shape %4 [[0], [1], [2, 3]] : tensor<1x64x4x4xbf16> into tensor<1x64x16xbf16>
    %5 = tensor.empty() : tensor<1x16x64xbf16>
    %transposed = linalg.transpose ins(%collapsed : tensor<1x64x16xbf16>) outs(%5 : tensor<1x16x64xbf16>) permutation = [0, 2, 1] 
    %6 = tensor.empty() : tensor<1x1x64xbf16>
    %7 = linalg.generic {indexing_maps = [#map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_27 : tensor<64xbf16>) outs(%6 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x1x64xbf16>
    %concat = tensor.concat dim(1) %7, %transposed : (tensor<1x1x64xbf16>, tensor<1x16x64xbf16>) -> tensor<1x17x64xbf16>
    %8 = tensor.empty() : tensor<1x17x64xbf16>
    %9 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_32 : tensor<1x17xi64>) outs(%8 : tensor<1x17x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %191 = arith.index_cast %in : i64 to index
      %192 = linalg.index 2 : index
      %193 = arith.cmpi slt, %191, %c17 : index
      cf.assert %193, "index must be smaller than dim size"
      %194 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %194, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_26[%191, %192] : tensor<17x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x17x64xbf16>
    %10 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat, %9 : tensor<1x17x64xbf16>, tensor<1x17x64xbf16>) outs(%8 : tensor<1x17x64xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %191 = arith.addf %in, %in_61 : bf16
      linalg.yield %191 : bf16
    } -> tensor<1x17x64xbf16>
    %11 = tensor.empty() : tensor<1x17x64xf32>
    %12 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%10 : tensor<1x17x64xbf16>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<1x17x64xf32>
    %13 = tensor.empty() : tensor<1x17x64xf64>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%12 : tensor<1x17x64xf32>) outs(%13 : tensor<1x17x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %191 = arith.extf %in : f32 to f64
      linalg.yield %191 : f64
    } -> tensor<1x17x64xf64>
    %15 = tensor.empty() : tensor<1x17x1xf64>
    %16 = linalg.fill ins(%cst_0 : f64) outs(%15 : tensor<1x17x1xf64>) -> tensor<1x17x1xf64>
    %17 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%14 : tensor<1x17x64xf64>) outs(%16 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.addf %in, %out : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %18 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%17 : tensor<1x17x1xf64>) outs(%15 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.divf %in, %cst_29 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %19 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14, %18 : tensor<1x17x64xf64>, tensor<1x17x1xf64>) outs(%13 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %191 = arith.subf %in, %in_61 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x64xf64>
    %20 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19, %19 : tensor<1x17x64xf64>, tensor<1x17x64xf64>) outs(%13 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %191 = arith.mulf %in, %in_61 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x64xf64>
    %21 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%20 : tensor<1x17x64xf64>) outs(%16 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.addf %in, %out : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %22 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21 : tensor<1x17x1xf64>) outs(%15 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.divf %in, %cst_29 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %23 = tensor.empty() : tensor<1x17x1xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22 : tensor<1x17x1xf64>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %191 = arith.truncf %in : f64 to f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %25 = linalg.fill ins(%cst : f32) outs(%23 : tensor<1x17x1xf32>) -> tensor<1x17x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%12 : tensor<1x17x64xf32>) outs(%25 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.addf %in, %out : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<1x17x1xf32>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.divf %in, %cst_30 : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<1x17x1xf32>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.truncf %cst_25 : f64 to f32
      %192 = arith.addf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x17x1xf32>
    %29 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%28 : tensor<1x17x1xf32>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = math.rsqrt %in : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%12, %27 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.subf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x64xf32>
    %31 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30, %29 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.mulf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x64xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31, %cst_24 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: bf16, %out: f32):
      %191 = arith.extf %in_61 : bf16 to f32
      %192 = arith.mulf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x17x64xf32>
    %33 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32, %cst_23 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: bf16, %out: f32):
      %191 = arith.extf %in_61 : bf16 to f32
      %192 = arith.addf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x17x64xf32>
    %34 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%33 : tensor<1x17x64xf32>) outs(%8 : tensor<1x17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<1x17x64xbf16>
    %35 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34 : tensor<1x17x64xbf16>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<1x17x64xf32>
    %36 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%35 : tensor<1x17x64xf32>) outs(%13 : tensor<1x17x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %191 = arith.extf %in : f32 to f64
      linalg.yield %191 : f64
    } -> tensor<1x17x64xf64>
    %37 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%36 : tensor<1x17x64xf64>) outs(%16 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.addf %in, %out : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %38 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%37 : tensor<1x17x1xf64>) outs(%15 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.divf %in, %cst_29 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %39 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%36, %38 : tensor<1x17x64xf64>, tensor<1x17x1xf64>) outs(%13 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %191 = arith.subf %in, %in_61 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x64xf64>
    %40 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%39, %39 : tensor<1x17x64xf64>, tensor<1x17x64xf64>) outs(%13 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %191 = arith.mulf %in, %in_61 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x64xf64>
    %41 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%40 : tensor<1x17x64xf64>) outs(%16 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.addf %in, %out : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %42 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%41 : tensor<1x17x1xf64>) outs(%15 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.divf %in, %cst_29 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %43 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%42 : tensor<1x17x1xf64>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %191 = arith.truncf %in : f64 to f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %44 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%35 : tensor<1x17x64xf32>) outs(%25 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.addf %in, %out : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %45 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%44 : tensor<1x17x1xf32>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.divf %in, %cst_30 : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %46 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%43 : tensor<1x17x1xf32>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.truncf %cst_25 : f64 to f32
      %192 = arith.addf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x17x1xf32>
    %47 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%46 : tensor<1x17x1xf32>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = math.rsqrt %in : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %48 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%35, %45 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.subf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x64xf32>
    %49 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%48, %47 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.mulf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x64xf32>
    %50 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%49, %cst_22 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: bf16, %out: f32):
      %191 = arith.extf %in_61 : bf16 to f32
      %192 = arith.mulf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x17x64xf32>
    %51 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%50, %cst_21 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: bf16, %out: f32):
      %191 = arith.extf %in_61 : bf16 to f32
      %192 = arith.addf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x17x64xf32>
    %52 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%51 : tensor<1x17x64xf32>) outs(%8 : tensor<1x17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<1x17x64xbf16>
    %collapsed_33 = tensor.collapse_shape %52 [[0, 1], [2]] : tensor<1x17x64xbf16> into tensor<17x64xbf16>
    %53 = tensor.empty() : tensor<64x64xbf16>
    %transposed_34 = linalg.transpose ins(%cst_20 : tensor<64x64xbf16>) outs(%53 : tensor<64x64xbf16>) permutation = [1, 0] 
    %54 = tensor.empty() : tensor<64xf32>
    %55 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_19 : tensor<64xbf16>) outs(%54 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<64xf32>
    %56 = tensor.empty() : tensor<17x64xf32>
    %57 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_33 : tensor<17x64xbf16>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<17x64xf32>
    %58 = tensor.empty() : tensor<64x64xf32>
    %59 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_34 : tensor<64x64xbf16>) outs(%58 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<64x64xf32>
    %60 = linalg.fill ins(%cst : f32) outs(%56 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %61 = linalg.matmul ins(%57, %59 : tensor<17x64xf32>, tensor<64x64xf32>) outs(%60 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %62 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%55 : tensor<64xf32>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x64xf32>
    %63 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%61, %62 : tensor<17x64xf32>, tensor<17x64xf32>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.addf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<17x64xf32>
    %64 = tensor.empty() : tensor<17x64xbf16>
    %65 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%63 : tensor<17x64xf32>) outs(%64 : tensor<17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<17x64xbf16>
    %transposed_35 = linalg.transpose ins(%cst_18 : tensor<64x64xbf16>) outs(%53 : tensor<64x64xbf16>) permutation = [1, 0] 
    %66 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_17 : tensor<64xbf16>) outs(%54 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<64xf32>
    %67 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_35 : tensor<64x64xbf16>) outs(%58 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<64x64xf32>
    %68 = linalg.matmul ins(%57, %67 : tensor<17x64xf32>, tensor<64x64xf32>) outs(%60 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %69 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%66 : tensor<64xf32>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x64xf32>
    %70 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%68, %69 : tensor<17x64xf32>, tensor<17x64xf32>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.addf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<17x64xf32>
    %71 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%70 : tensor<17x64xf32>) outs(%64 : tensor<17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<17x64xbf16>
    %transposed_36 = linalg.transpose ins(%cst_16 : tensor<64x64xbf16>) outs(%53 : tensor<64x64xbf16>) permutation = [1, 0] 
    %72 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_15 : tensor<64xbf16>) outs(%54 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<64xf32>
    %73 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_36 : tensor<64x64xbf16>) outs(%58 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<64x64xf32>
    %74 = linalg.matmul ins(%57, %73 : tensor<17x64xf32>, tensor<64x64xf32>) outs(%60 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %75 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%72 : tensor<64xf32>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x64xf32>
    %76 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%74, %75 : tensor<17x64xf32>, tensor<17x64xf32>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.addf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<17x64xf32>
    %77 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%76 : tensor<17x64xf32>) outs(%64 : tensor<17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<17x64xbf16>
    %expanded = tensor.expand_shape %65 [[0, 1], [2, 3]] output_shape [1, 17, 4, 16] : tensor<17x64xbf16> into tensor<1x17x4x16xbf16>
    %78 = tensor.empty() : tensor<1x4x17x16xbf16>
    %transposed_37 = linalg.transpose ins(%expanded : tensor<1x17x4x16xbf16>) outs(%78 : tensor<1x4x17x16xbf16>) permutation = [0, 2, 1, 3] 
    %expanded_38 = tensor.expand_shape %71 [[0, 1], [2, 3]] output_shape [1, 17, 4, 16] : tensor<17x64xbf16> into tensor<1x17x4x16xbf16>
    %expanded_39 = tensor.expand_shape %77 [[0, 1], [2, 3]] output_shape [1, 17, 4, 16] : tensor<17x64xbf16> into tensor<1x17x4x16xbf16>
    %transposed_40 = linalg.transpose ins(%expanded_39 : tensor<1x17x4x16xbf16>) outs(%78 : tensor<1x4x17x16xbf16>) permutation = [0, 2, 1, 3] 
    %79 = tensor.empty() : tensor<1x4x16x17xbf16>
    %transposed_41 = linalg.transpose ins(%expanded_38 : tensor<1x17x4x16xbf16>) outs(%79 : tensor<1x4x16x17xbf16>) permutation = [0, 2, 3, 1] 
    %collapsed_42 = tensor.collapse_shape %transposed_37 [[0, 1], [2], [3]] : tensor<1x4x17x16xbf16> into tensor<4x17x16xbf16>
    %collapsed_43 = tensor.collapse_shape %transposed_41 [[0, 1], [2], [3]] : tensor<1x4x16x17xbf16> into tensor<4x16x17xbf16>
    %80 = tensor.empty() : tensor<4x17x17xf32>
    %81 = linalg.fill ins(%cst : f32) outs(%80 : tensor<4x17x17xf32>) -> tensor<4x17x17xf32>
    %82 = linalg.batch_matmul ins(%collapsed_42, %collapsed_43 : tensor<4x17x16xbf16>, tensor<4x16x17xbf16>) outs(%81 : tensor<4x17x17xf32>) -> tensor<4x17x17xf32>
    %83 = tensor.empty() : tensor<4x17x17xbf16>
    %84 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%82 : tensor<4x17x17xf32>) outs(%83 : tensor<4x17x17xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<4x17x17xbf16>
    %expanded_44 = tensor.expand_shape %84 [[0, 1], [2], [3]] output_shape [1, 4, 17, 17] : tensor<4x17x17xbf16> into tensor<1x4x17x17xbf16>
    %85 = tensor.empty() : tensor<1x4x17x17xbf16>
    %86 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_44 : tensor<1x4x17x17xbf16>) outs(%85 : tensor<1x4x17x17xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %191 = arith.mulf %in, %cst_31 : bf16
      linalg.yield %191 : bf16
    } -> tensor<1x4x17x17xbf16>
    %87 = tensor.empty() : tensor<1x4x17x17xf32>
    %88 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%86 : tensor<1x4x17x17xbf16>) outs(%87 : tensor<1x4x17x17xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<1x4x17x17xf32>
    %89 = tensor.empty() : tensor<1x4x17xi64>
    %90 = linalg.fill ins(%c0_i64 : i64) outs(%89 : tensor<1x4x17xi64>) -> tensor<1x4x17xi64>
    %91 = tensor.empty() : tensor<1x4x17xf32>
    %92 = linalg.fill ins(%cst_1 : f32) outs(%91 : tensor<1x4x17xf32>) -> tensor<1x4x17xf32>
    %93:2 = linalg.generic {indexing_maps = [#map5, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%88 : tensor<1x4x17x17xf32>) outs(%92, %90 : tensor<1x4x17xf32>, tensor<1x4x17xi64>) {
    ^bb0(%in: f32, %out: f32, %out_61: i64):
      %191 = linalg.index 3 : index
      %192 = arith.index_cast %191 : index to i64
      %193 = arith.maximumf %in, %out : f32
      %194 = arith.cmpf ogt, %in, %out : f32
      %195 = arith.select %194, %192, %out_61 : i64
      linalg.yield %193, %195 : f32, i64
    } -> (tensor<1x4x17xf32>, tensor<1x4x17xi64>)
    %expanded_45 = tensor.expand_shape %93#0 [[0], [1], [2, 3]] output_shape [1, 4, 17, 1] : tensor<1x4x17xf32> into tensor<1x4x17x1xf32>
    %94 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%88, %expanded_45 : tensor<1x4x17x17xf32>, tensor<1x4x17x1xf32>) outs(%87 : tensor<1x4x17x17xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.subf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<1x4x17x17xf32>
    %95 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%94 : tensor<1x4x17x17xf32>) outs(%87 : tensor<1x4x17x17xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = math.exp %in : f32
      linalg.yield %191 : f32
    } -> tensor<1x4x17x17xf32>
    %96 = tensor.empty() : tensor<1x4x17x1xf32>
    %97 = linalg.fill ins(%cst : f32) outs(%96 : tensor<1x4x17x1xf32>) -> tensor<1x4x17x1xf32>
    %98 = linalg.generic {indexing_maps = [#map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%95 : tensor<1x4x17x17xf32>) outs(%97 : tensor<1x4x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.addf %in, %out : f32
      linalg.yield %191 : f32
    } -> tensor<1x4x17x1xf32>
    %99 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%95, %98 : tensor<1x4x17x17xf32>, tensor<1x4x17x1xf32>) outs(%87 : tensor<1x4x17x17xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.divf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<1x4x17x17xf32>
    %100 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%99 : tensor<1x4x17x17xf32>) outs(%85 : tensor<1x4x17x17xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<1x4x17x17xbf16>
    %collapsed_46 = tensor.collapse_shape %100 [[0, 1], [2], [3]] : tensor<1x4x17x17xbf16> into tensor<4x17x17xbf16>
    %collapsed_47 = tensor.collapse_shape %transposed_40 [[0, 1], [2], [3]] : tensor<1x4x17x16xbf16> into tensor<4x17x16xbf16>
    %101 = tensor.empty() : tensor<4x17x16xf32>
    %102 = linalg.fill ins(%cst : f32) outs(%101 : tensor<4x17x16xf32>) -> tensor<4x17x16xf32>
    %103 = linalg.batch_matmul ins(%collapsed_46, %collapsed_47 : tensor<4x17x17xbf16>, tensor<4x17x16xbf16>) outs(%102 : tensor<4x17x16xf32>) -> tensor<4x17x16xf32>
    %104 = tensor.empty() : tensor<4x17x16xbf16>
    %105 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<4x17x16xf32>) outs(%104 : tensor<4x17x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<4x17x16xbf16>
    %expanded_48 = tensor.expand_shape %105 [[0, 1], [2], [3]] output_shape [1, 4, 17, 16] : tensor<4x17x16xbf16> into tensor<1x4x17x16xbf16>
    %106 = tensor.empty() : tensor<1x17x4x16xbf16>
    %transposed_49 = linalg.transpose ins(%expanded_48 : tensor<1x4x17x16xbf16>) outs(%106 : tensor<1x17x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %collapsed_50 = tensor.collapse_shape %transposed_49 [[0, 1], [2, 3]] : tensor<1x17x4x16xbf16> into tensor<17x64xbf16>
    %transposed_51 = linalg.transpose ins(%cst_14 : tensor<64x64xbf16>) outs(%53 : tensor<64x64xbf16>) permutation = [1, 0] 
    %107 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_13 : tensor<64xbf16>) outs(%54 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<64xf32>
    %108 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_50 : tensor<17x64xbf16>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<17x64xf32>
    %109 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_51 : tensor<64x64xbf16>) outs(%58 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<64x64xf32>
    %110 = linalg.matmul ins(%108, %109 : tensor<17x64xf32>, tensor<64x64xf32>) outs(%60 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %111 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%107 : tensor<64xf32>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x64xf32>
    %112 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%110, %111 : tensor<17x64xf32>, tensor<17x64xf32>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.addf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<17x64xf32>
    %113 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%112 : tensor<17x64xf32>) outs(%64 : tensor<17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<17x64xbf16>
    %expanded_52 = tensor.expand_shape %113 [[0, 1], [2]] output_shape [1, 17, 64] : tensor<17x64xbf16> into tensor<1x17x64xbf16>
    %114 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34, %expanded_52 : tensor<1x17x64xbf16>, tensor<1x17x64xbf16>) outs(%8 : tensor<1x17x64xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %191 = arith.addf %in, %in_61 : bf16
      linalg.yield %191 : bf16
    } -> tensor<1x17x64xbf16>
    %115 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114 : tensor<1x17x64xbf16>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<1x17x64xf32>
    %116 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115 : tensor<1x17x64xf32>) outs(%13 : tensor<1x17x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %191 = arith.extf %in : f32 to f64
      linalg.yield %191 : f64
    } -> tensor<1x17x64xf64>
    %117 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%116 : tensor<1x17x64xf64>) outs(%16 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.addf %in, %out : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %118 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%117 : tensor<1x17x1xf64>) outs(%15 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.divf %in, %cst_29 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %119 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%116, %118 : tensor<1x17x64xf64>, tensor<1x17x1xf64>) outs(%13 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %191 = arith.subf %in, %in_61 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x64xf64>
    %120 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%119, %119 : tensor<1x17x64xf64>, tensor<1x17x64xf64>) outs(%13 : tensor<1x17x64xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %191 = arith.mulf %in, %in_61 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x64xf64>
    %121 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%120 : tensor<1x17x64xf64>) outs(%16 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.addf %in, %out : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %122 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%121 : tensor<1x17x1xf64>) outs(%15 : tensor<1x17x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.divf %in, %cst_29 : f64
      linalg.yield %191 : f64
    } -> tensor<1x17x1xf64>
    %123 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%122 : tensor<1x17x1xf64>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %191 = arith.truncf %in : f64 to f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %124 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%115 : tensor<1x17x64xf32>) outs(%25 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.addf %in, %out : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %125 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%124 : tensor<1x17x1xf32>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.divf %in, %cst_30 : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %126 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123 : tensor<1x17x1xf32>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.truncf %cst_25 : f64 to f32
      %192 = arith.addf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x17x1xf32>
    %127 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126 : tensor<1x17x1xf32>) outs(%23 : tensor<1x17x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = math.rsqrt %in : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x1xf32>
    %128 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115, %125 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.subf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x64xf32>
    %129 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%128, %127 : tensor<1x17x64xf32>, tensor<1x17x1xf32>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.mulf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<1x17x64xf32>
    %130 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%129, %cst_12 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: bf16, %out: f32):
      %191 = arith.extf %in_61 : bf16 to f32
      %192 = arith.mulf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x17x64xf32>
    %131 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130, %cst_11 : tensor<1x17x64xf32>, tensor<64xbf16>) outs(%11 : tensor<1x17x64xf32>) {
    ^bb0(%in: f32, %in_61: bf16, %out: f32):
      %191 = arith.extf %in_61 : bf16 to f32
      %192 = arith.addf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x17x64xf32>
    %132 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%131 : tensor<1x17x64xf32>) outs(%8 : tensor<1x17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<1x17x64xbf16>
    %collapsed_53 = tensor.collapse_shape %132 [[0, 1], [2]] : tensor<1x17x64xbf16> into tensor<17x64xbf16>
    %133 = tensor.empty() : tensor<64x128xbf16>
    %transposed_54 = linalg.transpose ins(%cst_10 : tensor<128x64xbf16>) outs(%133 : tensor<64x128xbf16>) permutation = [1, 0] 
    %134 = tensor.empty() : tensor<128xf32>
    %135 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_9 : tensor<128xbf16>) outs(%134 : tensor<128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<128xf32>
    %136 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_53 : tensor<17x64xbf16>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<17x64xf32>
    %137 = tensor.empty() : tensor<64x128xf32>
    %138 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_54 : tensor<64x128xbf16>) outs(%137 : tensor<64x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<64x128xf32>
    %139 = tensor.empty() : tensor<17x128xf32>
    %140 = linalg.fill ins(%cst : f32) outs(%139 : tensor<17x128xf32>) -> tensor<17x128xf32>
    %141 = linalg.matmul ins(%136, %138 : tensor<17x64xf32>, tensor<64x128xf32>) outs(%140 : tensor<17x128xf32>) -> tensor<17x128xf32>
    %142 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%135 : tensor<128xf32>) outs(%139 : tensor<17x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x128xf32>
    %143 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%141, %142 : tensor<17x128xf32>, tensor<17x128xf32>) outs(%139 : tensor<17x128xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.addf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<17x128xf32>
    %144 = tensor.empty() : tensor<17x128xbf16>
    %145 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%143 : tensor<17x128xf32>) outs(%144 : tensor<17x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<17x128xbf16>
    %expanded_55 = tensor.expand_shape %145 [[0, 1], [2]] output_shape [1, 17, 128] : tensor<17x128xbf16> into tensor<1x17x128xbf16>
    %146 = tensor.empty() : tensor<1x17x128xbf16>
    %147 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_55 : tensor<1x17x128xbf16>) outs(%146 : tensor<1x17x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %191 = arith.truncf %cst_8 : f64 to bf16
      %192 = arith.mulf %in, %191 : bf16
      linalg.yield %192 : bf16
    } -> tensor<1x17x128xbf16>
    %148 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%147 : tensor<1x17x128xbf16>) outs(%146 : tensor<1x17x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %191 = arith.negf %in : bf16
      %192 = math.exp %191 : bf16
      %193 = arith.addf %192, %cst_2 : bf16
      %194 = arith.divf %cst_2, %193 : bf16
      linalg.yield %194 : bf16
    } -> tensor<1x17x128xbf16>
    %149 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_55, %148 : tensor<1x17x128xbf16>, tensor<1x17x128xbf16>) outs(%146 : tensor<1x17x128xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %191 = arith.mulf %in, %in_61 : bf16
      linalg.yield %191 : bf16
    } -> tensor<1x17x128xbf16>
    %collapsed_56 = tensor.collapse_shape %149 [[0, 1], [2]] : tensor<1x17x128xbf16> into tensor<17x128xbf16>
    %150 = tensor.empty() : tensor<128x64xbf16>
    %transposed_57 = linalg.transpose ins(%cst_7 : tensor<64x128xbf16>) outs(%150 : tensor<128x64xbf16>) permutation = [1, 0] 
    %151 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_6 : tensor<64xbf16>) outs(%54 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<64xf32>
    %152 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_56 : tensor<17x128xbf16>) outs(%139 : tensor<17x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<17x128xf32>
    %153 = tensor.empty() : tensor<128x64xf32>
    %154 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_57 : tensor<128x64xbf16>) outs(%153 : tensor<128x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<128x64xf32>
    %155 = linalg.matmul ins(%152, %154 : tensor<17x128xf32>, tensor<128x64xf32>) outs(%60 : tensor<17x64xf32>) -> tensor<17x64xf32>
    %156 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%151 : tensor<64xf32>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<17x64xf32>
    %157 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%155, %156 : tensor<17x64xf32>, tensor<17x64xf32>) outs(%56 : tensor<17x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.addf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<17x64xf32>
    %158 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%157 : tensor<17x64xf32>) outs(%64 : tensor<17x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<17x64xbf16>
    %expanded_58 = tensor.expand_shape %158 [[0, 1], [2]] output_shape [1, 17, 64] : tensor<17x64xbf16> into tensor<1x17x64xbf16>
    %159 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114, %expanded_58 : tensor<1x17x64xbf16>, tensor<1x17x64xbf16>) outs(%8 : tensor<1x17x64xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %191 = arith.addf %in, %in_61 : bf16
      linalg.yield %191 : bf16
    } -> tensor<1x17x64xbf16>
    %extracted_slice = tensor.extract_slice %159[0, 0, 0] [1, 1, 64] [1, 1, 1] : tensor<1x17x64xbf16> to tensor<1x1x64xbf16>
    %collapsed_59 = tensor.collapse_shape %extracted_slice [[0, 1], [2]] : tensor<1x1x64xbf16> into tensor<1x64xbf16>
    %160 = tensor.empty() : tensor<1x64xf32>
    %161 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_59 : tensor<1x64xbf16>) outs(%160 : tensor<1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %191 = arith.extf %in : bf16 to f32
      linalg.yield %191 : f32
    } -> tensor<1x64xf32>
    %162 = tensor.empty() : tensor<1x64xf64>
    %163 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%161 : tensor<1x64xf32>) outs(%162 : tensor<1x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %191 = arith.extf %in : f32 to f64
      linalg.yield %191 : f64
    } -> tensor<1x64xf64>
    %164 = tensor.empty() : tensor<1x1xf64>
    %165 = linalg.fill ins(%cst_0 : f64) outs(%164 : tensor<1x1xf64>) -> tensor<1x1xf64>
    %166 = linalg.generic {indexing_maps = [#map9, #map15], iterator_types = ["parallel", "reduction"]} ins(%163 : tensor<1x64xf64>) outs(%165 : tensor<1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.addf %in, %out : f64
      linalg.yield %191 : f64
    } -> tensor<1x1xf64>
    %167 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%166 : tensor<1x1xf64>) outs(%164 : tensor<1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.divf %in, %cst_29 : f64
      linalg.yield %191 : f64
    } -> tensor<1x1xf64>
    %168 = linalg.generic {indexing_maps = [#map9, #map15, #map9], iterator_types = ["parallel", "parallel"]} ins(%163, %167 : tensor<1x64xf64>, tensor<1x1xf64>) outs(%162 : tensor<1x64xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %191 = arith.subf %in, %in_61 : f64
      linalg.yield %191 : f64
    } -> tensor<1x64xf64>
    %169 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%168, %168 : tensor<1x64xf64>, tensor<1x64xf64>) outs(%162 : tensor<1x64xf64>) {
    ^bb0(%in: f64, %in_61: f64, %out: f64):
      %191 = arith.mulf %in, %in_61 : f64
      linalg.yield %191 : f64
    } -> tensor<1x64xf64>
    %170 = linalg.generic {indexing_maps = [#map9, #map15], iterator_types = ["parallel", "reduction"]} ins(%169 : tensor<1x64xf64>) outs(%165 : tensor<1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.addf %in, %out : f64
      linalg.yield %191 : f64
    } -> tensor<1x1xf64>
    %171 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%170 : tensor<1x1xf64>) outs(%164 : tensor<1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %191 = arith.divf %in, %cst_29 : f64
      linalg.yield %191 : f64
    } -> tensor<1x1xf64>
    %172 = tensor.empty() : tensor<1x1xf32>
    %173 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%171 : tensor<1x1xf64>) outs(%172 : tensor<1x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %191 = arith.truncf %in : f64 to f32
      linalg.yield %191 : f32
    } -> tensor<1x1xf32>
    %174 = linalg.fill ins(%cst : f32) outs(%172 : tensor<1x1xf32>) -> tensor<1x1xf32>
    %175 = linalg.generic {indexing_maps = [#map9, #map15], iterator_types = ["parallel", "reduction"]} ins(%161 : tensor<1x64xf32>) outs(%174 : tensor<1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.addf %in, %out : f32
      linalg.yield %191 : f32
    } -> tensor<1x1xf32>
    %176 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%175 : tensor<1x1xf32>) outs(%172 : tensor<1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.divf %in, %cst_30 : f32
      linalg.yield %191 : f32
    } -> tensor<1x1xf32>
    %177 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%173 : tensor<1x1xf32>) outs(%172 : tensor<1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = arith.truncf %cst_25 : f64 to f32
      %192 = arith.addf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x1xf32>
    %178 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%177 : tensor<1x1xf32>) outs(%172 : tensor<1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %191 = math.rsqrt %in : f32
      linalg.yield %191 : f32
    } -> tensor<1x1xf32>
    %179 = linalg.generic {indexing_maps = [#map9, #map15, #map9], iterator_types = ["parallel", "parallel"]} ins(%161, %176 : tensor<1x64xf32>, tensor<1x1xf32>) outs(%160 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.subf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<1x64xf32>
    %180 = linalg.generic {indexing_maps = [#map9, #map15, #map9], iterator_types = ["parallel", "parallel"]} ins(%179, %178 : tensor<1x64xf32>, tensor<1x1xf32>) outs(%160 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %191 = arith.mulf %in, %in_61 : f32
      linalg.yield %191 : f32
    } -> tensor<1x64xf32>
    %181 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%180, %cst_5 : tensor<1x64xf32>, tensor<64xbf16>) outs(%160 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %in_61: bf16, %out: f32):
      %191 = arith.extf %in_61 : bf16 to f32
      %192 = arith.mulf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x64xf32>
    %182 = linalg.generic {indexing_maps = [#map9, #map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%181, %cst_4 : tensor<1x64xf32>, tensor<64xbf16>) outs(%160 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %in_61: bf16, %out: f32):
      %191 = arith.extf %in_61 : bf16 to f32
      %192 = arith.addf %in, %191 : f32
      linalg.yield %192 : f32
    } -> tensor<1x64xf32>
    %183 = tensor.empty() : tensor<1x64xbf16>
    %184 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%182 : tensor<1x64xf32>) outs(%183 : tensor<1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<1x64xbf16>
    %185 = tensor.empty() : tensor<64x32xbf16>
    %transposed_60 = linalg.transpose ins(%cst_3 : tensor<32x64xbf16>) outs(%185 : tensor<64x32xbf16>) permutation = [1, 0] 
    %186 = tensor.empty() : tensor<1x32xf32>
    %187 = linalg.fill ins(%cst : f32) outs(%186 : tensor<1x32xf32>) -> tensor<1x32xf32>
    %188 = linalg.matmul ins(%184, %transposed_60 : tensor<1x64xbf16>, tensor<64x32xbf16>) outs(%187 : tensor<1x32xf32>) -> tensor<1x32xf32>
    %189 = tensor.empty() : tensor<1x32xbf16>
    %190 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%188 : tensor<1x32xf32>) outs(%189 : tensor<1x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %191 = arith.truncf %in : f32 to bf16
      linalg.yield %191 : bf16
    } -> tensor<1x32xbf16>
    return %190 : tensor<1x32xbf16>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_1_128_torch.int64: "0x0800000000000000000000000100000000000000020000000000000003000000000000000400000000000000050000000000000006000000000000000700000000000000080000000000000009000000000000000A000000000000000B000000000000000C000000000000000D000000000000000E000000000000000F0000000000000010000000000000001100000000000000120000000000000013000000000000001400000000000000150000000000000016000000000000001700000000000000180000000000000019000000000000001A000000000000001B000000000000001C000000000000001D000000000000001E000000000000001F0000000000000020000000000000002100000000000000220000000000000023000000000000002400000000000000250000000000000026000000000000002700000000000000280000000000000029000000000000002A000000000000002B000000000000002C000000000000002D000000000000002E000000000000002F0000000000000030000000000000003100000000000000320000000000000033000000000000003400000000000000350000000000000036000000000000003700000000000000380000000000000039000000000000003A000000000000003B000000000000003C000000000000003D000000000000003E000000000000003F0000000000000040000000000000004100000000000000420000000000000043000000000000004400000000000000450000000000000046000000000000004700000000000000480000000000000049000000000000004A000000000000004B000000000000004C000000000000004D000000000000004E000000000000004F0000000000000050000000000000005100000000000000520000000000000053000000000000005400000000000000550000000000000056000000000000005700000000000000580000000000000059000000000000005A000000000000005B000000000000005C000000000000005D000000000000005E000000000000005F0000000000000060000000000000006100000000000000620000000000000063000000000000006400000000000000650000000000000066000000000000006700000000000000680000000000000069000000000000006A000000000000006B000000000000006C000000000000006D000000000000006E000000000000006F0000000000000070000000000000007100000000000000720000000000000073000000000000007400000000000000750000000000000076000000000000007700000000000000780000000000000079000000000000007A000000000000007B000000000000007C000000000000007D000000000000007E000000000000007F00000000000000",
      torch_tensor_1_17_torch.int64: "0x0800000000000000000000000100000000000000020000000000000003000000000000000400000000000000050000000000000006000000000000000700000000000000080000000000000009000000000000000A000000000000000B000000000000000C000000000000000D000000000000000E000000000000000F000000000000001000000000000000"
    }
  }
#-}
