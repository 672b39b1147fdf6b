//===- Abi.h - What compiled kernels and the runtime agree on ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The structures in device memory by which a kernel finds the parts of a weight, and how
// arguments lie in a kernel's parameters. Shared by the compiler, the emulator and the
// runtime, so it depends on nothing.
//
// Planes are those of uwt/Runtime/Abi.h, byte for byte: a panel's part begins at a multiple of 64
// bytes, a plane is aligned to 256 bytes, and 256 zero bytes follow it. Two structures are made
// for the device: the panel table, shorter than the CPU's, and the escape table (`records`). Behind
// the decode table of a prefix code one u32 more says which sixteen symbols in a row are the
// commonest (DeviceTables::table).
//
// Kernel parameters (launch-5, launch-7 of docs/packs.md): a memref<?xT> is five parameters of 8
// bytes, as convert-gpu-to-nvvm expands its descriptor; a scalar is one of its own size:
//
//     allocated pointer | aligned pointer | offset (0) | size in elements | stride (1)
//
// A plane that a weight does not have is a valid pointer to 256 zero bytes, of size 0.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_PACK_ABI_H
#define UWT_PACK_ABI_H

#include <array>
#include <cstddef>
#include <cstdint>

namespace uwt {

/// Where the parts of a panel lie: an entry a panel, memref<?xi64> with six words an entry.
/// Made from a checked PanelEntry; what a kernel reads behind these offsets may be any bytes.
///
/// The lengths of the CPU's entry are left out: with fixed rates they follow from the shape, and
/// every access is bounded by its memref's size.
struct DevicePanelEntry {
  /// Offsets in u32 into plane `words` where the panel is stored as words, else into plane `raw`.
  /// The other one is 0.
  uint64_t words, raw;
  /// Offset in u32 into plane `code`.
  uint64_t code;
  /// Offset in u32 into plane `patch` of the panel's first record.
  uint64_t patch;
  /// Index of the panel's first entry in the escape table, a multiple of escapeEntriesMultiple.
  uint64_t records;
  /// 1 where the panel is stored as words, else 0.
  uint64_t storedAsWords;
};
static_assert(sizeof(DevicePanelEntry) == 48);

/// The fields of a DevicePanelEntry, each as the number of its u64 in the entry.
enum class DevicePanelField : uint8_t {
  Words = offsetof(DevicePanelEntry, words) / sizeof(uint64_t),
  Raw = offsetof(DevicePanelEntry, raw) / sizeof(uint64_t),
  Code = offsetof(DevicePanelEntry, code) / sizeof(uint64_t),
  Patch = offsetof(DevicePanelEntry, patch) / sizeof(uint64_t),
  Records = offsetof(DevicePanelEntry, records) / sizeof(uint64_t),
  StoredAsWords = offsetof(DevicePanelEntry, storedAsWords) / sizeof(uint64_t),
};
inline constexpr int64_t devicePanelFields = sizeof(DevicePanelEntry) / sizeof(uint64_t);
static_assert(static_cast<int64_t>(DevicePanelField::StoredAsWords) == devicePanelFields - 1);

/// The escapes of one column group of a panel (64 columns), all strips: what a CTA needs to know
/// before it looks at a record, in one load of 8 bytes that can come with the group's weights. The
/// CPU's running sum over counts has no place in a kernel whose CTAs begin anywhere in a panel.
///
///     bytes 0-3: first | byte 4+s: number of records of strip s
///
/// Records of strip 0 come first, then those of strip 1, and so on.
///
/// A codec's unit may have several column groups, four at most (UnitGeometry). There each four
/// entries are the four strips of a unit's columns, and byte 4+g counts the records of group g: a
/// byte still counts the records of 16 x 64 weights. With rows<64> those of a unit's groups do not
/// lie one behind the other.
struct DeviceEscapeEntry {
  /// Index in u32 into plane `patch` of the entry's first record. Entries without records say where
  /// it would be.
  uint32_t first;
  /// Records (of escapeRecordU32) of each strip, or group; 0 for those that do not exist.
  uint8_t counts[4];
};
static_assert(sizeof(DeviceEscapeEntry) == 8);

/// A panel's entries are padded to a multiple of this many, with entries without records, so that
/// each panel's begin at a multiple of 32 bytes: a whole sector, and any bulk copy's alignment.
/// Panels stored as words have entries like the others, without records: what prefetches them need
/// not ask.
inline constexpr uint64_t escapeEntriesMultiple = 4;

/// Alignment of planes in device memory, and zero bytes that follow each.
inline constexpr uint64_t devicePlaneAlignment = 256;

/// Parameters of 8 bytes that a memref<?xT> takes, and bytes of all parameters of a kernel at most.
inline constexpr unsigned memrefParameters = 5;
inline constexpr uint64_t maxParameterBytes = 4096;

/// The table by which a kernel codes a weight. A byte for each symbol of 8 bits: its code in bits
/// 3:0, and bit 7 where the model does not have it, whose code is then the commonest symbol's.
/// Behind them the entry of padding (order-7).
inline constexpr uint32_t encodeTablePadding = 256;
using EncodeTable = std::array<uint8_t, encodeTablePadding + 16>;

} // namespace uwt

#endif // UWT_PACK_ABI_H
