//===- BindWeights.cpp - Bind constants to the tensors of a container -----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Only names, shapes, types and formats are looked at; no tensor is read, except for
// match-bytes. The loader reads them when code is loaded.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/ConstantData.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "uwt/Import/ImportedWeights.h"
#include "uwt/Support/Suggest.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace uwt {
#define GEN_PASS_DEF_BINDWEIGHTSPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

namespace {

/// A tensor, and the file that has it.
struct FoundTensor {
  const uwt::Container *container = nullptr;
  const uwt::TensorEntry *entry = nullptr;
};

/// What a constant is bound to: a tensor, or several that a recipe makes a weight of.
struct FoundWeight {
  FoundTensor tensor;
  const uwt::ImportedWeight *imported = nullptr;

  bool isEmpty() const { return !tensor.entry && !imported; }
};

/// The files that a module is bound to.
class WeightFiles {
public:
  uwt::Status open(ArrayRef<std::string> paths, bool assumePlain) {
    uwt::ReadOptions options;
    options.assumePlain = assumePlain;
    for (const std::string &path : paths) {
      description += (description.empty() ? "" : ", ") + path;
      UWT_ASSIGN_OR_RETURN(uwt::OpenedWeights weights, uwt::OpenedWeights::open(path, options));
      opened.push_back(std::move(weights));
    }
    return uwt::ok();
  }

  bool isEmpty() const { return opened.empty(); }

  /// Empty if there is none. Errors: as Checkpoint::lookUp.
  uwt::Expected<FoundTensor> find(StringRef name) const {
    for (const uwt::OpenedWeights &each : opened) {
      UWT_ASSIGN_OR_RETURN(auto found, each.checkpoint.lookUp(name));
      if (found)
        return FoundTensor{found->first, found->second};
    }
    return FoundTensor();
  }

  const uwt::ImportedWeight *findImported(StringRef name) const {
    for (const uwt::OpenedWeights &each : opened)
      if (const uwt::ImportedWeight *found = each.imported.find(name))
        return found;
    return nullptr;
  }

  /// Checks that a tensor is the model's as it is. Errors: Unsupported.
  uwt::Status checkPlain(const FoundTensor &found) const {
    for (const uwt::OpenedWeights &each : opened)
      UWT_RETURN_IF_ERROR(each.imported.checkPlain(*found.container, *found.entry));
    return uwt::ok();
  }

  /// Why there is no tensor `name`.
  std::string missing(StringRef name) const {
    for (const uwt::OpenedWeights &each : opened)
      if (std::optional<uwt::Error> known = each.checkpoint.explainMissing(name))
        return known->message();
    std::vector<std::string_view> names;
    forEach([&](const uwt::Container &, const uwt::TensorEntry &entry) {
      names.push_back(entry.name);
    });
    for (const uwt::OpenedWeights &each : opened)
      for (const auto &[weight, parts] : each.imported.all())
        names.push_back(weight);
    std::string hint;
    for (const uwt::OpenedWeights &each : opened)
      hint = hint.empty() ? each.imported.hint() : hint;
    return "no tensor " + uwt::inQuotes(std::string_view(name)) + " in " + description +
           uwt::didYouMean(std::string_view(name), names) + hint;
  }

  template <typename Function> void forEach(const Function &function) const {
    for (const uwt::OpenedWeights &each : opened)
      for (const uwt::ModelTensor &tensor : each.checkpoint.tensors())
        function(*tensor.file, *tensor.entry);
  }

private:
  std::vector<uwt::OpenedWeights> opened;
  std::string description;
};

/// Tensors of files whose bytes a constant may equal, read when first asked for.
class ByteMatcher {
public:
  explicit ByteMatcher(const WeightFiles &files) : files(files) {}
  /// A tensor that `constant` equals bit for bit, if there is one.
  uwt::Expected<FoundTensor> find(ElementsAttr constant);

private:
  struct Candidate {
    FoundTensor tensor;
    std::vector<uint8_t> bytes;
  };
  const WeightFiles &files;
  uwt::ThreadPool pool;
  /// By type.
  llvm::DenseMap<Type, std::vector<Candidate>> candidates;
};

/// Binds the constants of one module.
class Binder {
public:
  /// Matrices that a file has uncompressed are bound in `rawFormat`.
  Binder(uwt::FormatAttr rawFormat, bool matchBytes, bool columnsByCell, bool assumePlain)
      : context(rawFormat.getContext()), rawFormat(rawFormat), matchBytes(matchBytes),
        columnsByCell(columnsByCell), assumePlain(assumePlain), matcher(files) {}

  LogicalResult run(ModuleOp module, ArrayRef<std::string> paths);
  int64_t numBound = 0, numCompressed = 0;

private:
  LogicalResult bindAll(ArrayRef<arith::ConstantOp> constants);
  FailureOr<FoundWeight> findWeight(arith::ConstantOp constant, const llvm::StringSet<> &used);
  const uwt::ImportedWeight *findImported(arith::ConstantOp constant) const;
  FailureOr<FoundTensor> findByKey(arith::ConstantOp constant, const llvm::StringSet<> &used);
  LogicalResult bind(arith::ConstantOp constant, const FoundWeight &weight);
  FailureOr<Value> makeWeight(OpBuilder &builder, arith::ConstantOp constant,
                              const FoundTensor &tensor);
  FailureOr<Value> makeImported(OpBuilder &builder, arith::ConstantOp constant,
                                const uwt::ImportedWeight &imported);
  FailureOr<Value> makeCompressed(OpBuilder &builder, arith::ConstantOp constant, StringRef name,
                                  uwt::FormatAttr format);

  MLIRContext *context;
  uwt::FormatAttr rawFormat;
  bool matchBytes, columnsByCell, assumePlain;
  WeightFiles files;
  ByteMatcher matcher;
};

struct BindWeightsPass : uwt::impl::BindWeightsPassBase<BindWeightsPass> {
  using BindWeightsPassBase::BindWeightsPassBase;
  void runOnOperation() override;
};

} // namespace

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// Whether elements of `type` are stored as safetensors' `dtype`.
static bool isStoredAs(Type type, StringRef dtype) {
  if (std::optional<uwt::ElementType> element = uwt::elementTypeOf(type))
    return dtype == StringRef(uwt::getTraits(*element).safetensorsName);
  if (type.isF64())
    return dtype == "F64";
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return false;
  if (integer.getWidth() == 1)
    return dtype == "BOOL";
  // Front ends write unsigned integers without their sign as well.
  std::string width = std::to_string(integer.getWidth());
  return (!integer.isUnsigned() && dtype == "I" + width) ||
         (!integer.isSigned() && dtype == "U" + width);
}

static bool hasType(const uwt::TensorEntry &entry, ShapedType type) {
  return isStoredAs(type.getElementType(), StringRef(entry.dtype->name)) &&
         llvm::equal(entry.shape, type.getShape(), [](uint64_t size, int64_t extent) {
           return size == static_cast<uint64_t>(extent);
         });
}

/// "64x128" of a shape.
template <typename Shape> static std::string shapeText(const Shape &shape) {
  std::string text;
  for (auto size : shape)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "none (a single element)" : text;
}

/// Verifies that the constant's type is the tensor's.
static LogicalResult checkType(arith::ConstantOp constant, const FoundTensor &tensor) {
  auto type = cast<ShapedType>(constant.getType());
  const uwt::TensorEntry &entry = *tensor.entry;
  if (hasType(entry, type))
    return success();
  InFlightDiagnostic error = constant.emitError() << "tensor " << uwt::inQuotes(entry.name)
                                                  << " in " << tensor.container->path() << " has ";
  if (isStoredAs(type.getElementType(), StringRef(entry.dtype->name)))
    return error << "shape " << shapeText(entry.shape) << ", expected "
                 << shapeText(type.getShape());
  error << "elements of type " << StringRef(entry.dtype->name) << ", expected "
        << type.getElementType();
  if (type.getElementType().isBF16() && (entry.dtype->name == "F32" || entry.dtype->name == "F16"))
    error << "; round the original weights: uwt compress ORIGINAL --cast bf16 -o OUT";
  return error;
}

/// The same of a weight that a recipe makes: of any float type that it can be decoded to.
static LogicalResult checkType(arith::ConstantOp constant, const uwt::ImportedWeight &weight) {
  auto type = cast<ShapedType>(constant.getType());
  InFlightDiagnostic error = constant.emitError()
                             << "quantised weight " << uwt::inQuotes(weight.name) << " (recipe "
                             << StringRef(weight.recipe) << ") ";
  if (!weight.refusal.empty())
    return error << "cannot be read: " << weight.refusal;
  if (!llvm::equal(weight.shape, type.getShape(), [](uint64_t size, int64_t extent) {
        return size == static_cast<uint64_t>(extent);
      }))
    return error << "has shape " << shapeText(weight.shape) << ", expected "
                 << shapeText(type.getShape());
  std::optional<uwt::ElementType> element = uwt::elementTypeOf(type.getElementType());
  if (!element || !uwt::canDecodeTo(*element))
    return error << "decodes to bf16, f16 or f32, expected " << type.getElementType();
  error.abandon();
  return success();
}

//===----------------------------------------------------------------------===//
// Finding tensors
//===----------------------------------------------------------------------===//

/// `key` without the `_N` that MLIR appends to a key that it has seen before, or nothing.
static StringRef withoutCounter(StringRef key) {
  StringRef base = key.rtrim("0123456789");
  if (base.size() == key.size() || !base.consume_back("_"))
    return {};
  return base;
}

/// The tensor that a constant without data is named after. `used` has the keys of all of the
/// module's constants without data.
FailureOr<FoundTensor> Binder::findByKey(arith::ConstantOp constant,
                                         const llvm::StringSet<> &used) {
  if (files.isEmpty()) {
    constant.emitError() << "constant dense_resource<" << uwt::keyOf(constant.getValue())
                         << "> has no data: name the file that has its tensor (uwt: "
                            "--weights FILE, the pass: weights=FILE)";
    return failure();
  }
  StringRef key = uwt::keyOf(constant.getValue());
  StringRef base = withoutCounter(key);
  uwt::Expected<FoundTensor> keyed = files.find(key);
  uwt::Expected<FoundTensor> based = base.empty() ? FoundTensor() : files.find(base);
  for (const uwt::Expected<FoundTensor> *found : {&keyed, &based})
    if (!*found) {
      constant.emitError() << found->error().message();
      return failure();
    }
  FoundTensor exact = *keyed, renamed = *based;
  // MLIR made `key` of `base` only if this context has `base` from elsewhere.
  bool mayBeRenamed =
      renamed.entry && !used.contains(base) &&
      DenseResourceElementsHandle::getManagerInterface(context).getBlobManager().lookup(base);
  auto type = cast<ShapedType>(constant.getType());
  if (exact.entry && mayBeRenamed && hasType(*renamed.entry, type) && hasType(*exact.entry, type)) {
    constant.emitError() << "dense_resource<" << key << "> may be tensor '" << key << "' or '"
                         << base << "', whose key this context has seen before; "
                         << "parse the module in a context of its own";
    return failure();
  }
  if (mayBeRenamed && (!exact.entry || !hasType(*exact.entry, type)))
    return renamed;
  if (!exact.entry) {
    constant.emitError() << files.missing(key);
    return failure();
  }
  return exact;
}

uwt::Expected<FoundTensor> ByteMatcher::find(ElementsAttr constant) {
  ShapedType type = constant.getShapedType();
  uwt::Expected<uwt::ConstantBytes> wanted = uwt::denseBytes(constant);
  if (!wanted)
    return FoundTensor();
  auto [known, isNew] = candidates.try_emplace(constant.getType());
  if (isNew)
    files.forEach([&](const uwt::Container &container, const uwt::TensorEntry &entry) {
      if (hasType(entry, type))
        known->second.push_back({{&container, &entry}, {}});
    });
  for (Candidate &candidate : known->second) {
    if (candidate.bytes.empty()) {
      const uwt::TensorEntry &entry = *candidate.tensor.entry;
      UWT_ASSIGN_OR_RETURN(uwt::TensorReader reader, candidate.tensor.container->reader(entry));
      candidate.bytes.resize(entry.bytes);
      UWT_RETURN_IF_ERROR(reader.read(candidate.bytes, pool));
    }
    if (llvm::equal(candidate.bytes, wanted->bytes))
      return candidate.tensor;
  }
  return FoundTensor();
}

//===----------------------------------------------------------------------===//
// Binding
//===----------------------------------------------------------------------===//

/// A weight that stays compressed in `format`, decoded; dense where it is no matrix.
FailureOr<Value> Binder::makeCompressed(OpBuilder &builder, arith::ConstantOp constant,
                                        StringRef name, uwt::FormatAttr format) {
  auto type = cast<RankedTensorType>(constant.getType());
  if (type.getRank() < 2)
    return uwt::WeightOp::create(builder, constant.getLoc(), type, name).getResult();
  auto compressed =
      uwt::CompressedType::getChecked([&] { return constant.emitError(); }, type, format);
  if (!compressed)
    return failure();
  Value weight = uwt::WeightOp::create(builder, constant.getLoc(), compressed, name);
  ++numCompressed;
  return uwt::DecodeOp::create(builder, constant.getLoc(), weight).getResult();
}

/// The value that stands for `constant`.
FailureOr<Value> Binder::makeWeight(OpBuilder &builder, arith::ConstantOp constant,
                                    const FoundTensor &tensor) {
  auto type = cast<RankedTensorType>(constant.getType());
  // A tensor that is stored under another name is that one: it gets one slot.
  const uwt::TensorEntry *entry = tensor.entry;
  StringRef name = entry->sameAs.empty() ? entry->name : entry->sameAs;
  if (!entry->sameAs.empty())
    if (uwt::Expected<const uwt::TensorEntry *> stored = tensor.container->find(entry->sameAs))
      entry = *stored;
  if (type.getRank() < 2 || !uwt::elementTypeOf(type.getElementType()))
    return uwt::WeightOp::create(builder, constant.getLoc(), type, name).getResult();
  uwt::FormatAttr stored =
      entry->format ? uwt::FormatAttr::get(context, *entry->format) : rawFormat;
  return makeCompressed(builder, constant, name, stored);
}

/// A weight that a recipe makes: in its own format, where products run from that and nobody has
/// asked for another one.
FailureOr<Value> Binder::makeImported(OpBuilder &builder, arith::ConstantOp constant,
                                      const uwt::ImportedWeight &imported) {
  auto type = cast<RankedTensorType>(constant.getType());
  uwt::Expected<uwt::Format> own =
      uwt::Format::parse(imported.runFormat.empty() ? imported.format : imported.runFormat);
  bool isServed = type.getRank() >= 2 && rawFormat.getFormat() == uwt::rawFormat() && own &&
                  own->isQuantized() && (!own->hasColumnOrder || type.getRank() == 2) &&
                  uwt::checkRunFormat(*own, *uwt::elementTypeOf(type.getElementType()));
  if (isServed && own->hasColumnOrder && !columnsByCell) {
    constant.emitRemark() << "weight '" << imported.name
                          << "' is held as floats: its columns belong to groups in an order of "
                             "their own; columns-by-cell runs from its codes, with sums in the "
                             "order of the groups";
    isServed = false;
  }
  uwt::FormatAttr format = rawFormat;
  if (isServed)
    format = uwt::FormatAttr::get(
        context, uwt::heldFormat(*own, *uwt::elementTypeOf(type.getElementType())));
  return makeCompressed(builder, constant, imported.name, format);
}

LogicalResult Binder::bind(arith::ConstantOp constant, const FoundWeight &found) {
  OpBuilder builder(constant);
  FailureOr<Value> weight = found.imported ? makeImported(builder, constant, *found.imported)
                                           : makeWeight(builder, constant, found.tensor);
  if (failed(weight))
    return failure();
  ++numBound;
  constant.replaceAllUsesWith(*weight);
  constant.erase();
  return success();
}

/// The quantised weight that a constant is named after. A tensor of the constant's type comes
/// first: of FP8 checkpoints the codes have the weight's own name.
const uwt::ImportedWeight *Binder::findImported(arith::ConstantOp constant) const {
  StringRef key = uwt::keyOf(constant.getValue());
  uwt::Expected<FoundTensor> exact = files.find(key);
  // findByKey says what is wrong with a name.
  if (!exact || (exact->entry && hasType(*exact->entry, cast<ShapedType>(constant.getType()))))
    return nullptr;
  const uwt::ImportedWeight *found = files.findImported(key);
  StringRef base = withoutCounter(key);
  return found || exact->entry || base.empty() ? found : files.findImported(base);
}

/// What to bind `constant` to, nothing where it stays as it is.
FailureOr<FoundWeight> Binder::findWeight(arith::ConstantOp constant,
                                          const llvm::StringSet<> &used) {
  auto value = cast<ElementsAttr>(constant.getValue());
  if (uwt::isElided(value)) {
    if (const uwt::ImportedWeight *imported = findImported(constant)) {
      if (failed(checkType(constant, *imported)))
        return failure();
      return FoundWeight{{}, imported};
    }
    FailureOr<FoundTensor> found = findByKey(constant, used);
    if (failed(found) || failed(checkType(constant, *found)))
      return failure();
    if (uwt::Status plain = files.checkPlain(*found); !plain)
      return constant.emitError() << "tensor " << uwt::inQuotes(found->entry->name) << ": "
                                  << plain.error().message();
    return FoundWeight{*found};
  }
  if (!matchBytes || value.isSplat())
    return FoundWeight();
  uwt::Expected<FoundTensor> found = matcher.find(value);
  if (!found) {
    constant.emitError() << found.error().message();
    return failure();
  }
  return FoundWeight{*found};
}

LogicalResult Binder::bindAll(ArrayRef<arith::ConstantOp> constants) {
  llvm::StringSet<> used;
  for (arith::ConstantOp constant : constants)
    if (uwt::isElided(constant.getValue()))
      used.insert(uwt::keyOf(constant.getValue()));

  // All of what is wrong is reported, not only the first.
  bool hasFailed = false;
  for (arith::ConstantOp constant : constants) {
    FailureOr<FoundWeight> weight = findWeight(constant, used);
    bool isBound = succeeded(weight) && (weight->isEmpty() || succeeded(bind(constant, *weight)));
    hasFailed |= !isBound;
  }
  return failure(hasFailed);
}

LogicalResult Binder::run(ModuleOp module, ArrayRef<std::string> paths) {
  if (uwt::Status opened = files.open(paths, assumePlain); !opened)
    return module.emitError() << opened.error().message();
  SmallVector<arith::ConstantOp> constants;
  module.walk([&](arith::ConstantOp constant) {
    if (isa<RankedTensorType>(constant.getType()) && isa<ElementsAttr>(constant.getValue()))
      constants.push_back(constant);
  });
  return bindAll(constants);
}

void BindWeightsPass::runOnOperation() {
  ModuleOp module = getOperation();
  auto emitError = [&] { return module.emitError() << "format '" << format << "': "; };
  uwt::FormatAttr rawFormat = uwt::FormatAttr::parseText(emitError, &getContext(), format);
  if (!rawFormat)
    return signalPassFailure();
  Binder binder(rawFormat, matchBytes, columnsByCell, assumePlain);
  if (failed(binder.run(module, *weights)))
    signalPassFailure();
  numBound += binder.numBound;
  numCompressed += binder.numCompressed;
}
