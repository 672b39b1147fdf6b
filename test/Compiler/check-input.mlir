// RUN: uwt-opt %s -uwt-check-input -split-input-file -verify-diagnostics | FileCheck %s

// Attributes that a later pass could read are dropped; what they stand at stays.
// CHECK: func.func @taken(%{{.*}}: tensor<?x4xf32>, %{{.*}}: i64) -> tensor<?x4xf32> {
func.func @taken(%x: tensor<?x4xf32> {bufferization.writable = true}, %n: i64) -> tensor<?x4xf32>
    attributes {passthrough = ["naked"]} {
  %c = arith.constant 1 : index
  %0 = affine.apply affine_map<(d0) -> (d0 * 4 + 3)> (%c)
  return %x : tensor<?x4xf32>
}

// -----

func.func @call_of_a_pointer(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'llvm.inline_asm' op can reach more than the module's tensors: modules are held to linalg, tensor, arith, math, scf, cf, func, tosa, tm_tensor, shape and ml_program (trust-ir takes it, and makes the module as trusted as a program)}}
  llvm.inline_asm has_side_effects "ud2", "" : () -> ()
  return %a : tensor<4xf32>
}

// -----

// expected-error @+1 {{'func.func' op has argument 0 of type 'memref<4xf32>', which is not a ranked tensor, float or integer of 1 to 64 bits: modules are held to tensors (trust-ir takes more)}}
func.func @memory(%a: memref<4xf32>) {
  return
}

// -----

func.func @wide(%a: tensor<4xi64>) -> tensor<4xi64> {
  // expected-error @+1 {{'arith.constant' op gives a value of type 'i65', which is not a ranked tensor, float or integer of 1 to 64 bits}}
  %0 = arith.constant 1 : i65
  return %a : tensor<4xi64>
}

// -----

// expected-error @+1 {{has argument 0 of type 'tensor<1099511627776x256xf32>', which is larger than any memory}}
func.func @large(%a: tensor<1099511627776x256xf32>) -> tensor<1099511627776x256xf32> {
  return %a : tensor<1099511627776x256xf32>
}

// -----

// expected-error @+1 {{'f' has no body: a module is compiled by itself, and calls no functions of the process (trust-ir takes them)}}
func.func private @f()

// -----

// expected-error @+1 {{has a name that the runtime or the C library has: call it something else}}
func.func @uwt_release(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}

// -----

// expected-error @+1 {{has a name that the runtime or the C library has: call it something else}}
func.func private @malloc(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}

// -----

func.func private @even(%a: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @odd(%a) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func @odd(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'func.call' op leads back to its own function: functions that call themselves are not compiled}}
  %0 = call @even(%a) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// Callers of a public function give an image.
// CHECK: func.func @public_weight(
func.func @public_weight(%w: !uwt.compressed<64x64xbf16, "raw">) -> tensor<64x64xbf16> {
  %0 = uwt.decode %w : !uwt.compressed<64x64xbf16, "raw"> -> tensor<64x64xbf16>
  return %0 : tensor<64x64xbf16>
}

// -----

// CHECK: func.func private @private_weight(
func.func private @private_weight(%w: !uwt.compressed<64x64xbf16, "raw">) -> tensor<64x64xbf16> {
  %0 = uwt.decode %w : !uwt.compressed<64x64xbf16, "raw"> -> tensor<64x64xbf16>
  return %0 : tensor<64x64xbf16>
}

// -----

// What torch-mlir writes of two dynamic dimensions that become one.
func.func @collapsed_sizes(%a: index, %b: index) -> index {
  %0 = affine.apply affine_map<()[s0, s1] -> (s0 * s1 + 1)>()[%a, %b]
  return %0 : index
}

// -----

func.func @symbols(%n: index) -> index {
  // expected-error @+1 {{'affine.apply' op divides by a symbol: write it with arith}}
  %0 = affine.apply affine_map<(d0)[s0] -> (d0 floordiv s0)> (%n)[%n]
  return %0 : index
}

// -----

func.func @resource() -> tensor<4xf32> {
  // expected-error @+1 {{'arith.constant' op has resource 'short' of 8 bytes for 'tensor<4xf32>', expected 16}}
  %0 = arith.constant dense_resource<short> : tensor<4xf32>
  return %0 : tensor<4xf32>
}
{-#
  dialect_resources: {
    builtin: {
      short: "0x040000000000803F00000040"
    }
  }
#-}
