//===- Format.cpp - The text form of formats ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each item after the codec is a row of a table: how its value is parsed and printed. Parser and
// printers walk the rows, so a new item is a new one, and roles of grids have theirs by themselves.
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/Format.h"
#include "FormatText.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <vector>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Terms
//===----------------------------------------------------------------------===//

static bool isKeyword(std::string_view text) {
  for (char c : text)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_')
      return false;
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9');
}

Expected<Term> uwt::parseTerm(std::string_view text, const std::string &what) {
  size_t open = text.find('<');
  std::string_view keyword = trimSpaces(text.substr(0, open));
  if (!isKeyword(keyword))
    return usageError(what + ": expected a name such as 'none' or 'window<4>', got " +
                      inQuotes(text));
  Term term{std::string(keyword), {}};
  if (open == std::string_view::npos)
    return term;
  if (text.back() != '>')
    return usageError(what + ": " + inQuotes(text) + " does not end with '>'");

  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  while (true) {
    size_t comma = rest.find(',');
    UWT_ASSIGN_OR_RETURN(uint32_t number, parseUnsigned(trimSpaces(rest.substr(0, comma)), what));
    term.parameters.push_back(number);
    if (comma == std::string_view::npos)
      return term;
    rest.remove_prefix(comma + 1);
  }
}

std::string Term::str() const {
  std::string text = keyword;
  for (size_t i = 0; i < parameters.size(); ++i)
    text += (i == 0 ? "<" : ",") + std::to_string(parameters[i]);
  return parameters.empty() ? text : text + ">";
}

//===----------------------------------------------------------------------===//
// Short names
//===----------------------------------------------------------------------===//

std::span<const ShortName> uwt::shortNames() {
  static const std::array<ShortName, 2> names = {
      {{{"inplace", {12}}, {"window", {4}}}, {{"inplace", {11}}, {"window", {3}}}}};
  return names;
}

static const ShortName *findShortName(const Format &format) {
  if (format.packing != Packing::InPlace)
    return nullptr;
  for (const ShortName &candidate : shortNames())
    if (candidate.codec == format.codec)
      return &candidate;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Items
//===----------------------------------------------------------------------===//

static constexpr std::string_view layoutNames[] = {"fragment<16x16>", "row_major"};
static constexpr std::string_view storageNames[] = {"n_major", "k_major"};
static constexpr std::string_view packingNames[] = {"planes", "inplace"};
static constexpr std::string_view escapeNames[] = {"none", "patch", "rows<64>"};
static constexpr std::string_view indexNames[] = {"whole", "short"};
static constexpr std::string_view tablesNames[] = {"rounded", "exact"};
static constexpr std::string_view unitNames[] = {"strip", "panel"};
static constexpr std::string_view orderNames[] = {"none", "k"};
static constexpr std::string_view signPrefix = "sign+", codedPrefix = "exponent+";
/// Of low halves; the first one is written as a number of bits.
static constexpr std::string_view lowNames[] = {"", "rows", "palette", "coded"};

template <size_t size, typename Enum>
static std::string nameOf(const std::string_view (&names)[size], Enum value) {
  return std::string(names[static_cast<size_t>(value)]);
}

static Status parseVersion(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(format.version, parseUnsigned(value, "version"));
  if (format.version != formatVersion)
    return unsupportedError("format version " + std::to_string(format.version) +
                            " is not supported; this build reads version " +
                            std::to_string(formatVersion));
  return ok();
}

static Status parseLayout(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(uint32_t index, parseChoice(value, layoutNames, "layout"));
  format.layout = static_cast<Layout>(index);
  return ok();
}

static Status parseStorage(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(uint32_t index, parseChoice(value, storageNames, "storage"));
  format.storage = static_cast<Storage>(index);
  return ok();
}

static Status parseFold(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(Term term, parseTerm(value, "fold"));
  format.fold = Fold();
  if (term.keyword == "none" && term.parameters.empty())
    return ok();
  bool isFlat = term.keyword == "flat", isKnown = isFlat || term.keyword == "columns";
  constexpr std::string_view names[] = {"none", "columns", "flat"};
  if (!isKnown || term.parameters.size() != 1)
    return usageError("fold: expected none, columns<n> or flat<n>, got " + inQuotes(value) +
                      (isKnown ? "" : didYouMean(term.keyword, names)));
  format.fold = {isFlat ? Fold::Kind::Flat : Fold::Kind::Columns, term.parameters[0]};
  return ok();
}

static std::string printFold(const Format &format) {
  if (format.fold.kind == Fold::Kind::None)
    return "none";
  bool isFlat = format.fold.kind == Fold::Kind::Flat;
  return Term{isFlat ? "flat" : "columns", {format.fold.size}}.str();
}

static Status parsePacking(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(uint32_t index, parseChoice(value, packingNames, "packing"));
  format.packing = static_cast<Packing>(index);
  return ok();
}

static Status parseCoded(Format &format, std::string_view value) {
  format.codedSign = value.starts_with(signPrefix);
  if (format.codedSign)
    value.remove_prefix(signPrefix.size());
  if (!value.starts_with(codedPrefix))
    return usageError("coded: expected exponent+j, such as 'exponent+2', got " + inQuotes(value));
  UWT_ASSIGN_OR_RETURN(format.codedMantissa,
                       parseUnsigned(value.substr(codedPrefix.size()), "coded"));
  return ok();
}

static std::string printCoded(const Format &format) {
  std::string sign(format.codedSign ? signPrefix : "");
  return sign + std::string(codedPrefix) + std::to_string(format.codedMantissa);
}

static Status parseContext(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(Term term, parseTerm(value, "context"));
  if (term.keyword == "none" && term.parameters.empty())
    return ok();
  bool isScale = term.keyword == "scale";
  if ((term.keyword != "row_class" && !isScale) || term.parameters.size() != 1) {
    constexpr std::string_view names[] = {"none", "row_class", "scale"};
    return usageError("context: expected none, row_class<k> or scale<s>, got " + inQuotes(value) +
                      didYouMean(term.keyword, names));
  }
  if (isScale && term.parameters[0] == 0)
    return usageError("context: " + inQuotes(value) + " has no steps");
  if (isScale) {
    format.scaleSteps = term.parameters[0];
    return ok();
  }
  // One class is written `none`, so that a format has one spelling.
  if (term.parameters[0] < 2)
    return usageError("context: " + inQuotes(value) + " has no classes to choose from; write none");
  format.rowClasses = term.parameters[0];
  return ok();
}

static std::string printContext(const Format &format) {
  if (format.hasScales())
    return Term{"scale", {format.scaleSteps}}.str();
  return format.rowClasses == 1 ? "none" : Term{"row_class", {format.rowClasses}}.str();
}

static Status parseEscapes(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(uint32_t index, parseChoice(value, escapeNames, "escapes"));
  format.escapes = static_cast<Escapes>(index);
  return ok();
}

static Status parseIndex(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(uint32_t index, parseChoice(value, indexNames, "index"));
  format.shortIndex = index == 1;
  return ok();
}

static Status parseTables(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(uint32_t index, parseChoice(value, tablesNames, "tables"));
  format.exactTables = index == 1;
  return ok();
}

static Status parseUnit(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(uint32_t index, parseChoice(value, unitNames, "unit"));
  format.panelUnits = index == 1;
  return ok();
}

static Status parseOrder(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(uint32_t index, parseChoice(value, orderNames, "order"));
  format.hasColumnOrder = index == 1;
  return ok();
}

static Status parseLow(Format &format, std::string_view value) {
  format.lowHalves = LowHalves::TopBits;
  format.lowBits = wholeLowBits;
  for (LowHalves named : {LowHalves::Rows, LowHalves::Palette, LowHalves::Coded}) {
    if (value != nameOf(lowNames, named))
      continue;
    format.lowHalves = named;
    return ok();
  }
  Expected<uint32_t> bits = parseUnsigned(value, "low");
  if (!bits)
    return usageError(bits.error().message() + didYouMean(value, std::span(lowNames).subspan(1)));
  format.lowBits = *bits;
  return ok();
}

static std::string printLow(const Format &format) {
  return format.lowHalves == LowHalves::TopBits ? std::to_string(format.lowBits)
                                                : nameOf(lowNames, format.lowHalves);
}

namespace {
struct Item {
  std::string_view key;
  Status (*parseValue)(Format &format, std::string_view value);
  std::string (*printValue)(const Format &format);
  /// Of a step: its parser and printer are those of all roles.
  std::optional<GridRole> role = std::nullopt;

  Status parse(Format &format, std::string_view value) const {
    return role ? parseStep(format, *role, value) : parseValue(format, value);
  }
  std::string print(const Format &format) const {
    return role ? printStep(format, *role) : printValue(format);
  }
};
} // namespace

static constexpr size_t packingItem = 4, escapesItem = 7, tableItem = 12;
static constexpr Item beforeSteps[] = {
    {"version", parseVersion, [](const Format &f) { return std::to_string(f.version); }},
    {"layout", parseLayout, [](const Format &f) { return nameOf(layoutNames, f.layout); }},
    {"storage", parseStorage, [](const Format &f) { return nameOf(storageNames, f.storage); }},
    {"fold", parseFold, printFold},
    {"packing", parsePacking, [](const Format &f) { return nameOf(packingNames, f.packing); }},
    {"coded", parseCoded, printCoded},
    {"context", parseContext, printContext},
    {"escapes", parseEscapes, [](const Format &f) { return nameOf(escapeNames, f.escapes); }},
    {"index", parseIndex, [](const Format &f) { return nameOf(indexNames, f.shortIndex); }},
    {"tables", parseTables, [](const Format &f) { return nameOf(tablesNames, f.exactTables); }},
    {"unit", parseUnit, [](const Format &f) { return nameOf(unitNames, f.panelUnits); }},
    {"low", parseLow, printLow},
    // Of quantised weights only.
    {"table", parseTable, [](const Format &f) { return printOptionalCells(f.table); }},
    {"pick", parsePick, [](const Format &f) { return printOptionalCells(f.pick); }},
    {"zero", parseZero, printZero},
    {"scale", parseScale, [](const Format &f) { return printOptionalGrid(f.scale); }},
    {"factor", parseFactor, printFactor},
};
static constexpr Item afterSteps[] = {
    {"math", parseMath, printMath},
    {"order", parseOrder, [](const Format &f) { return nameOf(orderNames, f.hasColumnOrder); }},
};
static_assert(beforeSteps[packingItem].key == "packing" &&
              beforeSteps[escapesItem].key == "escapes" && beforeSteps[tableItem].key == "table");

static std::span<const Item> allItems() {
  static const std::vector<Item> items = [] {
    std::vector<Item> items(std::begin(beforeSteps), std::end(beforeSteps));
    for (const GridRole &role : allGridRoles())
      items.push_back({role.key, nullptr, nullptr, role});
    items.insert(items.end(), std::begin(afterSteps), std::end(afterSteps));
    return items;
  }();
  return items;
}

/// What a format of quantised weights has where its text is silent.
static Format quantizedDefaults(const Term &element) {
  Format format;
  format.codec = {"raw", {}};
  format.element = element;
  format.escapes = Escapes::None;
  return format;
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

std::string Format::str() const {
  const ShortName *shortName = findShortName(*this);
  Format defaults = isQuantized() ? quantizedDefaults(element) : Format();
  std::string text = shortName ? shortName->name.str() : codec.str();
  if (isQuantized())
    text = element.str() + (codec == defaults.codec ? "" : ", " + text);
  if (shortName)
    defaults.packing = packing;
  for (const Item &item : allItems()) {
    std::string value = item.print(*this);
    if (value != item.print(defaults))
      text.append(", ").append(item.key).append("=").append(value);
  }
  return text;
}

Format Format::ofMatrices() const {
  Format format = *this;
  format.storage = Storage::NMajor;
  format.fold = Fold();
  format.lowHalves = LowHalves::TopBits;
  format.lowBits = wholeLowBits;
  format.shortIndex = false;
  return format;
}

Format Format::ofFloats() const {
  Format format = *this, plain;
  format.element = plain.element;
  format.table = plain.table;
  format.pick = plain.pick;
  format.zero = plain.zero;
  format.zeroGrid = plain.zeroGrid;
  format.scale = plain.scale;
  format.divisor = plain.divisor;
  format.steps = plain.steps;
  format.math = plain.math;
  format.hasColumnOrder = plain.hasColumnOrder;
  return format;
}

std::string Format::fullStr() const {
  std::string text = (isQuantized() ? element.str() + ", " : "") + codec.str();
  std::span<const Item> items = allItems();
  if (!isQuantized() && *this == ofFloats())
    items = items.first(tableItem);
  for (const Item &item : items)
    text.append(", ").append(item.key).append("=").append(item.print(*this));
  return text;
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

namespace {
class Parser {
public:
  explicit Parser(std::string_view text) : text(text) {}
  Expected<Format> parse();

private:
  Status parseItem(std::string_view item);
  Status parseCodec(std::string_view item);

  std::string_view text;
  Format format;
  bool hasCodec = false;
  std::vector<bool> hasItem = std::vector<bool>(allItems().size());
};
} // namespace

Status Parser::parseCodec(std::string_view item) {
  UWT_ASSIGN_OR_RETURN(Term term, parseTerm(item, "codec"));
  bool isElement = QuantizedElement::isKeyword(term.keyword);
  if (isElement && format.isQuantized())
    return usageError("format " + inQuotes(text) + " has two elements, '" + format.element.str() +
                      "' and " + inQuotes(item));
  if (isElement) {
    format.element = std::move(term);
    return ok();
  }
  if (hasCodec)
    return usageError("format " + inQuotes(text) + " has two codecs, '" + format.codec.str() +
                      "' and " + inQuotes(item));
  hasCodec = true;
  format.codec = std::move(term);
  if (format.codec.keyword != "inplace")
    return ok();

  for (const ShortName &candidate : shortNames()) {
    if (candidate.name != format.codec)
      continue;
    if (hasItem[packingItem])
      return usageError(candidate.name.str() + " implies packing=inplace; leave out packing=");
    hasItem[packingItem] = true;
    format.codec = candidate.codec;
    format.packing = Packing::InPlace;
    return ok();
  }
  return usageError("codec: expected inplace<12> or inplace<11>, got " + inQuotes(item));
}

Status Parser::parseItem(std::string_view item) {
  std::optional<std::string_view> key = itemKey(item);
  if (!key)
    return parseCodec(item);
  std::vector<std::string_view> keys;
  for (size_t i = 0; i < allItems().size(); ++i) {
    keys.push_back(allItems()[i].key);
    if (allItems()[i].key != *key)
      continue;
    if (hasItem[i])
      return usageError("format " + inQuotes(text) + " says " + std::string(*key) + " twice");
    hasItem[i] = true;
    return allItems()[i].parse(format, itemValue(item));
  }
  return usageError("format has no item " + inQuotes(*key) + didYouMean(*key, keys));
}

Expected<Format> Parser::parse() {
  constexpr ptrdiff_t maxGrids = 16;
  if (std::ranges::count(text, '{') > maxGrids)
    return usageError("format " + inQuotes(text) + " has more than " + std::to_string(maxGrids) +
                      " grids");
  UWT_ASSIGN_OR_RETURN(std::vector<std::string_view> items, splitItems(text));
  // The version first: another one may have items that mean nothing here.
  for (std::string_view item : items)
    if (itemKey(item) == "version")
      UWT_RETURN_IF_ERROR(parseItem(item));
  for (std::string_view item : items)
    if (itemKey(item) != "version")
      UWT_RETURN_IF_ERROR(parseItem(item));
  if (!hasCodec && !format.isQuantized())
    return usageError("format " + inQuotes(text) + " names no codec");
  Format defaults = quantizedDefaults(format.element);
  if (!hasCodec)
    format.codec = defaults.codec;
  if (format.isQuantized() && !hasItem[escapesItem])
    format.escapes = defaults.escapes;
  return std::move(format);
}

Expected<Format> Format::parse(std::string_view text) { return Parser(text).parse(); }
