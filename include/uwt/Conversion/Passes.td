//===- Passes.td - Passes from linalg to a CPU's LLVM -------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONVERSION_PASSES
#define UWT_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def LowerInputPass : Pass<"uwt-lower-input", "::mlir::ModuleOp"> {
  let summary = "Bring what front ends write to linalg, tensor, scf and arith";
  let description = [{
    - Modules in the module become part of it; their names have to differ.
    - `tosa` and `shape` go through upstream's conversions, arithmetic on tensors through `convert-elementwise-to-linalg`.
    - `tm_tensor` (torch-mlir's cumulative sums, scatters, sorts, attention), `tensor.gather` and `tensor.scatter` become linalg and loops.
    - Globals of `ml_program` become constants: a store to one is an error, since programs keep nothing from call to call.
    - Numbers that public functions take and give become tensors of rank 0.
    - Constants of one number, from 1 MiB on, become fills.
    - `math.isnormal` becomes comparisons, since a subnormal number of a narrow type is a normal one of a wider type.

    What has no lowering is an error at its place.

    ```mlir
    // before
    func.func @main(%x: tensor<8x4xf32>, %n: i64) -> tensor<2x4xf32> {
      %y = tensor.gather %x[%rows] gather_dims([0]) : (tensor<8x4xf32>, tensor<2x1xindex>) -> tensor<2x4xf32>
    // after
    func.func @main(%x: tensor<8x4xf32>, %arg1: tensor<i64>) -> tensor<2x4xf32> {
      %n = tensor.extract %arg1[] : tensor<i64>
      %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<2x4xf32>) { … }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
}

def DefineResultsPass : Pass<"uwt-define-results"> {
  let summary = "Give results to operations that would have none";
  let description = [{
    Conversions of floats beyond an integer type give its nearest number, and those of NaN zero. Shifts by the width or more give zeros, or for
    `arith.shrsi` the sign. Promises that a result would be undefined without (`overflow<nsw>`, `exact`, `nnan`, `ninf`) are dropped, `ub.poison` is zero,
    and so is a `tensor.empty` where it is read before it is written.

    LLVM takes undefined values for a promise that a branch is never reached, the branches of `uwt-insert-checks` included.

    ```mlir
    // before
    %n = arith.shli %a, %b : i32
    // after
    %least = arith.minui %b, %c31 : i32
    %shifted = arith.shli %a, %least : i32
    %n = arith.select %isWhole, %c0, %shifted : i32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect"];
}

def InsertChecksPass : Pass<"uwt-insert-checks"> {
  let summary = "Check sizes and indices that only a call knows";
  let description = [{
    Puts `uwt.check` in front of operations on tensors whose operands may not fit: sizes that a `tensor.cast` states, that the operands of a `linalg`
    operation share, or that a map reads beyond; indices of `tensor.extract` and `tensor.insert`, slices, reshapes, padding; negative sizes; integer
    divisions by zero. What types and constants decide takes no check. Compiled code with these checks reads and writes inside of its tensors,
    whatever the sizes and contents of its inputs are.

    To be run before anything relies on sizes to agree. The cost is in `docs/embedding.md`.

    ```mlir
    // before
    %y = tensor.cast %x : tensor<?x?x64xf32> to tensor<?x1x64xf32>
    // after
    %size = tensor.dim %x, %c1 : tensor<?x?x64xf32>
    %0 = arith.cmpi eq, %size, %c1 : index
    uwt.check %0, "m.mlir:3:8: tensor.cast: size 1 is {0}, expected {1}" (%size, %c1)
    %y = tensor.cast %x : tensor<?x?x64xf32> to tensor<?x1x64xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::uwt::UWTDialect"
  ];
}

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
    Generalises named `linalg` operations on tensors (not `linalg.fill`), folds reshapes and results that nobody uses, and fuses elementwise
    producers into their consumers. A producer that only moves or widens data (transpose, broadcast, `extf`) goes into every consumer, contractions included. Any
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

def ExpandMathPass : Pass<"uwt-expand-math"> {
  let summary = "Write math functions as arithmetic that has the same bits everywhere";
  let description = [{
    Replaces `math` operations on f32 and vectors of it by arithmetic with a fixed order of operations, so that CPUs and GPUs give the same bits:

    - `exp`, `log`, `tanh` and what else models use often, by upstream's polynomials with `math.fma`; `erf`, `sin`, `cos` and `tan` by ours;
    - powers, roots, logarithms to other bases, hyperbolic functions, arc tangents and `arith.remf` in f64, from one exponential, logarithm or arc tangent;
    - `rsqrt` by a square root and a division, `round`, `isnan`, `isinf` and `isfinite` of any float by comparisons.

    `docs/numerics.md` has the errors. Types narrower than f32 must have been widened before (`math-extend-to-supported-types`), but for `math.fma`. Conversions between f64 or integers
    and narrow floats go through f32 and round once. Fast-math flags go: code generators would each use them otherwise. f64 functions without an expansion stay and become calls of the C library.

    ```mlir
    // before
    %y = math.rsqrt %x : vector<16xf32>
    // after
    %s = math.sqrt %x : vector<16xf32>
    %y = arith.divf %one, %s : vector<16xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"
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
    places) become calls of one private function that is not inlined, so that the layers of a model are compiled once. One without an equal stays
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
    `uwt.matmul` on memrefs becomes upstream loops around tile operations, as its strategy says (without one: `direct` for batches of one and two, else
    `buffer`). `x` is repacked once into vectors that meet the stored order; then a task a panel of 64 output features
    decodes and multiplies, adds lanes in a fixed tree, and runs the epilogue on vectors of 16 output features.

    An output's additions have the same order for every strategy, batch, number of threads and format (`docs/numerics.md`).

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
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def EmitDecodersPass : Pass<"uwt-emit-decoders"> {
  let summary = "Replace decodes of units by lane code";
  let description = [{
    `uwt.decode_unit`, `uwt.decode_stream` and `uwt.patch_unit` are replaced by what the emitter of the format's codec writes. Registers come in the order in which memory
    is read best; operations without effects that use one move behind it, so that it does not wait.

    ```mlir
    // before
    %r:32 = uwt.decode_unit %w[%first, %code] : !uwt.compressed<64x64xbf16, "inplace<12>"> -> vector<16xi32>, ...
    // after
    %plane = uwt.plane code of %w : !uwt.compressed<64x64xbf16, "inplace<12>"> -> memref<?xi32>
    %0 = vector.load %plane[%code] : memref<?xi32>, vector<16xi32>
    %1 = arith.andi %0, %mask : vector<16xi32>
    %2 = arith.addi %1, %base : vector<16xi32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def LowerLaneOpsPass : Pass<"uwt-lower-lane-ops"> {
  let summary = "Lower dot products and lookups to what the target has";
  let description = [{
    `uwt.dot` becomes the target's bf16 dot product (`fast` numerics), else two multiply-adds on widened halves, the high half first. `uwt.lookup`
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
    `uwt.plane`, and `uwt.weight` with a memref result, become loads of pointers from the external table `uwt_weights` (`uwt/Runtime/Abi.h`), by the slot that
    `uwt-assign-slots` gave. Weights and constants that nobody uses then go. Private functions that take compressed weights take pointers to their
    places in the table instead.

    ```mlir
    // before
    %w = uwt.weight "w" {slot = 1 : i64} : !uwt.compressed<64x64xbf16, "raw">
    %p = uwt.plane words of %w : !uwt.compressed<64x64xbf16, "raw"> -> memref<?xi32>
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

#endif // UWT_CONVERSION_PASSES
