// prefill
//   arg0 input_ids: tensor<1x?xi64>
//   out0 logits: tensor<1x1x320xbf16>
//   out1 cache.0.keys: tensor<1x2x12x16xbf16>
//   out2 cache.0.values: tensor<1x2x12x16xbf16>
// decode
//   arg0 input_ids: tensor<1x1xi64>
//   arg1 position: tensor<i64>
//   arg2 cache.0.keys: tensor<1x2x12x16xbf16>
//   arg3 cache.0.values: tensor<1x2x12x16xbf16>
//   out0 logits: tensor<1x1x320xbf16>
//   out1 cache.0.keys: tensor<1x2x12x16xbf16>
//   out2 cache.0.values: tensor<1x2x12x16xbf16>
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
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map11 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map12 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map14 = affine_map<(d0) -> ()>
#map15 = affine_map<(d0, d1) -> ()>
#map16 = affine_map<(d0, d1, d2, d3) -> (d2, 0)>
module {
  func.func @prefill(%arg0: tensor<1x?xi64>) -> (tensor<1x1x320xbf16>, tensor<1x2x12x16xbf16>, tensor<1x2x12x16xbf16>) {
    %c12_i64 = arith.constant 12 : i64
    %c-1_i64 = arith.constant -1 : i64
    %c2_i64 = arith.constant 2 : i64
    %c0_i64 = arith.constant 0 : i64
    %c1 = arith.constant 1 : index
    %c320 = arith.constant 320 : index
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_4 = arith.constant dense_resource<model.norm.weight> : tensor<64xbf16>
    %cst_5 = arith.constant dense_resource<model.layers.0.mlp.down_proj.weight> : tensor<64x128xbf16>
    %cst_6 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<128x64xbf16>
    %cst_7 = arith.constant dense_resource<model.layers.0.mlp.gate_proj.weight> : tensor<128x64xbf16>
    %cst_8 = arith.constant dense_resource<model.layers.0.post_attention_layernorm.weight> : tensor<64xbf16>
    %cst_9 = arith.constant dense_resource<model.layers.0.self_attn.o_proj.weight> : tensor<64x64xbf16>
    %cst_10 = arith.constant dense_resource<model.layers.0.self_attn.v_proj.weight> : tensor<32x64xbf16>
    %cst_11 = arith.constant dense_resource<model.layers.0.self_attn.k_proj.weight> : tensor<32x64xbf16>
    %cst_12 = arith.constant dense_resource<model.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_13 = arith.constant dense_resource<model.layers.0.input_layernorm.weight> : tensor<64xbf16>
    %cst_14 = arith.constant 9.9999999999999995E-7 : f64
    %cst_15 = arith.constant dense_resource<torch_tensor_8_torch.float32> : tensor<8xf32>
    %cst_16 = arith.constant dense_resource<model.embed_tokens.weight> : tensor<320x64xbf16>
    %cst_17 = arith.constant 6.400000e+01 : f32
    %cst_18 = arith.constant 2.500000e-01 : bf16
    %cst_19 = arith.constant 0.000000e+00 : bf16
    %c2 = arith.constant 2 : index
    %dim = tensor.dim %arg0, %c1 : tensor<1x?xi64>
    %0 = arith.index_cast %dim : index to i64
    %1 = tensor.empty(%dim) : tensor<1x?x64xbf16>
    %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x?xi64>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %142 = arith.index_cast %in : i64 to index
      %143 = linalg.index 2 : index
      %144 = arith.cmpi slt, %142, %c320 : index
      cf.assert %144, "index must be smaller than dim size"
      %145 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %145, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_16[%142, %143] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x?x64xbf16>
    %3 = tensor.empty(%dim) : tensor<?xi64>
    %4 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%3 : tensor<?xi64>) {
    ^bb0(%out: i64):
      %142 = linalg.index 0 : index
      %143 = arith.index_cast %142 : index to i64
      linalg.yield %143 : i64
    } -> tensor<?xi64>
    %expanded = tensor.expand_shape %4 [[0, 1, 2, 3]] output_shape [1, 1, %dim, 1] : tensor<?xi64> into tensor<1x1x?x1xi64>
    %expanded_20 = tensor.expand_shape %4 [[0, 1, 2, 3]] output_shape [1, 1, 1, %dim] : tensor<?xi64> into tensor<1x1x1x?xi64>
    %5 = tensor.empty(%dim, %dim) : tensor<1x1x?x?xi1>
    %6 = linalg.generic {indexing_maps = [#map3, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_20, %expanded : tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) outs(%5 : tensor<1x1x?x?xi1>) {
    ^bb0(%in: i64, %in_66: i64, %out: i1):
      %142 = arith.cmpi sle, %in, %in_66 : i64
      linalg.yield %142 : i1
    } -> tensor<1x1x?x?xi1>
    %7 = tensor.empty(%dim, %dim) : tensor<1x1x?x?xbf16>
    %8 = linalg.generic {indexing_maps = [#map5, #map6, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %cst_3, %cst_2 : tensor<1x1x?x?xi1>, tensor<bf16>, tensor<bf16>) outs(%7 : tensor<1x1x?x?xbf16>) {
    ^bb0(%in: i1, %in_66: bf16, %in_67: bf16, %out: bf16):
      %142 = arith.select %in, %in_66, %in_67 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x1x?x?xbf16>
    %expanded_21 = tensor.expand_shape %4 [[0, 1, 2]] output_shape [1, %dim, 1] : tensor<?xi64> into tensor<1x?x1xi64>
    %9 = tensor.empty(%dim) : tensor<1x?x1xf32>
    %10 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_21 : tensor<1x?x1xi64>) outs(%9 : tensor<1x?x1xf32>) {
    ^bb0(%in: i64, %out: f32):
      %142 = arith.sitofp %in : i64 to f32
      linalg.yield %142 : f32
    } -> tensor<1x?x1xf32>
    %11 = tensor.empty(%dim) : tensor<1x?x8xf32>
    %12 = linalg.generic {indexing_maps = [#map7, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%10, %cst_15 : tensor<1x?x1xf32>, tensor<8xf32>) outs(%11 : tensor<1x?x8xf32>) {
    ^bb0(%in: f32, %in_66: f32, %out: f32):
      %142 = arith.mulf %in, %in_66 : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x8xf32>
    %concat = tensor.concat dim(2) %12, %12 : (tensor<1x?x8xf32>, tensor<1x?x8xf32>) -> tensor<1x?x16xf32>
    %dim_22 = tensor.dim %12, %c1 : tensor<1x?x8xf32>
    %13 = tensor.empty(%dim_22) : tensor<1x?x16xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x?x16xf32>) outs(%13 : tensor<1x?x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = math.cos %in : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x16xf32>
    %15 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x?x16xf32>) outs(%13 : tensor<1x?x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = math.sin %in : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x16xf32>
    %16 = tensor.empty(%dim_22) : tensor<1x?x16xbf16>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<1x?x16xf32>) outs(%16 : tensor<1x?x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x16xbf16>
    %18 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15 : tensor<1x?x16xf32>) outs(%16 : tensor<1x?x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x16xbf16>
    %19 = tensor.empty(%dim) : tensor<1x?x64xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2 : tensor<1x?x64xbf16>) outs(%19 : tensor<1x?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %142 = arith.extf %in : bf16 to f32
      linalg.yield %142 : f32
    } -> tensor<1x?x64xf32>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20 : tensor<1x?x64xf32>) outs(%19 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %142 : f32
    } -> tensor<1x?x64xf32>
    %22 = linalg.fill ins(%cst : f32) outs(%9 : tensor<1x?x1xf32>) -> tensor<1x?x1xf32>
    %23 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%21 : tensor<1x?x64xf32>) outs(%22 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = arith.addf %in, %out : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x1xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x?x1xf32>) outs(%9 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = arith.divf %in, %cst_17 : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<1x?x1xf32>) outs(%9 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = arith.truncf %cst_14 : f64 to f32
      %143 = arith.addf %in, %142 : f32
      linalg.yield %143 : f32
    } -> tensor<1x?x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<1x?x1xf32>) outs(%9 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = math.rsqrt %in : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x1xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20, %26 : tensor<1x?x64xf32>, tensor<1x?x1xf32>) outs(%19 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_66: f32, %out: f32):
      %142 = arith.mulf %in, %in_66 : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x64xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27 : tensor<1x?x64xf32>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x64xbf16>
    %29 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_13, %28 : tensor<64xbf16>, tensor<1x?x64xbf16>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.mulf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x64xbf16>
    %30 = tensor.empty() : tensor<64x64xbf16>
    %transposed = linalg.transpose ins(%cst_12 : tensor<64x64xbf16>) outs(%30 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %29 [[0, 1], [2]] : tensor<1x?x64xbf16> into tensor<?x64xbf16>
    %31 = tensor.empty(%dim) : tensor<?x64xf32>
    %32 = linalg.fill ins(%cst : f32) outs(%31 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %33 = linalg.matmul ins(%collapsed, %transposed : tensor<?x64xbf16>, tensor<64x64xbf16>) outs(%32 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %34 = tensor.empty(%dim) : tensor<?x64xbf16>
    %35 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%33 : tensor<?x64xf32>) outs(%34 : tensor<?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<?x64xbf16>
    %expanded_23 = tensor.expand_shape %35 [[0, 1], [2, 3]] output_shape [1, %dim, 4, 16] : tensor<?x64xbf16> into tensor<1x?x4x16xbf16>
    %36 = tensor.empty(%dim) : tensor<1x4x?x16xbf16>
    %transposed_24 = linalg.transpose ins(%expanded_23 : tensor<1x?x4x16xbf16>) outs(%36 : tensor<1x4x?x16xbf16>) permutation = [0, 2, 1, 3] 
    %37 = tensor.empty() : tensor<64x32xbf16>
    %transposed_25 = linalg.transpose ins(%cst_11 : tensor<32x64xbf16>) outs(%37 : tensor<64x32xbf16>) permutation = [1, 0] 
    %38 = tensor.empty(%dim) : tensor<?x32xf32>
    %39 = linalg.fill ins(%cst : f32) outs(%38 : tensor<?x32xf32>) -> tensor<?x32xf32>
    %40 = linalg.matmul ins(%collapsed, %transposed_25 : tensor<?x64xbf16>, tensor<64x32xbf16>) outs(%39 : tensor<?x32xf32>) -> tensor<?x32xf32>
    %41 = tensor.empty(%dim) : tensor<?x32xbf16>
    %42 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%40 : tensor<?x32xf32>) outs(%41 : tensor<?x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<?x32xbf16>
    %expanded_26 = tensor.expand_shape %42 [[0, 1], [2, 3]] output_shape [1, %dim, 2, 16] : tensor<?x32xbf16> into tensor<1x?x2x16xbf16>
    %43 = tensor.empty(%dim) : tensor<1x2x?x16xbf16>
    %transposed_27 = linalg.transpose ins(%expanded_26 : tensor<1x?x2x16xbf16>) outs(%43 : tensor<1x2x?x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_28 = linalg.transpose ins(%cst_10 : tensor<32x64xbf16>) outs(%37 : tensor<64x32xbf16>) permutation = [1, 0] 
    %44 = linalg.matmul ins(%collapsed, %transposed_28 : tensor<?x64xbf16>, tensor<64x32xbf16>) outs(%39 : tensor<?x32xf32>) -> tensor<?x32xf32>
    %45 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%44 : tensor<?x32xf32>) outs(%41 : tensor<?x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<?x32xbf16>
    %expanded_29 = tensor.expand_shape %45 [[0, 1], [2, 3]] output_shape [1, %dim, 2, 16] : tensor<?x32xbf16> into tensor<1x?x2x16xbf16>
    %transposed_30 = linalg.transpose ins(%expanded_29 : tensor<1x?x2x16xbf16>) outs(%43 : tensor<1x2x?x16xbf16>) permutation = [0, 2, 1, 3] 
    %expanded_31 = tensor.expand_shape %17 [[0], [1, 2], [3]] output_shape [1, 1, %dim_22, 16] : tensor<1x?x16xbf16> into tensor<1x1x?x16xbf16>
    %expanded_32 = tensor.expand_shape %18 [[0], [1, 2], [3]] output_shape [1, 1, %dim_22, 16] : tensor<1x?x16xbf16> into tensor<1x1x?x16xbf16>
    %46 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_24, %expanded_31 : tensor<1x4x?x16xbf16>, tensor<1x1x?x16xbf16>) outs(%36 : tensor<1x4x?x16xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.mulf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x4x?x16xbf16>
    %extracted_slice = tensor.extract_slice %transposed_24[0, 0, 0, 0] [1, 4, %dim, 8] [1, 1, 1, 1] : tensor<1x4x?x16xbf16> to tensor<1x4x?x8xbf16>
    %extracted_slice_33 = tensor.extract_slice %transposed_24[0, 0, 0, 8] [1, 4, %dim, 8] [1, 1, 1, 1] : tensor<1x4x?x16xbf16> to tensor<1x4x?x8xbf16>
    %47 = tensor.empty(%dim) : tensor<1x4x?x8xbf16>
    %48 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_33 : tensor<1x4x?x8xbf16>) outs(%47 : tensor<1x4x?x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %142 = arith.negf %in : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x4x?x8xbf16>
    %concat_34 = tensor.concat dim(3) %48, %extracted_slice : (tensor<1x4x?x8xbf16>, tensor<1x4x?x8xbf16>) -> tensor<1x4x?x16xbf16>
    %dim_35 = tensor.dim %48, %c2 : tensor<1x4x?x8xbf16>
    %49 = tensor.empty(%dim_35) : tensor<1x4x?x16xbf16>
    %50 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_34, %expanded_32 : tensor<1x4x?x16xbf16>, tensor<1x1x?x16xbf16>) outs(%49 : tensor<1x4x?x16xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.mulf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x4x?x16xbf16>
    %51 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%46, %50 : tensor<1x4x?x16xbf16>, tensor<1x4x?x16xbf16>) outs(%36 : tensor<1x4x?x16xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.addf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x4x?x16xbf16>
    %52 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_27, %expanded_31 : tensor<1x2x?x16xbf16>, tensor<1x1x?x16xbf16>) outs(%43 : tensor<1x2x?x16xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.mulf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x2x?x16xbf16>
    %extracted_slice_36 = tensor.extract_slice %transposed_27[0, 0, 0, 0] [1, 2, %dim, 8] [1, 1, 1, 1] : tensor<1x2x?x16xbf16> to tensor<1x2x?x8xbf16>
    %extracted_slice_37 = tensor.extract_slice %transposed_27[0, 0, 0, 8] [1, 2, %dim, 8] [1, 1, 1, 1] : tensor<1x2x?x16xbf16> to tensor<1x2x?x8xbf16>
    %53 = tensor.empty(%dim) : tensor<1x2x?x8xbf16>
    %54 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_37 : tensor<1x2x?x8xbf16>) outs(%53 : tensor<1x2x?x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %142 = arith.negf %in : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x2x?x8xbf16>
    %concat_38 = tensor.concat dim(3) %54, %extracted_slice_36 : (tensor<1x2x?x8xbf16>, tensor<1x2x?x8xbf16>) -> tensor<1x2x?x16xbf16>
    %dim_39 = tensor.dim %54, %c2 : tensor<1x2x?x8xbf16>
    %55 = tensor.empty(%dim_39) : tensor<1x2x?x16xbf16>
    %56 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_38, %expanded_32 : tensor<1x2x?x16xbf16>, tensor<1x1x?x16xbf16>) outs(%55 : tensor<1x2x?x16xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.mulf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x2x?x16xbf16>
    %57 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%52, %56 : tensor<1x2x?x16xbf16>, tensor<1x2x?x16xbf16>) outs(%43 : tensor<1x2x?x16xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.addf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x2x?x16xbf16>
    %58 = tensor.empty(%dim) : tensor<1x2x2x?x16xbf16>
    %59 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%57 : tensor<1x2x?x16xbf16>) outs(%58 : tensor<1x2x2x?x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x?x16xbf16>
    %collapsed_40 = tensor.collapse_shape %59 [[0], [1, 2], [3], [4]] : tensor<1x2x2x?x16xbf16> into tensor<1x4x?x16xbf16>
    %60 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_30 : tensor<1x2x?x16xbf16>) outs(%58 : tensor<1x2x2x?x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x?x16xbf16>
    %61 = tensor.empty(%dim) : tensor<1x4x16x?xbf16>
    %transposed_41 = linalg.transpose ins(%collapsed_40 : tensor<1x4x?x16xbf16>) outs(%61 : tensor<1x4x16x?xbf16>) permutation = [0, 1, 3, 2] 
    %collapsed_42 = tensor.collapse_shape %51 [[0, 1], [2], [3]] : tensor<1x4x?x16xbf16> into tensor<4x?x16xbf16>
    %collapsed_43 = tensor.collapse_shape %transposed_41 [[0, 1], [2], [3]] : tensor<1x4x16x?xbf16> into tensor<4x16x?xbf16>
    %62 = tensor.empty(%dim, %dim) : tensor<4x?x?xf32>
    %63 = linalg.fill ins(%cst : f32) outs(%62 : tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
    %64 = linalg.batch_matmul ins(%collapsed_42, %collapsed_43 : tensor<4x?x16xbf16>, tensor<4x16x?xbf16>) outs(%63 : tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
    %65 = tensor.empty(%dim, %dim) : tensor<4x?x?xbf16>
    %66 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%64 : tensor<4x?x?xf32>) outs(%65 : tensor<4x?x?xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<4x?x?xbf16>
    %expanded_44 = tensor.expand_shape %66 [[0, 1], [2], [3]] output_shape [1, 4, %dim, %dim] : tensor<4x?x?xbf16> into tensor<1x4x?x?xbf16>
    %67 = tensor.empty(%dim, %dim) : tensor<1x4x?x?xbf16>
    %68 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_44 : tensor<1x4x?x?xbf16>) outs(%67 : tensor<1x4x?x?xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %142 = arith.mulf %in, %cst_18 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x4x?x?xbf16>
    %69 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%68, %8 : tensor<1x4x?x?xbf16>, tensor<1x1x?x?xbf16>) outs(%67 : tensor<1x4x?x?xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.addf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x4x?x?xbf16>
    %70 = tensor.empty(%dim, %dim) : tensor<1x4x?x?xf32>
    %71 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%69 : tensor<1x4x?x?xbf16>) outs(%70 : tensor<1x4x?x?xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %142 = arith.extf %in : bf16 to f32
      linalg.yield %142 : f32
    } -> tensor<1x4x?x?xf32>
    %72 = tensor.empty(%dim) : tensor<1x4x?xi64>
    %73 = linalg.fill ins(%c0_i64 : i64) outs(%72 : tensor<1x4x?xi64>) -> tensor<1x4x?xi64>
    %74 = tensor.empty(%dim) : tensor<1x4x?xf32>
    %75 = linalg.fill ins(%cst_0 : f32) outs(%74 : tensor<1x4x?xf32>) -> tensor<1x4x?xf32>
    %76:2 = linalg.generic {indexing_maps = [#map5, #map13, #map13], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%71 : tensor<1x4x?x?xf32>) outs(%75, %73 : tensor<1x4x?xf32>, tensor<1x4x?xi64>) {
    ^bb0(%in: f32, %out: f32, %out_66: i64):
      %142 = linalg.index 3 : index
      %143 = arith.index_cast %142 : index to i64
      %144 = arith.maximumf %in, %out : f32
      %145 = arith.cmpf ogt, %in, %out : f32
      %146 = arith.select %145, %143, %out_66 : i64
      linalg.yield %144, %146 : f32, i64
    } -> (tensor<1x4x?xf32>, tensor<1x4x?xi64>)
    %expanded_45 = tensor.expand_shape %76#0 [[0], [1], [2, 3]] output_shape [1, 4, %dim, 1] : tensor<1x4x?xf32> into tensor<1x4x?x1xf32>
    %77 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%71, %expanded_45 : tensor<1x4x?x?xf32>, tensor<1x4x?x1xf32>) outs(%70 : tensor<1x4x?x?xf32>) {
    ^bb0(%in: f32, %in_66: f32, %out: f32):
      %142 = arith.subf %in, %in_66 : f32
      linalg.yield %142 : f32
    } -> tensor<1x4x?x?xf32>
    %78 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%77 : tensor<1x4x?x?xf32>) outs(%70 : tensor<1x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = math.exp %in : f32
      linalg.yield %142 : f32
    } -> tensor<1x4x?x?xf32>
    %79 = tensor.empty(%dim) : tensor<1x4x?x1xf32>
    %80 = linalg.fill ins(%cst : f32) outs(%79 : tensor<1x4x?x1xf32>) -> tensor<1x4x?x1xf32>
    %81 = linalg.generic {indexing_maps = [#map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%78 : tensor<1x4x?x?xf32>) outs(%80 : tensor<1x4x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = arith.addf %in, %out : f32
      linalg.yield %142 : f32
    } -> tensor<1x4x?x1xf32>
    %82 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%78, %81 : tensor<1x4x?x?xf32>, tensor<1x4x?x1xf32>) outs(%70 : tensor<1x4x?x?xf32>) {
    ^bb0(%in: f32, %in_66: f32, %out: f32):
      %142 = arith.divf %in, %in_66 : f32
      linalg.yield %142 : f32
    } -> tensor<1x4x?x?xf32>
    %83 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%82 : tensor<1x4x?x?xf32>) outs(%67 : tensor<1x4x?x?xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<1x4x?x?xbf16>
    %collapsed_46 = tensor.collapse_shape %83 [[0, 1], [2], [3]] : tensor<1x4x?x?xbf16> into tensor<4x?x?xbf16>
    %collapsed_47 = tensor.collapse_shape %60 [[0, 1, 2], [3], [4]] : tensor<1x2x2x?x16xbf16> into tensor<4x?x16xbf16>
    %84 = tensor.empty(%dim) : tensor<4x?x16xf32>
    %85 = linalg.fill ins(%cst : f32) outs(%84 : tensor<4x?x16xf32>) -> tensor<4x?x16xf32>
    %86 = linalg.batch_matmul ins(%collapsed_46, %collapsed_47 : tensor<4x?x?xbf16>, tensor<4x?x16xbf16>) outs(%85 : tensor<4x?x16xf32>) -> tensor<4x?x16xf32>
    %87 = tensor.empty(%dim) : tensor<4x?x16xbf16>
    %88 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%86 : tensor<4x?x16xf32>) outs(%87 : tensor<4x?x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<4x?x16xbf16>
    %expanded_48 = tensor.expand_shape %88 [[0, 1], [2], [3]] output_shape [1, 4, %dim, 16] : tensor<4x?x16xbf16> into tensor<1x4x?x16xbf16>
    %89 = tensor.empty(%dim) : tensor<1x?x4x16xbf16>
    %transposed_49 = linalg.transpose ins(%expanded_48 : tensor<1x4x?x16xbf16>) outs(%89 : tensor<1x?x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_50 = linalg.transpose ins(%cst_9 : tensor<64x64xbf16>) outs(%30 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed_51 = tensor.collapse_shape %transposed_49 [[0, 1], [2, 3]] : tensor<1x?x4x16xbf16> into tensor<?x64xbf16>
    %90 = linalg.matmul ins(%collapsed_51, %transposed_50 : tensor<?x64xbf16>, tensor<64x64xbf16>) outs(%32 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %91 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%90 : tensor<?x64xf32>) outs(%34 : tensor<?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<?x64xbf16>
    %expanded_52 = tensor.expand_shape %91 [[0, 1], [2]] output_shape [1, %dim, 64] : tensor<?x64xbf16> into tensor<1x?x64xbf16>
    %92 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2, %expanded_52 : tensor<1x?x64xbf16>, tensor<1x?x64xbf16>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.addf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x64xbf16>
    %93 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92 : tensor<1x?x64xbf16>) outs(%19 : tensor<1x?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %142 = arith.extf %in : bf16 to f32
      linalg.yield %142 : f32
    } -> tensor<1x?x64xf32>
    %94 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93 : tensor<1x?x64xf32>) outs(%19 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %142 : f32
    } -> tensor<1x?x64xf32>
    %95 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%94 : tensor<1x?x64xf32>) outs(%22 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = arith.addf %in, %out : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x1xf32>
    %96 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%95 : tensor<1x?x1xf32>) outs(%9 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = arith.divf %in, %cst_17 : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x1xf32>
    %97 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<1x?x1xf32>) outs(%9 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = arith.truncf %cst_14 : f64 to f32
      %143 = arith.addf %in, %142 : f32
      linalg.yield %143 : f32
    } -> tensor<1x?x1xf32>
    %98 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97 : tensor<1x?x1xf32>) outs(%9 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = math.rsqrt %in : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x1xf32>
    %99 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93, %98 : tensor<1x?x64xf32>, tensor<1x?x1xf32>) outs(%19 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_66: f32, %out: f32):
      %142 = arith.mulf %in, %in_66 : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x64xf32>
    %100 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99 : tensor<1x?x64xf32>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x64xbf16>
    %101 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_8, %100 : tensor<64xbf16>, tensor<1x?x64xbf16>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.mulf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x64xbf16>
    %102 = tensor.empty() : tensor<64x128xbf16>
    %transposed_53 = linalg.transpose ins(%cst_7 : tensor<128x64xbf16>) outs(%102 : tensor<64x128xbf16>) permutation = [1, 0] 
    %collapsed_54 = tensor.collapse_shape %101 [[0, 1], [2]] : tensor<1x?x64xbf16> into tensor<?x64xbf16>
    %103 = tensor.empty(%dim) : tensor<?x128xf32>
    %104 = linalg.fill ins(%cst : f32) outs(%103 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %105 = linalg.matmul ins(%collapsed_54, %transposed_53 : tensor<?x64xbf16>, tensor<64x128xbf16>) outs(%104 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %106 = tensor.empty(%dim) : tensor<?x128xbf16>
    %107 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%105 : tensor<?x128xf32>) outs(%106 : tensor<?x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<?x128xbf16>
    %expanded_55 = tensor.expand_shape %107 [[0, 1], [2]] output_shape [1, %dim, 128] : tensor<?x128xbf16> into tensor<1x?x128xbf16>
    %108 = tensor.empty(%dim) : tensor<1x?x128xf32>
    %109 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_55 : tensor<1x?x128xbf16>) outs(%108 : tensor<1x?x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %142 = arith.extf %in : bf16 to f32
      linalg.yield %142 : f32
    } -> tensor<1x?x128xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109 : tensor<1x?x128xf32>) outs(%108 : tensor<1x?x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = arith.negf %in : f32
      %143 = math.exp %142 : f32
      %144 = arith.addf %143, %cst_1 : f32
      %145 = arith.divf %cst_1, %144 : f32
      linalg.yield %145 : f32
    } -> tensor<1x?x128xf32>
    %111 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109, %110 : tensor<1x?x128xf32>, tensor<1x?x128xf32>) outs(%108 : tensor<1x?x128xf32>) {
    ^bb0(%in: f32, %in_66: f32, %out: f32):
      %142 = arith.mulf %in, %in_66 : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x128xf32>
    %112 = tensor.empty(%dim) : tensor<1x?x128xbf16>
    %113 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111 : tensor<1x?x128xf32>) outs(%112 : tensor<1x?x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x128xbf16>
    %transposed_56 = linalg.transpose ins(%cst_6 : tensor<128x64xbf16>) outs(%102 : tensor<64x128xbf16>) permutation = [1, 0] 
    %114 = linalg.matmul ins(%collapsed_54, %transposed_56 : tensor<?x64xbf16>, tensor<64x128xbf16>) outs(%104 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %115 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%114 : tensor<?x128xf32>) outs(%106 : tensor<?x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<?x128xbf16>
    %expanded_57 = tensor.expand_shape %115 [[0, 1], [2]] output_shape [1, %dim, 128] : tensor<?x128xbf16> into tensor<1x?x128xbf16>
    %116 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113, %expanded_57 : tensor<1x?x128xbf16>, tensor<1x?x128xbf16>) outs(%112 : tensor<1x?x128xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.mulf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x128xbf16>
    %117 = tensor.empty() : tensor<128x64xbf16>
    %transposed_58 = linalg.transpose ins(%cst_5 : tensor<64x128xbf16>) outs(%117 : tensor<128x64xbf16>) permutation = [1, 0] 
    %collapsed_59 = tensor.collapse_shape %116 [[0, 1], [2]] : tensor<1x?x128xbf16> into tensor<?x128xbf16>
    %118 = linalg.matmul ins(%collapsed_59, %transposed_58 : tensor<?x128xbf16>, tensor<128x64xbf16>) outs(%32 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %119 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%118 : tensor<?x64xf32>) outs(%34 : tensor<?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<?x64xbf16>
    %expanded_60 = tensor.expand_shape %119 [[0, 1], [2]] output_shape [1, %dim, 64] : tensor<?x64xbf16> into tensor<1x?x64xbf16>
    %120 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92, %expanded_60 : tensor<1x?x64xbf16>, tensor<1x?x64xbf16>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.addf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x64xbf16>
    %121 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%120 : tensor<1x?x64xbf16>) outs(%19 : tensor<1x?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %142 = arith.extf %in : bf16 to f32
      linalg.yield %142 : f32
    } -> tensor<1x?x64xf32>
    %122 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%121 : tensor<1x?x64xf32>) outs(%19 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %142 : f32
    } -> tensor<1x?x64xf32>
    %123 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%122 : tensor<1x?x64xf32>) outs(%22 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = arith.addf %in, %out : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x1xf32>
    %124 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123 : tensor<1x?x1xf32>) outs(%9 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = arith.divf %in, %cst_17 : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x1xf32>
    %125 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%124 : tensor<1x?x1xf32>) outs(%9 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = arith.truncf %cst_14 : f64 to f32
      %143 = arith.addf %in, %142 : f32
      linalg.yield %143 : f32
    } -> tensor<1x?x1xf32>
    %126 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125 : tensor<1x?x1xf32>) outs(%9 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %142 = math.rsqrt %in : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x1xf32>
    %127 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%121, %126 : tensor<1x?x64xf32>, tensor<1x?x1xf32>) outs(%19 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_66: f32, %out: f32):
      %142 = arith.mulf %in, %in_66 : f32
      linalg.yield %142 : f32
    } -> tensor<1x?x64xf32>
    %128 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%127 : tensor<1x?x64xf32>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x64xbf16>
    %129 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_4, %128 : tensor<64xbf16>, tensor<1x?x64xbf16>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: bf16, %in_66: bf16, %out: bf16):
      %142 = arith.mulf %in, %in_66 : bf16
      linalg.yield %142 : bf16
    } -> tensor<1x?x64xbf16>
    %130 = arith.addi %0, %c-1_i64 : i64
    %131 = arith.maxsi %130, %c0_i64 : i64
    %132 = arith.minsi %131, %0 : i64
    %133 = arith.index_cast %132 : i64 to index
    %extracted_slice_61 = tensor.extract_slice %129[0, %133, 0] [1, 1, 64] [1, 1, 1] : tensor<1x?x64xbf16> to tensor<1x1x64xbf16>
    %134 = tensor.empty() : tensor<64x320xbf16>
    %transposed_62 = linalg.transpose ins(%cst_16 : tensor<320x64xbf16>) outs(%134 : tensor<64x320xbf16>) permutation = [1, 0] 
    %collapsed_63 = tensor.collapse_shape %extracted_slice_61 [[0], [1, 2]] : tensor<1x1x64xbf16> into tensor<1x64xbf16>
    %135 = tensor.empty() : tensor<1x320xf32>
    %136 = linalg.fill ins(%cst : f32) outs(%135 : tensor<1x320xf32>) -> tensor<1x320xf32>
    %137 = linalg.matmul ins(%collapsed_63, %transposed_62 : tensor<1x64xbf16>, tensor<64x320xbf16>) outs(%136 : tensor<1x320xf32>) -> tensor<1x320xf32>
    %138 = tensor.empty() : tensor<1x320xbf16>
    %139 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%137 : tensor<1x320xf32>) outs(%138 : tensor<1x320xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %142 = arith.truncf %in : f32 to bf16
      linalg.yield %142 : bf16
    } -> tensor<1x320xbf16>
    %expanded_64 = tensor.expand_shape %139 [[0], [1, 2]] output_shape [1, 1, 320] : tensor<1x320xbf16> into tensor<1x1x320xbf16>
    %140 = arith.subi %c12_i64, %0 : i64
    %141 = arith.index_cast %140 : i64 to index
    %padded = tensor.pad %57 low[0, 0, 0, 0] high[0, 0, %141, 0] {
    ^bb0(%arg1: index, %arg2: index, %arg3: index, %arg4: index):
      tensor.yield %cst_19 : bf16
    } : tensor<1x2x?x16xbf16> to tensor<1x2x12x16xbf16>
    %padded_65 = tensor.pad %transposed_30 low[0, 0, 0, 0] high[0, 0, %141, 0] {
    ^bb0(%arg1: index, %arg2: index, %arg3: index, %arg4: index):
      tensor.yield %cst_19 : bf16
    } : tensor<1x2x?x16xbf16> to tensor<1x2x12x16xbf16>
    return %expanded_64, %padded, %padded_65 : tensor<1x1x320xbf16>, tensor<1x2x12x16xbf16>, tensor<1x2x12x16xbf16>
  }
  func.func @decode(%arg0: tensor<1x1xi64>, %arg1: tensor<i64>, %arg2: tensor<1x2x12x16xbf16>, %arg3: tensor<1x2x12x16xbf16>) -> (tensor<1x1x320xbf16>, tensor<1x2x12x16xbf16>, tensor<1x2x12x16xbf16>) {
    %c2_i64 = arith.constant 2 : i64
    %c0_i64 = arith.constant 0 : i64
    %c320 = arith.constant 320 : index
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_3 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_4 = arith.constant dense_resource<model.norm.weight> : tensor<64xbf16>
    %cst_5 = arith.constant dense_resource<model.layers.0.mlp.down_proj.weight> : tensor<64x128xbf16>
    %cst_6 = arith.constant dense_resource<model.layers.0.mlp.up_proj.weight> : tensor<128x64xbf16>
    %cst_7 = arith.constant dense_resource<model.layers.0.mlp.gate_proj.weight> : tensor<128x64xbf16>
    %cst_8 = arith.constant dense_resource<model.layers.0.post_attention_layernorm.weight> : tensor<64xbf16>
    %cst_9 = arith.constant dense_resource<model.layers.0.self_attn.o_proj.weight> : tensor<64x64xbf16>
    %cst_10 = arith.constant dense_resource<model.layers.0.self_attn.v_proj.weight> : tensor<32x64xbf16>
    %cst_11 = arith.constant dense_resource<model.layers.0.self_attn.k_proj.weight> : tensor<32x64xbf16>
    %cst_12 = arith.constant dense_resource<model.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_13 = arith.constant dense_resource<model.layers.0.input_layernorm.weight> : tensor<64xbf16>
    %cst_14 = arith.constant 9.9999999999999995E-7 : f64
    %cst_15 = arith.constant dense_resource<torch_tensor_8_torch.float32> : tensor<8xf32>
    %cst_16 = arith.constant dense_resource<model.embed_tokens.weight> : tensor<320x64xbf16>
    %cst_17 = arith.constant 6.400000e+01 : f32
    %cst_18 = arith.constant 2.500000e-01 : bf16
    %0 = tensor.empty() : tensor<1x1x64xbf16>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x1xi64>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %141 = arith.index_cast %in : i64 to index
      %142 = linalg.index 2 : index
      %143 = arith.cmpi slt, %141, %c320 : index
      cf.assert %143, "index must be smaller than dim size"
      %144 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %144, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_16[%141, %142] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x1x64xbf16>
    %2 = tensor.empty() : tensor<1xi64>
    %3 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%2 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %4 = linalg.generic {indexing_maps = [#map2, #map14, #map2], iterator_types = ["parallel"]} ins(%3, %arg1 : tensor<1xi64>, tensor<i64>) outs(%2 : tensor<1xi64>) {
    ^bb0(%in: i64, %in_61: i64, %out: i64):
      %141 = arith.addi %in, %in_61 : i64
      linalg.yield %141 : i64
    } -> tensor<1xi64>
    %5 = tensor.empty() : tensor<12xi64>
    %6 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%5 : tensor<12xi64>) {
    ^bb0(%out: i64):
      %141 = linalg.index 0 : index
      %142 = arith.index_cast %141 : index to i64
      linalg.yield %142 : i64
    } -> tensor<12xi64>
    %expanded = tensor.expand_shape %4 [[0, 1, 2, 3]] output_shape [1, 1, 1, 1] : tensor<1xi64> into tensor<1x1x1x1xi64>
    %expanded_19 = tensor.expand_shape %6 [[0, 1, 2, 3]] output_shape [1, 1, 1, 12] : tensor<12xi64> into tensor<1x1x1x12xi64>
    %7 = tensor.empty() : tensor<1x1x1x12xi1>
    %8 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_19, %expanded : tensor<1x1x1x12xi64>, tensor<1x1x1x1xi64>) outs(%7 : tensor<1x1x1x12xi1>) {
    ^bb0(%in: i64, %in_61: i64, %out: i1):
      %141 = arith.cmpi sle, %in, %in_61 : i64
      linalg.yield %141 : i1
    } -> tensor<1x1x1x12xi1>
    %9 = tensor.empty() : tensor<1x1x1x12xbf16>
    %10 = linalg.generic {indexing_maps = [#map5, #map6, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8, %cst_3, %cst_2 : tensor<1x1x1x12xi1>, tensor<bf16>, tensor<bf16>) outs(%9 : tensor<1x1x1x12xbf16>) {
    ^bb0(%in: i1, %in_61: bf16, %in_62: bf16, %out: bf16):
      %141 = arith.select %in, %in_61, %in_62 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x1x12xbf16>
    %expanded_20 = tensor.expand_shape %4 [[0, 1, 2]] output_shape [1, 1, 1] : tensor<1xi64> into tensor<1x1x1xi64>
    %11 = tensor.empty() : tensor<1x1x1xf32>
    %12 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_20 : tensor<1x1x1xi64>) outs(%11 : tensor<1x1x1xf32>) {
    ^bb0(%in: i64, %out: f32):
      %141 = arith.sitofp %in : i64 to f32
      linalg.yield %141 : f32
    } -> tensor<1x1x1xf32>
    %13 = tensor.empty() : tensor<1x1x8xf32>
    %14 = linalg.generic {indexing_maps = [#map7, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%12, %cst_15 : tensor<1x1x1xf32>, tensor<8xf32>) outs(%13 : tensor<1x1x8xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %141 = arith.mulf %in, %in_61 : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x8xf32>
    %concat = tensor.concat dim(2) %14, %14 : (tensor<1x1x8xf32>, tensor<1x1x8xf32>) -> tensor<1x1x16xf32>
    %15 = tensor.empty() : tensor<1x1x16xf32>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x1x16xf32>) outs(%15 : tensor<1x1x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = math.cos %in : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x16xf32>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x1x16xf32>) outs(%15 : tensor<1x1x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = math.sin %in : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x16xf32>
    %18 = tensor.empty() : tensor<1x1x16xbf16>
    %19 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16 : tensor<1x1x16xf32>) outs(%18 : tensor<1x1x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x16xbf16>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%17 : tensor<1x1x16xf32>) outs(%18 : tensor<1x1x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x16xbf16>
    %21 = tensor.empty() : tensor<1x1x64xf32>
    %22 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<1x1x64xbf16>) outs(%21 : tensor<1x1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %141 = arith.extf %in : bf16 to f32
      linalg.yield %141 : f32
    } -> tensor<1x1x64xf32>
    %23 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22 : tensor<1x1x64xf32>) outs(%21 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %141 : f32
    } -> tensor<1x1x64xf32>
    %24 = linalg.fill ins(%cst : f32) outs(%11 : tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%23 : tensor<1x1x64xf32>) outs(%24 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = arith.addf %in, %out : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<1x1x1xf32>) outs(%11 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = arith.divf %in, %cst_17 : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x1xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<1x1x1xf32>) outs(%11 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = arith.truncf %cst_14 : f64 to f32
      %142 = arith.addf %in, %141 : f32
      linalg.yield %142 : f32
    } -> tensor<1x1x1xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27 : tensor<1x1x1xf32>) outs(%11 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = math.rsqrt %in : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x1xf32>
    %29 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22, %28 : tensor<1x1x64xf32>, tensor<1x1x1xf32>) outs(%21 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %141 = arith.mulf %in, %in_61 : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x64xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29 : tensor<1x1x64xf32>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x64xbf16>
    %31 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_13, %30 : tensor<64xbf16>, tensor<1x1x64xbf16>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.mulf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x64xbf16>
    %32 = tensor.empty() : tensor<64x64xbf16>
    %transposed = linalg.transpose ins(%cst_12 : tensor<64x64xbf16>) outs(%32 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %31 [[0], [1, 2]] : tensor<1x1x64xbf16> into tensor<1x64xbf16>
    %33 = tensor.empty() : tensor<1x64xf32>
    %34 = linalg.fill ins(%cst : f32) outs(%33 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %35 = linalg.matmul ins(%collapsed, %transposed : tensor<1x64xbf16>, tensor<64x64xbf16>) outs(%34 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %36 = tensor.empty() : tensor<1x64xbf16>
    %37 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%35 : tensor<1x64xf32>) outs(%36 : tensor<1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x64xbf16>
    %expanded_21 = tensor.expand_shape %37 [[0], [1, 2, 3]] output_shape [1, 1, 4, 16] : tensor<1x64xbf16> into tensor<1x1x4x16xbf16>
    %38 = tensor.empty() : tensor<1x4x1x16xbf16>
    %transposed_22 = linalg.transpose ins(%expanded_21 : tensor<1x1x4x16xbf16>) outs(%38 : tensor<1x4x1x16xbf16>) permutation = [0, 2, 1, 3] 
    %39 = tensor.empty() : tensor<64x32xbf16>
    %transposed_23 = linalg.transpose ins(%cst_11 : tensor<32x64xbf16>) outs(%39 : tensor<64x32xbf16>) permutation = [1, 0] 
    %40 = tensor.empty() : tensor<1x32xf32>
    %41 = linalg.fill ins(%cst : f32) outs(%40 : tensor<1x32xf32>) -> tensor<1x32xf32>
    %42 = linalg.matmul ins(%collapsed, %transposed_23 : tensor<1x64xbf16>, tensor<64x32xbf16>) outs(%41 : tensor<1x32xf32>) -> tensor<1x32xf32>
    %43 = tensor.empty() : tensor<1x32xbf16>
    %44 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%42 : tensor<1x32xf32>) outs(%43 : tensor<1x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x32xbf16>
    %expanded_24 = tensor.expand_shape %44 [[0], [1, 2, 3]] output_shape [1, 1, 2, 16] : tensor<1x32xbf16> into tensor<1x1x2x16xbf16>
    %45 = tensor.empty() : tensor<1x2x1x16xbf16>
    %transposed_25 = linalg.transpose ins(%expanded_24 : tensor<1x1x2x16xbf16>) outs(%45 : tensor<1x2x1x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_26 = linalg.transpose ins(%cst_10 : tensor<32x64xbf16>) outs(%39 : tensor<64x32xbf16>) permutation = [1, 0] 
    %46 = linalg.matmul ins(%collapsed, %transposed_26 : tensor<1x64xbf16>, tensor<64x32xbf16>) outs(%41 : tensor<1x32xf32>) -> tensor<1x32xf32>
    %47 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%46 : tensor<1x32xf32>) outs(%43 : tensor<1x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x32xbf16>
    %expanded_27 = tensor.expand_shape %47 [[0], [1, 2, 3]] output_shape [1, 1, 2, 16] : tensor<1x32xbf16> into tensor<1x1x2x16xbf16>
    %transposed_28 = linalg.transpose ins(%expanded_27 : tensor<1x1x2x16xbf16>) outs(%45 : tensor<1x2x1x16xbf16>) permutation = [0, 2, 1, 3] 
    %expanded_29 = tensor.expand_shape %19 [[0], [1, 2], [3]] output_shape [1, 1, 1, 16] : tensor<1x1x16xbf16> into tensor<1x1x1x16xbf16>
    %expanded_30 = tensor.expand_shape %20 [[0], [1, 2], [3]] output_shape [1, 1, 1, 16] : tensor<1x1x16xbf16> into tensor<1x1x1x16xbf16>
    %48 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_22, %expanded_29 : tensor<1x4x1x16xbf16>, tensor<1x1x1x16xbf16>) outs(%38 : tensor<1x4x1x16xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.mulf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x4x1x16xbf16>
    %extracted_slice = tensor.extract_slice %transposed_22[0, 0, 0, 0] [1, 4, 1, 8] [1, 1, 1, 1] : tensor<1x4x1x16xbf16> to tensor<1x4x1x8xbf16>
    %extracted_slice_31 = tensor.extract_slice %transposed_22[0, 0, 0, 8] [1, 4, 1, 8] [1, 1, 1, 1] : tensor<1x4x1x16xbf16> to tensor<1x4x1x8xbf16>
    %49 = tensor.empty() : tensor<1x4x1x8xbf16>
    %50 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_31 : tensor<1x4x1x8xbf16>) outs(%49 : tensor<1x4x1x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %141 = arith.negf %in : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x4x1x8xbf16>
    %concat_32 = tensor.concat dim(3) %50, %extracted_slice : (tensor<1x4x1x8xbf16>, tensor<1x4x1x8xbf16>) -> tensor<1x4x1x16xbf16>
    %51 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_32, %expanded_30 : tensor<1x4x1x16xbf16>, tensor<1x1x1x16xbf16>) outs(%38 : tensor<1x4x1x16xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.mulf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x4x1x16xbf16>
    %52 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%48, %51 : tensor<1x4x1x16xbf16>, tensor<1x4x1x16xbf16>) outs(%38 : tensor<1x4x1x16xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.addf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x4x1x16xbf16>
    %53 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_25, %expanded_29 : tensor<1x2x1x16xbf16>, tensor<1x1x1x16xbf16>) outs(%45 : tensor<1x2x1x16xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.mulf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x2x1x16xbf16>
    %extracted_slice_33 = tensor.extract_slice %transposed_25[0, 0, 0, 0] [1, 2, 1, 8] [1, 1, 1, 1] : tensor<1x2x1x16xbf16> to tensor<1x2x1x8xbf16>
    %extracted_slice_34 = tensor.extract_slice %transposed_25[0, 0, 0, 8] [1, 2, 1, 8] [1, 1, 1, 1] : tensor<1x2x1x16xbf16> to tensor<1x2x1x8xbf16>
    %54 = tensor.empty() : tensor<1x2x1x8xbf16>
    %55 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_34 : tensor<1x2x1x8xbf16>) outs(%54 : tensor<1x2x1x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %141 = arith.negf %in : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x2x1x8xbf16>
    %concat_35 = tensor.concat dim(3) %55, %extracted_slice_33 : (tensor<1x2x1x8xbf16>, tensor<1x2x1x8xbf16>) -> tensor<1x2x1x16xbf16>
    %56 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_35, %expanded_30 : tensor<1x2x1x16xbf16>, tensor<1x1x1x16xbf16>) outs(%45 : tensor<1x2x1x16xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.mulf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x2x1x16xbf16>
    %57 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%53, %56 : tensor<1x2x1x16xbf16>, tensor<1x2x1x16xbf16>) outs(%45 : tensor<1x2x1x16xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.addf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x2x1x16xbf16>
    %expanded_36 = tensor.expand_shape %6 [[0, 1]] output_shape [12, 1] : tensor<12xi64> into tensor<12x1xi64>
    %58 = tensor.empty() : tensor<12x1xi1>
    %59 = linalg.generic {indexing_maps = [#map9, #map15, #map9], iterator_types = ["parallel", "parallel"]} ins(%expanded_36, %arg1 : tensor<12x1xi64>, tensor<i64>) outs(%58 : tensor<12x1xi1>) {
    ^bb0(%in: i64, %in_61: i64, %out: i1):
      %141 = arith.cmpi eq, %in, %in_61 : i64
      linalg.yield %141 : i1
    } -> tensor<12x1xi1>
    %60 = tensor.empty() : tensor<1x2x12x16xbf16>
    %61 = linalg.generic {indexing_maps = [#map16, #map3, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%59, %57, %arg2 : tensor<12x1xi1>, tensor<1x2x1x16xbf16>, tensor<1x2x12x16xbf16>) outs(%60 : tensor<1x2x12x16xbf16>) {
    ^bb0(%in: i1, %in_61: bf16, %in_62: bf16, %out: bf16):
      %141 = arith.select %in, %in_61, %in_62 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x2x12x16xbf16>
    %62 = linalg.generic {indexing_maps = [#map16, #map3, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%59, %transposed_28, %arg3 : tensor<12x1xi1>, tensor<1x2x1x16xbf16>, tensor<1x2x12x16xbf16>) outs(%60 : tensor<1x2x12x16xbf16>) {
    ^bb0(%in: i1, %in_61: bf16, %in_62: bf16, %out: bf16):
      %141 = arith.select %in, %in_61, %in_62 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x2x12x16xbf16>
    %63 = tensor.empty() : tensor<1x2x2x12x16xbf16>
    %64 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%61 : tensor<1x2x12x16xbf16>) outs(%63 : tensor<1x2x2x12x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x12x16xbf16>
    %collapsed_37 = tensor.collapse_shape %64 [[0], [1, 2], [3], [4]] : tensor<1x2x2x12x16xbf16> into tensor<1x4x12x16xbf16>
    %65 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%62 : tensor<1x2x12x16xbf16>) outs(%63 : tensor<1x2x2x12x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x12x16xbf16>
    %66 = tensor.empty() : tensor<1x4x16x12xbf16>
    %transposed_38 = linalg.transpose ins(%collapsed_37 : tensor<1x4x12x16xbf16>) outs(%66 : tensor<1x4x16x12xbf16>) permutation = [0, 1, 3, 2] 
    %collapsed_39 = tensor.collapse_shape %52 [[0, 1], [2], [3]] : tensor<1x4x1x16xbf16> into tensor<4x1x16xbf16>
    %collapsed_40 = tensor.collapse_shape %transposed_38 [[0, 1], [2], [3]] : tensor<1x4x16x12xbf16> into tensor<4x16x12xbf16>
    %67 = tensor.empty() : tensor<4x1x12xf32>
    %68 = linalg.fill ins(%cst : f32) outs(%67 : tensor<4x1x12xf32>) -> tensor<4x1x12xf32>
    %69 = linalg.batch_matmul ins(%collapsed_39, %collapsed_40 : tensor<4x1x16xbf16>, tensor<4x16x12xbf16>) outs(%68 : tensor<4x1x12xf32>) -> tensor<4x1x12xf32>
    %70 = tensor.empty() : tensor<4x1x12xbf16>
    %71 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%69 : tensor<4x1x12xf32>) outs(%70 : tensor<4x1x12xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<4x1x12xbf16>
    %expanded_41 = tensor.expand_shape %71 [[0, 1], [2], [3]] output_shape [1, 4, 1, 12] : tensor<4x1x12xbf16> into tensor<1x4x1x12xbf16>
    %72 = tensor.empty() : tensor<1x4x1x12xbf16>
    %73 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_41 : tensor<1x4x1x12xbf16>) outs(%72 : tensor<1x4x1x12xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %141 = arith.mulf %in, %cst_18 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x4x1x12xbf16>
    %74 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%73, %10 : tensor<1x4x1x12xbf16>, tensor<1x1x1x12xbf16>) outs(%72 : tensor<1x4x1x12xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.addf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x4x1x12xbf16>
    %75 = tensor.empty() : tensor<1x4x1x12xf32>
    %76 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%74 : tensor<1x4x1x12xbf16>) outs(%75 : tensor<1x4x1x12xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %141 = arith.extf %in : bf16 to f32
      linalg.yield %141 : f32
    } -> tensor<1x4x1x12xf32>
    %77 = tensor.empty() : tensor<1x4x1xi64>
    %78 = linalg.fill ins(%c0_i64 : i64) outs(%77 : tensor<1x4x1xi64>) -> tensor<1x4x1xi64>
    %79 = tensor.empty() : tensor<1x4x1xf32>
    %80 = linalg.fill ins(%cst_0 : f32) outs(%79 : tensor<1x4x1xf32>) -> tensor<1x4x1xf32>
    %81:2 = linalg.generic {indexing_maps = [#map5, #map13, #map13], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%76 : tensor<1x4x1x12xf32>) outs(%80, %78 : tensor<1x4x1xf32>, tensor<1x4x1xi64>) {
    ^bb0(%in: f32, %out: f32, %out_61: i64):
      %141 = linalg.index 3 : index
      %142 = arith.index_cast %141 : index to i64
      %143 = arith.maximumf %in, %out : f32
      %144 = arith.cmpf ogt, %in, %out : f32
      %145 = arith.select %144, %142, %out_61 : i64
      linalg.yield %143, %145 : f32, i64
    } -> (tensor<1x4x1xf32>, tensor<1x4x1xi64>)
    %expanded_42 = tensor.expand_shape %81#0 [[0], [1], [2, 3]] output_shape [1, 4, 1, 1] : tensor<1x4x1xf32> into tensor<1x4x1x1xf32>
    %82 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%76, %expanded_42 : tensor<1x4x1x12xf32>, tensor<1x4x1x1xf32>) outs(%75 : tensor<1x4x1x12xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %141 = arith.subf %in, %in_61 : f32
      linalg.yield %141 : f32
    } -> tensor<1x4x1x12xf32>
    %83 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%82 : tensor<1x4x1x12xf32>) outs(%75 : tensor<1x4x1x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = math.exp %in : f32
      linalg.yield %141 : f32
    } -> tensor<1x4x1x12xf32>
    %84 = tensor.empty() : tensor<1x4x1x1xf32>
    %85 = linalg.fill ins(%cst : f32) outs(%84 : tensor<1x4x1x1xf32>) -> tensor<1x4x1x1xf32>
    %86 = linalg.generic {indexing_maps = [#map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%83 : tensor<1x4x1x12xf32>) outs(%85 : tensor<1x4x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = arith.addf %in, %out : f32
      linalg.yield %141 : f32
    } -> tensor<1x4x1x1xf32>
    %87 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%83, %86 : tensor<1x4x1x12xf32>, tensor<1x4x1x1xf32>) outs(%75 : tensor<1x4x1x12xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %141 = arith.divf %in, %in_61 : f32
      linalg.yield %141 : f32
    } -> tensor<1x4x1x12xf32>
    %88 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%87 : tensor<1x4x1x12xf32>) outs(%72 : tensor<1x4x1x12xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x4x1x12xbf16>
    %collapsed_43 = tensor.collapse_shape %88 [[0, 1], [2], [3]] : tensor<1x4x1x12xbf16> into tensor<4x1x12xbf16>
    %collapsed_44 = tensor.collapse_shape %65 [[0, 1, 2], [3], [4]] : tensor<1x2x2x12x16xbf16> into tensor<4x12x16xbf16>
    %89 = tensor.empty() : tensor<4x1x16xf32>
    %90 = linalg.fill ins(%cst : f32) outs(%89 : tensor<4x1x16xf32>) -> tensor<4x1x16xf32>
    %91 = linalg.batch_matmul ins(%collapsed_43, %collapsed_44 : tensor<4x1x12xbf16>, tensor<4x12x16xbf16>) outs(%90 : tensor<4x1x16xf32>) -> tensor<4x1x16xf32>
    %92 = tensor.empty() : tensor<4x1x16xbf16>
    %93 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%91 : tensor<4x1x16xf32>) outs(%92 : tensor<4x1x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<4x1x16xbf16>
    %expanded_45 = tensor.expand_shape %93 [[0, 1], [2], [3]] output_shape [1, 4, 1, 16] : tensor<4x1x16xbf16> into tensor<1x4x1x16xbf16>
    %94 = tensor.empty() : tensor<1x1x4x16xbf16>
    %transposed_46 = linalg.transpose ins(%expanded_45 : tensor<1x4x1x16xbf16>) outs(%94 : tensor<1x1x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_47 = linalg.transpose ins(%cst_9 : tensor<64x64xbf16>) outs(%32 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed_48 = tensor.collapse_shape %transposed_46 [[0], [1, 2, 3]] : tensor<1x1x4x16xbf16> into tensor<1x64xbf16>
    %95 = linalg.matmul ins(%collapsed_48, %transposed_47 : tensor<1x64xbf16>, tensor<64x64xbf16>) outs(%34 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %96 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%95 : tensor<1x64xf32>) outs(%36 : tensor<1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x64xbf16>
    %expanded_49 = tensor.expand_shape %96 [[0], [1, 2]] output_shape [1, 1, 64] : tensor<1x64xbf16> into tensor<1x1x64xbf16>
    %97 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %expanded_49 : tensor<1x1x64xbf16>, tensor<1x1x64xbf16>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.addf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x64xbf16>
    %98 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97 : tensor<1x1x64xbf16>) outs(%21 : tensor<1x1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %141 = arith.extf %in : bf16 to f32
      linalg.yield %141 : f32
    } -> tensor<1x1x64xf32>
    %99 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<1x1x64xf32>) outs(%21 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %141 : f32
    } -> tensor<1x1x64xf32>
    %100 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%99 : tensor<1x1x64xf32>) outs(%24 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = arith.addf %in, %out : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x1xf32>
    %101 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100 : tensor<1x1x1xf32>) outs(%11 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = arith.divf %in, %cst_17 : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x1xf32>
    %102 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101 : tensor<1x1x1xf32>) outs(%11 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = arith.truncf %cst_14 : f64 to f32
      %142 = arith.addf %in, %141 : f32
      linalg.yield %142 : f32
    } -> tensor<1x1x1xf32>
    %103 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102 : tensor<1x1x1xf32>) outs(%11 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = math.rsqrt %in : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x1xf32>
    %104 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98, %103 : tensor<1x1x64xf32>, tensor<1x1x1xf32>) outs(%21 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %141 = arith.mulf %in, %in_61 : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x64xf32>
    %105 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104 : tensor<1x1x64xf32>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x64xbf16>
    %106 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_8, %105 : tensor<64xbf16>, tensor<1x1x64xbf16>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.mulf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x64xbf16>
    %107 = tensor.empty() : tensor<64x128xbf16>
    %transposed_50 = linalg.transpose ins(%cst_7 : tensor<128x64xbf16>) outs(%107 : tensor<64x128xbf16>) permutation = [1, 0] 
    %collapsed_51 = tensor.collapse_shape %106 [[0], [1, 2]] : tensor<1x1x64xbf16> into tensor<1x64xbf16>
    %108 = tensor.empty() : tensor<1x128xf32>
    %109 = linalg.fill ins(%cst : f32) outs(%108 : tensor<1x128xf32>) -> tensor<1x128xf32>
    %110 = linalg.matmul ins(%collapsed_51, %transposed_50 : tensor<1x64xbf16>, tensor<64x128xbf16>) outs(%109 : tensor<1x128xf32>) -> tensor<1x128xf32>
    %111 = tensor.empty() : tensor<1x128xbf16>
    %112 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%110 : tensor<1x128xf32>) outs(%111 : tensor<1x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x128xbf16>
    %expanded_52 = tensor.expand_shape %112 [[0], [1, 2]] output_shape [1, 1, 128] : tensor<1x128xbf16> into tensor<1x1x128xbf16>
    %113 = tensor.empty() : tensor<1x1x128xf32>
    %114 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_52 : tensor<1x1x128xbf16>) outs(%113 : tensor<1x1x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %141 = arith.extf %in : bf16 to f32
      linalg.yield %141 : f32
    } -> tensor<1x1x128xf32>
    %115 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114 : tensor<1x1x128xf32>) outs(%113 : tensor<1x1x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = arith.negf %in : f32
      %142 = math.exp %141 : f32
      %143 = arith.addf %142, %cst_1 : f32
      %144 = arith.divf %cst_1, %143 : f32
      linalg.yield %144 : f32
    } -> tensor<1x1x128xf32>
    %116 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114, %115 : tensor<1x1x128xf32>, tensor<1x1x128xf32>) outs(%113 : tensor<1x1x128xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %141 = arith.mulf %in, %in_61 : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x128xf32>
    %117 = tensor.empty() : tensor<1x1x128xbf16>
    %118 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%116 : tensor<1x1x128xf32>) outs(%117 : tensor<1x1x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x128xbf16>
    %transposed_53 = linalg.transpose ins(%cst_6 : tensor<128x64xbf16>) outs(%107 : tensor<64x128xbf16>) permutation = [1, 0] 
    %119 = linalg.matmul ins(%collapsed_51, %transposed_53 : tensor<1x64xbf16>, tensor<64x128xbf16>) outs(%109 : tensor<1x128xf32>) -> tensor<1x128xf32>
    %120 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%119 : tensor<1x128xf32>) outs(%111 : tensor<1x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x128xbf16>
    %expanded_54 = tensor.expand_shape %120 [[0], [1, 2]] output_shape [1, 1, 128] : tensor<1x128xbf16> into tensor<1x1x128xbf16>
    %121 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%118, %expanded_54 : tensor<1x1x128xbf16>, tensor<1x1x128xbf16>) outs(%117 : tensor<1x1x128xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.mulf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x128xbf16>
    %122 = tensor.empty() : tensor<128x64xbf16>
    %transposed_55 = linalg.transpose ins(%cst_5 : tensor<64x128xbf16>) outs(%122 : tensor<128x64xbf16>) permutation = [1, 0] 
    %collapsed_56 = tensor.collapse_shape %121 [[0], [1, 2]] : tensor<1x1x128xbf16> into tensor<1x128xbf16>
    %123 = linalg.matmul ins(%collapsed_56, %transposed_55 : tensor<1x128xbf16>, tensor<128x64xbf16>) outs(%34 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %124 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%123 : tensor<1x64xf32>) outs(%36 : tensor<1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x64xbf16>
    %expanded_57 = tensor.expand_shape %124 [[0], [1, 2]] output_shape [1, 1, 64] : tensor<1x64xbf16> into tensor<1x1x64xbf16>
    %125 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97, %expanded_57 : tensor<1x1x64xbf16>, tensor<1x1x64xbf16>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.addf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x64xbf16>
    %126 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125 : tensor<1x1x64xbf16>) outs(%21 : tensor<1x1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %141 = arith.extf %in : bf16 to f32
      linalg.yield %141 : f32
    } -> tensor<1x1x64xf32>
    %127 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126 : tensor<1x1x64xf32>) outs(%21 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %141 : f32
    } -> tensor<1x1x64xf32>
    %128 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%127 : tensor<1x1x64xf32>) outs(%24 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = arith.addf %in, %out : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x1xf32>
    %129 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%128 : tensor<1x1x1xf32>) outs(%11 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = arith.divf %in, %cst_17 : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x1xf32>
    %130 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%129 : tensor<1x1x1xf32>) outs(%11 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = arith.truncf %cst_14 : f64 to f32
      %142 = arith.addf %in, %141 : f32
      linalg.yield %142 : f32
    } -> tensor<1x1x1xf32>
    %131 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130 : tensor<1x1x1xf32>) outs(%11 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %141 = math.rsqrt %in : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x1xf32>
    %132 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%126, %131 : tensor<1x1x64xf32>, tensor<1x1x1xf32>) outs(%21 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_61: f32, %out: f32):
      %141 = arith.mulf %in, %in_61 : f32
      linalg.yield %141 : f32
    } -> tensor<1x1x64xf32>
    %133 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%132 : tensor<1x1x64xf32>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x64xbf16>
    %134 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_4, %133 : tensor<64xbf16>, tensor<1x1x64xbf16>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %in_61: bf16, %out: bf16):
      %141 = arith.mulf %in, %in_61 : bf16
      linalg.yield %141 : bf16
    } -> tensor<1x1x64xbf16>
    %135 = tensor.empty() : tensor<64x320xbf16>
    %transposed_58 = linalg.transpose ins(%cst_16 : tensor<320x64xbf16>) outs(%135 : tensor<64x320xbf16>) permutation = [1, 0] 
    %collapsed_59 = tensor.collapse_shape %134 [[0], [1, 2]] : tensor<1x1x64xbf16> into tensor<1x64xbf16>
    %136 = tensor.empty() : tensor<1x320xf32>
    %137 = linalg.fill ins(%cst : f32) outs(%136 : tensor<1x320xf32>) -> tensor<1x320xf32>
    %138 = linalg.matmul ins(%collapsed_59, %transposed_58 : tensor<1x64xbf16>, tensor<64x320xbf16>) outs(%137 : tensor<1x320xf32>) -> tensor<1x320xf32>
    %139 = tensor.empty() : tensor<1x320xbf16>
    %140 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%138 : tensor<1x320xf32>) outs(%139 : tensor<1x320xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %141 = arith.truncf %in : f32 to bf16
      linalg.yield %141 : bf16
    } -> tensor<1x320xbf16>
    %expanded_60 = tensor.expand_shape %140 [[0], [1, 2]] output_shape [1, 1, 320] : tensor<1x320xbf16> into tensor<1x1x320xbf16>
    return %expanded_60, %61, %62 : tensor<1x1x320xbf16>, tensor<1x2x12x16xbf16>, tensor<1x2x12x16xbf16>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_8_torch.float32: "0x040000000000803F9BE8A13ECDCCCC3DE386013D0AD7233C383E4F3B6F12833A60CBA539"
    }
  }
#-}
