//===- UWTTileOps.td - Operations at tile and lane level ---*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a product becomes on its way to a machine. A *row vector* is 16 u32 of one row g of
// a strip in the stored order: lanes 4g … 4g+3 (t = 0…3) × blocks 0…3 of a 64-column group, u32 4t + b:
//
//     u32 4t + b, half h   holds  row g + 8·(r mod 2), column 16b + 2t + h + 8·⌊r/2⌋   of register r
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_UWTTILEOPS
#define UWT_DIALECT_UWT_IR_UWTTILEOPS

include "uwt/Dialect/UWT/IR/UWTOps.td"

def UWT_RowVector : Type<VectorOfLengthAndType<[16], [I32]>.predicate, "vector<16xi32>", "::mlir::VectorType">,
    BuildableType<"::mlir::VectorType::get({16}, $_builder.getI32Type())">;
def UWT_Sums : Type<VectorOfLengthAndType<[16], [F32]>.predicate, "vector<16xf32>", "::mlir::VectorType">,
    BuildableType<"::mlir::VectorType::get({16}, $_builder.getF32Type())">;

def UWT_BufferOp : UWT_Op<"buffer", [Pure]> {
  let summary = "a buffer of a loaded weight";
  let description = [{
    One of the buffers that the loader made (`WeightView` in `uwt/Runtime/Abi.h`): `panels` as i64, `counts` and `classes` as i8, `dense` in the tensor's
    own shape and type, `order` as i32 for each column, all others as i32. Aligned to 64 bytes, to be read only.

    ```mlir
    %code = uwt.buffer code of %w : !uwt.compressed<64x64xbf16, "inplace<12>"> -> memref<?xi32>
    ```
  }];
  let arguments = (ins UWT_WeightBufferAttrDef:$kind, UWT_CompressedType:$weight);
  let results = (outs AnyMemRef:$buffer);
  let assemblyFormat = "$kind `of` $weight attr-dict `:` qualified(type($weight)) `->` type($buffer)";
  let hasVerifier = 1;
}

def UWT_MatrixSizeOp : UWT_Op<"matrix_size", [Pure]> {
  let summary = "rows or columns of a weight's matrices";
  let description = [{
    Size 0 is N, size 1 K, of a weight of any shape: one that its type does not know, the loaded weight does.

    ```mlir
    %n = uwt.matrix_size %w[0] : !uwt.compressed<?x?xbf16, "inplace<12>">
    ```
  }];
  let arguments = (ins UWT_CompressedType:$weight, ConfinedAttr<I64Attr, [IntNonNegative, IntMaxValue<1>]>:$dimension);
  let results = (outs Index:$size);
  let assemblyFormat = "$weight `[` $dimension `]` attr-dict `:` qualified(type($weight))";
  let hasFolder = 1;
}

def UWT_DecodeUnitOp : UWT_Op<"decode_unit", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "decodes a fixed unit into row vectors";
  let description = [{
    Decodes one unit (a strip × the columns of its codec's units: 64, 128 or 256) of a fixed-rate format. `first` is the unit's offset in u32 in plane `raw`
    (`words` for codec `raw`, and with `as_words`, which reads a panel that is stored as words), `code` its offset in plane `code`.
    Results are the unit's row vectors of packed 16-bit words, for each 64-column group, operand register r = 0…3 and row g = 0…7:
    number `(group·4 + r)·8 + g`. Escapes are not applied (`uwt.patch_unit`).

    The decoder is emitted so that memory is read from lower to higher addresses, and the users of each
    result are moved behind it: a machine then needs few registers. With `into` there are no results: row vectors are
    stored in their order, 32 words of i16 each, as soon as they are known.

    ```mlir
    uwt.decode_unit %w[%first, %code] into %buffer[%offset] : !uwt.compressed<64x64xbf16, "inplace<12>">, memref<1024xi16>
    %r:32 = uwt.decode_unit %w[%first, %code] : !uwt.compressed<64x64xbf16, "inplace<12>"> -> vector<16xi32>
    ```
  }];
  let arguments = (ins UWT_CompressedType:$weight, Index:$first, Index:$code,
                       Optional<AnyStridedMemRef>:$buffer, Optional<Index>:$offset, UnitAttr:$as_words);
  let results = (outs Variadic<UWT_RowVector>:$row_vectors);
  let assemblyFormat = [{
    $weight `[` $first `,` $code `]` (`as_words` $as_words^)? (`into` $buffer^ `[` $offset `]`)? attr-dict
    `:` qualified(type($weight)) (`,` type($buffer)^)? (`->` type($row_vectors)^)?
  }];
  let hasVerifier = 1;
}

def UWT_DotUnitOp : UWT_Op<"dot_unit", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "multiplies a fixed unit where it is decoded";
  let description = [{
    Decodes one unit, as `uwt.decode_unit` does, and adds its products with one row of x to the accumulators of its 16 rows, in the order of `uwt.dot`. These are
    16 lanes a row, from `accumulators_at` on. Of x the lanes of the unit's 64-column groups lie from `x_at` on, of each group the first half before the second one: packed pairs where `x` is
    of i32, else f32 beneath the low halves and then beneath the high ones.

    The accumulators of a row are read before its first product and written after its last one, and decoders emit row after row: for machines whose registers do not hold those of a
    unit. What becomes f32 anyway is not made words first.

    ```mlir
    uwt.dot_unit %w[%first, %code], %x[%x_at], %acc[%at] : !uwt.compressed<64x64xbf16, "inplace<12>">, memref<4096xf32>, memref<1024xf32>
    ```
  }];
  let arguments = (ins UWT_CompressedType:$weight, Index:$first, Index:$code, AnyStridedMemRef:$x, Index:$x_at,
                       AnyStridedMemRef:$accumulators, Index:$accumulators_at, UnitAttr:$as_words,
                       DefaultValuedAttr<UWT_NumericsAttrDef, "::uwt::Numerics::Fast">:$numerics);
  let assemblyFormat = [{
    $weight `[` $first `,` $code `]` (`as_words` $as_words^)? `,` $x `[` $x_at `]` `,` $accumulators `[` $accumulators_at `]` attr-dict
    `:` qualified(type($weight)) `,` type($x) `,` type($accumulators)
  }];
  let hasVerifier = 1;
}

def UWT_DecodeStreamOp : UWT_Op<"decode_stream", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "decodes a stream unit into a buffer";
  let description = [{
    Decodes stream unit `unit` of panel `panel` and applies its escapes. The buffer (i16) holds the unit's words as codec `raw` would
    store them: 64-column groups one after another, in each the strips of the unit, 1,024 words a strip.
    Whatever the bytes are, nothing outside the panel's part of the planes is read and nothing outside the buffer is written.

    ```mlir
    uwt.decode_stream %w[%panel, %unit], %buffer : !uwt.compressed<64x1024xbf16, "huffman<12,2>">, memref<16384xi16>
    ```
  }];
  let arguments = (ins UWT_CompressedType:$weight, Index:$panel, Index:$unit, AnyStridedMemRef:$buffer);
  let assemblyFormat = [{
    $weight `[` $panel `,` $unit `]` `,` $buffer attr-dict `:` qualified(type($weight)) `,` type($buffer)
  }];
  let hasVerifier = 1;
}

def UWT_PatchUnitOp : UWT_Op<"patch_unit", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "applies the escapes of a fixed unit to its decoded words";
  let description = [{
    `count` records from offset `record` (in u32) of plane `patch` replace words of the unit that lies in `buffer` (i16, in the order of `uwt.decode_unit`) from `offset`.
    Positions are masked to the unit, so that any record stays inside. `runs`: runs of 64 columns in a row of the unit (1 to 4), by which records of `rows<64>` are numbered.

    ```mlir
    uwt.patch_unit %w[%record], %count, runs %runs, %buffer[%offset] : !uwt.compressed<64x64xbf16, "inplace<12>">, memref<1024xi16>
    ```
  }];
  let arguments = (ins UWT_CompressedType:$weight, Index:$record, Index:$count, Index:$runs,
                       AnyStridedMemRef:$buffer, Index:$offset);
  let assemblyFormat = [{
    $weight `[` $record `]` `,` $count `,` `runs` $runs `,` $buffer `[` $offset `]` attr-dict `:` qualified(type($weight)) `,` type($buffer)
  }];
}

def UWT_DotOp : UWT_Op<"dot", [Pure]> {
  let summary = "multiplies packed pairs and adds them to sums";
  let description = [{
    For each of 16 lanes: `acc + w.high * x.high + w.low * x.low`, where `w` holds two words of type `element` in each lane. With one
    operand `x` it holds bf16 pairs like `w`; with two they are the f32 values beneath the low halves and beneath the high halves.
    `fast` numerics let a target use its own bf16 dot product; `exact` is two f32 multiply-adds, the high half first, which is
    that dot product's order too: the two differ in subnormals only.

    ```mlir
    %s = uwt.dot %w, %acc, %x {element = bf16} : vector<16xi32>
    ```
  }];
  let arguments = (ins UWT_RowVector:$weights, Variadic<AnyTypeOf<[UWT_RowVector, UWT_Sums]>>:$x, UWT_Sums:$acc,
                       TypeAttr:$element,
                       DefaultValuedAttr<UWT_NumericsAttrDef, "::uwt::Numerics::Fast">:$numerics);
  let results = (outs UWT_Sums:$result);
  let assemblyFormat = [{
    $weights `,` $acc `,` $x attr-dict `:` type($x)
  }];
  let hasVerifier = 1;
}

def UWT_DecodeIntegersOp : UWT_Op<"decode_integers", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "decodes a unit of a quantised weight into bytes that are integers";
  let description = [{
    `code` is the unit's offset in u32 in plane `code`. Results are the 64 bytes of each of the strip's 16 rows and of each 64-column group: number `row·groups + group`. What a
    byte stands for, and which column it has, says `integerCodes` (`uwt/Codec/IntegerCodes.h`). With `group` that group is decoded alone, and turned round: result i is u32
    number i of all 16 rows.

    Users of each result are moved behind it, as those of `uwt.decode_unit`.

    ```mlir
    %r:32 = uwt.decode_integers %w[%code] : !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}"> -> vector<16xi32>
    ```
  }];
  let arguments = (ins UWT_CompressedType:$weight, Index:$code,
                       OptionalAttr<ConfinedAttr<I32Attr, [IntNonNegative]>>:$group);
  let results = (outs Variadic<UWT_RowVector>:$bytes);
  let assemblyFormat = "$weight `[` $code `]` attr-dict `:` qualified(type($weight)) `->` type($bytes)";
  let hasVerifier = 1;
}

def UWT_DecodeNumbersOp : UWT_Op<"decode_numbers", [AttrSizedResultSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "reads the scales and zero points of a unit of a quantised weight";
  let description = [{
    Of each cell of a row of the unit, for the strip's 16 rows: what differences are multiplied with (of two grids their product or quotient, times the factor, each rounded), and, where the
    format has a grid of zero points that are codes, these. `code` as in `uwt.decode_integers`.

    ```mlir
    %s, %z = uwt.decode_numbers %w[%code] : !uwt.compressed<64x128xbf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}"> -> (vector<16xf32>) zeros (vector<16xi32>)
    ```
  }];
  let arguments = (ins UWT_CompressedType:$weight, Index:$code);
  let results = (outs Variadic<UWT_Sums>:$scales, Variadic<UWT_RowVector>:$zeros);
  let assemblyFormat = [{
    $weight `[` $code `]` attr-dict `:` qualified(type($weight)) `->` `(` type($scales) `)` (`zeros` `(` type($zeros)^ `)`)?
  }];
  let hasVerifier = 1;
}

def UWT_DotIntegerOp : UWT_Op<"dot_integer", [Pure, AttrSizedOperandSegments]> {
  let summary = "sums of products of bytes";
  let description = [{
    For each of 16 lanes: the sum, over all pairs of vectors, of the four products of a lane's bytes, and of `start`, exact in i32. Bytes of `x` have a sign and are not -128. Bytes of `weights` are not negative and
    have `bits` bits, fewer than 8; of 8 they have a sign, but not with `is_unsigned`: this is for machines that multiply those without a sign, others take longer.

    ```mlir
    %s = uwt.dot_integer %w0, %w1 * %x0, %x1 {bits = 4}
    %t = uwt.dot_integer %w0 * %x0 + %s {bits = 8, is_unsigned}
    ```
  }];
  let arguments = (ins Variadic<UWT_RowVector>:$weights, Variadic<UWT_RowVector>:$x,
                       Optional<UWT_RowVector>:$start,
                       ConfinedAttr<I32Attr, [IntPositive, IntMaxValue<8>]>:$bits,
                       UnitAttr:$is_unsigned);
  let results = (outs UWT_RowVector:$sums);
  let assemblyFormat = "$weights `*` $x (`+` $start^)? attr-dict";
  let hasVerifier = 1;
}

def UWT_LookupOp : UWT_Op<"lookup", [AllTypesMatch<["codes", "symbols"]>, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "looks packed codes up in a small table";
  let description = [{
    For each half word of each lane, the 16 bits of `table` entry `code & 15`. The table (plane `table`) has 16 entries of u32,
    each with its symbol in both halves; a lane is an `i32` or a vector of them.

    ```mlir
    %s = uwt.lookup %codes in %table : vector<16xi32>, memref<?xi32>
    ```
  }];
  let arguments = (ins AnyTypeOf<[I32, VectorOfRankAndType<[1], [I32]>]>:$codes, AnyMemRef:$table);
  let results = (outs AnyTypeOf<[I32, VectorOfRankAndType<[1], [I32]>]>:$symbols);
  let assemblyFormat = "$codes `in` $table attr-dict `:` type($codes) `,` type($table)";
}

def UWT_RoundWordsOp : UWT_Op<"round_words", [Pure]> {
  let summary = "rounds numbers to bf16 or f16, one after another";
  let description = [{
    Words 0 to 15 of the result, two a lane, are the numbers of `first`, the others those of `second`, to nearest, ties to even. Numbers are
    finite, also as words; for bf16 none is subnormal.

    ```mlir
    %w = uwt.round_words %first, %second {element = bf16}
    ```
  }];
  let arguments = (ins UWT_Sums:$first, UWT_Sums:$second, TypeAttr:$element);
  let results = (outs UWT_RowVector:$words);
  let assemblyFormat = "$first `,` $second attr-dict";
  let hasVerifier = 1;
}

def UWT_Halves : VectorOfLengthAndType<[16], [I16]>,
    BuildableType<"::mlir::VectorType::get({16}, $_builder.getI16Type())">;

def UWT_WidenHalvesOp : UWT_Op<"widen_halves", [Pure]> {
  let summary = "words that are f16 as f32";
  let description = [{
    Exact, subnormals included.

    ```mlir
    %f = uwt.widen_halves %words
    ```
  }];
  let arguments = (ins UWT_Halves:$words);
  let results = (outs UWT_Sums:$floats);
  let assemblyFormat = "$words attr-dict";
}

def UWT_LookupFloatsOp : UWT_Op<"lookup_floats", [Pure]> {
  let summary = "looks packed codes up in tables of numbers";
  let description = [{
    For each half word, entry `code & 15` of a table, rounded as by `uwt.round_words`. One table serves all lanes; of two and four, each
    serves as many neighbours of each four lanes: of two, the first one has columns 0 to 31 of a group, the second one the others.

    With `joined`, two and four tables are one of 32 and 64 entries, and a half word's lower 5 and 6 bits are an entry's number: two operations where a target permutes among as many words (AVX-512).

    ```mlir
    %w = uwt.lookup_floats %codes in %table {element = bf16}
    ```
  }];
  let arguments = (ins UWT_RowVector:$codes, Variadic<UWT_Sums>:$tables, TypeAttr:$element,
                       UnitAttr:$joined);
  let results = (outs UWT_RowVector:$words);
  let assemblyFormat = "$codes `in` (`joined` $joined^)? $tables attr-dict";
  let hasVerifier = 1;
}

def UWT_LookupNibblesOp : UWT_Op<"lookup_nibbles", [Pure]> {
  let summary = "looks all codes of lanes up in tables of numbers";
  let description = [{
    A lane holds eight codes of 4 bits, as a row of a quantised unit has them (run-1); above codes of fewer bits are others, whatever they are. Those in the lower halves of its bytes are looked up in `even`, the others in `odd`, and rounded
    as by `uwt.round_words`, but stay f32. Result 2r + h is of the codes whose lowest bit is 4r + 16h of a lane. Lane l of a table has the entry whose number is l with bits 2 and 3
    exchanged: so AVX2 makes tables of bytes of it by shuffles in halves of its registers.

    ```mlir
    %f:8 = uwt.lookup_nibbles %codes in %even, %odd {element = bf16}
    ```
  }];
  let arguments = (ins UWT_RowVector:$codes, UWT_Sums:$even, UWT_Sums:$odd, TypeAttr:$element);
  let results = (outs UWT_Sums:$low0, UWT_Sums:$high0, UWT_Sums:$low1, UWT_Sums:$high1,
                      UWT_Sums:$low2, UWT_Sums:$high2, UWT_Sums:$low3, UWT_Sums:$high3);
  let assemblyFormat = "$codes `in` $even `,` $odd attr-dict";
  let hasVerifier = 1;
}

def UWT_LookupBytesOp : UWT_Op<"lookup_bytes", [Pure]> {
  let summary = "looks codes of 8 bits up in a table of words";
  let description = [{
    For each byte of `codes`, one of the 128 words that the tables have, 32 each: the byte's lower seven bits are its number, and its topmost bit is changed where the byte has its own set. So weights are found of codes whose
    topmost bit is a sign. `low` has the words of the first 32 bytes, `high` the others. Only for targets that permute bytes of 512 bits (AVX-512 VBMI).

    ```mlir
    %w:2 = uwt.lookup_bytes %codes in %t0, %t1, %t2, %t3
    ```
  }];
  let arguments = (ins UWT_RowVector:$codes, UWT_RowVector:$table0, UWT_RowVector:$table1,
                       UWT_RowVector:$table2, UWT_RowVector:$table3);
  let results = (outs UWT_RowVector:$low, UWT_RowVector:$high);
  let assemblyFormat = "$codes `in` $table0 `,` $table1 `,` $table2 `,` $table3 attr-dict";
}

#endif // UWT_DIALECT_UWT_IR_UWTTILEOPS
