//===- ParameterCodes.cpp - Codes of parameters by name -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes as those of Codes.cpp, of a weight whose name does not end in `.weight` (codes-12 of
// docs/quantised.md): experts, and other parameters of their own.
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"

using namespace uwt;

namespace {

constexpr std::string_view parameterName = "codes", parameterScale = "codes_scale";

class ParameterCodesRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return getCodesRecipe().keyword(); }
  std::string_view suffix() const override { return ""; }
  bool reads(const QuantizationConfig &config) const override {
    return getCodesRecipe().reads(config);
  }
  bool claims(const Parts &parts) const override {
    return parts.has(parameterName) && parts.has(parameterScale);
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override {
    Parts own = renamed(parts);
    UWT_ASSIGN_OR_RETURN(WeightOutline outline, getCodesRecipe().outline(config, own, pool));
    // By the names that the tensors have.
    for (std::string_view &part : outline.parts)
      if (own.has(part)) {
        std::string_view name = own.at(part).entry->name;
        part = name.substr(name.rfind('.') + 1);
      }
    return outline;
  }
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline,
                                     ThreadPool &pool) const override {
    return getCodesRecipe().assemble(config, renamed(parts), outline, pool);
  }

private:
  static Parts renamed(const Parts &parts) { return parts.renamed(parameterName, "weight"); }
};

} // namespace

const Recipe &uwt::getParameterCodesRecipe() {
  static const ParameterCodesRecipe recipe;
  return recipe;
}
