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

// Flags that let code generators round otherwise go.
// CHECK-LABEL: func.func @sum_of_products
// CHECK-NEXT: arith.mulf %{{.*}}, %{{.*}} : f32
// CHECK-NEXT: arith.addf %{{.*}}, %{{.*}} : f32
func.func @sum_of_products(%x: f32, %y: f32) -> f32 {
  %0 = arith.mulf %x, %y fastmath<fast> : f32
  %1 = arith.addf %0, %y fastmath<contract> : f32
  return %1 : f32
}

// CHECK-LABEL: func.func @narrow_fma
// CHECK: %[[F:.*]] = math.fma %{{.*}}, %{{.*}}, %{{.*}} : vector<16xf32>
// CHECK-NEXT: arith.truncf %[[F]] : vector<16xf32> to vector<16xbf16>
func.func @narrow_fma(%x: vector<16xbf16>) -> vector<16xbf16> {
  %0 = math.fma %x, %x, %x : vector<16xbf16>
  return %0 : vector<16xbf16>
}

// An integer that f32 may not hold is rounded to bf16 once; one that it holds needs no f64.
// CHECK-LABEL: func.func @integers
// CHECK: arith.uitofp %{{.*}} : i32 to f64
// CHECK: arith.ori
// CHECK: arith.truncf %{{.*}} : f32 to bf16
// CHECK: %[[F:.*]] = arith.sitofp %{{.*}} : i16 to f32
// CHECK: arith.truncf %[[F]] : f32 to bf16
func.func @integers(%x: i32, %y: i16) -> (bf16, bf16) {
  %0 = arith.uitofp %x : i32 to f32
  %1 = arith.truncf %0 : f32 to bf16
  %2 = arith.sitofp %y : i16 to f32
  %3 = arith.truncf %2 : f32 to bf16
  return %1, %3 : bf16, bf16
}

// CHECK-LABEL: func.func @classes
// CHECK-NOT: math.is
// CHECK: arith.cmpf uno
// CHECK: arith.cmpf oeq
// CHECK: arith.cmpf olt
func.func @classes(%x: f32) -> (i1, i1, i1) {
  %0 = math.isnan %x : f32
  %1 = math.isinf %x : f32
  %2 = math.isfinite %x : f32
  return %0, %1, %2 : i1, i1, i1
}

// What has no polynomials in f32.
// CHECK-LABEL: func.func @by_way_of_f64
// CHECK-NOT: math.{{(exp2|log10|cbrt|sinh|cosh|asinh|acosh|atanh|atan2|powf|round|sincos)}} %
// CHECK-NOT: arith.remf
// CHECK: return
func.func @by_way_of_f64(%x: f32, %y: f32) -> f32 {
  %0 = math.exp2 %x : f32
  %1 = math.log10 %0 : f32
  %2 = math.cbrt %1 : f32
  %3 = math.sinh %2 : f32
  %4 = math.cosh %3 : f32
  %5 = math.asinh %4 : f32
  %6 = math.acosh %5 : f32
  %7 = math.atanh %6 : f32
  %8 = math.atan2 %7, %y : f32
  %9 = math.powf %8, %y : f32
  %10 = math.round %9 : f32
  %11, %12 = math.sincos %10 : f32
  %13 = arith.remf %11, %12 : f32
  return %13 : f32
}

// What processors round correctly is all that is left of functions of f64.
// CHECK-LABEL: func.func @in_pairs
// CHECK-NOT: math.{{(exp|log|erf|tanh|sin|cos|tan|a|cbrt|pow|fpow|rsqrt)[^b]}}
// CHECK-NOT: arith.remf
// CHECK: return
func.func @in_pairs(%x: vector<2xf64>, %n: vector<2xi32>) -> vector<2xf64> {
  %0 = math.exp %x : vector<2xf64>
  %1 = math.exp2 %0 : vector<2xf64>
  %2 = math.expm1 %1 : vector<2xf64>
  %3 = math.log %2 : vector<2xf64>
  %4 = math.log2 %3 : vector<2xf64>
  %5 = math.log10 %4 : vector<2xf64>
  %6 = math.log1p %5 : vector<2xf64>
  %7 = math.erf %6 : vector<2xf64>
  %8 = math.erfc %7 : vector<2xf64>
  %9 = math.tanh %8 : vector<2xf64>
  %10 = math.sin %9 : vector<2xf64>
  %11 = math.cos %10 : vector<2xf64>
  %12 = math.tan %11 : vector<2xf64>
  %13 = math.sinh %12 : vector<2xf64>
  %14 = math.cosh %13 : vector<2xf64>
  %15 = math.asin %14 : vector<2xf64>
  %16 = math.acos %15 : vector<2xf64>
  %17 = math.atan %16 : vector<2xf64>
  %18 = math.asinh %17 : vector<2xf64>
  %19 = math.acosh %18 : vector<2xf64>
  %20 = math.atanh %19 : vector<2xf64>
  %21 = math.cbrt %20 : vector<2xf64>
  %22 = math.rsqrt %21 : vector<2xf64>
  %23 = math.powf %22, %x : vector<2xf64>
  %24 = math.fpowi %23, %n : vector<2xf64>, vector<2xi32>
  %25 = math.atan2 %24, %x : vector<2xf64>
  %26 = arith.remf %25, %x : vector<2xf64>
  %27, %28 = math.sincos %26 : vector<2xf64>
  %29 = arith.addf %27, %28 : vector<2xf64>
  return %29 : vector<2xf64>
}
