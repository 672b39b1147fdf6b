//===- Gptq.cpp - Checkpoints of GPTQ -------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As AutoGPTQ and GPTQModel pack weights of 2 to 8 bits: codes go down the columns of qweight, zero
// points along the rows of qzeros (gptq-1 to gptq-5 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../CodeBits.h"
#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>

using namespace uwt;

namespace {

class GptqRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "gptq"; }
  bool transposesConv1D() const override { return true; }
  bool reads(const QuantizationConfig &config) const override { return config.method() == "gptq"; }
  bool claims(const Parts &parts) const override { return parts.has("qweight"); }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;
};

} // namespace

namespace {

/// What the configuration says of a weight.
struct GptqLayout {
  CodeBits codes;
  /// Columns of a group, or -1 for all.
  int64_t groupSize;
  /// Source of the bits, for messages: "'+:.*up_proj' of dynamic".
  std::string source;
  /// Whether zero points are stored less one (gptq-3).
  bool isFirstVersion;
  bool isSymmetric, isActOrdered;
};

} // namespace

/// Errors: Unsupported.
static Expected<GptqLayout> layoutOf(const QuantizationConfig &config, const Parts &parts) {
  using Packing = CodeBits::Packing;
  std::string version = config.text("checkpoint_format");
  if (version.empty())
    version = "gptq";
  if (version != "gptq" && version != "gptq_v2" && version != "gptq_p")
    return unsupportedError("checkpoint_format '" + version +
                            "' is none of gptq, gptq_v2 and gptq_p");
  UWT_ASSIGN_OR_RETURN(ModuleOverride own, config.overrides().of(moduleOf(parts, "qweight")));
  if (own.isExcluded)
    return unsupportedError(own.source + " says that it is not quantised, and there is .qweight");
  int64_t bits = own.bits.value_or(config.integer("bits").value_or(4));
  if (bits < 2 || bits > 8)
    return unsupportedError(std::to_string(bits) + " bits are not 2 to 8");
  // gptq-5: of GPTQModel there is no other packing of 5 to 7 bits, of auto-round this is none.
  bool isAutoRound = config.text("packing_format").starts_with("auto_round");
  bool isPlanar = version == "gptq_p" || (bits > 4 && bits < 8 && !isAutoRound);
  return GptqLayout{{static_cast<unsigned>(bits), isPlanar ? Packing::Planar : Packing::Dense},
                    own.groupSize.value_or(config.integer("group_size").value_or(-1)),
                    own.source.empty() ? "bits of the configuration" : own.source,
                    version == "gptq" && !isPlanar,
                    own.isSymmetric.value_or(config.flag("sym")),
                    own.isActOrdered.value_or(config.flag("desc_act"))};
}

/// Columns of a group where they stand side by side (gptq-4). Errors: Unsupported.
static Expected<uint64_t> groupSizeOf(const GptqLayout &layout, const Parts &parts,
                                      uint64_t columns) {
  uint64_t groups = parts.shape("scales")[0];
  int64_t wanted = layout.groupSize;
  if (wanted <= 0 && (groups == 1 || parts.has("g_idx")))
    return divideUp(columns, groups);
  if (wanted <= 0)
    return unsupportedError(".scales has " + std::to_string(groups) +
                            " groups, and the configuration has no group_size");
  auto size = static_cast<uint64_t>(wanted);
  if (divideUp(columns, size) != groups && !parts.has("g_idx"))
    return unsupportedError(".scales has " + std::to_string(groups) + " groups, but group_size " +
                            std::to_string(size) + " gives " +
                            std::to_string(divideUp(columns, size)));
  return size;
}

/// Source of the number of bits per code, for messages.
static std::string bitsText(const GptqLayout &layout) {
  return " with " + std::to_string(layout.codes.bits) + " bits a code, which " + layout.source +
         " says";
}

Expected<WeightOutline> GptqRecipe::outline(const QuantizationConfig &config, const Parts &parts,
                                            ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(GptqLayout layout, layoutOf(config, parts));
  CodeBits codes = layout.codes;
  UWT_RETURN_IF_ERROR(parts.expect("qweight", {"I32"}));
  UWT_RETURN_IF_ERROR(parts.expect("scales", {"F16", "BF16", "F32"}));
  const Shape &packed = parts.shape("qweight"), &scales = parts.shape("scales");
  if (packed.size() != 2 || scales.size() != 2 || packed[1] != scales[1])
    return unsupportedError(".qweight is " + shapeText(packed) + " and .scales is " +
                            shapeText(scales));
  WeightOutline outline;
  outline.rows = packed[1];
  outline.columns = packed[0] / codes.bits * 32 + packed[0] % codes.bits * 32 / codes.bits;
  outline.parts = {"qweight", "scales", "qzeros"};
  if (Status zeros = parts.expect("qzeros", {"I32"}, {scales[0], codes.words(outline.rows)});
      !zeros)
    return parts.has("qzeros") ? unsupportedError(zeros.error().message() + bitsText(layout))
                               : std::move(zeros).takeError();
  if (codes.words(outline.columns) != packed[0] || scales[0] == 0)
    return unsupportedError(".qweight is " + shapeText(packed) + " and .scales is " +
                            shapeText(scales));
  UWT_ASSIGN_OR_RETURN(uint64_t group, groupSizeOf(layout, parts, outline.columns));
  if (layout.isActOrdered && !parts.has("g_idx"))
    return unsupportedError("desc_act is true, and there is no .g_idx");
  if (parts.has("g_idx")) {
    UWT_RETURN_IF_ERROR(parts.expect("g_idx", {"I32"}, {outline.columns}));
    outline.parts.emplace_back("g_idx");
  }
  std::string cell = cellText(1, group, outline),
              element = "uint<" + std::to_string(codes.bits) + ">";
  outline.format = element + ", zero={" + cell + ", " + element + "}, scale={" + cell + ", " +
                   std::string(elementText(parts.dtype("scales"))) + "}";
  if (parts.has("g_idx")) {
    UWT_ASSIGN_OR_RETURN(std::string_view order, columnOrderText(parts, "g_idx", group, pool));
    outline.format += order;
  }
  return outline;
}

/// The group of each column, gptq-4. Errors: Invalid.
static Expected<std::vector<uint32_t>> groupsOf(const GptqLayout &layout, const Parts &parts,
                                                uint64_t columns, ThreadPool &pool) {
  uint64_t groups = parts.shape("scales")[0];
  std::vector<uint32_t> group;
  if (parts.has("g_idx")) {
    UWT_ASSIGN_OR_RETURN(group, parts.words("g_idx", pool));
  } else {
    UWT_ASSIGN_OR_RETURN(uint64_t size, groupSizeOf(layout, parts, columns));
    for (uint64_t column = 0; column < columns; ++column)
      group.push_back(static_cast<uint32_t>(column / size));
  }
  auto outside = std::ranges::find_if(group, [&](uint32_t each) { return each >= groups; });
  if (outside != group.end())
    return outsideError("column " + std::to_string(outside - group.begin()), "group", *outside,
                        groups);
  if (parts.has("g_idx"))
    UWT_RETURN_IF_ERROR(expectAllGroups(group, groups));
  return group;
}

Expected<QuantizedWeight> GptqRecipe::assemble(const QuantizationConfig &config, const Parts &parts,
                                               const WeightOutline &outline,
                                               ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(GptqLayout layout, layoutOf(config, parts));
  CodeBits codes = layout.codes;
  uint64_t rows = outline.rows, groups = parts.shape("scales")[0];

  QuantizedWeight weight;
  weight.rows = rows;
  weight.columns = outline.columns;
  weight.values = integerValues(codes.count());
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> packed, parts.words("qweight", pool));
  weight.codes = unpackColumns(codes, packed, rows, outline.columns, pool);
  UWT_ASSIGN_OR_RETURN(std::vector<float> scales, parts.floats("scales", pool));
  weight.scale = gridOfColumns<float>(scales, groups, rows, 1);
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> packedZeros, parts.words("qzeros", pool));
  std::vector<uint8_t> zeros = unpackRows(codes, packedZeros, groups, rows, pool); // gptq-2
  if (layout.isFirstVersion)
    for (uint8_t &zero : zeros)
      zero = static_cast<uint8_t>((zero + 1) % codes.count());
  if (layout.isSymmetric)
    UWT_RETURN_IF_ERROR(expectNeutralZeros(zeros, codes.count() / 2, "sym is true"));
  weight.zero = gridOfColumns<uint8_t>(zeros, groups, rows, 1);
  UWT_ASSIGN_OR_RETURN(weight.gridColumns, groupsOf(layout, parts, outline.columns, pool));
  return weight;
}

const Recipe &uwt::getGptqRecipe() {
  static const GptqRecipe recipe;
  return recipe;
}
