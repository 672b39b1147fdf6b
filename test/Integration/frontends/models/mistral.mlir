// main
//   arg0 input_ids: tensor<1x5xi64>
//   out0 logits: tensor<1x5x320xbf16>
#map = affine_map<(d0, d1, d2) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0) -> (d0)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map6 = affine_map<(d0, d1, d2, d3) -> ()>
#map7 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map8 = affine_map<(d0, d1, d2) -> (d2)>
#map9 = affine_map<(d0, d1) -> (d0, d1)>
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map11 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map12 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<1x5xi64>) -> tensor<1x5x320xbf16> {
    %c8_i64 = arith.constant 8 : i64
    %c2_i64 = arith.constant 2 : i64
    %c0_i64 = arith.constant 0 : i64
    %c320 = arith.constant 320 : index
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_4 = arith.constant dense<true> : tensor<i1>
    %cst_5 = arith.constant dense_resource<lm_head.weight> : tensor<320x64xbf16>
    %cst_6 = arith.constant dense_resource<model.norm.weight> : tensor<64xbf16>
    %cst_7 = arith.constant dense_resource<model.layers.0.mlp.down_proj.weight> : tensor<64x128xbf16>
    %cst_8 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<128x64xbf16>
    %cst_9 = arith.constant dense_resource<model.layers.0.mlp.gate_proj.weight> : tensor<128x64xbf16>
    %cst_10 = arith.constant dense_resource<model.layers.0.post_attention_layernorm.weight> : tensor<64xbf16>
    %cst_11 = arith.constant dense_resource<model.layers.0.self_attn.o_proj.weight> : tensor<64x64xbf16>
    %cst_12 = arith.constant dense_resource<model.layers.0.self_attn.v_proj.weight> : tensor<32x64xbf16>
    %cst_13 = arith.constant dense_resource<model.layers.0.self_attn.k_proj.weight> : tensor<32x64xbf16>
    %cst_14 = arith.constant dense_resource<model.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_15 = arith.constant dense_resource<model.layers.0.input_layernorm.weight> : tensor<64xbf16>
    %cst_16 = arith.constant 9.9999999999999995E-7 : f64
    %cst_17 = arith.constant dense_resource<torch_tensor_8_torch.float32> : tensor<8xf32>
    %cst_18 = arith.constant dense_resource<model.embed_tokens.weight> : tensor<320x64xbf16>
    %cst_19 = arith.constant 6.400000e+01 : f32
    %cst_20 = arith.constant 2.500000e-01 : bf16
    %0 = tensor.empty() : tensor<1x5x64xbf16>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x5xi64>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %138 = arith.index_cast %in : i64 to index
      %139 = linalg.index 2 : index
      %140 = arith.cmpi slt, %138, %c320 : index
      cf.assert %140, "index must be smaller than dim size"
      %141 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %141, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_18[%138, %139] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x5x64xbf16>
    %2 = tensor.empty() : tensor<5xi64>
    %3 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%2 : tensor<5xi64>) {
    ^bb0(%out: i64):
      %138 = linalg.index 0 : index
      %139 = arith.index_cast %138 : index to i64
      linalg.yield %139 : i64
    } -> tensor<5xi64>
    %expanded = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 5, 1] : tensor<5xi64> into tensor<1x1x5x1xi64>
    %expanded_21 = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 1, 5] : tensor<5xi64> into tensor<1x1x1x5xi64>
    %4 = tensor.empty() : tensor<1x1x5x1xi64>
    %5 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x1x5x1xi64>) outs(%4 : tensor<1x1x5x1xi64>) {
    ^bb0(%in: i64, %out: i64):
      %138 = arith.subi %in, %c8_i64 : i64
      linalg.yield %138 : i64
    } -> tensor<1x1x5x1xi64>
    %6 = tensor.empty() : tensor<1x1x5x5xi1>
    %7 = linalg.generic {indexing_maps = [#map4, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_21, %5 : tensor<1x1x1x5xi64>, tensor<1x1x5x1xi64>) outs(%6 : tensor<1x1x5x5xi1>) {
    ^bb0(%in: i64, %in_62: i64, %out: i1):
      %138 = arith.cmpi sgt, %in, %in_62 : i64
      linalg.yield %138 : i1
    } -> tensor<1x1x5x5xi1>
    %8 = linalg.generic {indexing_maps = [#map6, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_4, %7 : tensor<i1>, tensor<1x1x5x5xi1>) outs(%6 : tensor<1x1x5x5xi1>) {
    ^bb0(%in: i1, %in_62: i1, %out: i1):
      %138 = arith.andi %in, %in_62 : i1
      linalg.yield %138 : i1
    } -> tensor<1x1x5x5xi1>
    %9 = linalg.generic {indexing_maps = [#map4, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_21, %expanded : tensor<1x1x1x5xi64>, tensor<1x1x5x1xi64>) outs(%6 : tensor<1x1x5x5xi1>) {
    ^bb0(%in: i64, %in_62: i64, %out: i1):
      %138 = arith.cmpi sle, %in, %in_62 : i64
      linalg.yield %138 : i1
    } -> tensor<1x1x5x5xi1>
    %10 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8, %9 : tensor<1x1x5x5xi1>, tensor<1x1x5x5xi1>) outs(%6 : tensor<1x1x5x5xi1>) {
    ^bb0(%in: i1, %in_62: i1, %out: i1):
      %138 = arith.andi %in, %in_62 : i1
      linalg.yield %138 : i1
    } -> tensor<1x1x5x5xi1>
    %11 = tensor.empty() : tensor<1x1x5x5xbf16>
    %12 = linalg.generic {indexing_maps = [#map3, #map6, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%10, %cst_3, %cst_2 : tensor<1x1x5x5xi1>, tensor<bf16>, tensor<bf16>) outs(%11 : tensor<1x1x5x5xbf16>) {
    ^bb0(%in: i1, %in_62: bf16, %in_63: bf16, %out: bf16):
      %138 = arith.select %in, %in_62, %in_63 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x1x5x5xbf16>
    %expanded_22 = tensor.expand_shape %3 [[0, 1, 2]] output_shape [1, 5, 1] : tensor<5xi64> into tensor<1x5x1xi64>
    %13 = tensor.empty() : tensor<1x5x1xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_22 : tensor<1x5x1xi64>) outs(%13 : tensor<1x5x1xf32>) {
    ^bb0(%in: i64, %out: f32):
      %138 = arith.sitofp %in : i64 to f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %15 = tensor.empty() : tensor<1x5x8xf32>
    %16 = linalg.generic {indexing_maps = [#map7, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14, %cst_17 : tensor<1x5x1xf32>, tensor<8xf32>) outs(%15 : tensor<1x5x8xf32>) {
    ^bb0(%in: f32, %in_62: f32, %out: f32):
      %138 = arith.mulf %in, %in_62 : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x8xf32>
    %concat = tensor.concat dim(2) %16, %16 : (tensor<1x5x8xf32>, tensor<1x5x8xf32>) -> tensor<1x5x16xf32>
    %17 = tensor.empty() : tensor<1x5x16xf32>
    %18 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x5x16xf32>) outs(%17 : tensor<1x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = math.cos %in : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x16xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x5x16xf32>) outs(%17 : tensor<1x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = math.sin %in : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x16xf32>
    %20 = tensor.empty() : tensor<1x5x16xbf16>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<1x5x16xf32>) outs(%20 : tensor<1x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x16xbf16>
    %22 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19 : tensor<1x5x16xf32>) outs(%20 : tensor<1x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x16xbf16>
    %23 = tensor.empty() : tensor<1x5x64xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<1x5x64xbf16>) outs(%23 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %138 = arith.extf %in : bf16 to f32
      linalg.yield %138 : f32
    } -> tensor<1x5x64xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<1x5x64xf32>) outs(%23 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %138 : f32
    } -> tensor<1x5x64xf32>
    %26 = linalg.fill ins(%cst : f32) outs(%13 : tensor<1x5x1xf32>) -> tensor<1x5x1xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%25 : tensor<1x5x64xf32>) outs(%26 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = arith.addf %in, %out : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27 : tensor<1x5x1xf32>) outs(%13 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = arith.divf %in, %cst_19 : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %29 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%28 : tensor<1x5x1xf32>) outs(%13 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = arith.truncf %cst_16 : f64 to f32
      %139 = arith.addf %in, %138 : f32
      linalg.yield %139 : f32
    } -> tensor<1x5x1xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29 : tensor<1x5x1xf32>) outs(%13 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = math.rsqrt %in : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %31 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24, %30 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%23 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_62: f32, %out: f32):
      %138 = arith.mulf %in, %in_62 : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x64xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x64xbf16>
    %33 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_15, %32 : tensor<64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.mulf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x64xbf16>
    %34 = tensor.empty() : tensor<64x64xbf16>
    %transposed = linalg.transpose ins(%cst_14 : tensor<64x64xbf16>) outs(%34 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %33 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %35 = tensor.empty() : tensor<5x64xf32>
    %36 = linalg.fill ins(%cst : f32) outs(%35 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %37 = linalg.matmul ins(%collapsed, %transposed : tensor<5x64xbf16>, tensor<64x64xbf16>) outs(%36 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %38 = tensor.empty() : tensor<5x64xbf16>
    %39 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%37 : tensor<5x64xf32>) outs(%38 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<5x64xbf16>
    %expanded_23 = tensor.expand_shape %39 [[0, 1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<5x64xbf16> into tensor<1x5x4x16xbf16>
    %40 = tensor.empty() : tensor<1x4x5x16xbf16>
    %transposed_24 = linalg.transpose ins(%expanded_23 : tensor<1x5x4x16xbf16>) outs(%40 : tensor<1x4x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %41 = tensor.empty() : tensor<64x32xbf16>
    %transposed_25 = linalg.transpose ins(%cst_13 : tensor<32x64xbf16>) outs(%41 : tensor<64x32xbf16>) permutation = [1, 0] 
    %42 = tensor.empty() : tensor<5x32xf32>
    %43 = linalg.fill ins(%cst : f32) outs(%42 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %44 = linalg.matmul ins(%collapsed, %transposed_25 : tensor<5x64xbf16>, tensor<64x32xbf16>) outs(%43 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %45 = tensor.empty() : tensor<5x32xbf16>
    %46 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%44 : tensor<5x32xf32>) outs(%45 : tensor<5x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<5x32xbf16>
    %expanded_26 = tensor.expand_shape %46 [[0, 1], [2, 3]] output_shape [1, 5, 2, 16] : tensor<5x32xbf16> into tensor<1x5x2x16xbf16>
    %47 = tensor.empty() : tensor<1x2x5x16xbf16>
    %transposed_27 = linalg.transpose ins(%expanded_26 : tensor<1x5x2x16xbf16>) outs(%47 : tensor<1x2x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_28 = linalg.transpose ins(%cst_12 : tensor<32x64xbf16>) outs(%41 : tensor<64x32xbf16>) permutation = [1, 0] 
    %48 = linalg.matmul ins(%collapsed, %transposed_28 : tensor<5x64xbf16>, tensor<64x32xbf16>) outs(%43 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %49 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%48 : tensor<5x32xf32>) outs(%45 : tensor<5x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<5x32xbf16>
    %expanded_29 = tensor.expand_shape %49 [[0, 1], [2, 3]] output_shape [1, 5, 2, 16] : tensor<5x32xbf16> into tensor<1x5x2x16xbf16>
    %transposed_30 = linalg.transpose ins(%expanded_29 : tensor<1x5x2x16xbf16>) outs(%47 : tensor<1x2x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %expanded_31 = tensor.expand_shape %21 [[0], [1, 2], [3]] output_shape [1, 1, 5, 16] : tensor<1x5x16xbf16> into tensor<1x1x5x16xbf16>
    %expanded_32 = tensor.expand_shape %22 [[0], [1, 2], [3]] output_shape [1, 1, 5, 16] : tensor<1x5x16xbf16> into tensor<1x1x5x16xbf16>
    %50 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_24, %expanded_31 : tensor<1x4x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%40 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.mulf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x4x5x16xbf16>
    %extracted_slice = tensor.extract_slice %transposed_24[0, 0, 0, 0] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %extracted_slice_33 = tensor.extract_slice %transposed_24[0, 0, 0, 8] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %51 = tensor.empty() : tensor<1x4x5x8xbf16>
    %52 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_33 : tensor<1x4x5x8xbf16>) outs(%51 : tensor<1x4x5x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %138 = arith.negf %in : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x4x5x8xbf16>
    %concat_34 = tensor.concat dim(3) %52, %extracted_slice : (tensor<1x4x5x8xbf16>, tensor<1x4x5x8xbf16>) -> tensor<1x4x5x16xbf16>
    %53 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_34, %expanded_32 : tensor<1x4x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%40 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.mulf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x4x5x16xbf16>
    %54 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%50, %53 : tensor<1x4x5x16xbf16>, tensor<1x4x5x16xbf16>) outs(%40 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.addf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x4x5x16xbf16>
    %55 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_27, %expanded_31 : tensor<1x2x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%47 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.mulf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x2x5x16xbf16>
    %extracted_slice_35 = tensor.extract_slice %transposed_27[0, 0, 0, 0] [1, 2, 5, 8] [1, 1, 1, 1] : tensor<1x2x5x16xbf16> to tensor<1x2x5x8xbf16>
    %extracted_slice_36 = tensor.extract_slice %transposed_27[0, 0, 0, 8] [1, 2, 5, 8] [1, 1, 1, 1] : tensor<1x2x5x16xbf16> to tensor<1x2x5x8xbf16>
    %56 = tensor.empty() : tensor<1x2x5x8xbf16>
    %57 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_36 : tensor<1x2x5x8xbf16>) outs(%56 : tensor<1x2x5x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %138 = arith.negf %in : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x2x5x8xbf16>
    %concat_37 = tensor.concat dim(3) %57, %extracted_slice_35 : (tensor<1x2x5x8xbf16>, tensor<1x2x5x8xbf16>) -> tensor<1x2x5x16xbf16>
    %58 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_37, %expanded_32 : tensor<1x2x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%47 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.mulf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x2x5x16xbf16>
    %59 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%55, %58 : tensor<1x2x5x16xbf16>, tensor<1x2x5x16xbf16>) outs(%47 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.addf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x2x5x16xbf16>
    %60 = tensor.empty() : tensor<1x2x2x5x16xbf16>
    %61 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%59 : tensor<1x2x5x16xbf16>) outs(%60 : tensor<1x2x2x5x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x5x16xbf16>
    %collapsed_38 = tensor.collapse_shape %61 [[0], [1, 2], [3], [4]] : tensor<1x2x2x5x16xbf16> into tensor<1x4x5x16xbf16>
    %62 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_30 : tensor<1x2x5x16xbf16>) outs(%60 : tensor<1x2x2x5x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x5x16xbf16>
    %63 = tensor.empty() : tensor<1x4x16x5xbf16>
    %transposed_39 = linalg.transpose ins(%collapsed_38 : tensor<1x4x5x16xbf16>) outs(%63 : tensor<1x4x16x5xbf16>) permutation = [0, 1, 3, 2] 
    %collapsed_40 = tensor.collapse_shape %54 [[0, 1], [2], [3]] : tensor<1x4x5x16xbf16> into tensor<4x5x16xbf16>
    %collapsed_41 = tensor.collapse_shape %transposed_39 [[0, 1], [2], [3]] : tensor<1x4x16x5xbf16> into tensor<4x16x5xbf16>
    %64 = tensor.empty() : tensor<4x5x5xf32>
    %65 = linalg.fill ins(%cst : f32) outs(%64 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %66 = linalg.batch_matmul ins(%collapsed_40, %collapsed_41 : tensor<4x5x16xbf16>, tensor<4x16x5xbf16>) outs(%65 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %67 = tensor.empty() : tensor<4x5x5xbf16>
    %68 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%66 : tensor<4x5x5xf32>) outs(%67 : tensor<4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<4x5x5xbf16>
    %expanded_42 = tensor.expand_shape %68 [[0, 1], [2], [3]] output_shape [1, 4, 5, 5] : tensor<4x5x5xbf16> into tensor<1x4x5x5xbf16>
    %69 = tensor.empty() : tensor<1x4x5x5xbf16>
    %70 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_42 : tensor<1x4x5x5xbf16>) outs(%69 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %138 = arith.mulf %in, %cst_20 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x4x5x5xbf16>
    %71 = linalg.generic {indexing_maps = [#map3, #map10, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%70, %12 : tensor<1x4x5x5xbf16>, tensor<1x1x5x5xbf16>) outs(%69 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.addf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x4x5x5xbf16>
    %72 = tensor.empty() : tensor<1x4x5x5xf32>
    %73 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%71 : tensor<1x4x5x5xbf16>) outs(%72 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %138 = arith.extf %in : bf16 to f32
      linalg.yield %138 : f32
    } -> tensor<1x4x5x5xf32>
    %74 = tensor.empty() : tensor<1x4x5xi64>
    %75 = linalg.fill ins(%c0_i64 : i64) outs(%74 : tensor<1x4x5xi64>) -> tensor<1x4x5xi64>
    %76 = tensor.empty() : tensor<1x4x5xf32>
    %77 = linalg.fill ins(%cst_0 : f32) outs(%76 : tensor<1x4x5xf32>) -> tensor<1x4x5xf32>
    %78:2 = linalg.generic {indexing_maps = [#map3, #map13, #map13], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%73 : tensor<1x4x5x5xf32>) outs(%77, %75 : tensor<1x4x5xf32>, tensor<1x4x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_62: i64):
      %138 = linalg.index 3 : index
      %139 = arith.index_cast %138 : index to i64
      %140 = arith.maximumf %in, %out : f32
      %141 = arith.cmpf ogt, %in, %out : f32
      %142 = arith.select %141, %139, %out_62 : i64
      linalg.yield %140, %142 : f32, i64
    } -> (tensor<1x4x5xf32>, tensor<1x4x5xi64>)
    %expanded_43 = tensor.expand_shape %78#0 [[0], [1], [2, 3]] output_shape [1, 4, 5, 1] : tensor<1x4x5xf32> into tensor<1x4x5x1xf32>
    %79 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%73, %expanded_43 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%72 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_62: f32, %out: f32):
      %138 = arith.subf %in, %in_62 : f32
      linalg.yield %138 : f32
    } -> tensor<1x4x5x5xf32>
    %80 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%79 : tensor<1x4x5x5xf32>) outs(%72 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = math.exp %in : f32
      linalg.yield %138 : f32
    } -> tensor<1x4x5x5xf32>
    %81 = tensor.empty() : tensor<1x4x5x1xf32>
    %82 = linalg.fill ins(%cst : f32) outs(%81 : tensor<1x4x5x1xf32>) -> tensor<1x4x5x1xf32>
    %83 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%80 : tensor<1x4x5x5xf32>) outs(%82 : tensor<1x4x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = arith.addf %in, %out : f32
      linalg.yield %138 : f32
    } -> tensor<1x4x5x1xf32>
    %84 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%80, %83 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%72 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_62: f32, %out: f32):
      %138 = arith.divf %in, %in_62 : f32
      linalg.yield %138 : f32
    } -> tensor<1x4x5x5xf32>
    %85 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%84 : tensor<1x4x5x5xf32>) outs(%69 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<1x4x5x5xbf16>
    %collapsed_44 = tensor.collapse_shape %85 [[0, 1], [2], [3]] : tensor<1x4x5x5xbf16> into tensor<4x5x5xbf16>
    %collapsed_45 = tensor.collapse_shape %62 [[0, 1, 2], [3], [4]] : tensor<1x2x2x5x16xbf16> into tensor<4x5x16xbf16>
    %86 = tensor.empty() : tensor<4x5x16xf32>
    %87 = linalg.fill ins(%cst : f32) outs(%86 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %88 = linalg.batch_matmul ins(%collapsed_44, %collapsed_45 : tensor<4x5x5xbf16>, tensor<4x5x16xbf16>) outs(%87 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %89 = tensor.empty() : tensor<4x5x16xbf16>
    %90 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%88 : tensor<4x5x16xf32>) outs(%89 : tensor<4x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<4x5x16xbf16>
    %expanded_46 = tensor.expand_shape %90 [[0, 1], [2], [3]] output_shape [1, 4, 5, 16] : tensor<4x5x16xbf16> into tensor<1x4x5x16xbf16>
    %91 = tensor.empty() : tensor<1x5x4x16xbf16>
    %transposed_47 = linalg.transpose ins(%expanded_46 : tensor<1x4x5x16xbf16>) outs(%91 : tensor<1x5x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_48 = linalg.transpose ins(%cst_11 : tensor<64x64xbf16>) outs(%34 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed_49 = tensor.collapse_shape %transposed_47 [[0, 1], [2, 3]] : tensor<1x5x4x16xbf16> into tensor<5x64xbf16>
    %92 = linalg.matmul ins(%collapsed_49, %transposed_48 : tensor<5x64xbf16>, tensor<64x64xbf16>) outs(%36 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %93 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%92 : tensor<5x64xf32>) outs(%38 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<5x64xbf16>
    %expanded_50 = tensor.expand_shape %93 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %94 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %expanded_50 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.addf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x64xbf16>
    %95 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94 : tensor<1x5x64xbf16>) outs(%23 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %138 = arith.extf %in : bf16 to f32
      linalg.yield %138 : f32
    } -> tensor<1x5x64xf32>
    %96 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%95 : tensor<1x5x64xf32>) outs(%23 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %138 : f32
    } -> tensor<1x5x64xf32>
    %97 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%96 : tensor<1x5x64xf32>) outs(%26 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = arith.addf %in, %out : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %98 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97 : tensor<1x5x1xf32>) outs(%13 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = arith.divf %in, %cst_19 : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %99 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<1x5x1xf32>) outs(%13 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = arith.truncf %cst_16 : f64 to f32
      %139 = arith.addf %in, %138 : f32
      linalg.yield %139 : f32
    } -> tensor<1x5x1xf32>
    %100 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99 : tensor<1x5x1xf32>) outs(%13 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = math.rsqrt %in : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %101 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%95, %100 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%23 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_62: f32, %out: f32):
      %138 = arith.mulf %in, %in_62 : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x64xf32>
    %102 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x64xbf16>
    %103 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_10, %102 : tensor<64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.mulf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x64xbf16>
    %104 = tensor.empty() : tensor<64x128xbf16>
    %transposed_51 = linalg.transpose ins(%cst_9 : tensor<128x64xbf16>) outs(%104 : tensor<64x128xbf16>) permutation = [1, 0] 
    %collapsed_52 = tensor.collapse_shape %103 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %105 = tensor.empty() : tensor<5x128xf32>
    %106 = linalg.fill ins(%cst : f32) outs(%105 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %107 = linalg.matmul ins(%collapsed_52, %transposed_51 : tensor<5x64xbf16>, tensor<64x128xbf16>) outs(%106 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %108 = tensor.empty() : tensor<5x128xbf16>
    %109 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%107 : tensor<5x128xf32>) outs(%108 : tensor<5x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<5x128xbf16>
    %expanded_53 = tensor.expand_shape %109 [[0, 1], [2]] output_shape [1, 5, 128] : tensor<5x128xbf16> into tensor<1x5x128xbf16>
    %110 = tensor.empty() : tensor<1x5x128xf32>
    %111 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_53 : tensor<1x5x128xbf16>) outs(%110 : tensor<1x5x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %138 = arith.extf %in : bf16 to f32
      linalg.yield %138 : f32
    } -> tensor<1x5x128xf32>
    %112 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111 : tensor<1x5x128xf32>) outs(%110 : tensor<1x5x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = arith.negf %in : f32
      %139 = math.exp %138 : f32
      %140 = arith.addf %139, %cst_1 : f32
      %141 = arith.divf %cst_1, %140 : f32
      linalg.yield %141 : f32
    } -> tensor<1x5x128xf32>
    %113 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111, %112 : tensor<1x5x128xf32>, tensor<1x5x128xf32>) outs(%110 : tensor<1x5x128xf32>) {
    ^bb0(%in: f32, %in_62: f32, %out: f32):
      %138 = arith.mulf %in, %in_62 : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x128xf32>
    %114 = tensor.empty() : tensor<1x5x128xbf16>
    %115 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113 : tensor<1x5x128xf32>) outs(%114 : tensor<1x5x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x128xbf16>
    %transposed_54 = linalg.transpose ins(%cst_8 : tensor<128x64xbf16>) outs(%104 : tensor<64x128xbf16>) permutation = [1, 0] 
    %116 = linalg.matmul ins(%collapsed_52, %transposed_54 : tensor<5x64xbf16>, tensor<64x128xbf16>) outs(%106 : tensor<5x128xf32>) -> tensor<5x128xf32>
    %117 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%116 : tensor<5x128xf32>) outs(%108 : tensor<5x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<5x128xbf16>
    %expanded_55 = tensor.expand_shape %117 [[0, 1], [2]] output_shape [1, 5, 128] : tensor<5x128xbf16> into tensor<1x5x128xbf16>
    %118 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115, %expanded_55 : tensor<1x5x128xbf16>, tensor<1x5x128xbf16>) outs(%114 : tensor<1x5x128xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.mulf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x128xbf16>
    %119 = tensor.empty() : tensor<128x64xbf16>
    %transposed_56 = linalg.transpose ins(%cst_7 : tensor<64x128xbf16>) outs(%119 : tensor<128x64xbf16>) permutation = [1, 0] 
    %collapsed_57 = tensor.collapse_shape %118 [[0, 1], [2]] : tensor<1x5x128xbf16> into tensor<5x128xbf16>
    %120 = linalg.matmul ins(%collapsed_57, %transposed_56 : tensor<5x128xbf16>, tensor<128x64xbf16>) outs(%36 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %121 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%120 : tensor<5x64xf32>) outs(%38 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<5x64xbf16>
    %expanded_58 = tensor.expand_shape %121 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %122 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94, %expanded_58 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.addf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x64xbf16>
    %123 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%122 : tensor<1x5x64xbf16>) outs(%23 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %138 = arith.extf %in : bf16 to f32
      linalg.yield %138 : f32
    } -> tensor<1x5x64xf32>
    %124 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123 : tensor<1x5x64xf32>) outs(%23 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %138 : f32
    } -> tensor<1x5x64xf32>
    %125 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%124 : tensor<1x5x64xf32>) outs(%26 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = arith.addf %in, %out : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %126 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125 : tensor<1x5x1xf32>) outs(%13 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = arith.divf %in, %cst_19 : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %127 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126 : tensor<1x5x1xf32>) outs(%13 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = arith.truncf %cst_16 : f64 to f32
      %139 = arith.addf %in, %138 : f32
      linalg.yield %139 : f32
    } -> tensor<1x5x1xf32>
    %128 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%127 : tensor<1x5x1xf32>) outs(%13 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %138 = math.rsqrt %in : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x1xf32>
    %129 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123, %128 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%23 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_62: f32, %out: f32):
      %138 = arith.mulf %in, %in_62 : f32
      linalg.yield %138 : f32
    } -> tensor<1x5x64xf32>
    %130 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%129 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x64xbf16>
    %131 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_6, %130 : tensor<64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_62: bf16, %out: bf16):
      %138 = arith.mulf %in, %in_62 : bf16
      linalg.yield %138 : bf16
    } -> tensor<1x5x64xbf16>
    %132 = tensor.empty() : tensor<64x320xbf16>
    %transposed_59 = linalg.transpose ins(%cst_5 : tensor<320x64xbf16>) outs(%132 : tensor<64x320xbf16>) permutation = [1, 0] 
    %collapsed_60 = tensor.collapse_shape %131 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %133 = tensor.empty() : tensor<5x320xf32>
    %134 = linalg.fill ins(%cst : f32) outs(%133 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %135 = linalg.matmul ins(%collapsed_60, %transposed_59 : tensor<5x64xbf16>, tensor<64x320xbf16>) outs(%134 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %136 = tensor.empty() : tensor<5x320xbf16>
    %137 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%135 : tensor<5x320xf32>) outs(%136 : tensor<5x320xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %138 = arith.truncf %in : f32 to bf16
      linalg.yield %138 : bf16
    } -> tensor<5x320xbf16>
    %expanded_61 = tensor.expand_shape %137 [[0, 1], [2]] output_shape [1, 5, 320] : tensor<5x320xbf16> into tensor<1x5x320xbf16>
    return %expanded_61 : tensor<1x5x320xbf16>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_8_torch.float32: "0x040000000000803F9BE8A13ECDCCCC3DE386013D0AD7233C383E4F3B6F12833A60CBA539"
    }
  }
#-}
