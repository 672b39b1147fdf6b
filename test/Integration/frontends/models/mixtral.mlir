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
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map11 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map12 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map14 = affine_map<(d0, d1) -> (d0)>
#map15 = affine_map<(d0, d1) -> (d0, 0)>
#map16 = affine_map<(d0, d1, d2) -> (d0, 0, d2)>
#map17 = affine_map<(d0, d1) -> (d1)>
#map18 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map19 = affine_map<(d0, d1, d2) -> ()>
#map20 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map21 = affine_map<(d0, d1, d2) -> (d1, 0)>
#map22 = affine_map<(d0, d1, d2) -> (d0)>
module {
  func.func @main(%arg0: tensor<1x5xi64>) -> tensor<1x5x320xbf16> {
    %c4_i64 = arith.constant 4 : i64
    %c2_i64 = arith.constant 2 : i64
    %c0_i64 = arith.constant 0 : i64
    %c320 = arith.constant 320 : index
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_3 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_4 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_5 = arith.constant dense_resource<lm_head.weight> : tensor<320x64xbf16>
    %cst_6 = arith.constant dense_resource<model.norm.weight> : tensor<64xbf16>
    %cst_7 = arith.constant dense_resource<model.layers.0.block_sparse_moe.gate.weight> : tensor<4x64xbf16>
    %cst_8 = arith.constant dense_resource<model.layers.0.post_attention_layernorm.weight> : tensor<64xbf16>
    %cst_9 = arith.constant dense_resource<model.layers.0.self_attn.o_proj.weight> : tensor<64x64xbf16>
    %cst_10 = arith.constant dense_resource<model.layers.0.self_attn.v_proj.weight> : tensor<32x64xbf16>
    %cst_11 = arith.constant dense_resource<model.layers.0.self_attn.k_proj.weight> : tensor<32x64xbf16>
    %cst_12 = arith.constant dense_resource<model.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_13 = arith.constant dense_resource<model.layers.0.input_layernorm.weight> : tensor<64xbf16>
    %cst_14 = arith.constant 1.000000e-05 : f64
    %cst_15 = arith.constant dense_resource<torch_tensor_8_torch.float32> : tensor<8xf32>
    %cst_16 = arith.constant dense_resource<model.embed_tokens.weight> : tensor<320x64xbf16>
    %cst_17 = arith.constant 6.400000e+01 : f32
    %cst_18 = arith.constant 2.500000e-01 : bf16
    %cst_19 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.0.w1.weight> : tensor<128x64xbf16>
    %cst_20 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.1.w1.weight> : tensor<128x64xbf16>
    %cst_21 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.2.w1.weight> : tensor<128x64xbf16>
    %cst_22 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.3.w1.weight> : tensor<128x64xbf16>
    %cst_23 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.0.w3.weight> : tensor<128x64xbf16>
    %cst_24 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.1.w3.weight> : tensor<128x64xbf16>
    %cst_25 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.2.w3.weight> : tensor<128x64xbf16>
    %cst_26 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.3.w3.weight> : tensor<128x64xbf16>
    %cst_27 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.0.w2.weight> : tensor<64x128xbf16>
    %cst_28 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.1.w2.weight> : tensor<64x128xbf16>
    %cst_29 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.2.w2.weight> : tensor<64x128xbf16>
    %cst_30 = arith.constant dense_resource<model.layers.0.block_sparse_moe.experts.3.w2.weight> : tensor<64x128xbf16>
    %cst_31 = arith.constant dense<0> : tensor<i64>
    %0 = tensor.empty() : tensor<1x5x64xbf16>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x5xi64>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %187 = arith.index_cast %in : i64 to index
      %188 = linalg.index 2 : index
      %189 = arith.cmpi slt, %187, %c320 : index
      cf.assert %189, "index must be smaller than dim size"
      %190 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %190, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_16[%187, %188] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x5x64xbf16>
    %2 = tensor.empty() : tensor<5xi64>
    %3 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%2 : tensor<5xi64>) {
    ^bb0(%out: i64):
      %187 = linalg.index 0 : index
      %188 = arith.index_cast %187 : index to i64
      linalg.yield %188 : i64
    } -> tensor<5xi64>
    %expanded = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 5, 1] : tensor<5xi64> into tensor<1x1x5x1xi64>
    %expanded_32 = tensor.expand_shape %3 [[0, 1, 2, 3]] output_shape [1, 1, 1, 5] : tensor<5xi64> into tensor<1x1x1x5xi64>
    %4 = tensor.empty() : tensor<1x1x5x5xi1>
    %5 = linalg.generic {indexing_maps = [#map3, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_32, %expanded : tensor<1x1x1x5xi64>, tensor<1x1x5x1xi64>) outs(%4 : tensor<1x1x5x5xi1>) {
    ^bb0(%in: i64, %in_91: i64, %out: i1):
      %187 = arith.cmpi sle, %in, %in_91 : i64
      linalg.yield %187 : i1
    } -> tensor<1x1x5x5xi1>
    %6 = tensor.empty() : tensor<1x1x5x5xbf16>
    %7 = linalg.generic {indexing_maps = [#map5, #map6, #map6, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%5, %cst_4, %cst_3 : tensor<1x1x5x5xi1>, tensor<bf16>, tensor<bf16>) outs(%6 : tensor<1x1x5x5xbf16>) {
    ^bb0(%in: i1, %in_91: bf16, %in_92: bf16, %out: bf16):
      %187 = arith.select %in, %in_91, %in_92 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x1x5x5xbf16>
    %expanded_33 = tensor.expand_shape %3 [[0, 1, 2]] output_shape [1, 5, 1] : tensor<5xi64> into tensor<1x5x1xi64>
    %8 = tensor.empty() : tensor<1x5x1xf32>
    %9 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_33 : tensor<1x5x1xi64>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: i64, %out: f32):
      %187 = arith.sitofp %in : i64 to f32
      linalg.yield %187 : f32
    } -> tensor<1x5x1xf32>
    %10 = tensor.empty() : tensor<1x5x8xf32>
    %11 = linalg.generic {indexing_maps = [#map7, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9, %cst_15 : tensor<1x5x1xf32>, tensor<8xf32>) outs(%10 : tensor<1x5x8xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %187 = arith.mulf %in, %in_91 : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x8xf32>
    %concat = tensor.concat dim(2) %11, %11 : (tensor<1x5x8xf32>, tensor<1x5x8xf32>) -> tensor<1x5x16xf32>
    %12 = tensor.empty() : tensor<1x5x16xf32>
    %13 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x5x16xf32>) outs(%12 : tensor<1x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = math.cos %in : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x16xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%concat : tensor<1x5x16xf32>) outs(%12 : tensor<1x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = math.sin %in : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x16xf32>
    %15 = tensor.empty() : tensor<1x5x16xbf16>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13 : tensor<1x5x16xf32>) outs(%15 : tensor<1x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<1x5x16xbf16>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<1x5x16xf32>) outs(%15 : tensor<1x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<1x5x16xbf16>
    %18 = tensor.empty() : tensor<1x5x64xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<1x5x64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %187 = arith.extf %in : bf16 to f32
      linalg.yield %187 : f32
    } -> tensor<1x5x64xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19 : tensor<1x5x64xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %187 : f32
    } -> tensor<1x5x64xf32>
    %21 = linalg.fill ins(%cst : f32) outs(%8 : tensor<1x5x1xf32>) -> tensor<1x5x1xf32>
    %22 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%20 : tensor<1x5x64xf32>) outs(%21 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.addf %in, %out : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x1xf32>
    %23 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.divf %in, %cst_17 : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x1xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.truncf %cst_14 : f64 to f32
      %188 = arith.addf %in, %187 : f32
      linalg.yield %188 : f32
    } -> tensor<1x5x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = math.rsqrt %in : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19, %25 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %187 = arith.mulf %in, %in_91 : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x64xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<1x5x64xbf16>
    %28 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_13, %27 : tensor<64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.mulf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x5x64xbf16>
    %29 = tensor.empty() : tensor<64x64xbf16>
    %transposed = linalg.transpose ins(%cst_12 : tensor<64x64xbf16>) outs(%29 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %28 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %30 = tensor.empty() : tensor<5x64xf32>
    %31 = linalg.fill ins(%cst : f32) outs(%30 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %32 = linalg.matmul ins(%collapsed, %transposed : tensor<5x64xbf16>, tensor<64x64xbf16>) outs(%31 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %33 = tensor.empty() : tensor<5x64xbf16>
    %34 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%32 : tensor<5x64xf32>) outs(%33 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<5x64xbf16>
    %expanded_34 = tensor.expand_shape %34 [[0, 1], [2, 3]] output_shape [1, 5, 4, 16] : tensor<5x64xbf16> into tensor<1x5x4x16xbf16>
    %35 = tensor.empty() : tensor<1x4x5x16xbf16>
    %transposed_35 = linalg.transpose ins(%expanded_34 : tensor<1x5x4x16xbf16>) outs(%35 : tensor<1x4x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %36 = tensor.empty() : tensor<64x32xbf16>
    %transposed_36 = linalg.transpose ins(%cst_11 : tensor<32x64xbf16>) outs(%36 : tensor<64x32xbf16>) permutation = [1, 0] 
    %37 = tensor.empty() : tensor<5x32xf32>
    %38 = linalg.fill ins(%cst : f32) outs(%37 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %39 = linalg.matmul ins(%collapsed, %transposed_36 : tensor<5x64xbf16>, tensor<64x32xbf16>) outs(%38 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %40 = tensor.empty() : tensor<5x32xbf16>
    %41 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%39 : tensor<5x32xf32>) outs(%40 : tensor<5x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<5x32xbf16>
    %expanded_37 = tensor.expand_shape %41 [[0, 1], [2, 3]] output_shape [1, 5, 2, 16] : tensor<5x32xbf16> into tensor<1x5x2x16xbf16>
    %42 = tensor.empty() : tensor<1x2x5x16xbf16>
    %transposed_38 = linalg.transpose ins(%expanded_37 : tensor<1x5x2x16xbf16>) outs(%42 : tensor<1x2x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_39 = linalg.transpose ins(%cst_10 : tensor<32x64xbf16>) outs(%36 : tensor<64x32xbf16>) permutation = [1, 0] 
    %43 = linalg.matmul ins(%collapsed, %transposed_39 : tensor<5x64xbf16>, tensor<64x32xbf16>) outs(%38 : tensor<5x32xf32>) -> tensor<5x32xf32>
    %44 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%43 : tensor<5x32xf32>) outs(%40 : tensor<5x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<5x32xbf16>
    %expanded_40 = tensor.expand_shape %44 [[0, 1], [2, 3]] output_shape [1, 5, 2, 16] : tensor<5x32xbf16> into tensor<1x5x2x16xbf16>
    %transposed_41 = linalg.transpose ins(%expanded_40 : tensor<1x5x2x16xbf16>) outs(%42 : tensor<1x2x5x16xbf16>) permutation = [0, 2, 1, 3] 
    %expanded_42 = tensor.expand_shape %16 [[0], [1, 2], [3]] output_shape [1, 1, 5, 16] : tensor<1x5x16xbf16> into tensor<1x1x5x16xbf16>
    %expanded_43 = tensor.expand_shape %17 [[0], [1, 2], [3]] output_shape [1, 1, 5, 16] : tensor<1x5x16xbf16> into tensor<1x1x5x16xbf16>
    %45 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_35, %expanded_42 : tensor<1x4x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%35 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.mulf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x4x5x16xbf16>
    %extracted_slice = tensor.extract_slice %transposed_35[0, 0, 0, 0] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %extracted_slice_44 = tensor.extract_slice %transposed_35[0, 0, 0, 8] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x16xbf16> to tensor<1x4x5x8xbf16>
    %46 = tensor.empty() : tensor<1x4x5x8xbf16>
    %47 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_44 : tensor<1x4x5x8xbf16>) outs(%46 : tensor<1x4x5x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %187 = arith.negf %in : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x4x5x8xbf16>
    %concat_45 = tensor.concat dim(3) %47, %extracted_slice : (tensor<1x4x5x8xbf16>, tensor<1x4x5x8xbf16>) -> tensor<1x4x5x16xbf16>
    %48 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_45, %expanded_43 : tensor<1x4x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%35 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.mulf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x4x5x16xbf16>
    %49 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%45, %48 : tensor<1x4x5x16xbf16>, tensor<1x4x5x16xbf16>) outs(%35 : tensor<1x4x5x16xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.addf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x4x5x16xbf16>
    %50 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_38, %expanded_42 : tensor<1x2x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%42 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.mulf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x2x5x16xbf16>
    %extracted_slice_46 = tensor.extract_slice %transposed_38[0, 0, 0, 0] [1, 2, 5, 8] [1, 1, 1, 1] : tensor<1x2x5x16xbf16> to tensor<1x2x5x8xbf16>
    %extracted_slice_47 = tensor.extract_slice %transposed_38[0, 0, 0, 8] [1, 2, 5, 8] [1, 1, 1, 1] : tensor<1x2x5x16xbf16> to tensor<1x2x5x8xbf16>
    %51 = tensor.empty() : tensor<1x2x5x8xbf16>
    %52 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_47 : tensor<1x2x5x8xbf16>) outs(%51 : tensor<1x2x5x8xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %187 = arith.negf %in : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x2x5x8xbf16>
    %concat_48 = tensor.concat dim(3) %52, %extracted_slice_46 : (tensor<1x2x5x8xbf16>, tensor<1x2x5x8xbf16>) -> tensor<1x2x5x16xbf16>
    %53 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_48, %expanded_43 : tensor<1x2x5x16xbf16>, tensor<1x1x5x16xbf16>) outs(%42 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.mulf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x2x5x16xbf16>
    %54 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%50, %53 : tensor<1x2x5x16xbf16>, tensor<1x2x5x16xbf16>) outs(%42 : tensor<1x2x5x16xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.addf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x2x5x16xbf16>
    %55 = tensor.empty() : tensor<1x2x2x5x16xbf16>
    %56 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%54 : tensor<1x2x5x16xbf16>) outs(%55 : tensor<1x2x2x5x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x5x16xbf16>
    %collapsed_49 = tensor.collapse_shape %56 [[0], [1, 2], [3], [4]] : tensor<1x2x2x5x16xbf16> into tensor<1x4x5x16xbf16>
    %57 = linalg.generic {indexing_maps = [#map11, #map12], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%transposed_41 : tensor<1x2x5x16xbf16>) outs(%55 : tensor<1x2x2x5x16xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<1x2x2x5x16xbf16>
    %58 = tensor.empty() : tensor<1x4x16x5xbf16>
    %transposed_50 = linalg.transpose ins(%collapsed_49 : tensor<1x4x5x16xbf16>) outs(%58 : tensor<1x4x16x5xbf16>) permutation = [0, 1, 3, 2] 
    %collapsed_51 = tensor.collapse_shape %49 [[0, 1], [2], [3]] : tensor<1x4x5x16xbf16> into tensor<4x5x16xbf16>
    %collapsed_52 = tensor.collapse_shape %transposed_50 [[0, 1], [2], [3]] : tensor<1x4x16x5xbf16> into tensor<4x16x5xbf16>
    %59 = tensor.empty() : tensor<4x5x5xf32>
    %60 = linalg.fill ins(%cst : f32) outs(%59 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %61 = linalg.batch_matmul ins(%collapsed_51, %collapsed_52 : tensor<4x5x16xbf16>, tensor<4x16x5xbf16>) outs(%60 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %62 = tensor.empty() : tensor<4x5x5xbf16>
    %63 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%61 : tensor<4x5x5xf32>) outs(%62 : tensor<4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<4x5x5xbf16>
    %expanded_53 = tensor.expand_shape %63 [[0, 1], [2], [3]] output_shape [1, 4, 5, 5] : tensor<4x5x5xbf16> into tensor<1x4x5x5xbf16>
    %64 = tensor.empty() : tensor<1x4x5x5xbf16>
    %65 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_53 : tensor<1x4x5x5xbf16>) outs(%64 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %187 = arith.mulf %in, %cst_18 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x4x5x5xbf16>
    %66 = linalg.generic {indexing_maps = [#map5, #map10, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%65, %7 : tensor<1x4x5x5xbf16>, tensor<1x1x5x5xbf16>) outs(%64 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.addf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x4x5x5xbf16>
    %67 = tensor.empty() : tensor<1x4x5x5xf32>
    %68 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%66 : tensor<1x4x5x5xbf16>) outs(%67 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %187 = arith.extf %in : bf16 to f32
      linalg.yield %187 : f32
    } -> tensor<1x4x5x5xf32>
    %69 = tensor.empty() : tensor<1x4x5xi64>
    %70 = linalg.fill ins(%c0_i64 : i64) outs(%69 : tensor<1x4x5xi64>) -> tensor<1x4x5xi64>
    %71 = tensor.empty() : tensor<1x4x5xf32>
    %72 = linalg.fill ins(%cst_0 : f32) outs(%71 : tensor<1x4x5xf32>) -> tensor<1x4x5xf32>
    %73:2 = linalg.generic {indexing_maps = [#map5, #map13, #map13], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%68 : tensor<1x4x5x5xf32>) outs(%72, %70 : tensor<1x4x5xf32>, tensor<1x4x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_91: i64):
      %187 = linalg.index 3 : index
      %188 = arith.index_cast %187 : index to i64
      %189 = arith.maximumf %in, %out : f32
      %190 = arith.cmpf ogt, %in, %out : f32
      %191 = arith.select %190, %188, %out_91 : i64
      linalg.yield %189, %191 : f32, i64
    } -> (tensor<1x4x5xf32>, tensor<1x4x5xi64>)
    %expanded_54 = tensor.expand_shape %73#0 [[0], [1], [2, 3]] output_shape [1, 4, 5, 1] : tensor<1x4x5xf32> into tensor<1x4x5x1xf32>
    %74 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%68, %expanded_54 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%67 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %187 = arith.subf %in, %in_91 : f32
      linalg.yield %187 : f32
    } -> tensor<1x4x5x5xf32>
    %75 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%74 : tensor<1x4x5x5xf32>) outs(%67 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = math.exp %in : f32
      linalg.yield %187 : f32
    } -> tensor<1x4x5x5xf32>
    %76 = tensor.empty() : tensor<1x4x5x1xf32>
    %77 = linalg.fill ins(%cst : f32) outs(%76 : tensor<1x4x5x1xf32>) -> tensor<1x4x5x1xf32>
    %78 = linalg.generic {indexing_maps = [#map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%75 : tensor<1x4x5x5xf32>) outs(%77 : tensor<1x4x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.addf %in, %out : f32
      linalg.yield %187 : f32
    } -> tensor<1x4x5x1xf32>
    %79 = linalg.generic {indexing_maps = [#map5, #map4, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%75, %78 : tensor<1x4x5x5xf32>, tensor<1x4x5x1xf32>) outs(%67 : tensor<1x4x5x5xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %187 = arith.divf %in, %in_91 : f32
      linalg.yield %187 : f32
    } -> tensor<1x4x5x5xf32>
    %80 = linalg.generic {indexing_maps = [#map5, #map5], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%79 : tensor<1x4x5x5xf32>) outs(%64 : tensor<1x4x5x5xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<1x4x5x5xbf16>
    %collapsed_55 = tensor.collapse_shape %80 [[0, 1], [2], [3]] : tensor<1x4x5x5xbf16> into tensor<4x5x5xbf16>
    %collapsed_56 = tensor.collapse_shape %57 [[0, 1, 2], [3], [4]] : tensor<1x2x2x5x16xbf16> into tensor<4x5x16xbf16>
    %81 = tensor.empty() : tensor<4x5x16xf32>
    %82 = linalg.fill ins(%cst : f32) outs(%81 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %83 = linalg.batch_matmul ins(%collapsed_55, %collapsed_56 : tensor<4x5x5xbf16>, tensor<4x5x16xbf16>) outs(%82 : tensor<4x5x16xf32>) -> tensor<4x5x16xf32>
    %84 = tensor.empty() : tensor<4x5x16xbf16>
    %85 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%83 : tensor<4x5x16xf32>) outs(%84 : tensor<4x5x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<4x5x16xbf16>
    %expanded_57 = tensor.expand_shape %85 [[0, 1], [2], [3]] output_shape [1, 4, 5, 16] : tensor<4x5x16xbf16> into tensor<1x4x5x16xbf16>
    %86 = tensor.empty() : tensor<1x5x4x16xbf16>
    %transposed_58 = linalg.transpose ins(%expanded_57 : tensor<1x4x5x16xbf16>) outs(%86 : tensor<1x5x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_59 = linalg.transpose ins(%cst_9 : tensor<64x64xbf16>) outs(%29 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed_60 = tensor.collapse_shape %transposed_58 [[0, 1], [2, 3]] : tensor<1x5x4x16xbf16> into tensor<5x64xbf16>
    %87 = linalg.matmul ins(%collapsed_60, %transposed_59 : tensor<5x64xbf16>, tensor<64x64xbf16>) outs(%31 : tensor<5x64xf32>) -> tensor<5x64xf32>
    %88 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%87 : tensor<5x64xf32>) outs(%33 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<5x64xbf16>
    %expanded_61 = tensor.expand_shape %88 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %89 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %expanded_61 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.addf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x5x64xbf16>
    %90 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89 : tensor<1x5x64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %187 = arith.extf %in : bf16 to f32
      linalg.yield %187 : f32
    } -> tensor<1x5x64xf32>
    %91 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%90 : tensor<1x5x64xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %187 : f32
    } -> tensor<1x5x64xf32>
    %92 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%91 : tensor<1x5x64xf32>) outs(%21 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.addf %in, %out : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x1xf32>
    %93 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.divf %in, %cst_17 : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x1xf32>
    %94 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.truncf %cst_14 : f64 to f32
      %188 = arith.addf %in, %187 : f32
      linalg.yield %188 : f32
    } -> tensor<1x5x1xf32>
    %95 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = math.rsqrt %in : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x1xf32>
    %96 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%90, %95 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %187 = arith.mulf %in, %in_91 : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x64xf32>
    %97 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<1x5x64xbf16>
    %98 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_8, %97 : tensor<64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.mulf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x5x64xbf16>
    %collapsed_62 = tensor.collapse_shape %98 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %99 = tensor.empty() : tensor<64x4xbf16>
    %transposed_63 = linalg.transpose ins(%cst_7 : tensor<4x64xbf16>) outs(%99 : tensor<64x4xbf16>) permutation = [1, 0] 
    %100 = tensor.empty() : tensor<5x4xf32>
    %101 = linalg.fill ins(%cst : f32) outs(%100 : tensor<5x4xf32>) -> tensor<5x4xf32>
    %102 = linalg.matmul ins(%collapsed_62, %transposed_63 : tensor<5x64xbf16>, tensor<64x4xbf16>) outs(%101 : tensor<5x4xf32>) -> tensor<5x4xf32>
    %103 = tensor.empty() : tensor<5x4xbf16>
    %104 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%102 : tensor<5x4xf32>) outs(%103 : tensor<5x4xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<5x4xbf16>
    %105 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%104 : tensor<5x4xbf16>) outs(%100 : tensor<5x4xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %187 = arith.extf %in : bf16 to f32
      linalg.yield %187 : f32
    } -> tensor<5x4xf32>
    %106 = linalg.fill ins(%c0_i64 : i64) outs(%2 : tensor<5xi64>) -> tensor<5xi64>
    %107 = tensor.empty() : tensor<5xf32>
    %108 = linalg.fill ins(%cst_0 : f32) outs(%107 : tensor<5xf32>) -> tensor<5xf32>
    %109:2 = linalg.generic {indexing_maps = [#map9, #map14, #map14], iterator_types = ["parallel", "reduction"]} ins(%105 : tensor<5x4xf32>) outs(%108, %106 : tensor<5xf32>, tensor<5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_91: i64):
      %187 = linalg.index 1 : index
      %188 = arith.index_cast %187 : index to i64
      %189 = arith.maximumf %in, %out : f32
      %190 = arith.cmpf ogt, %in, %out : f32
      %191 = arith.select %190, %188, %out_91 : i64
      linalg.yield %189, %191 : f32, i64
    } -> (tensor<5xf32>, tensor<5xi64>)
    %expanded_64 = tensor.expand_shape %109#0 [[0, 1]] output_shape [5, 1] : tensor<5xf32> into tensor<5x1xf32>
    %110 = linalg.generic {indexing_maps = [#map9, #map15, #map9], iterator_types = ["parallel", "parallel"]} ins(%105, %expanded_64 : tensor<5x4xf32>, tensor<5x1xf32>) outs(%100 : tensor<5x4xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %187 = arith.subf %in, %in_91 : f32
      linalg.yield %187 : f32
    } -> tensor<5x4xf32>
    %111 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%110 : tensor<5x4xf32>) outs(%100 : tensor<5x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = math.exp %in : f32
      linalg.yield %187 : f32
    } -> tensor<5x4xf32>
    %112 = tensor.empty() : tensor<5x1xf32>
    %113 = linalg.fill ins(%cst : f32) outs(%112 : tensor<5x1xf32>) -> tensor<5x1xf32>
    %114 = linalg.generic {indexing_maps = [#map9, #map15], iterator_types = ["parallel", "reduction"]} ins(%111 : tensor<5x4xf32>) outs(%113 : tensor<5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.addf %in, %out : f32
      linalg.yield %187 : f32
    } -> tensor<5x1xf32>
    %115 = linalg.generic {indexing_maps = [#map9, #map15, #map9], iterator_types = ["parallel", "parallel"]} ins(%111, %114 : tensor<5x4xf32>, tensor<5x1xf32>) outs(%100 : tensor<5x4xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %187 = arith.divf %in, %in_91 : f32
      linalg.yield %187 : f32
    } -> tensor<5x4xf32>
    %116 = tensor.empty() : tensor<4xi64>
    %117 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%116 : tensor<4xi64>) {
    ^bb0(%out: i64):
      %187 = linalg.index 0 : index
      %188 = arith.index_cast %187 : index to i64
      linalg.yield %188 : i64
    } -> tensor<4xi64>
    %expanded_65 = tensor.expand_shape %115 [[0], [1, 2]] output_shape [5, 4, 1] : tensor<5x4xf32> into tensor<5x4x1xf32>
    %expanded_66 = tensor.expand_shape %115 [[0], [1, 2]] output_shape [5, 1, 4] : tensor<5x4xf32> into tensor<5x1x4xf32>
    %118 = tensor.empty() : tensor<5x4x4xi1>
    %119 = linalg.generic {indexing_maps = [#map16, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_66, %expanded_65 : tensor<5x1x4xf32>, tensor<5x4x1xf32>) outs(%118 : tensor<5x4x4xi1>) {
    ^bb0(%in: f32, %in_91: f32, %out: i1):
      %187 = arith.cmpf ogt, %in, %in_91 : f32
      linalg.yield %187 : i1
    } -> tensor<5x4x4xi1>
    %120 = linalg.generic {indexing_maps = [#map16, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_66, %expanded_65 : tensor<5x1x4xf32>, tensor<5x4x1xf32>) outs(%118 : tensor<5x4x4xi1>) {
    ^bb0(%in: f32, %in_91: f32, %out: i1):
      %187 = arith.cmpf oeq, %in, %in_91 : f32
      linalg.yield %187 : i1
    } -> tensor<5x4x4xi1>
    %expanded_67 = tensor.expand_shape %117 [[0, 1]] output_shape [4, 1] : tensor<4xi64> into tensor<4x1xi64>
    %121 = tensor.empty() : tensor<4x4xi1>
    %122 = linalg.generic {indexing_maps = [#map17, #map15, #map9], iterator_types = ["parallel", "parallel"]} ins(%117, %expanded_67 : tensor<4xi64>, tensor<4x1xi64>) outs(%121 : tensor<4x4xi1>) {
    ^bb0(%in: i64, %in_91: i64, %out: i1):
      %187 = arith.cmpi slt, %in, %in_91 : i64
      linalg.yield %187 : i1
    } -> tensor<4x4xi1>
    %123 = linalg.generic {indexing_maps = [#map1, #map18, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%120, %122 : tensor<5x4x4xi1>, tensor<4x4xi1>) outs(%118 : tensor<5x4x4xi1>) {
    ^bb0(%in: i1, %in_91: i1, %out: i1):
      %187 = arith.andi %in, %in_91 : i1
      linalg.yield %187 : i1
    } -> tensor<5x4x4xi1>
    %124 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%119, %123 : tensor<5x4x4xi1>, tensor<5x4x4xi1>) outs(%118 : tensor<5x4x4xi1>) {
    ^bb0(%in: i1, %in_91: i1, %out: i1):
      %187 = arith.ori %in, %in_91 : i1
      linalg.yield %187 : i1
    } -> tensor<5x4x4xi1>
    %125 = tensor.empty() : tensor<5x4xi64>
    %126 = linalg.fill ins(%c0_i64 : i64) outs(%125 : tensor<5x4xi64>) -> tensor<5x4xi64>
    %127 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel", "reduction"]} ins(%124 : tensor<5x4x4xi1>) outs(%126 : tensor<5x4xi64>) {
    ^bb0(%in: i1, %out: i64):
      %187 = arith.extui %in : i1 to i64
      %188 = arith.addi %187, %out : i64
      linalg.yield %188 : i64
    } -> tensor<5x4xi64>
    %expanded_68 = tensor.expand_shape %127 [[0], [1, 2]] output_shape [5, 4, 1] : tensor<5x4xi64> into tensor<5x4x1xi64>
    %128 = tensor.empty() : tensor<2xi64>
    %129 = linalg.generic {indexing_maps = [#map2], iterator_types = ["parallel"]} outs(%128 : tensor<2xi64>) {
    ^bb0(%out: i64):
      %187 = linalg.index 0 : index
      %188 = arith.index_cast %187 : index to i64
      linalg.yield %188 : i64
    } -> tensor<2xi64>
    %130 = tensor.empty() : tensor<5x4x2xi1>
    %131 = linalg.generic {indexing_maps = [#map7, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_68, %129 : tensor<5x4x1xi64>, tensor<2xi64>) outs(%130 : tensor<5x4x2xi1>) {
    ^bb0(%in: i64, %in_91: i64, %out: i1):
      %187 = arith.cmpi eq, %in, %in_91 : i64
      linalg.yield %187 : i1
    } -> tensor<5x4x2xi1>
    %132 = tensor.empty() : tensor<5x4x2xf32>
    %133 = linalg.generic {indexing_maps = [#map1, #map7, #map19, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%131, %expanded_65, %cst_2 : tensor<5x4x2xi1>, tensor<5x4x1xf32>, tensor<f32>) outs(%132 : tensor<5x4x2xf32>) {
    ^bb0(%in: i1, %in_91: f32, %in_92: f32, %out: f32):
      %187 = arith.select %in, %in_91, %in_92 : f32
      linalg.yield %187 : f32
    } -> tensor<5x4x2xf32>
    %134 = tensor.empty() : tensor<5x2xf32>
    %135 = linalg.fill ins(%cst : f32) outs(%134 : tensor<5x2xf32>) -> tensor<5x2xf32>
    %136 = linalg.generic {indexing_maps = [#map1, #map20], iterator_types = ["parallel", "reduction", "parallel"]} ins(%133 : tensor<5x4x2xf32>) outs(%135 : tensor<5x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.addf %in, %out : f32
      linalg.yield %187 : f32
    } -> tensor<5x2xf32>
    %137 = tensor.empty() : tensor<5x4x2xi64>
    %138 = linalg.generic {indexing_maps = [#map1, #map21, #map19, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%131, %expanded_67, %cst_31 : tensor<5x4x2xi1>, tensor<4x1xi64>, tensor<i64>) outs(%137 : tensor<5x4x2xi64>) {
    ^bb0(%in: i1, %in_91: i64, %in_92: i64, %out: i64):
      %187 = arith.select %in, %in_91, %in_92 : i64
      linalg.yield %187 : i64
    } -> tensor<5x4x2xi64>
    %139 = tensor.empty() : tensor<5x2xi64>
    %140 = linalg.fill ins(%c0_i64 : i64) outs(%139 : tensor<5x2xi64>) -> tensor<5x2xi64>
    %141 = linalg.generic {indexing_maps = [#map1, #map20], iterator_types = ["parallel", "reduction", "parallel"]} ins(%138 : tensor<5x4x2xi64>) outs(%140 : tensor<5x2xi64>) {
    ^bb0(%in: i64, %out: i64):
      %187 = arith.addi %in, %out : i64
      linalg.yield %187 : i64
    } -> tensor<5x2xi64>
    %142 = linalg.generic {indexing_maps = [#map9, #map15], iterator_types = ["parallel", "reduction"]} ins(%136 : tensor<5x2xf32>) outs(%113 : tensor<5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.addf %in, %out : f32
      linalg.yield %187 : f32
    } -> tensor<5x1xf32>
    %143 = linalg.generic {indexing_maps = [#map9, #map15, #map9], iterator_types = ["parallel", "parallel"]} ins(%136, %142 : tensor<5x2xf32>, tensor<5x1xf32>) outs(%134 : tensor<5x2xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %187 = arith.divf %in, %in_91 : f32
      linalg.yield %187 : f32
    } -> tensor<5x2xf32>
    %144 = tensor.empty() : tensor<5x2x64xbf16>
    %145 = linalg.generic {indexing_maps = [#map20, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_62 : tensor<5x64xbf16>) outs(%144 : tensor<5x2x64xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
    } -> tensor<5x2x64xbf16>
    %collapsed_69 = tensor.collapse_shape %145 [[0, 1], [2]] : tensor<5x2x64xbf16> into tensor<10x64xbf16>
    %collapsed_70 = tensor.collapse_shape %141 [[0, 1]] : tensor<5x2xi64> into tensor<10xi64>
    %concat_71 = tensor.concat dim(0) %cst_19, %cst_20, %cst_21, %cst_22 : (tensor<128x64xbf16>, tensor<128x64xbf16>, tensor<128x64xbf16>, tensor<128x64xbf16>) -> tensor<512x64xbf16>
    %expanded_72 = tensor.expand_shape %concat_71 [[0, 1], [2]] output_shape [4, 128, 64] : tensor<512x64xbf16> into tensor<4x128x64xbf16>
    %concat_73 = tensor.concat dim(0) %cst_23, %cst_24, %cst_25, %cst_26 : (tensor<128x64xbf16>, tensor<128x64xbf16>, tensor<128x64xbf16>, tensor<128x64xbf16>) -> tensor<512x64xbf16>
    %expanded_74 = tensor.expand_shape %concat_73 [[0, 1], [2]] output_shape [4, 128, 64] : tensor<512x64xbf16> into tensor<4x128x64xbf16>
    %concat_75 = tensor.concat dim(1) %expanded_72, %expanded_74 : (tensor<4x128x64xbf16>, tensor<4x128x64xbf16>) -> tensor<4x256x64xbf16>
    %146 = tensor.empty() : tensor<10x256x64xbf16>
    %147 = linalg.generic {indexing_maps = [#map22, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_70 : tensor<10xi64>) outs(%146 : tensor<10x256x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %187 = arith.cmpi slt, %in, %c0_i64 : i64
      %188 = arith.addi %in, %c4_i64 : i64
      %189 = arith.select %187, %188, %in : i64
      %190 = arith.index_cast %189 : i64 to index
      %191 = linalg.index 1 : index
      %192 = linalg.index 2 : index
      %extracted = tensor.extract %concat_75[%190, %191, %192] : tensor<4x256x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<10x256x64xbf16>
    %expanded_76 = tensor.expand_shape %collapsed_69 [[0], [1, 2]] output_shape [10, 64, 1] : tensor<10x64xbf16> into tensor<10x64x1xbf16>
    %148 = tensor.empty() : tensor<10x256x1xf32>
    %149 = linalg.fill ins(%cst : f32) outs(%148 : tensor<10x256x1xf32>) -> tensor<10x256x1xf32>
    %150 = linalg.batch_matmul ins(%147, %expanded_76 : tensor<10x256x64xbf16>, tensor<10x64x1xbf16>) outs(%149 : tensor<10x256x1xf32>) -> tensor<10x256x1xf32>
    %151 = tensor.empty() : tensor<10x256x1xbf16>
    %152 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%150 : tensor<10x256x1xf32>) outs(%151 : tensor<10x256x1xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<10x256x1xbf16>
    %collapsed_77 = tensor.collapse_shape %152 [[0], [1, 2]] : tensor<10x256x1xbf16> into tensor<10x256xbf16>
    %extracted_slice_78 = tensor.extract_slice %collapsed_77[0, 0] [10, 128] [1, 1] : tensor<10x256xbf16> to tensor<10x128xbf16>
    %extracted_slice_79 = tensor.extract_slice %collapsed_77[0, 128] [10, 128] [1, 1] : tensor<10x256xbf16> to tensor<10x128xbf16>
    %153 = tensor.empty() : tensor<10x128xf32>
    %154 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_78 : tensor<10x128xbf16>) outs(%153 : tensor<10x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %187 = arith.extf %in : bf16 to f32
      linalg.yield %187 : f32
    } -> tensor<10x128xf32>
    %155 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%154 : tensor<10x128xf32>) outs(%153 : tensor<10x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.negf %in : f32
      %188 = math.exp %187 : f32
      %189 = arith.addf %188, %cst_1 : f32
      %190 = arith.divf %cst_1, %189 : f32
      linalg.yield %190 : f32
    } -> tensor<10x128xf32>
    %156 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%154, %155 : tensor<10x128xf32>, tensor<10x128xf32>) outs(%153 : tensor<10x128xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %187 = arith.mulf %in, %in_91 : f32
      linalg.yield %187 : f32
    } -> tensor<10x128xf32>
    %157 = tensor.empty() : tensor<10x128xbf16>
    %158 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%156 : tensor<10x128xf32>) outs(%157 : tensor<10x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<10x128xbf16>
    %159 = linalg.generic {indexing_maps = [#map9, #map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%158, %extracted_slice_79 : tensor<10x128xbf16>, tensor<10x128xbf16>) outs(%157 : tensor<10x128xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.mulf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<10x128xbf16>
    %concat_80 = tensor.concat dim(0) %cst_27, %cst_28, %cst_29, %cst_30 : (tensor<64x128xbf16>, tensor<64x128xbf16>, tensor<64x128xbf16>, tensor<64x128xbf16>) -> tensor<256x128xbf16>
    %expanded_81 = tensor.expand_shape %concat_80 [[0, 1], [2]] output_shape [4, 64, 128] : tensor<256x128xbf16> into tensor<4x64x128xbf16>
    %160 = tensor.empty() : tensor<10x64x128xbf16>
    %161 = linalg.generic {indexing_maps = [#map22, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed_70 : tensor<10xi64>) outs(%160 : tensor<10x64x128xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %187 = arith.cmpi slt, %in, %c0_i64 : i64
      %188 = arith.addi %in, %c4_i64 : i64
      %189 = arith.select %187, %188, %in : i64
      %190 = arith.index_cast %189 : i64 to index
      %191 = linalg.index 1 : index
      %192 = linalg.index 2 : index
      %extracted = tensor.extract %expanded_81[%190, %191, %192] : tensor<4x64x128xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<10x64x128xbf16>
    %expanded_82 = tensor.expand_shape %159 [[0], [1, 2]] output_shape [10, 128, 1] : tensor<10x128xbf16> into tensor<10x128x1xbf16>
    %162 = tensor.empty() : tensor<10x64x1xf32>
    %163 = linalg.fill ins(%cst : f32) outs(%162 : tensor<10x64x1xf32>) -> tensor<10x64x1xf32>
    %164 = linalg.batch_matmul ins(%161, %expanded_82 : tensor<10x64x128xbf16>, tensor<10x128x1xbf16>) outs(%163 : tensor<10x64x1xf32>) -> tensor<10x64x1xf32>
    %165 = tensor.empty() : tensor<10x64x1xbf16>
    %166 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%164 : tensor<10x64x1xf32>) outs(%165 : tensor<10x64x1xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<10x64x1xbf16>
    %collapsed_83 = tensor.collapse_shape %166 [[0], [1, 2]] : tensor<10x64x1xbf16> into tensor<10x64xbf16>
    %collapsed_84 = tensor.collapse_shape %143 [[0, 1]] : tensor<5x2xf32> into tensor<10xf32>
    %expanded_85 = tensor.expand_shape %collapsed_84 [[0, 1]] output_shape [10, 1] : tensor<10xf32> into tensor<10x1xf32>
    %167 = tensor.empty() : tensor<10x64xf32>
    %168 = linalg.generic {indexing_maps = [#map9, #map15, #map9], iterator_types = ["parallel", "parallel"]} ins(%collapsed_83, %expanded_85 : tensor<10x64xbf16>, tensor<10x1xf32>) outs(%167 : tensor<10x64xf32>) {
    ^bb0(%in: bf16, %in_91: f32, %out: f32):
      %187 = arith.extf %in : bf16 to f32
      %188 = arith.mulf %187, %in_91 : f32
      linalg.yield %188 : f32
    } -> tensor<10x64xf32>
    %expanded_86 = tensor.expand_shape %168 [[0, 1], [2]] output_shape [5, 2, 64] : tensor<10x64xf32> into tensor<5x2x64xf32>
    %169 = linalg.generic {indexing_maps = [#map1, #map20], iterator_types = ["parallel", "reduction", "parallel"]} ins(%expanded_86 : tensor<5x2x64xf32>) outs(%31 : tensor<5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.addf %in, %out : f32
      linalg.yield %187 : f32
    } -> tensor<5x64xf32>
    %170 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%169 : tensor<5x64xf32>) outs(%33 : tensor<5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<5x64xbf16>
    %expanded_87 = tensor.expand_shape %170 [[0, 1], [2]] output_shape [1, 5, 64] : tensor<5x64xbf16> into tensor<1x5x64xbf16>
    %171 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89, %expanded_87 : tensor<1x5x64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.addf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x5x64xbf16>
    %172 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%171 : tensor<1x5x64xbf16>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %187 = arith.extf %in : bf16 to f32
      linalg.yield %187 : f32
    } -> tensor<1x5x64xf32>
    %173 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%172 : tensor<1x5x64xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %187 : f32
    } -> tensor<1x5x64xf32>
    %174 = linalg.generic {indexing_maps = [#map1, #map7], iterator_types = ["parallel", "parallel", "reduction"]} ins(%173 : tensor<1x5x64xf32>) outs(%21 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.addf %in, %out : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x1xf32>
    %175 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%174 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.divf %in, %cst_17 : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x1xf32>
    %176 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%175 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = arith.truncf %cst_14 : f64 to f32
      %188 = arith.addf %in, %187 : f32
      linalg.yield %188 : f32
    } -> tensor<1x5x1xf32>
    %177 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%176 : tensor<1x5x1xf32>) outs(%8 : tensor<1x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %187 = math.rsqrt %in : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x1xf32>
    %178 = linalg.generic {indexing_maps = [#map1, #map7, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%172, %177 : tensor<1x5x64xf32>, tensor<1x5x1xf32>) outs(%18 : tensor<1x5x64xf32>) {
    ^bb0(%in: f32, %in_91: f32, %out: f32):
      %187 = arith.mulf %in, %in_91 : f32
      linalg.yield %187 : f32
    } -> tensor<1x5x64xf32>
    %179 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%178 : tensor<1x5x64xf32>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<1x5x64xbf16>
    %180 = linalg.generic {indexing_maps = [#map8, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%cst_6, %179 : tensor<64xbf16>, tensor<1x5x64xbf16>) outs(%0 : tensor<1x5x64xbf16>) {
    ^bb0(%in: bf16, %in_91: bf16, %out: bf16):
      %187 = arith.mulf %in, %in_91 : bf16
      linalg.yield %187 : bf16
    } -> tensor<1x5x64xbf16>
    %181 = tensor.empty() : tensor<64x320xbf16>
    %transposed_88 = linalg.transpose ins(%cst_5 : tensor<320x64xbf16>) outs(%181 : tensor<64x320xbf16>) permutation = [1, 0] 
    %collapsed_89 = tensor.collapse_shape %180 [[0, 1], [2]] : tensor<1x5x64xbf16> into tensor<5x64xbf16>
    %182 = tensor.empty() : tensor<5x320xf32>
    %183 = linalg.fill ins(%cst : f32) outs(%182 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %184 = linalg.matmul ins(%collapsed_89, %transposed_88 : tensor<5x64xbf16>, tensor<64x320xbf16>) outs(%183 : tensor<5x320xf32>) -> tensor<5x320xf32>
    %185 = tensor.empty() : tensor<5x320xbf16>
    %186 = linalg.generic {indexing_maps = [#map9, #map9], iterator_types = ["parallel", "parallel"]} ins(%184 : tensor<5x320xf32>) outs(%185 : tensor<5x320xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %187 = arith.truncf %in : f32 to bf16
      linalg.yield %187 : bf16
    } -> tensor<5x320xbf16>
    %expanded_90 = tensor.expand_shape %186 [[0, 1], [2]] output_shape [1, 5, 320] : tensor<5x320xbf16> into tensor<1x5x320xbf16>
    return %expanded_90 : tensor<1x5x320xbf16>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_8_torch.float32: "0x040000000000803F8718363EE386013D9C44B83B6F12833A53773A39B2A20438C1B0BC36"
    }
  }
#-}
