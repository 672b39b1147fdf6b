//===- TestData.cpp - Seeded tensors for the codec tests ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "uwt/Support/Cpu.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

using namespace uwt;
using namespace uwt::test;

//===----------------------------------------------------------------------===//
// Random numbers
//===----------------------------------------------------------------------===//

static uint64_t splitMix(uint64_t &state) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

Random::Random(uint64_t seed) {
  for (uint64_t &word : state)
    word = splitMix(seed);
}

uint64_t Random::next() {
  uint64_t result = std::rotl(state[1] * 5, 7) * 9;
  uint64_t shifted = state[1] << 17;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = std::rotl(state[3], 45);
  return result;
}

uint64_t Random::below(uint64_t limit) { return next() % limit; }

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

double test::reproducibleLog(double x) {
  // x = 2^k * m with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh((m - 1) / (m + 1)).
  uint64_t bits = std::bit_cast<uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & ((uint64_t(1) << 52) - 1)) | uint64_t(1023) << 52);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  double t = (m - 1) / (m + 1), square = t * t, sum = 0;
  for (int n = 25; n >= 1; n -= 2)
    sum = sum * square + 1.0 / n;
  return 2 * t * sum + exponent * 0.6931471805599453;
}

double test::reproducibleExp(double x) {
  double reduced = x / 1024, sum = 1;
  for (int n = 8; n >= 1; --n)
    sum = 1 + sum * reduced / n;
  for (int i = 0; i < 10; ++i)
    sum *= sum;
  return sum;
}

double Random::normal() {
  if (hasSpare) {
    hasSpare = false;
    return spare;
  }
  double u, v, s;
  do {
    u = 2 * uniform() - 1;
    v = 2 * uniform() - 1;
    s = u * u + v * v;
  } while (s >= 1 || s == 0);
  double factor = std::sqrt(-2 * reproducibleLog(s) / s);
  spare = v * factor;
  hasSpare = true;
  return u * factor;
}

double Random::studentT4() {
  double z = normal(), chiSquare = 0;
  for (int i = 0; i < 4; ++i) {
    double part = normal();
    chiSquare += part * part;
  }
  return z / std::sqrt(chiSquare / 4);
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// The largest finite value's bits, without sign.
static uint32_t largestFinite(ElementType type) {
  const ElementTraits &traits = getTraits(type);
  if (traits.signBits == 0)
    return 0x7F;
  uint32_t mantissaBits = traits.mantissaBits + traits.lowBits;
  uint32_t infinity = ((1u << traits.exponentBits) - 1) << mantissaBits;
  // f8E4M3FN has no infinities; only its last pattern is a NaN.
  if (type == ElementType::F8E4M3FN)
    return (infinity | ((1u << mantissaBits) - 1)) - 1;
  return infinity - 1;
}

uint32_t test::roundToElement(double value, ElementType type) {
  const ElementTraits &traits = getTraits(type);
  if (traits.signBits == 0 && traits.wordBits == 16) {
    int number = static_cast<int>(std::clamp(std::nearbyint(value * 32), -32768.0, 32767.0));
    return static_cast<uint32_t>(number < 0 ? -2 * number - 1 : 2 * number);
  }
  if (traits.signBits == 0)
    return static_cast<uint8_t>(
        static_cast<int>(std::clamp(std::nearbyint(value * 32), -128.0, 127.0)));
  uint32_t mantissaBits = traits.mantissaBits + traits.lowBits;
  uint64_t bits = std::bit_cast<uint64_t>(value);
  uint32_t sign = static_cast<uint32_t>(bits >> 63) << (traits.bytes * 8 - 1);
  int bias = (1 << (traits.exponentBits - 1)) - 1;
  int exponent = static_cast<int>(bits >> 52 & 0x7FF) - 1023 + bias;
  uint64_t significand = (bits & ((uint64_t(1) << 52) - 1)) | uint64_t(1) << 52;
  // Subnormals keep their last bit's weight; normal numbers their leading bit.
  int shift = 52 - static_cast<int>(mantissaBits) + (exponent < 1 ? 1 - exponent : 0);
  if (exponent < -60 || shift > 63)
    return sign;
  uint64_t kept = significand >> shift, rest = significand << (64 - shift);
  constexpr uint64_t tie = uint64_t(1) << 63;
  kept += rest > tie || (rest == tie && (kept & 1));
  uint64_t magnitude = exponent < 1 ? kept : kept + (uint64_t(exponent - 1) << mantissaBits);
  return sign | static_cast<uint32_t>(std::min<uint64_t>(magnitude, largestFinite(type)));
}

static void storeElement(std::vector<uint8_t> &bytes, uint64_t index, uint32_t value,
                         unsigned size) {
  std::memcpy(bytes.data() + index * size, &value, size);
}

/// Of types without NaNs, one of two values.
static uint32_t nanOf(ElementType type, Random &random) {
  const ElementTraits &traits = getTraits(type);
  if (traits.signBits == 0)
    return static_cast<uint32_t>(random.below(2));
  uint32_t mantissaBits = traits.mantissaBits + traits.lowBits;
  uint32_t sign = static_cast<uint32_t>(random.below(2)) << (traits.bytes * 8 - 1);
  uint32_t exponent = ((1u << traits.exponentBits) - 1) << mantissaBits;
  uint32_t mantissa = type == ElementType::F8E4M3FN
                          ? (1u << mantissaBits) - 1
                          : 1 + static_cast<uint32_t>(random.below((1u << mantissaBits) - 1));
  return sign | exponent | mantissa;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

std::string_view test::distributionName(Distribution distribution) {
  static constexpr std::string_view names[] = {
      "gaussian", "row-scaled", "student-t4", "all-equal",    "all-nan", "all-patterns",
      "outlier",  "zeros",      "raw-panel",  "uniform-bits", "was-bf16"};
  return names[static_cast<size_t>(distribution)];
}

namespace {
/// Makes the elements of a tensor one after another.
class Generator {
public:
  Generator(ElementType type, Distribution distribution, uint64_t count, uint64_t columns,
            uint64_t seed)
      : type(type), distribution(distribution), count(count), columns(columns), random(seed),
        scale(getTraits(type).bytes == 1 ? 1.0 : 0.02) {}

  uint32_t element(uint64_t index);

private:
  uint32_t weight(double value) const { return roundToElement(value * scale, type); }
  uint32_t uniformBits() {
    return static_cast<uint32_t>(random.next() >> (64 - getTraits(type).bytes * 8));
  }
  bool inRandomPanel(uint64_t index) const;

  ElementType type;
  Distribution distribution;
  uint64_t count, columns;
  Random random;
  double scale;
  double rowScale = 1;
};
} // namespace

bool Generator::inRandomPanel(uint64_t index) const {
  uint64_t rows = count / columns, row = index / columns;
  uint64_t begin = rows / 2 / panelRows * panelRows;
  return row >= begin && row < begin + panelRows;
}

uint32_t Generator::element(uint64_t index) {
  switch (distribution) {
  case Distribution::Gaussian:
    return weight(random.normal());
  case Distribution::RowScaled:
    if (index % columns == 0)
      rowScale = reproducibleExp(0.3 * random.normal());
    return weight(random.normal() * rowScale);
  case Distribution::StudentT4:
    return weight(random.studentT4());
  case Distribution::AllEqual:
    return weight(0.75);
  case Distribution::AllNaN:
    return nanOf(type, random);
  case Distribution::AllPatterns:
    // In f32 the pattern is the upper half; the lower one comes along.
    return static_cast<uint32_t>(getTraits(type).bytes == 4 ? index * 0x10001u : index);
  case Distribution::OneOutlier:
    return index == count / 2 ? largestFinite(type) : weight(random.normal());
  case Distribution::Zeros:
    return 0;
  case Distribution::RandomPanelInside:
    return inRandomPanel(index) ? uniformBits() : weight(random.normal());
  case Distribution::UniformBits:
    return uniformBits();
  case Distribution::WasBF16: {
    uint32_t bf16 = roundToElement(random.normal() * scale, ElementType::BF16);
    if (getTraits(type).bytes == 4)
      return bf16 << 16;
    return roundToElement(static_cast<double>(std::bit_cast<float>(bf16 << 16)), type);
  }
  }
  return 0;
}

void test::shortenLowHalves(std::span<uint8_t> elements, uint32_t bits) {
  for (size_t at = 0; at < elements.size(); at += 4) {
    uint32_t low = (elements[at] | elements[at + 1] << 8) >> (16 - bits) << (16 - bits);
    elements[at] = static_cast<uint8_t>(low);
    elements[at + 1] = static_cast<uint8_t>(low >> 8);
  }
}

void test::roundToFourBits(std::span<uint8_t> elements) {
  auto asHalf = [](float value) {
    return std::bit_cast<float>((std::bit_cast<uint32_t>(value) + 0x1000) & ~0x1fffu);
  };
  for (size_t begin = 0; begin + 64 <= elements.size(); begin += 64) {
    std::span<uint8_t> block = elements.subspan(begin, 64);
    std::array<float, 32> values;
    for (size_t i = 0; i < values.size(); ++i)
      values[i] =
          std::bit_cast<float>(uint32_t(block[2 * i]) << 16 | uint32_t(block[2 * i + 1]) << 24);
    auto [low, high] = std::ranges::minmax(values);
    float first = asHalf(low), step = asHalf((high - low) / 15);
    for (size_t i = 0; i < values.size(); ++i) {
      float rounded = first + (step == 0 ? 0 : std::round((values[i] - low) / step) * step);
      uint32_t word = (std::bit_cast<uint32_t>(rounded) + 0x8000) >> 16;
      block[2 * i] = static_cast<uint8_t>(word);
      block[2 * i + 1] = static_cast<uint8_t>(word >> 8);
    }
  }
}

static std::vector<uint8_t> generateTensor(ElementType type, std::span<const uint64_t> shape,
                                           Distribution distribution, uint64_t seed) {
  uint64_t count = 1;
  for (uint64_t size : shape)
    count *= size;
  unsigned bytes = getTraits(type).bytes;
  std::vector<uint8_t> tensor(count * bytes);
  Generator generator(type, distribution, count, shape.empty() ? 1 : shape.back(), seed);
  for (uint64_t i = 0; i < count; ++i)
    storeElement(tensor, i, generator.element(i), bytes);
  return tensor;
}

std::vector<uint8_t> test::makeTensor(ElementType type, std::span<const uint64_t> shape,
                                      Distribution distribution, uint64_t seed) {
  // Tests of every format have the same tensors, and numbers take longer than many formats' coding.
  constexpr size_t maxBytes = 64 << 20;
  static std::mutex mutex;
  static std::map<std::tuple<ElementType, std::vector<uint64_t>, Distribution, uint64_t>,
                  std::vector<uint8_t>>
      made;
  static size_t madeBytes = 0;
  std::lock_guard lock(mutex);
  std::tuple key(type, std::vector<uint64_t>(shape.begin(), shape.end()), distribution, seed);
  if (auto found = made.find(key); found != made.end())
    return found->second;
  std::vector<uint8_t> tensor = generateTensor(type, shape, distribution, seed);
  madeBytes += tensor.size();
  if (madeBytes > maxBytes) {
    made.clear();
    madeBytes = tensor.size();
  }
  return made.emplace(std::move(key), std::move(tensor)).first->second;
}

//===----------------------------------------------------------------------===//
// Bytes and planes
//===----------------------------------------------------------------------===//

ExactBytes::ExactBytes(std::span<const uint8_t> bytes, size_t shift)
    : storage(new uint8_t[bytes.size() + shift]), size(bytes.size()), shift(shift) {
  if (!bytes.empty())
    std::memcpy(storage.get() + shift, bytes.data(), bytes.size());
}

StoredPlanes::StoredPlanes(const MemoryPlanes &planes, size_t padding, size_t shift) {
  for (unsigned kind = 0; kind < planeKinds; ++kind) {
    std::vector<uint8_t> bytes = planes.planes[kind];
    bytes.resize(roundUp(bytes.size(), padding));
    parts[kind] = ExactBytes(bytes, shift);
  }
}

PlaneViews StoredPlanes::views() const {
  PlaneViews views;
  for (unsigned kind = 0; kind < planeKinds; ++kind)
    views[kind] = parts[kind].span();
  return views;
}

std::string test::nameOf(const TensorDescription &description) {
  std::string name =
      description.format.str() + " of " + std::string(getTraits(description.element).name) + " [";
  for (size_t i = 0; i < description.shape.size(); ++i)
    name += (i == 0 ? "" : ", ") + std::to_string(description.shape[i]);
  return name + "]";
}

std::string EncodedCase::name() const { return nameOf(description); }

Expected<EncodedCase> test::encodeCase(const TensorDescription &description,
                                       Distribution distribution, uint64_t seed, ThreadPool &pool,
                                       CodePath path) {
  EncodedCase encoded;
  encoded.description = description;
  encoded.source = makeTensor(description.element, description.shape, distribution, seed);
  EncodeOptions options;
  options.path = path;
  UWT_ASSIGN_OR_RETURN(encoded.result,
                       encodeTensor(description, encoded.source, encoded.planes, pool, options));
  return encoded;
}

//===----------------------------------------------------------------------===//
// Code paths and formats
//===----------------------------------------------------------------------===//

std::string_view test::codePathName(CodePath path) {
  static constexpr std::string_view names[] = {"reference", "scalar", "neon", "avx2", "avx512"};
  return names[static_cast<size_t>(path)];
}

std::vector<CodePath> test::availableCodePaths() {
  std::vector<CodePath> paths = {CodePath::Reference};
  for (SimdLevel level : {SimdLevel::Scalar, SimdLevel::Neon, SimdLevel::Avx2, SimdLevel::Avx512})
    if (runsHere(level))
      paths.push_back(codePathOf(level));
  return paths;
}

std::vector<std::string> test::registeredFormats() {
  std::vector<std::string> formats;
  for (const Codec *codec : allCodecs())
    for (const std::string &example : codec->examples())
      formats.push_back(example);
  return formats;
}

std::vector<std::string> test::loadedFormats() {
  std::vector<std::string> formats = registeredFormats();
  std::erase_if(formats, [](const std::string &text) { return parsedFormat(text).hasScales(); });
  return formats;
}

std::vector<std::string> test::formatsOfEachComposition() {
  std::vector<std::string> formats;
  std::set<std::tuple<std::string, Packing, Layout, bool, bool>> seen;
  for (const std::string &text : registeredFormats()) {
    Format format = parsedFormat(text);
    if (seen.emplace(format.codec.keyword, format.packing, format.layout, format.rowClasses > 1,
                     format.hasScales())
            .second)
      formats.push_back(text);
  }
  return formats;
}

std::vector<std::string>
test::formatsWith(const std::function<bool(const Format &, const CodecTraits &)> &selects) {
  std::vector<std::string> formats;
  for (const std::string &text : registeredFormats()) {
    Format format = parsedFormat(text);
    Expected<CodecTraits> traits = checkFormat(format, ElementType::BF16);
    if (traits && selects(format, *traits))
      formats.push_back(text);
  }
  return formats;
}

std::vector<std::string> test::formatsOfEachRate() {
  std::set<Rate> seen;
  return formatsWith(
      [&](const Format &, const CodecTraits &traits) { return seen.insert(traits.rate).second; });
}

Format test::parsedFormat(std::string_view text) {
  Expected<Format> format = Format::parse(text);
  // A test's own table is wrong: nothing that follows would mean anything.
  if (!format)
    std::abort();
  return *format;
}

std::string test::testNameOf(std::string_view format) {
  std::string name;
  for (char c : format)
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
      name += c;
    else if (!name.empty() && name.back() != '_')
      name += '_';
  while (!name.empty() && name.back() == '_')
    name.pop_back();
  return name;
}
