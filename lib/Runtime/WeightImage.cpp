//===- WeightImage.cpp - A loaded weight as one piece of memory -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/WeightImage.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

using namespace uwt;

/// With the version of what follows and of WeightView's buffers.
static constexpr char imageMagic[8] = {'U', 'W', 'T', 'I', 'M', 'G', '0' + abiVersion, 0};
static constexpr uint64_t imageAlignment = 64;

static uint64_t checksumOf(const ImageHeader &header) {
  return xxh3({reinterpret_cast<const uint8_t *>(&header), offsetof(ImageHeader, checksum)});
}

/// All parts that an image has, with the buffers that they come from, in the order in which they
/// lie.
template <typename Header, typename Visit>
static void forEachPart(Header &header, const LoadedWeight &weight, Visit visit) {
  visit(header.panels, std::as_bytes(weight.panels()));
  visit(header.table, std::as_bytes(weight.table()));
  visit(header.counts, std::as_bytes(weight.counts()));
  visit(header.classes, std::as_bytes(weight.classes()));
  for (PlaneKind kind :
       {PlaneKind::Words, PlaneKind::Raw, PlaneKind::Code, PlaneKind::Patch, PlaneKind::Low})
    visit(header.planes[numberOf(kind)], std::as_bytes(weight.buffer(kind)));
}

template <typename Header, typename Visit>
static void forEachStoredPart(Header &header, const PlaneViews &stored, Visit visit) {
  visit(header.planes[numberOf(PlaneKind::Index)],
        std::as_bytes(stored[numberOf(PlaneKind::Index)]));
  visit(header.storedPatch, std::as_bytes(stored[numberOf(PlaneKind::Patch)]));
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

WeightImageSource::WeightImageSource(LoadedWeight from, MemoryPlanes planes, uint64_t indexChecksum)
    : weight(std::move(from)), stored(std::move(planes)) {
  for (PlaneKind kind : {PlaneKind::Words, PlaneKind::Raw, PlaneKind::Code, PlaneKind::Low})
    stored.planes[numberOf(kind)] = {};
  const TensorDescription &description = weight.description();
  std::ranges::copy(imageMagic, header.magic);
  header.element = static_cast<uint32_t>(description.element);
  header.rank = static_cast<uint32_t>(description.shape.size());
  std::ranges::copy(description.shape, header.shape.begin());
  std::ranges::copy(description.format.str(), header.format);
  uint64_t end = roundUp(sizeof(ImageHeader), imageAlignment);
  auto place = [&](ImageHeader::Part &part, auto bytes) {
    part = {end, bytes.size()};
    // Code reads up to 64 bytes past the end of a buffer.
    end = roundUp(end + bytes.size(), imageAlignment) + imageAlignment;
  };
  forEachPart(header, weight, place);
  forEachStoredPart(header, viewsOf(stored), place);
  header.bytes = end;
  header.indexChecksum = indexChecksum;
  header.checksum = checksumOf(header);
}

static Status checkDescription(const TensorDescription &description) {
  size_t rank = description.shape.size();
  if (rank < 2 || rank > maxImageRank)
    return usageError("a weight in memory has 2 to " + std::to_string(maxImageRank) +
                      " dimensions, got " + std::to_string(rank));
  std::string text = description.format.str();
  if (text.size() >= maxImageFormat)
    return usageError("the text of the format is longer than " +
                      std::to_string(maxImageFormat - 1) + " bytes: " + text);
  if (description.format.storage != Storage::NMajor || description.format.fold != Fold())
    return usageError("a weight in memory is stored n_major and without a fold, got " + text);
  UWT_ASSIGN_OR_RETURN(CodecTraits traits, checkFormat(description.format, description.element));
  if (traits.rate != Rate::Fixed && traits.rate != Rate::Words)
    return usageError("a weight in memory has units of a fixed size, which '" + text +
                      "' has not: use " + runFormats().front().str());
  return ok();
}

/// Whether panels lie in the planes of a view where they lie in stored ones, which decoding reads.
static bool liesAsStored(const TensorDecoder &decoder, const LoadedWeight &weight) {
  std::array<uint64_t, planeKinds> ends{};
  for (uint64_t panel = 0; panel < decoder.panels(); ++panel) {
    const PanelEntry &entry = weight.panels()[panel];
    auto isAt = [&](PlaneKind kind, uint64_t offset) {
      uint64_t bytes = decoder.panelBytes(panel, kind).size();
      uint64_t begin = std::exchange(ends[numberOf(kind)], ends[numberOf(kind)] + bytes);
      return bytes == 0 || begin == offset * 4;
    };
    if (!isAt(PlaneKind::Words, entry.words) || !isAt(PlaneKind::Raw, entry.raw) ||
        !isAt(PlaneKind::Code, entry.code))
      return false;
  }
  return weight.buffer(PlaneKind::Low).empty();
}

Expected<WeightImageSource> WeightImageSource::encode(const TensorDescription &description,
                                                      std::span<const uint8_t> bytes,
                                                      ThreadPool &pool) {
  UWT_RETURN_IF_ERROR(checkDescription(description));
  MemoryPlanes planes;
  UWT_ASSIGN_OR_RETURN(EncodedTensor encoded, encodeTensor(description, bytes, planes, pool));
  UWT_ASSIGN_OR_RETURN(TensorDecoder decoder,
                       TensorDecoder::open(description, viewsOf(planes), std::nullopt));
  if (mayPadWithInfinities(decoder.plan())) {
    TensorDescription words = description;
    words.format = rawFormat();
    return encode(words, bytes, pool);
  }
  LoadOptions options;
  options.check = false;
  UWT_ASSIGN_OR_RETURN(LoadedWeight weight, LoadedWeight::fromDecoder(decoder, pool, options));
  if (!liesAsStored(decoder, weight))
    return usageError("'" + description.format.str() +
                      "' has no form in memory that can be decoded: use " +
                      runFormats().front().str());
  return WeightImageSource(std::move(weight), std::move(planes), encoded.indexChecksum);
}

void WeightImageSource::write(std::span<uint8_t> image) const {
  std::ranges::fill(image, uint8_t(0));
  std::memcpy(image.data(), &header, sizeof(header));
  auto copy = [&](const ImageHeader::Part &part, auto bytes) {
    if (!bytes.empty())
      std::memcpy(image.data() + part.begin, bytes.data(), bytes.size());
  };
  forEachPart(header, weight, copy);
  forEachStoredPart(header, viewsOf(stored), copy);
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

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
  if (image.size() < sizeof(ImageHeader) ||
      std::memcmp(header->magic, imageMagic, sizeof(imageMagic)) != 0)
    return invalidError("the memory holds no weight of this version of the library");
  auto isPart = [&](const ImageHeader::Part &part) { return isInside(part, header->bytes); };
  bool isWhole = header->checksum == checksumOf(*header) && header->bytes <= image.size() &&
                 header->rank >= 2 && header->rank <= maxImageRank &&
                 header->element <= static_cast<uint32_t>(ElementType::UInt16) &&
                 header->format[maxImageFormat - 1] == 0;
  for (const ImageHeader::Part *part :
       {&header->panels, &header->table, &header->counts, &header->classes, &header->storedPatch})
    isWhole = isWhole && isPart(*part);
  if (!isWhole || !std::ranges::all_of(header->planes, isPart))
    return invalidError("the weight in memory is cut or damaged");
  return opened;
}

uint64_t WeightImage::matrices() const {
  uint64_t count = 1;
  for (uint64_t size : shape().first(header->rank - 2))
    count *= size;
  return count;
}

Expected<uint64_t> WeightImage::tensorBytes() const {
  UWT_ASSIGN_OR_RETURN(TensorDescription what, description());
  UWT_ASSIGN_OR_RETURN(uint64_t elements, what.elements());
  return elements * getTraits(what.element).bytes;
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
  view.classes = at(header->classes, firstPanel * panelRows);
  view.words = plane(PlaneKind::Words);
  view.raw = plane(PlaneKind::Raw);
  view.code = plane(PlaneKind::Code);
  view.patch = plane(PlaneKind::Patch);
  view.low = plane(PlaneKind::Low) + firstPanel * lowPanelBytes(view.columns);
  return view;
}

Expected<TensorDecoder> WeightImage::decoder() const {
  PlaneViews planes;
  for (unsigned i = 0; i < planeKinds; ++i)
    planes[i] = part(header->planes[i]);
  planes[numberOf(PlaneKind::Patch)] = part(header->storedPatch);
  UWT_ASSIGN_OR_RETURN(TensorDescription what, description());
  return TensorDecoder::open(what, planes, header->indexChecksum);
}

bool WeightImage::hasPartsOf(const LoadedWeight &weight) const {
  bool areEqual = true;
  forEachPart(*header, weight, [&](const ImageHeader::Part &mine, auto theirs) {
    std::span<const std::byte> bytes = std::as_bytes(part(mine));
    areEqual = areEqual && std::ranges::equal(bytes, theirs);
  });
  return areEqual;
}

Status WeightImage::check(ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(TensorDecoder decoder, this->decoder());
  UWT_ASSIGN_OR_RETURN(LoadedWeight weight, LoadedWeight::fromDecoder(decoder, pool));
  if (decoder.description().format.str() == format() && !mayPadWithInfinities(decoder.plan()) &&
      hasPartsOf(weight))
    return ok();
  return invalidError("the weight in memory is damaged");
}
