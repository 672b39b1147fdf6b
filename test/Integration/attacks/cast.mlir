// As torch-mlir writes a linear layer on two dynamic dimensions.
func.func @main(%x: tensor<?x?x4xf32>) -> tensor<?x1x4xf32> {
  %0 = tensor.cast %x : tensor<?x?x4xf32> to tensor<?x1x4xf32>
  %1 = linalg.copy ins(%0 : tensor<?x1x4xf32>) outs(%0 : tensor<?x1x4xf32>) -> tensor<?x1x4xf32>
  return %1 : tensor<?x1x4xf32>
}
