//===- WeightImage.cpp - A loaded weight as one piece of memory -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/WeightImage.h"
#include "PanelCoder.h"
#include "WeightBuilder.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

using namespace uwt;

/// With the version of what follows and of WeightView's buffers.
static constexpr char imageMagic[8] = {'U', 'W', 'T', 'I', 'M', 'G', '0' + abiVersion, 0};

static uint64_t checksumOf(const ImageHeader &header) {
  return xxh3({reinterpret_cast<const uint8_t *>(&header), offsetof(ImageHeader, checksum)});
}

void ImageHeader::seal() {
  std::ranges::copy(imageMagic, magic);
  checksum = checksumOf(*this);
}

bool ImageHeader::isSealed() const {
  return std::ranges::equal(magic, imageMagic) && checksum == checksumOf(*this);
}

/// What a format's text ends with where columns have an order of their own.
static constexpr std::string_view columnOrderSuffix = ", order=k";

/// All parts that code reads, with the buffers of a weight that has the same.
template <typename Visit>
static void forEachPart(const ImageHeader &header, const LoadedWeight &weight, Visit visit) {
  visit(header.panels, std::as_bytes(weight.panels()));
  visit(header.table, std::as_bytes(weight.table()));
  visit(header.counts, std::as_bytes(weight.counts()));
  for (PlaneKind kind :
       {PlaneKind::Words, PlaneKind::Raw, PlaneKind::Code, PlaneKind::Patch, PlaneKind::Low})
    visit(header.planes[numberOf(kind)], std::as_bytes(weight.buffer(kind)));
}

static bool isInside(const ImageHeader::Part &part, uint64_t bytes) {
  return part.begin % imageAlignment == 0 && part.begin <= bytes &&
         part.bytes <= bytes - part.begin && bytes - part.begin - part.bytes >= imageAlignment;
}

Expected<WeightImage> WeightImage::open(std::span<const uint8_t> image) {
  if (reinterpret_cast<uintptr_t>(image.data()) % imageAlignment != 0)
    return usageError("a weight in memory begins at a multiple of " +
                      std::to_string(imageAlignment) + " bytes");
  WeightImage opened(image.data());
  const ImageHeader *header = opened.header;
  if (image.size() < sizeof(ImageHeader) || !std::ranges::equal(header->magic, imageMagic))
    return invalidError("the memory holds no weight of this version of the library");
  auto isPart = [&](const ImageHeader::Part &part) { return isInside(part, header->bytes); };
  bool isWhole = header->isSealed() && header->bytes <= image.size() && header->rank >= 2 &&
                 header->rank <= maxImageRank &&
                 header->element <= static_cast<uint32_t>(ElementType::UInt16) &&
                 header->format[maxImageFormat - 1] == 0;
  for (const ImageHeader::Part *part :
       {&header->panels, &header->table, &header->counts, &header->order})
    isWhole = isWhole && isPart(*part);
  if (!isWhole || !std::ranges::all_of(header->planes, isPart))
    return invalidError("the weight in memory is cut or damaged");
  return opened;
}

Status WeightImage::setIntegerBits(std::span<uint8_t> image, uint32_t integerBits) {
  UWT_RETURN_IF_ERROR(open(image));
  auto *header = reinterpret_cast<ImageHeader *>(image.data());
  header->integerBits = integerBits;
  header->seal();
  return ok();
}

Status WeightImage::checkIntegers() const {
  UWT_ASSIGN_OR_RETURN(TensorDescription what, description());
  UWT_RETURN_IF_ERROR(checkIntegerCodes(what.format, what.element, shape().back()));
  std::span<const uint8_t> entries = bytesOf(header->panels);
  for (; entries.size() >= sizeof(PanelEntry); entries = entries.subspan(sizeof(PanelEntry)))
    if (reinterpret_cast<const PanelEntry *>(entries.data())->storedAsWords)
      return unsupportedError("some of the weight has no codes in memory, but words: it is not "
                              "multiplied by integers");
  return ok();
}

uint64_t WeightImage::matrices() const {
  uint64_t count = 1;
  for (uint64_t size : shape().first(header->rank - 2))
    count *= size;
  return count;
}

std::string_view WeightImage::formatOfPanels() const {
  std::string_view text = format();
  if (text.ends_with(columnOrderSuffix))
    text.remove_suffix(columnOrderSuffix.size());
  return text;
}

std::span<const uint32_t> WeightImage::columnOrder(uint64_t matrix) const {
  if (header->order.bytes == 0)
    return {};
  uint64_t columns = shape()[header->rank - 1];
  const auto *first = reinterpret_cast<const uint32_t *>(begin + header->order.begin);
  return {first + matrix * columns, columns};
}

Expected<uint64_t> WeightImage::tensorBytes() const {
  // Without the format, whose text would have to be parsed: each product of a framework asks.
  TensorDescription what;
  what.element = element();
  what.shape.assign(shape().begin(), shape().end());
  UWT_ASSIGN_OR_RETURN(uint64_t elements, what.elements());
  return elements * getTraits(element()).bytes;
}

Expected<TensorDescription> WeightImage::description() const {
  TensorDescription result;
  result.element = element();
  result.shape.assign(shape().begin(), shape().end());
  UWT_ASSIGN_OR_RETURN(result.format, Format::parse(format()));
  return result;
}

WeightView WeightImage::view(uint64_t matrix) const {
  WeightView view{};
  view.rows = shape()[header->rank - 2];
  view.columns = shape()[header->rank - 1];
  uint64_t firstPanel = matrix * divideUp(view.rows, panelRows);
  auto at = [&](const ImageHeader::Part &part, uint64_t offset = 0) {
    return begin + part.begin + offset;
  };
  auto plane = [&](PlaneKind kind) { return at(header->planes[numberOf(kind)]); };
  view.panels = at(header->panels, firstPanel * sizeof(PanelEntry));
  view.table = at(header->table);
  view.counts = at(header->counts);
  view.words = plane(PlaneKind::Words);
  view.raw = plane(PlaneKind::Raw);
  view.code = plane(PlaneKind::Code);
  view.patch = plane(PlaneKind::Patch);
  // Formats with these are not loaded so: zeros.
  view.low = view.classes = plane(PlaneKind::Low);
  std::span<const uint32_t> order = columnOrder(matrix);
  view.order = order.empty() ? view.low : order.data();
  return view;
}

Expected<WeightImage::Decoder> WeightImage::decoder() const {
  UWT_ASSIGN_OR_RETURN(TensorDescription what, description());
  if (what.format.isQuantized())
    return unsupportedError("codes of a quantised checkpoint in memory are read by kernels alone: "
                            "make the weight from the checkpoint");
  PlaneViews planes;
  for (unsigned i = 0; i < planeKinds; ++i)
    planes[i] = bytesOf(header->planes[i]);
  // Decoders want the panels' records one after another; in memory each panel's are aligned.
  std::vector<uint8_t> patch;
  std::span<const uint8_t> aligned = planes[numberOf(PlaneKind::Patch)];
  std::span<const uint8_t> entries = bytesOf(header->panels);
  for (; entries.size() >= sizeof(PanelEntry); entries = entries.subspan(sizeof(PanelEntry))) {
    const auto &entry = *reinterpret_cast<const PanelEntry *>(entries.data());
    uint64_t u32 = aligned.size() / 4;
    if (entry.patch > u32 || entry.patchU32 > u32 - entry.patch)
      return invalidError("the weight in memory is damaged");
    std::span<const uint8_t> records = aligned.subspan(entry.patch * 4, entry.patchU32 * 4);
    patch.insert(patch.end(), records.begin(), records.end());
  }
  planes[numberOf(PlaneKind::Patch)] = patch;
  UWT_ASSIGN_OR_RETURN(TensorDecoder tensor,
                       TensorDecoder::open(what, planes, header->indexChecksum));
  return Decoder{std::move(patch), std::move(tensor)};
}

Expected<LoadedWeight> WeightImage::copyCodes() const {
  UWT_ASSIGN_OR_RETURN(TensorDescription what, description());
  if (!what.format.isQuantized())
    return unsupportedError("the weight in memory holds no codes of a quantised checkpoint");
  what.format.hasColumnOrder = false;
  UWT_ASSIGN_OR_RETURN(CodingPlan plan, planWithoutModel(what, checkRunFormat));
  std::span<const uint8_t> entries = bytesOf(header->panels);
  uint64_t panels = entries.size() / sizeof(PanelEntry);
  if (panels != matrices() * plan.matrix.panels())
    return invalidError("the weight in memory is damaged");
  WeightBuilder builder(what);
  builder.setPlan(plan, bytesOf(header->table));
  builder.setPanels(panels);
  if (panels != 0)
    std::memcpy(&builder.entry(0), entries.data(), entries.size());
  // Codes have no escapes, so that there are no other planes.
  for (PlaneKind kind : {PlaneKind::Words, PlaneKind::Code}) {
    std::span<const uint8_t> plane = bytesOf(header->planes[numberOf(kind)]);
    std::ranges::copy(plane, builder.makeBuffer(kind, plane.size()).begin());
    builder.countUsed(plane.size());
  }
  return builder.finish();
}

WeightImage::Part WeightImage::part(size_t index) const {
  const Part before[] = {{"panels", header->panels},
                         {"table", header->table},
                         {"counts", header->counts},
                         {"order", header->order}};
  if (index < std::size(before))
    return before[index];
  auto kind = static_cast<PlaneKind>(index - std::size(before));
  return {planeName(kind), header->planes[numberOf(kind)]};
}

bool WeightImage::hasPartsOf(const LoadedWeight &weight) const {
  bool areEqual = true;
  forEachPart(*header, weight, [&](const ImageHeader::Part &mine, auto theirs) {
    std::span<const std::byte> bytes = std::as_bytes(bytesOf(mine));
    areEqual = areEqual && std::ranges::equal(bytes, theirs);
  });
  return areEqual;
}

/// Whether all panels decode: some escapes are of no element, though code would follow them.
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
  UWT_ASSIGN_OR_RETURN(LoadedWeight weight, LoadedWeight::fromDecoder(tensor, pool));
  if (tensor.description().format.str() == format() && !mayPadWithInfinities(tensor.plan()) &&
      hasPartsOf(weight))
    return checkDecodes(tensor, pool);
  return invalidError("the weight in memory is damaged");
}
