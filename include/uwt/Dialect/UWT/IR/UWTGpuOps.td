//===- UWTGpuOps.td - What kernels for GPUs need beside upstream -*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels are written with upstream's dialects (gpu, nvgpu, nvvm, scf, memref, vector, arith). These operations say on memrefs
// what upstream says on pointers or not at all, so that the emulator knows what they touch.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_GPU_OPS
#define UWT_GPU_OPS

include "uwt/Dialect/UWT/IR/UWTTileOps.td"

def UWT_Fragment : Type<VectorOfLengthAndType<[4], [I32]>.predicate, "vector<4xi32>", "::mlir::VectorType">,
    BuildableType<"::mlir::VectorType::get({4}, $_builder.getI32Type())">;

def UWT_DecodeFragmentOp : UWT_Op<"decode_fragment", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "decodes a thread's part of a fixed unit";
  let description = [{
    A warp decodes a unit (a strip × 64 columns) of a fixed-rate format together: thread `lane` (0…31) gets its eight words of each of the four
    blocks along K. Result r holds operand register r of `mma.m16n8k16`'s A for blocks 0…3. `raw` and `code` are where the unit's planes lie
    (`raw` holds plane `words` for codec `raw`, and with `as_words`), `table` the words of the decode table. Escapes are not applied.

    ```mlir
    %r:4 = uwt.decode_fragment #uwt.format<"inplace<12>"> of bf16 lane %lane code %ring[%at] table (%base)
        : memref<8192xi32, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins UWT_FormatAttr:$format, TypeAttr:$element, Index:$lane,
                       Optional<AnyStridedMemRef>:$raw, Optional<Index>:$first,
                       Optional<AnyStridedMemRef>:$code, Optional<Index>:$codeFirst,
                       Variadic<I32>:$table, UnitAttr:$as_words);
  let results = (outs UWT_Fragment:$r0, UWT_Fragment:$r1, UWT_Fragment:$r2, UWT_Fragment:$r3);
  let assemblyFormat = [{
    qualified($format) `of` $element `lane` $lane (`raw` $raw^ `[` $first `]`)? (`code` $code^ `[` $codeFirst `]`)?
    (`table` `(` $table^ `)`)? (`as_words` $as_words^)? attr-dict (`:` type($raw)^)? (`code` type($code)^)?
  }];
  let hasVerifier = 1;
}

def UWT_BulkCopyOp : UWT_Op<"bulk_copy", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "asynchronous copy of one run of bytes from global to shared memory";
  let description = [{
    Issued by one thread. Copies `bytes` bytes (a multiple of 16, not 0) from element `from` of `source` to element `to` of `target`, both at
    multiples of 16 bytes, and completes as many bytes of transaction on mbarrier `number` of the group. Until then nobody may touch the target. `evict_first`: the bytes are read
    once, the second-level cache need not keep them.

    ```mlir
    uwt.bulk_copy %plane[%at], %ring[%stage], %bytes, %full[%s] evict_first : memref<?xi32, #gpu.address_space<global>>,
        memref<8192xi32, #gpu.address_space<workgroup>>, !nvgpu.mbarrier.group<memorySpace = #gpu.address_space<workgroup>, num_barriers = 4>
    ```
  }];
  let arguments = (ins AnyStridedMemRef:$source, Index:$from, AnyStridedMemRef:$target, Index:$to, Index:$bytes,
                       AnyType:$barriers, Index:$number, UnitAttr:$evict_first);
  let assemblyFormat = [{
    $source `[` $from `]` `,` $target `[` $to `]` `,` $bytes `,` $barriers `[` $number `]` (`evict_first` $evict_first^)? attr-dict
    `:` type($source) `,` type($target) `,` type($barriers)
  }];
  let hasVerifier = 1;
}

def UWT_GridDependencyWaitOp : UWT_Op<"grid_dependency_wait"> {
  let summary = "waits for the kernel before this one";
  let description = [{
    Where a kernel is launched while the one before it still runs (programmatic dependent launch): waits until that has ended and what it wrote is
    visible. Elsewhere, and on targets without dependent launch, nothing.

    ```mlir
    uwt.grid_dependency_wait
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def UWT_LaunchDependentsOp : UWT_Op<"launch_dependents"> {
  let summary = "lets the next kernel start";
  let description = [{
    Once all workgroups have come here or ended, a dependent kernel may start; it sees what this one writes only after
    `uwt.grid_dependency_wait`.

    ```mlir
    uwt.launch_dependents
    ```
  }];
  let assemblyFormat = "attr-dict";
}

#endif // UWT_GPU_OPS
