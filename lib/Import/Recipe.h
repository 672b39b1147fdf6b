//===- Recipe.h - How one kind of checkpoint lays weights out ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A recipe is a file in lib/Import/Recipes and a line in Recipes.def. Layouts are facts of the
// packers that its file names.
//
// The world is closed (docs/quantised.md, section "What is not known"): a tensor of a weight's
// module, or of a module inside, that is neither among the parts of its outline, nor among those
// checked, nor silent, refuses the weight. What members of configurations are known is in
// Methods.cpp.
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_RECIPE_H
#define UWT_LIB_IMPORT_RECIPE_H

#include "Parts.h"
#include "QuantizationConfig.h"
#include "uwt/Import/QuantizedWeight.h"
#include <any>
#include <span>

namespace uwt {

struct Format;

/// What names, shapes and dtypes say of a weight, and tensors of a few bytes.
struct WeightOutline {
  uint64_t rows = 0, columns = 0;
  /// Of the weight, where it is not [rows, columns].
  Shape shape;
  /// The composition as text (docs/quantised.md).
  std::string format;
  /// The tensors that it is made of, by their suffixes.
  std::vector<std::string_view> parts;
  /// The composition that products run from, where that is another one.
  std::string runFormat = {};
  /// Tensors that were read, or compared with what is read, and that the weight is not made of.
  std::vector<std::string_view> checked = {};
  /// The facts that outline() has read from tensors, for assemble(): a file may change between
  /// them.
  std::any facts = {};
};

class Recipe {
public:
  virtual ~Recipe() = default;

  virtual std::string_view keyword() const = 0;
  /// What the weight's name has behind that of its module.
  virtual std::string_view suffix() const { return ".weight"; }
  /// The weight's name, of its module's.
  virtual std::string weightName(std::string_view module) const {
    return std::string(module) + std::string(suffix());
  }
  /// Returns tensors of a module that have no say in its weight, by what their names have behind
  /// the module's, beside those of commonSilentTensors(): "workspace".
  virtual std::span<const std::string_view> silentTensors() const { return {}; }
  /// Returns whether its packers make linear layers of those whose weights are [inputs, outputs].
  virtual bool transposesConv1D() const { return false; }
  /// Whether checkpoints with this configuration are of this kind.
  virtual bool reads(const QuantizationConfig &config) const = 0;
  /// Whether `parts` are a weight's: tensors that share the name before their last dot.
  virtual bool claims(const Parts &parts) const = 0;
  /// Errors: Unsupported, with what the tensors have that this recipe does not read; as reading
  /// tensors.
  virtual Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                          ThreadPool &pool) const = 0;
  /// Precondition: `outline` is of these parts. Errors: Invalid (contents that mean nothing), and
  /// as reading tensors.
  virtual Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                             const WeightOutline &outline,
                                             ThreadPool &pool) const = 0;
};

#define UWT_RECIPE(name) const Recipe &get##name##Recipe();
#include "Recipes.def"
#undef UWT_RECIPE

/// All recipes, in the order in which they are asked.
std::span<const Recipe *const> allRecipes();

//===----------------------------------------------------------------------===//
// What recipes share
//===----------------------------------------------------------------------===//

/// Returns whether checkpoints of recipe `codes` may have a composition (codes-1).
bool isOfCodes(const Format &format);

/// Returns tensors that have no say in any weight: biases, and numbers that activations are
/// quantised with when a layer runs.
std::span<const std::string_view> commonSilentTensors();

/// "1x128" of a cell of a matrix; "tensor" and "row" where it is all of that.
std::string cellText(uint64_t rows, uint64_t columns, const WeightOutline &of);

/// What stands behind a composition whose columns belong to cells in an order of their own, as the
/// tensor `suffix` of I32 says: nothing where cells of `columns` are side by side, or where all are
/// of group -1. Errors: as reading a tensor.
Expected<std::string_view> columnOrderText(const Parts &parts, std::string_view suffix,
                                           uint64_t columns, ThreadPool &pool);

/// Of `what`, such as "a column", which names one of `count` groups or tables that is not there.
/// Files have these numbers as I32. Invalid.
Error outsideError(const std::string &what, std::string_view kind, uint32_t number, uint64_t count);

/// Checks that columns are of all groups that there are: what names one of them alone for all
/// columns is what packers leave where there is no order. Precondition: numbers are below `groups`.
/// Errors: Invalid.
Status expectAllGroups(std::span<const uint32_t> columns, uint64_t groups);

/// Returns the name of the module that a part of a weight is of.
std::string_view moduleOf(const Parts &parts, std::string_view suffix);

/// Checks that a configuration says 4 bits per code of a module, or nothing of them. Errors:
/// Unsupported.
Status expectFourBits(const QuantizationConfig &config, std::string_view module);

/// Checks that not all groups of integers of so many bits, or of any, have columns in an order of
/// their own (`actorder`): for weights without numbers of groups. Errors: Unsupported.
Status expectNoColumnOrder(const QuantizationConfig &config, std::optional<int64_t> bits,
                           std::string_view missing);

/// Checks that zero points are all `middle` where the configuration says that there are none, as
/// `why` ("sym is true") tells: kernels of engines do not read them then. Errors: Invalid.
Status expectNeutralZeros(std::span<const uint8_t> zeros, uint64_t middle, std::string_view why);

/// The numbers 0, 1, … of so many codes, less `zero` (value-1).
std::vector<float> integerValues(uint64_t count, int zero = 0);
/// The numbers of two's complement in 8 bits.
std::vector<float> signedByteValues();
/// Whether numbers of that dtype are exponents (f8E8M0FNU).
bool isExponentDtype(std::string_view dtype);

/// A matrix [groups, rows] as a grid of cells of a row x `cellColumns`.
template <typename Number>
Grid gridOfColumns(std::span<const Number> cells, uint64_t groups, uint64_t rows,
                   uint64_t cellColumns) {
  Grid grid = {1, cellColumns, groups, std::vector<float>(cells.size())};
  for (uint64_t group = 0; group < groups; ++group)
    for (uint64_t row = 0; row < rows; ++row)
      grid.cells[row * groups + group] = static_cast<float>(cells[group * rows + row]);
  return grid;
}

/// The code of f4E2M1FN that is -0.
inline constexpr uint8_t negativeZeroOfE2M1 = 8;

/// Two codes of 4 bits a byte, the lower one first.
std::vector<uint8_t> nibblesOf(std::span<const uint8_t> packed);

/// Cells of a grid that is stored as a matrix of that shape, whatever its rank: a single number, a
/// number a row, or `cellRows` x `cellColumns` elements each. Errors: Unsupported.
Expected<Grid> cellsOf(std::string_view what, const Shape &shape, const WeightOutline &of,
                       uint64_t cellRows, uint64_t cellColumns);

} // namespace uwt

#endif // UWT_LIB_IMPORT_RECIPE_H
