func.func @main(%a: tensor<4xf32>) -> tensor<4xf32> {
  %address = llvm.mlir.constant(4096 : i64) : i64
  %0 = llvm.inttoptr %address : i64 to !llvm.ptr
  %1 = llvm.load %0 : !llvm.ptr -> f32
  %r = tensor.splat %1 : tensor<4xf32>
  return %r : tensor<4xf32>
}
