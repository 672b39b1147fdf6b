//===- FormatText.h - What the text form is made of -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to lib/Format.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_FORMAT_FORMATTEXT_H
#define UWT_LIB_FORMAT_FORMATTEXT_H

#include "uwt/Format/Format.h"
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

std::string_view trimSpaces(std::string_view text);
/// A number of at most 32 bits. Errors of all of these: Usage; `what` is the item's key.
Expected<uint32_t> parseUnsigned(std::string_view text, const std::string &what);
/// A keyword, with parameters or none.
Expected<Term> parseTerm(std::string_view text, const std::string &what);
/// The index of `value` in `names`, or an error that names the choices.
Expected<uint32_t> parseChoice(std::string_view value, std::span<const std::string_view> names,
                               const std::string &what);

/// Cuts the text at commas outside of brackets: `<>`, also inside `{}`, which nest four times.
Expected<std::vector<std::string_view>> splitItems(std::string_view text);
/// The key of `key=value`, or nothing for the codec.
std::optional<std::string_view> itemKey(std::string_view item);
/// What follows the `=`.
std::string_view itemValue(std::string_view item);

//===----------------------------------------------------------------------===//
// Items of quantised weights
//===----------------------------------------------------------------------===//

Status parseTable(Format &format, std::string_view value);
Status parsePick(Format &format, std::string_view value);
/// A table or a pick.
std::string printOptionalCells(const std::optional<CellFormat> &cells);
Status parseZero(Format &format, std::string_view value);
std::string printZero(const Format &format);
Status parseScale(Format &format, std::string_view value);
Status parseFactor(Format &format, std::string_view value);
std::string printFactor(const Format &format);
Status parseStep(Format &format, const GridRole &role, std::string_view value);
std::string printStep(const Format &format, const GridRole &role);
Status parseMath(Format &format, std::string_view value);
std::string printMath(const Format &format);
/// A scale.
std::string printOptionalGrid(const std::optional<GridFormat> &grid);

} // namespace uwt

#endif // UWT_LIB_FORMAT_FORMATTEXT_H
