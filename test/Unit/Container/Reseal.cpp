//===- Reseal.cpp - Right checksums around anything -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Container/Reseal.h"
#include "lib/Codec/Tensor/PanelIndex.h"
#include "lib/Container/CompactHeader.h"
#include "uwt/Support/CheckedMath.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <cstring>

namespace uwt::test {

namespace {

/// A container taken apart.
class Resealer {
public:
  explicit Resealer(std::span<const uint8_t> file) : file(file) {}
  std::optional<std::vector<uint8_t>> run();

private:
  bool parse();
  std::span<uint8_t> bytesOf(const SafetensorsTensor &tensor);
  void sealTensor(std::string_view name, std::string &entryText);
  void sealPanels(const TensorIndex &index, const PlaneViews &planes, std::span<uint8_t> plane);
  void sealRawTensors(FileEntry &entry);
  std::vector<uint8_t> written(const FileEntry &entry);

  std::span<const uint8_t> file;
  SafetensorsHeader header;
  std::vector<uint8_t> data;
  size_t textBytes = 0;
};

} // namespace

bool Resealer::parse() {
  uint64_t length = 0;
  if (file.size() < sizeof(length))
    return false;
  std::memcpy(&length, file.data(), sizeof(length));
  if (length > file.size() - sizeof(length))
    return false;
  textBytes = length;
  std::string_view text(reinterpret_cast<const char *>(file.data()) + sizeof(length), length);
  std::span<const uint8_t> rest = file.subspan(sizeof(length) + length);
  auto parsed = SafetensorsHeader::parse(text, rest.size());
  if (!parsed)
    return false;
  header = *std::move(parsed);
  data.assign(rest.begin(), rest.end());
  return true;
}

std::span<uint8_t> Resealer::bytesOf(const SafetensorsTensor &tensor) {
  return std::span(data).subspan(tensor.begin, tensor.bytes());
}

/// Writes the checksum of each panel into the directory, which lies in front of the escape counts.
void Resealer::sealPanels(const TensorIndex &index, const PlaneViews &planes,
                          std::span<uint8_t> plane) {
  uint64_t stride = directoryEntryWords(index.plan);
  uint64_t countWords =
      divideUp(index.counts.size() * (hasPatch(index.plan) ? countBytes(index.plan) : 0), 4);
  uint64_t words = index.used[numberOf(PlaneKind::Index)] / 4;
  uint64_t directory = words - countWords - stride * index.entries.size();
  bool isShort = index.plan.format.shortIndex;
  uint64_t offset = isShort ? 1 : 1 + hasCodeOffsets(index.plan) + hasPatch(index.plan);
  for (size_t panel = 0; panel < index.entries.size(); ++panel) {
    const DirectoryEntry &entry = index.entries[panel];
    Xxh3Stream hash;
    for (unsigned kind = numberOf(PlaneKind::Words); kind < planeKinds; ++kind)
      hash.update(planes[kind].subspan(entry.offset[kind], entry.size[kind]));
    uint64_t digest = hash.digest();
    std::memcpy(&plane[4 * (directory + panel * stride + offset)], &digest,
                isShort ? sizeof(uint32_t) : sizeof(digest));
  }
}

void Resealer::sealTensor(std::string_view name, std::string &entryText) {
  auto parsed = parseTensorEntry(entryText);
  if (!parsed || !parsed->stored.compressed())
    return;
  const TensorEntry &entry = parsed->stored;
  PlaneViews planes;
  std::array<uint64_t, planeKinds> sizes{};
  std::span<uint8_t> indexPlane;
  for (unsigned kind = 0; kind < planeKinds; ++kind) {
    const SafetensorsTensor *plane =
        header.find(planeTensorName(name, static_cast<PlaneKind>(kind)));
    if (!plane || plane->bytes() < entry.planeBytes[kind])
      continue;
    std::span<uint8_t> bytes = bytesOf(*plane).first(entry.planeBytes[kind]);
    planes[kind] = bytes;
    sizes[kind] = bytes.size();
    if (kind == numberOf(PlaneKind::Index))
      indexPlane = bytes;
  }
  TensorDescription description = entry.stored();
  auto index = readIndex(description, indexPlane, sizes, std::nullopt);
  if (index)
    sealPanels(*index, planes, indexPlane);
  uint32_t words = 0;
  if (indexPlane.size() < sizeof(words))
    return;
  std::memcpy(&words, indexPlane.data(), sizeof(words));
  std::string digits = toHex64(xxh3(
      indexPlane.first(std::min<uint64_t>(indexPlane.size(), uint64_t(words) * sizeof(words)))));
  size_t at = entryText.find(toHex64(entry.indexChecksum));
  if (at != std::string::npos)
    entryText.replace(at, digits.size(), digits);
}

void Resealer::sealRawTensors(FileEntry &entry) {
  const std::string *text = header.findMetadata(originalHeaderKey);
  auto original = SafetensorsHeader::parse(text ? *text : std::string(), std::nullopt);
  if (!original)
    return;
  entry.raw.clear();
  for (size_t i : original->nameOrder()) {
    const std::string &name = original->tensors[i].name;
    if (header.findMetadata(name + std::string(entrySuffix)))
      continue;
    // A member of a stack has neither.
    if (const SafetensorsTensor *raw = header.find(name))
      entry.raw.push_back(xxh3(bytesOf(*raw)));
  }
}

/// The file with this entry, as a writer lays it out: the entry is the first of the header.
std::vector<uint8_t> Resealer::written(const FileEntry &entry) {
  MetadataEntries metadata = header.metadata;
  auto found = std::find_if(metadata.begin(), metadata.end(),
                            [](const auto &item) { return item.first == fileEntryKey; });
  std::rotate(metadata.begin(), found, found + 1);
  metadata.front().second = entry.str();
  std::string text = safetensorsHeaderText(header.tensors, metadata);
  text.resize(std::max(text.size(), textBytes), ' ');
  std::vector<uint8_t> out(sizeof(uint64_t));
  uint64_t length = text.size();
  std::memcpy(out.data(), &length, sizeof(length));
  out.insert(out.end(), text.begin(), text.end());
  return out;
}

std::optional<std::vector<uint8_t>> Resealer::run() {
  if (!parse())
    return std::nullopt;
  const std::string *text = header.findMetadata(fileEntryKey);
  auto entry = FileEntry::parse(text ? *text : std::string());
  if (!entry)
    return std::nullopt;
  for (auto &[key, value] : header.metadata)
    if (key.ends_with(entrySuffix))
      sealTensor(std::string_view(key).substr(0, key.size() - entrySuffix.size()), value);
  sealRawTensors(*entry);
  if (const SafetensorsTensor *text = header.find(compactHeaderName); text && entry->compact)
    entry->compact = xxh3(bytesOf(*text));
  entry->headerChecksum = entry->contentChecksum = 0;
  std::vector<uint8_t> prefix = written(*entry);
  auto parsed = SafetensorsHeader::parse(
      {reinterpret_cast<const char *>(prefix.data()) + 8, prefix.size() - 8}, data.size());
  if (!parsed)
    return std::nullopt;
  entry->contentChecksum = contentChecksum(*parsed);
  prefix = written(*entry);
  entry->headerChecksum = headerChecksum(prefix).value_or(0);
  prefix = written(*entry);
  prefix.insert(prefix.end(), data.begin(), data.end());
  return prefix;
}

std::optional<std::vector<uint8_t>> resealContainer(std::span<const uint8_t> file) {
  return Resealer(file).run();
}

std::string resealManifest(std::string text) {
  static constexpr std::string_view start = "{\n  \"checksum\": \"";
  if (!text.starts_with(start) || text.size() < start.size() + zeroHex64.size())
    return text;
  text.replace(start.size(), zeroHex64.size(), zeroHex64);
  std::string digits = toHex64(xxh3({reinterpret_cast<const uint8_t *>(text.data()), text.size()}));
  return text.replace(start.size(), digits.size(), digits);
}

} // namespace uwt::test
