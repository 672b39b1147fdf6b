//===- UWTAttrs.cpp - Formats, targets, strategies ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelAttrText.h"
#include "mlir/IR/DialectImplementation.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/CostModel/KernelConfig.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace uwt::detail {

/// The text, which is the key, and the format that it says: passes ask for it all the time.
struct FormatAttrStorage : public AttributeStorage {
  using KeyTy = std::tuple<StringRef>;

  FormatAttrStorage(StringRef text, Format format) : text(text), format(std::move(format)) {}

  KeyTy getAsKey() const { return {text}; }
  bool operator==(const KeyTy &key) const { return key == getAsKey(); }
  static llvm::hash_code hashKey(const KeyTy &key) { return llvm::hash_value(std::get<0>(key)); }

  static FormatAttrStorage *construct(AttributeStorageAllocator &allocator, const KeyTy &key) {
    StringRef text = allocator.copyInto(std::get<0>(key));
    // The verifier has parsed it before.
    return new (allocator.allocate<FormatAttrStorage>())
        FormatAttrStorage(text, *Format::parse(std::string_view(text)));
  }

  StringRef text;
  Format format;
};

} // namespace uwt::detail

/// "tile_k = 64, prefetch = 4096, read_streams = 2", without what is 0 of the last two.
static ParseResult parseKTile(AsmParser &parser, unsigned &tileK, unsigned &prefetch,
                              unsigned &readStreams) {
  if (parser.parseKeyword("tile_k") || parser.parseEqual() || parser.parseInteger(tileK))
    return failure();
  while (succeeded(parser.parseOptionalComma())) {
    llvm::SMLoc location = parser.getCurrentLocation();
    StringRef name;
    if (parser.parseKeyword(&name))
      return failure();
    unsigned *number = llvm::StringSwitch<unsigned *>(name)
                           .Case("prefetch", &prefetch)
                           .Case("read_streams", &readStreams)
                           .Default(nullptr);
    if (!number)
      return parser.emitError(location, "expected prefetch or read_streams, got ") << name;
    if (parser.parseEqual() || parser.parseInteger(*number))
      return failure();
  }
  return success();
}

static void printKTile(AsmPrinter &printer, unsigned tileK, unsigned prefetch,
                       unsigned readStreams) {
  printer << "tile_k = " << tileK;
  if (prefetch != 0)
    printer << ", prefetch = " << prefetch;
  if (readStreams != 0)
    printer << ", read_streams = " << readStreams;
}

#define GET_ATTRDEF_CLASSES
#include "uwt/Dialect/UWT/IR/UWTAttrs.cpp.inc"

void uwt::UWTDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "uwt/Dialect/UWT/IR/UWTAttrs.cpp.inc"
      >();
}

namespace uwt {

//===----------------------------------------------------------------------===//
// FormatAttr
//===----------------------------------------------------------------------===//

LogicalResult FormatAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                 StringRef text) {
  Expected<Format> format = Format::parse(std::string_view(text));
  if (!format)
    return emitError() << format.error().message();
  if (Expected<const Codec *> codec = findCodec(format->codec.keyword); !codec)
    return emitError() << codec.error().message();
  if (format->str() != text)
    return emitError() << "format '" << text << "' is written '" << format->str() << "'";
  return success();
}

FormatAttr FormatAttr::get(MLIRContext *context, const Format &format) {
  return get(context, StringRef(format.str()));
}

FormatAttr FormatAttr::parseText(llvm::function_ref<InFlightDiagnostic()> emitError,
                                 MLIRContext *context, StringRef text) {
  Expected<Format> format = Format::parse(std::string_view(text));
  if (!format) {
    emitError() << format.error().message();
    return {};
  }
  return getChecked(emitError, context, StringRef(format->str()));
}

StringRef FormatAttr::getText() const { return getImpl()->text; }

const Format &FormatAttr::getFormat() const { return getImpl()->format; }

//===----------------------------------------------------------------------===//
// TargetAttr
//===----------------------------------------------------------------------===//

LogicalResult TargetAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                 StringRef name) {
  if (Expected<const Target *> target = findTarget(std::string_view(name)); !target)
    return emitError() << target.error().message();
  return success();
}

const Target &TargetAttr::getTarget() const { return **findTarget(std::string_view(getName())); }

const Target &TargetAttr::of(Operation *op) {
  for (; op; op = op->getParentOp())
    if (auto target = op->getAttrOfType<TargetAttr>(UWTDialect::targetAttrName))
      return target.getTarget();
  return **findTarget("generic");
}

//===----------------------------------------------------------------------===//
// DerivationAttr
//===----------------------------------------------------------------------===//

LogicalResult DerivationAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                     FlatSymbolRefAttr /*function*/, ArrayAttr weights,
                                     FormatAttr codes) {
  if (!llvm::all_of(weights, llvm::IsaPred<StringAttr>))
    return emitError() << "expected the names of weights, got " << weights;
  if (codes && !codes.getFormat().isQuantized())
    return emitError() << "expected a format of quantised weights, got '" << codes.getText() << "'";
  return success();
}

std::string DerivationAttr::describe() const {
  std::string text = getFunction().getValue().str();
  StringRef separator = "(";
  for (auto weight : getWeights().getAsRange<StringAttr>()) {
    text += (separator + weight.getValue()).str();
    separator = ", ";
  }
  return text + (getWeights().empty() ? "()" : ")");
}

//===----------------------------------------------------------------------===//
// IntegerArithmeticAttr
//===----------------------------------------------------------------------===//

LogicalResult IntegerArithmeticAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                            unsigned bits) {
  if (bits >= minIntegerBits && bits <= maxIntegerBits)
    return success();
  return emitError() << "expected x as integers of " << minIntegerBits << " to " << maxIntegerBits
                     << " bits, got " << bits;
}

//===----------------------------------------------------------------------===//
// StrategyAttr
//===----------------------------------------------------------------------===//

/// Accumulators in tile registers.
static LogicalResult verifyTiles(llvm::function_ref<InFlightDiagnostic()> emitError, unsigned tileN,
                                 unsigned tileM) {
  if (tileN != tileRows && tileN != 2 * tileRows)
    return emitError() << "expected tile_n of tiles to be " << tileRows << " or " << 2 * tileRows
                       << ", got " << tileN;
  unsigned maxM = maxSumTiles * tileRows / (tileN / tileRows);
  if (tileM == 0 || tileM % tileRows != 0 || tileM > maxM)
    return emitError() << "expected tile_m of tiles to be a multiple of " << tileRows << " up to "
                       << maxM << " beside tile_n = " << tileN << ", got " << tileM;
  return success();
}

/// Accumulators in vector registers.
static LogicalResult verifyVectors(llvm::function_ref<InFlightDiagnostic()> emitError,
                                   unsigned tileN, unsigned tileM) {
  constexpr unsigned maxM = 32;
  if (tileN == 0 || stripRows % tileN != 0)
    return emitError() << "expected tile_n to divide " << stripRows << ", got " << tileN;
  if (tileM == 0 || tileM > maxM)
    return emitError() << "expected tile_m from 1 to " << maxM << ", got " << tileM;
  return success();
}

LogicalResult StrategyAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                   ProductStrategy strategy, unsigned tileN, unsigned tileM,
                                   unsigned tileK, unsigned prefetch, unsigned readStreams) {
  bool isTiles = strategy == ProductStrategy::Tiles;
  if (strategy != ProductStrategy::Direct && strategy != ProductStrategy::Buffer && !isTiles)
    return emitError() << "expected direct, buffer or tiles, got "
                       << stringifyProductStrategy(strategy);
  if (failed(isTiles ? verifyTiles(emitError, tileN, tileM)
                     : verifyVectors(emitError, tileN, tileM)))
    return failure();
  if (tileK == 0 || tileK % fixedUnitColumns != 0)
    return emitError() << "expected tile_k to be a multiple of " << fixedUnitColumns << ", got "
                       << tileK;
  if (prefetch != 0 && strategy != ProductStrategy::Direct)
    return emitError() << "expected prefetch with strategy direct alone";
  if (prefetch > maxPrefetchBytes)
    return emitError() << "expected prefetch of at most " << maxPrefetchBytes << " bytes, got "
                       << prefetch;
  if (readStreams != 0 && strategy == ProductStrategy::Buffer)
    return emitError() << "expected read_streams with strategies direct and tiles alone";
  if (!isReadStreams(readStreams))
    return emitError() << "expected read_streams to be 1, 2, 4 or 8, got " << readStreams;
  return success();
}

//===----------------------------------------------------------------------===//
// GpuStrategyAttr
//===----------------------------------------------------------------------===//

LogicalResult GpuStrategyAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                      ProductStrategy strategy, ProductInstruction /*instruction*/,
                                      unsigned slice, unsigned panels, unsigned cluster,
                                      unsigned ctas, unsigned stages, unsigned groups,
                                      unsigned kTiles) {
  if (strategy == ProductStrategy::Tiles)
    return emitError() << "expected a strategy of GPUs, got tiles, which is of CPUs";
  if (slice == 0 || slice > 256)
    return emitError() << "expected a slice of 1 to 256 rows of x, got " << slice;
  if (panels == 0 || panels > 2 || ctas == 0 || ctas > 3)
    return emitError() << "expected 1 or 2 panels and 1 to 3 CTAs, got " << panels << " and "
                       << ctas;
  if (!llvm::is_contained({1U, 2U, 4U, 8U}, cluster))
    return emitError() << "expected a cluster of 1, 2, 4 or 8 CTAs, got " << cluster;
  if ((stages == 0) != (groups == 0) || stages == 1)
    return emitError() << "expected a ring of at least 2 stages and their groups, or none, got "
                       << stages << " stages of " << groups << " groups";
  if (kTiles == 0 || groups % (2 * kTiles) != 0)
    return emitError() << "expected k-tiles of an even number of groups each, got " << kTiles
                       << " k-tiles of " << groups << " groups";
  return success();
}

} // namespace uwt
