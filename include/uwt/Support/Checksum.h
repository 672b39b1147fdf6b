//===- Checksum.h - XXH3 and SHA-256 ----------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The two hashes of the container: XXH3 (64 bits, seed 0, from the xxHash
// library) finds damage, SHA-256 (from OpenSSL) identifies originals.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_SUPPORT_CHECKSUM_H
#define UWT_SUPPORT_CHECKSUM_H

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace uwt {

/// XXH3-64 of `bytes`.
uint64_t xxh3(std::span<const uint8_t> bytes);

/// XXH3-64 of several parts in a row.
class Xxh3Stream {
public:
  Xxh3Stream();
  ~Xxh3Stream();
  Xxh3Stream(Xxh3Stream &&) noexcept;
  Xxh3Stream &operator=(Xxh3Stream &&) noexcept;
  void update(std::span<const uint8_t> bytes);
  uint64_t digest() const;
  void reset();

private:
  struct State;
  std::unique_ptr<State> state;
};

class Sha256Stream {
public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream &&) noexcept;
  Sha256Stream &operator=(Sha256Stream &&) noexcept;
  void update(std::span<const uint8_t> bytes);
  /// 64 lower-case hexadecimal digits. The stream is used up afterwards.
  std::string hexDigest();

private:
  struct State;
  std::unique_ptr<State> state;
};

/// 16 lower-case hexadecimal digits, most significant first.
std::string toHex64(uint64_t value);
/// toHex64 of 0: what stands for a checksum while it is computed.
inline constexpr std::string_view zeroHex64 = "0000000000000000";
std::optional<uint64_t> parseHex64(std::string_view text);

} // namespace uwt

#endif // UWT_SUPPORT_CHECKSUM_H
