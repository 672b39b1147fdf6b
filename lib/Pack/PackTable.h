//===- PackTable.h - The table of a kernel pack -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The table's fields and their bytes (docs/packs.md), and every check on what they say. The order
// of fields stands once, in PackTable.cpp, for reading and writing. Private to lib/Cuda.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_PACK_PACKTABLE_H
#define UWT_LIB_PACK_PACKTABLE_H

#include "uwt/Pack/KernelPack.h"

namespace uwt {

inline constexpr uint64_t packHeaderBytes = 64;
inline constexpr uint64_t packAlignment = 64;
inline constexpr std::string_view packMagic{"UWTPACK\0", 8};
inline constexpr uint64_t largestPackFile = uint64_t(1) << 40;
inline constexpr uint64_t largestPackTable = uint64_t(64) << 20;

/// What the table says of a code object.
struct CodeRow {
  CodeKind kind = CodeKind::Cubin;
  std::string target;
  uint64_t bytes = 0, checksum = 0;
};

struct PackTable {
  std::vector<ToolVersion> tools;
  std::vector<CodeRow> code;
  std::vector<KernelEntry> kernels;
};

/// The table's bytes; of any contents, also such that no reader takes.
std::vector<uint8_t> writeTable(const PackTable &table);

/// Reads and checks a table. Errors: Invalid, with the location in the table.
Expected<PackTable> readTable(std::span<const uint8_t> bytes);

/// Whether a code object is whole (pack-6).
Status checkCode(CodeKind kind, std::span<const uint8_t> bytes);

/// "sm_90a" in numbers, or nothing (pack-5).
struct TargetNumbers {
  unsigned major = 0, minor = 0;
  /// 'a', 'f' or 0.
  char suffix = 0;
};
std::optional<TargetNumbers> parseTarget(std::string_view target);

} // namespace uwt

#endif // UWT_LIB_PACK_PACKTABLE_H
