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
#include "../ModulePattern.h"
#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>

using namespace uwt;
using nlohmann::json;

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
  /// The pattern of `dynamic` that changes it, for messages, or empty.
  std::string pattern;
  /// Whether zero points are stored less one (gptq-3).
  bool isFirstVersion;
  bool isSymmetric, isActOrdered;
};

} // namespace

/// gptq-6: the entry of `dynamic` that names a module, by the text before it if it is one that
/// leaves modules out, or null.
struct DynamicEntry {
  std::string pattern;
  const json *members = nullptr;
  bool isExcluded = false;
};

/// Errors: Unsupported.
static Status checkDynamic(const std::string &pattern, const json &members) {
  auto refuse = [&](const std::string &what) {
    return unsupportedError("'" + pattern + "' of dynamic has " + what);
  };
  if (!members.is_object())
    return refuse("no object");
  for (const auto &[key, value] : members.items()) {
    bool isNumber = key == "bits" || key == "group_size";
    // How codes were found has no say; g_idx says what order columns have.
    bool isFlag = key == "sym" || key == "desc_act" || key == "mse" || key == "static_groups";
    if (!isNumber && !isFlag)
      return refuse("'" + key + "', which is not read");
    if (isNumber && !value.is_number_integer())
      return refuse("a '" + key + "' that is no integer");
  }
  return ok();
}

/// The first entry, in the order of the file, that matches. Objects are read in the order of their
/// names, so several that match must say the same. Errors: Unsupported.
static Expected<DynamicEntry> dynamicOf(const json &dynamic, std::string_view module) {
  DynamicEntry result;
  if (!dynamic.is_object())
    return unsupportedError("dynamic is no object");
  for (const auto &[key, members] : dynamic.items()) {
    bool isExcluded = key.starts_with("-:");
    std::string_view text = key;
    if (isExcluded || key.starts_with("+:"))
      text.remove_prefix(2);
    Expected<ModulePattern> pattern = ModulePattern::parse(text);
    if (!pattern)
      return unsupportedError("dynamic: " + pattern.error().message());
    if (!pattern->matches(module))
      continue;
    if (!isExcluded)
      UWT_RETURN_IF_ERROR(checkDynamic(key, members));
    bool isSame = result.isExcluded == isExcluded &&
                  (isExcluded || !result.members || *result.members == members);
    if (!result.pattern.empty() && !isSame)
      return unsupportedError("'" + result.pattern + "' and '" + key +
                              "' of dynamic both match it, and say different things");
    result = {key, &members, isExcluded};
  }
  return result;
}

static int64_t integerOf(const DynamicEntry &entry, const char *key, int64_t absent) {
  if (!entry.members || !entry.members->is_object())
    return absent;
  auto found = entry.members->find(key);
  return found == entry.members->end() ? absent : found->get<int64_t>();
}

static bool flagOf(const DynamicEntry &entry, const char *key, bool absent) {
  if (!entry.members || !entry.members->is_object())
    return absent;
  auto found = entry.members->find(key);
  return found != entry.members->end() && found->is_boolean() ? found->get<bool>() : absent;
}

/// The module of a weight, by the name of its codes.
static std::string_view moduleOf(const Parts &parts) {
  std::string_view name = parts.at("qweight").entry->name;
  return name.substr(0, name.rfind('.'));
}

/// Errors: Unsupported.
static Expected<GptqLayout> layoutOf(const QuantizationConfig &config, const Parts &parts) {
  using Packing = CodeBits::Packing;
  std::string version = config.text("checkpoint_format");
  if (version.empty())
    version = "gptq";
  if (version != "gptq" && version != "gptq_v2" && version != "gptq_p")
    return unsupportedError("checkpoint_format '" + version +
                            "' is none of gptq, gptq_v2 and gptq_p");
  DynamicEntry entry;
  const json *dynamic = config.find("dynamic");
  if (dynamic && !dynamic->is_null()) {
    UWT_ASSIGN_OR_RETURN(entry, dynamicOf(*dynamic, moduleOf(parts)));
  }
  if (entry.isExcluded)
    return unsupportedError("'" + entry.pattern +
                            "' of dynamic says that it is not quantised, and there is .qweight");
  int64_t bits = integerOf(entry, "bits", config.integer("bits").value_or(4));
  if (bits < 2 || bits > 8)
    return unsupportedError(std::to_string(bits) + " bits are not 2 to 8");
  int64_t groupSize = integerOf(entry, "group_size", config.integer("group_size").value_or(-1));
  // gptq-5: there is no other packing of 5 to 7 bits.
  bool isPlanar = version == "gptq_p" || (bits > 4 && bits < 8);
  CodeBits codes = {static_cast<unsigned>(bits), isPlanar ? Packing::Planar : Packing::Dense};
  return GptqLayout{codes,
                    groupSize,
                    entry.pattern,
                    version == "gptq" && !isPlanar,
                    flagOf(entry, "sym", config.flag("sym")),
                    flagOf(entry, "desc_act", config.flag("desc_act"))};
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
  return " with " + std::to_string(layout.codes.bits) + " bits a code, which " +
         (layout.pattern.empty() ? "bits of the configuration says"
                                 : "'" + layout.pattern + "' of dynamic says");
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
