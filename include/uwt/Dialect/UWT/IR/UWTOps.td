//===- UWTOps.td - Operations at tensor level --------------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_UWTOPS
#define UWT_DIALECT_UWT_IR_UWTOPS

include "mlir/IR/OpBase.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "uwt/Dialect/UWT/IR/UWTTypes.td"

class UWT_Op<string mnemonic, list<Trait> traits = []> : Op<UWT_Dialect, mnemonic, traits>;

def UWT_TensorOrMemRef : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef]>;

def UWT_Selection : AnyTypeOf<[Index, 1DTensorOf<[Index, AnySignlessInteger]>,
                               MemRefRankOf<[Index, AnySignlessInteger], [1]>]>;

def UWT_AnyStrategyAttr : AnyAttrOf<[UWT_StrategyAttr, UWT_GpuStrategyAttr],
                                    "strategy of a CPU or of a GPU", "::mlir::Attribute">;

def UWT_WeightOp : UWT_Op<"weight", [Pure,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "a named tensor of a container";
  let description = [{
    Stands for a tensor that is bound by name when the code is loaded. With a compressed result, compiled code reads its planes
    in that format; with a dense result (a tensor, or a memref after bufferization, to be read only) the loader decodes it
    once. The shape and element type are the tensor's own.

    `stored` is the compressed type that the tensor has in its container, where `uwt-assign-slots` knows it and it is another one:
    the loader transcodes. A pack of kernels has those of that transcode, too.

    With a `derivation` it stands for no tensor of a container but for what a function computes from such tensors: the loader
    calls the function once and encodes the result.

    ```mlir
    %w = uwt.weight "layer.0.dense.weight" : !uwt.compressed<384x1536xbf16, "inplace<12>">
    %b = uwt.weight "layer.0.dense.bias" : tensor<384xbf16>
    %d = uwt.weight "derive(q, k)" {derivation = #uwt.derivation<@derive, ["q", "k"]>} : !uwt.compressed<768x384xbf16, "raw">
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<TypeAttrOf<UWT_StaticCompressedType>>:$stored,
                       OptionalAttr<UWT_DerivationAttr>:$derivation);
  let results = (outs AnyTypeOf<[UWT_StaticCompressedType, AnyStaticShapeTensor, AnyStaticShapeMemRef]>:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::StringAttr":$name), [{
    build($_builder, $_state, result, name, /*stored=*/::mlir::TypeAttr(), /*derivation=*/::uwt::DerivationAttr());
  }]>, OpBuilder<(ins "::mlir::Type":$result, "::uwt::DerivationAttr":$derivation), [{
    build($_builder, $_state, result, $_builder.getStringAttr(derivation.describe()), /*stored=*/::mlir::TypeAttr(), derivation);
  }]>, OpBuilder<(ins "::mlir::Type":$result, "::llvm::StringRef":$name), [{
    build($_builder, $_state, result, $_builder.getStringAttr(name));
  }]>];
  let hasVerifier = 1;
}

def UWT_ConstantOp : UWT_Op<"constant", [Pure]> {
  let summary = "a compressed tensor inside the IR";
  let description = [{
    The planes of a compressed tensor, as resource blobs of bytes by their names (`docs/formats.md`; a plane that is not there is
    empty). The planes are checked when they are used; the verifier checks their names and types.

    ```mlir
    %w = uwt.constant {code = dense_resource<w_code> : tensor<6144xi8>,
                       index = dense_resource<w_index> : tensor<64xi8>}
           : !uwt.compressed<64x64xbf16, "inplace<12>">
    ```
  }];
  let arguments = (ins DictionaryAttr:$planes);
  let results = (outs UWT_StaticCompressedType:$result);
  let assemblyFormat = "$planes attr-dict `:` qualified(type($result))";
  let hasVerifier = 1;
}

def UWT_EncodeOp : UWT_Op<"encode", [Pure]> {
  let summary = "compresses a tensor";
  let description = [{
    `uwt.decode` of the result gives the same bits. Encoding is work for the compiler: `uwt-compress-constants` does it to
    constants, and a lowering refuses what is left.

    ```mlir
    %c = uwt.encode %t : tensor<64x64xbf16> -> !uwt.compressed<64x64xbf16, "inplace<12>">
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$source);
  let results = (outs UWT_StaticCompressedType:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` qualified(type($result))";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def UWT_DecodeOp : UWT_Op<"decode", [Pure]> {
  let summary = "the dense tensor that a compressed one stands for";
  let description = [{
    ```mlir
    %t = uwt.decode %c : !uwt.compressed<64x64xbf16, "inplace<12>"> -> tensor<64x64xbf16>
    ```
  }];
  let arguments = (ins UWT_StaticCompressedType:$source);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "$source attr-dict `:` qualified(type($source)) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$source)>];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def UWT_ColumnOrderOp : UWT_Op<"column_order", [Pure]> {
  let summary = "the columns of a weight, cell by cell";
  let description = [{
    Of a weight with `order=k`: number i is the column of the weight's tensor that column i of the matrix is which `uwt.matmul` multiplies. The loader
    makes it.

    ```mlir
    %o = uwt.column_order %w : !uwt.compressed<64x256xbf16, "uint<4>, zero=8, scale={1x64, f16}, order=k"> -> tensor<256xi32>
    ```
  }];
  let arguments = (ins UWT_StaticCompressedType:$weight);
  let results = (outs 1DTensorOf<[I32]>:$order);
  let assemblyFormat = "$weight attr-dict `:` qualified(type($weight)) `->` type($order)";
  let builders = [OpBuilder<(ins "::mlir::Value":$weight)>];
  let hasVerifier = 1;
}

def UWT_TranscodeOp : UWT_Op<"transcode", [Pure]> {
  let summary = "the same tensor in another format";
  let description = [{
    Of a `uwt.weight` it is done once, by the loader. `storage` and `fold` may change too: a product along the other
    dimension of a weight needs its transpose, and one with a folded weight its matrices.

    ```mlir
    %r = uwt.transcode %c : !uwt.compressed<64x64xbf16, "inplace<12>"> -> !uwt.compressed<64x64xbf16, "raw">
    ```
  }];
  let arguments = (ins UWT_StaticCompressedType:$source);
  let results = (outs UWT_StaticCompressedType:$result);
  let assemblyFormat = [{
    $source attr-dict `:` qualified(type($source)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def UWT_MatmulOp : UWT_Op<"matmul", [
    DestinationStyleOpInterface, AttrSizedOperandSegments, SingleBlockImplicitTerminator<"YieldOp">, IsolatedFromAbove,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>,
    DeclareOpInterfaceMethods<ConditionallySpeculatable>]> {
  let summary = "a product with a compressed weight, and its epilogue";
  let description = [{
    For each row m of x and output n:

        acc[m, n]    = sum over k of x[m, k] * w[n, k]           in f32
        result[m, n] = epilogue(acc[m, n], extras at [m, n]...)

    `w` is the weight's matrix [N, K] (for `storage=k_major` its tensor is [K, N]); `x` is [M, K] with the weight's element type, or
    f32. With `order=k` in the weight's format the matrix has the tensor's columns cell by cell, and `x` is given in that order (`uwt.column_order`). A weight of rank 3 is a matrix an expert e: `x` is [E, M, K], or [M, K] for all of them, and the result is [E, M, N].
    The sum's order depends on N and K alone; the accumulator is rounded nowhere but where the epilogue says so.

    With a `selection` a product takes matrices of a weight [E, N, K] by their numbers. One number (`index`): `x` is [M, K], the result
    [M, N]. A vector of B numbers: entry b is a product with matrix `selection[b]`, `x` is [B, M, K] or [M, K], the result
    [B, M, N]. Compiled code checks the numbers: one outside of 0 … E - 1 fails the call.

    Extras are tensors that the epilogue reads at (m, n), or (e, m, n), through their indexing maps (projected permutations):
    a bias `(m, n) -> (n)`, a residual `(m, n) -> (m, n)`. The epilogue's arguments are the
    accumulator (f32) and an element of each extra; what it yields has the result's element type. Its operations are scalar `arith` and
    `math`. `init` is the destination: its contents are not read.

    ```mlir
    %y = uwt.matmul ins(%x, %w : tensor<?x384xbf16>, !uwt.compressed<1536x384xbf16, "inplace<12>">)
           extras(%b : tensor<1536xbf16>) maps [affine_map<(m, n) -> (n)>]
           outs(%init : tensor<?x1536xbf16>) {
         ^bb0(%acc: f32, %bias: bf16):
           %0 = arith.extf %bias : bf16 to f32
           %1 = arith.addf %acc, %0 : f32
           %2 = arith.truncf %1 : f32 to bf16
           uwt.yield %2 : bf16
         } -> tensor<?x1536xbf16>
    ```

    ```mlir
    %y = uwt.matmul ins(%x, %experts : tensor<8x1x384xbf16>, !uwt.compressed<64x1536x384xbf16, "inplace<12>">)
           select(%ids : tensor<8xi64>) outs(%init : tensor<8x1x1536xf32>) { ... } -> tensor<8x1x1536xf32>
    ```

    With `arithmetic #uwt.integer<8>` the product is of other numbers: x is rounded to integers, which are multiplied with the codes of a quantised weight. Formats without codes that are integers
    are refused. Without it products are of the weight's elements, as above.

    ```mlir
    %y = uwt.matmul ins(%x, %w : tensor<?x4096xbf16>, !uwt.compressed<4096x4096xbf16, "uint<4>, zero=8, scale={1x128, f16}">)
           outs(%init : tensor<?x4096xf32>) arithmetic #uwt.integer<8> { ... } -> tensor<?x4096xf32>
    ```

    After bufferization operands are memrefs and there is no result.
  }];
  let arguments = (ins
    UWT_TensorOrMemRef:$x,
    UWT_CompressedType:$weight,
    Optional<UWT_Selection>:$selection,
    Variadic<UWT_TensorOrMemRef>:$extras,
    UWT_TensorOrMemRef:$init,
    DefaultValuedAttr<AffineMapArrayAttr, "{}">:$maps,
    DefaultValuedAttr<UWT_NumericsAttrDef, "::uwt::Numerics::Fast">:$numerics,
    OptionalAttr<UWT_IntegerArithmeticAttr>:$arithmetic,
    OptionalAttr<UWT_AnyStrategyAttr>:$strategy);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$epilogue);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "::mlir::Value":$x, "::mlir::Value":$weight, "::mlir::Value":$selection,
      "::mlir::ValueRange":$extras, "::mlir::Value":$init, "::llvm::ArrayRef<::mlir::AffineMap>":$maps, "::uwt::Numerics":$numerics,
      "::llvm::function_ref<::mlir::Value(::mlir::OpBuilder &, ::mlir::Location, ::mlir::ValueRange)>":$epilogue)>
  ];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    ::uwt::CompressedType getWeightType() {
      return ::llvm::cast<::uwt::CompressedType>(getWeight().getType());
    }
    ::mlir::ShapedType getXType() { return ::llvm::cast<::mlir::ShapedType>(getX().getType()); }
    ::mlir::ShapedType getInitType() {
      return ::llvm::cast<::mlir::ShapedType>(getInit().getType());
    }
    /// Number of rows of x, M, or ShapedType::kDynamic.
    int64_t getM();
    /// Matrices that the product runs over, one after another: those of the weight, or as many as
    /// the selection has numbers; ShapedType::kDynamic where the IR does not know.
    int64_t getMatrices();
    /// Whether x and the output go by matrix.
    bool isBatched() { return getInitType().getRank() == 3; }
    bool hasBuffers() { return getResults().empty(); }
    /// Maps of the extras, in their order.
    auto getExtraMaps() { return getMaps().getAsValueRange<::mlir::AffineMapAttr>(); }
    /// The dimension of an extra that goes by matrix, in a product of several.
    static ::std::optional<unsigned> matrixDimension(::mlir::AffineMap map);
    /// Sets the strategy; of several, one more than `limits`, puts a `uwt.dispatch` by m in
    /// place of the operation, which is then erased, with a copy for each.
    void setStrategies(::llvm::ArrayRef<int64_t> limits, ::llvm::ArrayRef<::mlir::Attribute> strategies);
    ::mlir::Block *getEpilogueBlock() { return &getEpilogue().front(); }
  }];
}

def UWT_GatherOp : UWT_Op<"gather", [
    DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>,
    DeclareOpInterfaceMethods<ConditionallySpeculatable>]> {
  let summary = "rows of a compressed weight by their numbers";
  let description = [{
    Row i of the result is row `ids[i]` of the weight's tensor [V, D], in whichever order that is stored: an embedding. Only the units that hold
    these rows are decoded. Compiled code checks the numbers: one outside of 0 … V - 1 fails the call. `init` is the
    destination: its contents are not read.

    ```mlir
    %y = uwt.gather %tokens[%ids] outs(%init) : !uwt.compressed<32000x384xbf16, "inplace<12>">, tensor<?xi64>, tensor<?x384xbf16> -> tensor<?x384xbf16>
    ```

    After bufferization operands are memrefs and there is no result.
  }];
  let arguments = (ins UWT_CompressedType:$weight,
    AnyTypeOf<[1DTensorOf<[Index, AnySignlessInteger]>, MemRefRankOf<[Index, AnySignlessInteger], [1]>]>:$ids,
    UWT_TensorOrMemRef:$init);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $weight `[` $ids `]` `outs` `(` $init `)` attr-dict `:` qualified(type($weight)) `,` type($ids) `,` type($init) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$weight, "::mlir::Value":$ids, "::mlir::Value":$init)>];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    ::uwt::CompressedType getWeightType() {
      return ::llvm::cast<::uwt::CompressedType>(getWeight().getType());
    }
    ::mlir::ShapedType getIdsType() { return ::llvm::cast<::mlir::ShapedType>(getIds().getType()); }
    ::mlir::ShapedType getInitType() {
      return ::llvm::cast<::mlir::ShapedType>(getInit().getType());
    }
    bool hasBuffers() { return getResults().empty(); }
  }];
}

def UWT_YieldOp : UWT_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["MatmulOp", "DispatchOp"]>]> {
  let summary = "the value of an epilogue or of a dispatched region";
  let description = [{Ends the epilogue of `uwt.matmul` and the regions of `uwt.dispatch`.}];
  let arguments = (ins Variadic<AnyType>:$values);
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange{}); }]>];
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def UWT_DispatchOp : UWT_Op<"dispatch", [RecursiveMemoryEffects,
    DeclareOpInterfaceMethods<RegionBranchOpInterface, ["getRegionInvocationBounds", "getEntrySuccessorRegions"]>,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "a region a range of m";
  let description = [{
    Runs the first region whose limit is at least `size`, or the last one. Limits rise; there is one region more
    than there are limits. Regions see the values around them and yield the results.

    ```mlir
    %y = uwt.dispatch %m limits [1, 8] -> tensor<?x1536xbf16> cases {
      ...
      uwt.yield %a : tensor<?x1536xbf16>
    }, {
      ...
    }, {
      ...
    }
    ```
  }];
  let arguments = (ins Index:$size, DenseI64ArrayAttr:$limits);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region VariadicRegion<SizedRegion<1>>:$cases);
  let assemblyFormat = [{
    $size `limits` $limits (`->` type($results)^)? `cases` $cases attr-dict
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def UWT_CheckOp : UWT_Op<"check", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "fails the call where a condition does not hold";
  let description = [{
    Compiled code that meets a false condition leaves its function at once, and the caller gets the message as an error
    (`uwt/Runtime/Call.h`). `{0}` and `{1}` in the message stand for the values. `uwt-insert-checks` makes these operations,
    `uwt-lower-checks` branches of them.

    ```mlir
    uwt.check %inside, "m.mlir:7:8: tensor.extract: index {0} is outside of dimension 1, whose size is {1}" (%i, %size)
    ```
  }];
  let arguments = (ins I1:$condition, StrAttr:$message, Variadic<Index>:$values);
  let assemblyFormat = "$condition `,` $message (`(` $values^ `)`)? attr-dict";
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    /// Values that a message can have: uwt_fail takes so many.
    static constexpr unsigned maxValues = 2;
  }];
}

#endif // UWT_DIALECT_UWT_IR_UWTOPS
