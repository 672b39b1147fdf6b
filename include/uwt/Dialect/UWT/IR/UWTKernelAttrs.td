//===- UWTKernelAttrs.td - How kernels are launched --------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a pack says of a kernel (uwt/Pack/KernelPack.h), as attributes of the IR that the pack is
// written from. Names of kernel kinds, arguments and rules are those of packs.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_UWTKERNELATTRS
#define UWT_DIALECT_UWT_IR_UWTKERNELATTRS

include "uwt/Dialect/UWT/IR/UWTAttrs.td"

/// An enumeration of KernelPack.h, by its names there.
class UWT_PackName<string type, string desc> : AttrParameter<"::uwt::" # type, desc> {
  let parser = "::uwt::parsePackName<::uwt::" # type # ">($_parser)";
  let printer = "$_printer << ::llvm::StringRef(::uwt::nameOf($_self))";
}

def UWT_ExtentParameter : AttrParameter<"::uwt::ExtentRange", "sizes of one dimension"> {
  let parser = "::uwt::parseExtent($_parser)";
  let printer = "::uwt::printExtent($_printer, $_self)";
}

def UWT_RealParameter : AttrParameter<"::llvm::APFloat", "a double"> {
  let parser = "::uwt::parseReal($_parser)";
  let printer = "$_printer.printFloat($_self)";
  let comparator = "$_lhs.bitwiseIsEqual($_rhs)";
  let defaultValue = "::llvm::APFloat(0.0)";
}

def UWT_KernelArgumentAttr : UWT_Attr<"KernelArgument", "kernel_argument"> {
  let summary = "what an argument of a kernel is";
  let description = [{
    A launcher fills an argument by its kind. Where the caller gives the address, it is a multiple of `align` bytes. Extra operands of
    the epilogue have a number, constants their bits.

    ```mlir
    #uwt.kernel_argument<panels : i64>
    #uwt.kernel_argument<extra[1] : bf16 align 2>
    #uwt.kernel_argument<constant : i64 = 4096>
    ```
  }];
  let parameters = (ins
    UWT_PackName<"ArgumentKind", "what it is">:$kind,
    UWT_PackName<"ArgumentType", "of the memref's elements, or of the scalar">:$type,
    DefaultValuedParameter<"uint32_t", "1", "bytes">:$alignment,
    DefaultValuedParameter<"uint32_t", "0", "which one of the extra operands">:$number,
    DefaultValuedParameter<"uint64_t", "0", "the bits of a constant">:$constant);
  let assemblyFormat = "`<` $kind (`[` $number^ `]`)? `:` $type (`align` $alignment^)? (`=` $constant^)? `>`";
}

def UWT_LaunchRuleAttr : UWT_Attr<"LaunchRule", "launch_rule"> {
  let summary = "the grid of a kernel";
  let description = [{
    `tiles`: a CTA a tile; `persistent`: as many CTAs as run at a time. A tile has `tile_n` outputs, `tile_k` inputs and `tile_m` rows of x, 0 where it has
    all of them. `shared_bytes` are those of dynamic shared memory, `ctas` those that one multiprocessor runs at a time. A `dependent` kernel may begin while
    the kernel before it ends.

    ```mlir
    #uwt.launch_rule<persistent, threads = 160, shared_bytes = 71680, dependent = true, ctas = 2, tile_n = 64, tile_k = 256, tile_m = 8>
    ```
  }];
  let parameters = (ins
    UWT_PackName<"GridRule", "what a CTA takes">:$grid,
    "uint32_t":$threads,
    DefaultValuedParameter<"uint32_t", "0">:$shared_bytes,
    DefaultValuedParameter<"uint32_t", "1">:$cluster,
    DefaultValuedParameter<"bool", "false">:$dependent,
    DefaultValuedParameter<"uint32_t", "1">:$ctas,
    DefaultValuedParameter<"uint64_t", "0">:$tile_n,
    DefaultValuedParameter<"uint64_t", "0">:$tile_k,
    DefaultValuedParameter<"uint64_t", "0">:$tile_m);
  let assemblyFormat = [{
    `<` $grid `,` struct($threads, $shared_bytes, $cluster, $dependent, $ctas, $tile_n, $tile_k, $tile_m) `>`
  }];
}

def UWT_WorkspaceRuleAttr : UWT_Attr<"WorkspaceRule", "workspace_rule"> {
  let summary = "the scratch memory of a kernel, in bytes";
  let description = [{
    Counters are zero before a launch and after it; the rest has any contents. An output is an element of the result.

    ```mlir
    #uwt.workspace_rule<counters_per_tile = 16, per_tile = 4096, per_cta = 2048>
    ```
  }];
  let parameters = (ins
    DefaultValuedParameter<"uint64_t", "0">:$counters_per_tile,
    DefaultValuedParameter<"uint64_t", "0">:$fixed,
    DefaultValuedParameter<"uint64_t", "0">:$per_tile,
    DefaultValuedParameter<"uint64_t", "0">:$per_cta,
    DefaultValuedParameter<"uint64_t", "0">:$per_output);
  let assemblyFormat = [{
    `<` struct($counters_per_tile, $fixed, $per_tile, $per_cta, $per_output) `>`
  }];
}

def UWT_KernelEntryAttr : UWT_Attr<"KernelEntry", "kernel_entry"> {
  let summary = "what a kernel is for, and how it is launched";
  let description = [{
    Attribute `uwt.kernel_entry` of a `gpu.func`: its entry in a pack (`docs/packs.md`), which is written from here. The kernel multiplies with a weight of
    that format, n × k, for an m in that range; one of kind `transcode` makes a weight of format `to`, one of kind `histogram` counts its symbols,
    one of kind `gather` decodes m of its rows. Every launch of it launches the kernel `after`
    first, on the same operands and scratch memory, which stands before it in the same `gpu.module`.

    ```mlir
    gpu.func @product(...) kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, "skinny,m=8,stages=5,k=256",
      from <"inplace<12>"> of bf16, n = 512, k = 4096, m = 1 to any,
      launch <persistent, threads = 160, dependent = true, ctas = 2, tile_n = 64, tile_k = 256, tile_m = 8>
      workspace <counters_per_tile = 16, per_tile = 512> after @pack arguments [<panels : i64>, <y : bf16 align 2>, <m : i64>]>}
    ```
  }];
  let parameters = (ins
    UWT_PackName<"GpuKernelKind", "how it works">:$kind,
    StringRefParameter<"the strategy that it was made for, for readers">:$strategy,
    "::uwt::FormatAttr":$format,
    "::mlir::Type":$element,
    OptionalParameter<"::uwt::FormatAttr", "what kind transcode makes">:$result,
    UWT_ExtentParameter:$n,
    UWT_ExtentParameter:$k,
    UWT_ExtentParameter:$m,
    "::uwt::LaunchRuleAttr":$launch,
    OptionalParameter<"::uwt::WorkspaceRuleAttr", "none where it needs no scratch memory">:$workspace,
    OptionalParameter<"::mlir::FlatSymbolRefAttr", "the kernel that is launched before">:$after,
    OptionalArrayRefParameter<"::uwt::KernelArgumentAttr">:$arguments);
  let assemblyFormat = [{
    `<` $kind `,` $strategy `,` `from` $format `of` $element (`to` $result^)? `,` `n` `=` $n `,` `k` `=` $k `,` `m` `=` $m `,`
    `launch` $launch (`workspace` $workspace^)? (`after` $after^)? (`arguments` ` ` `[` $arguments^ `]`)? `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The attribute of an entry whose kernel is launched after `after`, or after none where that
    /// is null. The kernel's name and the numbers of pack and code object are not in it.
    static KernelEntryAttr get(::mlir::MLIRContext *context, const ::uwt::KernelEntry &entry,
                               ::mlir::FlatSymbolRefAttr after);
    /// The entry of a kernel of this name, in code object 0 and launched after none.
    ::uwt::KernelEntry getEntry(::llvm::StringRef kernel) const;
  }];
}

def UWT_KernelPlanAttr : UWT_Attr<"KernelPlan", "kernel_plan"> {
  let summary = "what a product's kernels add to the profile of their machine code";
  let description = [{
    Attribute `uwt.kernel_plan` of the `gpu.module` of a product; `PlanFacts` (`uwt/Codegen/GPU/ProductKernels.h`) says what each number is.

    ```mlir
    gpu.module @main_product_0 attributes {uwt.kernel_plan = #uwt.kernel_plan<slice = 8, tile_n = 64, m = 8, ctas = 2, stages = 5, stage_bytes = 24576>} { ... }
    ```
  }];
  let parameters = (ins
    "unsigned":$slice,
    "unsigned":$tile_n,
    DefaultValuedParameter<"unsigned", "1">:$cluster,
    "uint64_t":$m,
    "unsigned":$ctas,
    "unsigned":$stages,
    DefaultValuedParameter<"uint64_t", "0">:$stage_bytes,
    DefaultValuedParameter<"bool", "false">:$warpgroups,
    DefaultValuedParameter<"unsigned", "0">:$stream_warps,
    UWT_RealParameter:$lookups,
    UWT_RealParameter:$raw_bytes,
    DefaultValuedParameter<"bool", "false">:$decodes_beside,
    UWT_RealParameter:$decoded_bytes,
    UWT_RealParameter:$bytes_outside,
    DefaultValuedParameter<"bool", "false">:$multiplies_bytes,
    DefaultValuedParameter<"unsigned", "0">:$part_columns);
  let assemblyFormat = [{
    `<` struct($slice, $tile_n, $cluster, $m, $ctas, $stages, $stage_bytes, $warpgroups, $stream_warps, $lookups, $raw_bytes,
               $decodes_beside, $decoded_bytes, $bytes_outside, $multiplies_bytes, $part_columns) `>`
  }];
}

def UWT_LaunchOperandAttr : UWT_Attr<"LaunchOperand", "launch_operand"> {
  let summary = "what a call describes of an operand";
  let description = [{
    Bytes of an element, dimensions, and the dimension that goes by matrix, -1 where none does.

    ```mlir
    #uwt.launch_operand<bytes = 2, rank = 3, matrix_dimension = 0>
    ```
  }];
  let parameters = (ins "unsigned":$bytes, "unsigned":$rank,
                        DefaultValuedParameter<"int64_t", "-1">:$matrix_dimension);
  let assemblyFormat = "`<` struct($bytes, $rank, $matrix_dimension) `>`";
  let genVerifyDecl = 1;
}

def UWT_LaunchAttr : UWT_Attr<"Launch", "launch"> {
  let summary = "a product as compiled code calls for it";
  let description = [{
    An entry of the module attribute `uwt.launches`: what call `uwt_launch_product` of that number launches. `kernels` are those of `uwt.launch_product`, `slot` is that of
    its weight, which has so many matrices. A selection of one matrix is a number (rank 0), one of several a vector.

    ```mlir
    #uwt.launch<[@main_product_0], slot = 0, matrices = 1, x <bytes = 2, rank = 2> y <bytes = 4, rank = 2> extras [<bytes = 4, rank = 1>]>
    ```
  }];
  let parameters = (ins
    "::mlir::ArrayAttr":$kernels,
    "int64_t":$slot,
    "uint64_t":$matrices,
    "::uwt::LaunchOperandAttr":$x,
    "::uwt::LaunchOperandAttr":$y,
    OptionalParameter<"::uwt::LaunchOperandAttr">:$select,
    OptionalArrayRefParameter<"::uwt::LaunchOperandAttr">:$extras);
  let assemblyFormat = [{
    `<` $kernels `,` `slot` `=` $slot `,` `matrices` `=` $matrices `,` (`select` $select^)? `x` $x `y` $y (`extras` ` ` `[` $extras^ `]`)? `>`
  }];
  let genVerifyDecl = 1;
}

#endif // UWT_DIALECT_UWT_IR_UWTKERNELATTRS
