//===- Passes.td - Passes from linalg to a CPU's LLVM ------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_CPU_PASSES
#define UWT_CODEGEN_CPU_PASSES

include "mlir/Pass/PassBase.td"

def LowerChecksPass : Pass<"uwt-lower-checks", "::mlir::ModuleOp"> {
  let summary = "Branch on checks, to a call of the runtime";
  let description = [{
    `uwt.check` and `cf.assert` become a branch to a block that calls `uwt_fail` (`uwt/Runtime/Abi.h`), which does not return. For functions
    whose control flow is blocks and branches.

    ```mlir
    // before
    uwt.check %0, "size {0} is odd" (%size)
    // after
      cf.cond_br %0, ^bb1, ^bb2
    ^bb2:
      %text = llvm.mlir.addressof @uwt_text_0 : !llvm.ptr
      llvm.call @uwt_fail(%text, %length, %one, %value, %zero) : (!llvm.ptr, i64, i64, i64, i64) -> ()
      llvm.unreachable
    ^bb1:
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect", "::mlir::LLVM::LLVMDialect"
  ];
}

def LowerAllocationsPass : Pass<"uwt-lower-allocations", "::mlir::ModuleOp"> {
  let summary = "Take memory from the runtime, with sizes that are checked";
  let description = [{
    `memref.alloc` becomes a call of `uwt_allocate`, `memref.dealloc` one of `uwt_release` (`uwt/Runtime/Abi.h`). Dynamic sizes are multiplied by
    `uwt_multiply_size`: the call fails where one is negative or the bytes wrap. The runtime's memory is aligned to 64 bytes, whatever the
    operation asks for up to that.

    ```mlir
    // before
    %m = memref.alloc(%n) : memref<?x4xf32>
    // after
    %bytes = llvm.call @uwt_multiply_size(%c16, %n) : (i64, i64) -> i64
    %pointer = llvm.call @uwt_allocate(%bytes) : (i64) -> !llvm.ptr
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect"
  ];
}

def FuseElementwisePass : Pass<"uwt-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Fuse elementwise linalg operations without recomputing what is dear";
  let description = [{
    Generalises named `linalg` operations on tensors (not `linalg.fill`), folds dimensions of size 1, reshapes and results that nobody uses, and fuses
    elementwise producers into their consumers. A producer that only moves or widens data (transpose, broadcast, `extf`) goes into every consumer, contractions included. Any
    other producer goes only where each of its elements is computed once: it has one user, and that user reads it with all of its loops.

    Scalar operations keep their order and types, so every rounding that the IR states (`truncf` then `extf`) stays.

    ```mlir
    // before
    %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%x : tensor<8xf32>) outs(%e : tensor<8xbf16>) { truncf } -> tensor<8xbf16>
    %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%a : tensor<8xbf16>) outs(%f : tensor<8xf32>) { extf } -> tensor<8xf32>
    // after
    %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%x : tensor<8xf32>) outs(%f : tensor<8xf32>) { truncf, extf } -> tensor<8xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def TileRowsPass : Pass<"uwt-tile-rows", "::mlir::func::FuncOp"> {
  let summary = "Group linalg operations into parallel loops over rows";
  let description = [{
    From the last `linalg` operation of a block backwards: an operation becomes an `scf.forall` over tiles of its outer parallel
    dimensions, and each producer of which no other operation needs a part moves into the loop. What is between them is then a tile,
    which stays in a cache (a softmax, a layer norm, an attention head become one loop). Reduction dimensions and the innermost
    parallel dimension are not cut, except that a one-dimensional operation is cut into long pieces; so results do not depend on the tiles.

    A group with less work than `min-work` is left alone.

    ```mlir
    // before
    %s = linalg.generic {sum of rows} ins(%x : tensor<64x512xf32>) outs(%z : tensor<64xf32>) -> tensor<64xf32>
    %y = linalg.generic {divide} ins(%x, %s) outs(%e) -> tensor<64x512xf32>
    // after
    %y = scf.forall (%i) in (64) shared_outs(%o = %e) -> (tensor<64x512xf32>) {
      %s = linalg.generic {sum of rows} ins(%xi : tensor<1x512xf32>) outs(%zi : tensor<1xf32>) -> tensor<1xf32>
      %y = linalg.generic {divide} ins(%xi, %s) outs(%oi) -> tensor<1x512xf32>
      scf.forall.in_parallel { tensor.parallel_insert_slice %y into %o[%i, 0] [1, 512] [1, 1] }
    }
    ```
  }];
  let options = [
    Option<"minWork", "min-work", "int64_t", /*default=*/"65536",
           "Scalar operations below which a group stays out of a parallel loop">,
    Option<"tileWork", "tile-work", "int64_t", /*default=*/"8192",
           "Scalar operations that an iteration of a parallel loop has at least, where there are so many">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def ProtectArgumentsPass : Pass<"uwt-protect-arguments", "::mlir::func::FuncOp"> {
  let summary = "Keep bufferization from writing into the callers' tensors";
  let description = [{
    Marks tensor arguments of public functions `bufferization.writable = false`, unless the module says otherwise: compiled
    code then copies an argument before it changes it, instead of working in the caller's memory.

    ```mlir
    // before
    func.func @f(%x: tensor<8xf32>)
    // after
    func.func @f(%x: tensor<8xf32> {bufferization.writable = false})
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
}

def VectorizeLinalgPass : Pass<"uwt-vectorize-linalg", "::mlir::func::FuncOp"> {
  let summary = "Turn linalg on memrefs into loops over vectors of 16 elements";
  let description = [{
    Writes each `linalg` operation (and `memref.copy`) on memrefs as `scf.for` loops over `vector<16x…>`, whatever the target's registers
    hold: LLVM splits the vectors, and the order of sums is the same on every machine. One dimension is the vector's: the one along which most operands are
    contiguous. The rest of it that is no multiple of 16 is done with a mask; operands that are strided are read and written an element at a time.

    Along a reduction dimension, lane `i mod 16` sums element `i`; at the end lanes `i` and `i + 8` are added, then 4, 2 and 1 apart, and last what the
    output held. Sums of types narrower than f32 are kept in f32 and rounded once. Along any other dimension sums run in the order of the loops.

    An operation whose body holds anything but elementwise arithmetic becomes scalar loops.

    ```mlir
    // before
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%x : memref<64xf32>) outs(%y : memref<64xf32>) { negf }
    // after
    scf.for %i = %c0 to %c64 step %c16 {
      %v = vector.load %x[%i] : memref<64xf32>, vector<16xf32>
      %n = arith.negf %v : vector<16xf32>
      vector.store %n, %y[%i] : memref<64xf32>, vector<16xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def HoistBuffersPass : Pass<"uwt-hoist-buffers", "::mlir::func::FuncOp"> {
  let summary = "Take buffers that parallel loops name, not make, out of the loops";
  let description = [{
    Moves operations without effects whose result is a memref (views, addresses of constants, planes of a weight) and whose operands come from
    outside in front of the outermost parallel loop, also from inside conditionals, where loop-invariant code motion leaves them. What remains in the
    loops of equal layers is then equal, and `uwt-outline-parallel` shares it.

    ```mlir
    // before
    scf.forall (%i) in (8) {
      scf.if %rare { %g = memref.get_global @table : memref<8xi32> … }
    }
    // after
    %g = memref.get_global @table : memref<8xi32>
    scf.forall (%i) in (8) {
      scf.if %rare { … }
    }
    ```
  }];
}

def ExpandDynamicShapesPass : Pass<"uwt-expand-dynamic-shapes"> {
  let summary = "Compute the strides of views that have two dynamic sizes for one";
  let description = [{
    `memref.expand_shape` becomes `memref.reinterpret_cast` where a dimension is expanded into a group with more than one dynamic size, which upstream's
    `expand-strided-metadata` does not take. All others are left to that pass. That the sizes multiply to what they are made of has been checked
    (`uwt-insert-checks`).

    ```mlir
    // before
    %y = memref.expand_shape %x [[0, 1], [2]] output_shape [%m, %n, 64] : memref<?x64xf32> into memref<?x?x64xf32>
    // after
    %base, %offset, %sizes:2, %strides:2 = memref.extract_strided_metadata %x : memref<?x64xf32> -> memref<f32>, index, index, index, index, index
    %stride = arith.muli %strides#0, %n : index
    %y = memref.reinterpret_cast %base to offset: [0], sizes: [%m, %n, 64], strides: [%stride, 64, 1] : memref<f32> to memref<?x?x64xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def HoldFloatsAsIntegersPass : Pass<"uwt-hold-floats-as-integers", "::mlir::ModuleOp"> {
  let summary = "Load, store and move bf16 and f16 as 16-bit integers";
  let description = [{
    Targets without the types widen their values to f32 to move them about, with calls of a library and with NaNs that lose
    bits. So memory and values of bf16 and f16 become i16; operations that need the float types (`arith.extf` of f16, dot products of a target) get
    bitcasts. Arithmetic on bf16 has to be expanded before (`arith-emulate-unsupported-floats`, `arith-expand`).

    ```mlir
    // before
    %v = vector.load %m[%i] : memref<64xbf16>, vector<16xbf16>
    %b = arith.bitcast %v : vector<16xbf16> to vector<16xi16>
    // after
    %b = vector.load %m[%i] : memref<64xi16>, vector<16xi16>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def OutlineParallelPass : Pass<"uwt-outline-parallel", "::mlir::ModuleOp"> {
  let summary = "Turn parallel loops into functions that the runtime calls";
  let description = [{
    Each outermost `scf.forall` or `scf.parallel` on memrefs becomes a private function over a range of its iterations and a call to
    `uwt_parallel_for` (`uwt/Runtime/Abi.h`); what the loop uses from outside goes through a struct on the caller's stack. Loops in such loops become sequential.
    Equal functions are shared, so that the layers of a model are compiled once. Stack buffers move to the entry of their function.

    ```mlir
    // before
    scf.forall (%i) in (8) { memref.store %v, %m[%i] : memref<8xf32> }
    // after
    func.func private @main_parallel_0(%context: !llvm.ptr, %begin: i64, %end: i64) {…}
    call @uwt_parallel_for(%body, %context, %c8) : (!llvm.ptr, !llvm.ptr, i64) -> ()
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"
  ];
  let statistics = [
    Statistic<"numOutlined", "outlined loops", "Number of parallel loops">,
    Statistic<"numShared", "shared functions", "Number of loops that use an earlier loop's function">,
  ];
}

def OutlineRepeatedPass : Pass<"uwt-outline-repeated", "::mlir::ModuleOp"> {
  let summary = "Turn loops, conditions and products that do the same into calls of one function";
  let description = [{
    Operations with regions in a function's outermost block that are equal but for what they use from outside (values of the same types, in the same
    positions) become calls of one private function that is not inlined, so that the layers of a model are compiled once. One without an equal stays
    where it is. Run on buffers before products become loops, it spares all later passes the layers that are equal; weights are then arguments.

    ```mlir
    // before
    scf.for %i = %c0 to %c8 step %c1 { memref.store %v, %a[%i] : memref<8xf32> }
    scf.for %i = %c0 to %c8 step %c1 { memref.store %w, %b[%i] : memref<8xf32> }
    // after
    func.func private @main_part(%v: f32, %a: memref<8xf32>) {…}
    call @main_part(%v, %a) : (f32, memref<8xf32>) -> ()
    call @main_part(%w, %b) : (f32, memref<8xf32>) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
  let statistics = [
    Statistic<"numFunctions", "functions", "Number of functions that were made">,
    Statistic<"numCalls", "calls", "Number of operations that became calls">,
  ];
}

def TileMatmulPass : Pass<"uwt-tile-matmul"> {
  let summary = "Lower products on buffers to loops over panels";
  let description = [{
    `uwt.matmul` on memrefs becomes upstream loops around tile operations, as its strategy says (without one: `direct` for an m of one and two, else
    `buffer`). Strategy `tiles` makes operations of the dialect `amx`, which `uwt-lower-tiles` lowers, and its tasks are a slice of m each, of several panels where x is large. `x` is repacked once into vectors that meet the stored order; then a task a panel of 64 output features
    decodes and multiplies, adds lanes in a fixed tree, and runs the epilogue on vectors of 16 output features. With strategy `buffer` and a fixed rate a slice of m of a panel is a task, 128 rows of x (64 by integers): up to eight panels meet a slice one after another before they meet the next one.

    An output's additions have the same order for every strategy but `tiles`, m, number of threads and format (`docs/numerics.md`).

    With `arithmetic #uwt.integer<8>` x is rounded to integers, a scale a row, and repacked as bytes; a task takes `tile_m` rows of x at a time through its panel: `uwt.decode_integers`, `uwt.dot_integer`, exact sums of a group, which are then
    multiplied with the numbers that `uwt.decode_numbers` reads. Strategy `tiles` stores the bytes of a unit as tiles for operations of the dialect `amx`, and has the same sums. A call fails where a panel is held as words.

    A product with a selection has the panels of the selected matrices as tasks. `uwt.gather` becomes a task a row, which decodes the units
    that hold it. Numbers of matrices and rows are checked before anything is read.

    ```mlir
    // before
    uwt.matmul ins(%x, %w : memref<1x128xbf16>, !uwt.compressed<64x128xbf16, "raw">) outs(%y : memref<1x64xf32>) {...}
    // after
    %prepared = memref.alloc() {alignment = 64 : i64} : memref<64xi32>
    scf.forall (%panel) in (1) {
      scf.for %group = %c0 to %c2 step %c1 {
        %words:32 = uwt.decode_unit %w[%first, %code] as_words : !uwt.compressed<64x128xbf16, "raw"> -> vector<16xi32>, ...
        %sum = uwt.dot %words#0, %before, %x0 {element = bf16} : vector<16xi32>
        ...
    ```
  }];
  let dependentDialects = [
    "::mlir::amx::AMXDialect", "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def LowerTilesPass : Pass<"uwt-lower-tiles"> {
  let summary = "Lower operations on tile registers to the target's, or to vectors";
  let description = [{
    Operations of the dialect `amx` on tiles of bf16, f16, f32 and integers, also tiles that loops carry. For a target with AMX they become LLVM's intrinsics, from which its code
    generator allocates tile registers and configures them, once a function. For targets `amx-vectors` and `amx-fp16-vectors` they become loops over vectors on tiles in memory, with the
    same bits (`docs/numerics.md`): what AMX computes can then be tested where it is not. Any other target has no tiles, and `amx` no products of f16, which is an error.

    ```mlir
    // before
    %s = amx.tile_mulf %w, %x, %acc : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
    // after, for #uwt.target<"amx">
    %s = llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"(%rows, %bytes, %depth, %acc, %w, %x) : (i16, i16, i16, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx) -> !llvm.x86_amx
    ```
  }];
  let dependentDialects = [
    "::mlir::amx::AMXDialect", "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def LowerLaneOpsPass : Pass<"uwt-lower-lane-ops"> {
  let summary = "Lower dot products and lookups to what the target has";
  let description = [{
    `uwt.dot` becomes the target's bf16 dot product (`fast` numerics), else two multiply-adds on widened halves, the high half first. `uwt.dot_integer` becomes the target's
    products of bytes (`vpdpbusd`, `vpmaddubsw`), else products of i32: the same sums. `uwt.lookup`
    becomes a permute of words with AVX-512, else a gather. The target is the attribute `uwt.target` of an operation around.

    ```mlir
    // before
    %s = uwt.dot %w, %acc, %x {element = bf16} : vector<16xi32>
    // after, for #uwt.target<"avx512bf16">
    %s = llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%acc, %w0, %x0) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::vector::VectorDialect"
  ];
}

def WeightsToLLVMPass : Pass<"uwt-weights-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Read the buffers of weights from the runtime's table";
  let description = [{
    `uwt.buffer`, and `uwt.weight` with a memref result, become loads of pointers from the external table `uwt_weights` (`uwt/Runtime/Abi.h`), by the slot that
    `uwt-assign-slots` gave. Weights and constants that nobody uses then go. Private functions that take compressed weights take pointers to their
    entries in the table instead.

    ```mlir
    // before
    %w = uwt.weight "w" {slot = 1 : i64} : !uwt.compressed<64x64xbf16, "raw">
    %p = uwt.buffer words of %w : !uwt.compressed<64x64xbf16, "raw"> -> memref<?xi32>
    // after
    %table = llvm.mlir.addressof @uwt_weights : !llvm.ptr
    %at = llvm.getelementptr %table[13] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %pointer = llvm.load %at invariant : !llvm.ptr -> !llvm.ptr
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect"];
}

def CheckBufferizablePass : Pass<"uwt-check-bufferizable"> {
  let summary = "Refuse operations on tensors that have no lowering to memory";
  let description = [{
    To be run before bufferization: an error at an operation that one-shot bufferization does not know.
  }];
}

def CheckLoweredPass : Pass<"uwt-check-lowered", "::mlir::ModuleOp"> {
  let summary = "Refuse operations that are left of lowering to LLVM";
  let description = [{
    To be run last: an error at the first operation that is not of the LLVM dialect, casts between types aside.
  }];
}

#endif // UWT_CODEGEN_CPU_PASSES
