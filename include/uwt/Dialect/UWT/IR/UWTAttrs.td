//===- UWTAttrs.td - Formats, targets, strategies ----------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_UWTATTRS
#define UWT_DIALECT_UWT_IR_UWTATTRS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "uwt/Dialect/UWT/IR/UWTDialect.td"
include "uwt/Dialect/UWT/IR/UWTInterfaces.td"

class UWT_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<UWT_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def UWT_FormatAttr : UWT_Attr<"Format", "format"> {
  let summary = "how a tensor is stored";
  let description = [{
    The text form of a format, as everywhere in UWT (`docs/formats.md`, "Text form"); kept in its shortest form.

    ```mlir
    #uwt.format<"inplace<12>">
    #uwt.format<"inplace<12>, storage=k_major">
    ```
  }];
  let parameters = (ins StringRefParameter<"canonical text form">:$text);
  let assemblyFormat = "`<` $text `>`";
  let genVerifyDecl = 1;
  // It has the format beside the text.
  let genStorageClass = 0;
  let extraClassDeclaration = [{
    /// The attribute of a format, in its shortest text form.
    static FormatAttr get(::mlir::MLIRContext *context, const ::uwt::Format &format);
    /// The attribute of a text form, or an error at `emitError`.
    static FormatAttr parseText(::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError,
                                ::mlir::MLIRContext *context, ::llvm::StringRef text);
    const ::uwt::Format &getFormat() const;
  }];
}

def UWT_TargetAttr : UWT_Attr<"Target", "target"> {
  let summary = "the machine that code is compiled for";
  let description = [{
    A target by its name (`uwt help targets`): what it can do is in `uwt/Target/Target.h`.

    ```mlir
    module attributes {uwt.target = #uwt.target<"avx512bf16">} { ... }
    ```
  }];
  let parameters = (ins StringRefParameter<"name">:$name);
  let assemblyFormat = "`<` $name `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    const ::uwt::Target &getTarget() const;
    /// The target of the module around `op`, or the generic one.
    static const ::uwt::Target &of(::mlir::Operation *op);
  }];
}

def UWT_Numerics : I32Enum<"Numerics", "what an implementation may do to sums", [
    I32EnumCase<"Fast", 0, "fast">,
    I32EnumCase<"Exact", 1, "exact">
  ]> {
  let cppNamespace = "::uwt";
  let description = [{
    `fast`: the target's own bf16 dot product, which may flush subnormals (`docs/numerics.md`). `exact`: IEEE
    multiply-adds in f32, subnormals kept, the same bits on every target. In both the order of
    additions depends on N and K alone (not on m, threads or strategy), but for strategy `tiles` of CPUs, which is `fast` and has another one.
  }];
}

def UWT_NumericsAttrDef : EnumAttr<UWT_Dialect, UWT_Numerics, "numerics">;

def UWT_IntegerArithmeticAttr : UWT_Attr<"IntegerArithmetic", "integer"> {
  let summary = "products of a quantised weight's codes with integers that x is rounded to";
  let description = [{
    ```mlir
    #uwt.integer<8>
    ```

    x is rounded to integers of `bits` bits (2 to 8), with a scale a row: W4A8 with 8, W6A6 with 6, W4A4 with 4. They are multiplied as bytes, whatever `bits` is. Sums over a cell of the weight's scales are exact, and then multiplied with these. The rule, to the bit, is that of
    `docs/numerics.md`, section "By integers": the same on every target, for any strategy, m and number of threads, but not that of a product of floats. It is never chosen but by who asks for it.
  }];
  let parameters = (ins "unsigned":$bits);
  let assemblyFormat = "`<` $bits `>`";
  let genVerifyDecl = 1;
}

def UWT_ProductStrategy : I32Enum<"ProductStrategy", "where a product's weight is decoded", [
    I32EnumCase<"Direct", 0, "direct">,
    I32EnumCase<"Shared", 1, "shared">,
    I32EnumCase<"Codes", 2, "codes">,
    I32EnumCase<"Exponents", 3, "exponents">,
    I32EnumCase<"Buffer", 4, "buffer">,
    I32EnumCase<"Tiles", 5, "tiles">
  ]> {
  let cppNamespace = "::uwt";
  let description = [{
    `direct`: into the registers that multiply; on a CPU a panel's units again for each row of x. `buffer`: on a CPU a panel's units go into a
    buffer in the cache, some columns at a time, and are multiplied from there; on a GPU all of the weight is decoded before, to memory.

    Of CPUs alone: `tiles`: into such a buffer, which is multiplied by the matrix instructions of the target (AMX); raw words are multiplied where they lie. Its sums
    are in an order of their own (`docs/numerics.md`).

    Of GPUs alone, and for variable rates: `shared`: warps of their own decode into shared memory. For prefix codes alone: `codes`: exponents are decoded before, to
    memory, to codes of four bits of the weight's commonest sixteen in a row. `exponents`: the same to bytes.
  }];
}

def UWT_StrategyAttr : UWT_Attr<"Strategy", "strategy"> {
  let summary = "how a CPU computes a product: data for the lowering, written by the cost model";
  let description = [{
    ```mlir
    #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64>
    #uwt.strategy<buffer, tile_n = 4, tile_m = 4, tile_k = 512>
    #uwt.strategy<tiles, tile_n = 16, tile_m = 64, tile_k = 512>
    #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64, prefetch = 8192>
    #uwt.strategy<tiles, tile_n = 16, tile_m = 64, tile_k = 512, read_streams = 4>
    ```

    `direct`, `buffer` or `tiles`. The format that a product runs from is its operand's type. Accumulators of `tile_n` outputs × `tile_m` rows of x
    are kept in registers; `tile_k` (a multiple of 64) columns of the weight are decoded before they are multiplied. Of `tiles` these are tile registers, at most four: `tile_n`
    is 16 or, where units have a fixed rate, 32, `tile_m` a multiple of 16. Of `direct`, `prefetch` is how many bytes ahead of a unit codes are asked for (at most 1 MB);
    without it that is what the target's machines were measured with. Of `direct` and `tiles`, `read_streams` (1, 2, 4 or 8) is into how many streams, which take
    turns, the bytes that are asked for ahead are cut: of `tiles` a k-tile, of `direct` 64 units, or with one stream what lies `prefetch` bytes ahead. Without it that is 8
    on targets with AMX and else 1.
  }];
  let parameters = (ins
    EnumParameter<UWT_ProductStrategy>:$strategy,
    "unsigned":$tileN,
    "unsigned":$tileM,
    "unsigned":$tileK,
    DefaultValuedParameter<"unsigned", "0">:$prefetch,
    DefaultValuedParameter<"unsigned", "0">:$readStreams);
  let assemblyFormat = [{
    `<` $strategy `,` `tile_n` `=` $tileN `,` `tile_m` `=` $tileM `,` custom<KTile>($tileK, $prefetch, $readStreams) `>`
  }];
  let genVerifyDecl = 1;
}

def UWT_ProductInstruction : I32Enum<"ProductInstruction", "what multiplies on a GPU", [
    I32EnumCase<"Fma", 0, "fma">,
    I32EnumCase<"Mma", 1, "mma">,
    I32EnumCase<"Wgmma", 2, "wgmma">
  ]> {
  let cppNamespace = "::uwt";
  let description = [{
    `fma`: multiply-adds of lanes in f32, without tensor cores. `mma`: `mma.sync` of a warp. `wgmma`: four warps together.
  }];
}

def UWT_GpuStrategyAttr : UWT_Attr<"GpuStrategy", "gpu_strategy"> {
  let summary = "the kernel of a GPU that computes a product: written by uwt-select-strategy, read where kernels are built";
  let description = [{
    ```mlir
    #uwt.gpu_strategy<direct, mma, slice = 16, ctas = 2, stages = 3, groups = 4>
    #uwt.gpu_strategy<shared, wgmma, slice = 128, panels = 2, cluster = 4, stages = 3, groups = 4>
    #uwt.gpu_strategy<buffer, fma, slice = 4>
    ```

    Everything that kernels of one product may differ in. `slice` rows of x (1 to 256) are multiplied at a time; a larger m comes in slices.
    A CTA has `panels` panels (1 or 2), a cluster `cluster` CTAs (1, 2, 4 or 8), and a multiprocessor runs `ctas` CTAs (1 to 3) at a time; what the text leaves out is 1.

    A ring has `stages` stages (from 2) of `groups` column groups (64 columns) each, which are `k_tiles` k-tiles, of which each has an even number of groups. Kernels in
    which lanes read streams (`direct`), and those of `fma`, have no ring and leave that out; where it is missed, kernels are not built. What of this fits
    a product's format, shape and target is checked there.
  }];
  let parameters = (ins
    EnumParameter<UWT_ProductStrategy>:$strategy,
    EnumParameter<UWT_ProductInstruction>:$instruction,
    AttrParameter<"unsigned", "rows of m that are multiplied at a time">:$slice,
    DefaultValuedParameter<"unsigned", "1", "panels of a CTA">:$panels,
    DefaultValuedParameter<"unsigned", "1", "CTAs of a cluster">:$cluster,
    DefaultValuedParameter<"unsigned", "1", "CTAs that a multiprocessor runs at a time">:$ctas,
    DefaultValuedParameter<"unsigned", "0", "stages of the ring; 0 without one">:$stages,
    DefaultValuedParameter<"unsigned", "0", "column groups of a stage; 0 without a ring">:$groups,
    DefaultValuedParameter<"unsigned", "1", "k-tiles of a stage">:$k_tiles);
  let assemblyFormat = [{
    `<` $strategy `,` $instruction `,` struct($slice, $panels, $cluster, $ctas, $stages, $groups, $k_tiles) `>`
  }];
  let genVerifyDecl = 1;
}

def UWT_WeightBuffer : I32Enum<"WeightBuffer", "a buffer of a loaded weight", [
    I32EnumCase<"Panels", 0, "panels">,
    I32EnumCase<"Table", 1, "table">,
    I32EnumCase<"Counts", 2, "counts">,
    I32EnumCase<"Words", 3, "words">,
    I32EnumCase<"Raw", 4, "raw">,
    I32EnumCase<"Code", 5, "code">,
    I32EnumCase<"Patch", 6, "patch">,
    I32EnumCase<"Low", 7, "low">,
    I32EnumCase<"Dense", 8, "dense">,
    I32EnumCase<"Classes", 9, "classes">,
    I32EnumCase<"Order", 10, "order">
  ]> {
  let cppNamespace = "::uwt";
  let description = [{The buffers of `WeightView` (`uwt/Runtime/Abi.h`), in its order.}];
}

def UWT_WeightBufferAttrDef : EnumAttr<UWT_Dialect, UWT_WeightBuffer, "buffer">;

def UWT_DerivationAttr : UWT_Attr<"Derivation", "derivation"> {
  let summary = "a function that computes a weight from tensors of a container";
  let description = [{
    The loader calls `function` once, with the tensors `weights` as dense arguments, and encodes its result. With `codes`, a format of
    quantised weights, the results are codes (i8 of the weight's shape), scales (f32 [rows, cells of a row]), and zeros and offsets likewise where the format has a grid of them.

    ```mlir
    #uwt.derivation<@derive, ["attention.q.weight", "attention.k.weight"]>
    #uwt.derivation<@derive, ["q.codes", "q.scales"], #uwt.format<"int<8>, scale={row, f16}">>
    ```
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$function, "::mlir::ArrayAttr":$weights, OptionalParameter<"::uwt::FormatAttr">:$codes);
  let assemblyFormat = "`<` $function `,` $weights (`,` $codes^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// "derive(attention.q.weight, attention.k.weight)": a name for the weight, no other one's.
    std::string describe() const;
  }];
}

def UWT_SlotAttr : UWT_Attr<"Slot", "slot"> {
  let summary = "a weight that compiled code reads";
  let description = [{
    An entry of the module attribute `uwt.slots`. `type` is a compressed type (planes in that format: the
    loader transcodes where the container has another one) or a ranked tensor (decoded at load). With a derivation
    the weight is no tensor of a container: the loader computes and encodes it.

    ```mlir
    #uwt.slot<"encoder.layer.0.output.dense.weight", !uwt.compressed<384x1536xbf16, "inplace<12>">>
    #uwt.slot<"derive(q, k)", !uwt.compressed<768x384xbf16, "raw">, #uwt.derivation<@derive, ["q", "k"]>>
    ```
  }];
  let parameters = (ins StringRefParameter<"tensor">:$name, "::mlir::Type":$type,
                        OptionalParameter<"::uwt::DerivationAttr">:$derivation);
  let assemblyFormat = "`<` $name `,` $type (`,` $derivation^)? `>`";
}

#endif // UWT_DIALECT_UWT_IR_UWTATTRS
