//===- UWTTypes.cpp - Compressed tensors ----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectImplementation.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#define GET_TYPEDEF_CLASSES
#include "uwt/Dialect/UWT/IR/UWTTypes.cpp.inc"

void uwt::UWTDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "uwt/Dialect/UWT/IR/UWTTypes.cpp.inc"
      >();
}

namespace uwt {

LogicalResult CompressedType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                     ArrayRef<int64_t> shape, Type elementType, FormatAttr format) {
  std::optional<ElementType> element = elementTypeOf(elementType);
  if (!element)
    return emitError() << "elements of type " << elementType
                       << " cannot be compressed; expected bf16, f16, f32, f8E4M3FN or f8E5M2";
  if (Expected<CodecTraits> traits = checkRunFormat(format.getFormat(), *element); !traits)
    return emitError() << traits.error().message();
  if (format.getFormat().hasColumnOrder &&
      (shape.size() != 2 || format.getFormat().storage == Storage::KMajor))
    return emitError() << "order=k is of the columns of one matrix [N, K]";
  if (ShapedType::isDynamicShape(shape)) {
    if (shape.size() == 2 && format.getFormat().fold == Fold())
      return success();
    return emitError() << "a compressed tensor of dynamic shape has rank 2 and no fold";
  }
  TensorDescription description{*element, {shape.begin(), shape.end()}, format.getFormat()};
  if (Expected<TensorDescription::Matrices> matrices = description.matrices(); !matrices)
    return emitError() << matrices.error().message();
  return success();
}

CompressedType CompressedType::get(RankedTensorType type, FormatAttr format) {
  return get(type.getContext(), type.getShape(), type.getElementType(), format);
}

CompressedType CompressedType::getChecked(llvm::function_ref<InFlightDiagnostic()> emitError,
                                          RankedTensorType type, FormatAttr format) {
  return getChecked(emitError, type.getContext(), type.getShape(), type.getElementType(), format);
}

RankedTensorType CompressedType::getTensorType() const {
  return RankedTensorType::get(getShape(), getElementType());
}

TensorDescription CompressedType::getDescription() const {
  return {*elementTypeOf(getElementType()),
          {getShape().begin(), getShape().end()},
          getFormat().getFormat()};
}

bool CompressedType::isDynamic() const { return ShapedType::isDynamicShape(getShape()); }

/// N and K.
static std::pair<int64_t, int64_t> matrixOf(CompressedType type) {
  if (!type.isDynamic()) {
    MatrixShape shape = type.getDescription().matrices()->shape;
    return {shape.rows, shape.columns};
  }
  int64_t first = type.getShape()[0], last = type.getShape()[1];
  bool isSwapped = type.getFormat().getFormat().storage == Storage::KMajor;
  return isSwapped ? std::pair(last, first) : std::pair(first, last);
}

int64_t CompressedType::getMatrices() const {
  return isDynamic() ? 1 : getDescription().matrices()->count;
}
int64_t CompressedType::getRows() const { return matrixOf(*this).first; }
int64_t CompressedType::getColumns() const { return matrixOf(*this).second; }

bool CompressedType::isFolded() const { return getFormat().getFormat().fold != Fold(); }

CompressedType CompressedType::withFormat(FormatAttr format) const {
  return get(getContext(), getShape(), getElementType(), format);
}

Type CompressedType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  std::string text;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape) || parser.parseType(element) ||
      parser.parseComma() || parser.parseString(&text) || parser.parseGreater())
    return {};
  auto emitError = [&] { return parser.emitError(location); };
  FormatAttr format = FormatAttr::parseText(emitError, parser.getContext(), text);
  if (!format)
    return {};
  return getChecked(emitError, parser.getContext(), shape, element, format);
}

void CompressedType::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printDimensionList(getShape());
  printer << (getShape().empty() ? "" : "x") << getElementType() << ", ";
  printer.printString(getFormat().getText());
  printer << '>';
}

} // namespace uwt
