// main
//   arg0 input_ids: tensor<1x5xi64>
//   out0 logits: tensor<1x5x320xbf16>
#map = affine_map<(d0, d1, d2) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1, d2) -> ()>
#map3 = affine_map<(d0) -> (d0)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map6 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map7 = affine_map<(d0, d1, d2, d3) -> ()>
#map8 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map9 = affine_map<(d0, d1, d2) -> (d2)>
#map10 = affine_map<(d0, d1) -> (d0, d1)>
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
    %c3_i64 = arith.constant 3 : i64
    %cst_1 = arith.constant 4.467770e-02 : bf16
    %cst_2 = arith.constant 7.968750e-01 : bf16
    %cst_3 = arith.constant 1.000000e+00 : bf16
    %cst_4 = arith.constant 5.000000e-01 : bf16
    %cst_5 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_6 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_7 = arith.constant dense_resource<model.norm.weight> : tensor<64xbf16>
    %cst_8 = arith.constant dense_resource<model.layers.0.mlp.down_proj.weight> : tensor<64x128xbf16>
    %cst_9 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<128x64xbf16>
    %cst_10 = arith.constant dense_resource<model.layers.0.mlp.gate_proj.weight> : tensor<128x64xbf16>
    %cst_11 = arith.constant dense_resource<model.layers.0.post_attention_layernorm.weight> : tensor<64xbf16>
    %cst_12 = arith.constant dense_resource<model.layers.0.self_attn.o_proj.weight> : tensor<64x64xbf16>
    %cst_13 = arith.constant dense_resource<model.layers.0.self_attn.v_proj.weight> : tensor<32x64xbf16>
    %cst_14 = arith.constant dense_resource<model.layers.0.self_attn.k_proj.weight> : tensor<32x64xbf16>
    %cst_15 = arith.constant dense_resource<model.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_16 = arith.constant dense_resource<model.layers.0.input_layernorm.weight> : tensor<64xbf16>
    %cst_17 = arith.constant 9.9999999999999995E-7 : f64
    %cst_18 = arith.constant dense_resource<torch_tensor_8_torch.float32> : tensor<8xf32>
    %cst_19 = arith.constant dense<8.000000e+00> : tensor<bf16>
    %cst_20 = arith.constant dense_resource<model.embed_tokens.weight> : tensor<320x64xbf16>
    %cst_21 = arith.constant 6.400000e+01 : f32
    %cst_22 = arith.constant 1.000000e+00 : f32
    %cst_23 = arith.constant 2.500000e-01 : bf16
    %0 = tensor.empty() : tensor<1x5x64xbf16>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x5xi64>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %137 = arith.index_cast %in : i64 to index
      %138 = linalg.index 2 : index
      %139 = arith.cmpi slt, %137, %c320 : index
      cf.assert %139, "index must be smaller than dim size"
      %140 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %140, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_20[%137, %138] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x5x64xbf16>
    %2 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %cst_19 : tensor<1x5x64xbf16>, tensor<bf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %137 = arith.mulf %in, %in_65 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x5x64xbf16>
    %3 = tensor.empty() : tensor<5xi64>
    %4 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel"]} outs(%3 : tensor<5xi64>) {
    ^bb0(%out: i64):
      %137 = linalg.index 0 : index
      %138 = arith.index_cast %137 : index to i64
      linalg.yield %138 : i64
    } -> tensor<5xi64>
    %expanded = tensor.expand_shape %4 [[0, 1, 2, 3]] output_shape [1, 1, 5, 1] : tensor<5xi64> into tensor<1x1x5x1xi64>
    %expanded_24 = tensor.expand_shape %4 [[0, 1, 2, 3]] output_shape [1, 1, 1, 5] : tensor<5xi64> into tensor<1x1x1x5xi64>
    %5 = tensor.empty() : tensor<1x1x5x5xi1>
    %6 = linalg.generic {indexing_maps = [#map4, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_24, %expanded : tensor<1x1x1x5xi64>, tensor<1x1x5x1xi64>) outs(%5 : tensor<1x1x5x5xi1>) {
    ^bb0(%in: i64, %in_65: i64, %out: i1):
      %137 = arith.cmpi sle, %in, %in_65 : i64
      linalg.yield %137 : i1
    } -> tensor<1x1x5x5xi1>
    %7 = tensor.empty() : tensor<1x1x5x5xbf16>
    %8 = linalg.generic {indexing_maps = [#map6, #map7, #map7, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %cst_6, %cst_5 : tensor<1x1x5x5xi1>, tensor<bf16>, tensor<bf16>) outs(%7 : tensor<1x1x5x5xbf16>) {
    ^bb0(%in: i1, %in_65: bf16, %in_66: bf16, %out: bf16):
      %137 = arith.select %in, %in_65, %in_66 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x1x5x5xbf16>
    %expanded_25 = tensor.expand_shape %4 [[0, 1, 2]] output_shape [1, 5, 1] : tensor<5xi64> into tensor<1x5x1xi64>
    %9 = tensor.empty() : tensor<1x5x1xf32>
    %10 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_25 : tensor<1x5x1xi64>) outs(%9 : tensor<1x5x1xf32>) {
    ^bb0(%in: i64, %out: f32):
      %137 = arith.sitofp %in : i64 to f32
      linalg.yield %137 : f32
    } -> tensor<1x5x1xf32>
    %11 = tensor.empty() : tensor<1x5x8xf32>
    %12 = linalg.generic {indexing_maps = [#map8, #map9, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%10, %cst_18 : tensor<1x5x1xf32>, tensor<8xf32>) outs(%11 : tensor<1x5x8xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %137 = arith.mulf %in, %in_65 : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x8xf32>
    %concat = tensor.concat dim(2) %12, %12 : (tensor<1x5x8xf32>, tensor<1x5x8xf32>) -> tensor<1x5x16xf32>
    %13 = tensor.empty() : tensor<1x5x16xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x5x16xf32>) outs(%13 : tensor<1x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = math.cos %in : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x16xf32>
    %15 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x5x16xf32>) outs(%13 : tensor<1x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = math.sin %in : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x16xf32>
    %16 = tensor.empty() : tensor<1x5x16xbf16>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<1x5x16xf32>) outs(%16 : tensor<1x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<1x5x16xbf16>
    %18 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15 : tensor<1x5x16xf32>) outs(%16 : tensor<1x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<1x5x16xbf16>
    %19 = tensor.empty() : tensor<1x5x64xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2 : tensor<1x5x64xbf16>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %137 = arith.extf %in : bf16 to f32
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20 : tensor<1x5x64xf32>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %22 = linalg.fill ins(%cst : f32) outs(%9 : tensor<1x5x1xf32>) -> tensor<1x5x1xf32>
    %23 = linalg.generic {indexing_maps = [#map1, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%21 : tensor<1x5x64xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.addf %in, %out : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x1xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x5x1xf32>) outs(%9 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.divf %in, %cst_21 : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<1x5x1xf32>) outs(%9 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.truncf %cst_17 : f64 to f32
      %138 = arith.addf %in, %137 : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<1x5x1xf32>) outs(%9 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = math.rsqrt %in : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x1xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20, %26 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %137 = arith.mulf %in, %in_65 : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %28 = tensor.empty() : tensor<64xf32>
    %29 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel"]} ins(%cst_16 : tensor<64xbf16>) outs(%28 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %137 = arith.extf %in : bf16 to f32
      linalg.yield %137 : f32
    } -> tensor<64xf32>
    %30 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel"]} ins(%29 : tensor<64xf32>) outs(%28 : tensor<64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.addf %in, %cst_22 : f32
      linalg.yield %137 : f32
    } -> tensor<64xf32>
    %31 = linalg.generic {indexing_maps = [#map1, #map9, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27, %30 : tensor<1x5x64xf32>, tensor<64xf32>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %137 = arith.mulf %in, %in_65 : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<1x5x64xbf16>
    %33 = tensor.empty() : tensor<64x64xbf16>
    %transposed = linalg.transpose ins(%cst_15 : tensor<64x64xbf16>) outs(%33 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %32 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %34 = tensor.empty() : tensor<5x64xf32>
    %35 = linalg.fill ins(%cst : f32) outs(%34 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %36 = linalg.matmul ins(%collapsed, %transposed : tensor<5x64xbf16>, tensor<64x64xbf16>) outs(%35 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %37 = tensor.empty() : tensor<5x64xbf16>
    %38 = linalg.generic {indexing_maps = [#map10, #map10], iterator_types = ["parallel", "parallel"]} ins(%36 : tensor<5x64xf32>) outs(%37 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<5x64xbf16>
    %expanded_26 = tensor.expand_shape %38 [[0, 1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<5x64xbf16> into tensor<1x5x4x16xbf16>
    %39 = tensor.empty() : tensor<1x4x5x16xbf16>
    %transposed_27 = linalg.transpose ins(%expanded_26 : tensor<1x5x4x16xbf16>) outs(%39 : tensor<1x4x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %40 = tensor.empty() : tensor<64x32xbf16>
    %transposed_28 = linalg.transpose ins(%cst_14 : tensor<32x64xbf16>) outs(%40 : tensor<64x32xbf16>) permutation = [1, 0] 
    %41 = tensor.empty() : tensor<5x32xf32>
    %42 = linalg.fill ins(%cst : f32) outs(%41 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %43 = linalg.matmul ins(%collapsed, %transposed_28 : tensor<5x64xbf16>, tensor<64x32xbf16>) outs(%42 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %44 = tensor.empty() : tensor<5x32xbf16>
    %45 = linalg.generic {indexing_maps = [#map10, #map10], iterator_types = ["parallel", "parallel"]} ins(%43 : tensor<5x32xf32>) outs(%44 : tensor<5x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<5x32xbf16>
    %expanded_29 = tensor.expand_shape %45 [[0, 1], [2, 3]] output_shape [1, 5, 2, 16] : tensor<5x32xbf16> into tensor<1x5x2x16xbf16>
    %46 = tensor.empty() : tensor<1x2x5x16xbf16>
    %transposed_30 = linalg.transpose ins(%expanded_29 : tensor<1x5x2x16xbf16>) outs(%46 : tensor<1x2x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_31 = linalg.transpose ins(%cst_13 : tensor<32x64xbf16>) outs(%40 : tensor<64x32xbf16>) permutation = [1, 0] 
    %47 = linalg.matmul ins(%collapsed, %transposed_31 : tensor<5x64xbf16>, tensor<64x32xbf16>) outs(%42 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %48 = linalg.generic {indexing_maps = [#map10, #map10], iterator_types = ["parallel", "parallel"]} ins(%47 : tensor<5x32xf32>) outs(%44 : tensor<5x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<5x32xbf16>
    %expanded_32 = tensor.expand_shape %48 [[0, 1], [2, 3]] output_shape [1, 5, 2, 16] : tensor<5x32xbf16> into tensor<1x5x2x16xbf16>
    %transposed_33 = linalg.transpose ins(%expanded_32 : tensor<1x5x2x16xbf16>) outs(%46 : tensor<1x2x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %expanded_34 = tensor.expand_shape %17 [[0], [1, 2], [3]] output_shape [1, 1, 5, 16] : tensor<1x5x16xbf16> into tensor<1x1x5x16xbf16>
    %expanded_35 = tensor.expand_shape %18 [[0], [1, 2], [3]] output_shape [1, 1, 5, 16] : tensor<1x5x16xbf16> into tensor<1x1x5x16xbf16>
    %49 = linalg.generic {indexing_maps = [#map6, #map11, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_27, %expanded_34 : tensor<1x4x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%39 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %137 = arith.mulf %in, %in_65 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x4x5x16xbf16>
    %extracted_slice = tensor.extract_slice %transposed_27[0, 0, 0, 0] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %extracted_slice_36 = tensor.extract_slice %transposed_27[0, 0, 0, 8] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %50 = tensor.empty() : tensor<1x4x5x8xbf16>
    %51 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_36 : tensor<1x4x5x8xbf16>) outs(%50 : tensor<1x4x5x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %137 = arith.negf %in : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x4x5x8xbf16>
    %concat_37 = tensor.concat dim(3) %51, %extracted_slice : (tensor<1x4x5x8xbf16>, tensor<1x4x5x8xbf16>) -> tensor<1x4x5x16xbf16>
    %52 = linalg.generic {indexing_maps = [#map6, #map11, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_37, %expanded_35 : tensor<1x4x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%39 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %137 = arith.mulf %in, %in_65 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x4x5x16xbf16>
    %53 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%49, %52 : tensor<1x4x5x16xbf16>, tensor<1x4x5x16xbf16>) outs(%39 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %137 = arith.addf %in, %in_65 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x4x5x16xbf16>
    %54 = linalg.generic {indexing_maps = [#map6, #map11, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_30, %expanded_34 : tensor<1x2x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%46 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %137 = arith.mulf %in, %in_65 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x2x5x16xbf16>
    %extracted_slice_38 = tensor.extract_slice %transposed_30[0, 0, 0, 0] [1, 2, 5, 8] [1, 1, 1, 1] : tensor<1x2x5x16xbf16> to tensor<1x2x5x8xbf16>
    %extracted_slice_39 = tensor.extract_slice %transposed_30[0, 0, 0, 8] [1, 2, 5, 8] [1, 1, 1, 1] : tensor<1x2x5x16xbf16> to tensor<1x2x5x8xbf16>
    %55 = tensor.empty() : tensor<1x2x5x8xbf16>
    %56 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_39 : tensor<1x2x5x8xbf16>) outs(%55 : tensor<1x2x5x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %137 = arith.negf %in : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x2x5x8xbf16>
    %concat_40 = tensor.concat dim(3) %56, %extracted_slice_38 : (tensor<1x2x5x8xbf16>, tensor<1x2x5x8xbf16>) -> tensor<1x2x5x16xbf16>
    %57 = linalg.generic {indexing_maps = [#map6, #map11, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_40, %expanded_35 : tensor<1x2x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%46 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %137 = arith.mulf %in, %in_65 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x2x5x16xbf16>
    %58 = linalg.generic {indexing_maps = [#map6, #map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%54, %57 : tensor<1x2x5x16xbf16>, tensor<1x2x5x16xbf16>) outs(%46 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %137 = arith.addf %in, %in_65 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x2x5x16xbf16>
    %59 = tensor.empty() : tensor<1x2x2x5x16xbf16>
    %60 = linalg.generic {indexing_maps = [#map12, #map13], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%58 : tensor<1x2x5x16xbf16>) outs(%59 : tensor<1x2x2x5x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x5x16xbf16>
    %collapsed_41 = tensor.collapse_shape %60 [[0], [1, 2], [3], [4]] : tensor<1x2x2x5x16xbf16> into tensor<1x4x5x16xbf16>
    %61 = linalg.generic {indexing_maps = [#map12, #map13], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_33 : tensor<1x2x5x16xbf16>) outs(%59 : tensor<1x2x2x5x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x5x16xbf16>
    %62 = tensor.empty() : tensor<1x4x16x5xbf16>
    %transposed_42 = linalg.transpose ins(%collapsed_41 : tensor<1x4x5x16xbf16>) outs(%62 : tensor<1x4x16x5xbf16>) permutation = [0, 1, 3, 2] 
    %collapsed_43 = tensor.collapse_shape %53 [[0, 1], [2], [3]] : tensor<1x4x5x16xbf16> into tensor<4x5x16xbf16>
    %collapsed_44 = tensor.collapse_shape %transposed_42 [[0, 1], [2], [3]] : tensor<1x4x16x5xbf16> into tensor<4x16x5xbf16>
    %63 = tensor.empty() : tensor<4x5x5xf32>
    %64 = linalg.fill ins(%cst : f32) outs(%63 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %65 = linalg.batch_matmul ins(%collapsed_43, %collapsed_44 : tensor<4x5x16xbf16>, tensor<4x16x5xbf16>) outs(%64 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %66 = tensor.empty() : tensor<4x5x5xbf16>
    %67 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%65 : tensor<4x5x5xf32>) outs(%66 : tensor<4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<4x5x5xbf16>
    %expanded_45 = tensor.expand_shape %67 [[0, 1], [2], [3]] output_shape [1, 4, 5, 5] : tensor<4x5x5xbf16> into tensor<1x4x5x5xbf16>
    %68 = tensor.empty() : tensor<1x4x5x5xbf16>
    %69 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_45 : tensor<1x4x5x5xbf16>) outs(%68 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %137 = arith.mulf %in, %cst_23 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x4x5x5xbf16>
    %70 = linalg.generic {indexing_maps = [#map6, #map11, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%69, %8 : tensor<1x4x5x5xbf16>, tensor<1x1x5x5xbf16>) outs(%68 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %137 = arith.addf %in, %in_65 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x4x5x5xbf16>
    %71 = tensor.empty() : tensor<1x4x5x5xf32>
    %72 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%70 : tensor<1x4x5x5xbf16>) outs(%71 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %137 = arith.extf %in : bf16 to f32
      linalg.yield %137 : f32
    } -> tensor<1x4x5x5xf32>
    %73 = tensor.empty() : tensor<1x4x5xi64>
    %74 = linalg.fill ins(%c0_i64 : i64) outs(%73 : tensor<1x4x5xi64>) -> tensor<1x4x5xi64>
    %75 = tensor.empty() : tensor<1x4x5xf32>
    %76 = linalg.fill ins(%cst_0 : f32) outs(%75 : tensor<1x4x5xf32>) -> tensor<1x4x5xf32>
    %77:2 = linalg.generic {indexing_maps = [#map6, #map14, #map14], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%72 : tensor<1x4x5x5xf32>) outs(%76, %74 : tensor<1x4x5xf32>, tensor<1x4x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_65: i64):
      %137 = linalg.index 3 : index
      %138 = arith.index_cast %137 : index to i64
      %139 = arith.maximumf %in, %out : f32
      %140 = arith.cmpf ogt, %in, %out : f32
      %141 = arith.select %140, %138, %out_65 : i64
      linalg.yield %139, %141 : f32, i64
    } -> (tensor<1x4x5xf32>, tensor<1x4x5xi64>)
    %expanded_46 = tensor.expand_shape %77#0 [[0], [1], [2, 3]] output_shape [1, 4, 5, 1] : tensor<1x4x5xf32> into tensor<1x4x5x1xf32>
    %78 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%72, %expanded_46 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%71 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %137 = arith.subf %in, %in_65 : f32
      linalg.yield %137 : f32
    } -> tensor<1x4x5x5xf32>
    %79 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%78 : tensor<1x4x5x5xf32>) outs(%71 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = math.exp %in : f32
      linalg.yield %137 : f32
    } -> tensor<1x4x5x5xf32>
    %80 = tensor.empty() : tensor<1x4x5x1xf32>
    %81 = linalg.fill ins(%cst : f32) outs(%80 : tensor<1x4x5x1xf32>) -> tensor<1x4x5x1xf32>
    %82 = linalg.generic {indexing_maps = [#map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%79 : tensor<1x4x5x5xf32>) outs(%81 : tensor<1x4x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.addf %in, %out : f32
      linalg.yield %137 : f32
    } -> tensor<1x4x5x1xf32>
    %83 = linalg.generic {indexing_maps = [#map6, #map5, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%79, %82 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%71 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %137 = arith.divf %in, %in_65 : f32
      linalg.yield %137 : f32
    } -> tensor<1x4x5x5xf32>
    %84 = linalg.generic {indexing_maps = [#map6, #map6], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%83 : tensor<1x4x5x5xf32>) outs(%68 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<1x4x5x5xbf16>
    %collapsed_47 = tensor.collapse_shape %84 [[0, 1], [2], [3]] : tensor<1x4x5x5xbf16> into tensor<4x5x5xbf16>
    %collapsed_48 = tensor.collapse_shape %61 [[0, 1, 2], [3], [4]] : tensor<1x2x2x5x16xbf16> into tensor<4x5x16xbf16>
    %85 = tensor.empty() : tensor<4x5x16xf32>
    %86 = linalg.fill ins(%cst : f32) outs(%85 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %87 = linalg.batch_matmul ins(%collapsed_47, %collapsed_48 : tensor<4x5x5xbf16>, tensor<4x5x16xbf16>) outs(%86 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %88 = tensor.empty() : tensor<4x5x16xbf16>
    %89 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%87 : tensor<4x5x16xf32>) outs(%88 : tensor<4x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<4x5x16xbf16>
    %expanded_49 = tensor.expand_shape %89 [[0, 1], [2], [3]] output_shape [1, 4, 5, 16] : tensor<4x5x16xbf16> into tensor<1x4x5x16xbf16>
    %90 = tensor.empty() : tensor<1x5x4x16xbf16>
    %transposed_50 = linalg.transpose ins(%expanded_49 : tensor<1x4x5x16xbf16>) outs(%90 : tensor<1x5x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_51 = linalg.transpose ins(%cst_12 : tensor<64x64xbf16>) outs(%33 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed_52 = tensor.collapse_shape %transposed_50 [[0, 1], [2, 3]] : tensor<1x5x4x16xbf16> into tensor<5x64xbf16>
    %91 = linalg.matmul ins(%collapsed_52, %transposed_51 : tensor<5x64xbf16>, tensor<64x64xbf16>) outs(%35 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %92 = linalg.generic {indexing_maps = [#map10, #map10], iterator_types = ["parallel", "parallel"]} ins(%91 : tensor<5x64xf32>) outs(%37 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<5x64xbf16>
    %expanded_53 = tensor.expand_shape %92 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %93 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2, %expanded_53 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %137 = arith.addf %in, %in_65 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x5x64xbf16>
    %94 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93 : tensor<1x5x64xbf16>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %137 = arith.extf %in : bf16 to f32
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %95 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94 : tensor<1x5x64xf32>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %96 = linalg.generic {indexing_maps = [#map1, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%95 : tensor<1x5x64xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.addf %in, %out : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x1xf32>
    %97 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<1x5x1xf32>) outs(%9 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.divf %in, %cst_21 : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x1xf32>
    %98 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97 : tensor<1x5x1xf32>) outs(%9 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.truncf %cst_17 : f64 to f32
      %138 = arith.addf %in, %137 : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %99 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<1x5x1xf32>) outs(%9 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = math.rsqrt %in : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x1xf32>
    %100 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94, %99 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %137 = arith.mulf %in, %in_65 : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %101 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel"]} ins(%cst_11 : tensor<64xbf16>) outs(%28 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %137 = arith.extf %in : bf16 to f32
      linalg.yield %137 : f32
    } -> tensor<64xf32>
    %102 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel"]} ins(%101 : tensor<64xf32>) outs(%28 : tensor<64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.addf %in, %cst_22 : f32
      linalg.yield %137 : f32
    } -> tensor<64xf32>
    %103 = linalg.generic {indexing_maps = [#map1, #map9, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100, %102 : tensor<1x5x64xf32>, tensor<64xf32>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %137 = arith.mulf %in, %in_65 : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %104 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<1x5x64xbf16>
    %105 = tensor.empty() : tensor<64x128xbf16>
    %transposed_54 = linalg.transpose ins(%cst_10 : tensor<128x64xbf16>) outs(%105 : tensor<64x128xbf16>) permutation = [1, 0] 
    %collapsed_55 = tensor.collapse_shape %104 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %106 = tensor.empty() : tensor<5x128xf32>
    %107 = linalg.fill ins(%cst : f32) outs(%106 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %108 = linalg.matmul ins(%collapsed_55, %transposed_54 : tensor<5x64xbf16>, tensor<64x128xbf16>) outs(%107 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %109 = tensor.empty() : tensor<5x128xbf16>
    %110 = linalg.generic {indexing_maps = [#map10, #map10], iterator_types = ["parallel", "parallel"]} ins(%108 : tensor<5x128xf32>) outs(%109 : tensor<5x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<5x128xbf16>
    %expanded_56 = tensor.expand_shape %110 [[0, 1], [2]] output_shape [1, 5, 128] : tensor<5x128xbf16> into tensor<1x5x128xbf16>
    %111 = tensor.empty() : tensor<1x5x128xbf16>
    %112 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_56 : tensor<1x5x128xbf16>) outs(%111 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %137 = math.fpowi %in, %c3_i64 : bf16, i64
      %138 = arith.mulf %137, %cst_1 : bf16
      %139 = arith.addf %in, %138 : bf16
      %140 = arith.mulf %139, %cst_2 : bf16
      %141 = math.tanh %140 : bf16
      %142 = arith.addf %141, %cst_3 : bf16
      %143 = arith.mulf %142, %cst_4 : bf16
      %144 = arith.mulf %in, %143 : bf16
      linalg.yield %144 : bf16
    } -> tensor<1x5x128xbf16>
    %transposed_57 = linalg.transpose ins(%cst_9 : tensor<128x64xbf16>) outs(%105 : tensor<64x128xbf16>) permutation = [1, 0] 
    %113 = linalg.matmul ins(%collapsed_55, %transposed_57 : tensor<5x64xbf16>, tensor<64x128xbf16>) outs(%107 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %114 = linalg.generic {indexing_maps = [#map10, #map10], iterator_types = ["parallel", "parallel"]} ins(%113 : tensor<5x128xf32>) outs(%109 : tensor<5x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<5x128xbf16>
    %expanded_58 = tensor.expand_shape %114 [[0, 1], [2]] output_shape [1, 5, 128] : tensor<5x128xbf16> into tensor<1x5x128xbf16>
    %115 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112, %expanded_58 : tensor<1x5x128xbf16>, tensor<1x5x128xbf16>) outs(%111 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %137 = arith.mulf %in, %in_65 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x5x128xbf16>
    %116 = tensor.empty() : tensor<128x64xbf16>
    %transposed_59 = linalg.transpose ins(%cst_8 : tensor<64x128xbf16>) outs(%116 : tensor<128x64xbf16>) permutation = [1, 0] 
    %collapsed_60 = tensor.collapse_shape %115 [[0, 1], [2]] : tensor<1x5x128xbf16> into tensor<5x128xbf16>
    %117 = linalg.matmul ins(%collapsed_60, %transposed_59 : tensor<5x128xbf16>, tensor<128x64xbf16>) outs(%35 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %118 = linalg.generic {indexing_maps = [#map10, #map10], iterator_types = ["parallel", "parallel"]} ins(%117 : tensor<5x64xf32>) outs(%37 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<5x64xbf16>
    %expanded_61 = tensor.expand_shape %118 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %119 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93, %expanded_61 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_65: bf16, %out: bf16):
      %137 = arith.addf %in, %in_65 : bf16
      linalg.yield %137 : bf16
    } -> tensor<1x5x64xbf16>
    %120 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%119 : tensor<1x5x64xbf16>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %137 = arith.extf %in : bf16 to f32
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %121 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%120 : tensor<1x5x64xf32>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %122 = linalg.generic {indexing_maps = [#map1, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%121 : tensor<1x5x64xf32>) outs(%22 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.addf %in, %out : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x1xf32>
    %123 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%122 : tensor<1x5x1xf32>) outs(%9 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.divf %in, %cst_21 : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x1xf32>
    %124 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123 : tensor<1x5x1xf32>) outs(%9 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.truncf %cst_17 : f64 to f32
      %138 = arith.addf %in, %137 : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %125 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%124 : tensor<1x5x1xf32>) outs(%9 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = math.rsqrt %in : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x1xf32>
    %126 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%120, %125 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %137 = arith.mulf %in, %in_65 : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %127 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel"]} ins(%cst_7 : tensor<64xbf16>) outs(%28 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %137 = arith.extf %in : bf16 to f32
      linalg.yield %137 : f32
    } -> tensor<64xf32>
    %128 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel"]} ins(%127 : tensor<64xf32>) outs(%28 : tensor<64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %137 = arith.addf %in, %cst_22 : f32
      linalg.yield %137 : f32
    } -> tensor<64xf32>
    %129 = linalg.generic {indexing_maps = [#map1, #map9, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126, %128 : tensor<1x5x64xf32>, tensor<64xf32>) outs(%19 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_65: f32, %out: f32):
      %137 = arith.mulf %in, %in_65 : f32
      linalg.yield %137 : f32
    } -> tensor<1x5x64xf32>
    %130 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%129 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<1x5x64xbf16>
    %131 = tensor.empty() : tensor<64x320xbf16>
    %transposed_62 = linalg.transpose ins(%cst_20 : tensor<320x64xbf16>) outs(%131 : tensor<64x320xbf16>) permutation = [1, 0] 
    %collapsed_63 = tensor.collapse_shape %130 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %132 = tensor.empty() : tensor<5x320xf32>
    %133 = linalg.fill ins(%cst : f32) outs(%132 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %134 = linalg.matmul ins(%collapsed_63, %transposed_62 : tensor<5x64xbf16>, tensor<64x320xbf16>) outs(%133 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %135 = tensor.empty() : tensor<5x320xbf16>
    %136 = linalg.generic {indexing_maps = [#map10, #map10], iterator_types = ["parallel", "parallel"]} ins(%134 : tensor<5x320xf32>) outs(%135 : tensor<5x320xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %137 = arith.truncf %in : f32 to bf16
      linalg.yield %137 : bf16
    } -> tensor<5x320xbf16>
    %expanded_64 = tensor.expand_shape %136 [[0, 1], [2]] output_shape [1, 5, 320] : tensor<5x320xbf16> into tensor<1x5x320xbf16>
    return %expanded_64 : tensor<1x5x320xbf16>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_8_torch.float32: "0x040000000000803F9BE8A13ECDCCCC3DE386013D0AD7233C383E4F3B6F12833A60CBA539"
    }
  }
#-}
