//===- Abi.h - What compiled code and the runtime agree on ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C interface between code that UWT compiles for a CPU and the runtime:
// how compiled code finds its weights, runs loops on threads, and gets memory.
// Compiled code knows weights only through `uwt_weights`, a table with a
// WeightView a *slot*; the compiler lists the slots (name, format) in the order
// of the table, the loader fills them before the first call.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_RUNTIME_ABI_H
#define UWT_RUNTIME_ABI_H

#include <cstddef>
#include <cstdint>

namespace uwt {

/// Rises with each change of what this file says.
inline constexpr unsigned abiVersion = 3;

/// A weight as compiled code reads it: its buffers and its size. Buffers are all aligned to 64
/// bytes and readable for 64 bytes past their end. In this order they are those of #uwt.buffer. A
/// buffer that the format does not have is a pointer to zeros.
///
/// A panel's part of a plane begins at a multiple of 64 bytes, wherever it lies in a file: compiled
/// code finds it by the PanelEntry alone. Contents of planes are any bytes: what compiled
/// code computes from them it has to keep in bounds itself.
struct WeightView {
  /// A PanelEntry a panel, panels numbered through all matrices.
  const void *panels;
  /// u32 table that the decoder looks symbols up in (Codec/DecodeTable.h).
  const void *table;
  /// Fixed rate with escapes: number of escape records of each fixed unit, a u8 (layout
  /// row_major: a u16, little-endian).
  const void *counts;
  /// Plane `words`, `raw`, `code`, `patch`, `low` of docs/formats.md. `low` (f32 only) has panel p
  /// at lowPanelBytes(columns) * p, and is there, as zeros, also where the file has none.
  const void *words, *raw, *code, *patch, *low;
  /// The decoded tensor, row-major as its shape says, for slots that ask for it instead of planes.
  const void *dense;
  /// Row classes: a u8 a row, 64 a panel (rows that do not exist have 0), each below the format's
  /// number of classes. Zeros for all rows where the format has none.
  const void *classes;
  /// `order=k`: the weight's column that each column of a matrix is, a u32 each, below the number
  /// of columns.
  const void *order;
  /// Of a matrix: N and K, for code that serves weights of every size.
  uint64_t rows, columns;
};

/// Where the parts of a panel lie. Checked by the loader against the planes'
/// sizes, so compiled code follows them without a check. All offsets are of multiples of 64 bytes.
struct PanelEntry {
  /// Offsets in u32 into plane `words` where the panel is stored as words, else
  /// into plane `raw`. The other one is 0.
  uint64_t words, raw;
  /// Offset in u32 into plane `code`, and u32 of it that are the panel's.
  uint64_t code, codeU32;
  /// Offset in u32 into plane `patch`, and u32 of it that are the panel's: exactly the panel's
  /// counts, added up, times the u32 of a record.
  uint64_t patch, patchU32;
  /// Offset in bytes into `counts`.
  uint64_t counts;
  /// 1 where the panel is stored as words, else 0.
  uint64_t storedAsWords;
};

/// The fields of a PanelEntry, each as the number of its u64 in the entry.
enum class PanelField : uint8_t {
  Words = offsetof(PanelEntry, words) / sizeof(uint64_t),
  Raw = offsetof(PanelEntry, raw) / sizeof(uint64_t),
  Code = offsetof(PanelEntry, code) / sizeof(uint64_t),
  CodeU32 = offsetof(PanelEntry, codeU32) / sizeof(uint64_t),
  Patch = offsetof(PanelEntry, patch) / sizeof(uint64_t),
  PatchU32 = offsetof(PanelEntry, patchU32) / sizeof(uint64_t),
  Counts = offsetof(PanelEntry, counts) / sizeof(uint64_t),
  StoredAsWords = offsetof(PanelEntry, storedAsWords) / sizeof(uint64_t),
};
inline constexpr int64_t panelFields = sizeof(PanelEntry) / sizeof(uint64_t);
static_assert(static_cast<int64_t>(PanelField::StoredAsWords) == panelFields - 1);

/// Bytes from panel to panel in WeightView::low of matrices with `columns` columns in fragment
/// layout: 64 rows of 16 bits, columns padded to 64.
constexpr uint64_t lowPanelBytes(uint64_t columns) { return (columns + 63) / 64 * 64 * 64 * 2; }

} // namespace uwt

// The libraries hide their symbols; compiled code and programs find these.
#define UWT_ABI_EXPORT __attribute__((visibility("default")))

extern "C" {
/// Calls `body(context, begin, end)` for ranges that cover [0, count) once, on the
/// threads of the caller's invocation (ThreadScope.h), and returns when all are done. Ranges are
/// never empty. Allocates nothing. Inside a body, loops run on the thread that is there. Where a
/// body fails, ranges that have not begun are left out, and then the call fails with the first
/// error.
UWT_ABI_EXPORT void uwt_parallel_for(void (*body)(void *context, int64_t begin, int64_t end),
                                     void *context, int64_t count);
/// `bytes` bytes aligned to 64 (from 2 MiB on to 2 MiB) and readable for 64 bytes past their end,
/// with any contents, from memory that is kept for the next call, so that a warm call
/// allocates nothing; never null: where memory is out, the call fails. Thread-safe.
UWT_ABI_EXPORT void *uwt_allocate(int64_t bytes);
/// Takes what uwt_allocate gave, or null.
UWT_ABI_EXPORT void uwt_release(void *memory);
/// `bytes` times `size`, a size of a tensor that is allocated. The call fails where the size is
/// negative or the product has more than 63 bits.
UWT_ABI_EXPORT int64_t uwt_multiply_size(int64_t bytes, int64_t size);
/// Fails the call: does not return. `count` (0 to 2) of the values stand in the text as {0} and
/// {1}.
[[noreturn]] UWT_ABI_EXPORT void uwt_fail(const char *text, int64_t length, int64_t count,
                                          int64_t first, int64_t second);
/// For programs in C that call compiled code: runs `body(context)`, which does so. 0, or where
/// compiled code fails, the kind of the error (ErrorKind) and its text, cut to `size` bytes with
/// the zero at the end. uwt_fail without such a call ends the process.
UWT_ABI_EXPORT int uwt_call(void (*body)(void *context), void *context, char *message,
                            int64_t size);
}

#endif // UWT_RUNTIME_ABI_H
