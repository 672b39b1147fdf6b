// RUN: uwt-opt %s -uwt-insert-checks -split-input-file -verify-diagnostics

func.func @map(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @+1 {{'linalg.generic' op has an indexing map whose bounds cannot be checked: d0 * 131072; expected sums of loops times factors up to 65536}}
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0 * 131072)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @pack(%x: tensor<?x?xf32>, %y: tensor<?x?x8x4xf32>) -> tensor<?x?x8x4xf32> {
  // expected-error @+1 {{'linalg.pack' op has sizes that only a call knows, which cannot be checked: write it with static sizes, or with linalg.generic}}
  %0 = linalg.pack %x inner_dims_pos = [0, 1] inner_tiles = [8, 4] into %y : tensor<?x?xf32> -> tensor<?x?x8x4xf32>
  return %0 : tensor<?x?x8x4xf32>
}
