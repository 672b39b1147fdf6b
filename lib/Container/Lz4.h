//===- Lz4.h - Blocks of LZ4 ------------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The block format of LZ4, for the text of headers (file-14). It is written and read here, and not
// by a library, since stored bytes must not depend on the version of one (write-2).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_LZ4_H
#define UWT_LIB_CONTAINER_LZ4_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

/// No block stands for more than so many times its bytes.
inline constexpr uint64_t lz4MaxRatio = 255;

/// `text`, of less than 2 GiB, as one block.
std::vector<uint8_t> lz4Encode(std::string_view text);

/// The text of `textBytes` bytes that `block` stands for. Errors: Invalid. Allocates at most
/// lz4MaxRatio times the block's bytes.
Expected<std::string> lz4Decode(std::span<const uint8_t> block, uint64_t textBytes);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_LZ4_H
