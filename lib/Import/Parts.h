//===- Parts.h - The tensors that a quantised weight is made of -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_PARTS_H
#define UWT_LIB_IMPORT_PARTS_H

#include "uwt/Container/Container.h"
#include "uwt/Support/Parallel.h"
#include <map>
#include <span>

namespace uwt {

using Shape = std::vector<uint64_t>;

/// "[2, 3]".
std::string shapeText(const Shape &shape);

/// "f16" of a dtype that Parts::floats reads.
std::string_view elementText(std::string_view dtype);
/// The numbers of `bytes` of such an element ("f16"), exactly.
std::vector<float> floatsOf(std::string_view element, std::span<const uint8_t> bytes);

/// A tensor, and the file that has it.
struct Part {
  const Container *container = nullptr;
  const TensorEntry *entry = nullptr;
};

/// Tensors, at least one, whose names begin with one prefix, by what follows it: "qweight".
class Parts {
public:
  explicit Parts(const std::map<std::string_view, Part> &parts)
      : parts(parts.begin(), parts.end()) {}
  /// Returns those whose names begin with `from`, with `to` in its place.
  Parts renamed(std::string_view from, std::string_view to) const;

  bool has(std::string_view suffix) const { return parts.count(suffix) != 0; }
  /// Precondition of the next two: has(suffix).
  const Shape &shape(std::string_view suffix) const { return at(suffix).entry->shape; }
  std::string_view dtype(std::string_view suffix) const { return at(suffix).entry->dtype->name; }
  const Part &at(std::string_view suffix) const { return parts.find(suffix)->second; }

  /// Whether there is such a tensor of one of these dtypes. Errors: Unsupported, which says what
  /// there is.
  Status expect(std::string_view suffix, std::initializer_list<std::string_view> dtypes) const;
  /// The same, of that shape.
  Status expect(std::string_view suffix, std::initializer_list<std::string_view> dtypes,
                const Shape &shape) const;

  /// The tensor's bytes; numbers of 32 bits; sizes, of I64 or I32; floats of F32, F16, BF16,
  /// F8_E4M3 and F8_E5M2, and of U8 as exponents (f8E8M0FNU), all exact. Precondition: expect() of
  /// such a dtype. Errors: as reading a tensor.
  Expected<std::vector<uint8_t>> bytes(std::string_view suffix, ThreadPool &pool) const;
  Expected<std::vector<uint32_t>> words(std::string_view suffix, ThreadPool &pool) const;
  Expected<Shape> sizes(std::string_view suffix, ThreadPool &pool) const;
  Expected<std::vector<float>> floats(std::string_view suffix, ThreadPool &pool) const;

private:
  Parts() = default;

  std::map<std::string, Part, std::less<>> parts;
};

} // namespace uwt

#endif // UWT_LIB_IMPORT_PARTS_H
