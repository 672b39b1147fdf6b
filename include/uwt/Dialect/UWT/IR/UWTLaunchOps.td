//===- UWTLaunchOps.td - Launches of kernels by programs ---*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_UWTLAUNCHOPS
#define UWT_DIALECT_UWT_IR_UWTLAUNCHOPS

include "mlir/IR/SymbolInterfaces.td"
include "uwt/Dialect/UWT/IR/UWTKernelAttrs.td"
include "uwt/Dialect/UWT/IR/UWTOps.td"

def UWT_KernelModules : TypedArrayAttrBase<FlatSymbolRefAttr, "modules of kernels, by their names">;

def UWT_LaunchProductOp : UWT_Op<"launch_product", [
    AttrSizedOperandSegments, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a product that kernels of a GPU compute";
  let description = [{
    Writes the product of a `uwt.matmul` on memrefs, whose operands it has. Each of `kernels` is a `gpu.module` whose kernels have a `uwt.kernel_entry`. The last
    entry's range of m says for which m they are: the ranges rise without a gap, from 1 to any. The numbers of a selection are checked when the
    program runs.

    ```mlir
    uwt.launch_product [@main_product_0_n8, @main_product_0_n16]
        ins(%x, %w : memref<?x4096xbf16>, !uwt.compressed<512x4096xbf16, "inplace<12>">)
        extras(%bias : memref<512xf32>) maps [affine_map<(m, n) -> (n)>] outs(%y : memref<?x512xbf16>)
    ```
  }];
  let arguments = (ins
    UWT_KernelModules:$kernels,
    AnyStridedMemRef:$x,
    UWT_CompressedType:$weight,
    Optional<UWT_Selection>:$selection,
    Variadic<AnyStridedMemRef>:$extras,
    AnyStridedMemRef:$init,
    DefaultValuedAttr<AffineMapArrayAttr, "{}">:$maps);
  let assemblyFormat = [{
    $kernels `ins` `(` $x `,` $weight `:` type($x) `,` qualified(type($weight)) `)` (`select` `(` $selection^ `:` type($selection) `)`)?
    (`extras` `(` $extras^ `:` type($extras) `)` `maps` $maps)? `outs` `(` $init `:` type($init) `)` attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::uwt::CompressedType getWeightType() {
      return ::llvm::cast<::uwt::CompressedType>(getWeight().getType());
    }
    /// Maps of the extras, in their order.
    auto getExtraMaps() { return getMaps().getAsValueRange<::mlir::AffineMapAttr>(); }
  }];
}

#endif // UWT_DIALECT_UWT_IR_UWTLAUNCHOPS
