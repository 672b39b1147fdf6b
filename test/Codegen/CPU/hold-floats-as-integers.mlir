// RUN: uwt-opt %s -uwt-hold-floats-as-integers | FileCheck %s

// CHECK: memref.global "private" constant @table : memref<2xi16> = dense<[16256, 16384]>
memref.global "private" constant @table : memref<2xbf16> = dense<[1.0, 2.0]>

// CHECK-LABEL: func.func @load(%{{.*}}: memref<64xi16>, %{{.*}}: index) -> vector<16xi16>
// CHECK: %[[V:.*]] = vector.load %{{.*}} : memref<64xi16>, vector<16xi16>
// CHECK-NEXT: return %[[V]]
func.func @load(%m: memref<64xbf16>, %i: index) -> vector<16xi16> {
  %v = vector.load %m[%i] : memref<64xbf16>, vector<16xbf16>
  %b = arith.bitcast %v : vector<16xbf16> to vector<16xi16>
  return %b : vector<16xi16>
}

// CHECK-LABEL: func.func @constant() -> i16
// CHECK: arith.constant 16256 : i16
func.func @constant() -> bf16 {
  %one = arith.constant 1.0 : bf16
  return %one : bf16
}

// CHECK-LABEL: func.func @widen
// CHECK: %[[V:.*]] = memref.load %{{.*}} : memref<4xi16>
// CHECK: %[[H:.*]] = arith.bitcast %[[V]] : i16 to f16
// CHECK: arith.extf %[[H]] : f16 to f32
func.func @widen(%m: memref<4xf16>, %i: index) -> f32 {
  %v = memref.load %m[%i] : memref<4xf16>
  %w = arith.extf %v : f16 to f32
  return %w : f32
}
