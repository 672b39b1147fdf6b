//===- SafetensorsFile.cpp - Safetensors files ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/ForeignFile.h"
#include "uwt/Container/Safetensors.h"
#include "uwt/Support/Json.h"
#include "uwt/Support/Suggest.h"

namespace uwt {

/// The JSON text of a header (st-1, st-2).
static Expected<std::string_view> findHeader(std::span<const uint8_t> bytes) {
  if (bytes.size() < 8)
    return invalidError("the file has " + std::to_string(bytes.size()) +
                        " bytes, expected at least the 8 bytes of the header's length");
  uint64_t length = 0;
  for (unsigned i = 0; i < 8; ++i)
    length |= uint64_t(bytes[i]) << (8 * i);
  if (length > safetensorsHeaderLimit)
    return invalidError("the header's length at offset 0 is " + std::to_string(length) +
                        ", expected at most " + std::to_string(safetensorsHeaderLimit) +
                        "; this is not a safetensors file, or a damaged one");
  if (length > bytes.size() - 8)
    return invalidError("the header's length at offset 0 is " + std::to_string(length) +
                        ", but only " + std::to_string(bytes.size() - 8) +
                        " bytes follow; the file is truncated or damaged");
  return std::string_view(reinterpret_cast<const char *>(bytes.data()) + 8, length);
}

/// `error` in the file at `path`, or what this file is where that is known.
static Error explained(const MappedFile &file, Error error, const std::string &path) {
  auto foreign = describeForeignFile(file.bytes());
  if (Status read = file.checkRead(); !read)
    return read.takeError();
  return (foreign ? invalidError(*std::move(foreign)) : std::move(error)).in(path);
}

Expected<SafetensorsFile> SafetensorsFile::open(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  auto text = findHeader(file.bytes());
  UWT_RETURN_IF_ERROR(file.checkRead());
  if (!text)
    return explained(file, text.takeError(), path);
  auto header = SafetensorsHeader::parse(*text, file.bytes().size() - 8 - text->size());
  UWT_RETURN_IF_ERROR(file.checkRead());
  if (!header)
    return explained(file, header.takeError(), path);
  return SafetensorsFile(std::move(file), *text, *std::move(header));
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static void appendTensor(std::string &out, const SafetensorsTensor &tensor) {
  appendJsonQuoted(out, tensor.name);
  out += ":{\"dtype\":\"";
  out += tensor.dtype->name;
  out += "\",\"shape\":[";
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    out += (i == 0 ? "" : ",") + std::to_string(tensor.shape[i]);
  out += "],\"data_offsets\":[" + std::to_string(tensor.begin) + "," + std::to_string(tensor.end) +
         "]}";
}

std::string safetensorsHeaderText(std::span<const SafetensorsTensor> tensors,
                                  const MetadataEntries &metadata) {
  std::string out = "{";
  if (!metadata.empty()) {
    out += "\"__metadata__\":{";
    for (const auto &[key, value] : metadata) {
      if (out.back() != '{')
        out += ',';
      appendJsonQuoted(out, key);
      out += ':';
      appendJsonQuoted(out, value);
    }
    out += '}';
  }
  for (const SafetensorsTensor &tensor : tensors) {
    if (out.size() > 1)
      out += ',';
    appendTensor(out, tensor);
  }
  return out + "}";
}

void padSafetensorsHeader(std::string &text, uint64_t alignment) {
  uint64_t end = 8 + text.size();
  text.append((end + alignment - 1) / alignment * alignment - end, ' ');
}

Status writeSafetensors(const std::string &path, std::span<const SafetensorsOutput> outputs,
                        const MetadataEntries &metadata, bool overwrite, FileMode atMost) {
  std::vector<SafetensorsTensor> tensors;
  uint64_t end = 0;
  for (const SafetensorsOutput &output : outputs) {
    UWT_ASSIGN_OR_RETURN(uint64_t bytes, safetensorsBytes(*output.dtype, output.shape));
    if (bytes != output.bytes.size())
      return usageError("tensor " + inQuotes(output.name) + ": " +
                        std::to_string(output.bytes.size()) + " bytes, expected " +
                        std::to_string(bytes) + " for its shape");
    tensors.push_back({output.name, output.dtype, output.shape, end, end + bytes});
    end += bytes;
  }
  std::string text = safetensorsHeaderText(tensors, metadata);
  padSafetensorsHeader(text, 64);
  // What others give as names and metadata may be anything: check it as a reader would.
  auto checked = SafetensorsHeader::parse(text, end);
  if (!checked)
    return usageError(checked.error().message());
  if (text.size() > safetensorsHeaderLimit)
    return usageError("the header would have " + std::to_string(text.size()) +
                      " bytes, more than the " + std::to_string(safetensorsHeaderLimit) +
                      " that safetensors allows");

  UWT_ASSIGN_OR_RETURN(AtomicFileWriter writer,
                       AtomicFileWriter::create(path, overwrite, {}, atMost));
  uint8_t length[8];
  for (unsigned i = 0; i < 8; ++i)
    length[i] = static_cast<uint8_t>(text.size() >> (8 * i));
  UWT_RETURN_IF_ERROR(writer.append(length));
  UWT_RETURN_IF_ERROR(writer.append(asBytes(text)));
  for (const SafetensorsOutput &output : outputs)
    UWT_RETURN_IF_ERROR(writer.append(output.bytes));
  return writer.commit();
}

} // namespace uwt
