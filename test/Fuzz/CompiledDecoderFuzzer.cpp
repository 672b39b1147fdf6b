//===- CompiledDecoderFuzzer.cpp - Any planes under compiled code ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Machine code of a format's products and gather, compiled once a process, reads weights that were
// loaded from any planes. It stays inside their buffers, x, and the outputs: all are fenced, since
// no sanitizer sees that code. Panels that the codec library decodes have the words, and the bits
// of products, that it gives.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Codegen/Decode/ProductJit.h"
#include "CompiledInput.h"
#include "FencedMemory.h"
#include "FuzzFiles.h"
#include "Runtime/ExpectedProduct.h"
#include "mlir/ExecutionEngine/CRunnerUtils.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Runtime/LoadedWeight.h"
#include "uwt/Target/Target.h"
#include <bit>
#include <cmath>
#include <cstring>
#include <map>

using namespace uwt;
using namespace uwt::codegen;
using namespace uwt::test;

namespace {

constexpr uint64_t m = 3, rowStep = 7;
/// What is readable behind a buffer (Abi.h). It holds anything.
constexpr size_t tailBytes = 64;
constexpr uint8_t tailByte = 0xA5;

/// The table of a weight whose buffers are fenced and cannot be written.
class FencedWeight {
public:
  /// The view is that of `weight` until the next call.
  const WeightView &hold(const LoadedWeight &weight, bool atEnd);

private:
  const void *copy(std::span<const uint8_t> bytes);

  std::array<FencedMemory, 8> memory;
  size_t used = 0;
  bool atEnd = false;
  WeightView view{};
};

/// A decoder as machine code, with what it is called on.
class CompiledDecoder {
public:
  /// Null where no program can run from the format.
  static std::unique_ptr<CompiledDecoder> compile(const CompiledInput &input);

  const TensorDescription &description() const { return what; }
  /// What an encoder makes of weights of that distribution.
  const MemoryPlanes &planes(uint8_t distribution);
  /// Runs it on a weight that was loaded from what `decoder` reads.
  void run(const LoadedWeight &weight, const TensorDecoder &decoder, bool isFencedBefore);

private:
  explicit CompiledDecoder(const ProductSpec &spec)
      : spec(spec), what(spec.description()),
        isFixedRate(unitLayout(what.format, what.element).fixedRate),
        isGathered(what.format.storage == Storage::NMajor) {
    drawX();
  }
  std::string text() const;
  void drawX();
  void callFenced(const WeightView &view, bool atEnd);
  void checkProduct(std::span<const float> found, std::span<const float> w,
                    const std::vector<bool> &isSound, bool isExact, const char *message) const;

  ProductSpec spec;
  TensorDescription what;
  bool isFixedRate, isGathered;
  std::unique_ptr<ProductJit> code;
  std::map<Distribution, MemoryPlanes> encoded;
  std::vector<int32_t> ids;
  std::vector<uint16_t> xWords;
  std::vector<float> x;
  /// What a call has given: of an m of one, decoded into registers; of all rows, decoded
  /// into a buffer; rows.
  std::vector<float> direct, buffered;
  std::vector<uint16_t> rows;
};

} // namespace

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

const void *FencedWeight::copy(std::span<const uint8_t> bytes) {
  // Buffers begin at multiples of 64 bytes.
  size_t size = roundUp(bytes.size(), bufferAlignment) + tailBytes;
  FencedMemory &to = memory[used++];
  to.setWritable(true);
  std::span<uint8_t> room = to.take(size, atEnd);
  std::ranges::copy(bytes, room.begin());
  std::ranges::fill(room.subspan(bytes.size()), bytes.empty() ? 0 : tailByte);
  to.setWritable(false);
  return room.data();
}

template <typename T> static std::span<const uint8_t> bytesOf(std::span<const T> values) {
  return {reinterpret_cast<const uint8_t *>(values.data()), values.size_bytes()};
}

const WeightView &FencedWeight::hold(const LoadedWeight &weight, bool isAtEnd) {
  used = 0;
  atEnd = isAtEnd;
  size_t classBytes = weight.panels().size() * panelRows;
  view.panels = copy(bytesOf(weight.panels()));
  view.table = copy(bytesOf(weight.table()));
  view.counts = copy(weight.counts());
  view.words = copy(weight.buffer(PlaneKind::Words));
  view.raw = copy(weight.buffer(PlaneKind::Raw));
  view.code = copy(weight.buffer(PlaneKind::Code));
  view.patch = copy(weight.buffer(PlaneKind::Patch));
  view.classes = copy({static_cast<const uint8_t *>(weight.view().classes), classBytes});
  return view;
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

static ElementType elementOf(const CompiledInput &input) {
  return input.element % 2 ? ElementType::F16 : ElementType::BF16;
}

/// Targets that this machine runs, the best first; the last ones of many take longest to compile
/// for.
static std::vector<std::string> targetsHere() {
  constexpr size_t most = 3;
  std::vector<std::string> names;
  for (const Target &target : allTargets())
    if (names.size() < most && checkRunsHere(target))
      names.emplace_back(target.name);
  return names;
}

static const std::vector<std::string> &formats() {
  static const std::vector<std::string> all = registeredFormats();
  return all;
}

std::unique_ptr<CompiledDecoder> CompiledDecoder::compile(const CompiledInput &input) {
  static const std::vector<std::string> targets = targetsHere();
  ElementType element = elementOf(input);
  size_t format = input.example % formats().size(), shape = input.shape % std::size(compiledShapes);
  if (!describeFormat(parsedFormat(formats()[format]), element))
    return nullptr;
  ProductSpec spec;
  spec.rows = compiledShapes[shape].rows;
  spec.columns = compiledShapes[shape].columns;
  spec.format = formats()[format];
  spec.element = spec.x = getTraits(element).name;
  // Every format on several targets, without compiling each for all.
  spec.target = targets[(format + shape) % targets.size()];
  std::unique_ptr<CompiledDecoder> result(new CompiledDecoder(spec));
  auto code = ProductJit::compileText(result->text(), spec.target);
  fuzzRequire(bool(code), code ? "" : code.error().message().c_str());
  result->code = *std::move(code);
  return result;
}

std::string CompiledDecoder::text() const {
  std::string n = std::to_string(spec.rows), k = std::to_string(spec.columns) + "x" + spec.element;
  std::string rowsOfX = std::to_string(m), one = "memref<1x" + k + ">";
  std::string all = "memref<" + rowsOfX + "x" + k + ">", gathered = "memref<?x" + k + ">";
  std::string oneSum = "memref<1x" + n + "xf32>", allSums = "memref<" + rowsOfX + "x" + n + "xf32>";
  std::string weight = "!uwt.compressed<" + std::to_string(what.shape[0]) + "x" +
                       std::to_string(what.shape[1]) + "x" + spec.element + ", \"" + spec.format +
                       "\">";
  auto product = [&](const std::string &x, const std::string &xType, const std::string &y,
                     const std::string &yType, const std::string &how) {
    return "  uwt.matmul ins(" + x + ", %w : " + xType + ", " + weight + ") outs(" + y + " : " +
           yType + ") " + how + " {\n  ^bb0(%acc: f32):\n    uwt.yield %acc : f32\n  }\n";
  };
  std::string text = "module attributes {uwt.target = #uwt.target<\"" + spec.target +
                     "\">} {\nfunc.func @f(%x: " + all + ", %one: " + one +
                     ", %ids: memref<?xi32>, %direct: " + oneSum + ", %buffered: " + allSums +
                     ", %rows: " + gathered + ") attributes {llvm.emit_c_interface} {\n" +
                     "  %w = uwt.weight \"w\" : " + weight + "\n";
  text += product("%one", one, "%direct", oneSum,
                  isFixedRate ? "strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, "
                                "tile_k = 64>"
                              : "");
  text += product("%x", all, "%buffered", allSums,
                  "numerics exact strategy #uwt.strategy<buffer, tile_n = 4, tile_m = 2, "
                  "tile_k = 128>");
  if (isGathered)
    text += "  uwt.gather %w[%ids] outs(%rows) : " + weight + ", memref<?xi32>, " + gathered + "\n";
  return text + "  return\n}\n}\n";
}

/// Small integers, so that no product is smaller than its weight.
void CompiledDecoder::drawX() {
  static constexpr float values[] = {1, -2, 2, -1, 0};
  Random random(1);
  for (uint64_t i = 0; i < m * spec.columns; ++i) {
    x.push_back(values[random.below(std::size(values))]);
    xWords.push_back(static_cast<uint16_t>(roundToElement(x.back(), what.element)));
  }
  for (uint64_t row = 0; row < spec.rows; row += rowStep)
    ids.push_back(static_cast<int32_t>(row));
  ids.push_back(static_cast<int32_t>(spec.rows - 1));
}

const MemoryPlanes &CompiledDecoder::planes(uint8_t number) {
  Distribution distribution = allDistributions[number % std::size(allDistributions)];
  auto [entry, isNew] = encoded.try_emplace(distribution);
  if (isNew) {
    ThreadPool pool(1);
    Expected<EncodedCase> made = encodeCase(what, distribution, 1, pool);
    fuzzRequire(bool(made), "weights cannot be encoded");
    entry->second = std::move(made->planes);
  }
  return entry->second;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

namespace {

/// Inputs and outputs of a call in fenced memory.
class FencedArgument {
public:
  template <typename T> std::span<T> take(size_t count, bool atEnd) {
    return {reinterpret_cast<T *>(memory.take(count * sizeof(T), atEnd).data()), count};
  }
  template <typename T> T *input(std::span<const T> values, bool atEnd) {
    memory.setWritable(true);
    std::span<T> room = take<T>(values.size(), atEnd);
    std::ranges::copy(values, room.begin());
    memory.setWritable(false);
    return room.data();
  }
  template <typename T> T *output(size_t count, bool atEnd) {
    std::span<T> room = take<T>(count, atEnd);
    std::memset(room.data(), tailByte, room.size_bytes());
    return room.data();
  }

private:
  FencedMemory memory;
};

template <typename T> StridedMemRefType<T, 2> matrixOf(T *data, uint64_t rows, uint64_t columns) {
  auto height = static_cast<int64_t>(rows), width = static_cast<int64_t>(columns);
  return {data, data, 0, {height, width}, {width, 1}};
}

} // namespace

void CompiledDecoder::callFenced(const WeightView &view, bool atEnd) {
  static FencedArgument xMemory, oneMemory, idMemory, directMemory, bufferedMemory, rowMemory;
  uint64_t n = spec.rows, k = spec.columns;
  std::span<const uint16_t> words(xWords);
  auto all = matrixOf(xMemory.input(words, atEnd), m, k);
  auto one = matrixOf(oneMemory.input(words.first(k), atEnd), 1, k);
  int32_t *idData = idMemory.input(std::span<const int32_t>(ids), atEnd);
  StridedMemRefType<int32_t, 1> idRef{idData, idData, 0, {static_cast<int64_t>(ids.size())}, {1}};
  auto oneSum = matrixOf(directMemory.output<float>(n, atEnd), 1, n);
  auto allSums = matrixOf(bufferedMemory.output<float>(m * n, atEnd), m, n);
  auto gathered = matrixOf(rowMemory.output<uint16_t>(ids.size() * k, atEnd), ids.size(), k);
  code->call(view, {&all, &one, &idRef, &oneSum, &allSums, &gathered});
  direct.assign(oneSum.data, oneSum.data + n);
  buffered.assign(allSums.data, allSums.data + m * n);
  rows.assign(gathered.data, gathered.data + ids.size() * k);
}

static float valueOf(uint16_t word, ElementType element) {
  return element == ElementType::BF16 ? std::bit_cast<float>(uint32_t(word) << 16)
                                      : static_cast<float>(std::bit_cast<_Float16>(word));
}

/// `fast` may take subnormals as zero. Without smaller weights than these none arises: products
/// with integers, and their sums, are multiples of 2^-110.
static bool isFarFromSubnormals(std::span<const float> row) {
  return std::ranges::none_of(
      row, [](float value) { return value != 0 && std::fabs(value) < 0x1p-100f; });
}

void CompiledDecoder::checkProduct(std::span<const float> found, std::span<const float> w,
                                   const std::vector<bool> &isSound, bool isExact,
                                   const char *message) const {
  uint64_t n = spec.rows, k = spec.columns, rowsOfX = found.size() / n;
  std::vector<float> expected = expectedProduct(w, x, n, k, rowsOfX);
  for (uint64_t row = 0; row < n; ++row) {
    if (!isSound[row / panelRows] || (!isExact && !isFarFromSubnormals(w.subspan(row * k, k))))
      continue;
    for (uint64_t i = row; i < found.size(); i += n)
      fuzzRequire(std::bit_cast<uint32_t>(found[i]) == std::bit_cast<uint32_t>(expected[i]) ||
                      (std::isnan(found[i]) && std::isnan(expected[i])),
                  message);
  }
}

void CompiledDecoder::run(const LoadedWeight &weight, const TensorDecoder &decoder,
                          bool isFencedBefore) {
  static FencedWeight fenced;
  callFenced(fenced.hold(weight, !isFencedBefore), !isFencedBefore);

  uint64_t k = spec.columns;
  std::vector<uint16_t> words(spec.rows * k);
  std::vector<bool> isSound;
  const CodingPlan &plan = decoder.plan();
  for (uint64_t panel = 0; panel < decoder.panels(); ++panel) {
    uint32_t panelHeight = plan.matrix.rowsOfPanel(panel);
    isSound.push_back(bool(decoder.decodePanelWords(
        panel, bestCodePath(), {&words[panel * panelRows * k], k, panelHeight, k})));
    // Any bits are numbers where nothing says how many there are.
    fuzzRequire(isSound.back() || isVariable(plan.traits.rate) || plan.hasEscapes(),
                "a panel without escapes and streams does not decode");
  }
  std::vector<float> w;
  for (uint16_t word : words)
    w.push_back(valueOf(word, what.element));
  checkProduct(direct, w, isSound, false, "a product of one row differs");
  checkProduct(buffered, w, isSound, true, "a product of several rows differs");
  for (size_t i = 0; isGathered && i < ids.size(); ++i) {
    auto row = static_cast<uint64_t>(ids[i]);
    fuzzRequire(!isSound[row / panelRows] ||
                    std::equal(&words[row * k], &words[row * k] + k, &rows[i * k]),
                "a gathered row differs");
  }
}

/// Null where no program can run from the format. Compiled at the first use.
static CompiledDecoder *decoderOf(const CompiledInput &input) {
  static std::map<std::array<size_t, 3>, std::unique_ptr<CompiledDecoder>> decoders;
  std::array<size_t, 3> key = {input.example % formats().size(),
                               input.shape % std::size(compiledShapes), size_t(input.element % 2)};
  auto [entry, isNew] = decoders.try_emplace(key);
  if (isNew)
    entry->second = CompiledDecoder::compile(input);
  return entry->second.get();
}

/// Compiling takes as long as hundreds of runs: mutations seldom choose another decoder.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed) {
  size_t kept = size > CompiledInput::choice && seed % 1024 != 0 ? CompiledInput::choice : 0;
  return kept + LLVMFuzzerMutate(data + kept, size - kept, limit - kept);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ThreadPool pool(1);
  std::optional<CompiledInput> input = CompiledInput::read({data, size});
  CompiledDecoder *compiled = input ? decoderOf(*input) : nullptr;
  if (!compiled)
    return -1;
  MemoryPlanes planes;
  if (input->planes)
    planes.planes = std::move(input->planes->planes);
  else
    planes = compiled->planes(input->distribution);
  for (const PlaneDamage &each : input->damage)
    each.apply(planes.planes);
  Expected<TensorDecoder> decoder =
      TensorDecoder::open(compiled->description(), viewsOf(planes), std::nullopt);
  if (!decoder)
    return 0;
  LoadOptions options;
  options.check = false;
  Expected<LoadedWeight> weight = LoadedWeight::fromDecoder(*decoder, pool, options);
  if (weight)
    compiled->run(*weight, *decoder, input->isFencedBefore);
  return 0;
}
