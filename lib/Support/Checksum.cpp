//===- Checksum.cpp - XXH3 and SHA-256 ------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Checksum.h"
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <xxhash.h>
#if UWT_XXHASH_DISPATCHES
// Redirects XXH3_64bits... to the widest vectors of this machine.
#include <xxh_x86dispatch.h>
#endif

using namespace uwt;

namespace {
constexpr char hexDigits[] = "0123456789abcdef";
} // namespace

//===----------------------------------------------------------------------===//
// XXH3
//===----------------------------------------------------------------------===//

uint64_t uwt::xxh3(std::span<const uint8_t> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

struct Xxh3Stream::State {
  // The library's own constructor, because the state needs more alignment than `new` promises.
  XXH3_state_t *xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

Xxh3Stream::Xxh3Stream() : state(std::make_unique<State>()) { reset(); }
Xxh3Stream::~Xxh3Stream() = default;
Xxh3Stream::Xxh3Stream(Xxh3Stream &&) noexcept = default;
Xxh3Stream &Xxh3Stream::operator=(Xxh3Stream &&) noexcept = default;

void Xxh3Stream::update(std::span<const uint8_t> bytes) {
  if (!bytes.empty())
    XXH3_64bits_update(state->xxh, bytes.data(), bytes.size());
}
uint64_t Xxh3Stream::digest() const { return XXH3_64bits_digest(state->xxh); }
void Xxh3Stream::reset() { XXH3_64bits_reset(state->xxh); }

//===----------------------------------------------------------------------===//
// SHA-256
//===----------------------------------------------------------------------===//

// By the functions of this hash alone, which OpenSSL 3 calls deprecated: those for any hash bring
// four megabytes of providers into a program that links them.
struct Sha256Stream::State {
  SHA256_CTX context;
};

Sha256Stream::Sha256Stream() : state(std::make_unique<State>()) { SHA256_Init(&state->context); }
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream &&) noexcept = default;
Sha256Stream &Sha256Stream::operator=(Sha256Stream &&) noexcept = default;

void Sha256Stream::update(std::span<const uint8_t> bytes) {
  if (!bytes.empty())
    SHA256_Update(&state->context, bytes.data(), bytes.size());
}

std::string Sha256Stream::hexDigest() {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256_Final(digest, &state->context);
  std::string text;
  text.reserve(2 * sizeof(digest));
  for (unsigned char byte : digest) {
    text += hexDigits[byte >> 4];
    text += hexDigits[byte & 15];
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Hexadecimal text
//===----------------------------------------------------------------------===//

std::string uwt::toHex64(uint64_t value) {
  std::string text(16, '0');
  for (size_t i = 0; i < 16; ++i)
    text[i] = hexDigits[value >> (60 - 4 * i) & 15];
  return text;
}

std::optional<uint64_t> uwt::parseHex64(std::string_view text) {
  if (text.size() != 16)
    return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    size_t digit = std::string_view(hexDigits).find(c);
    if (digit == std::string_view::npos)
      return std::nullopt;
    value = value << 4 | digit;
  }
  return value;
}
