// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_80 print}))' -o /dev/null | FileCheck %s --check-prefixes=CHECK,SM80
// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s --check-prefixes=CHECK,SM90

// Tiles of 8 rows of 16 bytes in the lanes of a warp. None of our kernels reads them so; kernels
// of embedders may.

// SM80: .target sm_80
// SM90: .target sm_90a
// CHECK: ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r{{[0-9]+}}}, [%r
// CHECK: ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16
// CHECK: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK: ldmatrix.sync.aligned.m8n8.x2.shared.b16

#global = #gpu.address_space<global>
#workgroup = #gpu.address_space<workgroup>
gpu.module @kernels {
  gpu.func @tiles(%out: memref<?xf16, #global>, %out2: memref<?xbf16, #global>, %out3: memref<?xf32, #global>, %out4: memref<?xi8, #global>) kernel {
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %shared = gpu.dynamic_shared_memory : memref<?xi8, #workgroup>
    %h = memref.view %shared[%c0][] : memref<?xi8, #workgroup> to memref<32x8xf16, #workgroup>
    %b = memref.view %shared[%c0][] : memref<?xi8, #workgroup> to memref<32x8xbf16, #workgroup>
    %f = memref.view %shared[%c0][] : memref<?xi8, #workgroup> to memref<32x4xf32, #workgroup>
    %i = memref.view %shared[%c0][] : memref<?xi8, #workgroup> to memref<32x16xi8, #workgroup>
    %lane = gpu.lane_id
    %mine = arith.muli %lane, %c8 : index
    %m0 = nvgpu.ldmatrix %h[%lane, %c0] {numTiles = 1 : i32, transpose = false} : memref<32x8xf16, #workgroup> -> vector<1x2xf16>
    %v0 = vector.shape_cast %m0 : vector<1x2xf16> to vector<2xf16>
    vector.store %v0, %out[%mine] : memref<?xf16, #global>, vector<2xf16>
    %m1 = nvgpu.ldmatrix %h[%lane, %c0] {numTiles = 2 : i32, transpose = true} : memref<32x8xf16, #workgroup> -> vector<2x2xf16>
    %v1 = vector.shape_cast %m1 : vector<2x2xf16> to vector<4xf16>
    vector.store %v1, %out[%mine] : memref<?xf16, #global>, vector<4xf16>
    %m2 = nvgpu.ldmatrix %b[%lane, %c0] {numTiles = 4 : i32, transpose = true} : memref<32x8xbf16, #workgroup> -> vector<4x2xbf16>
    %v2 = vector.shape_cast %m2 : vector<4x2xbf16> to vector<8xbf16>
    vector.store %v2, %out2[%mine] : memref<?xbf16, #global>, vector<8xbf16>
    %m3 = nvgpu.ldmatrix %f[%lane, %c0] {numTiles = 4 : i32, transpose = false} : memref<32x4xf32, #workgroup> -> vector<4x1xf32>
    %v3 = vector.shape_cast %m3 : vector<4x1xf32> to vector<4xf32>
    vector.store %v3, %out3[%mine] : memref<?xf32, #global>, vector<4xf32>
    %m4 = nvgpu.ldmatrix %i[%lane, %c0] {numTiles = 2 : i32, transpose = false} : memref<32x16xi8, #workgroup> -> vector<2x4xi8>
    %v4 = vector.shape_cast %m4 : vector<2x4xi8> to vector<8xi8>
    vector.store %v4, %out4[%mine] : memref<?xi8, #global>, vector<8xi8>
    gpu.return
  }
}
