//===- FormatCheck.cpp - Which compositions are valid ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules that hold for every codec; a codec's own are in its `traits`.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Codec.h"
#include "uwt/Codec/Panel.h"
#include "uwt/Codec/Quantized.h"
#include <bit>

using namespace uwt;

static Status checkCodedField(const Format &format, ElementType element) {
  const ElementTraits &traits = getTraits(element);
  if (format.codedMantissa <= traits.mantissaBits)
    return ok();
  return usageError("coded=exponent+" + std::to_string(format.codedMantissa) + ": " +
                    std::string(traits.name) + " has a mantissa of " +
                    std::to_string(traits.mantissaBits) + " bits");
}

/// fold-1 to fold-3; what depends on the shape is TensorDescription's business.
static Status checkFold(const Format &format) {
  const Fold &fold = format.fold;
  if (fold.kind == Fold::Kind::None)
    return ok();
  if (format.storage == Storage::KMajor)
    return usageError("storage=k_major says what the last two dimensions are; leave out fold=");
  std::string size = std::to_string(fold.size);
  // One spelling for one meaning.
  if (fold.kind == Fold::Kind::Columns && fold.size < 2)
    return usageError("fold=columns<" + size + ">: expected 2 dimensions or more; write none");
  bool fits = fold.size % flatColumnMultiple == 0 && fold.size != 0 && fold.size <= maxFlatColumns;
  if (fold.kind == Fold::Kind::Flat && !fits)
    return usageError("fold=flat<" + size + ">: expected a multiple of " +
                      std::to_string(flatColumnMultiple) + " up to " +
                      std::to_string(maxFlatColumns));
  return ok();
}

/// scale-1
static Status checkScales(const Format &format, const CodecTraits &traits, ElementType element) {
  std::string scale = "context=scale<" + std::to_string(format.scaleSteps) + ">";
  if (!format.hasScales() && format.panelUnits)
    return usageError("unit=panel needs context=scale, whose units have all columns of a panel");
  if (!format.hasScales())
    return format.codedSign ? usageError("coded=sign+exponent needs context=scale, whose columns "
                                         "have signs that they mostly have")
                            : ok();
  if (getTraits(element).signBits == 0)
    return usageError(scale + ": " + std::string(getTraits(element).name) +
                      " has no exponent that a scale could be taken from");
  if (format.scaleSteps > maxScaleSteps || !std::has_single_bit(format.scaleSteps))
    return usageError(scale + ": expected 1, 2, 4, 8 or 16 steps of an octave");
  if (traits.rate != Rate::Ans)
    return usageError("codec " + format.codec.str() + " has a code table a row; " + scale +
                      " needs one an element, as rans<12> has");
  return ok();
}

static Status checkContext(const Format &format, const CodecTraits &traits) {
  switch (format.rowClasses) {
  case 1:
    return ok();
  case 2:
  case 4:
  case 8:
  case 16:
    break;
  default:
    return usageError("context=row_class<" + std::to_string(format.rowClasses) +
                      ">: expected 2, 4, 8 or 16 classes");
  }
  if (isVariable(traits.rate))
    return ok();
  return usageError("codec " + format.codec.str() +
                    " has one model for all rows; context=row_class needs a code of variable rate "
                    "such as huffman<12,1>");
}

static Status checkEscapes(const Format &format, const CodecTraits &traits,
                           const FieldSplit &split) {
  // escape-3: a record holds a byte a symbol.
  if (format.escapes == Escapes::Rows64 && traits.rate != Rate::Words && split.symbolBits > 8)
    return usageError("escapes=rows<64> stores symbols as bytes; the coded field has " +
                      std::to_string(split.symbolBits) + " bits");
  return ok();
}

/// low-1, low-2, low-4, low-5
static Status checkLow(const Format &format, ElementType element) {
  bool isTopBits = format.lowHalves == LowHalves::TopBits;
  if (isTopBits && format.lowBits == wholeLowBits)
    return ok();
  const ElementTraits &traits = getTraits(element);
  std::string text = format.str();
  std::string low = text.substr(text.rfind("low="));
  if (traits.lowBits == 0)
    return usageError(low + ": " + std::string(traits.name) + " has no low halves");
  if (format.lowBits == 0 || format.lowBits > wholeLowBits)
    return usageError(low + ": expected 1 to 16 bits");
  return ok();
}

UnitGeometry uwt::unitOfPlanes(const FieldSplit &split, uint32_t codeBits, uint32_t columns) {
  // panel-3: a u32 a lane and bit of a group.
  UnitGeometry unit;
  unit.columns = columns;
  unit.rawGroupStride = fragmentLanes * split.rawBits();
  unit.codeGroupStride = fragmentLanes * codeBits;
  unit.rawU32 = unit.groups() * unit.rawGroupStride;
  unit.codeU32 = unit.groups() * unit.codeGroupStride;
  return unit;
}

Expected<CodecTraits> uwt::checkRunFormat(const Format &format, ElementType element) {
  if (format.isQuantized())
    return checkQuantized(format, element);
  return checkFormat(format, element);
}

Expected<CodecTraits> uwt::checkFormat(const Format &format, ElementType element) {
  if (format.isQuantized())
    return usageError("'" + format.element.str() +
                      "' is an element of quantised checkpoints, which files keep as they are: "
                      "leave it out, and choose a codec for the tensors");
  if (format != format.ofFloats())
    return usageError("table=, pick=, zero=, scale=, factor=, offset= and math= are of quantised "
                      "elements such as uint<4>, and codec " +
                      format.codec.str() + " codes floats");
  if (format.version != formatVersion)
    return unsupportedError("format version " + std::to_string(format.version) +
                            " is not supported; this build reads version " +
                            std::to_string(formatVersion));
  UWT_ASSIGN_OR_RETURN(const Codec *codec, findCodec(format.codec.keyword));
  UWT_RETURN_IF_ERROR(checkCodedField(format, element));
  FieldSplit split = splitOf(element, format);
  UWT_ASSIGN_OR_RETURN(CodecTraits traits, codec->traits(format, split));
  if (format.packing == Packing::InPlace && !traits.allowsInPlace)
    return usageError("codec " + format.codec.str() +
                      " has no in-place packing; leave out "
                      "packing=inplace");
  if (traits.unit.rawU32 == 0 && traits.unit.codeU32 == 0)
    traits.unit = unitOfPlanes(split, traits.codeBits, traits.unit.columns);
  UWT_RETURN_IF_ERROR(checkFold(format));
  UWT_RETURN_IF_ERROR(checkLow(format, element));
  UWT_RETURN_IF_ERROR(checkContext(format, traits));
  if (format.shortIndex && !isVariable(traits.rate))
    return usageError("codec " + format.codec.str() +
                      " has a fixed rate; index=short is for a "
                      "code of variable rate such as huffman<12,1>");
  if (format.exactTables && traits.rate != Rate::Ans)
    return usageError("codec " + format.codec.str() +
                      " has no frequencies; tables=exact is for codec rans");
  UWT_RETURN_IF_ERROR(checkScales(format, traits, element));
  UWT_RETURN_IF_ERROR(checkEscapes(format, traits, split));
  return traits;
}
