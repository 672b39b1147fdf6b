//===- CheckImage.cpp - Weights in memory that anybody may have made ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled code follows the numbers of an image without a look at them. So an image has one form
// alone: each part begins where the writer places it, has the size that format and shape give it,
// and holds what loading the same planes from a file gives.
//
//===----------------------------------------------------------------------===//

#include "PanelCoder.h"
#include "WeightBuilder.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Runtime/WeightImage.h"
#include "uwt/Support/CheckedMath.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

static Error damagedImage() { return invalidError("the weight in memory is damaged"); }

//===----------------------------------------------------------------------===//
// Headers
//===----------------------------------------------------------------------===//

/// Returns the parts of an image in the order of their bytes, which is the writer's.
static std::array<const ImageHeader::Part *, WeightImage::parts>
partsInOrder(const ImageHeader &header) {
  auto plane = [&](PlaneKind kind) { return &header.planes[numberOf(kind)]; };
  return {&header.panels,          &header.table,          &header.order,
          plane(PlaneKind::Raw),   plane(PlaneKind::Code), plane(PlaneKind::Words),
          plane(PlaneKind::Patch), &header.counts,         plane(PlaneKind::Index),
          plane(PlaneKind::Low)};
}

/// Returns the end of a part and of the padding behind it, in an image of `bytes` bytes; nothing if
/// the part does not begin at `begin`, or leaves the image.
static std::optional<uint64_t> endOf(const ImageHeader::Part &part, uint64_t begin,
                                     uint64_t bytes) {
  if (part.begin != begin || begin > bytes || part.bytes > bytes - begin)
    return std::nullopt;
  uint64_t end = begin + roundUp(part.bytes, imageAlignment) + imageAlignment;
  return end <= bytes ? std::optional(end) : std::nullopt;
}

static bool arePartsInOrder(const ImageHeader &header) {
  // Far below the sizes at which sums of two wrap.
  constexpr uint64_t maxBytes = uint64_t(1) << 62;
  if (header.bytes > maxBytes)
    return false;
  std::optional<uint64_t> end = endOf({0, sizeof(ImageHeader)}, 0, header.bytes);
  for (const ImageHeader::Part *part : partsInOrder(header))
    end = end ? endOf(*part, *end, header.bytes) : end;
  return end == header.bytes;
}

/// Returns the bytes of all panels' entries; nothing if their number wraps.
static std::optional<uint64_t> bytesOfPanels(const ImageHeader &header) {
  uint64_t rows = header.shape[header.rank - 2], columns = header.shape[header.rank - 1];
  if (columns == 0)
    return 0;
  std::optional<uint64_t> bytes = checkedMultiply(divideUp(rows, panelRows), sizeof(PanelEntry));
  for (uint64_t size : std::span(header.shape).first(header.rank - 2))
    bytes = bytes ? checkedMultiply(*bytes, size) : bytes;
  return bytes;
}

/// Returns the bytes of the order of all matrices' columns, 0 if the format has none.
static std::optional<uint64_t> bytesOfOrder(const ImageHeader &header) {
  std::string_view format = header.format;
  if (!format.ends_with(columnOrderSuffix) || header.shape[header.rank - 2] == 0)
    return 0;
  std::optional<uint64_t> bytes = checkedMultiply(header.shape[header.rank - 1], sizeof(uint32_t));
  for (uint64_t size : std::span(header.shape).first(header.rank - 2))
    bytes = bytes ? checkedMultiply(*bytes, size) : bytes;
  return bytes;
}

template <typename Numbers> static bool areZeros(const Numbers &numbers) {
  return std::ranges::all_of(numbers, [](auto each) { return each == 0; });
}

static bool hasSoundNumbers(const ImageHeader &header) {
  if (header.rank < 2 || header.rank > maxImageRank || header.reserved != 0 ||
      header.element > static_cast<uint32_t>(ElementType::UInt16) ||
      (header.integerBits != 0 && header.integerBits != maxIntegerBits) ||
      header.format[maxImageFormat - 1] != 0)
    return false;
  // A stack of matrices without elements has no bytes that would bound their number.
  std::optional<uint64_t> elements = 1;
  for (uint64_t size : std::span(header.shape).first(header.rank))
    elements = elements ? checkedMultiply(*elements, std::max<uint64_t>(size, 1)) : elements;
  constexpr uint64_t maxElements = uint64_t(1) << 58;
  return elements && *elements <= maxElements &&
         areZeros(std::span(header.shape).subspan(header.rank)) &&
         areZeros(std::span(header.format).subspan(std::strlen(header.format)));
}

Expected<WeightImage> WeightImage::open(std::span<const uint8_t> image) {
  if (reinterpret_cast<uintptr_t>(image.data()) % imageAlignment != 0)
    return usageError("a weight in memory begins at a multiple of " +
                      std::to_string(imageAlignment) + " bytes");
  if (image.size() < sizeof(ImageHeader))
    return invalidError("the memory holds no weight of this version of the library");
  WeightImage opened(image.data());
  const ImageHeader &header = *opened.header;
  if (!header.hasMagic())
    return invalidError("the memory holds no weight of this version of the library");
  if (!header.isSealed() || header.bytes > image.size() || !hasSoundNumbers(header) ||
      !arePartsInOrder(header) || header.panels.bytes != bytesOfPanels(header) ||
      header.order.bytes != bytesOfOrder(header))
    return invalidError("the weight in memory is cut or damaged");
  return opened;
}

//===----------------------------------------------------------------------===//
// Contents
//===----------------------------------------------------------------------===//

/// Visits all parts that code reads, with the buffers of a weight that has the same.
template <typename Visit>
static void forEachPart(const ImageHeader &header, const LoadedWeight &weight, Visit visit) {
  visit(header.panels, std::as_bytes(weight.panels()));
  visit(header.table, std::as_bytes(weight.table()));
  visit(header.counts, std::as_bytes(weight.counts()));
  for (PlaneKind kind :
       {PlaneKind::Words, PlaneKind::Raw, PlaneKind::Code, PlaneKind::Patch, PlaneKind::Low})
    visit(header.planes[numberOf(kind)], std::as_bytes(weight.buffer(kind)));
}

bool WeightImage::hasPartsOf(const LoadedWeight &weight) const {
  bool areEqual = true;
  forEachPart(*header, weight, [&](const ImageHeader::Part &mine, auto theirs) {
    std::span<const std::byte> bytes = std::as_bytes(bytesOf(mine));
    areEqual = areEqual && std::ranges::equal(bytes, theirs);
  });
  return areEqual;
}

bool WeightImage::hasZerosBetweenParts() const {
  uint64_t end = sizeof(ImageHeader);
  auto areZerosUpTo = [&](uint64_t next) { return areZeros(std::span(begin + end, next - end)); };
  for (const ImageHeader::Part *part : partsInOrder(*header)) {
    if (!areZerosUpTo(part->begin))
      return false;
    end = part->begin + part->bytes;
  }
  return areZerosUpTo(header->bytes);
}

Status WeightImage::checkColumnOrder(uint64_t matrix) const {
  std::span<const uint32_t> order = columnOrder(matrix);
  std::vector<bool> isTaken(order.size());
  for (uint32_t column : order) {
    if (column >= order.size() || isTaken[column])
      return invalidError("the weight in memory is damaged: its order of columns has number " +
                          std::to_string(column) + " twice, or outside of its " +
                          std::to_string(order.size()) + " columns");
    isTaken[column] = true;
  }
  return ok();
}

Status WeightImage::checkColumnOrder() const {
  for (uint64_t matrix = 0; header->order.bytes != 0 && matrix < matrices(); ++matrix)
    UWT_RETURN_IF_ERROR(checkColumnOrder(matrix));
  return ok();
}

Status WeightImage::checkCodes(const CodingPlan &plan) const {
  const MatrixShape &matrix = plan.matrix;
  std::span<const uint8_t> entries = bytesOf(header->panels);
  // What panels before have taken, in u32.
  uint64_t words = 0, code = 0;
  for (uint64_t panel = 0; panel < entries.size() / sizeof(PanelEntry); ++panel) {
    uint32_t rows = matrix.rowsOfPanel(panel % matrix.panels());
    uint64_t wordsU32 =
        fieldBytes(plan.format.layout, rows, matrix.columns, plan.split.wordBits) / 4;
    uint64_t codeU32 = fixedPanelSizes(plan, rows).code / 4;
    const auto &entry = reinterpret_cast<const PanelEntry *>(entries.data())[panel];
    PanelEntry expected{};
    expected.storedAsWords = entry.storedAsWords;
    if (entry.storedAsWords == 1) {
      expected.words = wordsU32 == 0 ? 0 : words;
      words += wordsU32;
    } else {
      expected.code = codeU32 == 0 ? 0 : code;
      expected.codeU32 = codeU32;
      code += codeU32;
    }
    if (entry.storedAsWords > 1 || std::memcmp(&entry, &expected, sizeof(entry)) != 0)
      return damagedImage();
  }
  auto bytesOfPlane = [&](PlaneKind kind) { return header->planes[numberOf(kind)].bytes; };
  uint64_t table = decodeTableLayout(plan.format, plan.split, plan.traits).words() * 4;
  // Codes have neither fields beside them nor escapes.
  bool areOthersEmpty = header->counts.bytes == 0 && bytesOfPlane(PlaneKind::Raw) == 0 &&
                        bytesOfPlane(PlaneKind::Patch) == 0 &&
                        bytesOfPlane(PlaneKind::Index) == 0 && bytesOfPlane(PlaneKind::Low) == 0;
  if (!areOthersEmpty || bytesOfPlane(PlaneKind::Words) != words * 4 ||
      bytesOfPlane(PlaneKind::Code) != code * 4 || header->table.bytes != table)
    return damagedImage();
  return ok();
}

/// Verifies that all panels decode: some escapes are of no element, though code would follow them.
static Status checkDecodes(const TensorDecoder &tensor, ThreadPool &pool) {
  const MatrixShape &matrix = tensor.matrices().shape;
  std::vector<std::vector<uint16_t>> words(pool.size());
  FirstPanelError firstError;
  pool.parallelFor(tensor.panels(), [&](uint64_t panel, unsigned worker) {
    uint32_t rows = matrix.rowsOfPanel(panel % matrix.panels());
    words[worker].resize(rows * matrix.columns);
    Status decoded = tensor.decodePanelWords(
        panel, bestCodePath(), {words[worker].data(), matrix.columns, rows, matrix.columns});
    if (!decoded)
      firstError.report(panel, decoded.takeError());
  });
  return firstError.take();
}

Status WeightImage::check(ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(Decoder decoder, this->decoder());
  const TensorDecoder &tensor = decoder.tensor;
  UWT_ASSIGN_OR_RETURN(uint64_t most, maxBytes(tensor.description()));
  UWT_ASSIGN_OR_RETURN(LoadedWeight weight, LoadedWeight::fromDecoder(tensor, pool));
  bool isWhole = tensor.description().format.str() == format() && bytes() <= most &&
                 !mayPadWithInfinities(tensor.plan()) && hasPartsOf(weight) &&
                 hasZerosBetweenParts();
  if (!isWhole || (integerBits() != 0 && !checkIntegers()))
    return damagedImage();
  return checkDecodes(tensor, pool);
}
