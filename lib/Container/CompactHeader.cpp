//===- CompactHeader.cpp - Header texts as a tensor -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules file-13 and file-14 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "CompactHeader.h"
#include "ContainerState.h"
#include "Lz4.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>

namespace uwt {

static Expected<std::span<const uint8_t>> bytesOf(const SafetensorsFile &file,
                                                  std::string_view name) {
  const SafetensorsTensor *tensor = file.header().find(name);
  if (tensor && tensor->dtype->name == "U8" && tensor->shape.size() == 1)
    return file.tensorBytes(*tensor);
  return invalidError("the file has no tensor " + inQuotes(name) +
                      " of rank 1 and dtype U8, which its file entry asks for");
}

/// file-14.
static Expected<std::string> textOf(std::span<const uint8_t> stored, const FileEntry &entry,
                                    bool check) {
  if (check && xxh3(stored) != entry.compact)
    return invalidError("its checksum is wrong: the file is damaged; get it again");
  if (*entry.text > safetensorsHeaderLimit)
    return invalidError("it stands for " + std::to_string(*entry.text) + " bytes, more than the " +
                        std::to_string(safetensorsHeaderLimit) + " that a header may have");
  return lz4Decode(stored, *entry.text);
}

Expected<CompactHeader> CompactHeader::read(const SafetensorsFile &file, const FileEntry &entry,
                                            bool check) {
  CompactHeader compact;
  UWT_ASSIGN_OR_RETURN(compact.planes, bytesOf(file, compactPlanesName));
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> stored, bytesOf(file, compactHeaderName));
  std::string where = "tensor " + inQuotes(compactHeaderName);
  auto text = textOf(stored, entry, check);
  UWT_RETURN_IF_ERROR(MappedFile::checkRead(stored));
  if (!text)
    return text.takeError().in(where);
  auto header = SafetensorsHeader::parse(*text, 0);
  if (!header)
    return header.takeError().in(where);
  if (!header->tensors.empty())
    return invalidError(where + ": its text has a tensor, which only the file's header may have");
  compact.header = *std::move(header);
  return compact;
}

//===----------------------------------------------------------------------===//
// Planes
//===----------------------------------------------------------------------===//

Status Container::State::takeCompactPlanes(size_t i, uint64_t &begin) {
  const TensorEntry &entry = entries[i].bundle ? *entries[i].bundle : entries[i];
  for (unsigned k = 0; k < planeKinds; ++k) {
    uint64_t bytes = paddedPlaneBytes(entry.planeBytes[k], planePadding);
    if (bytes > planeData.size() - begin)
      return invalidError(tensorLabel(entries[i]) + ": its planes are not all in the file");
    sources[i].planes[k] = planeData.subspan(begin, bytes);
    begin += bytes;
  }
  return ok();
}

/// file-13: planes have no offsets of their own, since each begins where the one before ends. At
/// this time only what has an entry is known to be compressed.
Status Container::State::findCompactPlanes() {
  uint64_t begin = 0;
  for (size_t i : original->dataOrder())
    if (entries[i].compressed() || entries[i].isPacked() || entries[i].bundle)
      UWT_RETURN_IF_ERROR(takeCompactPlanes(i, begin));
  std::span<const uint8_t> rest = planeData.subspan(begin);
  uint64_t expected = roundUp(begin, compactPlanesAlignment) - begin;
  if (rest.size() != expected)
    return invalidError("tensor " + inQuotes(compactPlanesName) + " has " +
                        std::to_string(planeData.size()) + " bytes, expected " +
                        std::to_string(begin + expected));
  if (std::any_of(rest.begin(), rest.end(), [](uint8_t byte) { return byte != 0; })) // check-4
    return invalidError("tensor " + inQuotes(compactPlanesName) + ": padding is not zero");
  return ok();
}

} // namespace uwt
