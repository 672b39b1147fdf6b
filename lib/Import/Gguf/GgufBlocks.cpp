//===- GgufBlocks.cpp - Blocks of GGUF files ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GgufBlocks.h"
#include "../Recipe.h"
#include "uwt/Format/Floats.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace uwt;

/// Elements of a small block, and of a large one.
static constexpr unsigned smallBlock = 32, largeBlock = 256;

static float halfAt(const uint8_t *bytes) {
  uint16_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return float16.valueOf(word);
}

//===----------------------------------------------------------------------===//
// Small blocks: elements i and i + 16 of 32 in a byte
//===----------------------------------------------------------------------===//

static void readNibbles(const uint8_t *packed, uint8_t *codes, unsigned elements = smallBlock) {
  for (unsigned i = 0; i < elements / 2; ++i) {
    codes[i] = packed[i] & 15;
    codes[i + elements / 2] = packed[i] >> 4;
  }
}

/// The fifth bits of 32 codes.
static void addFifthBits(const uint8_t *packed, uint8_t *codes) {
  for (unsigned i = 0; i < smallBlock; ++i)
    codes[i] |= static_cast<uint8_t>((packed[i / 8] >> (i % 8) & 1) << 4);
}

static void readQ4Zero(const uint8_t *block, BlockContents out) {
  out.scales[0] = halfAt(block);
  readNibbles(block + 2, out.codes);
}

static void readQ4One(const uint8_t *block, BlockContents out) {
  out.scales[0] = halfAt(block);
  out.offsets[0] = halfAt(block + 2);
  readNibbles(block + 4, out.codes);
}

static void readQ5Zero(const uint8_t *block, BlockContents out) {
  out.scales[0] = halfAt(block);
  readNibbles(block + 6, out.codes);
  addFifthBits(block + 2, out.codes);
}

static void readQ5One(const uint8_t *block, BlockContents out) {
  out.scales[0] = halfAt(block);
  out.offsets[0] = halfAt(block + 2);
  readNibbles(block + 8, out.codes);
  addFifthBits(block + 4, out.codes);
}

static void readIq4Nl(const uint8_t *block, BlockContents out) {
  out.scales[0] = halfAt(block);
  readNibbles(block + 2, out.codes);
}

static void readQ8Zero(const uint8_t *block, BlockContents out) {
  out.scales[0] = halfAt(block);
  std::memcpy(out.codes, block + 2, smallBlock);
}

static void readMxfp4(const uint8_t *block, BlockContents out) {
  // The numbers of its codes are doubled.
  out.scales[0] = std::ldexp(1.0f, static_cast<int>(block[0]) - 128);
  readNibbles(block + 1, out.codes);
}

/// A float of 8 bits without a sign: that bit counts for nothing, and 0x7F is 0.
static float unsignedE4M3(uint8_t code) {
  constexpr SmallFloat magnitude = {4, 3};
  return code == 0x7F ? 0 : magnitude.valueOf(code & 0x7F);
}

static void readNvfp4(const uint8_t *block, BlockContents out) {
  constexpr unsigned cells = 4, cell = 16, codes = cells * cell;
  for (unsigned i = 0; i < cells; ++i) {
    out.scales[i] = unsignedE4M3(block[i]);
    readNibbles(block + cells + i * cell / 2, out.codes + i * cell, cell);
  }
  std::ranges::replace(std::span(out.codes, codes), negativeZeroOfE2M1, uint8_t(0));
}

//===----------------------------------------------------------------------===//
// Large blocks
//===----------------------------------------------------------------------===//

/// Fields of `bits` bits in chunks of `chunk` bytes: the lowest fields of all bytes of a chunk come
/// first, then the next ones. They are shifted left by `shift` into the codes.
static void addFields(const uint8_t *packed, unsigned bits, unsigned chunk, unsigned shift,
                      uint8_t *codes) {
  unsigned fields = 8 / bits;
  for (unsigned element = 0; element < largeBlock; ++element) {
    unsigned in = element % (chunk * fields);
    uint8_t byte = packed[element / (chunk * fields) * chunk + in % chunk];
    codes[element] |=
        static_cast<uint8_t>((byte >> (in / chunk * bits) & ((1u << bits) - 1)) << shift);
  }
}

/// Scales and minima of Q4_K and Q5_K: eight each, of 6 bits.
static void readScalesAndMinima(const uint8_t *block, BlockContents out) {
  *out.largeScale = halfAt(block);
  *out.largeOffset = -halfAt(block + 2);
  const uint8_t *packed = block + 4;
  for (unsigned i = 0; i < 4; ++i) {
    auto set = [&](unsigned cell, unsigned scaleCode, unsigned minimumCode) {
      out.scales[cell] = static_cast<float>(scaleCode);
      out.offsets[cell] = static_cast<float>(minimumCode);
    };
    uint8_t low = packed[i], high = packed[i + 4], both = packed[i + 8];
    set(i, low & 63, high & 63);
    set(i + 4, (both & 15) | (low >> 2 & 48), (both >> 4) | (high >> 2 & 48));
  }
}

static void readQ2K(const uint8_t *block, BlockContents out) {
  *out.largeScale = halfAt(block + 80);
  *out.largeOffset = -halfAt(block + 82);
  for (unsigned cell = 0; cell < 16; ++cell) {
    out.scales[cell] = static_cast<float>(block[cell] & 15);
    out.offsets[cell] = static_cast<float>(block[cell] >> 4);
  }
  addFields(block + 16, 2, 32, 0, out.codes);
}

static void readQ3K(const uint8_t *block, BlockContents out) {
  const uint8_t *packed = block + 96;
  *out.largeScale = halfAt(block + 108);
  for (unsigned cell = 0; cell < 16; ++cell) {
    unsigned low = packed[cell % 8] >> (cell / 8 * 4) & 15;
    unsigned high = packed[8 + cell % 4] >> (cell / 4 * 2) & 3;
    out.scales[cell] = static_cast<float>(static_cast<int>(low | high << 4) - 32);
  }
  addFields(block + 32, 2, 32, 0, out.codes);
  addFields(block, 1, 32, 2, out.codes);
}

static void readQ4K(const uint8_t *block, BlockContents out) {
  readScalesAndMinima(block, out);
  addFields(block + 16, 4, 32, 0, out.codes);
}

static void readQ5K(const uint8_t *block, BlockContents out) {
  readScalesAndMinima(block, out);
  addFields(block + 48, 4, 32, 0, out.codes);
  addFields(block + 16, 1, 32, 4, out.codes);
}

static void readQ6K(const uint8_t *block, BlockContents out) {
  *out.largeScale = halfAt(block + 208);
  for (unsigned cell = 0; cell < 16; ++cell)
    out.scales[cell] = static_cast<float>(static_cast<int8_t>(block[192 + cell]));
  addFields(block, 4, 64, 0, out.codes);
  addFields(block + 128, 2, 32, 4, out.codes);
}

static void readIq4Xs(const uint8_t *block, BlockContents out) {
  *out.largeScale = halfAt(block);
  for (unsigned cell = 0; cell < 8; ++cell) {
    unsigned high = block[2 + cell / 4] >> (cell % 4 * 2) & 3;
    unsigned low = block[4 + cell / 2] >> (cell % 2 * 4) & 15;
    out.scales[cell] = static_cast<float>(static_cast<int>(low | high << 4) - 32);
  }
  addFields(block + 8, 4, 16, 0, out.codes);
}

/// Codes are ternary digits of b / 256 for each byte b: the first digits of all bytes, then the
/// second ones.
static void readTernary(const uint8_t *packed, unsigned bytes, unsigned digits, uint8_t *codes) {
  for (unsigned i = 0; i < bytes; ++i) {
    unsigned fraction = packed[i];
    for (unsigned digit = 0; digit < digits; ++digit) {
      codes[digit * bytes + i] = static_cast<uint8_t>(fraction * 3 >> 8);
      fraction = fraction * 3 & 255;
    }
  }
}

static void readTq1Zero(const uint8_t *block, BlockContents out) {
  out.scales[0] = halfAt(block + 52);
  readTernary(block, 32, 5, out.codes);
  readTernary(block + 32, 16, 5, out.codes + 160);
  readTernary(block + 48, 4, 4, out.codes + 240);
}

static void readTq2Zero(const uint8_t *block, BlockContents out) {
  out.scales[0] = halfAt(block + 64);
  addFields(block, 2, 32, 0, out.codes);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static constexpr uint32_t numberOfF32 = 0, numberOfF16 = 1, numberOfQ8Zero = 8, numberOfIq4Nl = 20,
                          numberOfIq4Xs = 23, numberOfBF16 = 30, numberOfMxfp4 = 39,
                          numberOfNvfp4 = 40;

static const BlockType blockTypes[] = {
    {numberOfF32, "F32", 1, 4, 0, false, "f32"},
    {numberOfF16, "F16", 1, 2, 0, false, "f16"},
    {numberOfBF16, "BF16", 1, 2, 0, false, "bf16"},
    {2, "Q4_0", 32, 18, 32, false, "uint<4>, zero=8, scale={1x32, f16}", 8, 4, readQ4Zero},
    {3, "Q4_1", 32, 20, 32, true, "uint<4>, scale={1x32, f16}, offset={1x32, f16}", 0, 4,
     readQ4One},
    {6, "Q5_0", 32, 22, 32, false, "uint<5>, zero=16, scale={1x32, f16}", 16, 5, readQ5Zero},
    {7, "Q5_1", 32, 24, 32, true, "uint<5>, scale={1x32, f16}, offset={1x32, f16}", 0, 5,
     readQ5One},
    {numberOfQ8Zero, "Q8_0", 32, 34, 32, false, "int<8>, scale={1x32, f16}", 0, 8, readQ8Zero},
    {10, "Q2_K", 256, 84, 16, true,
     "uint<2>, scale={1x16, uint<4>, scale={1x256, f16}}, offset={1x16, uint<4>, scale={1x256, "
     "f16}}",
     0, 2, readQ2K},
    {11, "Q3_K", 256, 110, 16, false, "uint<3>, zero=4, scale={1x16, int<6>, scale={1x256, f16}}",
     4, 3, readQ3K},
    {12, "Q4_K", 256, 144, 32, true,
     "uint<4>, scale={1x32, uint<6>, scale={1x256, f16}}, offset={1x32, uint<6>, scale={1x256, "
     "f16}}",
     0, 4, readQ4K},
    {13, "Q5_K", 256, 176, 32, true,
     "uint<5>, scale={1x32, uint<6>, scale={1x256, f16}}, offset={1x32, uint<6>, scale={1x256, "
     "f16}}",
     0, 5, readQ5K},
    {14, "Q6_K", 256, 210, 16, false, "uint<6>, zero=32, scale={1x16, int<8>, scale={1x256, f16}}",
     32, 6, readQ6K},
    {numberOfIq4Nl, "IQ4_NL", 32, 18, 32, false, "table<4>, scale={1x32, f16}", 0, 4, readIq4Nl},
    {numberOfIq4Xs, "IQ4_XS", 256, 136, 32, false,
     "table<4>, scale={1x32, int<6>, scale={1x256, f16}}", 0, 4, readIq4Xs},
    {34, "TQ1_0", 256, 54, 256, false, "uint<2>, zero=1, scale={1x256, f16}", 1, 2, readTq1Zero},
    {35, "TQ2_0", 256, 66, 256, false, "uint<2>, zero=1, scale={1x256, f16}", 1, 2, readTq2Zero},
    {numberOfMxfp4, "MXFP4", 32, 17, 32, false, "f4E2M1FN, scale={1x32, f8E8M0FNU}", 0, 4,
     readMxfp4, "table<4>, scale={1x32, f8E8M0FNU}"},
    {numberOfNvfp4, "NVFP4", 64, 36, 16, false, "f4E2M1FN, scale={1x16, f8E4M3FN}", 0, 4, readNvfp4,
     "", "f4E2M1FN, scale={1x16, f8E4M3FN, scale={tensor, f32}}"},
};

const BlockType *uwt::blockTypeOf(uint32_t number) {
  for (const BlockType &type : blockTypes)
    if (type.number == number)
      return &type;
  return nullptr;
}

std::string uwt::blockTypeText(uint32_t number) {
  // Those that are not read, of ggml.h; some are of older files alone.
  static constexpr std::pair<uint32_t, std::string_view> others[] = {
      {4, "Q4_2"},        {5, "Q4_3"},        {9, "Q8_1"},      {15, "Q8_K"},
      {16, "IQ2_XXS"},    {17, "IQ2_XS"},     {18, "IQ3_XXS"},  {19, "IQ1_S"},
      {21, "IQ3_S"},      {22, "IQ2_S"},      {24, "I8"},       {25, "I16"},
      {26, "I32"},        {27, "I64"},        {28, "F64"},      {29, "IQ1_M"},
      {31, "Q4_0_4_4"},   {32, "Q4_0_4_8"},   {33, "Q4_0_8_8"}, {36, "IQ4_NL_4_4"},
      {37, "IQ4_NL_4_8"}, {38, "IQ4_NL_8_8"}, {41, "Q1_0"},
  };
  const BlockType *type = blockTypeOf(number);
  std::string_view name = type ? type->name : "";
  for (const auto &[other, text] : others)
    if (other == number)
      name = text;
  return name.empty() ? std::to_string(number)
                      : std::string(name) + " (" + std::to_string(number) + ")";
}

/// What each code stands for.
static std::vector<float> valuesOf(const BlockType &type) {
  switch (type.number) {
  case numberOfQ8Zero:
    return signedByteValues();
  case numberOfIq4Nl:
  case numberOfIq4Xs:
    return {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  case numberOfMxfp4:
    return {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  case numberOfNvfp4:
    return float4E2M1.values();
  default:
    return integerValues(uint64_t(1) << type.codeBits, type.zero);
  }
}

static Grid gridOfCells(uint64_t cell, uint64_t rows, uint64_t columns) {
  return {1, cell, columns / cell, std::vector<float>(rows * columns / cell)};
}

QuantizedWeight uwt::weightOf(const BlockType &type, std::span<const uint8_t> bytes, uint64_t rows,
                              uint64_t columns, std::optional<float> factor, ThreadPool &pool) {
  QuantizedWeight weight;
  weight.rows = rows;
  weight.columns = columns;
  if (type.cell == 0) {
    weight.floats = floatsOf(type.format, bytes);
    return weight;
  }
  weight.values = valuesOf(type);
  weight.codes.resize(rows * columns);
  GridParts scale = {gridOfCells(type.cell, rows, columns),
                     gridOfCells(type.elements, rows, columns)};
  GridParts offset = scale;
  uint64_t blocks = columns / type.elements, cells = type.elements / type.cell;
  pool.parallelFor(rows, [&](uint64_t row, unsigned) {
    for (uint64_t block = row * blocks; block < (row + 1) * blocks; ++block)
      type.read(bytes.data() + block * type.bytes,
                {weight.codes.data() + block * type.elements,
                 scale.numbers.cells.data() + block * cells,
                 offset.numbers.cells.data() + block * cells, &scale.outer.cells[block],
                 &offset.outer.cells[block]});
  });
  if (factor)
    scale.outer = Grid::constant(*factor);
  bool isNested = factor || (type.elements == largeBlock && cells > 1);
  weight.scale = isNested ? scale.product() : scale.numbers;
  if (isNested)
    weight.scaleParts = std::move(scale);
  if (type.hasOffset && isNested)
    weight.addOffset(offset.product(), offset);
  else if (type.hasOffset)
    weight.addOffset(std::move(offset.numbers));
  return weight;
}
