//===- UWTTypes.td - Compressed tensors --------------------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_UWTTYPES
#define UWT_DIALECT_UWT_IR_UWTTYPES

include "mlir/IR/AttrTypeBase.td"
include "uwt/Dialect/UWT/IR/UWTAttrs.td"

def UWT_CompressedType : TypeDef<UWT_Dialect, "Compressed"> {
  let mnemonic = "compressed";
  let summary = "a tensor that is stored compressed";
  let description = [{
    A tensor in a format. Its storage is a short list of planes; nothing but the lowering and the loader
    knows how many. Not a shaped type on purpose: no rewrite of dense tensors can match it.

    ```mlir
    !uwt.compressed<14336x4096xbf16, "inplace<12>">
    !uwt.compressed<8x4096x14336xbf16, "inplace<12>, storage=k_major">
    !uwt.compressed<?x?xbf16, "inplace<12>">
    ```

    The shape is the tensor's own; its *matrix* is the last two dimensions as [N, K], swapped for
    `storage=k_major`, or what `fold=` says. Products and gathers take matrices of the last two dimensions only: a folded
    weight is transcoded first.

    A matrix of dynamic shape is what a function is given whose code serves every shape: products and gathers take it, and the
    loaded weight knows its size. Everything else needs a static shape.
  }];
  let parameters = (ins
    ArrayRefParameter<"int64_t">:$shape,
    "::mlir::Type":$elementType,
    "::uwt::FormatAttr":$format);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The type of a dense tensor of `type`'s shape and element in `format`.
    static CompressedType get(::mlir::RankedTensorType type, ::uwt::FormatAttr format);
    static CompressedType getChecked(::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError,
                                     ::mlir::RankedTensorType type, ::uwt::FormatAttr format);
    /// The dense tensor that decoding gives.
    ::mlir::RankedTensorType getTensorType() const;
    /// Shape and format in the codec library's terms; of a static shape.
    ::uwt::TensorDescription getDescription() const;
    bool isDynamic() const;
    /// Number of matrices, and the matrix's rows N and columns K, which are ShapedType::kDynamic
    /// where the type does not know them.
    int64_t getMatrices() const;
    int64_t getRows() const;
    int64_t getColumns() const;
    /// Whether its matrices are other than the last two dimensions.
    bool isFolded() const;
    /// This type in another format.
    CompressedType withFormat(::uwt::FormatAttr format) const;
  }];
}

/// What everything but products and gathers takes.
def UWT_StaticCompressedType : Type<
    And<[UWT_CompressedType.predicate, CPred<"!::llvm::cast<::uwt::CompressedType>($_self).isDynamic()">]>,
    "a compressed tensor of static shape", "::uwt::CompressedType">;

#endif // UWT_DIALECT_UWT_IR_UWTTYPES
