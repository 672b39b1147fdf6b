// RUN: %python %S/Inputs/write_tensors.py %t.safetensors v:I64:2 w:BF16:2,2 same.name.twice:BF16:2,2 zeros:BF16:0
// RUN: uwt-opt %s --uwt-bind-weights="weights=%t.safetensors match-bytes=true" | FileCheck %s
// RUN: uwt-opt %s --uwt-bind-weights="weights=%t.safetensors" | FileCheck %s --check-prefix=OFF

// Bytes 1, 2, 3, … of tensor `w`.
// CHECK-LABEL: func @equal
// OFF-NOT: uwt.weight
func.func @equal() -> (tensor<2x2xbf16>, tensor<2x2xbf16>) {
  // CHECK: uwt.weight "w" : !uwt.compressed<2x2xbf16, "raw">
  // CHECK: uwt.weight "w" : !uwt.compressed<2x2xbf16, "raw">
  %r = arith.constant dense_resource<any_name> : tensor<2x2xbf16>
  %d = arith.constant dense<[[0x0201, 0x0403], [0x0605, 0x0807]]> : tensor<2x2xbf16>
  return %r, %d : tensor<2x2xbf16>, tensor<2x2xbf16>
}

// CHECK-LABEL: func @different
func.func @different() -> (tensor<2x2xbf16>, tensor<4xbf16>, tensor<2x2xf16>, tensor<2x2xbf16>) {
  // CHECK-NOT: uwt.weight
  %last_bit = arith.constant dense<[[0x0201, 0x0403], [0x0605, 0x0806]]> : tensor<2x2xbf16>
  %shape = arith.constant dense<[0x0201, 0x0403, 0x0605, 0x0807]> : tensor<4xbf16>
  %type = arith.constant dense<[[0x0201, 0x0403], [0x0605, 0x0807]]> : tensor<2x2xf16>
  %splat = arith.constant dense<0x0201> : tensor<2x2xbf16>
  return %last_bit, %shape, %type, %splat : tensor<2x2xbf16>, tensor<4xbf16>, tensor<2x2xf16>, tensor<2x2xbf16>
}

{-#
  dialect_resources: {
    builtin: {
      any_name: "0x040000000102030405060708"
    }
  }
#-}
