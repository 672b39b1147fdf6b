//===- KernelAttrs.cpp - How kernels are launched -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelAttrText.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt {

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static constexpr uint64_t any = UINT64_MAX;

FailureOr<ExtentRange> parseExtent(AsmParser &parser) {
  ExtentRange range;
  if (parser.parseInteger(range.least))
    return failure();
  range.most = range.least;
  if (succeeded(parser.parseOptionalKeyword("to"))) {
    range.most = any;
    if (failed(parser.parseOptionalKeyword("any")) && parser.parseInteger(range.most))
      return failure();
  }
  if (succeeded(parser.parseOptionalKeyword("multiple")) && parser.parseInteger(range.multiple))
    return failure();
  return range;
}

void printExtent(AsmPrinter &printer, const ExtentRange &range) {
  printer << range.least;
  if (range.most == any)
    printer << " to any";
  else if (range.most != range.least)
    printer << " to " << range.most;
  if (range.multiple != 1)
    printer << " multiple " << range.multiple;
}

FailureOr<llvm::APFloat> parseReal(AsmParser &parser) {
  double value = 0;
  if (parser.parseFloat(value))
    return failure();
  return llvm::APFloat(value);
}

//===----------------------------------------------------------------------===//
// KernelEntryAttr
//===----------------------------------------------------------------------===//

static LaunchRuleAttr attributeOf(MLIRContext *context, const LaunchRule &rule) {
  return LaunchRuleAttr::get(context, rule.grid, rule.threads, rule.sharedBytes, rule.cluster,
                             rule.dependent, rule.ctasPerMultiprocessor, rule.tileN, rule.tileK,
                             rule.tileM);
}

static LaunchRule ruleOf(LaunchRuleAttr attribute) {
  LaunchRule rule;
  rule.grid = attribute.getGrid();
  rule.threads = attribute.getThreads();
  rule.sharedBytes = attribute.getSharedBytes();
  rule.cluster = attribute.getCluster();
  rule.dependent = attribute.getDependent();
  rule.ctasPerMultiprocessor = attribute.getCtas();
  rule.tileN = attribute.getTileN();
  rule.tileK = attribute.getTileK();
  rule.tileM = attribute.getTileM();
  return rule;
}

/// Null where no memory is needed.
static WorkspaceRuleAttr attributeOf(MLIRContext *context, const WorkspaceRule &rule) {
  if (rule == WorkspaceRule())
    return {};
  return WorkspaceRuleAttr::get(context, rule.countersPerTile, rule.fixed, rule.perTile,
                                rule.perCta, rule.perOutput);
}

static WorkspaceRule ruleOf(WorkspaceRuleAttr attribute) {
  if (!attribute)
    return {};
  WorkspaceRule rule;
  rule.countersPerTile = attribute.getCountersPerTile();
  rule.fixed = attribute.getFixed();
  rule.perTile = attribute.getPerTile();
  rule.perCta = attribute.getPerCta();
  rule.perOutput = attribute.getPerOutput();
  return rule;
}

/// An entry's range of m has 32 bits, of which the largest stands for any.
static uint64_t extentEnd(uint32_t mTo) { return mTo == UINT32_MAX ? any : mTo; }
static uint32_t mEnd(uint64_t most) {
  return static_cast<uint32_t>(std::min<uint64_t>(most, UINT32_MAX));
}

KernelEntryAttr KernelEntryAttr::get(MLIRContext *context, const KernelEntry &entry,
                                     FlatSymbolRefAttr after) {
  SmallVector<KernelArgumentAttr> arguments;
  for (const KernelArgument &each : entry.arguments)
    arguments.push_back(KernelArgumentAttr::get(context, each.kind, each.type, each.alignment,
                                                each.number, each.constant));
  FormatAttr result = entry.result ? FormatAttr::get(context, *entry.result) : FormatAttr();
  ExtentRange m{entry.mFrom, extentEnd(entry.mTo), 1};
  return get(context, entry.kind, entry.strategy, FormatAttr::get(context, entry.format),
             typeOf(context, entry.element), result, entry.n, entry.k, m,
             attributeOf(context, entry.launch), attributeOf(context, entry.workspace), after,
             arguments);
}

/// The entry of a kernel without a name.
static KernelEntry makeEntry(GpuKernelKind kind, StringRef strategy, FormatAttr format,
                             ElementType element, FormatAttr result, const ExtentRange &n,
                             const ExtentRange &k, const ExtentRange &m, LaunchRuleAttr launch,
                             WorkspaceRuleAttr workspace, ArrayRef<KernelArgumentAttr> arguments) {
  KernelEntry entry;
  entry.kind = kind;
  entry.strategy = strategy.str();
  entry.format = format.getFormat();
  if (result)
    entry.result = result.getFormat();
  entry.element = element;
  entry.n = n;
  entry.k = k;
  entry.mFrom = mEnd(m.least);
  entry.mTo = mEnd(m.most);
  entry.launch = ruleOf(launch);
  entry.workspace = ruleOf(workspace);
  for (KernelArgumentAttr each : arguments)
    entry.arguments.push_back({each.getKind(), each.getType(), each.getAlignment(),
                               each.getNumber(), each.getConstant()});
  return entry;
}

KernelEntry KernelEntryAttr::getEntry(StringRef kernel) const {
  // The verifier has found the element type before.
  KernelEntry entry =
      makeEntry(getKind(), getStrategy(), getFormat(), *elementTypeOf(getElement()), getResult(),
                getN(), getK(), getM(), getLaunch(), getWorkspace(), getArguments());
  entry.kernel = kernel.str();
  return entry;
}

LogicalResult KernelEntryAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                      GpuKernelKind kind, StringRef strategy, FormatAttr format,
                                      Type element, FormatAttr result, ExtentRange n, ExtentRange k,
                                      ExtentRange m, LaunchRuleAttr launch,
                                      WorkspaceRuleAttr workspace, FlatSymbolRefAttr /*after*/,
                                      ArrayRef<KernelArgumentAttr> arguments) {
  std::optional<ElementType> known = elementTypeOf(element);
  if (!known)
    return emitError() << "expected the element type of a weight, got " << element;
  if (m.least >= UINT32_MAX || m.multiple != 1)
    return emitError() << "expected a range of m from a number below 2^32 - 1, of all sizes";
  KernelEntry entry =
      makeEntry(kind, strategy, format, *known, result, n, k, m, launch, workspace, arguments);
  entry.kernel = "kernel";
  if (Status checked = checkEntry(entry, /*codeObjects=*/1); !checked)
    return emitError() << checked.error().message();
  return success();
}

//===----------------------------------------------------------------------===//
// LaunchAttr
//===----------------------------------------------------------------------===//

LogicalResult LaunchOperandAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                        unsigned bytes, unsigned rank, int64_t matrixDimension) {
  if (bytes == 0 || bytes > 8)
    return emitError() << "expected elements of 1 to 8 bytes, got " << bytes;
  if (matrixDimension < -1 || matrixDimension >= static_cast<int64_t>(rank))
    return emitError() << "expected a dimension of matrices below the rank " << rank << ", got "
                       << matrixDimension;
  return success();
}

LogicalResult LaunchAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                 ArrayAttr kernels, int64_t slot, uint64_t matrices,
                                 LaunchOperandAttr /*x*/, LaunchOperandAttr /*y*/,
                                 LaunchOperandAttr select, ArrayRef<LaunchOperandAttr> /*extras*/) {
  if (kernels.empty() || !llvm::all_of(kernels, llvm::IsaPred<FlatSymbolRefAttr>))
    return emitError() << "expected modules of kernels, got " << kernels;
  if (slot < 0 || matrices == 0)
    return emitError() << "expected a slot from 0 and matrices from 1, got " << slot << " and "
                       << matrices;
  if (select && select.getRank() > 1)
    return emitError() << "expected a selection of rank 0 or 1, got " << select.getRank();
  return success();
}

//===----------------------------------------------------------------------===//
// Where attributes stand
//===----------------------------------------------------------------------===//

/// Whether the arguments of `kernel` are those of its entry.
static LogicalResult verifyArguments(gpu::GPUFuncOp kernel, KernelEntryAttr entry) {
  ArrayRef<Type> types = kernel.getArgumentTypes();
  ArrayRef<KernelArgumentAttr> arguments = entry.getArguments();
  if (types.size() != arguments.size())
    return kernel.emitOpError() << "has " << types.size() << " arguments, and its entry "
                                << arguments.size();
  for (auto [i, type] : llvm::enumerate(types))
    if (isMemref(arguments[i].getKind()) != isa<MemRefType>(type))
      return kernel.emitOpError() << "has argument " << i << " of type " << type
                                  << ", and its entry says " << arguments[i];
  return success();
}

LogicalResult UWTDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName();
  Attribute value = attribute.getValue();
  if (name == kernelPlanAttrName && !isa<KernelPlanAttr>(value))
    return op->emitOpError() << "expects a #uwt.kernel_plan as '" << name << "', got " << value;
  if (name != kernelEntryAttrName)
    return success();
  auto entry = dyn_cast<KernelEntryAttr>(value);
  if (!entry)
    return op->emitOpError() << "expects a #uwt.kernel_entry as '" << name << "', got " << value;
  // A kernel on its way to PTX has other arguments.
  auto kernel = dyn_cast<gpu::GPUFuncOp>(op);
  return kernel ? verifyArguments(kernel, entry) : success();
}

} // namespace uwt
