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
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_4 = arith.constant dense_resource<lm_head.bias> : tensor<320xbf16>
    %cst_5 = arith.constant dense_resource<lm_head.weight> : tensor<320x64xbf16>
    %cst_6 = arith.constant dense_resource<model.final_layernorm.bias> : tensor<64xbf16>
    %cst_7 = arith.constant dense_resource<model.final_layernorm.weight> : tensor<64xbf16>
    %cst_8 = arith.constant dense_resource<model.layers.0.mlp.fc2.bias> : tensor<64xbf16>
    %cst_9 = arith.constant dense_resource<model.layers.0.mlp.fc2.weight> : tensor<64x128xbf16>
    %cst_10 = arith.constant 0.79788456080286541 : f64
    %cst_11 = arith.constant 4.471500e-02 : f64
    %cst_12 = arith.constant dense_resource<model.layers.0.mlp.fc1.bias> : tensor<128xbf16>
    %cst_13 = arith.constant dense_resource<model.layers.0.mlp.fc1.weight> : tensor<128x64xbf16>
    %cst_14 = arith.constant dense_resource<model.layers.0.self_attn.dense.bias> : tensor<64xbf16>
    %cst_15 = arith.constant dense_resource<model.layers.0.self_attn.dense.weight> : tensor<64x64xbf16>
    %cst_16 = arith.constant dense_resource<model.layers.0.self_attn.v_proj.bias> : tensor<64xbf16>
    %cst_17 = arith.constant dense_resource<model.layers.0.self_attn.v_proj.weight> : tensor<64x64xbf16>
    %cst_18 = arith.constant dense_resource<model.layers.0.self_attn.k_proj.bias> : tensor<64xbf16>
    %cst_19 = arith.constant dense_resource<model.layers.0.self_attn.k_proj.weight> : tensor<64x64xbf16>
    %cst_20 = arith.constant dense_resource<model.layers.0.self_attn.q_proj.bias> : tensor<64xbf16>
    %cst_21 = arith.constant dense_resource<model.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_22 = arith.constant dense_resource<model.layers.0.input_layernorm.bias> : tensor<64xbf16>
    %cst_23 = arith.constant dense_resource<model.layers.0.input_layernorm.weight> : tensor<64xbf16>
    %cst_24 = arith.constant 1.000000e-05 : f64
    %cst_25 = arith.constant dense_resource<torch_tensor_4_torch.float32> : tensor<4xf32>
    %cst_26 = arith.constant dense_resource<model.embed_tokens.weight> : tensor<320x64xbf16>
    %cst_27 = arith.constant 6.400000e+01 : f64
    %cst_28 = arith.constant 6.400000e+01 : f32
    %cst_29 = arith.constant 2.500000e-01 : bf16
    %cst_30 = arith.constant 5.000000e-01 : bf16
    %cst_31 = arith.constant 1.000000e+00 : bf16
    %0 = tensor.empty() : tensor<1x5x64xbf16>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x5xi64>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %176 = arith.index_cast %in : i64 to index
      %177 = linalg.index 2 : index
      %178 = arith.cmpi slt, %176, %c320 : index
      cf.assert %178, "index must be smaller than dim size"
      %179 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %179, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_26[%176, %177] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x5x64xbf16>
    %2 = tensor.empty() : tensor<5xi64>
    %3 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%2 : tensor<5xi64>) {
    ^bb0(%out: i64):
      %176 = linalg.index 0 : index
      %177 = arith.index_cast %176 : index to i64
      linalg.yield %177 : i64
    } -> tensor<5xi64>
    %expanded = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 5, 1] : tensor<5xi64> into tensor<1x1x5x1xi64>
    %expanded_32 = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 1, 5] : tensor<5xi64> into tensor<1x1x1x5xi64>
    %4 = tensor.empty() : tensor<1x1x5x5xi1>
    %5 = linalg.generic {indexing_maps = [#map3, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_32, %expanded : tensor<1x1x1x5xi64>, tensor<1x1x5x1xi64>) outs(%4 : tensor<1x1x5x5xi1>) {
    ^bb0(%in: i64, %in_75: i64, %out: i1):
      %176 = arith.cmpi sle, %in, %in_75 : i64
      linalg.yield %176 : i1
    } -> tensor<1x1x5x5xi1>
    %6 = tensor.empty() : tensor<1x1x5x5xbf16>
    %7 = linalg.generic {indexing_maps = [#map5, #map6, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%5, %cst_3, %cst_2 : tensor<1x1x5x5xi1>, tensor<bf16>, tensor<bf16>) outs(%6 : tensor<1x1x5x5xbf16>) {
    ^bb0(%in: i1, %in_75: bf16, %in_76: bf16, %out: bf16):
      %176 = arith.select %in, %in_75, %in_76 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x1x5x5xbf16>
    %expanded_33 = tensor.expand_shape %3 [[0, 1, 2]] output_shape [1, 5, 1] : tensor<5xi64> into tensor<1x5x1xi64>
    %8 = tensor.empty() : tensor<1x5x1xf32>
    %9 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_33 : tensor<1x5x1xi64>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: i64, %out: f32):
      %176 = arith.sitofp %in : i64 to f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %10 = tensor.empty() : tensor<1x5x4xf32>
    %11 = linalg.generic {indexing_maps = [#map7, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9, %cst_25 : tensor<1x5x1xf32>, tensor<4xf32>) outs(%10 : tensor<1x5x4xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.mulf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x4xf32>
    %concat = tensor.concat dim(2) %11, %11 : (tensor<1x5x4xf32>, tensor<1x5x4xf32>) -> tensor<1x5x8xf32>
    %12 = tensor.empty() : tensor<1x5x8xf32>
    %13 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x5x8xf32>) outs(%12 : tensor<1x5x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = math.cos %in : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x8xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x5x8xf32>) outs(%12 : tensor<1x5x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = math.sin %in : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x8xf32>
    %15 = tensor.empty() : tensor<1x5x8xbf16>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13 : tensor<1x5x8xf32>) outs(%15 : tensor<1x5x8xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x8xbf16>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<1x5x8xf32>) outs(%15 : tensor<1x5x8xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x8xbf16>
    %18 = tensor.empty() : tensor<1x5x64xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<1x5x64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %20 = tensor.empty() : tensor<1x5x64xf64>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19 : tensor<1x5x64xf32>) outs(%20 : tensor<1x5x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %176 = arith.extf %in : f32 to f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %22 = tensor.empty() : tensor<1x5x1xf64>
    %23 = linalg.fill ins(%cst : f64) outs(%22 : tensor<1x5x1xf64>) -> tensor<1x5x1xf64>
    %24 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%21 : tensor<1x5x64xf64>) outs(%23 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.addf %in, %out : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<1x5x1xf64>) outs(%22 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.divf %in, %cst_27 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %26 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21, %25 : tensor<1x5x64xf64>, tensor<1x5x1xf64>) outs(%20 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_75: f64, %out: f64):
      %176 = arith.subf %in, %in_75 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %27 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26, %26 : tensor<1x5x64xf64>, tensor<1x5x64xf64>) outs(%20 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_75: f64, %out: f64):
      %176 = arith.mulf %in, %in_75 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %28 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%27 : tensor<1x5x64xf64>) outs(%23 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.addf %in, %out : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %29 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%28 : tensor<1x5x1xf64>) outs(%22 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.divf %in, %cst_27 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %30 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29 : tensor<1x5x1xf64>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %176 = arith.truncf %in : f64 to f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %31 = linalg.fill ins(%cst_0 : f32) outs(%8 : tensor<1x5x1xf32>) -> tensor<1x5x1xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%19 : tensor<1x5x64xf32>) outs(%31 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.addf %in, %out : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %33 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.divf %in, %cst_28 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %34 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.truncf %cst_24 : f64 to f32
      %177 = arith.addf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x1xf32>
    %35 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = math.rsqrt %in : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %36 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19, %33 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.subf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %37 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%36, %35 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.mulf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %38 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%37, %cst_23 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_75: bf16, %out: f32):
      %176 = arith.extf %in_75 : bf16 to f32
      %177 = arith.mulf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x64xf32>
    %39 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%38, %cst_22 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_75: bf16, %out: f32):
      %176 = arith.extf %in_75 : bf16 to f32
      %177 = arith.addf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x64xf32>
    %40 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%39 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x64xbf16>
    %collapsed = tensor.collapse_shape %40 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %41 = tensor.empty() : tensor<64x64xbf16>
    %transposed = linalg.transpose ins(%cst_21 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xbf16>) permutation = [1, 0] 
    %42 = tensor.empty() : tensor<64xf32>
    %43 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_20 : tensor<64xbf16>) outs(%42 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64xf32>
    %44 = tensor.empty() : tensor<5x64xf32>
    %45 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<5x64xbf16>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %46 = tensor.empty() : tensor<64x64xf32>
    %47 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed : tensor<64x64xbf16>) outs(%46 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64x64xf32>
    %48 = linalg.fill ins(%cst_0 : f32) outs(%44 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %49 = linalg.matmul ins(%45, %47 : tensor<5x64xf32>, tensor<64x64xf32>) outs(%48 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %50 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%43 : tensor<64xf32>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %51 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%49, %50 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.addf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %52 = tensor.empty() : tensor<5x64xbf16>
    %53 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%51 : tensor<5x64xf32>) outs(%52 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x64xbf16>
    %expanded_34 = tensor.expand_shape %53 [[0, 1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<5x64xbf16> into tensor<1x5x4x16xbf16>
    %54 = tensor.empty() : tensor<1x4x5x16xbf16>
    %transposed_35 = linalg.transpose ins(%expanded_34 : tensor<1x5x4x16xbf16>) outs(%54 : tensor<1x4x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_36 = linalg.transpose ins(%cst_19 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xbf16>) permutation = [1, 0] 
    %55 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_18 : tensor<64xbf16>) outs(%42 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64xf32>
    %56 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_36 : tensor<64x64xbf16>) outs(%46 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64x64xf32>
    %57 = linalg.matmul ins(%45, %56 : tensor<5x64xf32>, tensor<64x64xf32>) outs(%48 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %58 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%55 : tensor<64xf32>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %59 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%57, %58 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.addf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %60 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%59 : tensor<5x64xf32>) outs(%52 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x64xbf16>
    %expanded_37 = tensor.expand_shape %60 [[0, 1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<5x64xbf16> into tensor<1x5x4x16xbf16>
    %transposed_38 = linalg.transpose ins(%expanded_37 : tensor<1x5x4x16xbf16>) outs(%54 : tensor<1x4x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_39 = linalg.transpose ins(%cst_17 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xbf16>) permutation = [1, 0] 
    %61 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_16 : tensor<64xbf16>) outs(%42 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64xf32>
    %62 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_39 : tensor<64x64xbf16>) outs(%46 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64x64xf32>
    %63 = linalg.matmul ins(%45, %62 : tensor<5x64xf32>, tensor<64x64xf32>) outs(%48 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %64 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%61 : tensor<64xf32>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %65 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%63, %64 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.addf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %66 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%65 : tensor<5x64xf32>) outs(%52 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x64xbf16>
    %expanded_40 = tensor.expand_shape %66 [[0, 1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<5x64xbf16> into tensor<1x5x4x16xbf16>
    %transposed_41 = linalg.transpose ins(%expanded_40 : tensor<1x5x4x16xbf16>) outs(%54 : tensor<1x4x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %extracted_slice = tensor.extract_slice %transposed_35[0, 0, 0, 0] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %extracted_slice_42 = tensor.extract_slice %transposed_35[0, 0, 0, 8] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %extracted_slice_43 = tensor.extract_slice %transposed_38[0, 0, 0, 0] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %extracted_slice_44 = tensor.extract_slice %transposed_38[0, 0, 0, 8] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %expanded_45 = tensor.expand_shape %16 [[0], [1, 2], [3]] output_shape [1, 1, 5, 8] : tensor<1x5x8xbf16> into tensor<1x1x5x8xbf16>
    %expanded_46 = tensor.expand_shape %17 [[0], [1, 2], [3]] output_shape [1, 1, 5, 8] : tensor<1x5x8xbf16> into tensor<1x1x5x8xbf16>
    %67 = tensor.empty() : tensor<1x4x5x8xbf16>
    %68 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice, %expanded_45 : tensor<1x4x5x8xbf16>, tensor<1x1x5x8xbf16>) outs(%67 : tensor<1x4x5x8xbf16>) {
    ^bb0(%in: bf16, %in_75: bf16, %out: bf16):
      %176 = arith.mulf %in, %in_75 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x8xbf16>
    %extracted_slice_47 = tensor.extract_slice %extracted_slice[0, 0, 0, 0] [1, 4, 5, 4] [1, 1, 1, 1] : tensor<1x4x5x8xbf16> to tensor<1x4x5x4xbf16>
    %extracted_slice_48 = tensor.extract_slice %extracted_slice[0, 0, 0, 4] [1, 4, 5, 4] [1, 1, 1, 1] : tensor<1x4x5x8xbf16> to tensor<1x4x5x4xbf16>
    %69 = tensor.empty() : tensor<1x4x5x4xbf16>
    %70 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_48 : tensor<1x4x5x4xbf16>) outs(%69 : tensor<1x4x5x4xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = arith.negf %in : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x4xbf16>
    %concat_49 = tensor.concat dim(3) %70, %extracted_slice_47 : (tensor<1x4x5x4xbf16>, tensor<1x4x5x4xbf16>) -> tensor<1x4x5x8xbf16>
    %71 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_49, %expanded_46 : tensor<1x4x5x8xbf16>, tensor<1x1x5x8xbf16>) outs(%67 : tensor<1x4x5x8xbf16>) {
    ^bb0(%in: bf16, %in_75: bf16, %out: bf16):
      %176 = arith.mulf %in, %in_75 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x8xbf16>
    %72 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%68, %71 : tensor<1x4x5x8xbf16>, tensor<1x4x5x8xbf16>) outs(%67 : tensor<1x4x5x8xbf16>) {
    ^bb0(%in: bf16, %in_75: bf16, %out: bf16):
      %176 = arith.addf %in, %in_75 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x8xbf16>
    %73 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_43, %expanded_45 : tensor<1x4x5x8xbf16>, tensor<1x1x5x8xbf16>) outs(%67 : tensor<1x4x5x8xbf16>) {
    ^bb0(%in: bf16, %in_75: bf16, %out: bf16):
      %176 = arith.mulf %in, %in_75 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x8xbf16>
    %extracted_slice_50 = tensor.extract_slice %extracted_slice_43[0, 0, 0, 0] [1, 4, 5, 4] [1, 1, 1, 1] : tensor<1x4x5x8xbf16> to tensor<1x4x5x4xbf16>
    %extracted_slice_51 = tensor.extract_slice %extracted_slice_43[0, 0, 0, 4] [1, 4, 5, 4] [1, 1, 1, 1] : tensor<1x4x5x8xbf16> to tensor<1x4x5x4xbf16>
    %74 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_51 : tensor<1x4x5x4xbf16>) outs(%69 : tensor<1x4x5x4xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = arith.negf %in : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x4xbf16>
    %concat_52 = tensor.concat dim(3) %74, %extracted_slice_50 : (tensor<1x4x5x4xbf16>, tensor<1x4x5x4xbf16>) -> tensor<1x4x5x8xbf16>
    %75 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_52, %expanded_46 : tensor<1x4x5x8xbf16>, tensor<1x1x5x8xbf16>) outs(%67 : tensor<1x4x5x8xbf16>) {
    ^bb0(%in: bf16, %in_75: bf16, %out: bf16):
      %176 = arith.mulf %in, %in_75 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x8xbf16>
    %76 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%73, %75 : tensor<1x4x5x8xbf16>, tensor<1x4x5x8xbf16>) outs(%67 : tensor<1x4x5x8xbf16>) {
    ^bb0(%in: bf16, %in_75: bf16, %out: bf16):
      %176 = arith.addf %in, %in_75 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x8xbf16>
    %concat_53 = tensor.concat dim(3) %72, %extracted_slice_42 : (tensor<1x4x5x8xbf16>, tensor<1x4x5x8xbf16>) -> tensor<1x4x5x16xbf16>
    %concat_54 = tensor.concat dim(3) %76, %extracted_slice_44 : (tensor<1x4x5x8xbf16>, tensor<1x4x5x8xbf16>) -> tensor<1x4x5x16xbf16>
    %77 = tensor.empty() : tensor<1x4x16x5xbf16>
    %transposed_55 = linalg.transpose ins(%concat_54 : tensor<1x4x5x16xbf16>) outs(%77 : tensor<1x4x16x5xbf16>) permutation = [0, 1, 3, 2] 
    %collapsed_56 = tensor.collapse_shape %concat_53 [[0, 1], [2], [3]] : tensor<1x4x5x16xbf16> into tensor<4x5x16xbf16>
    %collapsed_57 = tensor.collapse_shape %transposed_55 [[0, 1], [2], [3]] : tensor<1x4x16x5xbf16> into tensor<4x16x5xbf16>
    %78 = tensor.empty() : tensor<4x5x5xf32>
    %79 = linalg.fill ins(%cst_0 : f32) outs(%78 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %80 = linalg.batch_matmul ins(%collapsed_56, %collapsed_57 : tensor<4x5x16xbf16>, tensor<4x16x5xbf16>) outs(%79 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %81 = tensor.empty() : tensor<4x5x5xbf16>
    %82 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%80 : tensor<4x5x5xf32>) outs(%81 : tensor<4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<4x5x5xbf16>
    %expanded_58 = tensor.expand_shape %82 [[0, 1], [2], [3]] output_shape [1, 4, 5, 5] : tensor<4x5x5xbf16> into tensor<1x4x5x5xbf16>
    %83 = tensor.empty() : tensor<1x4x5x5xbf16>
    %84 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_58 : tensor<1x4x5x5xbf16>) outs(%83 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = arith.mulf %in, %cst_29 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x5xbf16>
    %85 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%84, %7 : tensor<1x4x5x5xbf16>, tensor<1x1x5x5xbf16>) outs(%83 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %in_75: bf16, %out: bf16):
      %176 = arith.addf %in, %in_75 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x5xbf16>
    %86 = tensor.empty() : tensor<1x4x5x5xf32>
    %87 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%85 : tensor<1x4x5x5xbf16>) outs(%86 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<1x4x5x5xf32>
    %88 = tensor.empty() : tensor<1x4x5xi64>
    %89 = linalg.fill ins(%c0_i64 : i64) outs(%88 : tensor<1x4x5xi64>) -> tensor<1x4x5xi64>
    %90 = tensor.empty() : tensor<1x4x5xf32>
    %91 = linalg.fill ins(%cst_1 : f32) outs(%90 : tensor<1x4x5xf32>) -> tensor<1x4x5xf32>
    %92:2 = linalg.generic {indexing_maps = [#map5, #map12, #map12], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%87 : tensor<1x4x5x5xf32>) outs(%91, %89 : tensor<1x4x5xf32>, tensor<1x4x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_75: i64):
      %176 = linalg.index 3 : index
      %177 = arith.index_cast %176 : index to i64
      %178 = arith.maximumf %in, %out : f32
      %179 = arith.cmpf ogt, %in, %out : f32
      %180 = arith.select %179, %177, %out_75 : i64
      linalg.yield %178, %180 : f32, i64
    } -> (tensor<1x4x5xf32>, tensor<1x4x5xi64>)
    %expanded_59 = tensor.expand_shape %92#0 [[0], [1], [2, 3]] output_shape [1, 4, 5, 1] : tensor<1x4x5xf32> into tensor<1x4x5x1xf32>
    %93 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%87, %expanded_59 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%86 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.subf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<1x4x5x5xf32>
    %94 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%93 : tensor<1x4x5x5xf32>) outs(%86 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = math.exp %in : f32
      linalg.yield %176 : f32
    } -> tensor<1x4x5x5xf32>
    %95 = tensor.empty() : tensor<1x4x5x1xf32>
    %96 = linalg.fill ins(%cst_0 : f32) outs(%95 : tensor<1x4x5x1xf32>) -> tensor<1x4x5x1xf32>
    %97 = linalg.generic {indexing_maps = [#map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%94 : tensor<1x4x5x5xf32>) outs(%96 : tensor<1x4x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.addf %in, %out : f32
      linalg.yield %176 : f32
    } -> tensor<1x4x5x1xf32>
    %98 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%94, %97 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%86 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.divf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<1x4x5x5xf32>
    %99 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%98 : tensor<1x4x5x5xf32>) outs(%83 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<1x4x5x5xbf16>
    %collapsed_60 = tensor.collapse_shape %99 [[0, 1], [2], [3]] : tensor<1x4x5x5xbf16> into tensor<4x5x5xbf16>
    %collapsed_61 = tensor.collapse_shape %transposed_41 [[0, 1], [2], [3]] : tensor<1x4x5x16xbf16> into tensor<4x5x16xbf16>
    %100 = tensor.empty() : tensor<4x5x16xf32>
    %101 = linalg.fill ins(%cst_0 : f32) outs(%100 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %102 = linalg.batch_matmul ins(%collapsed_60, %collapsed_61 : tensor<4x5x5xbf16>, tensor<4x5x16xbf16>) outs(%101 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %103 = tensor.empty() : tensor<4x5x16xbf16>
    %104 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102 : tensor<4x5x16xf32>) outs(%103 : tensor<4x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<4x5x16xbf16>
    %expanded_62 = tensor.expand_shape %104 [[0, 1], [2], [3]] output_shape [1, 4, 5, 16] : tensor<4x5x16xbf16> into tensor<1x4x5x16xbf16>
    %105 = tensor.empty() : tensor<1x5x4x16xbf16>
    %transposed_63 = linalg.transpose ins(%expanded_62 : tensor<1x4x5x16xbf16>) outs(%105 : tensor<1x5x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %collapsed_64 = tensor.collapse_shape %transposed_63 [[0, 1], [2, 3]] : tensor<1x5x4x16xbf16> into tensor<5x64xbf16>
    %transposed_65 = linalg.transpose ins(%cst_15 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xbf16>) permutation = [1, 0] 
    %106 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_14 : tensor<64xbf16>) outs(%42 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64xf32>
    %107 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_64 : tensor<5x64xbf16>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %108 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_65 : tensor<64x64xbf16>) outs(%46 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64x64xf32>
    %109 = linalg.matmul ins(%107, %108 : tensor<5x64xf32>, tensor<64x64xf32>) outs(%48 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %110 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%106 : tensor<64xf32>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %111 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%109, %110 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.addf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %112 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%111 : tensor<5x64xf32>) outs(%52 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x64xbf16>
    %expanded_66 = tensor.expand_shape %112 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %113 = tensor.empty() : tensor<64x128xbf16>
    %transposed_67 = linalg.transpose ins(%cst_13 : tensor<128x64xbf16>) outs(%113 : tensor<64x128xbf16>) permutation = [1, 0] 
    %114 = tensor.empty() : tensor<128xf32>
    %115 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_12 : tensor<128xbf16>) outs(%114 : tensor<128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<128xf32>
    %116 = tensor.empty() : tensor<64x128xf32>
    %117 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_67 : tensor<64x128xbf16>) outs(%116 : tensor<64x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64x128xf32>
    %118 = tensor.empty() : tensor<5x128xf32>
    %119 = linalg.fill ins(%cst_0 : f32) outs(%118 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %120 = linalg.matmul ins(%45, %117 : tensor<5x64xf32>, tensor<64x128xf32>) outs(%119 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %121 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%115 : tensor<128xf32>) outs(%118 : tensor<5x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x128xf32>
    %122 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%120, %121 : tensor<5x128xf32>, tensor<5x128xf32>) outs(%118 : tensor<5x128xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.addf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<5x128xf32>
    %123 = tensor.empty() : tensor<5x128xbf16>
    %124 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%122 : tensor<5x128xf32>) outs(%123 : tensor<5x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x128xbf16>
    %expanded_68 = tensor.expand_shape %124 [[0, 1], [2]] output_shape [1, 5, 128] : tensor<5x128xbf16> into tensor<1x5x128xbf16>
    %125 = tensor.empty() : tensor<1x5x128xbf16>
    %126 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_68 : tensor<1x5x128xbf16>) outs(%125 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = arith.mulf %in, %cst_30 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x128xbf16>
    %127 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_68 : tensor<1x5x128xbf16>) outs(%125 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = math.fpowi %in, %c3_i64 : bf16, i64
      linalg.yield %176 : bf16
    } -> tensor<1x5x128xbf16>
    %128 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%127 : tensor<1x5x128xbf16>) outs(%125 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = arith.truncf %cst_11 : f64 to bf16
      %177 = arith.mulf %in, %176 : bf16
      linalg.yield %177 : bf16
    } -> tensor<1x5x128xbf16>
    %129 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_68, %128 : tensor<1x5x128xbf16>, tensor<1x5x128xbf16>) outs(%125 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %in_75: bf16, %out: bf16):
      %176 = arith.addf %in, %in_75 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x128xbf16>
    %130 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%129 : tensor<1x5x128xbf16>) outs(%125 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = arith.truncf %cst_10 : f64 to bf16
      %177 = arith.mulf %in, %176 : bf16
      linalg.yield %177 : bf16
    } -> tensor<1x5x128xbf16>
    %131 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130 : tensor<1x5x128xbf16>) outs(%125 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = math.tanh %in : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x128xbf16>
    %132 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%131 : tensor<1x5x128xbf16>) outs(%125 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %176 = arith.addf %in, %cst_31 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x128xbf16>
    %133 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126, %132 : tensor<1x5x128xbf16>, tensor<1x5x128xbf16>) outs(%125 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %in_75: bf16, %out: bf16):
      %176 = arith.mulf %in, %in_75 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x128xbf16>
    %collapsed_69 = tensor.collapse_shape %133 [[0, 1], [2]] : tensor<1x5x128xbf16> into tensor<5x128xbf16>
    %134 = tensor.empty() : tensor<128x64xbf16>
    %transposed_70 = linalg.transpose ins(%cst_9 : tensor<64x128xbf16>) outs(%134 : tensor<128x64xbf16>) permutation = [1, 0] 
    %135 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_8 : tensor<64xbf16>) outs(%42 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64xf32>
    %136 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_69 : tensor<5x128xbf16>) outs(%118 : tensor<5x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<5x128xf32>
    %137 = tensor.empty() : tensor<128x64xf32>
    %138 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_70 : tensor<128x64xbf16>) outs(%137 : tensor<128x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<128x64xf32>
    %139 = linalg.matmul ins(%136, %138 : tensor<5x128xf32>, tensor<128x64xf32>) outs(%48 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %140 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%135 : tensor<64xf32>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %141 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%139, %140 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.addf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %142 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%141 : tensor<5x64xf32>) outs(%52 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x64xbf16>
    %expanded_71 = tensor.expand_shape %142 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %143 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_66, %expanded_71 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_75: bf16, %out: bf16):
      %176 = arith.addf %in, %in_75 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x64xbf16>
    %144 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%143, %1 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_75: bf16, %out: bf16):
      %176 = arith.addf %in, %in_75 : bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x64xbf16>
    %145 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%144 : tensor<1x5x64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %146 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%145 : tensor<1x5x64xf32>) outs(%20 : tensor<1x5x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %176 = arith.extf %in : f32 to f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %147 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%146 : tensor<1x5x64xf64>) outs(%23 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.addf %in, %out : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %148 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%147 : tensor<1x5x1xf64>) outs(%22 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.divf %in, %cst_27 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %149 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%146, %148 : tensor<1x5x64xf64>, tensor<1x5x1xf64>) outs(%20 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_75: f64, %out: f64):
      %176 = arith.subf %in, %in_75 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %150 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%149, %149 : tensor<1x5x64xf64>, tensor<1x5x64xf64>) outs(%20 : tensor<1x5x64xf64>) {
    ^bb0(%in: f64, %in_75: f64, %out: f64):
      %176 = arith.mulf %in, %in_75 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x64xf64>
    %151 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%150 : tensor<1x5x64xf64>) outs(%23 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.addf %in, %out : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %152 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%151 : tensor<1x5x1xf64>) outs(%22 : tensor<1x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %176 = arith.divf %in, %cst_27 : f64
      linalg.yield %176 : f64
    } -> tensor<1x5x1xf64>
    %153 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%152 : tensor<1x5x1xf64>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %176 = arith.truncf %in : f64 to f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %154 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%145 : tensor<1x5x64xf32>) outs(%31 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.addf %in, %out : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %155 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%154 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.divf %in, %cst_28 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %156 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%153 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = arith.truncf %cst_24 : f64 to f32
      %177 = arith.addf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x1xf32>
    %157 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%156 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %176 = math.rsqrt %in : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x1xf32>
    %158 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%145, %155 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.subf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %159 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%158, %157 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.mulf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<1x5x64xf32>
    %160 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%159, %cst_7 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_75: bf16, %out: f32):
      %176 = arith.extf %in_75 : bf16 to f32
      %177 = arith.mulf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x64xf32>
    %161 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%160, %cst_6 : tensor<1x5x64xf32>, tensor<64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_75: bf16, %out: f32):
      %176 = arith.extf %in_75 : bf16 to f32
      %177 = arith.addf %in, %176 : f32
      linalg.yield %177 : f32
    } -> tensor<1x5x64xf32>
    %162 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%161 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<1x5x64xbf16>
    %collapsed_72 = tensor.collapse_shape %162 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %163 = tensor.empty() : tensor<64x320xbf16>
    %transposed_73 = linalg.transpose ins(%cst_5 : tensor<320x64xbf16>) outs(%163 : tensor<64x320xbf16>) permutation = [1, 0] 
    %164 = tensor.empty() : tensor<320xf32>
    %165 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_4 : tensor<320xbf16>) outs(%164 : tensor<320xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<320xf32>
    %166 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_72 : tensor<5x64xbf16>) outs(%44 : tensor<5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<5x64xf32>
    %167 = tensor.empty() : tensor<64x320xf32>
    %168 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_73 : tensor<64x320xbf16>) outs(%167 : tensor<64x320xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %176 = arith.extf %in : bf16 to f32
      linalg.yield %176 : f32
    } -> tensor<64x320xf32>
    %169 = tensor.empty() : tensor<5x320xf32>
    %170 = linalg.fill ins(%cst_0 : f32) outs(%169 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %171 = linalg.matmul ins(%166, %168 : tensor<5x64xf32>, tensor<64x320xf32>) outs(%170 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %172 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%165 : tensor<320xf32>) outs(%169 : tensor<5x320xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x320xf32>
    %173 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%171, %172 : tensor<5x320xf32>, tensor<5x320xf32>) outs(%169 : tensor<5x320xf32>) {
    ^bb0(%in: f32, %in_75: f32, %out: f32):
      %176 = arith.addf %in, %in_75 : f32
      linalg.yield %176 : f32
    } -> tensor<5x320xf32>
    %174 = tensor.empty() : tensor<5x320xbf16>
    %175 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%173 : tensor<5x320xf32>) outs(%174 : tensor<5x320xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %176 = arith.truncf %in : f32 to bf16
      linalg.yield %176 : bf16
    } -> tensor<5x320xbf16>
    %expanded_74 = tensor.expand_shape %175 [[0, 1], [2]] output_shape [1, 5, 320] : tensor<5x320xbf16> into tensor<1x5x320xbf16>
    return %expanded_74 : tensor<1x5x320xbf16>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_torch.float32: "0x040000000000803FCDCCCC3D0AD7233C6F12833A"
    }
  }
#-}
