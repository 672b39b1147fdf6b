//===- Mlx.cpp - Checkpoints of MLX ---------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As mlx.core.quantize packs weights of 2 to 8 bits in its mode "affine", and mlx-lm saves them
// (mlx-1 to mlx-3 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../CodeBits.h"
#include "../Recipe.h"
#include <algorithm>

using namespace uwt;
using nlohmann::json;

namespace {

class MlxRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "mlx"; }
  bool reads(const QuantizationConfig &config) const override { return config.method() == "mlx"; }
  bool claims(const Parts &parts) const override {
    return parts.has("weight") && parts.has("scales") && parts.dtype("weight") == "U32";
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;
};

/// What the configuration says of a weight (mlx-2).
struct MlxLayout {
  CodeBits codes;
  uint64_t group = 0;
};

} // namespace

/// An integer of a module's own object, or of the configuration. Errors: Unsupported.
static Expected<int64_t> mlxInteger(const QuantizationConfig &config, const json *own,
                                    const char *key) {
  if (own && own->contains(key)) {
    const json &value = own->at(key);
    if (!value.is_number_integer())
      return unsupportedError(std::string(key) + " of its module is no integer");
    return value.get<int64_t>();
  }
  return config.integer(key).value_or(0);
}

/// Errors: Unsupported (another mode, other members of a module's own object).
static Status checkMlxModule(const QuantizationConfig &config, const json *own) {
  std::string mode = config.text("mode");
  if (own && !own->is_object())
    return unsupportedError("the configuration says of its module " + own->dump() +
                            ", and there is .scales");
  if (own)
    for (const auto &[key, value] : own->items()) {
      if (key == "mode" && value.is_string())
        mode = value.get<std::string>();
      else if (key != "bits" && key != "group_size")
        return unsupportedError("'" + key + "' of its module is not read");
    }
  if (mode.empty() || mode == "affine")
    return ok();
  return unsupportedError("mode '" + mode + "' of MLX is not read, only 'affine' is");
}

static Expected<MlxLayout> mlxLayoutOf(const QuantizationConfig &config, const Parts &parts) {
  std::string_view name = parts.at("weight").entry->name;
  std::string module(name.substr(0, name.rfind('.')));
  const json *own = config.find(module.c_str());
  if (std::string other = config.objectNamedLike(module); !own && !other.empty())
    return unsupportedError("the configuration has '" + other +
                            "', which may be this module by another name");
  UWT_RETURN_IF_ERROR(checkMlxModule(config, own));
  UWT_ASSIGN_OR_RETURN(int64_t bits, mlxInteger(config, own, "bits"));
  UWT_ASSIGN_OR_RETURN(int64_t group, mlxInteger(config, own, "group_size"));
  if (bits < 2 || bits > 8 || bits == 7)
    return unsupportedError("bits is " + std::to_string(bits) + ", expected 2 to 6 or 8");
  if (group != 16 && group != 32 && group != 64 && group != 128)
    return unsupportedError("group_size is " + std::to_string(group) +
                            ", expected 16, 32, 64 or 128");
  return MlxLayout{{static_cast<unsigned>(bits), CodeBits::Packing::Dense},
                   static_cast<uint64_t>(group)};
}

Expected<WeightOutline> MlxRecipe::outline(const QuantizationConfig &config, const Parts &parts,
                                           ThreadPool &) const {
  UWT_ASSIGN_OR_RETURN(MlxLayout layout, mlxLayoutOf(config, parts));
  UWT_RETURN_IF_ERROR(parts.expect("scales", {"F16", "BF16", "F32"}));
  std::string_view dtype = parts.dtype("scales");
  UWT_RETURN_IF_ERROR(parts.expect("biases", {dtype}, parts.shape("scales")));
  const Shape &packed = parts.shape("weight"), &scales = parts.shape("scales");
  auto mismatch = [&] {
    return unsupportedError(".weight is " + shapeText(packed) + " and .scales is " +
                            shapeText(scales) + ", which are not of " +
                            std::to_string(layout.codes.bits) + " bits in groups of " +
                            std::to_string(layout.group));
  };
  if ((packed.size() != 2 && packed.size() != 3) || scales.size() != packed.size() ||
      !std::equal(packed.begin(), packed.end() - 1, scales.begin()))
    return mismatch();
  uint64_t columns = scales.back() * layout.group;
  // Rows are whole words.
  if (columns % 32 != 0 || columns / 32 * layout.codes.bits != packed.back())
    return mismatch();
  Shape shape(packed.begin(), packed.end() - 1);
  shape.push_back(columns);
  uint64_t rows = shape.size() == 3 ? shape[0] * shape[1] : shape[0];
  WeightOutline outline{rows, columns, shape, "", {"weight", "scales", "biases"}};
  std::string number =
      "={" + cellText(1, layout.group, outline) + ", " + std::string(elementText(dtype)) + "}";
  outline.format =
      "uint<" + std::to_string(layout.codes.bits) + ">, scale" + number + ", offset" + number;
  return outline;
}

Expected<QuantizedWeight> MlxRecipe::assemble(const QuantizationConfig &config, const Parts &parts,
                                              const WeightOutline &outline,
                                              ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(MlxLayout layout, mlxLayoutOf(config, parts));
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.matrices = outline.shape.size() == 3 ? outline.shape[0] : 1;
  weight.values = integerValues(layout.codes.count());
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> packed, parts.words("weight", pool));
  weight.codes = unpackRows(layout.codes, packed, outline.rows, outline.columns, pool); // mlx-1
  weight.scale = {1, layout.group, outline.columns / layout.group, {}};
  Grid offset = weight.scale;
  UWT_ASSIGN_OR_RETURN(weight.scale.cells, parts.floats("scales", pool));
  UWT_ASSIGN_OR_RETURN(offset.cells, parts.floats("biases", pool));
  weight.addOffset(std::move(offset)); // mlx-3
  return weight;
}

const Recipe &uwt::getMlxRecipe() {
  static const MlxRecipe recipe;
  return recipe;
}
