//===- ShortLow.h - Top bits of low halves, fast ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_FIXED_SHORTLOW_H
#define UWT_LIB_CODEC_FIXED_SHORTLOW_H

#include "FieldPlane.h"
#include "FixedRate.h"

namespace uwt {

/// encodeLow and decodeLow of 1 to 15 bits, on all paths but CodePath::Reference.
void encodeShortLow(Layout layout, uint32_t bits, PanelWords low, CodePath path,
                    std::vector<uint8_t> &out);
void decodeShortLow(Layout layout, uint32_t bits, std::span<const uint8_t> in, CodePath path,
                    MutablePanelWords out);

} // namespace uwt

#endif // UWT_LIB_CODEC_FIXED_SHORTLOW_H
