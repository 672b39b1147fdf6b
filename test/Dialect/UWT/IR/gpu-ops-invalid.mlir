// RUN: uwt-opt %s --verify-diagnostics --split-input-file

func.func @no_planes(%lane: index) {
  // expected-error @below {{'uwt.decode_fragment' op expects raw, code, or both}}
  %a:4 = uwt.decode_fragment #uwt.format<"raw"> of bf16 lane %lane
  return
}

// -----

func.func @wide(%ring: memref<64xi64>, %lane: index) {
  // expected-error @below {{'uwt.decode_fragment' op expects code to hold i32, got 'memref<64xi64>'}}
  %a:4 = uwt.decode_fragment #uwt.format<"raw"> of bf16 lane %lane code %ring[%lane] code memref<64xi64>
  return
}

// -----

#global = #gpu.address_space<global>
!barriers = !nvgpu.mbarrier.group<memorySpace = #gpu.address_space<workgroup>>
func.func @spaces(%a: memref<?xi32, #global>, %b: memref<8xi32>, %full: !barriers, %i: index) {
  // expected-error @below {{'uwt.bulk_copy' op expects a source in global and a target in workgroup memory, got 'memref<?xi32, #gpu.address_space<global>>' and 'memref<8xi32>'}}
  uwt.bulk_copy %a[%i], %b[%i], %i, %full[%i] : memref<?xi32, #global>, memref<8xi32>, !barriers
  return
}

// -----

#global = #gpu.address_space<global>
#shared = #gpu.address_space<workgroup>
func.func @types(%a: memref<?xi32, #global>, %b: memref<8xi16, #shared>, %i: index) {
  // expected-error @below {{'uwt.bulk_copy' op expects one-dimensional buffers of one element type, got 'memref<?xi32, #gpu.address_space<global>>' and 'memref<8xi16, #gpu.address_space<workgroup>>'}}
  uwt.bulk_copy %a[%i], %b[%i], %i, %i[%i] : memref<?xi32, #global>, memref<8xi16, #shared>, index
  return
}

// -----

#global = #gpu.address_space<global>
#shared = #gpu.address_space<workgroup>
func.func @barriers(%a: memref<?xi32, #global>, %b: memref<8xi32, #shared>, %i: index) {
  // expected-error @below {{'uwt.bulk_copy' op expects a group of mbarriers, got 'index'}}
  uwt.bulk_copy %a[%i], %b[%i], %i, %i[%i] : memref<?xi32, #global>, memref<8xi32, #shared>, index
  return
}

// -----

#shared = #gpu.address_space<workgroup>
func.func @element(%r: vector<4xi32>, %s: vector<2x2xf32>, %b: memref<8xi32, #shared>, %i: index) {
  // expected-error @below {{'uwt.warpgroup_mma' op expects elements of type bf16 or f16, got 'i8'}}
  %a = uwt.warpgroup_mma i8 (%r, %r, %r, %r), %b[%i] leading 128 stride 256 block_stride 512 accumulators (%s) : memref<8xi32, #shared>
  return
}

// -----

func.func @place(%r: vector<4xi32>, %s: vector<2x2xf32>, %b: memref<8xi32>, %i: index) {
  // expected-error @below {{'uwt.warpgroup_mma' op expects a one-dimensional buffer in workgroup memory, got 'memref<8xi32>'}}
  %a = uwt.warpgroup_mma f16 (%r, %r, %r, %r), %b[%i] leading 128 stride 256 block_stride 512 accumulators (%s) : memref<8xi32>
  return
}

// -----

#shared = #gpu.address_space<workgroup>
func.func @offset(%r: vector<4xi32>, %s: vector<2x2xf32>, %b: memref<8xi32, #shared>, %i: index) {
  // expected-error @below {{'uwt.warpgroup_mma' op expects stride to be a multiple of 16 from 0 to 262128, got 264}}
  %a = uwt.warpgroup_mma f16 (%r, %r, %r, %r), %b[%i] leading 128 stride 264 block_stride 512 accumulators (%s) : memref<8xi32, #shared>
  return
}

// -----

#shared = #gpu.address_space<workgroup>
func.func @swizzle(%r: vector<4xi32>, %s: vector<2x2xf32>, %b: memref<8xi32, #shared>, %i: index) {
  // expected-error @below {{'uwt.warpgroup_mma' op expects a swizzle of 0, 32, 64 or 128 bytes, got 16}}
  %a = uwt.warpgroup_mma f16 (%r, %r, %r, %r), %b[%i] leading 128 stride 256 block_stride 512 swizzle 16 accumulators (%s) : memref<8xi32, #shared>
  return
}

// -----

#shared = #gpu.address_space<workgroup>
func.func @accumulators(%r: vector<4xi32>, %b: memref<8xi32, #shared>, %i: index) {
  // expected-error @below {{'uwt.warpgroup_mma' op expects accumulators of 1 to 32 tiles of 8 columns, got 0}}
  uwt.warpgroup_mma f16 (%r, %r, %r, %r), %b[%i] leading 128 stride 256 block_stride 512 accumulators () : memref<8xi32, #shared>
  return
}

// -----

#shared = #gpu.address_space<workgroup>
func.func @bytes_tiles(%r: vector<4xi32>, %s: vector<2x2xi32>, %b: memref<8xi32, #shared>, %i: index) {
  // expected-error @below {{'uwt.warpgroup_mma_bytes' op expects as many accumulators as results, 2, or none, got 1}}
  %a:2 = uwt.warpgroup_mma_bytes (%r, %r), %b[%i] leading 128 stride 256 block_stride 512 accumulators (%s) : memref<8xi32, #shared> -> vector<2x2xi32>, vector<2x2xi32>
  return
}

// -----

#shared = #gpu.address_space<workgroup>
func.func @bytes_columns(%r: vector<4xi32>, %b: memref<8xi32, #shared>, %i: index) {
  // expected-error @below {{'uwt.warpgroup_mma_bytes' op expects up to 4 tiles of 8 columns or an even number of them, got 5}}
  %a:5 = uwt.warpgroup_mma_bytes (%r, %r), %b[%i] leading 128 stride 256 block_stride 512 : memref<8xi32, #shared> -> vector<2x2xi32>, vector<2x2xi32>, vector<2x2xi32>, vector<2x2xi32>, vector<2x2xi32>
  return
}

// -----

#shared = #gpu.address_space<workgroup>
func.func @bytes_none(%r: vector<4xi32>, %b: memref<8xi32, #shared>, %i: index) {
  // expected-error @below {{'uwt.warpgroup_mma_bytes' op expects accumulators of 1 to 32 tiles of 8 columns, got 0}}
  "uwt.warpgroup_mma_bytes"(%r, %r, %b, %i) {leading = 128, stride = 256, block_stride = 512} : (vector<4xi32>, vector<4xi32>, memref<8xi32, #shared>, index) -> ()
  return
}

// -----

func.func @bytes_place(%r: vector<4xi32>, %b: memref<8xi32>, %i: index) {
  // expected-error @below {{'uwt.warpgroup_mma_bytes' op expects a one-dimensional buffer in workgroup memory, got 'memref<8xi32>'}}
  %a = uwt.warpgroup_mma_bytes (%r, %r), %b[%i] leading 128 stride 256 block_stride 512 : memref<8xi32> -> vector<2x2xi32>
  return
}

// -----

func.func @pending() {
  // expected-error @below {{'uwt.warpgroup_wait' op expects 0 to 7 groups under way, got 8}}
  uwt.warpgroup_wait 8
  return
}

// -----

func.func @arrive_at_nothing(%i: index) {
  // expected-error @below {{'uwt.remote_arrive' op expects a group of mbarriers, got 'index'}}
  uwt.remote_arrive %i[%i] of %i : index
  return
}

// -----

func.func @expect_at_nothing(%i: index) {
  // expected-error @below {{'uwt.expect_bytes' op expects a group of mbarriers, got 'index'}}
  uwt.expect_bytes %i[%i], %i : index
  return
}

// -----

func.func @async_arrive_at_nothing(%i: index) {
  // expected-error @below {{'uwt.async_arrive' op expects a group of mbarriers, got 'index'}}
  uwt.async_arrive %i[%i] : index
  return
}

// -----

func.func @shared_counters(%counters: memref<4xi32, #gpu.address_space<workgroup>>, %i: index, %one: i32) {
  // expected-error @below {{'uwt.atomic_add' op expects one-dimensional counters of i32 in global memory, got 'memref<4xi32, #gpu.address_space<workgroup>>'}}
  %before = uwt.atomic_add %one to %counters[%i] : memref<4xi32, #gpu.address_space<workgroup>>
  return
}
