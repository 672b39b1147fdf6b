// RUN: uwt-opt %s -uwt-lower-input -split-input-file -verify-diagnostics

module {
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
  module @nested {
    // expected-error @+1 {{'func.func' op 'f' is in more than one module: modules in a module are taken as one, so names have to differ}}
    func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
      return %x : tensor<4xf32>
    }
  }
}

// -----

ml_program.global private mutable @seed(dense<7> : tensor<i64>) : tensor<i64>
func.func @store(%x: tensor<i64>) {
  // expected-error @+1 {{'ml_program.global_store' op keeps a value from call to call, which programs do not: make it an argument and a result (for the seed of a dropout, export the model in eval mode)}}
  ml_program.global_store @seed = %x : tensor<i64>
  return
}

// -----

ml_program.global private mutable @unknown : tensor<i64>
func.func @load() -> tensor<i64> {
  // expected-error @+1 {{'ml_program.global_load' op loads @unknown, which has no initial value of that type: give it one, or make it an argument of the function}}
  %0 = ml_program.global_load @unknown : tensor<i64>
  return %0 : tensor<i64>
}

// -----

func.func @custom(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{failed to legalize operation 'tosa.custom'}}
  %0 = tosa.custom %x {operator_name = "f", domain_name = "d", implementation_attrs = ""} : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @downward(%x: tensor<4xf64>) -> tensor<4xf32> {
  // expected-error @+1 {{'arith.truncf' op rounds downward: programs round to_nearest_even only}}
  %0 = arith.truncf %x downward : tensor<4xf64> to tensor<4xf32>
  return %0 : tensor<4xf32>
}
