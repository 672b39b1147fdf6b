//===- PackedFuzzer.cpp - Any bytes as a packed form ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An input is two bytes with the size of the tensor, a byte with how the other bytes are packed,
// and these bytes. As a packed form they are decoded or are one error; as elements they come back.
//
//===----------------------------------------------------------------------===//

#include "FuzzCheck.h"
#include "uwt/Codec/Packed.h"

using namespace uwt;

static void decodeAny(std::span<const uint8_t> packed, uint64_t size, ThreadPool &pool) {
  for (bool check : {false, true}) {
    Expected<PackedDecoder> decoder = PackedDecoder::open(packed, size, std::nullopt);
    if (!decoder) {
      fuzzRequire(decoder.error().getKind() == ErrorKind::Invalid, "an error is of another kind");
      return;
    }
    std::vector<uint8_t> whole(size), part(size / 2);
    Status read = decoder->decode(0, whole, pool, check);
    Status readPart = decoder->decode(size / 3, part, pool, check);
    fuzzRequire(!read || readPart, "a part is damaged that the whole has");
    fuzzRequire(!read || std::equal(part.begin(), part.end(), whole.begin() + ptrdiff_t(size / 3)),
                "a part is not that of the whole");
  }
}

static void packAndDecode(std::span<const uint8_t> bytes, const PackingOptions &options,
                          ThreadPool &pool) {
  std::vector<uint8_t> packed, back(bytes.size());
  Expected<PackedSize> size =
      packElements(bytes, options, pool, [&](std::span<const uint8_t> piece) {
        packed.insert(packed.end(), piece.begin(), piece.end());
        return ok();
      });
  fuzzRequire(size && size->bytes == packed.size(), "packing fails");
  Expected<PackedDecoder> decoder = PackedDecoder::open(packed, bytes.size(), size->checksum);
  fuzzRequire(bool(decoder), "what was packed cannot be opened");
  fuzzRequire(bool(decoder->decode(0, back, pool, true)), "what was packed cannot be decoded");
  fuzzRequire(std::ranges::equal(back, bytes), "other bytes come back");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 3)
    return 0;
  static ThreadPool pool(1);
  std::span<const uint8_t> bytes(data + 3, size - 3);
  decodeAny(bytes, data[0] | uint64_t(data[1]) << 8, pool);
  uint32_t elementBytes = 1u << (data[2] & 3);
  PackedElement element{elementBytes, static_cast<PackedElement::Kind>((data[2] >> 2) % 3)};
  packAndDecode(bytes.first(bytes.size() / elementBytes * elementBytes),
                {element, (data[2] & 0x80) != 0, 12}, pool);
  return 0;
}
