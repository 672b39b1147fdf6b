// RUN: uwt-opt %s | uwt-opt | FileCheck %s
// RUN: uwt-opt %s --emit-bytecode | uwt-opt | FileCheck %s

#global = #gpu.address_space<global>
#shared = #gpu.address_space<workgroup>
!barriers = !nvgpu.mbarrier.group<memorySpace = #gpu.address_space<workgroup>, num_barriers = 4>

// CHECK-LABEL: func @fragments
//  CHECK-SAME:   (%[[RING:.*]]: memref<8192xi32, {{.*}}>, %[[AT:.*]]: index, %[[LANE:.*]]: index, %[[BASE:.*]]: i32)
func.func @fragments(%ring: memref<8192xi32, #shared>, %at: index, %lane: index, %base: i32) {
  // CHECK: uwt.decode_fragment #uwt.format<"inplace<12>"> of bf16 lane %[[LANE]] code %[[RING]][%[[AT]]] table(%[[BASE]]) code memref<8192xi32, {{.*}}>
  %a:4 = uwt.decode_fragment #uwt.format<"inplace<12>"> of bf16 lane %lane code %ring[%at] table (%base) code memref<8192xi32, #shared>
  // CHECK: uwt.decode_fragment #uwt.format<"inplace<12>"> of bf16 lane %[[LANE]] raw %[[RING]][%[[AT]]] as_words : memref<8192xi32, {{.*}}>
  %b:4 = uwt.decode_fragment #uwt.format<"inplace<12>"> of bf16 lane %lane raw %ring[%at] as_words : memref<8192xi32, #shared>
  // CHECK: uwt.decode_fragment #uwt.format<"window<4>"> of f16 lane %[[LANE]] raw %[[RING]][%[[AT]]] code %[[RING]][%[[AT]]] table(%[[BASE]]) : memref<8192xi32, {{.*}}> code memref<8192xi32, {{.*}}>
  %c:4 = uwt.decode_fragment #uwt.format<"window<4>"> of f16 lane %lane raw %ring[%at] code %ring[%at] table (%base) : memref<8192xi32, #shared> code memref<8192xi32, #shared>
  return
}

// CHECK-LABEL: func @copies
func.func @copies(%plane: memref<?xi32, #global>, %ring: memref<8192xi32, #shared>, %full: !barriers, %i: index) {
  // CHECK: uwt.bulk_copy %{{.*}}[%[[I:.*]]], %{{.*}}[%[[I]]], %[[I]], %{{.*}}[%[[I]]] evict_first : memref<?xi32, {{.*}}>, memref<8192xi32, {{.*}}>, !nvgpu.mbarrier.group<{{.*}}>
  uwt.bulk_copy %plane[%i], %ring[%i], %i, %full[%i] evict_first : memref<?xi32, #global>, memref<8192xi32, #shared>, !barriers
  // CHECK: uwt.bulk_copy %{{.*}}[%[[I]]], %{{.*}}[%[[I]]], %[[I]], %{{.*}}[%[[I]]] : memref
  uwt.bulk_copy %plane[%i], %ring[%i], %i, %full[%i] : memref<?xi32, #global>, memref<8192xi32, #shared>, !barriers
  // CHECK: %[[MASK:.*]] = arith.constant 3 : i16
  %both = arith.constant 3 : i16
  // CHECK: uwt.bulk_copy %{{.*}}[%[[I]]], %{{.*}}[%[[I]]], %[[I]], %{{.*}}[%[[I]]] multicast %[[MASK]] evict_first : memref
  uwt.bulk_copy %plane[%i], %ring[%i], %i, %full[%i] multicast %both evict_first : memref<?xi32, #global>, memref<8192xi32, #shared>, !barriers
  // CHECK: uwt.remote_arrive %{{.*}}[%[[I]]] of %[[I]] : !nvgpu.mbarrier.group<{{.*}}>
  uwt.remote_arrive %full[%i] of %i : !barriers
  // CHECK: uwt.grid_dependency_wait
  uwt.grid_dependency_wait
  // CHECK: uwt.launch_dependents
  uwt.launch_dependents
  return
}

// CHECK-LABEL: func @warpgroup
//  CHECK-SAME:   (%[[R:.*]]: vector<4xi32>, %[[S:.*]]: vector<2x2xf32>, %[[RING:.*]]: memref<8192xi32, {{.*}}>, %[[AT:.*]]: index)
func.func @warpgroup(%r: vector<4xi32>, %s: vector<2x2xf32>, %ring: memref<8192xi32, #shared>, %at: index) {
  // CHECK: %[[NEXT:.*]]:2 = uwt.warpgroup_mma bf16(%[[R]], %[[R]], %[[R]], %[[R]]), %[[RING]][%[[AT]]] leading 128 stride 256 block_stride 512 accumulators(%[[S]], %[[S]]) : memref<8192xi32, {{.*}}>
  %a:2 = uwt.warpgroup_mma bf16 (%r, %r, %r, %r), %ring[%at] leading 128 stride 256 block_stride 512 accumulators (%s, %s) : memref<8192xi32, #shared>
  // CHECK: uwt.warpgroup_mma f16(%[[R]], %[[R]], %[[R]], %[[R]]), %[[RING]][%[[AT]]] leading 0 stride 1024 block_stride 32 swizzle 128 accumulators(%[[NEXT]]#0) : memref<8192xi32, {{.*}}>
  %b = uwt.warpgroup_mma f16 (%r, %r, %r, %r), %ring[%at] leading 0 stride 1024 block_stride 32 swizzle 128 accumulators (%a#0) : memref<8192xi32, #shared>
  // CHECK: uwt.warpgroup_wait 1{{$}}
  uwt.warpgroup_wait 1
  // CHECK: uwt.warpgroup_wait 0 accumulators(%[[NEXT]]#1 : vector<2x2xf32>)
  %c = uwt.warpgroup_wait 0 accumulators (%a#1 : vector<2x2xf32>)
  return
}

// CHECK-LABEL: func @warpgroup_bytes
//  CHECK-SAME:   (%[[R:.*]]: vector<4xi32>, %[[RING:.*]]: memref<8192xi32, {{.*}}>, %[[AT:.*]]: index)
func.func @warpgroup_bytes(%r: vector<4xi32>, %ring: memref<8192xi32, #shared>, %at: index) -> vector<2x2xi32> {
  // CHECK: %[[NEW:.*]]:2 = uwt.warpgroup_mma_bytes(%[[R]], %[[R]]), %[[RING]][%[[AT]]] leading 128 stride 256 block_stride 512 : memref<8192xi32, {{.*}}> -> vector<2x2xi32>, vector<2x2xi32>
  %a:2 = uwt.warpgroup_mma_bytes (%r, %r), %ring[%at] leading 128 stride 256 block_stride 512 : memref<8192xi32, #shared> -> vector<2x2xi32>, vector<2x2xi32>
  // CHECK: %[[NEXT:.*]] = uwt.warpgroup_mma_bytes(%[[R]], %[[R]]), %[[RING]][%[[AT]]] leading 128 stride 256 block_stride 512 accumulators(%[[NEW]]#1) : memref<8192xi32, {{.*}}> -> vector<2x2xi32>
  %b = uwt.warpgroup_mma_bytes (%r, %r), %ring[%at] leading 128 stride 256 block_stride 512 accumulators (%a#1) : memref<8192xi32, #shared> -> vector<2x2xi32>
  // CHECK: uwt.warpgroup_wait 0 accumulators(%[[NEXT]] : vector<2x2xi32>)
  %c = uwt.warpgroup_wait 0 accumulators (%b : vector<2x2xi32>)
  return %c : vector<2x2xi32>
}

// CHECK-LABEL: func.func @announcements
//  CHECK-SAME:   (%[[FULL:.*]]: !nvgpu.mbarrier.group<{{.*}}>, %[[COUNTERS:.*]]: memref<?xi32, {{.*}}>, %[[AT:.*]]: index, %[[ONE:.*]]: i32)
func.func @announcements(%full: !barriers, %counters: memref<?xi32, #gpu.address_space<global>>, %at: index, %one: i32) -> i32 {
  // CHECK: uwt.expect_bytes %[[FULL]][%[[AT]]], %[[AT]] : !nvgpu.mbarrier.group<{{.*}}>
  uwt.expect_bytes %full[%at], %at : !barriers
  // CHECK: uwt.async_arrive %[[FULL]][%[[AT]]] : !nvgpu.mbarrier.group<{{.*}}>
  uwt.async_arrive %full[%at] : !barriers
  // CHECK: uwt.atomic_add %[[ONE]] to %[[COUNTERS]][%[[AT]]] : memref<?xi32, {{.*}}>
  %before = uwt.atomic_add %one to %counters[%at] : memref<?xi32, #gpu.address_space<global>>
  return %before : i32
}
