//===- Format.cpp - The text form of formats ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each item after the codec is a row of `itemTable`: how its value is parsed and
// printed. Parser and printers walk the table, so a new item is a new row.
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/Format.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <array>
#include <limits>
#include <optional>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Numbers and terms
//===----------------------------------------------------------------------===//

static bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static std::string_view trim(std::string_view text) {
  while (!text.empty() && isSpace(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && isSpace(text.back()))
    text.remove_suffix(1);
  return text;
}

static Expected<uint32_t> parseNumber(std::string_view text, const std::string &what) {
  constexpr uint32_t largest = std::numeric_limits<uint32_t>::max();
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9')
      return usageError(what + ": expected a number, got " + inQuotes(text));
    value = value * 10 + static_cast<uint64_t>(c - '0');
    if (value > largest)
      return usageError(what + ": " + inQuotes(text) + " is more than " + std::to_string(largest));
  }
  if (text.empty())
    return usageError(what + ": expected a number, got nothing");
  return static_cast<uint32_t>(value);
}

static bool isKeyword(std::string_view text) {
  for (char c : text)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_')
      return false;
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9');
}

static Expected<Term> parseTerm(std::string_view text, const std::string &what) {
  size_t open = text.find('<');
  std::string_view keyword = trim(text.substr(0, open));
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
    UWT_ASSIGN_OR_RETURN(uint32_t number, parseNumber(trim(rest.substr(0, comma)), what));
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

/// The index of `value` in `names`, or an error that names the choices.
static Expected<uint32_t> parseChoice(std::string_view value,
                                      std::span<const std::string_view> names,
                                      const std::string &what) {
  std::string choices;
  for (uint32_t i = 0; i < names.size(); ++i) {
    if (names[i] == value)
      return i;
    choices += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + std::string(names[i]);
  }
  return usageError(what + ": expected " + choices + ", got " + inQuotes(value) +
                    didYouMean(value, names));
}

static constexpr std::string_view layoutNames[] = {"fragment<16x16>", "row_major"};
static constexpr std::string_view storageNames[] = {"n_major", "k_major"};
static constexpr std::string_view packingNames[] = {"planes", "inplace"};
static constexpr std::string_view escapeNames[] = {"none", "patch", "rows<64>"};
static constexpr std::string_view indexNames[] = {"whole", "short"};
static constexpr std::string_view signPrefix = "sign+", codedPrefix = "exponent+";
/// Of low halves; the first one is written as a number of bits.
static constexpr std::string_view lowNames[] = {"", "rows", "palette", "coded"};

template <size_t size, typename Enum>
static std::string nameOf(const std::string_view (&names)[size], Enum value) {
  return std::string(names[static_cast<size_t>(value)]);
}

static Status parseVersion(Format &format, std::string_view value) {
  UWT_ASSIGN_OR_RETURN(format.version, parseNumber(value, "version"));
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
                       parseNumber(value.substr(codedPrefix.size()), "coded"));
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

static Status parseLow(Format &format, std::string_view value) {
  format.lowHalves = LowHalves::TopBits;
  format.lowBits = wholeLowBits;
  for (LowHalves named : {LowHalves::Rows, LowHalves::Palette, LowHalves::Coded}) {
    if (value != nameOf(lowNames, named))
      continue;
    format.lowHalves = named;
    return ok();
  }
  Expected<uint32_t> bits = parseNumber(value, "low");
  if (!bits)
    return usageError(bits.error().message() + didYouMean(value, std::span(lowNames).subspan(1)));
  format.lowBits = *bits;
  return ok();
}

static std::string printLow(const Format &format) {
  return format.lowHalves == LowHalves::TopBits ? std::to_string(format.lowBits)
                                                : nameOf(lowNames, format.lowHalves);
}

//===----------------------------------------------------------------------===//
// Items of a list
//===----------------------------------------------------------------------===//

/// How deep grids are in one another.
static constexpr size_t deepestGrid = 2;

/// The key of `key=value`, or nothing for the codec.
static std::optional<std::string_view> keyOf(std::string_view item) {
  size_t equals = item.find('=');
  if (equals == std::string_view::npos)
    return std::nullopt;
  return trim(item.substr(0, equals));
}

/// What follows the `=`.
static std::string_view valueOf(std::string_view item) {
  return trim(item.substr(item.find('=') + 1));
}

/// Cuts the text at commas outside of brackets: `<>`, also inside `{}`, which nest twice.
static Expected<std::vector<std::string_view>> splitItems(std::string_view text) {
  std::vector<std::string_view> items;
  std::string open;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    char c = i < text.size() ? text[i] : ',';
    bool opens = c == '<' || c == '{', closes = c == '>' || c == '}';
    bool fits = opens ? !open.ends_with('<') : !closes || open.ends_with(c == '>' ? '<' : '{');
    if (!fits)
      return usageError("format " + inQuotes(text) + " has a '" + c + "' without its counterpart");
    if (c == '{' && open.size() == deepestGrid)
      return usageError("format " + inQuotes(text) + " has grids more than " +
                        std::to_string(deepestGrid) + " deep");
    if (opens)
      open += c;
    else if (closes)
      open.pop_back();
    bool isEnd = i == text.size();
    if (isEnd && !open.empty())
      return usageError("format " + inQuotes(text) + " has a '" + open.back() +
                        "' without its counterpart");
    if (c != ',' || !open.empty())
      continue;
    std::string_view item = trim(text.substr(start, i - start));
    if (item.empty() && isEnd && !items.empty())
      return usageError("format " + inQuotes(text) + " ends with a comma");
    if (item.empty())
      return usageError("format " + inQuotes(text) + " has an empty item");
    items.push_back(item);
    start = i + 1;
  }
  return items;
}

/// "1x128", "row" or "tensor".
static Status parseCell(CellFormat &grid, std::string_view text, const std::string &what) {
  if (text == "tensor")
    return ok();
  grid.cellRows = 1;
  if (text == "row")
    return ok();
  size_t cross = text.find('x');
  if (cross == std::string_view::npos)
    return usageError(what + ": expected cells such as 1x128, row or tensor, got " +
                      inQuotes(text));
  UWT_ASSIGN_OR_RETURN(grid.cellRows, parseNumber(text.substr(0, cross), what));
  UWT_ASSIGN_OR_RETURN(grid.cellColumns, parseNumber(text.substr(cross + 1), what));
  if (grid.cellRows == 0 || grid.cellColumns == 0)
    return usageError(what + ": cells of " + inQuotes(text) + " have no elements");
  return ok();
}

/// The items in the braces of a grid; two of them are its cells and its type.
static Expected<std::vector<std::string_view>> splitGrid(std::string_view value,
                                                         const std::string &what, size_t most) {
  std::vector<std::string_view> items;
  if (value.starts_with('{') && value.ends_with('}')) {
    UWT_ASSIGN_OR_RETURN(items, splitItems(value.substr(1, value.size() - 2)));
  }
  if (items.size() < 2 || items.size() > most)
    return usageError(what + ": expected cells and a type, such as '{1x128, f16}', got " +
                      inQuotes(value));
  return items;
}

static Status parseCells(CellFormat &cells, std::span<const std::string_view> items,
                         const std::string &what) {
  UWT_RETURN_IF_ERROR(parseCell(cells, items[0], what));
  UWT_ASSIGN_OR_RETURN(cells.number, parseTerm(items[1], what));
  return ok();
}

static Expected<GridFormat> parseGrid(std::string_view value, const std::string &what) {
  UWT_ASSIGN_OR_RETURN(std::vector<std::string_view> items, splitGrid(value, what, 3));
  GridFormat grid;
  UWT_RETURN_IF_ERROR(parseCells(grid, items, what));
  if (items.size() < 3)
    return grid;
  std::string_view key = keyOf(items[2]).value_or("");
  if (key != "scale" && key != "divide")
    return usageError(what + ": expected scale={...} or divide={...} after a grid's type, got " +
                      inQuotes(items[2]));
  grid.isDivided = key == "divide";
  UWT_ASSIGN_OR_RETURN(std::vector<std::string_view> outer, splitGrid(valueOf(items[2]), what, 2));
  UWT_RETURN_IF_ERROR(parseCells(grid.outer.emplace(), outer, what));
  return grid;
}

std::string CellFormat::str() const {
  std::string cell = cellRows == 0 ? "tensor"
                     : cellColumns == 0
                         ? "row"
                         : std::to_string(cellRows) + "x" + std::to_string(cellColumns);
  return cell + ", " + number.str();
}

std::string GridFormat::str() const {
  std::string text = CellFormat::str();
  if (outer)
    text += std::string(isDivided ? ", divide" : ", scale") + "={" + outer->str() + "}";
  return "{" + text + "}";
}

static Status parseZero(Format &format, std::string_view value) {
  if (value.starts_with('{')) {
    UWT_ASSIGN_OR_RETURN(format.zeroGrid, parseGrid(value, "zero"));
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(format.zero, parseNumber(value, "zero"));
  return ok();
}

static std::string printZero(const Format &format) {
  return format.zeroGrid ? format.zeroGrid->str() : std::to_string(format.zero);
}

static Status parseOptionalGrid(std::optional<GridFormat> &grid, std::string_view value,
                                const std::string &what) {
  grid = std::nullopt;
  if (value == "none")
    return ok();
  UWT_ASSIGN_OR_RETURN(grid, parseGrid(value, what));
  return ok();
}

static std::string printOptionalGrid(const std::optional<GridFormat> &grid) {
  return grid ? grid->str() : "none";
}

static Status parseScale(Format &format, std::string_view value) {
  return parseOptionalGrid(format.scale, value, "scale");
}

static Status parseOffset(Format &format, std::string_view value) {
  return parseOptionalGrid(format.offset, value, "offset");
}

namespace {
struct Item {
  std::string_view key;
  Status (*parse)(Format &format, std::string_view value);
  std::string (*print)(const Format &format);
};
} // namespace

static constexpr size_t packingItem = 4, escapesItem = 7, zeroItem = 10;
static constexpr Item itemTable[] = {
    {"version", parseVersion, [](const Format &f) { return std::to_string(f.version); }},
    {"layout", parseLayout, [](const Format &f) { return nameOf(layoutNames, f.layout); }},
    {"storage", parseStorage, [](const Format &f) { return nameOf(storageNames, f.storage); }},
    {"fold", parseFold, printFold},
    {"packing", parsePacking, [](const Format &f) { return nameOf(packingNames, f.packing); }},
    {"coded", parseCoded, printCoded},
    {"context", parseContext, printContext},
    {"escapes", parseEscapes, [](const Format &f) { return nameOf(escapeNames, f.escapes); }},
    {"index", parseIndex, [](const Format &f) { return nameOf(indexNames, f.shortIndex); }},
    {"low", parseLow, printLow},
    // Of quantised weights only.
    {"zero", parseZero, printZero},
    {"scale", parseScale, [](const Format &f) { return printOptionalGrid(f.scale); }},
    {"offset", parseOffset, [](const Format &f) { return printOptionalGrid(f.offset); }},
};
static_assert(itemTable[packingItem].key == "packing" && itemTable[escapesItem].key == "escapes" &&
              itemTable[zeroItem].key == "zero");

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
  for (const Item &item : itemTable) {
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

std::string Format::fullStr() const {
  std::string text = (isQuantized() ? element.str() + ", " : "") + codec.str();
  std::span<const Item> items = itemTable;
  if (!isQuantized() && !scale && !offset && !zeroGrid && zero == 0)
    items = items.first(zeroItem);
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
  std::array<bool, std::size(itemTable)> hasItem{};
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
  std::optional<std::string_view> key = keyOf(item);
  if (!key)
    return parseCodec(item);
  std::vector<std::string_view> keys;
  for (size_t i = 0; i < std::size(itemTable); ++i) {
    keys.push_back(itemTable[i].key);
    if (itemTable[i].key != *key)
      continue;
    if (hasItem[i])
      return usageError("format " + inQuotes(text) + " says " + std::string(*key) + " twice");
    hasItem[i] = true;
    return itemTable[i].parse(format, valueOf(item));
  }
  return usageError("format has no item " + inQuotes(*key) + didYouMean(*key, keys));
}

Expected<Format> Parser::parse() {
  UWT_ASSIGN_OR_RETURN(std::vector<std::string_view> items, splitItems(text));
  // The version first: another one may have items that mean nothing here.
  for (std::string_view item : items)
    if (keyOf(item) == "version")
      UWT_RETURN_IF_ERROR(parseItem(item));
  for (std::string_view item : items)
    if (keyOf(item) != "version")
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
