//===- PackedTensors.h - Tensors in the packed form -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_PACKEDTENSORS_H
#define UWT_LIB_CONTAINER_PACKEDTENSORS_H

#include "uwt/Codec/Packed.h"
#include "uwt/Container/Safetensors.h"
#include "uwt/Support/PerProcess.h"
#include <memory>
#include <mutex>
#include <optional>

namespace uwt {

/// A packed tensor (file-16) that is open, with the section that was read last: slices of one often
/// follow one another. Thread-safe.
class PackedTensor {
public:
  using Bytes = std::shared_ptr<const std::vector<uint8_t>>;
  PackedTensor(PackedDecoder decoder, bool check) : decoder(std::move(decoder)), check(check) {}

  uint64_t sectionBytes() const { return decoder.sectionBytes(); }
  /// The bytes from `begin` on, as many as `out` has.
  Status read(uint64_t begin, std::span<uint8_t> out, ThreadPool &pool) const;
  Status checkAll(ThreadPool &pool) const { return decoder.checkAll(pool); }

private:
  Expected<Bytes> section(uint64_t number) const;

  PackedDecoder decoder;
  bool check;
  struct Last {
    std::mutex mutex;
    uint64_t section = 0;
    Bytes bytes;
  };
  mutable PerProcess<Last> last;
};

/// Elements of a dtype to the packed form (file-16).
PackedElement packedElement(const SafetensorsDtype &dtype);

/// Packing of a tensor (choice-15).
struct PackedChoice {
  PackingOptions options;
  /// Tells if all floats have one sign: `best-size` then takes the format of `smallest`, which
  /// codes signs.
  bool hasOneSign = false;
};

/// The choice for a tensor whose bytes show that it may get smaller, else nothing.
std::optional<PackedChoice> choosePacked(const SafetensorsTensor &tensor,
                                         std::span<const uint8_t> bytes);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_PACKEDTENSORS_H
