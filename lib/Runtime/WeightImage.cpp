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

bool ImageHeader::hasMagic() const { return std::ranges::equal(magic, imageMagic); }

bool ImageHeader::isSealed() const { return hasMagic() && checksum == checksumOf(*this); }

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
    // Records of panels do not overlap, so that all together are not longer than the plane.
    if (entry.patch > u32 || entry.patchU32 > u32 - entry.patch ||
        entry.patchU32 > u32 - patch.size() / 4)
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
  UWT_RETURN_IF_ERROR(checkCodes(plan));
  UWT_RETURN_IF_ERROR(checkColumnOrder());
  std::span<const uint8_t> entries = bytesOf(header->panels);
  uint64_t panels = entries.size() / sizeof(PanelEntry);
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
