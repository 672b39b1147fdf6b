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
