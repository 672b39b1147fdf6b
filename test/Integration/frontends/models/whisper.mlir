// encode
//   arg0 input_features: tensor<1x16x64xbf16>
//   out0 encoder_states: tensor<1x32x64xbf16>
// prefill
//   arg0 decoder_input_ids: tensor<1x?xi64>
//   arg1 encoder_states: tensor<1x32x64xbf16>
//   out0 logits: tensor<1x1x320xbf16>
//   out1 cache.0.keys: tensor<1x4x12x16xbf16>
//   out2 cache.0.values: tensor<1x4x12x16xbf16>
//   out3 source.0.keys: tensor<1x4x32x16xbf16>
//   out4 source.0.values: tensor<1x4x32x16xbf16>
// decode
//   arg0 decoder_input_ids: tensor<1x1xi64>
//   arg1 position: tensor<i64>
//   arg2 cache.0.keys: tensor<1x4x12x16xbf16>
//   arg3 cache.0.values: tensor<1x4x12x16xbf16>
//   arg4 source.0.keys: tensor<1x4x32x16xbf16>
//   arg5 source.0.values: tensor<1x4x32x16xbf16>
//   out0 logits: tensor<1x1x320xbf16>
//   out1 cache.0.keys: tensor<1x4x12x16xbf16>
//   out2 cache.0.values: tensor<1x4x12x16xbf16>
#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1) -> (d0)>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map5 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map6 = affine_map<(d0, d1, d2) -> (d2)>
#map7 = affine_map<(d0, d1) -> (d1)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map9 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map11 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map12 = affine_map<(d0, d1, d2) -> (0, d1)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map14 = affine_map<(d0, d1, d2, d3) -> ()>
#map15 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map16 = affine_map<(d0) -> ()>
#map17 = affine_map<(d0, d1, d2) -> (0, 0)>
#map18 = affine_map<(d0, d1) -> ()>
#map19 = affine_map<(d0, d1, d2, d3) -> (d2, 0)>
module {
  func.func @encode(%arg0: tensor<1x16x64xbf16>) -> tensor<1x32x64xbf16> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : bf16
    %cst_0 = arith.constant 1.000000e+00 : bf16
    %cst_1 = arith.constant 2.000000e+00 : bf16
    %cst_2 = arith.constant 5.000000e-01 : bf16
    %c32 = arith.constant 32 : index
    %cst_3 = arith.constant 0.000000e+00 : f64
    %cst_4 = arith.constant 0.000000e+00 : f32
    %cst_5 = arith.constant 0xFF800000 : f32
    %cst_6 = arith.constant dense_resource<model.encoder.layer_norm.bias> : tensor<64xbf16>
    %cst_7 = arith.constant dense_resource<model.encoder.layer_norm.weight> : tensor<64xbf16>
    %cst_8 = arith.constant dense_resource<model.encoder.layers.0.fc2.bias> : tensor<64xbf16>
    %cst_9 = arith.constant dense_resource<model.encoder.layers.0.fc2.weight> : tensor<64x128xbf16>
    %cst_10 = arith.constant dense_resource<model.encoder.layers.0.fc1.bias> : tensor<128xbf16>
    %cst_11 = arith.constant dense_resource<model.encoder.layers.0.fc1.weight> : tensor<128x64xbf16>
    %cst_12 = arith.constant dense_resource<model.encoder.layers.0.final_layer_norm.bias> : tensor<64xbf16>
    %cst_13 = arith.constant dense_resource<model.encoder.layers.0.final_layer_norm.weight> : tensor<64xbf16>
    %cst_14 = arith.constant dense_resource<model.encoder.layers.0.self_attn.out_proj.bias> : tensor<64xbf16>
    %cst_15 = arith.constant dense_resource<model.encoder.layers.0.self_attn.out_proj.weight> : tensor<64x64xbf16>
    %cst_16 = arith.constant dense_resource<model.encoder.layers.0.self_attn.v_proj.bias> : tensor<64xbf16>
    %cst_17 = arith.constant dense_resource<model.encoder.layers.0.self_attn.v_proj.weight> : tensor<64x64xbf16>
    %cst_18 = arith.constant dense_resource<model.encoder.layers.0.self_attn.k_proj.weight> : tensor<64x64xbf16>
    %cst_19 = arith.constant dense_resource<model.encoder.layers.0.self_attn.q_proj.bias> : tensor<64xbf16>
    %cst_20 = arith.constant dense_resource<model.encoder.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_21 = arith.constant dense_resource<model.encoder.layers.0.self_attn_layer_norm.bias> : tensor<64xbf16>
    %cst_22 = arith.constant dense_resource<model.encoder.layers.0.self_attn_layer_norm.weight> : tensor<64xbf16>
    %cst_23 = arith.constant 1.000000e-05 : f64
    %cst_24 = arith.constant dense_resource<model.encoder.embed_positions.weight> : tensor<32x64xbf16>
    %cst_25 = arith.constant dense_resource<model.encoder.conv2.bias> : tensor<64xbf16>
    %cst_26 = arith.constant dense_resource<model.encoder.conv2.weight> : tensor<64x64x3xbf16>
    %cst_27 = arith.constant dense_resource<model.encoder.conv1.weight> : tensor<64x16x3xbf16>
    %cst_28 = arith.constant dense_resource<model.encoder.conv1.bias> : tensor<64xbf16>
    %cst_29 = arith.constant 6.400000e+01 : f64
    %cst_30 = arith.constant 6.400000e+01 : f32
    %cst_31 = arith.constant 2.500000e-01 : bf16
    %padded = tensor.pad %arg0 low[0, 0, 1] high[0, 0, 1] {
    ^bb0(%arg1: index, %arg2: index, %arg3: index):
      tensor.yield %cst : bf16
    } : tensor<1x16x64xbf16> to tensor<1x16x66xbf16>
    %0 = tensor.empty() : tensor<1x64x64xf32>
    %1 = tensor.empty() : tensor<64xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_28 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<64xf32>
    %broadcasted = linalg.broadcast ins(%2 : tensor<64xf32>) outs(%0 : tensor<1x64x64xf32>) dimensions = [0, 2] 
    %3 = linalg.conv_1d_ncw_fcw {dilations = dense<1> : vector<1xi64>, strides = dense<1> : vector<1xi64>} ins(%padded, %cst_27 : tensor<1x16x66xbf16>, tensor<64x16x3xbf16>) outs(%broadcasted : tensor<1x64x64xf32>) -> tensor<1x64x64xf32>
    %4 = tensor.empty() : tensor<1x64x64xbf16>
    %5 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3 : tensor<1x64x64xf32>) outs(%4 : tensor<1x64x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<1x64x64xbf16>
    %6 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5 : tensor<1x64x64xbf16>) outs(%4 : tensor<1x64x64xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %160 = math.sqrt %cst_1 : bf16
      %161 = arith.divf %in, %160 : bf16
      %162 = math.erf %161 : bf16
      %163 = arith.addf %162, %cst_0 : bf16
      %164 = arith.mulf %163, %cst_2 : bf16
      %165 = arith.mulf %in, %164 : bf16
      linalg.yield %165 : bf16
    } -> tensor<1x64x64xbf16>
    %padded_32 = tensor.pad %6 low[0, 0, 1] high[0, 0, 1] {
    ^bb0(%arg1: index, %arg2: index, %arg3: index):
      tensor.yield %cst : bf16
    } : tensor<1x64x64xbf16> to tensor<1x64x66xbf16>
    %7 = tensor.empty() : tensor<1x64x32xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_25 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<64xf32>
    %broadcasted_33 = linalg.broadcast ins(%8 : tensor<64xf32>) outs(%7 : tensor<1x64x32xf32>) dimensions = [0, 2] 
    %9 = linalg.conv_1d_ncw_fcw {dilations = dense<1> : vector<1xi64>, strides = dense<2> : vector<1xi64>} ins(%padded_32, %cst_26 : tensor<1x64x66xbf16>, tensor<64x64x3xbf16>) outs(%broadcasted_33 : tensor<1x64x32xf32>) -> tensor<1x64x32xf32>
    %10 = tensor.empty() : tensor<1x64x32xbf16>
    %11 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9 : tensor<1x64x32xf32>) outs(%10 : tensor<1x64x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<1x64x32xbf16>
    %12 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11 : tensor<1x64x32xbf16>) outs(%10 : tensor<1x64x32xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %160 = math.sqrt %cst_1 : bf16
      %161 = arith.divf %in, %160 : bf16
      %162 = math.erf %161 : bf16
      %163 = arith.addf %162, %cst_0 : bf16
      %164 = arith.mulf %163, %cst_2 : bf16
      %165 = arith.mulf %in, %164 : bf16
      linalg.yield %165 : bf16
    } -> tensor<1x64x32xbf16>
    %13 = tensor.empty() : tensor<1x32x64xbf16>
    %transposed = linalg.transpose ins(%12 : tensor<1x64x32xbf16>) outs(%13 : tensor<1x32x64xbf16>) permutation = [0, 2, 1] 
    %14 = tensor.empty() : tensor<32xi64>
    %15 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%14 : tensor<32xi64>) {
    ^bb0(%out: i64):
      %160 = linalg.index 0 : index
      %161 = arith.index_cast %160 : index to i64
      linalg.yield %161 : i64
    } -> tensor<32xi64>
    %16 = tensor.empty() : tensor<32x64xbf16>
    %17 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel"]} ins(%15 : tensor<32xi64>) outs(%16 : tensor<32x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %160 = arith.index_cast %in : i64 to index
      %161 = linalg.index 1 : index
      %162 = arith.cmpi slt, %160, %c32 : index
      cf.assert %162, "index must be smaller than dim size"
      %163 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %163, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_24[%160, %161] : tensor<32x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<32x64xbf16>
    %18 = linalg.generic {indexing_maps = [#map1, #map4, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed, %17 : tensor<1x32x64xbf16>, tensor<32x64xbf16>) outs(%13 : tensor<1x32x64xbf16>) {
    ^bb0(%in: bf16, %in_60: bf16, %out: bf16):
      %160 = arith.addf %in, %in_60 : bf16
      linalg.yield %160 : bf16
    } -> tensor<1x32x64xbf16>
    %19 = tensor.empty() : tensor<1x32x64xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<1x32x64xbf16>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<1x32x64xf32>
    %21 = tensor.empty() : tensor<1x32x64xf64>
    %22 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20 : tensor<1x32x64xf32>) outs(%21 : tensor<1x32x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %160 = arith.extf %in : f32 to f64
      linalg.yield %160 : f64
    } -> tensor<1x32x64xf64>
    %23 = tensor.empty() : tensor<1x32x1xf64>
    %24 = linalg.fill ins(%cst_3 : f64) outs(%23 : tensor<1x32x1xf64>) -> tensor<1x32x1xf64>
    %25 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%22 : tensor<1x32x64xf64>) outs(%24 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.addf %in, %out : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<1x32x1xf64>) outs(%23 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.divf %in, %cst_29 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %27 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22, %26 : tensor<1x32x64xf64>, tensor<1x32x1xf64>) outs(%21 : tensor<1x32x64xf64>) {
    ^bb0(%in: f64, %in_60: f64, %out: f64):
      %160 = arith.subf %in, %in_60 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x64xf64>
    %28 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27, %27 : tensor<1x32x64xf64>, tensor<1x32x64xf64>) outs(%21 : tensor<1x32x64xf64>) {
    ^bb0(%in: f64, %in_60: f64, %out: f64):
      %160 = arith.mulf %in, %in_60 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x64xf64>
    %29 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%28 : tensor<1x32x64xf64>) outs(%24 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.addf %in, %out : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %30 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29 : tensor<1x32x1xf64>) outs(%23 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.divf %in, %cst_29 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %31 = tensor.empty() : tensor<1x32x1xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30 : tensor<1x32x1xf64>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %160 = arith.truncf %in : f64 to f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %33 = linalg.fill ins(%cst_4 : f32) outs(%31 : tensor<1x32x1xf32>) -> tensor<1x32x1xf32>
    %34 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%20 : tensor<1x32x64xf32>) outs(%33 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = arith.addf %in, %out : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %35 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34 : tensor<1x32x1xf32>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = arith.divf %in, %cst_30 : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %36 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32 : tensor<1x32x1xf32>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = arith.truncf %cst_23 : f64 to f32
      %161 = arith.addf %in, %160 : f32
      linalg.yield %161 : f32
    } -> tensor<1x32x1xf32>
    %37 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%36 : tensor<1x32x1xf32>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = math.rsqrt %in : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %38 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20, %35 : tensor<1x32x64xf32>, tensor<1x32x1xf32>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.subf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x64xf32>
    %39 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%38, %37 : tensor<1x32x64xf32>, tensor<1x32x1xf32>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.mulf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x64xf32>
    %40 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%39, %cst_22 : tensor<1x32x64xf32>, tensor<64xbf16>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: bf16, %out: f32):
      %160 = arith.extf %in_60 : bf16 to f32
      %161 = arith.mulf %in, %160 : f32
      linalg.yield %161 : f32
    } -> tensor<1x32x64xf32>
    %41 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%40, %cst_21 : tensor<1x32x64xf32>, tensor<64xbf16>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: bf16, %out: f32):
      %160 = arith.extf %in_60 : bf16 to f32
      %161 = arith.addf %in, %160 : f32
      linalg.yield %161 : f32
    } -> tensor<1x32x64xf32>
    %42 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%41 : tensor<1x32x64xf32>) outs(%13 : tensor<1x32x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<1x32x64xbf16>
    %collapsed = tensor.collapse_shape %42 [[0, 1], [2]] : tensor<1x32x64xbf16> into tensor<32x64xbf16>
    %43 = tensor.empty() : tensor<64x64xbf16>
    %transposed_34 = linalg.transpose ins(%cst_20 : tensor<64x64xbf16>) outs(%43 : tensor<64x64xbf16>) permutation = [1, 0] 
    %44 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_19 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<64xf32>
    %45 = tensor.empty() : tensor<32x64xf32>
    %46 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<32x64xbf16>) outs(%45 : tensor<32x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<32x64xf32>
    %47 = tensor.empty() : tensor<64x64xf32>
    %48 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_34 : tensor<64x64xbf16>) outs(%47 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<64x64xf32>
    %49 = linalg.fill ins(%cst_4 : f32) outs(%45 : tensor<32x64xf32>) -> tensor<32x64xf32>
    %50 = linalg.matmul ins(%46, %48 : tensor<32x64xf32>, tensor<64x64xf32>) outs(%49 : tensor<32x64xf32>) -> tensor<32x64xf32>
    %51 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%44 : tensor<64xf32>) outs(%45 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x64xf32>
    %52 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%50, %51 : tensor<32x64xf32>, tensor<32x64xf32>) outs(%45 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.addf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<32x64xf32>
    %53 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%52 : tensor<32x64xf32>) outs(%16 : tensor<32x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<32x64xbf16>
    %expanded = tensor.expand_shape %53 [[0, 1], [2]] output_shape [1, 32, 64] : tensor<32x64xbf16> into tensor<1x32x64xbf16>
    %54 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x32x64xbf16>) outs(%13 : tensor<1x32x64xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %160 = arith.mulf %in, %cst_31 : bf16
      linalg.yield %160 : bf16
    } -> tensor<1x32x64xbf16>
    %expanded_35 = tensor.expand_shape %54 [[0], [1], [2, 3]] output_shape [1, 32, 4, 16] : tensor<1x32x64xbf16> into tensor<1x32x4x16xbf16>
    %55 = tensor.empty() : tensor<1x4x32x16xbf16>
    %transposed_36 = linalg.transpose ins(%expanded_35 : tensor<1x32x4x16xbf16>) outs(%55 : tensor<1x4x32x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_37 = linalg.transpose ins(%cst_18 : tensor<64x64xbf16>) outs(%43 : tensor<64x64xbf16>) permutation = [1, 0] 
    %56 = linalg.matmul ins(%collapsed, %transposed_37 : tensor<32x64xbf16>, tensor<64x64xbf16>) outs(%49 : tensor<32x64xf32>) -> tensor<32x64xf32>
    %57 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%56 : tensor<32x64xf32>) outs(%16 : tensor<32x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<32x64xbf16>
    %expanded_38 = tensor.expand_shape %57 [[0, 1], [2, 3]] output_shape [1, 32, 4, 16] : tensor<32x64xbf16> into tensor<1x32x4x16xbf16>
    %transposed_39 = linalg.transpose ins(%cst_17 : tensor<64x64xbf16>) outs(%43 : tensor<64x64xbf16>) permutation = [1, 0] 
    %58 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_16 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<64xf32>
    %59 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_39 : tensor<64x64xbf16>) outs(%47 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<64x64xf32>
    %60 = linalg.matmul ins(%46, %59 : tensor<32x64xf32>, tensor<64x64xf32>) outs(%49 : tensor<32x64xf32>) -> tensor<32x64xf32>
    %61 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%58 : tensor<64xf32>) outs(%45 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x64xf32>
    %62 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%60, %61 : tensor<32x64xf32>, tensor<32x64xf32>) outs(%45 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.addf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<32x64xf32>
    %63 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%62 : tensor<32x64xf32>) outs(%16 : tensor<32x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<32x64xbf16>
    %expanded_40 = tensor.expand_shape %63 [[0, 1], [2, 3]] output_shape [1, 32, 4, 16] : tensor<32x64xbf16> into tensor<1x32x4x16xbf16>
    %transposed_41 = linalg.transpose ins(%expanded_40 : tensor<1x32x4x16xbf16>) outs(%55 : tensor<1x4x32x16xbf16>) permutation = [0, 2, 1, 3] 
    %64 = tensor.empty() : tensor<1x4x16x32xbf16>
    %transposed_42 = linalg.transpose ins(%expanded_38 : tensor<1x32x4x16xbf16>) outs(%64 : tensor<1x4x16x32xbf16>) permutation = [0, 2, 3, 1] 
    %collapsed_43 = tensor.collapse_shape %transposed_36 [[0, 1], [2], [3]] : tensor<1x4x32x16xbf16> into tensor<4x32x16xbf16>
    %collapsed_44 = tensor.collapse_shape %transposed_42 [[0, 1], [2], [3]] : tensor<1x4x16x32xbf16> into tensor<4x16x32xbf16>
    %65 = tensor.empty() : tensor<4x32x32xf32>
    %66 = linalg.fill ins(%cst_4 : f32) outs(%65 : tensor<4x32x32xf32>) -> tensor<4x32x32xf32>
    %67 = linalg.batch_matmul ins(%collapsed_43, %collapsed_44 : tensor<4x32x16xbf16>, tensor<4x16x32xbf16>) outs(%66 : tensor<4x32x32xf32>) -> tensor<4x32x32xf32>
    %68 = tensor.empty() : tensor<4x32x32xbf16>
    %69 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%67 : tensor<4x32x32xf32>) outs(%68 : tensor<4x32x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<4x32x32xbf16>
    %expanded_45 = tensor.expand_shape %69 [[0, 1], [2], [3]] output_shape [1, 4, 32, 32] : tensor<4x32x32xbf16> into tensor<1x4x32x32xbf16>
    %70 = tensor.empty() : tensor<1x4x32x32xf32>
    %71 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_45 : tensor<1x4x32x32xbf16>) outs(%70 : tensor<1x4x32x32xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<1x4x32x32xf32>
    %72 = tensor.empty() : tensor<1x4x32xi64>
    %73 = linalg.fill ins(%c0_i64 : i64) outs(%72 : tensor<1x4x32xi64>) -> tensor<1x4x32xi64>
    %74 = tensor.empty() : tensor<1x4x32xf32>
    %75 = linalg.fill ins(%cst_5 : f32) outs(%74 : tensor<1x4x32xf32>) -> tensor<1x4x32xf32>
    %76:2 = linalg.generic {indexing_maps = [#map8, #map9, #map9], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%71 : tensor<1x4x32x32xf32>) outs(%75, %73 : tensor<1x4x32xf32>, tensor<1x4x32xi64>) {
    ^bb0(%in: f32, %out: f32, %out_60: i64):
      %160 = linalg.index 3 : index
      %161 = arith.index_cast %160 : index to i64
      %162 = arith.maximumf %in, %out : f32
      %163 = arith.cmpf ogt, %in, %out : f32
      %164 = arith.select %163, %161, %out_60 : i64
      linalg.yield %162, %164 : f32, i64
    } -> (tensor<1x4x32xf32>, tensor<1x4x32xi64>)
    %expanded_46 = tensor.expand_shape %76#0 [[0], [1], [2, 3]] output_shape [1, 4, 32, 1] : tensor<1x4x32xf32> into tensor<1x4x32x1xf32>
    %77 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%71, %expanded_46 : tensor<1x4x32x32xf32>, tensor<1x4x32x1xf32>) outs(%70 : tensor<1x4x32x32xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.subf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<1x4x32x32xf32>
    %78 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%77 : tensor<1x4x32x32xf32>) outs(%70 : tensor<1x4x32x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = math.exp %in : f32
      linalg.yield %160 : f32
    } -> tensor<1x4x32x32xf32>
    %79 = tensor.empty() : tensor<1x4x32x1xf32>
    %80 = linalg.fill ins(%cst_4 : f32) outs(%79 : tensor<1x4x32x1xf32>) -> tensor<1x4x32x1xf32>
    %81 = linalg.generic {indexing_maps = [#map8, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%78 : tensor<1x4x32x32xf32>) outs(%80 : tensor<1x4x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = arith.addf %in, %out : f32
      linalg.yield %160 : f32
    } -> tensor<1x4x32x1xf32>
    %82 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%78, %81 : tensor<1x4x32x32xf32>, tensor<1x4x32x1xf32>) outs(%70 : tensor<1x4x32x32xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.divf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<1x4x32x32xf32>
    %83 = tensor.empty() : tensor<1x4x32x32xbf16>
    %84 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%82 : tensor<1x4x32x32xf32>) outs(%83 : tensor<1x4x32x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<1x4x32x32xbf16>
    %collapsed_47 = tensor.collapse_shape %84 [[0, 1], [2], [3]] : tensor<1x4x32x32xbf16> into tensor<4x32x32xbf16>
    %collapsed_48 = tensor.collapse_shape %transposed_41 [[0, 1], [2], [3]] : tensor<1x4x32x16xbf16> into tensor<4x32x16xbf16>
    %85 = tensor.empty() : tensor<4x32x16xf32>
    %86 = linalg.fill ins(%cst_4 : f32) outs(%85 : tensor<4x32x16xf32>) -> tensor<4x32x16xf32>
    %87 = linalg.batch_matmul ins(%collapsed_47, %collapsed_48 : tensor<4x32x32xbf16>, tensor<4x32x16xbf16>) outs(%86 : tensor<4x32x16xf32>) -> tensor<4x32x16xf32>
    %88 = tensor.empty() : tensor<4x32x16xbf16>
    %89 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%87 : tensor<4x32x16xf32>) outs(%88 : tensor<4x32x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<4x32x16xbf16>
    %expanded_49 = tensor.expand_shape %89 [[0, 1], [2], [3]] output_shape [1, 4, 32, 16] : tensor<4x32x16xbf16> into tensor<1x4x32x16xbf16>
    %90 = tensor.empty() : tensor<1x32x4x16xbf16>
    %transposed_50 = linalg.transpose ins(%expanded_49 : tensor<1x4x32x16xbf16>) outs(%90 : tensor<1x32x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %collapsed_51 = tensor.collapse_shape %transposed_50 [[0, 1], [2, 3]] : tensor<1x32x4x16xbf16> into tensor<32x64xbf16>
    %transposed_52 = linalg.transpose ins(%cst_15 : tensor<64x64xbf16>) outs(%43 : tensor<64x64xbf16>) permutation = [1, 0] 
    %91 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_14 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<64xf32>
    %92 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_51 : tensor<32x64xbf16>) outs(%45 : tensor<32x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<32x64xf32>
    %93 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_52 : tensor<64x64xbf16>) outs(%47 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<64x64xf32>
    %94 = linalg.matmul ins(%92, %93 : tensor<32x64xf32>, tensor<64x64xf32>) outs(%49 : tensor<32x64xf32>) -> tensor<32x64xf32>
    %95 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%91 : tensor<64xf32>) outs(%45 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x64xf32>
    %96 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%94, %95 : tensor<32x64xf32>, tensor<32x64xf32>) outs(%45 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.addf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<32x64xf32>
    %97 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%96 : tensor<32x64xf32>) outs(%16 : tensor<32x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<32x64xbf16>
    %expanded_53 = tensor.expand_shape %97 [[0, 1], [2]] output_shape [1, 32, 64] : tensor<32x64xbf16> into tensor<1x32x64xbf16>
    %98 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18, %expanded_53 : tensor<1x32x64xbf16>, tensor<1x32x64xbf16>) outs(%13 : tensor<1x32x64xbf16>) {
    ^bb0(%in: bf16, %in_60: bf16, %out: bf16):
      %160 = arith.addf %in, %in_60 : bf16
      linalg.yield %160 : bf16
    } -> tensor<1x32x64xbf16>
    %99 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<1x32x64xbf16>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<1x32x64xf32>
    %100 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99 : tensor<1x32x64xf32>) outs(%21 : tensor<1x32x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %160 = arith.extf %in : f32 to f64
      linalg.yield %160 : f64
    } -> tensor<1x32x64xf64>
    %101 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%100 : tensor<1x32x64xf64>) outs(%24 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.addf %in, %out : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %102 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101 : tensor<1x32x1xf64>) outs(%23 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.divf %in, %cst_29 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %103 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100, %102 : tensor<1x32x64xf64>, tensor<1x32x1xf64>) outs(%21 : tensor<1x32x64xf64>) {
    ^bb0(%in: f64, %in_60: f64, %out: f64):
      %160 = arith.subf %in, %in_60 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x64xf64>
    %104 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103, %103 : tensor<1x32x64xf64>, tensor<1x32x64xf64>) outs(%21 : tensor<1x32x64xf64>) {
    ^bb0(%in: f64, %in_60: f64, %out: f64):
      %160 = arith.mulf %in, %in_60 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x64xf64>
    %105 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%104 : tensor<1x32x64xf64>) outs(%24 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.addf %in, %out : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %106 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105 : tensor<1x32x1xf64>) outs(%23 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.divf %in, %cst_29 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %107 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106 : tensor<1x32x1xf64>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %160 = arith.truncf %in : f64 to f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %108 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%99 : tensor<1x32x64xf32>) outs(%33 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = arith.addf %in, %out : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %109 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108 : tensor<1x32x1xf32>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = arith.divf %in, %cst_30 : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107 : tensor<1x32x1xf32>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = arith.truncf %cst_23 : f64 to f32
      %161 = arith.addf %in, %160 : f32
      linalg.yield %161 : f32
    } -> tensor<1x32x1xf32>
    %111 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110 : tensor<1x32x1xf32>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = math.rsqrt %in : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %112 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99, %109 : tensor<1x32x64xf32>, tensor<1x32x1xf32>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.subf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x64xf32>
    %113 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112, %111 : tensor<1x32x64xf32>, tensor<1x32x1xf32>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.mulf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x64xf32>
    %114 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113, %cst_13 : tensor<1x32x64xf32>, tensor<64xbf16>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: bf16, %out: f32):
      %160 = arith.extf %in_60 : bf16 to f32
      %161 = arith.mulf %in, %160 : f32
      linalg.yield %161 : f32
    } -> tensor<1x32x64xf32>
    %115 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114, %cst_12 : tensor<1x32x64xf32>, tensor<64xbf16>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: bf16, %out: f32):
      %160 = arith.extf %in_60 : bf16 to f32
      %161 = arith.addf %in, %160 : f32
      linalg.yield %161 : f32
    } -> tensor<1x32x64xf32>
    %116 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115 : tensor<1x32x64xf32>) outs(%13 : tensor<1x32x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<1x32x64xbf16>
    %collapsed_54 = tensor.collapse_shape %116 [[0, 1], [2]] : tensor<1x32x64xbf16> into tensor<32x64xbf16>
    %117 = tensor.empty() : tensor<64x128xbf16>
    %transposed_55 = linalg.transpose ins(%cst_11 : tensor<128x64xbf16>) outs(%117 : tensor<64x128xbf16>) permutation = [1, 0] 
    %118 = tensor.empty() : tensor<128xf32>
    %119 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_10 : tensor<128xbf16>) outs(%118 : tensor<128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<128xf32>
    %120 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_54 : tensor<32x64xbf16>) outs(%45 : tensor<32x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<32x64xf32>
    %121 = tensor.empty() : tensor<64x128xf32>
    %122 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_55 : tensor<64x128xbf16>) outs(%121 : tensor<64x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<64x128xf32>
    %123 = tensor.empty() : tensor<32x128xf32>
    %124 = linalg.fill ins(%cst_4 : f32) outs(%123 : tensor<32x128xf32>) -> tensor<32x128xf32>
    %125 = linalg.matmul ins(%120, %122 : tensor<32x64xf32>, tensor<64x128xf32>) outs(%124 : tensor<32x128xf32>) -> tensor<32x128xf32>
    %126 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%119 : tensor<128xf32>) outs(%123 : tensor<32x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x128xf32>
    %127 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%125, %126 : tensor<32x128xf32>, tensor<32x128xf32>) outs(%123 : tensor<32x128xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.addf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<32x128xf32>
    %128 = tensor.empty() : tensor<32x128xbf16>
    %129 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%127 : tensor<32x128xf32>) outs(%128 : tensor<32x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<32x128xbf16>
    %expanded_56 = tensor.expand_shape %129 [[0, 1], [2]] output_shape [1, 32, 128] : tensor<32x128xbf16> into tensor<1x32x128xbf16>
    %130 = tensor.empty() : tensor<1x32x128xbf16>
    %131 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_56 : tensor<1x32x128xbf16>) outs(%130 : tensor<1x32x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %160 = math.sqrt %cst_1 : bf16
      %161 = arith.divf %in, %160 : bf16
      %162 = math.erf %161 : bf16
      %163 = arith.addf %162, %cst_0 : bf16
      %164 = arith.mulf %163, %cst_2 : bf16
      %165 = arith.mulf %in, %164 : bf16
      linalg.yield %165 : bf16
    } -> tensor<1x32x128xbf16>
    %collapsed_57 = tensor.collapse_shape %131 [[0, 1], [2]] : tensor<1x32x128xbf16> into tensor<32x128xbf16>
    %132 = tensor.empty() : tensor<128x64xbf16>
    %transposed_58 = linalg.transpose ins(%cst_9 : tensor<64x128xbf16>) outs(%132 : tensor<128x64xbf16>) permutation = [1, 0] 
    %133 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_8 : tensor<64xbf16>) outs(%1 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<64xf32>
    %134 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_57 : tensor<32x128xbf16>) outs(%123 : tensor<32x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<32x128xf32>
    %135 = tensor.empty() : tensor<128x64xf32>
    %136 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_58 : tensor<128x64xbf16>) outs(%135 : tensor<128x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<128x64xf32>
    %137 = linalg.matmul ins(%134, %136 : tensor<32x128xf32>, tensor<128x64xf32>) outs(%49 : tensor<32x64xf32>) -> tensor<32x64xf32>
    %138 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%133 : tensor<64xf32>) outs(%45 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x64xf32>
    %139 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%137, %138 : tensor<32x64xf32>, tensor<32x64xf32>) outs(%45 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.addf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<32x64xf32>
    %140 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%139 : tensor<32x64xf32>) outs(%16 : tensor<32x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<32x64xbf16>
    %expanded_59 = tensor.expand_shape %140 [[0, 1], [2]] output_shape [1, 32, 64] : tensor<32x64xbf16> into tensor<1x32x64xbf16>
    %141 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98, %expanded_59 : tensor<1x32x64xbf16>, tensor<1x32x64xbf16>) outs(%13 : tensor<1x32x64xbf16>) {
    ^bb0(%in: bf16, %in_60: bf16, %out: bf16):
      %160 = arith.addf %in, %in_60 : bf16
      linalg.yield %160 : bf16
    } -> tensor<1x32x64xbf16>
    %142 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%141 : tensor<1x32x64xbf16>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %160 = arith.extf %in : bf16 to f32
      linalg.yield %160 : f32
    } -> tensor<1x32x64xf32>
    %143 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%142 : tensor<1x32x64xf32>) outs(%21 : tensor<1x32x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %160 = arith.extf %in : f32 to f64
      linalg.yield %160 : f64
    } -> tensor<1x32x64xf64>
    %144 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%143 : tensor<1x32x64xf64>) outs(%24 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.addf %in, %out : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %145 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%144 : tensor<1x32x1xf64>) outs(%23 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.divf %in, %cst_29 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %146 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%143, %145 : tensor<1x32x64xf64>, tensor<1x32x1xf64>) outs(%21 : tensor<1x32x64xf64>) {
    ^bb0(%in: f64, %in_60: f64, %out: f64):
      %160 = arith.subf %in, %in_60 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x64xf64>
    %147 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%146, %146 : tensor<1x32x64xf64>, tensor<1x32x64xf64>) outs(%21 : tensor<1x32x64xf64>) {
    ^bb0(%in: f64, %in_60: f64, %out: f64):
      %160 = arith.mulf %in, %in_60 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x64xf64>
    %148 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%147 : tensor<1x32x64xf64>) outs(%24 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.addf %in, %out : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %149 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%148 : tensor<1x32x1xf64>) outs(%23 : tensor<1x32x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %160 = arith.divf %in, %cst_29 : f64
      linalg.yield %160 : f64
    } -> tensor<1x32x1xf64>
    %150 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%149 : tensor<1x32x1xf64>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %160 = arith.truncf %in : f64 to f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %151 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%142 : tensor<1x32x64xf32>) outs(%33 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = arith.addf %in, %out : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %152 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%151 : tensor<1x32x1xf32>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = arith.divf %in, %cst_30 : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %153 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%150 : tensor<1x32x1xf32>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = arith.truncf %cst_23 : f64 to f32
      %161 = arith.addf %in, %160 : f32
      linalg.yield %161 : f32
    } -> tensor<1x32x1xf32>
    %154 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%153 : tensor<1x32x1xf32>) outs(%31 : tensor<1x32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %160 = math.rsqrt %in : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x1xf32>
    %155 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%142, %152 : tensor<1x32x64xf32>, tensor<1x32x1xf32>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.subf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x64xf32>
    %156 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%155, %154 : tensor<1x32x64xf32>, tensor<1x32x1xf32>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: f32, %out: f32):
      %160 = arith.mulf %in, %in_60 : f32
      linalg.yield %160 : f32
    } -> tensor<1x32x64xf32>
    %157 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%156, %cst_7 : tensor<1x32x64xf32>, tensor<64xbf16>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: bf16, %out: f32):
      %160 = arith.extf %in_60 : bf16 to f32
      %161 = arith.mulf %in, %160 : f32
      linalg.yield %161 : f32
    } -> tensor<1x32x64xf32>
    %158 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%157, %cst_6 : tensor<1x32x64xf32>, tensor<64xbf16>) outs(%19 : tensor<1x32x64xf32>) {
    ^bb0(%in: f32, %in_60: bf16, %out: f32):
      %160 = arith.extf %in_60 : bf16 to f32
      %161 = arith.addf %in, %160 : f32
      linalg.yield %161 : f32
    } -> tensor<1x32x64xf32>
    %159 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%158 : tensor<1x32x64xf32>) outs(%13 : tensor<1x32x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %160 = arith.truncf %in : f32 to bf16
      linalg.yield %160 : bf16
    } -> tensor<1x32x64xbf16>
    return %159 : tensor<1x32x64xbf16>
  }
  func.func @prefill(%arg0: tensor<1x?xi64>, %arg1: tensor<1x32x64xbf16>) -> (tensor<1x1x320xbf16>, tensor<1x4x12x16xbf16>, tensor<1x4x12x16xbf16>, tensor<1x4x32x16xbf16>, tensor<1x4x32x16xbf16>) {
    %c12_i64 = arith.constant 12 : i64
    %c64_i64 = arith.constant 64 : i64
    %c-1_i64 = arith.constant -1 : i64
    %c0_i64 = arith.constant 0 : i64
    %c1 = arith.constant 1 : index
    %c320 = arith.constant 320 : index
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant 1.000000e+00 : bf16
    %cst_3 = arith.constant 2.000000e+00 : bf16
    %cst_4 = arith.constant 5.000000e-01 : bf16
    %cst_5 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_6 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_7 = arith.constant dense_resource<model.decoder.layer_norm.bias> : tensor<64xbf16>
    %cst_8 = arith.constant dense_resource<model.decoder.layer_norm.weight> : tensor<64xbf16>
    %cst_9 = arith.constant dense_resource<model.decoder.layers.0.fc2.bias> : tensor<64xbf16>
    %cst_10 = arith.constant dense_resource<model.decoder.layers.0.fc2.weight> : tensor<64x128xbf16>
    %cst_11 = arith.constant dense_resource<model.decoder.layers.0.fc1.bias> : tensor<128xbf16>
    %cst_12 = arith.constant dense_resource<model.decoder.layers.0.fc1.weight> : tensor<128x64xbf16>
    %cst_13 = arith.constant dense_resource<model.decoder.layers.0.final_layer_norm.bias> : tensor<64xbf16>
    %cst_14 = arith.constant dense_resource<model.decoder.layers.0.final_layer_norm.weight> : tensor<64xbf16>
    %cst_15 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn.out_proj.bias> : tensor<64xbf16>
    %cst_16 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn.out_proj.weight> : tensor<64x64xbf16>
    %cst_17 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn.v_proj.bias> : tensor<64xbf16>
    %cst_18 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn.v_proj.weight> : tensor<64x64xbf16>
    %cst_19 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn.k_proj.weight> : tensor<64x64xbf16>
    %cst_20 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn.q_proj.bias> : tensor<64xbf16>
    %cst_21 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_22 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn_layer_norm.bias> : tensor<64xbf16>
    %cst_23 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn_layer_norm.weight> : tensor<64xbf16>
    %cst_24 = arith.constant dense_resource<model.decoder.layers.0.self_attn.out_proj.bias> : tensor<64xbf16>
    %cst_25 = arith.constant dense_resource<model.decoder.layers.0.self_attn.out_proj.weight> : tensor<64x64xbf16>
    %cst_26 = arith.constant dense_resource<model.decoder.layers.0.self_attn.v_proj.bias> : tensor<64xbf16>
    %cst_27 = arith.constant dense_resource<model.decoder.layers.0.self_attn.v_proj.weight> : tensor<64x64xbf16>
    %cst_28 = arith.constant dense_resource<model.decoder.layers.0.self_attn.k_proj.weight> : tensor<64x64xbf16>
    %cst_29 = arith.constant dense_resource<model.decoder.layers.0.self_attn.q_proj.bias> : tensor<64xbf16>
    %cst_30 = arith.constant dense_resource<model.decoder.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_31 = arith.constant dense_resource<model.decoder.layers.0.self_attn_layer_norm.bias> : tensor<64xbf16>
    %cst_32 = arith.constant dense_resource<model.decoder.layers.0.self_attn_layer_norm.weight> : tensor<64xbf16>
    %cst_33 = arith.constant 1.000000e-05 : f64
    %cst_34 = arith.constant dense_resource<model.decoder.embed_positions.weight> : tensor<64x64xbf16>
    %cst_35 = arith.constant dense_resource<model.decoder.embed_tokens.weight> : tensor<320x64xbf16>
    %cst_36 = arith.constant 6.400000e+01 : f64
    %cst_37 = arith.constant 6.400000e+01 : f32
    %cst_38 = arith.constant 2.500000e-01 : bf16
    %cst_39 = arith.constant 0.000000e+00 : bf16
    %dim = tensor.dim %arg0, %c1 : tensor<1x?xi64>
    %0 = arith.index_cast %dim : index to i64
    %1 = tensor.empty(%dim) : tensor<1x?x64xbf16>
    %2 = linalg.generic {indexing_maps = [#map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x?xi64>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %234 = arith.index_cast %in : i64 to index
      %235 = linalg.index 2 : index
      %236 = arith.cmpi slt, %234, %c320 : index
      cf.assert %236, "index must be smaller than dim size"
      %237 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %237, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_35[%234, %235] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x?x64xbf16>
    %3 = tensor.empty(%dim) : tensor<?xi64>
    %4 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%3 : tensor<?xi64>) {
    ^bb0(%out: i64):
      %234 = linalg.index 0 : index
      %235 = arith.index_cast %234 : index to i64
      linalg.yield %235 : i64
    } -> tensor<?xi64>
    %expanded = tensor.expand_shape %4 [[0, 1]] output_shape [1, %dim] : tensor<?xi64> into tensor<1x?xi64>
    %dim_40 = tensor.dim %expanded, %c1 : tensor<1x?xi64>
    %5 = tensor.empty(%dim_40) : tensor<1x?x64xbf16>
    %6 = linalg.generic {indexing_maps = [#map12, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x?xi64>) outs(%5 : tensor<1x?x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %234 = arith.cmpi slt, %in, %c0_i64 : i64
      %235 = arith.addi %in, %c64_i64 : i64
      %236 = arith.select %234, %235, %in : i64
      %237 = arith.index_cast %236 : i64 to index
      %238 = linalg.index 2 : index
      %extracted = tensor.extract %cst_34[%237, %238] : tensor<64x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x?x64xbf16>
    %7 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2, %6 : tensor<1x?x64xbf16>, tensor<1x?x64xbf16>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: bf16, %in_98: bf16, %out: bf16):
      %234 = arith.addf %in, %in_98 : bf16
      linalg.yield %234 : bf16
    } -> tensor<1x?x64xbf16>
    %expanded_41 = tensor.expand_shape %4 [[0, 1, 2, 3]] output_shape [1, 1, %dim, 1] : tensor<?xi64> into tensor<1x1x?x1xi64>
    %expanded_42 = tensor.expand_shape %4 [[0, 1, 2, 3]] output_shape [1, 1, 1, %dim] : tensor<?xi64> into tensor<1x1x1x?xi64>
    %8 = tensor.empty(%dim, %dim) : tensor<1x1x?x?xi1>
    %9 = linalg.generic {indexing_maps = [#map13, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_42, %expanded_41 : tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) outs(%8 : tensor<1x1x?x?xi1>) {
    ^bb0(%in: i64, %in_98: i64, %out: i1):
      %234 = arith.cmpi sle, %in, %in_98 : i64
      linalg.yield %234 : i1
    } -> tensor<1x1x?x?xi1>
    %10 = tensor.empty(%dim, %dim) : tensor<1x1x?x?xbf16>
    %11 = linalg.generic {indexing_maps = [#map8, #map14, #map14, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%9, %cst_6, %cst_5 : tensor<1x1x?x?xi1>, tensor<bf16>, tensor<bf16>) outs(%10 : tensor<1x1x?x?xbf16>) {
    ^bb0(%in: i1, %in_98: bf16, %in_99: bf16, %out: bf16):
      %234 = arith.select %in, %in_98, %in_99 : bf16
      linalg.yield %234 : bf16
    } -> tensor<1x1x?x?xbf16>
    %12 = tensor.empty(%dim) : tensor<1x?x64xf32>
    %13 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%7 : tensor<1x?x64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %14 = tensor.empty(%dim) : tensor<1x?x64xf64>
    %15 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13 : tensor<1x?x64xf32>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %234 = arith.extf %in : f32 to f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %16 = tensor.empty(%dim) : tensor<1x?x1xf64>
    %17 = linalg.fill ins(%cst : f64) outs(%16 : tensor<1x?x1xf64>) -> tensor<1x?x1xf64>
    %18 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%15 : tensor<1x?x64xf64>) outs(%17 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.addf %in, %out : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %19 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<1x?x1xf64>) outs(%16 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.divf %in, %cst_36 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %20 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15, %19 : tensor<1x?x64xf64>, tensor<1x?x1xf64>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f64, %in_98: f64, %out: f64):
      %234 = arith.subf %in, %in_98 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %21 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20, %20 : tensor<1x?x64xf64>, tensor<1x?x64xf64>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f64, %in_98: f64, %out: f64):
      %234 = arith.mulf %in, %in_98 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %22 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%21 : tensor<1x?x64xf64>) outs(%17 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.addf %in, %out : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %23 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22 : tensor<1x?x1xf64>) outs(%16 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.divf %in, %cst_36 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %24 = tensor.empty(%dim) : tensor<1x?x1xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x?x1xf64>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %234 = arith.truncf %in : f64 to f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %26 = linalg.fill ins(%cst_0 : f32) outs(%24 : tensor<1x?x1xf32>) -> tensor<1x?x1xf32>
    %27 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%13 : tensor<1x?x64xf32>) outs(%26 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.addf %in, %out : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.divf %in, %cst_37 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %29 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.truncf %cst_33 : f64 to f32
      %235 = arith.addf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x1xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = math.rsqrt %in : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %31 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13, %28 : tensor<1x?x64xf32>, tensor<1x?x1xf32>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.subf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31, %30 : tensor<1x?x64xf32>, tensor<1x?x1xf32>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.mulf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %33 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32, %cst_32 : tensor<1x?x64xf32>, tensor<64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: bf16, %out: f32):
      %234 = arith.extf %in_98 : bf16 to f32
      %235 = arith.mulf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x64xf32>
    %34 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%33, %cst_31 : tensor<1x?x64xf32>, tensor<64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: bf16, %out: f32):
      %234 = arith.extf %in_98 : bf16 to f32
      %235 = arith.addf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x64xf32>
    %35 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34 : tensor<1x?x64xf32>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<1x?x64xbf16>
    %collapsed = tensor.collapse_shape %35 [[0, 1], [2]] : tensor<1x?x64xbf16> into tensor<?x64xbf16>
    %36 = tensor.empty() : tensor<64x64xbf16>
    %transposed = linalg.transpose ins(%cst_30 : tensor<64x64xbf16>) outs(%36 : tensor<64x64xbf16>) permutation = [1, 0] 
    %37 = tensor.empty() : tensor<64xf32>
    %38 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_29 : tensor<64xbf16>) outs(%37 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64xf32>
    %39 = tensor.empty(%dim) : tensor<?x64xf32>
    %40 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<?x64xbf16>) outs(%39 : tensor<?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<?x64xf32>
    %41 = tensor.empty() : tensor<64x64xf32>
    %42 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed : tensor<64x64xbf16>) outs(%41 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64x64xf32>
    %43 = linalg.fill ins(%cst_0 : f32) outs(%39 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %44 = linalg.matmul ins(%40, %42 : tensor<?x64xf32>, tensor<64x64xf32>) outs(%43 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %45 = tensor.empty(%dim) : tensor<?x64xf32>
    %46 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%38 : tensor<64xf32>) outs(%45 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x64xf32>
    %47 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%44, %46 : tensor<?x64xf32>, tensor<?x64xf32>) outs(%39 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.addf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<?x64xf32>
    %48 = tensor.empty(%dim) : tensor<?x64xbf16>
    %49 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%47 : tensor<?x64xf32>) outs(%48 : tensor<?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<?x64xbf16>
    %expanded_43 = tensor.expand_shape %49 [[0, 1], [2]] output_shape [1, %dim, 64] : tensor<?x64xbf16> into tensor<1x?x64xbf16>
    %50 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_43 : tensor<1x?x64xbf16>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %234 = arith.mulf %in, %cst_38 : bf16
      linalg.yield %234 : bf16
    } -> tensor<1x?x64xbf16>
    %expanded_44 = tensor.expand_shape %50 [[0], [1], [2, 3]] output_shape [1, %dim, 4, 16] : tensor<1x?x64xbf16> into tensor<1x?x4x16xbf16>
    %51 = tensor.empty(%dim) : tensor<1x4x?x16xbf16>
    %transposed_45 = linalg.transpose ins(%expanded_44 : tensor<1x?x4x16xbf16>) outs(%51 : tensor<1x4x?x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_46 = linalg.transpose ins(%cst_28 : tensor<64x64xbf16>) outs(%36 : tensor<64x64xbf16>) permutation = [1, 0] 
    %52 = linalg.matmul ins(%collapsed, %transposed_46 : tensor<?x64xbf16>, tensor<64x64xbf16>) outs(%43 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %53 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%52 : tensor<?x64xf32>) outs(%48 : tensor<?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<?x64xbf16>
    %expanded_47 = tensor.expand_shape %53 [[0, 1], [2, 3]] output_shape [1, %dim, 4, 16] : tensor<?x64xbf16> into tensor<1x?x4x16xbf16>
    %transposed_48 = linalg.transpose ins(%expanded_47 : tensor<1x?x4x16xbf16>) outs(%51 : tensor<1x4x?x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_49 = linalg.transpose ins(%cst_27 : tensor<64x64xbf16>) outs(%36 : tensor<64x64xbf16>) permutation = [1, 0] 
    %54 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_26 : tensor<64xbf16>) outs(%37 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64xf32>
    %55 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_49 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64x64xf32>
    %56 = linalg.matmul ins(%40, %55 : tensor<?x64xf32>, tensor<64x64xf32>) outs(%43 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %57 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%54 : tensor<64xf32>) outs(%45 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x64xf32>
    %58 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%56, %57 : tensor<?x64xf32>, tensor<?x64xf32>) outs(%39 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.addf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<?x64xf32>
    %59 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%58 : tensor<?x64xf32>) outs(%48 : tensor<?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<?x64xbf16>
    %expanded_50 = tensor.expand_shape %59 [[0, 1], [2, 3]] output_shape [1, %dim, 4, 16] : tensor<?x64xbf16> into tensor<1x?x4x16xbf16>
    %transposed_51 = linalg.transpose ins(%expanded_50 : tensor<1x?x4x16xbf16>) outs(%51 : tensor<1x4x?x16xbf16>) permutation = [0, 2, 1, 3] 
    %60 = tensor.empty(%dim) : tensor<1x4x16x?xbf16>
    %transposed_52 = linalg.transpose ins(%expanded_47 : tensor<1x?x4x16xbf16>) outs(%60 : tensor<1x4x16x?xbf16>) permutation = [0, 2, 3, 1] 
    %collapsed_53 = tensor.collapse_shape %transposed_45 [[0, 1], [2], [3]] : tensor<1x4x?x16xbf16> into tensor<4x?x16xbf16>
    %collapsed_54 = tensor.collapse_shape %transposed_52 [[0, 1], [2], [3]] : tensor<1x4x16x?xbf16> into tensor<4x16x?xbf16>
    %61 = tensor.empty(%dim, %dim) : tensor<4x?x?xf32>
    %62 = linalg.fill ins(%cst_0 : f32) outs(%61 : tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
    %63 = linalg.batch_matmul ins(%collapsed_53, %collapsed_54 : tensor<4x?x16xbf16>, tensor<4x16x?xbf16>) outs(%62 : tensor<4x?x?xf32>) -> tensor<4x?x?xf32>
    %64 = tensor.empty(%dim, %dim) : tensor<4x?x?xbf16>
    %65 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%63 : tensor<4x?x?xf32>) outs(%64 : tensor<4x?x?xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<4x?x?xbf16>
    %expanded_55 = tensor.expand_shape %65 [[0, 1], [2], [3]] output_shape [1, 4, %dim, %dim] : tensor<4x?x?xbf16> into tensor<1x4x?x?xbf16>
    %66 = tensor.empty(%dim, %dim) : tensor<1x4x?x?xbf16>
    %67 = linalg.generic {indexing_maps = [#map8, #map15, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_55, %11 : tensor<1x4x?x?xbf16>, tensor<1x1x?x?xbf16>) outs(%66 : tensor<1x4x?x?xbf16>) {
    ^bb0(%in: bf16, %in_98: bf16, %out: bf16):
      %234 = arith.addf %in, %in_98 : bf16
      linalg.yield %234 : bf16
    } -> tensor<1x4x?x?xbf16>
    %68 = tensor.empty(%dim, %dim) : tensor<1x4x?x?xf32>
    %69 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%67 : tensor<1x4x?x?xbf16>) outs(%68 : tensor<1x4x?x?xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<1x4x?x?xf32>
    %70 = tensor.empty(%dim) : tensor<1x4x?xi64>
    %71 = linalg.fill ins(%c0_i64 : i64) outs(%70 : tensor<1x4x?xi64>) -> tensor<1x4x?xi64>
    %72 = tensor.empty(%dim) : tensor<1x4x?xf32>
    %73 = linalg.fill ins(%cst_1 : f32) outs(%72 : tensor<1x4x?xf32>) -> tensor<1x4x?xf32>
    %74:2 = linalg.generic {indexing_maps = [#map8, #map9, #map9], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%69 : tensor<1x4x?x?xf32>) outs(%73, %71 : tensor<1x4x?xf32>, tensor<1x4x?xi64>) {
    ^bb0(%in: f32, %out: f32, %out_98: i64):
      %234 = linalg.index 3 : index
      %235 = arith.index_cast %234 : index to i64
      %236 = arith.maximumf %in, %out : f32
      %237 = arith.cmpf ogt, %in, %out : f32
      %238 = arith.select %237, %235, %out_98 : i64
      linalg.yield %236, %238 : f32, i64
    } -> (tensor<1x4x?xf32>, tensor<1x4x?xi64>)
    %expanded_56 = tensor.expand_shape %74#0 [[0], [1], [2, 3]] output_shape [1, 4, %dim, 1] : tensor<1x4x?xf32> into tensor<1x4x?x1xf32>
    %75 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%69, %expanded_56 : tensor<1x4x?x?xf32>, tensor<1x4x?x1xf32>) outs(%68 : tensor<1x4x?x?xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.subf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x4x?x?xf32>
    %76 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%75 : tensor<1x4x?x?xf32>) outs(%68 : tensor<1x4x?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = math.exp %in : f32
      linalg.yield %234 : f32
    } -> tensor<1x4x?x?xf32>
    %77 = tensor.empty(%dim) : tensor<1x4x?x1xf32>
    %78 = linalg.fill ins(%cst_0 : f32) outs(%77 : tensor<1x4x?x1xf32>) -> tensor<1x4x?x1xf32>
    %79 = linalg.generic {indexing_maps = [#map8, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%76 : tensor<1x4x?x?xf32>) outs(%78 : tensor<1x4x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.addf %in, %out : f32
      linalg.yield %234 : f32
    } -> tensor<1x4x?x1xf32>
    %80 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%76, %79 : tensor<1x4x?x?xf32>, tensor<1x4x?x1xf32>) outs(%68 : tensor<1x4x?x?xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.divf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x4x?x?xf32>
    %81 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%80 : tensor<1x4x?x?xf32>) outs(%66 : tensor<1x4x?x?xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<1x4x?x?xbf16>
    %collapsed_57 = tensor.collapse_shape %81 [[0, 1], [2], [3]] : tensor<1x4x?x?xbf16> into tensor<4x?x?xbf16>
    %collapsed_58 = tensor.collapse_shape %transposed_51 [[0, 1], [2], [3]] : tensor<1x4x?x16xbf16> into tensor<4x?x16xbf16>
    %82 = tensor.empty(%dim) : tensor<4x?x16xf32>
    %83 = linalg.fill ins(%cst_0 : f32) outs(%82 : tensor<4x?x16xf32>) -> tensor<4x?x16xf32>
    %84 = linalg.batch_matmul ins(%collapsed_57, %collapsed_58 : tensor<4x?x?xbf16>, tensor<4x?x16xbf16>) outs(%83 : tensor<4x?x16xf32>) -> tensor<4x?x16xf32>
    %85 = tensor.empty(%dim) : tensor<4x?x16xbf16>
    %86 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%84 : tensor<4x?x16xf32>) outs(%85 : tensor<4x?x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<4x?x16xbf16>
    %expanded_59 = tensor.expand_shape %86 [[0, 1], [2], [3]] output_shape [1, 4, %dim, 16] : tensor<4x?x16xbf16> into tensor<1x4x?x16xbf16>
    %87 = tensor.empty(%dim) : tensor<1x?x4x16xbf16>
    %transposed_60 = linalg.transpose ins(%expanded_59 : tensor<1x4x?x16xbf16>) outs(%87 : tensor<1x?x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %collapsed_61 = tensor.collapse_shape %transposed_60 [[0, 1], [2, 3]] : tensor<1x?x4x16xbf16> into tensor<?x64xbf16>
    %transposed_62 = linalg.transpose ins(%cst_25 : tensor<64x64xbf16>) outs(%36 : tensor<64x64xbf16>) permutation = [1, 0] 
    %88 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_24 : tensor<64xbf16>) outs(%37 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64xf32>
    %89 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_61 : tensor<?x64xbf16>) outs(%39 : tensor<?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<?x64xf32>
    %90 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_62 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64x64xf32>
    %91 = linalg.matmul ins(%89, %90 : tensor<?x64xf32>, tensor<64x64xf32>) outs(%43 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %92 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%88 : tensor<64xf32>) outs(%45 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x64xf32>
    %93 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%91, %92 : tensor<?x64xf32>, tensor<?x64xf32>) outs(%39 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.addf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<?x64xf32>
    %94 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%93 : tensor<?x64xf32>) outs(%48 : tensor<?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<?x64xbf16>
    %expanded_63 = tensor.expand_shape %94 [[0, 1], [2]] output_shape [1, %dim, 64] : tensor<?x64xbf16> into tensor<1x?x64xbf16>
    %95 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%7, %expanded_63 : tensor<1x?x64xbf16>, tensor<1x?x64xbf16>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: bf16, %in_98: bf16, %out: bf16):
      %234 = arith.addf %in, %in_98 : bf16
      linalg.yield %234 : bf16
    } -> tensor<1x?x64xbf16>
    %96 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%95 : tensor<1x?x64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %97 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<1x?x64xf32>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %234 = arith.extf %in : f32 to f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %98 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%97 : tensor<1x?x64xf64>) outs(%17 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.addf %in, %out : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %99 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<1x?x1xf64>) outs(%16 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.divf %in, %cst_36 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %100 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%97, %99 : tensor<1x?x64xf64>, tensor<1x?x1xf64>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f64, %in_98: f64, %out: f64):
      %234 = arith.subf %in, %in_98 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %101 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100, %100 : tensor<1x?x64xf64>, tensor<1x?x64xf64>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f64, %in_98: f64, %out: f64):
      %234 = arith.mulf %in, %in_98 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %102 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%101 : tensor<1x?x64xf64>) outs(%17 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.addf %in, %out : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %103 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102 : tensor<1x?x1xf64>) outs(%16 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.divf %in, %cst_36 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %104 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<1x?x1xf64>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %234 = arith.truncf %in : f64 to f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %105 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%96 : tensor<1x?x64xf32>) outs(%26 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.addf %in, %out : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %106 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.divf %in, %cst_37 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %107 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.truncf %cst_33 : f64 to f32
      %235 = arith.addf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x1xf32>
    %108 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = math.rsqrt %in : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %109 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96, %106 : tensor<1x?x64xf32>, tensor<1x?x1xf32>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.subf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109, %108 : tensor<1x?x64xf32>, tensor<1x?x1xf32>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.mulf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %111 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110, %cst_23 : tensor<1x?x64xf32>, tensor<64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: bf16, %out: f32):
      %234 = arith.extf %in_98 : bf16 to f32
      %235 = arith.mulf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x64xf32>
    %112 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111, %cst_22 : tensor<1x?x64xf32>, tensor<64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: bf16, %out: f32):
      %234 = arith.extf %in_98 : bf16 to f32
      %235 = arith.addf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x64xf32>
    %113 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112 : tensor<1x?x64xf32>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<1x?x64xbf16>
    %collapsed_64 = tensor.collapse_shape %113 [[0, 1], [2]] : tensor<1x?x64xbf16> into tensor<?x64xbf16>
    %transposed_65 = linalg.transpose ins(%cst_21 : tensor<64x64xbf16>) outs(%36 : tensor<64x64xbf16>) permutation = [1, 0] 
    %114 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_20 : tensor<64xbf16>) outs(%37 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64xf32>
    %115 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_64 : tensor<?x64xbf16>) outs(%39 : tensor<?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<?x64xf32>
    %116 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_65 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64x64xf32>
    %117 = linalg.matmul ins(%115, %116 : tensor<?x64xf32>, tensor<64x64xf32>) outs(%43 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %118 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%114 : tensor<64xf32>) outs(%45 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x64xf32>
    %119 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%117, %118 : tensor<?x64xf32>, tensor<?x64xf32>) outs(%39 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.addf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<?x64xf32>
    %120 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%119 : tensor<?x64xf32>) outs(%48 : tensor<?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<?x64xbf16>
    %expanded_66 = tensor.expand_shape %120 [[0, 1], [2]] output_shape [1, %dim, 64] : tensor<?x64xbf16> into tensor<1x?x64xbf16>
    %121 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_66 : tensor<1x?x64xbf16>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %234 = arith.mulf %in, %cst_38 : bf16
      linalg.yield %234 : bf16
    } -> tensor<1x?x64xbf16>
    %expanded_67 = tensor.expand_shape %121 [[0], [1], [2, 3]] output_shape [1, %dim, 4, 16] : tensor<1x?x64xbf16> into tensor<1x?x4x16xbf16>
    %transposed_68 = linalg.transpose ins(%expanded_67 : tensor<1x?x4x16xbf16>) outs(%51 : tensor<1x4x?x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_69 = linalg.transpose ins(%cst_19 : tensor<64x64xbf16>) outs(%36 : tensor<64x64xbf16>) permutation = [1, 0] 
    %collapsed_70 = tensor.collapse_shape %arg1 [[0, 1], [2]] : tensor<1x32x64xbf16> into tensor<32x64xbf16>
    %122 = tensor.empty() : tensor<32x64xf32>
    %123 = linalg.fill ins(%cst_0 : f32) outs(%122 : tensor<32x64xf32>) -> tensor<32x64xf32>
    %124 = linalg.matmul ins(%collapsed_70, %transposed_69 : tensor<32x64xbf16>, tensor<64x64xbf16>) outs(%123 : tensor<32x64xf32>) -> tensor<32x64xf32>
    %125 = tensor.empty() : tensor<32x64xbf16>
    %126 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%124 : tensor<32x64xf32>) outs(%125 : tensor<32x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<32x64xbf16>
    %expanded_71 = tensor.expand_shape %126 [[0, 1], [2, 3]] output_shape [1, 32, 4, 16] : tensor<32x64xbf16> into tensor<1x32x4x16xbf16>
    %127 = tensor.empty() : tensor<1x4x32x16xbf16>
    %transposed_72 = linalg.transpose ins(%expanded_71 : tensor<1x32x4x16xbf16>) outs(%127 : tensor<1x4x32x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_73 = linalg.transpose ins(%cst_18 : tensor<64x64xbf16>) outs(%36 : tensor<64x64xbf16>) permutation = [1, 0] 
    %128 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_17 : tensor<64xbf16>) outs(%37 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64xf32>
    %129 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_70 : tensor<32x64xbf16>) outs(%122 : tensor<32x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<32x64xf32>
    %130 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_73 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64x64xf32>
    %131 = linalg.matmul ins(%129, %130 : tensor<32x64xf32>, tensor<64x64xf32>) outs(%123 : tensor<32x64xf32>) -> tensor<32x64xf32>
    %132 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%128 : tensor<64xf32>) outs(%122 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<32x64xf32>
    %133 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%131, %132 : tensor<32x64xf32>, tensor<32x64xf32>) outs(%122 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.addf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<32x64xf32>
    %134 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%133 : tensor<32x64xf32>) outs(%125 : tensor<32x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<32x64xbf16>
    %expanded_74 = tensor.expand_shape %134 [[0, 1], [2, 3]] output_shape [1, 32, 4, 16] : tensor<32x64xbf16> into tensor<1x32x4x16xbf16>
    %transposed_75 = linalg.transpose ins(%expanded_74 : tensor<1x32x4x16xbf16>) outs(%127 : tensor<1x4x32x16xbf16>) permutation = [0, 2, 1, 3] 
    %135 = tensor.empty() : tensor<1x4x16x32xbf16>
    %transposed_76 = linalg.transpose ins(%expanded_71 : tensor<1x32x4x16xbf16>) outs(%135 : tensor<1x4x16x32xbf16>) permutation = [0, 2, 3, 1] 
    %collapsed_77 = tensor.collapse_shape %transposed_68 [[0, 1], [2], [3]] : tensor<1x4x?x16xbf16> into tensor<4x?x16xbf16>
    %collapsed_78 = tensor.collapse_shape %transposed_76 [[0, 1], [2], [3]] : tensor<1x4x16x32xbf16> into tensor<4x16x32xbf16>
    %136 = tensor.empty(%dim) : tensor<4x?x32xf32>
    %137 = linalg.fill ins(%cst_0 : f32) outs(%136 : tensor<4x?x32xf32>) -> tensor<4x?x32xf32>
    %138 = linalg.batch_matmul ins(%collapsed_77, %collapsed_78 : tensor<4x?x16xbf16>, tensor<4x16x32xbf16>) outs(%137 : tensor<4x?x32xf32>) -> tensor<4x?x32xf32>
    %139 = tensor.empty(%dim) : tensor<4x?x32xbf16>
    %140 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%138 : tensor<4x?x32xf32>) outs(%139 : tensor<4x?x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<4x?x32xbf16>
    %expanded_79 = tensor.expand_shape %140 [[0, 1], [2], [3]] output_shape [1, 4, %dim, 32] : tensor<4x?x32xbf16> into tensor<1x4x?x32xbf16>
    %141 = tensor.empty(%dim) : tensor<1x4x?x32xf32>
    %142 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_79 : tensor<1x4x?x32xbf16>) outs(%141 : tensor<1x4x?x32xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<1x4x?x32xf32>
    %143:2 = linalg.generic {indexing_maps = [#map8, #map9, #map9], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%142 : tensor<1x4x?x32xf32>) outs(%73, %71 : tensor<1x4x?xf32>, tensor<1x4x?xi64>) {
    ^bb0(%in: f32, %out: f32, %out_98: i64):
      %234 = linalg.index 3 : index
      %235 = arith.index_cast %234 : index to i64
      %236 = arith.maximumf %in, %out : f32
      %237 = arith.cmpf ogt, %in, %out : f32
      %238 = arith.select %237, %235, %out_98 : i64
      linalg.yield %236, %238 : f32, i64
    } -> (tensor<1x4x?xf32>, tensor<1x4x?xi64>)
    %expanded_80 = tensor.expand_shape %143#0 [[0], [1], [2, 3]] output_shape [1, 4, %dim, 1] : tensor<1x4x?xf32> into tensor<1x4x?x1xf32>
    %144 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%142, %expanded_80 : tensor<1x4x?x32xf32>, tensor<1x4x?x1xf32>) outs(%141 : tensor<1x4x?x32xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.subf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x4x?x32xf32>
    %145 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%144 : tensor<1x4x?x32xf32>) outs(%141 : tensor<1x4x?x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = math.exp %in : f32
      linalg.yield %234 : f32
    } -> tensor<1x4x?x32xf32>
    %146 = linalg.generic {indexing_maps = [#map8, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%145 : tensor<1x4x?x32xf32>) outs(%78 : tensor<1x4x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.addf %in, %out : f32
      linalg.yield %234 : f32
    } -> tensor<1x4x?x1xf32>
    %147 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%145, %146 : tensor<1x4x?x32xf32>, tensor<1x4x?x1xf32>) outs(%141 : tensor<1x4x?x32xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.divf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x4x?x32xf32>
    %148 = tensor.empty(%dim) : tensor<1x4x?x32xbf16>
    %149 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%147 : tensor<1x4x?x32xf32>) outs(%148 : tensor<1x4x?x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<1x4x?x32xbf16>
    %collapsed_81 = tensor.collapse_shape %149 [[0, 1], [2], [3]] : tensor<1x4x?x32xbf16> into tensor<4x?x32xbf16>
    %collapsed_82 = tensor.collapse_shape %transposed_75 [[0, 1], [2], [3]] : tensor<1x4x32x16xbf16> into tensor<4x32x16xbf16>
    %150 = linalg.batch_matmul ins(%collapsed_81, %collapsed_82 : tensor<4x?x32xbf16>, tensor<4x32x16xbf16>) outs(%83 : tensor<4x?x16xf32>) -> tensor<4x?x16xf32>
    %151 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%150 : tensor<4x?x16xf32>) outs(%85 : tensor<4x?x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<4x?x16xbf16>
    %expanded_83 = tensor.expand_shape %151 [[0, 1], [2], [3]] output_shape [1, 4, %dim, 16] : tensor<4x?x16xbf16> into tensor<1x4x?x16xbf16>
    %transposed_84 = linalg.transpose ins(%expanded_83 : tensor<1x4x?x16xbf16>) outs(%87 : tensor<1x?x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %collapsed_85 = tensor.collapse_shape %transposed_84 [[0, 1], [2, 3]] : tensor<1x?x4x16xbf16> into tensor<?x64xbf16>
    %transposed_86 = linalg.transpose ins(%cst_16 : tensor<64x64xbf16>) outs(%36 : tensor<64x64xbf16>) permutation = [1, 0] 
    %152 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_15 : tensor<64xbf16>) outs(%37 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64xf32>
    %153 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_85 : tensor<?x64xbf16>) outs(%39 : tensor<?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<?x64xf32>
    %154 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_86 : tensor<64x64xbf16>) outs(%41 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64x64xf32>
    %155 = linalg.matmul ins(%153, %154 : tensor<?x64xf32>, tensor<64x64xf32>) outs(%43 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %156 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%152 : tensor<64xf32>) outs(%45 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x64xf32>
    %157 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%155, %156 : tensor<?x64xf32>, tensor<?x64xf32>) outs(%39 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.addf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<?x64xf32>
    %158 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%157 : tensor<?x64xf32>) outs(%48 : tensor<?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<?x64xbf16>
    %expanded_87 = tensor.expand_shape %158 [[0, 1], [2]] output_shape [1, %dim, 64] : tensor<?x64xbf16> into tensor<1x?x64xbf16>
    %159 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%95, %expanded_87 : tensor<1x?x64xbf16>, tensor<1x?x64xbf16>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: bf16, %in_98: bf16, %out: bf16):
      %234 = arith.addf %in, %in_98 : bf16
      linalg.yield %234 : bf16
    } -> tensor<1x?x64xbf16>
    %160 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%159 : tensor<1x?x64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %161 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%160 : tensor<1x?x64xf32>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %234 = arith.extf %in : f32 to f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %162 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%161 : tensor<1x?x64xf64>) outs(%17 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.addf %in, %out : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %163 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%162 : tensor<1x?x1xf64>) outs(%16 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.divf %in, %cst_36 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %164 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%161, %163 : tensor<1x?x64xf64>, tensor<1x?x1xf64>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f64, %in_98: f64, %out: f64):
      %234 = arith.subf %in, %in_98 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %165 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%164, %164 : tensor<1x?x64xf64>, tensor<1x?x64xf64>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f64, %in_98: f64, %out: f64):
      %234 = arith.mulf %in, %in_98 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %166 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%165 : tensor<1x?x64xf64>) outs(%17 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.addf %in, %out : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %167 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%166 : tensor<1x?x1xf64>) outs(%16 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.divf %in, %cst_36 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %168 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%167 : tensor<1x?x1xf64>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %234 = arith.truncf %in : f64 to f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %169 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%160 : tensor<1x?x64xf32>) outs(%26 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.addf %in, %out : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %170 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%169 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.divf %in, %cst_37 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %171 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%168 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.truncf %cst_33 : f64 to f32
      %235 = arith.addf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x1xf32>
    %172 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%171 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = math.rsqrt %in : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %173 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%160, %170 : tensor<1x?x64xf32>, tensor<1x?x1xf32>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.subf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %174 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%173, %172 : tensor<1x?x64xf32>, tensor<1x?x1xf32>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.mulf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %175 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%174, %cst_14 : tensor<1x?x64xf32>, tensor<64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: bf16, %out: f32):
      %234 = arith.extf %in_98 : bf16 to f32
      %235 = arith.mulf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x64xf32>
    %176 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%175, %cst_13 : tensor<1x?x64xf32>, tensor<64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: bf16, %out: f32):
      %234 = arith.extf %in_98 : bf16 to f32
      %235 = arith.addf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x64xf32>
    %177 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%176 : tensor<1x?x64xf32>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<1x?x64xbf16>
    %collapsed_88 = tensor.collapse_shape %177 [[0, 1], [2]] : tensor<1x?x64xbf16> into tensor<?x64xbf16>
    %178 = tensor.empty() : tensor<64x128xbf16>
    %transposed_89 = linalg.transpose ins(%cst_12 : tensor<128x64xbf16>) outs(%178 : tensor<64x128xbf16>) permutation = [1, 0] 
    %179 = tensor.empty() : tensor<128xf32>
    %180 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_11 : tensor<128xbf16>) outs(%179 : tensor<128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<128xf32>
    %181 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_88 : tensor<?x64xbf16>) outs(%39 : tensor<?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<?x64xf32>
    %182 = tensor.empty() : tensor<64x128xf32>
    %183 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_89 : tensor<64x128xbf16>) outs(%182 : tensor<64x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64x128xf32>
    %184 = tensor.empty(%dim) : tensor<?x128xf32>
    %185 = linalg.fill ins(%cst_0 : f32) outs(%184 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %186 = linalg.matmul ins(%181, %183 : tensor<?x64xf32>, tensor<64x128xf32>) outs(%185 : tensor<?x128xf32>) -> tensor<?x128xf32>
    %187 = tensor.empty(%dim) : tensor<?x128xf32>
    %188 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%180 : tensor<128xf32>) outs(%187 : tensor<?x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x128xf32>
    %189 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%186, %188 : tensor<?x128xf32>, tensor<?x128xf32>) outs(%184 : tensor<?x128xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.addf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<?x128xf32>
    %190 = tensor.empty(%dim) : tensor<?x128xbf16>
    %191 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%189 : tensor<?x128xf32>) outs(%190 : tensor<?x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<?x128xbf16>
    %expanded_90 = tensor.expand_shape %191 [[0, 1], [2]] output_shape [1, %dim, 128] : tensor<?x128xbf16> into tensor<1x?x128xbf16>
    %192 = tensor.empty(%dim) : tensor<1x?x128xbf16>
    %193 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_90 : tensor<1x?x128xbf16>) outs(%192 : tensor<1x?x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %234 = math.sqrt %cst_3 : bf16
      %235 = arith.divf %in, %234 : bf16
      %236 = math.erf %235 : bf16
      %237 = arith.addf %236, %cst_2 : bf16
      %238 = arith.mulf %237, %cst_4 : bf16
      %239 = arith.mulf %in, %238 : bf16
      linalg.yield %239 : bf16
    } -> tensor<1x?x128xbf16>
    %collapsed_91 = tensor.collapse_shape %193 [[0, 1], [2]] : tensor<1x?x128xbf16> into tensor<?x128xbf16>
    %194 = tensor.empty() : tensor<128x64xbf16>
    %transposed_92 = linalg.transpose ins(%cst_10 : tensor<64x128xbf16>) outs(%194 : tensor<128x64xbf16>) permutation = [1, 0] 
    %195 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_9 : tensor<64xbf16>) outs(%37 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<64xf32>
    %196 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_91 : tensor<?x128xbf16>) outs(%184 : tensor<?x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<?x128xf32>
    %197 = tensor.empty() : tensor<128x64xf32>
    %198 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_92 : tensor<128x64xbf16>) outs(%197 : tensor<128x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<128x64xf32>
    %199 = linalg.matmul ins(%196, %198 : tensor<?x128xf32>, tensor<128x64xf32>) outs(%43 : tensor<?x64xf32>) -> tensor<?x64xf32>
    %200 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%195 : tensor<64xf32>) outs(%45 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<?x64xf32>
    %201 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%199, %200 : tensor<?x64xf32>, tensor<?x64xf32>) outs(%39 : tensor<?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.addf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<?x64xf32>
    %202 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%201 : tensor<?x64xf32>) outs(%48 : tensor<?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<?x64xbf16>
    %expanded_93 = tensor.expand_shape %202 [[0, 1], [2]] output_shape [1, %dim, 64] : tensor<?x64xbf16> into tensor<1x?x64xbf16>
    %203 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%159, %expanded_93 : tensor<1x?x64xbf16>, tensor<1x?x64xbf16>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: bf16, %in_98: bf16, %out: bf16):
      %234 = arith.addf %in, %in_98 : bf16
      linalg.yield %234 : bf16
    } -> tensor<1x?x64xbf16>
    %204 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%203 : tensor<1x?x64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %234 = arith.extf %in : bf16 to f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %205 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%204 : tensor<1x?x64xf32>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %234 = arith.extf %in : f32 to f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %206 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%205 : tensor<1x?x64xf64>) outs(%17 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.addf %in, %out : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %207 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%206 : tensor<1x?x1xf64>) outs(%16 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.divf %in, %cst_36 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %208 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%205, %207 : tensor<1x?x64xf64>, tensor<1x?x1xf64>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f64, %in_98: f64, %out: f64):
      %234 = arith.subf %in, %in_98 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %209 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%208, %208 : tensor<1x?x64xf64>, tensor<1x?x64xf64>) outs(%14 : tensor<1x?x64xf64>) {
    ^bb0(%in: f64, %in_98: f64, %out: f64):
      %234 = arith.mulf %in, %in_98 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x64xf64>
    %210 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%209 : tensor<1x?x64xf64>) outs(%17 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.addf %in, %out : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %211 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%210 : tensor<1x?x1xf64>) outs(%16 : tensor<1x?x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %234 = arith.divf %in, %cst_36 : f64
      linalg.yield %234 : f64
    } -> tensor<1x?x1xf64>
    %212 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%211 : tensor<1x?x1xf64>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %234 = arith.truncf %in : f64 to f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %213 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%204 : tensor<1x?x64xf32>) outs(%26 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.addf %in, %out : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %214 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%213 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.divf %in, %cst_37 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %215 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%212 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = arith.truncf %cst_33 : f64 to f32
      %235 = arith.addf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x1xf32>
    %216 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%215 : tensor<1x?x1xf32>) outs(%24 : tensor<1x?x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %234 = math.rsqrt %in : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x1xf32>
    %217 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%204, %214 : tensor<1x?x64xf32>, tensor<1x?x1xf32>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.subf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %218 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%217, %216 : tensor<1x?x64xf32>, tensor<1x?x1xf32>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: f32, %out: f32):
      %234 = arith.mulf %in, %in_98 : f32
      linalg.yield %234 : f32
    } -> tensor<1x?x64xf32>
    %219 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%218, %cst_8 : tensor<1x?x64xf32>, tensor<64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: bf16, %out: f32):
      %234 = arith.extf %in_98 : bf16 to f32
      %235 = arith.mulf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x64xf32>
    %220 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%219, %cst_7 : tensor<1x?x64xf32>, tensor<64xbf16>) outs(%12 : tensor<1x?x64xf32>) {
    ^bb0(%in: f32, %in_98: bf16, %out: f32):
      %234 = arith.extf %in_98 : bf16 to f32
      %235 = arith.addf %in, %234 : f32
      linalg.yield %235 : f32
    } -> tensor<1x?x64xf32>
    %221 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%220 : tensor<1x?x64xf32>) outs(%1 : tensor<1x?x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<1x?x64xbf16>
    %222 = tensor.empty() : tensor<64x320xbf16>
    %transposed_94 = linalg.transpose ins(%cst_35 : tensor<320x64xbf16>) outs(%222 : tensor<64x320xbf16>) permutation = [1, 0] 
    %collapsed_95 = tensor.collapse_shape %221 [[0, 1], [2]] : tensor<1x?x64xbf16> into tensor<?x64xbf16>
    %223 = tensor.empty(%dim) : tensor<?x320xf32>
    %224 = linalg.fill ins(%cst_0 : f32) outs(%223 : tensor<?x320xf32>) -> tensor<?x320xf32>
    %225 = linalg.matmul ins(%collapsed_95, %transposed_94 : tensor<?x64xbf16>, tensor<64x320xbf16>) outs(%224 : tensor<?x320xf32>) -> tensor<?x320xf32>
    %226 = tensor.empty(%dim) : tensor<?x320xbf16>
    %227 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%225 : tensor<?x320xf32>) outs(%226 : tensor<?x320xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %234 = arith.truncf %in : f32 to bf16
      linalg.yield %234 : bf16
    } -> tensor<?x320xbf16>
    %expanded_96 = tensor.expand_shape %227 [[0, 1], [2]] output_shape [1, %dim, 320] : tensor<?x320xbf16> into tensor<1x?x320xbf16>
    %228 = arith.addi %0, %c-1_i64 : i64
    %229 = arith.maxsi %228, %c0_i64 : i64
    %230 = arith.minsi %229, %0 : i64
    %231 = arith.index_cast %230 : i64 to index
    %extracted_slice = tensor.extract_slice %expanded_96[0, %231, 0] [1, 1, 320] [1, 1, 1] : tensor<1x?x320xbf16> to tensor<1x1x320xbf16>
    %232 = arith.subi %c12_i64, %0 : i64
    %233 = arith.index_cast %232 : i64 to index
    %padded = tensor.pad %transposed_48 low[0, 0, 0, 0] high[0, 0, %233, 0] {
    ^bb0(%arg2: index, %arg3: index, %arg4: index, %arg5: index):
      tensor.yield %cst_39 : bf16
    } : tensor<1x4x?x16xbf16> to tensor<1x4x12x16xbf16>
    %padded_97 = tensor.pad %transposed_51 low[0, 0, 0, 0] high[0, 0, %233, 0] {
    ^bb0(%arg2: index, %arg3: index, %arg4: index, %arg5: index):
      tensor.yield %cst_39 : bf16
    } : tensor<1x4x?x16xbf16> to tensor<1x4x12x16xbf16>
    return %extracted_slice, %padded, %padded_97, %transposed_72, %transposed_75 : tensor<1x1x320xbf16>, tensor<1x4x12x16xbf16>, tensor<1x4x12x16xbf16>, tensor<1x4x32x16xbf16>, tensor<1x4x32x16xbf16>
  }
  func.func @decode(%arg0: tensor<1x1xi64>, %arg1: tensor<i64>, %arg2: tensor<1x4x12x16xbf16>, %arg3: tensor<1x4x12x16xbf16>, %arg4: tensor<1x4x32x16xbf16>, %arg5: tensor<1x4x32x16xbf16>) -> (tensor<1x1x320xbf16>, tensor<1x4x12x16xbf16>, tensor<1x4x12x16xbf16>) {
    %c64_i64 = arith.constant 64 : i64
    %c0_i64 = arith.constant 0 : i64
    %c320 = arith.constant 320 : index
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant 1.000000e+00 : bf16
    %cst_3 = arith.constant 2.000000e+00 : bf16
    %cst_4 = arith.constant 5.000000e-01 : bf16
    %cst_5 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_6 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_7 = arith.constant dense_resource<model.decoder.layer_norm.bias> : tensor<64xbf16>
    %cst_8 = arith.constant dense_resource<model.decoder.layer_norm.weight> : tensor<64xbf16>
    %cst_9 = arith.constant dense_resource<model.decoder.layers.0.fc2.bias> : tensor<64xbf16>
    %cst_10 = arith.constant dense_resource<model.decoder.layers.0.fc2.weight> : tensor<64x128xbf16>
    %cst_11 = arith.constant dense_resource<model.decoder.layers.0.fc1.bias> : tensor<128xbf16>
    %cst_12 = arith.constant dense_resource<model.decoder.layers.0.fc1.weight> : tensor<128x64xbf16>
    %cst_13 = arith.constant dense_resource<model.decoder.layers.0.final_layer_norm.bias> : tensor<64xbf16>
    %cst_14 = arith.constant dense_resource<model.decoder.layers.0.final_layer_norm.weight> : tensor<64xbf16>
    %cst_15 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn.out_proj.bias> : tensor<64xbf16>
    %cst_16 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn.out_proj.weight> : tensor<64x64xbf16>
    %cst_17 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn.q_proj.bias> : tensor<64xbf16>
    %cst_18 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_19 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn_layer_norm.bias> : tensor<64xbf16>
    %cst_20 = arith.constant dense_resource<model.decoder.layers.0.encoder_attn_layer_norm.weight> : tensor<64xbf16>
    %cst_21 = arith.constant dense_resource<model.decoder.layers.0.self_attn.out_proj.bias> : tensor<64xbf16>
    %cst_22 = arith.constant dense_resource<model.decoder.layers.0.self_attn.out_proj.weight> : tensor<64x64xbf16>
    %cst_23 = arith.constant dense_resource<model.decoder.layers.0.self_attn.v_proj.bias> : tensor<64xbf16>
    %cst_24 = arith.constant dense_resource<model.decoder.layers.0.self_attn.v_proj.weight> : tensor<64x64xbf16>
    %cst_25 = arith.constant dense_resource<model.decoder.layers.0.self_attn.k_proj.weight> : tensor<64x64xbf16>
    %cst_26 = arith.constant dense_resource<model.decoder.layers.0.self_attn.q_proj.bias> : tensor<64xbf16>
    %cst_27 = arith.constant dense_resource<model.decoder.layers.0.self_attn.q_proj.weight> : tensor<64x64xbf16>
    %cst_28 = arith.constant dense_resource<model.decoder.layers.0.self_attn_layer_norm.bias> : tensor<64xbf16>
    %cst_29 = arith.constant dense_resource<model.decoder.layers.0.self_attn_layer_norm.weight> : tensor<64xbf16>
    %cst_30 = arith.constant 1.000000e-05 : f64
    %cst_31 = arith.constant dense_resource<model.decoder.embed_positions.weight> : tensor<64x64xbf16>
    %cst_32 = arith.constant dense_resource<model.decoder.embed_tokens.weight> : tensor<320x64xbf16>
    %cst_33 = arith.constant 6.400000e+01 : f64
    %cst_34 = arith.constant 6.400000e+01 : f32
    %cst_35 = arith.constant 2.500000e-01 : bf16
    %0 = tensor.empty() : tensor<1x1x64xbf16>
    %1 = linalg.generic {indexing_maps = [#map11, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<1x1xi64>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %219 = arith.index_cast %in : i64 to index
      %220 = linalg.index 2 : index
      %221 = arith.cmpi slt, %219, %c320 : index
      cf.assert %221, "index must be smaller than dim size"
      %222 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %222, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_32[%219, %220] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x1x64xbf16>
    %2 = tensor.empty() : tensor<1xi64>
    %3 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%2 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %4 = linalg.generic {indexing_maps = [#map, #map16, #map], iterator_types = ["parallel"]} ins(%3, %arg1 : tensor<1xi64>, tensor<i64>) outs(%2 : tensor<1xi64>) {
    ^bb0(%in: i64, %in_86: i64, %out: i64):
      %219 = arith.addi %in, %in_86 : i64
      linalg.yield %219 : i64
    } -> tensor<1xi64>
    %expanded = tensor.expand_shape %4 [[0, 1]] output_shape [1, 1] : tensor<1xi64> into tensor<1x1xi64>
    %5 = linalg.generic {indexing_maps = [#map17, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x1xi64>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %219 = arith.cmpi slt, %in, %c0_i64 : i64
      %220 = arith.addi %in, %c64_i64 : i64
      %221 = arith.select %219, %220, %in : i64
      %222 = arith.index_cast %221 : i64 to index
      %223 = linalg.index 2 : index
      %extracted = tensor.extract %cst_31[%222, %223] : tensor<64x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x1x64xbf16>
    %6 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %5 : tensor<1x1x64xbf16>, tensor<1x1x64xbf16>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %in_86: bf16, %out: bf16):
      %219 = arith.addf %in, %in_86 : bf16
      linalg.yield %219 : bf16
    } -> tensor<1x1x64xbf16>
    %7 = tensor.empty() : tensor<12xi64>
    %8 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%7 : tensor<12xi64>) {
    ^bb0(%out: i64):
      %219 = linalg.index 0 : index
      %220 = arith.index_cast %219 : index to i64
      linalg.yield %220 : i64
    } -> tensor<12xi64>
    %expanded_36 = tensor.expand_shape %4 [[0, 1, 2, 3]] output_shape [1, 1, 1, 1] : tensor<1xi64> into tensor<1x1x1x1xi64>
    %expanded_37 = tensor.expand_shape %8 [[0, 1, 2, 3]] output_shape [1, 1, 1, 12] : tensor<12xi64> into tensor<1x1x1x12xi64>
    %9 = tensor.empty() : tensor<1x1x1x12xi1>
    %10 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_37, %expanded_36 : tensor<1x1x1x12xi64>, tensor<1x1x1x1xi64>) outs(%9 : tensor<1x1x1x12xi1>) {
    ^bb0(%in: i64, %in_86: i64, %out: i1):
      %219 = arith.cmpi sle, %in, %in_86 : i64
      linalg.yield %219 : i1
    } -> tensor<1x1x1x12xi1>
    %11 = tensor.empty() : tensor<1x1x1x12xbf16>
    %12 = linalg.generic {indexing_maps = [#map8, #map14, #map14, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%10, %cst_6, %cst_5 : tensor<1x1x1x12xi1>, tensor<bf16>, tensor<bf16>) outs(%11 : tensor<1x1x1x12xbf16>) {
    ^bb0(%in: i1, %in_86: bf16, %in_87: bf16, %out: bf16):
      %219 = arith.select %in, %in_86, %in_87 : bf16
      linalg.yield %219 : bf16
    } -> tensor<1x1x1x12xbf16>
    %13 = tensor.empty() : tensor<1x1x64xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6 : tensor<1x1x64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %15 = tensor.empty() : tensor<1x1x64xf64>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<1x1x64xf32>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %219 = arith.extf %in : f32 to f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %17 = tensor.empty() : tensor<1x1x1xf64>
    %18 = linalg.fill ins(%cst : f64) outs(%17 : tensor<1x1x1xf64>) -> tensor<1x1x1xf64>
    %19 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%16 : tensor<1x1x64xf64>) outs(%18 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.addf %in, %out : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%19 : tensor<1x1x1xf64>) outs(%17 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.divf %in, %cst_33 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %21 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16, %20 : tensor<1x1x64xf64>, tensor<1x1x1xf64>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f64, %in_86: f64, %out: f64):
      %219 = arith.subf %in, %in_86 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %22 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%21, %21 : tensor<1x1x64xf64>, tensor<1x1x64xf64>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f64, %in_86: f64, %out: f64):
      %219 = arith.mulf %in, %in_86 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %23 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%22 : tensor<1x1x64xf64>) outs(%18 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.addf %in, %out : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %24 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<1x1x1xf64>) outs(%17 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.divf %in, %cst_33 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %25 = tensor.empty() : tensor<1x1x1xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24 : tensor<1x1x1xf64>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %219 = arith.truncf %in : f64 to f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %27 = linalg.fill ins(%cst_0 : f32) outs(%25 : tensor<1x1x1xf32>) -> tensor<1x1x1xf32>
    %28 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%14 : tensor<1x1x64xf32>) outs(%27 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.addf %in, %out : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %29 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%28 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.divf %in, %cst_34 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %30 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%26 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.truncf %cst_30 : f64 to f32
      %220 = arith.addf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x1xf32>
    %31 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%30 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = math.rsqrt %in : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %32 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14, %29 : tensor<1x1x64xf32>, tensor<1x1x1xf32>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.subf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %33 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32, %31 : tensor<1x1x64xf32>, tensor<1x1x1xf32>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.mulf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %34 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%33, %cst_29 : tensor<1x1x64xf32>, tensor<64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: bf16, %out: f32):
      %219 = arith.extf %in_86 : bf16 to f32
      %220 = arith.mulf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x64xf32>
    %35 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34, %cst_28 : tensor<1x1x64xf32>, tensor<64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: bf16, %out: f32):
      %219 = arith.extf %in_86 : bf16 to f32
      %220 = arith.addf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x64xf32>
    %36 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%35 : tensor<1x1x64xf32>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x1x64xbf16>
    %collapsed = tensor.collapse_shape %36 [[0], [1, 2]] : tensor<1x1x64xbf16> into tensor<1x64xbf16>
    %37 = tensor.empty() : tensor<64x64xbf16>
    %transposed = linalg.transpose ins(%cst_27 : tensor<64x64xbf16>) outs(%37 : tensor<64x64xbf16>) permutation = [1, 0] 
    %38 = tensor.empty() : tensor<64xf32>
    %39 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_26 : tensor<64xbf16>) outs(%38 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64xf32>
    %40 = tensor.empty() : tensor<1x64xf32>
    %41 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<1x64xbf16>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x64xf32>
    %42 = tensor.empty() : tensor<64x64xf32>
    %43 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed : tensor<64x64xbf16>) outs(%42 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64x64xf32>
    %44 = linalg.fill ins(%cst_0 : f32) outs(%40 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %45 = linalg.matmul ins(%41, %43 : tensor<1x64xf32>, tensor<64x64xf32>) outs(%44 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %46 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%39 : tensor<64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x64xf32>
    %47 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%45, %46 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.addf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x64xf32>
    %48 = tensor.empty() : tensor<1x64xbf16>
    %49 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%47 : tensor<1x64xf32>) outs(%48 : tensor<1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x64xbf16>
    %expanded_38 = tensor.expand_shape %49 [[0], [1, 2]] output_shape [1, 1, 64] : tensor<1x64xbf16> into tensor<1x1x64xbf16>
    %50 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_38 : tensor<1x1x64xbf16>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %219 = arith.mulf %in, %cst_35 : bf16
      linalg.yield %219 : bf16
    } -> tensor<1x1x64xbf16>
    %expanded_39 = tensor.expand_shape %50 [[0], [1], [2, 3]] output_shape [1, 1, 4, 16] : tensor<1x1x64xbf16> into tensor<1x1x4x16xbf16>
    %51 = tensor.empty() : tensor<1x4x1x16xbf16>
    %transposed_40 = linalg.transpose ins(%expanded_39 : tensor<1x1x4x16xbf16>) outs(%51 : tensor<1x4x1x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_41 = linalg.transpose ins(%cst_25 : tensor<64x64xbf16>) outs(%37 : tensor<64x64xbf16>) permutation = [1, 0] 
    %52 = linalg.matmul ins(%collapsed, %transposed_41 : tensor<1x64xbf16>, tensor<64x64xbf16>) outs(%44 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %53 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%52 : tensor<1x64xf32>) outs(%48 : tensor<1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x64xbf16>
    %expanded_42 = tensor.expand_shape %53 [[0], [1, 2, 3]] output_shape [1, 1, 4, 16] : tensor<1x64xbf16> into tensor<1x1x4x16xbf16>
    %transposed_43 = linalg.transpose ins(%expanded_42 : tensor<1x1x4x16xbf16>) outs(%51 : tensor<1x4x1x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_44 = linalg.transpose ins(%cst_24 : tensor<64x64xbf16>) outs(%37 : tensor<64x64xbf16>) permutation = [1, 0] 
    %54 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_23 : tensor<64xbf16>) outs(%38 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64xf32>
    %55 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_44 : tensor<64x64xbf16>) outs(%42 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64x64xf32>
    %56 = linalg.matmul ins(%41, %55 : tensor<1x64xf32>, tensor<64x64xf32>) outs(%44 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %57 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%54 : tensor<64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x64xf32>
    %58 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%56, %57 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.addf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x64xf32>
    %59 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%58 : tensor<1x64xf32>) outs(%48 : tensor<1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x64xbf16>
    %expanded_45 = tensor.expand_shape %59 [[0], [1, 2, 3]] output_shape [1, 1, 4, 16] : tensor<1x64xbf16> into tensor<1x1x4x16xbf16>
    %transposed_46 = linalg.transpose ins(%expanded_45 : tensor<1x1x4x16xbf16>) outs(%51 : tensor<1x4x1x16xbf16>) permutation = [0, 2, 1, 3] 
    %expanded_47 = tensor.expand_shape %8 [[0, 1]] output_shape [12, 1] : tensor<12xi64> into tensor<12x1xi64>
    %60 = tensor.empty() : tensor<12x1xi1>
    %61 = linalg.generic {indexing_maps = [#map3, #map18, #map3], iterator_types = ["parallel", "parallel"]} ins(%expanded_47, %arg1 : tensor<12x1xi64>, tensor<i64>) outs(%60 : tensor<12x1xi1>) {
    ^bb0(%in: i64, %in_86: i64, %out: i1):
      %219 = arith.cmpi eq, %in, %in_86 : i64
      linalg.yield %219 : i1
    } -> tensor<12x1xi1>
    %62 = tensor.empty() : tensor<1x4x12x16xbf16>
    %63 = linalg.generic {indexing_maps = [#map19, #map13, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%61, %transposed_43, %arg2 : tensor<12x1xi1>, tensor<1x4x1x16xbf16>, tensor<1x4x12x16xbf16>) outs(%62 : tensor<1x4x12x16xbf16>) {
    ^bb0(%in: i1, %in_86: bf16, %in_87: bf16, %out: bf16):
      %219 = arith.select %in, %in_86, %in_87 : bf16
      linalg.yield %219 : bf16
    } -> tensor<1x4x12x16xbf16>
    %64 = linalg.generic {indexing_maps = [#map19, #map13, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%61, %transposed_46, %arg3 : tensor<12x1xi1>, tensor<1x4x1x16xbf16>, tensor<1x4x12x16xbf16>) outs(%62 : tensor<1x4x12x16xbf16>) {
    ^bb0(%in: i1, %in_86: bf16, %in_87: bf16, %out: bf16):
      %219 = arith.select %in, %in_86, %in_87 : bf16
      linalg.yield %219 : bf16
    } -> tensor<1x4x12x16xbf16>
    %65 = tensor.empty() : tensor<1x4x16x12xbf16>
    %transposed_48 = linalg.transpose ins(%63 : tensor<1x4x12x16xbf16>) outs(%65 : tensor<1x4x16x12xbf16>) permutation = [0, 1, 3, 2] 
    %collapsed_49 = tensor.collapse_shape %transposed_40 [[0, 1], [2], [3]] : tensor<1x4x1x16xbf16> into tensor<4x1x16xbf16>
    %collapsed_50 = tensor.collapse_shape %transposed_48 [[0, 1], [2], [3]] : tensor<1x4x16x12xbf16> into tensor<4x16x12xbf16>
    %66 = tensor.empty() : tensor<4x1x12xf32>
    %67 = linalg.fill ins(%cst_0 : f32) outs(%66 : tensor<4x1x12xf32>) -> tensor<4x1x12xf32>
    %68 = linalg.batch_matmul ins(%collapsed_49, %collapsed_50 : tensor<4x1x16xbf16>, tensor<4x16x12xbf16>) outs(%67 : tensor<4x1x12xf32>) -> tensor<4x1x12xf32>
    %69 = tensor.empty() : tensor<4x1x12xbf16>
    %70 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%68 : tensor<4x1x12xf32>) outs(%69 : tensor<4x1x12xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<4x1x12xbf16>
    %expanded_51 = tensor.expand_shape %70 [[0, 1], [2], [3]] output_shape [1, 4, 1, 12] : tensor<4x1x12xbf16> into tensor<1x4x1x12xbf16>
    %71 = tensor.empty() : tensor<1x4x1x12xbf16>
    %72 = linalg.generic {indexing_maps = [#map8, #map15, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_51, %12 : tensor<1x4x1x12xbf16>, tensor<1x1x1x12xbf16>) outs(%71 : tensor<1x4x1x12xbf16>) {
    ^bb0(%in: bf16, %in_86: bf16, %out: bf16):
      %219 = arith.addf %in, %in_86 : bf16
      linalg.yield %219 : bf16
    } -> tensor<1x4x1x12xbf16>
    %73 = tensor.empty() : tensor<1x4x1x12xf32>
    %74 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%72 : tensor<1x4x1x12xbf16>) outs(%73 : tensor<1x4x1x12xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x4x1x12xf32>
    %75 = tensor.empty() : tensor<1x4x1xi64>
    %76 = linalg.fill ins(%c0_i64 : i64) outs(%75 : tensor<1x4x1xi64>) -> tensor<1x4x1xi64>
    %77 = tensor.empty() : tensor<1x4x1xf32>
    %78 = linalg.fill ins(%cst_1 : f32) outs(%77 : tensor<1x4x1xf32>) -> tensor<1x4x1xf32>
    %79:2 = linalg.generic {indexing_maps = [#map8, #map9, #map9], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%74 : tensor<1x4x1x12xf32>) outs(%78, %76 : tensor<1x4x1xf32>, tensor<1x4x1xi64>) {
    ^bb0(%in: f32, %out: f32, %out_86: i64):
      %219 = linalg.index 3 : index
      %220 = arith.index_cast %219 : index to i64
      %221 = arith.maximumf %in, %out : f32
      %222 = arith.cmpf ogt, %in, %out : f32
      %223 = arith.select %222, %220, %out_86 : i64
      linalg.yield %221, %223 : f32, i64
    } -> (tensor<1x4x1xf32>, tensor<1x4x1xi64>)
    %expanded_52 = tensor.expand_shape %79#0 [[0], [1], [2, 3]] output_shape [1, 4, 1, 1] : tensor<1x4x1xf32> into tensor<1x4x1x1xf32>
    %80 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%74, %expanded_52 : tensor<1x4x1x12xf32>, tensor<1x4x1x1xf32>) outs(%73 : tensor<1x4x1x12xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.subf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x4x1x12xf32>
    %81 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%80 : tensor<1x4x1x12xf32>) outs(%73 : tensor<1x4x1x12xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = math.exp %in : f32
      linalg.yield %219 : f32
    } -> tensor<1x4x1x12xf32>
    %82 = tensor.empty() : tensor<1x4x1x1xf32>
    %83 = linalg.fill ins(%cst_0 : f32) outs(%82 : tensor<1x4x1x1xf32>) -> tensor<1x4x1x1xf32>
    %84 = linalg.generic {indexing_maps = [#map8, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%81 : tensor<1x4x1x12xf32>) outs(%83 : tensor<1x4x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.addf %in, %out : f32
      linalg.yield %219 : f32
    } -> tensor<1x4x1x1xf32>
    %85 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%81, %84 : tensor<1x4x1x12xf32>, tensor<1x4x1x1xf32>) outs(%73 : tensor<1x4x1x12xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.divf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x4x1x12xf32>
    %86 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%85 : tensor<1x4x1x12xf32>) outs(%71 : tensor<1x4x1x12xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x4x1x12xbf16>
    %collapsed_53 = tensor.collapse_shape %86 [[0, 1], [2], [3]] : tensor<1x4x1x12xbf16> into tensor<4x1x12xbf16>
    %collapsed_54 = tensor.collapse_shape %64 [[0, 1], [2], [3]] : tensor<1x4x12x16xbf16> into tensor<4x12x16xbf16>
    %87 = tensor.empty() : tensor<4x1x16xf32>
    %88 = linalg.fill ins(%cst_0 : f32) outs(%87 : tensor<4x1x16xf32>) -> tensor<4x1x16xf32>
    %89 = linalg.batch_matmul ins(%collapsed_53, %collapsed_54 : tensor<4x1x12xbf16>, tensor<4x12x16xbf16>) outs(%88 : tensor<4x1x16xf32>) -> tensor<4x1x16xf32>
    %90 = tensor.empty() : tensor<4x1x16xbf16>
    %91 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89 : tensor<4x1x16xf32>) outs(%90 : tensor<4x1x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<4x1x16xbf16>
    %expanded_55 = tensor.expand_shape %91 [[0, 1], [2], [3]] output_shape [1, 4, 1, 16] : tensor<4x1x16xbf16> into tensor<1x4x1x16xbf16>
    %92 = tensor.empty() : tensor<1x1x4x16xbf16>
    %transposed_56 = linalg.transpose ins(%expanded_55 : tensor<1x4x1x16xbf16>) outs(%92 : tensor<1x1x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %collapsed_57 = tensor.collapse_shape %transposed_56 [[0], [1, 2, 3]] : tensor<1x1x4x16xbf16> into tensor<1x64xbf16>
    %transposed_58 = linalg.transpose ins(%cst_22 : tensor<64x64xbf16>) outs(%37 : tensor<64x64xbf16>) permutation = [1, 0] 
    %93 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_21 : tensor<64xbf16>) outs(%38 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64xf32>
    %94 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_57 : tensor<1x64xbf16>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x64xf32>
    %95 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_58 : tensor<64x64xbf16>) outs(%42 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64x64xf32>
    %96 = linalg.matmul ins(%94, %95 : tensor<1x64xf32>, tensor<64x64xf32>) outs(%44 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %97 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%93 : tensor<64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x64xf32>
    %98 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%96, %97 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.addf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x64xf32>
    %99 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%98 : tensor<1x64xf32>) outs(%48 : tensor<1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x64xbf16>
    %expanded_59 = tensor.expand_shape %99 [[0], [1, 2]] output_shape [1, 1, 64] : tensor<1x64xbf16> into tensor<1x1x64xbf16>
    %100 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6, %expanded_59 : tensor<1x1x64xbf16>, tensor<1x1x64xbf16>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %in_86: bf16, %out: bf16):
      %219 = arith.addf %in, %in_86 : bf16
      linalg.yield %219 : bf16
    } -> tensor<1x1x64xbf16>
    %101 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100 : tensor<1x1x64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %102 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101 : tensor<1x1x64xf32>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %219 = arith.extf %in : f32 to f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %103 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%102 : tensor<1x1x64xf64>) outs(%18 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.addf %in, %out : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %104 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%103 : tensor<1x1x1xf64>) outs(%17 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.divf %in, %cst_33 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %105 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102, %104 : tensor<1x1x64xf64>, tensor<1x1x1xf64>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f64, %in_86: f64, %out: f64):
      %219 = arith.subf %in, %in_86 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %106 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105, %105 : tensor<1x1x64xf64>, tensor<1x1x64xf64>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f64, %in_86: f64, %out: f64):
      %219 = arith.mulf %in, %in_86 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %107 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%106 : tensor<1x1x64xf64>) outs(%18 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.addf %in, %out : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %108 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107 : tensor<1x1x1xf64>) outs(%17 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.divf %in, %cst_33 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %109 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%108 : tensor<1x1x1xf64>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %219 = arith.truncf %in : f64 to f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%101 : tensor<1x1x64xf32>) outs(%27 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.addf %in, %out : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %111 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%110 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.divf %in, %cst_34 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %112 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.truncf %cst_30 : f64 to f32
      %220 = arith.addf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x1xf32>
    %113 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = math.rsqrt %in : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %114 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%101, %111 : tensor<1x1x64xf32>, tensor<1x1x1xf32>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.subf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %115 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114, %113 : tensor<1x1x64xf32>, tensor<1x1x1xf32>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.mulf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %116 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115, %cst_20 : tensor<1x1x64xf32>, tensor<64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: bf16, %out: f32):
      %219 = arith.extf %in_86 : bf16 to f32
      %220 = arith.mulf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x64xf32>
    %117 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%116, %cst_19 : tensor<1x1x64xf32>, tensor<64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: bf16, %out: f32):
      %219 = arith.extf %in_86 : bf16 to f32
      %220 = arith.addf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x64xf32>
    %118 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%117 : tensor<1x1x64xf32>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x1x64xbf16>
    %collapsed_60 = tensor.collapse_shape %118 [[0], [1, 2]] : tensor<1x1x64xbf16> into tensor<1x64xbf16>
    %transposed_61 = linalg.transpose ins(%cst_18 : tensor<64x64xbf16>) outs(%37 : tensor<64x64xbf16>) permutation = [1, 0] 
    %119 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_17 : tensor<64xbf16>) outs(%38 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64xf32>
    %120 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_60 : tensor<1x64xbf16>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x64xf32>
    %121 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_61 : tensor<64x64xbf16>) outs(%42 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64x64xf32>
    %122 = linalg.matmul ins(%120, %121 : tensor<1x64xf32>, tensor<64x64xf32>) outs(%44 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %123 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%119 : tensor<64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x64xf32>
    %124 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%122, %123 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.addf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x64xf32>
    %125 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%124 : tensor<1x64xf32>) outs(%48 : tensor<1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x64xbf16>
    %expanded_62 = tensor.expand_shape %125 [[0], [1, 2]] output_shape [1, 1, 64] : tensor<1x64xbf16> into tensor<1x1x64xbf16>
    %126 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_62 : tensor<1x1x64xbf16>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %219 = arith.mulf %in, %cst_35 : bf16
      linalg.yield %219 : bf16
    } -> tensor<1x1x64xbf16>
    %expanded_63 = tensor.expand_shape %126 [[0], [1], [2, 3]] output_shape [1, 1, 4, 16] : tensor<1x1x64xbf16> into tensor<1x1x4x16xbf16>
    %transposed_64 = linalg.transpose ins(%expanded_63 : tensor<1x1x4x16xbf16>) outs(%51 : tensor<1x4x1x16xbf16>) permutation = [0, 2, 1, 3] 
    %127 = tensor.empty() : tensor<1x4x16x32xbf16>
    %transposed_65 = linalg.transpose ins(%arg4 : tensor<1x4x32x16xbf16>) outs(%127 : tensor<1x4x16x32xbf16>) permutation = [0, 1, 3, 2] 
    %collapsed_66 = tensor.collapse_shape %transposed_64 [[0, 1], [2], [3]] : tensor<1x4x1x16xbf16> into tensor<4x1x16xbf16>
    %collapsed_67 = tensor.collapse_shape %transposed_65 [[0, 1], [2], [3]] : tensor<1x4x16x32xbf16> into tensor<4x16x32xbf16>
    %128 = tensor.empty() : tensor<4x1x32xf32>
    %129 = linalg.fill ins(%cst_0 : f32) outs(%128 : tensor<4x1x32xf32>) -> tensor<4x1x32xf32>
    %130 = linalg.batch_matmul ins(%collapsed_66, %collapsed_67 : tensor<4x1x16xbf16>, tensor<4x16x32xbf16>) outs(%129 : tensor<4x1x32xf32>) -> tensor<4x1x32xf32>
    %131 = tensor.empty() : tensor<4x1x32xbf16>
    %132 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130 : tensor<4x1x32xf32>) outs(%131 : tensor<4x1x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<4x1x32xbf16>
    %expanded_68 = tensor.expand_shape %132 [[0, 1], [2], [3]] output_shape [1, 4, 1, 32] : tensor<4x1x32xbf16> into tensor<1x4x1x32xbf16>
    %133 = tensor.empty() : tensor<1x4x1x32xf32>
    %134 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_68 : tensor<1x4x1x32xbf16>) outs(%133 : tensor<1x4x1x32xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x4x1x32xf32>
    %135:2 = linalg.generic {indexing_maps = [#map8, #map9, #map9], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%134 : tensor<1x4x1x32xf32>) outs(%78, %76 : tensor<1x4x1xf32>, tensor<1x4x1xi64>) {
    ^bb0(%in: f32, %out: f32, %out_86: i64):
      %219 = linalg.index 3 : index
      %220 = arith.index_cast %219 : index to i64
      %221 = arith.maximumf %in, %out : f32
      %222 = arith.cmpf ogt, %in, %out : f32
      %223 = arith.select %222, %220, %out_86 : i64
      linalg.yield %221, %223 : f32, i64
    } -> (tensor<1x4x1xf32>, tensor<1x4x1xi64>)
    %expanded_69 = tensor.expand_shape %135#0 [[0], [1], [2, 3]] output_shape [1, 4, 1, 1] : tensor<1x4x1xf32> into tensor<1x4x1x1xf32>
    %136 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%134, %expanded_69 : tensor<1x4x1x32xf32>, tensor<1x4x1x1xf32>) outs(%133 : tensor<1x4x1x32xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.subf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x4x1x32xf32>
    %137 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%136 : tensor<1x4x1x32xf32>) outs(%133 : tensor<1x4x1x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = math.exp %in : f32
      linalg.yield %219 : f32
    } -> tensor<1x4x1x32xf32>
    %138 = linalg.generic {indexing_maps = [#map8, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%137 : tensor<1x4x1x32xf32>) outs(%83 : tensor<1x4x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.addf %in, %out : f32
      linalg.yield %219 : f32
    } -> tensor<1x4x1x1xf32>
    %139 = linalg.generic {indexing_maps = [#map8, #map10, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%137, %138 : tensor<1x4x1x32xf32>, tensor<1x4x1x1xf32>) outs(%133 : tensor<1x4x1x32xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.divf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x4x1x32xf32>
    %140 = tensor.empty() : tensor<1x4x1x32xbf16>
    %141 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%139 : tensor<1x4x1x32xf32>) outs(%140 : tensor<1x4x1x32xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x4x1x32xbf16>
    %collapsed_70 = tensor.collapse_shape %141 [[0, 1], [2], [3]] : tensor<1x4x1x32xbf16> into tensor<4x1x32xbf16>
    %collapsed_71 = tensor.collapse_shape %arg5 [[0, 1], [2], [3]] : tensor<1x4x32x16xbf16> into tensor<4x32x16xbf16>
    %142 = linalg.batch_matmul ins(%collapsed_70, %collapsed_71 : tensor<4x1x32xbf16>, tensor<4x32x16xbf16>) outs(%88 : tensor<4x1x16xf32>) -> tensor<4x1x16xf32>
    %143 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%142 : tensor<4x1x16xf32>) outs(%90 : tensor<4x1x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<4x1x16xbf16>
    %expanded_72 = tensor.expand_shape %143 [[0, 1], [2], [3]] output_shape [1, 4, 1, 16] : tensor<4x1x16xbf16> into tensor<1x4x1x16xbf16>
    %transposed_73 = linalg.transpose ins(%expanded_72 : tensor<1x4x1x16xbf16>) outs(%92 : tensor<1x1x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %collapsed_74 = tensor.collapse_shape %transposed_73 [[0], [1, 2, 3]] : tensor<1x1x4x16xbf16> into tensor<1x64xbf16>
    %transposed_75 = linalg.transpose ins(%cst_16 : tensor<64x64xbf16>) outs(%37 : tensor<64x64xbf16>) permutation = [1, 0] 
    %144 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_15 : tensor<64xbf16>) outs(%38 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64xf32>
    %145 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_74 : tensor<1x64xbf16>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x64xf32>
    %146 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_75 : tensor<64x64xbf16>) outs(%42 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64x64xf32>
    %147 = linalg.matmul ins(%145, %146 : tensor<1x64xf32>, tensor<64x64xf32>) outs(%44 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %148 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%144 : tensor<64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x64xf32>
    %149 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%147, %148 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.addf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x64xf32>
    %150 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%149 : tensor<1x64xf32>) outs(%48 : tensor<1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x64xbf16>
    %expanded_76 = tensor.expand_shape %150 [[0], [1, 2]] output_shape [1, 1, 64] : tensor<1x64xbf16> into tensor<1x1x64xbf16>
    %151 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100, %expanded_76 : tensor<1x1x64xbf16>, tensor<1x1x64xbf16>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %in_86: bf16, %out: bf16):
      %219 = arith.addf %in, %in_86 : bf16
      linalg.yield %219 : bf16
    } -> tensor<1x1x64xbf16>
    %152 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%151 : tensor<1x1x64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %153 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%152 : tensor<1x1x64xf32>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %219 = arith.extf %in : f32 to f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %154 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%153 : tensor<1x1x64xf64>) outs(%18 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.addf %in, %out : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %155 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%154 : tensor<1x1x1xf64>) outs(%17 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.divf %in, %cst_33 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %156 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%153, %155 : tensor<1x1x64xf64>, tensor<1x1x1xf64>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f64, %in_86: f64, %out: f64):
      %219 = arith.subf %in, %in_86 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %157 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%156, %156 : tensor<1x1x64xf64>, tensor<1x1x64xf64>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f64, %in_86: f64, %out: f64):
      %219 = arith.mulf %in, %in_86 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %158 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%157 : tensor<1x1x64xf64>) outs(%18 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.addf %in, %out : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %159 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%158 : tensor<1x1x1xf64>) outs(%17 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.divf %in, %cst_33 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %160 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%159 : tensor<1x1x1xf64>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %219 = arith.truncf %in : f64 to f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %161 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%152 : tensor<1x1x64xf32>) outs(%27 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.addf %in, %out : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %162 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%161 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.divf %in, %cst_34 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %163 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%160 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.truncf %cst_30 : f64 to f32
      %220 = arith.addf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x1xf32>
    %164 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%163 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = math.rsqrt %in : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %165 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%152, %162 : tensor<1x1x64xf32>, tensor<1x1x1xf32>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.subf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %166 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%165, %164 : tensor<1x1x64xf32>, tensor<1x1x1xf32>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.mulf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %167 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%166, %cst_14 : tensor<1x1x64xf32>, tensor<64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: bf16, %out: f32):
      %219 = arith.extf %in_86 : bf16 to f32
      %220 = arith.mulf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x64xf32>
    %168 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%167, %cst_13 : tensor<1x1x64xf32>, tensor<64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: bf16, %out: f32):
      %219 = arith.extf %in_86 : bf16 to f32
      %220 = arith.addf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x64xf32>
    %169 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%168 : tensor<1x1x64xf32>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x1x64xbf16>
    %collapsed_77 = tensor.collapse_shape %169 [[0], [1, 2]] : tensor<1x1x64xbf16> into tensor<1x64xbf16>
    %170 = tensor.empty() : tensor<64x128xbf16>
    %transposed_78 = linalg.transpose ins(%cst_12 : tensor<128x64xbf16>) outs(%170 : tensor<64x128xbf16>) permutation = [1, 0] 
    %171 = tensor.empty() : tensor<128xf32>
    %172 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_11 : tensor<128xbf16>) outs(%171 : tensor<128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<128xf32>
    %173 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_77 : tensor<1x64xbf16>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x64xf32>
    %174 = tensor.empty() : tensor<64x128xf32>
    %175 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_78 : tensor<64x128xbf16>) outs(%174 : tensor<64x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64x128xf32>
    %176 = tensor.empty() : tensor<1x128xf32>
    %177 = linalg.fill ins(%cst_0 : f32) outs(%176 : tensor<1x128xf32>) -> tensor<1x128xf32>
    %178 = linalg.matmul ins(%173, %175 : tensor<1x64xf32>, tensor<64x128xf32>) outs(%177 : tensor<1x128xf32>) -> tensor<1x128xf32>
    %179 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%172 : tensor<128xf32>) outs(%176 : tensor<1x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x128xf32>
    %180 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%178, %179 : tensor<1x128xf32>, tensor<1x128xf32>) outs(%176 : tensor<1x128xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.addf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x128xf32>
    %181 = tensor.empty() : tensor<1x128xbf16>
    %182 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%180 : tensor<1x128xf32>) outs(%181 : tensor<1x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x128xbf16>
    %expanded_79 = tensor.expand_shape %182 [[0], [1, 2]] output_shape [1, 1, 128] : tensor<1x128xbf16> into tensor<1x1x128xbf16>
    %183 = tensor.empty() : tensor<1x1x128xbf16>
    %184 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_79 : tensor<1x1x128xbf16>) outs(%183 : tensor<1x1x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %219 = math.sqrt %cst_3 : bf16
      %220 = arith.divf %in, %219 : bf16
      %221 = math.erf %220 : bf16
      %222 = arith.addf %221, %cst_2 : bf16
      %223 = arith.mulf %222, %cst_4 : bf16
      %224 = arith.mulf %in, %223 : bf16
      linalg.yield %224 : bf16
    } -> tensor<1x1x128xbf16>
    %collapsed_80 = tensor.collapse_shape %184 [[0], [1, 2]] : tensor<1x1x128xbf16> into tensor<1x128xbf16>
    %185 = tensor.empty() : tensor<128x64xbf16>
    %transposed_81 = linalg.transpose ins(%cst_10 : tensor<64x128xbf16>) outs(%185 : tensor<128x64xbf16>) permutation = [1, 0] 
    %186 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_9 : tensor<64xbf16>) outs(%38 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<64xf32>
    %187 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%collapsed_80 : tensor<1x128xbf16>) outs(%176 : tensor<1x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x128xf32>
    %188 = tensor.empty() : tensor<128x64xf32>
    %189 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%transposed_81 : tensor<128x64xbf16>) outs(%188 : tensor<128x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<128x64xf32>
    %190 = linalg.matmul ins(%187, %189 : tensor<1x128xf32>, tensor<128x64xf32>) outs(%44 : tensor<1x64xf32>) -> tensor<1x64xf32>
    %191 = linalg.generic {indexing_maps = [#map7, #map3], iterator_types = ["parallel", "parallel"]} ins(%186 : tensor<64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x64xf32>
    %192 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%190, %191 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%40 : tensor<1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.addf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x64xf32>
    %193 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%192 : tensor<1x64xf32>) outs(%48 : tensor<1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x64xbf16>
    %expanded_82 = tensor.expand_shape %193 [[0], [1, 2]] output_shape [1, 1, 64] : tensor<1x64xbf16> into tensor<1x1x64xbf16>
    %194 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%151, %expanded_82 : tensor<1x1x64xbf16>, tensor<1x1x64xbf16>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: bf16, %in_86: bf16, %out: bf16):
      %219 = arith.addf %in, %in_86 : bf16
      linalg.yield %219 : bf16
    } -> tensor<1x1x64xbf16>
    %195 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%194 : tensor<1x1x64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %219 = arith.extf %in : bf16 to f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %196 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%195 : tensor<1x1x64xf32>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %219 = arith.extf %in : f32 to f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %197 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%196 : tensor<1x1x64xf64>) outs(%18 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.addf %in, %out : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %198 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%197 : tensor<1x1x1xf64>) outs(%17 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.divf %in, %cst_33 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %199 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%196, %198 : tensor<1x1x64xf64>, tensor<1x1x1xf64>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f64, %in_86: f64, %out: f64):
      %219 = arith.subf %in, %in_86 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %200 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%199, %199 : tensor<1x1x64xf64>, tensor<1x1x64xf64>) outs(%15 : tensor<1x1x64xf64>) {
    ^bb0(%in: f64, %in_86: f64, %out: f64):
      %219 = arith.mulf %in, %in_86 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x64xf64>
    %201 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%200 : tensor<1x1x64xf64>) outs(%18 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.addf %in, %out : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %202 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%201 : tensor<1x1x1xf64>) outs(%17 : tensor<1x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %219 = arith.divf %in, %cst_33 : f64
      linalg.yield %219 : f64
    } -> tensor<1x1x1xf64>
    %203 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%202 : tensor<1x1x1xf64>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %219 = arith.truncf %in : f64 to f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %204 = linalg.generic {indexing_maps = [#map1, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%195 : tensor<1x1x64xf32>) outs(%27 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.addf %in, %out : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %205 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%204 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.divf %in, %cst_34 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %206 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%203 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = arith.truncf %cst_30 : f64 to f32
      %220 = arith.addf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x1xf32>
    %207 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%206 : tensor<1x1x1xf32>) outs(%25 : tensor<1x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %219 = math.rsqrt %in : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x1xf32>
    %208 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%195, %205 : tensor<1x1x64xf32>, tensor<1x1x1xf32>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.subf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %209 = linalg.generic {indexing_maps = [#map1, #map5, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%208, %207 : tensor<1x1x64xf32>, tensor<1x1x1xf32>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: f32, %out: f32):
      %219 = arith.mulf %in, %in_86 : f32
      linalg.yield %219 : f32
    } -> tensor<1x1x64xf32>
    %210 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%209, %cst_8 : tensor<1x1x64xf32>, tensor<64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: bf16, %out: f32):
      %219 = arith.extf %in_86 : bf16 to f32
      %220 = arith.mulf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x64xf32>
    %211 = linalg.generic {indexing_maps = [#map1, #map6, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%210, %cst_7 : tensor<1x1x64xf32>, tensor<64xbf16>) outs(%13 : tensor<1x1x64xf32>) {
    ^bb0(%in: f32, %in_86: bf16, %out: f32):
      %219 = arith.extf %in_86 : bf16 to f32
      %220 = arith.addf %in, %219 : f32
      linalg.yield %220 : f32
    } -> tensor<1x1x64xf32>
    %212 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%211 : tensor<1x1x64xf32>) outs(%0 : tensor<1x1x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x1x64xbf16>
    %213 = tensor.empty() : tensor<64x320xbf16>
    %transposed_83 = linalg.transpose ins(%cst_32 : tensor<320x64xbf16>) outs(%213 : tensor<64x320xbf16>) permutation = [1, 0] 
    %collapsed_84 = tensor.collapse_shape %212 [[0], [1, 2]] : tensor<1x1x64xbf16> into tensor<1x64xbf16>
    %214 = tensor.empty() : tensor<1x320xf32>
    %215 = linalg.fill ins(%cst_0 : f32) outs(%214 : tensor<1x320xf32>) -> tensor<1x320xf32>
    %216 = linalg.matmul ins(%collapsed_84, %transposed_83 : tensor<1x64xbf16>, tensor<64x320xbf16>) outs(%215 : tensor<1x320xf32>) -> tensor<1x320xf32>
    %217 = tensor.empty() : tensor<1x320xbf16>
    %218 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%216 : tensor<1x320xf32>) outs(%217 : tensor<1x320xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %219 = arith.truncf %in : f32 to bf16
      linalg.yield %219 : bf16
    } -> tensor<1x320xbf16>
    %expanded_85 = tensor.expand_shape %218 [[0], [1, 2]] output_shape [1, 1, 320] : tensor<1x320xbf16> into tensor<1x1x320xbf16>
    return %expanded_85, %63, %64 : tensor<1x1x320xbf16>, tensor<1x4x12x16xbf16>, tensor<1x4x12x16xbf16>
  }
}
