//===- BaseMatch.cpp - Which tensor of a base model is a base -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BaseMatch.h"
#include "FloatCast.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>

namespace uwt {

/// Endings that more tensors have are not looked at.
static constexpr size_t tellingEndings = 1024;

static bool fitsShape(std::span<const uint64_t> base, std::span<const uint64_t> own) {
  if (base.size() != own.size() || own.empty())
    return base.size() == own.size();
  bool haveRows = base[0] != 0 && own[0] != 0;
  return (haveRows || base[0] == own[0]) && std::ranges::equal(base.subspan(1), own.subspan(1));
}

static bool fits(const TensorEntry &base, const SafetensorsTensor &own) {
  return hasFloatCast(*base.dtype, *own.dtype) && fitsShape(base.shape, own.shape);
}

/// Returns what keeps `base`, which does not fit, from being a base of `own`.
static std::string misfitOf(const TensorEntry &base, const SafetensorsTensor &own) {
  if (!hasFloatCast(*base.dtype, *own.dtype))
    return std::string(base.dtype->name);
  std::string shape;
  for (uint64_t size : base.shape)
    shape += (shape.empty() ? "" : ", ") + std::to_string(size);
  return "shape [" + shape + "]";
}

/// Returns the match of a tensor that fits.
static BaseMatch matchWith(const BaseModel::Tensor &base, const SafetensorsTensor &own) {
  BaseMatch match;
  match.tensor = base;
  if (base.entry->shape != own.shape)
    match.rows = {{0, 0, std::min(base.entry->shape[0], own.shape[0])}};
  return match;
}

/// Returns those of `candidates` that fit: of the same shape, or if there are none, of other
/// numbers of rows.
static std::vector<BaseModel::Tensor> fitting(std::span<const BaseModel::Tensor> candidates,
                                              const SafetensorsTensor &own) {
  std::vector<BaseModel::Tensor> same, grown;
  if (candidates.size() > tellingEndings)
    return same;
  for (const BaseModel::Tensor &one : candidates)
    if (fits(*one.entry, own))
      (one.entry->shape == own.shape ? same : grown).push_back(one);
  return same.empty() ? grown : same;
}

/// Returns whether an ending of the name of `own` is of two words or more, or all of it.
static bool isWords(std::string_view ending, const SafetensorsTensor &own) {
  return ending == own.name || ending.find('.') != std::string_view::npos;
}

/// Returns tensors whose names have that ending; a single word is none, unless it is a whole name.
static std::vector<BaseModel::Tensor> withEnding(const BaseModel &model, std::string_view ending,
                                                 const SafetensorsTensor &own) {
  if (isWords(ending, own))
    return fitting(model.endingIn(ending), own);
  std::optional<BaseModel::Tensor> whole = model.find(ending);
  return whole ? fitting({&*whole, 1}, own) : std::vector<BaseModel::Tensor>();
}

/// Finds the tensor whose name has the longest ending in common with that of `own`.
static BaseMatch matchByEnding(const BaseModel &model, const SafetensorsTensor &own) {
  std::string nearest;
  for (std::string_view ending : nameEndings(own.name)) {
    std::vector<BaseModel::Tensor> found = withEnding(model, ending, own);
    if (found.size() == 1)
      return matchWith(found[0], own);
    if (found.size() > 1)
      return {{},
              {},
              "no tensor of that name, and " + std::to_string(found.size()) + " end in " +
                  inQuotes(ending)};
    std::span<const BaseModel::Tensor> misfits = model.endingIn(ending);
    bool isMisfit = misfits.size() == 1 && !fits(*misfits[0].entry, own);
    if (nearest.empty() && isMisfit && isWords(ending, own))
      nearest =
          ", and " + misfitOf(*misfits[0].entry, own) + " in " + inQuotes(misfits[0].entry->name);
  }
  return {{}, {}, "no tensor of that name" + nearest};
}

BaseMatch matchByName(const BaseModel &model, const SafetensorsTensor &tensor) {
  std::optional<BaseModel::Tensor> named = model.find(tensor.name);
  if (named && fits(*named->entry, tensor))
    return matchWith(*named, tensor);
  BaseMatch match = matchByEnding(model, tensor);
  if (!match.tensor && named)
    match.reason = misfitOf(*named->entry, tensor) + " there";
  return match;
}

} // namespace uwt
