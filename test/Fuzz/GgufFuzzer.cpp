//===- GgufFuzzer.cpp - Any bytes as a file of llama.cpp ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuzzFiles.h"
#include "uwt/Import/ImportedWeights.h"

using namespace uwt;
using namespace uwt::test;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  FileInMemory file({data, size});
  Expected<ImportedWeights> weights = ImportedWeights::openGguf(file.path());
  if (!weights) {
    fuzzRequire(!weights.error().message().empty(), "an error has no message");
    return 0;
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
  return 0;
}
