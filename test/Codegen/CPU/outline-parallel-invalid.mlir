// RUN: uwt-opt %s -uwt-outline-parallel --verify-diagnostics

func.func @results(%x: tensor<8xf32>, %e: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{'scf.forall' op has results: bufferize it before uwt-outline-parallel}}
  %y = scf.forall (%i) in (8) shared_outs(%o = %e) -> (tensor<8xf32>) {
    %s = tensor.extract_slice %x[%i] [1] [1] : tensor<8xf32> to tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[%i] [1] [1] : tensor<1xf32> into tensor<8xf32>
    }
  }
  return %y : tensor<8xf32>
}
