// RUN: uwt-opt %s -pass-pipeline='builtin.module(func.func(uwt-protect-arguments))' | FileCheck %s

// CHECK: func.func @protected(%{{.*}}: tensor<8xf32> {bufferization.writable = false}, %{{.*}}: index)
func.func @protected(%x: tensor<8xf32>, %n: index) -> tensor<8xf32> {
  return %x : tensor<8xf32>
}

// CHECK: func.func @given_away(%{{.*}}: tensor<8xf32> {bufferization.writable = true})
func.func @given_away(%x: tensor<8xf32> {bufferization.writable = true}) -> tensor<8xf32> {
  return %x : tensor<8xf32>
}

// CHECK: func.func private @own(%{{.*}}: tensor<8xf32>)
func.func private @own(%x: tensor<8xf32>) -> tensor<8xf32> {
  return %x : tensor<8xf32>
}
