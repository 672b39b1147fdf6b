//===- ElementType.h - Element types and how their bits split ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The element types that UWT compresses, and the one rule by which each splits
// into a *coded* field and a *raw* field. Every type is only a row of a table:
// no other file may ask which type it has.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_FORMAT_ELEMENTTYPE_H
#define UWT_FORMAT_ELEMENTTYPE_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace uwt {

enum class ElementType : uint8_t { BF16, F16, F32, F8E4M3FN, F8E5M2, UInt8, UInt16 };

/// What is fixed about an element type. A *word* is the part of an element that
/// is split and coded: the whole element, except for f32, whose word is the
/// upper half (a bf16) while its lower 16 mantissa bits are the *low half*. Bytes (uint8) and
/// pairs of them (uint16) have no sign, and their upper and lower halves stand in the place of
/// exponent and mantissa.
struct ElementTraits {
  /// Name as in ml_dtypes and in UWT's text forms, e.g. "bf16".
  std::string_view name;
  /// Name in a safetensors header, e.g. "BF16"; empty where no dtype is stored as this type.
  std::string_view safetensorsName;
  /// Size of an element in bytes.
  unsigned bytes;
  /// Bits of the word (8 or 16): sign, exponent, mantissa from the top.
  unsigned wordBits;
  /// 1, or 0 for types without a sign.
  unsigned signBits;
  unsigned exponentBits;
  unsigned mantissaBits;
  /// Bits below the word: 16 for f32, else 0.
  unsigned lowBits;
  /// The smallest version of a reader of containers that knows the type.
  unsigned reader;
};

const ElementTraits &getTraits(ElementType type);

/// The type of that ml_dtypes name ("bf16"), or nothing.
std::optional<ElementType> parseElementType(std::string_view name);

/// The type of that safetensors dtype ("BF16"), or nothing.
std::optional<ElementType> elementTypeFromSafetensors(std::string_view dtype);

/// The type whose elements tensors of that safetensors dtype are stored as (field-3): their own
/// where there is one, bytes for integers, masks and scales. Nothing where UWT does not compress
/// such tensors.
std::optional<ElementType> storedElementType(std::string_view dtype);

/// The type whose elements differences of tensors with so many bits an element, 8 or more, are
/// stored as (diff-1).
ElementType differenceElementType(unsigned dtypeBits);

/// How a word splits (Format::codedMantissa = j):
///
///     word   s eeeeeeee mmmmmmm        bf16, j = 2
///              └─────────┘             symbol: exponent and j mantissa bits
///            ┘            └───┘        raw:    sign over the other mantissa bits
///
///     word   hhhh llll                 uint8, j = 2
///            └──────┘└┘                symbol: the top bits; raw: the other ones, maybe none
///                                      (uint16 likewise, with eight bits in each half)
///
///     word   s eeeeeeee mmmmmmm        bf16, j = 2, sign coded
///            └──────────┘└────┘        symbol: the top bits; raw: the other mantissa bits
///
/// symbol = bits [rawLowBits, rawLowBits + symbolBits) of the word;
/// raw    = sign << rawLowBits | low rawLowBits bits of the word.
struct FieldSplit {
  unsigned wordBits;
  unsigned symbolBits;
  /// Mantissa bits in the raw field; the sign stands above them.
  unsigned rawLowBits;
  /// Bits of the sign, 0 or 1. All four are such that symbol, raw bits and sign fill the word.
  unsigned signBits = 1;

  unsigned rawBits() const { return rawLowBits + signBits; }
  uint32_t symbolOf(uint32_t word) const { return (word >> rawLowBits) & ((1u << symbolBits) - 1); }
  uint32_t rawOf(uint32_t word) const {
    uint32_t sign = word >> (rawLowBits + symbolBits) & ((1u << signBits) - 1);
    return sign << rawLowBits | (word & ((1u << rawLowBits) - 1));
  }
  uint32_t join(uint32_t symbol, uint32_t raw) const {
    return (raw >> rawLowBits) << (rawLowBits + symbolBits) | symbol << rawLowBits |
           (raw & ((1u << rawLowBits) - 1));
  }
};

/// The split of `type` with the top `codedMantissa` mantissa bits in the coded field, and the sign
/// above the exponent where it is coded too. Precondition: codedMantissa <= mantissaBits of the
/// type.
FieldSplit splitOf(ElementType type, unsigned codedMantissa, bool codedSign = false);

} // namespace uwt

#endif // UWT_FORMAT_ELEMENTTYPE_H
