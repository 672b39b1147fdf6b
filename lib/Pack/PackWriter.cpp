//===- PackWriter.cpp - Writes kernel packs -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PackTable.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Container/File.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>

using namespace uwt;

void KernelPackWriter::addTool(std::string name, std::string version) {
  tools.push_back({std::move(name), std::move(version)});
}

uint32_t KernelPackWriter::addCode(CodeKind kind, std::string target,
                                   std::span<const uint8_t> bytes) {
  Code code{kind, std::move(target), {bytes.begin(), bytes.end()}};
  if (kind == CodeKind::Ptx && (bytes.empty() || bytes.back() != 0))
    code.bytes.push_back(0);
  auto found = std::ranges::find_if(codes, [&](const Code &other) {
    return other.kind == code.kind && other.target == code.target && other.bytes == code.bytes;
  });
  auto number = static_cast<uint32_t>(found - codes.begin());
  if (found == codes.end())
    codes.push_back(std::move(code));
  return number;
}

void KernelPackWriter::addKernel(KernelEntry entry) { entries.push_back(std::move(entry)); }

static void put(std::vector<uint8_t> &out, size_t offset, uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i)
    out[offset + i] = static_cast<uint8_t>(value >> (8 * i));
}

Expected<std::vector<uint8_t>> KernelPackWriter::bytes() const {
  PackTable table;
  table.tools = tools;
  table.kernels = entries;
  for (const Code &code : codes)
    table.code.push_back({code.kind, code.target, code.bytes.size(), xxh3(code.bytes)});
  std::vector<uint8_t> rows = writeTable(table), out(packHeaderBytes);
  out.insert(out.end(), rows.begin(), rows.end());
  out.resize(roundUp(out.size(), packAlignment));
  for (const Code &code : codes) {
    out.insert(out.end(), code.bytes.begin(), code.bytes.end());
    out.resize(roundUp(out.size(), packAlignment));
  }
  std::copy(packMagic.begin(), packMagic.end(), out.begin());
  put(out, 8, packVersion, 4);
  put(out, 16, out.size(), 8);
  put(out, 24, rows.size(), 8);
  put(out, 32, xxh3(rows), 8);
  put(out, 56, xxh3(std::span(out).first(56)), 8);
  // What no reader takes is not written.
  Expected<std::shared_ptr<const KernelPack>> read = KernelPack::parse(out);
  if (!read)
    return usageError("cannot make a kernel pack: " + read.error().message());
  return out;
}

Status KernelPackWriter::write(const std::string &path, bool overwrite) const {
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> whole, bytes());
  return writeWholeFile(path, whole, overwrite);
}
