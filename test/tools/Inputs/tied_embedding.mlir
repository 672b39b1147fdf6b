// Rows of a weight that is multiplied with, too.
func.func @main(%ids: tensor<6xi64>, %x: tensor<6x128xbf16>) -> (tensor<6x128xbf16>, tensor<6x192xf32>) {
  %w = arith.constant dense_resource<"mixed.weight"> : tensor<192x128xbf16>
  %e = tensor.empty() : tensor<6x128xbf16>
  %g = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i)>, affine_map<(i, k) -> (i, k)>], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<6xi64>) outs(%e : tensor<6x128xbf16>) {
  ^bb0(%id: i64, %o: bf16):
    %n = arith.index_cast %id : i64 to index
    %k = linalg.index 1 : index
    %v = tensor.extract %w[%n, %k] : tensor<192x128xbf16>
    linalg.yield %v : bf16
  } -> tensor<6x128xbf16>
  %z = arith.constant 0.0 : f32
  %o = tensor.empty() : tensor<6x192xf32>
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<6x192xf32>) -> tensor<6x192xf32>
  %y = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<6x128xbf16>, tensor<192x128xbf16>) outs(%f : tensor<6x192xf32>) -> tensor<6x192xf32>
  return %g, %y : tensor<6x128xbf16>, tensor<6x192xf32>
}
