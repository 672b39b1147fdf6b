// main
//   arg0 input_ids: tensor<2x6xi64>
//   arg1 attention_mask: tensor<2x6xi64>
//   out0 last_hidden_state: tensor<2x6x64xbf16>
//   out1 pooler_output: tensor<2x64xbf16>
#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map4 = affine_map<(d0, d1, d2) -> (0, d1, d2)>
#map5 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map6 = affine_map<(d0, d1, d2) -> (d2)>
#map7 = affine_map<(d0) -> (d0)>
#map8 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map9 = affine_map<(d0, d1, d2, d3) -> ()>
#map10 = affine_map<(d0, d1, d2, d3) -> (d0, 0, 0, 0)>
#map11 = affine_map<(d0, d1, d2, d3) -> (0, 0, 0, d3)>
#map12 = affine_map<(d0, d1, d2, d3) -> (0, d1, d2, 0)>
#map13 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map14 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#map15 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map16 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
module {
  func.func @main(%arg0: tensor<2x6xi64>, %arg1: tensor<2x6xi64>) -> (tensor<2x6x64xbf16>, tensor<2x64xbf16>) {
    %c0_i64 = arith.constant 0 : i64
    %c6_i64 = arith.constant 6 : i64
    %c128 = arith.constant 128 : index
    %c2 = arith.constant 2 : index
    %c320 = arith.constant 320 : index
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 0xFF800000 : f32
    %cst_2 = arith.constant 1.000000e+00 : bf16
    %cst_3 = arith.constant 2.000000e+00 : bf16
    %cst_4 = arith.constant 5.000000e-01 : bf16
    %cst_5 = arith.constant dense<-3.389530e+38> : tensor<bf16>
    %cst_6 = arith.constant dense<0.000000e+00> : tensor<bf16>
    %cst_7 = arith.constant dense<true> : tensor<i1>
    %cst_8 = arith.constant dense_resource<pooler.dense.bias> : tensor<64xbf16>
    %cst_9 = arith.constant dense_resource<pooler.dense.weight> : tensor<64x64xbf16>
    %cst_10 = arith.constant dense_resource<encoder.layer.0.output.LayerNorm.bias> : tensor<64xbf16>
    %cst_11 = arith.constant dense_resource<encoder.layer.0.output.LayerNorm.weight> : tensor<64xbf16>
    %cst_12 = arith.constant dense_resource<encoder.layer.0.output.dense.bias> : tensor<64xbf16>
    %cst_13 = arith.constant dense_resource<encoder.layer.0.output.dense.weight> : tensor<64x128xbf16>
    %cst_14 = arith.constant dense_resource<encoder.layer.0.intermediate.dense.bias> : tensor<128xbf16>
    %cst_15 = arith.constant dense_resource<encoder.layer.0.intermediate.dense.weight> : tensor<128x64xbf16>
    %cst_16 = arith.constant dense_resource<encoder.layer.0.attention.output.LayerNorm.bias> : tensor<64xbf16>
    %cst_17 = arith.constant dense_resource<encoder.layer.0.attention.output.LayerNorm.weight> : tensor<64xbf16>
    %cst_18 = arith.constant dense_resource<encoder.layer.0.attention.output.dense.bias> : tensor<64xbf16>
    %cst_19 = arith.constant dense_resource<encoder.layer.0.attention.output.dense.weight> : tensor<64x64xbf16>
    %cst_20 = arith.constant dense_resource<encoder.layer.0.attention.self.value.bias> : tensor<64xbf16>
    %cst_21 = arith.constant dense_resource<encoder.layer.0.attention.self.value.weight> : tensor<64x64xbf16>
    %cst_22 = arith.constant dense_resource<encoder.layer.0.attention.self.key.bias> : tensor<64xbf16>
    %cst_23 = arith.constant dense_resource<encoder.layer.0.attention.self.key.weight> : tensor<64x64xbf16>
    %cst_24 = arith.constant dense_resource<encoder.layer.0.attention.self.query.bias> : tensor<64xbf16>
    %cst_25 = arith.constant dense_resource<encoder.layer.0.attention.self.query.weight> : tensor<64x64xbf16>
    %cst_26 = arith.constant dense_resource<embeddings.LayerNorm.bias> : tensor<64xbf16>
    %cst_27 = arith.constant dense_resource<embeddings.LayerNorm.weight> : tensor<64xbf16>
    %cst_28 = arith.constant 9.9999999999999998E-13 : f64
    %cst_29 = arith.constant dense_resource<embeddings.position_embeddings.weight> : tensor<128x64xbf16>
    %cst_30 = arith.constant dense_resource<embeddings.token_type_embeddings.weight> : tensor<2x64xbf16>
    %cst_31 = arith.constant dense_resource<embeddings.word_embeddings.weight> : tensor<320x64xbf16>
    %c0 = arith.constant 0 : index
    %cst_32 = arith.constant 6.400000e+01 : f64
    %cst_33 = arith.constant 6.400000e+01 : f32
    %cst_34 = arith.constant 2.500000e-01 : bf16
    %c2_i64 = arith.constant 2 : i64
    %cst_35 = arith.constant dense_resource<torch_tensor_1_128_torch.int64_1> : tensor<1x128xi64>
    %cst_36 = arith.constant dense_resource<torch_tensor_1_128_torch.int64> : tensor<1x128xi64>
    %extracted_slice = tensor.extract_slice %cst_36[0, 0] [1, 6] [1, 1] : tensor<1x128xi64> to tensor<1x6xi64>
    %0 = tensor.empty() : tensor<1x6xi64>
    %1 = linalg.fill ins(%c0_i64 : i64) outs(%0 : tensor<1x6xi64>) -> tensor<1x6xi64>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice : tensor<1x6xi64>) outs(%1 : tensor<1x6xi64>) {
    ^bb0(%in: i64, %out: i64):
      %186 = arith.index_cast %in : i64 to index
      %187 = arith.cmpi slt, %186, %c128 : index
      cf.assert %187, "index must be smaller than dim size"
      %188 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %188, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_35[%c0, %186] : tensor<1x128xi64>
      linalg.yield %extracted : i64
    } -> tensor<1x6xi64>
    %3 = tensor.empty() : tensor<2x6xi64>
    %collapsed = tensor.collapse_shape %2 [[0, 1]] : tensor<1x6xi64> into tensor<6xi64>
    %4 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed : tensor<6xi64>) outs(%3 : tensor<2x6xi64>) {
    ^bb0(%in: i64, %out: i64):
      linalg.yield %in : i64
    } -> tensor<2x6xi64>
    %5 = tensor.empty() : tensor<2x6x64xbf16>
    %6 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x6xi64>) outs(%5 : tensor<2x6x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %186 = arith.index_cast %in : i64 to index
      %187 = linalg.index 2 : index
      %188 = arith.cmpi slt, %186, %c320 : index
      cf.assert %188, "index must be smaller than dim size"
      %189 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %189, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_31[%186, %187] : tensor<320x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<2x6x64xbf16>
    %7 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4 : tensor<2x6xi64>) outs(%5 : tensor<2x6x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %186 = arith.index_cast %in : i64 to index
      %187 = linalg.index 2 : index
      %188 = arith.cmpi slt, %186, %c2 : index
      cf.assert %188, "index must be smaller than dim size"
      %189 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %189, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_30[%186, %187] : tensor<2x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<2x6x64xbf16>
    %8 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6, %7 : tensor<2x6x64xbf16>, tensor<2x6x64xbf16>) outs(%5 : tensor<2x6x64xbf16>) {
    ^bb0(%in: bf16, %in_68: bf16, %out: bf16):
      %186 = arith.addf %in, %in_68 : bf16
      linalg.yield %186 : bf16
    } -> tensor<2x6x64xbf16>
    %9 = tensor.empty() : tensor<1x6x64xbf16>
    %10 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%extracted_slice : tensor<1x6xi64>) outs(%9 : tensor<1x6x64xbf16>) {
    ^bb0(%in: i64, %out: bf16):
      %186 = arith.index_cast %in : i64 to index
      %187 = linalg.index 2 : index
      %188 = arith.cmpi slt, %186, %c128 : index
      cf.assert %188, "index must be smaller than dim size"
      %189 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %189, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_29[%186, %187] : tensor<128x64xbf16>
      linalg.yield %extracted : bf16
    } -> tensor<1x6x64xbf16>
    %11 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8, %10 : tensor<2x6x64xbf16>, tensor<1x6x64xbf16>) outs(%5 : tensor<2x6x64xbf16>) {
    ^bb0(%in: bf16, %in_68: bf16, %out: bf16):
      %186 = arith.addf %in, %in_68 : bf16
      linalg.yield %186 : bf16
    } -> tensor<2x6x64xbf16>
    %12 = tensor.empty() : tensor<2x6x64xf32>
    %13 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11 : tensor<2x6x64xbf16>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<2x6x64xf32>
    %14 = tensor.empty() : tensor<2x6x64xf64>
    %15 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13 : tensor<2x6x64xf32>) outs(%14 : tensor<2x6x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %186 = arith.extf %in : f32 to f64
      linalg.yield %186 : f64
    } -> tensor<2x6x64xf64>
    %16 = tensor.empty() : tensor<2x6x1xf64>
    %17 = linalg.fill ins(%cst : f64) outs(%16 : tensor<2x6x1xf64>) -> tensor<2x6x1xf64>
    %18 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%15 : tensor<2x6x64xf64>) outs(%17 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.addf %in, %out : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %19 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<2x6x1xf64>) outs(%16 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.divf %in, %cst_32 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %20 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%15, %19 : tensor<2x6x64xf64>, tensor<2x6x1xf64>) outs(%14 : tensor<2x6x64xf64>) {
    ^bb0(%in: f64, %in_68: f64, %out: f64):
      %186 = arith.subf %in, %in_68 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x64xf64>
    %21 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20, %20 : tensor<2x6x64xf64>, tensor<2x6x64xf64>) outs(%14 : tensor<2x6x64xf64>) {
    ^bb0(%in: f64, %in_68: f64, %out: f64):
      %186 = arith.mulf %in, %in_68 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x64xf64>
    %22 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%21 : tensor<2x6x64xf64>) outs(%17 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.addf %in, %out : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %23 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22 : tensor<2x6x1xf64>) outs(%16 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.divf %in, %cst_32 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %24 = tensor.empty() : tensor<2x6x1xf32>
    %25 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23 : tensor<2x6x1xf64>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %186 = arith.truncf %in : f64 to f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %26 = linalg.fill ins(%cst_0 : f32) outs(%24 : tensor<2x6x1xf32>) -> tensor<2x6x1xf32>
    %27 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%13 : tensor<2x6x64xf32>) outs(%26 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = arith.addf %in, %out : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %28 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%27 : tensor<2x6x1xf32>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = arith.divf %in, %cst_33 : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %29 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%25 : tensor<2x6x1xf32>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = arith.truncf %cst_28 : f64 to f32
      %187 = arith.addf %in, %186 : f32
      linalg.yield %187 : f32
    } -> tensor<2x6x1xf32>
    %30 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%29 : tensor<2x6x1xf32>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = math.rsqrt %in : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %31 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13, %28 : tensor<2x6x64xf32>, tensor<2x6x1xf32>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.subf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x64xf32>
    %32 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%31, %30 : tensor<2x6x64xf32>, tensor<2x6x1xf32>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.mulf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x64xf32>
    %33 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%32, %cst_27 : tensor<2x6x64xf32>, tensor<64xbf16>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: bf16, %out: f32):
      %186 = arith.extf %in_68 : bf16 to f32
      %187 = arith.mulf %in, %186 : f32
      linalg.yield %187 : f32
    } -> tensor<2x6x64xf32>
    %34 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%33, %cst_26 : tensor<2x6x64xf32>, tensor<64xbf16>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: bf16, %out: f32):
      %186 = arith.extf %in_68 : bf16 to f32
      %187 = arith.addf %in, %186 : f32
      linalg.yield %187 : f32
    } -> tensor<2x6x64xf32>
    %35 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%34 : tensor<2x6x64xf32>) outs(%5 : tensor<2x6x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<2x6x64xbf16>
    %36 = tensor.empty() : tensor<2x6xi1>
    %37 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<2x6xi64>) outs(%36 : tensor<2x6xi1>) {
    ^bb0(%in: i64, %out: i1):
      %186 = arith.cmpi ne, %in, %c0_i64 : i64
      linalg.yield %186 : i1
    } -> tensor<2x6xi1>
    %38 = tensor.empty() : tensor<2xi64>
    %39 = linalg.generic {indexing_maps = [#map7], iterator_types = ["parallel"]} outs(%38 : tensor<2xi64>) {
    ^bb0(%out: i64):
      %186 = linalg.index 0 : index
      %187 = arith.index_cast %186 : index to i64
      linalg.yield %187 : i64
    } -> tensor<2xi64>
    %40 = tensor.empty() : tensor<6xi64>
    %41 = linalg.generic {indexing_maps = [#map7], iterator_types = ["parallel"]} outs(%40 : tensor<6xi64>) {
    ^bb0(%out: i64):
      %186 = linalg.index 0 : index
      %187 = arith.index_cast %186 : index to i64
      linalg.yield %187 : i64
    } -> tensor<6xi64>
    %expanded = tensor.expand_shape %39 [[0, 1, 2, 3]] output_shape [2, 1, 1, 1] : tensor<2xi64> into tensor<2x1x1x1xi64>
    %expanded_37 = tensor.expand_shape %41 [[0, 1, 2, 3]] output_shape [1, 1, 6, 1] : tensor<6xi64> into tensor<1x1x6x1xi64>
    %expanded_38 = tensor.expand_shape %41 [[0, 1, 2, 3]] output_shape [1, 1, 1, 6] : tensor<6xi64> into tensor<1x1x1x6xi64>
    %42 = tensor.empty() : tensor<1x1x6x1xi1>
    %43 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_37 : tensor<1x1x6x1xi64>) outs(%42 : tensor<1x1x6x1xi1>) {
    ^bb0(%in: i64, %out: i1):
      %186 = arith.cmpi sge, %in, %c0_i64 : i64
      linalg.yield %186 : i1
    } -> tensor<1x1x6x1xi1>
    %44 = linalg.generic {indexing_maps = [#map9, #map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%cst_7, %43 : tensor<i1>, tensor<1x1x6x1xi1>) outs(%42 : tensor<1x1x6x1xi1>) {
    ^bb0(%in: i1, %in_68: i1, %out: i1):
      %186 = arith.andi %in, %in_68 : i1
      linalg.yield %186 : i1
    } -> tensor<1x1x6x1xi1>
    %45 = tensor.empty() : tensor<2x1x1x6xi1>
    %46 = linalg.generic {indexing_maps = [#map10, #map11, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded, %expanded_38 : tensor<2x1x1x1xi64>, tensor<1x1x1x6xi64>) outs(%45 : tensor<2x1x1x6xi1>) {
    ^bb0(%in: i64, %in_68: i64, %out: i1):
      %186 = arith.cmpi slt, %in, %c0_i64 : i64
      %187 = arith.addi %in, %c2_i64 : i64
      %188 = arith.select %186, %187, %in : i64
      %189 = arith.index_cast %188 : i64 to index
      %190 = arith.cmpi slt, %in_68, %c0_i64 : i64
      %191 = arith.addi %in_68, %c6_i64 : i64
      %192 = arith.select %190, %191, %in_68 : i64
      %193 = arith.index_cast %192 : i64 to index
      %extracted = tensor.extract %37[%189, %193] : tensor<2x6xi1>
      linalg.yield %extracted : i1
    } -> tensor<2x1x1x6xi1>
    %47 = tensor.empty() : tensor<2x1x6x6xi1>
    %48 = linalg.generic {indexing_maps = [#map12, #map13, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%44, %46 : tensor<1x1x6x1xi1>, tensor<2x1x1x6xi1>) outs(%47 : tensor<2x1x6x6xi1>) {
    ^bb0(%in: i1, %in_68: i1, %out: i1):
      %186 = arith.andi %in, %in_68 : i1
      linalg.yield %186 : i1
    } -> tensor<2x1x6x6xi1>
    %49 = tensor.empty() : tensor<2x1x6x6xbf16>
    %50 = linalg.generic {indexing_maps = [#map8, #map9, #map9, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%48, %cst_6, %cst_5 : tensor<2x1x6x6xi1>, tensor<bf16>, tensor<bf16>) outs(%49 : tensor<2x1x6x6xbf16>) {
    ^bb0(%in: i1, %in_68: bf16, %in_69: bf16, %out: bf16):
      %186 = arith.select %in, %in_68, %in_69 : bf16
      linalg.yield %186 : bf16
    } -> tensor<2x1x6x6xbf16>
    %collapsed_39 = tensor.collapse_shape %35 [[0, 1], [2]] : tensor<2x6x64xbf16> into tensor<12x64xbf16>
    %51 = tensor.empty() : tensor<64x64xbf16>
    %transposed = linalg.transpose ins(%cst_25 : tensor<64x64xbf16>) outs(%51 : tensor<64x64xbf16>) permutation = [1, 0] 
    %52 = tensor.empty() : tensor<64xf32>
    %53 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel"]} ins(%cst_24 : tensor<64xbf16>) outs(%52 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64xf32>
    %54 = tensor.empty() : tensor<12x64xf32>
    %55 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed_39 : tensor<12x64xbf16>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<12x64xf32>
    %56 = tensor.empty() : tensor<64x64xf32>
    %57 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%transposed : tensor<64x64xbf16>) outs(%56 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64x64xf32>
    %58 = linalg.fill ins(%cst_0 : f32) outs(%54 : tensor<12x64xf32>) -> tensor<12x64xf32>
    %59 = linalg.matmul ins(%55, %57 : tensor<12x64xf32>, tensor<64x64xf32>) outs(%58 : tensor<12x64xf32>) -> tensor<12x64xf32>
    %60 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%53 : tensor<64xf32>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<12x64xf32>
    %61 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%59, %60 : tensor<12x64xf32>, tensor<12x64xf32>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.addf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<12x64xf32>
    %62 = tensor.empty() : tensor<12x64xbf16>
    %63 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%61 : tensor<12x64xf32>) outs(%62 : tensor<12x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<12x64xbf16>
    %expanded_40 = tensor.expand_shape %63 [[0, 1], [2, 3]] output_shape [2, 6, 4, 16] : tensor<12x64xbf16> into tensor<2x6x4x16xbf16>
    %64 = tensor.empty() : tensor<2x4x6x16xbf16>
    %transposed_41 = linalg.transpose ins(%expanded_40 : tensor<2x6x4x16xbf16>) outs(%64 : tensor<2x4x6x16xbf16>) permutation = [0, 2, 1, 3] 
    %transposed_42 = linalg.transpose ins(%cst_23 : tensor<64x64xbf16>) outs(%51 : tensor<64x64xbf16>) permutation = [1, 0] 
    %65 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel"]} ins(%cst_22 : tensor<64xbf16>) outs(%52 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64xf32>
    %66 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%transposed_42 : tensor<64x64xbf16>) outs(%56 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64x64xf32>
    %67 = linalg.matmul ins(%55, %66 : tensor<12x64xf32>, tensor<64x64xf32>) outs(%58 : tensor<12x64xf32>) -> tensor<12x64xf32>
    %68 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%65 : tensor<64xf32>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<12x64xf32>
    %69 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%67, %68 : tensor<12x64xf32>, tensor<12x64xf32>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.addf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<12x64xf32>
    %70 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%69 : tensor<12x64xf32>) outs(%62 : tensor<12x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<12x64xbf16>
    %expanded_43 = tensor.expand_shape %70 [[0, 1], [2, 3]] output_shape [2, 6, 4, 16] : tensor<12x64xbf16> into tensor<2x6x4x16xbf16>
    %transposed_44 = linalg.transpose ins(%cst_21 : tensor<64x64xbf16>) outs(%51 : tensor<64x64xbf16>) permutation = [1, 0] 
    %71 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel"]} ins(%cst_20 : tensor<64xbf16>) outs(%52 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64xf32>
    %72 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%transposed_44 : tensor<64x64xbf16>) outs(%56 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64x64xf32>
    %73 = linalg.matmul ins(%55, %72 : tensor<12x64xf32>, tensor<64x64xf32>) outs(%58 : tensor<12x64xf32>) -> tensor<12x64xf32>
    %74 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%71 : tensor<64xf32>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<12x64xf32>
    %75 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%73, %74 : tensor<12x64xf32>, tensor<12x64xf32>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.addf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<12x64xf32>
    %76 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%75 : tensor<12x64xf32>) outs(%62 : tensor<12x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<12x64xbf16>
    %expanded_45 = tensor.expand_shape %76 [[0, 1], [2, 3]] output_shape [2, 6, 4, 16] : tensor<12x64xbf16> into tensor<2x6x4x16xbf16>
    %transposed_46 = linalg.transpose ins(%expanded_45 : tensor<2x6x4x16xbf16>) outs(%64 : tensor<2x4x6x16xbf16>) permutation = [0, 2, 1, 3] 
    %77 = tensor.empty() : tensor<2x4x16x6xbf16>
    %transposed_47 = linalg.transpose ins(%expanded_43 : tensor<2x6x4x16xbf16>) outs(%77 : tensor<2x4x16x6xbf16>) permutation = [0, 2, 3, 1] 
    %collapsed_48 = tensor.collapse_shape %transposed_41 [[0, 1], [2], [3]] : tensor<2x4x6x16xbf16> into tensor<8x6x16xbf16>
    %collapsed_49 = tensor.collapse_shape %transposed_47 [[0, 1], [2], [3]] : tensor<2x4x16x6xbf16> into tensor<8x16x6xbf16>
    %78 = tensor.empty() : tensor<8x6x6xf32>
    %79 = linalg.fill ins(%cst_0 : f32) outs(%78 : tensor<8x6x6xf32>) -> tensor<8x6x6xf32>
    %80 = linalg.batch_matmul ins(%collapsed_48, %collapsed_49 : tensor<8x6x16xbf16>, tensor<8x16x6xbf16>) outs(%79 : tensor<8x6x6xf32>) -> tensor<8x6x6xf32>
    %81 = tensor.empty() : tensor<8x6x6xbf16>
    %82 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%80 : tensor<8x6x6xf32>) outs(%81 : tensor<8x6x6xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<8x6x6xbf16>
    %expanded_50 = tensor.expand_shape %82 [[0, 1], [2], [3]] output_shape [2, 4, 6, 6] : tensor<8x6x6xbf16> into tensor<2x4x6x6xbf16>
    %83 = tensor.empty() : tensor<2x4x6x6xbf16>
    %84 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_50 : tensor<2x4x6x6xbf16>) outs(%83 : tensor<2x4x6x6xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %186 = arith.mulf %in, %cst_34 : bf16
      linalg.yield %186 : bf16
    } -> tensor<2x4x6x6xbf16>
    %85 = linalg.generic {indexing_maps = [#map8, #map14, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%84, %50 : tensor<2x4x6x6xbf16>, tensor<2x1x6x6xbf16>) outs(%83 : tensor<2x4x6x6xbf16>) {
    ^bb0(%in: bf16, %in_68: bf16, %out: bf16):
      %186 = arith.addf %in, %in_68 : bf16
      linalg.yield %186 : bf16
    } -> tensor<2x4x6x6xbf16>
    %86 = tensor.empty() : tensor<2x4x6x6xf32>
    %87 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%85 : tensor<2x4x6x6xbf16>) outs(%86 : tensor<2x4x6x6xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<2x4x6x6xf32>
    %88 = tensor.empty() : tensor<2x4x6xi64>
    %89 = linalg.fill ins(%c0_i64 : i64) outs(%88 : tensor<2x4x6xi64>) -> tensor<2x4x6xi64>
    %90 = tensor.empty() : tensor<2x4x6xf32>
    %91 = linalg.fill ins(%cst_1 : f32) outs(%90 : tensor<2x4x6xf32>) -> tensor<2x4x6xf32>
    %92:2 = linalg.generic {indexing_maps = [#map8, #map15, #map15], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%87 : tensor<2x4x6x6xf32>) outs(%91, %89 : tensor<2x4x6xf32>, tensor<2x4x6xi64>) {
    ^bb0(%in: f32, %out: f32, %out_68: i64):
      %186 = linalg.index 3 : index
      %187 = arith.index_cast %186 : index to i64
      %188 = arith.maximumf %in, %out : f32
      %189 = arith.cmpf ogt, %in, %out : f32
      %190 = arith.select %189, %187, %out_68 : i64
      linalg.yield %188, %190 : f32, i64
    } -> (tensor<2x4x6xf32>, tensor<2x4x6xi64>)
    %expanded_51 = tensor.expand_shape %92#0 [[0], [1], [2, 3]] output_shape [2, 4, 6, 1] : tensor<2x4x6xf32> into tensor<2x4x6x1xf32>
    %93 = linalg.generic {indexing_maps = [#map8, #map16, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%87, %expanded_51 : tensor<2x4x6x6xf32>, tensor<2x4x6x1xf32>) outs(%86 : tensor<2x4x6x6xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.subf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<2x4x6x6xf32>
    %94 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%93 : tensor<2x4x6x6xf32>) outs(%86 : tensor<2x4x6x6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = math.exp %in : f32
      linalg.yield %186 : f32
    } -> tensor<2x4x6x6xf32>
    %95 = tensor.empty() : tensor<2x4x6x1xf32>
    %96 = linalg.fill ins(%cst_0 : f32) outs(%95 : tensor<2x4x6x1xf32>) -> tensor<2x4x6x1xf32>
    %97 = linalg.generic {indexing_maps = [#map8, #map16], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%94 : tensor<2x4x6x6xf32>) outs(%96 : tensor<2x4x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = arith.addf %in, %out : f32
      linalg.yield %186 : f32
    } -> tensor<2x4x6x1xf32>
    %98 = linalg.generic {indexing_maps = [#map8, #map16, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%94, %97 : tensor<2x4x6x6xf32>, tensor<2x4x6x1xf32>) outs(%86 : tensor<2x4x6x6xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.divf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<2x4x6x6xf32>
    %99 = linalg.generic {indexing_maps = [#map8, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%98 : tensor<2x4x6x6xf32>) outs(%83 : tensor<2x4x6x6xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<2x4x6x6xbf16>
    %collapsed_52 = tensor.collapse_shape %99 [[0, 1], [2], [3]] : tensor<2x4x6x6xbf16> into tensor<8x6x6xbf16>
    %collapsed_53 = tensor.collapse_shape %transposed_46 [[0, 1], [2], [3]] : tensor<2x4x6x16xbf16> into tensor<8x6x16xbf16>
    %100 = tensor.empty() : tensor<8x6x16xf32>
    %101 = linalg.fill ins(%cst_0 : f32) outs(%100 : tensor<8x6x16xf32>) -> tensor<8x6x16xf32>
    %102 = linalg.batch_matmul ins(%collapsed_52, %collapsed_53 : tensor<8x6x6xbf16>, tensor<8x6x16xbf16>) outs(%101 : tensor<8x6x16xf32>) -> tensor<8x6x16xf32>
    %103 = tensor.empty() : tensor<8x6x16xbf16>
    %104 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102 : tensor<8x6x16xf32>) outs(%103 : tensor<8x6x16xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<8x6x16xbf16>
    %expanded_54 = tensor.expand_shape %104 [[0, 1], [2], [3]] output_shape [2, 4, 6, 16] : tensor<8x6x16xbf16> into tensor<2x4x6x16xbf16>
    %105 = tensor.empty() : tensor<2x6x4x16xbf16>
    %transposed_55 = linalg.transpose ins(%expanded_54 : tensor<2x4x6x16xbf16>) outs(%105 : tensor<2x6x4x16xbf16>) permutation = [0, 2, 1, 3] 
    %collapsed_56 = tensor.collapse_shape %transposed_55 [[0, 1], [2, 3]] : tensor<2x6x4x16xbf16> into tensor<12x64xbf16>
    %transposed_57 = linalg.transpose ins(%cst_19 : tensor<64x64xbf16>) outs(%51 : tensor<64x64xbf16>) permutation = [1, 0] 
    %106 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel"]} ins(%cst_18 : tensor<64xbf16>) outs(%52 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64xf32>
    %107 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed_56 : tensor<12x64xbf16>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<12x64xf32>
    %108 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%transposed_57 : tensor<64x64xbf16>) outs(%56 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64x64xf32>
    %109 = linalg.matmul ins(%107, %108 : tensor<12x64xf32>, tensor<64x64xf32>) outs(%58 : tensor<12x64xf32>) -> tensor<12x64xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%106 : tensor<64xf32>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<12x64xf32>
    %111 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%109, %110 : tensor<12x64xf32>, tensor<12x64xf32>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.addf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<12x64xf32>
    %112 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%111 : tensor<12x64xf32>) outs(%62 : tensor<12x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<12x64xbf16>
    %expanded_58 = tensor.expand_shape %112 [[0, 1], [2]] output_shape [2, 6, 64] : tensor<12x64xbf16> into tensor<2x6x64xbf16>
    %113 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_58, %35 : tensor<2x6x64xbf16>, tensor<2x6x64xbf16>) outs(%5 : tensor<2x6x64xbf16>) {
    ^bb0(%in: bf16, %in_68: bf16, %out: bf16):
      %186 = arith.addf %in, %in_68 : bf16
      linalg.yield %186 : bf16
    } -> tensor<2x6x64xbf16>
    %114 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113 : tensor<2x6x64xbf16>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<2x6x64xf32>
    %115 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114 : tensor<2x6x64xf32>) outs(%14 : tensor<2x6x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %186 = arith.extf %in : f32 to f64
      linalg.yield %186 : f64
    } -> tensor<2x6x64xf64>
    %116 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%115 : tensor<2x6x64xf64>) outs(%17 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.addf %in, %out : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %117 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%116 : tensor<2x6x1xf64>) outs(%16 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.divf %in, %cst_32 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %118 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%115, %117 : tensor<2x6x64xf64>, tensor<2x6x1xf64>) outs(%14 : tensor<2x6x64xf64>) {
    ^bb0(%in: f64, %in_68: f64, %out: f64):
      %186 = arith.subf %in, %in_68 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x64xf64>
    %119 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%118, %118 : tensor<2x6x64xf64>, tensor<2x6x64xf64>) outs(%14 : tensor<2x6x64xf64>) {
    ^bb0(%in: f64, %in_68: f64, %out: f64):
      %186 = arith.mulf %in, %in_68 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x64xf64>
    %120 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%119 : tensor<2x6x64xf64>) outs(%17 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.addf %in, %out : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %121 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%120 : tensor<2x6x1xf64>) outs(%16 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.divf %in, %cst_32 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %122 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%121 : tensor<2x6x1xf64>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %186 = arith.truncf %in : f64 to f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %123 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%114 : tensor<2x6x64xf32>) outs(%26 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = arith.addf %in, %out : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %124 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123 : tensor<2x6x1xf32>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = arith.divf %in, %cst_33 : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %125 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%122 : tensor<2x6x1xf32>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = arith.truncf %cst_28 : f64 to f32
      %187 = arith.addf %in, %186 : f32
      linalg.yield %187 : f32
    } -> tensor<2x6x1xf32>
    %126 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%125 : tensor<2x6x1xf32>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = math.rsqrt %in : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %127 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%114, %124 : tensor<2x6x64xf32>, tensor<2x6x1xf32>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.subf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x64xf32>
    %128 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%127, %126 : tensor<2x6x64xf32>, tensor<2x6x1xf32>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.mulf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x64xf32>
    %129 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%128, %cst_17 : tensor<2x6x64xf32>, tensor<64xbf16>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: bf16, %out: f32):
      %186 = arith.extf %in_68 : bf16 to f32
      %187 = arith.mulf %in, %186 : f32
      linalg.yield %187 : f32
    } -> tensor<2x6x64xf32>
    %130 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%129, %cst_16 : tensor<2x6x64xf32>, tensor<64xbf16>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: bf16, %out: f32):
      %186 = arith.extf %in_68 : bf16 to f32
      %187 = arith.addf %in, %186 : f32
      linalg.yield %187 : f32
    } -> tensor<2x6x64xf32>
    %131 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130 : tensor<2x6x64xf32>) outs(%5 : tensor<2x6x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<2x6x64xbf16>
    %collapsed_59 = tensor.collapse_shape %131 [[0, 1], [2]] : tensor<2x6x64xbf16> into tensor<12x64xbf16>
    %132 = tensor.empty() : tensor<64x128xbf16>
    %transposed_60 = linalg.transpose ins(%cst_15 : tensor<128x64xbf16>) outs(%132 : tensor<64x128xbf16>) permutation = [1, 0] 
    %133 = tensor.empty() : tensor<128xf32>
    %134 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel"]} ins(%cst_14 : tensor<128xbf16>) outs(%133 : tensor<128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<128xf32>
    %135 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed_59 : tensor<12x64xbf16>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<12x64xf32>
    %136 = tensor.empty() : tensor<64x128xf32>
    %137 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%transposed_60 : tensor<64x128xbf16>) outs(%136 : tensor<64x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64x128xf32>
    %138 = tensor.empty() : tensor<12x128xf32>
    %139 = linalg.fill ins(%cst_0 : f32) outs(%138 : tensor<12x128xf32>) -> tensor<12x128xf32>
    %140 = linalg.matmul ins(%135, %137 : tensor<12x64xf32>, tensor<64x128xf32>) outs(%139 : tensor<12x128xf32>) -> tensor<12x128xf32>
    %141 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%134 : tensor<128xf32>) outs(%138 : tensor<12x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<12x128xf32>
    %142 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%140, %141 : tensor<12x128xf32>, tensor<12x128xf32>) outs(%138 : tensor<12x128xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.addf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<12x128xf32>
    %143 = tensor.empty() : tensor<12x128xbf16>
    %144 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%142 : tensor<12x128xf32>) outs(%143 : tensor<12x128xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<12x128xbf16>
    %expanded_61 = tensor.expand_shape %144 [[0, 1], [2]] output_shape [2, 6, 128] : tensor<12x128xbf16> into tensor<2x6x128xbf16>
    %145 = tensor.empty() : tensor<2x6x128xbf16>
    %146 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_61 : tensor<2x6x128xbf16>) outs(%145 : tensor<2x6x128xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %186 = math.sqrt %cst_3 : bf16
      %187 = arith.divf %in, %186 : bf16
      %188 = math.erf %187 : bf16
      %189 = arith.addf %188, %cst_2 : bf16
      %190 = arith.mulf %189, %cst_4 : bf16
      %191 = arith.mulf %in, %190 : bf16
      linalg.yield %191 : bf16
    } -> tensor<2x6x128xbf16>
    %collapsed_62 = tensor.collapse_shape %146 [[0, 1], [2]] : tensor<2x6x128xbf16> into tensor<12x128xbf16>
    %147 = tensor.empty() : tensor<128x64xbf16>
    %transposed_63 = linalg.transpose ins(%cst_13 : tensor<64x128xbf16>) outs(%147 : tensor<128x64xbf16>) permutation = [1, 0] 
    %148 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel"]} ins(%cst_12 : tensor<64xbf16>) outs(%52 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64xf32>
    %149 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed_62 : tensor<12x128xbf16>) outs(%138 : tensor<12x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<12x128xf32>
    %150 = tensor.empty() : tensor<128x64xf32>
    %151 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%transposed_63 : tensor<128x64xbf16>) outs(%150 : tensor<128x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<128x64xf32>
    %152 = linalg.matmul ins(%149, %151 : tensor<12x128xf32>, tensor<128x64xf32>) outs(%58 : tensor<12x64xf32>) -> tensor<12x64xf32>
    %153 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%148 : tensor<64xf32>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<12x64xf32>
    %154 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%152, %153 : tensor<12x64xf32>, tensor<12x64xf32>) outs(%54 : tensor<12x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.addf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<12x64xf32>
    %155 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%154 : tensor<12x64xf32>) outs(%62 : tensor<12x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<12x64xbf16>
    %expanded_64 = tensor.expand_shape %155 [[0, 1], [2]] output_shape [2, 6, 64] : tensor<12x64xbf16> into tensor<2x6x64xbf16>
    %156 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_64, %131 : tensor<2x6x64xbf16>, tensor<2x6x64xbf16>) outs(%5 : tensor<2x6x64xbf16>) {
    ^bb0(%in: bf16, %in_68: bf16, %out: bf16):
      %186 = arith.addf %in, %in_68 : bf16
      linalg.yield %186 : bf16
    } -> tensor<2x6x64xbf16>
    %157 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%156 : tensor<2x6x64xbf16>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<2x6x64xf32>
    %158 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%157 : tensor<2x6x64xf32>) outs(%14 : tensor<2x6x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %186 = arith.extf %in : f32 to f64
      linalg.yield %186 : f64
    } -> tensor<2x6x64xf64>
    %159 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%158 : tensor<2x6x64xf64>) outs(%17 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.addf %in, %out : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %160 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%159 : tensor<2x6x1xf64>) outs(%16 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.divf %in, %cst_32 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %161 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%158, %160 : tensor<2x6x64xf64>, tensor<2x6x1xf64>) outs(%14 : tensor<2x6x64xf64>) {
    ^bb0(%in: f64, %in_68: f64, %out: f64):
      %186 = arith.subf %in, %in_68 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x64xf64>
    %162 = linalg.generic {indexing_maps = [#map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%161, %161 : tensor<2x6x64xf64>, tensor<2x6x64xf64>) outs(%14 : tensor<2x6x64xf64>) {
    ^bb0(%in: f64, %in_68: f64, %out: f64):
      %186 = arith.mulf %in, %in_68 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x64xf64>
    %163 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%162 : tensor<2x6x64xf64>) outs(%17 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.addf %in, %out : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %164 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%163 : tensor<2x6x1xf64>) outs(%16 : tensor<2x6x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %186 = arith.divf %in, %cst_32 : f64
      linalg.yield %186 : f64
    } -> tensor<2x6x1xf64>
    %165 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%164 : tensor<2x6x1xf64>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %186 = arith.truncf %in : f64 to f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %166 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "reduction"]} ins(%157 : tensor<2x6x64xf32>) outs(%26 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = arith.addf %in, %out : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %167 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%166 : tensor<2x6x1xf32>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = arith.divf %in, %cst_33 : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %168 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%165 : tensor<2x6x1xf32>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = arith.truncf %cst_28 : f64 to f32
      %187 = arith.addf %in, %186 : f32
      linalg.yield %187 : f32
    } -> tensor<2x6x1xf32>
    %169 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%168 : tensor<2x6x1xf32>) outs(%24 : tensor<2x6x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %186 = math.rsqrt %in : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x1xf32>
    %170 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%157, %167 : tensor<2x6x64xf32>, tensor<2x6x1xf32>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.subf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x64xf32>
    %171 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%170, %169 : tensor<2x6x64xf32>, tensor<2x6x1xf32>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.mulf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<2x6x64xf32>
    %172 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%171, %cst_11 : tensor<2x6x64xf32>, tensor<64xbf16>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: bf16, %out: f32):
      %186 = arith.extf %in_68 : bf16 to f32
      %187 = arith.mulf %in, %186 : f32
      linalg.yield %187 : f32
    } -> tensor<2x6x64xf32>
    %173 = linalg.generic {indexing_maps = [#map3, #map6, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%172, %cst_10 : tensor<2x6x64xf32>, tensor<64xbf16>) outs(%12 : tensor<2x6x64xf32>) {
    ^bb0(%in: f32, %in_68: bf16, %out: f32):
      %186 = arith.extf %in_68 : bf16 to f32
      %187 = arith.addf %in, %186 : f32
      linalg.yield %187 : f32
    } -> tensor<2x6x64xf32>
    %174 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%173 : tensor<2x6x64xf32>) outs(%5 : tensor<2x6x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<2x6x64xbf16>
    %extracted_slice_65 = tensor.extract_slice %174[0, 0, 0] [2, 1, 64] [1, 1, 1] : tensor<2x6x64xbf16> to tensor<2x1x64xbf16>
    %collapsed_66 = tensor.collapse_shape %extracted_slice_65 [[0, 1], [2]] : tensor<2x1x64xbf16> into tensor<2x64xbf16>
    %transposed_67 = linalg.transpose ins(%cst_9 : tensor<64x64xbf16>) outs(%51 : tensor<64x64xbf16>) permutation = [1, 0] 
    %175 = linalg.generic {indexing_maps = [#map7, #map7], iterator_types = ["parallel"]} ins(%cst_8 : tensor<64xbf16>) outs(%52 : tensor<64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64xf32>
    %176 = tensor.empty() : tensor<2x64xf32>
    %177 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%collapsed_66 : tensor<2x64xbf16>) outs(%176 : tensor<2x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<2x64xf32>
    %178 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%transposed_67 : tensor<64x64xbf16>) outs(%56 : tensor<64x64xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %186 = arith.extf %in : bf16 to f32
      linalg.yield %186 : f32
    } -> tensor<64x64xf32>
    %179 = linalg.fill ins(%cst_0 : f32) outs(%176 : tensor<2x64xf32>) -> tensor<2x64xf32>
    %180 = linalg.matmul ins(%177, %178 : tensor<2x64xf32>, tensor<64x64xf32>) outs(%179 : tensor<2x64xf32>) -> tensor<2x64xf32>
    %181 = linalg.generic {indexing_maps = [#map1, #map], iterator_types = ["parallel", "parallel"]} ins(%175 : tensor<64xf32>) outs(%176 : tensor<2x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x64xf32>
    %182 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%180, %181 : tensor<2x64xf32>, tensor<2x64xf32>) outs(%176 : tensor<2x64xf32>) {
    ^bb0(%in: f32, %in_68: f32, %out: f32):
      %186 = arith.addf %in, %in_68 : f32
      linalg.yield %186 : f32
    } -> tensor<2x64xf32>
    %183 = tensor.empty() : tensor<2x64xbf16>
    %184 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%182 : tensor<2x64xf32>) outs(%183 : tensor<2x64xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %186 = arith.truncf %in : f32 to bf16
      linalg.yield %186 : bf16
    } -> tensor<2x64xbf16>
    %185 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%184 : tensor<2x64xbf16>) outs(%183 : tensor<2x64xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      %186 = math.tanh %in : bf16
      linalg.yield %186 : bf16
    } -> tensor<2x64xbf16>
    return %174, %185 : tensor<2x6x64xbf16>, tensor<2x64xbf16>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_1_128_torch.int64_1: "0x0800000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_1_128_torch.int64: "0x0800000000000000000000000100000000000000020000000000000003000000000000000400000000000000050000000000000006000000000000000700000000000000080000000000000009000000000000000A000000000000000B000000000000000C000000000000000D000000000000000E000000000000000F0000000000000010000000000000001100000000000000120000000000000013000000000000001400000000000000150000000000000016000000000000001700000000000000180000000000000019000000000000001A000000000000001B000000000000001C000000000000001D000000000000001E000000000000001F0000000000000020000000000000002100000000000000220000000000000023000000000000002400000000000000250000000000000026000000000000002700000000000000280000000000000029000000000000002A000000000000002B000000000000002C000000000000002D000000000000002E000000000000002F0000000000000030000000000000003100000000000000320000000000000033000000000000003400000000000000350000000000000036000000000000003700000000000000380000000000000039000000000000003A000000000000003B000000000000003C000000000000003D000000000000003E000000000000003F0000000000000040000000000000004100000000000000420000000000000043000000000000004400000000000000450000000000000046000000000000004700000000000000480000000000000049000000000000004A000000000000004B000000000000004C000000000000004D000000000000004E000000000000004F0000000000000050000000000000005100000000000000520000000000000053000000000000005400000000000000550000000000000056000000000000005700000000000000580000000000000059000000000000005A000000000000005B000000000000005C000000000000005D000000000000005E000000000000005F0000000000000060000000000000006100000000000000620000000000000063000000000000006400000000000000650000000000000066000000000000006700000000000000680000000000000069000000000000006A000000000000006B000000000000006C000000000000006D000000000000006E000000000000006F0000000000000070000000000000007100000000000000720000000000000073000000000000007400000000000000750000000000000076000000000000007700000000000000780000000000000079000000000000007A000000000000007B000000000000007C000000000000007D000000000000007E000000000000007F00000000000000"
    }
  }
#-}
