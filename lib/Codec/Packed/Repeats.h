//===- Repeats.h - Elements that were there before --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules pack-7 and pack-8 of docs/formats.md. Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_PACKED_REPEATS_H
#define UWT_LIB_CODEC_PACKED_REPEATS_H

#include "ByteArrays.h"

namespace uwt::packed {

/// Appends bytes 0, then bytes 1, … of elements as arrays (pack-6).
void appendPlanes(std::span<const uint8_t> elements, uint32_t bytes, std::vector<uint8_t> &out);
Status readPlanes(Input &input, uint32_t bytes, std::span<uint8_t> out);

/// Appends elements as sequences of new ones and of references to equal ones before.
void appendRepeats(std::span<const uint8_t> elements, uint32_t bytes, std::vector<uint8_t> &out);
Status readRepeats(Input &input, uint32_t bytes, std::span<uint8_t> out);

} // namespace uwt::packed

#endif // UWT_LIB_CODEC_PACKED_REPEATS_H
