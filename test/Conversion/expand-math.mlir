// RUN: uwt-opt %s -pass-pipeline='builtin.module(func.func(uwt-expand-math))' | FileCheck %s

// CHECK-LABEL: func.func @rsqrt
// CHECK: %[[S:.*]] = math.sqrt %{{.*}} : vector<16xf32>
// CHECK: arith.divf %{{.*}}, %[[S]] : vector<16xf32>
func.func @rsqrt(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.rsqrt %x : vector<16xf32>
  return %y : vector<16xf32>
}

// CHECK-LABEL: func.func @functions
// CHECK-NOT: math.{{exp|erf|tanh|log|sin|cos|tan}}
// CHECK: return
func.func @functions(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  %1 = math.erf %0 : vector<16xf32>
  %2 = math.tanh %1 : vector<16xf32>
  %3 = math.log %2 : vector<16xf32>
  %4 = math.sin %3 : vector<16xf32>
  %5 = math.cos %4 : vector<16xf32>
  %6 = math.tan %5 : vector<16xf32>
  return %6 : vector<16xf32>
}

// What a mean of squares is written with.
// CHECK-LABEL: func.func @square
// CHECK: arith.mulf %[[X:.*]], %[[X]] : vector<16xf32>
func.func @square(%x: vector<16xf32>) -> vector<16xf32> {
  %two = arith.constant dense<2.0> : vector<16xf32>
  %y = math.powf %x, %two : vector<16xf32>
  return %y : vector<16xf32>
}

// Upstream's emulation allows the two conversions to fold away, which would drop a rounding.
// CHECK-LABEL: func.func @rounding
// CHECK: %[[N:.*]] = arith.truncf %{{.*}} : f32 to bf16
// CHECK: arith.extf %[[N]] : bf16 to f32
func.func @rounding(%x: f32) -> f32 {
  %0 = arith.truncf %x fastmath<contract> : f32 to bf16
  %1 = arith.extf %0 fastmath<contract> : bf16 to f32
  return %1 : f32
}

// From f64 to bf16 there is one rounding: what f32 cannot hold is kept as its lowest bit.
// CHECK-LABEL: func.func @narrow
// CHECK: %[[NEAR:.*]] = arith.truncf %{{.*}} : f64 to f32
// CHECK: arith.bitcast %[[NEAR]] : f32 to i32
// CHECK: arith.ori
// CHECK: arith.truncf %{{.*}} : f32 to bf16
func.func @narrow(%x: f64) -> bf16 {
  %0 = arith.truncf %x : f64 to bf16
  return %0 : bf16
}

// CHECK-LABEL: func.func @wide
// CHECK: %[[W:.*]] = arith.extf %{{.*}} : bf16 to f32
// CHECK: arith.extf %[[W]] : f32 to f64
func.func @wide(%x: bf16) -> f64 {
  %0 = arith.extf %x : bf16 to f64
  return %0 : f64
}
