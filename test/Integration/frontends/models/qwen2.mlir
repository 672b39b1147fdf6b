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
#map12 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map13 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<1x5xi64>) -> tensor<1x5x320xbf16> {
    %c2_i64 = arith.constant 2 : i64
    %c0_i64 = arith.constant 0 : i64
    %c320 = arith.constant 320 : index
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_4 = arith.constant dense_resource<lm_head.weight> : tensor<320x64xbf16>
    %cst_5 = arith.constant dense_resource<model.norm.weight> : tensor<64xbf16>
    %cst_6 = arith.constant dense_resource<model.layers.0.mlp.down_proj.weight> : tensor<64x128xbf16>
    %cst_7 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<128x64xbf16>
    %cst_8 = arith.constant dense_resource<model.layers.0.mlp.gate_proj.weight> : tensor<128x64xbf16>
    %cst_9 = arith.constant dense_resource<model.layers.0.post_attention_layernorm.weight> : tensor<64xbf16>
    %cst_10 = arith.constant dense_resource<model.layers.0.self_attn.o_proj.weight> : tensor<64x64xbf16>
    %cst_11 = arith.constant dense_resource<model.layers.0.self_attn.v_proj.bias> : tensor<32xbf16>
    %cst_12 = arith.constant dense_resource<model.layers.0.self_attn.v_proj.weight> : tensor<32x64xbf16>
    %cst_13 = arith.constant dense_resource<model.layers.0.self_attn.k_proj.bias> : tensor<32xbf16>
    %cst_14 = arith.constant dense_resource<model.layers.0.self_attn.k_proj.weight> : tensor<32x64xbf16>
    %cst_15 = arith.constant dense_resource<model.layers.0.self_attn.q_proj.bias> : tensor<64xbf16>
    %cst_16 = arith.constant dense_resource<model.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_17 = arith.constant dense_resource<model.layers.0.input_layernorm.weight> : tensor<64xbf16>
    %cst_18 = arith.constant 9.9999999999999995E-7 : f64
    %cst_19 = arith.constant dense_resource<torch_tensor_8_torch.float32> : tensor<8xf32>
    %cst_20 = arith.constant dense_resource<model.embed_tokens.weight> : tensor<320x64xbf16>
    %cst_21 = arith.constant 6.400000e+01 : f32
    %cst_22 = arith.constant 2.500000e-01 : bf16
    %0 = tensor.empty() : tensor<1x5x64xbf16>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x5xi64>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %150 = arith.index_cast %in : i64 to index
      %151 = linalg.index 2 : index
      %152 = arith.cmpi slt, %150, %c320 : index
      cf.assert %152, "index must be smaller than dim size"
      %153 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %153, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_20[%150, %151] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x5x64xbf16>
    %2 = tensor.empty() : tensor<5xi64>
    %3 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%2 : tensor<5xi64>) {
    ^bb0(%out: i64):
      %150 = linalg.index 0 : index
      %151 = arith.index_cast %150 : index to i64
      linalg.yield %151 : i64
    } -> tensor<5xi64>
    %expanded = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 5, 1] : tensor<5xi64> into tensor<1x1x5x1xi64>
    %expanded_23 = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 1, 5] : tensor<5xi64> into tensor<1x1x1x5xi64>
    %4 = tensor.empty() : tensor<1x1x5x5xi1>
    %5 = linalg.generic {indexing_maps = [#map3, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_23, %expanded : tensor<1x1x1x5xi64>, tensor<1x1x5x1xi64>) outs(%4 : tensor<1x1x5x5xi1>) {
    ^bb0(%in: i64, %in_64: i64, %out: i1):
      %150 = arith.cmpi sle, %in, %in_64 : i64
      linalg.yield %150 : i1
    } -> tensor<1x1x5x5xi1>
    %6 = tensor.empty() : tensor<1x1x5x5xbf16>
    %7 = linalg.generic {indexing_maps = [#map5, #map6, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%5, %cst_3, %cst_2 : tensor<1x1x5x5xi1>, tensor<bf16>, tensor<bf16>) outs(%6 : tensor<1x1x5x5xbf16>) {
    ^bb0(%in: i1, %in_64: bf16, %in_65: bf16, %out: bf16):
      %150 = arith.select %in, %in_64, %in_65 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x1x5x5xbf16>
    %expanded_24 = tensor.expand_shape %3 [[0, 1, 2]] output_shape [1, 5, 1] : tensor<5xi64> into tensor<1x5x1xi64>
    %8 = tensor.empty() : tensor<1x5x1xf32>
    %9 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_24 : tensor<1x5x1xi64>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: i64, %out: f32):
      %150 = arith.sitofp %in : i64 to f32
      linalg.yield %150 : f32
    } -> tensor<1x5x1xf32>
    %10 = tensor.empty() : tensor<1x5x8xf32>
    %11 = linalg.generic {indexing_maps = [#map7, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9, %cst_19 : tensor<1x5x1xf32>, tensor<8xf32>) outs(%10 : tensor<1x5x8xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %150 = arith.mulf %in, %in_64 : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x8xf32>
    %concat = tensor.concat dim(2) %11, %11 : (tensor<1x5x8xf32>, tensor<1x5x8xf32>) -> tensor<1x5x16xf32>
    %12 = tensor.empty() : tensor<1x5x16xf32>
    %13 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x5x16xf32>) outs(%12 : tensor<1x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.cos %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x16xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x5x16xf32>) outs(%12 : tensor<1x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.sin %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x16xf32>
    %15 = tensor.empty() : tensor<1x5x16xbf16>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13 : tensor<1x5x16xf32>) outs(%15 : tensor<1x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x16xbf16>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<1x5x16xf32>) outs(%15 : tensor<1x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x16xbf16>
    %18 = tensor.empty() : tensor<1x5x64xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<1x5x64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<1x5x64xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19 : tensor<1x5x64xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %150 : f32
    } -> tensor<1x5x64xf32>
    %21 = linalg.fill ins(%cst : f32) outs(%8 : tensor<1x5x1xf32>) -> tensor<1x5x1xf32>
    %22 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%20 : tensor<1x5x64xf32>) outs(%21 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x1xf32>
    %23 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.divf %in, %cst_21 : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x1xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.truncf %cst_18 : f64 to f32
      %151 = arith.addf %in, %150 : f32
      linalg.yield %151 : f32
    } -> tensor<1x5x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.rsqrt %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19, %25 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %150 = arith.mulf %in, %in_64 : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x64xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x64xbf16>
    %28 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_17, %27 : tensor<64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.mulf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x64xbf16>
    %collapsed = tensor.collapse_shape %28 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %29 = tensor.empty() : tensor<64x64xbf16>
    %transposed = linalg.transpose ins(%cst_16 : tensor<64x64xbf16>) outs(%29 : tensor<64x64xbf16>) permutation = [1, 0] 
    %30 = tensor.empty() : tensor<64xf32>
    %31 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_15 : tensor<64xbf16>) outs(%30 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<64xf32>
    %32 = tensor.empty() : tensor<5x64xf32>
    %33 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<5x64xbf16>) outs(%32 : tensor<5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<5x64xf32>
    %34 = tensor.empty() : tensor<64x64xf32>
    %35 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed : tensor<64x64xbf16>) outs(%34 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<64x64xf32>
    %36 = linalg.fill ins(%cst : f32) outs(%32 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %37 = linalg.matmul ins(%33, %35 : tensor<5x64xf32>, tensor<64x64xf32>) outs(%36 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %38 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%31 : tensor<64xf32>) outs(%32 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x64xf32>
    %39 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%37, %38 : tensor<5x64xf32>, tensor<5x64xf32>) outs(%32 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %150 = arith.addf %in, %in_64 : f32
      linalg.yield %150 : f32
    } -> tensor<5x64xf32>
    %40 = tensor.empty() : tensor<5x64xbf16>
    %41 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%39 : tensor<5x64xf32>) outs(%40 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<5x64xbf16>
    %expanded_25 = tensor.expand_shape %41 [[0, 1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<5x64xbf16> into tensor<1x5x4x16xbf16>
    %42 = tensor.empty() : tensor<1x4x5x16xbf16>
    %transposed_26 = linalg.transpose ins(%expanded_25 : tensor<1x5x4x16xbf16>) outs(%42 : tensor<1x4x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %43 = tensor.empty() : tensor<64x32xbf16>
    %transposed_27 = linalg.transpose ins(%cst_14 : tensor<32x64xbf16>) outs(%43 : tensor<64x32xbf16>) permutation = [1, 0] 
    %44 = tensor.empty() : tensor<32xf32>
    %45 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_13 : tensor<32xbf16>) outs(%44 : tensor<32xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<32xf32>
    %46 = tensor.empty() : tensor<64x32xf32>
    %47 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_27 : tensor<64x32xbf16>) outs(%46 : tensor<64x32xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<64x32xf32>
    %48 = tensor.empty() : tensor<5x32xf32>
    %49 = linalg.fill ins(%cst : f32) outs(%48 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %50 = linalg.matmul ins(%33, %47 : tensor<5x64xf32>, tensor<64x32xf32>) outs(%49 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %51 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%45 : tensor<32xf32>) outs(%48 : tensor<5x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x32xf32>
    %52 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%50, %51 : tensor<5x32xf32>, tensor<5x32xf32>) outs(%48 : tensor<5x32xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %150 = arith.addf %in, %in_64 : f32
      linalg.yield %150 : f32
    } -> tensor<5x32xf32>
    %53 = tensor.empty() : tensor<5x32xbf16>
    %54 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%52 : tensor<5x32xf32>) outs(%53 : tensor<5x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<5x32xbf16>
    %expanded_28 = tensor.expand_shape %54 [[0, 1], [2, 3]] output_shape [1, 5, 2, 16] : tensor<5x32xbf16> into tensor<1x5x2x16xbf16>
    %55 = tensor.empty() : tensor<1x2x5x16xbf16>
    %transposed_29 = linalg.transpose ins(%expanded_28 : tensor<1x5x2x16xbf16>) outs(%55 : tensor<1x2x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_30 = linalg.transpose ins(%cst_12 : tensor<32x64xbf16>) outs(%43 : tensor<64x32xbf16>) permutation = [1, 0] 
    %56 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%cst_11 : tensor<32xbf16>) outs(%44 : tensor<32xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<32xf32>
    %57 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%transposed_30 : tensor<64x32xbf16>) outs(%46 : tensor<64x32xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<64x32xf32>
    %58 = linalg.matmul ins(%33, %57 : tensor<5x64xf32>, tensor<64x32xf32>) outs(%49 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %59 = linalg.generic {indexing_maps = [#map10, #map9], iterator_types = ["parallel", "parallel"]} ins(%56 : tensor<32xf32>) outs(%48 : tensor<5x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x32xf32>
    %60 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%58, %59 : tensor<5x32xf32>, tensor<5x32xf32>) outs(%48 : tensor<5x32xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %150 = arith.addf %in, %in_64 : f32
      linalg.yield %150 : f32
    } -> tensor<5x32xf32>
    %61 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%60 : tensor<5x32xf32>) outs(%53 : tensor<5x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<5x32xbf16>
    %expanded_31 = tensor.expand_shape %61 [[0, 1], [2, 3]] output_shape [1, 5, 2, 16] : tensor<5x32xbf16> into tensor<1x5x2x16xbf16>
    %transposed_32 = linalg.transpose ins(%expanded_31 : tensor<1x5x2x16xbf16>) outs(%55 : tensor<1x2x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %expanded_33 = tensor.expand_shape %16 [[0], [1, 2], [3]] output_shape [1, 1, 5, 16] : tensor<1x5x16xbf16> into tensor<1x1x5x16xbf16>
    %expanded_34 = tensor.expand_shape %17 [[0], [1, 2], [3]] output_shape [1, 1, 5, 16] : tensor<1x5x16xbf16> into tensor<1x1x5x16xbf16>
    %62 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_26, %expanded_33 : tensor<1x4x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%42 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.mulf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x4x5x16xbf16>
    %extracted_slice = tensor.extract_slice %transposed_26[0, 0, 0, 0] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %extracted_slice_35 = tensor.extract_slice %transposed_26[0, 0, 0, 8] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %63 = tensor.empty() : tensor<1x4x5x8xbf16>
    %64 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_35 : tensor<1x4x5x8xbf16>) outs(%63 : tensor<1x4x5x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %150 = arith.negf %in : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x4x5x8xbf16>
    %concat_36 = tensor.concat dim(3) %64, %extracted_slice : (tensor<1x4x5x8xbf16>, tensor<1x4x5x8xbf16>) -> tensor<1x4x5x16xbf16>
    %65 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_36, %expanded_34 : tensor<1x4x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%42 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.mulf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x4x5x16xbf16>
    %66 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%62, %65 : tensor<1x4x5x16xbf16>, tensor<1x4x5x16xbf16>) outs(%42 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.addf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x4x5x16xbf16>
    %67 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_29, %expanded_33 : tensor<1x2x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%55 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.mulf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x2x5x16xbf16>
    %extracted_slice_37 = tensor.extract_slice %transposed_29[0, 0, 0, 0] [1, 2, 5, 8] [1, 1, 1, 1] : tensor<1x2x5x16xbf16> to tensor<1x2x5x8xbf16>
    %extracted_slice_38 = tensor.extract_slice %transposed_29[0, 0, 0, 8] [1, 2, 5, 8] [1, 1, 1, 1] : tensor<1x2x5x16xbf16> to tensor<1x2x5x8xbf16>
    %68 = tensor.empty() : tensor<1x2x5x8xbf16>
    %69 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_38 : tensor<1x2x5x8xbf16>) outs(%68 : tensor<1x2x5x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %150 = arith.negf %in : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x2x5x8xbf16>
    %concat_39 = tensor.concat dim(3) %69, %extracted_slice_37 : (tensor<1x2x5x8xbf16>, tensor<1x2x5x8xbf16>) -> tensor<1x2x5x16xbf16>
    %70 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_39, %expanded_34 : tensor<1x2x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%55 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.mulf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x2x5x16xbf16>
    %71 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%67, %70 : tensor<1x2x5x16xbf16>, tensor<1x2x5x16xbf16>) outs(%55 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.addf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x2x5x16xbf16>
    %72 = tensor.empty() : tensor<1x2x2x5x16xbf16>
    %73 = linalg.generic {indexing_maps = [#map12, #map13], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%71 : tensor<1x2x5x16xbf16>) outs(%72 : tensor<1x2x2x5x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x5x16xbf16>
    %collapsed_40 = tensor.collapse_shape %73 [[0], [1, 2], [3], [4]] : tensor<1x2x2x5x16xbf16> into tensor<1x4x5x16xbf16>
    %74 = linalg.generic {indexing_maps = [#map12, #map13], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_32 : tensor<1x2x5x16xbf16>) outs(%72 : tensor<1x2x2x5x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x5x16xbf16>
    %75 = tensor.empty() : tensor<1x4x16x5xbf16>
    %transposed_41 = linalg.transpose ins(%collapsed_40 : tensor<1x4x5x16xbf16>) outs(%75 : tensor<1x4x16x5xbf16>) permutation = [0, 1, 3, 2] 
    %collapsed_42 = tensor.collapse_shape %66 [[0, 1], [2], [3]] : tensor<1x4x5x16xbf16> into tensor<4x5x16xbf16>
    %collapsed_43 = tensor.collapse_shape %transposed_41 [[0, 1], [2], [3]] : tensor<1x4x16x5xbf16> into tensor<4x16x5xbf16>
    %76 = tensor.empty() : tensor<4x5x5xf32>
    %77 = linalg.fill ins(%cst : f32) outs(%76 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %78 = linalg.batch_matmul ins(%collapsed_42, %collapsed_43 : tensor<4x5x16xbf16>, tensor<4x16x5xbf16>) outs(%77 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %79 = tensor.empty() : tensor<4x5x5xbf16>
    %80 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78 : tensor<4x5x5xf32>) outs(%79 : tensor<4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<4x5x5xbf16>
    %expanded_44 = tensor.expand_shape %80 [[0, 1], [2], [3]] output_shape [1, 4, 5, 5] : tensor<4x5x5xbf16> into tensor<1x4x5x5xbf16>
    %81 = tensor.empty() : tensor<1x4x5x5xbf16>
    %82 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_44 : tensor<1x4x5x5xbf16>) outs(%81 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %150 = arith.mulf %in, %cst_22 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x4x5x5xbf16>
    %83 = linalg.generic {indexing_maps = [#map5, #map11, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%82, %7 : tensor<1x4x5x5xbf16>, tensor<1x1x5x5xbf16>) outs(%81 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.addf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x4x5x5xbf16>
    %84 = tensor.empty() : tensor<1x4x5x5xf32>
    %85 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%83 : tensor<1x4x5x5xbf16>) outs(%84 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<1x4x5x5xf32>
    %86 = tensor.empty() : tensor<1x4x5xi64>
    %87 = linalg.fill ins(%c0_i64 : i64) outs(%86 : tensor<1x4x5xi64>) -> tensor<1x4x5xi64>
    %88 = tensor.empty() : tensor<1x4x5xf32>
    %89 = linalg.fill ins(%cst_0 : f32) outs(%88 : tensor<1x4x5xf32>) -> tensor<1x4x5xf32>
    %90:2 = linalg.generic {indexing_maps = [#map5, #map14, #map14], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%85 : tensor<1x4x5x5xf32>) outs(%89, %87 : tensor<1x4x5xf32>, tensor<1x4x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_64: i64):
      %150 = linalg.index 3 : index
      %151 = arith.index_cast %150 : index to i64
      %152 = arith.maximumf %in, %out : f32
      %153 = arith.cmpf ogt, %in, %out : f32
      %154 = arith.select %153, %151, %out_64 : i64
      linalg.yield %152, %154 : f32, i64
    } -> (tensor<1x4x5xf32>, tensor<1x4x5xi64>)
    %expanded_45 = tensor.expand_shape %90#0 [[0], [1], [2, 3]] output_shape [1, 4, 5, 1] : tensor<1x4x5xf32> into tensor<1x4x5x1xf32>
    %91 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%85, %expanded_45 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%84 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %150 = arith.subf %in, %in_64 : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x5x5xf32>
    %92 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%91 : tensor<1x4x5x5xf32>) outs(%84 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.exp %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x5x5xf32>
    %93 = tensor.empty() : tensor<1x4x5x1xf32>
    %94 = linalg.fill ins(%cst : f32) outs(%93 : tensor<1x4x5x1xf32>) -> tensor<1x4x5x1xf32>
    %95 = linalg.generic {indexing_maps = [#map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%92 : tensor<1x4x5x5xf32>) outs(%94 : tensor<1x4x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x5x1xf32>
    %96 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%92, %95 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%84 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %150 = arith.divf %in, %in_64 : f32
      linalg.yield %150 : f32
    } -> tensor<1x4x5x5xf32>
    %97 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%96 : tensor<1x4x5x5xf32>) outs(%81 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<1x4x5x5xbf16>
    %collapsed_46 = tensor.collapse_shape %97 [[0, 1], [2], [3]] : tensor<1x4x5x5xbf16> into tensor<4x5x5xbf16>
    %collapsed_47 = tensor.collapse_shape %74 [[0, 1, 2], [3], [4]] : tensor<1x2x2x5x16xbf16> into tensor<4x5x16xbf16>
    %98 = tensor.empty() : tensor<4x5x16xf32>
    %99 = linalg.fill ins(%cst : f32) outs(%98 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %100 = linalg.batch_matmul ins(%collapsed_46, %collapsed_47 : tensor<4x5x5xbf16>, tensor<4x5x16xbf16>) outs(%99 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %101 = tensor.empty() : tensor<4x5x16xbf16>
    %102 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100 : tensor<4x5x16xf32>) outs(%101 : tensor<4x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<4x5x16xbf16>
    %expanded_48 = tensor.expand_shape %102 [[0, 1], [2], [3]] output_shape [1, 4, 5, 16] : tensor<4x5x16xbf16> into tensor<1x4x5x16xbf16>
    %103 = tensor.empty() : tensor<1x5x4x16xbf16>
    %transposed_49 = linalg.transpose ins(%expanded_48 : tensor<1x4x5x16xbf16>) outs(%103 : tensor<1x5x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_50 = linalg.transpose ins(%cst_10 : tensor<64x64xbf16>) outs(%29 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed_51 = tensor.collapse_shape %transposed_49 [[0, 1], [2, 3]] : tensor<1x5x4x16xbf16> into tensor<5x64xbf16>
    %104 = linalg.matmul ins(%collapsed_51, %transposed_50 : tensor<5x64xbf16>, tensor<64x64xbf16>) outs(%36 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %105 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%104 : tensor<5x64xf32>) outs(%40 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<5x64xbf16>
    %expanded_52 = tensor.expand_shape %105 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %106 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %expanded_52 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.addf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x64xbf16>
    %107 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106 : tensor<1x5x64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<1x5x64xf32>
    %108 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107 : tensor<1x5x64xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %150 : f32
    } -> tensor<1x5x64xf32>
    %109 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%108 : tensor<1x5x64xf32>) outs(%21 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x1xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.divf %in, %cst_21 : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x1xf32>
    %111 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.truncf %cst_18 : f64 to f32
      %151 = arith.addf %in, %150 : f32
      linalg.yield %151 : f32
    } -> tensor<1x5x1xf32>
    %112 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.rsqrt %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x1xf32>
    %113 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107, %112 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %150 = arith.mulf %in, %in_64 : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x64xf32>
    %114 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x64xbf16>
    %115 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_9, %114 : tensor<64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.mulf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x64xbf16>
    %116 = tensor.empty() : tensor<64x128xbf16>
    %transposed_53 = linalg.transpose ins(%cst_8 : tensor<128x64xbf16>) outs(%116 : tensor<64x128xbf16>) permutation = [1, 0] 
    %collapsed_54 = tensor.collapse_shape %115 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %117 = tensor.empty() : tensor<5x128xf32>
    %118 = linalg.fill ins(%cst : f32) outs(%117 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %119 = linalg.matmul ins(%collapsed_54, %transposed_53 : tensor<5x64xbf16>, tensor<64x128xbf16>) outs(%118 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %120 = tensor.empty() : tensor<5x128xbf16>
    %121 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%119 : tensor<5x128xf32>) outs(%120 : tensor<5x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<5x128xbf16>
    %expanded_55 = tensor.expand_shape %121 [[0, 1], [2]] output_shape [1, 5, 128] : tensor<5x128xbf16> into tensor<1x5x128xbf16>
    %122 = tensor.empty() : tensor<1x5x128xf32>
    %123 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_55 : tensor<1x5x128xbf16>) outs(%122 : tensor<1x5x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<1x5x128xf32>
    %124 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123 : tensor<1x5x128xf32>) outs(%122 : tensor<1x5x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.negf %in : f32
      %151 = math.exp %150 : f32
      %152 = arith.addf %151, %cst_1 : f32
      %153 = arith.divf %cst_1, %152 : f32
      linalg.yield %153 : f32
    } -> tensor<1x5x128xf32>
    %125 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123, %124 : tensor<1x5x128xf32>, tensor<1x5x128xf32>) outs(%122 : tensor<1x5x128xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %150 = arith.mulf %in, %in_64 : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x128xf32>
    %126 = tensor.empty() : tensor<1x5x128xbf16>
    %127 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125 : tensor<1x5x128xf32>) outs(%126 : tensor<1x5x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x128xbf16>
    %transposed_56 = linalg.transpose ins(%cst_7 : tensor<128x64xbf16>) outs(%116 : tensor<64x128xbf16>) permutation = [1, 0] 
    %128 = linalg.matmul ins(%collapsed_54, %transposed_56 : tensor<5x64xbf16>, tensor<64x128xbf16>) outs(%118 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %129 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%128 : tensor<5x128xf32>) outs(%120 : tensor<5x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<5x128xbf16>
    %expanded_57 = tensor.expand_shape %129 [[0, 1], [2]] output_shape [1, 5, 128] : tensor<5x128xbf16> into tensor<1x5x128xbf16>
    %130 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%127, %expanded_57 : tensor<1x5x128xbf16>, tensor<1x5x128xbf16>) outs(%126 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.mulf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x128xbf16>
    %131 = tensor.empty() : tensor<128x64xbf16>
    %transposed_58 = linalg.transpose ins(%cst_6 : tensor<64x128xbf16>) outs(%131 : tensor<128x64xbf16>) permutation = [1, 0] 
    %collapsed_59 = tensor.collapse_shape %130 [[0, 1], [2]] : tensor<1x5x128xbf16> into tensor<5x128xbf16>
    %132 = linalg.matmul ins(%collapsed_59, %transposed_58 : tensor<5x128xbf16>, tensor<128x64xbf16>) outs(%36 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %133 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%132 : tensor<5x64xf32>) outs(%40 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<5x64xbf16>
    %expanded_60 = tensor.expand_shape %133 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %134 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106, %expanded_60 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.addf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x64xbf16>
    %135 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%134 : tensor<1x5x64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %150 = arith.extf %in : bf16 to f32
      linalg.yield %150 : f32
    } -> tensor<1x5x64xf32>
    %136 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%135 : tensor<1x5x64xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %150 : f32
    } -> tensor<1x5x64xf32>
    %137 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%136 : tensor<1x5x64xf32>) outs(%21 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.addf %in, %out : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x1xf32>
    %138 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%137 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.divf %in, %cst_21 : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x1xf32>
    %139 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%138 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = arith.truncf %cst_18 : f64 to f32
      %151 = arith.addf %in, %150 : f32
      linalg.yield %151 : f32
    } -> tensor<1x5x1xf32>
    %140 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%139 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %150 = math.rsqrt %in : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x1xf32>
    %141 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%135, %140 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_64: f32, %out: f32):
      %150 = arith.mulf %in, %in_64 : f32
      linalg.yield %150 : f32
    } -> tensor<1x5x64xf32>
    %142 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%141 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x64xbf16>
    %143 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_5, %142 : tensor<64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_64: bf16, %out: bf16):
      %150 = arith.mulf %in, %in_64 : bf16
      linalg.yield %150 : bf16
    } -> tensor<1x5x64xbf16>
    %144 = tensor.empty() : tensor<64x320xbf16>
    %transposed_61 = linalg.transpose ins(%cst_4 : tensor<320x64xbf16>) outs(%144 : tensor<64x320xbf16>) permutation = [1, 0] 
    %collapsed_62 = tensor.collapse_shape %143 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %145 = tensor.empty() : tensor<5x320xf32>
    %146 = linalg.fill ins(%cst : f32) outs(%145 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %147 = linalg.matmul ins(%collapsed_62, %transposed_61 : tensor<5x64xbf16>, tensor<64x320xbf16>) outs(%146 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %148 = tensor.empty() : tensor<5x320xbf16>
    %149 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%147 : tensor<5x320xf32>) outs(%148 : tensor<5x320xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %150 = arith.truncf %in : f32 to bf16
      linalg.yield %150 : bf16
    } -> tensor<5x320xbf16>
    %expanded_63 = tensor.expand_shape %149 [[0, 1], [2]] output_shape [1, 5, 320] : tensor<5x320xbf16> into tensor<1x5x320xbf16>
    return %expanded_63 : tensor<1x5x320xbf16>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_8_torch.float32: "0x040000000000803F9BE8A13ECDCCCC3DE386013D0AD7233C383E4F3B6F12833A60CBA539"
    }
  }
#-}
