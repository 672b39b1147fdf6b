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

#ifndef UWT_DIALECT_UWT_IR_UWTGPUOPS
#define UWT_DIALECT_UWT_IR_UWTGPUOPS

include "uwt/Dialect/UWT/IR/UWTLaunchOps.td"
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
    Of a weight whose cells pick tables, `tables` is the decode table in memory, 16 numbers a table.
    Of a unit of several groups `raw` and `code` are where the group's part begins; of a quantised weight, which has no raw fields, `raw` is where the unit
    does, whose numbers stand behind its codes.

    With `exponent_bytes` a thread before has decoded the symbols: `code` holds those of the unit as bytes, in the order of a field of 8 bits (plane-1), each
    rotated right by one: so bits 6:0 are those of the word's upper byte, and bit 7 is that of its lower byte. For formats whose symbols and raw fields are bytes (bf16, `coded=exponent+0`).

    ```mlir
    %r:4 = uwt.decode_fragment #uwt.format<"inplace<12>"> of bf16 lane %lane code %ring[%at] table (%base)
        : memref<8192xi32, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins UWT_FormatAttr:$format, TypeAttr:$element, Index:$lane,
                       Optional<AnyStridedMemRef>:$raw, Optional<Index>:$first,
                       Optional<AnyStridedMemRef>:$code, Optional<Index>:$codeFirst,
                       Variadic<I32>:$table, Optional<AnyStridedMemRef>:$tables, UnitAttr:$as_words, UnitAttr:$exponent_bytes);
  let results = (outs UWT_Fragment:$r0, UWT_Fragment:$r1, UWT_Fragment:$r2, UWT_Fragment:$r3);
  let assemblyFormat = [{
    qualified($format) `of` $element `lane` $lane (`raw` $raw^ `[` $first `]`)? (`code` $code^ `[` $codeFirst `]`)?
    (`table` `(` $table^ `)`)? (`tables` $tables^)? (`as_words` $as_words^)? (`exponent_bytes` $exponent_bytes^)? attr-dict (`:` type($raw)^)? (`code` type($code)^)?
    (`tables` type($tables)^)?
  }];
  let hasVerifier = 1;
}

def UWT_DecodeFragmentIntegersOp : UWT_Op<"decode_fragment_integers", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "decodes a thread's part of 64 columns of a quantised weight into bytes that are integers";
  let description = [{
    A warp decodes a strip × 64 columns together, whose codes begin at `first` of `code`: thread `lane` (0…31) gets the four registers of A of two `mma.m16n8k32` of `s8`, of which
    the first one takes blocks 0 and 1, the other one blocks 2 and 3. What a byte stands for says `signedIntegerCodes`, which column it has `integerCodes` (`uwt/Codec/IntegerCodes.h`):
    of 4-bit codes register 2b + h of row t has u32 4t + 2i + b of a row of the strip, h the row's upper half, i the product; of 8-bit codes u32 8b + 2t + i.

    ```mlir
    %a:2 = uwt.decode_fragment_integers #uwt.format<"uint<4>, zero=8, scale={1x128, f16}"> of bf16 lane %lane code %ring[%at] : memref<8192xi32, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins UWT_FormatAttr:$format, TypeAttr:$element, Index:$lane, AnyStridedMemRef:$code, Index:$first);
  let results = (outs UWT_Fragment:$low, UWT_Fragment:$high);
  let assemblyFormat = "qualified($format) `of` $element `lane` $lane `code` $code `[` $first `]` attr-dict `:` type($code)";
  let hasVerifier = 1;
}

def UWT_DecodeFragmentNumbersOp : UWT_Op<"decode_fragment_numbers", [AttrSizedResultSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "reads a thread's scales and zero points of a unit of a quantised weight";
  let description = [{
    Of each cell of a row of the unit that begins at `first` of `code` two numbers, of rows ⌊lane / 4⌋ and ⌊lane / 4⌋ + 8 of the strip: what differences are multiplied with (of two grids their
    product or quotient, times the factor, each rounded; times 2^-shift where `signedIntegerCodes` says so), and, where the format has a grid of zero points that are codes, these.

    ```mlir
    %s:2 = uwt.decode_fragment_numbers #uwt.format<"uint<4>, zero=8, scale={1x128, f16}"> of bf16 lane %lane code %ring[%unit] : memref<8192xi32, #gpu.address_space<workgroup>> -> (f32, f32)
    ```
  }];
  let arguments = (ins UWT_FormatAttr:$format, TypeAttr:$element, Index:$lane, AnyStridedMemRef:$code, Index:$first);
  let results = (outs Variadic<F32>:$scales, Variadic<I32>:$zeros);
  let assemblyFormat = [{
    qualified($format) `of` $element `lane` $lane `code` $code `[` $first `]` attr-dict `:` type($code) `->` `(` type($scales) `)` (`zeros` `(` type($zeros)^ `)`)?
  }];
  let hasVerifier = 1;
}

def UWT_DecodeStreamFragmentOp : UWT_Op<"decode_stream_fragment", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "decodes a thread's part of 64 columns of a stream unit";
  let description = [{
    A warp decodes a strip × 64 columns of a variable rate together. The results are those of `uwt.decode_fragment` and where the stream goes on. Of a prefix code thread
    `lane` (0…31) has its own lane stream, and escapes are not applied; of a numeral system four threads have a lane of the unit together, and all of the warp have to be here.

    `raw` and `first` are the unit of plane `raw`; without them the raw fields of the results are 0. `stream` holds u32 of plane `code` from element `base` on, of which number `last` is the last one that may
    be read: whatever a stream's bits are, nothing behind it is. `state` is what the thread knows of its stream. Of a prefix code: the two u32 that it is in, a number whose bits 4:0 say how
    many bits of the lower one are taken, and the number of the u32 after those. Of a numeral system: the lane's state, the number of the next u16, the lane's rows that are left, and the columns
    (`ans_state` in uwt/Codegen/Decode/Emission.h). `table` holds the decode table (uwt/Codec/DecodeTable.h); the classes of rows g and g + 8 of the thread begin at the two u32
    `classes`. Of the four blocks only the first `blocks` exist, if that is given: the others become 0, and nothing is taken for them.

    ```mlir
    %r:4, %state:4 = uwt.decode_stream_fragment #uwt.format<"huffman<12,2>"> of bf16 lane %lane raw %raw[%unit] stream %code[%begin] upto %last
        state (%low, %high, %taken, %next) table %table[%zero, %zero]
        : memref<?xi32, #gpu.address_space<global>>, memref<4096xi32, #gpu.address_space<workgroup>> raw memref<?xi32, #gpu.address_space<global>>
    ```
  }];
  let arguments = (ins UWT_FormatAttr:$format, TypeAttr:$element, Index:$lane, Optional<AnyStridedMemRef>:$raw, Optional<Index>:$first,
                       AnyStridedMemRef:$stream, Index:$base, I32:$last, Variadic<I32>:$state,
                       AnyStridedMemRef:$table, Variadic<I32>:$classes, Optional<I32>:$blocks);
  let results = (outs UWT_Fragment:$r0, UWT_Fragment:$r1, UWT_Fragment:$r2, UWT_Fragment:$r3, I32:$low, I32:$high, I32:$taken, I32:$next);
  let assemblyFormat = [{
    qualified($format) `of` $element `lane` $lane (`raw` $raw^ `[` $first `]`)? `stream` $stream `[` $base `]` `upto` $last
    `state` `(` $state `)` `table` $table `[` $classes `]` (`blocks` $blocks^)? attr-dict `:` type($stream) `,` type($table) (`raw` type($raw)^)?
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

    With `multicast` the bytes arrive in several CTAs of the cluster: in each whose rank is a bit of the mask, at the same offset of its shared memory and on the
    same mbarrier of its own. So whoever issues it must know that all of them expect the bytes.

    ```mlir
    uwt.bulk_copy %plane[%at], %ring[%stage], %bytes, %full[%s] evict_first : memref<?xi32, #gpu.address_space<global>>,
        memref<8192xi32, #gpu.address_space<workgroup>>, !nvgpu.mbarrier.group<memorySpace = #gpu.address_space<workgroup>, num_barriers = 4>
    ```
  }];
  let arguments = (ins AnyStridedMemRef:$source, Index:$from, AnyStridedMemRef:$target, Index:$to, Index:$bytes,
                       AnyType:$barriers, Index:$number, Optional<I16>:$multicast, UnitAttr:$evict_first);
  let assemblyFormat = [{
    $source `[` $from `]` `,` $target `[` $to `]` `,` $bytes `,` $barriers `[` $number `]` (`multicast` $multicast^)?
    (`evict_first` $evict_first^)? attr-dict
    `:` type($source) `,` type($target) `,` type($barriers)
  }];
  let hasVerifier = 1;
}

def UWT_RemoteArriveOp : UWT_Op<"remote_arrive", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "arrives at an mbarrier of another CTA of the cluster";
  let description = [{
    Each thread arrives once at mbarrier `number` of the group as CTA `rank` of the cluster has it (which may be its own). Who waits for that phase there may
    overwrite what the thread has read before: that has ended. What the thread has written is not handed over. (A release with the scope of the
    cluster would do that too, and takes a fence of all memory; CUTLASS hands stages back in the same way, `ClusterBarrier::arrive`.)

    ```mlir
    uwt.remote_arrive %empty[%stage] of %rank : !nvgpu.mbarrier.group<memorySpace = #gpu.address_space<workgroup>, num_barriers = 4>
    ```
  }];
  let arguments = (ins AnyType:$barriers, Index:$number, Index:$rank);
  let assemblyFormat = "$barriers `[` $number `]` `of` $rank attr-dict `:` type($barriers)";
  let hasVerifier = 1;
}

def UWT_ExpectBytesOp : UWT_Op<"expect_bytes", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "announces bytes that bulk copies bring, without arriving";
  let description = [{
    Each thread adds `bytes` to the tx-count of the current phase of mbarrier `number` of the group. An arrival of the same phase must still be pending, and come
    after: so a stage can be announced in parts, the last of them with the arrival.

    ```mlir
    uwt.expect_bytes %full[%stage], %bytes : !nvgpu.mbarrier.group<memorySpace = #gpu.address_space<workgroup>, num_barriers = 4>
    ```
  }];
  let arguments = (ins AnyType:$barriers, Index:$number, Index:$bytes);
  let assemblyFormat = "$barriers `[` $number `]` `,` $bytes attr-dict `:` type($barriers)";
  let hasVerifier = 1;
}

def UWT_AsyncArriveOp : UWT_Op<"async_arrive", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "arrives at an mbarrier once a thread's copies have landed";
  let description = [{
    All lanes of a warp come here. Each arrives at mbarrier `number` of the group when its asynchronous copies (`nvgpu.device_async_copy`) before this have
    landed; nobody waits here. The count of the mbarrier includes these arrivals (`.noinc`). Who waits for the phase sees what was copied.

    ```mlir
    uwt.async_arrive %full[%stage] : !nvgpu.mbarrier.group<memorySpace = #gpu.address_space<workgroup>, num_barriers = 4>
    ```
  }];
  let arguments = (ins AnyType:$barriers, Index:$number);
  let assemblyFormat = "$barriers `[` $number `]` attr-dict `:` type($barriers)";
  let hasVerifier = 1;
}

def UWT_AtomicAddOp : UWT_Op<"atomic_add", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "adds to a counter by which CTAs hand data over";
  let description = [{
    Adds `value` to element `at` of `counters` and results in what was there before, as one operation that releases what the thread wrote and acquires what
    those wrote who added before it, in the whole GPU (`atom.acq_rel.gpu`). Other lanes take part only through barriers of their warp: one before it for what they wrote,
    one after it for what they read. (Of `memref.atomic_rmw` NVPTX makes a relaxed atomic, which orders nothing.)

    ```mlir
    %before = uwt.atomic_add %one to %counters[%at] : memref<?xi32, #gpu.address_space<global>>
    ```
  }];
  let arguments = (ins I32:$value, AnyStridedMemRef:$counters, Index:$at);
  let results = (outs I32:$before);
  let assemblyFormat = "$value `to` $counters `[` $at `]` attr-dict `:` type($counters)";
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
    Once all CTAs have come here or ended, a dependent kernel may start; it sees what this one writes only after
    `uwt.grid_dependency_wait`.

    ```mlir
    uwt.launch_dependents
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def UWT_Accumulator : Type<And<[VectorOfLengthAndType<[4], [F32]>.predicate,
                        CPred<"::llvm::cast<::mlir::VectorType>($_self).getShape() == ::llvm::ArrayRef<int64_t>({2, 2})">]>,
                   "vector<2x2xf32>", "::mlir::VectorType">,
    BuildableType<"::mlir::VectorType::get({2, 2}, $_builder.getF32Type())">;

def UWT_WarpgroupMmaOp : UWT_Op<"warpgroup_mma", [InferTypeOpAdaptor,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "a group of matrix products of four warps, A in registers";
  let description = [{
    The four warps of a warpgroup (warps 4i … 4i + 3, converged) multiply 64 rows × 64 columns of A by 64 rows × n columns of B, in four products
    of m64 n k16 (`wgmma`), and commit them as one async group. It returns at once: until `uwt.warpgroup_wait`, nobody may read the new accumulators or write B's bytes.
    Older groups may still be under way.

    A: results of `uwt.decode_fragment`; warp w of the warpgroup holds rows 16w … 16w + 15. B: words of `element` (bf16 or f16), in workgroup memory from
    element `at` of `matrix` on, for block b (0…3, 16 values of k) in core matrices of 8 columns of B × 16 bytes along k:

    - `block_stride` bytes from a block to the next one;
    - without `swizzle`: a core matrix is 128 bytes in a row; the block's two along k lie `leading` bytes apart, those of the next 8 columns of B `stride` bytes;
    - with `swizzle` 32, 64 or 128: a column of B has that many bytes along k, 8 columns one behind the other are a tile at a multiple of 8 × `swizzle` bytes, the next 8
      columns lie `stride` bytes further, and address bits 4… are those xor bits 7… (1, 2 or 3 of them). `leading` has no meaning.

    Accumulators: one a tile of 8 columns of B, 1 to 32 of them, with the elements of `nvgpu.mma.sync`'s C (row g / g + 8 of the warp's rows, columns 2t, 2t + 1).

    ```mlir
    %next = uwt.warpgroup_mma bf16 (%r0, %r1, %r2, %r3), %ring[%x] leading 128 stride 256 block_stride 256 accumulators (%sum)
        : memref<8192xi32, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins TypeAttr:$element, UWT_Fragment:$r0, UWT_Fragment:$r1, UWT_Fragment:$r2, UWT_Fragment:$r3,
                       AnyStridedMemRef:$matrix, Index:$at, I64Attr:$leading, I64Attr:$stride, I64Attr:$block_stride,
                       DefaultValuedAttr<I64Attr, "0">:$swizzle, Variadic<UWT_Accumulator>:$accumulators);
  let results = (outs Variadic<UWT_Accumulator>:$next);
  let assemblyFormat = [{
    $element `(` $r0 `,` $r1 `,` $r2 `,` $r3 `)` `,` $matrix `[` $at `]` `leading` $leading `stride` $stride `block_stride` $block_stride
    (`swizzle` $swizzle^)? `accumulators` `(` $accumulators `)` attr-dict `:` type($matrix)
  }];
  let extraClassDeclaration = [{
    /// Products of 16 values of k in a group.
    static constexpr unsigned blocks = 4;
    /// The matrix descriptor of block 0 but for the start address: that divided by 16 goes to
    /// bits 13:0 (PTX ISA, "Matrix Descriptor Format").
    uint64_t descriptorBits();
  }];
  let hasVerifier = 1;
}

def UWT_IntegerAccumulator
    : Type<And<[VectorOfRankAndType<[2], [I32]>.predicate, CPred<"::llvm::cast<::mlir::VectorType>($_self).getShape() == ::llvm::ArrayRef<int64_t>({2, 2})">]>,
           "vector<2x2xi32>", "::mlir::VectorType">,
    BuildableType<"::mlir::VectorType::get({2, 2}, $_builder.getI32Type())">;

def UWT_WarpgroupMmaBytesOp : UWT_Op<"warpgroup_mma_bytes", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "a group of matrix products of bytes of four warps, A in registers";
  let description = [{
    As `uwt.warpgroup_mma`, of bytes: 64 rows × 64 columns of A by 64 rows × n columns of B, all of them signed, in two products of m64 n k32, whose sums
    are exact in i32. They are added to `accumulators`, or where there are none begin from 0.

    A: results of `uwt.decode_fragment_integers`, the registers of a product each. B: for block b (0 or 1, 32 values of k) in core matrices of 8 columns of B × 16 bytes
    along k, without swizzle. Accumulators have the elements of `nvgpu.mma.sync`'s C: those of up to 4 tiles, or of an even number of them.

    ```mlir
    %next = uwt.warpgroup_mma_bytes (%a0, %a1), %ring[%x] leading 128 stride 256 block_stride 256
        : memref<8192xi32, #gpu.address_space<workgroup>> -> vector<2x2xi32>
    ```
  }];
  let arguments = (ins UWT_Fragment:$a0, UWT_Fragment:$a1, AnyStridedMemRef:$matrix, Index:$at, I64Attr:$leading, I64Attr:$stride,
                       I64Attr:$block_stride, Variadic<UWT_IntegerAccumulator>:$accumulators);
  let results = (outs Variadic<UWT_IntegerAccumulator>:$next);
  let assemblyFormat = [{
    `(` $a0 `,` $a1 `)` `,` $matrix `[` $at `]` `leading` $leading `stride` $stride `block_stride` $block_stride
    (`accumulators` `(` $accumulators^ `)`)? attr-dict `:` type($matrix) `->` type($next)
  }];
  let extraClassDeclaration = [{
    /// Products of 32 values of k in a group.
    static constexpr unsigned blocks = 2;
    /// As WarpgroupMmaOp::descriptorBits().
    uint64_t descriptorBits();
  }];
  let hasVerifier = 1;
}

def UWT_WarpgroupWaitOp : UWT_Op<"warpgroup_wait", [InferTypeOpAdaptor,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "waits for groups of matrix products";
  let description = [{
    Waits until at most the last `pending` async groups of products of this warp are under way. B's bytes of the others are free again, and the accumulators given, which must
    be of those others, come back as values to read.

    ```mlir
    uwt.warpgroup_wait 1
    %done = uwt.warpgroup_wait 0 accumulators (%sum : vector<2x2xf32>)
    ```
  }];
  let arguments = (ins I64Attr:$pending, Variadic<AnyTypeOf<[UWT_Accumulator, UWT_IntegerAccumulator]>>:$accumulators);
  let results = (outs Variadic<AnyTypeOf<[UWT_Accumulator, UWT_IntegerAccumulator]>>:$done);
  let assemblyFormat = "$pending (`accumulators` `(` $accumulators^ `:` type($accumulators) `)`)? attr-dict";
  let hasVerifier = 1;
}

#endif // UWT_DIALECT_UWT_IR_UWTGPUOPS
