//===- FuzzWeights.h - Weights of any file ----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_FUZZ_FUZZWEIGHTS_H
#define UWT_TEST_FUZZ_FUZZWEIGHTS_H

#include "FuzzCheck.h"
#include "uwt/Import/ImportedWeights.h"

namespace uwt::test {

/// Reads all that a file with weights alone has, as far as it opened: each weight is refused, or
/// has the shape that was said.
inline void requireWeights(const Expected<ImportedWeights> &weights) {
  if (!weights) {
    fuzzRequire(!weights.error().message().empty(), "an error has no message");
    return;
  }
  ThreadPool pool(1);
  for (const auto &[name, weight] : weights->all()) {
    Expected<QuantizedWeight> read = weight.read(pool);
    fuzzRequire(bool(read) == weight.refusal.empty(), "a weight is refused, and read");
    if (!read)
      continue;
    uint64_t elements = weight.elements();
    fuzzRequire(read->rows * read->columns == elements,
                "a weight is not of the shape that was said");
    std::vector<uint8_t> bytes(elements * getTraits(ElementType::BF16).bytes);
    read->decode(ElementType::BF16, bytes, pool);
  }
}

} // namespace uwt::test

#endif // UWT_TEST_FUZZ_FUZZWEIGHTS_H
